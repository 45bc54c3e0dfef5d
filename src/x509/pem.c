#include "x509/pem.h"

#include "base/span.h"

static const hf_span begin = {(const uint8_t *)"-----BEGIN ", 11};
static const hf_span end = {(const uint8_t *)"-----END ", 9};
static const hf_span dashes = {(const uint8_t *)"-----", 5};

static hf_span take_line(struct pem *p);
static bool read_boundary(hf_span line, hf_span prefix, hf_span *label);
static int base64_value(uint8_t c);

enum pem_found x5_pem_next(struct pem *p, struct pem_block *out)
{
    *out = (struct pem_block){.line = 0};
    while (p->rest.len > 0) {
        const size_t line_number = p->line;
        if (!read_boundary(take_line(p), begin, &out->label)) {
            continue;
        }
        out->line = line_number;
        const uint8_t *const body = p->rest.data;
        while (p->rest.len > 0) {
            out->body = span_of(body, (size_t)(p->rest.data - body));
            hf_span label;
            if (read_boundary(take_line(p), end, &label)) {
                return span_eq(label, out->label) ? PEM_FOUND : PEM_BROKEN;
            }
        }
        return PEM_BROKEN;
    }
    return PEM_NONE;
}

bool x5_pem_decode(const struct pem_block *block, uint8_t *out, size_t *out_len)
{
    uint32_t bits = 0;
    size_t digits = 0;  /* of the present group of four */
    size_t padding = 0; /* of the last group; nothing may follow it */
    size_t n = 0;
    *out_len = 0;
    for (size_t i = 0; i < block->body.len; i++) {
        const uint8_t c = block->body.data[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            continue;
        }
        const bool is_padding = c == '=' && digits >= 2;
        const int value = is_padding ? 0 : base64_value(c);
        if (value < 0 || (padding > 0 && (!is_padding || digits == 0))) {
            return false;
        }
        padding += is_padding ? 1 : 0;
        bits = bits << 6 | (uint32_t)value;
        if (++digits < 4) {
            continue;
        }
        for (size_t byte = 0; byte < 3 - padding; byte++) {
            out[n++] = (uint8_t)(bits >> (16 - 8 * byte));
        }
        /* Bits under the padding are zero, so that every certificate has one encoding. */
        if ((bits & ((UINT32_C(1) << (8 * padding)) - 1)) != 0) {
            return false;
        }
        bits = 0;
        digits = 0;
    }
    if (digits != 0) {
        return false;
    }
    *out_len = n;
    return n > 0;
}

/* The next line without its end. */
static hf_span take_line(struct pem *p)
{
    const uint8_t *newline = memchr(p->rest.data, '\n', p->rest.len);
    const size_t len = newline == NULL ? p->rest.len : (size_t)(newline - p->rest.data) + 1;
    hf_span line = span_of(p->rest.data, len);
    p->rest = span_of(p->rest.data + len, p->rest.len - len);
    p->line++;
    while (line.len > 0 && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r' ||
                            line.data[line.len - 1] == ' ' || line.data[line.len - 1] == '\t')) {
        line.len--;
    }
    return line;
}

/* "-----BEGIN label-----" */
static bool read_boundary(hf_span line, hf_span prefix, hf_span *label)
{
    if (line.len < prefix.len + dashes.len || !span_eq(span_of(line.data, prefix.len), prefix) ||
        !span_eq(span_of(line.data + line.len - dashes.len, dashes.len), dashes)) {
        return false;
    }
    *label = span_of(line.data + prefix.len, line.len - prefix.len - dashes.len);
    return true;
}

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

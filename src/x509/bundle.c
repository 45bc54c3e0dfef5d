#include "x509/bundle.h"

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "x509/certificate.h"
#include "x509/pem.h"

static hf_status load_der(hf_span der, hf_error *error, struct x5_bundle *out);
static hf_status count_blocks(hf_span text, hf_error *error, size_t *count, size_t *bytes);
static hf_status decode_blocks(hf_span text, enum x5_bundle_mode mode, hf_error *error,
                               struct x5_bundle *out);
static bool is_certificate_label(hf_span label);
static bool allocate(struct x5_bundle *out, size_t count, size_t bytes);
static uint8_t *bytes_of(const struct x5_bundle *bundle, size_t count);

hf_status x5_bundle_load(hf_span pem_or_der, enum x5_bundle_mode mode, hf_error *error,
                         struct x5_bundle *out)
{
    *out = (struct x5_bundle){.count = 0};
    /* Every certificate is longer than 127 bytes, so that its second byte is no character of a
     * text. */
    if (pem_or_der.len > 1 && pem_or_der.data[0] == DER_SEQUENCE && pem_or_der.data[1] >= 0x80) {
        return load_der(pem_or_der, error, out);
    }
    size_t count = 0;
    size_t bytes = 0;
    TRY(count_blocks(pem_or_der, error, &count, &bytes));
    if (!allocate(out, count, bytes)) {
        return err_raise(error, HF_E_NO_MEMORY, "for %zu certificates", count);
    }
    const hf_status status = decode_blocks(pem_or_der, mode, error, out);
    if (status != HF_OK) {
        x5_bundle_free(out);
    }
    return status;
}

void x5_bundle_free(struct x5_bundle *bundle)
{
    mem_free(bundle->certificate, bundle->size);
    *bundle = (struct x5_bundle){.count = 0};
}

static hf_status load_der(hf_span der, hf_error *error, struct x5_bundle *out)
{
    struct x5_certificate c;
    if (!x5_certificate_read(der, &c)) {
        return err_raise(error, HF_E_PEM_MALFORMED,
                         "the file begins like DER but is not one whole certificate");
    }
    if (!allocate(out, 1, der.len)) {
        return err_raise(error, HF_E_NO_MEMORY, "for a certificate of %zu bytes", der.len);
    }
    uint8_t *bytes = bytes_of(out, 1);
    memcpy(bytes, der.data, der.len);
    out->certificate[0] = span_of(bytes, der.len);
    out->count = 1;
    return HF_OK;
}

/* How many certificates, and the room that they need. Broken block structure is found here. */
static hf_status count_blocks(hf_span text, hf_error *error, size_t *count, size_t *bytes)
{
    struct pem p = x5_pem_over(text);
    struct pem_block block;
    hf_span other = {NULL, 0};
    enum pem_found found;
    while ((found = x5_pem_next(&p, &block)) == PEM_FOUND) {
        if (is_certificate_label(block.label)) {
            (*count)++;
            *bytes += x5_pem_decoded_max(&block);
        } else {
            other = block.label;
        }
    }
    if (found == PEM_BROKEN) {
        return err_raise(error, HF_E_PEM_MALFORMED,
                         "the block that begins in line %zu has no -----END %.*s----- line",
                         block.line, (int)(block.label.len < 40 ? block.label.len : 40),
                         (const char *)block.label.data);
    }
    if (*count > 0) {
        return HF_OK;
    }
    if (other.data != NULL) {
        return err_raise(error, HF_E_PEM_MALFORMED, "it holds '%.*s' but no certificate",
                         (int)(other.len < 60 ? other.len : 60), (const char *)other.data);
    }
    return err_raise(error, HF_E_PEM_MALFORMED, text.len == 0 ? "it is empty" : NULL);
}

static hf_status decode_blocks(hf_span text, enum x5_bundle_mode mode, hf_error *error,
                               struct x5_bundle *out)
{
    struct pem p = x5_pem_over(text);
    struct pem_block block;
    const size_t expected = out->count;
    uint8_t *to = bytes_of(out, expected);
    out->count = 0;
    size_t number = 0;
    while (x5_pem_next(&p, &block) == PEM_FOUND) {
        if (!is_certificate_label(block.label)) {
            continue;
        }
        number++;
        size_t len = 0;
        struct x5_certificate c;
        const bool decoded = x5_pem_decode(&block, to, &len);
        if (decoded && x5_certificate_read(span_of(to, len), &c)) {
            out->certificate[out->count++] = span_of(to, len);
            to += len;
        } else if (mode == X5_BUNDLE_ALL) {
            return err_raise(error, HF_E_PEM_MALFORMED, "certificate %zu of %zu (line %zu) %s",
                             number, expected, block.line,
                             decoded ? "is not a well-formed certificate" : "is not valid Base64");
        } else {
            out->skipped++;
        }
    }
    if (out->count == 0) {
        return err_raise(error, HF_E_PEM_MALFORMED, "none of its %zu certificates is well-formed",
                         number);
    }
    return HF_OK;
}

/* RFC 7468, 5.1; the second is an old name for the same. OpenSSL's "TRUSTED CERTIFICATE" carries
 * rules behind the certificate that we would have to heed, and so is not taken. */
static bool is_certificate_label(hf_span label)
{
    return span_eq(label, span_str("CERTIFICATE")) || span_eq(label, span_str("X509 CERTIFICATE"));
}

/* One block: the spans, then the bytes. */
static bool allocate(struct x5_bundle *out, size_t count, size_t bytes)
{
    const size_t size = count * sizeof out->certificate[0] + bytes;
    out->certificate = mem_alloc(size);
    out->size = size;
    out->count = count;
    return out->certificate != NULL;
}

static uint8_t *bytes_of(const struct x5_bundle *bundle, size_t count)
{
    return (uint8_t *)(bundle->certificate + count);
}

/* RESP, read and written. */
#include "fleet/resp.h"

#include <string.h>

static ssize_t read_line(const uint8_t *bytes, size_t len, hf_span *out);
static ssize_t read_text(const uint8_t *bytes, size_t len, hf_span *out, bool *is_nil);
static ssize_t read_list(const uint8_t *bytes, size_t len, struct resp *out);
static bool to_number(hf_span line, int64_t *out);

ssize_t resp_read(const uint8_t *bytes, size_t len, struct resp *out)
{
    *out = (struct resp){0};
    if (len == 0) {
        return 0;
    }
    bool is_nil = false;
    ssize_t used = -1;
    switch (bytes[0]) {
    case '+':
    case '-':
        out->kind = bytes[0] == '+' ? RESP_STATUS : RESP_ERROR;
        return read_line(bytes, len, &out->text);
    case ':':
        out->kind = RESP_NUMBER;
        used = read_line(bytes, len, &out->text);
        return used > 0 && !to_number(out->text, &out->number) ? -1 : used;
    case '$':
        used = read_text(bytes, len, &out->text, &is_nil);
        out->kind = is_nil ? RESP_NIL : RESP_TEXT;
        return used;
    case '*':
        out->kind = RESP_LIST;
        return read_list(bytes, len, out);
    default:
        return -1;
    }
}

void resp_add_command(struct text *out, const hf_span *words, size_t count)
{
    text_addf(out, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        text_addf(out, "$%zu\r\n", words[i].len);
        text_add_bytes(out, words[i].data, words[i].len);
        text_add(out, "\r\n");
    }
}

bool resp_begins(hf_span text, const char *word)
{
    const size_t len = strlen(word);
    return text.len >= len && memcmp(text.data, word, len) == 0;
}

/* What stands between the first byte and the line's end. */
static ssize_t read_line(const uint8_t *bytes, size_t len, hf_span *out)
{
    const uint8_t *end = memchr(bytes, '\r', len < RESP_LINE_MAX ? len : RESP_LINE_MAX);
    if (end == NULL) {
        return len < RESP_LINE_MAX ? 0 : -1;
    }
    const size_t line_len = (size_t)(end - bytes);
    if (len < line_len + 2) {
        return 0;
    }
    *out = (hf_span){bytes + 1, line_len - 1};
    return end[1] == '\n' ? (ssize_t)line_len + 2 : -1;
}

static ssize_t read_text(const uint8_t *bytes, size_t len, hf_span *out, bool *is_nil)
{
    hf_span line;
    int64_t text_len = 0;
    const ssize_t head = read_line(bytes, len, &line);
    if (head <= 0) {
        return head;
    }
    if (!to_number(line, &text_len) || text_len < -1 || text_len > RESP_TEXT_MAX) {
        return -1;
    }
    if (text_len == -1) {
        *is_nil = true;
        return head;
    }
    const size_t total = (size_t)head + (size_t)text_len + 2;
    if (len < total) {
        return 0;
    }
    *out = (hf_span){bytes + head, (size_t)text_len};
    return memcmp(bytes + total - 2, "\r\n", 2) == 0 ? (ssize_t)total : -1;
}

static ssize_t read_list(const uint8_t *bytes, size_t len, struct resp *out)
{
    hf_span line;
    int64_t count = 0;
    const ssize_t head = read_line(bytes, len, &line);
    if (head <= 0) {
        return head;
    }
    if (!to_number(line, &count) || count < 0 || count > RESP_ITEMS_MAX) {
        return -1;
    }
    size_t at = (size_t)head;
    for (; out->count < (size_t)count; out->count++) {
        bool is_nil = false;
        if (at == len) {
            return 0;
        }
        const ssize_t used = bytes[at] != '$'
                                 ? -1
                                 : read_text(bytes + at, len - at, &out->item[out->count], &is_nil);
        if (used <= 0 || is_nil) {
            return is_nil ? -1 : used;
        }
        at += (size_t)used;
    }
    return (ssize_t)at;
}

/* Decimal, without blanks, of at most 18 digits: more than any time or length. */
static bool to_number(hf_span line, int64_t *out)
{
    const bool negative = line.len > 0 && line.data[0] == '-';
    size_t i = negative ? 1 : 0;
    int64_t value = 0;
    if (line.len == i || line.len - i > 18) {
        return false;
    }
    for (; i < line.len; i++) {
        if (line.data[i] < '0' || line.data[i] > '9') {
            return false;
        }
        value = value * 10 + (line.data[i] - '0');
    }
    *out = negative ? -value : value;
    return true;
}

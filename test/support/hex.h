/* Bytes written as hexadecimal, for values out of specifications:
 *
 *     const struct hex prk = hex("077709362c2e32df");
 *     ... prk.bytes, prk.len, hex_span(&prk) ...
 */
#ifndef TEST_SUPPORT_HEX_H
#define TEST_SUPPORT_HEX_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <handfast/types.h>

struct hex {
    uint8_t bytes[512];
    size_t len;
};

/* Ends the test program on anything but pairs of lower case digits. */
static inline struct hex hex(const char *text)
{
    static const char digits[] = "0123456789abcdef";
    struct hex h = {.len = strlen(text) / 2};
    if (h.len > sizeof h.bytes || strspn(text, digits) != 2 * h.len) {
        (void)fprintf(stderr, "not hexadecimal, or too long: %s\n", text);
        abort();
    }
    for (size_t i = 0; i < h.len; i++) {
        const size_t high = (size_t)(strchr(digits, text[2 * i]) - digits);
        const size_t low = (size_t)(strchr(digits, text[2 * i + 1]) - digits);
        h.bytes[i] = (uint8_t)(high << 4 | low);
    }
    return h;
}

static inline hf_span hex_span(const struct hex *h)
{
    return (hf_span){h->bytes, h->len};
}

#endif

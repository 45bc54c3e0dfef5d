/* Certificate compression (RFC 8879). First byte: the method, and whether the rest is compressed
 * (then two bytes of the length that it claims to expand to come first) or is to be. What is
 * expanded has the claimed length, and what is compressed comes back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "identity/compress.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void round_trip(uint16_t method, hf_span plain)
{
    const size_t cap = plain.len + 100;
    uint8_t *packed = malloc(cap);
    uint8_t *back = malloc(plain.len + 1);
    size_t len = 0;
    CHECK(packed != NULL && back != NULL);
    if (cert_compress(method, plain, packed, cap, &len)) {
        const hf_span in = span_of(packed, len);
        CHECK(len < cap && method >= CERT_ZLIB && method <= CERT_ZSTD);
        CHECK(cert_decompress(method, in, back, plain.len));
        CHECK(plain.len == 0 || memcmp(back, plain.data, plain.len) == 0);
        CHECK(!cert_decompress(method, in, back, plain.len + 1));
        CHECK(plain.len == 0 || !cert_decompress(method, in, back, plain.len - 1));
        CHECK(!cert_decompress(method, span_of(packed, len - 1), back, plain.len));
    }
    free(packed);
    free(back);
}

static void expand(uint16_t method, hf_span packed, size_t claimed)
{
    uint8_t *out = malloc(claimed + (claimed == 0)); /* of this size, so that a byte more is seen */
    CHECK(out != NULL);
    if (cert_decompress(method, packed, out, claimed)) {
        CHECK(method >= CERT_ZLIB && method <= CERT_ZSTD);
        round_trip(method, span_of(out, claimed));
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    const uint16_t method = data[0] & 7;
    if ((data[0] & 8) != 0) {
        round_trip(method, span_of(data + 1, size - 1));
    } else {
        expand(method, span_of(data + 3, size - 3), (size_t)(data[1] << 8 | data[2]));
    }
    return 0;
}

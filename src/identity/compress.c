#include "identity/compress.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

/* Certificates are small and compressed per handshake: levels are chosen for speed over the last
 * percent. */
enum { BROTLI_QUALITY = 5, ZSTD_LEVEL = 3 };

bool cert_compress(uint16_t method, hf_span in, uint8_t *out, size_t cap, size_t *out_len)
{
    size_t n = cap;
    switch (method) {
    case CERT_ZLIB: {
        uLongf z = (uLongf)cap;
        if (compress2(out, &z, in.data, (uLong)in.len, Z_DEFAULT_COMPRESSION) != Z_OK) {
            return false;
        }
        n = (size_t)z;
        break;
    }
    case CERT_BROTLI:
        if (!BrotliEncoderCompress(BROTLI_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC,
                                   in.len, in.data, &n, out)) {
            return false;
        }
        break;
    case CERT_ZSTD:
        n = ZSTD_compress(out, cap, in.data, in.len, ZSTD_LEVEL);
        if (ZSTD_isError(n)) {
            return false;
        }
        break;
    default:
        return false;
    }
    *out_len = n;
    return n < cap;
}

/* The library's one call for all of it overlooks what stands behind the stream's end. */
static bool brotli_decompress(hf_span in, uint8_t *out, size_t out_len)
{
    BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    if (state == NULL) {
        return false;
    }
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state, &in.len, &in.data, &out_len, &out, NULL);
    BrotliDecoderDestroyInstance(state);
    return result == BROTLI_DECODER_RESULT_SUCCESS && in.len == 0 && out_len == 0;
}

bool cert_decompress(uint16_t method, hf_span in, uint8_t *out, size_t out_len)
{
    switch (method) {
    case CERT_ZLIB: {
        uLongf z = (uLongf)out_len;
        uLong used = (uLong)in.len;
        return uncompress2(out, &z, in.data, &used) == Z_OK && z == out_len && used == in.len;
    }
    case CERT_BROTLI:
        return brotli_decompress(in, out, out_len);
    case CERT_ZSTD: {
        size_t n = ZSTD_decompress(out, out_len, in.data, in.len);
        return !ZSTD_isError(n) && n == out_len;
    }
    default:
        return false;
    }
}

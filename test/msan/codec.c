/* The compressors, as shadow.c has the provider: what goes in must have been written, what comes
 * out counts as written. The linker's --wrap puts these in the place of the libraries' functions.
 */
#include <brotli/decode.h>
#include <brotli/encode.h>
#include <sanitizer/msan_interface.h>
#include <zlib.h>
#include <zstd.h>

#include "msan/shadow.h"

/* The names are the linker's. */
extern int __real_compress2(Bytef *to, uLongf *to_len, const Bytef *from, uLong len, int level);
extern int __wrap_compress2(Bytef *to, uLongf *to_len, const Bytef *from, uLong len, int level);
extern int __real_uncompress2(Bytef *to, uLongf *to_len, const Bytef *from, uLong *len);
extern int __wrap_uncompress2(Bytef *to, uLongf *to_len, const Bytef *from, uLong *len);
extern size_t __real_ZSTD_compress(void *to, size_t cap, const void *from, size_t len, int level);
extern size_t __wrap_ZSTD_compress(void *to, size_t cap, const void *from, size_t len, int level);
extern size_t __real_ZSTD_decompress(void *to, size_t cap, const void *from, size_t len);
extern size_t __wrap_ZSTD_decompress(void *to, size_t cap, const void *from, size_t len);
extern BROTLI_BOOL __real_BrotliEncoderCompress(int quality, int window, BrotliEncoderMode mode,
                                                size_t len, const uint8_t *from, size_t *to_len,
                                                uint8_t *to);
extern BROTLI_BOOL __wrap_BrotliEncoderCompress(int quality, int window, BrotliEncoderMode mode,
                                                size_t len, const uint8_t *from, size_t *to_len,
                                                uint8_t *to);
extern BrotliDecoderResult __real_BrotliDecoderDecompressStream(BrotliDecoderState *state,
                                                                size_t *len, const uint8_t **from,
                                                                size_t *room, uint8_t **to,
                                                                size_t *total);
extern BrotliDecoderResult __wrap_BrotliDecoderDecompressStream(BrotliDecoderState *state,
                                                                size_t *len, const uint8_t **from,
                                                                size_t *room, uint8_t **to,
                                                                size_t *total);

static void begin(const void *from, size_t len)
{
    if (len > 0) {
        __msan_check_mem_is_initialized(from, len);
    }
    shadow_stack();
}

int __wrap_compress2(Bytef *to, uLongf *to_len, const Bytef *from, uLong len, int level)
{
    begin(from, len);
    const int result = __real_compress2(to, to_len, from, len, level);
    __msan_unpoison(to_len, sizeof *to_len);
    __msan_unpoison(to, result == Z_OK ? *to_len : 0);
    return result;
}

int __wrap_uncompress2(Bytef *to, uLongf *to_len, const Bytef *from, uLong *len)
{
    begin(from, *len);
    const int result = __real_uncompress2(to, to_len, from, len);
    __msan_unpoison(to_len, sizeof *to_len);
    __msan_unpoison(len, sizeof *len);
    __msan_unpoison(to, result == Z_OK ? *to_len : 0);
    return result;
}

size_t __wrap_ZSTD_compress(void *to, size_t cap, const void *from, size_t len, int level)
{
    begin(from, len);
    const size_t n = __real_ZSTD_compress(to, cap, from, len, level);
    __msan_unpoison(to, ZSTD_isError(n) ? 0 : n);
    return n;
}

size_t __wrap_ZSTD_decompress(void *to, size_t cap, const void *from, size_t len)
{
    begin(from, len);
    const size_t n = __real_ZSTD_decompress(to, cap, from, len);
    __msan_unpoison(to, ZSTD_isError(n) ? 0 : n);
    return n;
}

BROTLI_BOOL __wrap_BrotliEncoderCompress(int quality, int window, BrotliEncoderMode mode,
                                         size_t len, const uint8_t *from, size_t *to_len,
                                         uint8_t *to)
{
    begin(from, len);
    const BROTLI_BOOL ok =
        __real_BrotliEncoderCompress(quality, window, mode, len, from, to_len, to);
    __msan_unpoison(to_len, sizeof *to_len);
    __msan_unpoison(to, ok ? *to_len : 0);
    return ok;
}

BrotliDecoderResult __wrap_BrotliDecoderDecompressStream(BrotliDecoderState *state, size_t *len,
                                                         const uint8_t **from, size_t *room,
                                                         uint8_t **to, size_t *total)
{
    uint8_t *const begins = *to;
    begin(*from, *len);
    const BrotliDecoderResult result =
        __real_BrotliDecoderDecompressStream(state, len, from, room, to, total);
    __msan_unpoison(len, sizeof *len);
    __msan_unpoison(from, sizeof *from);
    __msan_unpoison(room, sizeof *room);
    __msan_unpoison(to, sizeof *to);
    __msan_unpoison(begins, (size_t)(*to - begins));
    return result;
}

/* Certificate compression (RFC 8879): the three methods over their libraries. */
#ifndef IDENTITY_COMPRESS_H
#define IDENTITY_COMPRESS_H

#include <handfast/types.h>

/* Code points of CertificateCompressionAlgorithm. */
enum { CERT_ZLIB = 1, CERT_BROTLI = 2, CERT_ZSTD = 3 };

/* Compresses in to out. False: unknown method, no memory, or the result is not smaller than cap. */
bool cert_compress(uint16_t method, hf_span in, uint8_t *out, size_t cap, size_t *out_len);

/* Expands in to exactly out_len bytes. False: anything else, a longer or shorter result included.
 * Never writes beyond out_len. */
bool cert_decompress(uint16_t method, hf_span in, uint8_t *out, size_t out_len);

#endif

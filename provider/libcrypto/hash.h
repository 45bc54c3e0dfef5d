/* SHA-512 for signatures: no cipher suite of TLS 1.3 uses it, so it is no descriptor. */
#ifndef LIBCRYPTO_HASH_H
#define LIBCRYPTO_HASH_H

#include <handfast/types.h>

void lc_sha512_digest(hf_span message, uint8_t out[64]);

#endif

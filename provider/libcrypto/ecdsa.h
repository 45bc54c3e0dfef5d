/* ECDSA over digests, with Ecdsa-Sig-Value (RFC 3279, 2.2.3) written and read here: libcrypto reads
 * it by its general ASN.1 interpreter, and writes it once more to see that it was DER. */
#ifndef LIBCRYPTO_ECDSA_H
#define LIBCRYPTO_ECDSA_H

#include <stdbool.h>

#include <openssl/ec.h>

#include <handfast/types.h>

#include "libcrypto/curve.h"

enum { LC_ECDSA_MAX_LEN = 3 + 2 * (2 + 1 + LC_FIELD_MAX_LEN) };

/* sig: *len bytes of room before, the signature's length after. False: too little room, or
 * libcrypto failed; sig is unchanged. */
bool lc_ecdsa_sign(EC_KEY *key, hf_span digest, uint8_t *sig, size_t *len);

/* Strict DER only. */
bool lc_ecdsa_verify(EC_KEY *key, hf_span digest, hf_span sig);

#endif

/* HKDF (RFC 5869) and HKDF-Expand-Label (RFC 9846, 7.1). */
#ifndef CRYPTO_HKDF_H
#define CRYPTO_HKDF_H

#include "base/secret.h"
#include "crypto/hmac.h"

/* HKDF-Extract: out gets hash->digest_len bytes. */
void hkdf_extract(const hf_hash *hash, hf_span salt, hf_span ikm, struct secret *out);

/* HKDF-Expand under a prepared key; len at most 255 * digest_len (false beyond). */
bool hkdf_expand(const struct hmac_key *prk, hf_span info, uint8_t *out, size_t len);

/* HKDF-Expand-Label without the "tls13 " prefix in label; label at most 249 bytes, context at
 * most 255, len at most 255 * digest_len and 65535. False, with nothing written, beyond. */
bool hkdf_expand_label(const struct hmac_key *secret, const char *label, hf_span context,
                       uint8_t *out, size_t len);

#endif

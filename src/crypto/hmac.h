/* HMAC (RFC 2104) over a provider's hash, with the key's two blocks hashed once.
 *
 * Ours, and not the library's, because a TLS 1.3 handshake makes about thirty HMACs under ten keys:
 * libcrypto's EVP_MAC costs several times the compressions themselves (bench/keyschedule.c shows
 * it).
 */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include <handfast/crypto.h>

/* A key ready for use. Secret: wipe with hmac_key_wipe. */
struct hmac_key {
    const hf_hash *hash;
    hf_hash_ctx inner; /* after key XOR ipad */
    hf_hash_ctx outer; /* after key XOR opad */
};

void hmac_key_init(struct hmac_key *k, const hf_hash *hash, hf_span key);
void hmac_key_wipe(struct hmac_key *k);

/* out: digest_len bytes of HMAC(key, a || b). out may be inside neither. */
void hmac_mac(const struct hmac_key *k, hf_span a, hf_span b, uint8_t *out);

/* HMAC in one go. */
void hmac_compute(const hf_hash *hash, hf_span key, hf_span data, uint8_t *out);

#endif

/* The cookie of a stateless HelloRetryRequest (RFC 9846, 4.3.2): what the server would have remembered, handed to the client
 * under a key of the server. */
#ifndef SESSION_COOKIE_H
#define SESSION_COOKIE_H

#include <handfast/crypto.h>

enum { COOKIE_KEY_LEN = 32, COOKIE_MAX_LEN = 192, COOKIE_FIXED_LEN = 32, COOKIE_LIFETIME_S = 30 };

/* What is remembered. */
struct cookie_state {
    uint16_t cipher_suite;
    uint16_t group; /* asked for; 0: none, a retry for the cookie alone */
    int64_t issued_s; /* Unix time */
    uint8_t hash_len;
    uint8_t hello_hash[HF_HASH_MAX_LEN]; /* of ClientHello1 */
    uint8_t fixed[COOKIE_FIXED_LEN];     /* digest of what may not change */
};

/* Seals state, bound to the client's address. out has room for COOKIE_MAX_LEN bytes. False: randomness failed. */
HF_MUST_CHECK bool cookie_seal(const hf_provider *provider, hf_random_fn random, void *random_ctx,
                               const uint8_t key[COOKIE_KEY_LEN], const struct cookie_state *state, hf_span peer_address,
                               uint8_t *out, size_t *out_len);

enum cookie_result {
    COOKIE_OK,
    COOKIE_FORGED,  /* not ours, changed, or for another address */
    COOKIE_EXPIRED  /* older than COOKIE_LIFETIME_S, or from the future */
};

enum cookie_result cookie_open(const hf_provider *provider, const uint8_t key[COOKIE_KEY_LEN], hf_span cookie,
                               hf_span peer_address, int64_t now_s, struct cookie_state *out);

#endif

/* The cookie of a stateless HelloRetryRequest (RFC 9846, 4.3.2): what the server would have
 * remembered, handed to the client under a MAC of the server.
 *
 * HMAC-SHA-256 rather than an AEAD: the client knows all of the content anyway, so there is nothing
 * to hide, and a MAC has no nonce. One key may then serve any number of instances and cookies
 * without a count of either.
 */
#ifndef SESSION_COOKIE_H
#define SESSION_COOKIE_H

#include <handfast/crypto.h>

enum {
    COOKIE_KEY_LEN = 32,
    COOKIE_FIXED_LEN = 32,
    COOKIE_LIFETIME_S = 30,
    COOKIE_SKEW_S = 5, /* by which clocks of instances that share a key may differ */
    /* version, cipher suite, group, time, hash with its length, fixed, MAC */
    COOKIE_MAX_LEN = 1 + 2 + 2 + 8 + 1 + HF_HASH_MAX_LEN + COOKIE_FIXED_LEN + 32
};

/* What is remembered. */
struct cookie_state {
    uint16_t cipher_suite;
    uint16_t group;                      /* asked for; 0: none, a retry for the cookie alone */
    int64_t issued_s;                    /* Unix time */
    uint8_t hash_len;                    /* at most HF_HASH_MAX_LEN */
    uint8_t hello_hash[HF_HASH_MAX_LEN]; /* of ClientHello1 */
    uint8_t fixed[COOKIE_FIXED_LEN];     /* digest of what may not change */
};

/* Seals state, bound to the client's address (which may be empty). Returns the length of the
 * cookie in out. */
size_t cookie_seal(const hf_provider *provider, const uint8_t key[COOKIE_KEY_LEN],
                   const struct cookie_state *state, hf_span peer_address,
                   uint8_t out[COOKIE_MAX_LEN]);

enum cookie_result {
    COOKIE_OK,
    COOKIE_FORGED, /* not ours, changed, or for another address */
    COOKIE_EXPIRED /* older than COOKIE_LIFETIME_S, or from the future */
};

/* Judges a cookie. *out is written only with COOKIE_OK. */
enum cookie_result cookie_open(const hf_provider *provider, const uint8_t key[COOKIE_KEY_LEN],
                               hf_span cookie, hf_span peer_address, int64_t now_s,
                               struct cookie_state *out);

#endif

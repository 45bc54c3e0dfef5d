/* Cipher suites: of TLS 1.3 an AEAD and a hash (RFC 9846, B.4); of TLS 1.2 how keys are agreed and
 * who may sign besides (RFC 5288, 5289, 7905). */
#ifndef CRYPTO_SUITE_H
#define CRYPTO_SUITE_H

#include <handfast/crypto.h>

/* How a TLS 1.2 suite agrees on its premaster secret. */
enum suite_exchange {
    SUITE_NEGOTIATED, /* TLS 1.3: not the suite's business */
    SUITE_ECDHE,
    SUITE_DHE,
    SUITE_RSA /* key transport: no forward secrecy */
};

/* Whose keys may authenticate a TLS 1.2 server. */
enum suite_auth { SUITE_ANY, SUITE_BY_ECDSA, SUITE_BY_RSA };

struct suite {
    uint16_t id;
    uint8_t exchange;     /* enum suite_exchange */
    uint8_t auth;         /* enum suite_auth; ECDSA stands for EdDSA too (RFC 8422, 5.1.1) */
    uint8_t fixed_iv_len; /* TLS 1.2: bytes of the nonce that the key block gives */
    const hf_aead *aead;
    const hf_hash *hash;
};

/* The suite with this id; false for one that is not of TLS 1.3. */
static inline bool suite_find(const hf_provider *p, uint16_t id, struct suite *out)
{
    switch (id) {
    case 0x1301:
        *out = (struct suite){.id = id, .aead = p->aes128gcm, .hash = p->sha256};
        return true;
    case 0x1302:
        *out = (struct suite){.id = id, .aead = p->aes256gcm, .hash = p->sha384};
        return true;
    case 0x1303:
        *out = (struct suite){.id = id, .aead = p->chacha20poly1305, .hash = p->sha256};
        return true;
    default:
        return false;
    }
}

/* Whether a group may serve a TLS 1.2 suite: a curve (RFC 8422, 5.1.1) or a finite field (RFC
 * 7919), never a hybrid. */
static inline bool suite12_takes(const struct suite *s, const hf_group *g)
{
    return !g->post_quantum && (s->exchange == SUITE_ECDHE ? g->id < 0x0100
                                : s->exchange == SUITE_DHE ? g->id >> 8 == 0x01
                                                           : false);
}

/* The same for TLS 1.2. */
bool suite12_find(const hf_provider *p, uint16_t id, struct suite *out);

#endif

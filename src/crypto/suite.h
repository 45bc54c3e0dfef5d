/* TLS 1.3 cipher suites: an AEAD and a hash (RFC 9846, B.4). */
#ifndef CRYPTO_SUITE_H
#define CRYPTO_SUITE_H

#include <handfast/crypto.h>

struct suite {
    uint16_t id;
    const hf_aead *aead;
    const hf_hash *hash;
};

/* The suite with this id; false for one that is not of TLS 1.3. */
static inline bool suite_find(const hf_provider *p, uint16_t id, struct suite *out)
{
    switch (id) {
    case 0x1301:
        *out = (struct suite){id, p->aes128gcm, p->sha256};
        return true;
    case 0x1302:
        *out = (struct suite){id, p->aes256gcm, p->sha384};
        return true;
    case 0x1303:
        *out = (struct suite){id, p->chacha20poly1305, p->sha256};
        return true;
    default:
        return false;
    }
}

#endif

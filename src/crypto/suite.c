#include "crypto/suite.h"

enum bulk { AES_128_GCM, AES_256_GCM, CHACHA20 };

struct row {
    uint16_t id;
    uint8_t exchange, auth, bulk;
};

static const struct row rows[] = {
    {0xc02b, SUITE_ECDHE, SUITE_BY_ECDSA, AES_128_GCM},
    {0xc02c, SUITE_ECDHE, SUITE_BY_ECDSA, AES_256_GCM},
    {0xcca9, SUITE_ECDHE, SUITE_BY_ECDSA, CHACHA20},
    {0xc02f, SUITE_ECDHE, SUITE_BY_RSA, AES_128_GCM},
    {0xc030, SUITE_ECDHE, SUITE_BY_RSA, AES_256_GCM},
    {0xcca8, SUITE_ECDHE, SUITE_BY_RSA, CHACHA20},
    {0x009e, SUITE_DHE, SUITE_BY_RSA, AES_128_GCM},
    {0x009f, SUITE_DHE, SUITE_BY_RSA, AES_256_GCM},
    {0xccaa, SUITE_DHE, SUITE_BY_RSA, CHACHA20},
    {0x009c, SUITE_RSA, SUITE_BY_RSA, AES_128_GCM},
    {0x009d, SUITE_RSA, SUITE_BY_RSA, AES_256_GCM},
};

bool suite12_find(const hf_provider *p, uint16_t id, struct suite *out)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].id != id) {
            continue;
        }
        /* RFC 5288, 3: GCM takes 4 bytes of its nonce from the key block and 8 from the record;
         * RFC 7905, 2: ChaCha20 takes all 12 from the key block. */
        *out = (struct suite){.id = id,
                              .aead = rows[i].bulk == AES_128_GCM   ? p->aes128gcm
                                      : rows[i].bulk == AES_256_GCM ? p->aes256gcm
                                                                    : p->chacha20poly1305,
                              .hash = rows[i].bulk == AES_256_GCM ? p->sha384 : p->sha256,
                              .exchange = rows[i].exchange,
                              .auth = rows[i].auth,
                              .fixed_iv_len = rows[i].bulk == CHACHA20 ? 12 : 4};
        const bool can_transport = p->rsa_encrypt != NULL && p->rsa_decrypt_premaster != NULL;
        return out->aead != NULL && (out->exchange != SUITE_RSA || can_transport);
    }
    return false;
}

/* RSA key transport of TLS 1.2 (RFC 5246, 7.4.7.1), for looking at old handshakes.
 *
 * What decryption says about the padding is what a padding oracle lives on. libcrypto's mode for
 * TLS never says: a plaintext that is not what it should be is replaced, in constant time, by
 * random bytes, and the handshake goes on to a Finished that does not fit. */

/* RSA_public_encrypt, EVP_PKEY_set1_RSA: key.h says why not EVP_PKEY */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "libcrypto/key.h"
#include "libcrypto/libcrypto.h"
#include "libcrypto/quiet.h"

enum { CLIENT_VERSION = 0x0303 };

/* PS of PKCS#1 v1.5: bytes that are not zero (RFC 8017, 7.2.1). */
static bool fill_nonzero(hf_random_fn random, void *random_ctx, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (!random(random_ctx, out + i, len - i)) {
            return false;
        }
        /* Those that are zero are drawn again. */
        size_t kept = i;
        for (size_t k = i; k < len; k++) {
            if (out[k] != 0) {
                out[kept++] = out[k];
            }
        }
        i = kept;
    }
    return true;
}

bool lc_rsa_encrypt(const hf_public_key *key, hf_random_fn random, void *random_ctx,
                    uint8_t premaster[LC_PREMASTER_LEN], hf_buf *out)
{
    uint8_t block[LC_RSA_MAX_BITS / 8] = {0};
    if (key->kind != HF_KEY_RSA || out->cap - out->pos < (size_t)RSA_size(key->rsa)) {
        return false;
    }
    const size_t len = (size_t)RSA_size(key->rsa);
    block[1] = 2;
    memcpy(block + len - LC_PREMASTER_LEN, premaster, LC_PREMASTER_LEN);
    lc_quiet_begin();
    const bool done = fill_nonzero(random, random_ctx, block + 2, len - LC_PREMASTER_LEN - 3) &&
                      RSA_public_encrypt((int)len, block, out->ptr + out->pos, key->rsa,
                                         RSA_NO_PADDING) == (int)len;
    lc_quiet_end();
    OPENSSL_cleanse(block, sizeof block);
    out->pos += done ? len : 0;
    return done;
}

static bool decrypt(EVP_PKEY *pkey, hf_span ciphertext, uint8_t *out)
{
    unsigned version = CLIENT_VERSION;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, &version),
        OSSL_PARAM_construct_end()};
    size_t len = LC_PREMASTER_LEN;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    const bool done = ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
                      EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_WITH_TLS_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
                      EVP_PKEY_decrypt(ctx, out, &len, ciphertext.data, ciphertext.len) == 1 &&
                      len == LC_PREMASTER_LEN;
    EVP_PKEY_CTX_free(ctx);
    return done;
}

bool lc_rsa_decrypt_premaster(const hf_private_key *key, hf_span ciphertext, uint8_t *out)
{
    /* The length of the ciphertext is no secret. */
    if (key->half.kind != HF_KEY_RSA || ciphertext.len != (size_t)RSA_size(key->half.rsa)) {
        return false;
    }
    lc_quiet_begin();
    EVP_PKEY *pkey = EVP_PKEY_new();
    const bool done = pkey != NULL && EVP_PKEY_set1_RSA(pkey, key->half.rsa) == 1 &&
                      decrypt(pkey, ciphertext, out);
    EVP_PKEY_free(pkey);
    lc_quiet_end();
    if (!done) {
        OPENSSL_cleanse(out, LC_PREMASTER_LEN);
    }
    return done;
}

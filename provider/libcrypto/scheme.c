#include <openssl/crypto.h>

#include "libcrypto/hash.h"
#include "libcrypto/libcrypto.h"
#include "libcrypto/scheme.h"

static const struct lc_scheme schemes[] = {
    {HF_KEY_P256, LC_ECDSA, 0x0403, 256},      /* ecdsa_secp256r1_sha256 */
    {HF_KEY_P384, LC_ECDSA, 0x0503, 384},      /* ecdsa_secp384r1_sha384 */
    {HF_KEY_P521, LC_ECDSA, 0x0603, 512},      /* ecdsa_secp521r1_sha512 */
    {HF_KEY_RSA, LC_RSA_PSS, 0x0804, 256},     /* rsa_pss_rsae_sha256 */
    {HF_KEY_RSA, LC_RSA_PSS, 0x0805, 384},     /* rsa_pss_rsae_sha384 */
    {HF_KEY_RSA, LC_RSA_PSS, 0x0806, 512},     /* rsa_pss_rsae_sha512 */
    {HF_KEY_ED25519, LC_EDDSA, 0x0807, 0},     /* ed25519 */
    {HF_KEY_ED448, LC_EDDSA, 0x0808, 0},       /* ed448 */
    {HF_KEY_RSA_PSS, LC_RSA_PSS, 0x0809, 256}, /* rsa_pss_pss_sha256 */
    {HF_KEY_RSA_PSS, LC_RSA_PSS, 0x080a, 384}, /* rsa_pss_pss_sha384 */
    {HF_KEY_RSA_PSS, LC_RSA_PSS, 0x080b, 512}, /* rsa_pss_pss_sha512 */
    {HF_KEY_RSA, LC_RSA_PKCS1, 0x0401, 256},   /* rsa_pkcs1_sha256 */
    {HF_KEY_RSA, LC_RSA_PKCS1, 0x0501, 384},   /* rsa_pkcs1_sha384 */
    {HF_KEY_RSA, LC_RSA_PKCS1, 0x0601, 512},   /* rsa_pkcs1_sha512 */
};

static struct {
    CRYPTO_ONCE once;
    EVP_MD *sha256, *sha384, *sha512;
} fetched = {.once = CRYPTO_ONCE_STATIC_INIT};

static void fetch_hashes(void);
static void digest(const hf_hash *hash, hf_span message, uint8_t *out);

bool hf_key_kind_fits(hf_key_kind kind, uint16_t scheme)
{
    return lc_scheme_find(kind, scheme) != NULL;
}

const struct lc_scheme *lc_scheme_find(hf_key_kind kind, uint16_t id)
{
    const struct lc_scheme *scheme = lc_scheme_of(id);
    return scheme != NULL && scheme->kind == kind ? scheme : NULL;
}

const struct lc_scheme *lc_scheme_of(uint16_t id)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (schemes[i].id == id) {
            return &schemes[i];
        }
    }
    return NULL;
}

const struct lc_scheme *lc_scheme_any_curve(hf_key_kind kind, uint16_t id)
{
    const bool is_curve = kind == HF_KEY_P256 || kind == HF_KEY_P384 || kind == HF_KEY_P521;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && is_curve; i++) {
        if (schemes[i].id == id && schemes[i].form == LC_ECDSA) {
            return &schemes[i];
        }
    }
    return NULL;
}

size_t lc_scheme_digest(const struct lc_scheme *scheme, hf_span message,
                        uint8_t out[LC_DIGEST_MAX_LEN])
{
    switch (scheme->hash_bits) {
    case 256:
        digest(&lc_sha256, message, out);
        break;
    case 384:
        digest(&lc_sha384, message, out);
        break;
    default:
        lc_sha512_digest(message, out);
        break;
    }
    return scheme->hash_bits / 8U;
}

const EVP_MD *lc_scheme_md(const struct lc_scheme *scheme)
{
    CRYPTO_THREAD_run_once(&fetched.once, fetch_hashes);
    switch (scheme->hash_bits) {
    case 256:
        return fetched.sha256;
    case 384:
        return fetched.sha384;
    default:
        return fetched.sha512;
    }
}

static void digest(const hf_hash *hash, hf_span message, uint8_t *out)
{
    hf_hash_ctx ctx;
    hash->init(&ctx);
    hash->update(&ctx, message.data, message.len);
    hash->final(&ctx, out);
}

static void fetch_hashes(void)
{
    fetched.sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    fetched.sha384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
    fetched.sha512 = EVP_MD_fetch(NULL, "SHA2-512", NULL);
}

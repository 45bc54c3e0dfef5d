/* Signatures. libcrypto blinds RSA and makes ECDSA's nonce and scalar arithmetic in constant
 * time. */

/* RSA_private_encrypt: key.h says why not EVP_PKEY */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/obj_mac.h>

#include "libcrypto/ecdsa.h"
#include "libcrypto/key.h"
#include "libcrypto/libcrypto.h"
#include "libcrypto/quiet.h"

static bool sign_digest(const struct hf_private_key *key, const struct lc_scheme *scheme,
                        hf_span message, uint8_t *sig, size_t *len);
static bool sign_rsa_pss(const struct hf_private_key *key, const struct lc_scheme *scheme,
                         const uint8_t *digest, uint8_t *sig, size_t *len);
static bool sign_rsa_pkcs1(const struct hf_private_key *key, hf_span digest, uint8_t *sig,
                           size_t *len);
static bool sign_eddsa(const struct hf_private_key *key, hf_span message, uint8_t *sig,
                       size_t *len);

bool lc_sign(const hf_private_key *key, uint16_t id, hf_span message, uint8_t *sig, size_t *sig_len)
{
    const struct lc_scheme *scheme = lc_key_scheme(&key->half, id);
    if (scheme == NULL) {
        return false;
    }
    lc_quiet_begin();
    const bool made = scheme->form == LC_EDDSA ? sign_eddsa(key, message, sig, sig_len)
                                               : sign_digest(key, scheme, message, sig, sig_len);
    lc_quiet_end();
    return made;
}

static bool sign_digest(const struct hf_private_key *key, const struct lc_scheme *scheme,
                        hf_span message, uint8_t *sig, size_t *len)
{
    uint8_t digest[LC_DIGEST_MAX_LEN];
    const size_t digest_len = lc_scheme_digest(scheme, message, digest);
    switch (scheme->form) {
    case LC_ECDSA:
        return lc_ecdsa_sign(key->half.ec, (hf_span){digest, digest_len}, sig, len);
    case LC_RSA_PSS:
        return sign_rsa_pss(key, scheme, digest, sig, len);
    case LC_RSA_PKCS1:
        return sign_rsa_pkcs1(key, (hf_span){digest, digest_len}, sig, len);
    case LC_EDDSA:
        break; /* it takes the message itself */
    }
    return false;
}

/* RSASSA-PSS with MGF1 of the same hash and a salt of the digest's length (RFC 9846, 4.3.3). */
static bool sign_rsa_pss(const struct hf_private_key *key, const struct lc_scheme *scheme,
                         const uint8_t *digest, uint8_t *sig, size_t *len)
{
    RSA *rsa = key->half.rsa;
    const EVP_MD *md = lc_scheme_md(scheme);
    uint8_t encoded[LC_RSA_MAX_BITS / 8];
    const size_t rsa_len = (size_t)RSA_size(rsa);
    if (md == NULL || *len < rsa_len ||
        RSA_padding_add_PKCS1_PSS_mgf1(rsa, encoded, digest, md, md, RSA_PSS_SALTLEN_DIGEST) != 1 ||
        RSA_private_encrypt((int)rsa_len, encoded, sig, rsa, RSA_NO_PADDING) != (int)rsa_len) {
        return false;
    }
    *len = rsa_len;
    return true;
}

static bool sign_rsa_pkcs1(const struct hf_private_key *key, hf_span digest, uint8_t *sig,
                           size_t *len)
{
    const int nid = digest.len == 32 ? NID_sha256 : digest.len == 48 ? NID_sha384 : NID_sha512;
    unsigned made_len = 0;
    if (*len < (size_t)RSA_size(key->half.rsa) ||
        RSA_sign(nid, digest.data, (unsigned)digest.len, sig, &made_len, key->half.rsa) != 1) {
        return false;
    }
    *len = made_len;
    return true;
}

static bool sign_eddsa(const struct hf_private_key *key, hf_span message, uint8_t *sig, size_t *len)
{
    const size_t needed = key->half.kind == HF_KEY_ED25519 ? 64 : 114;
    if (*len < needed) {
        return false;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool made = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->half.ed) == 1 &&
                      EVP_DigestSign(ctx, sig, len, message.data, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    return made;
}

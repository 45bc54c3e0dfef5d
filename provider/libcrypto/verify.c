/* Verification of signatures. Everything here is public, so nothing needs constant time. */

/* RSA_public_decrypt: key.h says why not EVP_PKEY */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/obj_mac.h>

#include "libcrypto/ecdsa.h"
#include "libcrypto/key.h"
#include "libcrypto/libcrypto.h"
#include "libcrypto/quiet.h"

static bool verify(const hf_public_key *key, const struct lc_scheme *scheme, hf_span message,
                   hf_span sig);
static bool verify_digest(const struct hf_public_key *key, const struct lc_scheme *scheme,
                          hf_span message, hf_span sig);
static bool verify_rsa_pss(const struct hf_public_key *key, const struct lc_scheme *scheme,
                           const uint8_t *digest, hf_span sig);
static bool verify_rsa_pkcs1(const struct hf_public_key *key, hf_span digest, hf_span sig);
static bool verify_eddsa(const struct hf_public_key *key, hf_span message, hf_span sig);

bool lc_verify(const hf_public_key *key, uint16_t id, hf_span message, hf_span sig)
{
    const struct lc_scheme *scheme = lc_key_scheme(key, id);
    scheme = scheme == NULL ? lc_scheme_any_curve(key->kind, id) : scheme;
    return verify(key, scheme, message, sig);
}

bool lc_verify_issued(const hf_public_key *key, uint16_t id, hf_span message, hf_span sig)
{
    return verify(key, lc_key_scheme_issued(key, id), message, sig);
}

static bool verify(const hf_public_key *key, const struct lc_scheme *scheme, hf_span message,
                   hf_span sig)
{
    if (scheme == NULL) {
        return false;
    }
    lc_quiet_begin();
    const bool valid = scheme->form == LC_EDDSA ? verify_eddsa(key, message, sig)
                                                : verify_digest(key, scheme, message, sig);
    lc_quiet_end();
    return valid;
}

static bool verify_digest(const struct hf_public_key *key, const struct lc_scheme *scheme,
                          hf_span message, hf_span sig)
{
    uint8_t digest[LC_DIGEST_MAX_LEN];
    const size_t digest_len = lc_scheme_digest(scheme, message, digest);
    switch (scheme->form) {
    case LC_ECDSA:
        return lc_ecdsa_verify(key->ec, (hf_span){digest, digest_len}, sig);
    case LC_RSA_PSS:
        return verify_rsa_pss(key, scheme, digest, sig);
    case LC_RSA_PKCS1:
        return verify_rsa_pkcs1(key, (hf_span){digest, digest_len}, sig);
    case LC_EDDSA:
        break; /* it takes the message itself */
    }
    return false;
}

/* RSASSA-PSS with MGF1 of the same hash and a salt of the digest's length (RFC 9846, 4.3.3). */
static bool verify_rsa_pss(const struct hf_public_key *key, const struct lc_scheme *scheme,
                           const uint8_t *digest, hf_span sig)
{
    const EVP_MD *md = lc_scheme_md(scheme);
    uint8_t encoded[LC_RSA_MAX_BITS / 8];
    const size_t rsa_len = (size_t)RSA_size(key->rsa);
    return md != NULL && sig.len == rsa_len &&
           RSA_public_decrypt((int)sig.len, sig.data, encoded, key->rsa, RSA_NO_PADDING) ==
               (int)rsa_len &&
           RSA_verify_PKCS1_PSS_mgf1(key->rsa, digest, md, md, encoded, RSA_PSS_SALTLEN_DIGEST) ==
               1;
}

static bool verify_rsa_pkcs1(const struct hf_public_key *key, hf_span digest, hf_span sig)
{
    const int nid = digest.len == 32 ? NID_sha256 : digest.len == 48 ? NID_sha384 : NID_sha512;
    return sig.len == (size_t)RSA_size(key->rsa) &&
           RSA_verify(nid, digest.data, (unsigned)digest.len, sig.data, (unsigned)sig.len,
                      key->rsa) == 1;
}

static bool verify_eddsa(const struct hf_public_key *key, hf_span message, hf_span sig)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool valid = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->ed) == 1 &&
                       EVP_DigestVerify(ctx, sig.data, sig.len, message.data, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    return valid;
}

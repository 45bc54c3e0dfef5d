/* Verification of signatures. Everything here is public, so nothing needs constant time. */

/* RSA_public_decrypt and friends: key.h says why not EVP_PKEY */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/obj_mac.h>

#include "libcrypto/der.h"
#include "libcrypto/key.h"
#include "libcrypto/libcrypto.h"
#include "libcrypto/quiet.h"

static bool verify_digest(const struct hf_public_key *key, const struct lc_scheme *scheme,
                          hf_span message, hf_span sig);
static bool verify_ecdsa(const struct hf_public_key *key, hf_span digest, hf_span sig);
static bool verify_rsa_pss(const struct hf_public_key *key, const struct lc_scheme *scheme,
                           const uint8_t *digest, hf_span sig);
static bool verify_rsa_pkcs1(const struct hf_public_key *key, hf_span digest, hf_span sig);
static bool verify_eddsa(const struct hf_public_key *key, hf_span message, hf_span sig);

bool lc_verify(const hf_public_key *key, uint16_t id, hf_span message, hf_span sig)
{
    const struct lc_scheme *scheme = lc_key_scheme(key, id);
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
        return verify_ecdsa(key, (hf_span){digest, digest_len}, sig);
    case LC_RSA_PSS:
        return verify_rsa_pss(key, scheme, digest, sig);
    case LC_RSA_PKCS1:
        return verify_rsa_pkcs1(key, (hf_span){digest, digest_len}, sig);
    case LC_EDDSA:
        break; /* it takes the message itself */
    }
    return false;
}

static bool parse_ecdsa(hf_span sig, const struct lc_curve *curve, BIGNUM *r, BIGNUM *s);
static bool check_ecdsa(const struct lc_curve *curve, struct lc_desk *desk, const EC_POINT *point,
                        hf_span digest, hf_span sig);

/* FIPS 186-5, 6.4.2, on the curve's own group: ECDSA_verify wants an EC_KEY, which copies the
 * group, and encodes the signature once more to find out whether it was DER. No digest of ours
 * is longer than its curve's order, so none is truncated. */
static bool verify_ecdsa(const struct hf_public_key *key, hf_span digest, hf_span sig)
{
    const struct lc_curve *curve = lc_key_curve(key->kind);
    struct lc_desk *desk = lc_desk_take(curve);
    if (desk == NULL) {
        return false;
    }
    BN_CTX_start(desk->bn);
    const bool valid = check_ecdsa(curve, desk, key->point, digest, sig);
    BN_CTX_end(desk->bn);
    lc_desk_put(desk);
    return valid;
}

static bool check_ecdsa(const struct lc_curve *curve, struct lc_desk *desk, const EC_POINT *point,
                        hf_span digest, hf_span sig)
{
    BN_CTX *bn = desk->bn;
    BIGNUM *r = BN_CTX_get(bn);
    BIGNUM *s = BN_CTX_get(bn);
    BIGNUM *e = BN_CTX_get(bn);
    BIGNUM *u1 = BN_CTX_get(bn);
    BIGNUM *u2 = BN_CTX_get(bn);
    BIGNUM *x = BN_CTX_get(bn); /* NULL when one of them failed */
    return x != NULL && parse_ecdsa(sig, curve, r, s) &&
           BN_bin2bn(digest.data, (int)digest.len, e) != NULL &&
           BN_mod_inverse(s, s, curve->order, bn) != NULL &&
           BN_mod_mul(u1, e, s, curve->order, bn) == 1 &&
           BN_mod_mul(u2, r, s, curve->order, bn) == 1 &&
           EC_POINT_mul(curve->group, desk->ours, u1, point, u2, bn) == 1 &&
           !EC_POINT_is_at_infinity(curve->group, desk->ours) &&
           EC_POINT_get_affine_coordinates(curve->group, desk->ours, x, NULL, bn) == 1 &&
           BN_nnmod(x, x, curve->order, bn) == 1 && BN_cmp(x, r) == 0;
}

/* Ecdsa-Sig-Value (RFC 3279, 2.2.3), strictly DER; r and s in 1..n-1. */
static bool parse_ecdsa(hf_span sig, const struct lc_curve *curve, BIGNUM *r, BIGNUM *s)
{
    hf_span fields = {NULL, 0};
    hf_span r_bytes = {NULL, 0};
    hf_span s_bytes = {NULL, 0};
    return der_take(&sig, DER_SEQUENCE, &fields) && sig.len == 0 &&
           der_take_unsigned(&fields, &r_bytes) && der_take_unsigned(&fields, &s_bytes) &&
           fields.len == 0 && r_bytes.len <= curve->field_len && s_bytes.len <= curve->field_len &&
           BN_bin2bn(r_bytes.data, (int)r_bytes.len, r) != NULL &&
           BN_bin2bn(s_bytes.data, (int)s_bytes.len, s) != NULL && !BN_is_zero(r) &&
           !BN_is_zero(s) && BN_cmp(r, curve->order) < 0 && BN_cmp(s, curve->order) < 0;
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

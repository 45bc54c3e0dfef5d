/* Public keys from a DER SubjectPublicKeyInfo, read by our own strict reader into low-level
 * objects. */

/* RSA_new and friends: key.h says why EVP_PKEY does not serve */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "libcrypto/der.h"
#include "libcrypto/key.h"
#include "libcrypto/libcrypto.h"
#include "libcrypto/quiet.h"

/* A longer exponent makes verification slow by choice of the peer; libcrypto's own limit for
 * large keys. */
enum { RSA_EXPONENT_MAX_BITS = 64 };

static bool import_half(struct hf_public_key *key, hf_span spki);
static bool import_rsa(struct hf_public_key *key, hf_span bytes);
static bool import_point(struct hf_public_key *key, hf_span bytes);
static bool import_ed(struct hf_public_key *key, hf_span bytes);

hf_public_key *lc_public_key_import(hf_span spki)
{
    hf_public_key *key = OPENSSL_zalloc(sizeof *key);
    if (key == NULL) {
        return NULL;
    }
    lc_quiet_begin();
    const bool imported = import_half(key, spki);
    lc_quiet_end();
    if (!imported) {
        lc_public_key_free(key);
        return NULL;
    }
    return key;
}

void lc_public_key_free(hf_public_key *key)
{
    if (key != NULL) {
        if (key->ec != NULL) {
            lc_curve_key_put(lc_key_curve(key->kind), key->ec);
            key->ec = NULL;
        }
        lc_public_half_clear(key);
        OPENSSL_free(key);
    }
}

void lc_public_half_clear(struct hf_public_key *half)
{
    RSA_free(half->rsa);
    EC_KEY_free(half->ec);
    EVP_PKEY_free(half->ed);
}

hf_key_kind lc_public_key_kind(const hf_public_key *key)
{
    return key->kind;
}

unsigned lc_public_key_bits(const hf_public_key *key)
{
    return key->bits;
}

bool lc_key_pair_match(const hf_private_key *priv, const hf_public_key *pub)
{
    const struct hf_public_key *half = &priv->half;
    if (half->kind != pub->kind || half->pss_hash_bits != pub->pss_hash_bits ||
        half->pss_salt_min != pub->pss_salt_min) {
        return false;
    }
    if (half->rsa != NULL) {
        return BN_cmp(RSA_get0_n(half->rsa), RSA_get0_n(pub->rsa)) == 0 &&
               BN_cmp(RSA_get0_e(half->rsa), RSA_get0_e(pub->rsa)) == 0;
    }
    if (half->ec != NULL) {
        return EC_POINT_cmp(EC_KEY_get0_group(half->ec), EC_KEY_get0_public_key(half->ec),
                            EC_KEY_get0_public_key(pub->ec), NULL) == 0;
    }
    return EVP_PKEY_eq(half->ed, pub->ed) == 1;
}

static bool import_half(struct hf_public_key *key, hf_span spki)
{
    hf_span fields = {NULL, 0};
    hf_span oid = {NULL, 0};
    hf_span parameters = {NULL, 0};
    hf_span bytes = {NULL, 0};
    struct lc_key_algorithm algorithm;
    if (!der_take(&spki, DER_SEQUENCE, &fields) || spki.len != 0 ||
        !der_take_algorithm(&fields, &oid, &parameters) || !der_take_bytes(&fields, &bytes) ||
        fields.len != 0 || !lc_key_algorithm_parse(oid, parameters, &algorithm)) {
        return false;
    }
    key->kind = algorithm.kind;
    key->pss_hash_bits = algorithm.pss_hash_bits;
    key->pss_salt_min = algorithm.pss_salt_min;
    switch (key->kind) {
    case HF_KEY_RSA:
    case HF_KEY_RSA_PSS:
        return import_rsa(key, bytes);
    case HF_KEY_P256:
    case HF_KEY_P384:
    case HF_KEY_P521:
        return import_point(key, bytes);
    case HF_KEY_ED25519:
    case HF_KEY_ED448:
        return import_ed(key, bytes);
    }
    return false;
}

/* RSAPublicKey (RFC 8017, A.1.1). */
static bool import_rsa(struct hf_public_key *key, hf_span bytes)
{
    hf_span fields = {NULL, 0};
    hf_span modulus = {NULL, 0};
    hf_span exponent = {NULL, 0};
    if (!der_take(&bytes, DER_SEQUENCE, &fields) || bytes.len != 0 ||
        !der_take_unsigned(&fields, &modulus) || !der_take_unsigned(&fields, &exponent) ||
        fields.len != 0 || modulus.len > LC_RSA_MAX_BITS / 8 ||
        exponent.len > RSA_EXPONENT_MAX_BITS / 8) {
        return false;
    }
    key->rsa = RSA_new();
    BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
    BIGNUM *e = BN_bin2bn(exponent.data, (int)exponent.len, NULL);
    if (key->rsa == NULL || n == NULL || e == NULL || !BN_is_odd(n) || !BN_is_odd(e) ||
        BN_is_one(e) || RSA_set0_key(key->rsa, n, e, NULL) != 1) {
        BN_free(n);
        BN_free(e);
        return false;
    }
    key->bits = (unsigned)BN_num_bits(n);
    return key->bits >= LC_RSA_MIN_BITS;
}

/* RFC 5480, 2.2: uncompressed or compressed; the hybrid form must not be used. oct2key checks
 * that the point is on the curve. */
static bool import_point(struct hf_public_key *key, hf_span bytes)
{
    const struct lc_curve *curve = lc_key_curve(key->kind);
    if (curve == NULL || bytes.len < 1 + (size_t)curve->field_len ||
        (bytes.data[0] != 0x02 && bytes.data[0] != 0x03 && bytes.data[0] != 0x04)) {
        return false;
    }
    key->bits = curve->bits;
    key->ec = lc_curve_key_take(curve);
    struct lc_desk *desk = lc_desk_take(curve);
    const bool done = key->ec != NULL && desk != NULL &&
                      EC_KEY_oct2key(key->ec, bytes.data, bytes.len, desk->bn) == 1;
    lc_desk_put(desk);
    return done;
}

static bool import_ed(struct hf_public_key *key, hf_span bytes)
{
    const bool is_25519 = key->kind == HF_KEY_ED25519;
    if (bytes.len != (is_25519 ? LC_ED25519_LEN : LC_ED448_LEN)) {
        return false;
    }
    key->bits = is_25519 ? LC_ED25519_BITS : LC_ED448_BITS;
    key->ed = EVP_PKEY_new_raw_public_key(is_25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448, NULL,
                                          bytes.data, bytes.len);
    return key->ed != NULL;
}

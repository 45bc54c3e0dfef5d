/* The numbers of a private key: RSAPrivateKey, ECPrivateKey, CurvePrivateKey. Each is checked to be
 * consistent with itself, so that a damaged file fails here and not in a handshake. */
#define OPENSSL_SUPPRESS_DEPRECATED /* d2i_RSAPrivateKey, EC_KEY: key.h says why not EVP_PKEY */

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/obj_mac.h>

#include "libcrypto/der.h"
#include "libcrypto/key.h"

static bool rsa_is_consistent(RSA *rsa);

hf_key_load lc_private_half_rsa(struct hf_private_key *key, hf_span der)
{
    const unsigned char *at = der.data;
    RSA *rsa = d2i_RSAPrivateKey(NULL, &at, (long)der.len);
    if (rsa == NULL || at != der.data + der.len) {
        RSA_free(rsa);
        return HF_KEY_LOAD_MALFORMED;
    }
    key->half.rsa = rsa;
    key->half.bits = (unsigned)RSA_bits(rsa);
    if (key->half.bits < LC_RSA_MIN_BITS || key->half.bits > LC_RSA_MAX_BITS) {
        return HF_KEY_LOAD_UNSUPPORTED;
    }
    return rsa_is_consistent(rsa) ? HF_KEY_LOAD_OK : HF_KEY_LOAD_MALFORMED;
}

/* Signs and verifies once: RSA_check_key would prove the primes, which takes as long as making
 * them. */
static bool rsa_is_consistent(RSA *rsa)
{
    static const uint8_t digest[32] = {1};
    uint8_t sig[LC_RSA_MAX_BITS / 8];
    unsigned sig_len = 0;
    return BN_is_odd(RSA_get0_n(rsa)) && BN_is_odd(RSA_get0_e(rsa)) &&
           !BN_is_one(RSA_get0_e(rsa)) &&
           RSA_sign(NID_sha256, digest, sizeof digest, sig, &sig_len, rsa) == 1 &&
           RSA_verify(NID_sha256, digest, sizeof digest, sig, sig_len, rsa) == 1;
}

struct ec_fields {
    hf_span scalar;
    hf_span curve; /* empty: left out */
    hf_span point; /* empty: left out */
};

static bool read_ec(hf_span der, struct ec_fields *out);
static hf_key_load make_ec(struct hf_private_key *key, const struct lc_curve *curve,
                           struct lc_desk *desk, const struct ec_fields *from);
static bool load_scalar(const struct lc_curve *curve, struct lc_desk *desk, hf_span scalar);
static bool is_own_point(const struct lc_curve *curve, struct lc_desk *desk, hf_span point);

hf_key_load lc_private_half_ec(struct hf_private_key *key, hf_span der, bool is_kind_known)
{
    struct ec_fields fields;
    if (!read_ec(der, &fields)) {
        return HF_KEY_LOAD_MALFORMED;
    }
    if (fields.curve.len == 0 && !is_kind_known) {
        return HF_KEY_LOAD_MALFORMED; /* RFC 5915, 3: it must be there when nothing else says it */
    }
    if (fields.curve.len != 0) {
        const hf_key_kind outer = key->half.kind;
        if (!lc_key_curve_parse(fields.curve, &key->half.kind)) {
            return HF_KEY_LOAD_UNSUPPORTED;
        }
        if (is_kind_known && key->half.kind != outer) {
            return HF_KEY_LOAD_MALFORMED;
        }
    }
    const struct lc_curve *curve = lc_key_curve(key->half.kind);
    struct lc_desk *desk = lc_desk_take(curve);
    if (desk == NULL) {
        return HF_KEY_LOAD_NO_MEMORY;
    }
    key->half.bits = curve->bits;
    const hf_key_load result = make_ec(key, curve, desk, &fields);
    lc_desk_put(desk);
    return result;
}

/* ECPrivateKey (RFC 5915, 3). */
static bool read_ec(hf_span der, struct ec_fields *out)
{
    hf_span fields = {NULL, 0};
    hf_span wrapped = {NULL, 0};
    uint8_t version = 0;
    *out = (struct ec_fields){{NULL, 0}, {NULL, 0}, {NULL, 0}};
    if (!der_take(&der, DER_SEQUENCE, &fields) || der.len != 0 ||
        !der_take_small(&fields, &version) || version != 1 ||
        !der_take(&fields, DER_OCTET_STRING, &out->scalar)) {
        return false;
    }
    if (der_next_is(fields, DER_CONTEXT_0) && !der_take(&fields, DER_CONTEXT_0, &out->curve)) {
        return false;
    }
    if (der_next_is(fields, DER_CONTEXT_1) &&
        (!der_take(&fields, DER_CONTEXT_1, &wrapped) || !der_take_bytes(&wrapped, &out->point) ||
         wrapped.len != 0)) {
        return false;
    }
    return fields.len == 0;
}

/* The public key is computed and not believed; a wrong one in the file shows that the file is
 * damaged. */
static hf_key_load make_ec(struct hf_private_key *key, const struct lc_curve *curve,
                           struct lc_desk *desk, const struct ec_fields *from)
{
    if (!load_scalar(curve, desk, from->scalar)) {
        return HF_KEY_LOAD_MALFORMED;
    }
    EC_KEY *ec = EC_KEY_new();
    key->half.ec = ec;
    if (ec == NULL || EC_KEY_set_group(ec, curve->group) != 1 ||
        EC_KEY_set_private_key(ec, desk->scalar) != 1 ||
        EC_POINT_mul(curve->group, desk->ours, desk->scalar, NULL, NULL, desk->bn) != 1 ||
        EC_KEY_set_public_key(ec, desk->ours) != 1) {
        return HF_KEY_LOAD_NO_MEMORY;
    }
    return from->point.len == 0 || is_own_point(curve, desk, from->point) ? HF_KEY_LOAD_OK
                                                                          : HF_KEY_LOAD_MALFORMED;
}

/* RFC 5915, 3 asks for the order's length; writers that cut leading zeros are forgiven. */
static bool load_scalar(const struct lc_curve *curve, struct lc_desk *desk, hf_span scalar)
{
    return scalar.len <= curve->field_len &&
           BN_bin2bn(scalar.data, (int)scalar.len, desk->scalar) != NULL &&
           !BN_is_zero(desk->scalar) && BN_ucmp(desk->scalar, curve->order) < 0;
}

static bool is_own_point(const struct lc_curve *curve, struct lc_desk *desk, hf_span point)
{
    return EC_POINT_oct2point(curve->group, desk->theirs, point.data, point.len, desk->bn) == 1 &&
           EC_POINT_cmp(curve->group, desk->ours, desk->theirs, desk->bn) == 0;
}

/* CurvePrivateKey (RFC 8410, 7): an OCTET STRING inside the OCTET STRING. */
hf_key_load lc_private_half_ed(struct hf_private_key *key, hf_span der)
{
    const bool is_25519 = key->half.kind == HF_KEY_ED25519;
    hf_span seed = {NULL, 0};
    if (!der_take(&der, DER_OCTET_STRING, &seed) || der.len != 0 ||
        seed.len != (is_25519 ? LC_ED25519_LEN : LC_ED448_LEN)) {
        return HF_KEY_LOAD_MALFORMED;
    }
    key->half.bits = is_25519 ? LC_ED25519_BITS : LC_ED448_BITS;
    key->half.ed = EVP_PKEY_new_raw_private_key(is_25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448, NULL,
                                                seed.data, seed.len);
    return key->half.ed != NULL ? HF_KEY_LOAD_OK : HF_KEY_LOAD_NO_MEMORY;
}

/* From AlgorithmIdentifier to the kinds of keys that TLS signs with. */
#include <string.h>

#include "libcrypto/der.h"
#include "libcrypto/key.h"

#define OID(...)                                                                                   \
    {                                                                                              \
        (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                     \
    }

static const hf_span oid_rsa = OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01);
static const hf_span oid_rsa_pss = OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a);
static const hf_span oid_mgf1 = OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08);
static const hf_span oid_ec = OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);
static const hf_span oid_p256 = OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07);
static const hf_span oid_p384 = OID(0x2b, 0x81, 0x04, 0x00, 0x22);
static const hf_span oid_p521 = OID(0x2b, 0x81, 0x04, 0x00, 0x23);
static const hf_span oid_ed25519 = OID(0x2b, 0x65, 0x70);
static const hf_span oid_ed448 = OID(0x2b, 0x65, 0x71);
static const hf_span oid_sha256 = OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01);
static const hf_span oid_sha384 = OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02);
static const hf_span oid_sha512 = OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03);

static const struct lc_scheme *restricted(const struct hf_public_key *key,
                                          const struct lc_scheme *scheme);
static bool equal(hf_span a, hf_span b);
static bool is_null(hf_span parameters);
static bool parse_pss(hf_span parameters, struct lc_key_algorithm *out);
static bool parse_hash(hf_span in, uint16_t *bits);
static bool parse_mgf1(hf_span in, uint16_t *bits);

bool lc_key_algorithm_parse(hf_span oid, hf_span parameters, struct lc_key_algorithm *out)
{
    *out = (struct lc_key_algorithm){.kind = HF_KEY_RSA};
    if (equal(oid, oid_rsa)) {
        return is_null(parameters); /* RFC 3279, 2.3.1 */
    }
    if (equal(oid, oid_ec)) {
        return lc_key_curve_parse(parameters, &out->kind);
    }
    if (equal(oid, oid_rsa_pss)) {
        return parse_pss(parameters, out);
    }
    if (equal(oid, oid_ed25519)) {
        out->kind = HF_KEY_ED25519;
        return parameters.len == 0; /* RFC 8410, 3 */
    }
    if (equal(oid, oid_ed448)) {
        out->kind = HF_KEY_ED448;
        return parameters.len == 0;
    }
    return false;
}

const struct lc_curve *lc_key_curve(hf_key_kind kind)
{
    switch (kind) {
    case HF_KEY_P256:
        return lc_curve(LC_P256);
    case HF_KEY_P384:
        return lc_curve(LC_P384);
    case HF_KEY_P521:
        return lc_curve(LC_P521);
    default:
        return NULL;
    }
}

const struct lc_scheme *lc_key_scheme(const struct hf_public_key *key, uint16_t id)
{
    return restricted(key, lc_scheme_find(key->kind, id));
}

const struct lc_scheme *lc_key_scheme_issued(const struct hf_public_key *key, uint16_t id)
{
    const struct lc_scheme *scheme = lc_scheme_of(id);
    if (scheme == NULL) {
        return NULL;
    }
    switch (scheme->form) {
    case LC_ECDSA:
        return key->ec != NULL ? scheme : NULL;
    case LC_RSA_PSS:
        return key->rsa != NULL ? restricted(key, scheme) : NULL;
    case LC_RSA_PKCS1:
    case LC_EDDSA:
        break;
    }
    return scheme->kind == key->kind ? scheme : NULL;
}

/* What the parameters of an id-RSASSA-PSS key leave of a scheme (RFC 4055, 3.1). */
static const struct lc_scheme *restricted(const struct hf_public_key *key,
                                          const struct lc_scheme *scheme)
{
    /* TLS salts are as long as the digest (RFC 9846, 4.3.3), so a longer minimum fits no scheme. */
    if (scheme != NULL && key->pss_hash_bits != 0 &&
        (key->pss_hash_bits != scheme->hash_bits || key->pss_salt_min > scheme->hash_bits / 8U)) {
        return NULL;
    }
    return scheme;
}

static bool equal(hf_span a, hf_span b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static bool is_null(hf_span parameters)
{
    hf_span body = {NULL, 0};
    return der_take(&parameters, DER_NULL, &body) && body.len == 0 && parameters.len == 0;
}

/* Named curves only (RFC 5480, 2.1.1). */
bool lc_key_curve_parse(hf_span parameters, hf_key_kind *kind)
{
    hf_span curve = {NULL, 0};
    if (!der_take(&parameters, DER_OID, &curve) || parameters.len != 0) {
        return false;
    }
    if (equal(curve, oid_p256)) {
        *kind = HF_KEY_P256;
    } else if (equal(curve, oid_p384)) {
        *kind = HF_KEY_P384;
    } else if (equal(curve, oid_p521)) {
        *kind = HF_KEY_P521;
    } else {
        return false;
    }
    return true;
}

/* RSASSA-PSS-params (RFC 4055, 3.1). Absent: no restriction. Present: the defaults are SHA-1,
 * which no scheme of ours uses, so hash and mask generation must be there, and be the same as
 * TLS has it. */
static bool parse_pss(hf_span parameters, struct lc_key_algorithm *out)
{
    out->kind = HF_KEY_RSA_PSS;
    if (parameters.len == 0) {
        return true;
    }
    hf_span fields = {NULL, 0};
    hf_span hash = {NULL, 0};
    hf_span mgf = {NULL, 0};
    hf_span salt = {NULL, 0};
    hf_span trailer = {NULL, 0};
    uint16_t mgf_bits = 0;
    uint8_t trailer_field = 1;
    out->pss_salt_min = 20;
    if (!der_take(&parameters, DER_SEQUENCE, &fields) || parameters.len != 0 ||
        !der_take(&fields, DER_CONTEXT_0, &hash) || !der_take(&fields, DER_CONTEXT_1, &mgf) ||
        !parse_hash(hash, &out->pss_hash_bits) || !parse_mgf1(mgf, &mgf_bits) ||
        mgf_bits != out->pss_hash_bits) {
        return false;
    }
    if (der_next_is(fields, DER_CONTEXT_2) &&
        (!der_take(&fields, DER_CONTEXT_2, &salt) || !der_take_small(&salt, &out->pss_salt_min) ||
         salt.len != 0)) {
        return false;
    }
    if (der_next_is(fields, DER_CONTEXT_3) &&
        (!der_take(&fields, DER_CONTEXT_3, &trailer) || !der_take_small(&trailer, &trailer_field) ||
         trailer.len != 0)) {
        return false;
    }
    return fields.len == 0 && trailer_field == 1;
}

static bool parse_hash(hf_span in, uint16_t *bits)
{
    hf_span oid = {NULL, 0};
    hf_span parameters = {NULL, 0};
    if (!der_take_algorithm(&in, &oid, &parameters) || in.len != 0 ||
        (parameters.len != 0 && !is_null(parameters))) {
        return false;
    }
    if (equal(oid, oid_sha256)) {
        *bits = 256;
    } else if (equal(oid, oid_sha384)) {
        *bits = 384;
    } else if (equal(oid, oid_sha512)) {
        *bits = 512;
    } else {
        return false;
    }
    return true;
}

static bool parse_mgf1(hf_span in, uint16_t *bits)
{
    hf_span oid = {NULL, 0};
    hf_span parameters = {NULL, 0};
    return der_take_algorithm(&in, &oid, &parameters) && in.len == 0 && equal(oid, oid_mgf1) &&
           parse_hash(parameters, bits);
}

#include "x509/key.h"

#include "base/span.h"
#include "wire/iana.h"
#include "x509/der.h"
#include "x509/oid.h"

static void read_rsa(struct x5_key *key, struct der algorithm, hf_span bits, bool pss);
static void read_ec(struct x5_key *key, struct der algorithm, hf_span bits);
static void read_edwards(struct x5_key *key, struct der algorithm, hf_span bits, bool is_448);
static bool has_null_or_nothing(struct der d);
static uint16_t pss_scheme(struct der parameters);
static hf_span take_hash(struct der *d);

/* Signature algorithms by their OID. rsaEncryption's have a NULL parameter (RFC 4055, 5; it is
 * often forgotten), the others none (RFC 5758, 3.2; RFC 8410, 3). */
static const struct {
    const hf_span *oid;
    uint16_t scheme;
    bool null_parameter;
    const char *text;
} algorithms[] = {
    {&x5_oid_ecdsa_sha256, IANA_SCHEME_ecdsa_secp256r1_sha256, false, "ECDSA with SHA-256"},
    {&x5_oid_ecdsa_sha384, IANA_SCHEME_ecdsa_secp384r1_sha384, false, "ECDSA with SHA-384"},
    {&x5_oid_ecdsa_sha512, IANA_SCHEME_ecdsa_secp521r1_sha512, false, "ECDSA with SHA-512"},
    {&x5_oid_rsa_sha256, IANA_SCHEME_rsa_pkcs1_sha256, true, "RSA with SHA-256"},
    {&x5_oid_rsa_sha384, IANA_SCHEME_rsa_pkcs1_sha384, true, "RSA with SHA-384"},
    {&x5_oid_rsa_sha512, IANA_SCHEME_rsa_pkcs1_sha512, true, "RSA with SHA-512"},
    {&x5_oid_ed25519, IANA_SCHEME_ed25519, false, "Ed25519"},
    {&x5_oid_ed448, IANA_SCHEME_ed448, false, "Ed448"},
    {&x5_oid_ecdsa_sha1, IANA_SCHEME_ecdsa_sha1, false, "ECDSA with SHA-1"},
    {&x5_oid_rsa_sha1, IANA_SCHEME_rsa_pkcs1_sha1, true, "RSA with SHA-1"},
};

bool x5_key_read(hf_span spki, struct x5_key *out)
{
    *out = (struct x5_key){.supported = false};
    struct der d = x5_der_over(spki);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    struct der algorithm = x5_der_enter(&s, DER_SEQUENCE);
    const hf_span oid = x5_der_take_oid(&algorithm);
    const hf_span bits = x5_der_take_bit_string(&s);
    if (!x5_der_done(&s) || !x5_der_done(&d) || algorithm.bad) {
        return false;
    }
    if (span_eq(oid, x5_oid_rsa_encryption)) {
        read_rsa(out, algorithm, bits, false);
    } else if (span_eq(oid, x5_oid_rsa_pss)) {
        read_rsa(out, algorithm, bits, true);
    } else if (span_eq(oid, x5_oid_ec_public_key)) {
        read_ec(out, algorithm, bits);
    } else if (span_eq(oid, x5_oid_ed25519) || span_eq(oid, x5_oid_ed448)) {
        read_edwards(out, algorithm, bits, span_eq(oid, x5_oid_ed448));
    } else {
        struct text t;
        x5_text_init(&t, out->text, sizeof out->text);
        x5_oid_text(&t, oid);
    }
    return true;
}

uint16_t x5_algorithm_scheme(hf_span algorithm_identifier)
{
    struct der d = x5_der_over(algorithm_identifier);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    const hf_span oid = x5_der_take_oid(&s);
    if (s.bad || !x5_der_done(&d)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (span_eq(*algorithms[i].oid, oid)) {
            const bool fits =
                algorithms[i].null_parameter ? has_null_or_nothing(s) : x5_der_done(&s);
            return fits ? algorithms[i].scheme : 0;
        }
    }
    return span_eq(oid, x5_oid_rsa_pss) ? pss_scheme(s) : 0;
}

void x5_algorithm_text(struct text *t, hf_span algorithm_identifier)
{
    struct der d = x5_der_over(algorithm_identifier);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    const hf_span oid = x5_der_take_oid(&s);
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (span_eq(*algorithms[i].oid, oid)) {
            x5_text_add(t, "%s", algorithms[i].text);
            return;
        }
    }
    if (!span_eq(oid, x5_oid_rsa_pss)) {
        x5_oid_text(t, oid);
        return;
    }
    const uint16_t scheme = pss_scheme(s);
    x5_text_add(t, "RSA-PSS with %s",
                scheme == IANA_SCHEME_rsa_pss_rsae_sha256   ? "SHA-256"
                : scheme == IANA_SCHEME_rsa_pss_rsae_sha384 ? "SHA-384"
                : scheme == IANA_SCHEME_rsa_pss_rsae_sha512 ? "SHA-512"
                                                            : "unusual parameters");
}

/* RFC 3279, 2.3.1: RSAPublicKey; RFC 4055, 1.2 and 3.1 for id-RSASSA-PSS. */
static void read_rsa(struct x5_key *key, struct der algorithm, hf_span bits, bool pss)
{
    struct text t;
    x5_text_init(&t, key->text, sizeof key->text);
    struct der d = x5_der_over(bits);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    const hf_span modulus = x5_der_take_unsigned(&s);
    const hf_span exponent = x5_der_take_unsigned(&s);
    if (!x5_der_done(&s) || !x5_der_done(&d) || modulus.data[0] == 0) {
        x5_text_add(&t, "RSA (malformed)");
        return;
    }
    unsigned unused = 0;
    while ((modulus.data[0] & (0x80u >> unused)) == 0) {
        unused++;
    }
    const size_t size = modulus.len * 8 - unused;
    x5_text_add(&t, "%s %zu", pss ? "RSA-PSS" : "RSA", size);
    /* An exponent beyond 64 bits is never honest, and makes verification slow. */
    key->supported = size >= 2048 && size <= 8192 && exponent.len <= 8 &&
                     (pss || has_null_or_nothing(algorithm));
    key->kind = pss ? HF_KEY_RSA_PSS : HF_KEY_RSA;
}

/* RFC 5480, 2: namedCurve and an uncompressed point. */
static void read_ec(struct x5_key *key, struct der algorithm, hf_span bits)
{
    static const struct {
        const hf_span *oid;
        hf_key_kind kind;
        size_t point_len;
        const char *text;
    } curves[] = {
        {&x5_oid_p256, HF_KEY_P256, 65, "EC P-256"},
        {&x5_oid_p384, HF_KEY_P384, 97, "EC P-384"},
        {&x5_oid_p521, HF_KEY_P521, 133, "EC P-521"},
    };
    struct text t;
    x5_text_init(&t, key->text, sizeof key->text);
    if (x5_der_peek(&algorithm) != DER_OID) {
        x5_text_add(&t, "EC with explicit parameters"); /* RFC 5480, 2.1.1 forbids them */
        return;
    }
    const hf_span curve = x5_der_take_oid(&algorithm);
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (span_eq(*curves[i].oid, curve)) {
            x5_text_add(&t, "%s", curves[i].text);
            key->kind = curves[i].kind;
            key->supported =
                x5_der_done(&algorithm) && bits.len == curves[i].point_len && bits.data[0] == 0x04;
            return;
        }
    }
    x5_text_add(&t, "EC ");
    x5_oid_text(&t, curve);
}

/* RFC 8410, 3 and 4. */
static void read_edwards(struct x5_key *key, struct der algorithm, hf_span bits, bool is_448)
{
    struct text t;
    x5_text_init(&t, key->text, sizeof key->text);
    x5_text_add(&t, "%s", is_448 ? "Ed448" : "Ed25519");
    key->kind = is_448 ? HF_KEY_ED448 : HF_KEY_ED25519;
    key->supported = x5_der_done(&algorithm) && bits.len == (is_448 ? 57u : 32u);
}

static bool has_null_or_nothing(struct der d)
{
    if (x5_der_peek(&d) == DER_NULL && x5_der_take(&d, DER_NULL).len != 0) {
        return false;
    }
    return x5_der_done(&d);
}

/* RFC 4055, 3.1: RSASSA-PSS-params. The defaults are SHA-1, so that a scheme of TLS has every field
 * but the last: hash, MGF1 with the same hash, a salt as long as the hash (RFC 9846, 4.3.3). */
static uint16_t pss_scheme(struct der parameters)
{
    static const struct {
        const hf_span *oid;
        uint16_t scheme;
        uint32_t len;
    } hashes[] = {
        {&x5_oid_sha256, IANA_SCHEME_rsa_pss_rsae_sha256, 32},
        {&x5_oid_sha384, IANA_SCHEME_rsa_pss_rsae_sha384, 48},
        {&x5_oid_sha512, IANA_SCHEME_rsa_pss_rsae_sha512, 64},
    };
    struct der s = x5_der_enter(&parameters, DER_SEQUENCE);
    struct der hash_field = x5_der_enter(&s, DER_CONTEXT_CONSTRUCTED + 0);
    const hf_span hash = take_hash(&hash_field);
    struct der mask_field = x5_der_enter(&s, DER_CONTEXT_CONSTRUCTED + 1);
    struct der mask = x5_der_enter(&mask_field, DER_SEQUENCE);
    const hf_span mask_oid = x5_der_take_oid(&mask);
    const hf_span mask_hash = take_hash(&mask);
    struct der salt_field = x5_der_enter(&s, DER_CONTEXT_CONSTRUCTED + 2);
    const uint32_t salt_len = x5_der_take_small(&salt_field);
    if (!x5_der_done(&s) || !x5_der_done(&parameters) || !x5_der_done(&hash_field) ||
        !x5_der_done(&mask_field) || !x5_der_done(&mask) || !x5_der_done(&salt_field) ||
        !span_eq(mask_oid, x5_oid_mgf1) || !span_eq(mask_hash, hash)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        if (span_eq(*hashes[i].oid, hash) && hashes[i].len == salt_len) {
            return hashes[i].scheme;
        }
    }
    return 0;
}

/* An AlgorithmIdentifier of a hash function: its OID. */
static hf_span take_hash(struct der *d)
{
    struct der s = x5_der_enter(d, DER_SEQUENCE);
    const hf_span oid = x5_der_take_oid(&s);
    if (!has_null_or_nothing(s)) {
        x5_der_fail(d);
    }
    return oid;
}

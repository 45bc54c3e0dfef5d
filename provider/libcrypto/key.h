/* What a key is inside this room: libcrypto's low-level objects, made directly from the key's DER.
 *
 * EVP_PKEY is used for EdDSA only, which has no other door. For RSA and EC it would decode
 * through a chain of decoders, keep a lock, a cache and a copy of the curve in each key, and
 * allocate for each operation (README.md has the figures). */
#ifndef LIBCRYPTO_KEY_H
#define LIBCRYPTO_KEY_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <handfast/crypto.h>

#include "libcrypto/curve.h"
#include "libcrypto/scheme.h"
#include "libcrypto/spare.h"

enum {
    LC_RSA_MIN_BITS = 2048,
    LC_RSA_MAX_BITS = 8192,
    LC_ED25519_LEN = 32,
    LC_ED448_LEN = 57,
    LC_ED25519_BITS = 253, /* the order of the base point */
    LC_ED448_BITS = 446
};

/* Exactly one of rsa, ec, ed is set, as kind says, and in a private key it holds the private values
 * too; after import nothing changes. */
struct hf_public_key {
    hf_key_kind kind;
    unsigned bits;
    /* The restrictions of an id-RSASSA-PSS key (RFC 4055, 3.1): the only hash it may be used
     * with, 0 for any, and the shortest salt. */
    uint16_t pss_hash_bits;
    uint8_t pss_salt_min;
    RSA *rsa;
    EC_KEY *ec;
    EVP_PKEY *ed;
};

struct hf_private_key {
    struct hf_public_key half;
};

/* An algorithm of keys, as an AlgorithmIdentifier names it. */
struct lc_key_algorithm {
    hf_key_kind kind;
    uint16_t pss_hash_bits;
    uint8_t pss_salt_min;
};

/* The algorithm of an OID and its parameters. False: malformed, or none of ours. */
bool lc_key_algorithm_parse(hf_span oid, hf_span parameters, struct lc_key_algorithm *out);

/* The curve that EcpkParameters name. False: malformed, or none of ours. */
bool lc_key_curve_parse(hf_span parameters, hf_key_kind *kind);

/* The curve of a kind; NULL when the kind has none. */
const struct lc_curve *lc_key_curve(hf_key_kind kind);

/* Whether the key may sign or be verified with the SignatureScheme id: kind, curve and PSS
 * restrictions. NULL: no. */
const struct lc_scheme *lc_key_scheme(const struct hf_public_key *key, uint16_t id);

/* The same for the algorithm of a certificate, which names neither a curve nor the kind of an RSA
 * key. */
const struct lc_scheme *lc_key_scheme_issued(const struct hf_public_key *key, uint16_t id);

/* Fill key from RSAPrivateKey, ECPrivateKey, CurvePrivateKey. is_kind_known: the curve stands in
 * key. What was made before a failure is freed with the key. */
hf_key_load lc_private_half_rsa(struct hf_private_key *key, hf_span der);
hf_key_load lc_private_half_ec(struct hf_private_key *key, hf_span der, bool is_kind_known);
hf_key_load lc_private_half_ed(struct hf_private_key *key, hf_span der);

/* Frees what the half holds, not the structure itself. */
void lc_public_half_clear(struct hf_public_key *half);

#endif

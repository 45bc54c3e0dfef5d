/* A certificate as a set of spans into its bytes (RFC 5280, 4.1). Reading one allocates nothing and
 * verifies nothing but form: strict DER, the order and number of fields, no extension twice, and
 * the two places that name the signature's algorithm agree.
 */
#ifndef X509_CERTIFICATE_H
#define X509_CERTIFICATE_H

#include <handfast/types.h>

#include "x509/der.h"

/* The extensions that this room knows. */
enum x5_extension {
    X5_EXT_SUBJECT_KEY_ID,
    X5_EXT_KEY_USAGE,
    X5_EXT_SUBJECT_ALT_NAME,
    X5_EXT_BASIC_CONSTRAINTS,
    X5_EXT_NAME_CONSTRAINTS,
    X5_EXT_CERTIFICATE_POLICIES,
    X5_EXT_POLICY_MAPPINGS,
    X5_EXT_AUTHORITY_KEY_ID,
    X5_EXT_POLICY_CONSTRAINTS,
    X5_EXT_EXTENDED_KEY_USAGE,
    X5_EXT_INHIBIT_ANY_POLICY,
    X5_EXT_AUTHORITY_INFO_ACCESS,
    X5_EXT_TLS_FEATURE,
    X5_EXT_COUNT
};

enum {
    X5_EXTENSIONS_MAX = 64,              /* in one certificate; honest ones have about ten */
    X5_USAGE_DIGITAL_SIGNATURE = 1 << 0, /* bits of KeyUsage: RFC 5280, 4.2.1.3 */
    X5_USAGE_KEY_ENCIPHERMENT = 1 << 2,
    X5_USAGE_KEY_CERT_SIGN = 1 << 5
};

/* Lives no longer than the bytes. */
struct x5_certificate {
    hf_span der;                 /* the whole */
    hf_span tbs;                 /* TBSCertificate with its header: what is signed */
    hf_span serial;              /* content of the INTEGER */
    hf_span issuer, subject;     /* Names with their headers */
    hf_span spki;                /* SubjectPublicKeyInfo with its header */
    hf_span signature_algorithm; /* AlgorithmIdentifier with its header */
    hf_span signature;
    int64_t not_before_s, not_after_s;
    unsigned version;                /* 1..3 */
    hf_span extension[X5_EXT_COUNT]; /* DER inside extnValue; data is NULL where it is absent */
    hf_span unknown_critical;        /* OID of the first one that we would have to know; or empty */
};

/* Reads a certificate. False: not one, and *out is zero. */
HF_MUST_CHECK bool x5_certificate_read(hf_span der, struct x5_certificate *out);

static inline bool x5_has_extension(const struct x5_certificate *c, enum x5_extension which)
{
    return c->extension[which].data != NULL;
}

/* The KeyUsage bits. False: absent (*bits is then all ones, as absence allows everything) or, with
 * *bits == 0, malformed. */
bool x5_key_usage(const struct x5_certificate *c, uint32_t *bits);

/* Whether it may issue others (basicConstraints with cA). */
bool x5_is_authority(const struct x5_certificate *c);

/* Whether issuer and subject are the same bytes: it starts or ends a path. */
bool x5_is_self_issued(const struct x5_certificate *c);

#endif

/* Certificate revocation lists (RFC 5280, 5) as spans into their bytes. Reading one allocates
 * nothing and verifies nothing but form: strict DER, and no critical extension but
 * issuingDistributionPoint. Refused are lists that speak for other authorities (indirect), that
 * only add to another list (delta) or that never end (no nextUpdate).
 */
#ifndef X509_CRL_H
#define X509_CRL_H

#include <handfast/types.h>

#include "x509/der.h"

/* Lives no longer than the bytes. */
struct x5_crl {
    hf_span der;                 /* the whole */
    hf_span tbs;                 /* TBSCertList with its header: what is signed */
    hf_span signature_algorithm; /* AlgorithmIdentifier with its header */
    hf_span signature;
    hf_span issuer; /* Name with its header */
    int64_t this_s, next_s;
    hf_span entries;       /* revokedCertificates without the outer header; may be empty */
    hf_span issuer_key_id; /* authorityKeyIdentifier: keyIdentifier, or empty */
    /* issuingDistributionPoint (RFC 5280, 5.2.5): */
    bool only_users, only_authorities;
    bool
        partial; /* some reasons or some certificates only: who is not on it may still be revoked */
};

enum x5_crl_fault {
    X5_CRL_GOOD,
    X5_CRL_MALFORMED,
    X5_CRL_CRITICAL, /* a critical extension that is not understood */
    X5_CRL_DELTA,
    X5_CRL_INDIRECT,
    X5_CRL_ATTRIBUTES, /* for attribute certificates */
    X5_CRL_ENDLESS     /* no nextUpdate: nobody can tell whether it is old */
};

/* Reads one. Other than X5_CRL_GOOD: *out is zero. */
HF_MUST_CHECK enum x5_crl_fault x5_crl_read(hf_span der, struct x5_crl *out);

/* "is an indirect CRL, ..."; static. */
const char *x5_crl_fault_text(enum x5_crl_fault fault);

/* Whether a serial number is on it; since when and why (CRLReason: RFC 5280, 5.3.1). */
bool x5_crl_has(const struct x5_crl *crl, hf_span serial, int64_t *since_s, uint32_t *reason);

#endif

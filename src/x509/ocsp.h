/* OCSP responses (RFC 6960) as spans into their bytes. Reading one allocates nothing and verifies
 * nothing but form: strict DER, and no critical extension (none is known here).
 */
#ifndef X509_OCSP_H
#define X509_OCSP_H

#include <handfast/types.h>

#include "x509/der.h"

/* OCSPResponseStatus: RFC 6960, 4.2.1. Those above 0 are errors without any signature. */
enum { X5_OCSP_SUCCESSFUL = 0, X5_OCSP_STATUS_MAX = 6 };

/* Lives no longer than the bytes. */
struct x5_ocsp {
    uint32_t status;             /* of the response as a whole; the rest only if successful */
    hf_span tbs;                 /* ResponseData with its header: what is signed */
    hf_span signature_algorithm; /* AlgorithmIdentifier with its header */
    hf_span signature;
    hf_span responder_name;   /* Name with its header; or empty, and then */
    hf_span responder_key_id; /* the SHA-1 of the responder's key */
    int64_t produced_s;
    hf_span answers;      /* SingleResponse, one behind the other: x5_ocsp_next */
    hf_span certificates; /* the same of Certificate; may be empty */
};

enum x5_cert_status { X5_STATUS_GOOD, X5_STATUS_REVOKED, X5_STATUS_UNKNOWN };

/* What it says of one certificate. */
struct x5_ocsp_answer {
    hf_span hash; /* OID of the function under the two hashes */
    hf_span issuer_name_hash, issuer_key_hash;
    hf_span serial; /* content of the INTEGER */
    enum x5_cert_status status;
    int64_t revoked_s; /* if revoked: since when */
    uint32_t reason;   /* if revoked: CRLReason (RFC 5280, 5.3.1) */
    int64_t this_s;    /* known to be so at */
    int64_t next_s;    /* newer information is there by; if has_next */
    bool has_next;
};

/* Reads a response. False: not one, and *out is zero. */
HF_MUST_CHECK bool x5_ocsp_read(hf_span der, struct x5_ocsp *out);

/* The next answer of a list that x5_ocsp_read has read: start with x5_der_over(answers). */
bool x5_ocsp_next(struct der *list, struct x5_ocsp_answer *out);

/* "tryLater"; "an error" for numbers without a name. */
const char *x5_ocsp_status_name(uint32_t status);

#endif

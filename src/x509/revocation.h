/* Whether a certificate has been revoked, as far as can be told without a network: by the stapled
 * OCSP response (RFC 6960) and the lists that were given with the anchors (RFC 5280, 6.3).
 */
#ifndef X509_REVOCATION_H
#define X509_REVOCATION_H

#include "x509/path_int.h"

/* One certificate and who issued it; the signature between them is known to be right. */
struct x5_revocation_case {
    const struct x5_request *request;
    const struct x5_step *subject, *issuer;
    const hf_public_key *issuer_key;
    bool is_leaf; /* the staple is about it */
};

/* Judges; out->rule is HF_RULE_NONE for one that may be believed. */
void x5_check_revocation(const struct x5_revocation_case *what, struct x5_revocation *out);

#endif

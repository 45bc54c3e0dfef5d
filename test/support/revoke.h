/* OCSP responses and revocation lists for tests, made by libcrypto.
 *
 *     hf_span staple = revoke_ocsp(&(struct revoke_ocsp_spec){.subject = leaf, .issuer = ca});
 *     hf_span list = revoke_crl(&(struct revoke_crl_spec){.issuer = ca, .revoked = {leaf}});
 *     ...
 *     revoke_free(staple);
 *
 * Nothing here returns without bytes: what cannot be made ends the test program with a message.
 */
#ifndef TEST_SUPPORT_REVOKE_H
#define TEST_SUPPORT_REVOKE_H

#include "support/pki.h"

enum revoke_status { REVOKE_GOOD, REVOKE_REVOKED, REVOKE_UNKNOWN };

/* Zero: good, by the issuer itself, of an hour before PKI_NOW until a day after. */
struct revoke_ocsp_spec {
    const struct pki_cert *subject, *issuer;
    enum revoke_status status;
    int reason;                       /* with REVOKE_REVOKED: CRLReason */
    const struct pki_cert *responder; /* signs instead of the issuer, its certificate comes along */
    bool by_key;                      /* the responder is named by its key's hash */
    bool sha256;                      /* CertID with SHA-256 instead of SHA-1 */
    bool no_certificate;              /* the responder's certificate stays away */
    bool endless;                     /* no nextUpdate */
    bool sha1_signature;
    int64_t this_s, next_s;
    const struct pki_cert *also; /* a second answer: this one is good */
};
hf_span revoke_ocsp(const struct revoke_ocsp_spec *spec);

enum { REVOKE_LIST_MAX = 4 };

/* Zero: an empty list of an hour before PKI_NOW until a day after. */
struct revoke_crl_spec {
    const struct pki_cert *issuer;
    const struct pki_cert *signer; /* NULL: the issuer */
    const struct pki_cert *revoked[REVOKE_LIST_MAX];
    int reason; /* CRLReason of all; 0: none given */
    int64_t this_s, next_s;
    bool endless;      /* no nextUpdate */
    const char *scope; /* issuingDistributionPoint: "critical,onlyuser:TRUE" */
    bool delta;        /* it only adds to another list */
    bool key_id;       /* authorityKeyIdentifier */
    bool strange;      /* a critical extension that nobody knows */
};
hf_span revoke_crl(const struct revoke_crl_spec *spec);

void revoke_free(hf_span bytes);

#endif

/* The door of the x509 room: who is this, and may we believe it. Usable without TLS. */
#ifndef X509_X509_H
#define X509_X509_H

#include <handfast/trust.h>

/* A chain to judge. Everything is borrowed for the call. */
struct x5_request {
    const hf_trust *trust;
    const hf_span *chain; /* DER, leaf first, as the peer sent it */
    size_t count;
    hf_role peer;     /* HF_SERVER: serverAuth and the name are checked; HF_CLIENT: clientAuth */
    const char *name; /* DNS name or IP address that the leaf must be for; NULL: any */
    int64_t now_s;    /* Unix time */
    size_t max_depth; /* certificates in a path, anchor not counted */
};

/* Judges. HF_OK: verdict is filled, accepted or not. HF_FAILED: no memory (verdict says HF_E_NO_MEMORY). */
HF_MUST_CHECK hf_status x5_verify_chain(const struct x5_request *request, hf_verdict *verdict);

/* The DER SubjectPublicKeyInfo inside a certificate, pointing into it. False: not a certificate. */
HF_MUST_CHECK bool x5_subject_public_key_info(hf_span certificate, hf_span *spki);

/* The DER Name of the issuer and of the subject, pointing into the certificate. */
HF_MUST_CHECK bool x5_names(hf_span certificate, hf_span *issuer, hf_span *subject);

/* The SignatureScheme with which the certificate itself is signed, or 0 for one without a code point. */
uint16_t x5_signature_scheme(hf_span certificate);

/* What a person wants to know of a certificate; strings are cut to fit, control characters replaced. */
struct x5_summary {
    char subject[160];
    char issuer[160];
    char names[256]; /* subjectAltName, comma separated */
    char key[32];    /* "EC P-256", "RSA 2048" */
    int64_t not_before_s, not_after_s;
    bool self_issued;
};
HF_MUST_CHECK bool x5_summarize(hf_span certificate, struct x5_summary *out);

#endif

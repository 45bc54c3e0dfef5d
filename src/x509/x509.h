/* The door of the x509 room: who is this, and may we believe it. Usable without TLS.
 *
 * Threads: everything here is a function of its arguments; a trust set is only read.
 */
#ifndef X509_X509_H
#define X509_X509_H

#include <handfast/crypto.h>
#include <handfast/trust.h>

#include "x509/bundle.h"
#include "x509/certificate.h"
#include "x509/key.h"
#include "x509/name.h"
#include "x509/text.h"

/* A path that was looked at, for one who listens. Lives during the call. */
struct x5_told {
    const hf_verdict *verdict; /* over this path alone; its depth is where it broke */
    size_t count;              /* certificates, the anchor included */
    int source[66];            /* leaf first: index in the chain as sent, or -1 - i for anchor i */
};

/* A chain to judge. Everything is borrowed for the call. */
struct x5_request {
    const hf_trust *trust; /* NULL: nobody is trusted */
    const hf_span *chain;  /* DER, leaf first, as the peer sent it */
    size_t count;
    hf_role peer;     /* HF_SERVER: serverAuth and the name are checked; HF_CLIENT: clientAuth */
    const char *name; /* DNS name or IP address that the leaf must be for; NULL: any */
    int64_t now_s;    /* Unix time */
    size_t max_depth; /* certificates in a path, anchor not counted; 0: 10 */
    hf_span ocsp_response; /* stapled to the leaf; or empty */
    bool staple_expected;  /* the peer was asked for it: must-staple counts (RFC 7633) */
    bool key_transport;    /* the leaf's key decrypts and does not sign (RFC 5246, 7.4.2) */
    void (*listen)(void *ctx, const struct x5_told *told); /* told every path; NULL: nobody */
    void *listen_ctx;
};

/* Judges. HF_OK: verdict is filled, accepted or not. HF_FAILED: no memory (verdict says
 * HF_E_NO_MEMORY). Now and then a provider mistakes its own lack of memory for a wrong signature;
 * it never accepts because of it. */
HF_MUST_CHECK hf_status x5_verify_chain(const struct x5_request *request, hf_verdict *verdict);

/* A hash of all that the verdict depends on, but for the time. */
void x5_request_digest(const struct x5_request *request, uint8_t out[32]);

/* The DER SubjectPublicKeyInfo inside a certificate, pointing into it. False: not a certificate. */
HF_MUST_CHECK bool x5_subject_public_key_info(hf_span certificate, hf_span *spki);

/* The DER Name of the issuer and of the subject, pointing into the certificate. */
HF_MUST_CHECK bool x5_names(hf_span certificate, hf_span *issuer, hf_span *subject);

/* The SignatureScheme with which the certificate itself is signed, or 0 for one without a code
 * point. For ECDSA the curve follows from the hash; RSA-PSS is given as rsae (the certificate does
 * not tell). */
uint16_t x5_signature_scheme(hf_span certificate);

/* Whether one certificate was issued by another: names and signature, at no particular time. Of a
 * signature in a way that is never accepted, such as SHA-1, and of a key that is not, only the
 * names are compared. */
enum x5_issued {
    X5_ISSUED,
    X5_ISSUED_NOT,       /* the issuer's name or key identifier is another, or it is no authority */
    X5_ISSUED_FORGED,    /* the names fit, the signature does not */
    X5_ISSUED_UNREADABLE /* one of the two is malformed */
};
enum x5_issued x5_is_issued_by(hf_span certificate, hf_span issuer);

/* 32 bytes that are others when anchors, pins or revocation lists are others. */
const uint8_t *x5_trust_fingerprint(const hf_trust *trust);

/* The SHA-256 of some bytes. */
void x5_sha256(hf_span bytes, uint8_t out[32]);

/* Adds how a certificate's validity relates to a time outside of it: "expired 2026-01-02 03:04:05
 * UTC, 3 days before 2026-01-05 03:04:05 UTC". */
void x5_validity_text(struct text *t, const struct x5_certificate *c, int64_t now_s);

#endif

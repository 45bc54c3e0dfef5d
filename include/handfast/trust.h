/* Whom to believe: trust anchors and the verdict over a peer's certificate chain.
 *
 * An hf_trust is built (from PEM bundles, the system's store, or certificates in DER), then only read: any number
 * of connections and threads share it by reference count. What must change while running is an
 * hf_trust_store: a handle that configurations point to and whose content is swapped atomically.
 *
 * Verification checks the path to an anchor, validity at a given time, key usage, extended key usage,
 * basic constraints, name constraints and, on a client, the name of the server (RFC 5280; RFC 9525).
 *
 * Threads: hf_trust while being built by one; built, by all. hf_trust_store by all at all times.
 *
 *     hf_error e = {0};
 *     hf_trust *t = hf_trust_new();
 *     if (hf_trust_add_system(t, &e) != HF_OK) ...
 *     hf_trust_store *s = hf_trust_store_new(t);   // takes its own reference
 *     hf_trust_free(t);
 */
#ifndef HANDFAST_TRUST_H
#define HANDFAST_TRUST_H

#include <handfast/err.h>
#include <handfast/types.h>

HF_BEGIN_DECLS

typedef struct hf_trust hf_trust;
typedef struct hf_trust_store hf_trust_store;

/* An empty set of anchors with one reference, or NULL without memory. */
HF_API hf_trust *hf_trust_new(void);
HF_API hf_trust *hf_trust_ref(hf_trust *trust);
HF_API void hf_trust_free(hf_trust *trust); /* drops one reference; NULL is allowed */

/* Adds every certificate of a PEM bundle or one DER certificate. HF_FAILED: *error says why, nothing was added. */
HF_API HF_MUST_CHECK hf_status hf_trust_add(hf_trust *trust, hf_span pem_or_der, hf_error *error);

/* Adds the system's store (Debian: /etc/ssl/certs/ca-certificates.crt; the environment's SSL_CERT_FILE
 * is heeded). The one function of this header that reads files. */
HF_API HF_MUST_CHECK hf_status hf_trust_add_system(hf_trust *trust, hf_error *error);

/* How many anchors. */
HF_API size_t hf_trust_count(const hf_trust *trust);

/* The DER subject Name of anchor i: what certificate_authorities lists (RFC 9846, 4.3.4). Lives as long as the
 * trust. */
HF_API hf_span hf_trust_subject(const hf_trust *trust, size_t i);

/* A handle over a trust (its own reference is taken), reference counted as well. NULL: no memory. */
HF_API hf_trust_store *hf_trust_store_new(hf_trust *trust);
HF_API hf_trust_store *hf_trust_store_ref(hf_trust_store *store);
HF_API void hf_trust_store_free(hf_trust_store *store);
/* Swaps the content; handshakes that already read the old one finish with it. */
HF_API void hf_trust_store_replace(hf_trust_store *store, hf_trust *trust);
/* The current content with a reference for the caller. */
HF_API hf_trust *hf_trust_store_current(hf_trust_store *store);

/* The result of verifying one chain. Strings are plain text without control characters. */
typedef struct hf_verdict {
    bool accepted;
    hf_err code;         /* HF_E_NONE when accepted */
    int depth;           /* of the certificate that failed (0: leaf), -1 when none in particular */
    char subject[128];   /* of that certificate */
    char detail[184];    /* names and values compared: "expired 2026-01-02 03:04:05 UTC, 3 days before ..." */
} hf_verdict;

HF_END_DECLS

#endif

/* Whom to believe: trust anchors and the verdict over a peer's certificate chain.
 *
 * An hf_trust is built (from PEM bundles, the system's store, or certificates in DER), then only
 * read: any number of connections and threads share it by reference count. What must change while
 * running is an hf_trust_store: a handle that configurations point to and whose content is swapped
 * atomically.
 *
 * Verification checks the path to an anchor, validity at a given time, key usage, extended key
 * usage, basic constraints, name constraints and, on a client, the name of the server (RFC 5280;
 * RFC 9525).
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

/* Adds every certificate of a PEM bundle or one DER certificate. HF_FAILED: *error says why,
 * nothing was added. */
HF_API HF_MUST_CHECK hf_status hf_trust_add(hf_trust *trust, hf_span pem_or_der, hf_error *error);

/* Adds the system's store (Debian: /etc/ssl/certs/ca-certificates.crt; the environment's
 * SSL_CERT_FILE is heeded). Entries of the system's own store that cannot be read are left out.
 * The one function of this header that reads files. */
HF_API HF_MUST_CHECK hf_status hf_trust_add_system(hf_trust *trust, hf_error *error);

/* How many anchors. */
HF_API size_t hf_trust_count(const hf_trust *trust);

/* The DER subject Name of anchor i: what certificate_authorities lists (RFC 9846, 4.3.4). Lives
 * as long as the trust. */
HF_API hf_span hf_trust_subject(const hf_trust *trust, size_t i);

/* A handle over a trust, reference counted as well. It takes a reference of its own; a NULL trust
 * makes an empty handle. Returns NULL without memory. */
HF_API hf_trust_store *hf_trust_store_new(hf_trust *trust);
HF_API hf_trust_store *hf_trust_store_ref(hf_trust_store *store);
HF_API void hf_trust_store_free(hf_trust_store *store);
/* Swaps the content; handshakes that already read the old one finish with it. */
HF_API void hf_trust_store_replace(hf_trust_store *store, hf_trust *trust);
/* The current content with a reference for the caller; NULL when the handle is empty. */
HF_API hf_trust *hf_trust_store_current(hf_trust_store *store);

/* The result of verifying one chain. Strings are plain text without control characters. */
typedef struct hf_verdict {
    bool accepted;
    hf_err code;       /* HF_E_NONE when accepted */
    int depth;         /* of the certificate that failed (0: leaf), -1 when none in particular */
    char subject[128]; /* of that certificate; of the leaf when accepted */
    char detail[184];  /* names and values compared: "expired 2026-01-02 03:04:05 UTC, 3 days before
                          ..." */
} hf_verdict;

/* What a person wants to know of a certificate. Strings are UTF-8 without control characters,
 * cut with "..." where they do not fit. */
typedef struct hf_certificate_summary {
    char subject[256]; /* "CN=a.example, O=Example" (RFC 4514) */
    char issuer[256];
    char names[512];    /* subjectAltName: "a.example, *.b.example, 192.0.2.1 and 12 more" */
    size_t name_count;  /* how many there are */
    char key[32];       /* "EC P-256", "RSA 2048" */
    char signature[48]; /* "ECDSA with SHA-256": how the issuer signed it */
    char serial[64];    /* "03:fa:..." */
    char usage[160];    /* key usage and extended key usage; "": any */
    uint8_t sha256[32]; /* fingerprint: the hash of the whole certificate */
    int64_t not_before_s, not_after_s; /* Unix time */
    unsigned version;                  /* 1..3 */
    bool is_authority;                 /* may issue others */
    bool self_issued;                  /* issuer and subject are the same */
} hf_certificate_summary;

/* Describes a certificate in DER. False: it is not one, and *out is zero. Nothing is verified. */
HF_API HF_MUST_CHECK bool hf_certificate_summarize(hf_span der, hf_certificate_summary *out);

HF_END_DECLS

#endif

/* Whom to believe: trust anchors and the verdict over a peer's certificate chain.
 *
 * An hf_trust is built (from PEM bundles, the system's store, or certificates in DER), then only
 * read: any number of connections and threads share it by reference count. What must change while
 * running is an hf_trust_store: a handle that configurations point to and whose content is swapped
 * atomically.
 *
 * Verification looks for a path to an anchor, trying every alternative that the peer's certificates
 * and the anchors offer, and checks validity at a given time, key usage, extended key usage, basic
 * constraints, name constraints and, on a client, the name of the server (RFC 5280; RFC 9525). Any
 * certificate of the set is an anchor, a leaf too. What was wrong with which path is in the
 * verdict. Revocation is judged by what is at hand: the OCSP response that the peer stapled, and
 * lists that the caller gave. Nothing is ever fetched.
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
/* One more reference; returns trust. */
HF_API hf_trust *hf_trust_ref(hf_trust *trust);
HF_API void hf_trust_free(hf_trust *trust); /* drops one reference; NULL is allowed */

/* Adds every certificate of a PEM bundle or one DER certificate. HF_FAILED: *error says why,
 * nothing was added. */
HF_API HF_MUST_CHECK hf_status hf_trust_add(hf_trust *trust, hf_span pem_or_der, hf_error *error);

/* Adds the system's store (Debian: /etc/ssl/certs/ca-certificates.crt; the environment's
 * SSL_CERT_FILE is heeded). Entries of the system's own store that cannot be read are left out.
 * The one function of this header that reads files. */
HF_API HF_MUST_CHECK hf_status hf_trust_add_system(hf_trust *trust, hf_error *error);

/* Insists on a key: with one or more pins a path is accepted only if the SHA-256 of the DER
 * SubjectPublicKeyInfo of one of its certificates, the anchor included, is among them. HF_FAILED:
 * no memory. */
HF_API HF_MUST_CHECK hf_status hf_trust_pin(hf_trust *trust, const uint8_t spki_sha256[32],
                                            hf_error *error);

/* Adds certificate revocation lists (RFC 5280, 5): every one of a PEM file, or one in DER. A path
 * is then refused for a certificate whose issuer's list names it, and for one whose issuer has
 * lists here of which none is usable; issuers without a list are believed. Indirect and delta
 * lists, and those that never end, are not taken. HF_FAILED: *error says why, nothing was added. */
HF_API HF_MUST_CHECK hf_status hf_trust_add_crl(hf_trust *trust, hf_span pem_or_der,
                                                hf_error *error);

/* How many lists. */
HF_API size_t hf_trust_crl_count(const hf_trust *trust);

/* How many anchors. */
HF_API size_t hf_trust_count(const hf_trust *trust);

/* Anchor i in DER; empty for i >= count. Lives as long as the trust. */
HF_API hf_span hf_trust_anchor(const hf_trust *trust, size_t i);

/* The DER subject Name of anchor i: what certificate_authorities lists (RFC 9846, 4.3.4). Lives
 * as long as the trust. */
HF_API hf_span hf_trust_subject(const hf_trust *trust, size_t i);

/* A handle over a trust, reference counted as well. It takes a reference of its own; a NULL trust
 * makes an empty handle. Returns NULL without memory. */
HF_API hf_trust_store *hf_trust_store_new(hf_trust *trust);
/* One more reference; returns store. */
HF_API hf_trust_store *hf_trust_store_ref(hf_trust_store *store);
HF_API void hf_trust_store_free(hf_trust_store *store); /* drops one reference; NULL is allowed */
/* Swaps the content; handshakes that already read the old one finish with it. */
HF_API void hf_trust_store_replace(hf_trust_store *store, hf_trust *trust);
/* The current content with a reference for the caller; NULL when the handle is empty. */
HF_API hf_trust *hf_trust_store_current(hf_trust_store *store);

/* The rules by which chains are judged; rule.def has the meaning of each. */
typedef enum hf_rule {
    HF_RULE_NONE = 0,
#define X(name, code, sentence, cause, fix, place) HF_RULE_##name,
#include <handfast/rule.def>
#undef X
    HF_RULE_COUNT
} hf_rule;

/* What is known of a rule before any chain was seen. All strings are static. */
typedef struct hf_rule_info {
    const char *name; /* "MISSING_INTERMEDIATE" */
    hf_err code;
    const char *sentence; /* what is wrong */
    const char *cause;    /* how it most likely came about */
    const char *fix;      /* what would mend it */
    const char *place;    /* where the rule stands */
} hf_rule_info;

/* The entry of a rule, or NULL for HF_RULE_NONE and what is none. */
HF_API const hf_rule_info *hf_rule_lookup(hf_rule rule);

/* The words for what happened: those of the code or, where a certificate broke a rule, of the rule.
 */
HF_API hf_err_info hf_error_words(const hf_error *error);

/* The result of verifying one chain. Strings are plain text without control characters. */
typedef struct hf_verdict {
    bool accepted;
    hf_err code;       /* HF_E_NONE when accepted */
    int depth;         /* of the certificate that failed (0: leaf), -1 when none in particular */
    char subject[128]; /* of that certificate; of the leaf when accepted */
    char detail[182];  /* names and values compared: "expired 2026-01-02 03:04:05 UTC, 3 days before
                          ..." */
    hf_rule rule;      /* the one that was broken: cause and fix are in hf_rule_lookup */
    int index;         /* of that certificate in the chain as sent; -1: an anchor, or none */
    int64_t now_s;     /* what the clock showed: Unix time, as given */
    uint32_t tried;    /* paths that were looked at, the accepted one included; 0 for a verdict out
                          of a chain cache */
    /* When accepted: how long the same bytes will be (the path's validity). */
    int64_t from_s, until_s;
} hf_verdict;

/* A chain to judge outside of a connection. Everything is borrowed for the call. Set size to
 * sizeof(hf_chain_question). */
typedef struct hf_chain_question {
    size_t size;
    const hf_trust *trust; /* NULL: nobody is trusted */
    const hf_span *chain;  /* DER, the leaf first, the others in any order */
    size_t count;
    hf_role peer;     /* HF_SERVER: serverAuth and the name are checked; HF_CLIENT: clientAuth */
    const char *name; /* DNS name or IP address that the leaf must be for; NULL: any */
    int64_t now_s;    /* Unix time */
    size_t max_depth; /* certificates in a path, anchor not counted; 0: 10 */
    hf_span ocsp_response; /* stapled to the leaf (RFC 6066, 8); or empty */
    bool staple_expected;  /* the peer was asked for one, so that must-staple counts (RFC 7633) */
    bool key_transport; /* TLS 1.2: the leaf's key decrypts what the client sends and does not sign,
                           so that keyEncipherment is asked for in the place of digitalSignature
                           (RFC 5246, 7.4.2) */
} hf_chain_question;

/* A verdict with all paths that led to it; see hf_trust_judge. */
typedef struct hf_judgement hf_judgement;

enum { HF_PATH_MAX = 16 };

/* One path that was tried. */
typedef struct hf_path {
    hf_rule rule;                 /* what broke it; HF_RULE_NONE: it was accepted */
    size_t count;                 /* certificates in it, the anchor included */
    size_t broken;                /* which of them broke the rule */
    int certificate[HF_PATH_MAX]; /* leaf first: index in the chain as sent, or -1 - i for anchor i;
                                     longer paths are cut */
    char subject[128];            /* of the one that broke the rule; of the anchor when accepted */
    char sentence[182];           /* with the values compared */
} hf_path;

/* Judges a chain and remembers every path that was looked at (the first 32 of them). HF_OK: *out is
 * the caller's to free, whatever the verdict is. HF_FAILED: no memory, or a question of the wrong
 * size. */
HF_API HF_MUST_CHECK hf_status hf_trust_judge(const hf_chain_question *question,
                                              hf_judgement **out);
/* The verdict; lives as long as the judgement. Never NULL. */
HF_API const hf_verdict *hf_judgement_verdict(const hf_judgement *judgement);
/* How many paths are remembered. */
HF_API size_t hf_judgement_path_count(const hf_judgement *judgement);
/* Path i in the order of trying; NULL for i >= count. */
HF_API const hf_path *hf_judgement_path(const hf_judgement *judgement, size_t i);
HF_API void hf_judgement_free(hf_judgement *judgement); /* NULL is allowed */

/* Chains that were believed, shared by connections, so that the same server costs one signature
 * check the next time. A verdict is found again only for the same bytes, anchors, pins, name, role
 * and depth, while every certificate of its path is valid. Only accepted verdicts are remembered.
 *
 * Give it to configurations with hf_config_set_chain_cache; one may serve many.
 *
 * Threads: by all at all times. */
typedef struct hf_chain_cache hf_chain_cache;

typedef struct hf_chain_cache_counts {
    uint64_t hits, misses;
    size_t held; /* verdicts remembered at this moment */
} hf_chain_cache_counts;

/* Room for about capacity verdicts of half a KiB (0: 256; at most 65536), or NULL without memory.
 */
HF_API hf_chain_cache *hf_chain_cache_new(size_t capacity);
/* One more reference; returns cache. */
HF_API hf_chain_cache *hf_chain_cache_ref(hf_chain_cache *cache);
HF_API void hf_chain_cache_free(hf_chain_cache *cache); /* drops one reference; NULL is allowed */
/* Forgets all verdicts. */
HF_API void hf_chain_cache_clear(hf_chain_cache *cache);
/* Fills in the counts. */
HF_API void hf_chain_cache_count(hf_chain_cache *cache, hf_chain_cache_counts *out);

/* What a person wants to know of a certificate. Strings are UTF-8 without control characters,
 * cut with "..." where they do not fit. */
typedef struct hf_certificate_summary {
    char subject[256]; /* "CN=a.example, O=Example" (RFC 4514) */
    char issuer[256];
    char names[512];        /* subjectAltName: "a.example, *.b.example, 192.0.2.1 and 12 more" */
    size_t name_count;      /* how many there are */
    char key[32];           /* "EC P-256", "RSA 2048" */
    char signature[48];     /* "ECDSA with SHA-256": how the issuer signed it */
    char serial[64];        /* "03:fa:..." */
    char usage[160];        /* key usage and extended key usage; "": any */
    uint8_t sha256[32];     /* fingerprint: the hash of the whole certificate */
    uint8_t key_sha256[32]; /* the hash of its SubjectPublicKeyInfo, which hf_trust_pin takes */
    int64_t not_before_s, not_after_s; /* Unix time */
    unsigned version;                  /* 1..3 */
    bool is_authority;                 /* may issue others */
    bool self_issued;                  /* issuer and subject are the same */
} hf_certificate_summary;

/* Describes a certificate in DER. False: it is not one, and *out is zero. Nothing is verified. */
HF_API HF_MUST_CHECK bool hf_certificate_summarize(hf_span der, hf_certificate_summary *out);

HF_END_DECLS

#endif

/* What the search for paths sees of a set of anchors. */
#ifndef X509_TRUST_INT_H
#define X509_TRUST_INT_H

#include "base/rotate.h"
#include "x509/bundle.h"
#include "x509/crl.h"
#include "x509/facts.h"
#include "x509/x509.h"

enum { TRUST_FINGERPRINT_LEN = 32, TRUST_NONE = -1 };

struct trust_anchor {
    struct x5_certificate c; /* in one of the bundles */
    struct x5_facts facts;
    hf_public_key *key; /* NULL: not one that may sign */
    uint32_t name_hash;
    int next; /* with the same place in the index; TRUST_NONE: the last */
};

/* Bytes that anchors point to; newest first. */
struct trust_bundle {
    struct x5_bundle bundle;
    struct trust_bundle *next;
};

/* A revocation list and its bytes, in one block of size. */
struct trust_crl {
    struct trust_crl *next;
    size_t size;
    struct x5_crl crl; /* points into bytes */
    uint8_t bytes[];
};

/* Invariants: no two anchors are the same bytes; index[h % index_len] begins the list of the
 * anchors whose subject has the hash h; fingerprint is of the anchors, pins and lists in the order
 * of adding. Only hf_trust_add* and hf_trust_pin write, before the object is shared. */
struct hf_trust {
    struct ref ref;
    struct trust_anchor *anchors;
    size_t count;
    int *index;
    size_t index_len; /* a power of two, or 0 */
    struct trust_bundle *bundles;
    uint8_t (*pins)[32];
    size_t pin_count;
    struct trust_crl *crls; /* newest first */
    size_t crl_count;
    uint8_t fingerprint[TRUST_FINGERPRINT_LEN];
    int64_t newest_from_s; /* the latest notBefore of all anchors; INT64_MIN without any */
};

/* The anchors of this subject, one after the other: start with *at == TRUST_NONE. NULL: no more. */
const struct trust_anchor *x5_trust_next(const hf_trust *trust, hf_span subject, uint32_t hash,
                                         int *at);

/* Whether these very bytes are an anchor; its number in *at. */
bool x5_trust_has(const hf_trust *trust, const struct x5_certificate *c, int *at);

/* Whether the SHA-256 of this SubjectPublicKeyInfo is pinned. */
bool x5_trust_has_pin(const hf_trust *trust, hf_span spki);

/* Adds to a fingerprint what the set holds more; kind tells the kinds apart. */
void x5_trust_mix(uint8_t fingerprint[TRUST_FINGERPRINT_LEN], char kind, hf_span bytes);

void x5_trust_free_crls(struct trust_crl *list);

/* How many anchors have expired. */
size_t x5_trust_expired(const hf_trust *trust, int64_t now_s);

#endif

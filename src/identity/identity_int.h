/* What the files of the identity room share. */
#ifndef IDENTITY_IDENTITY_INT_H
#define IDENTITY_IDENTITY_INT_H

#include <stdatomic.h>

#include "base/rotate.h"
#include "identity/identity.h"
#include "identity/packed.h"
#include "x509/x509.h"

/* Sets of signature schemes as bits, so that a peer's list of any length is read once and then
 * asked often. */
enum { SCHEME_OTHER = 31 }; /* all code points that no identity can have, and "no code point" */
#define SCHEME_BIT_SHA1 (UINT32_C(1) << 0 | UINT32_C(1) << 1)
uint32_t identity_scheme_bit(uint16_t scheme);
uint32_t identity_scheme_bits(const uint16_t *schemes, size_t count);

/* Invariants: built by hf_identity_load, then only read, but for packed. chain holds at least the
 * leaf. */
struct hf_identity {
    struct ref ref;
    const hf_provider *provider;
    hf_private_key *key; /* NULL: it lives elsewhere */
    hf_key_kind kind;
    struct x5_bundle chain;
    const char **names; /* lower case, DNS names first, then addresses; one block with their text */
    size_t name_count;
    size_t dns_count;
    size_t names_size;
    uint8_t *staple; /* the OCSP response, then the SCT list */
    size_t staple_size;
    hf_span ocsp_response, sct_list;
    bool may_sign;    /* key usage allows it (RFC 9846, 4.5.1.2) */
    bool may_decrypt; /* the kind of key does, and key usage allows it (RFC 5246, 7.4.2) */
    uint32_t
        chain_schemes; /* with which its certificates are signed, but for one that signed itself */
    uint64_t authority_hash; /* of all issuer Names: equal for identities of one authority */
    char label[64];          /* for people: the first name, or the subject */
    _Atomic(struct packed *) packed[PACKED_VARIANTS]; /* NULL: not made yet */
};

/* Fills names, name_count, dns_count. False: no memory. */
HF_MUST_CHECK bool identity_collect_names(hf_identity *identity, const struct x5_certificate *leaf);

/* One name of one identity. Entries are sorted by hash, name and index. */
struct identity_entry {
    uint64_t hash;
    const char *name; /* the identity's */
    uint32_t index;
};

/* What the choice asks of every identity, close together, as fleets have thousands. */
struct identity_trait {
    uint32_t chain_schemes;
    uint32_t group; /* equal for identities with the same issuers */
    uint8_t kind;
    bool may_sign;
    bool may_decrypt;
};

/* A set of identities as it was given; replaced as a whole. One block. */
struct identity_set {
    struct ref ref;
    size_t size;
    size_t count;
    hf_identity **identities; /* holds a reference of each */
    struct identity_entry *entries;
    size_t entry_count;
    struct identity_trait *traits;
};

struct hf_identity_store {
    struct ref ref;
    struct rotate current; /* struct identity_set */
};

/* The entries of a name, which is lower case; *count of them, in the order of the store. */
const struct identity_entry *identity_set_find(const struct identity_set *set, hf_span name,
                                               size_t *count);
void identity_set_release(struct identity_set *set); /* NULL is allowed */

#endif

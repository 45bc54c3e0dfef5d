/* Who we are: certificate chains with their keys, and the choice among them.
 *
 * An hf_identity is one chain (leaf first), its private key, and optionally a stapled OCSP response
 * and SCTs. It is checked when loaded: the key belongs to the leaf, the chain is in order. Built,
 * it is only read and shared by reference count. A key that lives elsewhere (an HSM) is no key at
 * all here: load the chain alone and answer the sign operation yourself (<handfast/op.h>).
 *
 * An hf_identity_store is the handle that configurations point to: a set of identities that is
 * replaced atomically while connections run. Among them the choice is by server name (exact, then
 * wildcard, then the default: the first), and then by what the peer can verify.
 *
 * Threads: identities are built by one thread, then read by all; stores by all at all times.
 */
#ifndef HANDFAST_IDENTITY_H
#define HANDFAST_IDENTITY_H

#include <handfast/crypto.h>
#include <handfast/err.h>
#include <handfast/types.h>

HF_BEGIN_DECLS

typedef struct hf_identity hf_identity;
typedef struct hf_identity_store hf_identity_store;

/* Where an identity comes from. Set size to sizeof; zero the rest. Nothing is kept of the
 * caller's memory. */
typedef struct hf_identity_source {
    size_t size;
    const hf_provider *provider; /* NULL: the default */
    hf_span chain;               /* PEM bundle (leaf first) or one DER certificate */
    hf_span key;                 /* PEM or DER; empty: the key lives elsewhere */
    hf_passphrase_fn passphrase; /* for an encrypted key; NULL: none */
    void *passphrase_ctx;
    hf_span ocsp_response; /* DER OCSPResponse to staple; empty: none */
    hf_span sct_list;      /* SignedCertificateTimestampList (RFC 6962); empty: none */
    bool staple_as_is;     /* send ocsp_response unread, even if it is no OCSPResponse: for tests of
                            * clients */
} hf_identity_source;

/* Loads and checks. HF_FAILED: *error says what is wrong with which certificate or key, *out is
 * NULL. */
HF_API HF_MUST_CHECK hf_status hf_identity_load(const hf_identity_source *source, hf_error *error,
                                                hf_identity **out);
/* One more reference; returns identity. */
HF_API hf_identity *hf_identity_ref(hf_identity *identity);
HF_API void hf_identity_free(hf_identity *identity); /* drops one reference; NULL is allowed */

/* How many certificates the chain has. */
HF_API size_t hf_identity_chain_count(const hf_identity *identity);
/* Certificate i in DER, leaf first; empty for i >= count. Lives as long as the identity. */
HF_API hf_span hf_identity_certificate(const hf_identity *identity, size_t i);
/* The kind of the leaf's key. */
HF_API hf_key_kind hf_identity_key_kind(const hf_identity *identity);
/* The private key, for the provider's sign; NULL when it lives elsewhere. Lives as long as the
 * identity. */
HF_API const hf_private_key *hf_identity_key(const hf_identity *identity);
/* What it was loaded with; empty: none. Live as long as the identity. */
HF_API hf_span hf_identity_ocsp_response(const hf_identity *identity);
HF_API hf_span hf_identity_sct_list(const hf_identity *identity);

/* Whether the leaf is valid at a time; if not, *error says by how much (HF_E_IDENTITY_EXPIRED). */
HF_API HF_MUST_CHECK hf_status hf_identity_check_time(const hf_identity *identity, int64_t unix_s,
                                                      hf_error *error);

/* How many names the leaf has (subjectAltName). */
HF_API size_t hf_identity_name_count(const hf_identity *identity);
/* Name i: first the DNS names in lower case, which decide the choice, then the IP addresses, for
 * display. Names that nobody could ask for are left out. NULL for i >= count. Lives as long as the
 * identity. */
HF_API const char *hf_identity_name(const hf_identity *identity, size_t i);

/* A store over count identities (references are taken); the first is the default. NULL: no
 * memory. */
HF_API hf_identity_store *hf_identity_store_new(hf_identity *const *identities, size_t count);
/* One more reference; returns store. */
HF_API hf_identity_store *hf_identity_store_ref(hf_identity_store *store);
HF_API void hf_identity_store_free(
    hf_identity_store *store); /* drops one reference; NULL is allowed */
/* Swaps the whole set; handshakes under way keep what they chose. HF_FAILED: no memory, nothing
 * changed. */
HF_API HF_MUST_CHECK hf_status hf_identity_store_replace(hf_identity_store *store,
                                                         hf_identity *const *identities,
                                                         size_t count);

HF_END_DECLS

#endif

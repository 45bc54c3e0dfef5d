/* The door of the identity room for the handshake: choosing what to show. */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H

#include <handfast/identity.h>

#include "trace/trace.h"

/* What the peer can use. Everything is borrowed for the call. */
struct identity_want {
    hf_span server_name;     /* from SNI; empty: none, or this end is the client */
    bool strict_name;        /* an unknown name is an error instead of the default */
    const uint16_t *schemes; /* the peer's signature_algorithms, its preference first */
    size_t scheme_count;
    const uint16_t *cert_schemes; /* its signature_algorithms_cert; count 0: as schemes */
    size_t cert_scheme_count;
    const uint16_t *allowed; /* schemes that this end's configuration allows to sign with, our
                                preference first */
    size_t allowed_count;
    bool key_transport; /* a server's suites of RSA key transport are common (RFC 5246, 7.4.2) */
    const hf_span *authorities; /* DER Names of certificate_authorities; count 0: any */
    size_t authority_count;
};

/* What the keyUsage of its leaf allows: to sign, and to decrypt a premaster secret. */
bool identity_may_sign(const hf_identity *identity);
bool identity_may_decrypt(const hf_identity *identity);

/* What was found. identity carries a reference for the caller. */
struct identity_choice {
    hf_identity *identity;
    uint16_t scheme;
    size_t index; /* in the store */
};

/* Chooses: by name exact, then wildcard (one left label), then the whole store, so that its first
 * is the default; among equals those whose chain and key the peer can verify (RFC 9846, 4.5.1.2),
 * in store order; a chain signed in ways that cert_schemes lacks is used only when nothing better
 * exists, and with SHA-1 never. On a client only identities that lead to a listed authority fit; on
 * a server such are preferred. tr->role says which end this is. HF_FAILED: *error is
 * HF_E_UNRECOGNIZED_NAME, HF_E_NO_COMMON_SIGNATURE or HF_E_NO_CERTIFICATE with names in the detail.
 * Every candidate is traced with the reason why it lost (of those that are for other names the
 * first sixteen). Nothing is allocated. */
HF_MUST_CHECK hf_status identity_choose(const hf_identity_store *store,
                                        const struct identity_want *want, const struct tracer *tr,
                                        hf_error *error, struct identity_choice *out);

#endif

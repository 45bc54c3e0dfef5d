/* Operations inside the handshake room. */
#ifndef HS_OP_H
#define HS_OP_H

#include <handfast/op.h>

#include "trace/trace.h"

/* What the built-in answers take beside the operation. */
struct op_context {
    const struct tracer *tr; /* for the candidates of a choice */
    hf_random_fn random;
    void *random_ctx;
};

/* hf_op_run on the connection's own thread, with its trace and its random bytes. */
void op_run(hf_op *op, const struct op_context *context);

/* Frees what an answered but not consumed operation holds for the connection (an identity, a
 * configuration). */
void op_discard(hf_op *op);

/* Whether an answer to choose_identity, perhaps the caller's, is one that may be signed with: of
 * TLS 1.3, fitting the key, and among what the peer verifies. */
bool op_identity_is_sound(const hf_op *op);

/* Schemes that TLS 1.3 allows in CertificateVerify: not rsa_pkcs1, not SHA-1 (RFC 9846, 4.3.3). */
bool op_scheme_signs_tls13(uint16_t scheme);

#endif

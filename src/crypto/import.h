/* External pre-shared keys imported for TLS 1.3 (RFC 9258): from one key of outside, one key for
 * each KDF that a cipher suite may have, under an identity that says so.
 */
#ifndef CRYPTO_IMPORT_H
#define CRYPTO_IMPORT_H

#include "base/secret.h"
#include <handfast/crypto.h>

/* An ImportedIdentity before it is written. target: the hash of the suites that the key is for. */
struct import_identity {
    hf_span external_identity;
    hf_span context;
    const hf_hash *target;
};

/* Bytes that it takes on the wire; more than UINT16_MAX: it cannot be sent. */
size_t import_identity_len(const struct import_identity *identity);

/* Writes import_identity_len bytes to out. */
void import_identity_write(const struct import_identity *identity, uint8_t *out);

/* The key for target under the written identity, from epsk, whose own hash is hash (RFC 9258,
 * 5.1). */
void import_key(const hf_hash *hash, hf_span epsk, hf_span written, const hf_hash *target,
                struct secret *out);

#endif

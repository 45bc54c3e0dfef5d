/* A provider for fuzzing that believes everything: hashes are zero, and so are MACs, Finished and
 * cookies; AEADs copy and accept any tag; every share is a share and every signature is right. What
 * is left is what a fuzzer shall reach: states, lengths, limits. It is no cipher: nothing here may
 * ever be linked with anything else.
 *
 * Shares are short (see trusting.c), so that small inputs hold them; random bytes count up from a
 * seed.
 */
#ifndef FUZZ_SUPPORT_TRUSTING_H
#define FUZZ_SUPPORT_TRUSTING_H

#include <handfast/crypto.h>

const hf_provider *trusting_provider(void);

/* A self-signed certificate in DER that the x509 room can read, and its key, for real providers
 * too. */
hf_span trusting_certificate(void);
hf_span trusting_key(void);
hf_span trusting_rsa_certificate(void);
hf_span trusting_rsa_key(void);

/* Deterministic bytes; ctx: a uint64_t that is the state. */
bool trusting_random(void *ctx, uint8_t *out, size_t len);

#endif

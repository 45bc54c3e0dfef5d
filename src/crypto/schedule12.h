/* Secrets of TLS 1.2: the PRF (RFC 5246, 5) and what is made with it.
 *
 *     premaster --(extended) master secret--> master --key expansion--> keys and IVs
 *                                                   \--"client finished"--> verify_data
 *
 * Every key step is told to the trace with its inputs and output.
 */
#ifndef CRYPTO_SCHEDULE12_H
#define CRYPTO_SCHEDULE12_H

#include "base/secret.h"
#include "crypto/hmac.h"
#include "crypto/suite.h"
#include "trace/trace.h"

enum { MASTER12_LEN = 48, VERIFY_DATA12_LEN = 12 };

/* What the PRF is told beside its secret: label, then the three parts one after the other. */
struct prf12_seed {
    const char *label;
    hf_span a, b, c;
};

/* PRF(secret, label, seed) = P_hash(secret, label + seed), the first len bytes. */
void prf12(const struct hmac_key *secret, const struct prf12_seed *seed, uint8_t *out, size_t len);

/* What a master secret is made from. */
struct master12_args {
    const hf_hash *hash;
    hf_span premaster;
    hf_span client_random, server_random;
    hf_span session_hash; /* RFC 7627, 4; empty: the older form over the two randoms */
    const struct tracer *tr;
};
void master12_compute(const struct master12_args *args, struct secret *master);

/* The write keys and IVs of both ends (RFC 5246, 6.3; AEADs have no MAC keys). The IV is the part
 * that the key block gives, then zeros. */
struct keys12 {
    uint8_t client_key[HF_AEAD_MAX_KEY_LEN], server_key[HF_AEAD_MAX_KEY_LEN];
    uint8_t client_iv[HF_AEAD_NONCE_LEN], server_iv[HF_AEAD_NONCE_LEN];
};
/* randoms: of the client, then of the server. */
void keys12_compute(const struct suite *suite, const struct secret *master, hf_span client_random,
                    hf_span server_random, const struct tracer *tr, struct keys12 *out);

/* verify_data of a Finished (RFC 5246, 7.4.9). label: "client finished" or "server finished". */
void finished12(const hf_hash *hash, const struct secret *master, const char *label,
                hf_span transcript_hash, const struct tracer *tr, uint8_t out[VERIFY_DATA12_LEN]);

/* Keying material for the application (RFC 5705, 4). randoms: client's and server's, 64 bytes.
 * context.data NULL: none, which differs from an empty one. False: a reserved label, or lengths
 * out of range. */
bool exporter12(const hf_hash *hash, const struct secret *master, hf_span randoms,
                const struct prf12_seed *what, uint8_t *out, size_t out_len);

#endif

/* The server's private key, for captures of connections in which the client encrypted the secret to
 * it (RSA key transport of TLS 1.2, RFC 5246, 7.4.7.1). */
#ifndef PKI_RSA_H
#define PKI_RSA_H

#include <handfast/types.h>

#include "cli/trouble.h"

enum { RSA_PREMASTER_LEN = 48 };

struct rsa_key;

/* Reads an RSA key in PEM. Returns 0 or the exit code of *trouble. */
int rsa_key_read(const char *path, struct rsa_key **out, struct trouble *trouble);
void rsa_key_free(struct rsa_key *key);

/* Decrypts a premaster secret; ctx is the key. False: it was not encrypted to this key. */
bool rsa_premaster(void *ctx, hf_span encrypted, uint8_t out[RSA_PREMASTER_LEN]);

#endif

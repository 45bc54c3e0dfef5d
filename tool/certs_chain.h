/* A chain to look at, from a file or from a server. */
#ifndef TOOL_CERTS_CHAIN_H
#define TOOL_CERTS_CHAIN_H

#include <handfast/types.h>

#include "cli/trouble.h"
#include "io/address.h"

enum { CERTS_CHAIN_MAX = 64 };

/* Owns its bytes; free with certs_chain_free. */
struct certs_chain {
    hf_span certificate[CERTS_CHAIN_MAX]; /* DER, in the order in which they came */
    size_t count;
    hf_span ocsp_response; /* or empty */
};

/* Reads a file: PEM or DER. Returns 0 or the exit code of *trouble. */
int certs_chain_read(const char *path, struct certs_chain *out, struct trouble *trouble);

/* Asks a server (certs_fetch.c). name: what is sent as server name and asked for; at most
 * timeout_s seconds for connecting and again for the handshake. */
int certs_chain_fetch(const struct address *to, const char *name, const char *starttls,
                      int64_t timeout_s, struct certs_chain *out, struct trouble *trouble);

/* Adds a copy. False: no room or no memory. */
bool certs_chain_add(struct certs_chain *chain, hf_span der);

/* Copies the response that was stapled. False: no memory. */
bool certs_chain_staple(struct certs_chain *chain, hf_span response);

void certs_chain_free(struct certs_chain *chain);

#endif

/* Throw-away certificates: an authority that lives as long as the process, and leaves that it
 * signed. The authority's key is never written anywhere.
 *
 * Threads: one at a time. */
#ifndef PKI_THROWAWAY_H
#define PKI_THROWAWAY_H

#include <handfast/types.h>

#include "cli/text.h"
#include "cli/trouble.h"

enum { PKI_DAYS = 30 }; /* how long its certificates are valid */

struct pki;

/* A new authority with an ECDSA P-256 key, or NULL with *trouble. */
struct pki *pki_new(struct trouble *trouble);
void pki_free(struct pki *pki);

/* The authority's certificate in PEM; lives as long as the authority. */
hf_span pki_authority_pem(const struct pki *pki);

/* PKI_SERVER_RSA: with an RSA key of 2048 bits, which is slow to make, in place of ECDSA P-256; for
 * key transport as well. */
enum pki_use { PKI_SERVER, PKI_CLIENT, PKI_SERVER_RSA };

/* One leaf with its key, in PEM. names: DNS names and IP addresses, the first also its common
 * name. */
struct pki_leaf {
    struct text chain; /* leaf, then authority */
    struct text key;   /* PKCS#8; wiped by pki_leaf_free */
};

/* Makes a leaf. Returns 0 or the exit code of *trouble. */
int pki_issue(struct pki *pki, enum pki_use use, const char *const *names, size_t count,
              struct pki_leaf *out, struct trouble *trouble);
void pki_leaf_free(struct pki_leaf *leaf);

#endif

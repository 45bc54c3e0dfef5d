/* What the server shows and believes: certificates, and the authorities of clients; from files that
 * can be read again while it runs, or thrown away at the end. */
#ifndef TOOL_CREDENTIALS_H
#define TOOL_CREDENTIALS_H

#include <handfast/identity.h>
#include <handfast/trust.h>

#include "server.h"

struct credentials {
    hf_identity_store *identities; /* NULL: none */
    hf_trust_store *clients;       /* authorities of clients; NULL: none */
    size_t count;                  /* of identities */
    char directory[200]; /* of the throw-away authority's certificate; "": there is none */
    char authority[220]; /* the file */
};

/* Reads what the settings name, or makes a throw-away certificate where they name none and no
 * pre-shared key. Returns 0 or the exit code of *trouble. */
int credentials_load(const struct serve_settings *settings, struct credentials *out,
                     struct trouble *trouble);

/* Reads the files again and swaps; on trouble everything stays as it was. */
int credentials_reload(const struct serve_settings *settings, struct credentials *credentials,
                       struct trouble *trouble);

void credentials_free(struct credentials *credentials);

#endif

/* What run.c and run_kinds.c share: the certificates, and a row for each kind. */
#ifndef TEST_SUPPORT_RUN_KINDS_H
#define TEST_SUPPORT_RUN_KINDS_H

#include "support/run.h"

/* Short chains whose signatures are quick to verify: most tests run thousands of handshakes. */
struct run_pkis {
    struct pki server, client, rsa;
    struct pki *two; /* with an intermediate authority */
};
extern struct run_pkis run_pkis;

struct run_kind_row {
    const char *name;
    bool is_post;
    void (*make)(struct run *run); /* both configurations, which are there and of TLS 1.3 */
};
extern const struct run_kind_row run_kinds[RUN_KIND_COUNT];

/* Ends the program where a setter failed. */
void kind_set(const hf_config *config, hf_status status);

#endif

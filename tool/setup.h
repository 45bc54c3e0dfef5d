/* From the command line to the library's objects: what connect and serve have in common. Every
 * function returns 0 or the exit code of *trouble, which names the option, the value and what to
 * do. */
#ifndef TOOL_SETUP_H
#define TOOL_SETUP_H

#include <handfast/config.h>

#include "cli/option.h"
#include "cli/trouble.h"
#include "io/address.h"

/* Parameters of a configuration as they were written; NULL or 0: not given. */
struct setup_parameters {
    const char *tls;
    const char *ciphers;
    const char *groups;
    const char *key_shares;
    const char *sigalgs, *sigalgs_cert;
    const char *alpn;
    const char *compress;
    int64_t record_size_limit;
    int64_t padding;
    bool require_ems;
    struct opt_list psk;
    int64_t psk_hash;
    const char *psk_context; /* NULL: none */
    bool psk_raw;            /* not imported (RFC 9258) */
    const char *psk_modes;
};

/* The options of the parameters that mean the same at both ends; offsets in setup_parameters. */
enum { SETUP_PSK_OPT_COUNT = 4, SETUP_OPT_COUNT = 9 };
extern const struct opt setup_psk_opts[SETUP_PSK_OPT_COUNT], setup_opts[SETUP_OPT_COUNT];

/* Refuses what does not go together, before anything is made of it. */
int setup_check(const struct setup_parameters *parameters, struct trouble *trouble);

int setup_parameters(hf_config *config, const struct setup_parameters *parameters,
                     struct trouble *trouble);

/* One certificate with its key. */
struct setup_identity {
    const char *cert;
    const char *key;             /* NULL: in the file of the certificate */
    const char *ocsp;            /* NULL: none */
    const char *passphrase_file; /* NULL: ask */
    bool may_ask;
    bool allow_expired;
    int64_t now_s;
};

int setup_identity(const struct setup_identity *from, hf_identity **out, struct trouble *trouble);

/* Anchors from files, or the system's when there are none. option: the name for messages. */
int setup_trust(const char *option, const struct opt_list *files, hf_trust **out,
                struct trouble *trouble);

/* Adds revocation lists from files. */
int setup_crl(const char *option, const struct opt_list *files, hf_trust *trust,
              struct trouble *trouble);

/* Insists on keys, each written as the SHA-256 of its SubjectPublicKeyInfo. */
int setup_pins(const struct opt_list *pins, hf_trust *trust, struct trouble *trouble);

/* Lets the connections of a configuration share the chains that were believed. */
int setup_chain_cache(hf_config *config, struct trouble *trouble);

/* Whether --starttls names a protocol (NULL: it was not given). */
int setup_starttls(const char *written, struct trouble *trouble);
/* The port of an address: its own, or the usual one. */
uint16_t setup_port(const struct address *address, const char *starttls);

/* Tells a trouble that came before any work began: as text, or as JSON if the command line asks for
 * that. */
int setup_failed(int argc, char **argv, const struct trouble *trouble, const char *verb);

/* The trouble of having no memory. */
int setup_no_memory(struct trouble *trouble);

#endif

/* The server: listeners, sessions, certificates, signals. serve.c says what is wanted. */
#ifndef TOOL_SERVER_H
#define TOOL_SERVER_H

#include "cli/option.h"
#include "cli/trouble.h"
#include "resumption.h"
#include "setup.h"

/* The command line of serve. */
struct serve_settings {
    struct opt_list listen, cert, key, ocsp, client_ca, client_crl;
    const char *passphrase_file;
    bool strict_sni, allow_expired;
    struct setup_parameters parameters;
    struct resumption_settings resumption;
    const char *client_auth; /* NULL, "none", "request", "require" */
    bool no_chain_cache;
    bool stateless_retry, echo, quiet, json, log_requests;
    int64_t max_connections; /* 0: as many as the limits allow */
    int64_t handshake_s, handshake_bytes, idle_s, drain_s;
    const char *keylog;
    const char *record; /* file; NULL: none */
    bool secrets;       /* in recordings */
    bool lab;           /* in the page, too */
};

/* Serves until a signal ends it. Returns 0 or the exit code of *trouble. */
int server_run(const struct serve_settings *settings, struct trouble *trouble);

#endif

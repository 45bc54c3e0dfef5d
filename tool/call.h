/* A client's call: from the name to the last byte. connect.c says what is wanted; here it is
 * carried out. */
#ifndef TOOL_CALL_H
#define TOOL_CALL_H

#include <handfast/config.h>

#include "cli/option.h"
#include "cli/trouble.h"
#include "io/address.h"
#include "report/keylog.h"
#include "setup.h"

/* The command line of connect. */
struct call_settings {
    const char *sni; /* a name, "none", or NULL: the host's */
    const char *verify_name;
    struct setup_parameters parameters;
    struct opt_list ca;
    bool insecure;
    const char *cert, *key, *passphrase_file;
    const char *keylog;
    const char *record; /* file; NULL: none */
    const char *http;   /* path; NULL: a pipe */
    bool explain, secrets, quiet, json;
    int64_t time_at; /* 0: now */
    int64_t timeout_s;
    bool no_grease, post_auth;
};

/* Carries out the call to `to` under a frozen configuration, prints what is to be printed and
 * returns the exit code. */
int call_run(const struct call_settings *settings, const struct address *to,
             const hf_config *config, struct keylog *keylog, struct trouble *trouble);

#endif

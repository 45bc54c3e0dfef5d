/* A client's call: from the name to the last byte. connect.c says what is wanted; series.c makes
 * one call after the other; here one is carried out. */
#ifndef TOOL_CALL_H
#define TOOL_CALL_H

#include <handfast/config.h>
#include <handfast/conn.h>

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
    struct opt_list ca, crl, pin;
    bool insecure, no_chain_cache, reverify;
    const char *cert, *key, *passphrase_file;
    int64_t resume;                       /* further connections */
    const char *session_in, *session_out; /* files; NULL: none */
    const char *early_data;               /* file; NULL: none */
    bool resend_early;
    const char *keylog;
    const char *record; /* file; NULL: none */
    const char *http;   /* path; NULL: a pipe */
    bool explain, secrets, quiet, json;
    int64_t time_at; /* 0: now */
    int64_t timeout_s;
    bool no_grease, post_auth, fallback;
    const char *starttls;     /* what is spoken before TLS; NULL: nothing */
    bool ipv4, ipv6;          /* only these addresses */
    const char *export_label; /* of keying material to be shown; NULL: none */
};

/* One connection of a series. Only the last one has standard input and output. */
struct call_turn {
    unsigned number, of; /* from 1 */
    /* What it is given. */
    const hf_session *session; /* to be offered; NULL: none */
    bool session_due;          /* there should be one, and resumed */
    hf_span early;             /* data to be sent early; len 0: none */
    /* How it came out. */
    bool connected;
    char address[ADDRESS_TEXT_MAX];
    hf_conn_info info; /* its spans are gone */
    uint64_t handshake_ns;
    unsigned round_trips;
    size_t early_sent, early_resent; /* bytes: before and after the handshake */
    hf_resume_reason early_reason;
    unsigned sessions; /* that the server issued and that were kept */
};

/* What all connections of a series have in common. */
struct call_plan {
    const struct call_settings *settings;
    const struct address *to;
    const hf_config *config; /* frozen */
    struct keylog *keylog;
    struct call_turn *turns; /* all of them */
    const hf_session *kept;  /* what --session-out has written; NULL: nothing */
    /* The connection of a turn is over; it is not yet reported. May set the trouble. */
    void (*over)(void *ctx, struct call_turn *turn, hf_conn *conn, struct trouble *trouble);
    void *ctx;
};

/* Carries out one turn, prints what is to be printed and returns the exit code. */
int call_run(const struct call_plan *plan, struct call_turn *turn, struct trouble *trouble);

#endif

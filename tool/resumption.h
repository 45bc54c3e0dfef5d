/* Sessions and early data of the server: ticket keys, of its own or a fleet's; who remembers first
 * flights; what early requests get. */
#ifndef TOOL_RESUMPTION_H
#define TOOL_RESUMPTION_H

#include <uv.h>

#include <handfast/config.h>

#include "cli/trouble.h"
#include "fleet/flights.h"

/* As it was written on the command line. */
struct resumption_settings {
    int64_t tickets;  /* for each connection; 0: none, and nothing is resumed */
    const char *seed; /* NULL: keys of our own */
    int64_t lifetime_s;
    int64_t period_s;       /* of keys of our own; 0: a usual one */
    int64_t max_early_data; /* bytes; 0: none is taken */
    int64_t early_window_s;
    const char *early_policy; /* NULL: safe */
    const char *anti_replay;  /* NULL: local */
    int64_t store_limit_ms;   /* how long a handshake waits for the store */
    const char *redis_auth;   /* NULL: the store wants no password */
};

/* What a request that came as early data gets. */
enum early_policy {
    EARLY_SAFE,   /* an answer when its method is safe; else it waits for the handshake's end */
    EARLY_REFUSE, /* the same, but 425 (Too Early) instead of waiting (RFC 8470) */
    EARLY_WAIT    /* it waits, whatever it is */
};

struct resumption {
    hf_ticket_keys *keys;    /* NULL: nothing is resumed */
    hf_session_store *store; /* for clients of TLS 1.2 that take no tickets */
    hf_replay_guard *guard;  /* who remembers first flights: within this process; NULL */
    struct flights *flights; /* or outside; NULL */
    struct place place;      /* where that is */
    struct file_bytes auth;  /* what opens it; empty: nothing need */
    bool reading;            /* the seed, again */
    enum early_policy policy;
};

/* Whether the settings go together. Returns 0 or the exit code of *trouble. */
int resumption_check(const struct resumption_settings *settings, struct trouble *trouble);

/* Makes what the settings ask for; now_ms: Unix time. May wait for a store. Returns 0 or the exit
 * code of *trouble. */
int resumption_load(const struct resumption_settings *settings, int64_t now_ms,
                    struct resumption *out, struct trouble *trouble);

/* Who hears what becomes of it while the server runs. */
struct resumption_watch {
    void (*store_changed)(void *ctx, bool fit, const char *why); /* flights_settings.changed */
    /* After resumption_reload; trouble->exit_code 0: the new seed is in use. */
    void (*seed_read)(void *ctx, const struct trouble *trouble);
    void *ctx;
};

/* Starts to speak with the store, if there is one; watch outlives it. resumption_stop ends that, so
 * that the loop can end. */
int resumption_start(const struct resumption_settings *settings, struct resumption *resumption,
                     uv_loop_t *loop, const struct resumption_watch *watch,
                     struct trouble *trouble);
void resumption_stop(struct resumption *resumption);
/* Reads the seed again on a thread of its own, and goes on with its keys; those of the former one
 * open for their time. In trouble the keys are as they were. Nothing happens while an earlier call
 * still reads. */
void resumption_reload(const struct resumption_settings *settings, struct resumption *resumption,
                       uv_loop_t *loop, const struct resumption_watch *watch);
void resumption_free(struct resumption *resumption);

/* Puts it into the server's configuration. */
int resumption_configure(hf_config *config, const struct resumption_settings *settings,
                         const struct resumption *resumption, struct trouble *trouble);

#endif

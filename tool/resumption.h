/* Sessions and early data of the server: ticket keys, of its own or a fleet's; who remembers first
 * flights; what early requests get. */
#ifndef TOOL_RESUMPTION_H
#define TOOL_RESUMPTION_H

#include <handfast/config.h>

#include "cli/trouble.h"

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
};

/* What a request that came as early data gets. */
enum early_policy {
    EARLY_SAFE,   /* an answer when its method is safe; else it waits for the handshake's end */
    EARLY_REFUSE, /* the same, but 425 (Too Early) instead of waiting (RFC 8470) */
    EARLY_WAIT    /* it waits, whatever it is */
};

struct resumption {
    hf_ticket_keys *keys;   /* NULL: nothing is resumed */
    hf_replay_guard *guard; /* NULL: no early data */
    enum early_policy policy;
};

/* Whether the settings go together. Returns 0 or the exit code of *trouble. */
int resumption_check(const struct resumption_settings *settings, struct trouble *trouble);

/* Makes what the settings ask for; now_ms: Unix time. Returns 0 or the exit code of *trouble. */
int resumption_load(const struct resumption_settings *settings, int64_t now_ms,
                    struct resumption *out, struct trouble *trouble);
/* Reads the seed again, and goes on with its keys; those of the former one open for their time.
 * Returns 0 or the exit code of *trouble; then the keys are as they were. */
int resumption_reload(const struct resumption_settings *settings, int64_t now_ms,
                      const struct resumption *resumption, struct trouble *trouble);
void resumption_free(struct resumption *resumption);

/* Puts it into the server's configuration. */
int resumption_configure(hf_config *config, const struct resumption_settings *settings,
                         const struct resumption *resumption, struct trouble *trouble);

#endif

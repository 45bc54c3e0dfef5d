/* The modes of the demo: what each shows, how its two ends are configured, and what must come of
 * it. */
#ifndef TOOL_DEMO_MODES_H
#define TOOL_DEMO_MODES_H

#include <handfast/config.h>

#include "cli/trouble.h"

struct demo_mode {
    const char *name;
    const char *title;
    const char *about; /* a few sentences for a newcomer */
    /* Lists for the configurations; NULL: the default. */
    const char *client_groups, *key_shares, *server_groups;
    bool mutual, psk, update_keys;
    /* What it must come to. */
    const char *group;
    unsigned round_trips;
    bool retried, post_quantum;
};

enum { DEMO_MODE_COUNT = 6 };
extern const struct demo_mode demo_modes[DEMO_MODE_COUNT];

/* The certificates that all modes share. */
struct demo_world {
    hf_trust_store *trust;
    hf_identity_store *server, *client;
};

/* Makes a throw-away authority and one certificate for each end. Returns 0 or the exit code of
 * *trouble. */
int demo_world_make(struct demo_world *out, struct trouble *trouble);
void demo_world_free(struct demo_world *world);

/* Frozen configurations of one mode; the caller's to free, also on trouble. Returns 0 or the exit
 * code of *trouble. */
int demo_configure(const struct demo_mode *mode, const struct demo_world *world, hf_config **client,
                   hf_config **server, struct trouble *trouble);

/* The name that the server's certificate is for. */
extern const char demo_server_name[];

#endif

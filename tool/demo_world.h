/* What all modes of the demo share, and the configurations that a mode makes of it. */
#ifndef TOOL_DEMO_WORLD_H
#define TOOL_DEMO_WORLD_H

#include <handfast/config.h>
#include <handfast/store.h>

#include "cli/trouble.h"
#include "demo_modes.h"

/* Certificates of an authority that is thrown away at the end; ticket keys; a memory of first
 * flights. */
struct demo_world {
    hf_trust_store *trust;
    hf_identity_store *server, *client;
    hf_identity_store *rsa; /* NULL: no mode needs it */
    hf_ticket_keys *tickets;
    hf_replay_guard *guard;
    hf_session_store *store;
};

/* Makes it; with_rsa: also what takes long. Returns 0 or the exit code of *trouble. */
int demo_world_make(bool with_rsa, struct demo_world *out, struct trouble *trouble);
void demo_world_free(struct demo_world *world);

/* Frozen configurations of one mode; the caller's to free, also on trouble. Returns 0 or the exit
 * code of *trouble. */
int demo_configure(const struct demo_mode *mode, const struct demo_world *world, hf_config **client,
                   hf_config **server, struct trouble *trouble);

/* The name that the server's certificate is for. */
extern const char demo_server_name[];

#endif

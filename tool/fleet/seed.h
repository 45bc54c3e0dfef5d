/* The seed of a fleet's ticket keys: where it comes from, and why one does not do. */
#ifndef FLEET_SEED_H
#define FLEET_SEED_H

#include <handfast/ticket.h>

#include "cli/file.h"
#include "cli/trouble.h"

/* Reads the line from where: FILE, fd:N, env:NAME or redis://HOST:PORT/KEY, where auth opens the
 * store (a line of secret; empty: none). May wait: not for the thread of an event loop. out: as of
 * secret_read. Returns 0 or the exit code of *trouble. */
int seed_read(const char *option, const char *where, hf_span auth, struct file_bytes *out,
              struct trouble *trouble);

/* Gives the ring the keys of the seed. now_ms: Unix time. Returns 0 or the exit code of *trouble;
 * then the ring is as it was. */
int seed_use(const char *where, hf_span seed, hf_ticket_keys *keys, uint32_t lifetime_s,
             int64_t now_ms, struct trouble *trouble);

/* Why the library refuses the seed, from its two public fields. Returns the exit code. */
int seed_refused(const char *where, hf_span seed, uint32_t lifetime_s, int64_t now_ms,
                 struct trouble *trouble);

#endif

/* The value of one key in Redis, waited for: what a program needs once, at its start or on a thread
 * of its own. */
#ifndef FLEET_FETCH_H
#define FLEET_FETCH_H

#include "cli/file.h"
#include "fleet/place.h"

enum { FETCH_MS = 3000 }; /* for all of it, but for looking up a name */

/* Reads the key that place's path names into out; auth: a line of secret, empty: none. option and
 * written name it in messages. Returns 0 or the exit code of *trouble. */
int fetch_value(const char *option, const char *written, hf_span auth, struct file_bytes *out,
                struct trouble *trouble);

#endif

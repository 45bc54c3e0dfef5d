/* Where a Redis is: redis://HOST[:PORT][/PATH], and what opens it. */
#ifndef FLEET_PLACE_H
#define FLEET_PLACE_H

#include "cli/file.h"
#include "io/address.h"

#define PLACE_SCHEME "redis://"

enum { PLACE_PATH_MAX = 512, PLACE_PORT = 6379 };

struct place {
    struct address at;
    char path[PLACE_PATH_MAX]; /* behind the slash; "": none */
};

/* Reads written; option names it in messages. A password in it is refused: every user of the
 * machine can read command lines. Returns 0 or the exit code of *trouble. */
int place_parse(const char *option, const char *written, struct place *out,
                struct trouble *trouble);

/* Cuts the line of --redis-auth, "PASSWORD" or "USER PASSWORD", into the words of the AUTH command.
 * Returns how many (0: secret is empty). Spans lie in secret. */
size_t place_auth(hf_span secret, hf_span words[3]);

#endif

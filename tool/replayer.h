/* A replayer: whoever has recorded what a client sent can send it again. It holds no key and
 * understands nothing; it connects, sends the bytes, and leaves when the server has said something.
 *
 * Threads: that of the loop. */
#ifndef TOOL_REPLAYER_H
#define TOOL_REPLAYER_H

#include <uv.h>

#include "cli/trouble.h"
#include "io/address.h"

struct replayer;

/* What it does, and who hears of its end. */
struct replayer_plan {
    const struct address *to;
    hf_span flight; /* lives until gone */
    struct trouble *trouble;
    void (*gone)(void *ctx); /* once; it frees itself after that */
    void *ctx;
};

/* Starts. NULL: no memory. */
struct replayer *replayer_start(uv_loop_t *loop, const struct replayer_plan *plan);

/* Ends it early; gone follows. */
void replayer_stop(struct replayer *replayer);

#endif

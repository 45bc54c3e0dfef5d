/* One connection to Redis that is kept: made again when it breaks, later and later while that
 * fails.
 *
 * Everything is bounded: the time to connect, the time to an answer, the answers that are awaited,
 * their size. What breaks a bound or the protocol breaks the connection, and every question that is
 * under way is answered with NULL.
 *
 * Threads: that of the loop. */
#ifndef FLEET_REDIS_H
#define FLEET_REDIS_H

#include <uv.h>

#include "fleet/place.h"
#include "fleet/resp.h"

enum {
    REDIS_CONNECT_MS = 1000, /* from the look-up of the name to a connection */
    REDIS_ANSWER_MS = 1000,  /* after this an answer does not come any more */
    REDIS_BACKOFF_LEAST_MS = 50,
    REDIS_BACKOFF_MOST_MS = 2000,
    REDIS_AWAITED_MAX = 2048 /* questions under way */
};

struct redis;

/* reply: NULL when the connection is gone. */
typedef void redis_reply_fn(void *ctx, const struct resp *reply);

/* Both may send. */
struct redis_owner {
    void (*up)(void *ctx);                    /* connected; nothing was said yet */
    void (*down)(void *ctx, const char *why); /* not connected, or no more; static */
};

/* Starts to connect. owner and place outlive it. NULL: no memory. */
struct redis *redis_open(uv_loop_t *loop, const struct place *place,
                         const struct redis_owner *owner, void *ctx);

/* Ends it; questions under way are answered with NULL, and the owner hears nothing more. It frees
 * itself when the loop lets go of it. */
void redis_close(struct redis *redis);

/* Asks. False: it is not connected, or too many questions are under way; fn is not called then. */
bool redis_ask(struct redis *redis, const hf_span *words, size_t count, redis_reply_fn *fn,
               void *ctx);

/* Breaks the connection because of what the other end said; why: static. Allowed within fn. */
void redis_break(struct redis *redis, const char *why);

#endif

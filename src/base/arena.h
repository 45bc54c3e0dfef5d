/* An arena: memory of one lifetime, given out in pieces and taken back at once, wiped.
 *
 * Invariants: the first chunk is part of the block that holds the arena's owner, so that a common
 * handshake allocates once; further chunks are chained and bounded in total by limit.
 *
 * Threads: one at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <handfast/types.h>

struct arena_chunk;

struct arena {
    uint8_t *first; /* the owner's chunk: not freed here, wiped here */
    size_t first_cap;
    size_t first_used;
    struct arena_chunk *more; /* newest first */
    size_t total;             /* bytes of all further chunks */
    size_t limit;             /* of total */
};

/* Starts an arena over the owner's memory, which need not be zero. */
void arena_init(struct arena *a, uint8_t *first, size_t first_cap, size_t limit);

/* n zeroed bytes aligned to 64, or NULL when memory or the limit is exhausted. */
void *arena_alloc(struct arena *a, size_t n);

/* A copy of the span, or NULL (also a NULL-free pointer for the empty span). */
uint8_t *arena_copy(struct arena *a, hf_span s);

/* Where the arena stands, for arena_release. */
static inline size_t arena_mark(const struct arena *a)
{
    return a->first_used;
}

/* Takes back and wipes what was given out of the owner's chunk since the mark; what came from
 * further chunks stays until arena_clear. */
void arena_release(struct arena *a, size_t mark);

/* Wipes everything given out and frees the further chunks. The arena is empty and usable again. */
void arena_clear(struct arena *a);

#endif

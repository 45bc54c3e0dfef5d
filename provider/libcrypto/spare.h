/* A stash of working objects that cost allocations to make (BN_CTX, points, exchange contexts).
 *
 * An operation takes one, works, and puts it back; when the stash is empty the caller makes one,
 * when it is full it frees the one it has. So the number of objects is that of operations at the
 * same time, up to LC_SPARE_COUNT, and in the steady state nothing is allocated. No lock: each
 * slot is one atomic exchange. Objects are put back wiped of secrets. */
#ifndef LIBCRYPTO_SPARE_H
#define LIBCRYPTO_SPARE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { LC_SPARE_COUNT = 8 };

struct lc_spare {
    _Atomic(void *) slot[LC_SPARE_COUNT];
};

/* An object out of the stash, now the caller's, or NULL. */
static inline void *lc_spare_take(struct lc_spare *spare)
{
    for (size_t i = 0; i < LC_SPARE_COUNT; i++) {
        if (atomic_load_explicit(&spare->slot[i], memory_order_relaxed) == NULL) {
            continue;
        }
        void *object = atomic_exchange_explicit(&spare->slot[i], NULL, memory_order_acquire);
        if (object != NULL) {
            return object;
        }
    }
    return NULL;
}

/* Puts object into the stash. False when there is no room: it stays the caller's. */
static inline bool lc_spare_put(struct lc_spare *spare, void *object)
{
    for (size_t i = 0; i < LC_SPARE_COUNT; i++) {
        void *empty = NULL;
        if (atomic_compare_exchange_strong_explicit(&spare->slot[i], &empty, object,
                                                    memory_order_release, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

#endif

/* Invariant: whoever can load a pointer from `object` has raised `readers` before and lowers it
 * only once it holds its own reference. All operations on the two words are sequentially
 * consistent: a replacer that has exchanged the pointer and then sees no reader knows that every
 * later reader loads the new pointer and that every earlier one has its reference. */
#include "base/rotate.h"

#include <sched.h>

struct ref *rotate_read(struct rotate *r)
{
    atomic_fetch_add(&r->readers, 1);
    struct ref *object = atomic_load(&r->object);
    if (object != NULL) {
        ref_take(object);
    }
    atomic_fetch_sub(&r->readers, 1);
    return object;
}

struct ref *rotate_replace(struct rotate *r, struct ref *object)
{
    struct ref *former = atomic_exchange(&r->object, object);
    while (atomic_load(&r->readers) != 0) {
        (void)sched_yield(); /* the reader may have been put to sleep just there */
    }
    return former;
}

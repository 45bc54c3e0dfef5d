/* A rotating handle: one pointer to a reference-counted object, read by many while it is replaced.
 *
 * Reading never waits, not even for a replacer that the system has put to sleep: it announces
 * itself, loads the pointer, takes a reference and is gone, three atomic additions. Replacing
 * exchanges the pointer and then waits until no reader stands between load and reference; that is a
 * few nanoseconds, as reading does nothing else there. No lock of the system is involved.
 *
 * Objects begin with a struct ref, so that one cast leads from here to there.
 *
 * Threads: everything but rotate_init, by all at all times.
 */
#ifndef BASE_ROTATE_H
#define BASE_ROTATE_H

#include <stdatomic.h>

#include <handfast/types.h>

/* The first member of a shared object. */
struct ref {
    atomic_size_t count;
};

static inline void ref_init(struct ref *r)
{
    atomic_init(&r->count, 1);
}

/* One more holder. The caller is one already, so nothing needs to be ordered. */
static inline void ref_take(struct ref *r)
{
    atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed);
}

/* One holder less. True: it was the last, and the caller must end the object; everything that other
 * holders did with it has happened before. */
HF_MUST_CHECK static inline bool ref_drop(struct ref *r)
{
    return atomic_fetch_sub_explicit(&r->count, 1, memory_order_acq_rel) == 1;
}

struct rotate {
    _Atomic(struct ref *) object; /* the handle holds one reference of it; NULL: empty */
    atomic_size_t readers;        /* between announcing themselves and having their reference */
};

/* Starts the handle over object (NULL is allowed), taking over the caller's reference. */
static inline void rotate_init(struct rotate *r, struct ref *object)
{
    atomic_init(&r->object, object);
    atomic_init(&r->readers, 0);
}

/* The object of this moment with a reference for the caller; NULL when the handle is empty. */
struct ref *rotate_read(struct rotate *r);

/* Puts object (NULL is allowed) in place, taking over the caller's reference, and returns the
 * former one with the reference that the handle held. */
struct ref *rotate_replace(struct rotate *r, struct ref *object);

#endif

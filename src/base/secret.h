/* Wiping and constant-time comparison: the two things that must not be left to the compiler's
 * taste. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <handfast/types.h>

/* Overwrites n bytes at p with zero, in a way that is not optimised away. p may be NULL when n
 * is 0. */
void hf_wipe(void *p, size_t n);

/* Whether a and b are equal over n bytes, in time that depends on n alone. */
bool hf_ct_equal(const void *a, const void *b, size_t n);

/* A secret of a hash's length with its length beside it. Wipe with secret_wipe when done. */
struct secret {
    uint8_t len;
    uint8_t b[48];
};

static inline void secret_wipe(struct secret *s)
{
    hf_wipe(s, sizeof *s);
}

static inline hf_span secret_span(const struct secret *s)
{
    return (hf_span){s->b, s->len};
}

#endif

#if defined(__SIZEOF_INT128__)

#include "fe25519.h"

static struct fe carry(const struct fe *a);
static struct fe square_times(const struct fe *a, unsigned times);

void fe_to_bytes(uint8_t out[32], const struct fe *a)
{
    /* Twice round brings every limb to 51 bits, and the value below 2p. */
    struct fe r = carry(a);
    r = carry(&r);
    /* Whether r >= p: adding 19 then carries out of bit 255. */
    uint64_t q = (r.v[0] + 19) >> 51;
    for (int i = 1; i < 5; i++) {
        q = (r.v[i] + q) >> 51;
    }
    r.v[0] += 19 * q;
    for (int i = 0; i < 4; i++) {
        r.v[i + 1] += r.v[i] >> 51;
        r.v[i] &= FE_MASK;
    }
    r.v[4] &= FE_MASK;
    fe_store_word(out, r.v[0] | r.v[1] << 51);
    fe_store_word(out + 8, r.v[1] >> 13 | r.v[2] << 38);
    fe_store_word(out + 16, r.v[2] >> 26 | r.v[3] << 25);
    fe_store_word(out + 24, r.v[3] >> 39 | r.v[4] << 12);
}

/* a^(p-2). The names give the exponent: x_n is a^(2^n - 1), and 2^255 - 21 = (2^250 - 1) 2^5 + 11. */
struct fe fe_invert(const struct fe *a)
{
    const struct fe a2 = fe_square(a);
    struct fe t = square_times(&a2, 2);
    const struct fe a9 = fe_mul(&t, a);
    const struct fe a11 = fe_mul(&a9, &a2);
    t = fe_square(&a11);
    const struct fe x5 = fe_mul(&t, &a9);
    t = square_times(&x5, 5);
    const struct fe x10 = fe_mul(&t, &x5);
    t = square_times(&x10, 10);
    const struct fe x20 = fe_mul(&t, &x10);
    t = square_times(&x20, 20);
    const struct fe x40 = fe_mul(&t, &x20);
    t = square_times(&x40, 10);
    const struct fe x50 = fe_mul(&t, &x10);
    t = square_times(&x50, 50);
    const struct fe x100 = fe_mul(&t, &x50);
    t = square_times(&x100, 100);
    const struct fe x200 = fe_mul(&t, &x100);
    t = square_times(&x200, 50);
    const struct fe x250 = fe_mul(&t, &x50);
    t = square_times(&x250, 5);
    return fe_mul(&t, &a11);
}

static struct fe square_times(const struct fe *a, unsigned times)
{
    struct fe r = fe_square(a);
    for (unsigned i = 1; i < times; i++) {
        r = fe_square(&r);
    }
    return r;
}

static struct fe carry(const struct fe *a)
{
    struct fe r = *a;
    for (int i = 0; i < 4; i++) {
        r.v[i + 1] += r.v[i] >> 51;
        r.v[i] &= FE_MASK;
    }
    r.v[0] += 19 * (r.v[4] >> 51);
    r.v[4] &= FE_MASK;
    return r;
}

#endif

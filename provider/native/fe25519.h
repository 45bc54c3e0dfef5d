/* The field of 2^255 - 19 in five limbs of 51 bits, for one element at a time.
 *
 * Bounds, by which sums need no carry: fe_mul and fe_square take limbs below 2^54 and give limbs below
 * 2^51 + 2^13. fe_add adds bounds; fe_sub takes away limbs below 2^53 - 76, the sum of two products, and
 * adds 2^53. No function branches or indexes on a value. */
#ifndef NATIVE_FE25519_H
#define NATIVE_FE25519_H

#include <stdint.h>
#include <string.h>

__extension__ typedef unsigned __int128 fe_wide;

struct fe {
    uint64_t v[5];
};

#define FE_MASK ((UINT64_C(1) << 51) - 1)

/* The limbs of 4p, so that a difference stays positive. */
#define FE_4P_0 (4 * (FE_MASK - 18))
#define FE_4P   (4 * FE_MASK)

static inline struct fe fe_one(void)
{
    return (struct fe){{1, 0, 0, 0, 0}};
}

static inline struct fe fe_add(const struct fe *a, const struct fe *b)
{
    struct fe r;
    for (int i = 0; i < 5; i++) {
        r.v[i] = a->v[i] + b->v[i];
    }
    return r;
}

static inline struct fe fe_sub(const struct fe *a, const struct fe *b)
{
    struct fe r;
    r.v[0] = a->v[0] + FE_4P_0 - b->v[0];
    for (int i = 1; i < 5; i++) {
        r.v[i] = a->v[i] + FE_4P - b->v[i];
    }
    return r;
}

/* Sums of products down to limbs of 51 bits; 2^255 is 19. */
static inline struct fe fe_carry_wide(fe_wide t0, fe_wide t1, fe_wide t2, fe_wide t3, fe_wide t4)
{
    struct fe r;
    t1 += (uint64_t)(t0 >> 51);
    t2 += (uint64_t)(t1 >> 51);
    t3 += (uint64_t)(t2 >> 51);
    t4 += (uint64_t)(t3 >> 51);
    const uint64_t low = ((uint64_t)t0 & FE_MASK) + 19 * (uint64_t)(t4 >> 51);
    r.v[0] = low & FE_MASK;
    r.v[1] = ((uint64_t)t1 & FE_MASK) + (low >> 51);
    r.v[2] = (uint64_t)t2 & FE_MASK;
    r.v[3] = (uint64_t)t3 & FE_MASK;
    r.v[4] = (uint64_t)t4 & FE_MASK;
    return r;
}

static inline struct fe fe_mul(const struct fe *a, const struct fe *b)
{
    const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
    const uint64_t b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4];
    const uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
    return fe_carry_wide((fe_wide)a0 * b0 + (fe_wide)a1 * c4 + (fe_wide)a2 * c3 + (fe_wide)a3 * c2 +
                             (fe_wide)a4 * c1,
                         (fe_wide)a0 * b1 + (fe_wide)a1 * b0 + (fe_wide)a2 * c4 + (fe_wide)a3 * c3 +
                             (fe_wide)a4 * c2,
                         (fe_wide)a0 * b2 + (fe_wide)a1 * b1 + (fe_wide)a2 * b0 + (fe_wide)a3 * c4 +
                             (fe_wide)a4 * c3,
                         (fe_wide)a0 * b3 + (fe_wide)a1 * b2 + (fe_wide)a2 * b1 + (fe_wide)a3 * b0 +
                             (fe_wide)a4 * c4,
                         (fe_wide)a0 * b4 + (fe_wide)a1 * b3 + (fe_wide)a2 * b2 + (fe_wide)a3 * b1 +
                             (fe_wide)a4 * b0);
}

static inline struct fe fe_square(const struct fe *a)
{
    const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
    const uint64_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, d3 = 2 * a3;
    const uint64_t c3 = 19 * a3, c4 = 19 * a4;
    return fe_carry_wide((fe_wide)a0 * a0 + (fe_wide)d1 * c4 + (fe_wide)d2 * c3,
                         (fe_wide)d0 * a1 + (fe_wide)d2 * c4 + (fe_wide)a3 * c3,
                         (fe_wide)d0 * a2 + (fe_wide)a1 * a1 + (fe_wide)d3 * c4,
                         (fe_wide)d0 * a3 + (fe_wide)d1 * a2 + (fe_wide)a4 * c4,
                         (fe_wide)d0 * a4 + (fe_wide)d1 * a3 + (fe_wide)a2 * a2);
}

/* Four words to five limbs; bit 255 is dropped, as RFC 7748, 5 wants of a coordinate. */
static inline struct fe fe_from_words(const uint64_t w[4])
{
    return (struct fe){{w[0] & FE_MASK, (w[0] >> 51 | w[1] << 13) & FE_MASK,
                        (w[1] >> 38 | w[2] << 26) & FE_MASK, (w[2] >> 25 | w[3] << 39) & FE_MASK,
                        w[3] >> 12 & FE_MASK}};
}

static inline uint64_t fe_load_word(const uint8_t in[8])
{
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--) {
        word = word << 8 | in[i];
    }
    return word;
}

static inline void fe_store_word(uint8_t out[8], uint64_t word)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(word >> 8 * i);
    }
}

static inline struct fe fe_from_bytes(const uint8_t in[32])
{
    const uint64_t words[4] = {fe_load_word(in), fe_load_word(in + 8), fe_load_word(in + 16),
                               fe_load_word(in + 24)};
    return fe_from_words(words);
}

/* The bytes of the one representative below p. Takes limbs below 2^63. */
void fe_to_bytes(uint8_t out[32], const struct fe *a);

/* 1/a; 0 for 0. */
struct fe fe_invert(const struct fe *a);

#endif

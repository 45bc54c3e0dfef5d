/* The NTT and products in it with AVX2. Bounds and formulas are those of mlkem_ntt.c.
 *
 * The layers are done in two passes. Between coefficients 128, 64 and 32 apart, butterflies join
 * whole registers: eight registers, 32 coefficients apart, are loaded once for three layers.
 * Below that, each run of 32 coefficients is on its own: two registers for four layers, with
 * shuffles that bring partners to the same place of the two registers before each layer, and
 * back into order at the end. */
#include "mlkem_impl.h"

#if defined(__x86_64__)

#include "mlkem_avx2.h"
#include "mlkem_zeta.h"

/* Constant factors for a register, and the same times q^-1: see multiply. */
struct factors {
    __m256i z;
    __m256i zq;
};

/* Two registers that hold partners. */
struct pair {
    __m256i x;
    __m256i y;
};

#define TIMES_QINV(z) ((int16_t)((z)*MLKEM_QINV))
#define ONCE(z)       (z),
#define ONCE_Q(z)     TIMES_QINV(z),
#define TWICE(z)      (z), (z),
#define TWICE_Q(z)    TIMES_QINV(z), TIMES_QINV(z),
#define FOUR(z)       TWICE(z) TWICE(z)
#define FOUR_Q(z)     TWICE_Q(z) TWICE_Q(z)
#define EIGHT(z)      FOUR(z) FOUR(z)
#define EIGHT_Q(z)    FOUR_Q(z) FOUR_Q(z)
/* Factors of algorithm 11: products of pair 2i take the zeta, those of pair 2i + 1 its negative;
 * the coefficients with even number are left alone, whatever stands there. */
#define TWIST(z)   0, (z), 0, -(z),
#define TWIST_Q(z) 0, TIMES_QINV(z), 0, TIMES_QINV(-(z)),

/* Zetas that a whole register shares, in FIPS 203's numbering, which starts with 1. */
static const int16_t zeta[16] = {0, MLKEM_ZETAS_1(ONCE) MLKEM_ZETAS_2(ONCE) MLKEM_ZETAS_4(ONCE)
                                        MLKEM_ZETAS_8(ONCE)};
static const int16_t zeta_q[16] = {0, MLKEM_ZETAS_1(ONCE_Q) MLKEM_ZETAS_2(ONCE_Q)
                                          MLKEM_ZETAS_4(ONCE_Q) MLKEM_ZETAS_8(ONCE_Q)};

/* Zetas of the layers where each 8, 4 or 2 coefficients of a register have their own. */
static const _Alignas(32) int16_t zeta8[128] = {MLKEM_ZETAS_16(EIGHT)};
static const _Alignas(32) int16_t zeta8_q[128] = {MLKEM_ZETAS_16(EIGHT_Q)};
static const _Alignas(32) int16_t zeta4[128] = {MLKEM_ZETAS_32(FOUR)};
static const _Alignas(32) int16_t zeta4_q[128] = {MLKEM_ZETAS_32(FOUR_Q)};
static const _Alignas(32) int16_t zeta2[128] = {MLKEM_ZETAS_64(TWICE)};
static const _Alignas(32) int16_t zeta2_q[128] = {MLKEM_ZETAS_64(TWICE_Q)};
static const _Alignas(32) int16_t twist[256] = {MLKEM_ZETAS_64(TWIST)};
static const _Alignas(32) int16_t twist_q[256] = {MLKEM_ZETAS_64(TWIST_Q)};

MLKEM_AVX2_INLINE struct factors factors_one(size_t i)
{
    return (struct factors){_mm256_set1_epi16(zeta[i]), _mm256_set1_epi16(zeta_q[i])};
}

MLKEM_AVX2_INLINE struct factors factors_load(const int16_t *z, const int16_t *zq, size_t run)
{
    return (struct factors){mlkem_load(z + MLKEM_STEP * run), mlkem_load(zq + MLKEM_STEP * run)};
}

/* Montgomery products. */
MLKEM_AVX2_INLINE __m256i multiply(__m256i a, struct factors f)
{
    const __m256i t = _mm256_mullo_epi16(a, f.zq);
    return _mm256_sub_epi16(_mm256_mulhi_epi16(a, f.z),
                            _mm256_mulhi_epi16(t, _mm256_set1_epi16(MLKEM_Q)));
}

MLKEM_AVX2_INLINE struct pair forward(struct pair p, struct factors f)
{
    const __m256i t = multiply(p.y, f);
    return (struct pair){_mm256_add_epi16(p.x, t), _mm256_sub_epi16(p.x, t)};
}

MLKEM_AVX2_INLINE struct pair inverse(struct pair p, struct factors f)
{
    return (struct pair){_mm256_add_epi16(p.x, p.y), multiply(_mm256_sub_epi16(p.y, p.x), f)};
}

/* Exchanges the upper half of x with the lower half of y, in units of 128 bits, and of 64 and 32
 * bits in each 128. Each is its own inverse. */
MLKEM_AVX2_INLINE struct pair exchange128(struct pair p)
{
    return (struct pair){_mm256_permute2x128_si256(p.x, p.y, 0x20),
                         _mm256_permute2x128_si256(p.x, p.y, 0x31)};
}

MLKEM_AVX2_INLINE struct pair exchange64(struct pair p)
{
    return (struct pair){_mm256_unpacklo_epi64(p.x, p.y), _mm256_unpackhi_epi64(p.x, p.y)};
}

MLKEM_AVX2_INLINE struct pair exchange32(struct pair p)
{
    return (struct pair){_mm256_blend_epi32(p.x, _mm256_slli_epi64(p.y, 32), 0xaa),
                         _mm256_blend_epi32(_mm256_srli_epi64(p.x, 32), p.y, 0xaa)};
}

/* Three layers over v[0..8), which are 32 coefficients apart. */
MLKEM_AVX2_INLINE void forward_wide(int16_t *c)
{
    struct pair p[4];
    for (size_t i = 0; i < 4; i++) {
        p[i] = (struct pair){mlkem_load(c + 32 * i), mlkem_load(c + 32 * i + 128)};
        p[i] = forward(p[i], factors_one(1));
    }
    /* p[i] is (v[i], v[i + 4]); from here each half has zetas of its own. */
    for (size_t half = 0; half < 2; half++) {
        const struct pair a = {half ? p[0].y : p[0].x, half ? p[2].y : p[2].x};
        const struct pair b = {half ? p[1].y : p[1].x, half ? p[3].y : p[3].x};
        const struct pair a64 = forward(a, factors_one(2 + half));
        const struct pair b64 = forward(b, factors_one(2 + half));
        const struct pair low = forward((struct pair){a64.x, b64.x}, factors_one(4 + 2 * half));
        const struct pair high = forward((struct pair){a64.y, b64.y}, factors_one(5 + 2 * half));
        mlkem_store(c + 128 * half, low.x);
        mlkem_store(c + 128 * half + 32, low.y);
        mlkem_store(c + 128 * half + 64, high.x);
        mlkem_store(c + 128 * half + 96, high.y);
    }
}

/* Four layers and the final reduction over one run of 32 coefficients. */
MLKEM_AVX2_INLINE void forward_run(int16_t *c, size_t run)
{
    struct pair p = {mlkem_load(c), mlkem_load(c + MLKEM_STEP)};
    p = forward(p, factors_one(8 + run));
    p = forward(exchange128(p), factors_load(zeta8, zeta8_q, run));
    p = forward(exchange64(p), factors_load(zeta4, zeta4_q, run));
    p = forward(exchange32(p), factors_load(zeta2, zeta2_q, run));
    p = exchange128(exchange64(exchange32(p)));
    mlkem_store(c, mlkem_barrett(p.x));
    mlkem_store(c + MLKEM_STEP, mlkem_barrett(p.y));
}

MLKEM_AVX2 void mlkem_ntt_avx2(struct mlkem_poly *p)
{
    forward_wide(p->c);
    forward_wide(p->c + MLKEM_STEP);
    for (size_t run = 0; run < 8; run++) {
        forward_run(p->c + 32 * run, run);
    }
}

/* The inverse takes a layer's zetas from last to first: the register of the mirrored run, with
 * its own runs of 8, 4 or 2 in reverse. */
MLKEM_AVX2_INLINE struct factors mirrored8(size_t run)
{
    const struct factors f = factors_load(zeta8, zeta8_q, 7 - run);
    return (struct factors){_mm256_permute4x64_epi64(f.z, 0x4e),
                            _mm256_permute4x64_epi64(f.zq, 0x4e)};
}

MLKEM_AVX2_INLINE struct factors mirrored4(size_t run)
{
    const struct factors f = factors_load(zeta4, zeta4_q, 7 - run);
    return (struct factors){_mm256_permute4x64_epi64(f.z, 0x1b),
                            _mm256_permute4x64_epi64(f.zq, 0x1b)};
}

MLKEM_AVX2_INLINE struct factors mirrored2(size_t run)
{
    const __m256i order = _mm256_set_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const struct factors f = factors_load(zeta2, zeta2_q, 7 - run);
    return (struct factors){_mm256_permutevar8x32_epi32(f.z, order),
                            _mm256_permutevar8x32_epi32(f.zq, order)};
}

MLKEM_AVX2_INLINE void inverse_run(int16_t *c, size_t run)
{
    struct pair p = {mlkem_load(c), mlkem_load(c + MLKEM_STEP)};
    p = exchange32(exchange64(exchange128(p)));
    p = inverse(p, mirrored2(run));
    p = inverse(exchange32(p), mirrored4(run));
    p = inverse(exchange64(p), mirrored8(run));
    p.x = mlkem_barrett(p.x);
    p = inverse(exchange128(p), factors_one(15 - run));
    mlkem_store(c, p.x);
    mlkem_store(c + MLKEM_STEP, p.y);
}

MLKEM_AVX2_INLINE void inverse_wide(int16_t *c)
{
    /* 2^32 / 128 mod q, as in mlkem_ntt.c. */
    const struct factors scale = {_mm256_set1_epi16(1441), _mm256_set1_epi16(TIMES_QINV(1441))};
    struct pair p[4];
    for (size_t half = 0; half < 2; half++) {
        const struct pair low = {mlkem_load(c + 128 * half), mlkem_load(c + 128 * half + 32)};
        const struct pair high = {mlkem_load(c + 128 * half + 64), mlkem_load(c + 128 * half + 96)};
        const struct pair low32 = inverse(low, factors_one(7 - 2 * half));
        const struct pair high32 = inverse(high, factors_one(6 - 2 * half));
        const struct pair a = inverse((struct pair){low32.x, high32.x}, factors_one(3 - half));
        const struct pair b = inverse((struct pair){low32.y, high32.y}, factors_one(3 - half));
        const __m256i v[4] = {mlkem_barrett(a.x), mlkem_barrett(b.x), a.y, b.y};
        for (size_t i = 0; i < 4; i++) {
            if (half == 0) {
                p[i].x = v[i];
            } else {
                p[i].y = v[i];
            }
        }
    }
    for (size_t i = 0; i < 4; i++) {
        p[i] = inverse(p[i], factors_one(1));
        mlkem_store(c + 32 * i, multiply(p[i].x, scale));
        mlkem_store(c + 32 * i + 128, multiply(p[i].y, scale));
    }
}

MLKEM_AVX2 void mlkem_inverse_ntt_avx2(struct mlkem_poly *p)
{
    for (size_t run = 0; run < 8; run++) {
        inverse_run(p->c + 32 * run, run);
    }
    inverse_wide(p->c);
    inverse_wide(p->c + MLKEM_STEP);
}

MLKEM_AVX2 void mlkem_factor_twist_avx2(struct mlkem_factor *f)
{
    for (size_t i = 0; i < MLKEM_N; i += MLKEM_STEP) {
        const __m256i b = mlkem_load(f->plain.c + i);
        const struct factors by = factors_load(twist, twist_q, i / MLKEM_STEP);
        mlkem_store(f->twisted.c + i, _mm256_blend_epi16(b, multiply(b, by), 0xaa));
    }
}

/* The sums of two products are what vpmaddwd computes, in 32 bits: coefficients with even number
 * against (b0, g b1), those with odd number against (b1, b0). */
MLKEM_AVX2 void mlkem_dot_avx2(struct mlkem_poly *out, const struct mlkem_poly a[MLKEM_K],
                               const struct mlkem_factor b[MLKEM_K])
{
    const __m256i qinv = _mm256_set1_epi16(MLKEM_QINV);
    const __m256i q = _mm256_set1_epi16(MLKEM_Q);
    const __m256i swap = _mm256_set_epi8(13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2, 13,
                                         12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2);
    for (size_t i = 0; i < MLKEM_N; i += MLKEM_STEP) {
        __m256i even = _mm256_setzero_si256();
        __m256i odd = _mm256_setzero_si256();
        for (size_t k = 0; k < MLKEM_K; k++) {
            const __m256i x = mlkem_load(a[k].c + i);
            const __m256i y = _mm256_shuffle_epi8(mlkem_load(b[k].plain.c + i), swap);
            even = _mm256_add_epi32(even, _mm256_madd_epi16(x, mlkem_load(b[k].twisted.c + i)));
            odd = _mm256_add_epi32(odd, _mm256_madd_epi16(x, y));
        }
        /* Montgomery reduction needs low and high halves apart: here both kinds join again. */
        const __m256i low = _mm256_blend_epi16(even, _mm256_slli_epi32(odd, 16), 0xaa);
        const __m256i high = _mm256_blend_epi16(_mm256_srli_epi32(even, 16), odd, 0xaa);
        const __m256i t = _mm256_mullo_epi16(low, qinv);
        mlkem_store(out->c + i, _mm256_sub_epi16(high, _mm256_mulhi_epi16(t, q)));
    }
}

#endif

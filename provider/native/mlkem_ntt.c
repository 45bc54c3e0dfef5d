/* The NTT and products in it, portable: loops that compilers turn into vector code.
 *
 * Two facts carry the bounds written below. A Montgomery product a * b * 2^-16 is at most |a| *
 * |b| / 2^16 + q/2, so with |b| <= q/2 and any int16_t a it is below q. A Barrett reduction of
 * any int16_t is at most q/2. Right shifts of negative numbers are arithmetic on every compiler
 * we use. */
#include "mlkem_impl.h"
#include "mlkem_zeta.h"

/* A constant factor of Montgomery products, with z * q^-1 mod 2^16 beside it: saves a
 * multiplication. */
struct zeta {
    int16_t z;
    int16_t zq;
};

static void forward_layer(int16_t *c, size_t len, const struct zeta *zetas);
static void inverse_layer(int16_t *c, size_t len, const struct zeta *zetas);
static void reduce_sums(int16_t *c, size_t len);
static int16_t montgomery_reduce(int32_t a);
static int16_t multiply_zeta(int16_t a, struct zeta zeta);
static int16_t barrett_reduce(int16_t a);
static int16_t high_half(int32_t a);

#define TIMES_QINV(z) ((int16_t)((z)*MLKEM_QINV))
#define PAIR(z)       {(z), TIMES_QINV(z)},

static const struct zeta zetas[128] = {{0, 0}, /* so that indices are FIPS 203's */
                                       MLKEM_ZETAS_1(PAIR) MLKEM_ZETAS_2(PAIR) MLKEM_ZETAS_4(PAIR)
                                           MLKEM_ZETAS_8(PAIR) MLKEM_ZETAS_16(PAIR)
                                               MLKEM_ZETAS_32(PAIR) MLKEM_ZETAS_64(PAIR)};

void mlkem_ntt_portable(struct mlkem_poly *p)
{
    /* |c| < 4096 and seven additions of less than 0.75 q: no overflow before the end. */
    forward_layer(p->c, 128, zetas + 1);
    forward_layer(p->c, 64, zetas + 2);
    forward_layer(p->c, 32, zetas + 4);
    forward_layer(p->c, 16, zetas + 8);
    forward_layer(p->c, 8, zetas + 16);
    forward_layer(p->c, 4, zetas + 32);
    forward_layer(p->c, 2, zetas + 64);
    for (size_t i = 0; i < MLKEM_N; i++) {
        p->c[i] = barrett_reduce(p->c[i]);
    }
}

void mlkem_inverse_ntt_portable(struct mlkem_poly *p)
{
    /* 2^32 / 128 mod q: the end of algorithm 10, and 2^16 more. */
    const struct zeta scale = {1441, TIMES_QINV(1441)};
    /* Sums double in each layer: q, 2q, 4q, 8q is the limit; products are below q again. */
    inverse_layer(p->c, 2, zetas + 127);
    inverse_layer(p->c, 4, zetas + 63);
    inverse_layer(p->c, 8, zetas + 31);
    reduce_sums(p->c, 8);
    inverse_layer(p->c, 16, zetas + 15);
    inverse_layer(p->c, 32, zetas + 7);
    inverse_layer(p->c, 64, zetas + 3);
    reduce_sums(p->c, 64);
    inverse_layer(p->c, 128, zetas + 1);
    for (size_t i = 0; i < MLKEM_N; i++) {
        p->c[i] = multiply_zeta(p->c[i], scale);
    }
}

void mlkem_factor_twist_portable(struct mlkem_factor *f)
{
    for (size_t i = 0; i < MLKEM_N / 4; i++) {
        /* 17^(2 BitRev7(2i) + 1) is entry 64 + i of the table; the one for 2i + 1 is its
         * negative. */
        const struct zeta zeta = zetas[64 + i];
        f->twisted.c[4 * i] = f->plain.c[4 * i];
        f->twisted.c[4 * i + 1] = multiply_zeta(f->plain.c[4 * i + 1], zeta);
        f->twisted.c[4 * i + 2] = f->plain.c[4 * i + 2];
        f->twisted.c[4 * i + 3] = (int16_t)-multiply_zeta(f->plain.c[4 * i + 3], zeta);
    }
}

void mlkem_dot_portable(struct mlkem_poly *out, const struct mlkem_poly a[MLKEM_K],
                        const struct mlkem_factor b[MLKEM_K])
{
    /* Six products below 4096 q: below the 2^15 q that Montgomery reduction takes. */
    for (size_t i = 0; i < MLKEM_N; i += 2) {
        int32_t even = 0;
        int32_t odd = 0;
        for (size_t k = 0; k < MLKEM_K; k++) {
            const int16_t *x = a[k].c + i;
            const int16_t *y = b[k].plain.c + i;
            const int16_t *twisted = b[k].twisted.c + i;
            even += x[0] * twisted[0] + x[1] * twisted[1];
            odd += x[0] * y[1] + x[1] * y[0];
        }
        out->c[i] = montgomery_reduce(even);
        out->c[i + 1] = montgomery_reduce(odd);
    }
}

/* Butterflies of Cooley and Tukey: (x, y) to (x + zeta y, x - zeta y). Blocks of 2 len, a zeta
 * each. */
static inline __attribute__((always_inline)) void forward_layer(int16_t *c, size_t len,
                                                                const struct zeta *zeta)
{
    for (size_t start = 0; start < MLKEM_N; start += 2 * len) {
        for (size_t i = start; i < start + len; i++) {
            const int16_t t = multiply_zeta(c[i + len], *zeta);
            c[i + len] = (int16_t)(c[i] - t);
            c[i] = (int16_t)(c[i] + t);
        }
        zeta++;
    }
}

/* Butterflies of Gentleman and Sande: (x, y) to (x + y, zeta (y - x)); zeta runs backwards. */
static inline __attribute__((always_inline)) void inverse_layer(int16_t *c, size_t len,
                                                                const struct zeta *zeta)
{
    for (size_t start = 0; start < MLKEM_N; start += 2 * len) {
        for (size_t i = start; i < start + len; i++) {
            const int16_t difference = (int16_t)(c[i + len] - c[i]);
            c[i] = (int16_t)(c[i] + c[i + len]);
            c[i + len] = multiply_zeta(difference, *zeta);
        }
        zeta--;
    }
}

/* Reduces what inverse_layer(c, len) left as sums. */
static inline __attribute__((always_inline)) void reduce_sums(int16_t *c, size_t len)
{
    for (size_t start = 0; start < MLKEM_N; start += 2 * len) {
        for (size_t i = start; i < start + len; i++) {
            c[i] = barrett_reduce(c[i]);
        }
    }
}

/* a * 2^-16 mod q for |a| < 2^15 q. */
static inline int16_t montgomery_reduce(int32_t a)
{
    const int16_t t = (int16_t)((int16_t)a * MLKEM_QINV);
    return high_half(a - t * MLKEM_Q);
}

/* The difference of the high halves is exact, because the low halves are equal. */
static inline int16_t multiply_zeta(int16_t a, struct zeta zeta)
{
    const int16_t t = (int16_t)(a * zeta.zq);
    return (int16_t)(high_half(a * zeta.z) - high_half(t * MLKEM_Q));
}

/* a - q * round(a / q), with 2^26 / q = 20158.87 in place of the division. */
static inline int16_t barrett_reduce(int16_t a)
{
    const int16_t quotient = (int16_t)((high_half(a * 20159) + 512) >> 10);
    return (int16_t)(a - quotient * MLKEM_Q);
}

static inline int16_t high_half(int32_t a)
{
    return (int16_t)(a >> 16);
}

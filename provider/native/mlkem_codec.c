/* Sampling, encoding and compression of polynomials, portable.
 *
 * Nothing here divides: on many processors a division takes time that depends on its operands, and
 * compression handles secrets. No branch or index depends on a coefficient, but in sample_uniform,
 * whose input is public. */
#include "mlkem_impl.h"

static uint32_t compress(int16_t c, unsigned d);
static int16_t decompress(uint32_t y, unsigned d);
static uint16_t canonical(int16_t c);
static uint32_t barrier(uint32_t v);

size_t mlkem_sample_uniform_portable(struct mlkem_poly *out, const uint8_t *stream, size_t len)
{
    size_t found = 0;
    for (size_t i = 0; i + 3 <= len && found < MLKEM_N; i += 3) {
        const uint32_t bits =
            stream[i] | (uint32_t)stream[i + 1] << 8 | (uint32_t)stream[i + 2] << 16;
        const int16_t d1 = (int16_t)(bits & 0xfff);
        const int16_t d2 = (int16_t)(bits >> 12);
        if (d1 < MLKEM_Q) {
            out->c[found++] = d1;
        }
        if (d2 < MLKEM_Q && found < MLKEM_N) {
            out->c[found++] = d2;
        }
    }
    return found;
}

void mlkem_sample_noise_portable(struct mlkem_poly *out, const uint8_t bytes[MLKEM_NOISE_LEN])
{
    for (size_t i = 0; i < MLKEM_NOISE_LEN; i++) {
        /* Two bits of each four are x, two are y; pairs holds the sum of each two. */
        const unsigned pairs = (bytes[i] & 0x55u) + (bytes[i] >> 1 & 0x55u);
        out->c[2 * i] = (int16_t)((int)(pairs & 3) - (int)(pairs >> 2 & 3));
        out->c[2 * i + 1] = (int16_t)((int)(pairs >> 4 & 3) - (int)(pairs >> 6));
    }
}

void mlkem_encode12_portable(uint8_t out[MLKEM_POLY_LEN], const struct mlkem_poly *p)
{
    for (size_t i = 0; i < MLKEM_N / 2; i++) {
        const uint32_t bits = canonical(p->c[2 * i]) | (uint32_t)canonical(p->c[2 * i + 1]) << 12;
        out[3 * i] = (uint8_t)bits;
        out[3 * i + 1] = (uint8_t)(bits >> 8);
        out[3 * i + 2] = (uint8_t)(bits >> 16);
    }
}

bool mlkem_decode12_portable(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY_LEN])
{
    int32_t too_large = 0; /* negative once q - 1 - c is, for any c */
    for (size_t i = 0; i < MLKEM_N / 2; i++) {
        const uint32_t bits =
            in[3 * i] | (uint32_t)in[3 * i + 1] << 8 | (uint32_t)in[3 * i + 2] << 16;
        out->c[2 * i] = (int16_t)(bits & 0xfff);
        out->c[2 * i + 1] = (int16_t)(bits >> 12);
        too_large |= (MLKEM_Q - 1 - out->c[2 * i]) | (MLKEM_Q - 1 - out->c[2 * i + 1]);
    }
    return too_large >= 0;
}

void mlkem_compress10_portable(uint8_t out[MLKEM_POLY10_LEN], const struct mlkem_poly *p)
{
    for (size_t i = 0; i < MLKEM_N / 4; i++) {
        uint64_t bits = 0;
        for (size_t k = 0; k < 4; k++) {
            bits |= (uint64_t)compress(p->c[4 * i + k], 10) << (10 * k);
        }
        for (size_t k = 0; k < 5; k++) {
            out[5 * i + k] = (uint8_t)(bits >> (8 * k));
        }
    }
}

void mlkem_decompress10_portable(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY10_LEN])
{
    for (size_t i = 0; i < MLKEM_N / 4; i++) {
        uint64_t bits = 0;
        for (size_t k = 0; k < 5; k++) {
            bits |= (uint64_t)in[5 * i + k] << (8 * k);
        }
        for (size_t k = 0; k < 4; k++) {
            out->c[4 * i + k] = decompress(bits >> (10 * k) & 0x3ff, 10);
        }
    }
}

void mlkem_compress4_portable(uint8_t out[MLKEM_POLY4_LEN], const struct mlkem_poly *p)
{
    for (size_t i = 0; i < MLKEM_N / 2; i++) {
        out[i] = (uint8_t)(compress(p->c[2 * i], 4) | compress(p->c[2 * i + 1], 4) << 4);
    }
}

void mlkem_decompress4_portable(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY4_LEN])
{
    for (size_t i = 0; i < MLKEM_N / 2; i++) {
        out->c[2 * i] = decompress(in[i] & 0xfu, 4);
        out->c[2 * i + 1] = decompress(in[i] >> 4, 4);
    }
}

void mlkem_compress1_portable(uint8_t out[MLKEM768_MESSAGE_LEN], const struct mlkem_poly *p)
{
    for (size_t i = 0; i < MLKEM768_MESSAGE_LEN; i++) {
        uint32_t byte = 0;
        for (size_t k = 0; k < 8; k++) {
            byte |= compress(p->c[8 * i + k], 1) << k;
        }
        out[i] = (uint8_t)byte;
    }
}

void mlkem_decompress1_portable(struct mlkem_poly *out, const uint8_t in[MLKEM768_MESSAGE_LEN])
{
    for (size_t i = 0; i < MLKEM_N; i++) {
        /* The barrier hides that the mask is made of one bit, which compilers like to branch on. */
        const uint32_t mask = 0u - barrier((uint32_t)in[i / 8] >> (i % 8) & 1u);
        out->c[i] = (int16_t)(mask & ((MLKEM_Q + 1) / 2));
    }
}

/* round(2^d c / q) mod 2^d, for d up to 10.
 *
 * The rounded quotient is floor(n / q) with n = 2^d c + (q - 1) / 2. c * floor(2^(16 + d) / q) /
 * 2^16 is below 2^d c / q by less than c / 2^16 < 0.06, so its floor is right or one too small,
 * and the remainder, which fits 16 bits, says which. */
static inline uint32_t compress(int16_t c, unsigned d)
{
    const uint32_t x = canonical(c);
    const uint32_t reciprocal = (1u << (16 + d)) / MLKEM_Q; /* of constants, when inlined */
    const uint32_t quotient = x * reciprocal >> 16;
    const uint32_t remainder = (x << d) + (MLKEM_Q - 1) / 2 - quotient * MLKEM_Q;
    const uint32_t carry = (MLKEM_Q - 1 - remainder) >> 31;
    return (quotient + carry) & ((1u << d) - 1);
}

/* round(q y / 2^d) */
static inline int16_t decompress(uint32_t y, unsigned d)
{
    return (int16_t)((y * MLKEM_Q + (1u << (d - 1))) >> d);
}

/* The representative in 0..q-1, of any: Barrett as in mlkem_ntt.c, then q more when negative. */
static inline uint16_t canonical(int16_t c)
{
    const int16_t quotient = (int16_t)(((c * 20159 >> 16) + 512) >> 10);
    const int16_t r = (int16_t)(c - quotient * MLKEM_Q);
    return (uint16_t)(r + (MLKEM_Q & (r >> 15)));
}

static inline uint32_t barrier(uint32_t v)
{
    __asm__("" : "+r"(v));
    return v;
}

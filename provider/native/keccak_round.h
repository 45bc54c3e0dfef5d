/* Keccak-f[1600] (FIPS 202, 3.2), written once for every word type.
 *
 * No include guard: a file that includes this says first what a word is (one state's, or the words
 * of four states side by side) and how to compute with it:
 *   KECCAK_TARGET       attributes of the functions
 *   KECCAK_WORD         the type
 *   KECCAK_XOR(a, b), KECCAK_XOR3(a, b, c), KECCAK_CHI(a, b, c) = a ^ (~b & c),
 *   KECCAK_ROL(a, n)    to the left, n a constant in 1..63
 *   KECCAK_CONST(c)     the word (or words) that hold the uint64_t c
 * and has keccak_rounds(a) afterwards. The state is a[x + 5 * y]. */
#include <stddef.h>
#include <stdint.h>

/* FIPS 202, 3.2.5: bit 2^j - 1 of round i is rc(j + 7 i). */
static const uint64_t keccak_iota[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* The parity of a column of five (3.2.1). */
#define KECCAK_COLUMN(a, x)                                                                        \
    KECCAK_XOR3(KECCAK_XOR3((a)[x], (a)[(x) + 5], (a)[(x) + 10]), (a)[(x) + 15], (a)[(x) + 20])

/* chi on one plane (3.2.4). */
KECCAK_TARGET static inline __attribute__((always_inline)) void keccak_chi(
    KECCAK_WORD e[5], KECCAK_WORD b0, KECCAK_WORD b1, KECCAK_WORD b2, KECCAK_WORD b3,
    KECCAK_WORD b4)
{
    e[0] = KECCAK_CHI(b0, b1, b2);
    e[1] = KECCAK_CHI(b1, b2, b3);
    e[2] = KECCAK_CHI(b2, b3, b4);
    e[3] = KECCAK_CHI(b3, b4, b0);
    e[4] = KECCAK_CHI(b4, b0, b1);
}

/* One round from a to e. Each statement makes one plane of e: pi says which word of a lands where
 * ((x, y) goes to (y, 2x + 3y)), rho how far it turns, and d is theta's part of it. */
KECCAK_TARGET static inline __attribute__((always_inline)) void keccak_round(
    KECCAK_WORD e[25], const KECCAK_WORD a[25], KECCAK_WORD iota)
{
    const KECCAK_WORD c0 = KECCAK_COLUMN(a, 0);
    const KECCAK_WORD c1 = KECCAK_COLUMN(a, 1);
    const KECCAK_WORD c2 = KECCAK_COLUMN(a, 2);
    const KECCAK_WORD c3 = KECCAK_COLUMN(a, 3);
    const KECCAK_WORD c4 = KECCAK_COLUMN(a, 4);
    const KECCAK_WORD d0 = KECCAK_XOR(c4, KECCAK_ROL(c1, 1));
    const KECCAK_WORD d1 = KECCAK_XOR(c0, KECCAK_ROL(c2, 1));
    const KECCAK_WORD d2 = KECCAK_XOR(c1, KECCAK_ROL(c3, 1));
    const KECCAK_WORD d3 = KECCAK_XOR(c2, KECCAK_ROL(c4, 1));
    const KECCAK_WORD d4 = KECCAK_XOR(c3, KECCAK_ROL(c0, 1));
    keccak_chi(e, KECCAK_XOR(a[0], d0), KECCAK_ROL(KECCAK_XOR(a[6], d1), 44),
               KECCAK_ROL(KECCAK_XOR(a[12], d2), 43), KECCAK_ROL(KECCAK_XOR(a[18], d3), 21),
               KECCAK_ROL(KECCAK_XOR(a[24], d4), 14));
    e[0] = KECCAK_XOR(e[0], iota);
    keccak_chi(e + 5, KECCAK_ROL(KECCAK_XOR(a[3], d3), 28), KECCAK_ROL(KECCAK_XOR(a[9], d4), 20),
               KECCAK_ROL(KECCAK_XOR(a[10], d0), 3), KECCAK_ROL(KECCAK_XOR(a[16], d1), 45),
               KECCAK_ROL(KECCAK_XOR(a[22], d2), 61));
    keccak_chi(e + 10, KECCAK_ROL(KECCAK_XOR(a[1], d1), 1), KECCAK_ROL(KECCAK_XOR(a[7], d2), 6),
               KECCAK_ROL(KECCAK_XOR(a[13], d3), 25), KECCAK_ROL(KECCAK_XOR(a[19], d4), 8),
               KECCAK_ROL(KECCAK_XOR(a[20], d0), 18));
    keccak_chi(e + 15, KECCAK_ROL(KECCAK_XOR(a[4], d4), 27), KECCAK_ROL(KECCAK_XOR(a[5], d0), 36),
               KECCAK_ROL(KECCAK_XOR(a[11], d1), 10), KECCAK_ROL(KECCAK_XOR(a[17], d2), 15),
               KECCAK_ROL(KECCAK_XOR(a[23], d3), 56));
    keccak_chi(e + 20, KECCAK_ROL(KECCAK_XOR(a[2], d2), 62), KECCAK_ROL(KECCAK_XOR(a[8], d3), 55),
               KECCAK_ROL(KECCAK_XOR(a[14], d4), 39), KECCAK_ROL(KECCAK_XOR(a[15], d0), 41),
               KECCAK_ROL(KECCAK_XOR(a[21], d1), 2));
}

/* Two rounds a turn, so that the state ends where it began without a copy. */
KECCAK_TARGET static inline __attribute__((always_inline)) void keccak_rounds(KECCAK_WORD a[25])
{
    KECCAK_WORD e[25];
    for (size_t i = 0; i < 24; i += 2) {
        keccak_round(e, a, KECCAK_CONST(keccak_iota[i]));
        keccak_round(a, e, KECCAK_CONST(keccak_iota[i + 1]));
    }
}

/* The two multiplications of X25519 and who can do them: inside this room, and for its tests. */
#ifndef NATIVE_X25519_IMPL_H
#define NATIVE_X25519_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "fe25519.h"

/* A u-coordinate before its one division. */
struct x25519_fraction {
    struct fe over, under;
};

/* scalar is clamped (RFC 7748, 5). */
typedef void (*x25519_base_fn)(struct x25519_fraction *out, const uint8_t scalar[32]);
typedef void (*x25519_ladder_fn)(struct x25519_fraction *out, const uint8_t scalar[32],
                                 const struct fe *u);

/* scalar * 9 by additions on the birationally equivalent twisted Edwards curve (RFC 7748, 4.1). */
void x25519_base_portable(struct x25519_fraction *out, const uint8_t scalar[32]);
void x25519_base_ifma(struct x25519_fraction *out, const uint8_t scalar[32]);

/* scalar * u by the Montgomery ladder. */
void x25519_ladder_ifma(struct x25519_fraction *out, const uint8_t scalar[32], const struct fe *u);

/* Entry [i][j] is (j + 1) * 256^i * B as y + x, y - x, 2 d x y: four words each, reduced. */
extern const uint64_t x25519_table[32][8][3][4] __attribute__((aligned(64)));

/* Whether this processor runs the two of IFMA. */
bool x25519_can_ifma(void);

/* The signed digits of a clamped scalar: sum of digits[i] * 16^i, each in -8..8. */
void x25519_recode(int8_t digits[64], const uint8_t scalar[32]);

#endif

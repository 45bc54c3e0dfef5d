/* Four Keccak states in 256-bit registers with AVX-512's rotate and three-input logic: the whole
 * state stays in the 32 registers. One state alone goes the same way: still faster than the
 * integer unit. */
#include "keccak.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define KECCAK_TARGET        __attribute__((target("avx512f,avx512vl")))
#define KECCAK_WORD          __m256i
#define KECCAK_XOR(a, b)     _mm256_xor_si256(a, b)
#define KECCAK_XOR3(a, b, c) _mm256_ternarylogic_epi64(a, b, c, 0x96)
/* Bit 4a + 2b + c of the constant is a ^ (~b & c). */
#define KECCAK_CHI(a, b, c) _mm256_ternarylogic_epi64(a, b, c, 0xd2)
#define KECCAK_ROL(a, n)    _mm256_rol_epi64(a, n)
#define KECCAK_CONST(c)     _mm256_set1_epi64x((int64_t)(c))
#include "keccak_round.h"

KECCAK_TARGET void keccak_permute_avx512(struct keccak_state *state, unsigned lanes)
{
    (void)lanes;
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

#endif

/* What the AVX2 files share: 16 coefficients in a register, and reductions of them. */
#ifndef NATIVE_MLKEM_AVX2_H
#define NATIVE_MLKEM_AVX2_H

#include <immintrin.h>

#include "mlkem_impl.h"

#define MLKEM_AVX2        __attribute__((target("avx2,bmi2")))
#define MLKEM_AVX2_INLINE MLKEM_AVX2 static inline __attribute__((always_inline))

enum {
    MLKEM_STEP = 16 /* coefficients in a register */
};

MLKEM_AVX2_INLINE __m256i mlkem_load(const int16_t *c)
{
    return _mm256_load_si256((const __m256i *)(const void *)c);
}

MLKEM_AVX2_INLINE void mlkem_store(int16_t *c, __m256i v)
{
    _mm256_store_si256((__m256i *)(void *)c, v);
}

/* a - q * round(a / q): at most q/2, for any a. As in mlkem_ntt.c; the rounding shift by 10 is one
 * instruction here, a rounding product with 2^5 over 2^15. */
MLKEM_AVX2_INLINE __m256i mlkem_barrett(__m256i a)
{
    const __m256i high = _mm256_mulhi_epi16(a, _mm256_set1_epi16(20159));
    const __m256i quotient = _mm256_mulhrs_epi16(high, _mm256_set1_epi16(32));
    return _mm256_sub_epi16(a, _mm256_mullo_epi16(quotient, _mm256_set1_epi16(MLKEM_Q)));
}

/* The representative in 0..q-1, of any. */
MLKEM_AVX2_INLINE __m256i mlkem_canonical(__m256i a)
{
    const __m256i r = mlkem_barrett(a);
    const __m256i negative = _mm256_srai_epi16(r, 15);
    return _mm256_add_epi16(r, _mm256_and_si256(negative, _mm256_set1_epi16(MLKEM_Q)));
}

/* 24 bytes as 16 numbers of 12 bits. */
MLKEM_AVX2_INLINE __m256i mlkem_spread12(const uint8_t *bytes)
{
    const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    const __m128i high = _mm_loadl_epi64((const __m128i *)(const void *)(bytes + 16));
    /* 12 bytes to each half of the register, then bytes 3i, 3i + 1 and 3i + 1, 3i + 2 to words. */
    const __m256i halves = _mm256_permutevar8x32_epi32(_mm256_set_m128i(high, low),
                                                       _mm256_set_epi32(5, 5, 4, 3, 2, 2, 1, 0));
    const __m256i words = _mm256_shuffle_epi8(
        halves, _mm256_set_epi8(11, 10, 10, 9, 8, 7, 7, 6, 5, 4, 4, 3, 2, 1, 1, 0, 11, 10, 10, 9, 8,
                                7, 7, 6, 5, 4, 4, 3, 2, 1, 1, 0));
    return _mm256_blend_epi16(_mm256_and_si256(words, _mm256_set1_epi16(0xfff)),
                              _mm256_srli_epi16(words, 4), 0xaa);
}

#endif

/* Encoding and compression of polynomials (FIPS 203, 4.2.1) with AVX2; formulas as in
 * mlkem_codec.c. */
#include "mlkem_impl.h"

#if defined(__x86_64__)

#include <string.h>

#include "mlkem_avx2.h"

/* round(2^d c / q), for any representative: as compress in mlkem_codec.c, without its last
 * reduction mod 2^d. */
MLKEM_AVX2_INLINE __m256i compress(const int16_t *c, int d)
{
    const __m256i x = mlkem_canonical(mlkem_load(c));
    const __m256i reciprocal = _mm256_set1_epi16((int16_t)((1 << (16 + d)) / MLKEM_Q));
    const __m256i quotient = _mm256_mulhi_epu16(x, reciprocal);
    const __m256i scaled =
        _mm256_add_epi16(_mm256_slli_epi16(x, d), _mm256_set1_epi16((MLKEM_Q - 1) / 2));
    const __m256i remainder =
        _mm256_sub_epi16(scaled, _mm256_mullo_epi16(quotient, _mm256_set1_epi16(MLKEM_Q)));
    /* The comparison is -1 where one more belongs to the quotient. */
    return _mm256_sub_epi16(quotient,
                            _mm256_cmpgt_epi16(remainder, _mm256_set1_epi16(MLKEM_Q - 1)));
}

MLKEM_AVX2 void mlkem_encode12_avx2(uint8_t out[MLKEM_POLY_LEN], const struct mlkem_poly *p)
{
    const __m256i join = _mm256_set1_epi32(1 + (4096 << 16));
    const __m256i pack = _mm256_set_epi8(-1, -1, -1, -1, 14, 13, 12, 10, 9, 8, 6, 5, 4, 2, 1, 0, -1,
                                         -1, -1, -1, 14, 13, 12, 10, 9, 8, 6, 5, 4, 2, 1, 0);
    const __m256i order = _mm256_set_epi32(7, 3, 6, 5, 4, 2, 1, 0);
    for (size_t i = 0; i < MLKEM_N; i += MLKEM_STEP) {
        const __m256i c = mlkem_canonical(mlkem_load(p->c + i));
        const __m256i triples = _mm256_shuffle_epi8(_mm256_madd_epi16(c, join), pack);
        const __m256i bytes = _mm256_permutevar8x32_epi32(triples, order);
        uint8_t *to = out + i / 2 * 3;
        _mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(bytes));
        _mm_storel_epi64((__m128i *)(void *)(to + 16), _mm256_extracti128_si256(bytes, 1));
    }
}

MLKEM_AVX2 bool mlkem_decode12_avx2(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY_LEN])
{
    __m256i too_large = _mm256_setzero_si256();
    for (size_t i = 0; i < MLKEM_N; i += MLKEM_STEP) {
        const __m256i c = mlkem_spread12(in + i / 2 * 3);
        too_large =
            _mm256_or_si256(too_large, _mm256_cmpgt_epi16(c, _mm256_set1_epi16(MLKEM_Q - 1)));
        mlkem_store(out->c + i, c);
    }
    return _mm256_movemask_epi8(too_large) == 0;
}

MLKEM_AVX2 void mlkem_compress10_avx2(uint8_t out[MLKEM_POLY10_LEN], const struct mlkem_poly *p)
{
    const __m256i join = _mm256_set1_epi32(1 + (1024 << 16));
    const __m256i up = _mm256_set1_epi64x(12);
    /* Ten bytes of each half; those of the upper half go where the lower half leaves room, its
     * first six, and to the front, its last four. */
    const __m256i pack = _mm256_set_epi8(8, 4, 3, 2, 1, 0, -1, -1, -1, -1, -1, -1, 12, 11, 10, 9,
                                         -1, -1, -1, -1, -1, -1, 12, 11, 10, 9, 8, 4, 3, 2, 1, 0);
    for (size_t i = 0; i < MLKEM_N; i += MLKEM_STEP) {
        const __m256i c = _mm256_and_si256(compress(p->c + i, 10), _mm256_set1_epi16(1023));
        /* Pairs of 20 bits; the lower of two moves up against the higher: 40 bits. */
        const __m256i pairs = _mm256_sllv_epi32(_mm256_madd_epi16(c, join), up);
        const __m256i bytes = _mm256_shuffle_epi8(_mm256_srli_epi64(pairs, 12), pack);
        const __m128i high = _mm256_extracti128_si256(bytes, 1);
        uint8_t *to = out + i / 4 * 5;
        _mm_storeu_si128((__m128i *)(void *)to,
                         _mm_blend_epi16(_mm256_castsi256_si128(bytes), high, 0xe0));
        const int last = _mm_cvtsi128_si32(high);
        memcpy(to + 16, &last, 4);
    }
}

MLKEM_AVX2 void mlkem_decompress10_avx2(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY10_LEN])
{
    /* Coefficient i of four starts at bit 2 i of byte i. The upper half of the register is
     * loaded from byte 4 of the 20 on, so that nothing behind them is read. */
    const __m256i spread = _mm256_set_epi8(15, 14, 14, 13, 13, 12, 12, 11, 10, 9, 9, 8, 8, 7, 7, 6,
                                           9, 8, 8, 7, 7, 6, 6, 5, 4, 3, 3, 2, 2, 1, 1, 0);
    /* 2^(6 - 2 i): brings the ten bits to the top of the word. */
    const __m256i align = _mm256_set1_epi64x(0x0001000400100040);
    const __m256i ten_bits = _mm256_set1_epi16(0x3ff << 5);
    for (size_t i = 0; i < MLKEM_N; i += MLKEM_STEP) {
        const uint8_t *from = in + i / 4 * 5;
        const __m256i bytes =
            _mm256_set_m128i(_mm_loadu_si128((const __m128i *)(const void *)(from + 4)),
                             _mm_loadu_si128((const __m128i *)(const void *)from));
        const __m256i top = _mm256_mullo_epi16(_mm256_shuffle_epi8(bytes, spread), align);
        /* (32 y q + 2^14) >> 15 is (y q + 2^9) >> 10. */
        const __m256i y = _mm256_and_si256(_mm256_srli_epi16(top, 1), ten_bits);
        mlkem_store(out->c + i, _mm256_mulhrs_epi16(y, _mm256_set1_epi16(MLKEM_Q)));
    }
}

MLKEM_AVX2 void mlkem_compress4_avx2(uint8_t out[MLKEM_POLY4_LEN], const struct mlkem_poly *p)
{
    const __m256i join = _mm256_set1_epi16(1 + (16 << 8));
    const __m256i order = _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0);
    for (size_t i = 0; i < MLKEM_N; i += 4 * MLKEM_STEP) {
        __m256i c[4];
        for (size_t k = 0; k < 4; k++) {
            c[k] = _mm256_and_si256(compress(p->c + i + MLKEM_STEP * k, 4), _mm256_set1_epi16(15));
        }
        const __m256i low = _mm256_maddubs_epi16(_mm256_packus_epi16(c[0], c[1]), join);
        const __m256i high = _mm256_maddubs_epi16(_mm256_packus_epi16(c[2], c[3]), join);
        const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order);
        _mm256_storeu_si256((__m256i *)(void *)(out + i / 2), bytes);
    }
}

MLKEM_AVX2 void mlkem_decompress4_avx2(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY4_LEN])
{
    const __m256i nibbles = _mm256_set1_epi32(0x000f000f);
    for (size_t i = 0; i < MLKEM_N; i += MLKEM_STEP) {
        const __m256i b =
            _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(in + i / 2)));
        const __m256i y = _mm256_and_si256(_mm256_or_si256(b, _mm256_slli_epi32(b, 12)), nibbles);
        /* (2^11 y q + 2^14) >> 15 is (y q + 2^3) >> 4. */
        mlkem_store(out->c + i,
                    _mm256_mulhrs_epi16(_mm256_slli_epi16(y, 11), _mm256_set1_epi16(MLKEM_Q)));
    }
}

MLKEM_AVX2 void mlkem_compress1_avx2(uint8_t out[MLKEM768_MESSAGE_LEN], const struct mlkem_poly *p)
{
    /* A centred coefficient is nearer to q/2 than to 0 when it is beyond q/4, on either side. */
    const __m256i quarter = _mm256_set1_epi16(MLKEM_Q / 4);
    for (size_t i = 0; i < MLKEM_N; i += 2 * MLKEM_STEP) {
        const __m256i a = _mm256_abs_epi16(mlkem_barrett(mlkem_load(p->c + i)));
        const __m256i b = _mm256_abs_epi16(mlkem_barrett(mlkem_load(p->c + i + MLKEM_STEP)));
        const __m256i far =
            _mm256_packs_epi16(_mm256_cmpgt_epi16(a, quarter), _mm256_cmpgt_epi16(b, quarter));
        const int bits = _mm256_movemask_epi8(_mm256_permute4x64_epi64(far, 0xd8));
        memcpy(out + i / 8, &bits, 4);
    }
}

MLKEM_AVX2 void mlkem_decompress1_avx2(struct mlkem_poly *out,
                                       const uint8_t in[MLKEM768_MESSAGE_LEN])
{
    const __m256i bit = _mm256_set_epi16(-0x8000, 0x4000, 0x2000, 0x1000, 0x800, 0x400, 0x200,
                                         0x100, 0x80, 0x40, 0x20, 0x10, 8, 4, 2, 1);
    for (size_t i = 0; i < MLKEM_N; i += MLKEM_STEP) {
        int16_t word;
        memcpy(&word, in + i / 8, 2);
        const __m256i set = _mm256_cmpeq_epi16(_mm256_and_si256(_mm256_set1_epi16(word), bit), bit);
        mlkem_store(out->c + i, _mm256_and_si256(set, _mm256_set1_epi16((MLKEM_Q + 1) / 2)));
    }
}

#endif

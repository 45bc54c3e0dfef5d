/* SampleNTT (FIPS 203, algorithm 7) with AVX-512: the processor moves accepted candidates
 * together. */
#include "mlkem_impl.h"

#if defined(__x86_64__)

#include <immintrin.h>

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2"))) size_t mlkem_sample_uniform_avx512(
    struct mlkem_poly *out, const uint8_t *stream, size_t len)
{
    const __m512i dwords = _mm512_set_epi32(11, 11, 10, 9, 8, 8, 7, 6, 5, 5, 4, 3, 2, 2, 1, 0);
    const __m512i bytes =
        _mm512_broadcast_i32x4(_mm_set_epi8(11, 10, 10, 9, 8, 7, 7, 6, 5, 4, 4, 3, 2, 1, 1, 0));
    size_t found = 0;
    for (size_t at = 0; at < len && found < MLKEM_N; at += 48) {
        /* 48 bytes are 32 numbers of 12 bits; at the end, fewer, and all ones is no coefficient. */
        const size_t left = len - at;
        const __mmask64 present = left < 48 ? ((uint64_t)1 << left) - 1 : ((uint64_t)1 << 48) - 1;
        const __m512i in = _mm512_mask_loadu_epi8(_mm512_set1_epi8(-1), present, stream + at);
        const __m512i words = _mm512_shuffle_epi8(_mm512_permutexvar_epi32(dwords, in), bytes);
        const __m512i candidates = _mm512_mask_srli_epi16(
            _mm512_and_si512(words, _mm512_set1_epi16(0xfff)), 0xaaaaaaaa, words, 4);
        const __mmask32 good = _mm512_cmplt_epi16_mask(candidates, _mm512_set1_epi16(MLKEM_Q));
        const __m512i accepted = _mm512_maskz_compress_epi16(good, candidates);
        const size_t room = MLKEM_N - found;
        const __mmask32 store = room < 32 ? ((uint32_t)1 << room) - 1 : 0xffffffff;
        _mm512_mask_storeu_epi16(out->c + found, store, accepted);
        found += (size_t)__builtin_popcount(good);
    }
    return found < MLKEM_N ? found : MLKEM_N;
}

#endif

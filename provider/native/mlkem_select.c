/* Which implementations there are, and which this processor can run. */
#include "mlkem_impl.h"

static const struct mlkem_impl portable = {
    .name = "portable",
    .permute = keccak_permute_portable,
    .ntt = mlkem_ntt_portable,
    .inverse_ntt = mlkem_inverse_ntt_portable,
    .factor_twist = mlkem_factor_twist_portable,
    .dot = mlkem_dot_portable,
    .sample_uniform = mlkem_sample_uniform_portable,
    .sample_noise = mlkem_sample_noise_portable,
    .encode12 = mlkem_encode12_portable,
    .decode12 = mlkem_decode12_portable,
    .compress10 = mlkem_compress10_portable,
    .decompress10 = mlkem_decompress10_portable,
    .compress4 = mlkem_compress4_portable,
    .decompress4 = mlkem_decompress4_portable,
    .compress1 = mlkem_compress1_portable,
    .decompress1 = mlkem_decompress1_portable,
};

#if defined(__x86_64__)

#define AVX2_ARITHMETIC                                                                            \
    .ntt = mlkem_ntt_avx2, .inverse_ntt = mlkem_inverse_ntt_avx2,                                  \
    .factor_twist = mlkem_factor_twist_avx2, .dot = mlkem_dot_avx2,                                \
    .sample_noise = mlkem_sample_noise_avx2, .encode12 = mlkem_encode12_avx2,                      \
    .decode12 = mlkem_decode12_avx2, .compress10 = mlkem_compress10_avx2,                          \
    .decompress10 = mlkem_decompress10_avx2, .compress4 = mlkem_compress4_avx2,                    \
    .decompress4 = mlkem_decompress4_avx2, .compress1 = mlkem_compress1_avx2,                      \
    .decompress1 = mlkem_decompress1_avx2

static const struct mlkem_impl avx2 = {
    .name = "AVX2",
    .permute = keccak_permute_avx2,
    .sample_uniform = mlkem_sample_uniform_avx2,
    AVX2_ARITHMETIC,
};

/* What AVX-512 makes faster is Keccak (rotates, three-input logic, 32 registers) and picking the
 * accepted samples out of a stream; wider arithmetic was not worth its code. */
static const struct mlkem_impl avx512 = {
    .name = "AVX-512",
    .permute = keccak_permute_avx512,
    .sample_uniform = mlkem_sample_uniform_avx512,
    AVX2_ARITHMETIC,
};

const struct mlkem_impl *mlkem_impl_at(size_t i)
{
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                          __builtin_cpu_supports("bmi2");
    const bool has_avx512 =
        has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2");
    switch (i) {
    case 0:
        return &portable;
    case 1:
        return has_avx2 ? &avx2 : NULL;
    case 2:
        return has_avx512 ? &avx512 : NULL;
    default:
        return NULL;
    }
}

#else

const struct mlkem_impl *mlkem_impl_at(size_t i)
{
    return i == 0 ? &portable : NULL;
}

#endif

const struct mlkem_impl *mlkem_impl_best(void)
{
    for (size_t i = MLKEM_IMPL_COUNT; i-- > 1;) {
        const struct mlkem_impl *impl = mlkem_impl_at(i);
        if (impl != NULL) {
            return impl;
        }
    }
    return &portable;
}

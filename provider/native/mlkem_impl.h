/* Inside ML-KEM-768: polynomials, and the arithmetic that has more than one implementation.
 *
 * A polynomial mod X^256 + 1 has coefficients mod q = 3329 in int16_t, not always reduced: every
 * function says what it takes and what it leaves. "Any representative" means -32768..32767.
 * Products are Montgomery products: a * b * 2^-16 mod q.
 *
 * An implementation is a const table; there is no global choice. mlkem_impl_best asks the
 * processor, and tests pass whichever they want to the functions at the end, which the public
 * ones are made of. */
#ifndef NATIVE_MLKEM_IMPL_H
#define NATIVE_MLKEM_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keccak.h"
#include "mlkem768.h"

enum {
    MLKEM_N = 256,
    MLKEM_K = 3,
    MLKEM_Q = 3329,
    MLKEM_QINV = -3327, /* q^-1 mod 2^16, as a signed number */
    MLKEM_R2 = 1353,    /* 2^32 mod q: the Montgomery product with it multiplies by 2^16 */
    MLKEM_POLY_LEN = 384,
    MLKEM_POLY10_LEN = 320,
    MLKEM_POLY4_LEN = 128,
    MLKEM_NOISE_LEN = 128, /* 64 * eta, eta1 = eta2 = 2 */
    /* Three blocks of SHAKE128 are enough for 256 coefficients in 99 of 100 cases; five are FIPS
     * 203's 280 iterations (appendix B): too few with probability below 2^-261. */
    MLKEM_STREAM_LEN = 3 * KECCAK_SHAKE128_RATE,
    MLKEM_STREAM_MAX = 5 * KECCAK_SHAKE128_RATE
};

struct mlkem_poly {
    _Alignas(32) int16_t c[MLKEM_N];
};

/* One side of products in the NTT domain. For the pair (b0, b1) of coefficients 2i and 2i + 1,
 * the product with (a0, a1) is (a0 b0 + a1 g b1, a0 b1 + a1 b0) with g = 17^(2 BitRev7(i) + 1)
 * (algorithm 12). twisted holds (b0, g b1), so that both halves are plain sums of two products. */
struct mlkem_factor {
    struct mlkem_poly plain;
    struct mlkem_poly twisted;
};

struct mlkem_impl {
    const char *name;
    keccak_permute_fn permute;

    /* NTT (algorithm 9), in place. Takes |c| < 4096, leaves |c| <= q/2. */
    void (*ntt)(struct mlkem_poly *p);
    /* NTT^-1 (algorithm 10), in place, times 2^16: it undoes the factor that dot leaves. Takes and
     * leaves |c| < q. */
    void (*inverse_ntt)(struct mlkem_poly *p);
    /* Makes twisted from plain, whose |c| < 4096. Leaves |c| < 4096. */
    void (*factor_twist)(struct mlkem_factor *f);
    /* out = sum of a[i] * b[i], products of the NTT domain, times 2^-16. Takes |a| < 4096 and
     * |b| <= q or the other way round, leaves |c| < q. */
    void (*dot)(struct mlkem_poly *out, const struct mlkem_poly a[MLKEM_K],
                const struct mlkem_factor b[MLKEM_K]);

    /* SampleNTT (algorithm 7) from the XOF's output, whose len is a multiple of 24. Returns how
     * many coefficients it found: 256, or fewer when the stream was too short. Not constant
     * time: the matrix is public. Leaves 0 <= c < q. */
    size_t (*sample_uniform)(struct mlkem_poly *out, const uint8_t *stream, size_t len);
    /* SamplePolyCBD (algorithm 8) with eta = 2. Leaves |c| <= 2. */
    void (*sample_noise)(struct mlkem_poly *out, const uint8_t bytes[MLKEM_NOISE_LEN]);

    /* ByteEncode (algorithm 5) with d = 12. Takes any representative. */
    void (*encode12)(uint8_t out[MLKEM_POLY_LEN], const struct mlkem_poly *p);
    /* ByteDecode (algorithm 6) with d = 12, without its reduction: leaves 0 <= c < 4096. Returns
     * whether all c < q. */
    bool (*decode12)(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY_LEN]);
    /* Compress and ByteEncode, ByteDecode and Decompress (4.2.1) with d = 10 and 4. Compress takes
     * any representative; Decompress leaves 0 <= c < q. */
    void (*compress10)(uint8_t out[MLKEM_POLY10_LEN], const struct mlkem_poly *p);
    void (*decompress10)(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY10_LEN]);
    void (*compress4)(uint8_t out[MLKEM_POLY4_LEN], const struct mlkem_poly *p);
    void (*decompress4)(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY4_LEN]);
    /* The same with d = 1: a message. */
    void (*compress1)(uint8_t out[MLKEM768_MESSAGE_LEN], const struct mlkem_poly *p);
    void (*decompress1)(struct mlkem_poly *out, const uint8_t in[MLKEM768_MESSAGE_LEN]);
};

/* The implementations, best last: number i, or NULL when there is none or this processor cannot run
 * it. Number 0 runs everywhere. */
enum { MLKEM_IMPL_COUNT = 3 };
const struct mlkem_impl *mlkem_impl_at(size_t i);
const struct mlkem_impl *mlkem_impl_best(void);

void mlkem_ntt_portable(struct mlkem_poly *p);
void mlkem_inverse_ntt_portable(struct mlkem_poly *p);
void mlkem_factor_twist_portable(struct mlkem_factor *f);
void mlkem_dot_portable(struct mlkem_poly *out, const struct mlkem_poly a[MLKEM_K],
                        const struct mlkem_factor b[MLKEM_K]);
size_t mlkem_sample_uniform_portable(struct mlkem_poly *out, const uint8_t *stream, size_t len);
void mlkem_sample_noise_portable(struct mlkem_poly *out, const uint8_t bytes[MLKEM_NOISE_LEN]);
void mlkem_encode12_portable(uint8_t out[MLKEM_POLY_LEN], const struct mlkem_poly *p);
bool mlkem_decode12_portable(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY_LEN]);
void mlkem_compress10_portable(uint8_t out[MLKEM_POLY10_LEN], const struct mlkem_poly *p);
void mlkem_decompress10_portable(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY10_LEN]);
void mlkem_compress4_portable(uint8_t out[MLKEM_POLY4_LEN], const struct mlkem_poly *p);
void mlkem_decompress4_portable(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY4_LEN]);
void mlkem_compress1_portable(uint8_t out[MLKEM768_MESSAGE_LEN], const struct mlkem_poly *p);
void mlkem_decompress1_portable(struct mlkem_poly *out, const uint8_t in[MLKEM768_MESSAGE_LEN]);

/* With AVX2 and BMI2; the last one with AVX-512 F, BW, VL and VBMI2. */
void mlkem_ntt_avx2(struct mlkem_poly *p);
void mlkem_inverse_ntt_avx2(struct mlkem_poly *p);
void mlkem_factor_twist_avx2(struct mlkem_factor *f);
void mlkem_dot_avx2(struct mlkem_poly *out, const struct mlkem_poly a[MLKEM_K],
                    const struct mlkem_factor b[MLKEM_K]);
size_t mlkem_sample_uniform_avx2(struct mlkem_poly *out, const uint8_t *stream, size_t len);
void mlkem_sample_noise_avx2(struct mlkem_poly *out, const uint8_t bytes[MLKEM_NOISE_LEN]);
void mlkem_encode12_avx2(uint8_t out[MLKEM_POLY_LEN], const struct mlkem_poly *p);
bool mlkem_decode12_avx2(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY_LEN]);
void mlkem_compress10_avx2(uint8_t out[MLKEM_POLY10_LEN], const struct mlkem_poly *p);
void mlkem_decompress10_avx2(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY10_LEN]);
void mlkem_compress4_avx2(uint8_t out[MLKEM_POLY4_LEN], const struct mlkem_poly *p);
void mlkem_decompress4_avx2(struct mlkem_poly *out, const uint8_t in[MLKEM_POLY4_LEN]);
void mlkem_compress1_avx2(uint8_t out[MLKEM768_MESSAGE_LEN], const struct mlkem_poly *p);
void mlkem_decompress1_avx2(struct mlkem_poly *out, const uint8_t in[MLKEM768_MESSAGE_LEN]);
size_t mlkem_sample_uniform_avx512(struct mlkem_poly *out, const uint8_t *stream, size_t len);

/* The public functions with the implementation as an argument. Key generation comes in two steps
 * because the first makes something public (rho) of something secret (d): a check that follows
 * secrets through the program must be able to step in between. rho_sigma is G(d || k). */
void mlkem768_seed_expand(const struct mlkem_impl *impl, const uint8_t d[32],
                          uint8_t rho_sigma[64]);
void mlkem768_keypair_derive(const struct mlkem_impl *impl, const uint8_t rho_sigma[64],
                             const uint8_t z[32], uint8_t ek[MLKEM768_PUBLIC_LEN],
                             uint8_t dk[MLKEM768_SECRET_LEN]);
bool mlkem768_encaps_with(const struct mlkem_impl *impl, const uint8_t ek[MLKEM768_PUBLIC_LEN],
                          const uint8_t m[MLKEM768_MESSAGE_LEN],
                          uint8_t ct[MLKEM768_CIPHERTEXT_LEN], uint8_t ss[MLKEM768_SHARED_LEN]);
bool mlkem768_decaps_with(const struct mlkem_impl *impl, const uint8_t dk[MLKEM768_SECRET_LEN],
                          const uint8_t ct[MLKEM768_CIPHERTEXT_LEN],
                          uint8_t ss[MLKEM768_SHARED_LEN]);

#endif

/* ML-KEM-768 and the encryption scheme K-PKE inside it (FIPS 203, 5 and 6). Names are the
 * standard's.
 *
 * What is slow is hashing, so each operation first lists everything it can hash at one time and
 * hands that to keccak_run as one batch, longest first. The nine streams of the matrix A take 27
 * permutations; encapsulation's H(ek) takes 9, so that together they fill four lanes for 9 steps,
 * and decapsulation's H(ek), J(z || c) and noise fill the gaps in the same way.
 *
 * Secret: d, z, m, sigma, K, r, and all polynomials but A and t. Public: ek, ct, rho, A, t. */
#include "mlkem768.h"

#include <string.h>

#include "base/secret.h"
#include "mlkem_impl.h"

enum {
    MATRIX_LEN = MLKEM_K * MLKEM_K,
    NOISE_COUNT = 2 * MLKEM_K + 1, /* y, e1, e2; key generation uses 6: s, e */
    DK_EK_AT = MLKEM_K * MLKEM_POLY_LEN,
    DK_H_AT = DK_EK_AT + MLKEM768_PUBLIC_LEN,
    DK_Z_AT = DK_H_AT + 32,
    EK_RHO_AT = MLKEM_K * MLKEM_POLY_LEN,
    CT_V_AT = MLKEM_K * MLKEM_POLY10_LEN
};

struct matrix {
    struct mlkem_poly row[MLKEM_K][MLKEM_K];
};

struct noise {
    uint8_t of[NOISE_COUNT][MLKEM_NOISE_LEN];
};

/* What hashing makes of rho and a seed: A or its transpose, and the bytes that noise is sampled
 * from. */
struct expansion {
    struct matrix matrix;
    struct noise noise;
};

static void keypair_hash(const struct mlkem_impl *impl, const uint8_t rho_sigma[64],
                         struct expansion *out);
static void encaps_hash(const struct mlkem_impl *impl, const uint8_t ek[MLKEM768_PUBLIC_LEN],
                        const uint8_t m[32], struct expansion *out, uint8_t k[MLKEM768_SHARED_LEN]);
static bool decaps_hash(const struct mlkem_impl *impl, const uint8_t dk[MLKEM768_SECRET_LEN],
                        const uint8_t ct[MLKEM768_CIPHERTEXT_LEN], const uint8_t r[32],
                        struct expansion *out, uint8_t k_bar[MLKEM768_SHARED_LEN]);
static bool ek_decode(const struct mlkem_impl *impl, const uint8_t ek[MLKEM768_PUBLIC_LEN],
                      struct mlkem_poly t[MLKEM_K]);
static void encrypt(const struct mlkem_impl *impl, const struct mlkem_poly t[MLKEM_K],
                    const struct expansion *from, const uint8_t m[32],
                    uint8_t ct[MLKEM768_CIPHERTEXT_LEN]);
static void decrypt(const struct mlkem_impl *impl, const uint8_t dk[MLKEM768_SECRET_LEN],
                    const uint8_t ct[MLKEM768_CIPHERTEXT_LEN], uint8_t m[32]);
static size_t matrix_jobs(struct keccak_job *jobs, uint8_t (*streams)[MLKEM_STREAM_LEN],
                          const uint8_t rho[32], bool transposed);
static size_t noise_jobs(struct keccak_job *jobs, struct noise *noise, size_t count,
                         const uint8_t seed[32]);
static struct keccak_job job_make(enum keccak_function function, hf_span head, hf_span body,
                                  uint8_t *out, size_t out_len);
static void matrix_sample(const struct mlkem_impl *impl, struct matrix *a,
                          uint8_t (*streams)[MLKEM_STREAM_LEN], const struct keccak_job *jobs);
static void factor_sample(const struct mlkem_impl *impl, struct mlkem_factor f[MLKEM_K],
                          const struct noise *noise);
static void g_hash(const struct mlkem_impl *impl, hf_span head, hf_span body, uint8_t out[64]);
static void poly_add(struct mlkem_poly *p, const struct mlkem_poly *other);
static void poly_to_montgomery(struct mlkem_poly *p);
static uint8_t bytes_differ(const uint8_t *a, const uint8_t *b, size_t len);

void mlkem768_keypair(const uint8_t seed[MLKEM768_SEED_LEN], uint8_t ek[MLKEM768_PUBLIC_LEN],
                      uint8_t dk[MLKEM768_SECRET_LEN])
{
    const struct mlkem_impl *impl = mlkem_impl_best();
    uint8_t rho_sigma[64];
    mlkem768_seed_expand(impl, seed, rho_sigma);
    mlkem768_keypair_derive(impl, rho_sigma, seed + 32, ek, dk);
    hf_wipe(rho_sigma, sizeof rho_sigma);
}

bool mlkem768_encaps(const uint8_t ek[MLKEM768_PUBLIC_LEN], const uint8_t m[MLKEM768_MESSAGE_LEN],
                     uint8_t ct[MLKEM768_CIPHERTEXT_LEN], uint8_t ss[MLKEM768_SHARED_LEN])
{
    return mlkem768_encaps_with(mlkem_impl_best(), ek, m, ct, ss);
}

bool mlkem768_decaps(const uint8_t dk[MLKEM768_SECRET_LEN],
                     const uint8_t ct[MLKEM768_CIPHERTEXT_LEN], uint8_t ss[MLKEM768_SHARED_LEN])
{
    return mlkem768_decaps_with(mlkem_impl_best(), dk, ct, ss);
}

/* Algorithm 13, line 1. */
void mlkem768_seed_expand(const struct mlkem_impl *impl, const uint8_t d[32], uint8_t rho_sigma[64])
{
    const uint8_t k = MLKEM_K;
    g_hash(impl, (hf_span){d, 32}, (hf_span){&k, 1}, rho_sigma);
}

/* Algorithms 13 and 16. */
void mlkem768_keypair_derive(const struct mlkem_impl *impl, const uint8_t rho_sigma[64],
                             const uint8_t z[32], uint8_t ek[MLKEM768_PUBLIC_LEN],
                             uint8_t dk[MLKEM768_SECRET_LEN])
{
    struct expansion from;
    keypair_hash(impl, rho_sigma, &from);

    struct mlkem_factor s[MLKEM_K];
    factor_sample(impl, s, &from.noise);
    struct mlkem_poly t;
    struct mlkem_poly e;
    for (size_t i = 0; i < MLKEM_K; i++) {
        impl->dot(&t, from.matrix.row[i], s);
        poly_to_montgomery(&t);
        impl->sample_noise(&e, from.noise.of[MLKEM_K + i]);
        impl->ntt(&e);
        poly_add(&t, &e);
        impl->encode12(ek + i * MLKEM_POLY_LEN, &t);
        impl->encode12(dk + i * MLKEM_POLY_LEN, &s[i].plain);
    }
    memcpy(ek + EK_RHO_AT, rho_sigma, 32);

    memcpy(dk + DK_EK_AT, ek, MLKEM768_PUBLIC_LEN);
    const struct keccak_job h = job_make(KECCAK_SHA3_256, (hf_span){NULL, 0},
                                         (hf_span){ek, MLKEM768_PUBLIC_LEN}, dk + DK_H_AT, 32);
    keccak_run(impl->permute, &h, 1);
    memcpy(dk + DK_Z_AT, z, 32);

    hf_wipe(&from.noise, sizeof from.noise);
    hf_wipe(s, sizeof s);
    hf_wipe(&t, sizeof t); /* was A s for a while */
    hf_wipe(&e, sizeof e);
}

/* Algorithm 17. */
bool mlkem768_encaps_with(const struct mlkem_impl *impl, const uint8_t ek[MLKEM768_PUBLIC_LEN],
                          const uint8_t m[MLKEM768_MESSAGE_LEN],
                          uint8_t ct[MLKEM768_CIPHERTEXT_LEN], uint8_t ss[MLKEM768_SHARED_LEN])
{
    struct mlkem_poly t[MLKEM_K];
    /* FIPS 203, 7.2: the modulus check. */
    if (!ek_decode(impl, ek, t)) {
        memset(ct, 0, MLKEM768_CIPHERTEXT_LEN);
        memset(ss, 0, MLKEM768_SHARED_LEN);
        return false;
    }
    struct expansion from;
    encaps_hash(impl, ek, m, &from, ss);
    encrypt(impl, t, &from, m, ct);
    hf_wipe(&from.noise, sizeof from.noise);
    return true;
}

/* Algorithm 18. */
bool mlkem768_decaps_with(const struct mlkem_impl *impl, const uint8_t dk[MLKEM768_SECRET_LEN],
                          const uint8_t ct[MLKEM768_CIPHERTEXT_LEN],
                          uint8_t ss[MLKEM768_SHARED_LEN])
{
    uint8_t m[32];
    uint8_t k_r[64];
    decrypt(impl, dk, ct, m);
    g_hash(impl, (hf_span){m, 32}, (hf_span){dk + DK_H_AT, 32}, k_r);

    struct expansion from;
    uint8_t k_bar[MLKEM768_SHARED_LEN];
    const bool dk_is_whole = decaps_hash(impl, dk, ct, k_r + 32, &from, k_bar);

    struct mlkem_poly t[MLKEM_K];
    (void)ek_decode(impl, dk + DK_EK_AT, t); /* 7.3 does not ask for the modulus check here */
    uint8_t again[MLKEM768_CIPHERTEXT_LEN];
    encrypt(impl, t, &from, m, again);
    /* Implicit rejection. That it happened is secret, too. */
    const uint8_t reject = bytes_differ(ct, again, sizeof again);
    const uint8_t keep = dk_is_whole ? 0xff : 0;
    for (size_t i = 0; i < MLKEM768_SHARED_LEN; i++) {
        ss[i] = (uint8_t)(keep & (k_r[i] ^ (reject & (k_r[i] ^ k_bar[i]))));
    }

    hf_wipe(m, sizeof m);
    hf_wipe(k_r, sizeof k_r);
    hf_wipe(k_bar, sizeof k_bar);
    hf_wipe(&from.noise, sizeof from.noise);
    hf_wipe(again, sizeof again);
    return dk_is_whole;
}

/* A and the noise of s and e, from rho and sigma. */
static void keypair_hash(const struct mlkem_impl *impl, const uint8_t rho_sigma[64],
                         struct expansion *out)
{
    uint8_t streams[MATRIX_LEN][MLKEM_STREAM_LEN];
    struct keccak_job jobs[MATRIX_LEN + NOISE_COUNT];
    size_t count = matrix_jobs(jobs, streams, rho_sigma, false);
    count += noise_jobs(jobs + count, &out->noise, 2 * MLKEM_K, rho_sigma + 32);
    keccak_run(impl->permute, jobs, count);
    matrix_sample(impl, &out->matrix, streams, jobs);
    hf_wipe(jobs + MATRIX_LEN, (count - MATRIX_LEN) * sizeof jobs[0]);
}

/* A transposed, H(ek), then (K, r) = G(m || H(ek)), then the noise from r. */
static void encaps_hash(const struct mlkem_impl *impl, const uint8_t ek[MLKEM768_PUBLIC_LEN],
                        const uint8_t m[32], struct expansion *out, uint8_t k[MLKEM768_SHARED_LEN])
{
    uint8_t streams[MATRIX_LEN][MLKEM_STREAM_LEN];
    struct keccak_job jobs[1 + MATRIX_LEN];
    uint8_t h[32];
    jobs[0] = job_make(KECCAK_SHA3_256, (hf_span){NULL, 0}, (hf_span){ek, MLKEM768_PUBLIC_LEN}, h,
                       sizeof h);
    const size_t count = 1 + matrix_jobs(jobs + 1, streams, ek + EK_RHO_AT, true);
    keccak_run(impl->permute, jobs, count);
    matrix_sample(impl, &out->matrix, streams, jobs + 1);

    uint8_t k_r[64];
    g_hash(impl, (hf_span){m, 32}, (hf_span){h, sizeof h}, k_r);
    const size_t noise_count = noise_jobs(jobs, &out->noise, NOISE_COUNT, k_r + 32);
    keccak_run(impl->permute, jobs, noise_count);
    memcpy(k, k_r, MLKEM768_SHARED_LEN);
    hf_wipe(k_r, sizeof k_r);
    hf_wipe(jobs, noise_count * sizeof jobs[0]);
}

/* All of it at once: r is known here. Returns whether dk's copy of H(ek) is right: FIPS 203,
 * 7.3. */
static bool decaps_hash(const struct mlkem_impl *impl, const uint8_t dk[MLKEM768_SECRET_LEN],
                        const uint8_t ct[MLKEM768_CIPHERTEXT_LEN], const uint8_t r[32],
                        struct expansion *out, uint8_t k_bar[MLKEM768_SHARED_LEN])
{
    uint8_t streams[MATRIX_LEN][MLKEM_STREAM_LEN];
    struct keccak_job jobs[2 + MATRIX_LEN + NOISE_COUNT];
    const uint8_t *ek = dk + DK_EK_AT;
    uint8_t h[32];
    jobs[0] = job_make(KECCAK_SHAKE256, (hf_span){dk + DK_Z_AT, 32},
                       (hf_span){ct, MLKEM768_CIPHERTEXT_LEN}, k_bar, MLKEM768_SHARED_LEN);
    jobs[1] = job_make(KECCAK_SHA3_256, (hf_span){NULL, 0}, (hf_span){ek, MLKEM768_PUBLIC_LEN}, h,
                       sizeof h);
    size_t count = 2 + matrix_jobs(jobs + 2, streams, ek + EK_RHO_AT, true);
    count += noise_jobs(jobs + count, &out->noise, NOISE_COUNT, r);
    keccak_run(impl->permute, jobs, count);
    matrix_sample(impl, &out->matrix, streams, jobs + 2);
    hf_wipe(jobs, count * sizeof jobs[0]);
    return hf_ct_equal(h, dk + DK_H_AT, sizeof h);
}

static bool ek_decode(const struct mlkem_impl *impl, const uint8_t ek[MLKEM768_PUBLIC_LEN],
                      struct mlkem_poly t[MLKEM_K])
{
    bool is_reduced = true;
    for (size_t i = 0; i < MLKEM_K; i++) {
        is_reduced = impl->decode12(&t[i], ek + i * MLKEM_POLY_LEN) && is_reduced;
    }
    return is_reduced;
}

/* K-PKE.Encrypt (algorithm 14), after its sampling. */
static void encrypt(const struct mlkem_impl *impl, const struct mlkem_poly t[MLKEM_K],
                    const struct expansion *from, const uint8_t m[32],
                    uint8_t ct[MLKEM768_CIPHERTEXT_LEN])
{
    struct mlkem_factor y[MLKEM_K];
    struct mlkem_poly sum;
    struct mlkem_poly term;
    factor_sample(impl, y, &from->noise);
    for (size_t i = 0; i < MLKEM_K; i++) {
        impl->dot(&sum, from->matrix.row[i], y);
        impl->inverse_ntt(&sum);
        impl->sample_noise(&term, from->noise.of[MLKEM_K + i]);
        poly_add(&sum, &term);
        impl->compress10(ct + i * MLKEM_POLY10_LEN, &sum);
    }
    impl->dot(&sum, t, y);
    impl->inverse_ntt(&sum);
    impl->sample_noise(&term, from->noise.of[2 * MLKEM_K]);
    poly_add(&sum, &term);
    impl->decompress1(&term, m);
    poly_add(&sum, &term);
    impl->compress4(ct + CT_V_AT, &sum);
    hf_wipe(y, sizeof y);
    hf_wipe(&sum, sizeof sum);
    hf_wipe(&term, sizeof term);
}

/* K-PKE.Decrypt (algorithm 15). */
static void decrypt(const struct mlkem_impl *impl, const uint8_t dk[MLKEM768_SECRET_LEN],
                    const uint8_t ct[MLKEM768_CIPHERTEXT_LEN], uint8_t m[32])
{
    struct mlkem_factor u[MLKEM_K];
    struct mlkem_poly s[MLKEM_K];
    for (size_t i = 0; i < MLKEM_K; i++) {
        impl->decompress10(&u[i].plain, ct + i * MLKEM_POLY10_LEN);
        impl->ntt(&u[i].plain);
        impl->factor_twist(&u[i]);
        (void)impl->decode12(&s[i], dk + i * MLKEM_POLY_LEN);
    }
    struct mlkem_poly product;
    impl->dot(&product, s, u);
    impl->inverse_ntt(&product);
    struct mlkem_poly w;
    impl->decompress4(&w, ct + CT_V_AT);
    for (size_t i = 0; i < MLKEM_N; i++) {
        w.c[i] = (int16_t)(w.c[i] - product.c[i]);
    }
    impl->compress1(m, &w);
    hf_wipe(s, sizeof s);
    hf_wipe(&product, sizeof product);
    hf_wipe(&w, sizeof w);
}

/* The entry in row i and column j is SampleNTT(rho || j || i), or with i and j exchanged. */
static size_t matrix_jobs(struct keccak_job *jobs, uint8_t (*streams)[MLKEM_STREAM_LEN],
                          const uint8_t rho[32], bool transposed)
{
    for (size_t n = 0; n < MATRIX_LEN; n++) {
        const uint8_t i = (uint8_t)(n / MLKEM_K);
        const uint8_t j = (uint8_t)(n % MLKEM_K);
        const uint8_t index[2] = {transposed ? i : j, transposed ? j : i};
        jobs[n] = job_make(KECCAK_SHAKE128, (hf_span){rho, 32}, (hf_span){NULL, 0}, streams[n],
                           MLKEM_STREAM_LEN);
        memcpy(jobs[n].head + 32, index, 2);
        jobs[n].head_len = 34;
    }
    return MATRIX_LEN;
}

/* PRF(seed, n) for n in 0..count-1. */
static size_t noise_jobs(struct keccak_job *jobs, struct noise *noise, size_t count,
                         const uint8_t seed[32])
{
    for (size_t n = 0; n < count; n++) {
        jobs[n] = job_make(KECCAK_SHAKE256, (hf_span){seed, 32}, (hf_span){NULL, 0}, noise->of[n],
                           MLKEM_NOISE_LEN);
        jobs[n].head[32] = (uint8_t)n;
        jobs[n].head_len = 33;
    }
    return count;
}

static struct keccak_job job_make(enum keccak_function function, hf_span head, hf_span body,
                                  uint8_t *out, size_t out_len)
{
    struct keccak_job job = {.function = function,
                             .head_len = head.len,
                             .body = body.data,
                             .body_len = body.len,
                             .out = out,
                             .out_len = out_len};
    if (head.len > 0) {
        memcpy(job.head, head.data, head.len);
    }
    return job;
}

/* Reads the streams of matrix_jobs. One in a hundred is too short and is hashed again, to more
 * bytes. */
static void matrix_sample(const struct mlkem_impl *impl, struct matrix *a,
                          uint8_t (*streams)[MLKEM_STREAM_LEN], const struct keccak_job *jobs)
{
    for (size_t n = 0; n < MATRIX_LEN; n++) {
        struct mlkem_poly *p = &a->row[n / MLKEM_K][n % MLKEM_K];
        if (impl->sample_uniform(p, streams[n], MLKEM_STREAM_LEN) < MLKEM_N) {
            uint8_t longer[MLKEM_STREAM_MAX];
            struct keccak_job job = jobs[n];
            job.out = longer;
            job.out_len = sizeof longer;
            keccak_run(impl->permute, &job, 1);
            (void)impl->sample_uniform(p, longer, sizeof longer);
        }
    }
}

/* The first three polynomials of the noise, ready to multiply with. */
static void factor_sample(const struct mlkem_impl *impl, struct mlkem_factor f[MLKEM_K],
                          const struct noise *noise)
{
    for (size_t i = 0; i < MLKEM_K; i++) {
        impl->sample_noise(&f[i].plain, noise->of[i]);
        impl->ntt(&f[i].plain);
        impl->factor_twist(&f[i]);
    }
}

/* G (FIPS 203, 4.1). */
static void g_hash(const struct mlkem_impl *impl, hf_span head, hf_span body, uint8_t out[64])
{
    struct keccak_job job = job_make(KECCAK_SHA3_512, head, body, out, 64);
    keccak_run(impl->permute, &job, 1);
    hf_wipe(&job, sizeof job);
}

static void poly_add(struct mlkem_poly *p, const struct mlkem_poly *other)
{
    for (size_t i = 0; i < MLKEM_N; i++) {
        p->c[i] = (int16_t)(p->c[i] + other->c[i]);
    }
}

/* Times 2^16, which takes back what dot divided by. Leaves |c| < q. */
static void poly_to_montgomery(struct mlkem_poly *p)
{
    for (size_t i = 0; i < MLKEM_N; i++) {
        const int32_t product = p->c[i] * MLKEM_R2;
        const int16_t t = (int16_t)((int16_t)product * MLKEM_QINV);
        p->c[i] = (int16_t)((product - t * MLKEM_Q) >> 16);
    }
}

/* 0 when equal, 0xff when not, and no branch on which. */
static uint8_t bytes_differ(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint32_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= (uint32_t)(a[i] ^ b[i]);
    }
    /* The barrier keeps the compiler from seeing that one bit is behind all eight of the mask. */
    __asm__("" : "+r"(difference));
    return (uint8_t)((0u - difference) >> 24);
}

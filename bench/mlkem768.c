/* ML-KEM-768 and its parts, each implementation that this processor can run beside the portable
 * one.
 *
 * Columns: time, and portable time / this time (how many times faster). */
#include <stdbool.h>

#include "bench/bench.h"
#include "provider/native/mlkem_impl.h"

struct job {
    const struct mlkem_impl *impl;
    uint8_t seed[MLKEM768_SEED_LEN];
    uint8_t ek[MLKEM768_PUBLIC_LEN];
    uint8_t dk[MLKEM768_SECRET_LEN];
    uint8_t ct[MLKEM768_CIPHERTEXT_LEN];
    uint8_t ss[MLKEM768_SHARED_LEN];
    uint8_t stream[MLKEM_STREAM_LEN];
    struct keccak_state state;
    struct mlkem_poly poly;
    struct mlkem_poly a[MLKEM_K];
    struct mlkem_factor b[MLKEM_K];
};

struct row {
    const char *name;
    void (*run)(void *arg);
};

static void run_keypair(void *arg)
{
    struct job *job = arg;
    uint8_t rho_sigma[64];
    job->seed[0]++; /* another matrix each time: rejection sampling must not be learnt by heart */
    mlkem768_seed_expand(job->impl, job->seed, rho_sigma);
    mlkem768_keypair_derive(job->impl, rho_sigma, job->seed + 32, job->ek, job->dk);
}

static void run_encaps(void *arg)
{
    struct job *job = arg;
    job->seed[32]++;
    (void)mlkem768_encaps_with(job->impl, job->ek, job->seed + 32, job->ct, job->ss);
}

static void run_decaps(void *arg)
{
    struct job *job = arg;
    (void)mlkem768_decaps_with(job->impl, job->dk, job->ct, job->ss);
}

static void run_permute4(void *arg)
{
    struct job *job = arg;
    job->impl->permute(&job->state, 15);
}

static void run_permute1(void *arg)
{
    struct job *job = arg;
    job->impl->permute(&job->state, 1);
}

static void run_sample_uniform(void *arg)
{
    struct job *job = arg;
    (void)job->impl->sample_uniform(&job->a[0], job->stream, sizeof job->stream);
}

static void run_ntt(void *arg)
{
    struct job *job = arg;
    job->impl->ntt(&job->poly);
}

static void run_inverse_ntt(void *arg)
{
    struct job *job = arg;
    job->impl->inverse_ntt(&job->poly);
}

static void run_dot(void *arg)
{
    struct job *job = arg;
    job->impl->dot(&job->poly, job->a, job->b);
}

static void run_compress10(void *arg)
{
    struct job *job = arg;
    job->impl->compress10(job->ct, &job->poly);
}

int main(void)
{
    static const struct row rows[] = {
        {"keypair", run_keypair},
        {"encaps", run_encaps},
        {"decaps", run_decaps},
        {"Keccak-f, four", run_permute4},
        {"Keccak-f, one", run_permute1},
        {"SampleNTT", run_sample_uniform},
        {"NTT", run_ntt},
        {"NTT^-1", run_inverse_ntt},
        {"dot product of three", run_dot},
        {"Compress 10", run_compress10},
    };
    static struct job jobs[MLKEM_IMPL_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < MLKEM_IMPL_COUNT; i++) {
        if (mlkem_impl_at(i) != NULL) {
            struct job *job = &jobs[count++];
            job->impl = mlkem_impl_at(i);
            for (size_t k = 0; k < sizeof job->stream; k++) {
                job->stream[k] = (uint8_t)(k * 77 + (k >> 3) * 13);
            }
            run_keypair(job);
            run_encaps(job);
        }
    }
    printf("%-22s", "");
    for (size_t i = 0; i < count; i++) {
        printf("%20s", jobs[i].impl->name);
    }
    printf("\n");
    struct bench_json json;
    bench_json_open(&json);
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct bench_case cases[MLKEM_IMPL_COUNT];
        struct bench_result results[MLKEM_IMPL_COUNT];
        for (size_t i = 0; i < count; i++) {
            cases[i] = (struct bench_case){jobs[i].impl->name, rows[r].run, &jobs[i]};
        }
        bench_run(cases, count, results);
        printf("%-22s", rows[r].name);
        for (size_t i = 0; i < count; i++) {
            printf("%9.2f us  %5.2f x", results[i].ns / 1000, 1 / results[i].ratio);
            char key[64];
            (void)snprintf(key, sizeof key, "mlkem768 %s %s", rows[r].name, jobs[i].impl->name);
            bench_json_add(&json, key, "ns", results[i].ns);
        }
        printf("\n");
    }
    bench_json_close(&json);
    return 0;
}

/* A small harness that compares costs on a machine that is busy with other things too.
 *
 * What is compared runs interleaved: each round gives every case one short slice of CPU time,
 * forwards in one round and backwards in the next, so that a change of clock rate or a noisy
 * neighbour meets all of them. Time is the process's CPU time; a case's cost is the median over the
 * rounds, and a ratio is the median of the rounds' ratios, which is steadier than the ratio of two
 * medians. Cycles are those of the time stamp counter (constant rate), 0 where there is none.
 *
 *     static void run_ours(void *arg) { ... }
 *     struct bench_case cases[] = {{"ours", run_ours, &x}, {"EVP", run_evp, &x}};
 *     struct bench_result results[2];
 *     bench_run(cases, 2, results);   // results[1].ratio: EVP costs so many times ours
 *
 * HF_BENCH_ROUNDS sets the number of rounds (default 31), HF_BENCH_JSON names the file for the
 * figures.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

enum { BENCH_CASE_MAX = 8, BENCH_ROUND_MAX = 1001 };

/* What one slice takes: long beside the clock's grain, short beside a scheduler's. */
#define BENCH_SLICE_NS 400000.0

struct bench_case {
    const char *name;
    void (*run)(void *arg); /* one operation; it must not grow anything */
    void *arg;
};

struct bench_result {
    double ns;     /* CPU time of one operation, median */
    double cycles; /* of the time stamp counter, median */
    double ratio;  /* to the first case, median of the rounds */
    double allocs; /* bench_alloc_count's growth in one operation */
};

/* Set by a program that can count allocations; else allocs is 0. */
static uint64_t (*bench_alloc_count)(void);

static inline double bench_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline uint64_t bench_now_cycles(void)
{
#if defined(__x86_64__)
    return __rdtsc();
#else
    return 0;
#endif
}

static inline int bench_compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts values. */
static inline double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, bench_compare);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static inline size_t bench_rounds(void)
{
    const char *asked = getenv("HF_BENCH_ROUNDS");
    const long rounds = asked != NULL ? strtol(asked, NULL, 10) : 31;
    return rounds < 1 ? 1 : rounds > BENCH_ROUND_MAX ? BENCH_ROUND_MAX : (size_t)rounds;
}

/* How many operations make a slice. Warms caches and lazy state up on the way. */
static inline size_t bench_calibrate(const struct bench_case *c)
{
    size_t count = 1;
    for (;;) {
        const double start = bench_now_ns();
        for (size_t i = 0; i < count; i++) {
            c->run(c->arg);
        }
        const double took = bench_now_ns() - start;
        if (took >= BENCH_SLICE_NS / 4 || count >= (size_t)1 << 30) {
            const double wanted = (double)count * BENCH_SLICE_NS / (took > 0 ? took : 1);
            return wanted < 1 ? 1 : (size_t)wanted;
        }
        count *= 2;
    }
}

static inline double bench_allocs_of(const struct bench_case *c)
{
    enum { REPEAT = 16 };
    if (bench_alloc_count == NULL) {
        return 0;
    }
    const uint64_t before = bench_alloc_count();
    for (int i = 0; i < REPEAT; i++) {
        c->run(c->arg);
    }
    return (double)(bench_alloc_count() - before) / REPEAT;
}

/* Measures count cases (at most BENCH_CASE_MAX) against each other. */
static inline void bench_run(const struct bench_case *cases, size_t count,
                             struct bench_result *results)
{
    static double ns[BENCH_CASE_MAX][BENCH_ROUND_MAX];
    static double cycles[BENCH_CASE_MAX][BENCH_ROUND_MAX];
    static double ratio[BENCH_ROUND_MAX];
    size_t batch[BENCH_CASE_MAX];
    const size_t rounds = bench_rounds();
    for (size_t c = 0; c < count; c++) {
        batch[c] = bench_calibrate(&cases[c]);
        results[c].allocs = bench_allocs_of(&cases[c]);
    }
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            const size_t c = round % 2 == 0 ? i : count - 1 - i;
            const double start = bench_now_ns();
            const uint64_t start_cycles = bench_now_cycles();
            for (size_t k = 0; k < batch[c]; k++) {
                cases[c].run(cases[c].arg);
            }
            cycles[c][round] = (double)(bench_now_cycles() - start_cycles) / (double)batch[c];
            ns[c][round] = (bench_now_ns() - start) / (double)batch[c];
        }
    }
    for (size_t c = 0; c < count; c++) {
        for (size_t round = 0; round < rounds; round++) {
            ratio[round] = ns[c][round] / ns[0][round];
        }
        results[c].ratio = bench_median(ratio, rounds);
        results[c].cycles = bench_median(cycles[c], rounds);
        if (c > 0) {
            results[c].ns = bench_median(ns[c], rounds);
        }
    }
    /* Last, because the ratios need the first case's rounds in order. */
    results[0].ns = bench_median(ns[0], rounds);
}

/* The figures for machines: one flat JSON object. */
struct bench_json {
    FILE *file; /* NULL: nobody asked */
    size_t count;
};

static inline void bench_json_open(struct bench_json *json)
{
    const char *name = getenv("HF_BENCH_JSON");
    json->file = name != NULL ? fopen(name, "w") : NULL;
    json->count = 0;
    if (json->file != NULL) {
        fputs("{", json->file);
    }
}

/* key "a b" and what "ns" give the member "a b ns". Names need no escaping. */
static inline void bench_json_add(struct bench_json *json, const char *key, const char *what,
                                  double value)
{
    if (json->file != NULL) {
        fprintf(json->file, "%s\n  \"%s %s\": %.4g", json->count++ == 0 ? "" : ",", key, what,
                value);
    }
}

static inline void bench_json_close(struct bench_json *json)
{
    if (json->file != NULL) {
        fputs("\n}\n", json->file);
        fclose(json->file);
    }
}

#endif

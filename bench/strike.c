/* What one check of the strike register costs: fresh flights in 64 MiB, most of them a miss of all
 * caches, with the window's older flights cleared on the way; and the same flight again and again.
 * The bar is 5 million checks a second on one core. Then how often a million flights that differ
 * are taken for one another, of which the bar is one. */
#include "bench.h"

#include "base/span.h"
#include <handfast/replay.h>

struct flights {
    hf_replay_guard *guard;
    uint64_t next;
    uint64_t step;
    uint64_t wrong;
};

static const int64_t start_ms = INT64_C(1750000000000);

/* 400,000 flights a second in a window of ten seconds: 4 million alive in 7.3 million slots. */
static void check_next(void *arg)
{
    struct flights *flights = arg;
    uint8_t key[32] = {0};
    memcpy(key, &flights->next, sizeof flights->next);
    const int64_t now_ms = start_ms + (int64_t)(flights->next / 400);
    flights->wrong += hf_replay_guard_check(flights->guard, span_of(key, sizeof key), now_ms,
                                            10000) == HF_RESUME_REPLAYED;
    flights->next += flights->step;
}

static hf_replay_guard *make(void)
{
    const hf_strike_params params = {
        .size = sizeof params, .bytes = (size_t)64 << 20, .nothing_before = true};
    hf_replay_guard *guard = hf_strike_register_new(&params);
    if (guard == NULL) {
        exit(1);
    }
    return guard;
}

int main(void)
{
    struct flights fresh = {.guard = make(), .step = 1};
    struct flights same = {.guard = make()};
    const struct bench_case cases[] = {{"fresh flights", check_next, &fresh},
                                       {"one flight again", check_next, &same}};
    struct bench_result results[2];
    struct bench_json json;
    bench_run(cases, 2, results);
    bench_json_open(&json);
    printf("strike register, 64 MiB, window of 10 s\n");
    for (size_t i = 0; i < 2; i++) {
        printf("  %-24s %7.1f ns %6.2f million checks a second\n", cases[i].name, results[i].ns,
               1000 / results[i].ns);
        bench_json_add(&json, cases[i].name, "ns", results[i].ns);
    }
    printf("  %llu false positives in %llu fresh flights\n", (unsigned long long)fresh.wrong,
           (unsigned long long)fresh.next);
    bench_json_add(&json, "false positives", "count", (double)fresh.wrong);
    bench_json_close(&json);
    hf_replay_guard_free(fresh.guard);
    hf_replay_guard_free(same.guard);
    return 0;
}

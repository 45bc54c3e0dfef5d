/* The strike register: what it takes once, what it refuses, and how often it is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "store/siphash.h"
#include <handfast/replay.h>

static const int64_t now = INT64_C(1750000000000);

enum { WINDOW_MS = 10000 };

static hf_replay_guard *register_of(size_t bytes, bool nothing_before)
{
    const hf_strike_params params = {
        .size = sizeof params, .bytes = bytes, .started_ms = now, .nothing_before = nothing_before};
    hf_replay_guard *guard = hf_strike_register_new(&params);
    assert_non_null(guard);
    return guard;
}

static hf_resume_reason check(hf_replay_guard *guard, uint64_t flight, int64_t at_ms)
{
    uint8_t key[32] = {0};
    memcpy(key + 5, &flight, sizeof flight);
    return hf_replay_guard_check(guard, span_of(key, sizeof key), at_ms, WINDOW_MS);
}

/* The vectors of the paper's reference implementation: key 00..0f, input 00..n-1. */
static void siphash_vectors(void **state)
{
    (void)state;
    static const uint8_t bytes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct siphash_key key;
    memcpy(&key, bytes, sizeof key);
    assert_true(siphash(&key, span_of(NULL, 0)) == 0x726fdb47dd0e0e31);
    assert_true(siphash(&key, span_of(bytes, 1)) == 0x74f839c593dc67fd);
    assert_true(siphash(&key, span_of(bytes, 8)) == 0x93f5f5799a932462);
    assert_true(siphash(&key, span_of(bytes, 15)) == 0xa129ca6149be45e5);
}

static void once_within_the_window(void **state)
{
    (void)state;
    hf_replay_guard *guard = register_of(1 << 20, true);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(check(guard, i, now), HF_RESUME_NONE);
    }
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(check(guard, i, now + (int64_t)i), HF_RESUME_REPLAYED);
    }
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(check(guard, i, now + WINDOW_MS), HF_RESUME_REPLAYED);
        assert_int_equal(check(guard, i, now + WINDOW_MS - 1500), HF_RESUME_REPLAYED);
    }
    /* long after, the same bytes are a flight that is refused for its age, and the room is free */
    assert_int_equal(check(guard, 1, now + WINDOW_MS + 2200), HF_RESUME_NONE);
    hf_replay_guard_free(guard);
}

static void refused_for_a_window_after_the_start(void **state)
{
    (void)state;
    hf_replay_guard *guard = register_of(4096, false);
    assert_int_equal(check(guard, 1, now), HF_RESUME_STORE_STARTING);
    assert_int_equal(check(guard, 1, now + WINDOW_MS - 1), HF_RESUME_STORE_STARTING);
    assert_int_equal(check(guard, 1, now + WINDOW_MS), HF_RESUME_NONE);
    hf_replay_guard_free(guard);
}

static void a_clock_that_runs_back_is_not_believed(void **state)
{
    (void)state;
    hf_replay_guard *guard = register_of(4096, true);
    assert_int_equal(check(guard, 1, now), HF_RESUME_NONE);
    assert_int_equal(check(guard, 2, now + 5000), HF_RESUME_NONE);
    assert_int_equal(check(guard, 3, now + 3000), HF_RESUME_NONE); /* threads differ a little */
    assert_int_equal(check(guard, 4, now + 2999), HF_RESUME_STORE_DOWN);
    assert_int_equal(check(guard, 4, -1), HF_RESUME_STORE_DOWN);
    assert_int_equal(check(guard, 4, INT64_MAX), HF_RESUME_STORE_DOWN);
    const uint8_t key[32] = {0};
    assert_int_equal(hf_replay_guard_check(guard, span_of(key, sizeof key), now + 5000,
                                           HF_STRIKE_WINDOW_MAX_MS + 1U),
                     HF_RESUME_STORE_DOWN);
    assert_int_equal(
        hf_replay_guard_check(guard, span_of(key, sizeof key), now + 5000, HF_STRIKE_WINDOW_MAX_MS),
        HF_RESUME_NONE);
    /* what was cleared for a later time cannot be taken again at an earlier one */
    assert_int_equal(check(guard, 5, now + 60000), HF_RESUME_NONE);
    assert_int_equal(check(guard, 1, now + 5000), HF_RESUME_STORE_DOWN);
    hf_replay_guard_free(guard);
}

/* Flights that stay for ever in a register of 16 buckets: it says when it is full, and forgets
 * none. */
static void full(void **state)
{
    (void)state;
    hf_replay_guard *guard = register_of(1024, true);
    size_t taken = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        const hf_resume_reason reason = check(guard, i, now);
        taken += reason == HF_RESUME_NONE;
        assert_true(reason == HF_RESUME_NONE || reason == HF_RESUME_STORE_FULL);
    }
    assert_int_equal(taken, 16 * 7);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_not_equal(check(guard, i, now), HF_RESUME_NONE);
    }
    size_t later = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        later += check(guard, i, now + WINDOW_MS + 2200) == HF_RESUME_NONE;
    }
    assert_int_equal(later, 16 * 7); /* all of it was free again */
    hf_replay_guard_free(guard);
}

/* 64 MiB with a million flights: none is taken for another, which the stated rate of 10^-10 makes
 * near certain (once in 20,000 runs of this test a fingerprint would be met by chance). */
static void no_false_positive_in_a_million(void **state)
{
    (void)state;
    hf_replay_guard *guard = register_of((size_t)64 << 20, true);
    size_t replayed = 0, refused = 0;
    for (uint64_t i = 0; i < 1000000; i++) {
        const hf_resume_reason reason = check(guard, i, now + (int64_t)(i / 1000));
        replayed += reason == HF_RESUME_REPLAYED;
        refused += reason == HF_RESUME_STORE_FULL;
    }
    assert_int_equal(replayed, 0);
    assert_in_range(refused, 0, 40); /* a million in 1,048,576 buckets: about 8 */
    hf_replay_guard_free(guard);
}

/* The clock comes round in its slot after 198 days: a register that has slept so long works on. */
static void after_half_a_year(void **state)
{
    (void)state;
    hf_replay_guard *guard = register_of(1024, true);
    for (uint64_t i = 0; i < 1000; i++) {
        (void)check(guard, i, now);
    }
    const int64_t day_ms = 86400000;
    for (int64_t day = 1; day < 180; day += 20) {
        const uint64_t base = 100000 * (uint64_t)day;
        size_t taken = 0;
        for (uint64_t i = 0; i < 1000; i++) {
            taken += check(guard, base + i, now + day * day_ms) == HF_RESUME_NONE;
        }
        assert_int_equal(taken, 16 * 7);
    }
    hf_replay_guard_free(guard);
}

struct race {
    hf_replay_guard *guard;
    atomic_size_t taken;
};

static void *strike_all(void *arg)
{
    struct race *race = arg;
    size_t taken = 0;
    for (uint64_t i = 0; i < 50000; i++) {
        taken += check(race->guard, i, now + (int64_t)(i / 100)) == HF_RESUME_NONE;
    }
    atomic_fetch_add(&race->taken, taken);
    return NULL;
}

static void of_many_threads_one_wins(void **state)
{
    (void)state;
    struct race race = {.guard = register_of(4 << 20, true)};
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, strike_all, &race), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    /* each flight by one thread; some of the 65,536 buckets of 7 may have been full */
    assert_in_range(atomic_load(&race.taken), 49990, 50000);
    hf_replay_guard_free(race.guard);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_vectors),
        cmocka_unit_test(once_within_the_window),
        cmocka_unit_test(refused_for_a_window_after_the_start),
        cmocka_unit_test(a_clock_that_runs_back_is_not_believed),
        cmocka_unit_test(full),
        cmocka_unit_test(no_false_positive_in_a_million),
        cmocka_unit_test(after_half_a_year),
        cmocka_unit_test(of_many_threads_one_wins),
    };
    return cmocka_run_group_tests_name("strike register", tests, NULL, NULL);
}

/* The server's store of sessions: what is found, how often, for how long, and what goes for room.
 */
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
#include <handfast/store.h>

static const int64_t now = INT64_C(1750000000000);

enum { LIFE_S = 100, LIFE_MS = LIFE_S * 1000 };

static hf_session_store *store_of(size_t count, size_t bytes)
{
    const hf_session_store_params params = {.size = sizeof params, .count = count, .bytes = bytes};
    hf_session_store *store = hf_session_store_new(&params);
    assert_non_null(store);
    return store;
}

static hf_span id_of(const unsigned *number)
{
    return span_of((const uint8_t *)number, sizeof *number);
}

static bool put(hf_session_store *store, unsigned number, int64_t at_ms)
{
    char state[32];
    const int len = snprintf(state, sizeof state, "state %u", number);
    return hf_session_store_put(store, id_of(&number), span_of(state, (size_t)len), LIFE_S, at_ms);
}

/* The answer, having checked that what was found is the right one. */
static hf_resume_reason get(hf_session_store *store, unsigned number, int64_t at_ms, bool is_taken)
{
    char expected[32];
    char state[32] = "";
    const int expected_len = snprintf(expected, sizeof expected, "state %u", number);
    size_t len = 0;
    const hf_resume_reason reason = (is_taken ? hf_session_store_take : hf_session_store_find)(
        store, id_of(&number), at_ms, (uint8_t *)state, sizeof state, &len);
    if (reason == HF_RESUME_NONE) {
        assert_int_equal(len, expected_len);
        assert_memory_equal(state, expected, len);
    } else {
        assert_int_equal(len, 0);
        assert_int_equal(state[0], 0);
    }
    return reason;
}

static hf_session_store_counts counts_of(hf_session_store *store)
{
    hf_session_store_counts counts;
    hf_session_store_count(store, &counts);
    return counts;
}

static void found_often_taken_once(void **state)
{
    (void)state;
    hf_session_store *store = hf_session_store_new(NULL);
    assert_non_null(store);
    assert_true(put(store, 1, now));
    assert_int_equal(get(store, 2, now, false), HF_RESUME_SESSION_UNKNOWN);
    assert_int_equal(get(store, 1, now, false), HF_RESUME_NONE);
    assert_int_equal(get(store, 1, now, false), HF_RESUME_NONE);
    assert_int_equal(get(store, 1, now, true), HF_RESUME_NONE);
    assert_int_equal(get(store, 1, now, true), HF_RESUME_SESSION_UNKNOWN);
    assert_int_equal(get(store, 1, now, false), HF_RESUME_SESSION_UNKNOWN);
    const hf_session_store_counts counts = counts_of(store);
    assert_int_equal(counts.stored, 1);
    assert_int_equal(counts.found, 3);
    assert_int_equal(counts.missed, 3);
    assert_int_equal(counts.held, 0);
    assert_int_equal(counts.bytes, 0);
    hf_session_store_free(hf_session_store_ref(store));
    assert_true(put(store, 1, now)); /* one reference is left */
    hf_session_store_free(store);
}

static void nothing_outlives_its_time(void **state)
{
    (void)state;
    const hf_session_store_params params = {.size = sizeof params, .max_age_s = 10};
    hf_session_store *store = hf_session_store_new(NULL);
    assert_true(put(store, 1, now));
    assert_int_equal(get(store, 1, now + LIFE_MS - 1, false), HF_RESUME_NONE);
    assert_int_equal(get(store, 1, now + LIFE_MS, false), HF_RESUME_EXPIRED);
    assert_int_equal(get(store, 1, now, false), HF_RESUME_SESSION_UNKNOWN);
    assert_int_equal(counts_of(store).expired, 1);
    hf_session_store_free(store);
    store = hf_session_store_new(&params); /* a limit of the store's own */
    assert_true(put(store, 1, now));
    assert_int_equal(get(store, 1, now + 10000, true), HF_RESUME_EXPIRED);
    hf_session_store_free(store);
}

static void what_is_put_again_is_replaced(void **state)
{
    (void)state;
    static const uint8_t id[3] = "abc";
    uint8_t out[8];
    size_t len = 0;
    hf_session_store *store = store_of(8, 0);
    assert_true(hf_session_store_put(store, span_of(id, 3), span_of("old", 3), 10, now));
    assert_true(hf_session_store_put(store, span_of(id, 3), span_of("newer", 5), 10, now));
    assert_int_equal(counts_of(store).held, 1);
    assert_int_equal(hf_session_store_find(store, span_of(id, 3), now, out, sizeof out, &len),
                     HF_RESUME_NONE);
    assert_int_equal(len, 5);
    assert_memory_equal(out, "newer", 5);
    /* Room that is too small is told, and nothing is lost. */
    assert_int_equal(hf_session_store_take(store, span_of(id, 3), now, out, 4, &len),
                     HF_RESUME_STATE_UNREADABLE);
    assert_int_equal(hf_session_store_take(store, span_of(id, 3), now, out, 5, &len),
                     HF_RESUME_NONE);
    hf_session_store_free(store);
}

static void lengths_have_borders(void **state)
{
    (void)state;
    static const uint8_t bytes[HF_STORE_STATE_MAX + 1] = {1};
    static const struct {
        size_t id_len, state_len;
        uint32_t lifetime_s;
        bool kept;
    } rows[] = {
        {1, 1, 1, true},  {HF_STORE_ID_MAX, HF_STORE_STATE_MAX, 1, true},
        {0, 1, 1, false}, {HF_STORE_ID_MAX + 1, 1, 1, false},
        {1, 0, 1, false}, {1, HF_STORE_STATE_MAX + 1, 1, false},
        {1, 1, 0, false},
    };
    hf_session_store *store = store_of(8, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(hf_session_store_put(store, span_of(bytes, rows[i].id_len),
                                              span_of(bytes, rows[i].state_len), rows[i].lifetime_s,
                                              now),
                         rows[i].kept);
    }
    size_t len = 0;
    uint8_t out[4];
    assert_int_equal(hf_session_store_find(store, span_of(NULL, 0), now, out, sizeof out, &len),
                     HF_RESUME_SESSION_UNKNOWN);
    hf_session_store_free(store);
    store = store_of(8, 500); /* what alone is too much for it pushes nothing out */
    assert_true(put(store, 1, now));
    assert_false(hf_session_store_put(store, span_of(bytes, 4), span_of(bytes, 600), 1, now));
    assert_int_equal(get(store, 1, now, false), HF_RESUME_NONE);
    hf_session_store_free(store);
}

/* Of a store with one shard: in the order of their last use. */
static void who_was_not_asked_for_longest_goes(void **state)
{
    (void)state;
    hf_session_store *store = store_of(4, 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(put(store, i, now));
    }
    assert_int_equal(get(store, 0, now, false), HF_RESUME_NONE);
    assert_true(put(store, 4, now));
    assert_int_equal(get(store, 1, now, false), HF_RESUME_SESSION_UNKNOWN);
    assert_int_equal(get(store, 0, now, false), HF_RESUME_NONE);
    assert_int_equal(counts_of(store).evicted, 1);
    assert_int_equal(counts_of(store).held, 4);
    /* Expired ones at the end of the order go first, and are not told as pushed out. */
    assert_true(put(store, 5, now + LIFE_MS));
    assert_true(put(store, 6, now + LIFE_MS));
    assert_int_equal(counts_of(store).evicted, 1);
    assert_int_equal(counts_of(store).expired, 4);
    assert_int_equal(counts_of(store).held, 2);
    hf_session_store_free(store);
}

static void bytes_are_a_limit_too(void **state)
{
    (void)state;
    hf_session_store *store = store_of(1000, 1000);
    for (unsigned i = 0; i < 100; i++) {
        assert_true(put(store, i, now));
        assert_true(counts_of(store).bytes <= 1000);
    }
    const hf_session_store_counts counts = counts_of(store);
    assert_true(counts.held >= 5 && counts.held < 20);
    assert_int_equal(counts.held + counts.evicted, 100);
    assert_int_equal(get(store, 99, now, false), HF_RESUME_NONE);
    assert_int_equal(get(store, 0, now, false), HF_RESUME_SESSION_UNKNOWN);
    hf_session_store_free(store);
}

/* Many shards: never more than the limit, and most of it can be used. */
static void a_big_store_keeps_its_limit(void **state)
{
    (void)state;
    enum { COUNT = 8192 };
    hf_session_store *store = store_of(COUNT, 0);
    for (unsigned i = 0; i < 2 * COUNT; i++) {
        assert_true(put(store, i, now));
    }
    const hf_session_store_counts counts = counts_of(store);
    assert_true(counts.held <= COUNT && counts.held > COUNT / 10 * 9);
    assert_int_equal(counts.held + counts.evicted, 2 * COUNT);
    for (unsigned i = 0; i < 2 * COUNT; i++) {
        (void)get(store, i, now, true);
    }
    assert_int_equal(counts_of(store).found, counts.held);
    assert_int_equal(counts_of(store).held, 0);
    hf_session_store_free(store);
}

static void dropped_and_cleared(void **state)
{
    (void)state;
    const unsigned one = 1;
    hf_session_store *store = store_of(8, 0);
    assert_true(put(store, 1, now));
    assert_true(put(store, 2, now));
    assert_true(put(store, 3, now));
    assert_true(hf_session_store_drop(store, id_of(&one)));
    assert_false(hf_session_store_drop(store, id_of(&one)));
    assert_int_equal(get(store, 2, now, false), HF_RESUME_NONE);
    hf_session_store_clear(store);
    assert_int_equal(get(store, 2, now, false), HF_RESUME_SESSION_UNKNOWN);
    assert_int_equal(counts_of(store).held, 0);
    hf_session_store_free(store);
}

/* --- Threads ---------------------------------------------------------------------------------- */

enum { THREADS = 4, SESSIONS = 400 };

static hf_session_store *shared;
static atomic_uint taken[SESSIONS];

/* All want all: each session goes to exactly one of them. */
static void *take_all(void *arg)
{
    (void)arg;
    for (unsigned turn = 0; turn < 2; turn++) {
        for (unsigned i = 0; i < SESSIONS; i++) {
            if (get(shared, i, now, true) == HF_RESUME_NONE) {
                atomic_fetch_add(&taken[i], 1);
            }
        }
    }
    return NULL;
}

static void *put_find_and_count(void *arg)
{
    const unsigned from = *(const unsigned *)arg;
    for (unsigned i = 0; i < 500; i++) {
        const unsigned number = SESSIONS + (from * 7 + i) % 300;
        (void)put(shared, number, now + i);
        (void)get(shared, number, now + i, false);
        hf_session_store_free(hf_session_store_ref(shared));
        if (i % 50 == 0) {
            (void)counts_of(shared);
            (void)hf_session_store_drop(shared, id_of(&number));
        }
    }
    return NULL;
}

static void each_is_taken_by_one_thread(void **state)
{
    (void)state;
    shared = store_of(2000, 0);
    for (unsigned i = 0; i < SESSIONS; i++) {
        atomic_store(&taken[i], 0);
        assert_true(put(shared, i, now));
    }
    pthread_t threads[2 * THREADS];
    unsigned numbers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[2 * i], NULL, take_all, NULL), 0);
        assert_int_equal(pthread_create(&threads[2 * i + 1], NULL, put_find_and_count, &numbers[i]),
                         0);
    }
    for (size_t i = 0; i < (size_t)2 * THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (size_t i = 0; i < SESSIONS; i++) {
        assert_int_equal(atomic_load(&taken[i]), 1);
    }
    hf_session_store_free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_often_taken_once),
        cmocka_unit_test(nothing_outlives_its_time),
        cmocka_unit_test(what_is_put_again_is_replaced),
        cmocka_unit_test(lengths_have_borders),
        cmocka_unit_test(who_was_not_asked_for_longest_goes),
        cmocka_unit_test(bytes_are_a_limit_too),
        cmocka_unit_test(a_big_store_keeps_its_limit),
        cmocka_unit_test(dropped_and_cleared),
        cmocka_unit_test(each_is_taken_by_one_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

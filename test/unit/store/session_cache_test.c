/* The client's cache of sessions: once or often, the newest first, never too many. */
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
#include "session/session.h"
#include <handfast/store.h>

static const int64_t now = INT64_C(1750000000000);

enum { LIFE_S = 100 };

static hf_session *session_of(uint16_t version, unsigned number, int64_t received_ms)
{
    char name[16];
    const struct session_state state = {
        .version = version,
        .cipher_suite = 0x1301,
        .issued_ms = received_ms,
        .lifetime_s = LIFE_S,
        .secret = {.len = 32},
    };
    (void)snprintf(name, sizeof name, "%u", number);
    hf_session *session = session_new(&state, span_str(name), version == HF_TLS12, NULL);
    assert_non_null(session);
    return session;
}

static bool put(hf_session_cache *cache, const char *key, uint16_t version, unsigned number)
{
    return hf_session_cache_put(cache, key, session_of(version, number, now), now);
}

/* The number of the session that is handed out; 0: none. */
static unsigned take(hf_session_cache *cache, const char *key, int64_t at_ms)
{
    hf_session *session = hf_session_cache_take(cache, key, at_ms);
    if (session == NULL) {
        return 0;
    }
    unsigned number = 0;
    const hf_span ticket = session_ticket(session);
    for (size_t i = 0; i < ticket.len; i++) {
        number = number * 10 + ticket.data[i] - '0';
    }
    hf_session_free(session);
    return number;
}

static hf_session_cache_counts counts_of(hf_session_cache *cache)
{
    hf_session_cache_counts counts;
    hf_session_cache_count(cache, &counts);
    return counts;
}

static void sessions_of_13_are_handed_out_once(void **state)
{
    (void)state;
    hf_session_cache *cache = hf_session_cache_new(0, 0, NULL);
    assert_non_null(cache);
    assert_int_equal(take(cache, "a:443", now), 0);
    assert_true(put(cache, "a:443", HF_TLS13, 1));
    assert_true(put(cache, "b:443", HF_TLS13, 2));
    assert_true(put(cache, "a:443", HF_TLS13, 3));
    assert_int_equal(take(cache, "a:443", now), 3); /* the newest first */
    assert_int_equal(take(cache, "a:443", now), 1);
    assert_int_equal(take(cache, "a:443", now), 0);
    assert_int_equal(take(cache, "a:44", now), 0);
    assert_int_equal(take(cache, "b:443", now), 2);
    const hf_session_cache_counts counts = counts_of(cache);
    assert_int_equal(counts.stored, 3);
    assert_int_equal(counts.found, 3);
    assert_int_equal(counts.missed, 3);
    assert_int_equal(counts.held, 0);
    hf_session_cache_free(hf_session_cache_ref(cache));
    assert_true(put(cache, "a:443", HF_TLS13, 1)); /* one reference is left */
    hf_session_cache_free(cache);
}

static void sessions_of_12_stay(void **state)
{
    (void)state;
    hf_session_cache *cache = hf_session_cache_new(0, 0, NULL);
    assert_true(put(cache, "a", HF_TLS12, 1));
    assert_int_equal(take(cache, "a", now), 1);
    assert_int_equal(take(cache, "a", now), 1);
    assert_true(put(cache, "a", HF_TLS12, 2));
    assert_int_equal(take(cache, "a", now), 2);
    assert_int_equal(hf_session_cache_drop(cache, "a"), 2);
    assert_int_equal(hf_session_cache_drop(cache, "a"), 0);
    assert_int_equal(take(cache, "a", now), 0);
    hf_session_cache_free(cache);
}

static void nothing_outlives_its_time(void **state)
{
    (void)state;
    hf_session_cache *cache = hf_session_cache_new(0, 0, NULL);
    assert_true(put(cache, "a", HF_TLS13, 1));
    assert_true(put(cache, "a", HF_TLS12, 2));
    assert_int_equal(take(cache, "a", now + LIFE_S * 1000 - 1), 2);
    assert_int_equal(take(cache, "a", now + LIFE_S * 1000), 0);
    assert_int_equal(counts_of(cache).expired, 2);
    assert_int_equal(counts_of(cache).held, 0);
    assert_false(
        hf_session_cache_put(cache, "a", session_of(HF_TLS13, 1, now), now + LIFE_S * 1000));
    assert_int_equal(counts_of(cache).stored, 2);
    hf_session_cache_free(cache);
}

static void never_too_many(void **state)
{
    (void)state;
    hf_session_cache *cache = hf_session_cache_new(5, 3, NULL);
    for (unsigned i = 1; i <= 4; i++) {
        assert_true(put(cache, "a", HF_TLS13, i));
    }
    assert_int_equal(counts_of(cache).held, 3); /* of one key */
    assert_true(put(cache, "b", HF_TLS13, 5));
    assert_true(put(cache, "c", HF_TLS13, 6));
    assert_true(put(cache, "d", HF_TLS13, 7));
    assert_int_equal(counts_of(cache).held, 5); /* in all: the oldest went */
    assert_int_equal(counts_of(cache).evicted, 2);
    assert_int_equal(take(cache, "a", now), 4);
    assert_int_equal(take(cache, "a", now), 3);
    assert_int_equal(take(cache, "a", now), 0);
    assert_int_equal(take(cache, "d", now), 7);
    hf_session_cache_clear(cache);
    assert_int_equal(take(cache, "b", now), 0);
    hf_session_cache_free(cache);
}

static void keys_have_borders(void **state)
{
    (void)state;
    static char key[HF_CACHE_KEY_MAX + 2];
    memset(key, 'k', sizeof key - 1);
    hf_session_cache *cache = hf_session_cache_new(0, 0, NULL);
    assert_false(put(cache, key, HF_TLS13, 1));
    assert_false(put(cache, "", HF_TLS13, 1));
    assert_false(hf_session_cache_put(cache, "a", NULL, now));
    assert_int_equal(take(cache, "", now), 0);
    key[HF_CACHE_KEY_MAX] = 0;
    assert_true(put(cache, key, HF_TLS13, 1));
    assert_int_equal(take(cache, key, now), 1);
    hf_session_cache_free(cache);
}

/* --- Threads ---------------------------------------------------------------------------------- */

enum { THREADS = 4, SESSIONS = 200 };

static hf_session_cache *shared;
static atomic_uint taken[SESSIONS + 1];

static void *take_all(void *arg)
{
    (void)arg;
    for (unsigned number = 1; number != 0;) {
        number = take(shared, "once", now);
        atomic_fetch_add(&taken[number], number == 0 ? 0 : 1);
    }
    return NULL;
}

static void *use_others(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < 300; i++) {
        const char key[] = {(char)('a' + i % 5), 0};
        (void)put(shared, key, i % 2 == 0 ? HF_TLS12 : HF_TLS13, i + 1);
        (void)take(shared, key, now);
        (void)counts_of(shared);
        if (i % 40 == 0) {
            (void)hf_session_cache_drop(shared, key);
        }
    }
    return NULL;
}

static void each_is_taken_by_one_thread(void **state)
{
    (void)state;
    shared = hf_session_cache_new(4096, SESSIONS, NULL);
    for (unsigned i = 1; i <= SESSIONS; i++) {
        atomic_store(&taken[i], 0);
        assert_true(put(shared, "once", HF_TLS13, i));
    }
    pthread_t threads[2 * THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[2 * i], NULL, take_all, NULL), 0);
        assert_int_equal(pthread_create(&threads[2 * i + 1], NULL, use_others, NULL), 0);
    }
    for (size_t i = 0; i < (size_t)2 * THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (size_t i = 1; i <= SESSIONS; i++) {
        assert_int_equal(atomic_load(&taken[i]), 1);
    }
    hf_session_cache_free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_of_13_are_handed_out_once),
        cmocka_unit_test(sessions_of_12_stay),
        cmocka_unit_test(nothing_outlives_its_time),
        cmocka_unit_test(never_too_many),
        cmocka_unit_test(keys_have_borders),
        cmocka_unit_test(each_is_taken_by_one_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Stores without memory: every allocation fails once, nothing is lost and what was there stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/failing_memory.h"

#include "base/span.h"
#include "session/session.h"
#include <handfast/store.h>

static const int64_t now = INT64_C(1750000000000);

static void a_store(void **state)
{
    (void)state;
    const uint8_t id[4] = {1};
    uint8_t out[16];
    size_t len = 0;
    bool failed = true;
    for (long n = 1; failed; n++) {
        failing_memory_at(n);
        hf_session_store *store = hf_session_store_new(NULL);
        const bool put = store != NULL && hf_session_store_put(store, span_of(id, sizeof id),
                                                               span_of("state", 5), 10, now);
        failed = failing_memory_end();
        assert_int_equal(put, !failed);
        if (store != NULL) {
            assert_int_equal(
                hf_session_store_find(store, span_of(id, sizeof id), now, out, sizeof out, &len),
                put ? HF_RESUME_NONE : HF_RESUME_SESSION_UNKNOWN);
        }
        hf_session_store_free(store);
    }
}

static void a_cache(void **state)
{
    (void)state;
    const struct session_state what = {
        .version = HF_TLS13, .issued_ms = now, .lifetime_s = 10, .secret = {.len = 32}};
    bool failed = true;
    for (long n = 1; failed; n++) {
        hf_session *session = session_new(&what, span_of("ticket", 6), false, NULL);
        assert_non_null(session);
        failing_memory_at(n);
        hf_session_cache *cache = hf_session_cache_new(0, 0, NULL);
        bool put = false;
        if (cache != NULL) {
            put = hf_session_cache_put(cache, "a", session, now);
        } else {
            hf_session_free(session);
        }
        failed = failing_memory_end();
        assert_int_equal(put, !failed);
        hf_session_cache_free(cache);
    }
}

int main(void)
{
    failing_memory_install();
    hf_session_store_free(hf_session_store_new(NULL)); /* libcrypto makes its own things once */
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_store), cmocka_unit_test(a_cache)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/span.h"
#include <handfast/replay.h>

struct own {
    int checks, frees;
    int64_t now_ms;
    uint32_t window_ms;
    hf_span key;
};

static hf_resume_reason own_check(void *ctx, hf_span key, int64_t now_ms, uint32_t window_ms)
{
    struct own *own = ctx;
    own->now_ms = now_ms;
    own->window_ms = window_ms;
    own->key = key;
    return own->checks++ == 0 ? HF_RESUME_NONE : HF_RESUME_REPLAYED;
}

static void own_free(void *ctx)
{
    ((struct own *)ctx)->frees++;
}

static void a_guard_of_ones_own(void **state)
{
    (void)state;
    struct own own = {0};
    const hf_replay_calls calls = {.size = sizeof calls, .check = own_check, .free = own_free};
    hf_replay_guard *guard = hf_replay_guard_new(&calls, &own);
    assert_non_null(guard);
    assert_int_equal(hf_replay_guard_check(guard, span_str("key"), 5, 7), HF_RESUME_NONE);
    assert_int_equal(hf_replay_guard_check(guard, span_str("key"), 6, 7), HF_RESUME_REPLAYED);
    assert_true(own.now_ms == 6 && own.window_ms == 7 && own.key.len == 3);
    hf_replay_guard *same = hf_replay_guard_ref(guard);
    hf_replay_guard_free(guard);
    assert_int_equal(own.frees, 0);
    hf_replay_guard_free(same);
    assert_int_equal(own.frees, 1);
    hf_replay_guard_free(NULL);
}

static void without_a_check_there_is_none(void **state)
{
    (void)state;
    struct own own = {0};
    const hf_replay_calls calls = {.size = sizeof calls, .free = own_free};
    assert_null(hf_replay_guard_new(&calls, &own));
    assert_int_equal(own.frees, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guard_of_ones_own),
        cmocka_unit_test(without_a_check_there_is_none),
    };
    return cmocka_run_group_tests_name("replay guard", tests, NULL, NULL);
}

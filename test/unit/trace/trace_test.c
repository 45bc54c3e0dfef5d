/* The macro: who gets an event, and that nobody pays for one that is not wanted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/trace.h"

struct seen {
    size_t count;
    hf_event last;
    uint64_t clock;
};

static void on_event(void *ctx, const hf_event *event)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->last = *event;
}

static uint64_t clock_ns(void *ctx)
{
    return ++((struct seen *)ctx)->clock;
}

static int evaluated;

static uint32_t evaluate(void)
{
    evaluated++;
    return 42;
}

static void wanted_events_come_with_their_stamp(void **state)
{
    (void)state;
    struct seen seen = {.clock = 100};
    const hf_trace trace = {HF_EV_BIT(HF_EV_NOTE), on_event, &seen, clock_ns};
    struct tracer tr;
    tracer_init(&tr, &trace, &seen, HF_SERVER);
    evaluated = 0;
    TRACE(&tr, HF_EV_NOTE, note, .about = "a", .text = "b", .value = evaluate());
    assert_int_equal(evaluated, 1);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last.kind, HF_EV_NOTE);
    assert_int_equal(seen.last.role, HF_SERVER);
    assert_int_equal(seen.last.at_ns, 101);
    assert_ptr_equal(seen.last.conn, &seen);
    assert_string_equal(seen.last.u.note.text, "b");
    assert_int_equal(seen.last.u.note.value, 42);
}

static void unwanted_events_are_not_evaluated(void **state)
{
    (void)state;
    struct seen seen = {0};
    const hf_trace others = {HF_EV_PUBLIC & ~HF_EV_BIT(HF_EV_NOTE), on_event, &seen, NULL};
    const hf_trace deaf = {UINT64_MAX, NULL, &seen, NULL};
    const hf_trace *const traces[] = {NULL, &others, &deaf};
    evaluated = 0;
    for (size_t i = 0; i < 3; i++) {
        struct tracer tr;
        tracer_init(&tr, traces[i], NULL, HF_CLIENT);
        TRACE(&tr, HF_EV_NOTE, note, .value = evaluate());
    }
    assert_int_equal(evaluated, 0);
    assert_int_equal(seen.count, 0);
}

static void without_a_clock_there_is_no_time(void **state)
{
    (void)state;
    struct seen seen = {0};
    const hf_trace trace = {HF_EV_PUBLIC, on_event, &seen, NULL};
    struct tracer tr;
    tracer_init(&tr, &trace, NULL, HF_CLIENT);
    TRACE(&tr, HF_EV_STATE, state, .from = "a", .to = "b");
    assert_int_equal(seen.last.at_ns, 0);
}

static void public_events_hold_no_secrets(void **state)
{
    (void)state;
    for (int kind = 0; kind < HF_EV_COUNT; kind++) {
        const bool is_secret =
            kind == HF_EV_SECRET || kind == HF_EV_KEY_STEP || kind == HF_EV_KEY_SHARE;
        assert_int_equal((HF_EV_PUBLIC & HF_EV_BIT(kind)) != 0, !is_secret);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(wanted_events_come_with_their_stamp),
        cmocka_unit_test(unwanted_events_are_not_evaluated),
        cmocka_unit_test(without_a_clock_there_is_no_time),
        cmocka_unit_test(public_events_hold_no_secrets),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/secret.h"
#include "base/span.h"

static void wiping_wipes_what_was_asked(void **state)
{
    (void)state;
    uint8_t bytes[100];
    memset(bytes, 0xff, sizeof bytes);
    hf_wipe(bytes + 10, 50);
    for (size_t i = 0; i < sizeof bytes; i++) {
        assert_int_equal(bytes[i], i >= 10 && i < 60 ? 0 : 0xff);
    }
    hf_wipe(NULL, 0);
}

static void one_bit_makes_a_difference(void **state)
{
    (void)state;
    uint8_t a[64], b[64];
    memset(a, 0x35, sizeof a);
    memcpy(b, a, sizeof b);
    assert_true(hf_ct_equal(a, b, sizeof a));
    for (size_t bit = 0; bit < sizeof b * 8; bit++) {
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(hf_ct_equal(a, b, sizeof a));
        assert_true(hf_ct_equal(a, b, bit / 8)); /* what lies behind does not count */
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(hf_ct_equal(NULL, NULL, 0));
}

static void a_secret_knows_its_length(void **state)
{
    (void)state;
    struct secret s = {.len = 5, .b = "12345"};
    assert_true(span_eq(secret_span(&s), span_str("12345")));
    secret_wipe(&s);
    const struct secret zero = {0};
    assert_memory_equal(&s, &zero, sizeof s);
}

static void spans_compare_by_content(void **state)
{
    (void)state;
    assert_true(span_eq(span_str("abc"), span_of("abcd", 3)));
    assert_false(span_eq(span_str("abc"), span_str("abd")));
    assert_false(span_eq(span_str("abc"), span_str("ab")));
    assert_true(span_eq(span_str(NULL), span_str("")));
    assert_int_equal(span_str(NULL).len, 0);
    const hf_buf buf = {NULL, 10, 4};
    assert_int_equal(buf_room(&buf), 6);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(wiping_wipes_what_was_asked),
        cmocka_unit_test(one_bit_makes_a_difference),
        cmocka_unit_test(a_secret_knows_its_length),
        cmocka_unit_test(spans_compare_by_content),
    };
    return cmocka_run_group_tests_name("base secret", tests, NULL, NULL);
}

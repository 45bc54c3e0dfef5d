/* Text of bounded size: cutting, cleaning, dates and durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/span.h"
#include "x509/oid.h"
#include "x509/text.h"

static void test_adds_and_cuts(void **state)
{
    (void)state;
    char out[12];
    struct text t;
    x5_text_init(&t, out, sizeof out);
    x5_text_add(&t, "%s-%d", "abc", 42);
    assert_string_equal(out, "abc-42");
    x5_text_add(&t, "12345"); /* exactly full */
    assert_string_equal(out, "abc-4212345");
    assert_false(t.cut);
    x5_text_add(&t, "x");
    assert_string_equal(out, "abc-4212...");
    assert_true(t.cut);
    x5_text_add(&t, "more");
    x5_text_bytes(&t, span_str("more"));
    assert_string_equal(out, "abc-4212...");
}

static void test_cuts_between_characters(void **state)
{
    (void)state;
    for (size_t cap = 4; cap < 20; cap++) {
        char out[32];
        memset(out, 'X', sizeof out);
        struct text t;
        x5_text_init(&t, out, cap);
        x5_text_bytes(&t, span_str("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xb6\xc3\xbc\xc3\x9f"));
        assert_true(strlen(out) < cap);
        assert_int_equal(strlen(out), t.len);
        assert_int_equal(out[cap], 'X');
        /* What is left is UTF-8: adding it again changes nothing. */
        char again[32];
        struct text u;
        x5_text_init(&u, again, sizeof again);
        x5_text_bytes(&u, span_str(out));
        assert_string_equal(again, out);
        assert_null(strchr(out, '?'));
    }
}

static void assert_cleaned(const char *raw, size_t len, const char *expected)
{
    char out[64];
    struct text t;
    x5_text_init(&t, out, sizeof out);
    x5_text_bytes(&t, span_of(raw, len));
    assert_string_equal(out, expected);
}

static void test_strangers_bytes_are_cleaned(void **state)
{
    (void)state;
    assert_cleaned("plain", 5, "plain");
    assert_cleaned("a\0b", 3, "a?b");
    assert_cleaned("\x1b[31mred", 8, "?[31mred");
    assert_cleaned("a\r\nb\x7f", 5, "a??b?");
    assert_cleaned("\xc2\x9b"
                   "31m",
                   5, "?31m"); /* CSI as one character */
    assert_cleaned("\xe2\x80\xae"
                   "evil",
                   7, "?evil"); /* right-to-left override */
    assert_cleaned("\xe2\x81\xa6"
                   "x",
                   4, "?x"); /* isolate */
    assert_cleaned("\xef\xbb\xbf"
                   "x",
                   4, "?x"); /* byte order mark */
    assert_cleaned("\xc3\xa4\xe2\x82\xac", 5, "\xc3\xa4\xe2\x82\xac");
    assert_cleaned("\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80");
    assert_cleaned("\xc0\xaf", 2, "??"); /* overlong */
    assert_cleaned("\xe0\x80\xaf", 3, "???");
    assert_cleaned("\xed\xa0\x80", 3, "???"); /* surrogate */
    assert_cleaned("\xf5\x80\x80\x80", 4, "????");
    assert_cleaned("\xf4\x90\x80\x80", 4, "????"); /* above U+10FFFF */
    assert_cleaned("\xc3", 1, "?");                /* cut off */
    assert_cleaned("\xc3(", 2, "?(");
    assert_cleaned("\x80", 1, "?");
}

static void test_times_agree_with_the_c_library(void **state)
{
    (void)state;
    static const int64_t times[] = {0,          -1,         951825600,    1750000000,
                                    4107542399, -631152000, 253402300799, 68169600,
                                    1709164800, 1709251199, 1709251200,   -2203891200};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char out[40];
        struct text t;
        x5_text_init(&t, out, sizeof out);
        x5_text_time(&t, times[i]);
        const time_t when = (time_t)times[i];
        struct tm tm;
        assert_non_null(gmtime_r(&when, &tm));
        char expected[40];
        assert_true(strftime(expected, sizeof expected, "%Y-%m-%d %H:%M:%S UTC", &tm) > 0);
        assert_string_equal(out, expected);
    }
}

static void assert_duration(uint64_t seconds, const char *expected)
{
    char out[40];
    struct text t;
    x5_text_init(&t, out, sizeof out);
    x5_text_duration(&t, seconds);
    assert_string_equal(out, expected);
}

static void test_durations(void **state)
{
    (void)state;
    assert_duration(0, "0 seconds");
    assert_duration(1, "1 second");
    assert_duration(119, "119 seconds");
    assert_duration(120, "2 minutes");
    assert_duration(7200, "2 hours");
    assert_duration(86400 * 2 - 1, "47 hours");
    assert_duration(86400 * 3 + 5, "3 days");
    assert_duration(UINT64_C(86400) * 800, "2 years");
    assert_duration(UINT64_MAX, "584554049253 years");
}

static void assert_oid(const uint8_t *bytes, size_t len, const char *expected)
{
    char out[64];
    struct text t;
    x5_text_init(&t, out, sizeof out);
    x5_oid_text(&t, span_of(bytes, len));
    assert_string_equal(out, expected);
}

static void test_object_identifiers(void **state)
{
    (void)state;
    assert_oid((const uint8_t[]){0x55, 0x04, 0x03}, 3, "CN");
    assert_oid((const uint8_t[]){0x55, 0x04, 0x7f}, 3, "2.5.4.127");
    assert_oid((const uint8_t[]){0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d}, 6, "1.2.840.113549");
    assert_oid((const uint8_t[]){0x88, 0x37, 0x03}, 3, "2.999.3");
    assert_oid((const uint8_t[]){0x00}, 1, "0.0");
    const uint8_t endless[12] = {0x2a, 0xff, 0xff, 0xff, 0xff, 0xff,
                                 0xff, 0xff, 0xff, 0xff, 0xff, 1};
    assert_oid(endless, sizeof endless, "1.2.?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adds_and_cuts),
        cmocka_unit_test(test_cuts_between_characters),
        cmocka_unit_test(test_strangers_bytes_are_cleaned),
        cmocka_unit_test(test_times_agree_with_the_c_library),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_object_identifiers),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}

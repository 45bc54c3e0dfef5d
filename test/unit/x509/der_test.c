/* The strict reader of DER: every rule with what it takes and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "x509/der.h"

#define BYTES(...)                                                                                 \
    ((hf_span){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

static bool takes(hf_span bytes, uint8_t tag)
{
    struct der d = x5_der_over(bytes);
    (void)x5_der_take(&d, tag);
    return x5_der_done(&d);
}

static void test_lengths(void **state)
{
    (void)state;
    assert_true(takes(BYTES(0x04, 0x00), DER_OCTET_STRING));
    assert_true(takes(BYTES(0x04, 0x02, 0xaa, 0xbb), DER_OCTET_STRING));
    uint8_t large[3 + 0x80] = {0x04, 0x81, 0x80};
    assert_true(takes((hf_span){large, sizeof large}, DER_OCTET_STRING));

    assert_false(takes(BYTES(0x04), DER_OCTET_STRING));                         /* no length */
    assert_false(takes(BYTES(0x04, 0x02, 0xaa), DER_OCTET_STRING));             /* too short */
    assert_false(takes(BYTES(0x04, 0x01, 0xaa, 0xbb), DER_OCTET_STRING));       /* trailing */
    assert_false(takes(BYTES(0x04, 0x81, 0x01, 0xaa), DER_OCTET_STRING));       /* not minimal */
    assert_false(takes(BYTES(0x04, 0x82, 0x00, 0x01, 0xaa), DER_OCTET_STRING)); /* leading zero */
    assert_false(takes(BYTES(0x24, 0x80, 0x00, 0x00), 0x24));                   /* indefinite */
    assert_false(takes(BYTES(0x04, 0x84, 0x01, 0x00, 0x00, 0x00), DER_OCTET_STRING)); /* 16 MiB */
    assert_false(takes(BYTES(0x04, 0xff), DER_OCTET_STRING));
    assert_false(takes(BYTES(0x05, 0x00), DER_OCTET_STRING)); /* another tag */
    assert_false(takes(BYTES(0x1f, 0x81, 0x01, 0x00), 0x1f)); /* tag number above 30 */
    assert_false(takes((hf_span){NULL, 0}, DER_OCTET_STRING));
}

static void test_failure_is_sticky(void **state)
{
    (void)state;
    struct der d = x5_der_over(BYTES(0x02, 0x01, 0x05, 0x05, 0x00));
    assert_int_equal(x5_der_take(&d, DER_OCTET_STRING).len, 0);
    assert_false(x5_der_more(&d));
    assert_int_equal(x5_der_peek(&d), 0);
    uint8_t tag = 0xff;
    assert_null(x5_der_take_any(&d, &tag).data);
    assert_int_equal(tag, 0);
    assert_null(x5_der_take_integer(&d).data);
    struct der inner = x5_der_enter(&d, DER_SEQUENCE);
    assert_false(x5_der_done(&inner));
    assert_false(x5_der_done(&d));
}

static void test_elements_and_nesting(void **state)
{
    (void)state;
    const hf_span bytes = BYTES(0x30, 0x05, 0x02, 0x01, 0x07, 0x05, 0x00, 0x04, 0x00);
    struct der d = x5_der_over(bytes);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    assert_int_equal(x5_der_peek(&s), DER_INTEGER);
    const hf_span element = x5_der_take_element(&s, DER_INTEGER);
    assert_int_equal(element.len, 3);
    assert_ptr_equal(element.data, bytes.data + 2);
    uint8_t tag = 0;
    assert_int_equal(x5_der_take_any(&s, &tag).len, 0);
    assert_int_equal(tag, DER_NULL);
    assert_true(x5_der_done(&s));
    assert_true(x5_der_more(&d));
    (void)x5_der_take(&d, DER_OCTET_STRING);
    assert_true(x5_der_done(&d));
    /* An inner element may not reach past its container, though bytes are there. */
    d = x5_der_over(BYTES(0x30, 0x03, 0x02, 0x02, 0x01, 0x02));
    s = x5_der_enter(&d, DER_SEQUENCE);
    (void)x5_der_take_integer(&s);
    assert_false(x5_der_done(&s));
}

static void test_booleans(void **state)
{
    (void)state;
    struct der d = x5_der_over(BYTES(0x01, 0x01, 0xff, 0x01, 0x01, 0x00));
    assert_true(x5_der_take_boolean(&d));
    assert_false(x5_der_take_boolean(&d));
    assert_true(x5_der_done(&d));
    d = x5_der_over(BYTES(0x01, 0x01, 0x01)); /* DER has one true */
    assert_false(x5_der_take_boolean(&d));
    assert_false(x5_der_done(&d));
    d = x5_der_over(BYTES(0x01, 0x00));
    (void)x5_der_take_boolean(&d);
    assert_false(x5_der_done(&d));
}

static bool is_integer(hf_span bytes)
{
    struct der d = x5_der_over(bytes);
    (void)x5_der_take_integer(&d);
    return x5_der_done(&d);
}

static void test_integers(void **state)
{
    (void)state;
    assert_true(is_integer(BYTES(0x02, 0x01, 0x00)));
    assert_true(is_integer(BYTES(0x02, 0x02, 0x00, 0x80)));
    assert_true(is_integer(BYTES(0x02, 0x01, 0x80)));
    assert_true(is_integer(BYTES(0x02, 0x02, 0xff, 0x7f)));
    assert_false(is_integer(BYTES(0x02, 0x00)));
    assert_false(is_integer(BYTES(0x02, 0x02, 0x00, 0x7f)));
    assert_false(is_integer(BYTES(0x02, 0x02, 0xff, 0x80)));

    struct der d = x5_der_over(BYTES(0x02, 0x02, 0x00, 0x80, 0x02, 0x01, 0x00, 0x02, 0x01, 0x80));
    hf_span s = x5_der_take_unsigned(&d);
    assert_int_equal(s.len, 1);
    assert_int_equal(s.data[0], 0x80);
    assert_int_equal(x5_der_take_unsigned(&d).len, 1);
    assert_null(x5_der_take_unsigned(&d).data); /* negative */

    d = x5_der_over(BYTES(0x02, 0x04, 0x7f, 0xff, 0xff, 0xff, 0x02, 0x05, 0, 0x80, 0, 0, 0));
    assert_int_equal(x5_der_take_small(&d), 0x7fffffff);
    assert_int_equal(x5_der_take_small(&d), 0); /* 2^31 */
    assert_false(x5_der_done(&d));
}

static bool is_oid(hf_span bytes)
{
    struct der d = x5_der_over(bytes);
    (void)x5_der_take_oid(&d);
    return x5_der_done(&d);
}

static void test_object_identifiers(void **state)
{
    (void)state;
    assert_true(is_oid(BYTES(0x06, 0x03, 0x55, 0x04, 0x03)));
    assert_true(is_oid(BYTES(0x06, 0x03, 0x2a, 0x86, 0x48)));
    assert_false(is_oid(BYTES(0x06, 0x00)));
    assert_false(is_oid(BYTES(0x06, 0x02, 0x2a, 0x86)));       /* ends within a number */
    assert_false(is_oid(BYTES(0x06, 0x03, 0x2a, 0x80, 0x01))); /* a leading zero digit */
    assert_false(is_oid(BYTES(0x06, 0x02, 0x80, 0x01)));
}

static uint32_t bits_of(hf_span bytes, bool *good)
{
    struct der d = x5_der_over(bytes);
    const uint32_t bits = x5_der_take_named_bits(&d);
    *good = x5_der_done(&d);
    return bits;
}

static void test_bit_strings(void **state)
{
    (void)state;
    struct der d = x5_der_over(BYTES(0x03, 0x03, 0x00, 0xaa, 0xbb));
    assert_int_equal(x5_der_take_bit_string(&d).len, 2);
    assert_true(x5_der_done(&d));
    d = x5_der_over(BYTES(0x03, 0x02, 0x01, 0xaa)); /* not whole bytes */
    assert_null(x5_der_take_bit_string(&d).data);
    d = x5_der_over(BYTES(0x03, 0x00));
    assert_null(x5_der_take_bit_string(&d).data);

    bool good = false;
    assert_int_equal(bits_of(BYTES(0x03, 0x02, 0x07, 0x80), &good), 1u << 0);
    assert_true(good);
    assert_int_equal(bits_of(BYTES(0x03, 0x02, 0x01, 0x06), &good), 1u << 5 | 1u << 6);
    assert_true(good);
    assert_int_equal(bits_of(BYTES(0x03, 0x03, 0x07, 0x00, 0x80), &good), 1u << 8);
    assert_true(good);
    assert_int_equal(bits_of(BYTES(0x03, 0x01, 0x00), &good), 0);
    assert_true(good);
    /* Zero bits at the end are left out in DER, but roots of the public web have them. */
    assert_int_equal(bits_of(BYTES(0x03, 0x03, 0x07, 0x06, 0x00), &good), 1u << 5 | 1u << 6);
    assert_true(good);
    (void)bits_of(BYTES(0x03, 0x02, 0x07, 0xc0), &good); /* a bit among those unused */
    assert_false(good);
    (void)bits_of(BYTES(0x03, 0x02, 0x08, 0x80), &good);
    assert_false(good);
    (void)bits_of(BYTES(0x03, 0x01, 0x01), &good);
    assert_false(good);
    (void)bits_of(BYTES(0x03, 0x06, 0x00, 1, 1, 1, 1, 1), &good);
    assert_false(good);
}

static int64_t time_of(uint8_t tag, const char *text, bool *good)
{
    uint8_t bytes[40] = {tag, (uint8_t)strlen(text)};
    memcpy(bytes + 2, text, strlen(text));
    struct der d = x5_der_over((hf_span){bytes, 2 + strlen(text)});
    const int64_t t = x5_der_take_time(&d);
    *good = x5_der_done(&d);
    return t;
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        uint8_t tag;
        const char *text;
        int64_t expected;
    } good_times[] = {
        {DER_UTC_TIME, "700101000000Z", 0},
        {DER_UTC_TIME, "691231235959Z", -1},
        {DER_UTC_TIME, "491231235959Z", 2524607999},
        {DER_UTC_TIME, "500101000000Z", -631152000},
        {DER_UTC_TIME, "000229120000Z", 951825600},
        {DER_GENERALIZED_TIME, "20500101000000Z", 2524608000},
        {DER_GENERALIZED_TIME, "21000228235959Z", 4107542399},
        {DER_GENERALIZED_TIME, "99991231235959Z", 253402300799},
    };
    bool good = false;
    for (size_t i = 0; i < sizeof good_times / sizeof good_times[0]; i++) {
        const int64_t t = time_of(good_times[i].tag, good_times[i].text, &good);
        assert_true(good);
        assert_int_equal(t, good_times[i].expected);
    }
    static const struct {
        uint8_t tag;
        const char *text;
    } bad_times[] = {
        {DER_UTC_TIME, "7001010000Z"},               /* without seconds */
        {DER_UTC_TIME, "700101000000"},              /* without zone */
        {DER_UTC_TIME, "700101000000+0100"},         /* another zone */
        {DER_UTC_TIME, "701301000000Z"},             /* month 13 */
        {DER_UTC_TIME, "700001000000Z"},             /* month 0 */
        {DER_UTC_TIME, "700132000000Z"},             /* day 32 */
        {DER_UTC_TIME, "700100000000Z"},             /* day 0 */
        {DER_UTC_TIME, "010229000000Z"},             /* not a leap year */
        {DER_UTC_TIME, "700101240000Z"},             /* hour 24 */
        {DER_UTC_TIME, "700101006000Z"},             /* minute 60 */
        {DER_UTC_TIME, "700101000060Z"},             /* second 60 */
        {DER_UTC_TIME, "70010100000aZ"},             /* no digit */
        {DER_GENERALIZED_TIME, "21000229000000Z"},   /* 2100 is no leap year */
        {DER_GENERALIZED_TIME, "20500101000000.1Z"}, /* a fraction */
        {DER_GENERALIZED_TIME, "500101000000Z"},     /* two digits */
        {DER_OCTET_STRING, "700101000000Z"},
    };
    for (size_t i = 0; i < sizeof bad_times / sizeof bad_times[0]; i++) {
        (void)time_of(bad_times[i].tag, bad_times[i].text, &good);
        assert_false(good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_failure_is_sticky),
        cmocka_unit_test(test_elements_and_nesting),
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_object_identifiers),
        cmocka_unit_test(test_bit_strings),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests_name("der", tests, NULL, NULL);
}

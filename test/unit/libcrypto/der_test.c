/* The strict DER reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "provider/libcrypto/der.h"

#define BYTES(...)                                                                                 \
    ((hf_span){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

static void test_take(void **state)
{
    (void)state;
    hf_span in = BYTES(0x30, 0x03, 0x02, 0x01, 0x05, 0x05, 0x00);
    hf_span sequence = {NULL, 0};
    hf_span null = {NULL, 0};
    uint8_t five = 0;
    assert_true(der_next_is(in, DER_SEQUENCE));
    assert_false(der_take(&in, DER_INTEGER, &sequence));
    assert_int_equal(in.len, 7); /* unchanged */
    assert_true(der_take(&in, DER_SEQUENCE, &sequence));
    assert_true(der_take_small(&sequence, &five));
    assert_int_equal(five, 5);
    assert_int_equal(sequence.len, 0);
    assert_true(der_take(&in, DER_NULL, &null));
    assert_int_equal(null.len, 0);
    assert_int_equal(in.len, 0);
    assert_false(der_next_is(in, DER_NULL));
    assert_false(der_take(&in, DER_NULL, &null));
}

static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        uint8_t head[6];
        uint8_t head_len;
        uint32_t body_len;
        bool ok;
    } rows[] = {
        {{0x04, 0x00}, 2, 0, true},
        {{0x04, 0x7f}, 2, 0x7f, true},
        {{0x04, 0x7f}, 2, 0x7e, false},       /* cut off */
        {{0x04, 0x81, 0x80}, 3, 0x80, true},  /* the shortest long form */
        {{0x04, 0x81, 0x7f}, 3, 0x7f, false}, /* not minimal */
        {{0x04, 0x82, 0x01, 0x00}, 4, 0x100, true},
        {{0x04, 0x82, 0x00, 0xff}, 4, 0xff, false}, /* a leading zero */
        {{0x04, 0x83, 0x01, 0x00, 0x00}, 5, 0x10000, true},
        {{0x04, 0x84, 0x00, 0x00, 0x00, 0x01}, 6, 1, false}, /* longer than any key */
        {{0x04, 0x80}, 2, 4, false},                         /* indefinite: BER */
        {{0x04, 0x81}, 2, 0, false},                         /* the length is cut off */
        {{0x04, 0x82, 0x01}, 3, 0, false},
        {{0x04}, 1, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* Exactly as long as it says, so that sanitizers see a step too far. */
        const size_t len = rows[i].head_len + rows[i].body_len;
        uint8_t *bytes = calloc(1, len);
        assert_non_null(bytes);
        memcpy(bytes, rows[i].head, rows[i].head_len);
        hf_span in = {bytes, len};
        hf_span body = {NULL, 0};
        assert_int_equal(der_take(&in, DER_OCTET_STRING, &body), rows[i].ok);
        assert_int_equal(in.len, rows[i].ok ? 0 : len);
        assert_int_equal(body.len, rows[i].ok ? rows[i].body_len : 0);
        free(bytes);
    }
}

static void test_integers(void **state)
{
    (void)state;
    hf_span magnitude = {NULL, 0};
    hf_span zero = BYTES(0x02, 0x01, 0x00);
    assert_true(der_take_unsigned(&zero, &magnitude));
    assert_int_equal(magnitude.len, 0);
    hf_span high = BYTES(0x02, 0x02, 0x00, 0x80);
    assert_true(der_take_unsigned(&high, &magnitude));
    assert_int_equal(magnitude.len, 1);
    assert_int_equal(magnitude.data[0], 0x80);
    hf_span negative = BYTES(0x02, 0x01, 0x80);
    assert_false(der_take_unsigned(&negative, &magnitude));
    hf_span padded = BYTES(0x02, 0x02, 0x00, 0x7f);
    assert_false(der_take_unsigned(&padded, &magnitude));
    hf_span double_zero = BYTES(0x02, 0x02, 0x00, 0x00);
    assert_false(der_take_unsigned(&double_zero, &magnitude));
    hf_span empty = BYTES(0x02, 0x00);
    assert_false(der_take_unsigned(&empty, &magnitude));
    uint8_t small = 9;
    hf_span large = BYTES(0x02, 0x02, 0x01, 0x00);
    assert_false(der_take_small(&large, &small));
    assert_int_equal(large.len, 4);
    hf_span most = BYTES(0x02, 0x02, 0x00, 0xff);
    assert_true(der_take_small(&most, &small));
    assert_int_equal(small, 255);
}

static void test_bit_strings(void **state)
{
    (void)state;
    hf_span bytes = {NULL, 0};
    hf_span whole = BYTES(0x03, 0x03, 0x00, 0xaa, 0xbb);
    assert_true(der_take_bytes(&whole, &bytes));
    assert_int_equal(bytes.len, 2);
    hf_span unused = BYTES(0x03, 0x02, 0x01, 0xaa);
    assert_false(der_take_bytes(&unused, &bytes));
    hf_span none = BYTES(0x03, 0x00);
    assert_false(der_take_bytes(&none, &bytes));
}

static void test_algorithms(void **state)
{
    (void)state;
    hf_span oid = {NULL, 0};
    hf_span parameters = {NULL, 0};
    hf_span with = BYTES(0x30, 0x05, 0x06, 0x01, 0x2a, 0x05, 0x00, 0xff);
    assert_true(der_take_algorithm(&with, &oid, &parameters));
    assert_int_equal(oid.len, 1);
    assert_int_equal(parameters.len, 2);
    assert_int_equal(with.len, 1);
    hf_span without = BYTES(0x30, 0x03, 0x06, 0x01, 0x2a);
    assert_true(der_take_algorithm(&without, &oid, &parameters));
    assert_int_equal(parameters.len, 0);
    hf_span no_oid = BYTES(0x30, 0x02, 0x05, 0x00);
    assert_false(der_take_algorithm(&no_oid, &oid, &parameters));
    assert_int_equal(no_oid.len, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take),       cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_integers),   cmocka_unit_test(test_bit_strings),
        cmocka_unit_test(test_algorithms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The reader: values, vectors and their limits, at every truncation; failure stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "wire/rd.h"

/* A copy of exactly len bytes, so that the sanitizers see a read beyond. */
static uint8_t *exact(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

static void values(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x81, 0x82, 0x83, 0x84, 0x85, 0x86,
                                    0x87, 0x88, 0x89, 0x8a, 'x',  'y'};
    struct rd r = rd_of(span_of(bytes, sizeof bytes));
    assert_int_equal(rd_left(&r), sizeof bytes);
    assert_int_equal(rd_u8(&r), 0x81);
    assert_int_equal(rd_u16(&r), 0x8283);
    assert_int_equal(rd_u24(&r), 0x848586);
    assert_true(rd_u32(&r) == 0x8788898a);
    const hf_span rest = rd_bytes(&r, 2);
    assert_ptr_equal(rest.data, bytes + 10);
    assert_int_equal(rest.len, 2);
    assert_int_equal(rd_left(&r), 0);
    assert_true(rd_done(&r));
}

/* A structure with one of everything; true when all of it was there. */
static bool read_all(struct rd *r)
{
    (void)rd_u8(r);
    (void)rd_u16(r);
    (void)rd_u24(r);
    (void)rd_u32(r);
    (void)rd_bytes(r, 2);
    (void)rd_vec8(r, 0, 0xff);
    (void)rd_vec16(r, 1, 0xffff);
    (void)rd_vec24(r, 0, 0xffffff);
    (void)rd_list16(r, 2, 0xfffe);
    return rd_done(r);
}

static void every_truncation(void **state)
{
    (void)state;
    static const uint8_t whole[] = {1, 2, 2,   3, 3, 3, 4,   4,   4, 4, 'a', 'b', 1, 'c',
                                    0, 1, 'd', 0, 0, 2, 'e', 'f', 0, 4, 1,   1,   2, 2};
    for (size_t len = 0; len <= sizeof whole; len++) {
        uint8_t *part = exact(whole, len);
        struct rd r = rd_of(span_of(part, len));
        assert_int_equal(read_all(&r), len == sizeof whole);
        assert_int_equal(rd_left(&r), 0); /* a failed reader is empty */
        free(part);
    }
    uint8_t longer[sizeof whole + 1] = {0};
    memcpy(longer, whole, sizeof whole);
    struct rd r = rd_of(span_of(longer, sizeof longer));
    assert_false(read_all(&r));
    assert_false(r.bad); /* nothing was missing; one byte is too many */
    assert_int_equal(rd_left(&r), 1);
}

static void failure_stays(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3};
    struct rd r = rd_of(span_of(bytes, sizeof bytes));
    assert_int_equal(rd_u32(&r), 0);
    assert_true(r.bad);
    assert_int_equal(rd_u8(&r), 0);
    assert_int_equal(rd_bytes(&r, 0).len, 0);
    assert_int_equal(rd_vec8(&r, 0, 255).len, 0);
    assert_false(rd_done(&r));
    /* Loops over what is left end. */
    size_t turns = 0;
    while (rd_left(&r) > 0) {
        turns++;
    }
    assert_int_equal(turns, 0);
}

static void vector_limits(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {3, 'a', 'b', 'c'};
    static const struct {
        size_t min, max;
        bool fits;
    } limits[] = {{0, 255, true}, {3, 3, true},    {0, 3, true},
                  {3, 255, true}, {4, 255, false}, {0, 2, false}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct rd r = rd_of(span_of(bytes, sizeof bytes));
        const hf_span v = rd_vec8(&r, limits[i].min, limits[i].max);
        assert_int_equal(rd_done(&r), limits[i].fits);
        assert_int_equal(v.len, limits[i].fits ? 3 : 0);
    }
}

static void lists(void **state)
{
    (void)state;
    static const uint8_t even[] = {0, 4, 0x13, 0x01, 0xfa, 0xfa};
    static const uint8_t odd[] = {0, 3, 0x13, 0x01, 0xfa};
    struct rd r = rd_of(span_of(even, sizeof even));
    const hf_span list = rd_list16(&r, 2, 0xfffe);
    assert_true(rd_done(&r));
    assert_int_equal(list.len, 4);
    assert_int_equal(list16_at(list, 0), 0x1301);
    assert_int_equal(list16_at(list, 1), 0xfafa);
    assert_true(list16_has(list, 0x1301));
    assert_true(list16_has(list, 0xfafa));
    assert_false(list16_has(list, 0x01fa)); /* not across two values */
    assert_false(list16_has(span_of(NULL, 0), 0x1301));
    r = rd_of(span_of(odd, sizeof odd));
    assert_int_equal(rd_list16(&r, 2, 0xfffe).len, 0);
    assert_false(rd_done(&r));
}

static void nothing_at_all(void **state)
{
    (void)state;
    struct rd r = rd_of(span_of(NULL, 0));
    assert_int_equal(rd_left(&r), 0);
    assert_int_equal(rd_bytes(&r, 0).len, 0);
    assert_true(rd_done(&r));
    assert_int_equal(rd_u8(&r), 0);
    assert_false(rd_done(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),        cmocka_unit_test(every_truncation),
        cmocka_unit_test(failure_stays), cmocka_unit_test(vector_limits),
        cmocka_unit_test(lists),         cmocka_unit_test(nothing_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

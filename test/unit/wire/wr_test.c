/* The writer: what it writes, at every capacity that is too small, and lengths that do not fit
 * their field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "wire/wr.h"

static void write_all(struct wr *w)
{
    wr_u8(w, 0x81);
    wr_u16(w, 0x8283);
    wr_u24(w, 0x848586);
    wr_u32(w, 0x8788898a);
    const size_t outer = wr_open(w, 3);
    const size_t inner = wr_open(w, 1);
    wr_bytes(w, span_of("ab", 2));
    wr_close(w, inner, 1);
    wr_vec(w, span_of("cde", 3), 2);
    wr_vec(w, span_of(NULL, 0), 2);
    wr_close(w, outer, 3);
}

static const uint8_t expected[] = {0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0, 0,
                                   10,   2,    'a',  'b',  0,    3,    'c',  'd',  'e',  0,    0};

static void all(void **state)
{
    (void)state;
    uint8_t buf[sizeof expected + 1];
    memset(buf, 0xee, sizeof buf);
    struct wr w = wr_of(buf, sizeof expected);
    write_all(&w);
    assert_false(w.bad);
    assert_int_equal(w.len, sizeof expected);
    assert_memory_equal(buf, expected, sizeof expected);
    assert_int_equal(buf[sizeof expected], 0xee);
}

/* A prefix of the right bytes and nothing beyond the capacity, whatever it is. */
static void every_short_output(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < sizeof expected; cap++) {
        uint8_t *buf = malloc(cap == 0 ? 1 : cap);
        assert_non_null(buf);
        struct wr w = wr_of(buf, cap);
        write_all(&w);
        assert_true(w.bad);
        assert_true(w.len <= cap);
        free(buf);
    }
}

static void failure_stays(void **state)
{
    (void)state;
    uint8_t buf[4] = {0};
    struct wr w = wr_of(buf, 3);
    wr_u8(&w, 1);
    wr_u24(&w, 2); /* one byte too many: nothing of it is written */
    assert_true(w.bad);
    assert_int_equal(w.len, 1);
    wr_u8(&w, 3); /* would fit */
    assert_null(wr_room(&w, 1));
    wr_bytes(&w, span_of(NULL, 0));
    assert_int_equal(w.len, 1);
    assert_int_equal(buf[1], 0);
}

static void lengths_that_do_not_fit(void **state)
{
    (void)state;
    static uint8_t body[0x10000];
    static uint8_t buf[0x10000 + 4];
    static const struct {
        size_t field, len;
        bool fits;
    } cases[] = {{1, 0xff, true},
                 {1, 0x100, false},
                 {2, 0xffff, true},
                 {2, 0x10000, false},
                 {3, 0x10000, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wr w = wr_of(buf, sizeof buf);
        wr_vec(&w, span_of(body, cases[i].len), cases[i].field);
        assert_int_equal(!w.bad, cases[i].fits);
        if (cases[i].fits) {
            size_t written = 0;
            for (size_t b = 0; b < cases[i].field; b++) {
                written = written << 8 | buf[b];
            }
            assert_int_equal(written, cases[i].len);
        }
    }
}

static void room(void **state)
{
    (void)state;
    uint8_t buf[8];
    struct wr w = wr_of(buf, sizeof buf);
    wr_u16(&w, 0);
    assert_ptr_equal(wr_room(&w, 6), buf + 2);
    assert_int_equal(w.len, 8);
    assert_ptr_equal(wr_room(&w, 0), buf + 8);
    assert_false(w.bad);
    assert_null(wr_room(&w, SIZE_MAX));
    assert_true(w.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all),           cmocka_unit_test(every_short_output),
        cmocka_unit_test(room),          cmocka_unit_test(lengths_that_do_not_fit),
        cmocka_unit_test(failure_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

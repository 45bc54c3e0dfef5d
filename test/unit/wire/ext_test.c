/* Blocks of extensions: doubles, strangers, wrong places, limits, lengths (RFC 9846, 4.3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "wire/ext.h"
#include "wire/wr.h"

static const enum ext_where places[] = {EXT_CH, EXT_SH, EXT_HRR, EXT_EE, EXT_CR, EXT_CT, EXT_NST};
enum { PLACES = sizeof places / sizeof places[0] };

/* The table once more, read out of the list itself. */
struct row {
    uint16_t code;
    unsigned where;
};
static const struct row rows[] = {
#define X(name, code, where) {code, where},
#include "wire/ext.def"
#undef X
};

static void put(struct wr *w, uint16_t code, const char *body)
{
    wr_u16(w, code);
    wr_vec(w, span_str(body), 2);
}

static hf_err code_of(hf_span block, enum ext_where where, struct ext_view *view)
{
    hf_error error = {0};
    const hf_status s = ext_parse(block, where, &error, view);
    assert_int_equal(s == HF_OK, error.code == HF_E_NONE);
    return error.code;
}

static void found(void **state)
{
    (void)state;
    uint8_t buf[64];
    struct ext_view v;
    struct wr w = wr_of(buf, sizeof buf);
    put(&w, EXT_CODE_key_share, "share");
    put(&w, 0x4a4a, "grease");
    put(&w, EXT_CODE_server_name, "");
    put(&w, 0xfe0d, "ech");
    assert_int_equal(code_of(span_of(buf, w.len), EXT_CH, &v), HF_E_NONE);
    assert_int_equal(v.present, EXT_BIT(EXT_key_share) | EXT_BIT(EXT_server_name));
    assert_true(ext_has(&v, EXT_key_share) && ext_has(&v, EXT_server_name) &&
                !ext_has(&v, EXT_cookie));
    assert_int_equal(v.body[EXT_key_share].len, 5);
    assert_memory_equal(v.body[EXT_key_share].data, "share", 5);
    assert_int_equal(v.body[EXT_server_name].len, 0);
    assert_int_equal(v.unknown_count, 2);
    assert_int_equal(v.first_unknown, 0x4a4a);
    assert_int_equal(v.last_code, 0xfe0d);
    assert_int_equal(code_of(span_of(NULL, 0), EXT_CH, &v), HF_E_NONE);
    assert_int_equal(v.present, 0);
    assert_int_equal(v.last_code, 0);
}

/* Every known extension in every message. */
static void places_of_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXT_COUNT; i++) {
        assert_int_equal(ext_code_of((enum ext_index)i), rows[i].code);
        for (size_t p = 0; p < PLACES; p++) {
            uint8_t buf[8];
            struct ext_view v;
            struct wr w = wr_of(buf, sizeof buf);
            put(&w, rows[i].code, "b");
            const bool is_allowed = (rows[i].where & (unsigned)places[p]) != 0;
            assert_int_equal(code_of(span_of(buf, w.len), places[p], &v),
                             is_allowed ? HF_E_NONE : HF_E_MISPLACED_EXTENSION);
        }
    }
}

/* RFC 9846, 4.3, table 1, for those that matter most: not derived from our list. */
static void places_of_the_rfc(void **state)
{
    (void)state;
    static const struct row table[] = {
        {0, EXT_CH | EXT_EE | EXT_CR | EXT_SH12},
        {10, EXT_CH | EXT_EE | EXT_SH12},
        {13, EXT_CH | EXT_CR},
        {16, EXT_CH | EXT_EE | EXT_SH12},
        {5, EXT_CH | EXT_CR | EXT_CT | EXT_SH12},
        {18, EXT_CH | EXT_CR | EXT_CT | EXT_SH12},
        {21, EXT_CH},
        {51, EXT_CH | EXT_SH | EXT_HRR},
        {41, EXT_CH | EXT_SH},
        {45, EXT_CH},
        {42, EXT_CH | EXT_EE | EXT_NST},
        {44, EXT_CH | EXT_HRR},
        {43, EXT_CH | EXT_SH | EXT_HRR},
        {47, EXT_CH | EXT_CR},
        {48, EXT_CR},
        {49, EXT_CH},
        {50, EXT_CH | EXT_CR},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        size_t k = 0;
        while (k < EXT_COUNT && rows[k].code != table[i].code) {
            k++;
        }
        assert_true(k < EXT_COUNT);
        assert_int_equal(rows[k].where, table[i].where);
    }
}

static void doubles(void **state)
{
    (void)state;
    uint8_t buf[64];
    struct ext_view v;
    for (size_t i = 0; i < EXT_COUNT; i++) {
        if ((rows[i].where & EXT_CH) != 0) {
            struct wr w = wr_of(buf, sizeof buf);
            put(&w, rows[i].code, "");
            put(&w, 0x1234, "between");
            put(&w, rows[i].code, "other");
            assert_int_equal(code_of(span_of(buf, w.len), EXT_CH, &v), HF_E_DUPLICATE_EXTENSION);
        }
    }
    struct wr w = wr_of(buf, sizeof buf);
    put(&w, 0x1234, "");
    put(&w, 0x1235, "");
    put(&w, 0x1234, "x");
    assert_int_equal(code_of(span_of(buf, w.len), EXT_EE, &v), HF_E_DUPLICATE_EXTENSION);
}

static void many_strangers(void **state)
{
    (void)state;
    enum { MANY = 16000 };
    static uint8_t buf[4 * (MANY + 1)];
    struct ext_view v;
    struct wr w = wr_of(buf, sizeof buf);
    for (size_t i = 0; i < MANY; i++) {
        put(&w, (uint16_t)(0x8000 + i), "");
        if (i < 40 || i == MANY - 1) {
            assert_int_equal(code_of(span_of(buf, w.len), EXT_CH, &v), HF_E_NONE);
            assert_int_equal(v.unknown_count, i + 1);
            assert_int_equal(v.first_unknown, 0x8000);
        }
    }
    const size_t len = w.len;
    static const uint16_t again[] = {0x8000, 0x8000 + 31, 0x8000 + 32, 0x8000 + MANY - 1};
    for (size_t i = 0; i < sizeof again / sizeof again[0]; i++) {
        w.len = len;
        put(&w, again[i], "");
        assert_false(w.bad);
        assert_int_equal(code_of(span_of(buf, w.len), EXT_CH, &v), HF_E_DUPLICATE_EXTENSION);
    }
}

/* Cut anywhere but between two extensions, or with a length that is one off, it is malformed. */
static void lengths(void **state)
{
    (void)state;
    uint8_t buf[64];
    struct wr w = wr_of(buf, sizeof buf);
    struct ext_view v;
    put(&w, EXT_CODE_key_share, "abc");
    const size_t first = w.len;
    put(&w, 0x7777, "unknown");
    for (size_t len = 1; len < w.len; len++) {
        uint8_t *part = malloc(len);
        assert_non_null(part);
        memcpy(part, buf, len);
        assert_int_equal(code_of(span_of(part, len), EXT_CH, &v),
                         len == first ? HF_E_NONE : HF_E_DECODE);
        free(part);
    }
    buf[first + 3] += 1;
    assert_int_equal(code_of(span_of(buf, w.len), EXT_CH, &v), HF_E_DECODE);
    buf[first + 3] -= 2;
    assert_int_equal(code_of(span_of(buf, w.len), EXT_CH, &v), HF_E_DECODE);
}

static void solicited(void **state)
{
    (void)state;
    uint8_t buf[64];
    struct ext_view v;
    hf_error error = {0};
    struct wr w = wr_of(buf, sizeof buf);
    put(&w, EXT_CODE_server_name, "");
    put(&w, EXT_CODE_record_size_limit, "");
    assert_int_equal(code_of(span_of(buf, w.len), EXT_EE, &v), HF_E_NONE);
    const uint32_t both = EXT_BIT(EXT_server_name) | EXT_BIT(EXT_record_size_limit);
    assert_int_equal(ext_check_solicited(&v, both, &error), HF_OK);
    assert_int_equal(ext_check_solicited(&v, UINT32_MAX, &error), HF_OK);
    assert_int_equal(ext_check_solicited(&v, EXT_BIT(EXT_server_name), &error), HF_FAILED);
    assert_int_equal(error.code, HF_E_UNSOLICITED_EXTENSION);
    assert_int_equal(error.alert, HF_ALERT_unsupported_extension);

    error = (hf_error){0};
    put(&w, 0x5a5a, "");
    assert_int_equal(code_of(span_of(buf, w.len), EXT_EE, &v), HF_E_NONE);
    assert_int_equal(ext_check_solicited(&v, UINT32_MAX, &error), HF_FAILED);
    assert_int_equal(error.code, HF_E_UNSOLICITED_EXTENSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),
        cmocka_unit_test(places_of_all),
        cmocka_unit_test(places_of_the_rfc),
        cmocka_unit_test(doubles),
        cmocka_unit_test(lengths),
        cmocka_unit_test(solicited),
        cmocka_unit_test(many_strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/span.h"

static void check_zero(const uint8_t *p, size_t n)
{
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(p[i], 0);
    }
}

/* Again and again, so that used blocks come back. */
static void memory_comes_zeroed(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        for (size_t n = 0; n < 300; n += 7) {
            uint8_t *p = mem_alloc(n);
            check_zero(p, n);
            memset(p, 0xee, n);
            uint8_t *q = mem_alloc_aligned(64, n);
            check_zero(q, n);
            assert_int_equal((uintptr_t)q % 64, 0);
            memset(q, 0xee, n);
            mem_free(p, n);
            mem_free(q, n);
        }
    }
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    mem_free(NULL, 0);
    mem_free(NULL, 100);
}

/* Rounding up to the alignment must not wrap. */
static void more_than_there_can_be_is_refused(void **state)
{
    (void)state;
    /* volatile: the compiler would see through it and warn */
    for (volatile size_t less = 0; less < 64; less++) {
        assert_null(mem_alloc_aligned(64, SIZE_MAX - less));
    }
}

static void growing_keeps_the_content(void **state)
{
    (void)state;
    uint8_t *p = mem_alloc(10);
    assert_non_null(p);
    memset(p, 0x42, 10);
    p = mem_grow(p, 10, 1000);
    assert_non_null(p);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(p[i], i < 10 ? 0x42 : 0);
    }
    mem_free(p, 1000);
    p = mem_grow(NULL, 0, 16);
    check_zero(p, 16);
    mem_free(p, 16);
}

static void strings_are_terminated(void **state)
{
    (void)state;
    char *s = mem_strdup(span_of("abcdef", 3));
    assert_non_null(s);
    assert_string_equal(s, "abc");
    mem_free(s, 4);
    s = mem_strdup(span_of(NULL, 0));
    assert_non_null(s);
    assert_string_equal(s, "");
    mem_free(s, 1);
}

static void tables_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, (2 << 20) - 1, 2 << 20, (4 << 20) + 100};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *p = mem_alloc_table(sizes[i]);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % (sizes[i] < 2 << 20 ? 64 : 2 << 20), 0);
        for (size_t k = 0; k < sizes[i]; k++) {
            assert_int_equal(p[k], 0);
        }
        mem_free(p, sizes[i]);
    }
    assert_null(mem_alloc_table(SIZE_MAX - 100)); /* rounding up would wrap */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_comes_zeroed),
        cmocka_unit_test(freeing_nothing_is_fine),
        cmocka_unit_test(more_than_there_can_be_is_refused),
        cmocka_unit_test(growing_keeps_the_content),
        cmocka_unit_test(strings_are_terminated),
        cmocka_unit_test(tables_of_any_size),
    };
    return cmocka_run_group_tests_name("base mem", tests, NULL, NULL);
}

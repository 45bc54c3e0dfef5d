#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/span.h"

static uint8_t nothing; /* for arenas without a first chunk */

static void check_piece(const uint8_t *piece, size_t n)
{
    assert_non_null(piece);
    assert_int_equal((uintptr_t)piece % 64, 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(piece[i], 0);
    }
}

static void pieces_are_zero_aligned_and_apart(void **state)
{
    (void)state;
    _Alignas(64) uint8_t first[1024];
    memset(first, 0, sizeof first);
    struct arena a;
    arena_init(&a, first, sizeof first, 1 << 20);
    static const size_t sizes[] = {1, 63, 64, 65, 0, 500, 1000, 4096, 5000, 3};
    uint8_t *pieces[sizeof sizes / sizeof sizes[0]];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pieces[i] = arena_alloc(&a, sizes[i]);
        check_piece(pieces[i], sizes[i]);
        memset(pieces[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t k = 0; k < sizes[i]; k++) {
            assert_int_equal(pieces[i][k], i + 1);
        }
    }
    arena_clear(&a);
}

static void small_needs_stay_in_the_owners_chunk(void **state)
{
    (void)state;
    static _Alignas(64)
        uint8_t first[256]; /* static: gcc's ASan aligns fake stack frames to 32 only */
    struct arena a;
    arena_init(&a, first, sizeof first, 4096);
    for (size_t i = 0; i < 4; i++) {
        assert_ptr_equal(arena_alloc(&a, 64), first + 64 * i);
    }
    assert_int_equal(a.total, 0);
    assert_non_null(arena_alloc(&a, 1));
    assert_true(a.total > 0);
    arena_clear(&a);
}

/* Whatever the owner's memory begins with, pieces are aligned and inside. */
static void a_crooked_first_chunk_is_used_from_its_first_aligned_byte(void **state)
{
    (void)state;
    for (size_t skew = 0; skew < 64; skew++) {
        for (size_t len = 0; len < 200; len += 33) {
            _Alignas(64) uint8_t memory[320];
            memset(memory, 0, sizeof memory);
            struct arena a;
            arena_init(&a, memory + skew, len, 1 << 16);
            assert_true(a.first >= memory + skew);
            assert_true(a.first + a.first_cap <= memory + skew + len);
            for (size_t i = 0; i < 5; i++) {
                uint8_t *piece = arena_alloc(&a, 40);
                check_piece(piece, 40);
                memset(piece, 0xff, 40);
            }
            arena_clear(&a);
            for (size_t i = 0; i < sizeof memory; i++) {
                assert_int_equal(memory[i], 0);
            }
        }
    }
}

static void the_limit_holds(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, &nothing, 0, 10000);
    assert_non_null(arena_alloc(&a, 4096));
    assert_non_null(arena_alloc(&a, 4096));
    assert_null(arena_alloc(&a, 4096));
    assert_non_null(arena_alloc(&a, 1728)); /* 10000 - 2 * 4096, down to a multiple of 64 */
    assert_null(arena_alloc(&a, 128));
    assert_true(a.total <= a.limit);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 100));
    arena_clear(&a);
    struct arena none;
    arena_init(&none, &nothing, 0, 0);
    assert_null(arena_alloc(&none, 1));
    arena_clear(&none);
}

static void clearing_wipes_and_makes_new(void **state)
{
    (void)state;
    _Alignas(64) uint8_t first[512];
    memset(first, 0, sizeof first);
    struct arena a;
    arena_init(&a, first, sizeof first, 1 << 16);
    for (int round = 0; round < 3; round++) {
        memset(arena_alloc(&a, 500), 0xaa, 500);
        assert_non_null(arena_alloc(&a, 6000));
        arena_clear(&a);
        for (size_t i = 0; i < sizeof first; i++) {
            assert_int_equal(first[i], 0);
        }
        assert_null(a.more);
        assert_int_equal(a.total, 0);
    }
}

static void copies_are_copies(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, &nothing, 0, 1 << 16);
    char text[] = "hello";
    const uint8_t *copy = arena_copy(&a, span_str(text));
    text[0] = 'j';
    assert_memory_equal(copy, "hello", 5);
    assert_non_null(arena_copy(&a, span_of(NULL, 0)));
    arena_clear(&a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zero_aligned_and_apart),
        cmocka_unit_test(small_needs_stay_in_the_owners_chunk),
        cmocka_unit_test(a_crooked_first_chunk_is_used_from_its_first_aligned_byte),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(clearing_wipes_and_makes_new),
        cmocka_unit_test(copies_are_copies),
    };
    return cmocka_run_group_tests_name("base arena", tests, NULL, NULL);
}

/* Nothing secret decides a branch or an address in X25519's public keys: memcheck follows the scalar as
 * undefined memory (see mlkem768_ct_test.c, which also shows that leaks are seen).
 *
 * The code for AVX-512 IFMA cannot run under valgrind, which does not know it. Its only branches are on
 * loop counters, and its addresses are constants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "provider/native/x25519.h"
#include "support/skip.h"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else /* then valgrind is missing as well, and every test is skipped */
#define RUNNING_ON_VALGRIND               0
#define VALGRIND_COUNT_ERRORS             0u
#define VALGRIND_MAKE_MEM_UNDEFINED(p, n) (void)(p)
#define VALGRIND_MAKE_MEM_DEFINED(p, n)   (void)(p)
#endif

static void public_key_hides_its_scalar(void **state)
{
    (void)state;
    static const uint8_t expected[32] = {0x2f, 0xe5, 0x7d, 0xa3, 0x47, 0xcd, 0x62, 0x43,
                                         0x15, 0x28, 0xda, 0xac, 0x5f, 0xbb, 0x29, 0x07,
                                         0x30, 0xff, 0xf6, 0x84, 0xaf, 0xc4, 0xcf, 0xc2,
                                         0xed, 0x90, 0x99, 0x5f, 0x58, 0xcb, 0x3b, 0x74};
    if (!RUNNING_ON_VALGRIND || !x25519_has_public()) {
        test_skip("not under valgrind");
    }
    const unsigned before = VALGRIND_COUNT_ERRORS;
    uint8_t scalar[32] = {0};
    uint8_t share[32];
    VALGRIND_MAKE_MEM_UNDEFINED(scalar, sizeof scalar);
    x25519_public(share, scalar);
    assert_int_equal(VALGRIND_COUNT_ERRORS, before);
    VALGRIND_MAKE_MEM_DEFINED(share, sizeof share);
    assert_memory_equal(share, expected, sizeof share);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_key_hides_its_scalar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The cipher suites of TLS 1.3 (RFC 9846, B.4), and that no other number is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/suite.h"

static void three_suites(void **state)
{
    (void)state;
    const hf_provider *p = hf_provider_default();
    struct suite s;
    assert_true(suite_find(p, 0x1301, &s));
    assert_int_equal(s.id, 0x1301);
    assert_ptr_equal(s.aead, p->aes128gcm);
    assert_ptr_equal(s.hash, p->sha256);
    assert_true(suite_find(p, 0x1302, &s));
    assert_int_equal(s.id, 0x1302);
    assert_ptr_equal(s.aead, p->aes256gcm);
    assert_ptr_equal(s.hash, p->sha384);
    assert_true(suite_find(p, 0x1303, &s));
    assert_int_equal(s.id, 0x1303);
    assert_ptr_equal(s.aead, p->chacha20poly1305);
    assert_ptr_equal(s.hash, p->sha256);
}

static void no_others(void **state)
{
    (void)state;
    size_t found = 0;
    for (uint32_t id = 0; id <= 0xffff; id++) {
        struct suite s = {.id = 1};
        const bool is_found = suite_find(hf_provider_default(), (uint16_t)id, &s);
        found += is_found;
        assert_int_equal(s.id, is_found ? id : 1);
    }
    assert_int_equal(found, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_suites),
        cmocka_unit_test(no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

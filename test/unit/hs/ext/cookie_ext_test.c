/* cookie: read, and sent back as it came (RFC 9846, 4.3.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

static void sent_back(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_CLIENT));
    bare_must_write(&b, ext_cookie_offer, NULL);
    b.hs->c.cookie = span_of("crumbs", 6);
    bare_must_write(&b, ext_cookie_offer, "00066372756d6273");
    bare_close(&b);
}

static void read(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, ext_cookie_read, "00066372756d6273");
    assert_int_equal(bare_read(&b, ext_cookie_read, "00066372756d6273"), HF_E_NONE);
    assert_int_equal(b.hs->s.offer.cookie.len, 6);
    assert_memory_equal(b.hs->s.offer.cookie.data, "crumbs", 6);
    assert_int_equal(bare_read(&b, ext_cookie_read, "0000"),
                     HF_E_DECODE_EXTENSION); /* <1..2^16-1> */
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sent_back),
        cmocka_unit_test(read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

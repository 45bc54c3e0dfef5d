/* post_handshake_auth, and early_data as far as it is refused (RFC 9846, 4.3.6 and 4.3.10). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

static void offered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_CLIENT));
    bare_must_write(&b, ext_post_handshake_auth_offer, NULL);
    bare_close(&b);
    hf_config *config = bare_config(HF_CLIENT);
    assert_int_equal(hf_config_set_post_handshake_auth(config, true), HF_OK);
    bare_open(&b, config);
    bare_must_write(&b, ext_post_handshake_auth_offer, "");
    bare_close(&b);
}

static void read(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, ext_post_handshake_auth_read, "");
    assert_int_equal(bare_read(&b, ext_post_handshake_auth_read, ""), HF_E_NONE);
    assert_true(b.hs->s.offer.post_auth);
    bare_close(&b);
}

static void early_data(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, ext_early_data_read, "");
    assert_int_equal(bare_read(&b, ext_early_data_read, ""), HF_E_NONE);
    assert_true(b.hs->s.offer.early_data);
    b.result.retried = true;
    assert_int_equal(bare_read(&b, ext_early_data_read, ""), HF_E_EARLY_DATA_AFTER_RETRY);
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered),
        cmocka_unit_test(read),
        cmocka_unit_test(early_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

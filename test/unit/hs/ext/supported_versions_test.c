/* supported_versions: offered, read (RFC 9846, 4.3.1). */
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
    /* The highest first. */
    bare_must_write(&b, ext_supported_versions_offer, "0403040303");
    b.config->version_lowest = HF_TLS13;
    bare_must_write(&b, ext_supported_versions_offer, "020304");
    bare_close(&b);
    hf_config *config = bare_config(HF_CLIENT);
    assert_int_equal(hf_config_set_grease(config, true), HF_OK);
    bare_open(&b, config);
    b.hs->c.grease[4] = 0x6a6a;
    bare_must_write(&b, ext_supported_versions_offer, "066a6a03040303");
    bare_close(&b);
}

static void read(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, ext_supported_versions_read, "0403040303");
    assert_int_equal(bare_read(&b, ext_supported_versions_read, "0403040303"), HF_E_NONE);
    assert_true(list16_has(b.hs->s.offer.versions, HF_TLS13));
    assert_int_equal(bare_read(&b, ext_supported_versions_read, "00"),
                     HF_E_DECODE_EXTENSION); /* <2..254> */
    assert_int_equal(bare_read(&b, ext_supported_versions_read, "03030403"), HF_E_DECODE_EXTENSION);
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered),
        cmocka_unit_test(read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* supported_groups: offered with and without GREASE, read, announced (RFC 9846, 4.3.7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

static hf_config *with_groups(hf_role role, const char *names)
{
    hf_config *config = bare_config(role);
    assert_int_equal(hf_config_set_groups(config, names), HF_OK);
    return config;
}

static void offered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, with_groups(HF_CLIENT, "x25519,secp521r1,ffdhe2048"));
    bare_must_write(&b, ext_supported_groups_offer, "0006001d00190100");
    bare_close(&b);
    hf_config *config = with_groups(HF_CLIENT, "x25519");
    assert_int_equal(hf_config_set_grease(config, true), HF_OK);
    bare_open(&b, config);
    b.hs->c.grease[1] = 0x3a3a;
    bare_must_write(&b, ext_supported_groups_offer, "00043a3a001d");
    bare_close(&b);
    /* Hybrids are for TLS 1.3. */
    config = with_groups(HF_CLIENT, "X25519MLKEM768,x25519");
    assert_int_equal(hf_config_set_versions(config, HF_TLS12, HF_TLS12), HF_OK);
    bare_open(&b, config);
    bare_must_write(&b, ext_supported_groups_offer, "0002001d");
    bare_close(&b);
}

static void read(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, ext_supported_groups_read, "0004001d0017");
    assert_int_equal(bare_read(&b, ext_supported_groups_read, "0004001d0017"), HF_E_NONE);
    assert_true(list16_has(b.hs->s.offer.groups, 0x001d) &&
                list16_has(b.hs->s.offer.groups, 0x0017));
    assert_int_equal(bare_read(&b, ext_supported_groups_read, "0000"), HF_E_DECODE_EXTENSION);
    assert_int_equal(bare_read(&b, ext_supported_groups_read, "0003001d00"), HF_E_DECODE_EXTENSION);
    bare_close(&b);
}

static void announced(void **state)
{
    (void)state;
    struct bare b;
    hf_config *config = with_groups(HF_SERVER, "secp384r1,x25519");
    bare_open(&b, config);
    assert_int_equal(bare_read(&b, ext_supported_groups_read, "0002001d"), HF_E_NONE);
    bare_must_write(&b, ext_supported_groups_answer, NULL); /* off by default */
    bare_close(&b);
    config = with_groups(HF_SERVER, "secp384r1,x25519");
    assert_int_equal(hf_config_set_announce_groups(config, true), HF_OK);
    bare_open(&b, config);
    bare_must_write(&b, ext_supported_groups_answer, NULL); /* not to who did not send it */
    assert_int_equal(bare_read(&b, ext_supported_groups_read, "0002001d"), HF_E_NONE);
    bare_must_write(&b, ext_supported_groups_answer, "00040018001d");
    bare_close(&b);
}

static void answered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_CLIENT));
    bare_must_be_whole_answer(&b, ext_supported_groups_answered, "00040018001d");
    assert_int_equal(bare_answered(&b, ext_supported_groups_answered, "0000"),
                     HF_E_DECODE_EXTENSION);
    assert_int_equal(bare_answered(&b, ext_supported_groups_answered, "0003001800"),
                     HF_E_DECODE_EXTENSION);
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered),
        cmocka_unit_test(read),
        cmocka_unit_test(announced),
        cmocka_unit_test(answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

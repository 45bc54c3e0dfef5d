/* record_size_limit: offered, read, answered, with the limits of RFC 8449, 4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

static hf_config *with_limit(hf_role role, uint16_t limit)
{
    hf_config *config = bare_config(role);
    assert_int_equal(hf_config_set_record_size_limit(config, limit), HF_OK);
    return config;
}

static void offered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, with_limit(HF_CLIENT, 0x1234));
    bare_must_write(&b, ext_record_size_limit_offer, "1234");
    bare_close(&b);
    bare_open(&b, bare_config(HF_CLIENT));
    bare_must_write(&b, ext_record_size_limit_offer, NULL);
    bare_close(&b);
}

static void read(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        hf_err error;
        uint16_t limit;
    } cases[] = {
        {"0040", HF_E_NONE, 64},
        {"003f", HF_E_RECORD_SIZE_LIMIT_INVALID, 0},
        {"0000", HF_E_RECORD_SIZE_LIMIT_INVALID, 0},
        {"4001", HF_E_NONE, 16385},
        {"ffff", HF_E_NONE, 16385}, /* a server must not refuse a larger one */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bare b;
        bare_open(&b, bare_config(HF_SERVER));
        assert_int_equal(bare_read(&b, ext_record_size_limit_read, cases[i].body), cases[i].error);
        assert_int_equal(b.result.peer_record_size_limit, cases[i].limit);
        bare_close(&b);
    }
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, ext_record_size_limit_read, "4001");
    bare_close(&b);
}

static void answer(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, with_limit(HF_SERVER, 0x0200));
    bare_must_write(&b, ext_record_size_limit_answer, NULL);
    assert_int_equal(bare_read(&b, ext_record_size_limit_read, "0100"), HF_E_NONE);
    bare_must_write(&b, ext_record_size_limit_answer, "0200");
    bare_close(&b);
    /* Without a limit of its own a server that honours the client's names the largest. */
    bare_open(&b, bare_config(HF_SERVER));
    assert_int_equal(bare_read(&b, ext_record_size_limit_read, "0100"), HF_E_NONE);
    bare_must_write(&b, ext_record_size_limit_answer, "4001");
    bare_close(&b);
}

static void answered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, with_limit(HF_CLIENT, 0x0200));
    bare_must_be_whole_answer(&b, ext_record_size_limit_answered, "0100");
    assert_int_equal(b.result.peer_record_size_limit, 0x0100);
    assert_int_equal(bare_answered(&b, ext_record_size_limit_answered, "4001"), HF_E_NONE);
    assert_int_equal(bare_answered(&b, ext_record_size_limit_answered, "4002"),
                     HF_E_RECORD_SIZE_LIMIT_INVALID);
    assert_int_equal(bare_answered(&b, ext_record_size_limit_answered, "003f"),
                     HF_E_RECORD_SIZE_LIMIT_INVALID);
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered),
        cmocka_unit_test(read),
        cmocka_unit_test(answer),
        cmocka_unit_test(answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

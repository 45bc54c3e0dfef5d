/* application_layer_protocol_negotiation: offered, read, chosen, answered (RFC 7301). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

static hf_config *speaking(hf_role role, const char *names)
{
    hf_config *config = bare_config(role);
    assert_int_equal(hf_config_set_alpn(config, names), HF_OK);
    return config;
}

static void offered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, speaking(HF_CLIENT, "h2,http/1.1"));
    bare_must_write(&b, ext_alpn_offer,
                    "000c026832"
                    "08687474702f312e31");
    bare_close(&b);
    bare_open(&b, bare_config(HF_CLIENT));
    bare_must_write(&b, ext_alpn_offer, NULL);
    bare_close(&b);
}

static void read(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, ext_alpn_read, "0006026832026833");
    assert_int_equal(bare_read(&b, ext_alpn_read, "0006026832026833"), HF_E_NONE);
    assert_true(b.hs->s.offer.has_alpn);
    assert_int_equal(b.hs->s.offer.alpn.len, 6);
    static const char *const malformed[] = {
        "0000",           /* an empty list */
        "000100",         /* an empty name */
        "00040268320268", /* a name beyond the list */
        "000402683200",   /* an empty name behind a good one */
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        assert_int_equal(bare_read(&b, ext_alpn_read, malformed[i]), HF_E_DECODE_EXTENSION);
    }
    bare_close(&b);
}

static void chosen_by_our_order(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, speaking(HF_SERVER, "h3,http/1.1,h2"));
    assert_int_equal(bare_read(&b, ext_alpn_read, "000c02683208687474702f312e31"), HF_E_NONE);
    assert_int_equal(ext_alpn_choose(b.hs), HF_OK);
    assert_int_equal(b.result.alpn.len, 8);
    assert_memory_equal(b.result.alpn.data, "http/1.1", 8);
    bare_must_write(&b, ext_alpn_answer, "000908687474702f312e31");
    bare_close(&b);
}

static void nothing_in_common(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, speaking(HF_SERVER, "h3"));
    assert_int_equal(bare_read(&b, ext_alpn_read, "0003026832"), HF_E_NONE);
    assert_int_equal(ext_alpn_choose(b.hs), HF_FAILED);
    assert_int_equal(b.error.alert, HF_ALERT_no_application_protocol);
    assert_non_null(strstr(b.error.detail, "h2"));
    assert_non_null(strstr(b.error.detail, "h3"));
    assert_int_equal(bare_error(&b), HF_E_NO_APPLICATION_PROTOCOL);
    /* A prefix of a name is another name. */
    assert_int_equal(bare_read(&b, ext_alpn_read, "00050468332d32"), HF_E_NONE);
    assert_int_equal(ext_alpn_choose(b.hs), HF_FAILED);
    bare_close(&b);
}

static void only_one_end_speaks_it(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, speaking(HF_SERVER, "h3"));
    assert_int_equal(ext_alpn_choose(b.hs), HF_OK); /* the client does not offer it */
    bare_must_write(&b, ext_alpn_answer, NULL);
    bare_close(&b);
    bare_open(&b, bare_config(HF_SERVER));
    assert_int_equal(bare_read(&b, ext_alpn_read, "0003026832"), HF_E_NONE);
    assert_int_equal(ext_alpn_choose(b.hs), HF_OK); /* this server has no protocols */
    bare_must_write(&b, ext_alpn_answer, NULL);
    bare_close(&b);
}

static void answered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, speaking(HF_CLIENT, "h2,http/1.1"));
    bare_must_be_whole_answer(&b, ext_alpn_answered, "0003026832");
    assert_int_equal(bare_answered(&b, ext_alpn_answered, "0003026832"), HF_E_NONE);
    assert_memory_equal(b.result.alpn.data, "h2", 2);
    assert_ptr_equal(b.result.alpn.data,
                     b.config->alpn + 1); /* lives as long as the configuration */
    assert_int_equal(bare_answered(&b, ext_alpn_answered, "0003026833"), HF_E_ALPN_NOT_OFFERED);
    assert_int_equal(bare_answered(&b, ext_alpn_answered, "000c02683208687474702f312e31"),
                     HF_E_DECODE_EXTENSION); /* RFC 7301, 3.1: exactly one */
    assert_int_equal(bare_answered(&b, ext_alpn_answered, "0000"), HF_E_DECODE_EXTENSION);
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered),           cmocka_unit_test(read),
        cmocka_unit_test(nothing_in_common), cmocka_unit_test(chosen_by_our_order),
        cmocka_unit_test(answered),          cmocka_unit_test(only_one_end_speaks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

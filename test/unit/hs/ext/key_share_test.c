/* key_share in the ClientHello: offered, read, ordered as supported_groups, found (RFC
 * 9846, 4.3.8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

static hf_group short_group(uint16_t id, uint16_t len)
{
    return (hf_group){.id = id, .client_share_len = len};
}

static void nothing(void *priv)
{
    (void)priv;
}

static void offered(void **state)
{
    (void)state;
    struct bare b;
    hf_group one = short_group(0x001d, 2);
    hf_group two = short_group(0x0017, 3);
    one.clear = two.clear = nothing;
    bare_open(&b, bare_config(HF_CLIENT));
    bare_must_write(&b, ext_key_share_offer, "0000"); /* none: asks for a HelloRetryRequest */
    b.hs->c.shares[0] = (struct hs_share){.group = &one, .public_key = (uint8_t *)"ab"};
    b.hs->c.shares[1] = (struct hs_share){.group = &two, .public_key = (uint8_t *)"cde"};
    b.hs->c.share_count = 2;
    bare_must_write(&b, ext_key_share_offer,
                    "000d001d000261620017000363"
                    "6465");
    bare_close(&b);
}

static void greased_but_not_again(void **state)
{
    (void)state;
    struct bare b;
    hf_config *config = bare_config(HF_CLIENT);
    assert_int_equal(hf_config_set_grease(config, true), HF_OK);
    bare_open(&b, config);
    b.hs->c.grease[1] = 0x2a2a;
    bare_must_write(&b, ext_key_share_offer, "00052a2a000100");
    /* RFC 9846, 4.2.2: a retry for a cookie leaves the list, one with a group replaces it. */
    b.result.retried = true;
    bare_must_write(&b, ext_key_share_offer, "00052a2a000100");
    b.hs->c.retry_group = 0x001d;
    bare_must_write(&b, ext_key_share_offer, "0000");
    bare_close(&b);
}

/* As if the hello had this supported_groups. */
static void set_groups(struct bare *b, const char *body)
{
    assert_int_equal(bare_read(b, ext_supported_groups_read, body), HF_E_NONE);
    b->hs->s.offer.hello.ext.present |= EXT_BIT(EXT_supported_groups);
}

static void read(void **state)
{
    (void)state;
    static const struct {
        const char *groups, *shares;
        hf_err error;
    } cases[] = {
        {"0004001d0017", "0000", HF_E_NONE},
        {"0004001d0017", "0005001d000161", HF_E_NONE},
        {"0004001d0017", "00050017000161", HF_E_NONE}, /* not the first */
        {"0004001d0017", "000a001d0001610017000162", HF_E_NONE},
        {"0004001d0017", "000a0017000162001d000161", HF_E_KEY_SHARE_MISMATCH}, /* not in order */
        {"0004001d0017", "000a001d000161001d000162", HF_E_KEY_SHARE_MISMATCH}, /* twice */
        {"0004001d0017", "00050018000161", HF_E_KEY_SHARE_MISMATCH},           /* not listed */
        {"0006001d0a0a0017", "000a0a0a000100001d000161", HF_E_KEY_SHARE_MISMATCH},
        {"00060a0a001d0017", "000a0a0a000100001d000161", HF_E_NONE}, /* GREASE like any other */
        {"0002001d", "0004001d0000", HF_E_DECODE_EXTENSION},         /* key_exchange<1..2^16-1> */
        {"0002001d", "0003001d00", HF_E_DECODE_EXTENSION},
        {"0002001d", "0005001d000261", HF_E_DECODE_EXTENSION},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bare b;
        bare_open(&b, bare_config(HF_SERVER));
        set_groups(&b, cases[i].groups);
        assert_int_equal(bare_read(&b, ext_key_share_read, cases[i].shares), cases[i].error);
        bare_close(&b);
    }
}

static void whole(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    set_groups(&b, "0004001d0017");
    bare_must_be_whole(&b, ext_key_share_read, "000a001d0001610017000162");
    bare_close(&b);
}

static void needs_supported_groups(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    assert_int_equal(bare_read(&b, ext_key_share_read, "0005001d000161"), HF_E_MISSING_EXTENSION);
    bare_close(&b);
}

static void found(void **state)
{
    (void)state;
    static const uint8_t shares[] = {0, 0x1d, 0, 1, 'a', 0, 0x17, 0, 2, 'b', 'c'};
    const hf_span list = span_of(shares, sizeof shares);
    assert_ptr_equal(ext_key_share_find(list, 0x001d).data, shares + 4);
    assert_int_equal(ext_key_share_find(list, 0x0017).len, 2);
    assert_int_equal(ext_key_share_find(list, 0x0018).len, 0);
    assert_int_equal(ext_key_share_find(span_of(NULL, 0), 0x001d).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offered), cmocka_unit_test(greased_but_not_again),
        cmocka_unit_test(read),    cmocka_unit_test(needs_supported_groups),
        cmocka_unit_test(whole),   cmocka_unit_test(found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

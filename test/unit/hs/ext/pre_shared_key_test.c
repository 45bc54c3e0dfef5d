/* pre_shared_key and psk_key_exchange_modes in the ClientHello: offered and read (RFC 9846, 4.3.9
 * and 4.3.11). Binders are psk_test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

#define KEY span_of("0123456789abcdef", 16)

#define ZEROS_32 "0000000000000000000000000000000000000000000000000000000000000000"
#define ZEROS_48 ZEROS_32 "00000000000000000000000000000000"

static hf_config *with_keys(hf_role role)
{
    hf_config *config = bare_config(role);
    assert_int_equal(hf_config_add_raw_psk(config, span_of("ab", 2), KEY, 256), HF_OK);
    assert_int_equal(hf_config_add_raw_psk(config, span_of("c", 1), KEY, 384), HF_OK);
    return config;
}

static size_t binders_at;

static bool offer(struct hs *hs, struct wr *w)
{
    return ext_pre_shared_key_offer(hs, w, &binders_at);
}

static void modes_offered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_CLIENT));
    bare_must_write(&b, ext_psk_modes_offer, NULL);
    bare_close(&b);
    bare_open(&b, with_keys(HF_CLIENT));
    bare_must_write(&b, ext_psk_modes_offer, "0101"); /* psk_dhe_ke alone */
    bare_close(&b);
}

static void modes_read(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, ext_psk_modes_read, "020001");
    assert_int_equal(bare_read(&b, ext_psk_modes_read, "020001"), HF_E_NONE);
    assert_int_equal(b.hs->s.offer.psk_modes.len, 2);
    assert_int_equal(bare_read(&b, ext_psk_modes_read, "00"), HF_E_DECODE_EXTENSION); /* <1..255> */
    bare_close(&b);
}

static void keys_offered(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_CLIENT));
    bare_must_write(&b, offer, NULL);
    assert_int_equal(binders_at, 0);
    bare_close(&b);
    bare_open(&b, with_keys(HF_CLIENT));
    bare_must_write(&b, offer,
                    "000f0002616200000000"
                    "00016300000000"
                    "0052"
                    "20" ZEROS_32 "30" ZEROS_48);
    bare_close(&b);
}

static void binders_are_found(void **state)
{
    (void)state;
    struct bare b;
    uint8_t room[256];
    bare_open(&b, with_keys(HF_CLIENT));
    struct wr w = wr_of(room, sizeof room);
    assert_true(offer(b.hs, &w));
    assert_int_equal(binders_at, 2 + 15);
    bare_close(&b);
}

/* RFC 9846, 4.2.2: after a HelloRetryRequest only keys of the suite's hash remain. */
static void keys_offered_again(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, with_keys(HF_CLIENT));
    b.result.retried = true;
    b.result.suite.hash = b.config->provider->sha384;
    bare_must_write(&b, offer,
                    "000700016300000000"
                    "0031"
                    "30" ZEROS_48);
    bare_close(&b);
    hf_config *config = bare_config(HF_CLIENT);
    assert_int_equal(hf_config_add_raw_psk(config, span_of("ab", 2), KEY, 256), HF_OK);
    bare_open(&b, config);
    b.result.retried = true;
    b.result.suite.hash = b.config->provider->sha384;
    bare_must_write(&b, offer, NULL);
    bare_close(&b);
}

/* As if the extension stood last, behind psk_key_exchange_modes, in the message that holds the
 * body. */
static hf_status read_last(struct hs *hs, hf_span body, struct hs_offer *out)
{
    hs->msg.raw = body;
    out->hello.ext.last_code = EXT_CODE_pre_shared_key;
    out->hello.ext.present = EXT_BIT(EXT_pre_shared_key) | EXT_BIT(EXT_psk_key_exchange_modes);
    return ext_pre_shared_key_read(hs, body, out);
}

static hf_status read_not_last(struct hs *hs, hf_span body, struct hs_offer *out)
{
    hs->msg.raw = body;
    out->hello.ext.last_code = EXT_CODE_padding;
    out->hello.ext.present = EXT_BIT(EXT_pre_shared_key) | EXT_BIT(EXT_psk_key_exchange_modes);
    return ext_pre_shared_key_read(hs, body, out);
}

static hf_status read_without_modes(struct hs *hs, hf_span body, struct hs_offer *out)
{
    hs->msg.raw = body;
    out->hello.ext.last_code = EXT_CODE_pre_shared_key;
    out->hello.ext.present = EXT_BIT(EXT_pre_shared_key);
    return ext_pre_shared_key_read(hs, body, out);
}

#define ONE_IDENTITY "00080002616200000000"
#define TWO_IDENTITIES                                                                             \
    "000f0002616200000000"                                                                         \
    "00016300000000"
#define ONE_BINDER                                                                                 \
    "0021"                                                                                         \
    "20" ZEROS_32

static void keys_read(void **state)
{
    (void)state;
    static const struct {
        bare_read_fn *read;
        const char *body;
        hf_err error;
    } cases[] = {
        {read_last, ONE_IDENTITY ONE_BINDER, HF_E_NONE},
        {read_last, TWO_IDENTITIES ONE_BINDER, HF_E_PSK_LISTS_DIFFER},
        {read_last,
         ONE_IDENTITY "0042"
                      "20" ZEROS_32 "20" ZEROS_32,
         HF_E_PSK_LISTS_DIFFER},
        {read_last,
         ONE_IDENTITY "0020"
                      "1f"
                      "00000000000000000000000000000000000000000000000000000000000000",
         HF_E_DECODE_EXTENSION}, /* PskBinderEntry<32..255> */
        {read_last, "0006000000000000" ONE_BINDER, HF_E_DECODE_EXTENSION}, /* identity<1..2^16-1> */
        {read_last, "0000" ONE_BINDER, HF_E_DECODE_EXTENSION},   /* identities<7..2^16-1> */
        {read_last, ONE_IDENTITY "0000", HF_E_DECODE_EXTENSION}, /* binders<33..2^16-1> */
        {read_not_last, ONE_IDENTITY ONE_BINDER, HF_E_PSK_NOT_LAST},
        {read_without_modes, ONE_IDENTITY ONE_BINDER, HF_E_PSK_MODES_MISSING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bare b;
        bare_open(&b, bare_config(HF_SERVER));
        assert_int_equal(bare_read(&b, cases[i].read, cases[i].body), cases[i].error);
        assert_int_equal(b.hs->s.offer.has_psk, cases[i].error == HF_E_NONE);
        if (cases[i].error == HF_E_NONE) {
            assert_int_equal(b.hs->s.offer.psk_identities.len, 8);
            assert_int_equal(b.hs->s.offer.psk_binders.len, 33);
            assert_int_equal(b.hs->s.offer.binders_at, 10);
        }
        bare_close(&b);
    }
}

static void whole(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    bare_must_be_whole(&b, read_last,
                       TWO_IDENTITIES "0052"
                                      "20" ZEROS_32 "30" ZEROS_48);
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_offered),
        cmocka_unit_test(modes_read),
        cmocka_unit_test(keys_offered),
        cmocka_unit_test(keys_offered_again),
        cmocka_unit_test(binders_are_found),
        cmocka_unit_test(keys_read),
        cmocka_unit_test(whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

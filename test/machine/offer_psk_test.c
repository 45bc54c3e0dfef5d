/* ClientHellos with pre-shared keys that break a rule (RFC 9846, 4.3.9 and 4.3.11), one rule each,
 * and keys that the server does not know.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/rule.h"

static struct run run;
static struct edit e;

/* The first ClientHello of this kind of run, changed. */
static void offer(enum run_kind kind, const struct rule *rule)
{
    rule_hear_in(kind, rule, &run, HF_SERVER, 0, &e);
}

static void no_algorithms(void)
{
    DROP(signature_algorithms);
}

static void psk_not_last(void)
{
    edit_append(&e, 0xff77, "", 0);
}

static void no_modes(void)
{
    DROP(psk_key_exchange_modes);
}

static void change_psk(void (*change)(uint8_t *body, size_t *len))
{
    uint8_t body[600];
    const hf_span own = edit_find(&e, EXT_CODE_pre_shared_key);
    size_t len = own.len;
    memcpy(body, own.data, len);
    change(body, &len);
    edit_set(&e, EXT_CODE_pre_shared_key, body, len);
}

/* The two binders of SHA-256 stand at the end: 2 bytes of length and 33 bytes each. */
static void drop_binder(uint8_t *body, size_t *len)
{
    body[*len - 2 * 33 - 1] = 33;
    *len -= 33;
}

static void one_binder(void)
{
    change_psk(drop_binder);
}

static void flip_binder(uint8_t *body, size_t *len)
{
    body[*len - 1] ^= 1;
}

static void wrong_binder(void)
{
    change_psk(flip_binder);
}

static void cut_binder(uint8_t *body, size_t *len)
{
    body[*len - 33] = 31;
    body[*len - 2 * 33 - 1]--;
    (*len)--;
}

static void short_binder(void)
{
    change_psk(cut_binder);
}

static void lengthen_binder(uint8_t *body, size_t *len)
{
    body[*len - 33] = 33;
    body[*len - 2 * 33 - 1]++;
    body[(*len)++] = 0;
}

static void long_binder(void)
{
    change_psk(lengthen_binder);
}

static void no_identities(void)
{
    SET(pre_shared_key, "\0\0\0\x21\x20"
                        "0123456789abcdef0123456789abcdef");
}

static void psk_ke_only(void)
{
    SET(psk_key_exchange_modes, "\1\0");
}

static void psk_ke_and_no_group(void)
{
    psk_ke_only();
    DROP(supported_groups);
    DROP(key_share);
}

static const struct rule psks[] = {
    {"pre_shared_key not last", psk_not_last, HF_E_PSK_NOT_LAST},
    {"no psk_key_exchange_modes", no_modes, HF_E_PSK_MODES_MISSING},
    {"one binder for two identities", one_binder, HF_E_PSK_LISTS_DIFFER},
    {"wrong binder", wrong_binder, HF_E_PSK_BINDER},
    {"binder of 31 bytes", short_binder, HF_E_DECODE_EXTENSION},
    {"binder of 33 bytes", long_binder, HF_E_PSK_BINDER},
    {"no identities", no_identities, HF_E_DECODE_EXTENSION},
    {"no signature_algorithms, no PSK in common", no_algorithms, HF_E_PSK_BINDER},
    {"psk_ke only", psk_ke_only, HF_E_NONE}, /* goes on with a certificate */
    {"psk_ke without groups", psk_ke_and_no_group, HF_E_PSK_MODE},
};

static void pre_shared_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(psks); i++) {
        offer(RUN_PSK, &psks[i]);
    }
}

static void unchanged(void)
{
}

/* A server that has nothing but keys, of which the client has none. */
static void unknown_key_and_no_certificate(void **state)
{
    (void)state;
    static const struct rule o = {"unknown keys", unchanged, HF_E_PSK_UNKNOWN};
    const hf_span key = span_of((const uint8_t *)"0123456789abcdef", 16);
    run_make(&run, RUN_FULL);
    assert_int_equal(hf_config_set_identities(run.server, NULL), HF_OK);
    assert_int_equal(hf_config_set_alpn(run.server, ""), HF_OK);
    assert_int_equal(
        hf_config_add_raw_psk(run.server, span_of((const uint8_t *)"ours", 4), key, 256), HF_OK);
    assert_int_equal(
        hf_config_add_raw_psk(run.client, span_of((const uint8_t *)"mine", 4), key, 256), HF_OK);
    offer(RUN_FULL, &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(pre_shared_keys),
        RUN_TEST(unknown_key_and_no_certificate),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

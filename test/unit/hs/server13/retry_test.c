/* HelloRetryRequest by a server that keeps nothing: what it sends, and what it takes up from the
 * cookie that comes back (RFC 9846, 4.2.4 and 4.3.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "hs/server13/retry.h"
#include "hs/server13/server13.h"
#include "session/cookie.h"
#include "support/bare.h"

enum { NOW_S = 1000000 };

static const uint8_t key[COOKIE_KEY_LEN] = {3};
static const char first_hello[] = "\x01\x00\x00\x05hello";

static hf_config *server_config(bool stateless)
{
    hf_config *config = bare_config(HF_SERVER);
    if (stateless) {
        assert_int_equal(hf_config_set_stateless_retry(config, span_of(key, sizeof key), false),
                         HF_OK);
    }
    return config;
}

static void settle_on(struct bare *b, uint16_t suite, uint16_t group)
{
    assert_true(suite_find(b->config->provider, suite, &b->result.suite));
    b->result.group = hf_provider_group(b->config->provider, group);
    transcript_start(&b->hs->transcript, b->result.suite.hash);
}

/* As after a first hello that had no share of the group: this is what S13_SEND_RETRY finds. */
static void send_retry(struct bare *b, uint16_t suite, uint16_t group)
{
    b->hs->state = HS_S13_SEND_RETRY;
    b->hs->now_ms = INT64_C(1000) * NOW_S;
    b->hs->msg.raw = span_of(first_hello, sizeof first_hello - 1);
    memset(b->hs->s.fixed_digest, 0x11, sizeof b->hs->s.fixed_digest);
    memcpy(b->hs->session_id, "echo", 4);
    b->hs->session_id_len = 4;
    settle_on(b, suite, group);
    assert_int_equal(server13_send_retry(b->hs), HF_OK);
}

static void parse_said(struct bare *b, struct server_hello *retry)
{
    assert_true(b->said_len > MSG_HEADER_LEN);
    assert_int_equal(b->said[0], MSG_SERVER_HELLO);
    assert_int_equal(
        server_hello_parse(span_of(b->said + MSG_HEADER_LEN, b->said_len - MSG_HEADER_LEN),
                           &b->error, retry),
        HF_OK);
}

static hf_span cookie_of(const struct server_hello *retry)
{
    struct rd r = rd_of(retry->ext.body[EXT_cookie]);
    const hf_span cookie = rd_vec16(&r, 1, 0xffff);
    assert_true(rd_done(&r));
    return cookie;
}

static void sent_with_memory(void **state)
{
    (void)state;
    struct bare b;
    struct server_hello retry;
    bare_open(&b, server_config(false));
    send_retry(&b, 0x1302, 0x0017);
    parse_said(&b, &retry);
    assert_true(retry.is_retry);
    assert_int_equal(retry.legacy_version, 0x0303);
    assert_int_equal(retry.cipher_suite, 0x1302);
    assert_int_equal(retry.legacy_compression_method, 0);
    assert_true(span_eq(retry.legacy_session_id_echo, span_of("echo", 4)));
    assert_int_equal(retry.ext.present, EXT_BIT(EXT_supported_versions) | EXT_BIT(EXT_key_share));
    assert_true(span_eq(retry.ext.body[EXT_key_share], span_of("\x00\x17", 2)));
    assert_true(span_eq(retry.ext.body[EXT_supported_versions], span_of("\x03\x04", 2)));
    assert_int_equal(b.hs->state, HS_SRV_READ_SECOND_HELLO);
    assert_true(b.result.retried);
    assert_int_equal(b.ccs_count, 1); /* RFC 9846, E.4 */
    bare_close(&b);
}

static void sent_without_memory(void **state)
{
    (void)state;
    struct bare b;
    struct server_hello retry;
    bare_open(&b, server_config(true));
    send_retry(&b, 0x1301, 0x0017);
    parse_said(&b, &retry);
    assert_int_equal(retry.ext.present, EXT_BIT(EXT_supported_versions) | EXT_BIT(EXT_key_share) |
                                            EXT_BIT(EXT_cookie));
    assert_true(cookie_of(&retry).len <= COOKIE_MAX_LEN);
    assert_int_equal(b.hs->state, HS_SRV_READ_CLIENT_HELLO);
    assert_false(b.result.retried);
    assert_null(b.hs->transcript.hash);
    assert_null(b.result.group);
    assert_int_equal(b.result.suite.id, 0);
    bare_close(&b);
}

/* What another instance is given back. */
static hf_err restore(struct bare *b, hf_span cookie, uint8_t fixed, int64_t later_s)
{
    b->hs->s.offer.cookie = cookie;
    b->hs->now_ms = INT64_C(1000) * (NOW_S + later_s);
    memset(b->hs->s.fixed_digest, fixed, sizeof b->hs->s.fixed_digest);
    memcpy(b->hs->session_id, "echo", 4);
    b->hs->session_id_len = 4;
    const hf_status s = retry_restore(b->hs);
    assert_int_equal(s == HF_OK, b->error.code == HF_E_NONE);
    return bare_error(b);
}

/* The transcript of the one that kept nothing is that of the one that kept everything. */
static void restored(void **state)
{
    (void)state;
    static const uint16_t suites[] = {0x1301, 0x1302};
    for (size_t i = 0; i < 2; i++) {
        struct bare one;
        struct bare other;
        struct server_hello retry;
        uint8_t kept[HF_HASH_MAX_LEN];
        uint8_t made[HF_HASH_MAX_LEN];
        bare_open(&one, server_config(true));
        send_retry(&one, suites[i], 0x0017);
        parse_said(&one, &retry);
        bare_open(&other, server_config(true));
        assert_int_equal(restore(&other, cookie_of(&retry), 0x11, 1), HF_E_NONE);
        assert_true(other.result.retried);
        assert_int_equal(other.result.suite.id, suites[i]);
        assert_int_equal(other.result.group->id, 0x0017);

        struct transcript t;
        transcript_start(&t, other.result.suite.hash);
        transcript_add(&t, span_of(first_hello, sizeof first_hello - 1));
        transcript_retry(&t);
        transcript_add(&t, span_of(one.said, one.said_len));
        transcript_value(&t, kept);
        transcript_value(&other.hs->transcript, made);
        assert_memory_equal(made, kept, other.result.suite.hash->digest_len);
        bare_close(&one);
        bare_close(&other);
    }
}

static void not_restored(void **state)
{
    (void)state;
    struct bare one;
    struct bare b;
    struct server_hello retry;
    uint8_t changed[COOKIE_MAX_LEN];
    bare_open(&one, server_config(true));
    send_retry(&one, 0x1301, 0x0017);
    parse_said(&one, &retry);
    const hf_span cookie = cookie_of(&retry);
    bare_open(&b, server_config(true));
    assert_int_equal(restore(&b, cookie, 0x12, 1), HF_E_HELLO_CHANGED);
    assert_int_equal(restore(&b, cookie, 0x11, COOKIE_LIFETIME_S + COOKIE_SKEW_S + 1),
                     HF_E_COOKIE_INVALID);
    assert_int_equal(restore(&b, span_of(cookie.data, cookie.len - 1), 0x11, 1),
                     HF_E_COOKIE_INVALID);
    for (size_t i = 0; i < cookie.len; i++) {
        memcpy(changed, cookie.data, cookie.len);
        changed[i] ^= 0x04;
        assert_int_equal(restore(&b, span_of(changed, cookie.len), 0x11, 1), HF_E_COOKIE_INVALID);
    }
    b.hs->s.offer.early_data = true;
    assert_int_equal(restore(&b, cookie, 0x11, 1), HF_E_EARLY_DATA_AFTER_RETRY);
    assert_false(b.result.retried);
    bare_close(&b);
    bare_close(&one);
}

/* Another instance whose configuration does not have the suite any more. */
static void suite_is_gone(void **state)
{
    (void)state;
    struct bare one;
    struct bare b;
    struct server_hello retry;
    bare_open(&one, server_config(true));
    send_retry(&one, 0x1302, 0x0017);
    parse_said(&one, &retry);
    hf_config *config = server_config(true);
    assert_int_equal(hf_config_set_ciphers(config, "TLS_AES_128_GCM_SHA256"), HF_OK);
    bare_open(&b, config);
    assert_int_equal(restore(&b, cookie_of(&retry), 0x11, 1), HF_E_COOKIE_INVALID);
    bare_close(&b);
    bare_close(&one);
}

/* Asked for the cookie alone: no key_share stands there, and the shares of the second hello are
 * looked at afresh. */
static void for_the_cookie_alone(void **state)
{
    (void)state;
    struct bare one;
    struct bare b;
    struct server_hello retry;
    bare_open(&one, server_config(true));
    one.hs->s.share = span_of("share", 5);
    send_retry(&one, 0x1301, 0x0017);
    parse_said(&one, &retry);
    assert_int_equal(retry.ext.present, EXT_BIT(EXT_supported_versions) | EXT_BIT(EXT_cookie));
    bare_open(&b, server_config(true));
    assert_int_equal(restore(&b, cookie_of(&retry), 0x11, 1), HF_E_NONE);
    assert_null(b.result.group);
    bare_close(&b);
    bare_close(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sent_with_memory), cmocka_unit_test(sent_without_memory),
        cmocka_unit_test(restored),         cmocka_unit_test(not_restored),
        cmocka_unit_test(suite_is_gone),    cmocka_unit_test(for_the_cookie_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

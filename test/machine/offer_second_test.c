/* Second ClientHellos, after a HelloRetryRequest, that break a rule (RFC 9846, 4.2.2 and 4.3.2),
 * one rule each, with a cookie in the place of the server's state and without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "config/config.h"
#include "session/cookie.h"
#include "support/rule.h"
#include "wire/iana.h"

static struct run run;
static struct edit e;

/* The second ClientHello of this kind of run, changed. */
static void offer(enum run_kind kind, const struct rule *rule)
{
    rule_hear_in(kind, rule, &run, HF_SERVER, 1, &e);
}

static void legacy_tls13(void)
{
    e.legacy_version = 0x0304;
}

static void deflate(void)
{
    e.compression.data[0] = 1;
}

static void unknown_once(void)
{
    edit_append(&e, 0xff77, "a", 1);
}

static void other_random(void)
{
    e.random[0] ^= 1;
}

static void other_session_id(void)
{
    e.session_id.data[31] ^= 1;
}

static void fewer_suites(void)
{
    e.suites.len -= 2;
}

static void other_name(void)
{
    SET(server_name, "\0\5\0\0\2xy");
}

static void no_tls13(void)
{
    SET(supported_versions, "\2\3\3");
}

static void padding(void)
{
    edit_append(&e, EXT_CODE_padding, "\0\0\0", 3);
}

static void no_share(void)
{
    SET(key_share, "\0\0");
}

static void share_of_before(void)
{
    SET(key_share, "\0\5\0\x17\0\1x");
}

static void one_share_too_many(void)
{
    const hf_span own = edit_find(&e, EXT_CODE_key_share);
    uint8_t shares[128];
    memcpy(shares + 7, own.data + 2, own.len - 2);
    memcpy(shares, "\0\0\0\x17\0\1x", 7);
    shares[1] = (uint8_t)(own.len - 2 + 5);
    edit_set(&e, EXT_CODE_key_share, shares, own.len + 5);
}

static void early_data_again(void)
{
    SET(early_data, "");
}

static const struct rule seconds[] = {
    {"another random", other_random, HF_E_HELLO_CHANGED},
    {"another session id", other_session_id, HF_E_HELLO_CHANGED},
    {"fewer suites", fewer_suites, HF_E_HELLO_CHANGED},
    {"another name", other_name, HF_E_HELLO_CHANGED},
    {"TLS 1.3 gone", no_tls13, HF_E_HELLO_CHANGED},
    {"an unknown extension more", unknown_once, HF_E_HELLO_CHANGED},
    {"padding", padding, HF_E_NONE},
    {"no share", no_share, HF_E_KEY_SHARE_WRONG_GROUP},
    {"the share of before", share_of_before, HF_E_KEY_SHARE_WRONG_GROUP},
    {"a share too many", one_share_too_many, HF_E_KEY_SHARE_WRONG_GROUP},
    {"early data", early_data_again, HF_E_EARLY_DATA_AFTER_RETRY},
    {"legacy_version", legacy_tls13, HF_E_LEGACY_VERSION},
    {"deflate", deflate, HF_E_COMPRESSION_OFFERED},
};

static void second_hello(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(seconds); i++) {
        offer(RUN_RETRY, &seconds[i]);
    }
}

/* --- Cookies ------------------------------------------------------------------------------------
 */

static void forged_cookie(void)
{
    const hf_span own = edit_find(&e, EXT_CODE_cookie);
    uint8_t cookie[COOKIE_MAX_LEN + 2];
    memcpy(cookie, own.data, own.len);
    cookie[own.len - 1] ^= 1;
    edit_set(&e, EXT_CODE_cookie, cookie, own.len);
}

static void short_cookie(void)
{
    SET(cookie, "\0\4cook");
}

static void lost_cookie(void)
{
    DROP(cookie);
}

static void cookie_seconds(enum run_kind kind)
{
    static const struct rule offers[] = {
        {"a forged cookie", forged_cookie, HF_E_COOKIE_INVALID},
        {"a short cookie", short_cookie, HF_E_COOKIE_INVALID},
        {"no cookie", lost_cookie, HF_E_COOKIE_INVALID},
        {"another random", other_random, HF_E_HELLO_CHANGED},
        {"fewer suites", fewer_suites, HF_E_HELLO_CHANGED},
        {"early data", early_data_again, HF_E_EARLY_DATA_AFTER_RETRY},
        {"no share", no_share, HF_E_KEY_SHARE_WRONG_GROUP},
        {"padding", padding, HF_E_NONE},
    };
    run_clear(&run);
    for (size_t i = 0; i < COUNT(offers); i++) {
        offer(kind, &offers[i]);
    }
}

static void hellos_with_a_cookie(void **state)
{
    (void)state;
    cookie_seconds(RUN_COOKIE);
    cookie_seconds(RUN_COOKIE_GROUP);
}

/* Too late, from another address, to a server that has another key, of a suite that is gone. */
static void cookie_in_other_circumstances(void **state)
{
    (void)state;
    for (int way = 0; way < 5; way++) {
        struct stage s;
        run_clear(&run);
        run_make(&run, RUN_COOKIE_GROUP);
        assert_true(heard_go_to(&s, &run, HF_SERVER, 1));
        hf_conn *conn = s.target->conn;
        hf_config *config = run.server;
        const int64_t now = conn->now_ms;
        if (way == 0) {
            hf_conn_set_time(conn, now + (COOKIE_LIFETIME_S + 1) * 1000);
        } else if (way == 1) {
            hf_conn_set_time(conn, now - (COOKIE_SKEW_S + 1) * 1000);
        } else if (way == 2) {
            conn->hs->s.peer_address = span_of((const uint8_t *)"192.0.2.8", 9);
        } else if (way == 3) {
            config->cookie_key[0] ^= 1;
        } else {
            config->ciphers.v[0] = IANA_SUITE_TLS_CHACHA20_POLY1305_SHA256;
        }
        const struct tape_message *m = stage_next(&s);
        (void)stage_record(&s, REC_HANDSHAKE, span_of(m->data, m->len));
        rule_judge(&s, "cookie", HF_E_COOKIE_INVALID);
        stage_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(second_hello),
        RUN_TEST(hellos_with_a_cookie),
        RUN_TEST(cookie_in_other_circumstances),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

/* RFC 8448, section 5: HelloRetryRequest with a cookie, replayed by both of our ends.
 *
 * The server. The text's prefers P-256 so much that it asks for a share although it has one of
 * X25519; ours spends no round trip for that, so it reads the first hello under a configuration
 * without X25519 and the second under one that announces all three groups. The cookie is a server's
 * own affair: ours would differ, so the functions that seal and open it are replaced by ones that
 * give out the recorded bytes and remember what they stand for. The server keeps nothing else
 * between the hellos.
 *
 * The client. Neither of our hellos is the recorded one (rfc8448_client_test.c says why), so each
 * is checked for what it must have and then replaced in the transcript by the recorded one. The
 * second is the engine's answer to the recorded HelloRetryRequest.
 *
 * Not computed are the resumption secrets, as we have no sessions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "session/cookie.h"
#include "support/rfc8448.h"

static const char *const not_ours[] = {"derive secret 'tls13 res master'", NULL};

enum { SECTION = 5, RANDOM_AT = MSG_HEADER_LEN + 2 };

/* --- The cookie ------------------------------------------------------------------------------- */

/* The recorded cookie, out of the extensions of HelloRetryRequest. */
static hf_span recorded_cookie(void)
{
    struct server_hello retry;
    hf_error error = {0};
    const hf_span raw = rfc8448_message(SECTION, HF_SERVER, "ServerHello", 0);
    assert_int_equal(
        server_hello_parse(span_of(raw.data + MSG_HEADER_LEN, raw.len - MSG_HEADER_LEN), &error,
                           &retry),
        HF_OK);
    assert_true(retry.is_retry);
    struct rd r = rd_of(retry.ext.body[EXT_cookie]);
    return rd_vec16(&r, 1, 0xffff);
}

static struct cookie_state remembered;

static size_t seal_recorded(const hf_provider *provider, const uint8_t *key,
                            const struct cookie_state *state, hf_span peer_address, uint8_t *out)
{
    (void)provider, (void)key, (void)peer_address;
    const hf_span cookie = recorded_cookie();
    assert_true(cookie.len <= COOKIE_MAX_LEN);
    remembered = *state;
    memcpy(out, cookie.data, cookie.len);
    return cookie.len;
}

static enum cookie_result open_recorded(const hf_provider *provider, const uint8_t *key,
                                        hf_span cookie, hf_span peer_address, int64_t now_s,
                                        struct cookie_state *out)
{
    (void)provider, (void)key, (void)peer_address, (void)now_s;
    const hf_span expected = recorded_cookie();
    assert_int_equal(cookie.len, expected.len);
    assert_memory_equal(cookie.data, expected.data, expected.len);
    *out = remembered;
    return COOKIE_OK;
}

#define cookie_seal seal_recorded
#define cookie_open open_recorded
#include "hs/server13/retry.c" // NOLINT(bugprone-suspicious-include): with the two names above
#undef cookie_seal
#undef cookie_open

/* --- The server ------------------------------------------------------------------------------- */

static hf_config *server_config(struct replay *r, const char *groups)
{
    static const uint8_t key[COOKIE_KEY_LEN] = {1};
    hf_config *config = replay_config(r, HF_SERVER);
    assert_int_equal(hf_config_set_groups(config, groups), HF_OK);
    assert_int_equal(hf_config_set_announce_groups(config, true), HF_OK);
    assert_int_equal(hf_config_set_stateless_retry(config, span_of(key, sizeof key), false), HF_OK);
    assert_int_equal(
        hf_config_external_ops(config, config->external_ops | HF_OP_BIT(HF_OP_CHOOSE_CONFIG)),
        HF_OK);
    assert_int_equal(hf_config_freeze(config), HF_OK);
    return config;
}

/* The second hello is read under the second configuration. */
static void choose_config(struct replay *r, hf_op *op)
{
    size_t *hellos = r->ctx;
    if (op->kind == HF_OP_CHOOSE_CONFIG && (*hellos)++ == 1) {
        static struct replay other; /* the configuration points to its provider */
        other = (struct replay){0};
        hf_config *second = server_config(&other, "secp256r1,secp384r1,x25519");
        second->random_ctx = r;
        op->u.choose_config.config = second;
    }
}

static void server(void **state)
{
    (void)state;
    struct replay r;
    size_t hellos = 0;
    hf_config *config = server_config(&r, "secp256r1");
    const hf_span hello = rfc8448_message(SECTION, HF_SERVER, "ServerHello", 1);
    r.on_op = choose_config;
    r.ctx = &hellos;
    replay_draw(
        &r, rfc8448(SECTION, HF_SERVER, "create an ephemeral P-256 key pair", "private key", 0));
    replay_draw(&r, span_of(hello.data + RANDOM_AT, MSG_RANDOM_LEN));
    replay_open(&r, SECTION, config, true);

    replay_feed(&r, rfc8448_record(SECTION, HF_CLIENT, "handshake", 0));
    replay_expect(&r, rfc8448_record(SECTION, HF_SERVER, "handshake", 0));
    assert_int_equal(r.out_len, 0);
    assert_string_equal(hf_conn_state(r.conn), "SRV_READ_CLIENT_HELLO");

    replay_feed(&r, rfc8448_record(SECTION, HF_CLIENT, "handshake", 1));
    replay_expect(&r, rfc8448_record(SECTION, HF_SERVER, "handshake", 1));
    replay_expect(&r, rfc8448_record(SECTION, HF_SERVER, "handshake", 2));
    replay_expect_end(&r);
    assert_int_equal(hellos, 2);

    replay_feed(&r, rfc8448_record(SECTION, HF_CLIENT, "handshake", 2));
    assert_true(hf_conn_is_connected(r.conn));
    replay_feed(&r, rfc8448_record(SECTION, HF_CLIENT, "alert", 0));
    assert_int_equal(hf_conn_close(r.conn), HF_OK);
    replay_drive(&r);
    replay_expect(&r, rfc8448_record(SECTION, HF_SERVER, "alert", 0));
    replay_expect_end(&r);
    replay_check_keys(&r, not_ours);
    replay_check_log(&r);
    replay_close(&r);
    hf_config_free(config);
}

/* --- The client ------------------------------------------------------------------------------- */

static bool holds(const struct replay *r, hf_span part)
{
    for (size_t at = 0; at + part.len <= r->out_len; at++) {
        if (memcmp(r->out + at, part.data, part.len) == 0) {
            return true;
        }
    }
    return false;
}

/* The transcript as it stands before our second hello, from the stop at its key share. */
static void keep_transcript_before(struct replay *r, hf_op *op)
{
    if (op->kind == HF_OP_KEY_GENERATE && r->conn->result.retried) {
        *(struct transcript *)r->ctx = r->conn->hs->transcript;
    }
}

static hf_config *client_config(struct replay *r)
{
    hf_config *config = replay_config(r, HF_CLIENT);
    assert_int_equal(hf_config_set_groups(config, "x25519,secp256r1,secp384r1"), HF_OK);
    assert_int_equal(hf_config_set_key_shares(config, "x25519"), HF_OK);
    assert_int_equal(hf_config_set_middlebox_compat(config, false), HF_OK);
    assert_int_equal(
        hf_config_external_ops(config, config->external_ops | HF_OP_BIT(HF_OP_KEY_GENERATE)),
        HF_OK);
    assert_int_equal(hf_config_freeze(config), HF_OK);
    return config;
}

static void first_hello(struct replay *r)
{
    const hf_span hello = rfc8448_message(SECTION, HF_CLIENT, "ClientHello", 0);
    struct hs *hs = r->conn->hs;
    assert_true(holds(r, span_of(hello.data + RANDOM_AT, MSG_RANDOM_LEN)));
    assert_true(holds(
        r, rfc8448(SECTION, HF_CLIENT, "create an ephemeral x25519 key pair", "public key", 0)));
    r->out_len = 0;
    for (size_t i = 0; i < 2; i++) {
        transcript_start(&hs->early[i], hs->early[i].hash);
        transcript_add(&hs->early[i], hello);
    }
}

static void second_hello(struct replay *r, const struct transcript *before)
{
    const hf_span hello = rfc8448_message(SECTION, HF_CLIENT, "ClientHello", 1);
    assert_true(holds(r, span_of(hello.data + RANDOM_AT, MSG_RANDOM_LEN)));
    assert_true(holds(
        r, rfc8448(SECTION, HF_CLIENT, "create an ephemeral P-256 key pair", "public key", 0)));
    assert_true(holds(r, recorded_cookie()));
    r->out_len = 0;
    r->conn->hs->transcript = *before;
    transcript_add(&r->conn->hs->transcript, hello);
}

static void client(void **state)
{
    (void)state;
    struct replay r;
    struct transcript before = {0};
    hf_config *config = client_config(&r);
    const hf_span hello = rfc8448_message(SECTION, HF_CLIENT, "ClientHello", 0);
    r.on_op = keep_transcript_before;
    r.ctx = &before;
    replay_draw(&r, span_of(hello.data + RANDOM_AT, MSG_RANDOM_LEN));
    replay_draw(
        &r, rfc8448(SECTION, HF_CLIENT, "create an ephemeral x25519 key pair", "private key", 0));
    replay_draw(
        &r, rfc8448(SECTION, HF_CLIENT, "create an ephemeral P-256 key pair", "private key", 0));
    replay_open(&r, SECTION, config, true);
    replay_drive(&r);
    first_hello(&r);

    replay_feed(&r, rfc8448_record(SECTION, HF_SERVER, "handshake", 0));
    assert_non_null(before.hash);
    second_hello(&r, &before);

    replay_feed(&r, rfc8448_record(SECTION, HF_SERVER, "handshake", 1));
    replay_feed(&r, rfc8448_record(SECTION, HF_SERVER, "handshake", 2));
    assert_true(hf_conn_is_connected(r.conn));
    replay_expect(&r, rfc8448_record(SECTION, HF_CLIENT, "handshake", 2));
    assert_int_equal(hf_conn_close(r.conn), HF_OK);
    replay_drive(&r);
    replay_expect(&r, rfc8448_record(SECTION, HF_CLIENT, "alert", 0));
    replay_feed(&r, rfc8448_record(SECTION, HF_SERVER, "alert", 0));
    replay_expect_end(&r);
    replay_check_keys(&r, not_ours);
    replay_check_log(&r);
    replay_close(&r);
    hf_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server),
        cmocka_unit_test(client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

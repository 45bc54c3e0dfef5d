/* RFC 8448, section 4: the session of section 3 resumed, with early data, by our server and by our
 * client in the place of the recorded ones, byte for byte.
 *
 * What is set by hand: as in the tests of the other sections the groups that the server announces,
 * and the client's hello, which the recorded one replaces in the transcripts; early data goes under
 * a key of the hello, so it is made once more of the recorded one. The ticket is opened for our
 * server, as only its maker can. The recorded server acknowledges server_name; ours does not where
 * a session is resumed (RFC 6066, 3), so it is kept from knowing that while it writes the flight.
 * The text does not show how the binder's key comes from the early secret.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "hs/auth13.h"
#include "hs/psk.h"
#include "session/session.h"
#include "support/rfc8448.h"

/* Nobody issues tickets on this connection. */
static const char *const not_ours[] = {"derive secret 'tls13 res master'", NULL};

enum { NOW_MS = 100000, AGE_MS = 6, WINDOW_MS = 1000, RANDOM_AT = MSG_HEADER_LEN + 2 };

/* --- The session of section 3 ----------------------------------------------------------------- */

static uint32_t number(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* What its NewSessionTicket says, and the key that both ends had of it. */
static struct session_state session_of_3(hf_span *ticket)
{
    const hf_span message = rfc8448_message(3, HF_SERVER, "NewSessionTicket", 0);
    const hf_span key =
        rfc8448(3, HF_SERVER, "generate resumption secret 'tls13 resumption'", "expanded", 0);
    const uint8_t *at = message.data + MSG_HEADER_LEN;
    struct session_state state = {
        .version = HF_TLS13,
        .cipher_suite = 0x1301,
        .issued_ms = NOW_MS - AGE_MS,
        .lifetime_s = number(at),
        .age_add = number(at + 4),
        .max_early_data = number(message.data + message.len - 4),
        .secret = {.len = (uint8_t)key.len},
        .server_name = span_str("server"),
    };
    memcpy(state.secret.b, key.data, key.len);
    at += 8 + 1 + at[8]; /* behind the nonce */
    *ticket = span_of(at + 2, (size_t)(at[0] << 8 | at[1]));
    assert_int_equal(state.max_early_data, 1024);
    return state;
}

static void exchange_data(struct replay *r, hf_role first)
{
    const hf_role ours = r->role;
    for (int i = 0; i < 2; i++) {
        const hf_role from = i == 0 ? first : first == HF_CLIENT ? HF_SERVER : HF_CLIENT;
        const size_t nth = from == HF_CLIENT ? 1 : 0; /* early data is the client's first */
        const hf_span data = rfc8448(4, from, "send application_data record", "payload", nth);
        const hf_span record = rfc8448_record(4, from, "application_data", nth);
        if (from == ours) {
            replay_send(r, data, record);
        } else {
            r->data_len = 0;
            replay_feed(r, record);
            assert_int_equal(r->data_len, data.len);
            assert_memory_equal(r->data, data.data, data.len);
        }
    }
}

static void check(const struct replay *r)
{
    hf_conn_info info;
    hf_conn_describe(r->conn, &info);
    assert_true(info.resumed && info.early_data);
    replay_check_keys(r, not_ours);
    replay_check_log(r);
}

/* --- Our server ------------------------------------------------------------------------------- */

static hf_config *server_config(struct replay *r)
{
    /* EncryptedExtensions: header 4, block length 2, extension header 4, list length 2. */
    enum { EE_GROUPS_AT = 12, EE_GROUPS = 9 };
    hf_config *config = replay_config(r, HF_SERVER);
    const hf_span message = rfc8448_message(4, HF_SERVER, "EncryptedExtensions", 0);
    assert_int_equal(hf_config_set_announce_groups(config, true), HF_OK);
    assert_int_equal(hf_config_freeze(config), HF_OK);
    config->external_ops |= HF_OP_BIT(HF_OP_TICKET_OPEN) | HF_OP_BIT(HF_OP_KEY_ENCAP);
    config->max_early_data = 1024;
    config->early_window_ms = WINDOW_MS;
    config->groups.count = EE_GROUPS;
    for (size_t i = 0; i < EE_GROUPS; i++) {
        const uint8_t *at = message.data + EE_GROUPS_AT + 2 * i;
        config->groups.v[i] = (uint16_t)(at[0] << 8 | at[1]);
    }
    return config;
}

/* The last operation before EncryptedExtensions is written. */
static void forget_resumption(struct replay *r, hf_op *op)
{
    if (op->kind == HF_OP_KEY_ENCAP) {
        assert_true(r->conn->result.resumed);
        r->conn->result.resumed = false;
    }
}

static void our_server(void **state)
{
    (void)state;
    struct replay r;
    hf_span ticket;
    uint8_t written[SESSION_STATE_MAX];
    const struct session_state session = session_of_3(&ticket);
    hf_config *config = server_config(&r);
    r.ticket_state = span_of(written, session_state_write(&session, written));
    r.now_ms = NOW_MS;
    r.on_op = forget_resumption;
    r.unshown = 1; /* "res binder" */
    const hf_span hello = rfc8448_message(4, HF_SERVER, "ServerHello", 0);
    replay_draw(&r, rfc8448(4, HF_SERVER, "create an ephemeral x25519 key pair", "private key", 0));
    replay_draw(&r, span_of(hello.data + RANDOM_AT, MSG_RANDOM_LEN));
    replay_open(&r, 4, config, true);
    replay_feed(&r, rfc8448_record(4, HF_CLIENT, "handshake", 0));
    r.conn->result.resumed = true;
    replay_expect(&r, rfc8448_record(4, HF_SERVER, "handshake", 0));
    replay_expect(&r, rfc8448_record(4, HF_SERVER, "handshake", 1));
    replay_expect_end(&r);

    const hf_span early = rfc8448(4, HF_CLIENT, "send application_data record", "payload", 0);
    replay_feed(&r, rfc8448_record(4, HF_CLIENT, "application_data", 0));
    assert_int_equal(r.data_len, early.len);
    assert_memory_equal(r.data, early.data, early.len);
    replay_feed(&r, rfc8448_record(4, HF_CLIENT, "handshake", 1)); /* EndOfEarlyData */
    assert_false(hf_conn_is_connected(r.conn));
    replay_feed(&r, rfc8448_record(4, HF_CLIENT, "handshake", 2));
    assert_true(hf_conn_is_connected(r.conn));
    exchange_data(&r, HF_CLIENT);
    replay_feed(&r, rfc8448_record(4, HF_CLIENT, "alert", 0));
    assert_true(r.got_close);
    assert_int_equal(hf_conn_close(r.conn), HF_OK);
    replay_drive(&r);
    replay_expect(&r, rfc8448_record(4, HF_SERVER, "alert", 0));
    replay_expect_end(&r);
    check(&r);
    replay_close(&r);
    hf_config_free(config);
}

/* --- Our client ------------------------------------------------------------------------------- */

/* Sends our hello and puts the recorded one in its place, in the transcripts and under the early
 * keys. What was traced of our own is forgotten. */
static void start_client(struct replay *r, const hf_config *config)
{
    const hf_span hello = rfc8448_message(4, HF_CLIENT, "ClientHello", 0);
    const hf_span record = rfc8448_record(4, HF_CLIENT, "handshake", 0);
    const hf_span whole = span_of(record.data + 5, record.len - 5); /* with its binders */
    replay_draw(r, span_of(hello.data + RANDOM_AT, MSG_RANDOM_LEN));
    replay_draw(r, rfc8448(4, HF_CLIENT, "create an ephemeral x25519 key pair", "private key", 0));
    replay_open(r, 4, config, true);
    replay_drive(r);
    assert_string_equal(hf_conn_state(r->conn), "CLI_READ_SERVER_HELLO");
    r->out_len = 0;

    struct hs *hs = r->conn->hs;
    struct psk psk;
    struct suite suite;
    struct secret secret;
    assert_true(hs->c.early && psk_offered_at(hs, 0, &psk));
    for (int i = 0; i < 2; i++) {
        transcript_start(&hs->early[i],
                         i == 0 ? config->provider->sha256 : config->provider->sha384);
        transcript_add(&hs->early[i], whole);
    }
    /* The binder is one of the steps that the text shows. */
    const size_t kept = r->step_count;
    r->secret_count = 0;
    assert_true(suite_find(config->provider, 0x1301, &suite));
    auth13_early_traffic_secret(hs, &psk, &hs->early[0], &secret);
    assert_int_equal(hs->sink->install(hs->owner, HF_SENT, HF_LEVEL_EARLY, &suite, &secret), HF_OK);
    /* Of our own hello: its early traffic secret with key and IV, and "res binder". */
    r->unshown = 4;
    assert_true(r->step_count > kept);
}

static void our_client(void **state)
{
    (void)state;
    struct replay r;
    hf_span ticket;
    const struct session_state what = session_of_3(&ticket);
    hf_session *session = session_new(&what, ticket, false, NULL);
    hf_config *config = replay_config(&r, HF_CLIENT);
    assert_int_equal(hf_config_set_groups(config, "x25519,secp256r1,secp384r1"), HF_OK);
    assert_int_equal(hf_config_set_key_shares(config, "x25519"), HF_OK);
    assert_int_equal(hf_config_set_middlebox_compat(config, false), HF_OK);
    assert_int_equal(hf_config_set_verify(config, HF_VERIFY_NONE), HF_OK);
    assert_int_equal(hf_config_freeze(config), HF_OK);
    r.session = session;
    r.now_ms = NOW_MS;
    start_client(&r, config);

    const hf_span early = rfc8448(4, HF_CLIENT, "send application_data record", "payload", 0);
    hf_buf room = {r.out, sizeof r.out, 0};
    size_t taken = 0;
    assert_int_equal(hf_conn_send_early(r.conn, early, &room, &taken), HF_OK);
    assert_int_equal(taken, early.len);
    r.out_len = room.pos;
    replay_expect(&r, rfc8448_record(4, HF_CLIENT, "application_data", 0));
    replay_feed(&r, rfc8448_record(4, HF_SERVER, "handshake", 0));
    replay_feed(&r, rfc8448_record(4, HF_SERVER, "handshake", 1));
    assert_true(hf_conn_is_connected(r.conn));
    replay_expect(&r, rfc8448_record(4, HF_CLIENT, "handshake", 1)); /* EndOfEarlyData */
    replay_expect(&r, rfc8448_record(4, HF_CLIENT, "handshake", 2));
    exchange_data(&r, HF_CLIENT);
    assert_int_equal(hf_conn_close(r.conn), HF_OK);
    replay_drive(&r);
    replay_expect(&r, rfc8448_record(4, HF_CLIENT, "alert", 0));
    replay_feed(&r, rfc8448_record(4, HF_SERVER, "alert", 0));
    assert_true(r.got_close);
    replay_expect_end(&r);
    check(&r);
    replay_close(&r);
    hf_config_free(config);
    hf_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(our_server), cmocka_unit_test(our_client)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

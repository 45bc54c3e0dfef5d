/* RFC 8448, sections 3, 6 and 7: our client, in the place of the recorded one, reads the recorded
 * server and answers what the recorded client answered, byte for byte, under the recorded secrets.
 *
 * Our ClientHello cannot be the recorded one: that of NSS has renegotiation_info, in section 3
 * session_ticket, lists that we do not configure, and an order of extensions that is its own. So
 * our engine sends its hello, drawn from the recorded private key and random, which is checked for
 * both; then the recorded hello takes its place in the two transcripts. All that follows is the
 * engine's own. Not computed are the resumption secrets, as we keep no sessions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/rfc8448.h"

static const char *const not_ours[] = {"derive secret 'tls13 res master'",
                                       "generate resumption secret 'tls13 resumption'", NULL};

enum { RANDOM_AT = MSG_HEADER_LEN + 2, SESSION_ID_AT = RANDOM_AT + MSG_RANDOM_LEN };

static bool holds(const struct replay *r, hf_span part)
{
    for (size_t at = 0; at + part.len <= r->out_len; at++) {
        if (memcmp(r->out + at, part.data, part.len) == 0) {
            return true;
        }
    }
    return false;
}

/* Sends our hello and puts the recorded one in its place. */
static void start(struct replay *r, int section, const hf_config *config, bool watch)
{
    const hf_span hello = rfc8448_message(section, HF_CLIENT, "ClientHello", 0);
    const hf_span random = span_of(hello.data + RANDOM_AT, MSG_RANDOM_LEN);
    const hf_span session_id = span_of(hello.data + SESSION_ID_AT + 1, hello.data[SESSION_ID_AT]);
    replay_draw(r, random);
    if (session_id.len > 0) {
        replay_draw(r, session_id);
    }
    replay_draw(
        r, rfc8448(section, HF_CLIENT, "create an ephemeral x25519 key pair", "private key", 0));
    replay_open(r, section, config, watch);
    replay_drive(r);
    assert_string_equal(hf_conn_state(r->conn), "CLI_READ_SERVER_HELLO");
    assert_true(holds(r, random));
    assert_true(session_id.len == 0 || holds(r, session_id));
    assert_true(holds(
        r, rfc8448(section, HF_CLIENT, "create an ephemeral x25519 key pair", "public key", 0)));
    r->out_len = 0;

    struct hs *hs = r->conn->hs;
    transcript_start(&hs->early[0], config->provider->sha256);
    transcript_start(&hs->early[1], config->provider->sha384);
    transcript_add(&hs->early[0], hello);
    transcript_add(&hs->early[1], hello);
}

static hf_config *client_config(struct replay *r, bool compat)
{
    hf_config *config = replay_config(r, HF_CLIENT);
    assert_int_equal(hf_config_set_groups(config, "x25519,secp256r1,secp384r1"), HF_OK);
    assert_int_equal(hf_config_set_key_shares(config, "x25519"), HF_OK);
    assert_int_equal(hf_config_set_middlebox_compat(config, compat), HF_OK);
    assert_int_equal(hf_config_freeze(config), HF_OK);
    return config;
}

static void read_server(struct replay *r)
{
    replay_feed(r, rfc8448_record(r->section, HF_SERVER, "handshake", 0));
    replay_feed(r, rfc8448_record(r->section, HF_SERVER, "handshake", 1));
    assert_true(hf_conn_is_connected(r->conn));
}

static void close_both(struct replay *r)
{
    assert_int_equal(hf_conn_close(r->conn), HF_OK);
    replay_drive(r);
    replay_expect(r, rfc8448_record(r->section, HF_CLIENT, "alert", 0));
    replay_feed(r, rfc8448_record(r->section, HF_SERVER, "alert", 0));
    assert_true(r->got_close);
    replay_expect_end(r);
    replay_check_keys(r, not_ours);
    replay_check_log(r);
}

static void simple(bool watch)
{
    struct replay r;
    hf_config *config = client_config(&r, false);
    start(&r, 3, config, watch);
    read_server(&r);
    replay_expect(&r, rfc8448_record(3, HF_CLIENT, "handshake", 1));
    replay_expect_end(&r);
    replay_feed(&r, rfc8448_record(3, HF_SERVER, "handshake", 2)); /* NewSessionTicket */
    replay_send(&r, rfc8448(3, HF_CLIENT, "send application_data record", "payload", 0),
                rfc8448_record(3, HF_CLIENT, "application_data", 0));

    const hf_span data = rfc8448(3, HF_SERVER, "send application_data record", "payload", 0);
    replay_feed(&r, rfc8448_record(3, HF_SERVER, "application_data", 0));
    assert_int_equal(r.data_len, data.len);
    assert_memory_equal(r.data, data.data, data.len);
    close_both(&r);
    replay_close(&r);
    hf_config_free(config);
}

static void section_3(void **state)
{
    (void)state;
    simple(true);
}

/* Without a watcher the engine starts from a constant instead of the early secret. */
static void section_3_unwatched(void **state)
{
    (void)state;
    simple(false);
}

static void section_6(void **state)
{
    (void)state;
    struct replay r;
    hf_config *config = client_config(&r, false);
    start(&r, 6, config, true);
    read_server(&r);
    replay_expect(&r, rfc8448_record(6, HF_CLIENT, "handshake", 1));
    hf_conn_info info;
    hf_conn_describe(r.conn, &info);
    assert_string_equal(info.signature_scheme_name, "ecdsa_secp256r1_sha256");
    assert_string_equal(info.client_signature_scheme_name, "rsa_pss_rsae_sha256");
    assert_true(info.client_certificate);
    close_both(&r);
    replay_close(&r);
    hf_config_free(config);
}

static void section_7(void **state)
{
    (void)state;
    struct replay r;
    hf_config *config = client_config(&r, true);
    start(&r, 7, config, true);
    replay_feed(&r, rfc8448_record(7, HF_SERVER, "handshake", 0));
    replay_feed(&r, rfc8448_record(7, HF_SERVER, "change_cipher_spec", 0));
    replay_feed(&r, rfc8448_record(7, HF_SERVER, "handshake", 1));
    assert_true(hf_conn_is_connected(r.conn));
    replay_expect(&r, rfc8448_record(7, HF_CLIENT, "change_cipher_spec", 0));
    replay_expect(&r, rfc8448_record(7, HF_CLIENT, "handshake", 1));
    close_both(&r);
    replay_close(&r);
    hf_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(section_3),
        cmocka_unit_test(section_3_unwatched),
        cmocka_unit_test(section_6),
        cmocka_unit_test(section_7),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

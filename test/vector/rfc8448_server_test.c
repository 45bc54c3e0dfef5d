/* RFC 8448, sections 3, 6 and 7: our server, given the recorded client and the recorded randomness,
 * says what the recorded server said, byte for byte.
 *
 * Set by hand, because no configuration of ours would do it:
 *   - the list of groups that EncryptedExtensions announces: it names ffdhe6144 and ffdhe8192,
 *   which our provider
 *     does not have, so they cannot be configured;
 *   - the list of signature algorithms of the CertificateRequest in section 6: it names SHA-1 and
 *   DSA schemes, which
 *     our configuration refuses;
 *   - the NewSessionTicket of section 3: we issue no tickets. The recorded message is put through
 *   our queue, so that
 *     its record, and those after it, have the recorded sequence numbers.
 * Not computed are, for the same reason, the resumption secrets.
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

/* The 16-bit values of a list inside a recorded message, from an offset. */
static void list_from(struct config_list *list, hf_span message, size_t at, size_t count)
{
    list->count = count;
    for (size_t i = 0; i < count; i++) {
        list->v[i] = (uint16_t)(message.data[at + 2 * i] << 8 | message.data[at + 2 * i + 1]);
    }
}

static hf_config *server_config(struct replay *r, int section)
{
    /* EncryptedExtensions: header 4, block length 2, extension header 4, list length 2. */
    enum { EE_GROUPS_AT = 12, EE_GROUPS = 9 };
    hf_config *config = replay_config(r, HF_SERVER);
    assert_int_equal(hf_config_set_announce_groups(config, true), HF_OK);
    assert_int_equal(hf_config_freeze(config), HF_OK);
    list_from(&config->groups, rfc8448_message(section, HF_SERVER, "EncryptedExtensions", 0),
              EE_GROUPS_AT, EE_GROUPS);
    return config;
}

/* The order in which the engine draws: the ephemeral key, then the random of ServerHello. */
static void draw_server(struct replay *r, int section)
{
    const hf_span hello = rfc8448_message(section, HF_SERVER, "ServerHello", 0);
    replay_draw(
        r, rfc8448(section, HF_SERVER, "create an ephemeral x25519 key pair", "private key", 0));
    replay_draw(r, span_of(hello.data + MSG_HEADER_LEN + 2, MSG_RANDOM_LEN));
}

static void close_both(struct replay *r)
{
    replay_feed(r, rfc8448_record(r->section, HF_CLIENT, "alert", 0));
    assert_true(r->got_close);
    assert_int_equal(hf_conn_close(r->conn), HF_OK);
    replay_drive(r);
    replay_expect(r, rfc8448_record(r->section, HF_SERVER, "alert", 0));
    replay_expect_end(r);
    replay_check_keys(r, not_ours);
    replay_check_log(r);
}

static void say(struct replay *r, hf_span message)
{
    uint8_t *room = conn_sink.reserve(r->conn, HF_LEVEL_APPLICATION, message.len);
    assert_non_null(room);
    memcpy(room, message.data, message.len);
    assert_int_equal(conn_sink.commit(r->conn, message.len), HF_OK);
    replay_drive(r);
}

static void simple(bool watch)
{
    struct replay r;
    hf_config *config = server_config(&r, 3);
    draw_server(&r, 3);
    replay_open(&r, 3, config, watch);
    replay_feed(&r, rfc8448_record(3, HF_CLIENT, "handshake", 0));
    replay_expect(&r, rfc8448_record(3, HF_SERVER, "handshake", 0));
    replay_expect(&r, rfc8448_record(3, HF_SERVER, "handshake", 1));
    replay_expect_end(&r);
    replay_feed(&r, rfc8448_record(3, HF_CLIENT, "handshake", 1));
    assert_true(hf_conn_is_connected(r.conn));

    say(&r, rfc8448_message(3, HF_SERVER, "NewSessionTicket", 0));
    replay_expect(&r, rfc8448_record(3, HF_SERVER, "handshake", 2));

    const hf_span data = rfc8448(3, HF_CLIENT, "send application_data record", "payload", 0);
    replay_feed(&r, rfc8448_record(3, HF_CLIENT, "application_data", 0));
    assert_int_equal(r.data_len, data.len);
    assert_memory_equal(r.data, data.data, data.len);
    replay_send(&r, rfc8448(3, HF_SERVER, "send application_data record", "payload", 0),
                rfc8448_record(3, HF_SERVER, "application_data", 0));
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
    /* CertificateRequest: header 4, context 1, block length 2, extension header 4, list length
     * 2. */
    enum { CR_SCHEMES_AT = 13, CR_SCHEMES = 15 };
    struct replay r;
    hf_config *config = server_config(&r, 6);
    config->verify = HF_VERIFY_REQUIRE;
    list_from(&config->sigalgs, rfc8448_message(6, HF_SERVER, "CertificateRequest", 0),
              CR_SCHEMES_AT, CR_SCHEMES);
    draw_server(&r, 6);
    replay_open(&r, 6, config, true);
    replay_feed(&r, rfc8448_record(6, HF_CLIENT, "handshake", 0));
    replay_expect(&r, rfc8448_record(6, HF_SERVER, "handshake", 0));
    replay_expect(&r, rfc8448_record(6, HF_SERVER, "handshake", 1));
    replay_expect_end(&r);
    assert_false(hf_conn_can_send(r.conn));
    replay_feed(&r, rfc8448_record(6, HF_CLIENT, "handshake", 1));
    assert_true(hf_conn_is_connected(r.conn));
    hf_conn_info info;
    hf_conn_describe(r.conn, &info);
    assert_true(info.client_certificate);
    assert_string_equal(info.client_signature_scheme_name, "rsa_pss_rsae_sha256");
    close_both(&r);
    replay_close(&r);
    hf_config_free(config);
}

static void section_7(void **state)
{
    (void)state;
    struct replay r;
    hf_config *config = server_config(&r, 7);
    draw_server(&r, 7);
    replay_open(&r, 7, config, true);
    replay_feed(&r, rfc8448_record(7, HF_CLIENT, "handshake", 0));
    replay_expect(&r, rfc8448_record(7, HF_SERVER, "handshake", 0));
    replay_expect(&r, rfc8448_record(7, HF_SERVER, "change_cipher_spec", 0));
    replay_expect(&r, rfc8448_record(7, HF_SERVER, "handshake", 1));
    replay_expect_end(&r);
    replay_feed(&r, rfc8448_record(7, HF_CLIENT, "change_cipher_spec", 0));
    replay_feed(&r, rfc8448_record(7, HF_CLIENT, "handshake", 1));
    assert_true(hf_conn_is_connected(r.conn));
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

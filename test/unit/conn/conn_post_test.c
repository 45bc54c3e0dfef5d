/* What follows the handshake, at its seams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "conn/conn.h"
#include "support/pair.h"

static void set(hf_status status)
{
    assert_int_equal(status, HF_OK);
}

static void append(hf_conn *conn, const uint8_t *bytes, size_t len)
{
    uint8_t *room = conn_sink.reserve(conn, HF_LEVEL_APPLICATION, len);
    assert_non_null(room);
    memcpy(room, bytes, len);
    set(conn_sink.commit(conn, len));
}

/* The server's CertificateRequest with the first bytes of a KeyUpdate in its record; the rest of
 * the KeyUpdate in another, and the new keys behind it. */
static void request_and_half_an_update(hf_conn *server)
{
    static const uint8_t update[] = {MSG_KEY_UPDATE, 0, 0, 1, 0};
    struct hs_args args = conn_hs_args(server);
    server->hs = hs_new_post_server(&args);
    assert_non_null(server->hs);
    assert_int_equal(hs_drive(server->hs), HF_NEED_INPUT);
    append(server, update, 2);
    assert_true(server->out.open_len <= INBOX_SPARE_LEN);
    set(conn_seal_open(server));
    append(server, update + 2, 3);
    set(conn_seal_open(server));
    traffic_update(server->result.suite.hash, &server->result.server_app, &server->tr);
    set(conn_sink.install(server, HF_SENT, HF_LEVEL_APPLICATION, &server->result.suite,
                          &server->result.server_app));
}

static void bytes_behind_a_late_request_are_kept(void **state)
{
    (void)state;
    struct pki *pki = pki_simple(PKI_P256, "server.example");
    hf_config *client = pair_client_config(pki);
    hf_config *server = pair_server_config(pki);
    pair_make_mutual(client, server, pki);
    set(hf_config_set_verify(server, HF_VERIFY_NONE));
    set(hf_config_set_send_authorities(server, false));
    set(hf_config_set_signature_algorithms(server, "ecdsa_secp256r1_sha256"));
    set(hf_config_set_post_handshake_auth(client, true));
    struct pair *p = pair_new(
        &(struct pair_options){.client = pair_freeze(client), .server = pair_freeze(server)});
    assert_true(pair_handshake(p));
    request_and_half_an_update(p->server.conn);
    pair_settle(p);
    assert_int_equal(hf_conn_error(p->client.conn)->code, HF_E_NONE);
    assert_int_equal(hf_conn_error(p->server.conn)->code, HF_E_NONE);
    hf_conn_info info;
    hf_conn_describe(p->client.conn, &info);
    assert_int_equal(info.keys_received, 1);
    assert_true(pair_send(p, &p->server, "under new keys", 14));
    assert_true(pair_send(p, &p->client, "and back", 8));
    pair_free(p);
    hf_config_free(client);
    hf_config_free(server);
    pki_free(pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_behind_a_late_request_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

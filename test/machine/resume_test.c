/* Sessions resumed and refused, early data taken and refused: each reason, at both ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "conn/conn.h"
#include "support/offer.h"

static struct run run;
static hf_replay_guard *guard;

static int drop_run(void **state)
{
    (void)state;
    run_clear(&run);
    hf_replay_guard_free(guard);
    guard = NULL;
    return 0;
}

/* A strike register that has watched for long enough. */
static void guard_for_real(void)
{
    const hf_strike_params params = {
        .size = sizeof params, .bytes = 4096, .started_ms = PKI_NOW * 1000, .nothing_before = true};
    guard = hf_strike_register_new(&params);
    assert_non_null(guard);
    run_set(hf_config_set_replay_guard(run.server, guard));
}

/* One connection of the run that offers this session, connected or not. */
static struct pair *start(const hf_session *session, const char *name, int64_t later_ms)
{
    return offer_start(&run, session, name, later_ms, later_ms);
}

/* A session that the server will know again. */
static hf_session *first_session(void)
{
    struct pair *p = start(NULL, NULL, 0);
    assert_true(pair_handshake(p));
    assert_false(pair_info(&p->client).resumed);
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_NO_TICKET);
    hf_session *session = hf_conn_take_session(p->client.conn);
    assert_non_null(session);
    pair_free(p);
    return session;
}

static void tickets_are_issued_and_resumed(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    hf_session *session = first_session();
    hf_session_info told;
    hf_session_describe(session, &told);
    assert_int_equal(told.version, HF_TLS13);
    assert_int_equal(told.lifetime_s, 7200);
    assert_int_equal(told.max_early_data, 16384);
    assert_true(told.verified);
    struct pair *p = start(session, NULL, 1000);
    hf_session_free(session); /* the connection has its own reference */
    assert_true(pair_handshake(p));
    assert_true(pair_info(&p->client).resumed && pair_info(&p->server).resumed);
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_NONE);
    assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_NONE);
    assert_int_equal(pair_info(&p->client).peer_chain_count, 0);
    assert_true(pair_send(p, &p->client, "hello", 5));
    assert_true(pair_send(p, &p->server, "hello", 5));
    session = hf_conn_take_session(p->client.conn);
    assert_non_null(session); /* in place of the one that was used */
    assert_null(hf_conn_take_session(p->client.conn));
    hf_session_describe(session, &told);
    assert_true(told.verified); /* as the first one was */
    hf_session_free(session);
    pair_free(p);
}

/* With an external key there is nothing to save, and some clients of that kind take no ticket. */
static void no_tickets_beside_an_external_key(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    const hf_span key = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32};
    run_set(hf_config_add_raw_psk(run.client, span_str("visitor"), key, 256));
    run_set(hf_config_add_raw_psk(run.server, span_str("visitor"), key, 256));
    struct pair *p = start(NULL, NULL, 0);
    assert_true(pair_handshake(p));
    assert_true(pair_info(&p->server).psk);
    assert_true(pair_send(p, &p->server, "hello", 5));
    assert_null(hf_conn_take_session(p->client.conn));
    pair_free(p);
}

static void early_data_arrives_before_the_handshake_ends(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    hf_session *session = first_session();
    struct pair *p = start(session, NULL, 500);
    assert_int_equal(offer_early(p, "GET / HTTP/1.1\r\n\r\n", 18), 18);
    assert_true(pair_handshake(p));
    assert_int_equal(p->server.early_len, 18);
    assert_memory_equal(p->server.received, "GET / HTTP/1.1\r\n\r\n", 18);
    assert_true(pair_info(&p->client).early_data && pair_info(&p->server).early_data);
    assert_int_equal(pair_info(&p->client).early_reason, HF_RESUME_NONE);
    assert_true(pair_send(p, &p->client, "late", 4));
    assert_int_equal(p->server.early_len, 18);
    pair_free(p);
    hf_session_free(session);
}

/* The client keeps to the limit that the session names. */
static void no_more_early_data_than_the_session_allows(void **state)
{
    (void)state;
    static const uint8_t much[20000];
    run_make(&run, RUN_TICKETS);
    hf_session *session = first_session();
    struct pair *p = start(session, NULL, 500);
    assert_int_equal(offer_early(p, much, sizeof much), 16384);
    assert_true(pair_handshake(p));
    assert_int_equal(p->server.early_len, 16384);
    pair_free(p);
    /* A client that does not is found out: it believes in a limit of its own. */
    p = start(session, NULL, 500);
    assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
    p->client.conn->result.resumption->max_early_data = 20000;
    assert_int_equal(offer_early(p, much, sizeof much), sizeof much);
    assert_false(pair_handshake(p));
    assert_int_equal(hf_conn_error(p->server.conn)->code, HF_E_EARLY_DATA_TOO_MUCH);
    pair_free(p);
    hf_session_free(session);
}

/* The same first flight twice: the second is a handshake like any other, and its data is lost. */
static void a_replayed_flight_is_not_executed(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    guard_for_real();
    hf_session *session = first_session();
    struct pair *p = start(session, NULL, 500);
    assert_int_equal(offer_early(p, "once", 4), 4);
    (void)pair_pump_end(p, &p->client);
    const size_t len = p->server.in.len;
    uint8_t *flight = malloc(len);
    assert_non_null(flight);
    memcpy(flight, p->server.in.data, len);
    assert_true(pair_handshake(p));
    assert_int_equal(p->server.early_len, 4);
    pair_free(p);
    p = start(NULL, NULL, 500);
    pipe_put(&p->server.in, flight, len);
    (void)pair_pump_end(p, &p->server);
    assert_int_equal(p->server.early_len, 0);
    assert_true(pair_info(&p->server).resumed);
    assert_false(pair_info(&p->server).early_data);
    assert_int_equal(pair_info(&p->server).early_reason, HF_RESUME_REPLAYED);
    pair_free(p);
    free(flight);
    hf_session_free(session);
}

/* Why a session is not even offered, and that all goes on in full. */
static void what_the_client_does_not_offer(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    hf_session *session = first_session();
    static const struct {
        const char *name;
        int64_t later_ms;
        hf_resume_reason reason;
    } rows[] = {
        {NULL, INT64_C(7200) * 1000, HF_RESUME_EXPIRED},
        {NULL, -1, HF_RESUME_FROM_THE_FUTURE},
        {"other.example", 0, HF_RESUME_SERVER_NAME_DIFFERS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair *p = start(session, rows[i].name, rows[i].later_ms);
        (void)pair_handshake(p); /* another name is not that of the certificate */
        assert_false(pair_info(&p->server).resumed);
        assert_int_equal(pair_info(&p->client).resume_reason, rows[i].reason);
        assert_int_equal(pair_info(&p->client).early_reason, rows[i].reason);
        assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_NO_TICKET);
        pair_free(p);
    }
    hf_session_free(session);
    /* Under other rules: a chain that nobody verified, a suite or a protocol that is not offered.
     */
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_verify(run.client, HF_VERIFY_NONE));
    session = first_session();
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
    struct pair *p = start(session, NULL, 0);
    assert_true(pair_handshake(p));
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_PEER_UNPROVEN);
    assert_false(pair_info(&p->client).resumed);
    pair_free(p);
    hf_session_free(session);
    session = first_session();
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_alpn(run.client, "h2"));
    run_set(hf_config_set_alpn(run.server, "h2"));
    p = start(session, NULL, 0);
    assert_true(pair_handshake(p));
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_ALPN_DIFFERS);
    pair_free(p);
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_ciphers(run.client, "TLS_AES_256_GCM_SHA384"));
    p = start(session, NULL, 0);
    assert_true(pair_handshake(p));
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_SUITE_DIFFERS);
    pair_free(p);
    hf_session_free(session);
}

/* RFC 9846, 4.3.11.1: what the client tells of the ticket's age is never more than the truth,
 * though its clock counts whole milliseconds. */
static void the_age_is_not_overstated(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    hf_session *session = first_session();
    uint8_t bytes[2048];
    hf_buf out = {bytes, sizeof bytes, 0};
    run_set(hf_session_export(session, &out));
    const uint8_t *add = bytes + 4 + 1 + 2 + 2 + 1 + 8 + 4; /* ticket_age_add in the state */
    const size_t ticket_at = 2 + 2 + (size_t)(bytes[2] << 8 | bytes[3]) + 2;
    static const int64_t ages_ms[] = {0, 1, 2, 1000};
    for (size_t i = 0; i < sizeof ages_ms / sizeof ages_ms[0]; i++) {
        struct pair *p = start(session, NULL, ages_ms[i]);
        assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
        (void)pair_pump_end(p, &p->client);
        const uint8_t *told =
            memmem(p->server.in.data, p->server.in.len, bytes + ticket_at, out.pos - ticket_at);
        assert_non_null(told);
        told += out.pos - ticket_at;
        uint32_t age = 0, add_value = 0;
        for (size_t k = 0; k < 4; k++) {
            age = age << 8 | told[k];
            add_value = add_value << 8 | add[k];
        }
        assert_int_equal(age - add_value, ages_ms[i] == 0 ? 0 : ages_ms[i] - 1);
        pair_free(p);
    }
    hf_session_free(session);
}

/* A server without protocols resumes whatever the client offers; one that has some by now does not.
 */
static void a_session_without_a_protocol(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_alpn(run.server, ""));
    hf_session *session = first_session();
    struct pair *p = start(session, NULL, 500);
    assert_int_equal(offer_early(p, "early", 5), 5);
    assert_true(pair_handshake(p));
    assert_true(pair_info(&p->client).resumed && pair_info(&p->client).early_data);
    pair_free(p);
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
    p = start(session, NULL, 500);
    assert_int_equal(offer_early(p, "early", 5), 5);
    assert_true(pair_handshake(p));
    assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_ALPN_DIFFERS);
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_DECLINED);
    assert_int_equal(p->server.early_len, 0);
    pair_free(p);
    hf_session_free(session);
}

/* Early data goes under the session's own suite only: a client that does not offer it any more may
 * resume under another one of the same hash, and sends no early data. */
static void no_early_data_under_a_suite_that_is_not_offered(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_ciphers(run.client, "TLS_AES_128_GCM_SHA256"));
    hf_session *session = first_session();
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_ciphers(run.client, "TLS_CHACHA20_POLY1305_SHA256"));
    struct pair *p = start(session, NULL, 500);
    uint8_t room[64];
    hf_buf out = {room, sizeof room, 0};
    size_t taken = 0;
    assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
    assert_false(p->client.conn->hs->c.early);
    assert_int_equal(
        hf_conn_send_early(p->client.conn, (hf_span){(const uint8_t *)"x", 1}, &out, &taken),
        HF_NEED_INPUT);
    assert_int_equal(taken, 0);
    assert_true(pair_handshake(p));
    assert_true(pair_info(&p->client).resumed);
    assert_int_equal(pair_info(&p->client).early_reason, HF_RESUME_SUITE_DIFFERS);
    assert_int_equal(pair_info(&p->server).early_reason, HF_RESUME_NONE); /* none was offered */
    pair_free(p);
    hf_session_free(session);
}

/* Why a server takes a session without its early data, or neither. */
static void what_the_server_refuses(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    hf_session *session = first_session();
    struct pair *p = start(session, NULL, 1000);
    assert_int_equal(offer_early(p, "stale", 5), 5);
    hf_conn_set_time(p->server.conn, PKI_NOW * 1000 + 20000); /* held back on the way */
    assert_true(pair_handshake(p));
    assert_true(pair_info(&p->client).resumed);
    assert_false(pair_info(&p->client).early_data);
    assert_int_equal(p->server.early_len, 0);
    assert_int_equal(pair_info(&p->server).early_reason, HF_RESUME_AGE_SKEW);
    assert_int_equal(pair_info(&p->client).early_reason, HF_RESUME_EARLY_DECLINED);
    assert_true(pair_send(p, &p->client, "again", 5));
    pair_free(p);
    run_clear(&run);

    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_early_data(run.server, 0, 0));
    p = start(session, NULL, 1000);
    assert_int_equal(offer_early(p, "lost", 4), 4);
    assert_true(pair_handshake(p));
    assert_int_equal(pair_info(&p->server).early_reason, HF_RESUME_EARLY_DISABLED);
    pair_free(p);
    run_clear(&run);

    run_make(&run, RUN_TICKETS); /* less than the session allows, be it one byte */
    run_set(hf_config_set_early_data(run.server, 16383, 10000));
    p = start(session, NULL, 1000);
    assert_int_equal(offer_early(p, "lost", 4), 4);
    assert_true(pair_handshake(p));
    assert_true(pair_info(&p->client).resumed);
    assert_int_equal(pair_info(&p->server).early_reason, HF_RESUME_EARLY_LIMIT);
    assert_true(pair_send(p, &p->client, "again", 5));
    pair_free(p);
    run_clear(&run);

    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_ticket_keys(run.server, NULL));
    p = start(session, NULL, 1000);
    assert_int_equal(offer_early(p, "lost", 4), 4);
    assert_true(pair_handshake(p));
    assert_false(pair_info(&p->client).resumed);
    assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_DISABLED);
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_DECLINED);
    assert_int_equal(pair_info(&p->client).early_reason, HF_RESUME_DECLINED);
    pair_free(p);
    run_clear(&run);

    run_make(&run, RUN_TICKETS); /* another suite of the same hash: resumed, without early data */
    run_set(hf_config_set_ciphers(run.server, "TLS_CHACHA20_POLY1305_SHA256"));
    p = start(session, NULL, 1000);
    assert_int_equal(offer_early(p, "lost", 4), 4);
    assert_true(pair_handshake(p));
    assert_true(pair_info(&p->client).resumed);
    assert_int_equal(pair_info(&p->server).early_reason, HF_RESUME_SUITE_DIFFERS);
    assert_int_equal(pair_info(&p->client).early_reason, HF_RESUME_SUITE_DIFFERS);
    assert_true(pair_send(p, &p->client, "again", 5));
    pair_free(p);
    hf_session_free(session);
}

/* RFC 9846, 4.3.10: a HelloRetryRequest ends early data; the session survives it. */
static void a_retry_ends_early_data(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    hf_session *session = first_session();
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_groups(run.client, "secp256r1,x25519"));
    run_set(hf_config_set_key_shares(run.client, "secp256r1"));
    struct pair *p = start(session, NULL, 1000);
    assert_int_equal(offer_early(p, "lost", 4), 4);
    assert_true(pair_handshake(p));
    assert_true(pair_info(&p->client).retried && pair_info(&p->client).resumed);
    assert_int_equal(pair_info(&p->client).early_reason, HF_RESUME_RETRIED);
    assert_int_equal(pair_info(&p->server).early_reason, HF_RESUME_RETRIED);
    assert_int_equal(p->server.early_len, 0);
    assert_true(pair_send(p, &p->client, "again", 5));
    pair_free(p);
    hf_session_free(session);
}

/* Every bit of a ticket, and every length: never an error, never resumed. */
static void a_changed_ticket_costs_the_session_only(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    hf_session *session = first_session();
    uint8_t bytes[2048];
    hf_buf out = {bytes, sizeof bytes, 0};
    run_set(hf_session_export(session, &out));
    hf_session_free(session);
    const size_t ticket_at = 2 + 2 + (size_t)(bytes[2] << 8 | bytes[3]) + 2;
    for (size_t at = ticket_at; at < out.pos; at++) {
        bytes[at] ^= (uint8_t)(1u << at % 8);
        session = hf_session_import((hf_span){bytes, out.pos});
        bytes[at] ^= (uint8_t)(1u << at % 8);
        assert_non_null(session);
        struct pair *p = start(session, NULL, 0);
        assert_true(pair_handshake(p));
        assert_false(pair_info(&p->server).resumed);
        const hf_resume_reason reason = pair_info(&p->server).resume_reason;
        assert_int_equal(reason, at < ticket_at + HF_TICKET_NAME_LEN ? HF_RESUME_KEY_UNKNOWN
                                                                     : HF_RESUME_TICKET_FORGED);
        pair_free(p);
        hf_session_free(session);
    }
}

/* A client that holds a ticket without its key does not get past the binder. */
static void the_binder_stands_before_everything(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    hf_session *session = first_session();
    uint8_t bytes[2048];
    hf_buf out = {bytes, sizeof bytes, 0};
    run_set(hf_session_export(session, &out));
    hf_session_free(session);
    bytes[4 + 27] ^= 1; /* the first byte of the secret */
    session = hf_session_import((hf_span){bytes, out.pos});
    assert_non_null(session);
    struct pair *p = start(session, NULL, 0);
    assert_false(pair_handshake(p));
    assert_int_equal(hf_conn_error(p->server.conn)->code, HF_E_PSK_BINDER);
    pair_free(p);
    hf_session_free(session);
}

/* What was proved by a certificate stays proved, and a server that now asks for one is not served
 * with less. */
static void a_clients_certificate_is_remembered(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    hf_session *anonymous = first_session();
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
    pair_make_mutual(run.client, run.server, run_client_pki());
    hf_session *known = first_session();
    struct pair *p = start(known, NULL, 1000);
    assert_true(pair_handshake(p));
    const hf_conn_info info = pair_info(&p->server);
    assert_true(info.resumed && info.client_certificate);
    uint8_t hash[32];
    hf_hash_ctx ctx;
    const hf_hash *sha256 = hf_provider_default()->sha256;
    const hf_span leaf = run_client_pki()->chain[0];
    sha256->init(&ctx);
    sha256->update(&ctx, leaf.data, leaf.len);
    sha256->final(&ctx, hash);
    assert_int_equal(info.peer_certificate_sha256.len, 32);
    assert_memory_equal(info.peer_certificate_sha256.data, hash, 32);
    pair_free(p);
    p = start(anonymous, NULL, 1000);
    assert_true(pair_handshake(p));
    assert_false(pair_info(&p->server).resumed);
    assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_PEER_UNPROVEN);
    assert_true(pair_info(&p->server).client_certificate); /* by a full handshake */
    pair_free(p);
    hf_session_free(known);
    hf_session_free(anonymous);
}

/* A server that takes early data which it had to refuse. */
static void early_data_taken_wrongly(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    hf_session *session = first_session();
    struct pair *p = start(session, NULL, 500);
    assert_int_equal(offer_early(p, "data", 4), 4);
    p->client.conn->hs->c.early = false; /* as after another suite or key */
    assert_false(pair_handshake(p));
    assert_int_equal(hf_conn_error(p->client.conn)->code, HF_E_EARLY_DATA_ACCEPTED);
    pair_free(p);
    hf_session_free(session);
}

/* RFC 9846, E.3: a server that forgot TLS 1.3 cannot have had the session. */
static void early_data_is_not_followed_by_tls12(void **state)
{
    (void)state;
    run_make(&run, RUN_TICKETS);
    hf_session *session = first_session();
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS13));
    run_set(hf_config_set_versions(run.server, HF_TLS12, HF_TLS12));
    struct pair *p = start(session, NULL, 500);
    assert_false(pair_handshake(p));
    assert_int_equal(hf_conn_error(p->client.conn)->code, HF_E_DOWNGRADE);
    pair_free(p);
    hf_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(tickets_are_issued_and_resumed, drop_run),
        cmocka_unit_test_teardown(no_tickets_beside_an_external_key, drop_run),
        cmocka_unit_test_teardown(early_data_arrives_before_the_handshake_ends, drop_run),
        cmocka_unit_test_teardown(no_more_early_data_than_the_session_allows, drop_run),
        cmocka_unit_test_teardown(a_replayed_flight_is_not_executed, drop_run),
        cmocka_unit_test_teardown(what_the_client_does_not_offer, drop_run),
        cmocka_unit_test_teardown(the_age_is_not_overstated, drop_run),
        cmocka_unit_test_teardown(a_session_without_a_protocol, drop_run),
        cmocka_unit_test_teardown(no_early_data_under_a_suite_that_is_not_offered, drop_run),
        cmocka_unit_test_teardown(what_the_server_refuses, drop_run),
        cmocka_unit_test_teardown(a_retry_ends_early_data, drop_run),
        cmocka_unit_test_teardown(a_changed_ticket_costs_the_session_only, drop_run),
        cmocka_unit_test_teardown(the_binder_stands_before_everything, drop_run),
        cmocka_unit_test_teardown(a_clients_certificate_is_remembered, drop_run),
        cmocka_unit_test_teardown(early_data_taken_wrongly, drop_run),
        cmocka_unit_test_teardown(early_data_is_not_followed_by_tls12, drop_run),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

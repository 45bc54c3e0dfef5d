/* What a hostile peer, an unlucky clock or a changed configuration tries with sessions and early
 * data of TLS 1.3 (RFC 9846, 4.3.10, 4.3.11, 4.7.1 and 8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "conn/conn.h"
#include "record/record.h"
#include "support/offer.h"
#include "wire/message.h"

enum { NAME_AT = 60 /* of a session's export with a key of SHA-256: the server's name */ };

static struct run run;

static void make(void)
{
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
}

/* One connection of the run that offers this session. */
static struct pair *start(const hf_session *session, int64_t later_ms)
{
    return offer_start(&run, session, NULL, later_ms, later_ms);
}

/* --- What the client's own configuration says now ------------------------------------------------
 */

/* Early data goes under the suite of the session, and not when that is no longer wanted. */
static void early_data_under_a_suite_that_is_no_longer_wanted(void **state)
{
    (void)state;
    make();
    run_set(hf_config_set_ciphers(run.client, "TLS_AES_128_GCM_SHA256"));
    hf_session *session = offer_first_session(&run);
    make();
    run_set(hf_config_set_ciphers(run.client, "TLS_CHACHA20_POLY1305_SHA256"));
    struct pair *p = start(session, 500);
    assert_int_equal(offer_early(p, "data", 4), 0);
    assert_int_equal(pair_info(&p->client).early_reason, HF_RESUME_SUITE_DIFFERS);
    assert_int_equal(offer_finish(p, true), HF_RESUME_NONE); /* the hash is the same */
    hf_session_free(session);
}

/* A server that speaks no ALPN costs nothing, though the client offers protocols. */
static void a_session_without_a_protocol(void **state)
{
    (void)state;
    make();
    run_set(hf_config_set_alpn(run.server, NULL));
    hf_session *session = offer_first_session(&run);
    struct pair *p = start(session, 500);
    assert_int_equal(offer_early(p, "data", 4), 4);
    assert_int_equal(offer_finish(p, true), HF_RESUME_NONE);
    /* One that speaks it now has not agreed to it then. */
    make();
    p = start(session, 500);
    assert_int_equal(offer_early(p, "data", 4), 4);
    assert_int_equal(offer_finish(p, false), HF_RESUME_DECLINED);
    hf_session_free(session);
}

/* --- Hostile servers
 * -------------------------------------------------------------------------------- */

/* A ticket that no hello has room for. */
static void a_ticket_of_any_length(void **state)
{
    (void)state;
    static const size_t lens[] = {16384, 16385, 65000, 65535};
    static uint8_t bytes[HF_SESSION_EXPORT_MAX];
    make();
    hf_session *session = offer_first_session(&run);
    hf_buf out = {bytes, sizeof bytes, 0};
    run_set(hf_session_export(session, &out));
    hf_session_free(session);
    const size_t ticket_at = 4 + (size_t)(bytes[2] << 8 | bytes[3]);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        bytes[ticket_at] = (uint8_t)(lens[i] >> 8);
        bytes[ticket_at + 1] = (uint8_t)lens[i];
        session = hf_session_import((hf_span){bytes, ticket_at + 2 + lens[i]});
        assert_non_null(session);
        assert_int_equal(offer_finish(start(session, 500), false),
                         lens[i] > 16384 ? HF_RESUME_TICKET_TOO_LONG : HF_RESUME_DECLINED);
        hf_session_free(session);
    }
}

/* Tickets without end: the client keeps the last few, and does not listen for ever. */
static void more_tickets_than_anyone_needs(void **state)
{
    (void)state;
    make();
    struct pair *p = start(NULL, 0);
    assert_true(pair_handshake(p));
    hf_conn *client = p->client.conn;
    const uint8_t ticket[] = {0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0};
    struct new_session_ticket parsed;
    assert_int_equal(
        new_session_ticket_parse(span_of(ticket, sizeof ticket), &client->error, &parsed), HF_OK);
    for (int i = 0; i < 10000; i++) {
        run_set(conn_keep_session(client, &parsed));
    }
    int count = 0;
    for (hf_session *s = hf_conn_take_session(client); s != NULL;
         s = hf_conn_take_session(client)) {
        hf_session_free(s);
        count++;
    }
    assert_int_equal(count, HS_SESSIONS_MAX);
    /* One that is too long to be offered is not even kept. */
    static uint8_t much[16385];
    parsed.ticket = span_of(much, sizeof much);
    run_set(conn_keep_session(client, &parsed));
    assert_null(hf_conn_take_session(client));
    /* On the wire the flood ends by itself. */
    hf_status s = HF_OK;
    size_t taken = 0;
    while (s == HF_OK && taken < 10000) {
        uint8_t record[64];
        const uint8_t head[] = {MSG_NEW_SESSION_TICKET, 0, 0, sizeof ticket};
        uint8_t message[sizeof head + sizeof ticket];
        memcpy(message, head, sizeof head);
        memcpy(message + sizeof head, ticket, sizeof ticket);
        const struct rec_seal_args args = {REC_HANDSHAKE, 0x0303, message, sizeof message, 0};
        hf_received got;
        run_set(rec_seal(&p->server.conn->write, &args, record, &p->server.conn->error));
        s = hf_conn_recv(client, record, rec_sealed_len(&p->server.conn->write, sizeof message, 0),
                         &got);
        taken++;
    }
    assert_int_equal(hf_conn_error(client)->code, HF_E_KEY_UPDATE_FLOOD);
    assert_true(taken <= 2 * client->config->limits.post_handshake);
    pair_free(p);
}

/* A server whose ticket has the name of an external key, and then takes that key: it is that key
 * that was taken, not the session, and no early data goes with it. */
static void a_ticket_with_the_name_of_another_key(void **state)
{
    (void)state;
    make();
    hf_session *session = offer_first_session(&run);
    make();
    const hf_span name = session_ticket(session);
    const hf_span key = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32};
    run_set(hf_config_add_raw_psk(run.client, name, key, 256));
    struct pair *p = start(session, 500);
    assert_int_equal(offer_early(p, "data", 4), 4);
    (void)pair_pump_end(p, &p->server);
    uint8_t *hello = p->client.in.data;
    const size_t len = REC_HEADER_LEN + (size_t)(hello[3] << 8 | hello[4]);
    static const uint8_t first[] = {0, 41, 0, 2, 0, 0};
    size_t at = 0;
    while (at + sizeof first <= len && memcmp(hello + at, first, sizeof first) != 0) {
        at++;
    }
    assert_true(at + sizeof first <= len);
    hello[at + 5] = 1; /* selected_identity */
    hf_received got;
    assert_int_equal(hf_conn_recv(p->client.conn, hello, len, &got), HF_OK);
    const hf_conn_info info = pair_info(&p->client);
    assert_false(info.resumed);
    assert_int_equal(info.early_reason, HF_RESUME_EARLY_NOT_FIRST);
    assert_false(p->client.conn->result.peer_proven);
    pair_free(p);
    hf_session_free(session);
}

/* --- A server's refusal that is itself wrong -----------------------------------------------------
 */

/* The server takes no early data, and its hello goes to the client with another suite. The client's
 * alert is one that such a server can read: not under the early keys, which it has not. */
static void alert_after_a_refusal(struct pair *p)
{
    assert_int_equal(offer_early(p, "data", 4), 4);
    (void)pair_pump_end(p, &p->server);
    uint8_t *hello = p->client.in.data;
    const size_t session_id_at = REC_HEADER_LEN + MSG_HEADER_LEN + 2 + MSG_RANDOM_LEN;
    assert_true(p->client.in.len > session_id_at + 1 + 32 + 2);
    uint8_t *suite = hello + session_id_at + 1 + hello[session_id_at];
    suite[0] = 0x13;
    suite[1] = 0x04; /* TLS_AES_128_CCM_SHA256, which was not offered */
    (void)pair_pump_end(p, &p->client);
    assert_int_equal(p->client.status, HF_FAILED);
    assert_int_equal(hf_conn_error(p->client.conn)->code, HF_E_SUITE_NOT_OFFERED);
    static const uint8_t alert[] = {REC_ALERT, 3, 3, 0, 2, 2, HF_ALERT_illegal_parameter};
    assert_true(p->server.in.len >= sizeof alert);
    assert_memory_equal(p->server.in.data + p->server.in.len - sizeof alert, alert, sizeof alert);
    (void)pair_pump_end(p, &p->server);
    assert_int_equal(p->server.status, HF_FAILED);
    assert_int_equal(hf_conn_error(p->server.conn)->code, HF_E_ALERT_RECEIVED);
    pair_free(p);
}

static void alerts_after_a_refusal(void **state)
{
    (void)state;
    make();
    run_set(hf_config_set_alpn(run.server, NULL));
    hf_session *session = offer_first_session(&run);
    make(); /* a server that speaks ALPN now, which the session does not fit */
    alert_after_a_refusal(start(session, 500));
    make();
    run_set(hf_config_set_groups(run.client, "secp256r1,x25519"));
    run_set(hf_config_set_key_shares(run.client, "secp256r1"));
    run_set(hf_config_set_groups(run.server, "x25519"));
    alert_after_a_refusal(start(session, 500));
    hf_session_free(session);
}

/* --- Early data that is refused
 * ----------------------------------------------------------------------- */

static hf_resume_reason seen_already(void *ctx, hf_span key, int64_t now_ms, uint32_t window_ms)
{
    (void)ctx, (void)key, (void)now_ms, (void)window_ms;
    return HF_RESUME_REPLAYED;
}

/* A server that allows much and takes none of it this time. */
static void refuse_replays(uint32_t max_early_data)
{
    const hf_replay_calls calls = {.size = sizeof calls, .check = seen_already};
    hf_replay_guard *guard = hf_replay_guard_new(&calls, NULL);
    assert_non_null(guard);
    make();
    run_set(hf_config_set_early_data(run.server, max_early_data, 10000));
    run_set(hf_config_set_replay_guard(run.server, guard));
    hf_replay_guard_free(guard);
}

/* RFC 9846, 4.3.10: as much is read over as the session allows to be sent. */
static void all_that_may_be_sent_is_read_over(void **state)
{
    (void)state;
    static const uint8_t much[1000000];
    refuse_replays(sizeof much);
    hf_session *session = offer_first_session(&run);
    struct pair *p = start(session, 500);
    assert_int_equal(offer_early(p, much, sizeof much), sizeof much);
    assert_int_equal(offer_finish(p, true), HF_RESUME_NONE);
    /* In records of one byte too. */
    refuse_replays(16384);
    hf_session_free(session);
    session = offer_first_session(&run);
    p = start(session, 500);
    for (size_t i = 0; i < 16384; i++) {
        assert_int_equal(offer_early(p, much, 1), 1);
    }
    assert_int_equal(offer_finish(p, true), HF_RESUME_NONE);
    hf_session_free(session);
}

/* ... and no more, whatever is in it. */
static void not_more_is_read_over(void **state)
{
    (void)state;
    static const uint8_t fragment_lens[] = {0, 17, 200};
    refuse_replays(1000);
    hf_session *session = offer_first_session(&run);
    for (size_t i = 0; i < sizeof fragment_lens; i++) {
        struct pair *p = start(session, 500);
        assert_int_equal(offer_early(p, "data", 4), 4);
        (void)pair_pump_end(p, &p->server);
        uint8_t record[REC_HEADER_LEN + 200] = {REC_APPLICATION_DATA, 3, 3, 0, fragment_lens[i]};
        hf_status s = HF_OK;
        size_t count = 0;
        for (; s == HF_OK && count < 400000; count++) {
            hf_received got;
            uint8_t copy[sizeof record];
            memcpy(copy, record, sizeof copy);
            s = hf_conn_recv(p->server.conn, copy, REC_HEADER_LEN + (size_t)fragment_lens[i], &got);
        }
        assert_int_equal(s, HF_FAILED);
        assert_true(count <= 1000 + (1 << 18) + 1);
        pair_free(p);
    }
    hf_session_free(session);
}

/* The same after a HelloRetryRequest, where nothing is decrypted. */
static void empty_records_after_a_retry(void **state)
{
    (void)state;
    make();
    hf_session *session = offer_first_session(&run);
    make();
    run_set(hf_config_set_groups(run.client, "secp256r1,x25519"));
    run_set(hf_config_set_key_shares(run.client, "secp256r1"));
    struct pair *p = start(session, 500);
    assert_int_equal(offer_early(p, "data", 4), 4);
    (void)pair_pump_end(p, &p->server);
    hf_status s = HF_OK;
    for (size_t count = 0; s == HF_OK && count < 400000; count++) {
        hf_received got;
        uint8_t record[] = {REC_APPLICATION_DATA, 3, 3, 0, 0};
        s = hf_conn_recv(p->server.conn, record, sizeof record, &got);
    }
    assert_int_equal(s, HF_FAILED);
    pair_free(p);
    hf_session_free(session);
}

/* --- States that somebody has changed
 * ------------------------------------------------------------------------ */

/* An export with its byte at a place changed to a value. */
static hf_session *changed(const hf_session *session, size_t at, uint8_t value)
{
    uint8_t bytes[2048];
    hf_buf out = {bytes, sizeof bytes, 0};
    run_set(hf_session_export(session, &out));
    assert_true(at < out.pos);
    bytes[at] = value;
    return hf_session_import((hf_span){bytes, out.pos});
}

/* A client that keeps its sessions badly fails by the rules, and nothing worse. */
static void sessions_that_were_kept_badly(void **state)
{
    (void)state;
    make();
    hf_session *session = offer_first_session(&run);
    /* A suite whose hash is not that of the key. */
    hf_session *bad = changed(session, 4 + 4, 0x02);
    assert_true(bad == NULL || !session_state_of(bad)->max_early_data ||
                offer_finish(start(bad, 500), false) == HF_RESUME_STATE_UNREADABLE);
    hf_session_free(bad);
    /* Another server's name: this server's session, as it says, is for the first. */
    bad = changed(session, NAME_AT + 4, 'X');
    assert_non_null(bad);
    struct pair *p = start(bad, 500);
    (void)pair_handshake(p);
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_SERVER_NAME_DIFFERS);
    pair_free(p);
    hf_session_free(bad);
    /* Received long before there was time: the age goes round. */
    bad = changed(session, 4 + 6, 0x80);
    if (bad != NULL) {
        assert_int_equal(offer_finish(start(bad, 500), false), HF_RESUME_EXPIRED);
    }
    hf_session_free(bad);
    hf_session_free(session);
}

/* A store outside that answers with a state of no sense: the session is not taken, that is all. */
static bool answer_nonsense(void *ctx, hf_op *op)
{
    hf_op_run(op);
    if (op->kind == HF_OP_TICKET_OPEN) {
        const int what = *(const int *)ctx;
        op->u.ticket_open.state[what == 0 ? 4 : 6] ^= what == 0 ? 0x03 : 0x80;
        op->u.ticket_open.state_len += what == 2 ? 1000 : 0;
    }
    return true;
}

static void a_store_that_answers_nonsense(void **state)
{
    (void)state;
    make();
    hf_session *session = offer_first_session(&run);
    make();
    run_set(hf_config_external_ops(run.server, HF_OP_BIT(HF_OP_TICKET_OPEN)));
    for (int what = 0; what < 3; what++) {
        struct pair *p = start(session, 500);
        p->on_op = answer_nonsense;
        p->ctx = &what;
        assert_true(pair_handshake(p));
        assert_false(pair_info(&p->server).resumed);
        assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_STATE_UNREADABLE);
        pair_free(p);
    }
    hf_session_free(session);
}

/* --- Hellos of an attacker who has a session ----------------------------------------------------
 */

static void compute_binder(const hf_session *session, hf_span truncated, uint8_t out[32])
{
    static const struct tracer silent = {0};
    const hf_hash *const sha256 = hf_provider_default()->sha256;
    uint8_t digest[32];
    uint8_t nothing[32];
    struct transcript t;
    struct sched13 early;
    struct secret binder_key;
    transcript_start(&t, sha256);
    transcript_value(&t, nothing);
    transcript_add(&t, truncated);
    transcript_value(&t, digest);
    sched13_start(&early, sha256, secret_span(&session_state_of(session)->secret), &silent);
    sched13_derive(&early, "res binder", span_of(nothing, 32), "binder_key", &binder_key);
    finished_mac(sha256, &binder_key, span_of(digest, 32), &silent, out);
    sched13_wipe(&early);
}

/* The client's first hello with a second identity before or behind its own, of which nobody knows
 * the key. Returns its length as a record. */
static size_t with_a_stranger(const struct pair *p, const hf_session *session, bool is_before,
                              uint8_t strange_binder, uint8_t out[2048])
{
    static const uint8_t stranger[] = {0, 8, 's', 't', 'r', 'a', 'n', 'g', 'e', 'r', 0, 0, 0, 0};
    enum { BINDER = 33, EXTRA = sizeof stranger + BINDER };
    const uint8_t *record = p->server.in.data;
    const size_t len = REC_HEADER_LEN + (size_t)(record[3] << 8 | record[4]);
    const size_t ticket_len = session_ticket(session).len;
    const size_t own_len = 2 + ticket_len + 4;
    const size_t binders_at = len - 2 - BINDER;
    const size_t ids_at = binders_at - own_len - 2;
    memcpy(out, record, ids_at);
    size_t at = ids_at;
    const size_t ids_len = own_len + sizeof stranger;
    out[at++] = (uint8_t)(ids_len >> 8);
    out[at++] = (uint8_t)ids_len;
    const size_t own_at = at + (is_before ? sizeof stranger : 0);
    memcpy(out + own_at, record + ids_at + 2, own_len);
    memcpy(out + at + (is_before ? 0 : own_len), stranger, sizeof stranger);
    at += ids_len;
    /* Lengths of the record, the message, the extensions and the extension. */
    const size_t suites_at = REC_HEADER_LEN + 4 + 2 + 32 + 1 + 32;
    const size_t block_at = suites_at + 2 + (size_t)(out[suites_at] << 8 | out[suites_at + 1]) + 2;
    const size_t places[] = {3, 7, block_at, ids_at - 2};
    for (size_t i = 0; i < 4; i++) {
        uint8_t *n = out + places[i];
        const size_t grown = (size_t)(n[0] << 8 | n[1]) + EXTRA;
        n[0] = (uint8_t)(grown >> 8);
        n[1] = (uint8_t)grown;
    }
    uint8_t binder[32];
    compute_binder(session, span_of(out + REC_HEADER_LEN, at - REC_HEADER_LEN), binder);
    out[at++] = 0;
    out[at++] = 2 * BINDER;
    for (int i = 0; i < 2; i++) {
        out[at++] = 32;
        memset(out + at, strange_binder, 32);
        if ((i == 1) == is_before) {
            memcpy(out + at, binder, 32);
        }
        at += 32;
    }
    return at;
}

/* What a server that hears this hello, and nothing more, says of it. */
static hf_conn_info heard_by_a_server(const hf_session *session, bool is_before,
                                      uint8_t strange_binder)
{
    uint8_t hello[2048];
    struct pair *p = start(session, 500);
    assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
    (void)pair_pump_end(p, &p->client);
    const size_t len = with_a_stranger(p, session, is_before, strange_binder, hello);
    hf_received got;
    assert_int_equal(hf_conn_recv(p->server.conn, hello, len, &got), HF_OK);
    assert_int_equal(got.consumed, len);
    const hf_conn_info info = pair_info(&p->server);
    pair_free(p);
    return info;
}

/* RFC 9846, 4.3.10: early data is the first identity's; that of the second is not looked for. */
static void early_data_under_the_second_identity(void **state)
{
    (void)state;
    make();
    hf_session *session = offer_first_session(&run);
    const hf_conn_info info = heard_by_a_server(session, true, 7);
    assert_true(info.resumed && info.early_data_offered);
    assert_false(info.early_data);
    assert_int_equal(info.early_reason, HF_RESUME_EARLY_NOT_FIRST);
    hf_session_free(session);
}

/* RFC 9846, 8.2: the flight is known again by what was verified of it, whatever else is changed. */
static void a_replay_with_a_binder_that_nobody_checks(void **state)
{
    (void)state;
    make();
    const hf_strike_params params = {
        .size = sizeof params, .bytes = 4096, .started_ms = PKI_NOW * 1000, .nothing_before = true};
    hf_replay_guard *guard = hf_strike_register_new(&params);
    assert_non_null(guard);
    run_set(hf_config_set_replay_guard(run.server, guard));
    hf_replay_guard_free(guard);
    hf_session *session = offer_first_session(&run);
    const struct pair_seed seed = run.client_seed;
    hf_conn_info info = heard_by_a_server(session, false, 1);
    assert_true(info.resumed && info.early_data);
    run.client_seed = seed; /* the client says the very same */
    info = heard_by_a_server(session, false, 2);
    assert_true(info.resumed);
    assert_false(info.early_data);
    assert_int_equal(info.early_reason, HF_RESUME_REPLAYED);
    hf_session_free(session);
}

/* RFC 9846, 4.4.2: who resumed may still be asked for a certificate, afterwards. */
static void a_certificate_after_a_resumption(void **state)
{
    (void)state;
    make();
    pair_make_mutual(run.client, run.server, run_client_pki());
    run_set(hf_config_set_verify(run.server, HF_VERIFY_NONE));
    run_set(hf_config_set_post_handshake_auth(run.client, true));
    hf_session *session = offer_first_session(&run);
    struct pair *p = start(session, 500);
    assert_true(pair_handshake(p));
    assert_true(pair_info(&p->server).resumed);
    assert_false(pair_info(&p->server).client_certificate);
    run_set(hf_conn_request_certificate(p->server.conn));
    pair_settle(p);
    assert_true(pair_info(&p->server).client_certificate);
    assert_true(pair_send(p, &p->client, "data", 4));
    pair_free(p);
    hf_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(early_data_under_a_suite_that_is_no_longer_wanted),
        RUN_TEST(a_session_without_a_protocol),
        RUN_TEST(a_ticket_of_any_length),
        RUN_TEST(more_tickets_than_anyone_needs),
        RUN_TEST(a_ticket_with_the_name_of_another_key),
        RUN_TEST(all_that_may_be_sent_is_read_over),
        RUN_TEST(not_more_is_read_over),
        RUN_TEST(empty_records_after_a_retry),
        RUN_TEST(sessions_that_were_kept_badly),
        RUN_TEST(a_store_that_answers_nonsense),
        RUN_TEST(alerts_after_a_refusal),
        RUN_TEST(early_data_under_the_second_identity),
        RUN_TEST(a_replay_with_a_binder_that_nobody_checks),
        RUN_TEST(a_certificate_after_a_resumption),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

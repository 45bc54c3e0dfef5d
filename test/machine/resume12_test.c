/* Sessions of TLS 1.2 resumed by ticket (RFC 5077) and by identifier (RFC 5246, 7.3), renewed, and
 * changed on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/span.h"
#include "record/record.h"
#include "session/session.h"
#include "support/edit.h"
#include "support/heard.h"
#include "support/offer.h"

static struct run run;
static struct edit e;

static void must_resume(void)
{
    struct pair *p = run_start(&run, NULL);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed && pair_info(&p->server).resumed);
    pair_free(p);
}

/* --- Resumed ---------------------------------------------------------------------------------- */

static void one_session_is_resumed_again_and_again(void **state)
{
    (void)state;
    static const enum run_kind kinds[] = {RUN_12_RESUMED, RUN_12_RENEWED, RUN_12_ID_RESUMED};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        run_clear(&run);
        run_make(&run, kinds[i]);
        for (int again = 0; again < 3; again++) {
            struct pair *p = run_start(&run, NULL);
            run_must_finish(&run, p);
            const hf_conn_info c = pair_info(&p->client);
            const hf_conn_info s = pair_info(&p->server);
            assert_true(c.resumed && s.resumed);
            assert_int_equal(c.version, HF_TLS12);
            assert_int_equal(c.resume_reason, HF_RESUME_NONE);
            assert_int_equal(s.resume_reason, HF_RESUME_NONE);
            assert_int_equal(c.peer_chain_count, 0);
            assert_int_equal(c.group, 0);
            assert_true(pair_send(p, &p->client, "hello", 5));
            assert_true(pair_send(p, &p->server, "hello", 5));
            hf_session *next = hf_conn_take_session(p->client.conn);
            assert_non_null(next);
            assert_null(hf_conn_take_session(p->client.conn));
            hf_session_info told;
            hf_session_describe(next, &told);
            assert_true(told.verified);
            assert_ptr_equal(next == run.session, kinds[i] != RUN_12_RENEWED || again > 0);
            hf_session_free(run.session);
            run.session = next;
            pair_free(p);
        }
    }
}

/* The keys of every connection are its own, and what is exported from them too. */
static void exporters_agree_and_differ(void **state)
{
    (void)state;
    uint8_t first[32];
    uint8_t again[32];
    uint8_t client[32];
    const hf_span none = {NULL, 0};
    run_make(&run, RUN_12_RESUMED);
    struct pair *p = run_start(&run, NULL);
    run_must_finish(&run, p);
    run_set(hf_conn_export(p->client.conn, false, "EXPERIMENTAL x", none, client, sizeof client));
    run_set(hf_conn_export(p->server.conn, false, "EXPERIMENTAL x", none, first, sizeof first));
    assert_memory_equal(client, first, sizeof first);
    pair_free(p);
    p = run_start(&run, NULL); /* the same secret, other randoms */
    run.server_seed.state = 77;
    run_must_finish(&run, p);
    assert_true(pair_info(&p->server).resumed);
    run_set(hf_conn_export(p->server.conn, false, "EXPERIMENTAL x", none, again, sizeof again));
    assert_memory_not_equal(again, first, sizeof first);
    pair_free(p);
}

/* RFC 7301, 3.1: of the protocol each connection decides anew. */
static void the_protocol_is_chosen_anew(void **state)
{
    (void)state;
    run_make(&run, RUN_12_RESUMED);
    run_set(hf_config_set_alpn(run.client, "h2"));
    run_set(hf_config_set_alpn(run.server, "h2"));
    struct pair *p = run_start(&run, NULL);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed);
    assert_memory_equal(pair_info(&p->client).alpn.data, "h2", 2);
    pair_free(p);
    run_clear(&run);
    run_make(&run, RUN_12_RESUMED);
    run_set(hf_config_set_alpn(run.client, "h2"));
    p = run_start(&run, NULL);
    assert_false(run_finish(&run, p));
    assert_int_equal(hf_conn_error(p->server.conn)->code, HF_E_NO_APPLICATION_PROTOCOL);
    pair_free(p);
}

/* Key transport and finite fields leave sessions like all others. */
static void every_key_exchange_leaves_a_session(void **state)
{
    (void)state;
    static const char *const suites[] = {"TLS_RSA_WITH_AES_128_GCM_SHA256",
                                         "DHE-RSA-AES256-GCM-SHA384",
                                         "ECDHE-RSA-CHACHA20-POLY1305"};
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        hf_session *session = NULL;
        for (int again = 0; again < 2; again++) {
            run_clear(&run);
            run_make(&run, RUN_12_RSA);
            hf_ticket_keys *keys = run_ticket_keys(&run);
            run_set(hf_config_set_ticket_keys(run.server, keys));
            hf_ticket_keys_free(keys);
            run_set(hf_config_set_resumption(run.client, true));
            run_set(hf_config_set_ciphers(run.client, suites[i]));
            run_set(hf_config_set_ciphers(run.server, suites[i]));
            run_set(hf_config_set_groups(run.client, "x25519,ffdhe2048"));
            run_set(hf_config_set_groups(run.server, "x25519,ffdhe2048"));
            run.session = session;
            struct pair *p = run_start(&run, NULL);
            run_must_finish(&run, p);
            assert_int_equal(pair_info(&p->client).resumed, again);
            session = hf_conn_take_session(p->client.conn);
            assert_non_null(session);
            pair_free(p);
        }
        hf_session_free(session);
    }
}

static size_t asked_for_id;

static bool count_finds(void *ctx, hf_op *op)
{
    (void)ctx;
    asked_for_id += op->kind == HF_OP_SESSION_FIND;
    pair_answer(op);
    return true;
}

/* RFC 5077, 3.4: the identifier beside a ticket is only there to be echoed; and who gives out
 * tickets keeps nothing. */
static void a_ticket_goes_before_an_identifier(void **state)
{
    (void)state;
    const unsigned stored = HF_OP_BIT(HF_OP_SESSION_FIND) | HF_OP_BIT(HF_OP_SESSION_PUT);
    static const enum run_kind kinds[] = {RUN_12_RESUMED, RUN_12_REFUSED};
    for (size_t i = 0; i < 2; i++) {
        run_clear(&run);
        run_make(&run, kinds[i]);
        run_set(hf_config_external_ops(run.server, stored));
        asked_for_id = 0;
        struct pair *p = run_start(&run, &(struct pair_options){.on_op = count_finds});
        run_must_finish(&run, p);
        assert_int_equal(pair_info(&p->client).resumed, i == 0);
        assert_int_equal(asked_for_id, 0);
        hf_session *session = hf_conn_take_session(p->client.conn);
        assert_non_null(session);
        assert_false(session_is_id(session));
        hf_session_free(session);
        pair_free(p);
    }
    /* A client that takes no tickets is given an identifier. */
    run_clear(&run);
    run_make(&run, RUN_12_ID);
    hf_ticket_keys *keys = run_ticket_keys(&run);
    run_set(hf_config_set_ticket_keys(run.server, keys));
    run_set(hf_config_set_tickets(run.server, 0, 60));
    hf_ticket_keys_free(keys);
    struct pair *p = run_start(&run, NULL);
    run_must_finish(&run, p);
    hf_session *session = hf_conn_take_session(p->client.conn);
    assert_non_null(session);
    assert_true(session_is_id(session));
    hf_session_free(session);
    pair_free(p);
}

/* The store of <handfast/store.h> finds a session as often as it is asked for, with what the
 * client has proved; one that was dropped is gone. */
static void a_store_keeps_sessions(void **state)
{
    (void)state;
    hf_session_store *store = hf_session_store_new(NULL);
    assert_non_null(store);
    run_make(&run, RUN_12_ID);
    run_set(hf_config_external_ops(run.server, 0));
    run_set(hf_config_set_session_store(run.server, store));
    pair_make_mutual(run.client, run.server, run_client_pki());
    for (int again = 0; again < 3; again++) {
        struct pair *p = run_start(&run, NULL);
        run_must_finish(&run, p);
        assert_int_equal(pair_info(&p->client).resumed, again > 0);
        assert_int_equal(pair_info(&p->server).resumed, again > 0);
        assert_true(pair_info(&p->server).client_certificate);
        assert_int_equal(pair_info(&p->server).peer_certificate_sha256.len, again > 0 ? 32 : 0);
        hf_session_free(run.session);
        run.session = hf_conn_take_session(p->client.conn);
        assert_non_null(run.session);
        assert_true(session_is_id(run.session));
        pair_free(p);
    }
    assert_true(hf_session_store_drop(store, session_ticket(run.session)));
    struct pair *p = run_start(&run, NULL);
    run.server_seed.state = 77; /* else the identifier would be the same once more */
    offer_must_be_refused(&run, p, HF_RESUME_DECLINED, HF_RESUME_NO_TICKET);
    hf_session_store_free(store);
}

static void store_and_connect(hf_session_store *store)
{
    run_clear(&run);
    run_make(&run, RUN_12_ID);
    run_set(hf_config_external_ops(run.server, 0));
    run_set(hf_config_set_random(run.server, NULL, NULL)); /* no identifier twice */
    run_set(hf_config_set_session_store(run.server, store));
    struct pair *p = run_start(&run, NULL);
    run_must_finish(&run, p);
    run.session = hf_conn_take_session(p->client.conn);
    assert_non_null(run.session);
    pair_free(p);
}

static size_t held(hf_session_store *store)
{
    hf_session_store_counts counts;
    hf_session_store_count(store, &counts);
    return counts.held;
}

/* RFC 5246, 7.2.2: a session whose connection ended with a fatal alert, whoever sent it, is not
 * resumed; all other ends leave it. */
static void a_fatal_alert_ends_a_stored_session(void **state)
{
    (void)state;
    static const struct {
        hf_role by;
        hf_alert alert; /* none: close_notify */
        bool is_kept;
    } rows[] = {
        {HF_CLIENT, HF_ALERT_internal_error, false},
        {HF_SERVER, HF_ALERT_internal_error, false},
        {HF_SERVER, HF_ALERT_user_canceled, true}, /* a warning, then close_notify */
        {HF_CLIENT, HF_ALERT_none, true},
        {HF_SERVER, HF_ALERT_none, true},
    };
    for (size_t i = 0; i < 2 * (sizeof rows / sizeof rows[0]); i++) {
        const size_t row = i / 2;
        hf_session_store *store = hf_session_store_new(NULL);
        assert_non_null(store);
        store_and_connect(store);
        hf_session *offered = run.session;
        run.session = i % 2 == 0 ? NULL : offered; /* in full, and resumed */
        struct pair *p = run_start(&run, NULL);
        run_must_finish(&run, p);
        assert_int_equal(pair_info(&p->server).resumed, i % 2);
        const size_t before = held(store);
        struct pair_end *end = rows[row].by == HF_CLIENT ? &p->client : &p->server;
        if (rows[row].alert == HF_ALERT_none) {
            run_set(hf_conn_close(end->conn));
        } else {
            (void)hf_conn_abort(end->conn, rows[row].alert);
        }
        pair_settle(p);
        assert_int_equal(held(store), before - (rows[row].is_kept ? 0 : 1));
        pair_free(p);
        run.session = offered;
        p = run_start(&run, NULL);
        run_must_finish(&run, p);
        assert_int_equal(pair_info(&p->server).resumed, rows[row].is_kept || i % 2 == 0);
        pair_free(p);
        hf_session_store_free(store);
    }
}

/* Identifiers are read by everybody on the way: who does not know the secret too cannot have the
 * session of another dropped. */
static void a_stranger_ends_no_stored_session(void **state)
{
    (void)state;
    hf_session_store *store = hf_session_store_new(NULL);
    assert_non_null(store);
    store_and_connect(store);
    hf_session *own = run.session;
    run.session = offer_changed(own, OFFER_SECRET_AT, 1);
    struct pair *p = run_start(&run, NULL);
    assert_false(run_finish(&run, p));
    pair_settle(p);
    assert_int_not_equal(hf_conn_error(p->server.conn)->code, HF_E_NONE);
    assert_int_equal(held(store), 1);
    pair_free(p);
    hf_session_free(run.session);
    run.session = own;
    must_resume();
    hf_session_store_free(store);
}

/* --- Tickets ---------------------------------------------------------------------------------- */

/* A new ticket of an old session does not make it live longer. */
static void a_renewed_ticket_ends_with_its_session(void **state)
{
    (void)state;
    run_make(&run, RUN_12_RENEWED);
    struct pair *p = offer_later(&run, 1000000, 1000000);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed);
    hf_session *session = hf_conn_take_session(p->client.conn);
    assert_non_null(session);
    hf_session_info told;
    hf_session_describe(session, &told);
    assert_int_equal(told.lifetime_s, 7200 - 1000);
    assert_int_equal(told.received_ms, PKI_NOW * 1000 + 1000000);
    hf_session_free(session);
    pair_free(p);
}

static struct pair *sealing;
static int64_t sealed_at_ms;

static bool seal_late(void *ctx, hf_op *op)
{
    (void)ctx;
    if (op->kind == HF_OP_TICKET_SEAL) {
        hf_conn_set_time(sealing->server.conn, sealed_at_ms);
    }
    pair_answer(op);
    return true;
}

/* The session ends while its ticket is sealed again: no ticket comes, least of all one with a
 * lifetime that went round. */
static void a_session_that_ends_while_it_is_renewed(void **state)
{
    (void)state;
    static const int64_t late_ms[] = {7199999, 7200000, 7200000 + 5000, INT64_C(1) << 45};
    for (size_t i = 0; i < sizeof late_ms / sizeof late_ms[0]; i++) {
        run_clear(&run);
        run_make(&run, RUN_12_RENEWED);
        run_set(hf_config_external_ops(run.server, HF_OP_BIT(HF_OP_TICKET_SEAL)));
        sealing = run_start(&run, &(struct pair_options){.on_op = seal_late});
        sealed_at_ms = PKI_NOW * 1000 + late_ms[i];
        run_must_finish(&run, sealing);
        assert_true(pair_info(&sealing->client).resumed);
        hf_session *session = hf_conn_take_session(sealing->client.conn);
        assert_non_null(session);
        hf_session_info told;
        hf_session_describe(session, &told);
        assert_int_equal(told.lifetime_s, i == 0 ? 1 : 7200); /* 7200: the one that it had */
        assert_int_equal(session == run.session, i != 0);
        hf_session_free(session);
        pair_free(sealing);
    }
}

static bool seal_nothing(void *ctx, hf_op *op)
{
    (void)ctx;
    assert_int_equal(op->kind, HF_OP_TICKET_SEAL);
    op->u.ticket_seal.ticket_len = 0;
    hf_op_finish(op, HF_OK);
    return true;
}

/* RFC 5077, 3.3: what was announced comes, if only to say that there is none. */
static void no_ticket_after_all(void **state)
{
    (void)state;
    run_make(&run, RUN_12_TICKETS);
    run_set(hf_config_external_ops(run.server, HF_OP_BIT(HF_OP_TICKET_SEAL)));
    struct pair *p = run_start(&run, &(struct pair_options){.on_op = seal_nothing});
    run_must_finish(&run, p);
    assert_null(hf_conn_take_session(p->client.conn));
    assert_true(pair_send(p, &p->client, "hello", 5));
    pair_free(p);
}

/* A client that wants none is given none. */
static void sessions_are_only_for_those_who_ask(void **state)
{
    (void)state;
    run_make(&run, RUN_12_TICKETS);
    run_set(hf_config_set_resumption(run.client, false));
    struct pair *p = run_start(&run, NULL);
    run_must_finish(&run, p);
    assert_null(hf_conn_take_session(p->client.conn));
    pair_free(p);
}

/* --- Changed on the way ----------------------------------------------------------------------- */

static void judge(struct stage *s, hf_err code)
{
    if (code == HF_E_NONE) {
        assert_int_equal(hf_conn_error(s->target->conn)->code, HF_E_NONE);
    } else {
        stage_must_fail(s, code, NULL);
    }
}

/* The first hello that this end hears, changed; the caller ends the stage. */
static void hear(struct stage *s, hf_role role, void (*change)(void), hf_err code)
{
    assert_true(heard_go_to(s, &run, role, 0));
    const struct tape_message *m = stage_next(s);
    edit_open(&e, span_of(m->data, m->len));
    change();
    (void)stage_record(s, REC_HANDSHAKE, edit_close(&e));
    judge(s, code);
}

static void no_ems(void)
{
    edit_drop(&e, EXT_CODE_extended_master_secret);
}

static void another_name(void)
{
    edit_set(&e, EXT_CODE_server_name,
             "\0\x0b\0\0\x08"
             "a.exampl",
             13);
}

static void another_suite(void)
{
    memcpy(e.suites.data, "\xcc\xa9", 2); /* ECDHE-ECDSA-CHACHA20-POLY1305 */
}

static void without_13(void)
{
    edit_drop(&e, EXT_CODE_supported_versions);
}

static void what_may_not_change(void **state)
{
    (void)state;
    struct stage s;
    run_make(&run, RUN_12_RESUMED);
    hear(&s, HF_SERVER, no_ems, HF_E_SESSION_EMS);
    stage_end(&s);
    hear(&s, HF_CLIENT, no_ems, HF_E_SESSION_EMS);
    stage_end(&s);
    hear(&s, HF_CLIENT, another_suite, HF_E_SESSION_SUITE);
    stage_end(&s);
    hear(&s, HF_SERVER, another_name, HF_E_NONE); /* RFC 6066, 3: a full handshake */
    assert_int_equal(pair_info(s.target).resume_reason, HF_RESUME_SERVER_NAME_DIFFERS);
    stage_end(&s);
}

/* A session does not lead around the marks of TLS 1.3. */
static void a_session_hides_no_downgrade(void **state)
{
    (void)state;
    struct stage s;
    run_make(&run, RUN_12_RESUMED);
    run_set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS13));
    run_set(hf_config_set_versions(run.server, HF_TLS12, HF_TLS13));
    hear(&s, HF_SERVER, without_13, HF_E_NONE);
    assert_true(pair_info(s.target).resumed);
    stage_pump(&s);
    assert_int_equal(hf_conn_error(s.peer->conn)->code, HF_E_DOWNGRADE);
    stage_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(one_session_is_resumed_again_and_again),
        RUN_TEST(exporters_agree_and_differ),
        RUN_TEST(the_protocol_is_chosen_anew),
        RUN_TEST(every_key_exchange_leaves_a_session),
        RUN_TEST(a_ticket_goes_before_an_identifier),
        RUN_TEST(a_store_keeps_sessions),
        RUN_TEST(a_fatal_alert_ends_a_stored_session),
        RUN_TEST(a_stranger_ends_no_stored_session),
        RUN_TEST(a_renewed_ticket_ends_with_its_session),
        RUN_TEST(a_session_that_ends_while_it_is_renewed),
        RUN_TEST(no_ticket_after_all),
        RUN_TEST(sessions_are_only_for_those_who_ask),
        RUN_TEST(what_may_not_change),
        RUN_TEST(a_session_hides_no_downgrade),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

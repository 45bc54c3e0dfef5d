/* Sessions of TLS 1.2 resumed and refused, by ticket (RFC 5077) and by identifier (RFC 5246, 7.3):
 * each reason, at both ends. */
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

static struct run run;
static struct edit e;

enum { FLAGS_AT = 4 + 5, SECRET_AT = 4 + 27, EXPORT_MOST = 2048 };

static int drop_run(void **state)
{
    (void)state;
    run_clear(&run);
    return 0;
}

static void set(hf_status status)
{
    assert_int_equal(status, HF_OK);
}

/* A run of this kind, with a session to offer or none. */
static void make(enum run_kind kind, hf_session *session)
{
    run_clear(&run);
    run_make(&run, kind);
    hf_session_free(run.session);
    run.session = session == NULL ? NULL : hf_session_ref(session);
}

static struct pair *start_later(int64_t client_ms, int64_t server_ms)
{
    struct pair *p = run_start(&run, NULL);
    assert_non_null(p);
    hf_conn_set_time(p->client.conn, PKI_NOW * 1000 + client_ms);
    hf_conn_set_time(p->server.conn, PKI_NOW * 1000 + server_ms);
    return p;
}

static void must_resume(void)
{
    struct pair *p = run_start(&run, NULL);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed && pair_info(&p->server).resumed);
    pair_free(p);
}

/* A full handshake, and what each end says of it. */
static void must_be_refused(struct pair *p, hf_resume_reason client, hf_resume_reason server)
{
    run_must_finish(&run, p);
    assert_false(pair_info(&p->client).resumed || pair_info(&p->server).resumed);
    assert_int_equal(pair_info(&p->client).resume_reason, client);
    assert_int_equal(pair_info(&p->server).resume_reason, server);
    assert_int_equal(pair_info(&p->client).peer_chain_count, 1);
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
    set(hf_conn_export(p->client.conn, false, "EXPERIMENTAL x", none, client, sizeof client));
    set(hf_conn_export(p->server.conn, false, "EXPERIMENTAL x", none, first, sizeof first));
    assert_memory_equal(client, first, sizeof first);
    pair_free(p);
    p = run_start(&run, NULL); /* the same secret, other randoms */
    run.server_seed.state = 77;
    run_must_finish(&run, p);
    assert_true(pair_info(&p->server).resumed);
    set(hf_conn_export(p->server.conn, false, "EXPERIMENTAL x", none, again, sizeof again));
    assert_memory_not_equal(again, first, sizeof first);
    pair_free(p);
}

/* RFC 7301, 3.1: of the protocol each connection decides anew. */
static void the_protocol_is_chosen_anew(void **state)
{
    (void)state;
    run_make(&run, RUN_12_RESUMED);
    set(hf_config_set_alpn(run.client, "h2"));
    set(hf_config_set_alpn(run.server, "h2"));
    struct pair *p = run_start(&run, NULL);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed);
    assert_memory_equal(pair_info(&p->client).alpn.data, "h2", 2);
    pair_free(p);
    run_clear(&run);
    run_make(&run, RUN_12_RESUMED);
    set(hf_config_set_alpn(run.client, "h2"));
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
            set(hf_config_set_ticket_keys(run.server, keys));
            hf_ticket_keys_free(keys);
            set(hf_config_set_resumption(run.client, true));
            set(hf_config_set_ciphers(run.client, suites[i]));
            set(hf_config_set_ciphers(run.server, suites[i]));
            set(hf_config_set_groups(run.client, "x25519,ffdhe2048"));
            set(hf_config_set_groups(run.server, "x25519,ffdhe2048"));
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
        set(hf_config_external_ops(run.server, stored));
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
    set(hf_config_set_ticket_keys(run.server, keys));
    set(hf_config_set_tickets(run.server, 0, 60));
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
    set(hf_config_external_ops(run.server, 0));
    set(hf_config_set_session_store(run.server, store));
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
    must_be_refused(p, HF_RESUME_DECLINED, HF_RESUME_NO_TICKET);
    hf_session_store_free(store);
}

static void store_and_connect(hf_session_store *store)
{
    run_clear(&run);
    run_make(&run, RUN_12_ID);
    set(hf_config_external_ops(run.server, 0));
    set(hf_config_set_random(run.server, NULL, NULL)); /* no identifier twice */
    set(hf_config_set_session_store(run.server, store));
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
            set(hf_conn_close(end->conn));
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

static hf_session *with_byte(const hf_session *session, size_t at, uint8_t mask);

/* Identifiers are read by everybody on the way: who does not know the secret too cannot have the
 * session of another dropped. */
static void a_stranger_ends_no_stored_session(void **state)
{
    (void)state;
    hf_session_store *store = hf_session_store_new(NULL);
    assert_non_null(store);
    store_and_connect(store);
    hf_session *own = run.session;
    run.session = with_byte(own, SECRET_AT, 1);
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

/* --- Refused by the client -------------------------------------------------------------------- */

static void what_the_client_does_not_offer(void **state)
{
    (void)state;
    hf_session *session = run_session_of(RUN_12_TICKETS);
    hf_session *session13 = run_session_of(RUN_TICKETS);
    make(RUN_12_TICKETS, session);
    must_be_refused(start_later(INT64_C(7200) * 1000, 0), HF_RESUME_EXPIRED, HF_RESUME_NO_TICKET);
    must_be_refused(start_later(-1, 0), HF_RESUME_FROM_THE_FUTURE, HF_RESUME_NO_TICKET);
    make(RUN_12_TICKETS, session13);
    must_be_refused(start_later(0, 0), HF_RESUME_VERSION_DIFFERS, HF_RESUME_NO_TICKET);
    make(RUN_TICKETS, session);
    must_be_refused(start_later(0, 0), HF_RESUME_VERSION_DIFFERS, HF_RESUME_NO_TICKET);
    make(RUN_12_TICKETS, session);
    set(hf_config_set_ciphers(run.client, "ECDHE-ECDSA-CHACHA20-POLY1305"));
    must_be_refused(start_later(0, 0), HF_RESUME_SUITE_DIFFERS, HF_RESUME_NO_TICKET);
    struct pair *p = NULL;
    make(RUN_12_TICKETS, session);
    p = pair_new(&(struct pair_options){.client = pair_freeze(run.client),
                                        .server = pair_freeze(run.server),
                                        .session = session,
                                        .server_name = "other.example"});
    assert_false(pair_handshake(p)); /* that name is not in the certificate */
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_SERVER_NAME_DIFFERS);
    pair_free(p);
    hf_session_free(session13);
    hf_session_free(session);
}

enum { LAST_BYTE = EXPORT_MOST };

/* A session exported, one byte of it changed, and imported again. */
static hf_session *with_byte(const hf_session *session, size_t at, uint8_t mask)
{
    uint8_t bytes[EXPORT_MOST];
    hf_buf out = {bytes, sizeof bytes, 0};
    set(hf_session_export(session, &out));
    bytes[at == LAST_BYTE ? out.pos - 1 : at] ^= mask;
    hf_session *changed = hf_session_import((hf_span){bytes, out.pos});
    assert_non_null(changed);
    return changed;
}

static void without_a_proof_or_ems_it_stays_at_home(void **state)
{
    (void)state;
    hf_session *session = run_session_of(RUN_12_TICKETS);
    make(RUN_12_TICKETS, NULL);
    set(hf_config_set_verify(run.client, HF_VERIFY_NONE));
    struct pair *p = start_later(0, 0);
    run_must_finish(&run, p);
    hf_session *unproven = hf_conn_take_session(p->client.conn);
    pair_free(p);
    hf_session *plain = with_byte(session, FLAGS_AT, SESSION_EMS);
    make(RUN_12_TICKETS, unproven);
    must_be_refused(start_later(0, 0), HF_RESUME_PEER_UNPROVEN, HF_RESUME_NO_TICKET);
    make(RUN_12_TICKETS, plain);
    must_be_refused(start_later(0, 0), HF_RESUME_EMS_DIFFERS, HF_RESUME_NO_TICKET);
    hf_session_free(plain);
    hf_session_free(unproven);
    hf_session_free(session);
}

/* RFC 9846, 4.2.2: an old session does not keep two ends from TLS 1.3. */
static void where_the_versions_meet(void **state)
{
    (void)state;
    hf_session *ticket = run_session_of(RUN_12_TICKETS);
    hf_session *id = run_session_of(RUN_12_ID);
    hf_session *session13 = run_session_of(RUN_TICKETS);
    make(RUN_TICKETS, ticket);
    set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS13));
    struct pair *p = start_later(0, 0);
    run_must_finish(&run, p);
    assert_int_equal(pair_info(&p->client).version, HF_TLS13);
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_VERSION_DIFFERS);
    assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_VERSION_DIFFERS);
    pair_free(p);
    make(RUN_TICKETS, id);
    set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS13));
    /* The server cannot tell an old identifier from what middleboxes want to see. */
    must_be_refused(start_later(0, 0), HF_RESUME_VERSION_DIFFERS, HF_RESUME_NO_TICKET);
    make(RUN_12_TICKETS, session13);
    set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS13));
    must_be_refused(start_later(0, 0), HF_RESUME_VERSION_DIFFERS, HF_RESUME_NO_TICKET);
    make(RUN_12_TICKETS, ticket);
    set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS13));
    must_resume();
    hf_session_free(session13);
    hf_session_free(id);
    hf_session_free(ticket);
}

/* --- Refused by the server -------------------------------------------------------------------- */

/* Sessions of a server that keeps them for a minute. */
static hf_session *short_session(void)
{
    make(RUN_12_TICKETS, NULL);
    set(hf_config_set_tickets(run.server, 1, 60));
    struct pair *p = start_later(0, 0);
    run_must_finish(&run, p);
    hf_session *session = hf_conn_take_session(p->client.conn);
    assert_non_null(session);
    pair_free(p);
    return session;
}

static void what_the_server_refuses(void **state)
{
    (void)state;
    hf_session *session = short_session();
    make(RUN_12_TICKETS, session);
    must_be_refused(start_later(0, 60000), HF_RESUME_DECLINED, HF_RESUME_EXPIRED);
    must_be_refused(start_later(0, -10000), HF_RESUME_DECLINED, HF_RESUME_FROM_THE_FUTURE);
    make(RUN_12_REFUSED, session);
    must_be_refused(start_later(0, 0), HF_RESUME_DECLINED, HF_RESUME_KEY_UNKNOWN);
    make(RUN_12_TICKETS, session);
    set(hf_config_set_ticket_keys(run.server, NULL));
    must_be_refused(start_later(0, 0), HF_RESUME_DECLINED, HF_RESUME_DISABLED);
    make(RUN_12_TICKETS, session);
    set(hf_config_set_ciphers(run.server, "ECDHE-ECDSA-CHACHA20-POLY1305"));
    must_be_refused(start_later(0, 0), HF_RESUME_DECLINED, HF_RESUME_SUITE_DIFFERS);
    hf_session_free(session);
}

static void an_identifier_that_nobody_keeps(void **state)
{
    (void)state;
    hf_session *id = run_session_of(RUN_12_ID);
    hf_session *unknown = with_byte(id, LAST_BYTE, 1);
    make(RUN_12_ID, unknown); /* of a client of TLS 1.3: it may be made up */
    must_be_refused(start_later(0, 0), HF_RESUME_DECLINED, HF_RESUME_NO_TICKET);
    make(RUN_12_ID, unknown);
    set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS12));
    must_be_refused(start_later(0, 0), HF_RESUME_DECLINED, HF_RESUME_SESSION_UNKNOWN);
    hf_session_free(unknown);
    hf_session_free(id);
}

/* What the server reads in a ticket: the byte, as it is changed on the way out of it. */
static struct {
    size_t at, len;
    uint8_t mask;
} changed_state;

static bool answer_changed(void *ctx, hf_op *op)
{
    (void)ctx;
    pair_answer(op);
    if (op->kind == HF_OP_TICKET_OPEN) {
        op->u.ticket_open.state[changed_state.at] ^= changed_state.mask;
        op->u.ticket_open.state_len -= changed_state.len;
    }
    return true;
}

static void what_a_ticket_may_hold(void **state)
{
    (void)state;
    static const struct {
        size_t at, len;
        uint8_t mask;
        hf_resume_reason reason;
    } rows[] = {
        {0, 0, 1, HF_RESUME_STATE_UNREADABLE},
        {0, 1, 0, HF_RESUME_STATE_UNREADABLE},
        {2, 0, HF_TLS12 ^ HF_TLS13, HF_RESUME_VERSION_DIFFERS},
        {4, 0, 1, HF_RESUME_SUITE_DIFFERS},
        {5, 0, SESSION_EMS, HF_RESUME_EMS_DIFFERS}, /* RFC 7627, 5.3 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run_clear(&run);
        run_make(&run, RUN_12_RESUMED);
        set(hf_config_external_ops(run.server, HF_OP_BIT(HF_OP_TICKET_OPEN)));
        changed_state.at = rows[i].at;
        changed_state.len = rows[i].len;
        changed_state.mask = rows[i].mask;
        must_be_refused(run_start(&run, &(struct pair_options){.on_op = answer_changed}),
                        HF_RESUME_DECLINED, rows[i].reason);
    }
}

/* Every bit of a ticket: never an error, never resumed. */
static void a_changed_ticket_costs_the_session_only(void **state)
{
    (void)state;
    hf_session *session = run_session_of(RUN_12_TICKETS);
    const size_t len = session_ticket(session).len;
    uint8_t bytes[EXPORT_MOST];
    hf_buf out = {bytes, sizeof bytes, 0};
    set(hf_session_export(session, &out));
    for (size_t at = out.pos - len; at < out.pos; at++) {
        hf_session *changed = with_byte(session, at, (uint8_t)(1u << at % 8));
        make(RUN_12_TICKETS, changed);
        const bool is_name = at < out.pos - len + HF_TICKET_NAME_LEN;
        must_be_refused(start_later(0, 0), HF_RESUME_DECLINED,
                        is_name ? HF_RESUME_KEY_UNKNOWN : HF_RESUME_TICKET_FORGED);
        hf_session_free(changed);
    }
    hf_session_free(session);
}

/* Whoever holds a ticket without its secret does not get far. */
static void the_secret_must_be_the_same(void **state)
{
    (void)state;
    hf_session *session = run_session_of(RUN_12_TICKETS);
    hf_session *wrong = with_byte(session, SECRET_AT, 1);
    make(RUN_12_TICKETS, wrong);
    struct pair *p = run_start(&run, NULL);
    assert_false(run_finish(&run, p));
    assert_int_equal(hf_conn_error(p->client.conn)->code, HF_E_RECORD_AUTH);
    pair_free(p);
    hf_session_free(wrong);
    hf_session_free(session);
}

static void a_clients_certificate_is_remembered(void **state)
{
    (void)state;
    hf_session *anonymous = run_session_of(RUN_12_TICKETS);
    make(RUN_12_TICKETS, NULL);
    pair_make_mutual(run.client, run.server, run_client_pki());
    struct pair *p = start_later(0, 0);
    run_must_finish(&run, p);
    run.session = hf_conn_take_session(p->client.conn);
    pair_free(p);
    p = start_later(0, 0);
    run_must_finish(&run, p);
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
    make(RUN_12_TICKETS, anonymous);
    pair_make_mutual(run.client, run.server, run_client_pki());
    p = start_later(0, 0);
    run_must_finish(&run, p);
    assert_false(pair_info(&p->server).resumed);
    assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_PEER_UNPROVEN);
    assert_true(pair_info(&p->server).client_certificate); /* by a full handshake */
    pair_free(p);
    hf_session_free(anonymous);
}

/* --- Tickets ---------------------------------------------------------------------------------- */

/* A new ticket of an old session does not make it live longer. */
static void a_renewed_ticket_ends_with_its_session(void **state)
{
    (void)state;
    run_make(&run, RUN_12_RENEWED);
    struct pair *p = start_later(1000000, 1000000);
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
        set(hf_config_external_ops(run.server, HF_OP_BIT(HF_OP_TICKET_SEAL)));
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
    set(hf_config_external_ops(run.server, HF_OP_BIT(HF_OP_TICKET_SEAL)));
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
    set(hf_config_set_resumption(run.client, false));
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
    set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS13));
    set(hf_config_set_versions(run.server, HF_TLS12, HF_TLS13));
    hear(&s, HF_SERVER, without_13, HF_E_NONE);
    assert_true(pair_info(s.target).resumed);
    stage_pump(&s);
    assert_int_equal(hf_conn_error(s.peer->conn)->code, HF_E_DOWNGRADE);
    stage_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(one_session_is_resumed_again_and_again, drop_run),
        cmocka_unit_test_teardown(exporters_agree_and_differ, drop_run),
        cmocka_unit_test_teardown(the_protocol_is_chosen_anew, drop_run),
        cmocka_unit_test_teardown(every_key_exchange_leaves_a_session, drop_run),
        cmocka_unit_test_teardown(a_ticket_goes_before_an_identifier, drop_run),
        cmocka_unit_test_teardown(a_store_keeps_sessions, drop_run),
        cmocka_unit_test_teardown(a_fatal_alert_ends_a_stored_session, drop_run),
        cmocka_unit_test_teardown(a_stranger_ends_no_stored_session, drop_run),
        cmocka_unit_test_teardown(what_the_client_does_not_offer, drop_run),
        cmocka_unit_test_teardown(without_a_proof_or_ems_it_stays_at_home, drop_run),
        cmocka_unit_test_teardown(where_the_versions_meet, drop_run),
        cmocka_unit_test_teardown(what_the_server_refuses, drop_run),
        cmocka_unit_test_teardown(an_identifier_that_nobody_keeps, drop_run),
        cmocka_unit_test_teardown(what_a_ticket_may_hold, drop_run),
        cmocka_unit_test_teardown(a_changed_ticket_costs_the_session_only, drop_run),
        cmocka_unit_test_teardown(the_secret_must_be_the_same, drop_run),
        cmocka_unit_test_teardown(a_clients_certificate_is_remembered, drop_run),
        cmocka_unit_test_teardown(a_renewed_ticket_ends_with_its_session, drop_run),
        cmocka_unit_test_teardown(a_session_that_ends_while_it_is_renewed, drop_run),
        cmocka_unit_test_teardown(no_ticket_after_all, drop_run),
        cmocka_unit_test_teardown(sessions_are_only_for_those_who_ask, drop_run),
        cmocka_unit_test_teardown(what_may_not_change, drop_run),
        cmocka_unit_test_teardown(a_session_hides_no_downgrade, drop_run),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

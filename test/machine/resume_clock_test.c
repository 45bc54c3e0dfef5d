/* Clocks that differ, run back or go round, and the rest of the reasons why a server leaves a
 * session aside (RFC 9846, 4.3.11.1, 4.7.1 and 8.3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/span.h"
#include "conn/conn.h"
#include "support/offer.h"

/* Of the written state; an export has four bytes before it. */
enum { STATE_VERSION = 1, STATE_AGE_ADD = 18, STATE_NAME = 60, EXPORT_HEAD = 4, WINDOW_MS = 10000 };

static struct run run;

static void make(void)
{
    run_clear(&run);
    run_make(&run, RUN_TICKETS);
}

/* Both ends' clocks, from PKI_NOW on. */
static struct pair *start(const hf_session *session, int64_t client_ms, int64_t server_ms)
{
    return offer_start(&run, session, NULL, client_ms, server_ms);
}

/* The server's view of a connection that must come about. */
static hf_conn_info served(struct pair *p)
{
    hf_conn_info info;
    if (!pair_handshake(p)) {
        fail_msg("%s", run_describe(p));
    }
    hf_conn_describe(p->server.conn, &info);
    pair_free(p);
    return info;
}

/* --- Answers of a store outside that change a state ---------------------------------------------
 */

struct change {
    size_t at, len;
    uint8_t value;
    bool is_unknown;
};

static bool answer(void *ctx, hf_op *op)
{
    const struct change *change = ctx;
    hf_op_run(op);
    if (op->kind == HF_OP_TICKET_OPEN) {
        memset(op->u.ticket_open.state + change->at, change->value, change->len);
        op->u.ticket_open.state_len = change->is_unknown ? 0 : op->u.ticket_open.state_len;
    }
    return true;
}

static hf_conn_info served_with(const hf_session *session, struct change change)
{
    struct pair *p = start(session, 500, 500);
    p->on_op = answer;
    p->ctx = &change;
    return served(p);
}

static void states_that_do_not_fit(void **state)
{
    (void)state;
    make();
    hf_session *session = offer_first_session(&run);
    make();
    run_set(hf_config_external_ops(run.server, HF_OP_BIT(HF_OP_TICKET_OPEN)));
    assert_int_equal(served_with(session, (struct change){.is_unknown = true}).resume_reason,
                     HF_RESUME_SESSION_UNKNOWN);
    assert_int_equal(
        served_with(session, (struct change){.at = STATE_VERSION, .len = 2, .value = 3})
            .resume_reason,
        HF_RESUME_VERSION_DIFFERS);
    assert_int_equal(served_with(session, (struct change){.at = STATE_NAME, .len = 1, .value = 'x'})
                         .resume_reason,
                     HF_RESUME_SERVER_NAME_DIFFERS);
    assert_true(served_with(session, (struct change){.len = 0}).resumed);
    hf_session_free(session);
}

/* A server that stores its sessions, and asks for certificates, has both in them. */
static void stored_with_a_certificate(void **state)
{
    (void)state;
    make();
    hf_session_store *store = hf_session_store_new(NULL);
    assert_non_null(store);
    run_set(hf_config_set_ticket_keys(run.server, NULL));
    run_set(hf_config_set_session_store(run.server, store));
    hf_session_store_free(store);
    pair_make_mutual(run.client, run.server, run_client_pki());
    hf_session *session = offer_first_session(&run);
    const hf_conn_info info = served(start(session, 500, 500));
    assert_true(info.resumed && info.client_certificate && info.early_data);
    hf_session_free(session);
}

/* A session_id of TLS 1.2 goes over the wire in the clear. Whoever saw one and offers it as a
 * ticket of TLS 1.3 gets nothing, and takes nothing away from whom it belongs to. */
static void a_session_id_as_a_ticket(void **state)
{
    (void)state;
    uint8_t id[HF_STORE_ID_LEN] = "the session_id of somebody else";
    uint8_t written[SESSION_STATE_MAX];
    size_t len = 0;
    make();
    hf_session *session = offer_first_session(&run);
    struct session_state theirs = *session_state_of(session);
    theirs.version = HF_TLS12;
    const hf_span their_state = span_of(written, session_state_write(&theirs, written));
    hf_session *forged =
        session_new(session_state_of(session), span_of(id, sizeof id), false, NULL);
    assert_non_null(forged);
    make();
    hf_session_store *store = hf_session_store_new(NULL);
    assert_true(
        hf_session_store_put(store, span_of(id, sizeof id), their_state, 3600, PKI_NOW * 1000));
    run_set(hf_config_set_session_store(run.server, store));
    const hf_conn_info info = served(start(forged, 500, 500));
    assert_false(info.resumed);
    assert_int_equal(info.resume_reason, HF_RESUME_VERSION_DIFFERS);
    assert_int_equal(hf_session_store_find(store, span_of(id, sizeof id), PKI_NOW * 1000, written,
                                           sizeof written, &len),
                     HF_RESUME_NONE);
    hf_session_store_free(store);
    hf_session_free(forged);
    hf_session_free(session);
}

/* RFC 9846, 4.3.9: without psk_dhe_ke there is no resumption here. */
static void a_client_that_wants_no_fresh_key(void **state)
{
    (void)state;
    make();
    hf_session *session = offer_first_session(&run);
    struct pair *p = start(session, 500, 500);
    assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
    (void)pair_pump_end(p, &p->client);
    static const uint8_t modes[] = {0, 45, 0, 2, 1, 1};
    size_t at = 0;
    while (memcmp(p->server.in.data + at, modes, sizeof modes) != 0) {
        assert_true(++at + sizeof modes <= p->server.in.len);
    }
    p->server.in.data[at + 5] = 0; /* psk_ke */
    (void)pair_pump_end(p, &p->server);
    hf_conn_info info;
    hf_conn_describe(p->server.conn, &info);
    assert_false(info.resumed);
    assert_int_equal(info.resume_reason, HF_RESUME_MODE);
    pair_free(p);
    hf_session_free(session);
}

/* --- Clocks
 * ----------------------------------------------------------------------------------------- */

/* The ages that both ends know may differ by the window, to the millisecond, whichever is ahead.
 * (Our client tells one millisecond less than it knows.) */
static void the_freshness_window(void **state)
{
    (void)state;
    static const struct {
        int64_t skew_ms;
        bool is_fresh;
    } rows[] = {{0, true},
                {WINDOW_MS, true},
                {WINDOW_MS + 1, false},
                {-4000, true},
                {INT64_C(7199000) - 20000, false}};
    make();
    hf_session *session = offer_first_session(&run);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const hf_conn_info info = served(start(session, 20001, 20000 + rows[i].skew_ms));
        assert_true(info.resumed);
        assert_int_equal(info.early_data, rows[i].is_fresh);
        assert_int_equal(info.early_reason, rows[i].is_fresh ? HF_RESUME_NONE : HF_RESUME_AGE_SKEW);
        assert_int_equal(info.ticket_age_skew_ms, -rows[i].skew_ms);
    }
    /* A client that is ahead. */
    hf_conn_info info = served(start(session, 20001 + WINDOW_MS, 20000));
    assert_true(info.early_data);
    info = served(start(session, 20002 + WINDOW_MS, 20000));
    assert_int_equal(info.early_reason, HF_RESUME_AGE_SKEW);
    assert_int_equal(info.ticket_age_skew_ms, WINDOW_MS + 1);
    hf_session_free(session);
}

/* ticket_age_add makes the age go round: nothing comes of it. */
static void an_age_that_goes_round(void **state)
{
    (void)state;
    uint8_t bytes[2048];
    hf_buf out = {bytes, sizeof bytes, 0};
    make();
    hf_session *session = offer_first_session(&run);
    run_set(hf_session_export(session, &out));
    hf_session_free(session);
    memset(bytes + EXPORT_HEAD + STATE_AGE_ADD, 0xff, 4);
    session = hf_session_import((hf_span){bytes, out.pos});
    assert_non_null(session);
    make();
    run_set(hf_config_external_ops(run.server, HF_OP_BIT(HF_OP_TICKET_OPEN)));
    const hf_conn_info info =
        served_with(session, (struct change){.at = STATE_AGE_ADD, .len = 4, .value = 0xff});
    assert_true(info.resumed && info.early_data);
    hf_session_free(session);
}

/* Of two servers one ring: the clock of the second may be behind a little, and the key's and the
 * session's end are to the millisecond. */
static void the_server_s_clock(void **state)
{
    (void)state;
    static const struct {
        int64_t server_ms;
        hf_resume_reason reason;
    } rows[] = {
        {-SESSION_SKEW_MS, HF_RESUME_NONE},
        {-SESSION_SKEW_MS - 1, HF_RESUME_FROM_THE_FUTURE},
        {59999, HF_RESUME_NONE},
        {60000, HF_RESUME_EXPIRED},
        {7199999, HF_RESUME_EXPIRED},
        {7200000, HF_RESUME_KEY_RETIRED},
    };
    make();
    run_set(hf_config_set_tickets(run.server, 1, 60));
    hf_session *session = offer_first_session(&run);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const hf_conn_info info = served(start(session, 0, rows[i].server_ms));
        assert_int_equal(info.resumed, rows[i].reason == HF_RESUME_NONE);
        assert_int_equal(info.resume_reason, rows[i].reason);
    }
    hf_session_free(session);
}

/* A clock that stands still for years, or was set back to nothing, breaks no connection. */
static void clocks_of_nobody(void **state)
{
    (void)state;
    static const int64_t clocks_ms[] = {INT64_C(-86400000), 0, 1, INT64_C(1) << 40,
                                        INT64_C(1) << 46};
    make();
    run_set(hf_config_set_verify(run.client, HF_VERIFY_NONE));
    hf_session *session = offer_first_session(&run);
    for (size_t i = 0; i < sizeof clocks_ms / sizeof clocks_ms[0]; i++) {
        const int64_t ms = clocks_ms[i] - PKI_NOW * 1000;
        assert_false(served(start(session, ms, ms)).resumed);
        assert_false(served(start(session, 0, ms)).early_data);
        struct pair *p = start(session, ms, 0);
        assert_true(pair_handshake(p));
        hf_session *next = hf_conn_take_session(p->client.conn);
        pair_free(p);
        if (next != NULL) {
            (void)served(start(next, ms, 0));
        }
        hf_session_free(next);
    }
    hf_session_free(session);
}

/* RFC 9846, 4.3.11: a HelloRetryRequest of another hash leaves the session behind; binders are over
 * what was said since, and one of before does not pass. */
static void a_retry_of_another_hash(void **state)
{
    (void)state;
    make();
    hf_session *session = offer_first_session(&run);
    make();
    run_set(hf_config_set_groups(run.client, "secp256r1,x25519"));
    run_set(hf_config_set_key_shares(run.client, "secp256r1"));
    run_set(hf_config_set_ciphers(run.server, "TLS_AES_256_GCM_SHA384"));
    struct pair *p = start(session, 500, 500);
    assert_true(pair_handshake(p));
    hf_conn_info info;
    hf_conn_describe(p->client.conn, &info);
    assert_true(info.retried);
    assert_false(info.resumed);
    assert_true(pair_send(p, &p->client, "data", 4));
    pair_free(p);
    hf_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(states_that_do_not_fit),   RUN_TEST(stored_with_a_certificate),
        RUN_TEST(a_session_id_as_a_ticket), RUN_TEST(a_client_that_wants_no_fresh_key),
        RUN_TEST(the_freshness_window),     RUN_TEST(an_age_that_goes_round),
        RUN_TEST(the_server_s_clock),       RUN_TEST(clocks_of_nobody),
        RUN_TEST(a_retry_of_another_hash),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

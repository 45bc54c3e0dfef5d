/* Sessions of TLS 1.2 that are not offered, or not taken: each reason, at both ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/span.h"
#include "session/session.h"
#include "support/offer.h"

static struct run run;

static void must_resume(void)
{
    struct pair *p = run_start(&run, NULL);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed && pair_info(&p->server).resumed);
    pair_free(p);
}

/* --- Refused by the client -------------------------------------------------------------------- */

static void what_the_client_does_not_offer(void **state)
{
    (void)state;
    hf_session *session = run_session_of(RUN_12_TICKETS);
    hf_session *session13 = run_session_of(RUN_TICKETS);
    offer_make(&run, RUN_12_TICKETS, session);
    offer_must_be_refused(&run, offer_later(&run, INT64_C(7200) * 1000, 0), HF_RESUME_EXPIRED,
                          HF_RESUME_NO_TICKET);
    offer_must_be_refused(&run, offer_later(&run, -1, 0), HF_RESUME_FROM_THE_FUTURE,
                          HF_RESUME_NO_TICKET);
    offer_make(&run, RUN_12_TICKETS, session13);
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_VERSION_DIFFERS,
                          HF_RESUME_NO_TICKET);
    offer_make(&run, RUN_TICKETS, session);
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_VERSION_DIFFERS,
                          HF_RESUME_NO_TICKET);
    offer_make(&run, RUN_12_TICKETS, session);
    run_set(hf_config_set_ciphers(run.client, "ECDHE-ECDSA-CHACHA20-POLY1305"));
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_SUITE_DIFFERS,
                          HF_RESUME_NO_TICKET);
    struct pair *p = NULL;
    offer_make(&run, RUN_12_TICKETS, session);
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

static void without_a_proof_or_ems_it_stays_at_home(void **state)
{
    (void)state;
    hf_session *session = run_session_of(RUN_12_TICKETS);
    offer_make(&run, RUN_12_TICKETS, NULL);
    run_set(hf_config_set_verify(run.client, HF_VERIFY_NONE));
    struct pair *p = offer_later(&run, 0, 0);
    run_must_finish(&run, p);
    hf_session *unproven = hf_conn_take_session(p->client.conn);
    pair_free(p);
    hf_session *plain = offer_changed(session, OFFER_FLAGS_AT, SESSION_EMS);
    offer_make(&run, RUN_12_TICKETS, unproven);
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_PEER_UNPROVEN,
                          HF_RESUME_NO_TICKET);
    offer_make(&run, RUN_12_TICKETS, plain);
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_EMS_DIFFERS,
                          HF_RESUME_NO_TICKET);
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
    offer_make(&run, RUN_TICKETS, ticket);
    run_set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS13));
    struct pair *p = offer_later(&run, 0, 0);
    run_must_finish(&run, p);
    assert_int_equal(pair_info(&p->client).version, HF_TLS13);
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_VERSION_DIFFERS);
    assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_VERSION_DIFFERS);
    pair_free(p);
    offer_make(&run, RUN_TICKETS, id);
    run_set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS13));
    /* The server cannot tell an old identifier from what middleboxes want to see. */
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_VERSION_DIFFERS,
                          HF_RESUME_NO_TICKET);
    offer_make(&run, RUN_12_TICKETS, session13);
    run_set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS13));
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_VERSION_DIFFERS,
                          HF_RESUME_NO_TICKET);
    offer_make(&run, RUN_12_TICKETS, ticket);
    run_set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS13));
    must_resume();
    hf_session_free(session13);
    hf_session_free(id);
    hf_session_free(ticket);
}

/* --- Refused by the server -------------------------------------------------------------------- */

/* Sessions of a server that keeps them for a minute. */
static hf_session *short_session(void)
{
    offer_make(&run, RUN_12_TICKETS, NULL);
    run_set(hf_config_set_tickets(run.server, 1, 60));
    struct pair *p = offer_later(&run, 0, 0);
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
    offer_make(&run, RUN_12_TICKETS, session);
    offer_must_be_refused(&run, offer_later(&run, 0, 60000), HF_RESUME_DECLINED, HF_RESUME_EXPIRED);
    offer_must_be_refused(&run, offer_later(&run, 0, -10000), HF_RESUME_DECLINED,
                          HF_RESUME_FROM_THE_FUTURE);
    offer_make(&run, RUN_12_REFUSED, session);
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_DECLINED, HF_RESUME_KEY_UNKNOWN);
    offer_make(&run, RUN_12_TICKETS, session);
    run_set(hf_config_set_ticket_keys(run.server, NULL));
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_DECLINED, HF_RESUME_DISABLED);
    offer_make(&run, RUN_12_TICKETS, session);
    run_set(hf_config_set_ciphers(run.server, "ECDHE-ECDSA-CHACHA20-POLY1305"));
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_DECLINED,
                          HF_RESUME_SUITE_DIFFERS);
    hf_session_free(session);
}

static void an_identifier_that_nobody_keeps(void **state)
{
    (void)state;
    hf_session *id = run_session_of(RUN_12_ID);
    hf_session *unknown = offer_changed(id, OFFER_LAST_BYTE, 1);
    offer_make(&run, RUN_12_ID, unknown); /* of a client of TLS 1.3: it may be made up */
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_DECLINED, HF_RESUME_NO_TICKET);
    offer_make(&run, RUN_12_ID, unknown);
    run_set(hf_config_set_versions(run.client, HF_TLS12, HF_TLS12));
    offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_DECLINED,
                          HF_RESUME_SESSION_UNKNOWN);
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
        run_set(hf_config_external_ops(run.server, HF_OP_BIT(HF_OP_TICKET_OPEN)));
        changed_state.at = rows[i].at;
        changed_state.len = rows[i].len;
        changed_state.mask = rows[i].mask;
        offer_must_be_refused(&run,
                              run_start(&run, &(struct pair_options){.on_op = answer_changed}),
                              HF_RESUME_DECLINED, rows[i].reason);
    }
}

/* Every bit of a ticket: never an error, never resumed. */
static void a_changed_ticket_costs_the_session_only(void **state)
{
    (void)state;
    hf_session *session = run_session_of(RUN_12_TICKETS);
    const size_t len = session_ticket(session).len;
    uint8_t bytes[OFFER_EXPORT_MOST];
    hf_buf out = {bytes, sizeof bytes, 0};
    run_set(hf_session_export(session, &out));
    for (size_t at = out.pos - len; at < out.pos; at++) {
        hf_session *changed = offer_changed(session, at, (uint8_t)(1u << at % 8));
        offer_make(&run, RUN_12_TICKETS, changed);
        const bool is_name = at < out.pos - len + HF_TICKET_NAME_LEN;
        offer_must_be_refused(&run, offer_later(&run, 0, 0), HF_RESUME_DECLINED,
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
    hf_session *wrong = offer_changed(session, OFFER_SECRET_AT, 1);
    offer_make(&run, RUN_12_TICKETS, wrong);
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
    offer_make(&run, RUN_12_TICKETS, NULL);
    pair_make_mutual(run.client, run.server, run_client_pki());
    struct pair *p = offer_later(&run, 0, 0);
    run_must_finish(&run, p);
    run.session = hf_conn_take_session(p->client.conn);
    pair_free(p);
    p = offer_later(&run, 0, 0);
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
    offer_make(&run, RUN_12_TICKETS, anonymous);
    pair_make_mutual(run.client, run.server, run_client_pki());
    p = offer_later(&run, 0, 0);
    run_must_finish(&run, p);
    assert_false(pair_info(&p->server).resumed);
    assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_PEER_UNPROVEN);
    assert_true(pair_info(&p->server).client_certificate); /* by a full handshake */
    pair_free(p);
    hf_session_free(anonymous);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(what_the_client_does_not_offer),
        RUN_TEST(without_a_proof_or_ems_it_stays_at_home),
        RUN_TEST(where_the_versions_meet),
        RUN_TEST(what_the_server_refuses),
        RUN_TEST(an_identifier_that_nobody_keeps),
        RUN_TEST(what_a_ticket_may_hold),
        RUN_TEST(a_changed_ticket_costs_the_session_only),
        RUN_TEST(the_secret_must_be_the_same),
        RUN_TEST(a_clients_certificate_is_remembered),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

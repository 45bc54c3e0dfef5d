/* Sessions that the server stores instead of sealing them: good once, whatever comes between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/offer.h"
#include <handfast/store.h>

static struct run run;
static hf_session_store *store;

static int drop_run(void **state)
{
    (void)state;
    run_clear(&run);
    hf_session_store_free(store);
    store = NULL;
    return 0;
}

/* RUN_TICKETS over the store. with_keys: and over the ticket keys that are there anyway. The guard
 * is gone: stored sessions need none. */
static void make(bool with_keys, bool stateful)
{
    if (store == NULL) {
        store = hf_session_store_new(NULL);
        assert_non_null(store);
    }
    run_make(&run, RUN_TICKETS);
    run_set(hf_config_set_random(run.server, NULL, NULL)); /* no identity twice */
    run_set(hf_config_set_session_store(run.server, store));
    run_set(hf_config_set_stateful(run.server, stateful));
    if (!with_keys) {
        run_set(hf_config_set_ticket_keys(run.server, NULL));
    }
    if (!with_keys || stateful) {
        run_set(hf_config_set_replay_guard(run.server, NULL));
    }
}

static struct pair *start(const hf_session *session)
{
    return offer_start(&run, session, NULL, 0, 0);
}

static hf_session *first_session(void)
{
    return offer_take_session(start(NULL));
}

static size_t ticket_len(const hf_session *session)
{
    uint8_t bytes[2048];
    hf_buf out = {bytes, sizeof bytes, 0};
    run_set(hf_session_export(session, &out));
    return out.pos - (2 + 2 + (size_t)(bytes[2] << 8 | bytes[3]) + 2);
}

static hf_session_store_counts counts(void)
{
    hf_session_store_counts out;
    hf_session_store_count(store, &out);
    return out;
}

static void a_stored_session_is_good_once(void **state)
{
    (void)state;
    make(false, false);
    hf_session *session = first_session();
    assert_int_equal(ticket_len(session), HF_STORE_ID_LEN);
    assert_int_equal(counts().held, 2);
    struct pair *p = start(session);
    assert_int_equal(offer_early(p, "once", 4), 4);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed && pair_info(&p->client).early_data);
    assert_int_equal(p->server.early_len, 4);
    assert_int_equal(counts().held, 2); /* one taken, one issued in its place */
    pair_free(p);
    p = start(session);
    assert_int_equal(offer_early(p, "twice", 5), 5);
    run_must_finish(&run, p);
    assert_false(pair_info(&p->client).resumed);
    assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_SESSION_UNKNOWN);
    assert_int_equal(p->server.early_len, 0);
    pair_free(p);
    hf_session_free(session);
}

/* The first flight as it is, to another instance over the same store: RFC 9846, 8.1. */
static void a_replayed_flight_finds_nothing(void **state)
{
    (void)state;
    make(false, false);
    hf_session *session = first_session();
    struct pair *p = start(session);
    assert_int_equal(offer_early(p, "once", 4), 4);
    (void)pair_pump_end(p, &p->client);
    const size_t len = p->server.in.len;
    uint8_t *flight = malloc(len);
    assert_non_null(flight);
    memcpy(flight, p->server.in.data, len);
    run_must_finish(&run, p);
    assert_int_equal(p->server.early_len, 4);
    pair_free(p);
    for (int i = 0; i < 3; i++) {
        p = start(NULL);
        pipe_put(&p->server.in, flight, len);
        (void)pair_pump_end(p, &p->server);
        assert_int_equal(p->server.early_len, 0);
        assert_false(pair_info(&p->server).resumed);
        pair_free(p);
    }
    free(flight);
    hf_session_free(session);
}

/* The session is found by both hellos, with the server's memory and without it, and taken by the
 * second. */
static void a_retry_does_not_cost_the_session(void **state)
{
    (void)state;
    static const uint8_t key[32] = {9};
    for (int i = 0; i < 3; i++) {
        make(false, false);
        hf_session *session = first_session();
        run_clear(&run);
        make(false, false);
        if (i == 0) { /* for a group; a cookie; both */
            run_set(hf_config_set_groups(run.client, "secp256r1,x25519"));
            run_set(hf_config_set_key_shares(run.client, "secp256r1"));
        } else {
            run_set(hf_config_set_key_shares(run.client, i == 1 ? "x25519" : ""));
            run_set(hf_config_set_stateless_retry(run.server, (hf_span){key, sizeof key}, i == 1));
        }
        struct pair *p = start(session);
        const uint64_t held = counts().held;
        run_must_finish(&run, p);
        assert_true(pair_info(&p->client).retried && pair_info(&p->client).resumed);
        assert_false(pair_info(&p->server).early_data);
        assert_int_equal(counts().held, held); /* one taken, one issued */
        pair_free(p);
        p = start(session);
        run_must_finish(&run, p);
        assert_false(pair_info(&p->client).resumed);
        assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_SESSION_UNKNOWN);
        pair_free(p);
        hf_session_free(session);
        run_clear(&run);
    }
    make(false, false); /* for drop_run */
}

/* What is issued is a choice; what was issued under the other one still works. */
static void keys_and_store_together(void **state)
{
    (void)state;
    make(true, false);
    hf_session *sealed = first_session();
    assert_true(ticket_len(sealed) > HF_TICKET_OVERHEAD);
    assert_int_equal(counts().stored, 0);
    run_clear(&run);
    make(true, true);
    hf_session *stored = first_session();
    assert_int_equal(ticket_len(stored), HF_STORE_ID_LEN);
    struct pair *p = start(sealed);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed);
    pair_free(p);
    /* Nobody remembers first flights of sealed ones here, so that they are served without early
     * data. */
    p = start(sealed);
    assert_int_equal(offer_early(p, "early", 5), 5);
    run_must_finish(&run, p);
    assert_int_equal(pair_info(&p->server).early_reason, HF_RESUME_EARLY_DISABLED);
    assert_int_equal(p->server.early_len, 0);
    pair_free(p);
    run_clear(&run);
    make(true, false);
    p = start(stored);
    assert_int_equal(offer_early(p, "early", 5), 5);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed && pair_info(&p->client).early_data);
    pair_free(p);
    hf_session_free(sealed);
    hf_session_free(stored);
}

static void a_stored_session_has_its_time(void **state)
{
    (void)state;
    make(false, false);
    run_set(hf_config_set_tickets(run.server, 1, 10));
    hf_session *session = first_session();
    struct pair *p = start(session);
    assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
    (void)pair_pump_end(p, &p->client);
    hf_conn_set_time(p->server.conn, (int64_t)PKI_NOW * 1000 + 10000);
    run_must_finish(&run, p);
    assert_int_equal(pair_info(&p->server).resume_reason, HF_RESUME_EXPIRED);
    assert_int_equal(counts().expired, 1);
    pair_free(p);
    hf_session_free(session);
}

/* Identities of the owner's own form: a number in each. */
static bool answer_elsewhere(void *ctx, hf_op *op)
{
    static uint8_t id[40] = "number ";
    (void)ctx;
    if (op->kind == HF_OP_TICKET_SEAL) {
        id[7]++;
        assert_true(op->u.ticket_seal.capacity >= sizeof id);
        assert_true(hf_session_store_put(store, (hf_span){id, sizeof id}, op->u.ticket_seal.state,
                                         op->u.ticket_seal.lifetime_s, op->u.ticket_seal.now_ms));
        memcpy(op->u.ticket_seal.ticket, id, sizeof id);
        op->u.ticket_seal.ticket_len = sizeof id;
    } else {
        assert_int_equal(op->kind, HF_OP_TICKET_OPEN);
        assert_false(op->u.ticket_open.keep);
        op->u.ticket_open.reason = hf_session_store_take(
            store, op->u.ticket_open.ticket, op->u.ticket_open.now_ms, op->u.ticket_open.state,
            op->u.ticket_open.capacity, &op->u.ticket_open.state_len);
        op->u.ticket_open.single_use = true;
    }
    hf_op_finish(op, HF_OK);
    return true;
}

/* A store elsewhere: its owner answers the operations, here with ours. */
static void a_store_elsewhere(void **state)
{
    (void)state;
    make(false, false);
    run_set(hf_config_set_session_store(run.server, NULL));
    run_set(hf_config_set_early_data(run.server, 0, 0));
    run_set(hf_config_external_ops(run.server,
                                   HF_OP_BIT(HF_OP_TICKET_OPEN) | HF_OP_BIT(HF_OP_TICKET_SEAL)));
    hf_session *session = NULL;
    for (int i = 0; i < 3; i++) { /* issued; taken; gone */
        struct pair *p = start(session);
        p->on_op = answer_elsewhere;
        run_must_finish(&run, p);
        assert_int_equal(pair_info(&p->server).resumed, i == 1);
        if (i == 0) {
            session = hf_conn_take_session(p->client.conn);
            assert_non_null(session);
        }
        pair_free(p);
    }
    hf_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_stored_session_is_good_once, drop_run),
        cmocka_unit_test_teardown(a_replayed_flight_finds_nothing, drop_run),
        cmocka_unit_test_teardown(a_retry_does_not_cost_the_session, drop_run),
        cmocka_unit_test_teardown(keys_and_store_together, drop_run),
        cmocka_unit_test_teardown(a_stored_session_has_its_time, drop_run),
        cmocka_unit_test_teardown(a_store_elsewhere, drop_run),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

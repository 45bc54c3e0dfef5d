/* Sessions whose chain is verified again before they are offered (hf_config_set_reverify): they
 * outlive a change of trust that does not concern them, and none outlives its certificate's
 * revocation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/span.h"
#include "support/revoke.h"
#include "support/run.h"

static struct run run;

static const enum run_kind kinds[] = {RUN_REVERIFIED, RUN_12_REVERIFIED};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* What the answers to HF_OP_VERIFY_CHAIN are, in their order. */
struct verifier {
    const char *answers; /* 'y': accepted, 'n': not, 'f': the operation fails */
    size_t asked;
    struct pair *pair; /* NULL, or whose client shows nobody's chain when it is first asked */
};

static bool verify(void *ctx, hf_op *op)
{
    struct verifier *v = ctx;
    if (op->kind != HF_OP_VERIFY_CHAIN) {
        pair_answer(op);
        return true;
    }
    const char answer = v->answers[v->asked++];
    if (v->pair != NULL && v->asked == 1) {
        assert_int_equal(pair_info(&v->pair->client).peer_chain_count, 0);
        assert_int_equal(hf_conn_peer_certificate(v->pair->client.conn, 0).len, 0);
    }
    assert_int_equal(op->u.verify_chain.count, 1);
    assert_true(span_eq(op->u.verify_chain.chain[0], run_server_pki()->leaf->der));
    assert_string_equal(op->u.verify_chain.name, "server.example");
    op->u.verify_chain.verdict = (hf_verdict){.depth = -1, .accepted = answer == 'y'};
    hf_op_finish(op, answer == 'f' ? HF_FAILED : HF_OK);
    return true;
}

static struct pair *start(struct verifier *v)
{
    run_set(hf_config_external_ops(run.client, HF_OP_BIT(HF_OP_VERIFY_CHAIN)));
    struct pair *p = run_start(&run, &(struct pair_options){.on_op = verify, .ctx = v});
    assert_non_null(p);
    return p;
}

/* The client trusts the usual authority and another one; or, with a list, the usual one that has
 * revoked. */
static void trust_now(bool with_usual, hf_span crl)
{
    struct pki_cert *other = pki_make(&(struct pki_spec){.common_name = "Other", .ca = true});
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    run_set(hf_trust_add(trust, other->der, &error));
    if (with_usual) {
        run_set(hf_trust_add(trust, run_server_pki()->ca->der, &error));
    }
    if (crl.len > 0) {
        run_set(hf_trust_add_crl(trust, crl, &error));
    }
    hf_trust_store *store = hf_trust_store_new(trust);
    run_set(hf_config_set_trust(run.client, store));
    hf_trust_store_free(store);
    hf_trust_free(trust);
    pki_cert_free(other);
}

/* --- Believed --------------------------------------------------------------------------------- */

static void the_chain_goes_from_session_to_session(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        run_make(&run, kinds[i]);
        for (int again = 0; again < 3; again++) {
            struct verifier v = {.answers = "y"};
            struct pair *p =
                again == 0 ? start(&v)
                           : run_start(&run, &(struct pair_options){.on_op = verify, .ctx = &v});
            run_must_finish(&run, p);
            const hf_conn_info c = pair_info(&p->client);
            assert_true(c.resumed && pair_info(&p->server).resumed);
            assert_int_equal(c.resume_reason, HF_RESUME_NONE);
            assert_int_equal(v.asked, 1);
            assert_int_equal(c.peer_chain_count, 1);
            assert_true(
                span_eq(hf_conn_peer_certificate(p->client.conn, 0), run_server_pki()->leaf->der));
            hf_session *next = hf_conn_take_session(p->client.conn);
            assert_non_null(next);
            hf_session_info told;
            hf_session_describe(next, &told);
            assert_true(told.verified && told.has_chain);
            hf_session_free(run.session);
            run.session = next;
            pair_free(p);
        }
        run_clear(&run);
    }
}

/* Without the chain a change of trust ends all sessions. */
static void a_session_outlives_a_change_of_trust(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        for (int reverify = 0; reverify <= 1; reverify++) {
            run_make(&run, kinds[i]);
            run_set(hf_config_set_reverify(run.client, reverify == 1));
            trust_now(true, span_of(NULL, 0));
            struct pair *p = run_start(&run, NULL);
            assert_true(run_finish(&run, p));
            assert_int_equal(pair_info(&p->client).resumed, reverify == 1);
            assert_int_equal(pair_info(&p->client).resume_reason,
                             reverify == 1 ? HF_RESUME_NONE : HF_RESUME_TRUST_DIFFERS);
            pair_free(p);
            run_clear(&run);
        }
    }
}

/* The next session stands on the trust of now. */
static void what_follows_stands_on_the_trust_of_now(void **state)
{
    (void)state;
    run_make(&run, RUN_REVERIFIED);
    trust_now(true, span_of(NULL, 0));
    struct pair *p = run_start(&run, NULL);
    assert_true(run_finish(&run, p));
    hf_session *next = hf_conn_take_session(p->client.conn);
    assert_non_null(next);
    pair_free(p);
    run_clear(&run);

    run_make(&run, RUN_REVERIFIED);
    run_set(hf_config_set_reverify(run.client, false)); /* so that the marks are compared */
    hf_session_free(run.session);
    run.session = next;
    p = run_start(&run, NULL);
    assert_true(run_finish(&run, p));
    assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_TRUST_DIFFERS);
    pair_free(p);
}

/* --- Refused ---------------------------------------------------------------------------------- */

static void whom_nobody_trusts_now_is_not_resumed(void **state)
{
    (void)state;
    const hf_span crl = revoke_crl(&(struct revoke_crl_spec){.issuer = run_server_pki()->ca,
                                                             .revoked = {run_server_pki()->leaf}});
    for (size_t i = 0; i < KINDS; i++) {
        for (int revoked = 0; revoked <= 1; revoked++) {
            run_make(&run, kinds[i]);
            trust_now(revoked == 1, revoked == 1 ? crl : span_of(NULL, 0));
            struct pair *p = run_start(&run, NULL);
            assert_false(run_finish(&run, p));
            const hf_conn_info c = pair_info(&p->client);
            assert_false(c.resumed || c.early_data_offered);
            assert_int_equal(c.resume_reason, HF_RESUME_CHAIN_REFUSED);
            assert_int_equal(c.early_reason,
                             run.early_data ? HF_RESUME_CHAIN_REFUSED : HF_RESUME_NONE);
            assert_int_equal(hf_conn_error(p->client.conn)->code,
                             revoked == 1 ? HF_E_CERTIFICATE_REVOKED : HF_E_CERTIFICATE_UNKNOWN_CA);
            pair_free(p);
            run_clear(&run);
        }
    }
    revoke_free(crl);
}

/* The server may show another chain by now: a full handshake decides. */
static void a_refused_session_is_followed_by_a_full_handshake(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct verifier v = {.answers = "ny"};
        run_make(&run, kinds[i]);
        run.early_data = false;
        struct pair *p = start(&v);
        run_must_finish(&run, p);
        const hf_conn_info c = pair_info(&p->client);
        assert_false(c.resumed);
        assert_int_equal(c.resume_reason, HF_RESUME_CHAIN_REFUSED);
        assert_int_equal(v.asked, 2);
        assert_int_equal(c.peer_chain_count, 1);
        pair_free(p);
        run_clear(&run);
    }
}

static void a_verifier_that_fails_ends_the_handshake(void **state)
{
    (void)state;
    struct verifier v = {.answers = "f"};
    run_make(&run, RUN_REVERIFIED);
    struct pair *p = start(&v);
    assert_false(run_finish(&run, p));
    assert_int_equal(hf_conn_error(p->client.conn)->code, HF_E_OP_REFUSED);
    assert_string_equal(hf_conn_error(p->client.conn)->state, "CLI_VERIFY_SESSION_WAIT");
    pair_free(p);
}

static void a_session_without_a_chain_is_not_offered(void **state)
{
    (void)state;
    static const enum run_kind plain[] = {RUN_RESUMED, RUN_12_RESUMED};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        struct verifier v = {.answers = "y"};
        run_make(&run, plain[i]);
        run_set(hf_config_set_reverify(run.client, true));
        run.early_data = false;
        struct pair *p = start(&v);
        run_must_finish(&run, p);
        assert_int_equal(pair_info(&p->client).resume_reason, HF_RESUME_PEER_UNPROVEN);
        assert_int_equal(v.asked, 1); /* about what came in the full handshake */
        pair_free(p);
        run_clear(&run);
    }
}

/* --- Not taken, not asked --------------------------------------------------------------------- */

/* The server knows the session no more: its chain gives way to the one that comes. */
static void a_server_may_decline(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct verifier v = {.answers = "yy"};
        run_make(&run, kinds[i]);
        run.early_data = false;
        run_set(hf_config_set_ticket_keys(run.server, NULL));
        run_set(hf_config_set_early_data(run.server, 0, 0));
        struct pair *p = start(&v);
        v.pair = p;
        run_must_finish(&run, p);
        assert_false(pair_info(&p->client).resumed);
        assert_int_equal(v.asked, 2);
        assert_int_equal(pair_info(&p->client).peer_chain_count, 1);
        pair_free(p);
        run_clear(&run);
    }
}

static void who_verifies_nobody_asks_nothing(void **state)
{
    (void)state;
    struct verifier v = {.answers = ""};
    run_make(&run, RUN_REVERIFIED);
    run_set(hf_config_set_verify(run.client, HF_VERIFY_NONE));
    struct pair *p = start(&v);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed);
    assert_int_equal(v.asked, 0);
    assert_int_equal(pair_info(&p->client).peer_chain_count, 0);
    pair_free(p);
}

/* A session that is kept over a restart keeps its chain. */
static void a_chain_is_exported(void **state)
{
    (void)state;
    static uint8_t bytes[HF_SESSION_EXPORT_MAX];
    hf_buf out = {bytes, sizeof bytes, 0};
    run_make(&run, RUN_REVERIFIED);
    run_set(hf_session_export(run.session, &out));
    hf_session_free(run.session);
    run.session = hf_session_import(span_of(bytes, out.pos));
    assert_non_null(run.session);
    struct verifier v = {.answers = "y"};
    struct pair *p = start(&v);
    run_must_finish(&run, p);
    assert_true(pair_info(&p->client).resumed);
    assert_int_equal(v.asked, 1);
    pair_free(p);
}

/* What the key is for is asked again as well (RFC 5246, 7.4.2). */
static bool count_transport(void *ctx, hf_op *op)
{
    if (op->kind == HF_OP_VERIFY_CHAIN && op->u.verify_chain.peer == HF_SERVER) {
        *(size_t *)ctx += op->u.verify_chain.key_transport ? 1 : 100;
    }
    pair_answer(op);
    return true;
}

static void of_key_transport_the_key_still_decrypts(void **state)
{
    (void)state;
    size_t asked = 0;
    run_make(&run, RUN_12_RSA);
    run_set(hf_config_set_resumption(run.client, true));
    run_set(hf_config_set_reverify(run.client, true));
    run_set(hf_config_external_ops(run.client, HF_OP_BIT(HF_OP_VERIFY_CHAIN)));
    run_set(hf_config_external_ops(run.server,
                                   HF_OP_BIT(HF_OP_SESSION_FIND) | HF_OP_BIT(HF_OP_SESSION_PUT)));
    for (size_t again = 0; again < 2; again++) {
        struct pair *p =
            run_start(&run, &(struct pair_options){.on_op = count_transport, .ctx = &asked});
        run_must_finish(&run, p);
        assert_int_equal(pair_info(&p->client).resumed, again == 1);
        assert_int_equal(asked, again + 1);
        hf_session_free(run.session);
        run.session = hf_conn_take_session(p->client.conn);
        pair_free(p);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN_TEST(the_chain_goes_from_session_to_session),
        RUN_TEST(a_session_outlives_a_change_of_trust),
        RUN_TEST(what_follows_stands_on_the_trust_of_now),
        RUN_TEST(whom_nobody_trusts_now_is_not_resumed),
        RUN_TEST(a_refused_session_is_followed_by_a_full_handshake),
        RUN_TEST(a_verifier_that_fails_ends_the_handshake),
        RUN_TEST(a_session_without_a_chain_is_not_offered),
        RUN_TEST(a_server_may_decline),
        RUN_TEST(who_verifies_nobody_asks_nothing),
        RUN_TEST(a_chain_is_exported),
        RUN_TEST(of_key_transport_the_key_still_decrypts),
    };
    return cmocka_run_group_tests_name("reverify", tests, run_setup, run_teardown);
}

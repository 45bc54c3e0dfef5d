/* Operations left to the caller: answered at once, late, on another thread, refused, or never. An
 * open operation stops everything, loses nothing, and is asked for once.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "conn/conn.h"
#include "support/stage.h"
#include "wire/message.h"

#define ALL_OPS ((HF_OP_BIT(HF_OP_COUNT) - 1) & ~HF_OP_BIT(HF_OP_NONE))

static struct run run;

static void make_external(enum run_kind kind)
{
    run_make(&run, kind);
    run_set(hf_config_external_ops(run.client, ALL_OPS));
    run_set(hf_config_external_ops(run.server, ALL_OPS));
}

/* --- The one who answers ------------------------------------------------------------------------
 */

struct answerer {
    struct pair *pair;
    void (*answer)(struct answerer *a, hf_op *op);
    int polls; /* how often an operation is looked at before it is answered */
    struct {
        const hf_op *op; /* NULL: none is open */
        int waited;      /* how often it was looked at */
    } open[2];           /* by role: both ends may stop at once */
    size_t asked[HF_OP_COUNT];
    size_t total;
    size_t chosen; /* the test's own: which of them something happens to */
};

static void answer_at_once(struct answerer *a, hf_op *op)
{
    (void)a;
    pair_answer(op);
}

static hf_role role_of(const struct answerer *a, const hf_op *op)
{
    return hf_conn_op(a->pair->client.conn) == op ? HF_CLIENT : HF_SERVER;
}

/* With an operation open nothing is consumed, nothing changes, nothing is asked
 * again. */
static void must_be_stopped(hf_conn *conn, const hf_op *op)
{
    const char *state = hf_conn_state(conn);
    const size_t pending = hf_conn_pending(conn);
    uint8_t record[] = {23, 3, 3, 0, 1, 0};
    hf_received got;
    assert_int_equal(hf_conn_recv(conn, record, sizeof record, &got), HF_NEED_OP);
    assert_int_equal(got.consumed, 0);
    assert_int_equal(got.kind, HF_GOT_NOTHING);
    assert_int_equal(record[0], 23);
    assert_int_equal(hf_conn_recv(conn, record, 1, &got), HF_NEED_OP);
    assert_int_equal(hf_conn_drive(conn), HF_NEED_OP);
    assert_ptr_equal(hf_conn_op(conn), op);
    assert_string_equal(hf_conn_state(conn), state);
    assert_int_equal(hf_conn_pending(conn), pending);
    assert_int_equal(hf_conn_error(conn)->code, HF_E_NONE);
}

static bool on_op(void *ctx, hf_op *op)
{
    struct answerer *a = ctx;
    const hf_role role = role_of(a, op);
    if (a->open[role].op == NULL) {
        a->open[role].op = op;
        a->open[role].waited = 0;
        a->asked[op->kind]++;
    }
    assert_ptr_equal(a->open[role].op, op);
    assert_false(op->finished);
    must_be_stopped(role == HF_CLIENT ? a->pair->client.conn : a->pair->server.conn, op);
    if (a->open[role].waited++ < a->polls) {
        return false;
    }
    a->open[role].op = NULL;
    a->total++;
    a->answer(a, op);
    return true;
}

/* Pumps as long as an operation is open. */
static bool pump(struct answerer *a)
{
    struct pair *p = a->pair;
    do {
        pair_settle(p);
    } while (hf_conn_op(p->client.conn) != NULL || hf_conn_op(p->server.conn) != NULL);
    return hf_conn_is_connected(p->client.conn) && hf_conn_is_connected(p->server.conn);
}

static void begin(struct answerer *a)
{
    a->pair = run_start(&run, &(struct pair_options){.on_op = on_op, .ctx = a});
    assert_non_null(a->pair);
    memset(a->open, 0, sizeof a->open);
    a->total = 0;
    memset(a->asked, 0, sizeof a->asked);
    assert_int_not_equal(hf_conn_drive(a->pair->client.conn), HF_FAILED);
}

/* The whole run. */
static bool finish(struct answerer *a)
{
    if (!pump(a)) {
        return false;
    }
    if (!run_is_post(run.kind)) {
        return true;
    }
    assert_int_equal(hf_conn_request_certificate(a->pair->server.conn), HF_OK);
    hf_conn_info info;
    const bool is_connected = pump(a);
    hf_conn_describe(a->pair->server.conn, &info);
    return is_connected && !info.post_auth_pending;
}

static void must_finish(struct answerer *a)
{
    if (!finish(a)) {
        fail_msg("%s: %s", run_name(run.kind), run_describe(a->pair));
    }
    assert_true(pair_send(a->pair, &a->pair->client, "a", 1));
    assert_true(pair_send(a->pair, &a->pair->server, "b", 1));
    pair_free(a->pair);
}

/* --- Answered -----------------------------------------------------------------------------------
 */

static void answered_at_once_and_late(void **state)
{
    (void)state;
    size_t seen[HF_OP_COUNT] = {0};
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        struct answerer a = {.answer = answer_at_once};
        make_external((enum run_kind)kind);
        begin(&a);
        must_finish(&a);
        const struct answerer at_once = a;
        a.polls = 3;
        begin(&a);
        must_finish(&a);
        assert_int_equal(a.total, at_once.total);
        assert_memory_equal(a.asked, at_once.asked, sizeof a.asked);
        for (int op = 0; op < HF_OP_COUNT; op++) {
            seen[op] += a.asked[op];
        }
        run_clear(&run);
    }
    for (int op = HF_OP_NONE + 1; op < HF_OP_COUNT; op++) {
        assert_true(seen[op] > 0);
    }
}

/* One kind outside, all others inside. */
static void each_kind_alone(void **state)
{
    (void)state;
    for (int op = HF_OP_NONE + 1; op < HF_OP_COUNT; op++) {
        struct answerer a = {.answer = answer_at_once, .polls = 1};
        run_make(&run, RUN_MUTUAL);
        run_set(hf_config_external_ops(run.client, HF_OP_BIT(op)));
        run_set(hf_config_external_ops(run.server, HF_OP_BIT(op)));
        a.pair = run_start(&run, &(struct pair_options){.on_op = on_op, .ctx = &a});
        assert_int_not_equal(hf_conn_drive(a.pair->client.conn), HF_FAILED);
        assert_true(finish(&a));
        assert_int_equal(a.total, a.asked[op]);
        pair_free(a.pair);
        run_clear(&run);
    }
}

static void *run_op(void *op)
{
    pair_answer(op);
    return NULL;
}

static void answer_on_a_thread(struct answerer *a, hf_op *op)
{
    pthread_t thread;
    (void)a;
    assert_int_equal(pthread_create(&thread, NULL, run_op, op), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(op->finished);
}

static void answered_on_another_thread(void **state)
{
    (void)state;
    static const enum run_kind kinds[] = {RUN_DEFAULTS, RUN_MUTUAL, RUN_POST_AUTH};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct answerer a = {.answer = answer_on_a_thread};
        make_external(kinds[i]);
        begin(&a);
        must_finish(&a);
        run_clear(&run);
    }
}

/* --- Refused ------------------------------------------------------------------------------------
 */

static void refuse_chosen(struct answerer *a, hf_op *op)
{
    if (a->total == a->chosen) {
        hf_op_finish(op, HF_FAILED);
    } else {
        pair_answer(op);
    }
}

static void refuse_with_reason(struct answerer *a, hf_op *op)
{
    if (a->total == a->chosen) {
        op->error.code = HF_E_SIGN;
        op->error.alert = HF_ALERT_access_denied; /* the code's own is told */
        hf_op_finish(op, HF_FAILED);
    } else {
        pair_answer(op);
    }
}

/* The state that waits is named, and the other end hears internal_error. */
static void must_be_refused(struct answerer *a, hf_err code)
{
    const struct pair_end *ends[] = {&a->pair->client, &a->pair->server};
    assert_false(finish(a));
    for (int i = 0; i < 2; i++) {
        const hf_error *e = hf_conn_error(ends[i]->conn);
        const hf_error *other = hf_conn_error(ends[!i]->conn);
        if (e->code == HF_E_ALERT_RECEIVED || e->code == HF_E_NONE) {
            continue;
        }
        assert_int_equal(e->code, code);
        assert_int_equal(e->alert, HF_ALERT_internal_error);
        assert_non_null(strstr(e->state, "_WAIT"));
        if (strcmp(e->state, "CLI_GENERATE_WAIT") != 0) {
            assert_int_equal(other->code, HF_E_ALERT_RECEIVED);
            assert_int_equal(other->alert, HF_ALERT_internal_error);
        }
    }
    pair_free(a->pair);
}

/* HF_E_OP_ALERT is told as the alert that the caller chose, or as its own. */
static void refuse_with_alert(struct answerer *a, hf_op *op)
{
    if (a->total == 1) {
        op->error.code = HF_E_OP_ALERT;
        op->error.alert = (hf_alert)a->chosen;
        hf_op_finish(op, HF_FAILED);
    } else {
        hf_op_run(op);
    }
}

static void refused_with_an_alert(void **state)
{
    (void)state;
    static const hf_alert alerts[][2] = {
        {HF_ALERT_close_notify, HF_ALERT_access_denied},
        {HF_ALERT_handshake_failure, HF_ALERT_handshake_failure},
    };
    run_make(&run, RUN_FULL);
    run_set(hf_config_external_ops(run.client, HF_OP_BIT(HF_OP_VERIFY_CHAIN)));
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
        struct answerer a = {.answer = refuse_with_alert, .chosen = alerts[i][0]};
        begin(&a);
        assert_false(finish(&a));
        assert_int_equal(hf_conn_error(a.pair->client.conn)->code, HF_E_OP_ALERT);
        assert_int_equal(hf_conn_error(a.pair->server.conn)->alert, alerts[i][1]);
        pair_free(a.pair);
    }
}

static void refused(void **state)
{
    (void)state;
    static const enum run_kind kinds[] = {RUN_RETRY, RUN_MUTUAL, RUN_POST_AUTH};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct answerer count = {.answer = answer_at_once};
        make_external(kinds[i]);
        begin(&count);
        must_finish(&count);
        for (size_t n = 1; n <= count.total; n++) {
            struct answerer a = {.answer = refuse_chosen, .chosen = n};
            begin(&a);
            must_be_refused(&a, HF_E_OP_REFUSED);
            a.answer = refuse_with_reason;
            begin(&a);
            must_be_refused(&a, HF_E_SIGN);
        }
        run_clear(&run);
    }
}

/* --- Answered wrongly ---------------------------------------------------------------------------
 */

/* What the test does instead of the built-in answer. */
struct wrong {
    hf_op_kind kind;
    void (*answer)(hf_op *op);
    hf_err code;
};

static void (*wrong_answer)(hf_op *op);
static hf_op_kind wrong_kind;

static void answer_wrongly(struct answerer *a, hf_op *op)
{
    (void)a;
    pair_answer(op);
    if (op->kind == wrong_kind) {
        wrong_answer(op);
    }
}

static void sign_nothing(hf_op *op)
{
    op->u.sign.signature_len = 0;
}

static void sign_too_much(hf_op *op)
{
    op->u.sign.signature_len = op->u.sign.capacity + 1;
}

static void sign_otherwise(hf_op *op)
{
    op->u.sign.signature[5] ^= 1;
}

static void reject_chain(hf_op *op)
{
    op->u.verify_chain.verdict = (hf_verdict){.accepted = false};
}

static void revoke_chain(hf_op *op)
{
    op->u.verify_chain.verdict =
        (hf_verdict){.accepted = false, .code = HF_E_CERTIFICATE_REVOKED, .detail = "by list 7"};
}

static void deny_signature(hf_op *op)
{
    op->u.verify_signature.valid = false;
}

static void choose_nobody(hf_op *op)
{
    hf_identity_free(op->u.choose_identity.identity);
    op->u.choose_identity.identity = NULL;
}

static void choose_other_scheme(hf_op *op)
{
    op->u.choose_identity.scheme = 0x0403; /* the key is Ed25519 */
}

static void choose_unfrozen(hf_op *op)
{
    op->u.choose_config.config = pair_server_config(run_server_pki());
}

static void choose_a_client(hf_op *op)
{
    hf_config *config = pair_client_config(run_server_pki());
    (void)pair_freeze(config);
    op->u.choose_config.config = config;
}

static void answered_wrongly(void **state)
{
    (void)state;
    static const struct wrong wrongs[] = {
        {HF_OP_SIGN, sign_nothing, HF_E_SIGN},
        {HF_OP_SIGN, sign_too_much, HF_E_SIGN},
        {HF_OP_SIGN, sign_otherwise, HF_E_CERTIFICATE_VERIFY},
        {HF_OP_VERIFY_CHAIN, reject_chain, HF_E_CERTIFICATE_REJECTED},
        {HF_OP_VERIFY_CHAIN, revoke_chain, HF_E_CERTIFICATE_REVOKED},
        {HF_OP_VERIFY_SIGNATURE, deny_signature, HF_E_CERTIFICATE_VERIFY},
        {HF_OP_CHOOSE_IDENTITY, choose_nobody, HF_E_NO_CERTIFICATE},
        {HF_OP_CHOOSE_IDENTITY, choose_other_scheme, HF_E_API_MISUSE},
        {HF_OP_CHOOSE_CONFIG, choose_unfrozen, HF_E_API_MISUSE},
        {HF_OP_CHOOSE_CONFIG, choose_a_client, HF_E_API_MISUSE},
    };
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct answerer a = {.answer = answer_wrongly};
        make_external(RUN_FULL);
        wrong_kind = wrongs[i].kind;
        wrong_answer = wrongs[i].answer;
        begin(&a);
        assert_false(finish(&a));
        const hf_error *client = hf_conn_error(a.pair->client.conn);
        const hf_error *server = hf_conn_error(a.pair->server.conn);
        const bool is_client = server->code == HF_E_ALERT_RECEIVED;
        const hf_error *first = is_client ? client : server;
        const hf_error *second = is_client ? server : client;
        if (first->code != wrongs[i].code || second->code != HF_E_ALERT_RECEIVED ||
            second->alert != hf_err_lookup(wrongs[i].code)->alert) {
            fail_msg("answer %zu: %s", i, run_describe(a.pair));
        }
        pair_free(a.pair);
        run_clear(&run);
    }
}

/* --- Another configuration ----------------------------------------------------------------------
 */

static hf_config *other_config;

static void choose_other(struct answerer *a, hf_op *op)
{
    (void)a;
    if (op->kind == HF_OP_CHOOSE_CONFIG) {
        assert_int_equal(op->u.choose_config.client_hello.data[0], MSG_CLIENT_HELLO);
        assert_int_equal(op->u.choose_config.server_name.len, strlen("server.example"));
        assert_int_equal(op->u.choose_config.alpn_count, 2);
        op->u.choose_config.config = hf_config_ref(other_config);
        hf_op_finish(op, HF_OK);
    } else {
        pair_answer(op);
    }
}

static void another_configuration_is_chosen(void **state)
{
    (void)state;
    struct answerer a = {.answer = choose_other};
    make_external(RUN_FULL);
    other_config = pair_server_config(run_server_pki());
    run_set(hf_config_set_ciphers(other_config, "TLS_AES_256_GCM_SHA384"));
    run_set(hf_config_set_alpn(other_config, "h2"));
    (void)pair_freeze(other_config);
    begin(&a);
    assert_true(finish(&a));
    hf_conn_info info;
    hf_conn_describe(a.pair->client.conn, &info);
    assert_string_equal(info.cipher_suite_name, "TLS_AES_256_GCM_SHA384");
    assert_memory_equal(info.alpn.data, "h2", 2);
    /* The connection holds a reference of its own. */
    hf_config_free(other_config);
    assert_true(pair_send(a.pair, &a.pair->server, "b", 1));
    pair_free(a.pair);
}

/* --- Never answered -----------------------------------------------------------------------------
 */

static bool leave_chosen_open(void *ctx, hf_op *op)
{
    struct answerer *a = ctx;
    if (a->total == a->chosen) {
        return false;
    }
    a->total++;
    pair_answer(op);
    return true;
}

static bool answer_chosen_unheard(void *ctx, hf_op *op)
{
    struct answerer *a = ctx;
    if (a->total == a->chosen) {
        if (!op->finished) {
            pair_answer(op);
        }
        return false; /* so that nobody drives on */
    }
    a->total++;
    pair_answer(op);
    return true;
}

enum ending { FREED, ABORTED, EOF_CAME, CLOSED, ENDING_COUNT };

static void end_with_open_op(struct pair *p, enum ending ending)
{
    hf_conn *conn = hf_conn_op(p->client.conn) != NULL ? p->client.conn : p->server.conn;
    switch (ending) {
    case ABORTED:
        assert_int_equal(hf_conn_abort(conn, HF_ALERT_user_canceled), HF_FAILED);
        assert_null(hf_conn_op(conn));
        break;
    case EOF_CAME:
        assert_int_equal(hf_conn_recv_eof(conn), HF_FAILED);
        assert_null(hf_conn_op(conn));
        break;
    case CLOSED: {
        /* RFC 9846, 6.1: to close a handshake is to cancel it; where data may be sent already, the
         * ticket that is asked for goes nowhere. */
        const bool is_canceled = !hf_conn_can_send(conn);
        assert_int_equal(hf_conn_close(conn), HF_OK);
        assert_true(!is_canceled || hf_conn_op(conn) == NULL);
        break;
    }
    case FREED:
    case ENDING_COUNT:
        break;
    }
    pair_free(p);
}

/* The connection ends in each of the ways while the n-th operation is open, or answered and not
 * heard. */
static void ended_while_open(void **state)
{
    (void)state;
    bool (*const ways[])(void *ctx, hf_op *op) = {leave_chosen_open, answer_chosen_unheard};
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        if (run_is_post((enum run_kind)kind)) {
            continue;
        }
        struct answerer count = {.answer = answer_at_once};
        make_external((enum run_kind)kind);
        begin(&count);
        must_finish(&count);
        for (size_t n = 0; n < count.total * 2 * ENDING_COUNT; n++) {
            struct answerer a = {.chosen = n / 2 / ENDING_COUNT};
            struct pair *p =
                run_start(&run, &(struct pair_options){.on_op = ways[n % 2], .ctx = &a});
            assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
            pair_settle(p);
            /* One that was answered may have been heard by what came in. */
            const bool is_open =
                hf_conn_op(p->client.conn) != NULL || hf_conn_op(p->server.conn) != NULL;
            assert_true(is_open || n % 2 == 1);
            end_with_open_op(p, (enum ending)(n / 2 % ENDING_COUNT));
        }
        run_clear(&run);
    }
}

/* --- A stop between two messages ----------------------------------------------------------------
 */

/* The peer's whole flight in one record, and each operation in it open for a while: the record is
 * taken once, and what it holds is dealt with without hearing anything more. */
static void stop_between_messages(enum run_kind kind, hf_role role, uint8_t first)
{
    static uint8_t flight[REC_MAX_PLAIN];
    struct stage s;
    run_make(&run, kind);
    stage_begin(&s, &run, role);
    const struct tape_message *m = stage_next(&s);
    while (m->type != first) {
        assert_true(stage_step(&s));
        m = stage_next(&s);
    }
    size_t len = 0;
    for (; m != NULL; m = stage_next(&s)) {
        memcpy(flight + len, m->data, m->len);
        len += m->len;
        stage_skip(&s);
    }
    /* From here on the target's operations are the test's: as an open operation is a state of its
     * own, nothing else knows whether anybody outside answers. */
    hf_conn *conn = s.target->conn;
    struct hf_config *config = (struct hf_config *)(uintptr_t)conn->config;
    config->external_ops = ALL_OPS;
    struct rec_keys keys = conn->read;
    static uint8_t record[REC_MAX];
    hf_error error = {.code = HF_E_NONE};
    hf_received got;
    const struct rec_seal_args args = {REC_HANDSHAKE, 0x0303, flight, len, 0};
    const size_t record_len = rec_sealed_len(&keys, len, 0);
    assert_int_equal(rec_seal(&keys, &args, record, &error), HF_OK);
    assert_int_equal(hf_conn_recv(conn, record, record_len, &got), HF_NEED_OP);
    assert_int_equal(got.consumed, record_len);
    size_t stops = 0;
    for (; hf_conn_op(conn) != NULL; stops++) {
        hf_op *op = hf_conn_op(conn);
        must_be_stopped(conn, op);
        must_be_stopped(conn, op);
        pair_answer(op);
        const hf_status status = hf_conn_drive(conn);
        assert_true(status == HF_NEED_OP || status == HF_OK || status == HF_NEED_INPUT);
    }
    assert_true(stops >= 2);
    assert_true(hf_conn_is_connected(conn));
    assert_true(stage_finish(&s));
    stage_end(&s);
    run_clear(&run);
}

static void messages_behind_a_stop_are_kept(void **state)
{
    (void)state;
    stop_between_messages(RUN_FULL, HF_CLIENT, MSG_ENCRYPTED_EXTENSIONS);
    stop_between_messages(RUN_MUTUAL, HF_CLIENT, MSG_ENCRYPTED_EXTENSIONS);
    stop_between_messages(RUN_FULL, HF_CLIENT, MSG_CERTIFICATE);
    stop_between_messages(RUN_MUTUAL, HF_SERVER, MSG_CERTIFICATE);
    stop_between_messages(RUN_COMPRESSED, HF_SERVER, MSG_COMPRESSED_CERTIFICATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(answered_at_once_and_late),       RUN_TEST(each_kind_alone),
        RUN_TEST(answered_on_another_thread),      RUN_TEST(refused),
        RUN_TEST(refused_with_an_alert),           RUN_TEST(answered_wrongly),
        RUN_TEST(another_configuration_is_chosen), RUN_TEST(ended_while_open),
        RUN_TEST(messages_behind_a_stop_are_kept),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

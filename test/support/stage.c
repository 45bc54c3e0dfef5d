#include "support/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "record/record.h"

/* --- Life ------------------------------------------------------------------------------------- */

void stage_begin(struct stage *s, struct run *run, hf_role role)
{
    *s = (struct stage){.run = run, .role = role};
    tape_begin(&s->tape);
    s->pair = run_start(run, &(struct pair_options){.client_trace = &s->tape.trace,
                                                    .server_trace = &s->tape.trace});
    assert_non_null(s->pair);
    s->target = role == HF_CLIENT ? &s->pair->client : &s->pair->server;
    s->peer = pair_other(s->pair, s->target);
    assert_int_equal(hf_conn_drive(s->pair->client.conn), HF_NEED_INPUT);
    stage_pump(s);
}

void stage_end(struct stage *s)
{
    pair_free(s->pair);
    tape_end(&s->tape);
}

/* --- The peer --------------------------------------------------------------------------------- */

/* The server asks once for a certificate where the kind of run wants it. */
static void ask_certificate(struct stage *s)
{
    if (s->asked || !run_is_post(s->run->kind) || !hf_conn_is_connected(s->pair->client.conn) ||
        !hf_conn_is_connected(s->pair->server.conn)) {
        return;
    }
    s->asked = true;
    assert_int_equal(hf_conn_request_certificate(s->pair->server.conn), HF_OK);
}

void stage_pump(struct stage *s)
{
    ask_certificate(s);
    /* Nothing waits for the target itself: this only carries its output over. */
    (void)pair_pump_end(s->pair, s->target);
    while (pair_pump_end(s->pair, s->peer)) {
    }
    /* What the peer sealed is dropped; its messages are on the tape. */
    pipe_drop(&s->target->in, s->target->in.len);
}

const struct tape_message *stage_next(struct stage *s)
{
    while (s->next < s->tape.count && s->tape.message[s->next].from == s->role) {
        s->next++;
    }
    return s->next < s->tape.count ? &s->tape.message[s->next] : NULL;
}

void stage_skip(struct stage *s)
{
    assert_non_null(stage_next(s));
    s->next++;
}

bool stage_step(struct stage *s)
{
    stage_pump(s);
    const struct tape_message *m = stage_next(s);
    if (m == NULL || s->target->conn->failed) {
        return false;
    }
    if (hs_rows[stage_state(s)].stop == STOP_CCS) {
        return stage_plain(s, REC_CHANGE_CIPHER_SPEC, span_of("\x01", 1)) != HF_FAILED;
    }
    s->next++;
    if (stage_record(s, REC_HANDSHAKE, span_of(m->data, m->len)) == HF_FAILED) {
        return false;
    }
    stage_pump(s);
    return true;
}

void stage_change_keys(struct stage *s)
{
    if (!s->target->conn->failed && hs_rows[stage_state(s)].stop == STOP_CCS) {
        assert_int_not_equal(stage_plain(s, REC_CHANGE_CIPHER_SPEC, span_of("\x01", 1)), HF_FAILED);
    }
}

bool stage_finish(struct stage *s)
{
    while (stage_step(s)) {
    }
    hf_conn_info client;
    hf_conn_info server;
    hf_conn_describe(s->pair->client.conn, &client);
    hf_conn_describe(s->pair->server.conn, &server);
    return client.connected && server.connected && !client.post_auth_pending &&
           !server.post_auth_pending;
}

/* --- The target ------------------------------------------------------------------------------- */

enum hs_state stage_state(const struct stage *s)
{
    const hf_conn *conn = s->target->conn;
    if (conn->failed) {
        return HS_STATE_COUNT;
    }
    return conn->hs == NULL ? HS_CONNECTED : conn->hs->state;
}

hf_status stage_raw(struct stage *s, hf_span bytes)
{
    hf_conn *conn = s->target->conn;
    uint8_t *exact = malloc(bytes.len);
    assert_non_null(exact);
    memcpy(exact, bytes.data, bytes.len);
    hf_status status = hf_conn_recv(conn, exact, bytes.len, &s->got);
    if (status == HF_OK || status == HF_NEED_OP) {
        assert_int_equal(s->got.consumed, bytes.len);
    }
    while (status == HF_NEED_OP) {
        pair_answer(hf_conn_op(conn));
        status = hf_conn_drive(conn);
    }
    free(exact);
    return status;
}

static hf_status seal_and_give(struct stage *s, struct rec_keys *keys, uint8_t type,
                               hf_span content)
{
    const struct rec_seal_args args = {type, 0x0303, content.data, content.len, 0};
    const size_t len = rec_sealed_len(keys, content.len, 0);
    uint8_t *record = malloc(len);
    hf_error error = {.code = HF_E_NONE};
    assert_non_null(record);
    assert_int_equal(rec_seal(keys, &args, record, &error), HF_OK);
    hf_status status = stage_raw(s, span_of(record, len));
    free(record);
    return status;
}

hf_status stage_record(struct stage *s, uint8_t type, hf_span content)
{
    hf_status status;
    do {
        /* A copy: the target's own sequence moves when it opens the record. */
        struct rec_keys keys = s->target->conn->read;
        const size_t most = conn_limit_in(s->target->conn);
        const size_t n = type == REC_HANDSHAKE && content.len > most ? most : content.len;
        status = seal_and_give(s, &keys, type, span_of(content.data, n));
        content = span_of(content.data + n, content.len - n);
    } while (content.len > 0 && status != HF_FAILED);
    return status;
}

hf_status stage_plain(struct stage *s, uint8_t type, hf_span content)
{
    struct rec_keys none = {.aead = NULL};
    return seal_and_give(s, &none, type, content);
}

/* --- Judging ---------------------------------------------------------------------------------- */

void stage_must_fail(struct stage *s, hf_err code, const char *state)
{
    const hf_error *e = hf_conn_error(s->target->conn);
    if (!s->target->conn->failed || e->code != code) {
        fail_msg("expected %s: %s", hf_err_lookup(code)->name, run_describe(s->pair));
    }
    if (state != NULL) {
        assert_string_equal(e->state, state);
    }
    const hf_alert alert = hf_err_lookup(code)->alert;
    assert_int_equal(e->alert, alert);
    (void)pair_pump_end(s->pair, s->target);
    (void)pair_pump_end(s->pair, s->peer);
    if (alert == HF_ALERT_none) {
        return;
    }
    assert_int_equal(s->tape.alert_sent[s->role], alert);
    const hf_error *told = hf_conn_error(s->peer->conn);
    if (told->code != HF_E_ALERT_RECEIVED || told->alert != alert) {
        fail_msg("the peer was not told of %s: %s", hf_err_lookup(code)->name,
                 run_describe(s->pair));
    }
}

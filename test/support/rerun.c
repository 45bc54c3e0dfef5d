#include "support/rerun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- Recording -------------------------------------------------------------------------------- */

/* Keeps what has been put into the pipe since the last time. */
static void keep(struct recorded *to, const struct pair_pipe *pipe)
{
    const size_t n = (size_t)pipe->total - to->len;
    if (n == 0) {
        return;
    }
    assert_true(n <= pipe->len);
    to->data = realloc(to->data, to->len + n);
    assert_non_null(to->data);
    memcpy(to->data + to->len, pipe->data + pipe->len - n, n);
    to->len += n;
}

static void settle(struct recording *rec, struct pair *p)
{
    bool moved;
    do {
        moved = pair_pump_end(p, &p->client);
        keep(&rec->to[HF_SERVER], &p->server.in);
        moved = pair_pump_end(p, &p->server) || moved;
        keep(&rec->to[HF_CLIENT], &p->client.in);
    } while (moved);
}

void recording_make(struct recording *rec, struct run *run)
{
    *rec = (struct recording){.to = {{NULL, 0}, {NULL, 0}}};
    struct pair *p = run_start(run, NULL);
    assert_non_null(p);
    assert_int_not_equal(hf_conn_drive(p->client.conn), HF_FAILED);
    settle(rec, p);
    if (run_is_post(run->kind)) {
        assert_int_equal(hf_conn_request_certificate(p->server.conn), HF_OK);
        settle(rec, p);
    }
    assert_true(hf_conn_is_connected(p->client.conn) && hf_conn_is_connected(p->server.conn));
    pair_free(p);
}

void recording_free(struct recording *rec)
{
    free(rec->to[HF_CLIENT].data);
    free(rec->to[HF_SERVER].data);
}

/* --- Hearing again ---------------------------------------------------------------------------- */

/* What the end says is known from the recording; it must go all the same, as it does in life. */
static void flush(struct rerun *r)
{
    static uint8_t room[65536];
    hf_buf out = {room, sizeof room, 0};
    assert_int_equal(hf_conn_flush(r->conn, &out), HF_OK);
}

static void answer_ops(struct rerun *r)
{
    while (r->status == HF_NEED_OP) {
        pair_answer(hf_conn_op(r->conn));
        r->status = hf_conn_drive(r->conn);
    }
}

void rerun_begin(struct rerun *r, struct run *run, hf_role role)
{
    *r = (struct rerun){.run = run, .role = role};
    r->conn = run_start_end(run, role, NULL);
    assert_non_null(r->conn);
    r->status = hf_conn_drive(r->conn);
    answer_ops(r);
    assert_int_equal(r->status, HF_NEED_INPUT);
    flush(r);
}

void rerun_end(struct rerun *r)
{
    hf_conn_free(r->conn);
    free(r->waiting.data);
}

static void ask_certificate(struct rerun *r)
{
    if (r->role == HF_SERVER && !r->asked && run_is_post(r->run->kind) &&
        hf_conn_is_connected(r->conn)) {
        r->asked = true;
        assert_int_equal(hf_conn_request_certificate(r->conn), HF_OK);
    }
}

/* One call with all that waits. False: nothing more can be done with it. */
static bool receive(struct rerun *r)
{
    struct pair_pipe *w = &r->waiting;
    uint8_t *exact = malloc(w->len);
    hf_received got;
    assert_non_null(exact);
    memcpy(exact, w->data, w->len);
    r->status = hf_conn_recv(r->conn, exact, w->len, &got);
    if (r->status == HF_NEED_INPUT) {
        assert_int_equal(got.consumed, 0);
        assert_true(got.want > w->len);
        assert_memory_equal(exact, w->data, w->len);
    }
    free(exact);
    pipe_drop(w, got.consumed);
    answer_ops(r);
    ask_certificate(r);
    flush(r);
    return r->status != HF_FAILED && got.consumed > 0 && w->len > 0;
}

void rerun_feed(struct rerun *r, const uint8_t *data, size_t len)
{
    pipe_put(&r->waiting, data, len);
    while (r->waiting.len > 0 && receive(r)) {
    }
}

bool rerun_is_done(const struct rerun *r)
{
    hf_conn_info info;
    hf_conn_describe(r->conn, &info);
    const bool has_asked = r->role == HF_CLIENT || r->asked == run_is_post(r->run->kind);
    return info.connected && !info.post_auth_pending && has_asked && r->waiting.len == 0;
}

void rerun_eof(struct rerun *r)
{
    if (r->status != HF_FAILED) {
        r->status = hf_conn_recv_eof(r->conn);
    }
}

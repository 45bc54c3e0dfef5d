/* Drives one TLS connection over one TCP connection.
 *
 * Invariants:
 *  - Every way in (a callback of libuv, a call of the owner) is bracketed by enter and leave. The
 *    outermost leave settles: what waits goes out, what was kept is worked on, endings are carried
 *    out, reading and the clock are set.
 *  - Bytes that were read but not yet decrypted are in `kept`, or nowhere. Reading goes on only
 *    while kept holds no whole record, so kept_len <= HUB_KEPT_MAX then.
 *  - `over` is told exactly once, before `gone`; nothing but `gone` is told after it.
 *  - After `closing` nothing is read, written or told but `gone`.
 *  - While `asked` nothing is delivered to the engine; what was read waits in `kept`.
 */
#include "io/link.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "io/link_int.h"

static void settle(struct link *l);
static bool work_on_kept(struct link *l);
static void deliver(struct link *l, uint8_t *bytes, size_t len);
static bool take_record(struct link *l, uint8_t *at, const hf_received *got);
static bool shakes_too_long(struct link *l, const uint8_t *record, size_t len);
static void note_connected(struct link *l);
static void ask_owner(struct link *l);
static void keep(struct link *l, const uint8_t *bytes, size_t len);
static bool may_deliver(const struct link *l);
static void read_on(struct link *l);
static void end_if_done(struct link *l);
static void arm(struct link *l);
static void tell_over(struct link *l, enum link_end end);
static bool still_sends(struct link *l, uint64_t now);
static void destroy(struct link *l);
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);
static void on_stream_end(struct link *l, int status);
static void on_shutdown(uv_shutdown_t *request, int status);
static void on_timer(uv_timer_t *timer);
static void on_closed(uv_handle_t *handle);

struct link *link_open(struct hub *hub, uv_tcp_t *tcp, hf_conn *conn,
                       const struct link_limits *limits, const struct link_owner *owner, void *ctx)
{
    struct link *l = calloc(1, sizeof *l);
    if (l == NULL || uv_timer_init(hub->loop, &l->timer) != 0) {
        free(l);
        hf_conn_free(conn);
        hub_discard(tcp);
        return NULL;
    }
    l->hub = hub;
    l->conn = conn;
    l->tcp = tcp;
    l->owner = owner;
    l->ctx = ctx;
    l->limits = *limits;
    l->handles = 2;
    tcp->data = l;
    l->timer.data = l;
    (void)uv_tcp_nodelay(tcp, 1);
    l->last_ms = uv_now(hub->loop);
    l->deadline_ms = limits->handshake_ms == 0 ? 0 : l->last_ms + limits->handshake_ms;
    link_enter(l);
    l->start_failed = hf_conn_drive(conn) == HF_FAILED;
    if (l->start_failed) {
        /* The owner hears of it from the timer: it does not know the link yet. */
        l->deadline_ms = l->last_ms;
    }
    link_leave(l);
    return l;
}

hf_conn *link_conn(const struct link *link)
{
    return link->conn;
}

int link_errno(const struct link *link)
{
    return link->error;
}

uint64_t link_bytes_in(const struct link *link)
{
    return link->in;
}

uint64_t link_bytes_out(const struct link *link)
{
    return link->out;
}

bool link_is_congested(const struct link *link)
{
    return link->congested;
}

void link_hold(struct link *link, bool held)
{
    if (link->closing || link->held == held) {
        return;
    }
    link_enter(link);
    link->held = held;
    link_leave(link);
}

void link_continue(struct link *link)
{
    if (link->closing || !link->asked) {
        return;
    }
    link_enter(link);
    link->asked = false;
    hf_status status = HF_NEED_OP;
    while (status == HF_NEED_OP && !link->asked && !link->closing) {
        status = hf_conn_drive(link->conn);
        if (status == HF_NEED_OP) {
            ask_owner(link);
        }
    }
    if (status == HF_FAILED) {
        link_fail(link, LINK_FAILED);
    } else {
        note_connected(link);
    }
    link_leave(link);
}

void link_close_sending(struct link *link)
{
    if (link->closing) {
        return;
    }
    link_enter(link);
    (void)hf_conn_close(link->conn);
    link_leave(link);
}

void link_finish(struct link *link)
{
    if (link->closing || link->finishing || link->failed) {
        return;
    }
    link_enter(link);
    link->finishing = true;
    link->discarding = true;
    (void)hf_conn_close(link->conn);
    link->deadline_ms = uv_now(link->hub->loop) + link->limits.linger_ms;
    link->unsent = SIZE_MAX;
    link->unsent_ms = link->last_ms;
    link_leave(link);
}

bool link_is_quiet(const struct link *link, uint64_t ms)
{
    return link->queued == 0 && link->kept_len == 0 &&
           uv_now(link->hub->loop) >= link->last_ms + ms;
}

void link_drop(struct link *link)
{
    if (link->closing) {
        return;
    }
    link_enter(link);
    tell_over(link, LINK_DROPPED);
    if (!link->failed && !link->finishing) {
        /* A last word, if the socket takes it at once: so the peer knows that nobody cut us off. */
        (void)(link->connected ? hf_conn_close(link->conn)
                               : hf_conn_abort(link->conn, HF_ALERT_user_canceled));
        link_push(link);
        link_commit(link);
    }
    destroy(link);
    link_leave(link);
}

void link_deadline(struct link *link, uint64_t ms)
{
    if (link->closing || link->finishing || link->failed) {
        return;
    }
    link_enter(link);
    link->deadline_ms = ms == 0 ? 0 : uv_now(link->hub->loop) + ms;
    link_leave(link);
}

/* --- The bracket ----------------------------------------------------------------------------- */

void link_enter(struct link *l)
{
    l->depth++;
}

void link_leave(struct link *l)
{
    if (l->depth == 1) {
        settle(l);
    }
    l->depth--;
}

static void settle(struct link *l)
{
    do {
        link_push(l);
        link_commit(l);
        if (l->congested && l->queued <= LINK_QUEUE_LOW && !l->closing) {
            l->congested = false;
            if (l->owner->drained != NULL && !l->told_over) {
                l->owner->drained(l->ctx);
            }
        }
    } while (work_on_kept(l));
    link_push(l);
    link_commit(l);
    end_if_done(l);
    read_on(l);
    arm(l);
}

/* --- In -------------------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct link *l = handle->data;
    (void)suggested;
    assert(l->kept_len <= HUB_KEPT_MAX);
    *buf = uv_buf_init((char *)l->hub->in + l->kept_len, (unsigned)(HUB_IN - l->kept_len));
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct link *l = stream->data;
    (void)buf; /* behind what was kept, in the hub's buffer */
    if (nread == 0) {
        return;
    }
    link_enter(l);
    if (nread < 0) {
        on_stream_end(l, (int)nread);
    } else {
        l->in += (uint64_t)nread;
        l->last_ms = uv_now(l->hub->loop);
        hf_conn_set_time(l->conn, hub_wall_ms(l->hub));
        const size_t len = l->kept_len + (size_t)nread;
        if (l->kept_len > 0) {
            memcpy(l->hub->in, l->kept, l->kept_len);
        }
        deliver(l, l->hub->in, len);
    }
    link_leave(l);
}

static void on_stream_end(struct link *l, int status)
{
    l->stream_ended = true;
    if (l->discarding) {
        return;
    }
    if (hf_conn_recv_eof(l->conn) == HF_CLOSED) {
        if (l->owner->stream_ended != NULL) {
            l->owner->stream_ended(l->ctx);
        }
        return;
    }
    if (status != UV_EOF && l->error == 0) {
        l->error = status;
    }
    link_fail(l, LINK_FAILED);
}

/* Delivers what was held back, once that may go on. */
static bool work_on_kept(struct link *l)
{
    if (!l->kept_whole || !may_deliver(l)) {
        return false;
    }
    const size_t len = l->kept_len;
    memcpy(l->hub->in, l->kept, len);
    l->kept_whole = false;
    deliver(l, l->hub->in, len);
    return true;
}

/* Takes record after record from bytes (in the hub's buffer); the rest is kept. */
static void deliver(struct link *l, uint8_t *bytes, size_t len)
{
    size_t at = 0;
    bool starved = false;
    while (at < len && !starved && may_deliver(l) && !shakes_too_long(l, bytes + at, len - at)) {
        hf_received got = {0};
        const hf_status status = hf_conn_recv(l->conn, bytes + at, len - at, &got);
        if (status == HF_NEED_INPUT) {
            starved = true;
        } else if (status == HF_OK || (status == HF_CLOSED && got.consumed > 0)) {
            starved = !take_record(l, bytes + at, &got);
            at += got.consumed;
        } else if (status == HF_NEED_OP) {
            at += got.consumed;
            ask_owner(l);
        } else {
            at = len; /* closed: nothing counts any more; failed: nothing is believed any more */
            if (status != HF_CLOSED) {
                link_fail(l, LINK_FAILED);
            }
        }
        l->shaken_bytes += l->connected || got.kind == HF_GOT_EARLY_DATA ? 0 : got.consumed;
    }
    at = l->discarding ? len : at;
    l->kept_whole = !starved && at < len;
    keep(l, bytes + at, len - at);
}

/* Whoever says more than a handshake needs is not listened to any longer. Judged before the engine
 * works on the record; but one of application_data may be early data, which is told afterwards. */
static bool shakes_too_long(struct link *l, const uint8_t *record, size_t len)
{
    enum { APPLICATION_DATA = 23 };
    if (l->connected || l->limits.handshake_bytes == 0 || len < HF_RECORD_HEAD) {
        return false;
    }
    const size_t whole = HF_RECORD_HEAD + ((size_t)record[3] << 8 | record[4]);
    const size_t more = record[0] == APPLICATION_DATA ? 0 : whole;
    if (l->shaken_bytes + more <= l->limits.handshake_bytes) {
        return false;
    }
    (void)hf_conn_abort(l->conn, HF_ALERT_handshake_failure);
    link_fail(l, LINK_HANDSHAKE_TOO_LONG);
    return true;
}

/* The effects of one record. Returns false when the engine took nothing, so that the loop ends. */
static bool take_record(struct link *l, uint8_t *at, const hf_received *got)
{
    note_connected(l);
    if ((got->kind == HF_GOT_DATA || got->kind == HF_GOT_EARLY_DATA) && !l->discarding &&
        l->owner->data != NULL) {
        l->record = at;
        l->record_end = at + got->consumed;
        l->owner->data(l->ctx, got->data, got->len);
        l->record = NULL;
        l->record_end = NULL;
    } else if (got->kind == HF_GOT_CLOSE && !l->peer_closed) {
        l->peer_closed = true;
        if (l->owner->peer_closed != NULL && !l->discarding) {
            l->owner->peer_closed(l->ctx);
        }
    }
    return got->consumed > 0;
}

static void note_connected(struct link *l)
{
    if (l->connected || !hf_conn_is_connected(l->conn)) {
        return;
    }
    l->connected = true;
    l->deadline_ms = 0;
    if (l->owner->connected != NULL) {
        l->owner->connected(l->ctx);
    }
}

/* The engine waits for an answer of the owner, who gives it at once or later. */
static void ask_owner(struct link *l)
{
    l->owner->op(l->ctx, hf_conn_op(l->conn));
    const hf_op *op = l->closing ? NULL : hf_conn_op(l->conn);
    l->asked = op != NULL && !op->finished;
}

static void keep(struct link *l, const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        free(l->kept);
        l->kept = NULL;
        l->kept_len = 0;
        return;
    }
    uint8_t *block = realloc(l->kept, len);
    if (block == NULL) {
        l->error = UV_ENOMEM;
        link_fail(l, LINK_NETWORK);
        return;
    }
    memcpy(block, bytes, len);
    l->kept = block;
    l->kept_len = len;
}

static bool may_deliver(const struct link *l)
{
    return !l->held && !l->asked && (!l->congested || l->limits.duplex) && !l->discarding &&
           !l->closing;
}

/* Reads from the socket, or not, as the state asks. */
static void read_on(struct link *l)
{
    const bool wanted = !l->closing && !l->stream_ended && !l->start_failed &&
                        (l->discarding || (may_deliver(l) && !l->kept_whole));
    if (wanted == l->reading) {
        return;
    }
    l->reading = wanted;
    if (!wanted) {
        if (!l->closing) {
            (void)uv_read_stop((uv_stream_t *)l->tcp);
        }
    } else if (uv_read_start((uv_stream_t *)l->tcp, on_alloc, on_read) != 0) {
        l->reading = false;
        l->stream_ended = true;
    }
}

/* --- Ends and times -------------------------------------------------------------------------- */

void link_fail(struct link *l, enum link_end end)
{
    if (l->failed) {
        return;
    }
    l->failed = true;
    l->discarding = true;
    l->deadline_ms = uv_now(l->hub->loop) + l->limits.linger_ms;
    tell_over(l, end);
}

static void tell_over(struct link *l, enum link_end end)
{
    if (l->told_over) {
        return;
    }
    l->told_over = true;
    l->end = end;
    if (l->owner->over != NULL) {
        l->owner->over(l->ctx, end);
    }
}

static void end_if_done(struct link *l)
{
    if (l->closing || (!l->failed && !l->finishing)) {
        return;
    }
    const bool all_sent = l->queued == 0 || l->write_broken;
    if (all_sent && !l->shutting && !l->write_broken && !l->stream_ended) {
        uv_shutdown_t *request = malloc(sizeof *request);
        l->shutting =
            request != NULL && uv_shutdown(request, (uv_stream_t *)l->tcp, on_shutdown) == 0;
        if (!l->shutting) {
            free(request);
            l->shut = true;
        }
    }
    const bool peer_done =
        l->stream_ended || l->limits.linger_ms == 0 || (l->finishing && l->peer_closed && l->shut);
    if (all_sent && (l->write_broken || l->shut || l->stream_ended) && peer_done) {
        destroy(l);
    }
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct link *l = request->handle->data;
    (void)status;
    free(request);
    if (l->closing) {
        return;
    }
    link_enter(l);
    l->shut = true;
    link_leave(l);
}

/* The timer fires at the earliest thing that may be due, and looks again then: bytes that move do
 * not touch it. */
static void arm(struct link *l)
{
    if (l->closing) {
        return;
    }
    uint64_t due = l->deadline_ms;
    if (l->connected && l->limits.idle_ms != 0 && !l->failed && !l->finishing) {
        const uint64_t idle = l->last_ms + l->limits.idle_ms;
        due = due == 0 || idle < due ? idle : due;
    }
    if (due == 0 || (l->armed_ms != 0 && l->armed_ms <= due)) {
        return;
    }
    const uint64_t now = uv_now(l->hub->loop);
    l->armed_ms = due;
    (void)uv_timer_start(&l->timer, on_timer, due > now ? due - now : 0, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct link *l = timer->data;
    const uint64_t now = uv_now(l->hub->loop);
    link_enter(l);
    l->armed_ms = 0;
    const bool late = l->deadline_ms != 0 && now >= l->deadline_ms;
    if (l->start_failed) {
        l->start_failed = false;
        link_fail(l, LINK_FAILED);
    } else if (late && still_sends(l, now)) {
        l->deadline_ms = now + l->limits.linger_ms;
    } else if (late && (l->failed || l->finishing)) {
        destroy(l);
    } else if (late && l->write_broken) {
        tell_over(l, LINK_NETWORK);
        destroy(l);
    } else if (late && !l->connected) {
        tell_over(l, LINK_HANDSHAKE_TIMEOUT);
        destroy(l);
    } else if (late ||
               (l->connected && l->limits.idle_ms != 0 && now >= l->last_ms + l->limits.idle_ms)) {
        tell_over(l, LINK_IDLE);
        link_finish(l);
    }
    link_leave(l);
}

/* Whether what was said before the end is still being taken, at whatever pace: not to be cut off
 * before nothing has moved for as long as a connection may be idle. */
static bool still_sends(struct link *l, uint64_t now)
{
    if (!l->finishing || l->failed || l->write_broken || l->queued == 0) {
        return false;
    }
    const size_t unsent = uv_stream_get_write_queue_size((uv_stream_t *)l->tcp);
    if (unsent != l->unsent) {
        l->unsent_ms = l->unsent == SIZE_MAX ? l->unsent_ms : now;
        l->unsent = unsent;
    }
    return now < l->unsent_ms + l->limits.idle_ms;
}

static void destroy(struct link *l)
{
    if (l->closing) {
        return;
    }
    tell_over(l, LINK_CLOSED);
    l->closing = true;
    l->hub->piece_count = 0;
    l->hub->out_len = 0;
    uv_close((uv_handle_t *)&l->timer, on_closed);
    uv_close((uv_handle_t *)l->tcp, on_closed);
}

static void on_closed(uv_handle_t *handle)
{
    struct link *l = handle->data;
    if (--l->handles > 0) {
        return;
    }
    hf_conn_free(l->conn); /* before the owner frees what it traces to */
    if (l->owner->gone != NULL) {
        l->owner->gone(l->ctx);
    }
    free(l->kept);
    free(l->tcp);
    free(l);
}

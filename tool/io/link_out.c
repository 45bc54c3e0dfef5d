/* The sending half of a link: sealing, and writing at the socket's pace.
 *
 * Invariant: between two callbacks the hub's pieces are empty; what the socket did not take at once
 * is in blocks on the heap, `queued` bytes in all.
 */
#include <stdlib.h>
#include <string.h>

#include "io/link_int.h"

enum {
    QUEUE_HIGH = 128 * 1024 /* bytes waiting for the socket above which nothing more is taken in */
};

/* What did not fit into the socket at once. */
struct block {
    uv_write_t request;
    struct link *link;
    size_t len;
    uint8_t bytes[];
};

typedef hf_status sealer(hf_conn *conn, hf_span data, hf_buf *out, size_t *taken);

static hf_status seal(struct link *l, hf_span data, sealer *how, size_t *total);
static void add_piece(struct link *l, uint8_t *bytes, size_t len);
static void queue_rest(struct link *l, size_t written);
static void on_written(uv_write_t *request, int status);
static void break_writing(struct link *l, int error);

bool link_send(struct link *link, hf_span data)
{
    size_t taken = 0;
    if (link->closing || link->failed || link->write_broken || !hf_conn_can_send(link->conn)) {
        return false;
    }
    return seal(link, data, hf_conn_send, &taken) == HF_OK;
}

size_t link_send_early(struct link *link, hf_span data)
{
    size_t taken = 0;
    if (!link->closing && !link->failed && !link->write_broken) {
        (void)seal(link, data, hf_conn_send_early, &taken);
    }
    return taken;
}

static hf_status seal(struct link *l, hf_span data, sealer *how, size_t *total)
{
    struct hub *hub = l->hub;
    hf_status status = HF_NEED_SPACE;
    link_enter(l);
    /* Room for the whole, so that it is not cut into more records than it needs. */
    if (HUB_OUT - hub->out_len < data.len + hf_conn_pending(l->conn) + 512) {
        link_commit(l);
    }
    for (;;) {
        hf_buf out = {hub->out, HUB_OUT, hub->out_len};
        size_t taken = 0;
        status = how(l->conn, data, &out, &taken);
        const size_t made = out.pos - hub->out_len;
        uint8_t *bytes = hub->out + hub->out_len;
        hub->out_len = out.pos;
        add_piece(l, bytes, made);
        data = (hf_span){data.data + taken, data.len - taken};
        *total += taken;
        if (status != HF_NEED_SPACE || (made == 0 && out.pos == 0)) {
            break;
        }
        link_commit(l);
    }
    if (status == HF_FAILED) {
        link_fail(l, LINK_FAILED);
    }
    link_leave(l);
    return status;
}

bool link_echo(struct link *link, uint8_t *data, size_t len)
{
    const bool in_place =
        !link->limits.pads && link->record != NULL && data - link->record >= HF_RECORD_HEAD &&
        link->record_end - (data + len) >= HF_RECORD_TAIL && len <= hf_conn_max_send(link->conn);
    if (!in_place || link->closing || link->failed || link->write_broken) {
        return link_send(link, (hf_span){data, len});
    }
    link_enter(link);
    size_t record_len = 0;
    hf_status status = HF_NEED_SPACE;
    /* The second time when sealing has found that new keys are due, which goes out first. */
    for (unsigned i = 0; i < 2 && status == HF_NEED_SPACE; i++) {
        link_push(link);
        status = hf_conn_seal(link->conn, data - HF_RECORD_HEAD, len, &record_len);
    }
    if (status == HF_OK) {
        add_piece(link, data - HF_RECORD_HEAD, record_len);
    } else if (status == HF_FAILED) {
        link_fail(link, LINK_FAILED);
    }
    link_leave(link);
    return status == HF_OK;
}

bool link_update_keys(struct link *link)
{
    if (link->closing) {
        return false;
    }
    link_enter(link);
    const bool done = hf_conn_update_keys(link->conn, true) == HF_OK;
    link_leave(link);
    return done;
}

/* Takes over what the engine wants to be sent: flights, alerts, close_notify. */
void link_push(struct link *l)
{
    struct hub *hub = l->hub;
    while (!l->closing && hf_conn_pending(l->conn) > 0) {
        hf_buf out = {hub->out, HUB_OUT, hub->out_len};
        const hf_status status = hf_conn_flush(l->conn, &out);
        const size_t made = out.pos - hub->out_len;
        uint8_t *bytes = hub->out + hub->out_len;
        hub->out_len = out.pos;
        add_piece(l, bytes, made);
        if (status != HF_NEED_SPACE || (made == 0 && out.pos == 0)) {
            break;
        }
        link_commit(l);
    }
}

/* Adds bytes, which lie in the hub's buffers, to what is to be written. */
static void add_piece(struct link *l, uint8_t *bytes, size_t len)
{
    struct hub *hub = l->hub;
    if (len == 0) {
        return;
    }
    l->out += len;
    uv_buf_t *last = hub->piece_count == 0 ? NULL : &hub->pieces[hub->piece_count - 1];
    if (last != NULL && (uint8_t *)last->base + last->len == bytes) {
        last->len += len;
        return;
    }
    hub->pieces[hub->piece_count++] = uv_buf_init((char *)bytes, (unsigned)len);
    if (hub->piece_count == HUB_PIECES) {
        link_commit(l);
    }
}

/* Writes the pieces: at once what the socket takes, the rest by way of a copy. */
void link_commit(struct link *l)
{
    struct hub *hub = l->hub;
    int written = 0;
    if (hub->piece_count > 0 && l->queued == 0 && !l->write_broken && !l->closing) {
        written = uv_try_write((uv_stream_t *)l->tcp, hub->pieces, hub->piece_count);
        if (written < 0 && written != UV_EAGAIN) {
            break_writing(l, written);
        }
        l->last_ms = uv_now(hub->loop);
    }
    if (hub->piece_count > 0 && !l->write_broken && !l->closing) {
        queue_rest(l, written > 0 ? (size_t)written : 0);
    }
    hub->piece_count = 0;
    hub->out_len = 0;
}

static void queue_rest(struct link *l, size_t written)
{
    const struct hub *hub = l->hub;
    size_t total = 0;
    for (unsigned i = 0; i < hub->piece_count; i++) {
        total += hub->pieces[i].len;
    }
    if (total == written) {
        return;
    }
    struct block *block = malloc(sizeof *block + total - written);
    if (block == NULL) {
        break_writing(l, UV_ENOMEM);
        return;
    }
    block->link = l;
    block->len = 0;
    for (unsigned i = 0; i < hub->piece_count; i++) {
        const size_t skip = written < hub->pieces[i].len ? written : hub->pieces[i].len;
        memcpy(block->bytes + block->len, hub->pieces[i].base + skip, hub->pieces[i].len - skip);
        block->len += hub->pieces[i].len - skip;
        written -= skip;
    }
    const uv_buf_t buf = uv_buf_init((char *)block->bytes, (unsigned)block->len);
    const int status = uv_write(&block->request, (uv_stream_t *)l->tcp, &buf, 1, on_written);
    if (status != 0) {
        free(block);
        break_writing(l, status);
        return;
    }
    l->queued += block->len;
    l->congested = l->congested || l->queued > QUEUE_HIGH;
}

static void on_written(uv_write_t *request, int status)
{
    struct block *block = (struct block *)request; /* its first member */
    struct link *l = block->link;
    const size_t len = block->len;
    free(block);
    if (l->closing) {
        return;
    }
    link_enter(l);
    l->queued -= len;
    l->last_ms = uv_now(l->hub->loop);
    if (l->finishing && l->queued == 0) {
        l->deadline_ms = l->last_ms + l->limits.linger_ms; /* now it is the peer's turn */
    }
    if (status < 0) {
        break_writing(l, status);
    }
    link_leave(l);
}

/* Nothing more can be sent. What the peer said before, perhaps an alert with the reason, may still
 * be read. */
static void break_writing(struct link *l, int error)
{
    l->write_broken = true;
    l->error = l->error == 0 ? error : l->error;
    if (!l->failed && !l->finishing) {
        l->deadline_ms = uv_now(l->hub->loop) + l->limits.linger_ms;
    }
}

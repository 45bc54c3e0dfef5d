/* Carries bytes late.
 *
 * Invariants: parcels of a direction leave in the order in which they came, each when it is due;
 * the end of a stream is a parcel without bytes. Nothing is read before both sides stand. The relay
 * is freed when it was closed and none of its handles is left (`handles` is 0); a parcel that is
 * being written belongs to libuv alone.
 */
#include "relay.h"

#include <stdlib.h>
#include <string.h>

#include "io/dial.h"
#include "io/hub.h"
#include "io/listener.h"
#include "setup.h"

enum { READ_MAX = 65536, CONNECT_MS = 10000 };

struct parcel {
    uv_write_t request; /* first: on_written gets it */
    struct parcel *next;
    uint64_t due_ms;
    size_t len; /* 0: the stream has ended */
    char bytes[];
};

struct direction {
    struct relay *relay;
    enum wire_way way;
    uv_tcp_t *from, *to;
    uv_timer_t timer;
    struct parcel *first, *last;
    bool shut; /* its last parcel has arrived */
};

struct relay {
    uv_loop_t *loop;
    struct listener *listener;
    struct dial *dial;
    struct address to;
    struct trouble *trouble;
    uint64_t delay_ms;
    struct wire *wire;
    uv_tcp_t *client, *server;
    struct direction direction[2];
    unsigned handles;
    bool closed;
    char room[READ_MAX];
};

static bool on_accept(void *ctx, uv_tcp_t *tcp, const struct sockaddr *peer);
static void on_dialled(void *ctx, const struct dial_result *result);
static void start(struct direction *d, uv_tcp_t *from, uv_tcp_t *to);
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);
static void post(struct direction *d, const char *bytes, size_t len);
static void on_due(uv_timer_t *timer);
static void deliver_due(struct direction *d);
static void deliver(struct direction *d, struct parcel *parcel);
static void on_written(uv_write_t *request, int status);
static void on_shut(uv_shutdown_t *request, int status);
static void end(struct direction *d);
static void close_tcp(struct relay *r, uv_tcp_t **tcp);
static void on_tcp_closed(uv_handle_t *handle);
static void on_timer_closed(uv_handle_t *handle);
static void release(struct relay *r);

struct relay *relay_open(uv_loop_t *loop, const struct address *to, uint64_t delay_ms,
                         struct wire *wire, struct trouble *trouble)
{
    struct address at;
    struct relay *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void)setup_no_memory(trouble);
        return NULL;
    }
    r->loop = loop;
    r->to = *to;
    r->trouble = trouble;
    r->delay_ms = delay_ms;
    r->wire = wire;
    (void)address_parse("", "127.0.0.1:0", &at, trouble);
    const struct listener_owner owner = {.accept = on_accept, .ctx = r};
    r->listener = listener_open(loop, &at, "127.0.0.1:0", &owner, trouble);
    if (r->listener == NULL) {
        free(r);
        return NULL;
    }
    for (size_t i = 0; i < 2; i++) {
        struct direction *d = &r->direction[i];
        d->relay = r;
        d->way = i == 0 ? WIRE_TO_SERVER : WIRE_TO_CLIENT;
        (void)uv_timer_init(loop, &d->timer);
        d->timer.data = d;
        r->handles++;
    }
    return r;
}

const char *relay_address(const struct relay *relay)
{
    return listener_address(relay->listener);
}

void relay_close(struct relay *relay)
{
    relay->closed = true;
    if (relay->dial != NULL) {
        dial_cancel(relay->dial);
        relay->dial = NULL;
    }
    listener_close(relay->listener);
    close_tcp(relay, &relay->client);
    close_tcp(relay, &relay->server);
    for (size_t i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&relay->direction[i].timer, on_timer_closed);
    }
}

/* The first connection alone; its other half is dialled before anything is read. */
static bool on_accept(void *ctx, uv_tcp_t *tcp, const struct sockaddr *peer)
{
    struct relay *r = ctx;
    (void)peer;
    const struct dial_plan plan = {&r->to, CONNECT_MS, r->trouble, on_dialled, r, 0, NULL};
    r->dial = r->client != NULL || r->closed ? NULL : dial_start(r->loop, &plan);
    if (r->dial == NULL) {
        hub_discard(tcp);
        return false;
    }
    r->client = tcp;
    r->handles++;
    return false;
}

static void on_dialled(void *ctx, const struct dial_result *result)
{
    struct relay *r = ctx;
    r->dial = NULL;
    if (result->tcp == NULL || r->closed || r->client == NULL) {
        if (result->tcp != NULL) {
            hub_discard(result->tcp);
        }
        close_tcp(r, &r->client);
        return;
    }
    r->server = result->tcp;
    r->handles++;
    (void)uv_tcp_nodelay(r->client, 1);
    (void)uv_tcp_nodelay(r->server, 1);
    start(&r->direction[0], r->client, r->server);
    start(&r->direction[1], r->server, r->client);
}

static void start(struct direction *d, uv_tcp_t *from, uv_tcp_t *to)
{
    d->from = from;
    d->to = to;
    from->data = d;
    (void)uv_read_start((uv_stream_t *)from, on_alloc, on_read);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    const struct direction *d = handle->data;
    (void)suggested;
    *buf = uv_buf_init(d->relay->room, READ_MAX);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct direction *d = stream->data;
    if (nread > 0) {
        wire_add(d->relay->wire, d->way, buf->base, (size_t)nread);
        post(d, buf->base, (size_t)nread);
    } else if (nread < 0) {
        (void)uv_read_stop(stream);
        post(d, NULL, 0);
    }
}

static void post(struct direction *d, const char *bytes, size_t len)
{
    struct parcel *parcel = malloc(sizeof *parcel + len);
    if (parcel == NULL) {
        (void)setup_no_memory(d->relay->trouble);
        return;
    }
    uv_update_time(d->relay->loop);
    parcel->next = NULL;
    parcel->due_ms = uv_now(d->relay->loop) + d->relay->delay_ms;
    parcel->len = len;
    if (len > 0) {
        memcpy(parcel->bytes, bytes, len);
    }
    if (d->last != NULL) {
        d->last->next = parcel;
    } else {
        d->first = parcel;
    }
    d->last = parcel;
    deliver_due(d);
}

static void on_due(uv_timer_t *timer)
{
    deliver_due(timer->data);
}

static void deliver_due(struct direction *d)
{
    const uint64_t now = uv_now(d->relay->loop);
    while (d->first != NULL && d->first->due_ms <= now) {
        struct parcel *parcel = d->first;
        d->first = parcel->next;
        d->last = d->first == NULL ? NULL : d->last;
        deliver(d, parcel);
    }
    if (d->first != NULL && !d->relay->closed) {
        (void)uv_timer_start(&d->timer, on_due, d->first->due_ms - now, 0);
    }
}

static void deliver(struct direction *d, struct parcel *parcel)
{
    struct relay *r = d->relay;
    const bool open = r->client != NULL && r->server != NULL;
    if (parcel->len > 0) {
        const uv_buf_t buf = uv_buf_init(parcel->bytes, (unsigned)parcel->len);
        if (!open || uv_write(&parcel->request, (uv_stream_t *)d->to, &buf, 1, on_written) != 0) {
            free(parcel);
        }
        return;
    }
    free(parcel);
    uv_shutdown_t *request = open ? malloc(sizeof *request) : NULL;
    if (request != NULL) {
        request->data = d;
    }
    if (request == NULL || uv_shutdown(request, (uv_stream_t *)d->to, on_shut) != 0) {
        free(request);
        end(d);
    }
}

static void on_written(uv_write_t *request, int status)
{
    (void)status; /* whoever does not read any more does not miss it */
    free(request);
}

static void on_shut(uv_shutdown_t *request, int status)
{
    struct direction *d = request->data;
    (void)status;
    free(request);
    end(d);
}

static void end(struct direction *d)
{
    struct relay *r = d->relay;
    d->shut = true;
    if (r->direction[0].shut && r->direction[1].shut) {
        close_tcp(r, &r->client);
        close_tcp(r, &r->server);
    }
}

static void close_tcp(struct relay *r, uv_tcp_t **tcp)
{
    if (*tcp != NULL) {
        (*tcp)->data = r;
        uv_close((uv_handle_t *)*tcp, on_tcp_closed);
        *tcp = NULL;
    }
}

static void on_tcp_closed(uv_handle_t *handle)
{
    struct relay *r = handle->data;
    free(handle);
    r->handles--;
    release(r);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct direction *d = handle->data;
    while (d->first != NULL) {
        struct parcel *next = d->first->next;
        free(d->first);
        d->first = next;
    }
    d->relay->handles--;
    release(d->relay);
}

static void release(struct relay *r)
{
    if (r->closed && r->handles == 0) {
        free(r);
    }
}

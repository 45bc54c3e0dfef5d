/* Resolves and connects.
 *
 * Invariants: once an attempt is the `winner` no other begins, and what others come to is of no
 * interest; each attempt is one tcp handle on the heap, ended by close unless it won; the dial is
 * freed when `done` was told and no callback of libuv can come any more (`pending` is 0). */
#include "io/dial.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "tool.h"

enum { ATTEMPTS_MAX = 16, ATTEMPT_DELAY_MS = 250 };

struct attempt {
    struct dial *dial;
    uv_tcp_t *tcp;
    uv_connect_t request;
    char address[ADDRESS_TEXT_MAX];
};

struct dial {
    uv_loop_t *loop;
    struct address to;
    struct trouble *trouble;
    void (*done)(void *ctx, const struct dial_result *result);
    void *ctx;
    uv_getaddrinfo_t resolver;
    uv_timer_t delay;   /* until the next address is tried */
    uv_timer_t timeout; /* of the whole */
    struct sockaddr_storage addresses[ATTEMPTS_MAX];
    size_t count, started, failed;
    struct attempt attempts[ATTEMPTS_MAX];
    struct text reasons;
    struct attempt *winner; /* NULL: nobody has answered */
    struct starttls starttls;
    char room[1024]; /* what is read in the clear */
    uint64_t began_ns, resolved_ns, connected_ns;
    unsigned pending;
    bool resolving, told;
};

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list);
static void take_addresses(struct dial *d, const struct addrinfo *list);
static void try_next(struct dial *d);
static void on_connected(uv_connect_t *request, int status);
static void win(struct dial *d, struct attempt *a);
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void on_clear(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);
static void clear_failed(struct dial *d, const char *why);
static void attempt_failed(struct attempt *a, int status);
static void on_delay(uv_timer_t *timer);
static void on_timeout(uv_timer_t *timer);
static void give_up(struct dial *d, const char *fix);
static void tell(struct dial *d, struct attempt *winner);
static void on_closed_timer(uv_handle_t *handle);
static void on_closed_tcp(uv_handle_t *handle);
static void release(struct dial *d);

struct dial *dial_start(uv_loop_t *loop, const struct dial_plan *plan)
{
    struct dial *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return NULL;
    }
    *d = (struct dial){
        .loop = loop,
        .to = *plan->to,
        .trouble = plan->trouble,
        .done = plan->done,
        .ctx = plan->ctx,
        .starttls = {.protocol = plan->starttls},
        .began_ns = uv_hrtime(),
    };
    const struct address *to = &d->to;
    const uint64_t timeout_ms = plan->timeout_ms == 0 ? UINT32_MAX : plan->timeout_ms;
    (void)uv_timer_init(loop, &d->delay);
    (void)uv_timer_init(loop, &d->timeout);
    d->resolver.data = d;
    d->delay.data = d;
    d->timeout.data = d;
    d->pending = 2; /* the timers */
    char port[8];
    (void)snprintf(port, sizeof port, "%u", to->port);
    const struct addrinfo hints = {
        .ai_family = plan->family,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV | (to->is_literal ? AI_NUMERICHOST : AI_ADDRCONFIG),
    };
    const int status = uv_getaddrinfo(loop, &d->resolver, on_resolved, to->host, port, &hints);
    d->resolving = status == 0;
    d->pending += d->resolving;
    if (status != 0) {
        /* Told from the loop like all other errors. */
        text_addf(&d->reasons, "%s", uv_strerror(status));
    }
    (void)uv_timer_start(&d->timeout, on_timeout, status == 0 ? timeout_ms : 0, 0);
    return d;
}

void dial_cancel(struct dial *dial)
{
    if (!dial->told) {
        (void)trouble_set(dial->trouble, TOOL_INTERRUPTED, NULL, "interrupted");
        tell(dial, NULL);
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct dial *d = request->data;
    d->resolving = false;
    if (!d->told && status != 0) {
        (void)trouble_set(d->trouble, TOOL_UNREACHABLE,
                          "Check the name and this machine's name server.", "cannot find %s: %s",
                          d->to.host, uv_strerror(status));
        tell(d, NULL);
    } else if (!d->told) {
        d->resolved_ns = uv_hrtime();
        take_addresses(d, list);
        try_next(d);
    }
    uv_freeaddrinfo(list);
    d->pending--;
    release(d);
}

/* The resolver's order, but that the families take turns (RFC 8305, 4). */
static void take_addresses(struct dial *d, const struct addrinfo *list)
{
    const struct addrinfo *same = list, *other = list;
    const int first = list == NULL ? 0 : list->ai_family;
    while ((same != NULL || other != NULL) && d->count < ATTEMPTS_MAX) {
        while (same != NULL && same->ai_family != first) {
            same = same->ai_next;
        }
        while (other != NULL && other->ai_family == first) {
            other = other->ai_next;
        }
        const struct addrinfo **next =
            d->count % 2 == 0 ? (same != NULL ? &same : &other) : (other != NULL ? &other : &same);
        if (*next == NULL) {
            break;
        }
        memcpy(&d->addresses[d->count++], (*next)->ai_addr, (*next)->ai_addrlen);
        *next = (*next)->ai_next;
    }
}

static void try_next(struct dial *d)
{
    while (!d->told && d->winner == NULL && d->started < d->count) {
        struct attempt *a = &d->attempts[d->started];
        const struct sockaddr *sa = (const struct sockaddr *)&d->addresses[d->started];
        d->started++;
        a->dial = d;
        address_text(sa, a->address);
        a->tcp = malloc(sizeof *a->tcp);
        if (a->tcp == NULL) {
            attempt_failed(a, UV_ENOMEM);
            continue;
        }
        (void)uv_tcp_init(d->loop, a->tcp);
        a->tcp->data = d;
        a->request.data = a;
        const int status = uv_tcp_connect(&a->request, a->tcp, sa, on_connected);
        if (status == 0) {
            d->pending++;
            (void)uv_timer_start(&d->delay, on_delay, ATTEMPT_DELAY_MS, 0);
            return;
        }
        attempt_failed(a, status);
    }
    if (!d->told && d->failed == d->count) {
        give_up(d, "Check that something listens there and that no firewall is between.");
    }
}

static void on_connected(uv_connect_t *request, int status)
{
    struct attempt *a = request->data;
    struct dial *d = a->dial;
    d->pending--;
    if (d->told) {
        release(d); /* cancelled: its handle is closed already */
        return;
    }
    if (status == 0) {
        win(d, a);
    } else {
        attempt_failed(a, status);
        try_next(d);
    }
    release(d);
}

/* Of two that answer the first one counts; the other is closed with the rest. */
static void win(struct dial *d, struct attempt *a)
{
    if (d->winner != NULL) {
        return;
    }
    d->winner = a;
    d->connected_ns = uv_hrtime();
    if (d->starttls.protocol == NULL) {
        tell(d, a);
    } else if (uv_read_start((uv_stream_t *)a->tcp, on_alloc, on_clear) != 0) {
        clear_failed(d, "it cannot be read");
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct dial *d = handle->data;
    (void)suggested;
    *buf = uv_buf_init(d->room, sizeof d->room);
}

static void on_clear(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct dial *d = stream->data;
    if (d->told || nread == 0) {
        return;
    }
    if (nread < 0) {
        clear_failed(d, nread == UV_EOF ? "it closed the connection" : uv_strerror((int)nread));
        return;
    }
    char why[600];
    switch (starttls_read(&d->starttls, (hf_span){(const uint8_t *)buf->base, (size_t)nread})) {
    case STARTTLS_MORE:
        break;
    case STARTTLS_SAY: {
        const char *say = d->starttls.say;
        uv_buf_t out = uv_buf_init((char *)(uintptr_t)say, (unsigned)strlen(say));
        if (uv_try_write(stream, &out, 1) != (int)out.len) { /* never more than a few bytes */
            clear_failed(d, "it cannot be written to");
        }
        break;
    }
    case STARTTLS_DONE:
        (void)uv_read_stop(stream);
        tell(d, d->winner);
        break;
    case STARTTLS_REFUSED:
        (void)snprintf(why, sizeof why, "it says '%s': %s", d->starttls.line, d->starttls.why);
        clear_failed(d, why);
        break;
    }
}

static void clear_failed(struct dial *d, const char *why)
{
    (void)trouble_set(d->trouble, TOOL_UNREACHABLE,
                      "Check the port, and whether this server knows STARTTLS at all.",
                      "no TLS on %s port %u by --starttls: %s", d->to.host, d->to.port, why);
    tell(d, NULL);
}

static void attempt_failed(struct attempt *a, int status)
{
    struct dial *d = a->dial;
    d->failed++;
    text_addf(&d->reasons, "%s%s: %s", d->reasons.len == 0 ? "" : "; ", a->address,
              uv_strerror(status));
    if (a->tcp != NULL) {
        d->pending++;
        uv_close((uv_handle_t *)a->tcp, on_closed_tcp);
        a->tcp = NULL;
    }
}

static void on_delay(uv_timer_t *timer)
{
    try_next(timer->data);
}

static void on_timeout(uv_timer_t *timer)
{
    struct dial *d = timer->data;
    if (d->winner != NULL) {
        clear_failed(d, "no answer in time");
        return;
    }
    if (d->resolving) {
        (void)trouble_set(d->trouble, TOOL_UNREACHABLE,
                          "Check this machine's name server and network.",
                          "cannot find %s: the name server did not answer in time", d->to.host);
    } else if (d->started > d->failed) {
        text_addf(&d->reasons, "%sno answer in time", d->reasons.len == 0 ? "" : "; ");
    }
    give_up(d, "Check the address; a firewall may drop what is sent there.");
    release(d);
}

static void give_up(struct dial *d, const char *fix)
{
    (void)trouble_set(d->trouble, TOOL_UNREACHABLE, fix, "cannot connect to %s port %u: %s",
                      d->to.host, d->to.port,
                      d->reasons.ptr == NULL ? "it has no address" : d->reasons.ptr);
    tell(d, NULL);
}

/* Ends everything but the winner and tells the result. */
static void tell(struct dial *d, struct attempt *winner)
{
    struct dial_result result = {0};
    if (d->told) {
        return;
    }
    d->told = true;
    if (winner != NULL) {
        result.tcp = winner->tcp;
        winner->tcp = NULL;
        memcpy(result.address, winner->address, sizeof result.address);
        result.resolve_ns = d->resolved_ns - d->began_ns;
        result.connect_ns = d->connected_ns - d->resolved_ns;
    }
    for (size_t i = 0; i < d->started; i++) {
        if (d->attempts[i].tcp != NULL) {
            d->pending++;
            uv_close((uv_handle_t *)d->attempts[i].tcp, on_closed_tcp);
            d->attempts[i].tcp = NULL;
        }
    }
    result.stuck = d->resolving && uv_cancel((uv_req_t *)&d->resolver) != 0;
    uv_close((uv_handle_t *)&d->delay, on_closed_timer);
    uv_close((uv_handle_t *)&d->timeout, on_closed_timer);
    d->done(d->ctx, &result);
}

static void on_closed_timer(uv_handle_t *handle)
{
    struct dial *d = handle->data;
    d->pending--;
    release(d);
}

static void on_closed_tcp(uv_handle_t *handle)
{
    struct dial *d = handle->data;
    free(handle);
    d->pending--;
    release(d);
}

static void release(struct dial *d)
{
    if (d->told && d->pending == 0) {
        text_free(&d->reasons);
        free(d);
    }
}

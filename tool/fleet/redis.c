/* A kept connection to Redis.
 *
 * Invariants:
 *  - awaited[first .. first + count), around the ring, are the questions whose answers have not
 *    come, in the order in which they were sent. They are those of the present connection.
 *  - At most one look-up of a name is under way, even when its time is over, so that names that do
 *    not resolve do not fill the loop's threads.
 *  - `pipe` is the socket that counts: one that was given up has no redis any more.
 */
#include "fleet/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hub.h"

enum { LOOK_MS = 250, READ_MAX = 64 * 1024, WRITE_QUEUE_MAX = 256 * 1024 };

_Static_assert((int)READ_MAX >= (int)RESP_REPLY_MAX, "an answer fits");

struct awaited {
    redis_reply_fn *fn;
    void *ctx;
    uint64_t asked_ms;
};

struct look_up {
    uv_getaddrinfo_t request;
    struct redis *redis; /* NULL: nobody waits for it */
};

/* A socket. */
struct pipe {
    uv_tcp_t tcp;
    uv_connect_t request;
    struct redis *redis; /* NULL: it was given up */
};

struct message {
    uv_write_t request;
    struct text text;
};

struct redis {
    uv_loop_t *loop;
    const struct place *place;
    const struct redis_owner *owner;
    void *ctx;
    uv_timer_t timer; /* down: when to try again; connecting: till when; up: looks */
    struct look_up *look_up;
    struct pipe *pipe;
    bool up, closing;
    const char *why; /* the connection is to be broken, when its answers were told */
    bool telling;
    uint64_t backoff_ms;
    uint64_t begun_ms;
    size_t first, count;
    struct awaited awaited[REDIS_AWAITED_MAX];
    size_t in_len;
    uint8_t in[READ_MAX];
};

static void look_up(struct redis *r);
static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *list);
static void dial(struct redis *r, const struct sockaddr *to);
static void on_dialled(uv_connect_t *request, int status);
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);
static void tell_answers(struct redis *r);
static void on_written(uv_write_t *request, int status);
static void on_timer(uv_timer_t *timer);
static void go_down(struct redis *r, const char *why);
static void give_up_pipe(struct redis *r);
static void answer_all(struct redis *r);
static void on_pipe_closed(uv_handle_t *handle);
static void on_timer_closed(uv_handle_t *handle);

struct redis *redis_open(uv_loop_t *loop, const struct place *place,
                         const struct redis_owner *owner, void *ctx)
{
    struct redis *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return NULL;
    }
    r->loop = loop;
    r->place = place;
    r->owner = owner;
    r->ctx = ctx;
    r->backoff_ms = REDIS_BACKOFF_LEAST_MS;
    (void)uv_timer_init(loop, &r->timer);
    r->timer.data = r;
    /* From the loop: so that the owner hears nothing before it knows us. */
    (void)uv_timer_start(&r->timer, on_timer, 0, 0);
    return r;
}

void redis_close(struct redis *r)
{
    r->closing = true;
    if (r->look_up != NULL) {
        r->look_up->redis = NULL;
        (void)uv_cancel((uv_req_t *)&r->look_up->request);
    }
    give_up_pipe(r);
    answer_all(r);
    uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}

bool redis_ask(struct redis *r, const hf_span *words, size_t count, redis_reply_fn *fn, void *ctx)
{
    if (!r->up || r->why != NULL || r->count == REDIS_AWAITED_MAX ||
        uv_stream_get_write_queue_size((uv_stream_t *)&r->pipe->tcp) > WRITE_QUEUE_MAX) {
        return false;
    }
    struct message *message = calloc(1, sizeof *message);
    if (message == NULL) {
        return false;
    }
    resp_add_command(&message->text, words, count);
    const uv_buf_t buf = uv_buf_init(message->text.ptr, (unsigned)message->text.len);
    if (message->text.failed ||
        uv_write(&message->request, (uv_stream_t *)&r->pipe->tcp, &buf, 1, on_written) != 0) {
        text_free(&message->text);
        free(message);
        return false;
    }
    r->awaited[(r->first + r->count++) % REDIS_AWAITED_MAX] =
        (struct awaited){fn, ctx, uv_now(r->loop)};
    return true;
}

void redis_break(struct redis *r, const char *why)
{
    r->why = r->why == NULL ? why : r->why;
    if (!r->telling) {
        go_down(r, r->why);
    }
}

/* --- Coming up ------------------------------------------------------------------------------- */

static void look_up(struct redis *r)
{
    r->begun_ms = uv_now(r->loop);
    (void)uv_timer_start(&r->timer, on_timer, REDIS_CONNECT_MS, 0);
    if (r->look_up != NULL) {
        return; /* the former one still runs: perhaps it comes in time */
    }
    struct look_up *one = calloc(1, sizeof *one);
    char port[8];
    (void)snprintf(port, sizeof port, "%u", r->place->at.port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    if (one == NULL ||
        uv_getaddrinfo(r->loop, &one->request, on_found, r->place->at.host, port, &hints) != 0) {
        free(one);
        go_down(r, "no memory");
        return;
    }
    one->redis = r;
    one->request.data = one;
    r->look_up = one;
}

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct look_up *one = request->data;
    struct redis *r = one->redis;
    free(one);
    if (r != NULL) {
        r->look_up = NULL;
        const bool wanted = r->begun_ms != 0 && r->pipe == NULL;
        if (wanted && status != 0) {
            go_down(r, "its name is unknown");
        } else if (wanted) {
            dial(r, list->ai_addr);
        }
    }
    uv_freeaddrinfo(list);
}

static void dial(struct redis *r, const struct sockaddr *to)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);
    if (pipe == NULL || uv_tcp_init(r->loop, &pipe->tcp) != 0) {
        free(pipe);
        go_down(r, "no memory");
        return;
    }
    pipe->redis = r;
    pipe->tcp.data = pipe;
    pipe->request.data = pipe;
    r->pipe = pipe;
    if (uv_tcp_connect(&pipe->request, &pipe->tcp, to, on_dialled) != 0) {
        go_down(r, "it cannot be connected to");
    }
}

static void on_dialled(uv_connect_t *request, int status)
{
    struct pipe *pipe = request->data;
    struct redis *r = pipe->redis;
    if (r == NULL) {
        return;
    }
    if (status != 0 || uv_read_start((uv_stream_t *)&pipe->tcp, on_alloc, on_read) != 0) {
        go_down(r, "it does not take connections");
        return;
    }
    (void)uv_tcp_nodelay(&pipe->tcp, 1);
    r->up = true;
    r->in_len = 0;
    (void)uv_timer_start(&r->timer, on_timer, LOOK_MS, LOOK_MS);
    r->owner->up(r->ctx);
}

/* --- Up -------------------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    const struct pipe *pipe = handle->data;
    struct redis *r = pipe->redis;
    (void)suggested;
    *buf = r == NULL ? uv_buf_init(NULL, 0)
                     : uv_buf_init((char *)r->in + r->in_len, (unsigned)(READ_MAX - r->in_len));
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    const struct pipe *pipe = stream->data;
    struct redis *r = pipe->redis;
    (void)buf;
    if (r == NULL || nread == 0) {
        return;
    }
    if (nread < 0) {
        go_down(r, "it has closed the connection");
        return;
    }
    r->in_len += (size_t)nread;
    r->telling = true;
    tell_answers(r);
    r->telling = false;
    if (r->why != NULL && !r->closing) {
        go_down(r, r->why);
    }
}

/* Every whole answer to who asked. What is asked meanwhile goes to the ring's end. */
static void tell_answers(struct redis *r)
{
    size_t at = 0;
    while (r->why == NULL && !r->closing) {
        struct resp reply;
        const ssize_t used = resp_read(r->in + at, r->in_len - at, &reply);
        if (used == 0) {
            break;
        }
        if (used < 0 || r->count == 0) {
            r->why = used < 0 ? "it does not speak as Redis does" : "it answers unasked";
            break;
        }
        const struct awaited one = r->awaited[r->first];
        r->first = (r->first + 1) % REDIS_AWAITED_MAX;
        r->count--;
        at += (size_t)used;
        r->backoff_ms = REDIS_BACKOFF_LEAST_MS;
        one.fn(one.ctx, &reply);
    }
    r->in_len -= at;
    memmove(r->in, r->in + at, r->in_len);
}

static void on_written(uv_write_t *request, int status)
{
    struct message *message = (struct message *)request; /* its first member */
    (void)status;                                        /* reading says it, too */
    if (message->text.ptr != NULL) {
        explicit_bzero(message->text.ptr, message->text.cap); /* perhaps a password */
    }
    text_free(&message->text);
    free(message);
}

static void on_timer(uv_timer_t *timer)
{
    struct redis *r = timer->data;
    if (!r->up && r->begun_ms == 0) {
        look_up(r);
    } else if (!r->up) {
        go_down(r, "it cannot be reached in time");
    } else if (r->count > 0 && uv_now(r->loop) - r->awaited[r->first].asked_ms > REDIS_ANSWER_MS) {
        go_down(r, "it does not answer in time");
    }
}

/* --- Going down ------------------------------------------------------------------------------ */

static void go_down(struct redis *r, const char *why)
{
    give_up_pipe(r);
    r->begun_ms = 0;
    (void)uv_timer_start(&r->timer, on_timer, r->backoff_ms, 0);
    r->backoff_ms = r->backoff_ms * 2 < REDIS_BACKOFF_MOST_MS ? r->backoff_ms * 2
                                                              : (uint64_t)REDIS_BACKOFF_MOST_MS;
    answer_all(r);
    r->owner->down(r->ctx, why);
}

static void give_up_pipe(struct redis *r)
{
    r->up = false;
    r->why = NULL;
    if (r->pipe != NULL) {
        r->pipe->redis = NULL;
        uv_close((uv_handle_t *)&r->pipe->tcp, on_pipe_closed);
        r->pipe = NULL;
    }
}

static void answer_all(struct redis *r)
{
    while (r->count > 0) {
        const struct awaited one = r->awaited[r->first];
        r->first = (r->first + 1) % REDIS_AWAITED_MAX;
        r->count--;
        one.fn(one.ctx, NULL);
    }
}

static void on_pipe_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

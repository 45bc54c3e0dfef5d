/* Standard input and output.
 *
 * Invariant: where fd can be watched (pipes, terminals, sockets) it is a description of our own,
 * opened through /proc/self/fd and non-blocking; where that is not possible it is the inherited
 * one, left blocking: then it is read only when it is readable, and written without waiting only if
 * it is a socket. */
#include "io/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 16384 };

/* A file descriptor that the loop may watch. */
struct watched {
    int fd;
    bool own;      /* opened here */
    bool pollable; /* poll is initialised; else a file, always ready */
    uv_poll_t poll;
    uv_idle_t idle; /* stands in for poll */
};

struct source {
    struct watched in;
    const struct source_owner *owner;
    void *ctx;
    bool held, ended, closing;
    uint8_t buffer[CHUNK];
};

struct sink {
    struct watched out;
    const struct sink_owner *owner;
    void *ctx;
    uint8_t *rest; /* what could not be written at once */
    size_t rest_len;
    bool waiting, broken, closing;
};

static bool watched_open(struct watched *w, uv_loop_t *loop, int fd, int mode, void *ctx);
static void watched_close(struct watched *w, uv_close_cb on_closed);
static void source_watch(struct source *s);
static void on_readable(uv_poll_t *poll, int status, int events);
static void on_turn(uv_idle_t *idle);
static void read_some(struct source *s);
static void on_source_closed(uv_handle_t *handle);
static ssize_t write_some(const struct sink *s, const uint8_t *data, size_t len);
static void on_writable(uv_poll_t *poll, int status, int events);
static void sink_break(struct sink *s, int error);
static void on_sink_closed(uv_handle_t *handle);

struct source *source_open(uv_loop_t *loop, int fd, const struct source_owner *owner, void *ctx)
{
    struct source *s = calloc(1, sizeof *s);
    if (s == NULL || !watched_open(&s->in, loop, fd, O_RDONLY, s)) {
        free(s);
        return NULL;
    }
    s->owner = owner;
    s->ctx = ctx;
    source_watch(s);
    return s;
}

void source_hold(struct source *source, bool held)
{
    if (source->held != held) {
        source->held = held;
        source_watch(source);
    }
}

void source_close(struct source *source)
{
    if (source != NULL && !source->closing) {
        source->closing = true;
        watched_close(&source->in, on_source_closed);
    }
}

static void source_watch(struct source *s)
{
    const bool wanted = !s->held && !s->ended && !s->closing;
    if (s->in.pollable) {
        (void)(wanted ? uv_poll_start(&s->in.poll, UV_READABLE, on_readable)
                      : uv_poll_stop(&s->in.poll));
    } else {
        (void)(wanted ? uv_idle_start(&s->in.idle, on_turn) : uv_idle_stop(&s->in.idle));
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status; /* a hung-up pipe: reading tells */
    (void)events;
    read_some(poll->data);
}

static void on_turn(uv_idle_t *idle)
{
    read_some(idle->data);
}

static void read_some(struct source *s)
{
    const ssize_t n = read(s->in.fd, s->buffer, sizeof s->buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n > 0) {
        s->owner->data(s->ctx, s->buffer, (size_t)n);
        return;
    }
    s->ended = true;
    source_watch(s);
    /* A terminal that has gone away says EIO: an end like any other. */
    s->owner->ended(s->ctx, n < 0 && errno != EIO ? errno : 0);
}

static void on_source_closed(uv_handle_t *handle)
{
    struct source *s = handle->data;
    explicit_bzero(s->buffer, sizeof s->buffer);
    free(s);
}

struct sink *sink_open(uv_loop_t *loop, int fd, const struct sink_owner *owner, void *ctx)
{
    struct sink *s = calloc(1, sizeof *s);
    if (s == NULL || !watched_open(&s->out, loop, fd, O_WRONLY, s)) {
        free(s);
        return NULL;
    }
    s->owner = owner;
    s->ctx = ctx;
    return s;
}

bool sink_write(struct sink *sink, const uint8_t *data, size_t len)
{
    size_t at = 0;
    while (!sink->broken && sink->rest_len == 0 && at < len) {
        const ssize_t n = write_some(sink, data + at, len - at);
        if (n >= 0) {
            at += (size_t)n;
        } else if (errno == EAGAIN && sink->out.pollable) {
            break;
        } else if (errno != EINTR) {
            sink_break(sink, errno);
        }
    }
    if (sink->broken || at == len) {
        return sink->rest_len == 0;
    }
    uint8_t *rest = realloc(sink->rest, sink->rest_len + len - at);
    if (rest == NULL) {
        sink_break(sink, ENOMEM);
        return false;
    }
    memcpy(rest + sink->rest_len, data + at, len - at);
    sink->rest = rest;
    sink->rest_len += len - at;
    if (!sink->waiting) {
        sink->waiting = true;
        (void)uv_poll_start(&sink->out.poll, UV_WRITABLE, on_writable);
    }
    return false;
}

bool sink_is_empty(const struct sink *sink)
{
    return sink->rest_len == 0;
}

void sink_close(struct sink *sink)
{
    if (sink != NULL && !sink->closing) {
        sink->closing = true;
        watched_close(&sink->out, on_sink_closed);
    }
}

static ssize_t write_some(const struct sink *s, const uint8_t *data, size_t len)
{
    const ssize_t n = send(s->out.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 && errno == ENOTSOCK ? write(s->out.fd, data, len) : n;
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
    struct sink *s = poll->data;
    (void)status; /* a pipe without a reader: writing tells */
    (void)events;
    const ssize_t n = write_some(s, s->rest, s->rest_len);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            sink_break(s, errno);
        }
        return;
    }
    memmove(s->rest, s->rest + n, s->rest_len - (size_t)n);
    s->rest_len -= (size_t)n;
    if (s->rest_len == 0) {
        s->waiting = false;
        (void)uv_poll_stop(poll);
        s->owner->drained(s->ctx);
    }
}

static void sink_break(struct sink *s, int error)
{
    s->broken = true;
    s->rest_len = 0;
    if (s->waiting) {
        s->waiting = false;
        (void)uv_poll_stop(&s->out.poll);
    }
    s->owner->failed(s->ctx, error);
}

static void on_sink_closed(uv_handle_t *handle)
{
    struct sink *s = handle->data;
    free(s->rest);
    free(s);
}

static bool watched_open(struct watched *w, uv_loop_t *loop, int fd, int mode, void *ctx)
{
    struct stat st;
    char path[32];
    w->fd = fd;
    const bool known = fstat(fd, &st) == 0;
    const int flags = fcntl(fd, F_GETFL);
    const bool usable =
        flags >= 0 && ((flags & O_ACCMODE) == mode || (flags & O_ACCMODE) == O_RDWR);
    if (known && usable && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))) {
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        const int own = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        w->own = own >= 0;
        w->fd = own >= 0 ? own : fd;
    }
    const bool watchable = known && !S_ISREG(st.st_mode);
    w->pollable = watchable && uv_poll_init(loop, &w->poll, w->fd) == 0;
    if (w->pollable) {
        w->poll.data = ctx;
        if (!w->own) {
            /* libuv has made it non-blocking, for everybody who shares it. */
            (void)fcntl(w->fd, F_SETFL, flags);
        }
        return true;
    }
    w->idle.data = ctx;
    return uv_idle_init(loop, &w->idle) == 0;
}

static void watched_close(struct watched *w, uv_close_cb on_closed)
{
    uv_close(w->pollable ? (uv_handle_t *)&w->poll : (uv_handle_t *)&w->idle, on_closed);
    if (w->own) {
        (void)close(w->fd);
    }
}

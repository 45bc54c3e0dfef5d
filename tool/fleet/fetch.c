/* One key, by a blocking socket with a deadline. */
#include "fleet/fetch.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fleet/resp.h"
#include "tool.h"

/* One fetch. */
struct fetch {
    const char *option, *written;
    struct trouble *trouble;
    int64_t until_ms;
    int fd; /* -1: none */
    size_t in_len;
    uint8_t in[RESP_REPLY_MAX];
};

static int fetch(struct fetch *f, const struct place *place, hf_span auth, struct file_bytes *out);
static int dial(struct fetch *f, const struct place *place);
static int try_one(struct fetch *f, const struct addrinfo *to);
static int ask(struct fetch *f, const hf_span *words, size_t count, struct resp *reply);
static bool send_all(struct fetch *f, const char *bytes, size_t len);
static bool wait_for(struct fetch *f, short events);
static int greet(struct fetch *f, hf_span auth);
static int keep_value(struct fetch *f, const struct resp *reply, struct file_bytes *out);
static int cannot(struct fetch *f, const char *why);
static int64_t clock_ms(void);

int fetch_value(const char *option, const char *written, hf_span auth, struct file_bytes *out,
                struct trouble *trouble)
{
    struct place place;
    *out = (struct file_bytes){0};
    if (place_parse(option, written, &place, trouble) != 0) {
        return trouble->exit_code;
    }
    if (place.path[0] == '\0') {
        return trouble_set(trouble, TOOL_USAGE, "Write redis://HOST:PORT/KEY.",
                           "%s %s: there is no key", option, written);
    }
    struct fetch *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return trouble_set(trouble, TOOL_SYSTEM, NULL, "memory is exhausted");
    }
    f->option = option;
    f->written = written;
    f->trouble = trouble;
    f->fd = -1;
    (void)fetch(f, &place, auth, out);
    if (f->fd >= 0) {
        (void)close(f->fd);
    }
    explicit_bzero(f, sizeof *f);
    free(f);
    return trouble->exit_code;
}

static int fetch(struct fetch *f, const struct place *place, hf_span auth, struct file_bytes *out)
{
    struct resp reply = {0};
    const hf_span get[] = {resp_word("GET"), resp_word(place->path)};
    if (dial(f, place) == 0 && greet(f, auth) == 0 && ask(f, get, 2, &reply) == 0) {
        (void)keep_value(f, &reply, out);
    }
    return f->trouble->exit_code;
}

static int greet(struct fetch *f, hf_span auth)
{
    hf_span words[3];
    struct resp reply = {0};
    const size_t count = place_auth(auth, words);
    if (count == 0) {
        return 0;
    }
    if (ask(f, words, count, &reply) == 0 &&
        (reply.kind != RESP_STATUS || !resp_begins(reply.text, "OK"))) {
        (void)cannot(f, "Redis refuses the password");
    }
    return f->trouble->exit_code;
}

static int keep_value(struct fetch *f, const struct resp *reply, struct file_bytes *out)
{
    if (reply->kind == RESP_NIL || (reply->kind == RESP_TEXT && reply->text.len == 0)) {
        return cannot(f, "Redis has no such key");
    }
    if (reply->kind == RESP_ERROR && resp_begins(reply->text, "NOAUTH")) {
        return cannot(f, "Redis wants a password (--redis-auth)");
    }
    if (reply->kind != RESP_TEXT) {
        return cannot(f, reply->kind == RESP_ERROR ? "Redis refuses to tell"
                                                   : "the answer is none of Redis");
    }
    out->ptr = malloc(reply->text.len);
    if (out->ptr == NULL) {
        return cannot(f, "memory is exhausted");
    }
    memcpy(out->ptr, reply->text.data, reply->text.len);
    out->len = out->cap = reply->text.len;
    return 0;
}

static int dial(struct fetch *f, const struct place *place)
{
    char port[8];
    (void)snprintf(port, sizeof port, "%u", place->at.port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    const int found = getaddrinfo(place->at.host, port, &hints, &list);
    if (found != 0) {
        return cannot(f, gai_strerror(found));
    }
    f->until_ms = clock_ms() + FETCH_MS;
    int error = EHOSTUNREACH;
    for (const struct addrinfo *to = list; to != NULL && error != 0; to = to->ai_next) {
        error = try_one(f, to);
    }
    freeaddrinfo(list);
    return error == 0 ? 0 : cannot(f, strerror(error));
}

static int try_one(struct fetch *f, const struct addrinfo *to)
{
    if (f->fd >= 0) {
        (void)close(f->fd);
    }
    f->fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (f->fd < 0) {
        return errno;
    }
    if (connect(f->fd, to->ai_addr, to->ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    int error = 0;
    socklen_t len = sizeof error;
    if (!wait_for(f, POLLOUT)) {
        return ETIMEDOUT;
    }
    return getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

/* One command and its answer, which lies in f->in. */
static int ask(struct fetch *f, const hf_span *words, size_t count, struct resp *reply)
{
    struct text out = {0};
    resp_add_command(&out, words, count);
    const bool sent = !out.failed && send_all(f, out.ptr, out.len);
    if (out.ptr != NULL) {
        explicit_bzero(out.ptr, out.cap);
    }
    text_free(&out);
    f->in_len = 0;
    ssize_t used = 0;
    while (sent && used == 0 && f->in_len < sizeof f->in && wait_for(f, POLLIN)) {
        const ssize_t n = read(f->fd, f->in + f->in_len, sizeof f->in - f->in_len);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            break;
        }
        f->in_len += n > 0 ? (size_t)n : 0;
        used = resp_read(f->in, f->in_len, reply);
    }
    if (used > 0) {
        return 0;
    }
    return cannot(f, used < 0 ? "the answer is none of Redis" : "no answer came in time");
}

static bool send_all(struct fetch *f, const char *bytes, size_t len)
{
    while (len > 0 && wait_for(f, POLLOUT)) {
        const ssize_t n = send(f->fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return len == 0;
}

static bool wait_for(struct fetch *f, short events)
{
    struct pollfd one = {.fd = f->fd, .events = events};
    int ready = 0;
    do {
        const int64_t left = f->until_ms - clock_ms();
        ready = left <= 0 ? 0 : poll(&one, 1, (int)left);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

static int cannot(struct fetch *f, const char *why)
{
    return trouble_set(f->trouble, TOOL_USAGE, "Look whether Redis runs there and has the key.",
                       "%s %s: %s", f->option, f->written, why);
}

static int64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Accepts connections.
 *
 * Accepting is done here and not by libuv, which closes all that wait when there are no descriptors
 * left, and says nothing of it.
 *
 * Invariant: the socket is watched unless the listener is `full`, waits a moment because something
 * has run short (`resting`), or is closing; so whoever waits does so in the kernel, and nothing
 * spins. */
#include "io/listener.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/hub.h"
#include "tool.h"

enum {
    BACKLOG = 4096,
    AT_ONCE = 64, /* connections before others have their turn */
    REST_MS = 100
};

struct listener {
    uv_poll_t poll;
    uv_timer_t rest;
    int fd;
    unsigned handles;
    struct listener_owner owner;
    char address[ADDRESS_TEXT_MAX];
    bool full, resting, closing;
};

static int resolve(const struct address *on, struct sockaddr_storage *out);
static int cannot(const char *written, int status, struct trouble *trouble);
static int listen_at(const struct sockaddr_storage *at, int *out);
static int start(struct listener *l, uv_loop_t *loop);
static void watch(struct listener *l);
static void on_ready(uv_poll_t *poll, int status, int events);
static bool take_one(struct listener *l);
static bool hand_over(struct listener *l, int fd, const struct sockaddr *peer);
static bool rest(struct listener *l, int error);
static void on_rested(uv_timer_t *timer);
static void on_closed(uv_handle_t *handle);
static void release(struct listener *l);
static void release_socket(struct listener *l);

struct listener *listener_open(uv_loop_t *loop, const struct address *on, const char *written,
                               const struct listener_owner *owner, struct trouble *trouble)
{
    struct sockaddr_storage address;
    const int found = resolve(on, &address);
    if (found != 0) {
        (void)trouble_set(trouble, TOOL_USAGE, "Name an address of this machine.",
                          "--listen %s: %s", written, gai_strerror(found));
        return NULL;
    }
    struct listener *l = calloc(1, sizeof *l);
    if (l == NULL) {
        (void)cannot(written, UV_ENOMEM, trouble);
        return NULL;
    }
    l->owner = *owner;
    int status = listen_at(&address, &l->fd);
    status = status != 0 ? status : start(l, loop);
    socklen_t len = sizeof address;
    if (status == 0 && getsockname(l->fd, (struct sockaddr *)&address, &len) != 0) {
        status = -errno;
    }
    if (status != 0) {
        (void)cannot(written, status, trouble);
        listener_close(l);
        return NULL;
    }
    address_text((const struct sockaddr *)&address, l->address);
    watch(l);
    return l;
}

const char *listener_address(const struct listener *listener)
{
    return listener->address;
}

void listener_resume(struct listener *listener)
{
    listener->full = false;
    listener->resting = false;
    watch(listener);
}

void listener_close(struct listener *listener)
{
    listener->closing = true;
    if (listener->handles == 0) { /* it never began */
        release(listener);
        return;
    }
    (void)uv_poll_stop(&listener->poll);
    release_socket(listener);
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    uv_close((uv_handle_t *)&listener->rest, on_closed);
}

/* The first address; an empty host is every address of the machine, both families. */
static int resolve(const struct address *on, struct sockaddr_storage *out)
{
    char port[8];
    (void)snprintf(port, sizeof port, "%u", on->port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *list = NULL;
    if (on->host[0] == '\0') {
        hints.ai_family = AF_INET6;
    }
    int status = getaddrinfo(on->host[0] == '\0' ? NULL : on->host, port, &hints, &list);
    if (status != 0 && on->host[0] == '\0') {
        hints.ai_family = AF_INET;
        status = getaddrinfo(NULL, port, &hints, &list);
    }
    if (status == 0) {
        *out = (struct sockaddr_storage){0};
        memcpy(out, list->ai_addr, list->ai_addrlen);
        freeaddrinfo(list);
    }
    return status;
}

static int cannot(const char *written, int status, struct trouble *trouble)
{
    const char *fix =
        status == UV_EADDRINUSE ? "Choose another port, or stop the program that holds it: ss -ltnp"
        : status == UV_EACCES   ? "Ports below 1024 need privileges: choose a higher one."
        : status == UV_EADDRNOTAVAIL ? "Name an address of this machine."
                                     : NULL;
    return trouble_set(trouble, TOOL_USAGE, fix, "--listen %s: %s", written, uv_strerror(status));
}

/* 0, or negative, as libuv has it; *out is -1 or the socket in any case. */
static int listen_at(const struct sockaddr_storage *at, int *out)
{
    const int on = 1;
    const int off = 0;
    const socklen_t len = at->ss_family == AF_INET6 ? (socklen_t)sizeof(struct sockaddr_in6)
                                                    : (socklen_t)sizeof(struct sockaddr_in);
    *out = socket(at->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*out < 0 || setsockopt(*out, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        /* Both families, whatever the system's default is. */
        (at->ss_family == AF_INET6 &&
         setsockopt(*out, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) ||
        bind(*out, (const struct sockaddr *)at, len) != 0 || listen(*out, BACKLOG) != 0) {
        return -errno;
    }
    return 0;
}

static int start(struct listener *l, uv_loop_t *loop)
{
    const int status = uv_poll_init(loop, &l->poll, l->fd);
    if (status == 0) {
        (void)uv_timer_init(loop, &l->rest);
        l->poll.data = l->rest.data = l;
        l->handles = 2;
    }
    return status;
}

static void watch(struct listener *l)
{
    if (l->closing) {
        return;
    }
    if (l->full || l->resting) {
        (void)uv_poll_stop(&l->poll);
    } else {
        (void)uv_poll_start(&l->poll, UV_READABLE, on_ready);
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;
    (void)status;
    (void)events;
    for (unsigned i = 0; i < AT_ONCE && !l->full && !l->resting && !l->closing; i++) {
        if (!take_one(l)) {
            break;
        }
    }
    watch(l);
}

/* False: nobody waits. */
static bool take_one(struct listener *l)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    const int fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        return hand_over(l, fd, (const struct sockaddr *)&peer);
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return rest(l, errno);
    }
    /* Others mean that the one that waited has gone, which a network may say in many ways. */
    return errno != EAGAIN && errno != EWOULDBLOCK;
}

static bool hand_over(struct listener *l, int fd, const struct sockaddr *peer)
{
    uv_tcp_t *tcp = malloc(sizeof *tcp);
    if (tcp == NULL) {
        (void)close(fd);
        return rest(l, ENOMEM);
    }
    (void)uv_tcp_init(l->poll.loop, tcp);
    if (uv_tcp_open(tcp, fd) != 0) {
        (void)close(fd);
        hub_discard(tcp);
        return true;
    }
    l->full = !l->owner.accept(l->owner.ctx, tcp, peer);
    return true;
}

/* Something has run short. Looks again in a moment, or when it is told that there is room. */
static bool rest(struct listener *l, int error)
{
    l->resting = true;
    (void)uv_timer_start(&l->rest, on_rested, REST_MS, 0);
    if (l->owner.falls_short != NULL) {
        l->owner.falls_short(l->owner.ctx, error);
    }
    return false;
}

static void on_rested(uv_timer_t *timer)
{
    struct listener *l = timer->data;
    l->resting = false;
    watch(l);
}

static void on_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;
    if (--l->handles == 0) {
        release(l);
    }
}

static void release(struct listener *l)
{
    release_socket(l);
    free(l);
}

/* At once when it is closed, so that whoever comes is refused by the kernel. */
static void release_socket(struct listener *l)
{
    if (l->fd >= 0) {
        (void)close(l->fd);
    }
    l->fd = -1;
}

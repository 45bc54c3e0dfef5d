/* Accepts connections.
 *
 * Invariant: while `full` one connection that libuv has taken from the kernel waits to be accepted;
 * libuv takes no other before that, so that the rest waits in the kernel's queue. */
#include "io/listener.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hub.h"
#include "tool.h"

enum { BACKLOG = 4096 };

struct listener {
    uv_tcp_t tcp;
    listener_accept_fn accept;
    void *ctx;
    char address[ADDRESS_TEXT_MAX];
    bool full, waiting, closing;
};

static int resolve(const struct address *on, struct sockaddr_storage *out);
static int cannot(const char *written, int status, struct trouble *trouble);
static void on_connection(uv_stream_t *server, int status);
static void take_one(struct listener *l);
static void on_closed(uv_handle_t *handle);

struct listener *listener_open(uv_loop_t *loop, const struct address *on, const char *written,
                               listener_accept_fn accept, void *ctx, struct trouble *trouble)
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
    l->accept = accept;
    l->ctx = ctx;
    (void)uv_tcp_init(loop, &l->tcp);
    l->tcp.data = l;
    int status = uv_tcp_bind(&l->tcp, (const struct sockaddr *)&address, 0);
    status = status != 0 ? status : uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
    int len = sizeof address;
    status = status != 0 ? status : uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&address, &len);
    if (status != 0) {
        (void)cannot(written, status, trouble);
        listener_close(l);
        return NULL;
    }
    address_text((const struct sockaddr *)&address, l->address);
    return l;
}

const char *listener_address(const struct listener *listener)
{
    return listener->address;
}

void listener_resume(struct listener *listener)
{
    listener->full = false;
    if (listener->waiting && !listener->closing) {
        listener->waiting = false;
        take_one(listener);
    }
}

void listener_close(struct listener *listener)
{
    listener->closing = true;
    uv_close((uv_handle_t *)&listener->tcp, on_closed);
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

static void on_connection(uv_stream_t *server, int status)
{
    struct listener *l = server->data;
    if (status != 0 || l->closing) {
        return;
    }
    if (l->full) {
        l->waiting = true;
        return;
    }
    take_one(l);
}

static void take_one(struct listener *l)
{
    uv_tcp_t *tcp = malloc(sizeof *tcp);
    if (tcp == NULL) {
        l->full = l->waiting = true;
        return;
    }
    (void)uv_tcp_init(l->tcp.loop, tcp);
    struct sockaddr_storage peer = {0};
    int len = sizeof peer;
    if (uv_accept((uv_stream_t *)&l->tcp, (uv_stream_t *)tcp) != 0 ||
        uv_tcp_getpeername(tcp, (struct sockaddr *)&peer, &len) != 0) {
        hub_discard(tcp);
        return;
    }
    l->full = !l->accept(l->ctx, tcp, (const struct sockaddr *)&peer);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* The socket to the runner, blocking, and the small loop around the engine. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim.h"

static void send_bytes(const struct bogo_conn *c, const uint8_t *data, size_t len);
static bool fill(struct bogo_conn *c);
static int connect_to(const struct bogo_flags *f);

int bogo_link_open(struct bogo_conn *c)
{
    uint8_t id[8];
    for (size_t i = 0; i < sizeof id; i++) {
        id[i] = (uint8_t)(c->flags->shim_id >> (8 * i));
    }
    c->fd = connect_to(c->flags);
    if (c->fd < 0) {
        perror("connect");
        return 1;
    }
    bogo_link_write(c, id, sizeof id);
    return 0;
}

/* The runner reads to the end: a reset would cost it what was sent last. */
void bogo_link_close(struct bogo_conn *c)
{
    if (c->fd >= 0) {
        (void)shutdown(c->fd, SHUT_WR);
        while (recv(c->fd, c->in, sizeof c->in, 0) > 0) {
        }
        (void)close(c->fd);
        c->fd = -1;
    }
}

void bogo_link_write(struct bogo_conn *c, const uint8_t *data, size_t len)
{
    send_bytes(c, c->held, c->held_len);
    c->held_len = 0;
    send_bytes(c, data, len);
}

void bogo_link_begin(struct bogo_conn *c, const uint8_t *data, size_t len)
{
    const size_t now = len > 0 ? 1 : 0;
    bogo_link_write(c, data, now);
    memcpy(c->held, data + now, len - now);
    c->held_len = len - now;
}

static void send_bytes(const struct bogo_conn *c, const uint8_t *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return; /* the peer is gone: reading says so */
        }
        data += n;
        len -= (size_t)n;
    }
}

void bogo_link_flush(struct bogo_conn *c)
{
    uint8_t room[BOGO_BUFFER];
    while (hf_conn_pending(c->tls) > 0) {
        hf_buf out = {room, sizeof room, 0};
        (void)hf_conn_flush(c->tls, &out);
        bogo_link_write(c, room, out.pos);
    }
}

hf_status bogo_link_drive(struct bogo_conn *c)
{
    hf_status s = hf_conn_drive(c->tls);
    while (s == HF_NEED_OP) {
        bogo_answer(c, hf_conn_op(c->tls));
        s = hf_conn_drive(c->tls);
    }
    bogo_link_flush(c);
    return s;
}

/* After the handshake what waits goes out with the next data, so that one answer serves all
 * requests that came in between. */
hf_status bogo_link_next(struct bogo_conn *c, hf_received *out)
{
    for (;;) {
        const bool was_connected = hf_conn_is_connected(c->tls);
        hf_status s = hf_conn_recv(c->tls, c->in, c->shown, out);
        const bool has_data = out->kind == HF_GOT_DATA || out->kind == HF_GOT_EARLY_DATA;
        if (out->consumed > 0) {
            /* Data are moved to the front of nothing: they are copied behind the rest. */
            static uint8_t data[BOGO_BUFFER];
            if (has_data) {
                memcpy(data, out->data, out->len);
                out->data = data;
            }
            c->in_len -= out->consumed;
            c->shown -= out->consumed;
            memmove(c->in, c->in + out->consumed, c->in_len);
        }
        if (s == HF_FAILED || !was_connected) {
            bogo_link_flush(c);
        }
        if (s == HF_NEED_OP) {
            s = bogo_link_drive(c);
        }
        if (s == HF_FAILED || s == HF_CLOSED) {
            return s;
        }
        if (has_data || out->kind == HF_GOT_CLOSE || out->consumed > 0) {
            return HF_OK;
        }
        if (!fill(c)) {
            return hf_conn_recv_eof(c->tls);
        }
    }
}

/* More input. With -async one byte after the other is shown to the engine. */
static bool fill(struct bogo_conn *c)
{
    if (c->shown < c->in_len) {
        c->shown++;
        return true;
    }
    if (c->eof) {
        return false;
    }
    ssize_t n = 0;
    do {
        n = recv(c->fd, c->in + c->in_len, sizeof c->in - c->in_len, 0);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        c->eof = true;
        return false;
    }
    c->in_len += (size_t)n;
    c->shown = c->flags->async ? c->shown + 1 : c->in_len;
    return true;
}

static int connect_to(const struct bogo_flags *f)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)f->port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f->port)};
    six.sin6_addr = in6addr_loopback;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(f->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int done = f->ipv6 ? connect(fd, (const struct sockaddr *)&six, sizeof six)
                             : connect(fd, (const struct sockaddr *)&four, sizeof four);
    if (done != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

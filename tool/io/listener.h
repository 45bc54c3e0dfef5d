/* Listeners: accepts connections on an address, as long as there is room for them; others wait in
 * the kernel. */
#ifndef IO_LISTENER_H
#define IO_LISTENER_H

#include <uv.h>

#include "io/address.h"

struct listener;

/* Takes over an accepted connection. Returns whether one more may come. */
typedef bool (*listener_accept_fn)(void *ctx, uv_tcp_t *tcp, const struct sockaddr *peer);

/* No connection can be taken in for now, errno says why: no descriptors, no memory. It is tried
 * again a moment later, and as soon as there is room; clients wait in the kernel meanwhile. */
typedef void (*listener_short_fn)(void *ctx, int error);

struct listener_owner {
    listener_accept_fn accept;
    listener_short_fn falls_short; /* NULL: nobody asks */
    void *ctx;
};

/* Listens on every address of `on` (port 0: one that is free). Returns NULL with *trouble. */
struct listener *listener_open(uv_loop_t *loop, const struct address *on, const char *written,
                               const struct listener_owner *owner, struct trouble *trouble);

/* The address with the real port. */
const char *listener_address(const struct listener *listener);

/* There is room again. */
void listener_resume(struct listener *listener);

/* Stops; freed by the loop. */
void listener_close(struct listener *listener);

#endif

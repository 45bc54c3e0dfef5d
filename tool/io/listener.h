/* Listeners: accepts connections on an address, as long as there is room for them; others wait in
 * the kernel. */
#ifndef IO_LISTENER_H
#define IO_LISTENER_H

#include <uv.h>

#include "io/address.h"

struct listener;

/* Takes over an accepted connection. Returns whether one more may come. */
typedef bool (*listener_accept_fn)(void *ctx, uv_tcp_t *tcp, const struct sockaddr *peer);

/* Listens on every address of `on` (port 0: one that is free). Returns NULL with *trouble. */
struct listener *listener_open(uv_loop_t *loop, const struct address *on, const char *written,
                               listener_accept_fn accept, void *ctx, struct trouble *trouble);

/* The address with the real port. */
const char *listener_address(const struct listener *listener);

/* There is room again. */
void listener_resume(struct listener *listener);

/* Stops; freed by the loop. */
void listener_close(struct listener *listener);

#endif

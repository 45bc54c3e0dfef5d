/* Dialling: resolves a name and connects to the first of its addresses that answers, families
 * taking turns, the next one started when one fails or is slow (RFC 8305); and says what is to be
 * said in the clear before TLS begins.
 *
 * Life: dial_start; then exactly one call of done, from the loop; the dial is freed after it.
 * dial_cancel makes done come with UV_ECANCELED. */
#ifndef IO_DIAL_H
#define IO_DIAL_H

#include <uv.h>

#include "io/address.h"
#include "io/starttls.h"

struct dial;

struct dial_result {
    uv_tcp_t *tcp;                  /* connected, the receiver's; NULL: failed, see trouble */
    char address[ADDRESS_TEXT_MAX]; /* where it is connected to */
    uint64_t resolve_ns, connect_ns;
    /* The resolver of the system still waits for a name server and cannot be told to stop: the loop
     * will not end before it does. */
    bool stuck;
};

/* What is dialled, and who hears of it. */
struct dial_plan {
    const struct address *to;
    uint64_t timeout_ms;     /* 0: none */
    struct trouble *trouble; /* lives until done, and then says why it failed */
    void (*done)(void *ctx, const struct dial_result *result);
    void *ctx;
    int family;                               /* AF_INET or AF_INET6: the only one; 0: both */
    const struct starttls_protocol *starttls; /* what is spoken before TLS; NULL: nothing */
};

/* Starts. Returns NULL without memory. */
struct dial *dial_start(uv_loop_t *loop, const struct dial_plan *plan);
void dial_cancel(struct dial *dial);

#endif

/* What the two halves of a link share: link.c (life, receiving) and link_out.c (sending). */
#ifndef IO_LINK_INT_H
#define IO_LINK_INT_H

#include "io/link.h"

enum { LINK_QUEUE_LOW = 32 * 1024 }; /* bytes waiting for the socket below which more is welcome */

struct link {
    struct hub *hub;
    hf_conn *conn;
    uv_tcp_t *tcp;
    uv_timer_t timer;
    const struct link_owner *owner;
    void *ctx;
    struct link_limits limits;
    uint8_t *kept;
    size_t kept_len;
    uint8_t *record, *record_end; /* the record whose data is being delivered */
    size_t queued;                /* bytes handed to uv_write and not yet written */
    uint64_t in, out;
    uint64_t shaken_bytes; /* taken before the handshake was over, early data apart */
    size_t unsent;         /* what the socket had not taken when that was last looked at */
    uint64_t unsent_ms;    /* ... and since when it was so much */
    uint64_t last_ms;      /* when bytes last moved */
    uint64_t deadline_ms;  /* 0: none */
    uint64_t armed_ms;     /* when the timer fires; 0: it does not */
    unsigned depth;
    unsigned handles;
    int error;
    enum link_end end;
    bool kept_whole; /* kept may hold whole records: delivery was stopped before its end */
    bool start_failed;
    bool connected, held, congested, reading;
    bool asked; /* an operation is open that the owner answers later */
    bool discarding, finishing, failed, write_broken;
    bool shutting, shut, peer_closed, stream_ended;
    bool told_over, closing;
};

/* The bracket around every way in: see link.c. */
void link_enter(struct link *l);
void link_leave(struct link *l);

/* Takes over what the engine wants to be sent: flights, alerts, close_notify. */
void link_push(struct link *l);

/* Writes the pieces: at once what the socket takes, the rest by way of a copy. */
void link_commit(struct link *l);

/* The connection cannot go on. The owner hears it now; the alert still goes out. */
void link_fail(struct link *l, enum link_end end);

#endif

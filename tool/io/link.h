/* A link: one hf_conn over one TCP connection, driven by the event loop.
 *
 * It moves bytes both ways, decrypts and seals in place, keeps the peer's pace (it stops reading
 * while too much waits to be written), watches the time, and closes in good order: what is sealed
 * goes out, then close_notify, then the end of the stream; after a failure the alert goes out and
 * the rest that comes in is thrown away for a moment, so that the alert is not lost to a reset.
 *
 * Life: link_open takes over conn and tcp. The owner is told what happens through link_owner;
 * `over` is the last of it (what became of the connection; conn can still be asked), `gone` says
 * that the link is about to be freed.
 *
 * Threads: that of the loop. */
#ifndef IO_LINK_H
#define IO_LINK_H

#include <handfast/conn.h>

#include "io/hub.h"

struct link;

/* How a link ended. */
enum link_end {
    LINK_CLOSED,             /* both ends said close_notify, or ours was the last word */
    LINK_FAILED,             /* hf_conn_error says why; also a stream that ended too early */
    LINK_HANDSHAKE_TIMEOUT,  /* the handshake took too long */
    LINK_IDLE,               /* nothing happened for too long, or a request took too long */
    LINK_HANDSHAKE_TOO_LONG, /* more came before the end of the handshake than allowed */
    LINK_NETWORK,            /* the socket failed: link_errno */
    LINK_DROPPED             /* the owner wanted it */
};

/* What the owner is told. Members may be NULL. Any of the calls below is allowed from within. */
struct link_owner {
    void (*connected)(void *ctx);
    /* The plaintext of one record, with room around it as link_echo needs. */
    void (*data)(void *ctx, uint8_t *data, size_t len);
    void (*peer_closed)(void *ctx);  /* close_notify came */
    void (*stream_ended)(void *ctx); /* the stream ended, after close_notify */
    void (*drained)(void *ctx);      /* link_is_congested is false again */
    void (*over)(void *ctx, enum link_end end);
    void (*gone)(void *ctx);
    /* An operation that the configuration names as external is open: finish it here, or later and
     * then call link_continue. Until then nothing is received. `over` ends the wait: after it op is
     * not to be touched. */
    void (*op)(void *ctx, hf_op *op);
};

/* Times in milliseconds; 0: no limit. */
struct link_limits {
    uint64_t handshake_ms;
    uint64_t idle_ms;
    uint64_t
        handshake_bytes; /* of records before the handshake is over, early data apart; 0: any */
    uint64_t linger_ms;  /* how long a closed or failed link waits for the peer */
    /* Data is delivered even while too much waits to be written. For an owner whose sending does
     * not follow from what it receives, and who heeds link_is_congested: were both ends to stop
     * reading until they could write, neither ever would. */
    bool duplex;
    bool pads; /* records are padded, so their length changes: nothing is sealed in place */
};

/* Takes over conn and the connected tcp, and starts. NULL: no memory; both are ended. */
struct link *link_open(struct hub *hub, uv_tcp_t *tcp, hf_conn *conn,
                       const struct link_limits *limits, const struct link_owner *owner, void *ctx);

hf_conn *link_conn(const struct link *link);
int link_errno(const struct link *link); /* negative, as libuv has it; 0: none */
uint64_t link_bytes_in(const struct link *link);
uint64_t link_bytes_out(const struct link *link);

/* Seals data and sends it. False: the link cannot send (any more). */
bool link_send(struct link *link, hf_span data);

/* Client, right after link_open: sends data as early data (hf_conn_send_early), as much as the
 * session allows. Returns how many bytes. */
size_t link_send_early(struct link *link, hf_span data);

/* Sends what `data` was called with, sealed in place where it lies; in one record when the peer's
 * limit allows. */
bool link_echo(struct link *link, uint8_t *data, size_t len);

/* Asks for new keys, both ways. */
bool link_update_keys(struct link *link);

/* Whether more waits to be written than should: better wait for `drained`. */
bool link_is_congested(const struct link *link);

/* Stops or continues the delivery of data, for an owner that cannot keep up. */
void link_hold(struct link *link, bool held);

/* The operation that `op` told of is finished: goes on. */
void link_continue(struct link *link);

/* Says close_notify. Data of the peer goes on to be delivered. */
void link_close_sending(struct link *link);

/* Closes in good order: close_notify, then waits linger_ms for the peer, whose data is thrown
 * away. */
void link_finish(struct link *link);

/* Whether nothing has moved for ms milliseconds, and nothing waits to be delivered or written. */
bool link_is_quiet(const struct link *link, uint64_t ms);

/* Ends at once: with close_notify, or user_canceled in the handshake, but without waiting. */
void link_drop(struct link *link);

/* Gives the owner ms milliseconds from now to get on (0 takes the limit away): else the link ends
 * as LINK_IDLE. */
void link_deadline(struct link *link, uint64_t ms);

#endif

/* What the halves of a session share: session.c (its life, its answers) and session_log.c (what is
 * told of it). */
#ifndef TOOL_SESSION_INT_H
#define TOOL_SESSION_INT_H

#include "http/request.h"
#include "io/address.h"
#include "io/link.h"
#include "session.h"

struct session {
    struct session_host *host;
    struct session *next, *previous;
    struct link *link;
    struct request request;
    char peer[ADDRESS_TEXT_MAX];
    uint64_t start_ns, connected_ns;
    uint64_t requests, records;
    uint64_t early_requests;   /* answered before the handshake was over */
    uint64_t number;           /* of all that came */
    struct recorder *recorder; /* NULL: it is not recorded */
    bool is_local;             /* the peer is on this machine */
    bool shown;                /* and counted by the gallery */
    uint8_t *saved;
    size_t saved_len, saved_cap;
    bool timed;            /* a deadline for the request runs */
    bool peer_closed;      /* no more requests come */
    bool last;             /* the answer under way is the last */
    bool answered;         /* ... and was given: nothing more is read */
    bool waits;            /* for the end of the handshake */
    struct flight *flight; /* the question that is under way; NULL: none */
};

/* Tells of a connection that has ended, in one line. */
void session_tell(struct session *s, enum link_end end);

/* Tells of a request that was just answered, in one line. */
void session_tell_request(struct session *s);

#endif

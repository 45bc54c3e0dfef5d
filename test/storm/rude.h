/* One rude peer: it goes through a handshake and what follows as everybody does, up to a place that
 * was named, and there does what it should not. rude.c has the tables and the loop. */
#ifndef STORM_RUDE_H
#define STORM_RUDE_H

#include "storm/peer.h"

enum { RUDE_FLIGHTS = 7, RUDE_RECORDS = 24 };

enum rude_misdeed {
    RUDE_STALL,      /* says nothing more, and reads */
    RUDE_TRICKLE,    /* a byte now and then, too slowly */
    RUDE_DRIBBLE,    /* byte by byte, but in time: must be served */
    RUDE_RESET,      /* goes with a reset */
    RUDE_LEAVE,      /* goes without a word */
    RUDE_HALF_CLOSE, /* ends its stream and reads on */
    RUDE_GARBAGE,    /* sends random bytes */
    RUDE_FORGE,      /* sends records of the right form with random content */
    RUDE_REPEAT,     /* sends all that it has sent once more */
    RUDE_DEAF,       /* connected: sends on and on and reads nothing */
    RUDE_MISDEEDS
};

/* What is said before the misdeed. */
struct rude_kind {
    const char *name;
    struct peer_wish wish;
    int session_of; /* the kind whose session is offered; -1: none */
    bool early;     /* with early data */
    const char *flights[RUDE_FLIGHTS];
    /* Learnt from a run without a misdeed: */
    hf_config *config;
    hf_session *session;
    size_t flight_count, connected_at; /* the first flight of after the handshake */
    size_t record_count[RUDE_FLIGHTS];
};

enum rude_where { RUDE_BEFORE, RUDE_IN_HEADER, RUDE_IN_BODY, RUDE_WHERES };

/* A place in a client's stream. flight == flight_count: after everything. */
struct rude_place {
    size_t flight, record;
    enum rude_where where;
};

struct rude_times {
    int64_t patience_ms;  /* for whatever is to happen by itself */
    int64_t handshake_ms; /* the server's limit */
    int64_t give_up_ms;   /* how long one that is served slowly goes on */
};

enum rude_stage { RUDE_SCRIPT, RUDE_AT_IT, RUDE_OVER };

struct rude_peer {
    struct rude_kind *kind;
    struct rude_place place;
    enum rude_misdeed misdeed;
    bool learning; /* no misdeed at all */
    const struct rude_times *times;
    uint64_t seed;
    hf_conn *conn;
    int fd;
    enum rude_stage stage;
    bool slow;   /* a trickle or a dribble is under way */
    bool served; /* the script came to its end */
    const char *failure;
    size_t flight, steps, limit; /* limit: how much of `out` goes before the misdeed */
    size_t awaited;
    int64_t came_ms, due_ms, misdeed_ms;
    struct peer_out out, said;
    uint8_t *kept;
    size_t kept_len;
};

/* Begins: dials and sends. False: it is over already, failure says why. */
bool rude_open(struct rude_peer *p, uint16_t port, int64_t now);
/* The socket can be read, or failed. */
void rude_readable(struct rude_peer *p, int64_t now);
/* The socket takes bytes again, or time has passed. */
void rude_go_on(struct rude_peer *p, int64_t now);
/* Frees what it has. */
void rude_close(struct rude_peer *p);

#endif

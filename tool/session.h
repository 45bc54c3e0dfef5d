/* A session: what the server does for one client, HTTP or echo, and the line about it. */
#ifndef TOOL_SESSION_H
#define TOOL_SESSION_H

#include <sys/socket.h>

#include <handfast/config.h>
#include <handfast/trace.h>

#include "cli/text.h"
#include "io/hub.h"
#include "gallery.h"
#include "resumption.h"
#include "server.h"

struct session;

/* What all sessions of a server share. */
struct session_host {
    struct hub hub;
    const struct serve_settings *settings;
    hf_config *config;
    const struct resumption *resumption;
    const hf_trace *trace; /* NULL: none */
    struct session *first; /* all that are open */
    size_t count;
    uint64_t came;            /* connections, so far */
    uint64_t served, refused; /* handshakes that were completed, and those that were not */
    struct {
        uint64_t resumed;            /* of the served */
        uint64_t too_slow, too_long; /* of the refused, by our limits */
        uint64_t idle, cut, dropped; /* of the served: how they ended, when not in good order */
        uint64_t lost;               /* lines that the log did not take */
        uint64_t untold;             /* ... since it took one */
        bool torn;                   /* ... the beginning of one of them it did take */
        uint64_t short_of;           /* times that nothing could be taken in */
        int short_error;             /* ... and why, the last time */
    } counts;
    struct text answer, document, line; /* being built */
    struct gallery gallery;
    void (*left)(void *ctx); /* one has gone */
    void *ctx;
};

/* Writes a line to the log fd, or counts it as lost: a full disk or a pipe that nobody empties
 * stops no connection. */
void session_log(struct session_host *host, const struct text *line, int fd);

/* How many are open, and what became of all others, as a line. */
void session_tell_counts(struct session_host *host);

/* Starts a session over an accepted connection, which it takes over. */
void session_open(struct session_host *host, uv_tcp_t *tcp, const struct sockaddr *peer);

/* Asks all to end: those between two requests at once, in good order, the others when they are
 * done; an echo has no end, but is done when it was silent for a second: so this is called again
 * and again. */
void session_finish_all(struct session_host *host);

/* Ends all at once. */
void session_drop_all(struct session_host *host);

#endif

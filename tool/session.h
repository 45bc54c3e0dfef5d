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
    struct text answer, document, line; /* being built */
    struct gallery gallery;
    void (*left)(void *ctx); /* one has gone */
    void *ctx;
};

/* Starts a session over an accepted connection, which it takes over. */
void session_open(struct session_host *host, uv_tcp_t *tcp, const struct sockaddr *peer);

/* Asks all to end: those between two requests at once, in good order, the others when they are
 * done. */
void session_finish_all(struct session_host *host);

/* Ends all at once. */
void session_drop_all(struct session_host *host);

#endif

/* A client and a server in one process with two pipes between them, pumped by the test.
 *
 *     struct pair *p = pair_new(&(struct pair_options){.client = client_config, .server =
 *     server_config});
 *     assert_true(pair_handshake(p));
 *     ...
 *     pair_free(p);
 *
 * Everything is deterministic where the configurations use pair_random. What comes out of one end
 * waits in a pipe, where a test may look at it or change it, until it is fed to the other end in
 * pieces of chunk bytes.
 */
#ifndef TEST_SUPPORT_PAIR_H
#define TEST_SUPPORT_PAIR_H

#include <handfast/handfast.h>

#include "support/pki.h"

/* Bytes on their way. */
struct pair_pipe {
    uint8_t *data;
    size_t len, cap;
    uint64_t total; /* ever put in */
};

struct pair_end {
    hf_conn *conn;
    struct pair_pipe in; /* what came for it */
    uint8_t *received;   /* application data */
    size_t early_len;    /* how much of it was early */
    size_t received_len, received_cap;
    hf_status status; /* of the last call */
    bool got_close;
};

struct pair {
    struct pair_end client, server;
    size_t chunk; /* bytes per hf_conn_recv call; 0: all there is */
    /* Called for every NEED_OP; NULL: hf_op_run at once. Returning false leaves the op open: try
     * again later. */
    bool (*on_op)(void *ctx, hf_op *op);
    void *ctx;
};

struct pair_options {
    const hf_config *client, *server; /* frozen */
    const char *server_name;          /* default "server.example" */
    const hf_trace *client_trace, *server_trace;
    const hf_session *session; /* the client offers it */
    bool early_data;           /* ... and may send early data */
    hf_span peer_address;
    size_t chunk;
    bool (*on_op)(void *ctx, hf_op *op);
    void *ctx;
};

struct pair *pair_new(const struct pair_options *options);
void pair_free(struct pair *p);

/* Feeds what waits for one end and collects what it answers. Returns whether anything happened. */
bool pair_pump_end(struct pair *p, struct pair_end *end);
/* Pumps both until nothing moves. True: both are connected. */
bool pair_handshake(struct pair *p);
/* Pumps both until nothing moves. */
void pair_settle(struct pair *p);
/* Sends application data from one end and pumps. True: it arrived whole. */
bool pair_send(struct pair *p, struct pair_end *from, const void *data, size_t len);

/* hf_op_run, but for sessions that are kept outside: of these the last one is remembered, here. */
void pair_answer(hf_op *op);

/* hf_conn_describe of its connection. */
hf_conn_info pair_info(const struct pair_end *end);

struct pair_end *pair_other(struct pair *p, const struct pair_end *end);

void pipe_put(struct pair_pipe *pipe, const void *data, size_t len);
void pipe_drop(struct pair_pipe *pipe, size_t len);

/* A stream of bytes from a seed; ctx: struct pair_seed. Not for keys of anybody. */
struct pair_seed {
    uint64_t state;
};
bool pair_random(void *ctx, uint8_t *out, size_t len);

/* Configurations for tests, not frozen yet, with pki's identity and trust in place. verify is on
 * in the client. Nothing here returns NULL. */
hf_config *pair_client_config(const struct pki *pki);
hf_config *pair_server_config(const struct pki *pki);
/* The client shows this identity, and the server asks for one. */
void pair_make_mutual(hf_config *client, hf_config *server, const struct pki *client_pki);
/* Freezes or ends the test program with the error. */
const hf_config *pair_freeze(hf_config *config);
hf_identity *pair_identity(const struct pki *pki);
hf_trust_store *pair_trust(const struct pki *pki);

#endif

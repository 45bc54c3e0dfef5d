/* One connection between our own client and our own server, over real loopback TCP in this process,
 * watched from both ends and from the wire between them: what each mode of the demo is. */
#ifndef TOOL_EXCHANGE_H
#define TOOL_EXCHANGE_H

#include <handfast/conn.h>

#include "cli/trouble.h"
#include "pki/certview.h"
#include "report/observer.h"
#include "wire.h"

enum { EXCHANGE_EXPORT_LEN = 32, EXCHANGE_SESSIONS_MAX = 4 };

/* What is run: frozen configurations and the few things that are no part of them. */
struct exchange_plan {
    const hf_config *client, *server;
    const char *server_name;
    const hf_session *session; /* for the client to offer; NULL: none */
    bool early;                /* the client's first message goes as early data */
    hf_span replay;    /* a recorded first flight, sent instead of there being a client; len 0 */
    bool update_keys;  /* the client asks for new keys between two messages */
    bool secrets;      /* keep them for display */
    uint64_t delay_ms; /* that each byte travels, each way */
    const hf_trace *trace; /* sees the events of both ends; NULL */
};

/* What one end saw. */
struct exchange_end {
    struct observer observer;
    hf_conn_info info;                     /* its spans are gone: only numbers and names */
    uint8_t exported[EXCHANGE_EXPORT_LEN]; /* keying material (RFC 9846, 7.5): equal at both ends */
    uint64_t connected_ns;
    bool has_info;
};

struct exchange_result {
    struct exchange_end client, server;
    struct cert_view leaf;            /* the server's */
    struct text leaf_der, client_der; /* what each end showed first; empty: nothing */
    struct wire wire;
    hf_session *sessions[EXCHANGE_SESSIONS_MAX]; /* that the server issued; owned */
    size_t session_count;
    uint64_t start_ns;                         /* when the client's connection was made */
    uint64_t bytes_to_server, bytes_to_client; /* on the wire, in the handshake */
    size_t early_heard;                        /* bytes of early data that the server took */
    bool data_came_back;
    struct trouble trouble; /* exit_code 0: none */
};

/* Runs it to the end. result holds memory afterwards, also on trouble: exchange_free. Returns 0
 * or the exit code of the trouble. */
int exchange_run(const struct exchange_plan *plan, struct exchange_result *result);
void exchange_free(struct exchange_result *result);

/* Where the client's application data begins in what it sent, and when it was sealed. False: it
 * sent none. */
bool exchange_first_data(const struct exchange_result *result, size_t *at, uint64_t *at_ns);

#endif

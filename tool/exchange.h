/* One connection between our own client and our own server, over real loopback TCP in this process,
 * watched from both ends: what each mode of the demo is. */
#ifndef TOOL_EXCHANGE_H
#define TOOL_EXCHANGE_H

#include <handfast/conn.h>

#include "cli/trouble.h"
#include "pki/certview.h"
#include "report/observer.h"

enum { EXCHANGE_EXPORT_LEN = 32 };

/* What is run: frozen configurations and the few things that are no part of them. */
struct exchange_plan {
    const hf_config *client, *server;
    const char *server_name;
    bool update_keys;      /* the client asks for new keys between two messages */
    bool secrets;          /* keep them for display */
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
    struct cert_view leaf;                     /* the server's */
    uint64_t start_ns;                         /* when the client's connection was made */
    uint64_t bytes_to_server, bytes_to_client; /* on the wire, in the handshake */
    bool data_came_back;
    struct trouble trouble; /* exit_code 0: none */
};

/* Runs it to the end. result holds observers afterwards, also on trouble: exchange_free. Returns 0
 * or the exit code of the trouble. */
int exchange_run(const struct exchange_plan *plan, struct exchange_result *result);
void exchange_free(struct exchange_result *result);

#endif

/* One mode of the demo, run: the connection that is shown, the one before it that it takes a
 * session from, and the measurements that go into the table. */
#ifndef TOOL_DEMO_RUN_H
#define TOOL_DEMO_RUN_H

#include "demo_world.h"
#include "exchange.h"

/* How the modes are run. */
struct demo_how {
    uint64_t rtt_ms;       /* of the relay, for the time to the first data; 0: not measured */
    bool secrets;          /* keep them for display */
    const hf_trace *trace; /* sees what is shown; NULL */
};

/* Each figure is measured, in the shown connection unless said otherwise. */
struct demo_figures {
    bool has_trips;      /* there was a client that sent data */
    unsigned data_trips; /* on the wire, before the client's first data */
    bool is_timed;
    double to_data_ms; /* from the client's start to its first data, over the relay: another
                          connection */
    bool has_cost;
    double client_us, server_us; /* CPU of each end: more connections, in memory */
    bool forward_secrecy;  /* a key exchange of this connection's own, that nobody can do again */
    bool certificate_seen; /* a certificate of either end stands in the bytes on the wire */
};

struct demo_run {
    struct exchange_result shown;
    struct demo_figures figures;
    bool first_accepted; /* DEMO_REPLAYED: when the flight came for the first time its data was
                            taken */
};

/* Runs the mode. out holds memory afterwards: demo_run_free. A connection that fails is told in
 * out->shown.trouble; the exit code is that of *trouble, which is set when the demo cannot go on.
 */
int demo_run(const struct demo_mode *mode, const struct demo_world *world,
             const struct demo_how *how, struct demo_run *out, struct trouble *trouble);
void demo_run_free(struct demo_run *run);

#endif

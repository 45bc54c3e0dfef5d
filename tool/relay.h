/* A relay: a long way between a client and a server on this machine. It carries what one connection
 * says both ways, each byte after the same while, and writes down what passed.
 *
 * Threads: that of the loop. */
#ifndef TOOL_RELAY_H
#define TOOL_RELAY_H

#include <uv.h>

#include "cli/trouble.h"
#include "io/address.h"
#include "wire.h"

struct relay;

/* Listens on a free port of 127.0.0.1 for one connection and carries it on to `to`; each way takes
 * delay_ms. wire: outlives the relay. NULL with *trouble. */
struct relay *relay_open(uv_loop_t *loop, const struct address *to, uint64_t delay_ms,
                         struct wire *wire, struct trouble *trouble);

/* Where it listens. */
const char *relay_address(const struct relay *relay);

/* Ends it; what is under way is lost. Freed by the loop. */
void relay_close(struct relay *relay);

#endif

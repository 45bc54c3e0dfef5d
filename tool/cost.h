/* What a handshake costs each end in CPU time: the same two configurations, in memory, with the
 * clock of this thread around the engine's work alone. */
#ifndef TOOL_COST_H
#define TOOL_COST_H

#include <handfast/conn.h>

#include "exchange.h"

/* Median microseconds over `runs` (at most COST_RUNS_MAX) connections of the plan, from their
 * making to their end, with one short message. False: one did not come to that. */
bool cost_measure(const struct exchange_plan *plan, unsigned runs, double *client_us,
                  double *server_us);

enum { COST_RUNS_MAX = 64 };

#endif

/* A series of connections to one server: what --resume, --session-in, --session-out and
 * --early-data ask for. A call without any of them is a series of one. */
#ifndef TOOL_SERIES_H
#define TOOL_SERIES_H

#include "call.h"

enum { SERIES_MAX = 1000 };

/* Makes one connection after the other under a frozen configuration, prints what is to be printed
 * and returns the exit code. The first that fails is the last. */
int series_run(const struct call_settings *settings, const struct address *to,
               const hf_config *config, struct keylog *keylog, struct trouble *trouble);

/* Whether sessions have a part in the call. */
bool series_resumes(const struct call_settings *settings);

#endif

/* What passed between two ends, as whoever stands between them sees it: bytes each way, and in
 * which order. */
#ifndef TOOL_WIRE_H
#define TOOL_WIRE_H

#include <handfast/types.h>

#include "cli/text.h"

enum wire_way { WIRE_TO_SERVER, WIRE_TO_CLIENT };

enum { WIRE_PIECES_MAX = 256 };

struct wire {
    struct text bytes[2]; /* by way */
    struct {
        enum wire_way way;
        size_t len;
    } piece[WIRE_PIECES_MAX]; /* neighbours go different ways */
    size_t count;
    bool full; /* something is missing */
};

void wire_add(struct wire *w, enum wire_way way, const void *bytes, size_t len);
void wire_free(struct wire *w); /* and makes it empty */

/* How often the client had to wait for the server before it sent byte `at` of its stream. */
unsigned wire_round_trips(const struct wire *w, size_t at);

/* What the client sent before the server said anything. */
hf_span wire_first_flight(const struct wire *w);

/* Whether these bytes stand somewhere in what passed, either way. An empty needle does not. */
bool wire_shows(const struct wire *w, hf_span needle);

#endif

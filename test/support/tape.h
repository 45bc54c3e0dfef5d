/* What both ends of a run said and did, as its trace told it: messages, alerts, moves of the
 * machines.
 *
 *     struct tape tape;
 *     tape_begin(&tape);
 *     struct pair *p = run_start(&run, &(struct pair_options){.client_trace = &tape.trace,
 *                                                             .server_trace = &tape.trace});
 *     ... tape.message[0 .. tape.count) ...
 *     tape_end(&tape);
 */
#ifndef TEST_SUPPORT_TAPE_H
#define TEST_SUPPORT_TAPE_H

#include <handfast/trace.h>

#include "hs/state.h"

struct tape_message {
    hf_role from;
    hf_level level;
    uint8_t type;
    size_t len; /* with its header */
    uint8_t *data;
};

struct tape {
    struct tape_message *message;
    size_t count, cap;
    int alert_sent[2]; /* by role; -1: none */
    bool visited[HS_STATE_COUNT];
    bool edges[HS_STATE_COUNT][HS_STATE_COUNT]; /* [n][m]: a machine went from n to m */
    hf_trace trace;
};

void tape_begin(struct tape *tape);
void tape_end(struct tape *tape);

/* The first message of this type and sender, or NULL. */
const struct tape_message *tape_find(const struct tape *tape, hf_role from, uint8_t type);

#endif

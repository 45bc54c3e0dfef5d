/* The machine's table, made from state.def. */
#ifndef HS_STATE_H
#define HS_STATE_H

#include <handfast/types.h>

struct hs;

enum hs_state {
#define X(name, step, accepts, stop, to) HS_##name,
#include "hs/state.def"
#undef X
    HS_STATE_COUNT
};

/* Why a state may stop before its step runs. */
enum hs_stop {
    STOP_NO,  /* never */
    STOP_MSG, /* a message is missing */
    STOP_OP,  /* an operation is open */
    STOP_CCS, /* ChangeCipherSpec is missing (RFC 5246, 7.1) */
    STOP_END  /* for good */
};

enum { HS_SUCCESSORS_MAX = 7 };

struct hs_row {
    const char *name;
    hf_status (*step)(struct hs *hs);
    uint32_t accepts; /* bit n: handshake type n */
    enum hs_stop stop;
    uint8_t successors[HS_SUCCESSORS_MAX + 1]; /* ends with 0: nothing goes back to CLI_START */
};

extern const struct hs_row hs_rows[HS_STATE_COUNT];

/* Whether the row of one state lets a machine go to another. */
bool hs_may_go(enum hs_state from, enum hs_state to);

#endif

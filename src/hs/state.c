#include "hs/state.h"

#include "hs/client12/client12.h"
#include "hs/client13/client13.h"
#include "hs/hello/hello.h"
#include "hs/server12/server12.h"
#include "hs/server13/server13.h"
#include "wire/message.h"

_Static_assert(HS_STATE_COUNT <= 256, "a successor is one byte");
_Static_assert(HS_CLI_START == 0, "lists of successors end with it");

#define M(type)   (UINT32_C(1) << MSG_##type)
#define TO(state) HS_##state,

const struct hs_row hs_rows[HS_STATE_COUNT] = {
#define X(name, step, accepts, stop, to) [HS_##name] = {#name, step, accepts, stop, {to 0}},
#include "hs/state.def"
#undef X
};

bool hs_may_go(enum hs_state from, enum hs_state to)
{
    const uint8_t *successor = hs_rows[from].successors;
    while (*successor != 0 && *successor != to) {
        successor++;
    }
    return *successor != 0;
}

#include "hs/state.h"

#include "hs/client13/client13.h"
#include "hs/hello/hello.h"
#include "hs/server13/server13.h"
#include "wire/message.h"

_Static_assert(HS_STATE_COUNT <= 64, "successors is a mask of 64 states");

#define M(type)   (UINT32_C(1) << MSG_##type)
#define TO(state) | (UINT64_C(1) << HS_##state)

const struct hs_row hs_rows[HS_STATE_COUNT] = {
#define X(name, step, accepts, stop, to) [HS_##name] = {#name, step, accepts, stop, 0 to},
#include "hs/state.def"
#undef X
};

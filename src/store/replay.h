/* The strike register behind the guard of <handfast/replay.h>. */
#ifndef STORE_REPLAY_H
#define STORE_REPLAY_H

#include <handfast/replay.h>

struct strike;

struct strike *strike_new(const hf_strike_params *params);
void strike_free(void *ctx);
hf_resume_reason strike_check(void *ctx, hf_span key, int64_t now_ms, uint32_t window_ms);

#endif

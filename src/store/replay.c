#include "store/replay.h"

#include "base/mem.h"
#include "base/rotate.h"

struct hf_replay_guard {
    struct ref ref;
    hf_replay_calls calls;
    void *ctx;
};

hf_replay_guard *hf_replay_guard_new(const hf_replay_calls *calls, void *ctx)
{
    hf_replay_guard *guard = calls->check == NULL ? NULL : mem_alloc(sizeof *guard);
    if (guard != NULL) {
        ref_init(&guard->ref);
        guard->calls = *calls;
        guard->ctx = ctx;
    }
    return guard;
}

hf_replay_guard *hf_replay_guard_ref(hf_replay_guard *guard)
{
    ref_take(&guard->ref);
    return guard;
}

void hf_replay_guard_free(hf_replay_guard *guard)
{
    if (guard == NULL || !ref_drop(&guard->ref)) {
        return;
    }
    if (guard->calls.free != NULL) {
        guard->calls.free(guard->ctx);
    }
    mem_free(guard, sizeof *guard);
}

hf_resume_reason hf_replay_guard_check(hf_replay_guard *guard, hf_span key, int64_t now_ms,
                                       uint32_t window_ms)
{
    return guard->calls.check(guard->ctx, key, now_ms, window_ms);
}

hf_replay_guard *hf_strike_register_new(const hf_strike_params *params)
{
    static const hf_replay_calls calls = {
        .size = sizeof calls, .check = strike_check, .free = strike_free};
    struct strike *strike = strike_new(params);
    hf_replay_guard *guard = strike == NULL ? NULL : hf_replay_guard_new(&calls, strike);
    if (guard == NULL) {
        strike_free(strike);
    }
    return guard;
}

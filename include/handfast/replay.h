/* Anti-replay: was this first flight seen before? (RFC 9846, 8)
 *
 * Early data can be recorded and sent again by anybody. A server that takes it must ask, for each
 * first flight, a memory of all flights within the window in which it believes a ticket's age. A
 * guard is that memory behind one function: hf_replay_guard_new wraps the caller's own, and
 * hf_strike_register_new is one within the process. What lives elsewhere and may take its time is
 * asked through HF_OP_REPLAY_CHECK instead (<handfast/op.h>).
 *
 * A guard that is not sure says so, with a reason, and early data is refused; the handshake goes
 * on.
 *
 *     hf_replay_guard *guard = hf_strike_register_new(&(hf_strike_params){
 *         .size = sizeof(hf_strike_params), .bytes = 64 << 20, .started_ms = now_ms});
 *
 * Threads: guards may be asked by all at all times.
 */
#ifndef HANDFAST_REPLAY_H
#define HANDFAST_REPLAY_H

#include <handfast/crypto.h>
#include <handfast/session.h>
#include <handfast/types.h>

HF_BEGIN_DECLS

enum { HF_STRIKE_WINDOW_MAX_MS = 604800000 }; /* seven days */

typedef struct hf_replay_guard hf_replay_guard;

/* The caller's own memory of flights. */
typedef struct hf_replay_calls {
    size_t size; /* sizeof(hf_replay_calls) */
    /* HF_RESUME_NONE: key was not seen within window_ms before now_ms, and now counts as seen, for
     * every thread. Else HF_RESUME_REPLAYED, or why that cannot be known. Many threads at once. */
    hf_resume_reason (*check)(void *ctx, hf_span key, int64_t now_ms, uint32_t window_ms);
    void (*free)(void *ctx); /* with the last reference; NULL: nothing to do */
} hf_replay_calls;

/* A guard with one reference. NULL: no memory, or no check; ctx is still the caller's. */
HF_API hf_replay_guard *hf_replay_guard_new(const hf_replay_calls *calls, void *ctx);
/* One more reference; returns guard. */
HF_API hf_replay_guard *hf_replay_guard_ref(hf_replay_guard *guard);
HF_API void hf_replay_guard_free(hf_replay_guard *guard); /* drops one reference; NULL is allowed */

/* Asks the guard; arguments and answer are those of hf_replay_calls.check. */
HF_API hf_resume_reason hf_replay_guard_check(hf_replay_guard *guard, hf_span key, int64_t now_ms,
                                              uint32_t window_ms);

/* A strike register. Set size to sizeof; zero the rest. */
typedef struct hf_strike_params {
    size_t size;
    const hf_provider *provider; /* NULL: the default one */
    size_t bytes;                /* of memory, from 1 KiB; rounded down to a power of two */
    int64_t started_ms;          /* when the server began to answer */
    /* Nothing that an earlier server accepted can come now, as its ticket keys are gone: early data
     * is taken from the beginning. */
    bool nothing_before;
} hf_strike_params;

/* A guard that remembers every flight of the window as a keyed fingerprint (SipHash-2-4) in memory
 * of fixed size, eight bytes for each. It never takes a flight twice. Two different flights are
 * mistaken for one, and the later one refused, in fewer than one of 10^9 checks (7 * 2^-36).
 *
 * It refuses early data with STORE_STARTING until a window has gone by since started_ms, as it
 * cannot know what was before; with STORE_FULL when the flight's place in memory is taken by others
 * of the window (at half load about once in 60 checks, at a quarter once in 1,300: give it four
 * times eight bytes for each flight of a window); with STORE_DOWN when the clock has run back by
 * more than two seconds, or window_ms is above HF_STRIKE_WINDOW_MAX_MS.
 *
 * NULL: no memory, or no randomness for the key. */
HF_API hf_replay_guard *hf_strike_register_new(const hf_strike_params *params);

HF_END_DECLS

#endif

/* The fleet's memory of first flights, in a Redis that all its servers ask (RFC 9846, 8.2): whoever
 * asks first for a flight may take its early data.
 *
 * Early data is believed only when the store is known to have remembered for long enough: it is a
 * master that drops nothing, its clock is near ours, and a mark in it, which is bound to its run,
 * is older than flights are remembered. A store that was restarted, emptied, or taken over by a
 * replica has no such mark, so one window passes first. Everything else refuses early data, at once
 * or after limit_ms, and the handshake goes on.
 *
 * What is remembered: a key "handfast:flight:" and 64 digits for each flight, which ends by itself
 * after twice the window; so clocks of the fleet may differ from the store's by half a window.
 *
 * Threads: that of the loop. */
#ifndef FLEET_FLIGHTS_H
#define FLEET_FLIGHTS_H

#include <uv.h>

#include <handfast/session.h>

#include "fleet/place.h"

struct flights;
struct flight;

struct flights_settings {
    const struct place *place; /* its path is the number of the database; "": 0 */
    hf_span auth;              /* a line of secret; empty: none. Outlives the store */
    uint32_t window_ms;        /* within which a flight may be believed again */
    uint32_t limit_ms;         /* for an answer */
    /* The store can be asked, or not and why; each time that changes. */
    void (*changed)(void *ctx, bool fit, const char *why);
    void *ctx;
};

/* Who asks about a flight; judged is called once, later, unless the flight is forgotten. */
struct flight_asker {
    void (*judged)(void *ctx, hf_resume_reason reason);
    void *ctx;
};

/* Starts to connect; settings are copied. NULL: no memory. */
struct flights *flights_open(uv_loop_t *loop, const struct flights_settings *settings);

/* Ends it; askers hear HF_RESUME_STORE_DOWN. NULL is allowed. */
void flights_close(struct flights *flights);

/* Asks whether key was seen before, and marks it as seen. NULL: the answer is *reason, already. */
struct flight *flights_ask(struct flights *flights, hf_span key, const struct flight_asker *asker,
                           hf_resume_reason *reason);

/* The asker does not wait any more. NULL is allowed. */
void flights_forget(struct flight *flight);

#endif

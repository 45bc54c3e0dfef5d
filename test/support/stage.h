/* A handshake of which one end, the target, hears only what the test lets it hear.
 *
 * Both ends are real. What the target says reaches its peer as it is; what the peer says is caught
 * as messages, and each is given to the target by stage_step in a record of its own, sealed under
 * the keys by which the target reads at that moment. Between two steps the test may say anything
 * else in the peer's place.
 *
 *     struct stage s;
 *     stage_begin(&s, &run, HF_CLIENT);
 *     while (stage_state(&s) != HS_C13_READ_FINISHED) assert_true(stage_step(&s));
 *     assert_int_equal(stage_record(&s, REC_HANDSHAKE, message), HF_FAILED);
 *     stage_end(&s);
 */
#ifndef TEST_SUPPORT_STAGE_H
#define TEST_SUPPORT_STAGE_H

#include "conn/conn.h"
#include "support/run.h"
#include "support/tape.h"

struct stage {
    struct run *run;
    struct tape tape;
    struct pair *pair;
    hf_role role;
    struct pair_end *target, *peer;
    size_t next;     /* in tape: from where to look for what the peer said */
    bool asked;      /* for a certificate after the handshake */
    hf_received got; /* of the last record */
};

void stage_begin(struct stage *s, struct run *run, hf_role role);
void stage_end(struct stage *s);

/* Lets the peer hear what the target said, and catches what it answers. */
void stage_pump(struct stage *s);
/* The message that the next step gives to the target, or NULL. Pump first. */
const struct tape_message *stage_next(struct stage *s);
/* Passes over it. */
void stage_skip(struct stage *s);
/* Pumps and gives the target the next message, or the ChangeCipherSpec that it waits for before
 * it. False: there is none, or it failed. */
bool stage_step(struct stage *s);
/* Gives the target the ChangeCipherSpec, if it waits for one. */
void stage_change_keys(struct stage *s);
/* Steps to the end. True: both are connected and nothing is pending. */
bool stage_finish(struct stage *s);

/* Where the target is; HS_STATE_COUNT: it has failed. */
enum hs_state stage_state(const struct stage *s);

/* Gives the target one record with this content, under its reading keys or, as long as there are
 * none, in the clear; a message longer than its records may be comes in several. Operations that
 * open are answered. */
hf_status stage_record(struct stage *s, uint8_t type, hf_span content);
/* The same in the clear in any case. */
hf_status stage_plain(struct stage *s, uint8_t type, hf_span content);
/* The bytes as they are, in memory that ends where they end. */
hf_status stage_raw(struct stage *s, hf_span bytes);

/* Ends the test unless the target has failed with this code and its alert, in this state (NULL:
 * any), and the peer was told so.
 */
void stage_must_fail(struct stage *s, hf_err code, const char *state);

#endif

/* The places where a machine may stop, found by running every kind of handshake from both ends; and
 * what those runs reached of the table of states.
 *
 *     cmocka_run_group_tests(tests, place_find_all, run_teardown)
 *     for (size_t i = 0; i < found.count; i++) {
 *         struct stage s;
 *         place_go_to(&s, &run, &found.place[i]);
 *         ...
 *         stage_end(&s);
 *     }
 */
#ifndef TEST_SUPPORT_PLACE_H
#define TEST_SUPPORT_PLACE_H

#include "support/stage.h"

enum { PLACES_MAX = 64, PLACE_TYPES = 256, PLACE_SAMPLE_MAX = 4096 };

/* Where a machine waits for a message. */
struct place {
    enum run_kind kind;
    hf_role role;
    int steps; /* so many messages after the start */
    enum hs_state state;
    bool is_post;
    uint8_t read_level;
};

struct places {
    struct place place[PLACES_MAX];
    size_t count;
    /* A well-formed message of each type. */
    uint8_t sample[PLACE_TYPES][PLACE_SAMPLE_MAX];
    size_t sample_len[PLACE_TYPES];
    /* A CertificateRequest of TLS 1.2, which has another form. */
    uint8_t request12[PLACE_SAMPLE_MAX];
    size_t request12_len;
    /* What the runs reached. */
    bool visited[HS_STATE_COUNT];
    bool edges[HS_STATE_COUNT][HS_STATE_COUNT];
};

extern struct places found;

/* A group fixture, with that of the runs. */
int place_find_all(void **state);

/* Runs to the place; the caller ends the stage, and the run at the end of the test. */
void place_go_to(struct stage *s, struct run *run, const struct place *p);

/* Whether the rules of TLS 1.2 hold there; before the answer to a hello nobody knows. */
bool place_is_12(const struct place *p);

/* Adds what a tape says of states and moves to what was reached. */
void place_keep_moves(const struct tape *tape);

/* Whether an authentication after the handshake is under way. */
bool place_is_post(const struct stage *s);

#endif

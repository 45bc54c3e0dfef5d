#include "support/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "wire/message.h"

struct places found;

static void explore(enum run_kind kind, hf_role role);
static void make_samples(void);

int place_find_all(void **state)
{
    (void)run_setup(state);
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        explore((enum run_kind)kind, HF_CLIENT);
        explore((enum run_kind)kind, HF_SERVER);
    }
    make_samples();
    return 0;
}

void place_go_to(struct stage *s, struct run *run, const struct place *p)
{
    if (run->kind != p->kind || run->client == NULL) {
        run_clear(run);
        run_make(run, p->kind);
    }
    stage_begin(s, run, p->role);
    for (int i = 0; i < p->steps; i++) {
        assert_true(stage_step(s));
    }
    assert_int_equal(stage_state(s), p->state);
}

bool place_is_12(const struct place *p)
{
    return run_is_12(p->kind) && p->state != HS_CLI_READ_SERVER_HELLO &&
           p->state != HS_SRV_READ_CLIENT_HELLO;
}

bool place_is_post(const struct stage *s)
{
    return s->target->conn->hs != NULL && s->target->conn->hs->post;
}

static struct place place_of(const struct stage *s, int steps)
{
    return (struct place){
        .kind = s->run->kind,
        .role = s->role,
        .steps = steps,
        .state = stage_state(s),
        .is_post = place_is_post(s),
        .read_level = s->target->conn->read_level,
    };
}

static bool is_known(const struct place *p)
{
    for (size_t i = 0; i < found.count; i++) {
        const struct place *q = &found.place[i];
        if (q->state == p->state && q->role == p->role && q->is_post == p->is_post &&
            q->read_level == p->read_level && (q->steps == 0) == (p->steps == 0) &&
            (p->state != HS_CONNECTED || place_is_12(q) == place_is_12(p))) {
            return true;
        }
    }
    return false;
}

static void keep_samples(const struct tape *tape, bool is_12_run)
{
    for (size_t i = 0; i < tape->count; i++) {
        const struct tape_message *m = &tape->message[i];
        if (found.sample_len[m->type] == 0 && m->len <= PLACE_SAMPLE_MAX) {
            memcpy(found.sample[m->type], m->data, m->len);
            found.sample_len[m->type] = m->len;
        }
        if (is_12_run && m->type == MSG_CERTIFICATE_REQUEST && m->len <= PLACE_SAMPLE_MAX) {
            memcpy(found.request12, m->data, m->len);
            found.request12_len = m->len;
        }
    }
}

void place_keep_moves(const struct tape *tape)
{
    for (int i = 0; i < HS_STATE_COUNT; i++) {
        found.visited[i] = found.visited[i] || tape->visited[i];
        for (int j = 0; j < HS_STATE_COUNT; j++) {
            found.edges[i][j] = found.edges[i][j] || tape->edges[i][j];
        }
    }
}

/* Goes through one kind of run and notes each new place where the target waits. */
static void explore(enum run_kind kind, hf_role role)
{
    static struct run explored;
    struct stage s;
    run_make(&explored, kind);
    stage_begin(&s, &explored, role);
    int steps = 0;
    do {
        const struct place here = place_of(&s, steps);
        if (!is_known(&here)) {
            assert_true(found.count < PLACES_MAX);
            found.place[found.count++] = here;
        }
        steps++;
    } while (stage_step(&s));
    if (!stage_finish(&s)) {
        fail_msg("%s: %s", run_name(kind), run_describe(s.pair));
    }
    keep_samples(&s.tape, run_is_12(kind));
    place_keep_moves(&s.tape);
    stage_end(&s);
    run_clear(&explored);
}

static void put_sample(uint8_t type, const char *body, size_t len)
{
    found.sample[type][0] = type;
    found.sample[type][1] = 0;
    found.sample[type][2] = (uint8_t)(len >> 8);
    found.sample[type][3] = (uint8_t)len;
    if (len > 0) {
        memcpy(found.sample[type] + MSG_HEADER_LEN, body, len);
    }
    found.sample_len[type] = MSG_HEADER_LEN + len;
}

/* Of what our two ends do not say to each other: the types of other versions have the bodies of
 * those. */
static void make_samples(void)
{
    static const char ticket[] = "\0\0\16\20\1\2\3\4\1\0\0\4tick\0\0"; /* lives one hour */
    put_sample(MSG_NEW_SESSION_TICKET, ticket, sizeof ticket - 1);
    put_sample(MSG_KEY_UPDATE, "\0", 1);
    for (unsigned type = 0; type < PLACE_TYPES; type++) {
        const bool is_empty = type == 0 || type == MSG_END_OF_EARLY_DATA || type == 14;
        if (found.sample_len[type] == 0) {
            put_sample((uint8_t)type, "\0\0\0\0", is_empty ? 0 : 4);
        }
    }
}

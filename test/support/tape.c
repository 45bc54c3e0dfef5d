#include "support/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void keep_message(struct tape *tape, const hf_event *event)
{
    if (tape->count == tape->cap) {
        tape->cap = tape->cap == 0 ? 32 : tape->cap * 2;
        tape->message = realloc(tape->message, tape->cap * sizeof *tape->message);
    }
    const hf_span bytes = event->u.message.bytes;
    uint8_t *copy = malloc(bytes.len);
    if (tape->message == NULL || copy == NULL) {
        (void)fprintf(stderr, "tape: out of memory\n");
        abort();
    }
    memcpy(copy, bytes.data, bytes.len);
    tape->message[tape->count++] = (struct tape_message){
        .from = event->role,
        .level = event->u.message.level,
        .type = event->u.message.type,
        .len = bytes.len,
        .data = copy,
    };
}

static enum hs_state state_named(const char *name)
{
    int i = 0;
    while (i < HS_STATE_COUNT && strcmp(hs_rows[i].name, name) != 0) {
        i++;
    }
    return (enum hs_state)i;
}

static void keep_move(struct tape *tape, const char *from, const char *to)
{
    const enum hs_state a = state_named(from);
    const enum hs_state b = state_named(to);
    tape->visited[a] = tape->visited[b] = true;
    tape->edges[a][b] = true;
}

static void take(void *ctx, const hf_event *event)
{
    struct tape *tape = ctx;
    if (event->kind == HF_EV_STATE) {
        keep_move(tape, event->u.state.from, event->u.state.to);
    } else if (event->kind == HF_EV_MESSAGE && event->u.message.direction == HF_SENT) {
        keep_message(tape, event);
    } else if (event->kind == HF_EV_ALERT && event->u.alert.direction == HF_SENT) {
        tape->alert_sent[event->role] = event->u.alert.description;
    }
}

void tape_begin(struct tape *tape)
{
    *tape = (struct tape){
        .alert_sent = {-1, -1},
        .trace = {.wanted =
                      HF_EV_BIT(HF_EV_STATE) | HF_EV_BIT(HF_EV_MESSAGE) | HF_EV_BIT(HF_EV_ALERT),
                  .event = take,
                  .ctx = tape},
    };
}

void tape_end(struct tape *tape)
{
    for (size_t i = 0; i < tape->count; i++) {
        free(tape->message[i].data);
    }
    free(tape->message);
    tape->message = NULL;
    tape->count = tape->cap = 0;
}

const struct tape_message *tape_find(const struct tape *tape, hf_role from, uint8_t type)
{
    for (size_t i = 0; i < tape->count; i++) {
        if (tape->message[i].from == from && tape->message[i].type == type) {
            return &tape->message[i];
        }
    }
    return NULL;
}

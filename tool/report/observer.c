/* Keeps what the engine traced.
 *
 * Invariants: items[0..count) are complete and in order; texts in them are inert, NUL-terminated,
 * owned; after `full` nothing is added any more. */
#include "report/observer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/text.h"
#include "report/keylog.h"

static void on_event(void *ctx, const hf_event *event);
static uint64_t on_clock(void *ctx);
static struct obs_item *add_item(struct observer *o, const hf_event *event);
static void keep_message(struct obs_item *item, const hf_event *event);
static void keep_record(struct observer *o, const hf_event *event);
static void keep_choice(struct obs_item *item, const hf_event *event);
static void keep_secret(struct observer *o, const hf_event *event);
static char *keep_text(const char *s);

void obs_init(struct observer *o, bool secrets, struct keylog *keylog)
{
    *o = (struct observer){.records = true, .keep_secrets = secrets, .keylog = keylog};
    o->trace = (hf_trace){.wanted = HF_EV_PUBLIC & ~HF_EV_BIT(HF_EV_WIRE),
                          .event = on_event,
                          .ctx = o,
                          .now_ns = on_clock};
    if (secrets) {
        o->trace.wanted |= HF_EV_BIT(HF_EV_SECRET) | HF_EV_BIT(HF_EV_KEY_STEP);
    }
    if (keylog != NULL) {
        o->trace.wanted |= HF_EV_BIT(HF_EV_SECRET);
    }
}

void obs_forward(struct observer *o, const hf_trace *next)
{
    o->next = next;
    o->trace.wanted |= next->wanted;
}

void obs_free(struct observer *o)
{
    for (size_t i = 0; i < o->count; i++) {
        struct obs_item *item = &o->items[i];
        if (item->kind == HF_EV_MESSAGE) {
            free(item->u.message.bytes);
        } else if (item->kind == HF_EV_CANDIDATE || item->kind == HF_EV_DECISION) {
            free(item->u.choice.name);
            free(item->u.choice.reason);
        } else if (item->kind == HF_EV_NOTE) {
            free(item->u.note.about);
            free(item->u.note.text);
        }
    }
    if (o->items != NULL) {
        explicit_bzero(o->items, o->cap * sizeof o->items[0]);
    }
    free(o->items);
    *o = (struct observer){0};
}

/* TLS 1.2 has no keys for the handshake: its Finished stand under those of the application. */
static bool has_handshake_keys(const struct observer *o)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->items[i].kind == HF_EV_MESSAGE &&
            o->items[i].u.message.level == HF_LEVEL_HANDSHAKE) {
            return true;
        }
    }
    return false;
}

unsigned obs_round_trips(const struct observer *o)
{
    const bool later_is_after = has_handshake_keys(o);
    unsigned trips = 0;
    bool waiting = false;
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        /* Messages under application keys come after the handshake: they cost nobody a round
         * trip. */
        const bool is_after = later_is_after && item->u.message.level == HF_LEVEL_APPLICATION;
        if (item->kind != HF_EV_MESSAGE || is_after) {
            continue;
        }
        const bool sent = item->u.message.direction == HF_SENT;
        trips += waiting && !sent;
        waiting = sent;
    }
    return trips;
}

const struct obs_item *obs_message(const struct observer *o, hf_direction direction, uint8_t type)
{
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind == HF_EV_MESSAGE && item->u.message.direction == direction &&
            item->u.message.type == type) {
            return item;
        }
    }
    return NULL;
}

const struct obs_item *obs_decision(const struct observer *o, hf_decision about)
{
    const struct obs_item *last = NULL;
    for (size_t i = 0; i < o->count; i++) {
        if (o->items[i].kind == HF_EV_DECISION && o->items[i].u.choice.about == about) {
            last = &o->items[i];
        }
    }
    return last;
}

const char *obs_decision_name(hf_decision about)
{
    static const char *const names[] = {
        [HF_DECIDE_VERSION] = "version",
        [HF_DECIDE_CIPHER_SUITE] = "cipher suite",
        [HF_DECIDE_GROUP] = "group",
        [HF_DECIDE_SIGNATURE_SCHEME] = "signature",
        [HF_DECIDE_ALPN] = "protocol (ALPN)",
        [HF_DECIDE_IDENTITY] = "certificate to show",
        [HF_DECIDE_PSK] = "pre-shared key",
        [HF_DECIDE_EARLY_DATA] = "early data",
        [HF_DECIDE_RETRY] = "retry",
        [HF_DECIDE_CERTIFICATE_COMPRESSION] = "certificate compression",
        [HF_DECIDE_CERTIFICATE] = "peer's certificate",
    };
    return (size_t)about < sizeof names / sizeof names[0] ? names[about] : "decision";
}

uint64_t obs_clock(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t on_clock(void *ctx)
{
    (void)ctx;
    return obs_clock();
}

static void on_event(void *ctx, const hf_event *event)
{
    struct observer *o = ctx;
    struct obs_item *item = NULL;
    if (o->next != NULL && (o->next->wanted & HF_EV_BIT(event->kind)) != 0) {
        o->next->event(o->next->ctx, event);
    }
    switch (event->kind) {
    case HF_EV_RECORD:
        keep_record(o, event);
        return;
    case HF_EV_SECRET:
    case HF_EV_KEY_STEP:
        keep_secret(o, event);
        return;
    case HF_EV_MESSAGE:
    case HF_EV_STATE:
    case HF_EV_CANDIDATE:
    case HF_EV_DECISION:
    case HF_EV_KEYS:
    case HF_EV_OP:
    case HF_EV_ALERT:
    case HF_EV_NOTE:
        item = add_item(o, event);
        break;
    case HF_EV_WIRE:
    case HF_EV_KEY_SHARE:
    case HF_EV_ERROR: /* hf_conn_error tells it */
    case HF_EV_COUNT:
        return;
    }
    if (item == NULL) {
        return;
    }
    if (event->kind == HF_EV_MESSAGE) {
        keep_message(item, event);
    } else if (event->kind == HF_EV_CANDIDATE || event->kind == HF_EV_DECISION) {
        keep_choice(item, event);
    } else if (event->kind == HF_EV_STATE) {
        item->u.state.from = event->u.state.from;
        item->u.state.to = event->u.state.to;
    } else if (event->kind == HF_EV_KEYS) {
        item->u.keys.direction = event->u.keys.direction;
        item->u.keys.level = event->u.keys.level;
        item->u.keys.generation = event->u.keys.generation;
    } else if (event->kind == HF_EV_OP) {
        item->u.op.name = event->u.op.name;
        item->u.op.answered = event->u.op.answered;
    } else if (event->kind == HF_EV_ALERT) {
        item->u.alert.direction = event->u.alert.direction;
        item->u.alert.description = event->u.alert.description;
    } else {
        item->u.note.about = keep_text(event->u.note.about);
        item->u.note.text = keep_text(event->u.note.text);
        item->u.note.value = event->u.note.value;
    }
}

/* A zeroed item at the end, or NULL when there is no room. */
static struct obs_item *add_item(struct observer *o, const hf_event *event)
{
    if (o->full) {
        return NULL;
    }
    if (o->count == o->cap) {
        const size_t cap = o->cap == 0 ? 128 : o->cap * 2;
        /* Not realloc: the old block may hold secrets and is wiped. */
        struct obs_item *grown = cap > OBS_ITEMS_MAX ? NULL : calloc(cap, sizeof *grown);
        if (grown == NULL) {
            o->full = true;
            return NULL;
        }
        if (o->items != NULL) {
            memcpy(grown, o->items, o->count * sizeof *grown);
            explicit_bzero(o->items, o->count * sizeof *grown);
            free(o->items);
        }
        o->items = grown;
        o->cap = cap;
    }
    struct obs_item *item = &o->items[o->count++];
    item->kind = event->kind;
    item->at_ns = event->at_ns;
    return item;
}

static void keep_message(struct obs_item *item, const hf_event *event)
{
    /* What hello.h reads, and KeyUpdate. */
    static const uint32_t kept = 1u << 1 | 1u << 2 | 1u << 8 | 1u << 13 | 1u << 24;
    item->u.message.direction = event->u.message.direction;
    item->u.message.level = event->u.message.level;
    item->u.message.type = event->u.message.type;
    item->u.message.len = event->u.message.bytes.len;
    const char *name = event->u.message.name == NULL ? "unknown" : event->u.message.name;
    text_inert(item->u.message.name, sizeof item->u.message.name,
               (hf_span){(const uint8_t *)name, strlen(name)});
    const hf_span bytes = event->u.message.bytes;
    if (event->u.message.type < 32 && (kept >> event->u.message.type & 1) != 0 &&
        bytes.len <= 16384 && (item->u.message.bytes = malloc(bytes.len)) != NULL) {
        memcpy(item->u.message.bytes, bytes.data, bytes.len);
    }
}

static void keep_record(struct observer *o, const hf_event *event)
{
    o->wire_bytes[event->u.record.direction] += event->u.record.header.len + event->u.record.len;
    struct obs_item *item = o->records ? add_item(o, event) : NULL;
    if (item == NULL) {
        return;
    }
    item->u.record.direction = event->u.record.direction;
    item->u.record.level = event->u.record.level;
    item->u.record.type = event->u.record.type;
    item->u.record.wire_len = event->u.record.header.len + event->u.record.len;
    item->u.record.plain_len = event->u.record.plain_len;
    item->u.record.padding = event->u.record.padding;
    item->u.record.sequence = event->u.record.sequence;
}

static void keep_choice(struct obs_item *item, const hf_event *event)
{
    if (event->kind == HF_EV_CANDIDATE) {
        item->u.choice.about = event->u.candidate.about;
        item->u.choice.value = event->u.candidate.value;
        item->u.choice.accepted = event->u.candidate.accepted;
        item->u.choice.name = keep_text(event->u.candidate.name);
        item->u.choice.reason = keep_text(event->u.candidate.reason);
        return;
    }
    item->u.choice.about = event->u.decision.about;
    item->u.choice.value = event->u.decision.value;
    item->u.choice.accepted = true;
    item->u.choice.name = keep_text(event->u.decision.name);
    item->u.choice.reason = keep_text(event->u.decision.reason);
}

static void keep_secret(struct observer *o, const hf_event *event)
{
    if (event->kind == HF_EV_SECRET && o->keylog != NULL) {
        keylog_write(o->keylog, event);
    }
    struct obs_item *item = o->keep_secrets ? add_item(o, event) : NULL;
    if (item == NULL) {
        return;
    }
    const bool step = event->kind == HF_EV_KEY_STEP;
    const char *label = step ? event->u.key_step.name : event->u.secret.label;
    const hf_span bytes = step ? event->u.key_step.out : event->u.secret.secret;
    (void)strncpy(item->u.secret.label, label == NULL ? "" : label,
                  sizeof item->u.secret.label - 1);
    (void)strncpy(item->u.secret.step,
                  step && event->u.key_step.step != NULL ? event->u.key_step.step : "",
                  sizeof item->u.secret.step - 1);
    item->u.secret.len = bytes.len < OBS_SECRET_MAX ? bytes.len : OBS_SECRET_MAX;
    if (item->u.secret.len > 0) {
        memcpy(item->u.secret.bytes, bytes.data, item->u.secret.len);
    }
}

/* A copy that is safe to print; NULL and a failed allocation give NULL. */
static char *keep_text(const char *s)
{
    char inert[OBS_TEXT_MAX];
    text_inert(inert, sizeof inert, (hf_span){(const uint8_t *)s, s == NULL ? 0 : strlen(s)});
    return strdup(inert);
}

/* The observer watches one connection: an hf_trace whose events it keeps, in order, for the
 * reports. It knows nothing of sockets, and the engine knows nothing of it.
 *
 * Life: obs_init, then obs_trace(o) as hf_conn_params.trace, obs_free after the connection.
 * Bounded: OBS_ITEMS_MAX events, short copies of texts, and the bytes only of messages that hello.h
 * reads.
 *
 * Threads: that of the connection. */
#ifndef REPORT_OBSERVER_H
#define REPORT_OBSERVER_H

#include <handfast/trace.h>

enum { OBS_ITEMS_MAX = 2048, OBS_TEXT_MAX = 160, OBS_SECRET_MAX = 64 };

/* One event kept. Which members of u count is as in hf_event. */
struct obs_item {
    hf_event_kind kind;
    uint64_t at_ns;
    union {
        struct {
            hf_direction direction;
            hf_level level;
            uint8_t type;
            char name[32];
            size_t len;     /* with the 4-byte header */
            uint8_t *bytes; /* hellos and the like; else NULL */
        } message;
        struct {
            hf_direction direction;
            hf_level level;
            uint8_t type;
            size_t wire_len, plain_len, padding;
            uint64_t sequence;
        } record;
        struct { /* HF_EV_CANDIDATE, HF_EV_DECISION */
            hf_decision about;
            uint32_t value;
            bool accepted;
            char *name, *reason; /* "" when there is none */
        } choice;
        struct {
            hf_direction direction;
            hf_level level;
            uint32_t generation;
        } keys;
        struct {
            const char *from, *to;
        } state;
        struct {
            const char *name;
            bool answered;
        } op;
        struct {
            hf_direction direction;
            uint8_t description;
        } alert;
        struct {
            char *about, *text;
            uint32_t value;
        } note;
        struct { /* HF_EV_SECRET, HF_EV_KEY_STEP */
            char label[48];
            char step[16];
            uint8_t bytes[OBS_SECRET_MAX];
            size_t len;
        } secret;
    } u;
};

/* Where secrets go as well, while they pass: a key log. */
struct keylog;

struct observer {
    hf_trace trace;
    struct obs_item *items;
    size_t count, cap;
    bool full;              /* something was left out */
    bool records;           /* records are kept; switched off once data flows */
    bool keep_secrets;      /* HF_EV_SECRET and HF_EV_KEY_STEP are kept for display */
    uint64_t wire_bytes[2]; /* in records, by direction */
    struct keylog *keylog;  /* NULL: none */
    const hf_trace *next;   /* who sees every event as well; NULL */
};

/* Starts it. secrets: keep them for display; keylog may be NULL and outlives the observer. */
void obs_init(struct observer *o, bool secrets, struct keylog *keylog);
void obs_free(struct observer *o); /* wipes secrets */

/* Hands what next wants on to it, from now on. next outlives the connection. */
void obs_forward(struct observer *o, const hf_trace *next);

static inline const hf_trace *obs_trace(const struct observer *o)
{
    return &o->trace;
}

/* Round trips that the handshake took as this client saw it: how often it had sent something and
 * had to wait for the answer before its handshake was over. */
unsigned obs_round_trips(const struct observer *o);

/* The first message of this type and direction, or NULL. */
const struct obs_item *obs_message(const struct observer *o, hf_direction direction, uint8_t type);

/* The last decision about something, or NULL. */
const struct obs_item *obs_decision(const struct observer *o, hf_decision about);

/* "cipher suite", "group", ... */
const char *obs_decision_name(hf_decision about);

/* Nanoseconds of the machine's monotonic clock. */
uint64_t obs_clock(void);

#endif

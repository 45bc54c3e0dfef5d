/* From events to a recording.
 *
 * The one thing that needs care is that two ends may be watched: what one sent and the other
 * received is one entry. Messages are the same when they stand at the same place in the same end's
 * handshake bytes and are equal; records are counted, since TCP keeps their order; keys go by end,
 * level and generation; steps of the key schedule by what went in and came out. */
#include "recording/recorder.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/text.h"

static void on_event(void *ctx, const hf_event *event);
static uint64_t on_clock(void *ctx);
static void on_message(struct recorder *rec, const hf_event *event);
static void on_wire(struct recorder *rec, const hf_event *event);
static void on_record(struct recorder *rec, const hf_event *event);
static void on_keys(struct recorder *rec, const hf_event *event);
static void on_step(struct recorder *rec, const hf_event *event);
static void on_secret(struct recorder *rec, const hf_event *event);
static void on_share(struct recorder *rec, const hf_event *event);
static void on_candidate(struct recorder *rec, const hf_event *event);
static void on_decision(struct recorder *rec, const hf_event *event);
static void on_state(struct recorder *rec, const hf_event *event);
static void on_op(struct recorder *rec, const hf_event *event);
static void on_alert(struct recorder *rec, const hf_event *event);
static void on_error(struct recorder *rec, const hf_event *event);
static void on_note(struct recorder *rec, const hf_event *event);
static hf_role sender(const hf_event *event, hf_direction direction);
static uint64_t time_of(const struct recorder *rec, const hf_event *event);
static void note_time(struct recording_times *times, hf_direction direction, uint64_t ns);
static char *inert_copy(struct recording *r, const char *s);
static void inert_name(char out[RECORDING_NAME_MAX], const char *s);

void recorder_init(struct recorder *recorder, enum recording_source source, bool secrets)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *recorder = (struct recorder){.start_ns = on_clock(NULL)};
    recorder->recording.source = source;
    recorder->recording.secrets = secrets;
    recorder->keeps_shares = secrets;
    recorder->recording.started_unix_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    for (size_t i = 0; i < 2; i++) {
        struct recorder_end *end = &recorder->end[i];
        end->key_step = end->iv_step = end->block_step = RECORDING_NONE;
        for (size_t d = 0; d < 2; d++) {
            end->protection[d] = end->record[d] = RECORDING_NONE;
        }
    }
}

void recorder_free(struct recorder *recorder)
{
    recording_free(&recorder->recording);
}

const hf_trace *recorder_trace(struct recorder *recorder, const hf_trace *next)
{
    recorder->next = next;
    /* What is not kept is not even shown. */
    const uint64_t unwanted = recorder->keeps_shares ? 0 : HF_EV_BIT(HF_EV_KEY_SHARE);
    recorder->trace = (hf_trace){.wanted = RECORDER_WANTED & ~unwanted,
                                 .event = on_event,
                                 .ctx = recorder,
                                 .now_ns = on_clock};
    return &recorder->trace;
}

static void on_event(void *ctx, const hf_event *event)
{
    struct recorder *recorder = ctx;
    if (recorder->next != NULL && (recorder->next->wanted & HF_EV_BIT(event->kind)) != 0) {
        recorder->next->event(recorder->next->ctx, event);
    }
    recorder_event(recorder, event);
}

static uint64_t on_clock(void *ctx)
{
    struct timespec now = {0};
    (void)ctx;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void recorder_title(struct recorder *recorder, const char *title)
{
    text_inert(recorder->recording.title, sizeof recorder->recording.title,
               (hf_span){(const uint8_t *)title, strlen(title)});
}

void recorder_address(struct recorder *recorder, hf_role end, const char *address)
{
    text_inert(recorder->recording.address[end], sizeof recorder->recording.address[end],
               (hf_span){(const uint8_t *)address, strlen(address)});
}

void recorder_event(struct recorder *recorder, const hf_event *event)
{
    static void (*const take[HF_EV_COUNT])(struct recorder *, const hf_event *) = {
        [HF_EV_STATE] = on_state,
        [HF_EV_MESSAGE] = on_message,
        [HF_EV_RECORD] = on_record,
        [HF_EV_CANDIDATE] = on_candidate,
        [HF_EV_DECISION] = on_decision,
        [HF_EV_KEYS] = on_keys,
        [HF_EV_SECRET] = on_secret,
        [HF_EV_KEY_STEP] = on_step,
        [HF_EV_OP] = on_op,
        [HF_EV_ALERT] = on_alert,
        [HF_EV_ERROR] = on_error,
        [HF_EV_NOTE] = on_note,
        [HF_EV_WIRE] = on_wire,
        [HF_EV_KEY_SHARE] = on_share,
    };
    if ((size_t)event->kind < HF_EV_COUNT && take[event->kind] != NULL) {
        if (recorder->recording.source != RECORDING_PCAP) {
            recorder->recording.observed[event->role] = true;
        }
        take[event->kind](recorder, event);
    }
}

/* --- What travels ----------------------------------------------------------------------------- */

static void on_message(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    const hf_direction direction = event->u.message.direction;
    const hf_role from = sender(event, direction);
    const uint64_t ns = time_of(rec, event);
    for (size_t i = r->messages.count; i > 0; i--) {
        struct recorded_message *m = &r->messages.items[i - 1];
        if (m->from == from && m->offset == event->u.message.offset && !m->times.seen[direction] &&
            recording_same(recording_span(&m->bytes), event->u.message.bytes)) {
            note_time(&m->times, direction, ns);
            return;
        }
    }
    struct recorded_message *m = RECORDING_ADD(r, messages, RECORDING_MESSAGES_MAX);
    if (m == NULL) {
        return;
    }
    m->from = from;
    m->level = event->u.message.level;
    m->type = event->u.message.type;
    m->offset = event->u.message.offset;
    m->protection = rec->end[event->role].protection[direction];
    m->bytes = recording_copy(r, event->u.message.bytes);
    inert_name(m->name, event->u.message.name);
    note_time(&m->times, direction, ns);
}

/* A record begins with its bytes; what was in it follows when it opened. */
static void on_wire(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    const hf_direction direction = event->u.wire.direction;
    const hf_role from = sender(event, direction);
    struct recorder_end *end = &rec->end[event->role];
    const hf_span bytes = event->u.wire.bytes;
    const uint64_t ordinal = end->ordinal[direction]++;
    end->record[direction] = RECORDING_NONE;
    for (size_t i = r->records.count; i > 0; i--) {
        struct recorded_record *known = &r->records.items[i - 1];
        if (known->from == from && known->ordinal == ordinal && !known->times.seen[direction]) {
            note_time(&known->times, direction, time_of(rec, event));
            end->record[direction] = (int)(i - 1);
            return;
        }
    }
    struct recorded_record *record =
        bytes.len < 5 ? NULL : RECORDING_ADD(r, records, RECORDING_RECORDS_MAX);
    if (record == NULL) {
        return;
    }
    record->from = from;
    record->ordinal = ordinal;
    record->type = bytes.data[0];
    record->len = bytes.len - sizeof record->header;
    record->protection = end->protection[direction];
    memcpy(record->header, bytes.data, sizeof record->header);
    note_time(&record->times, direction, time_of(rec, event));
    if (record->type == 20) { /* change_cipher_spec is never protected in TLS 1.3 */
        record->protection = RECORDING_NONE;
    }
    record->level = record->protection == RECORDING_NONE ? HF_LEVEL_PLAIN
                                                         : r->keys.items[record->protection].level;
    if (r->wire_bytes + bytes.len > RECORDING_WIRE_MAX) {
        r->wire_left_out = true;
    } else if (end->data_records[direction] <= RECORDING_DATA_RECORDS) {
        record->wire = recording_copy(r, bytes);
        r->wire_bytes += record->wire.len;
    }
    end->record[direction] = (int)(r->records.count - 1);
}

static void on_record(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    const hf_direction direction = event->u.record.direction;
    struct recorder_end *end = &rec->end[event->role];
    const uint64_t at = end->stream[direction];
    if (event->u.record.type == 22) {
        end->stream[direction] += event->u.record.plain_len;
    }
    const bool is_data = event->u.record.type == 23;
    end->data_records[direction] += is_data;
    const int index = end->record[direction];
    end->record[direction] = RECORDING_NONE;
    if (index == RECORDING_NONE) {
        return;
    }
    struct recorded_record *record = &r->records.items[index];
    if (is_data && end->data_records[direction] > RECORDING_DATA_RECORDS &&
        (size_t)index + 1 == r->records.count) {
        r->wire_bytes -= record->wire.len;
        recording_bytes_free(&record->wire);
        r->records.count--;
        return;
    }
    if (!is_data && !record->opened) {
        r->bytes[record->from] += sizeof record->header + record->len;
    }
    record->opened = true;
    record->type = event->u.record.type;
    record->level = event->u.record.level;
    if (record->level == HF_LEVEL_PLAIN) {
        record->protection = RECORDING_NONE;
    }
    record->plain_len = event->u.record.plain_len;
    record->padding = event->u.record.padding;
    record->sequence = event->u.record.sequence;
    record->stream_at = at;
}

static void on_alert(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    const hf_direction direction = event->u.alert.direction;
    const hf_role from = sender(event, direction);
    for (size_t i = 0; i < r->alerts.count; i++) {
        struct recorded_alert *known = &r->alerts.items[i];
        if (known->from == from && known->description == event->u.alert.description &&
            !known->times.seen[direction]) {
            note_time(&known->times, direction, time_of(rec, event));
            return;
        }
    }
    struct recorded_alert *alert = RECORDING_ADD(r, alerts, RECORDING_EVENTS_MAX);
    if (alert != NULL) {
        alert->from = from;
        alert->level = event->u.alert.level;
        alert->description = event->u.alert.description;
        alert->protection = rec->end[event->role].protection[direction];
        note_time(&alert->times, direction, time_of(rec, event));
    }
}

/* --- Keys ------------------------------------------------------------------------------------- */

static void on_keys(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    const hf_direction direction = event->u.keys.direction;
    const hf_role from = sender(event, direction);
    struct recorder_end *end = &rec->end[event->role];
    int index = RECORDING_NONE;
    for (size_t i = 0; i < r->keys.count; i++) {
        const struct recorded_keys *k = &r->keys.items[i];
        if (k->from == from && k->level == event->u.keys.level &&
            k->generation == event->u.keys.generation && !k->times.seen[direction]) {
            index = (int)i;
        }
    }
    if (index == RECORDING_NONE) {
        struct recorded_keys *k = RECORDING_ADD(r, keys, RECORDING_EVENTS_MAX);
        if (k == NULL) {
            return;
        }
        index = (int)(r->keys.count - 1);
        k->from = from;
        k->level = event->u.keys.level;
        k->generation = event->u.keys.generation;
        k->cipher_suite = event->u.keys.cipher_suite;
        k->key_step = end->key_step;
        k->iv_step = end->iv_step;
        k->secret_step = end->block_step; /* TLS 1.2 cuts keys and IVs out of it */
        if (k->key_step != RECORDING_NONE) {
            k->secret_step = recording_step_of(r, recording_span(&r->steps.items[k->key_step].in),
                                               (size_t)k->key_step);
        }
    }
    note_time(&r->keys.items[index].times, direction, time_of(rec, event));
    end->protection[direction] = index;
    end->key_step = end->iv_step = RECORDING_NONE;
}

static bool is_watched(const struct recorder *rec);
static const char *secret_name(const char *label);

static void on_step(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    struct recorder_end *end = &rec->end[event->role];
    const char *name = event->u.key_step.name;
    size_t index = 0;
    for (; index < r->steps.count; index++) {
        struct recorded_step *known = &r->steps.items[index];
        if (strcmp(known->name, name) == 0 && strcmp(known->op, event->u.key_step.step) == 0 &&
            recording_same(recording_span(&known->in), event->u.key_step.in) &&
            recording_same(recording_span(&known->context), event->u.key_step.salt_or_context) &&
            recording_same(recording_span(&known->out), event->u.key_step.out)) {
            known->by[event->role] = is_watched(rec);
            break;
        }
    }
    if (index == r->steps.count) {
        struct recorded_step *step = RECORDING_ADD(r, steps, RECORDING_EVENTS_MAX);
        if (step == NULL) {
            return;
        }
        step->op = event->u.key_step.step;
        inert_name(step->name, name);
        inert_name(step->label, event->u.key_step.label);
        step->in = recording_copy(r, event->u.key_step.in);
        step->context = recording_copy(r, event->u.key_step.salt_or_context);
        step->out = recording_copy(r, event->u.key_step.out);
        step->by[event->role] = is_watched(rec);
        step->at_ns = time_of(rec, event);
    }
    if (strcmp(name, "key") == 0) {
        end->key_step = (int)index;
    } else if (strcmp(name, "iv") == 0) {
        end->iv_step = (int)index;
    } else if (strcmp(name, "key_block") == 0) {
        end->block_step = (int)index;
    }
}

/* In a capture nobody was seen computing. */
static bool is_watched(const struct recorder *rec)
{
    return rec->recording.source != RECORDING_PCAP;
}

/* The RFC's name of a secret that a key log knows by its label (RFC 9850, 2). */
static const char *secret_name(const char *label)
{
    static const char *const names[][2] = {
        {"CLIENT_RANDOM", "master_secret"},
        {"CLIENT_EARLY_TRAFFIC_SECRET", "client_early_traffic_secret"},
        {"EARLY_EXPORTER_SECRET", "early_exporter_secret"},
        {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client_handshake_traffic_secret"},
        {"SERVER_HANDSHAKE_TRAFFIC_SECRET", "server_handshake_traffic_secret"},
        {"CLIENT_TRAFFIC_SECRET_0", "client_application_traffic_secret_0"},
        {"SERVER_TRAFFIC_SECRET_0", "server_application_traffic_secret_0"},
        {"EXPORTER_SECRET", "exporter_secret"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i][0], label) == 0) {
            return names[i][1];
        }
    }
    return label;
}

static void on_secret(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    const int known = recording_step_of(r, event->u.secret.secret, r->steps.count);
    struct recorded_step *step = NULL;
    if (known != RECORDING_NONE) {
        step = &r->steps.items[known];
    } else {
        step = RECORDING_ADD(r, steps, RECORDING_EVENTS_MAX);
        if (step == NULL) {
            return;
        }
        step->op = "Given";
        inert_name(step->name, secret_name(event->u.secret.label));
        step->out = recording_copy(r, event->u.secret.secret);
        step->at_ns = time_of(rec, event);
    }
    step->by[event->role] = is_watched(rec);
    inert_name(step->key_log, event->u.secret.label);
}

/* The schedule's steps are kept without secrets too, for their names; of a share nothing would be
 * left. */
static void on_share(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    struct recorded_share *share =
        rec->keeps_shares ? RECORDING_ADD(r, shares, RECORDING_SHARES_MAX) : NULL;
    if (share != NULL) {
        share->end = event->role;
        share->group = event->u.key_share.group;
        share->random = recording_copy(r, event->u.key_share.random);
        share->at_ns = time_of(rec, event);
    }
}

/* --- What was thought ------------------------------------------------------------------------- */

/* The decision that this end is about to take, begun with its first candidate. */
static struct recorded_decision *open_decision(struct recorder *rec, const hf_event *event,
                                               hf_decision about)
{
    struct recording *r = &rec->recording;
    for (size_t i = r->decisions.count; i > 0; i--) {
        struct recorded_decision *d = &r->decisions.items[i - 1];
        if (d->end == event->role && d->about == about) {
            if (d->taken) {
                break;
            }
            return d;
        }
    }
    struct recorded_decision *d = RECORDING_ADD(r, decisions, RECORDING_EVENTS_MAX);
    if (d != NULL) {
        d->about = about;
        d->end = event->role;
        d->at_ns = time_of(rec, event);
    }
    return d;
}

static void on_candidate(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    struct recorded_decision *d = open_decision(rec, event, event->u.candidate.about);
    if (d == NULL || !recording_grow(r, (void **)&d->candidates, &d->candidate_count,
                                     &d->candidate_cap, sizeof *d->candidates, 256)) {
        return;
    }
    struct recorded_candidate *c = &d->candidates[d->candidate_count++];
    c->value = event->u.candidate.value;
    c->accepted = event->u.candidate.accepted;
    c->name = inert_copy(r, event->u.candidate.name);
    c->reason = inert_copy(r, event->u.candidate.reason);
}

static void on_decision(struct recorder *rec, const hf_event *event)
{
    struct recorded_decision *d = open_decision(rec, event, event->u.decision.about);
    if (d != NULL) {
        d->taken = true;
        d->value = event->u.decision.value;
        d->name = inert_copy(&rec->recording, event->u.decision.name);
        d->reason = inert_copy(&rec->recording, event->u.decision.reason);
        d->at_ns = time_of(rec, event);
    }
}

static void on_state(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    if (strcmp(event->u.state.to, "CONNECTED") == 0 && !r->connected[event->role]) {
        r->connected[event->role] = true;
        r->connected_ns[event->role] = time_of(rec, event);
    }
    struct recorded_state *state = RECORDING_ADD(r, states, RECORDING_EVENTS_MAX);
    if (state != NULL) {
        state->end = event->role;
        state->from = event->u.state.from;
        state->to = event->u.state.to;
        state->at_ns = time_of(rec, event);
    }
}

static void on_op(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    for (size_t i = r->ops.count; event->u.op.answered && i > 0; i--) {
        struct recorded_op *op = &r->ops.items[i - 1];
        if (op->end == event->role && !op->answered) {
            op->answered = true;
            op->answered_ns = time_of(rec, event);
            return;
        }
    }
    struct recorded_op *op = RECORDING_ADD(r, ops, RECORDING_EVENTS_MAX);
    if (op != NULL) {
        op->end = event->role;
        op->name = event->u.op.name;
        op->opened_ns = time_of(rec, event);
    }
}

static void on_error(struct recorder *rec, const hf_event *event)
{
    struct recorded_error *e = RECORDING_ADD(&rec->recording, errors, RECORDING_EVENTS_MAX);
    if (e != NULL) {
        e->end = event->role;
        e->error = *event->u.error;
        e->at_ns = time_of(rec, event);
    }
}

static void on_note(struct recorder *rec, const hf_event *event)
{
    struct recording *r = &rec->recording;
    struct recorded_note *note = RECORDING_ADD(r, notes, RECORDING_EVENTS_MAX);
    if (note != NULL) {
        note->end = event->role;
        note->about = inert_copy(r, event->u.note.about);
        note->text = inert_copy(r, event->u.note.text);
        note->value = event->u.note.value;
        note->at_ns = time_of(rec, event);
    }
}

/* --- Leaves ----------------------------------------------------------------------------------- */

static hf_role sender(const hf_event *event, hf_direction direction)
{
    const hf_role peer = event->role == HF_CLIENT ? HF_SERVER : HF_CLIENT;
    return direction == HF_SENT ? event->role : peer;
}

static uint64_t time_of(const struct recorder *rec, const hf_event *event)
{
    return event->at_ns > rec->start_ns ? event->at_ns - rec->start_ns : 0;
}

static void note_time(struct recording_times *times, hf_direction direction, uint64_t ns)
{
    times->seen[direction] = true;
    times->ns[direction] = ns;
}

static char *inert_copy(struct recording *r, const char *s)
{
    char inert[240];
    if (s == NULL) {
        return NULL;
    }
    text_inert(inert, sizeof inert, (hf_span){(const uint8_t *)s, strlen(s)});
    char *copy = strdup(inert);
    r->no_memory = r->no_memory || copy == NULL;
    return copy;
}

static void inert_name(char out[RECORDING_NAME_MAX], const char *s)
{
    text_inert(out, RECORDING_NAME_MAX, (hf_span){(const uint8_t *)s, s == NULL ? 0 : strlen(s)});
}

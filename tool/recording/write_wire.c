/* What travelled: flights, records, messages, and under which keys. */
#include <handfast/inspect.h>

#include "recording/fields.h"
#include "recording/write_int.h"

static void one_record(struct document *d, const struct recorded_record *record);
static void parts(struct document *d, const struct recorded_record *record);
static void one_message(struct document *d, size_t index);
static void records_of(struct document *d, const struct recorded_message *m);
static bool overlap(const struct recorded_record *record, const struct recorded_message *m,
                    uint64_t *from, uint64_t *to);
static void step_id(struct document *d, const char *key, int step);

size_t write_flight_of(const struct recording *r, size_t message)
{
    size_t flight = 0;
    for (size_t i = 1; i <= message; i++) {
        flight += r->messages.items[i].from != r->messages.items[i - 1].from;
    }
    return flight;
}

void write_flights(struct document *d)
{
    const struct recording *r = d->r;
    json_array(&d->j, "flights");
    for (size_t i = 0; i < r->messages.count;) {
        const struct recorded_message *first = &r->messages.items[i];
        size_t end = i;
        while (end < r->messages.count && r->messages.items[end].from == first->from) {
            end++;
        }
        json_object(&d->j, NULL);
        write_end_name(d, "from", first->from);
        json_array(&d->j, "messages");
        for (size_t m = i; m < end; m++) {
            json_number(&d->j, NULL, (int64_t)m);
        }
        json_end(&d->j);
        json_array(&d->j, "records");
        for (size_t k = 0; k < r->records.count; k++) {
            uint64_t from = 0;
            uint64_t to = 0;
            bool carries = false;
            for (size_t m = i; m < end && !carries; m++) {
                carries = overlap(&r->records.items[k], &r->messages.items[m], &from, &to);
            }
            if (carries) {
                json_number(&d->j, NULL, (int64_t)k);
            }
        }
        json_end(&d->j);
        write_ns(d, "sent_ns", first->times.seen[HF_SENT], first->times.ns[HF_SENT]);
        const struct recording_times *last = &r->messages.items[end - 1].times;
        write_ns(d, "received_ns", last->seen[HF_RECEIVED], last->ns[HF_RECEIVED]);
        json_end(&d->j);
        i = end;
    }
    json_end(&d->j);
}

void write_records(struct document *d)
{
    json_array(&d->j, "records");
    for (size_t i = 0; i < d->r->records.count; i++) {
        one_record(d, &d->r->records.items[i]);
    }
    json_end(&d->j);
}

static void one_record(struct document *d, const struct recorded_record *record)
{
    json_object(&d->j, NULL);
    write_end_name(d, "from", record->from);
    write_code(d, "type", record->type, hf_code_name(HF_CODES_CONTENT, record->type));
    write_level(d, record->level);
    write_index(d, "protection", record->protection);
    json_number(&d->j, "sequence", (int64_t)record->sequence);
    json_hex(&d->j, "header", (hf_span){record->header, sizeof record->header});
    json_number(&d->j, "len", (int64_t)record->len);
    json_bool(&d->j, "opened", record->opened);
    write_ns(d, "plain_len", record->opened, record->plain_len);
    write_ns(d, "padding", record->opened, record->padding);
    if (record->wire.len > 0) {
        json_hex(&d->j, "wire", recording_span(&record->wire));
    } else {
        json_null(&d->j, "wire");
    }
    write_times(d, &record->times);
    parts(d, record);
    json_end(&d->j);
}

/* Which bytes of which messages are in it. */
static void parts(struct document *d, const struct recorded_record *record)
{
    json_array(&d->j, "messages");
    for (size_t i = 0; i < d->r->messages.count; i++) {
        const struct recorded_message *m = &d->r->messages.items[i];
        uint64_t from = 0;
        uint64_t to = 0;
        if (overlap(record, m, &from, &to)) {
            json_object(&d->j, NULL);
            json_number(&d->j, "message", (int64_t)i);
            json_number(&d->j, "at", (int64_t)(from - m->offset));
            json_number(&d->j, "len", (int64_t)(to - from));
            json_end(&d->j);
        }
    }
    json_end(&d->j);
}

void write_messages(struct document *d)
{
    json_array(&d->j, "messages");
    for (size_t i = 0; i < d->r->messages.count; i++) {
        one_message(d, i);
    }
    json_end(&d->j);
}

static void one_message(struct document *d, size_t index)
{
    const struct recorded_message *m = &d->r->messages.items[index];
    const char *name = fields_is_retry(recording_span(&m->bytes)) ? "HelloRetryRequest" : m->name;
    json_object(&d->j, NULL);
    json_string(&d->j, "name", name);
    json_string(&d->j, "term", terms_use_named(&d->terms, "message", name, "message.unknown"));
    json_number(&d->j, "type", m->type);
    write_end_name(d, "from", m->from);
    write_level(d, m->level);
    write_index(d, "protection", m->level == HF_LEVEL_PLAIN ? RECORDING_NONE : m->protection);
    json_number(&d->j, "offset", (int64_t)m->offset);
    json_number(&d->j, "len", (int64_t)m->bytes.len);
    json_number(&d->j, "flight", (int64_t)write_flight_of(d->r, index));
    records_of(d, m);
    write_times(d, &m->times);
    json_hex(&d->j, "bytes", recording_span(&m->bytes));
    fields_json(recording_span(&m->bytes), d->version, &d->terms, &d->j);
    json_end(&d->j);
}

static void records_of(struct document *d, const struct recorded_message *m)
{
    json_array(&d->j, "records");
    for (size_t i = 0; i < d->r->records.count; i++) {
        uint64_t from = 0;
        uint64_t to = 0;
        if (overlap(&d->r->records.items[i], m, &from, &to)) {
            json_number(&d->j, NULL, (int64_t)i);
        }
    }
    json_end(&d->j);
}

static bool overlap(const struct recorded_record *record, const struct recorded_message *m,
                    uint64_t *from, uint64_t *to)
{
    if (record->type != 22 || !record->opened || record->from != m->from) {
        return false;
    }
    const uint64_t end = record->stream_at + record->plain_len;
    const uint64_t message_end = m->offset + m->bytes.len;
    *from = record->stream_at > m->offset ? record->stream_at : m->offset;
    *to = end < message_end ? end : message_end;
    return *from < *to;
}

void write_protections(struct document *d)
{
    const struct recording *r = d->r;
    json_array(&d->j, "protections");
    for (size_t i = 0; i < r->keys.count; i++) {
        const struct recorded_keys *k = &r->keys.items[i];
        json_object(&d->j, NULL);
        write_end_name(d, "from", k->from);
        write_level(d, k->level);
        json_number(&d->j, "generation", k->generation);
        write_code(d, "cipher_suite", k->cipher_suite,
                   hf_code_name(HF_CODES_CIPHER_SUITE, k->cipher_suite));
        step_id(d, "secret_step", k->secret_step);
        step_id(d, "key_step", k->key_step);
        step_id(d, "iv_step", k->iv_step);
        write_times(d, &k->times);
        json_end(&d->j);
    }
    json_end(&d->j);
}

static void step_id(struct document *d, const char *key, int step)
{
    json_string(&d->j, key, step == RECORDING_NONE ? NULL : d->ids[step]);
}

/* The key schedule as a graph: each step with what went in and where that came from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <handfast/inspect.h>

#include "recording/fields.h"
#include "recording/write_int.h"

/* Hashes of the first messages, to find which of them a context stands for. */
struct hashes {
    const hf_hash *hash; /* NULL: not known */
    uint8_t nothing[HF_HASH_MAX_LEN];
    uint8_t (*of)[HF_HASH_MAX_LEN]; /* of[n]: of the first n messages */
};

static void name_step(struct document *d, size_t index);
static bool is_taken(const struct document *d, size_t index, const char *id);
static bool hash_all(const struct document *d, struct hashes *h);
static void one_step(struct document *d, size_t index, const struct hashes *h);
static void inputs(struct document *d, size_t index);
static void input(struct document *d, size_t index, const char *role, hf_span value);
static void context(struct document *d, const struct recorded_step *s, const struct hashes *h);
static bool all_zero(hf_span bytes);
static bool is(const char *a, const char *b);

bool write_name_steps(struct document *d)
{
    d->ids = calloc(d->r->steps.count + 1, sizeof *d->ids);
    for (size_t i = 0; d->ids != NULL && i < d->r->steps.count; i++) {
        name_step(d, i);
    }
    return d->ids != NULL;
}

/* Names that occur once are ids; those of what hangs on another step get that one's in front. */
static void name_step(struct document *d, size_t index)
{
    static const char *const parts[] = {"derived", "key", "iv", "finished_key"};
    static const char next[] = "application_traffic_secret_N+1";
    const struct recorded_step *s = &d->r->steps.items[index];
    const int parent = recording_step_of(d->r, recording_span(&s->in), index);
    const char *above = parent == RECORDING_NONE ? "" : d->ids[parent];
    char id[STEP_ID_MAX];
    bool is_part = false;
    (void)snprintf(id, sizeof id, "%.63s", s->name);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        is_part = is_part || is(s->name, parts[i]);
    }
    const char *number = strrchr(above, '_');
    if (is_part && above[0] != '\0') {
        (void)snprintf(id, sizeof id, "%.60s/%.40s", above, s->name);
    } else if (is(s->name, next) && number != NULL) {
        (void)snprintf(id, sizeof id, "%.*s_%lu", (int)(number - above), above,
                       strtoul(number + 1, NULL, 10) + 1);
    }
    (void)snprintf(d->ids[index], STEP_ID_MAX, "%s", id);
    for (unsigned n = 2; is_taken(d, index, d->ids[index]); n++) {
        (void)snprintf(d->ids[index], STEP_ID_MAX, "%.100s#%u", id, n);
    }
}

static bool is_taken(const struct document *d, size_t index, const char *id)
{
    for (size_t i = 0; i < index; i++) {
        if (is(d->ids[i], id)) {
            return true;
        }
    }
    return false;
}

void write_schedule(struct document *d)
{
    struct hashes h = {.hash = hf_cipher_suite_hash(d->cipher_suite)};
    if (!hash_all(d, &h)) {
        d->j.out->failed = true;
        return;
    }
    json_object(&d->j, "schedule");
    json_string(&d->j, "hash", h.hash == NULL ? NULL : h.hash->name);
    json_array(&d->j, "steps");
    for (size_t i = 0; i < d->r->steps.count; i++) {
        one_step(d, i, &h);
    }
    json_end(&d->j);
    json_end(&d->j);
    free(h.of);
}

void write_shares(struct document *d)
{
    json_array(&d->j, "key_shares");
    for (size_t i = 0; d->r->secrets && i < d->r->shares.count; i++) {
        const struct recorded_share *share = &d->r->shares.items[i];
        json_object(&d->j, NULL);
        write_end_name(d, "end", share->end);
        json_number(&d->j, "group", share->group);
        json_string(&d->j, "group_name", hf_code_name(HF_CODES_GROUP, share->group));
        json_hex(&d->j, "random", recording_span(&share->random));
        json_number(&d->j, "at_ns", (int64_t)share->at_ns);
        json_end(&d->j);
    }
    json_end(&d->j);
}

/* RFC 9846, 4.1: after a HelloRetryRequest the first ClientHello counts as message_hash. */
static bool hash_all(const struct document *d, struct hashes *h)
{
    const struct recording *r = d->r;
    hf_hash_ctx run;
    if (h->hash == NULL) {
        return true;
    }
    h->of = calloc(r->messages.count + 1, sizeof *h->of);
    if (h->of == NULL) {
        return false;
    }
    h->hash->init(&run);
    hf_hash_ctx copy = run;
    h->hash->final(&copy, h->nothing);
    memcpy(h->of[0], h->nothing, sizeof h->nothing);
    for (size_t i = 0; i < r->messages.count; i++) {
        const hf_span bytes = recording_span(&r->messages.items[i].bytes);
        if (i == 1 && fields_is_retry(bytes)) {
            const uint8_t head[4] = {254, 0, 0, h->hash->digest_len};
            h->hash->init(&run);
            h->hash->update(&run, head, sizeof head);
            h->hash->update(&run, h->of[1], h->hash->digest_len);
        }
        if (bytes.len > 0) {
            h->hash->update(&run, bytes.data, bytes.len);
        }
        copy = run;
        h->hash->final(&copy, h->of[i + 1]);
    }
    return true;
}

static void one_step(struct document *d, size_t index, const struct hashes *h)
{
    const struct recorded_step *s = &d->r->steps.items[index];
    const bool extract = is(s->op, "Extract");
    json_object(&d->j, NULL);
    json_string(&d->j, "id", d->ids[index]);
    json_string(&d->j, "op", s->op);
    json_string(&d->j, "name", s->name);
    json_string(&d->j, "term", terms_use_named(&d->terms, "secret", s->name, "secret.other"));
    json_string(&d->j, "label", s->label[0] == '\0' ? NULL : s->label);
    inputs(d, index);
    if (extract || is(s->op, "Given")) {
        json_null(&d->j, "context");
        json_string(&d->j, "context_kind", "none");
        json_null(&d->j, "context_messages");
    } else {
        context(d, s, h);
    }
    json_number(&d->j, "output_len", (int64_t)s->out.len);
    if (d->r->secrets) {
        json_hex(&d->j, "output", recording_span(&s->out));
    } else {
        json_null(&d->j, "output");
    }
    json_string(&d->j, "key_log", s->key_log[0] == '\0' ? NULL : s->key_log);
    json_array(&d->j, "ends");
    for (int end = HF_CLIENT; end <= HF_SERVER; end++) {
        if (s->by[end]) {
            write_end_name(d, NULL, (hf_role)end);
        }
    }
    json_end(&d->j);
    json_number(&d->j, "at_ns", (int64_t)s->at_ns);
    json_end(&d->j);
}

static void inputs(struct document *d, size_t index)
{
    const struct recorded_step *s = &d->r->steps.items[index];
    json_array(&d->j, "inputs");
    if (is(s->op, "Extract")) {
        input(d, index, "salt", recording_span(&s->context));
        input(d, index, "ikm", recording_span(&s->in));
    } else if (!is(s->op, "Given")) {
        input(d, index, "secret", recording_span(&s->in));
    }
    json_end(&d->j);
}

static void input(struct document *d, size_t index, const char *role, hf_span value)
{
    const struct recorded_step *s = &d->r->steps.items[index];
    const int step = recording_step_of(d->r, value, index);
    const bool zeros = step == RECORDING_NONE && all_zero(value);
    const char *kind = "other";
    if (step != RECORDING_NONE) {
        kind = "step";
    } else if (zeros) {
        kind = "zeros";
    } else if (is(s->name, "early_secret")) {
        kind = "psk";
    } else if (is(s->name, "handshake_secret") || is(s->name, "master_secret")) {
        kind = "shared_secret";
        (void)terms_use(&d->terms, "secret.shared_secret");
    }
    json_object(&d->j, NULL);
    json_string(&d->j, "role", role);
    json_string(&d->j, "kind", kind);
    json_string(&d->j, "step", step == RECORDING_NONE ? NULL : d->ids[step]);
    if (d->r->secrets || zeros) {
        json_hex(&d->j, "hex", value);
    } else {
        json_null(&d->j, "hex");
    }
    json_end(&d->j);
}

static void context(struct document *d, const struct recorded_step *s, const struct hashes *h)
{
    const hf_span value = recording_span(&s->context);
    const char *kind = value.len == 0 ? "none" : "other";
    int messages = RECORDING_NONE;
    if (h->hash != NULL && value.len == h->hash->digest_len) {
        if (memcmp(value.data, h->nothing, value.len) == 0) {
            kind = "empty";
        }
        for (size_t n = 1; h->of != NULL && n <= d->r->messages.count; n++) {
            if (memcmp(value.data, h->of[n], value.len) == 0) {
                kind = "transcript";
                messages = (int)n;
                break;
            }
        }
    }
    json_hex(&d->j, "context", value);
    json_string(&d->j, "context_kind", kind);
    write_index(d, "context_messages", messages);
}

static bool all_zero(hf_span bytes)
{
    uint8_t any = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        any |= bytes.data[i];
    }
    return any == 0;
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* An event as one line of JSON (RFC 8259).
 *
 * Every line is an object with "event", "role", "conn" (which connection, a number in hexadecimal)
 * and "at_ns", then the members of the kind under the names that <handfast/trace.h> gives them.
 * Bytes are lower-case hexadecimal. A text that a peer may have chosen cannot break out of its
 * string: quotes, backslashes and control characters are escaped, and bytes that are not UTF-8
 * become the characters of the same number, \u0080 to \u00ff.
 */
#include <handfast/trace.h>

#include <stdio.h>

/* Writes as far as there is room and counts on. */
struct json {
    char *out;
    size_t cap; /* one less than there is: the last byte is for the NUL */
    size_t len;
};

typedef void write_fn(struct json *j, const hf_event *event);

static write_fn write_state, write_message, write_record, write_candidate, write_decision,
    write_keys, write_secret, write_key_step, write_op, write_alert, write_error, write_note,
    write_wire, write_key_share;

static const struct {
    const char *name;
    write_fn *write;
} kinds[] = {
    [HF_EV_STATE] = {"state", write_state},
    [HF_EV_MESSAGE] = {"message", write_message},
    [HF_EV_RECORD] = {"record", write_record},
    [HF_EV_CANDIDATE] = {"candidate", write_candidate},
    [HF_EV_DECISION] = {"decision", write_decision},
    [HF_EV_KEYS] = {"keys", write_keys},
    [HF_EV_SECRET] = {"secret", write_secret},
    [HF_EV_KEY_STEP] = {"key_step", write_key_step},
    [HF_EV_OP] = {"op", write_op},
    [HF_EV_ALERT] = {"alert", write_alert},
    [HF_EV_ERROR] = {"error", write_error},
    [HF_EV_NOTE] = {"note", write_note},
    [HF_EV_WIRE] = {"wire", write_wire},
    [HF_EV_KEY_SHARE] = {"key_share", write_key_share},
};
_Static_assert(sizeof kinds / sizeof kinds[0] == HF_EV_COUNT, "every kind is written");

static const char *const roles[] = {[HF_CLIENT] = "client", [HF_SERVER] = "server"};
static const char *const directions[] = {[HF_SENT] = "sent", [HF_RECEIVED] = "received"};
static const char *const levels[] = {
    [HF_LEVEL_PLAIN] = "plain",
    [HF_LEVEL_EARLY] = "early",
    [HF_LEVEL_HANDSHAKE] = "handshake",
    [HF_LEVEL_APPLICATION] = "application",
};
static void put(struct json *j, char c);
static void put_text(struct json *j, const char *text);
static void member_text(struct json *j, const char *key, const char *value);
static void member_number(struct json *j, const char *key, uint64_t value);
static void member_bool(struct json *j, const char *key, bool value);
static void member_bytes(struct json *j, const char *key, hf_span value);
static void member_way(struct json *j, hf_direction direction, hf_level level);

#define NAME_OF(names, value)                                                                      \
    ((size_t)(value) < sizeof(names) / sizeof(names)[0] ? (names)[value] : "unknown")

size_t hf_event_json(const hf_event *event, char *out, size_t cap)
{
    struct json j = {out, cap == 0 ? 0 : cap - 1, 0};
    const bool is_known = (size_t)event->kind < HF_EV_COUNT;
    put_text(&j, "{\"event\":\"");
    put_text(&j, is_known ? kinds[event->kind].name : "unknown");
    put(&j, '"');
    member_text(&j, "role", NAME_OF(roles, event->role));
    char conn[2 * sizeof(uintptr_t) + 1];
    (void)snprintf(conn, sizeof conn, "%jx", (uintmax_t)(uintptr_t)event->conn);
    member_text(&j, "conn", conn);
    member_number(&j, "at_ns", event->at_ns);
    if (is_known) {
        kinds[event->kind].write(&j, event);
    }
    put_text(&j, "}\n");
    if (cap > 0) {
        out[j.len < j.cap ? j.len : j.cap] = '\0';
    }
    return j.len;
}

const char *hf_decision_name(hf_decision about)
{
    static const char *const decisions[] = {
        [HF_DECIDE_VERSION] = "version",
        [HF_DECIDE_CIPHER_SUITE] = "cipher_suite",
        [HF_DECIDE_GROUP] = "group",
        [HF_DECIDE_SIGNATURE_SCHEME] = "signature_scheme",
        [HF_DECIDE_ALPN] = "alpn",
        [HF_DECIDE_IDENTITY] = "identity",
        [HF_DECIDE_PSK] = "psk",
        [HF_DECIDE_EARLY_DATA] = "early_data",
        [HF_DECIDE_RETRY] = "retry",
        [HF_DECIDE_CERTIFICATE_COMPRESSION] = "certificate_compression",
        [HF_DECIDE_CERTIFICATE] = "certificate",
    };
    return NAME_OF(decisions, about);
}

/* --- One kind each ---------------------------------------------------------------------------- */

static void write_state(struct json *j, const hf_event *event)
{
    member_text(j, "from", event->u.state.from);
    member_text(j, "to", event->u.state.to);
}

static void write_message(struct json *j, const hf_event *event)
{
    member_way(j, event->u.message.direction, event->u.message.level);
    member_number(j, "type", event->u.message.type);
    member_text(j, "name", event->u.message.name);
    member_number(j, "offset", event->u.message.offset);
    member_number(j, "len", event->u.message.bytes.len);
    member_bytes(j, "bytes", event->u.message.bytes);
}

static void write_record(struct json *j, const hf_event *event)
{
    member_way(j, event->u.record.direction, event->u.record.level);
    member_number(j, "type", event->u.record.type);
    member_bytes(j, "header", event->u.record.header);
    member_number(j, "len", event->u.record.len);
    member_number(j, "plain_len", event->u.record.plain_len);
    member_number(j, "padding", event->u.record.padding);
    member_number(j, "sequence", event->u.record.sequence);
}

static void write_candidate(struct json *j, const hf_event *event)
{
    member_text(j, "about", hf_decision_name(event->u.candidate.about));
    member_number(j, "value", event->u.candidate.value);
    member_text(j, "name", event->u.candidate.name);
    member_bool(j, "accepted", event->u.candidate.accepted);
    member_text(j, "reason", event->u.candidate.reason);
}

static void write_decision(struct json *j, const hf_event *event)
{
    member_text(j, "about", hf_decision_name(event->u.decision.about));
    member_number(j, "value", event->u.decision.value);
    member_text(j, "name", event->u.decision.name);
    member_text(j, "reason", event->u.decision.reason);
}

static void write_keys(struct json *j, const hf_event *event)
{
    member_way(j, event->u.keys.direction, event->u.keys.level);
    member_number(j, "cipher_suite", event->u.keys.cipher_suite);
    member_number(j, "generation", event->u.keys.generation);
}

static void write_secret(struct json *j, const hf_event *event)
{
    member_text(j, "label", event->u.secret.label);
    member_bytes(j, "client_random", event->u.secret.client_random);
    member_bytes(j, "secret", event->u.secret.secret);
}

static void write_key_step(struct json *j, const hf_event *event)
{
    member_text(j, "step", event->u.key_step.step);
    member_text(j, "name", event->u.key_step.name);
    member_text(j, "label", event->u.key_step.label);
    member_bytes(j, "in", event->u.key_step.in);
    member_bytes(j, "salt_or_context", event->u.key_step.salt_or_context);
    member_bytes(j, "out", event->u.key_step.out);
}

static void write_op(struct json *j, const hf_event *event)
{
    member_text(j, "name", event->u.op.name);
    member_bool(j, "answered", event->u.op.answered);
}

static void write_alert(struct json *j, const hf_event *event)
{
    member_text(j, "direction", NAME_OF(directions, event->u.alert.direction));
    member_number(j, "level", event->u.alert.level);
    member_number(j, "description", event->u.alert.description);
    member_text(j, "name", event->u.alert.name);
}

static void write_error(struct json *j, const hf_event *event)
{
    static const char *const origins[] = {
        [HF_ORIGIN_PEER] = "peer",     [HF_ORIGIN_MISMATCH] = "mismatch", [HF_ORIGIN_US] = "us",
        [HF_ORIGIN_CALLER] = "caller", [HF_ORIGIN_SYSTEM] = "system",
    };
    const hf_error *error = event->u.error;
    if (error == NULL) {
        return;
    }
    const hf_err_info *info = hf_err_lookup(error->code);
    member_text(j, "code", info->name);
    member_text(j, "origin", NAME_OF(origins, info->origin));
    member_text(j, "alert", error->alert == HF_ALERT_none ? NULL : hf_alert_name(error->alert));
    member_text(j, "state", error->state);
    member_text(j, "sentence", info->sentence);
    member_text(j, "detail", error->detail);
    member_text(j, "place", info->place);
}

static void write_note(struct json *j, const hf_event *event)
{
    member_text(j, "about", event->u.note.about);
    member_text(j, "text", event->u.note.text);
    member_number(j, "value", event->u.note.value);
}

static void write_wire(struct json *j, const hf_event *event)
{
    member_text(j, "direction", NAME_OF(directions, event->u.wire.direction));
    member_number(j, "len", event->u.wire.bytes.len);
    member_bytes(j, "bytes", event->u.wire.bytes);
}

static void write_key_share(struct json *j, const hf_event *event)
{
    member_number(j, "group", event->u.key_share.group);
    member_bytes(j, "random", event->u.key_share.random);
}

/* --- Members ---------------------------------------------------------------------------------- */

static void put(struct json *j, char c)
{
    if (j->len < j->cap) {
        j->out[j->len] = c;
    }
    j->len++;
}

static void put_text(struct json *j, const char *text)
{
    for (; *text != '\0'; text++) {
        put(j, *text);
    }
}

static void put_hex(struct json *j, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    put(j, digits[byte >> 4]);
    put(j, digits[byte & 15]);
}

/* Bytes of the UTF-8 character at p, which a NUL ends; 0: it is none (RFC 3629, 4). */
static size_t utf8_len(const uint8_t *p)
{
    const uint8_t first = p[0];
    if (first < 0x80) {
        return 1;
    }
    const size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    /* Longer forms of shorter characters, surrogates, and what is above U+10FFFF. */
    const uint8_t least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const uint8_t most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < least || p[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return 0;
        }
    }
    return len;
}

static void put_string(struct json *j, const char *value)
{
    put(j, '"');
    for (const uint8_t *p = (const uint8_t *)value; *p != '\0';) {
        const size_t len = utf8_len(p);
        if (len == 0 || *p < 0x20 || *p == 0x7f) {
            put_text(j, "\\u00");
            put_hex(j, *p++);
            continue;
        }
        if (*p == '"' || *p == '\\') {
            put(j, '\\');
        }
        for (size_t i = 0; i < len; i++) {
            put(j, (char)*p++);
        }
    }
    put(j, '"');
}

static void begin_member(struct json *j, const char *key)
{
    put_text(j, ",\"");
    put_text(j, key);
    put_text(j, "\":");
}

static void member_text(struct json *j, const char *key, const char *value)
{
    begin_member(j, key);
    if (value == NULL) {
        put_text(j, "null");
        return;
    }
    put_string(j, value);
}

static void member_number(struct json *j, const char *key, uint64_t value)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%ju", (uintmax_t)value);
    begin_member(j, key);
    put_text(j, digits);
}

static void member_bool(struct json *j, const char *key, bool value)
{
    begin_member(j, key);
    put_text(j, value ? "true" : "false");
}

static void member_bytes(struct json *j, const char *key, hf_span value)
{
    begin_member(j, key);
    put(j, '"');
    for (size_t i = 0; i < value.len; i++) {
        put_hex(j, value.data[i]);
    }
    put(j, '"');
}

static void member_way(struct json *j, hf_direction direction, hf_level level)
{
    member_text(j, "direction", NAME_OF(directions, direction));
    member_text(j, "level", NAME_OF(levels, level));
}

/* The reader and its judge.
 *
 * Members are judged by one line for each object: "name:kind ...". Kinds: s text, n number, b true
 * or false, h hexadecimal, e an end, l a level, a list, o object; in capitals: or null. */
#include "recording/read.h"

#include <stdio.h>
#include <string.h>

#include "recording/recording.h"
#include "tool.h"

enum { DEPTH_MAX = 16, PLACE_MAX = 96, FIELD_MAX = 1 << 24 };

struct judge {
    const char *what;
    struct trouble *trouble;
};

static int not_json(const char *what, hf_span bytes, const json_error_t *error,
                    struct trouble *trouble);
static bool judge(const struct judge *j, const json_t *root);
static bool object(const struct judge *j, const json_t *o, const char *place, const char *members);
static bool member(const struct judge *j, const json_t *o, const char *place, const char *name,
                   char kind);
static bool list(const struct judge *j, const json_t *root, const char *name, const char *members);
static bool messages(const struct judge *j, const json_t *root);
static bool fields(const struct judge *j, const json_t *message, const char *place);
static bool field(const struct judge *j, const json_t *f, const char *place);
static bool steps(const struct judge *j, const json_t *root);
static bool decisions(const struct judge *j, const json_t *root);
static bool indexes(const struct judge *j, const json_t *root);
static bool index_is(const struct judge *j, const json_t *value, const json_t *into,
                     const char *place);
static bool bad(const struct judge *j, const char *place, const char *text);
static bool bad_count(const struct judge *j, const char *place, const char *text, json_int_t count);

static const char fix_other[] = "Name a file that 'handfast ... --record FILE' has written.";
static const char fix_again[] = "Record the handshake again.";

int recording_parse(const char *what, hf_span bytes, json_t **out, struct trouble *trouble)
{
    json_error_t error;
    *out = NULL;
    if (bytes.len == 0) {
        return trouble_set(trouble, TOOL_USAGE, fix_again, "%s is empty", what);
    }
    json_t *root = json_loadb((const char *)bytes.data, bytes.len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return not_json(what, bytes, &error, trouble);
    }
    const struct judge j = {what, trouble};
    const char *format = json_string_value(json_object_get(root, "format"));
    const json_t *version = json_object_get(root, "version");
    if (format == NULL || strcmp(format, "handfast-recording") != 0) {
        (void)trouble_set(trouble, TOOL_USAGE, fix_other,
                          "%s is JSON, but not a recording: its \"format\" is %s%.40s", what,
                          format == NULL ? "missing" : "", format == NULL ? "" : format);
    } else if (!json_is_integer(version) || json_integer_value(version) < 1) {
        (void)bad(&j, "version", "is no version");
    } else if (json_integer_value(version) > RECORDING_VERSION) {
        (void)trouble_set(trouble, TOOL_USAGE,
                          "Read it with the program that wrote it, or a newer one.",
                          "%s is a recording of version %lld; this program reads version %d", what,
                          (long long)json_integer_value(version), RECORDING_VERSION);
    } else if (judge(&j, root)) {
        *out = root;
        return 0;
    }
    json_decref(root);
    return trouble->exit_code;
}

static int not_json(const char *what, hf_span bytes, const json_error_t *error,
                    struct trouble *trouble)
{
    const size_t len = bytes.len < 256 ? bytes.len : 256;
    /* Inside a literal or an escape the parser complains of that, at the very end. */
    const bool at_end = json_error_code(error) == json_error_premature_end_of_input ||
                        (size_t)error->position + 8 >= bytes.len;
    if (at_end && memmem(bytes.data, len, "handfast-recording", 18) != NULL) {
        return trouble_set(trouble, TOOL_USAGE, fix_again,
                           "%s is cut off: it ends after %zu bytes, in the middle of the document",
                           what, bytes.len);
    }
    return trouble_set(trouble, TOOL_USAGE, fix_other,
                       "%s is not a recording: not JSON at line %d, column %d (%.80s)", what,
                       error->line, error->column, error->text);
}

static bool judge(const struct judge *j, const json_t *root)
{
    static const char summary[] =
        "version:N version_name:S cipher_suite:N cipher_suite_name:S group:N group_name:S "
        "signature_scheme:N signature_scheme_name:S server_name:S alpn:S psk:b early_data:b "
        "retried:b client_certificate:b round_trips:n handshake_ns:N bytes:o";
    static const char top[] =
        "maker:s source:s title:s started_unix_ms:N secrets:b left_out:a ends:o summary:o "
        "flights:a "
        "records:a messages:a protections:a decisions:a schedule:o states:a operations:a alerts:a "
        "notes:a errors:a end:o terms:o";
    if (!object(j, root, "", top) ||
        !object(j, json_object_get(root, "summary"), "summary", summary) ||
        !object(j, json_object_get(json_object_get(root, "summary"), "bytes"), "summary/bytes",
                "client:n server:n") ||
        !object(j, json_object_get(root, "end"), "end", "kind:s text:s") ||
        !object(j, json_object_get(root, "ends"), "ends", "client:o server:o") ||
        !object(j, json_object_get(root, "schedule"), "schedule", "hash:S steps:a")) {
        return false;
    }
    const char *name;
    const json_t *term;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(root, "terms"), name, term)
    {
        char place[PLACE_MAX];
        (void)snprintf(place, sizeof place, "terms/%.60s", name);
        if (!object(j, term, place, "name:s text:s place:s")) {
            return false;
        }
    }
    return list(j, root, "flights", "from:e messages:a records:a sent_ns:N received_ns:N") &&
           list(j, root, "records",
                "from:e type:n type_name:s level:l protection:N sequence:n header:h len:n opened:b "
                "plain_len:N padding:N wire:H sent_ns:N received_ns:N messages:a") &&
           list(j, root, "protections",
                "from:e level:l generation:n cipher_suite:n cipher_suite_name:s secret_step:S "
                "key_step:S iv_step:S sent_ns:N received_ns:N") &&
           list(j, root, "states", "end:e at_ns:n from:s to:s") &&
           list(j, root, "operations", "end:e name:s opened_ns:n answered_ns:N") &&
           list(j, root, "alerts",
                "from:e level:n description:n name:s term:S protection:N sent_ns:N received_ns:N "
                "cause:s fix:s") &&
           list(j, root, "notes", "end:e at_ns:n about:s text:s value:n") &&
           list(j, root, "errors",
                "end:e at_ns:n code:s origin:s alert:S state:S sentence:s detail:s cause:s fix:s "
                "place:s") &&
           (json_object_get(root, "key_shares") == NULL ||
            (member(j, root, "", "key_shares", 'a') &&
             list(j, root, "key_shares", "end:e group:n group_name:s random:h at_ns:n"))) &&
           messages(j, root) && steps(j, root) && decisions(j, root) && indexes(j, root);
}

/* --- Objects and members ---------------------------------------------------------------------- */

static bool object(const struct judge *j, const json_t *o, const char *place, const char *members)
{
    if (!json_is_object(o)) {
        return bad(j, place, "is not an object");
    }
    for (const char *p = members; *p != '\0';) {
        char name[32];
        const size_t len = strcspn(p, ":");
        (void)snprintf(name, sizeof name, "%.*s", (int)len, p);
        if (!member(j, o, place, name, p[len + 1])) {
            return false;
        }
        p += len + 2;
        p += *p == ' ';
    }
    return true;
}

static bool is_one_of(const char *text, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(text, *names) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_hex(const char *text)
{
    const size_t len = strlen(text);
    return len % 2 == 0 && strspn(text, "0123456789abcdef") == len;
}

static bool has_kind(const json_t *value, char kind)
{
    static const char *const ends[] = {"client", "server", NULL};
    static const char *const levels[] = {"plain", "early", "handshake", "application", NULL};
    const char *text = json_string_value(value);
    switch (kind) {
    case 's':
        return text != NULL;
    case 'n':
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case 'b':
        return json_is_boolean(value);
    case 'h':
        return text != NULL && is_hex(text);
    case 'e':
        return text != NULL && is_one_of(text, ends);
    case 'l':
        return text != NULL && is_one_of(text, levels);
    case 'a':
        return json_is_array(value);
    case 'o':
        return json_is_object(value);
    default:
        return json_is_null(value) || has_kind(value, (char)(kind + ('a' - 'A')));
    }
}

static bool member(const struct judge *j, const json_t *o, const char *place, const char *name,
                   char kind)
{
    const json_t *value = json_object_get(o, name);
    char at[PLACE_MAX + 40];
    (void)snprintf(at, sizeof at, "%s%s%s", place, place[0] == '\0' ? "" : "/", name);
    if (value == NULL) {
        return bad(j, at, "is missing");
    }
    return has_kind(value, kind) || bad(j, at, "has a value that it cannot have");
}

static bool list(const struct judge *j, const json_t *root, const char *name, const char *members)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(root, name), i, item)
    {
        char place[PLACE_MAX];
        (void)snprintf(place, sizeof place, "%s/%zu", name, i);
        if (!object(j, item, place, members)) {
            return false;
        }
    }
    return true;
}

/* --- Messages --------------------------------------------------------------------------------- */

static bool messages(const struct judge *j, const json_t *root)
{
    size_t i;
    const json_t *m;
    if (!list(j, root, "messages",
              "name:s term:S type:n from:e level:l protection:N offset:n len:n flight:n records:a "
              "sent_ns:N received_ns:N bytes:h fields:a")) {
        return false;
    }
    json_array_foreach(json_object_get(root, "messages"), i, m)
    {
        char place[PLACE_MAX];
        (void)snprintf(place, sizeof place, "messages/%zu", i);
        const size_t bytes = strlen(json_string_value(json_object_get(m, "bytes"))) / 2;
        if ((json_int_t)bytes != json_integer_value(json_object_get(m, "len"))) {
            return bad_count(j, place, "has other bytes than it says", (json_int_t)bytes);
        }
        if (!fields(j, m, place)) {
            return false;
        }
    }
    return true;
}

/* The leaves stand side by side from the first byte to the last. Walked without recursion: the
 * document is somebody else's. */
static bool fields(const struct judge *j, const json_t *message, const char *place)
{
    struct {
        const json_t *list;
        size_t next;
    } stack[DEPTH_MAX];
    size_t depth = 1;
    json_int_t at = 0;
    stack[0].list = json_object_get(message, "fields");
    stack[0].next = 0;
    while (depth > 0) {
        const json_t *f = json_array_get(stack[depth - 1].list, stack[depth - 1].next++);
        if (f == NULL) {
            depth--;
            continue;
        }
        if (!field(j, f, place)) {
            return false;
        }
        const json_t *inside = json_object_get(f, "fields");
        if (json_integer_value(json_object_get(f, "at")) != at) {
            return bad_count(j, place, "has a gap or an overlap in its fields, at byte", at);
        }
        if (inside == NULL) {
            at += json_integer_value(json_object_get(f, "len"));
        } else if (!json_is_array(inside) || depth == DEPTH_MAX) {
            return bad(j, place, "has fields that are no list, or nested too deeply");
        } else {
            stack[depth].list = inside;
            stack[depth].next = 0;
            depth++;
        }
    }
    return at == json_integer_value(json_object_get(message, "len")) ||
           bad_count(j, place, "has fields for other bytes than it has", at);
}

static bool field(const struct judge *j, const json_t *f, const char *place)
{
    char at[PLACE_MAX];
    (void)snprintf(at, sizeof at, "%.60s/fields", place);
    if (!object(j, f, at, "name:s term:S kind:s at:n len:n text:S known:b")) {
        return false;
    }
    if (json_integer_value(json_object_get(f, "len")) > FIELD_MAX) {
        return bad(j, at, "has a length that no message has");
    }
    const json_t *value = json_object_get(f, "value");
    return json_is_null(value) || json_is_integer(value) || json_is_string(value) ||
           bad(j, at, "has a value that is neither number nor text");
}

/* --- Steps and decisions ---------------------------------------------------------------------- */

static bool steps(const struct judge *j, const json_t *root)
{
    const json_t *schedule = json_object_get(root, "schedule");
    size_t i;
    const json_t *step;
    if (!list(j, schedule, "steps",
              "id:s op:s name:s term:S label:S inputs:a context:H context_kind:s "
              "context_messages:N output_len:n output:H key_log:S ends:a at_ns:n")) {
        return false;
    }
    json_array_foreach(json_object_get(schedule, "steps"), i, step)
    {
        if (!list(j, step, "inputs", "role:s kind:s step:S hex:H")) {
            return false;
        }
    }
    return true;
}

static bool decisions(const struct judge *j, const json_t *root)
{
    size_t i;
    const json_t *decision;
    if (!list(j, root, "decisions",
              "about:s end:e taken:b value:N name:S reason:S at_ns:n candidates:a")) {
        return false;
    }
    json_array_foreach(json_object_get(root, "decisions"), i, decision)
    {
        if (!list(j, decision, "candidates", "value:n name:S accepted:b reason:S")) {
            return false;
        }
    }
    return true;
}

/* --- Indexes lead somewhere ------------------------------------------------------------------- */

static bool indexes(const struct judge *j, const json_t *root)
{
    const json_t *all_messages = json_object_get(root, "messages");
    const json_t *all_records = json_object_get(root, "records");
    const json_t *protections = json_object_get(root, "protections");
    static const char *const with_keys[] = {"messages", "records", "alerts"};
    size_t i;
    size_t k;
    const json_t *item;
    const json_t *index;
    for (size_t n = 0; n < 3; n++) {
        json_array_foreach(json_object_get(root, with_keys[n]), i, item)
        {
            const json_t *keys = json_object_get(item, "protection");
            if (!json_is_null(keys) && !index_is(j, keys, protections, with_keys[n])) {
                return false;
            }
        }
    }
    json_array_foreach(all_messages, i, item)
    {
        json_array_foreach(json_object_get(item, "records"), k, index)
        {
            if (!index_is(j, index, all_records, "messages/records")) {
                return false;
            }
        }
    }
    json_array_foreach(json_object_get(root, "flights"), i, item)
    {
        json_array_foreach(json_object_get(item, "messages"), k, index)
        {
            if (!index_is(j, index, all_messages, "flights/messages")) {
                return false;
            }
        }
    }
    json_array_foreach(all_records, i, item)
    {
        json_array_foreach(json_object_get(item, "messages"), k, index)
        {
            if (!json_is_object(index) ||
                !index_is(j, json_object_get(index, "message"), all_messages, "records/messages")) {
                return false;
            }
        }
    }
    return true;
}

static bool index_is(const struct judge *j, const json_t *value, const json_t *into,
                     const char *place)
{
    return (json_is_integer(value) && json_integer_value(value) >= 0 &&
            json_integer_value(value) < (json_int_t)json_array_size(into)) ||
           bad(j, place, "refers to what is not there");
}

static bool bad(const struct judge *j, const char *place, const char *text)
{
    (void)trouble_set(j->trouble, TOOL_USAGE, fix_again, "%s is a damaged recording: %s %s",
                      j->what, place[0] == '\0' ? "it" : place, text);
    return false;
}

static bool bad_count(const struct judge *j, const char *place, const char *text, json_int_t count)
{
    char whole[160];
    (void)snprintf(whole, sizeof whole, "%s: %lld", text, (long long)count);
    return bad(j, place, whole);
}

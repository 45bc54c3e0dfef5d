/* A writer of JSON. */
#include "cli/json.h"

#include <inttypes.h>
#include <string.h>

static void lead(struct json *j, const char *key);
static size_t add_inert(struct text *out, hf_span s);
static void new_line(struct json *j);
static void open_level(struct json *j, const char *key, char opening, char closing);
static void add_quoted(struct text *out, hf_span s);

struct json json_begin(struct text *out, bool compact)
{
    return (struct json){.out = out, .compact = compact};
}

void json_object(struct json *j, const char *key)
{
    open_level(j, key, '{', '}');
}

void json_array(struct json *j, const char *key)
{
    open_level(j, key, '[', ']');
}

void json_end(struct json *j)
{
    if (j->depth == 0) {
        j->out->failed = true;
        return;
    }
    j->depth--;
    if (j->has_items[j->depth]) {
        new_line(j);
    }
    text_add_bytes(j->out, &j->closing[j->depth], 1);
    if (j->depth == 0) {
        text_add(j->out, "\n");
    }
}

void json_string(struct json *j, const char *key, const char *value)
{
    if (value == NULL) {
        json_null(j, key);
        return;
    }
    json_bytes(j, key, (hf_span){(const uint8_t *)value, strlen(value)});
}

void json_bytes(struct json *j, const char *key, hf_span value)
{
    lead(j, key);
    add_quoted(j->out, value);
}

void json_hex(struct json *j, const char *key, hf_span value)
{
    lead(j, key);
    text_add(j->out, "\"");
    text_add_hex(j->out, value);
    text_add(j->out, "\"");
}

void json_number(struct json *j, const char *key, int64_t value)
{
    lead(j, key);
    text_addf(j->out, "%" PRId64, value);
}

void json_decimal(struct json *j, const char *key, double value)
{
    lead(j, key);
    text_addf(j->out, "%.1f", value);
}

void json_bool(struct json *j, const char *key, bool value)
{
    lead(j, key);
    text_add(j->out, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
    lead(j, key);
    text_add(j->out, "null");
}

static void open_level(struct json *j, const char *key, char opening, char closing)
{
    if (j->depth == JSON_DEPTH) {
        j->out->failed = true;
        return;
    }
    lead(j, key);
    text_add_bytes(j->out, &opening, 1);
    j->closing[j->depth] = closing;
    j->has_items[j->depth] = false;
    j->depth++;
}

/* What stands before a value: comma, line, key. */
static void lead(struct json *j, const char *key)
{
    if (j->depth > 0) {
        if (j->has_items[j->depth - 1]) {
            text_add(j->out, j->compact ? ", " : ",");
        }
        j->has_items[j->depth - 1] = true;
        new_line(j);
    }
    if (key != NULL) {
        add_quoted(j->out, (hf_span){(const uint8_t *)key, strlen(key)});
        text_add(j->out, ": ");
    }
}

static void new_line(struct json *j)
{
    if (!j->compact) {
        text_add(j->out, "\n");
        text_fill(j->out, "  ", j->depth);
    }
}

/* Bytes at the start of s that are themselves in JSON and in a terminal. */
static size_t bare_run(hf_span s)
{
    size_t run = 0;
    while (run < s.len && s.data[run] >= 0x20 && s.data[run] < 0x7f && s.data[run] != '"' &&
           s.data[run] != '\\') {
        run++;
    }
    return run;
}

/* Line ends and tabs survive as escapes; all else that is active is made inert before it is
 * quoted. Most texts are plain, and copied as they are. */
static void add_quoted(struct text *out, hf_span s)
{
    static const char special[5] = {'"', '\\', '\n', '\r', '\t'},
                      letters[5] = {'"', '\\', 'n', 'r', 't'};
    text_add(out, "\"");
    while (s.len > 0) {
        size_t run = bare_run(s);
        const char *found = run > 0 ? NULL : memchr(special, s.data[0], sizeof special);
        if (run > 0) {
            text_add_bytes(out, s.data, run);
        } else if (found != NULL) {
            text_add(out, "\\");
            text_add_bytes(out, &letters[found - special], 1);
            run = 1;
        } else {
            run = add_inert(out, s);
        }
        s = (hf_span){s.data + run, s.len - run};
    }
    text_add(out, "\"");
}

/* Up to the next special character, so that no sequence is cut. Returns how many bytes. */
static size_t add_inert(struct text *out, hf_span s)
{
    struct text inert = {0};
    size_t run = 0;
    while (run < s.len && memchr("\"\\\n\r\t", s.data[run], 5) == NULL) {
        run++;
    }
    text_add_inert(&inert, (hf_span){s.data, run});
    for (size_t i = 0; i < inert.len; i++) {
        text_add(out, inert.ptr[i] == '\\' ? "\\" : "");
        text_add_bytes(out, &inert.ptr[i], 1);
    }
    out->failed = out->failed || inert.failed;
    text_free(&inert);
    return run;
}

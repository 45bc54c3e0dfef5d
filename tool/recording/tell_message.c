/* One message: its fields as a tree, or its bytes with a name for each.
 *
 * The fields are walked without recursion, to the depth that recording_parse allows. */
#include <stdio.h>
#include <string.h>

#include "recording/tell.h"

enum { DEPTH_MAX = 16, SEEN_MAX = 128, ROW = 16 };

/* A walk over all fields, outer before inner. */
struct walk {
    struct {
        const json_t *list;
        size_t next;
    } stack[DEPTH_MAX];
    size_t depth;
};

static struct walk walk_of(const json_t *message);
static const json_t *walk_next(struct walk *w, size_t *depth);
static void value_of(const struct teller *t, const json_t *field);
static bool is_new(const char *seen[SEEN_MAX], size_t *count, const char *term);
static void rows(const struct teller *t, const char *hex, const json_t *field, size_t depth);

static const json_t *message_at(const struct teller *t, size_t index)
{
    return json_array_get(json_object_get(t->root, "messages"), index);
}

void tell_message(const struct teller *t, size_t index)
{
    const char *seen[SEEN_MAX];
    size_t seen_count = 0;
    struct walk w = walk_of(message_at(t, index));
    size_t depth = 0;
    tell_message_head(t, index);
    text_add(t->out, "\n    at  field\n");
    for (const json_t *f; (f = walk_next(&w, &depth)) != NULL;) {
        text_addf(t->out, "  %4lld  ", (long long)tell_number(f, "at"));
        text_fill(t->out, "  ", depth);
        const bool known = json_is_true(json_object_get(f, "known"));
        tell_tinted(t, known ? TINT_NONE : TINT_BAD, tell_text(f, "name"));
        value_of(t, f);
        text_add(t->out, "\n");
        const char *about = tell_term(t, f, "text");
        if (about[0] != '\0' && is_new(seen, &seen_count, tell_text(f, "term"))) {
            char line[512];
            (void)snprintf(line, sizeof line, "%.400s (%.60s)", about, tell_term(t, f, "place"));
            text_add(t->out, style_on(t->style, TINT_DIM));
            tell_wrapped(t, 12 + 2 * depth, line);
            text_add(t->out, style_off(t->style));
        }
    }
}

void tell_bytes(const struct teller *t, size_t index)
{
    const json_t *m = message_at(t, index);
    struct walk w = walk_of(m);
    size_t depth = 0;
    tell_message_head(t, index);
    text_add(t->out, "\n");
    for (const json_t *f; (f = walk_next(&w, &depth)) != NULL;) {
        if (json_object_get(f, "fields") != NULL) {
            text_addf(t->out, "  %4s  %-*s  ", "", 3 * ROW, "");
            text_fill(t->out, "  ", depth);
            tell_tinted(t, TINT_BOLD, tell_text(f, "name"));
            text_addf(t->out, " (%lld bytes)\n", (long long)tell_number(f, "len"));
        } else {
            rows(t, tell_text(m, "bytes"), f, depth);
        }
    }
}

/* At most ROW bytes in a line, the name beside the first. */
static void rows(const struct teller *t, const char *hex, const json_t *field, size_t depth)
{
    const size_t at = (size_t)tell_number(field, "at");
    const size_t len = (size_t)tell_number(field, "len");
    for (size_t i = 0; i < len; i += ROW) {
        char line[3 * ROW + 1];
        size_t n = 0;
        for (size_t k = i; k < len && k < i + ROW; k++) {
            line[n++] = hex[2 * (at + k)];
            line[n++] = hex[2 * (at + k) + 1];
            line[n++] = ' ';
        }
        line[n] = '\0';
        text_addf(t->out, "  %4zu  %-*s", at + i, 3 * ROW, line);
        if (i == 0) {
            const bool known = json_is_true(json_object_get(field, "known"));
            text_add(t->out, "  ");
            text_fill(t->out, "  ", depth);
            tell_tinted(t, known ? TINT_NONE : TINT_BAD, tell_text(field, "name"));
            value_of(t, field);
        }
        text_add(t->out, "\n");
    }
}

static void value_of(const struct teller *t, const json_t *field)
{
    const json_t *value = json_object_get(field, "value");
    const char *text = tell_text(field, "text");
    const char *kind = tell_text(field, "kind");
    if (strcmp(kind, "extension") == 0) {
        text_addf(t->out, " (extension %lld)", (long long)json_integer_value(value));
    } else if (json_is_string(value)) {
        text_add(t->out, ": \"");
        tell_inert(t, json_string_value(value));
        text_add(t->out, "\"");
    } else if (json_is_integer(value) && text[0] != '\0') {
        text_add(t->out, ": ");
        tell_inert(t, text);
        text_addf(t->out, " (0x%0*llx)", strcmp(kind, "code") == 0 ? 4 : 1,
                  (unsigned long long)json_integer_value(value));
    } else if (json_is_integer(value)) {
        text_addf(t->out, ": %lld", (long long)json_integer_value(value));
    } else if (text[0] != '\0') {
        text_add(t->out, ": ");
        tell_inert(t, text);
    }
    if (strcmp(kind, "bytes") == 0) {
        text_addf(t->out, " (%lld bytes)", (long long)tell_number(field, "len"));
    }
}

static bool is_new(const char *seen[SEEN_MAX], size_t *count, const char *term)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(seen[i], term) == 0) {
            return false;
        }
    }
    if (*count < SEEN_MAX) {
        seen[(*count)++] = term;
    }
    return true;
}

static struct walk walk_of(const json_t *message)
{
    struct walk w = {.depth = 1};
    w.stack[0].list = json_object_get(message, "fields");
    return w;
}

static const json_t *walk_next(struct walk *w, size_t *depth)
{
    while (w->depth > 0) {
        const json_t *f =
            json_array_get(w->stack[w->depth - 1].list, w->stack[w->depth - 1].next++);
        if (f == NULL) {
            w->depth--;
            continue;
        }
        const json_t *inside = json_object_get(f, "fields");
        *depth = w->depth - 1;
        if (inside != NULL && w->depth < DEPTH_MAX) {
            w->stack[w->depth].list = inside;
            w->stack[w->depth].next = 0;
            w->depth++;
        }
        return f;
    }
    return NULL;
}

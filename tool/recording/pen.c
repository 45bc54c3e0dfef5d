/* The annotator's pen: fields_int.h. */
#include <string.h>

#include "recording/fields_int.h"

static void begin(struct pen *p, const char *term, const char *name, const char *kind);
static void finish_leaf(struct pen *p, size_t n);
static void malformed(struct pen *p, const char *why);
static bool fits(struct pen *p, size_t n);
static void value_number(struct pen *p, uint32_t value, const char *text, bool known);
static void value_none(struct pen *p, const char *text);

size_t pen_left(const struct pen *p)
{
    return p->open[p->depth].bound - p->at;
}

uint32_t pen_peek(const struct pen *p, size_t skip, size_t n)
{
    uint32_t value = 0;
    if (skip + n > pen_left(p)) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        value = value << 8 | p->base[p->at + skip + i];
    }
    return value;
}

uint32_t pen_uint(struct pen *p, const char *term, size_t n)
{
    if (!fits(p, n)) {
        return 0;
    }
    const uint32_t value = pen_peek(p, 0, n);
    begin(p, term, NULL, "uint");
    value_number(p, value, NULL, true);
    finish_leaf(p, n);
    return value;
}

uint32_t pen_code(struct pen *p, const char *term, size_t n, hf_code_list list)
{
    if (!fits(p, n)) {
        return 0;
    }
    const uint32_t value = pen_peek(p, 0, n);
    const char *name = hf_code_name(list, value);
    begin(p, term, NULL, "code");
    value_number(p, value, name, strcmp(name, "unknown") != 0);
    finish_leaf(p, n);
    return value;
}

void pen_bytes(struct pen *p, const char *term, size_t n, const char *text)
{
    if (n == 0 || !fits(p, n)) {
        return;
    }
    begin(p, term, NULL, "bytes");
    value_none(p, text);
    finish_leaf(p, n);
}

void pen_text(struct pen *p, const char *term, size_t n)
{
    if (n == 0 || !fits(p, n)) {
        return;
    }
    begin(p, term, NULL, "text");
    json_bytes(p->j, "value", (hf_span){p->base + p->at, n});
    json_null(p->j, "text");
    json_bool(p->j, "known", true);
    finish_leaf(p, n);
}

void pen_rest(struct pen *p, const char *term, const char *text)
{
    pen_bytes(p, term, pen_left(p), text);
}

void pen_struct(struct pen *p, const char *term)
{
    const size_t bound = p->open[p->depth].bound;
    begin(p, term, NULL, "struct");
    value_none(p, NULL);
    json_array(p->j, "fields");
    p->depth++;
    p->open[p->depth].start = p->at;
    p->open[p->depth].bound = bound;
    p->open[p->depth].is_vector = false;
}

void pen_vector(struct pen *p, const char *term, size_t prefix)
{
    pen_struct(p, term);
    if (pen_left(p) < prefix) {
        p->open[p->depth].is_vector = true;
        return;
    }
    const uint32_t len = pen_peek(p, 0, prefix);
    begin(p, "length", NULL, "length");
    value_number(p, len, NULL, true);
    finish_leaf(p, prefix);
    if (len > pen_left(p)) {
        malformed(p, "the length is more than there is");
    } else {
        p->open[p->depth].bound = p->at + len;
    }
    p->open[p->depth].is_vector = true;
}

void pen_end(struct pen *p)
{
    if (p->open[p->depth].is_vector) {
        malformed(p, "more than the form has room for");
    }
    json_end(p->j);
    json_number(p->j, "len", (int64_t)(p->at - p->open[p->depth].start));
    json_end(p->j);
    p->depth--;
}

void pen_opaque(struct pen *p, const char *term, size_t prefix, const char *text)
{
    pen_vector(p, term, prefix);
    if (pen_left(p) > 0) {
        pen_bytes(p, term, pen_left(p), text);
    }
    pen_end(p);
}

void pen_codes(struct pen *p, const char *const terms[2], size_t prefix, size_t n,
               hf_code_list list)
{
    pen_vector(p, terms[0], prefix);
    while (pen_left(p) > 0) {
        (void)pen_code(p, terms[1], n, list);
    }
    pen_end(p);
}

/* The kind "extension" is a vector with its type in front. */
void pen_extension(struct pen *p)
{
    if (!fits(p, 4)) {
        return;
    }
    const uint32_t code = pen_peek(p, 0, 2);
    const char *name = hf_code_name(HF_CODES_EXTENSION, code);
    const bool known = strcmp(name, "unknown") != 0;
    char key[80] = "ext.unknown";
    if (known) {
        (void)strncpy(key + 4, name, sizeof key - 5);
        key[sizeof key - 1] = '\0';
    }
    const char *term = terms_use_named(p->terms, "ext", key + 4, "ext.other");
    const size_t bound = p->open[p->depth].bound;
    begin(p, term, name, "extension");
    value_number(p, code, NULL, known);
    json_array(p->j, "fields");
    p->depth++;
    p->open[p->depth].start = p->at;
    p->open[p->depth].bound = bound;
    p->open[p->depth].is_vector = true;
    (void)pen_code(p, "Extension.extension_type", 2, HF_CODES_EXTENSION);
    const uint32_t len = pen_peek(p, 0, 2);
    begin(p, "length", NULL, "length");
    value_number(p, len, NULL, true);
    finish_leaf(p, 2);
    if (len > pen_left(p)) {
        malformed(p, "the length is more than there is");
    } else {
        p->open[p->depth].bound = p->at + len;
    }
}

/* --- Leaves ----------------------------------------------------------------------------------- */

static void begin(struct pen *p, const char *term, const char *name, const char *kind)
{
    const char *key = terms_use(p->terms, term);
    json_object(p->j, NULL);
    json_string(p->j, "name", name != NULL ? name : terms_name(term));
    json_string(p->j, "term", key);
    json_string(p->j, "kind", kind);
    json_number(p->j, "at", (int64_t)p->at);
}

static void finish_leaf(struct pen *p, size_t n)
{
    json_number(p->j, "len", (int64_t)n);
    json_end(p->j);
    p->at += n;
}

static void malformed(struct pen *p, const char *why)
{
    const size_t left = pen_left(p);
    if (left > 0) {
        begin(p, "malformed", NULL, "malformed");
        value_none(p, why);
        finish_leaf(p, left);
    }
}

static bool fits(struct pen *p, size_t n)
{
    if (n <= pen_left(p)) {
        return true;
    }
    malformed(p, "cut short");
    return false;
}

static void value_number(struct pen *p, uint32_t value, const char *text, bool known)
{
    json_number(p->j, "value", value);
    json_string(p->j, "text", text);
    json_bool(p->j, "known", known);
}

static void value_none(struct pen *p, const char *text)
{
    json_null(p->j, "value");
    json_string(p->j, "text", text);
    json_bool(p->j, "known", true);
}

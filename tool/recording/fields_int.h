/* The pen of the annotator: it writes fields one after the other and always knows where it is.
 *
 * Invariant: what was written as leaves covers [start of message, at) without gap or overlap. When
 * something does not fit its surroundings, the rest of them is written as one leaf, "malformed",
 * and everything after it finds nothing left. So no reading function needs to ask whether the one
 * before it went well. */
#ifndef RECORD_FIELDS_INT_H
#define RECORD_FIELDS_INT_H

#include <handfast/inspect.h>

#include "cli/json.h"
#include "recording/terms.h"

enum { PEN_DEPTH = 12 };

struct pen {
    struct json *j;
    struct terms *terms;
    const uint8_t *base; /* the message */
    size_t at;
    unsigned depth;
    struct {
        size_t start, bound; /* of the field that is open */
        bool is_vector;      /* the bound is its own: nothing may be left at its end */
    } open[PEN_DEPTH];
    uint8_t msg_type;
    uint16_t version;
    bool is_retry;
};

size_t pen_left(const struct pen *p);
uint32_t pen_peek(const struct pen *p, size_t skip, size_t n); /* 0 when there is less */

/* Leaves. term is a key of terms.def; n bytes of the message. */
uint32_t pen_uint(struct pen *p, const char *term, size_t n);
uint32_t pen_code(struct pen *p, const char *term, size_t n, hf_code_list list);
void pen_bytes(struct pen *p, const char *term, size_t n, const char *text);
void pen_text(struct pen *p, const char *term, size_t n);
void pen_rest(struct pen *p, const char *term, const char *text); /* all that is left here */

/* Fields with fields. A vector begins with a length of prefix bytes and ends where that says. */
void pen_struct(struct pen *p, const char *term);
void pen_vector(struct pen *p, const char *term, size_t prefix);
void pen_end(struct pen *p);

/* A vector of nothing but bytes, of codes, or of texts. */
void pen_opaque(struct pen *p, const char *term, size_t prefix, const char *text);
void pen_codes(struct pen *p, const char *const terms[2], size_t prefix, size_t n,
               hf_code_list list);

/* An extension, its type and its length, and then what fields_ext.c knows of it. */
void pen_extension(struct pen *p);
/* A vector of extensions. */
void pen_extensions(struct pen *p, const char *term);

#endif

/* A recording that was read, told in a terminal. Whatever others wrote passes through text_inert on
 * its way. */
#ifndef RECORDING_TELL_H
#define RECORDING_TELL_H

#include <jansson.h>

#include "cli/style.h"
#include "cli/text.h"

struct teller {
    const json_t *root; /* judged by recording_parse */
    const struct style *style;
    struct text *out;
};

void tell_overview(const struct teller *t);
void tell_message(const struct teller *t, size_t index); /* its fields; index must exist */
void tell_bytes(const struct teller *t, size_t index);   /* its bytes, each named */
void tell_keys(const struct teller *t);                  /* the key schedule */
void tell_proofs(const struct teller *t);                /* binders and MACs, computed again */
void tell_why(const struct teller *t);                   /* decisions, states, operations */

/* --- What the files share --------------------------------------------------------------------- */

/* Members. The text of one that is null or not there is "". */
const char *tell_text(const json_t *o, const char *key);
json_int_t tell_number(const json_t *o, const char *key);
bool tell_is_null(const json_t *o, const char *key);

void tell_title(const struct teller *t, const char *title);
void tell_inert(const struct teller *t, const char *s);
void tell_tinted(const struct teller *t, enum tint tint, const char *s);
/* Text of ours or theirs, broken into lines behind an indent. */
void tell_wrapped(const struct teller *t, size_t indent, const char *s);
/* "in the clear", "handshake keys", ... */
const char *tell_level(const json_t *item);
/* "#3 Certificate, server to client, 856 bytes, handshake keys" */
void tell_message_head(const struct teller *t, size_t index);
/* What the term means, once: "" for one without. */
const char *tell_term(const struct teller *t, const json_t *item, const char *key);

#endif

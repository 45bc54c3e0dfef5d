/* The glossary: a plain line and the RFC section for every name in a recording. The list stands in
 * terms.def. */
#ifndef RECORD_TERMS_H
#define RECORD_TERMS_H

#include <handfast/types.h>

#include "cli/json.h"

enum { TERMS_MAX = 320 }; /* not fewer than there are rows: terms.c checks it */

/* Which ones a document uses, so that it carries no others. */
struct terms {
    bool used[TERMS_MAX];
    bool missing; /* a name without an entry was asked for */
};

/* Notes that the entry is used and returns its key (static), or NULL when there is none. */
const char *terms_use(struct terms *terms, const char *key);
/* The same without the note that one is missing: prefix and name joined, or fallback. */
const char *terms_use_named(struct terms *terms, const char *prefix, const char *name,
                            const char *fallback);

/* What stands behind the last dot of a key: the name. */
const char *terms_name(const char *key);

/* Adds the object "terms". */
void terms_json(const struct terms *terms, struct json *j);

#endif

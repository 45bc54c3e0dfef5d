/* The glossary. */
#include "recording/terms.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *key, *text, *place;
} rows[] = {
#define TERM(key, text, place) {key, text, place},
#include "recording/terms.def"
#undef TERM
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };
_Static_assert((int)ROW_COUNT <= (int)TERMS_MAX, "every row has its mark");

static int find(const char *key);

const char *terms_use(struct terms *terms, const char *key)
{
    const int at = find(key);
    if (at < 0) {
        terms->missing = true;
        return NULL;
    }
    terms->used[at] = true;
    return rows[at].key;
}

const char *terms_use_named(struct terms *terms, const char *prefix, const char *name,
                            const char *fallback)
{
    char key[96];
    (void)snprintf(key, sizeof key, "%s.%s", prefix, name);
    return terms_use(terms, find(key) >= 0 ? key : fallback);
}

const char *terms_name(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot == NULL ? key : dot + 1;
}

void terms_json(const struct terms *terms, struct json *j)
{
    json_object(j, "terms");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (terms->used[i]) {
            json_object(j, rows[i].key);
            json_string(j, "name", terms_name(rows[i].key));
            json_string(j, "text", rows[i].text);
            json_string(j, "place", rows[i].place);
            json_end(j);
        }
    }
    json_end(j);
}

static int find(const char *key)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strcmp(rows[i].key, key) == 0) {
            return (int)i;
        }
    }
    return -1;
}

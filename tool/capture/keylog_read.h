/* A key log (RFC 9850), read: the secrets of many connections, by client random and label. */
#ifndef CAPTURE_KEYLOG_READ_H
#define CAPTURE_KEYLOG_READ_H

#include <handfast/types.h>

#include "cli/trouble.h"

enum { KEYLOG_LABEL_MAX = 40, KEYLOG_SECRET_MAX = 64, KEYLOG_RANDOM_LEN = 32 };

struct keylog_entry {
    char label[KEYLOG_LABEL_MAX];
    uint8_t random[KEYLOG_RANDOM_LEN];
    uint8_t secret[KEYLOG_SECRET_MAX];
    size_t len;
};

struct keylog_set {
    struct keylog_entry *entries;
    size_t count;
    size_t bad_line; /* the first that is none; 0: all are good */
};

/* Reads path. Returns 0 or the exit code of *trouble. */
int keylog_read(const char *path, struct keylog_set *out, struct trouble *trouble);
/* The same from memory; false: no memory. */
bool keylog_parse(hf_span text, struct keylog_set *out);
void keylog_set_free(struct keylog_set *set); /* wipes */

/* The entry, or NULL. */
const struct keylog_entry *keylog_find(const struct keylog_set *set, const uint8_t *random,
                                       const char *label);
/* Whether there is any line for the connection, and for how many there are. */
bool keylog_knows(const struct keylog_set *set, const uint8_t *random);
size_t keylog_connections(const struct keylog_set *set);

#endif

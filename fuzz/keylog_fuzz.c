/* Any bytes as a key log: what is read from a line is what the line says, and is found again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/keylog_read.h"

const char *tool_name = "handfast";

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void check_entry(const struct keylog_set *set, const struct keylog_entry *e)
{
    char line[KEYLOG_LABEL_MAX + 2 * (KEYLOG_RANDOM_LEN + KEYLOG_SECRET_MAX) + 4];
    CHECK(e->len > 0 && e->len <= KEYLOG_SECRET_MAX);
    CHECK(memchr(e->label, '\0', sizeof e->label) != NULL);
    CHECK(keylog_knows(set, e->random));
    const struct keylog_entry *found = keylog_find(set, e->random, e->label);
    CHECK(found != NULL && found <= e); /* the first of those with one label */

    size_t at = (size_t)snprintf(line, sizeof line, "%s ", e->label);
    for (size_t i = 0; i < sizeof e->random; i++) {
        at += (size_t)snprintf(line + at, sizeof line - at, "%02x", e->random[i]);
    }
    line[at++] = ' ';
    for (size_t i = 0; i < e->len; i++) {
        at += (size_t)snprintf(line + at, sizeof line - at, "%02X", e->secret[i]);
    }
    struct keylog_set again;
    CHECK(keylog_parse((hf_span){(const uint8_t *)line, at}, &again));
    if (e->label[0] != '#') { /* then the label ended in a NUL, and the rest hid that */
        CHECK(again.count == 1 && again.bad_line == 0);
        CHECK(strcmp(again.entries[0].label, e->label) == 0 && again.entries[0].len == e->len);
        CHECK(memcmp(again.entries[0].random, e->random, sizeof e->random) == 0);
        CHECK(memcmp(again.entries[0].secret, e->secret, e->len) == 0);
    }
    keylog_set_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keylog_set set;
    size_t lines = 1;
    for (size_t i = 0; i < size; i++) {
        lines += data[i] == '\n';
    }
    CHECK(keylog_parse((hf_span){data, size}, &set));
    CHECK(set.count <= lines && set.bad_line <= lines);
    for (size_t i = 0; i < set.count; i++) {
        check_entry(&set, &set.entries[i]);
    }
    const size_t connections = keylog_connections(&set);
    CHECK(connections <= set.count && (connections > 0) == (set.count > 0));
    keylog_set_free(&set);
    return 0;
}

/* Key logs: "LABEL client_random secret", lines of hexadecimal; "#" begins a comment. */
#include "capture/keylog_read.h"

#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "tool.h"

static bool parse_line(const char *line, size_t len, struct keylog_entry *out);
static bool parse_hex(const char *text, size_t len, uint8_t *out, size_t cap, size_t *out_len);
static int digit(char c);

int keylog_read(const char *path, struct keylog_set *out, struct trouble *trouble)
{
    struct file_bytes bytes = {0};
    *out = (struct keylog_set){0};
    if (file_read("--keylog", path, &bytes, trouble) != 0) {
        return trouble->exit_code;
    }
    if (!keylog_parse(file_span(&bytes), out)) {
        (void)trouble_set(trouble, TOOL_SYSTEM, NULL, "no memory for the key log %s", path);
    } else if (out->count == 0) {
        (void)trouble_set(trouble, TOOL_USAGE,
                          "Name the file that SSLKEYLOGFILE or --keylog had named when the "
                          "connection was made.",
                          "--keylog %s: there is no line of a key log in it", path);
    }
    file_free(&bytes);
    return trouble->exit_code;
}

bool keylog_parse(hf_span text, struct keylog_set *out)
{
    size_t lines = 1;
    *out = (struct keylog_set){0};
    for (size_t i = 0; i < text.len; i++) {
        lines += text.data[i] == '\n';
    }
    out->entries = calloc(lines, sizeof *out->entries);
    if (out->entries == NULL) {
        return false;
    }
    size_t number = 0;
    for (size_t at = 0; at < text.len;) {
        const char *line = (const char *)text.data + at;
        const char *end = memchr(line, '\n', text.len - at);
        const size_t whole = end == NULL ? text.len - at : (size_t)(end - line);
        const size_t len = whole > 0 && line[whole - 1] == '\r' ? whole - 1 : whole;
        number++;
        if (len > 0 && line[0] != '#') {
            if (parse_line(line, len, &out->entries[out->count])) {
                out->count++;
            } else if (out->bad_line == 0) {
                out->bad_line = number;
            }
        }
        at += whole + 1;
    }
    return true;
}

void keylog_set_free(struct keylog_set *set)
{
    if (set->entries != NULL) {
        explicit_bzero(set->entries, set->count * sizeof *set->entries);
    }
    free(set->entries);
    *set = (struct keylog_set){0};
}

const struct keylog_entry *keylog_find(const struct keylog_set *set, const uint8_t *random,
                                       const char *label)
{
    for (size_t i = 0; i < set->count; i++) {
        if (memcmp(set->entries[i].random, random, KEYLOG_RANDOM_LEN) == 0 &&
            strcmp(set->entries[i].label, label) == 0) {
            return &set->entries[i];
        }
    }
    return NULL;
}

bool keylog_knows(const struct keylog_set *set, const uint8_t *random)
{
    for (size_t i = 0; i < set->count; i++) {
        if (memcmp(set->entries[i].random, random, KEYLOG_RANDOM_LEN) == 0) {
            return true;
        }
    }
    return false;
}

size_t keylog_connections(const struct keylog_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        bool is_first = true;
        for (size_t k = 0; k < i && is_first; k++) {
            is_first =
                memcmp(set->entries[i].random, set->entries[k].random, KEYLOG_RANDOM_LEN) != 0;
        }
        count += is_first;
    }
    return count;
}

static bool parse_line(const char *line, size_t len, struct keylog_entry *out)
{
    const char *end = line + len;
    const char *first = memchr(line, ' ', len);
    const char *second = first == NULL ? NULL : memchr(first + 1, ' ', (size_t)(end - first - 1));
    size_t random_len = 0;
    *out = (struct keylog_entry){0};
    if (second == NULL || (size_t)(first - line) >= sizeof out->label) {
        return false;
    }
    memcpy(out->label, line, (size_t)(first - line));
    return parse_hex(first + 1, (size_t)(second - first - 1), out->random, sizeof out->random,
                     &random_len) &&
           random_len == KEYLOG_RANDOM_LEN &&
           parse_hex(second + 1, (size_t)(end - second - 1), out->secret, sizeof out->secret,
                     &out->len) &&
           out->len > 0;
}

static bool parse_hex(const char *text, size_t len, uint8_t *out, size_t cap, size_t *out_len)
{
    if (len % 2 != 0 || len / 2 > cap) {
        return false;
    }
    for (size_t i = 0; i < len / 2; i++) {
        const int high = digit(text[2 * i]);
        const int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    *out_len = len / 2;
    return true;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "Did you mean ...?": the known name that is nearest to a misspelt one. */
#include <stdio.h>
#include <string.h>

#include "config/config_int.h"

enum { LONGEST = 40 };

/* A name reduced to what is compared: small letters and digits. */
struct folded {
    char c[LONGEST];
    size_t len;
};

static struct folded fold(hf_span name);
static size_t distance(const struct folded *a, const struct folded *b);
static bool contains(const struct folded *whole, const struct folded *part);

bool config_suggest(const char *known, hf_span name, char *out, size_t cap)
{
    const struct folded wanted = fold(name);
    /* A third of the letters may be wrong; more is another word. */
    size_t best = wanted.len / 3 + 1;
    bool found = false;
    hf_span rest = {(const uint8_t *)known, strlen(known)};
    for (hf_span candidate; config_next(&rest, &candidate);) {
        const struct folded other = fold(candidate);
        /* "aes256" or "mlkem" is a part of a name rather than a slip. */
        const size_t far =
            wanted.len >= 4 && contains(&other, &wanted) ? 1 : distance(&wanted, &other);
        if (far < best) {
            best = far;
            found = true;
            (void)snprintf(out, cap, "%.*s", (int)candidate.len, (const char *)candidate.data);
        }
    }
    return found;
}

static struct folded fold(hf_span name)
{
    struct folded f = {.len = 0};
    for (size_t i = 0; i < name.len && f.len < LONGEST; i++) {
        const char c = (char)name.data[i];
        if (c >= 'A' && c <= 'Z') {
            f.c[f.len++] = (char)(c + ('a' - 'A'));
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            f.c[f.len++] = c;
        }
    }
    return f;
}

static bool contains(const struct folded *whole, const struct folded *part)
{
    for (size_t at = 0; at + part->len <= whole->len; at++) {
        if (memcmp(whole->c + at, part->c, part->len) == 0) {
            return true;
        }
    }
    return false;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's, one row at a time. */
static size_t distance(const struct folded *a, const struct folded *b)
{
    size_t row[LONGEST + 1];
    for (size_t k = 0; k <= b->len; k++) {
        row[k] = k;
    }
    for (size_t i = 1; i <= a->len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b->len; k++) {
            const size_t replaced = diagonal + (a->c[i - 1] != b->c[k - 1]);
            diagonal = row[k];
            row[k] = least(replaced, least(row[k], row[k - 1]) + 1);
        }
    }
    return row[b->len];
}

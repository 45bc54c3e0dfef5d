/* What is said to Redis and what it answers: RESP, version 2, as far as our few commands need it.
 *
 * The reader is strict and bounded, as the store may be anything: an answer that is longer or
 * deeper than ours can be is no answer. It copies nothing; spans lie in the bytes that were read.
 *
 * Threads: all; there is no state. */
#ifndef FLEET_RESP_H
#define FLEET_RESP_H

#include <sys/types.h>

#include <handfast/types.h>

#include "cli/text.h"

enum {
    RESP_LINE_MAX = 512,       /* bytes of a status, an error or a number */
    RESP_TEXT_MAX = 16 * 1024, /* bytes of a text */
    RESP_ITEMS_MAX = 2,        /* in a list, whose items are texts */
    RESP_REPLY_MAX = RESP_ITEMS_MAX * (RESP_TEXT_MAX + 32) + 32 /* bytes of any answer */
};

enum resp_kind {
    RESP_STATUS, /* "+OK": text */
    RESP_ERROR,  /* "-OOM command not allowed": text */
    RESP_NUMBER,
    RESP_TEXT,
    RESP_NIL,
    RESP_LIST /* item[0..count) */
};

struct resp {
    enum resp_kind kind;
    int64_t number;
    hf_span text;
    hf_span item[RESP_ITEMS_MAX];
    size_t count;
};

/* Reads one answer from the beginning of bytes. Returns how many bytes it takes; 0: it is not whole
 * yet; -1: it is none. */
ssize_t resp_read(const uint8_t *bytes, size_t len, struct resp *out);

/* Adds a command of count words. */
void resp_add_command(struct text *out, const hf_span *words, size_t count);

/* Whether text begins with word: "OOM" for the kind of an error. */
bool resp_begins(hf_span text, const char *word);

static inline hf_span resp_word(const char *word)
{
    size_t len = 0;
    while (word[len] != '\0') {
        len++;
    }
    return (hf_span){(const uint8_t *)word, len};
}

#endif

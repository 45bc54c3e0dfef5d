/* Handshake bytes that have come and are not dealt with yet, and the messages among them.
 *
 * Invariants: buf[start..len) is unread; a message returned by inbox_next stays where it is until
 * inbox_drop. Bounded by the limit given at take.
 */
#ifndef HS_INBOX_H
#define HS_INBOX_H

#include "wire/message.h"

enum { INBOX_SPARE_LEN = 64 }; /* a Finished fits */

struct inbox {
    uint8_t *buf;     /* NULL: nothing held */
    size_t first_cap; /* bytes to take at least, when memory is taken */
    uint8_t *spare;   /* memory of the owner for short content; NULL: none */
    size_t cap;
    size_t start;
    size_t len;
    uint64_t total; /* bytes dropped so far: the offset of buf[start] in the whole stream */
};

/* Adds the content of one handshake record. limit: largest message body. HF_FAILED:
 * HF_E_MESSAGE_TOO_LONG, HF_E_NO_MEMORY. */
hf_status inbox_add(struct inbox *in, hf_span bytes, size_t limit, hf_error *error);

/* The first message when it is whole. HF_NEED_INPUT: not yet. HF_FAILED: its length is over the
 * limit. */
hf_status inbox_next(const struct inbox *in, size_t limit, hf_error *error, struct message *out);

/* Drops the first message, which inbox_next returned. */
void inbox_drop(struct inbox *in, const struct message *m);

/* Whether bytes are held: part of a message, or messages not dealt with. */
static inline bool inbox_is_empty(const struct inbox *in)
{
    return in->start == in->len;
}

/* Gives the memory back when nothing is held. */
void inbox_trim(struct inbox *in);

/* Drops everything and gives the memory back. */
void inbox_clear(struct inbox *in);

#endif

/* What waits to be sent: sealed records, and behind them the messages of a record that is still
 * open.
 *
 * Messages of one flight and one level share records; the open record is sealed in place when its
 * keys change or when somebody wants to send. Invariants: buf[head..tail) are wire bytes; while
 * is_open, buf[tail + 5 .. tail + 5 + open_len) is the plaintext of the open record, and room for
 * its tail stands behind it.
 */
#ifndef CONN_OUTQ_H
#define CONN_OUTQ_H

#include "record/record.h"
#include "trace/trace.h"

enum {
    OUTQ_SMALL_LEN = 96
}; /* a client's Finished, an alert, a KeyUpdate: without memory of the heap */

struct outq {
    uint8_t *buf; /* NULL: nothing waits; may be small */
    size_t cap, head, tail;
    size_t open_len;
    bool is_open;
    uint8_t small[OUTQ_SMALL_LEN];
};

/* Room for n bytes more in the open handshake record, or NULL. */
uint8_t *outq_reserve(struct outq *q, size_t n);
/* n bytes of the room are used. */
void outq_commit(struct outq *q, size_t n);

/* How open messages become records. */
struct outq_seal {
    struct rec_keys *keys;
    uint16_t version;
    size_t max_plain;        /* content bytes per record */
    const struct tracer *tr; /* every record is told */
    hf_level level;
};
/* Seals what is open. HF_FAILED: *error; what was open is gone. */
hf_status outq_seal_open(struct outq *q, const struct outq_seal *how, hf_error *error);

/* Appends one whole record with content (an alert, a change_cipher_spec); nothing may be open. */
hf_status outq_record(struct outq *q, const struct outq_seal *how, uint8_t type, hf_span content,
                      hf_error *error);

/* Moves wire bytes to out as far as they fit. Frees the memory when nothing is left. */
void outq_move(struct outq *q, hf_buf *out);

static inline size_t outq_waiting(const struct outq *q)
{
    return q->tail - q->head;
}

void outq_clear(struct outq *q);

#endif

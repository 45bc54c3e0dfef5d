#include "conn/outq.h"

#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"

enum { TAIL_ROOM = 32 }; /* content type and tag, with room to spare */

static void give_back(uint8_t *buf, size_t cap, const struct outq *q)
{
    if (buf == q->small) {
        hf_wipe(buf, cap);
    } else {
        mem_free(buf, cap);
    }
}

/* A buffer of at least cap bytes with the first used ones of the present one. */
static bool grow(struct outq *q, size_t used, size_t cap)
{
    if (q->buf == NULL && cap <= OUTQ_SMALL_LEN) {
        q->buf = q->small;
        q->cap = OUTQ_SMALL_LEN;
        return true;
    }
    uint8_t *grown = mem_alloc(cap);
    if (grown == NULL) {
        return false;
    }
    if (q->buf != NULL && used > 0) {
        memcpy(grown, q->buf, used);
    }
    give_back(q->buf, q->cap, q);
    q->buf = grown;
    q->cap = cap;
    return true;
}

/* Makes sure that n bytes may follow the tail; the sent head is reclaimed first. */
static bool make_room(struct outq *q, size_t n)
{
    size_t used = q->tail + (q->is_open ? REC_HEADER_LEN + q->open_len : 0);
    if (q->cap - used >= n) {
        return true;
    }
    if (q->head > 0) {
        memmove(q->buf, q->buf + q->head, used - q->head);
        q->tail -= q->head;
        used -= q->head;
        q->head = 0;
        if (q->cap - used >= n) {
            return true;
        }
    }
    return grow(q, used, used + n);
}

uint8_t *outq_reserve(struct outq *q, size_t n)
{
    if (!make_room(q, REC_HEADER_LEN + n + TAIL_ROOM)) {
        return NULL;
    }
    q->is_open = true;
    return q->buf + q->tail + REC_HEADER_LEN + q->open_len;
}

void outq_commit(struct outq *q, size_t n)
{
    q->open_len += n;
}

/* Seals one record at the tail, where there is room. */
static hf_status seal_at_tail(struct outq *q, const struct outq_seal *how,
                              const struct rec_seal_args *args, hf_error *error)
{
    uint8_t *record = q->buf + q->tail;
    const uint64_t seq = how->keys->seq;
    const size_t sealed = rec_sealed_len(how->keys, args->len, 0);
    TRY(rec_seal(how->keys, args, record, error));
    TRACE(how->tr, HF_EV_WIRE, wire, .direction = HF_SENT, .bytes = span_of(record, sealed));
    TRACE(how->tr, HF_EV_RECORD, record, .direction = HF_SENT, .level = how->level,
          .type = args->type, .header = span_of(record, REC_HEADER_LEN),
          .len = sealed - REC_HEADER_LEN, .plain_len = args->len, .sequence = seq);
    q->tail += sealed;
    return HF_OK;
}

/* Messages too long for one record are taken out and put back piece by piece. */
static hf_status seal_pieces(struct outq *q, const struct outq_seal *how, hf_error *error)
{
    const size_t len = q->open_len;
    const size_t pieces = (len + how->max_plain - 1) / how->max_plain;
    uint8_t *copy = mem_alloc(len);
    q->is_open = false;
    q->open_len = 0;
    if (copy == NULL) {
        return err_raise(error, HF_E_NO_MEMORY, NULL);
    }
    memcpy(copy, q->buf + q->tail + REC_HEADER_LEN, len);
    hf_status s = HF_OK;
    if (!make_room(q, len + pieces * (size_t)(REC_HEADER_LEN + TAIL_ROOM))) {
        s = err_raise(error, HF_E_NO_MEMORY, NULL);
    }
    for (size_t at = 0; s == HF_OK && at < len; at += how->max_plain) {
        size_t n = len - at < how->max_plain ? len - at : how->max_plain;
        struct rec_seal_args args = {REC_HANDSHAKE, how->version, copy + at, n, 0};
        s = seal_at_tail(q, how, &args, error);
    }
    mem_free(copy, len);
    return s;
}

hf_status outq_seal_open(struct outq *q, const struct outq_seal *how, hf_error *error)
{
    if (!q->is_open || q->open_len == 0) {
        q->is_open = false;
        return HF_OK;
    }
    if (q->open_len > how->max_plain) {
        return seal_pieces(q, how, error);
    }
    const size_t len = q->open_len;
    struct rec_seal_args args = {REC_HANDSHAKE, how->version, q->buf + q->tail + REC_HEADER_LEN,
                                 len, 0};
    q->is_open = false;
    q->open_len = 0;
    return seal_at_tail(q, how, &args, error);
}

hf_status outq_record(struct outq *q, const struct outq_seal *how, uint8_t type, hf_span content,
                      hf_error *error)
{
    size_t need = rec_sealed_len(how->keys, content.len, 0);
    if (!make_room(q, need)) {
        return err_raise(error, HF_E_NO_MEMORY, NULL);
    }
    struct rec_seal_args args = {type, how->version, content.data, content.len, 0};
    return seal_at_tail(q, how, &args, error);
}

void outq_move(struct outq *q, hf_buf *out)
{
    size_t n = outq_waiting(q);
    size_t room = out->cap - out->pos;
    n = n < room ? n : room;
    if (n > 0) {
        memcpy(out->ptr + out->pos, q->buf + q->head, n);
        out->pos += n;
        q->head += n;
    }
    if (q->head == q->tail && !q->is_open) {
        outq_clear(q);
    }
}

void outq_clear(struct outq *q)
{
    give_back(q->buf, q->cap, q);
    q->buf = NULL;
    q->cap = q->head = q->tail = q->open_len = 0;
    q->is_open = false;
}

#include "hs/inbox.h"

#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"
#include "wire/iana.h"

/* How much room the first message needs in all, as far as its header tells. */
static size_t wanted(const uint8_t *head, size_t have)
{
    if (have < MSG_HEADER_LEN) {
        return MSG_HEADER_LEN;
    }
    return MSG_HEADER_LEN + ((size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]);
}

static hf_status check_length(const uint8_t *head, size_t have, size_t limit, hf_error *error)
{
    size_t need = wanted(head, have);
    if (need > MSG_HEADER_LEN + limit) {
        return err_raise(error, HF_E_MESSAGE_TOO_LONG, "%s of %zu bytes, the limit is %zu",
                         iana_handshake_title(head[0]), need - MSG_HEADER_LEN, limit);
    }
    return HF_OK;
}

/* Memory for need bytes in all, of which have are held already and stay. */
static hf_status make_room(struct inbox *in, size_t have, size_t need, size_t whole,
                           hf_error *error)
{
    if (in->buf == NULL && need <= INBOX_SPARE_LEN && whole <= INBOX_SPARE_LEN &&
        in->spare != NULL) {
        in->buf = in->spare;
        in->cap = INBOX_SPARE_LEN;
        return HF_OK;
    }
    size_t cap = whole > need ? whole : need;
    cap = cap < in->first_cap ? in->first_cap : cap;
    uint8_t *grown = mem_alloc(cap);
    if (grown == NULL) {
        return err_raise(error, HF_E_NO_MEMORY, "%zu bytes for a handshake message", cap);
    }
    if (in->buf != NULL && have > 0) {
        memcpy(grown, in->buf, have);
    }
    const size_t len = in->len;
    inbox_clear(in);
    in->buf = grown;
    in->cap = cap;
    in->len = len;
    return HF_OK;
}

hf_status inbox_add(struct inbox *in, hf_span bytes, size_t limit, hf_error *error)
{
    const size_t have = in->len - in->start;
    if (in->start > 0) {
        memmove(in->buf, in->buf + in->start, have);
        in->start = 0;
        in->len = have;
    }
    const size_t need = have + bytes.len;
    if (need > in->cap) {
        /* Room for the message under way at once, so that a long one does not grow step by step. */
        size_t whole = have > 0 ? wanted(in->buf, have) : wanted(bytes.data, bytes.len);
        TRY(make_room(in, have, need, whole <= MSG_HEADER_LEN + limit ? whole : 0, error));
    }
    memcpy(in->buf + in->len, bytes.data, bytes.len);
    in->len += bytes.len;
    return check_length(in->buf, in->len, limit, error);
}

hf_status inbox_next(const struct inbox *in, size_t limit, hf_error *error, struct message *out)
{
    size_t have = in->len - in->start;
    if (have < MSG_HEADER_LEN) {
        return HF_NEED_INPUT;
    }
    const uint8_t *head = in->buf + in->start;
    TRY(check_length(head, have, limit, error));
    size_t need = wanted(head, have);
    if (have < need) {
        return HF_NEED_INPUT;
    }
    out->type = head[0];
    out->raw = span_of(head, need);
    out->body = span_of(head + MSG_HEADER_LEN, need - MSG_HEADER_LEN);
    return HF_OK;
}

void inbox_drop(struct inbox *in, const struct message *m)
{
    in->start += m->raw.len;
    in->total += m->raw.len;
    if (in->start == in->len) {
        in->start = in->len = 0;
    }
}

void inbox_trim(struct inbox *in)
{
    if (inbox_is_empty(in)) {
        inbox_clear(in);
    }
}

void inbox_clear(struct inbox *in)
{
    if (in->buf == in->spare && in->buf != NULL) {
        hf_wipe(in->buf, in->cap);
    } else {
        mem_free(in->buf, in->cap);
    }
    in->buf = NULL;
    in->cap = in->start = in->len = 0;
}

/* One block per session: the object, the written state, the ticket. The state's spans point into
 * the block, so nothing but the block needs to be wiped. */
#include "session/session.h"

#include <string.h>

#include "base/mem.h"
#include "base/rotate.h"
#include "base/span.h"
#include "wire/rd.h"
#include "wire/wr.h"

enum { EXPORT_FORM = 1, TICKET_MAX = 65535, ID_MAX = 32 };

struct hf_session {
    struct ref ref;
    size_t block_size;
    struct session_state state;
    hf_span written; /* the state as it is exported */
    hf_span ticket;
    bool is_id;
};

_Static_assert(HF_SESSION_EXPORT_MAX >= 2 + 2 + SESSION_STATE_MAX + 2 + TICKET_MAX,
               "the public limit holds the longest session");

static hf_session *from_written(hf_span written, hf_span ticket, bool is_id);

hf_session *session_new(const struct session_state *state, hf_span ticket, bool is_id)
{
    uint8_t written[SESSION_STATE_MAX];
    const size_t len = session_state_write(state, written);
    hf_session *session = len == 0 ? NULL : from_written(span_of(written, len), ticket, is_id);
    hf_wipe(written, sizeof written);
    return session;
}

hf_session *hf_session_import(hf_span bytes)
{
    struct rd r = rd_of(bytes);
    const uint8_t form = rd_u8(&r);
    const uint8_t is_id = rd_u8(&r);
    const hf_span written = rd_vec16(&r, 1, SESSION_STATE_MAX);
    const hf_span ticket = rd_vec16(&r, 1, TICKET_MAX);
    if (!rd_done(&r) || form != EXPORT_FORM || is_id > 1) {
        return NULL;
    }
    return from_written(written, ticket, is_id == 1);
}

hf_status hf_session_export(const hf_session *session, hf_buf *out)
{
    struct wr w = wr_of(out->ptr + out->pos, out->cap - out->pos);
    wr_u8(&w, EXPORT_FORM);
    wr_u8(&w, session->is_id);
    wr_vec(&w, session->written, 2);
    wr_vec(&w, session->ticket, 2);
    if (w.bad) {
        hf_wipe(w.buf, w.len); /* a part of the secret may stand there */
        return HF_NEED_SPACE;
    }
    out->pos += w.len;
    return HF_OK;
}

static hf_session *from_written(hf_span written, hf_span ticket, bool is_id)
{
    const size_t size = sizeof(hf_session) + written.len + ticket.len;
    const size_t most = is_id ? ID_MAX : TICKET_MAX;
    hf_session *session = ticket.len < 1 || ticket.len > most ? NULL : mem_alloc(size);
    if (session == NULL) {
        return NULL;
    }
    uint8_t *at = (uint8_t *)(session + 1);
    memcpy(at, written.data, written.len);
    memcpy(at + written.len, ticket.data, ticket.len);
    session->block_size = size;
    session->written = span_of(at, written.len);
    session->ticket = span_of(at + written.len, ticket.len);
    session->is_id = is_id;
    ref_init(&session->ref);
    if (!session_state_read(session->written, &session->state)) {
        mem_free(session, size);
        return NULL;
    }
    return session;
}

hf_session *hf_session_ref(const hf_session *session)
{
    hf_session *shared = (hf_session *)(uintptr_t)session; /* nothing but the count is written */
    ref_take(&shared->ref);
    return shared;
}

void hf_session_free(hf_session *session)
{
    if (session != NULL && ref_drop(&session->ref)) {
        mem_free(session, session->block_size);
    }
}

void hf_session_describe(const hf_session *session, hf_session_info *out)
{
    const struct session_state *state = &session->state;
    *out = (hf_session_info){
        .version = state->version,
        .cipher_suite = state->cipher_suite,
        .received_ms = state->issued_ms,
        .lifetime_s = state->lifetime_s,
        .max_early_data = state->max_early_data,
        .verified = (state->flags & SESSION_PEER_PROVEN) != 0,
        .server_name = state->server_name,
        .alpn = state->alpn,
    };
}

const struct session_state *session_state_of(const hf_session *session)
{
    return &session->state;
}

hf_span session_ticket(const hf_session *session)
{
    return session->ticket;
}

bool session_is_id(const hf_session *session)
{
    return session->is_id;
}

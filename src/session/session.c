/* One block per session: the object, the written state, the ticket. The state's spans point into
 * the block, so nothing but the block needs to be wiped. */
#include "session/session.h"

#include <string.h>

#include "base/mem.h"
#include "base/rotate.h"
#include "base/span.h"
#include "wire/rd.h"
#include "wire/wr.h"

/* The second form holds a chain. */
enum { EXPORT_FORM = 1, EXPORT_FORM_CHAIN = 2, TICKET_MAX = 65535, ID_MAX = 32, CHAIN_MAX = 65535 };

struct hf_session {
    struct ref ref;
    size_t block_size;
    struct session_state state;
    hf_span written; /* the state as it is exported */
    hf_span ticket;
    uint16_t chain_len; /* behind the ticket, as it is exported, see write_chain; 0: none */
    bool is_id;
};

_Static_assert(HF_SESSION_EXPORT_MAX >= 2 + 2 + SESSION_STATE_MAX + 2 + TICKET_MAX + 2 + CHAIN_MAX,
               "the public limit holds the longest session");

static hf_session *make(hf_span written, hf_span ticket, bool is_id, size_t chain_len,
                        uint8_t **chain_at);
static hf_span chain_bytes(const hf_session *session);
static size_t chain_size(const struct session_chain *chain);
static void write_chain(const struct session_chain *chain, struct wr *w);
static bool is_chain(hf_span bytes);

hf_session *session_new(const struct session_state *state, hf_span ticket, bool is_id,
                        const struct session_chain *chain)
{
    uint8_t written[SESSION_STATE_MAX];
    uint8_t *at = NULL;
    const size_t len = session_state_write(state, written);
    const size_t chain_len = chain == NULL ? 0 : chain_size(chain);
    hf_session *session =
        len == 0 ? NULL : make(span_of(written, len), ticket, is_id, chain_len, &at);
    hf_wipe(written, sizeof written);
    if (session != NULL && chain_len > 0) {
        struct wr w = wr_of(at, chain_len);
        write_chain(chain, &w);
    }
    return session;
}

hf_session *hf_session_import(hf_span bytes)
{
    struct rd r = rd_of(bytes);
    const uint8_t form = rd_u8(&r);
    const uint8_t is_id = rd_u8(&r);
    const hf_span written = rd_vec16(&r, 1, SESSION_STATE_MAX);
    const hf_span ticket = rd_vec16(&r, 1, TICKET_MAX);
    const bool has_chain = form == EXPORT_FORM_CHAIN;
    const hf_span chain = has_chain ? rd_vec16(&r, 1, CHAIN_MAX) : span_of(NULL, 0);
    if (!rd_done(&r) || (form != EXPORT_FORM && !has_chain) || is_id > 1 ||
        (has_chain && !is_chain(chain))) {
        return NULL;
    }
    uint8_t *at = NULL;
    hf_session *session = make(written, ticket, is_id == 1, chain.len, &at);
    if (session != NULL && has_chain) {
        memcpy(at, chain.data, chain.len);
    }
    return session;
}

hf_status hf_session_export(const hf_session *session, hf_buf *out)
{
    struct wr w = wr_of(out->ptr + out->pos, out->cap - out->pos);
    wr_u8(&w, session->chain_len > 0 ? EXPORT_FORM_CHAIN : EXPORT_FORM);
    wr_u8(&w, session->is_id);
    wr_vec(&w, session->written, 2);
    wr_vec(&w, session->ticket, 2);
    if (session->chain_len > 0) {
        wr_vec(&w, chain_bytes(session), 2);
    }
    if (w.bad) {
        hf_wipe(w.buf, w.len); /* a part of the secret may stand there */
        return HF_NEED_SPACE;
    }
    out->pos += w.len;
    return HF_OK;
}

/* *chain_at: where the caller writes the chain. */
static hf_session *make(hf_span written, hf_span ticket, bool is_id, size_t chain_len,
                        uint8_t **chain_at)
{
    const size_t size = sizeof(hf_session) + written.len + ticket.len + chain_len;
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
    session->chain_len = (uint16_t)chain_len;
    session->is_id = is_id;
    *chain_at = at + written.len + ticket.len;
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
        .has_chain = session->chain_len > 0,
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

/* --- The chain -------------------------------------------------------------------------------- */

static hf_span chain_bytes(const hf_session *session)
{
    return span_of(session->ticket.data + session->ticket.len, session->chain_len);
}

static size_t chain_size(const struct session_chain *chain)
{
    size_t n = 3 + chain->ocsp_response.len + 2 + chain->sct_list.len;
    for (size_t i = 0; i < chain->count; i++) {
        n += 3 + chain->cert[i].len;
    }
    return n;
}

bool session_chain_fits(const struct session_chain *chain)
{
    return chain_size(chain) <= CHAIN_MAX;
}

/* What was stapled, then one certificate after the other to the end. */
static void write_chain(const struct session_chain *chain, struct wr *w)
{
    wr_vec(w, chain->ocsp_response, 3);
    wr_vec(w, chain->sct_list, 2);
    for (size_t i = 0; i < chain->count; i++) {
        wr_vec(w, chain->cert[i], 3);
    }
}

static struct rd open_chain(hf_span bytes, struct session_chain *out)
{
    struct rd r = rd_of(bytes);
    out->ocsp_response = rd_vec24(&r, 0, CHAIN_MAX);
    out->sct_list = rd_vec16(&r, 0, CHAIN_MAX);
    return r;
}

static bool is_chain(hf_span bytes)
{
    struct session_chain chain;
    struct rd r = open_chain(bytes, &chain);
    do {
        (void)rd_vec24(&r, 1, CHAIN_MAX);
    } while (rd_left(&r) > 0);
    return rd_done(&r);
}

size_t session_chain_count(const hf_session *session, size_t *bytes)
{
    struct session_chain chain;
    struct rd r = open_chain(chain_bytes(session), &chain);
    size_t count = 0;
    *bytes = chain.ocsp_response.len + chain.sct_list.len;
    while (rd_left(&r) > 0) {
        *bytes += rd_vec24(&r, 1, CHAIN_MAX).len;
        count++;
    }
    return count;
}

void session_chain_of(const hf_session *session, hf_span *cert, struct session_chain *out)
{
    struct rd r = open_chain(chain_bytes(session), out);
    out->cert = cert;
    for (out->count = 0; rd_left(&r) > 0; out->count++) {
        cert[out->count] = rd_vec24(&r, 1, CHAIN_MAX);
    }
}

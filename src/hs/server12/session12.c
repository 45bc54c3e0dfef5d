/* Sessions of TLS 1.2 at the server: found by ticket (RFC 5077) or by identifier (RFC 5246, 7.3),
 * judged; kept for later.
 *
 * Only sessions with extended_master_secret are kept and resumed: of others nobody can be sure
 * whose they are (RFC 7627, 5.3). ALPN is no part of a session here (RFC 7301, 3.1): it is chosen
 * anew.
 */
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/auth12.h"
#include "hs/resume.h"
#include "hs/server12/server12.h"

static hf_status ask_find(struct hs *hs);
static hf_status take_found(struct hs *hs, hf_resume_reason reason);
static hf_resume_reason judge_session(struct hs *hs);
static hf_status note_refused(struct hs *hs, hf_resume_reason reason);
static size_t write_session(struct hs *hs);
static hf_status ask_put(struct hs *hs, size_t len);

static bool finds_sessions(const struct hs *hs)
{
    return hs->config->session_store != NULL ||
           (hs->config->external_ops & HF_OP_BIT(HF_OP_SESSION_FIND)) != 0;
}

static bool keeps_sessions(const struct hs *hs)
{
    return hs->config->session_store != NULL ||
           (hs->config->external_ops & HF_OP_BIT(HF_OP_SESSION_PUT)) != 0;
}

/* Stored sessions have identifiers here, not tickets that name them. */
static bool seals_tickets(const struct hs *hs)
{
    return resume_seals_tickets(hs) && !config_stores_sessions(hs->config);
}

/* --- Found ------------------------------------------------------------------------------------ */

hf_status server12_find_session(struct hs *hs)
{
    const struct ext_view *ext = &hs->s.offer.hello.ext;
    const hf_span ticket =
        hs->s.offer.takes_ticket ? ext->body[EXT_session_ticket] : span_of(NULL, 0);
    hs->result->resume_reason = HF_RESUME_NO_TICKET;
    if (ticket.len > 0 && resume_opens_tickets(hs)) {
        return resume_ask_ticket(hs, ticket, true, HS_S12_TICKET_OPEN_WAIT);
    }
    if (ticket.len > 0) {
        return note_refused(hs, HF_RESUME_DISABLED);
    }
    /* RFC 5077, 3.4: with a ticket, the identifier is only there to be echoed. */
    if (hs->session_id_len > 0 && finds_sessions(hs)) {
        return ask_find(hs);
    }
    hs_go(hs, HS_S12_CHOOSE_PARAMETERS);
    return HF_OK;
}

static hf_status ask_find(struct hs *hs)
{
    if (resume_written(hs) == NULL) {
        return hs_no_memory(hs);
    }
    hs->op.u.session_find.id = span_of(hs->session_id, hs->session_id_len);
    hs->op.u.session_find.now_ms = hs->now_ms;
    hs->op.u.session_find.state = resume_written(hs);
    hs->op.u.session_find.capacity = SESSION_STATE_MAX;
    hs->op.u.session_find.state_len = 0;
    hs->op.u.session_find.reason = HF_RESUME_NONE;
    return hs_ask(hs, HF_OP_SESSION_FIND, HS_S12_SESSION_FIND_WAIT);
}

hf_status server12_ticket_opened(struct hs *hs)
{
    TRY(hs_answer(hs));
    const size_t len = hs->op.u.ticket_open.state_len;
    hs->t12.ticket_follows = hs->op.u.ticket_open.renew && seals_tickets(hs);
    hs->t12.written_len = (uint16_t)len;
    return take_found(hs, resume_read(hs, hs->op.u.ticket_open.reason, len));
}

hf_status server12_session_found(struct hs *hs)
{
    TRY(hs_answer(hs));
    const hf_resume_reason reason =
        resume_read(hs, hs->op.u.session_find.reason, hs->op.u.session_find.state_len);
    /* A client of TLS 1.3 makes up an identifier that nobody ever gave it (RFC 9846, 4.2.2). */
    const bool is_made_up = reason == HF_RESUME_SESSION_UNKNOWN && hs->s.offer.versions.len > 0;
    hs->t12.found_by_id = true;
    return take_found(hs, is_made_up ? HF_RESUME_NO_TICKET : reason);
}

/* RFC 7627, 5.3: whose session began with extended_master_secret and who now leaves it away may be
 * an attacker between two others. */
static hf_status take_found(struct hs *hs, hf_resume_reason reason)
{
    reason = reason == HF_RESUME_NONE ? judge_session(hs) : reason;
    if (reason != HF_RESUME_NONE) {
        return note_refused(hs, reason);
    }
    if (!hs->s.offer.extended_master_secret) {
        return err_raise(hs->error, HF_E_SESSION_EMS, "the client offers to resume without it");
    }
    hs_go(hs, HS_S12_RESUME);
    return HF_OK;
}

static hf_status note_refused(struct hs *hs, hf_resume_reason reason)
{
    hs->result->resume_reason = (uint8_t)reason;
    hs->t12.ticket_follows = false;
    if (hs->s.session != NULL) {
        session_state_wipe(hs->s.session);
    }
    TRACE(hs->tr, HF_EV_CANDIDATE, candidate, .about = HF_DECIDE_PSK, .value = 0,
          .name = hf_resume_name(reason), .accepted = false, .reason = hf_resume_text(reason));
    hs_go(hs, HS_S12_CHOOSE_PARAMETERS);
    return HF_OK;
}

/* --- Judged ----------------------------------------------------------------------------------- */

static hf_resume_reason judge_session(struct hs *hs)
{
    const struct session_state *session = hs->s.session;
    struct suite suite = {.aead = NULL};
    const hf_resume_reason reason = resume_judge(hs);
    if (reason != HF_RESUME_NONE) {
        return reason;
    }
    if (session->secret.len != MASTER12_LEN) {
        return HF_RESUME_STATE_UNREADABLE;
    }
    if (!config_list_has(&hs->config->ciphers, session->cipher_suite) ||
        !suite12_find(hs->config->provider, session->cipher_suite, &suite) ||
        !list16_has(hs->s.offer.hello.cipher_suites, session->cipher_suite)) {
        return HF_RESUME_SUITE_DIFFERS;
    }
    return (session->flags & SESSION_EMS) == 0 ? HF_RESUME_EMS_DIFFERS : HF_RESUME_NONE;
}

/* --- Kept ------------------------------------------------------------------------------------- */

hf_status server12_plan_session(struct hs *hs)
{
    const bool may_resume = hs->result->extended_master_secret;
    hs->t12.ticket_follows =
        may_resume && hs->s.offer.takes_ticket && hs->config->tickets > 0 && seals_tickets(hs);
    if (hs->t12.ticket_follows || !may_resume || !keeps_sessions(hs)) {
        hs->session_id_len = 0;
        return HF_OK;
    }
    hs->session_id_len = MSG_SESSION_ID_MAX;
    return hs_random(hs, hs->session_id, MSG_SESSION_ID_MAX);
}

hf_status server12_keep_session(struct hs *hs)
{
    if (!hs->t12.ticket_follows && hs->session_id_len == 0) {
        hs_go(hs, HS_S12_SEND_FINISHED);
        return HF_OK;
    }
    const size_t len = write_session(hs);
    if (len == 0) {
        return hs_no_memory(hs);
    }
    if (hs->s.session->lifetime_s > 0) {
        return hs->t12.ticket_follows ? resume_ask_seal(hs, len, HS_S12_TICKET_SEAL_WAIT)
                                      : ask_put(hs, len);
    }
    if (hs->t12.ticket_follows) {
        TRY(server12_write_ticket(hs, 0, 0)); /* it was announced */
    }
    hs_go(hs, HS_S12_SEND_FINISHED);
    return HF_OK;
}

/* 0: no memory; names are never too long here. */
static size_t write_session(struct hs *hs)
{
    uint8_t *const written = resume_written(hs);
    if (written == NULL) {
        return 0;
    }
    struct session_state state;
    resume_describe(hs, &state);
    state.secret = hs->result->master->secret;
    const size_t len = session_state_write(&state, written);
    hs->s.session->lifetime_s = state.lifetime_s;
    session_state_wipe(&state);
    return len;
}

static hf_status ask_put(struct hs *hs, size_t len)
{
    hs->op.u.session_put.id = span_of(hs->session_id, hs->session_id_len);
    hs->op.u.session_put.state = span_of(resume_written(hs), len);
    hs->op.u.session_put.now_ms = hs->now_ms;
    hs->op.u.session_put.lifetime_s = hs->s.session->lifetime_s;
    hs->op.u.session_put.kept = false;
    return hs_ask(hs, HF_OP_SESSION_PUT, HS_S12_SESSION_PUT_WAIT);
}

hf_status server12_send_ticket(struct hs *hs)
{
    size_t len = 0;
    TRY(resume_sealed(hs, &len));
    TRY(server12_write_ticket(hs, hs->s.session->lifetime_s, len));
    hs_go(hs, HS_S12_SEND_FINISHED);
    return HF_OK;
}

hf_status server12_session_kept(struct hs *hs)
{
    TRY(hs_answer(hs));
    if (hs->op.u.session_put.kept) {
        TRY(server12_note_stored(hs));
    }
    hs_go(hs, HS_S12_SEND_FINISHED);
    return HF_OK;
}

hf_status server12_note_stored(struct hs *hs)
{
    if (hs->config->session_store == NULL || hs->session_id_len != MSG_SESSION_ID_MAX) {
        return HF_OK; /* it is kept by the application, which sees the error too */
    }
    struct hs_resumption *resumption = hs_need_resumption(hs);
    if (resumption == NULL || (resumption->stored_id = mem_alloc(MSG_SESSION_ID_MAX)) == NULL) {
        return hs_no_memory(hs);
    }
    memcpy(resumption->stored_id, hs->session_id, MSG_SESSION_ID_MAX);
    return HF_OK;
}

#include "hs/resume.h"

#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/psk.h"

static bool is_answered(const struct hs *hs, hf_op_kind kind)
{
    const hf_config *config = hs->config;
    return config->ticket_keys != NULL || config->session_store != NULL ||
           (config->external_ops & HF_OP_BIT(kind)) != 0;
}

bool resume_opens_tickets(const struct hs *hs)
{
    return is_answered(hs, HF_OP_TICKET_OPEN);
}

bool resume_seals_tickets(const struct hs *hs)
{
    return is_answered(hs, HF_OP_TICKET_SEAL);
}

/* --- Opened ----------------------------------------------------------------------------------- */

uint8_t *resume_written(struct hs *hs)
{
    if (hs->s.session == NULL) {
        hs->s.session = hs_alloc(hs, sizeof *hs->s.session + SESSION_STATE_MAX);
    }
    return hs->s.session == NULL ? NULL : (uint8_t *)(hs->s.session + 1);
}

hf_status resume_ask_ticket(struct hs *hs, hf_span ticket, bool keep, enum hs_state wait)
{
    if (resume_written(hs) == NULL) {
        return hs_no_memory(hs);
    }
    hs->op.u.ticket_open.ticket = ticket;
    hs->op.u.ticket_open.now_ms = hs->now_ms;
    hs->op.u.ticket_open.state = resume_written(hs);
    hs->op.u.ticket_open.capacity = SESSION_STATE_MAX;
    hs->op.u.ticket_open.state_len = 0;
    hs->op.u.ticket_open.reason = HF_RESUME_NONE;
    hs->op.u.ticket_open.renew = false;
    hs->op.u.ticket_open.keep = keep;
    hs->op.u.ticket_open.single_use = false;
    return hs_ask(hs, HF_OP_TICKET_OPEN, wait);
}

hf_resume_reason resume_read(struct hs *hs, hf_resume_reason reason, size_t len)
{
    if (reason != HF_RESUME_NONE || len == 0) {
        return reason == HF_RESUME_NONE ? HF_RESUME_SESSION_UNKNOWN : reason;
    }
    if (len > SESSION_STATE_MAX ||
        !session_state_read(span_of(resume_written(hs), len), hs->s.session) ||
        !psk_fits_suite(hs, hs->s.session)) {
        return HF_RESUME_STATE_UNREADABLE;
    }
    return hs->s.session->version == hs->result->version ? HF_RESUME_NONE
                                                         : HF_RESUME_VERSION_DIFFERS;
}

/* --- Judged ----------------------------------------------------------------------------------- */

hf_resume_reason resume_judge(const struct hs *hs)
{
    const struct session_state *session = hs->s.session;
    const int64_t now_ms = hs->now_ms;
    if (now_ms < session->issued_ms - SESSION_SKEW_MS) {
        return HF_RESUME_FROM_THE_FUTURE;
    }
    if (now_ms > session->issued_ms &&
        (uint64_t)now_ms - (uint64_t)session->issued_ms >= (uint64_t)session->lifetime_s * 1000) {
        return HF_RESUME_EXPIRED;
    }
    if (!span_eq(session->server_name, hs->s.offer.server_name)) {
        return HF_RESUME_SERVER_NAME_DIFFERS; /* RFC 6066, 3 */
    }
    return auth_judge_proof(hs, session);
}

hf_status resume_take_peer(struct hs *hs)
{
    struct hs_result *r = hs->result;
    struct hs_resumption *resumption = hs_need_resumption(hs);
    if (resumption == NULL) {
        return hs_no_memory(hs);
    }
    r->resumed = true;
    r->resume_reason = HF_RESUME_NONE;
    r->peer_proven = (hs->s.session->flags & SESSION_PEER_PROVEN) != 0;
    r->client_certificate = r->peer_proven;
    resumption->proof = hs->s.session->proof;
    return HF_OK;
}

/* --- Left for later --------------------------------------------------------------------------- */

void resume_describe(const struct hs *hs, struct session_state *out)
{
    const struct hs_result *r = hs->result;
    *out = (struct session_state){
        .version = r->version,
        .cipher_suite = r->suite.id,
        .flags = (uint8_t)((r->client_certificate ? SESSION_PEER_PROVEN : 0) |
                           (r->extended_master_secret ? SESSION_EMS : 0)),
        .issued_ms = hs->now_ms,
        .lifetime_s = hs->config->ticket_lifetime_s,
        .server_name = span_str(r->server_name),
        .alpn = r->alpn,
    };
    if (r->client_certificate) {
        out->proof = r->resumption->proof;
    }
    session_state_limit(out);
}

hf_status resume_ask_seal(struct hs *hs, size_t len, enum hs_state wait)
{
    if (hs->s.ticket == NULL) {
        hs->s.ticket = hs_alloc(hs, RESUME_TICKET_MAX);
    }
    if (hs->s.ticket == NULL) {
        return hs_no_memory(hs);
    }
    hs->op.u.ticket_seal.state = span_of(resume_written(hs), len);
    hs->op.u.ticket_seal.now_ms = hs->now_ms;
    hs->op.u.ticket_seal.lifetime_s = hs->s.session->lifetime_s;
    hs->op.u.ticket_seal.ticket = hs->s.ticket;
    hs->op.u.ticket_seal.capacity = RESUME_TICKET_MAX;
    hs->op.u.ticket_seal.ticket_len = 0;
    return hs_ask(hs, HF_OP_TICKET_SEAL, wait);
}

hf_status resume_sealed(struct hs *hs, size_t *len)
{
    TRY(hs_answer(hs));
    *len = hs->op.u.ticket_seal.ticket_len;
    if (*len > RESUME_TICKET_MAX) {
        return err_raise(hs->error, HF_E_API_MISUSE, "a ticket of %zu bytes in room for %d", *len,
                         RESUME_TICKET_MAX);
    }
    return HF_OK;
}

/* The abbreviated handshake of TLS 1.2 at the client (RFC 5246, 7.3; RFC 5077, 3.3), and sessions
 * kept for later ones. The server ends its half first. */
#include "base/span.h"
#include "base/status.h"
#include "hs/auth.h"
#include "hs/auth12.h"
#include "hs/client12/client12.h"
#include "wire/message12.h"

enum {
    LIFETIME_UNTOLD_S = 86400 /* RFC 5246, F.1.4: at most a day where the server names no time */
};

/* --- Kept for later --------------------------------------------------------------------------- */

static const char *told_of_ticket(const struct hs *hs, size_t len)
{
    if (len == 0) {
        return "no ticket after all";
    }
    return hs->result->extended_master_secret
               ? "a session could be resumed"
               : "without extended_master_secret: the session is not kept (RFC 7627, 5.3)";
}

static hf_status take_ticket(struct hs *hs)
{
    struct new_session_ticket12 message = {0};
    TRY(new_session_ticket12_parse(hs->msg.body, hs->error, &message));
    hs_hash_received(hs);
    TRACE(hs->tr, HF_EV_NOTE, note, .about = "NewSessionTicket",
          .text = told_of_ticket(hs, message.ticket.len), .value = message.ticket_lifetime_hint);
    if (!hs->config->resumption || message.ticket.len == 0 ||
        message.ticket.len > SESSION_TICKET_MAX) {
        return HF_OK;
    }
    const uint8_t *copy = arena_copy(&hs->arena, message.ticket);
    if (copy == NULL) {
        return hs_no_memory(hs);
    }
    hs->t12.ticket = span_of(copy, message.ticket.len);
    hs->t12.ticket_lifetime_s = message.ticket_lifetime_hint;
    return HF_OK;
}

hf_status client12_read_ticket(struct hs *hs)
{
    TRY(take_ticket(hs));
    hs_go(hs, HS_C12_READ_CCS);
    return HF_OK;
}

static void describe_session(const struct hs *hs, struct session_state *out)
{
    const struct hs_result *r = hs->result;
    const uint32_t told_s = hs->t12.ticket_lifetime_s;
    *out = (struct session_state){
        .version = r->version,
        .cipher_suite = r->suite.id,
        .flags = (uint8_t)((r->peer_proven ? SESSION_PEER_PROVEN : 0) | SESSION_EMS),
        .issued_ms = hs->now_ms,
        .lifetime_s = told_s == 0 ? LIFETIME_UNTOLD_S : told_s,
        .secret = r->master->secret,
        .server_name = span_str(hs->c.server_name),
        .alpn = r->alpn,
        .proof = r->resumption->proof,
    };
    session_state_limit(out);
}

hf_status client12_keep_session(struct hs *hs)
{
    /* RFC 5077, 3.4: with a ticket, the identifier says nothing. */
    const bool is_id = hs->t12.ticket.len == 0;
    const hf_span name = is_id ? span_of(hs->session_id, hs->session_id_len) : hs->t12.ticket;
    hf_session *session = NULL;
    if (!hs->config->resumption || !hs->result->extended_master_secret || name.len == 0) {
        return HF_OK;
    }
    if (hs->result->resumed && is_id) {
        session = hf_session_ref(hs->c.session12); /* it goes on as it is */
    } else {
        struct session_state state;
        describe_session(hs, &state);
        const hf_status s = state.lifetime_s > 0 ? auth_session_new(hs->config, hs->result, &state,
                                                                    name, is_id, &session)
                                                 : HF_OK;
        session_state_wipe(&state);
        if (s != HF_OK) {
            return hs_no_memory(hs);
        }
    }
    if (session != NULL) {
        hs_keep_session(hs->result->resumption, session);
    }
    return HF_OK;
}

/* --- Resumed ---------------------------------------------------------------------------------- */

hf_status client12_resume(struct hs *hs)
{
    hs_forget_verbatim(hs); /* nothing is signed */
    TRY(auth12_resume_keys(hs, &session_state_of(hs->c.session12)->secret));
    hs_go(hs, hs->t12.ticket_follows ? HS_C12_READ_RENEWED_TICKET : HS_C12_READ_CCS_FIRST);
    return HF_OK;
}

hf_status client12_read_renewed_ticket(struct hs *hs)
{
    TRY(take_ticket(hs));
    hs_go(hs, HS_C12_READ_CCS_FIRST);
    return HF_OK;
}

hf_status client12_read_ccs_first(struct hs *hs)
{
    TRY(hs_install_keys(hs, HF_RECEIVED, hs->t12.keys.server_key, hs->t12.keys.server_iv));
    hs_go(hs, HS_C12_READ_FINISHED_FIRST);
    return HF_OK;
}

hf_status client12_read_finished_first(struct hs *hs)
{
    TRY(auth12_read_finished(hs, "server finished"));
    hs_go(hs, HS_C12_SEND_FINISHED_LAST);
    return HF_OK;
}

hf_status client12_send_finished_last(struct hs *hs)
{
    TRY(hs->sink->send_change_cipher_spec(hs->owner));
    TRY(hs_install_keys(hs, HF_SENT, hs->t12.keys.client_key, hs->t12.keys.client_iv));
    TRY(auth12_send_finished(hs, "client finished"));
    TRY(client12_keep_session(hs));
    hs->result->write_ready = true;
    hs_go(hs, HS_CONNECTED);
    return HF_OK;
}

/* Sessions that a client receives (RFC 9846, 4.7.1) and hands to its caller; those that a server
 * of TLS 1.2 stores. */
#include "base/span.h"
#include "base/status.h"
#include "conn/conn.h"
#include "hs/auth.h"
#include <handfast/store.h>

static hf_status describe(hf_conn *conn, const struct new_session_ticket *ticket,
                          struct session_state *out);

hf_status conn_keep_session(hf_conn *conn, const struct new_session_ticket *ticket)
{
    struct hs_resumption *r = conn->result.resumption;
    /* RFC 9846, 4.7.1: a lifetime of zero means that it is not to be kept. */
    if (r == NULL || r->secret.len == 0 || ticket->ticket.len > SESSION_TICKET_MAX) {
        return HF_OK;
    }
    struct session_state state;
    hf_status s = describe(conn, ticket, &state);
    const bool is_kept = s == HF_OK && state.lifetime_s > 0 && session_state_is_sound(&state);
    hf_session *session = NULL;
    const hf_status made = is_kept ? auth_session_new(conn->config, &conn->result, &state,
                                                      ticket->ticket, false, &session)
                                   : HF_OK;
    session_state_wipe(&state);
    TRY(s);
    if (made != HF_OK) {
        return err_raise(&conn->error, HF_E_NO_MEMORY, NULL);
    }
    if (session != NULL) {
        hs_keep_session(r, session);
    }
    return HF_OK;
}

static hf_status describe(hf_conn *conn, const struct new_session_ticket *ticket,
                          struct session_state *out)
{
    const struct hs_result *r = &conn->result;
    const char *name = conn->verify_name != NULL ? conn->verify_name : conn->server_name;
    *out = (struct session_state){
        .version = r->version,
        .cipher_suite = r->suite.id,
        .flags = r->peer_proven ? SESSION_PEER_PROVEN : 0,
        .issued_ms = conn->now_ms,
        .lifetime_s = ticket->ticket_lifetime,
        .age_add = ticket->ticket_age_add,
        .server_name = span_str(name),
        .alpn = r->alpn,
        .proof = r->resumption->proof,
    };
    session_state_limit(out);
    if (ext_has(&ticket->ext, EXT_early_data)) {
        struct rd body = rd_of(ticket->ext.body[EXT_early_data]);
        out->max_early_data = rd_u32(&body);
        if (!rd_done(&body)) {
            return err_raise(&conn->error, HF_E_DECODE_EXTENSION, "early_data in NewSessionTicket");
        }
    }
    ticket_key(r->suite.hash, &r->resumption->secret, ticket->ticket_nonce, &conn->tr,
               &out->secret);
    return HF_OK;
}

hf_session *hf_conn_take_session(hf_conn *conn)
{
    return hs_take_session(conn->result.resumption);
}

/* Noted only once the client's Finished was right. Who saw an identifier on the wire, and does not
 * know its secret, must not be able to have the session dropped. */
void conn_drop_session(hf_conn *conn)
{
    const struct hs_resumption *r = conn->result.resumption;
    const hf_alert alert = conn->error.alert;
    const bool is_fatal = conn->error.code == HF_E_ALERT_RECEIVED ||
                          (alert != HF_ALERT_none && alert != HF_ALERT_close_notify);
    if (is_fatal && r != NULL && r->stored_id != NULL) {
        (void)hf_session_store_drop(conn->config->session_store,
                                    span_of(r->stored_id, MSG_SESSION_ID_MAX));
    }
}

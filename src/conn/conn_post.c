/* Messages after the handshake (RFC 9846, 4.7): new keys, tickets, late authentication. */
#include "base/span.h"
#include "base/status.h"
#include "conn/conn.h"
#include "wire/iana.h"

static const struct secret *traffic_secret(const hf_conn *conn, hf_direction direction)
{
    bool is_client = conn->config->role == HF_CLIENT;
    return is_client == (direction == HF_SENT) ? &conn->result.client_app
                                               : &conn->result.server_app;
}

/* The next generation of keys for a direction. */
static hf_status next_keys(hf_conn *conn, hf_direction direction)
{
    struct secret *secret = (struct secret *)(uintptr_t)traffic_secret(conn, direction);
    traffic_update(conn->result.suite.hash, secret, &conn->tr);
    *(direction == HF_SENT ? &conn->keys_sent : &conn->keys_received) += 1;
    return conn_sink.install(conn, direction, HF_LEVEL_APPLICATION, &conn->result.suite, secret);
}

/* --- KeyUpdate -------------------------------------------------------------------------------- */

hf_status post_update_keys(hf_conn *conn, bool ask_peer)
{
    /* RFC 9846, 4.7.3: no second request before the first is answered. */
    ask_peer = ask_peer && !conn->update_asked;
    conn->update_asked = conn->update_asked || ask_peer;
    const uint8_t message[] = {MSG_KEY_UPDATE, 0, 0, 1, ask_peer};
    uint8_t *room = conn_sink.reserve(conn, HF_LEVEL_APPLICATION, sizeof message);
    if (room == NULL) {
        return err_raise(&conn->error, HF_E_NO_MEMORY, NULL);
    }
    memcpy(room, message, sizeof message);
    TRACE(&conn->tr, HF_EV_MESSAGE, message, .direction = HF_SENT, .level = HF_LEVEL_APPLICATION,
          .type = MSG_KEY_UPDATE, .name = iana_handshake_title(MSG_KEY_UPDATE),
          .bytes = span_of(message, sizeof message), .offset = conn->result.sent_total);
    conn->result.sent_total += sizeof message;
    TRY(conn_sink.commit(conn, sizeof message));
    return next_keys(conn, HF_SENT);
}

hf_status hf_conn_update_keys(hf_conn *conn, bool ask_peer)
{
    if (conn->failed) {
        return HF_FAILED;
    }
    if (conn->write_closed) {
        return HF_CLOSED;
    }
    if (!conn->connected) {
        return HF_NEED_INPUT;
    }
    if (!conn_rules(conn)->updates_keys) {
        return HF_FAILED; /* Not final: nothing has happened to the connection. */
    }
    if (hf_conn_op(conn) != NULL) {
        return HF_NEED_OP; /* RFC 9846, 4.7.2: nothing may stand inside an answer under way */
    }
    return post_update_keys(conn, ask_peer) == HF_OK ? HF_OK : conn_fail(conn);
}

static hf_status take_key_update(hf_conn *conn, const struct message *m)
{
    uint8_t is_requested;
    TRY(key_update_parse(m->body, &conn->error, &is_requested));
    if (conn->update_asked) {
        conn->update_asked = false;
        conn->messages_since_data--; /* asked for, so no part of a flood */
    }
    inbox_drop(&conn->in, m);
    if (!inbox_is_empty(&conn->in)) {
        return err_raise(&conn->error, HF_E_KEY_CHANGE_MID_MESSAGE, "bytes stand behind KeyUpdate");
    }
    TRY(next_keys(conn, HF_RECEIVED));
    /* One answer that still waits serves any number of requests (RFC 9846, 4.7.3). */
    if (is_requested && !conn->update_waits && !conn->write_closed) {
        conn->update_waits = true;
        return post_update_keys(conn, false);
    }
    return HF_OK;
}

/* --- NewSessionTicket ------------------------------------------------------------------------- */

static hf_status take_ticket(hf_conn *conn, const struct message *m)
{
    struct new_session_ticket ticket;
    TRY(new_session_ticket_parse(m->body, &conn->error, &ticket));
    TRACE(&conn->tr, HF_EV_NOTE, note, .about = "NewSessionTicket",
          .text = "a session could be resumed", .value = ticket.ticket_lifetime);
    hf_status s = conn_keep_session(conn, &ticket);
    inbox_drop(&conn->in, m);
    return s;
}

/* --- Authentication after the handshake ------------------------------------------------------- */

static hf_status start_post_client(hf_conn *conn)
{
    if (conn->result.post_transcript == NULL) {
        return err_raise(&conn->error, HF_E_POST_AUTH_NOT_OFFERED, NULL);
    }
    struct hs_args args = conn_hs_args(conn);
    conn->hs = hs_new_post_client(&args);
    return conn->hs == NULL ? err_raise(&conn->error, HF_E_NO_MEMORY, NULL) : HF_OK;
}

hf_status hf_conn_request_certificate(hf_conn *conn)
{
    if (conn->failed) {
        return HF_FAILED;
    }
    if (!conn->connected || conn->hs != NULL || conn->write_closed) {
        return HF_NEED_INPUT;
    }
    if (conn->config->role != HF_SERVER || conn->result.post_transcript == NULL) {
        /* Not final: nothing has happened to the connection. */
        return HF_FAILED;
    }
    struct hs_args args = conn_hs_args(conn);
    conn->hs = hs_new_post_server(&args);
    if (conn->hs == NULL) {
        (void)err_raise(&conn->error, HF_E_NO_MEMORY, NULL);
        return conn_fail(conn);
    }
    hf_status s = conn_run(conn);
    return s == HF_NEED_INPUT ? HF_OK : s;
}

/* --- Dispatch --------------------------------------------------------------------------------- */

bool post_key_update_is_next(const hf_conn *conn)
{
    struct message m;
    hf_error ignored = {0};
    return conn->hs->post && conn->hs->state == HS_S13_READ_CERTIFICATE &&
           inbox_next(&conn->in, conn->config->limits.handshake_message, &ignored, &m) == HF_OK &&
           m.type == MSG_KEY_UPDATE;
}

hf_status post_next(hf_conn *conn)
{
    struct message m;
    TRY(inbox_next(&conn->in, conn->config->limits.handshake_message, &conn->error, &m));
    const bool is_client = conn->config->role == HF_CLIENT;
    if (++conn->messages_since_data > conn->config->limits.post_handshake) {
        return err_raise(&conn->error, HF_E_KEY_UPDATE_FLOOD, "%u messages without data between",
                         (unsigned)conn->messages_since_data);
    }
    if (m.type == MSG_CERTIFICATE_REQUEST && is_client) {
        return start_post_client(conn); /* the new handshake reads the message itself */
    }
    TRACE(&conn->tr, HF_EV_MESSAGE, message, .direction = HF_RECEIVED,
          .level = HF_LEVEL_APPLICATION, .type = m.type, .name = iana_handshake_title(m.type),
          .bytes = m.raw, .offset = conn->in.total);
    if (m.type == MSG_KEY_UPDATE) {
        return take_key_update(conn, &m);
    }
    if (m.type == MSG_NEW_SESSION_TICKET && is_client) {
        return take_ticket(conn, &m);
    }
    return message_refuse(&m, "CONNECTED", &conn->error);
}

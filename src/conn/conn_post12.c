/* Messages after a handshake of TLS 1.2: none is wanted. Whoever asks for renegotiation is told no
 * (RFC 5246, 7.4.1.1 and 7.2.2). */
#include "base/span.h"
#include "base/status.h"
#include "conn/conn.h"
#include "wire/iana.h"
#include "wire/message12.h"

/* The server asks for a new handshake: the client says no and goes on. */
static hf_status take_hello_request(hf_conn *conn, const struct message *m)
{
    TRY(message_empty_parse(m->body, "HelloRequest", &conn->error));
    inbox_drop(&conn->in, m);
    TRACE(&conn->tr, HF_EV_NOTE, note, .about = "HelloRequest",
          .text = "the server asks for renegotiation and is told no");
    return conn->write_closed ? HF_OK : conn_warn(conn, HF_ALERT_no_renegotiation);
}

hf_status post12_next(hf_conn *conn)
{
    struct message m;
    TRY(inbox_next(&conn->in, conn->config->limits.handshake_message, &conn->error, &m));
    if (++conn->messages_since_data > conn->config->limits.post_handshake) {
        return err_raise(&conn->error, HF_E_KEY_UPDATE_FLOOD, "%u messages without data between",
                         (unsigned)conn->messages_since_data);
    }
    TRACE(&conn->tr, HF_EV_MESSAGE, message, .direction = HF_RECEIVED,
          .level = HF_LEVEL_APPLICATION, .type = m.type, .name = iana_handshake_title(m.type),
          .bytes = m.raw, .offset = conn->in.total);
    const bool from_server = conn->config->role == HF_CLIENT;
    if (m.type == MSG_HELLO_REQUEST && from_server) {
        return take_hello_request(conn, &m);
    }
    if (m.type == MSG_CLIENT_HELLO && !from_server) {
        return err_raise(&conn->error, HF_E_RENEGOTIATION_REFUSED, NULL);
    }
    return message_refuse(&m, "CONNECTED", &conn->error);
}

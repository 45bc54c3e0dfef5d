/* What an end does of its own accord. */
#include "base/span.h"
#include "conn/conn.h"
#include "support/end.h"

/* What is sent counts up, so that whoever gets it can tell what is missing. */
static void send_some(struct end *e, size_t room_len)
{
    enum { DATA_LEN = 700, ROUNDS_MAX = 60 };
    static uint8_t data[DATA_LEN];
    static uint8_t room[4000];
    size_t sent = 0;
    for (size_t i = 0; i < DATA_LEN; i++) {
        data[i] = (uint8_t)(e->sent + i);
    }
    hf_status status = HF_NEED_SPACE;
    for (int i = 0; status == HF_NEED_SPACE && i < ROUNDS_MAX; i++) {
        hf_buf out = {room, room_len, 0};
        size_t taken = 0;
        status = hf_conn_send(e->conn, span_of(data + sent, DATA_LEN - sent), &out, &taken);
        sent += taken;
        END_CHECK(sent <= DATA_LEN && (status != HF_OK || sent == DATA_LEN));
        END_CHECK(status != HF_NEED_INPUT || taken == 0);
        END_CHECK(out.pos <= room_len);
        end_say(e, room, out.pos);
    }
    e->sent += sent;
}

static void send_early(struct end *e)
{
    static uint8_t data[100];
    static uint8_t room[400];
    hf_buf out = {room, sizeof room, 0};
    size_t taken = 0;
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(255 - e->early_sent - i);
    }
    (void)hf_conn_send_early(e->conn, span_of(data, sizeof data), &out, &taken);
    end_say(e, room, out.pos);
    e->early_sent += taken;
    END_CHECK(e->early_sent <= END_EARLY_MAX);
}

static void take_session(struct end *e)
{
    static uint8_t bytes[HF_SESSION_EXPORT_MAX];
    hf_session *session = hf_conn_take_session(e->conn);
    if (session != NULL) {
        hf_buf out = {bytes, sizeof bytes, 0};
        END_CHECK(hf_session_export(session, &out) == HF_OK);
        hf_session_free(session);
        session = hf_session_import(span_of(bytes, out.pos));
        END_CHECK(session != NULL);
        hf_session_free(session);
    }
}

static void seal_one(struct end *e)
{
    static uint8_t room[HF_RECORD_HEAD + 100 + HF_RECORD_TAIL];
    size_t len = hf_conn_max_send(e->conn);
    len = len < 100 ? len : 100;
    size_t sealed = 0;
    for (size_t i = 0; i < len; i++) {
        room[HF_RECORD_HEAD + i] = (uint8_t)(e->sent + i);
    }
    if (hf_conn_seal(e->conn, room, len, &sealed) == HF_OK) {
        END_CHECK(sealed <= sizeof room);
        end_say(e, room, sealed);
        e->sent += len;
    }
}

/* Part of what waits goes out before more comes behind it. */
static void flush_in_bits(struct end *e)
{
    uint8_t room[7];
    for (int i = 0; i < 3; i++) {
        hf_buf out = {room, sizeof room, 0};
        (void)hf_conn_update_keys(e->conn, i == 0);
        (void)hf_conn_flush(e->conn, &out);
        end_say(e, room, out.pos);
    }
}

void end_act(struct end *e, uint8_t action)
{
    uint8_t keys[40];
    switch (action) {
    case END_DO_CLOSE:
        (void)hf_conn_close(e->conn);
        break;
    case END_DO_UPDATE:
    case END_DO_UPDATE_ASK:
        (void)hf_conn_update_keys(e->conn, action == END_DO_UPDATE_ASK);
        break;
    case END_DO_REQUEST_CERTIFICATE:
        (void)hf_conn_request_certificate(e->conn);
        break;
    case END_DO_SEND:
        send_some(e, 4000);
        break;
    case END_DO_SEND_IN_BITS:
        send_some(e, 90);
        break;
    case END_DO_FLUSH_IN_BITS:
        flush_in_bits(e);
        break;
    case END_DO_SEAL:
        seal_one(e);
        break;
    case END_DO_EXPORT:
        (void)hf_conn_export(e->conn, false, "label", span_of("c", 1), keys, sizeof keys);
        break;
    case END_DO_LATER:
        hf_conn_set_time(e->conn, e->conn->now_ms + 60000);
        break;
    case END_DO_ABORT:
        (void)hf_conn_abort(e->conn, HF_ALERT_user_canceled);
        break;
    case END_DO_EOF:
        (void)hf_conn_recv_eof(e->conn);
        break;
    case END_DO_SEND_EARLY:
        send_early(e);
        break;
    case END_DO_TAKE_SESSION:
        take_session(e);
        break;
    case END_DO_FORGET:
        hf_conn_forget_peer_chain(e->conn);
        e->is_chain_forgotten = true;
        break;
    default:
        break;
    }
    (void)hf_conn_drive(e->conn);
    end_settle(e);
}

/* Records in: one at a time, decrypted in the caller's memory, with all effects or none. */
#include "base/span.h"
#include "base/status.h"
#include "conn/conn.h"
#include "wire/iana.h"

enum {
    IDLE_RECORDS_MAX = 32,                 /* records without any content in a row */
    EARLY_SKIP_BESIDE = 16 * REC_MAX_PLAIN /* refused early data that is read over, beside what our
                                              own sessions allow */
};

/* --- The three kinds that are not application data -------------------------------------------- */

static hf_status count_idle(hf_conn *conn)
{
    if (++conn->records_since_data > IDLE_RECORDS_MAX) {
        return err_raise(&conn->error, HF_E_RECORD_EMPTY_FLOOD, NULL);
    }
    return HF_OK;
}

/* RFC 9846, 5: dropped between the first hello and the peer's Finished, an error elsewhere. */
static hf_status drop_change_cipher_spec(hf_conn *conn, hf_span fragment)
{
    /* RFC 9846, 4.3.2: to a server without memory it may be the first that comes. */
    bool is_time = (conn->hello_seen || conn->config->stateless_retry) && conn->hs != NULL &&
                   !conn->hs->post && conn->read_level != HF_LEVEL_APPLICATION;
    if (!is_time || fragment.len != 1 || fragment.data[0] != 1) {
        return err_raise(&conn->error, HF_E_CCS_UNEXPECTED,
                         is_time ? "not one byte of value 1" : NULL);
    }
    conn->hs->ccs_dropped = true;
    return count_idle(conn);
}

/* RFC 5246, 7.1: it stands at one place of the handshake, and changes the keys there. */
static hf_status take_change_cipher_spec(hf_conn *conn, hf_span fragment)
{
    if (!conn_rules(conn)->ccs_changes_keys) {
        return drop_change_cipher_spec(conn, fragment);
    }
    if (fragment.len != 1 || fragment.data[0] != 1) {
        return err_raise(&conn->error, HF_E_CCS_UNEXPECTED, "not one byte of value 1");
    }
    if (conn->hs == NULL) {
        return err_raise(&conn->error, HF_E_CCS_LATE, NULL);
    }
    TRY(hs_change_cipher_spec(conn->hs));
    hf_status s = conn_run(conn);
    return s == HF_NEED_INPUT ? HF_OK : s;
}

static hf_status take_alert(hf_conn *conn, hf_span content, hf_received *out)
{
    if (content.len != 2) {
        return err_raise(&conn->error, content.len == 0 ? HF_E_RECORD_EMPTY : HF_E_ALERT_MALFORMED,
                         "%zu bytes", content.len);
    }
    uint8_t description = content.data[1];
    TRACE(&conn->tr, HF_EV_ALERT, alert, .direction = HF_RECEIVED, .level = content.data[0],
          .description = description, .name = hf_alert_name(description));
    if (description == HF_ALERT_user_canceled) {
        conn->user_canceled = true;
        return count_idle(conn);
    }
    if (description != HF_ALERT_close_notify && content.data[0] == 1 &&
        conn->result.warnings_pass) {
        return count_idle(conn); /* RFC 5246, 7.2.2: who may go on, goes on */
    }
    if (description != HF_ALERT_close_notify) {
        return err_raise_alert(&conn->error, description);
    }
    if (!conn->connected) {
        return err_raise(&conn->error,
                         conn->user_canceled ? HF_E_USER_CANCELED : HF_E_PEER_CLOSED_HANDSHAKE,
                         "by close_notify");
    }
    conn->read_closed = true;
    out->kind = HF_GOT_CLOSE;
    return HF_OK;
}

static hf_status take_handshake(hf_conn *conn, hf_span content)
{
    if (content.len == 0) {
        return err_raise(&conn->error, HF_E_RECORD_EMPTY, "handshake");
    }
    conn->hello_seen = true;
    TRY(inbox_add(&conn->in, content, conn->config->limits.handshake_message, &conn->error));
    hf_status s = conn_run(conn);
    return s == HF_NEED_INPUT ? HF_OK : s;
}

/* RFC 9846, 4.3.10: what counts is the content, against what the session allows. */
static hf_status take_early_data(hf_conn *conn, struct rec_plain *plain, hf_received *out)
{
    struct hs_resumption *r = conn->result.resumption;
    if (plain->len > (size_t)r->max_early_data - r->early_bytes) {
        return err_raise(&conn->error, HF_E_EARLY_DATA_TOO_MUCH, "%zu bytes, %u are allowed",
                         r->early_bytes + plain->len, (unsigned)r->max_early_data);
    }
    r->early_bytes += (uint32_t)plain->len;
    if (plain->len == 0) {
        return count_idle(conn);
    }
    conn->records_since_data = 0;
    out->kind = HF_GOT_EARLY_DATA;
    out->data = plain->data;
    out->len = plain->len;
    return HF_OK;
}

static hf_status take_data(hf_conn *conn, struct rec_plain *plain, hf_received *out)
{
    if (conn->read_level == HF_LEVEL_EARLY) {
        return take_early_data(conn, plain, out);
    }
    if (conn->read_level != HF_LEVEL_APPLICATION || !conn->connected) {
        return err_raise(&conn->error, HF_E_RECORD_EARLY_APPLICATION_DATA, "in state %s",
                         hf_conn_state(conn));
    }
    if (conn->hs != NULL && conn->hs->post && conn->hs->state != HS_S13_READ_CERTIFICATE) {
        /* RFC 9846, 4.7.2: the messages of an answer follow each other. */
        return err_raise(&conn->error, HF_E_MESSAGE_INTERLEAVED,
                         "application data inside an authentication");
    }
    if (plain->len == 0) {
        return count_idle(conn);
    }
    conn->records_since_data = 0;
    conn->messages_since_data = 0;
    out->kind = HF_GOT_DATA;
    out->data = plain->data;
    out->len = plain->len;
    return HF_OK;
}

/* --- Dispatch --------------------------------------------------------------------------------- */

static hf_status dispatch(hf_conn *conn, struct rec_plain *plain, hf_received *out)
{
    if (plain->type != REC_HANDSHAKE && !inbox_is_empty(&conn->in)) {
        return err_raise(&conn->error, HF_E_MESSAGE_INTERLEAVED, "%s",
                         iana_content_name(plain->type));
    }
    switch (plain->type) {
    case REC_HANDSHAKE:
        return take_handshake(conn, span_of(plain->data, plain->len));
    case REC_ALERT:
        return take_alert(conn, span_of(plain->data, plain->len), out);
    case REC_APPLICATION_DATA:
        return take_data(conn, plain, out);
    default:
        return err_raise(&conn->error, HF_E_RECORD_TYPE_UNKNOWN,
                         "type %u inside a protected record", (unsigned)plain->type);
    }
}

/* Early data that this server refused is read over, up to a bound (RFC 9846, 4.3.10). What may be
 * content counts, as with the client; and an empty record as one byte, so that there is an end. */
static hf_status skip_early(hf_conn *conn, size_t len)
{
    enum { AROUND = 1 + HF_AEAD_TAG_LEN };
    const uint64_t wished = (uint64_t)conn->config->max_early_data + EARLY_SKIP_BESIDE;
    const uint32_t most = wished < UINT32_MAX ? (uint32_t)wished : UINT32_MAX;
    const uint32_t content = len > AROUND ? (uint32_t)len - AROUND : 1;
    if (content > most - conn->early_skipped) {
        return err_raise(&conn->error, HF_E_EARLY_DATA_TOO_MUCH,
                         "%u bytes were read over, and there are more",
                         (unsigned)conn->early_skipped);
    }
    conn->early_skipped += content;
    return HF_OK;
}

static hf_status take_plain(hf_conn *conn, uint8_t *record, const struct rec_header *header,
                            hf_received *out)
{
    if (header->type == REC_APPLICATION_DATA) {
        if (conn->result.skip_early_data) {
            return skip_early(conn, header->len);
        }
        return err_raise(&conn->error, HF_E_RECORD_EARLY_APPLICATION_DATA, "in state %s",
                         hf_conn_state(conn));
    }
    struct rec_plain plain = {header->type, record + REC_HEADER_LEN, header->len, 0};
    return dispatch(conn, &plain, out);
}

/* A peer that could not follow to the new keys says so in the clear, as its first record after
 * ours changed. */
static bool is_plain_alert(const hf_conn *conn, const struct rec_header *header)
{
    const bool is_first = conn->read.seq == 0 && (conn->read_level == HF_LEVEL_HANDSHAKE ||
                                                  conn->read_level == HF_LEVEL_EARLY);
    return header->type == REC_ALERT && is_first;
}

static hf_status take_protected(hf_conn *conn, uint8_t *record, const struct rec_header *header,
                                hf_received *out)
{
    if (is_plain_alert(conn, header)) {
        return take_alert(conn, span_of(record + REC_HEADER_LEN, header->len), out);
    }
    if (header->type != REC_APPLICATION_DATA && !rec_shows_type(&conn->read)) {
        return err_raise(&conn->error, HF_E_RECORD_PLAIN_AFTER_KEYS, "%s",
                         iana_content_name(header->type));
    }
    struct rec_plain plain;
    const uint64_t seq = conn->read.seq;
    if (conn->result.skip_early_data) {
        bool opened = false;
        if (header->len < HF_AEAD_TAG_LEN) {
            return skip_early(conn, header->len); /* nothing that could open */
        }
        TRY(rec_try_open(&conn->read, record, header, conn_limit_in(conn), &conn->error, &plain,
                         &opened));
        if (!opened) {
            return skip_early(conn, header->len);
        }
        conn->result.skip_early_data = false;
    } else {
        TRY(rec_open(&conn->read, record, header, conn_limit_in(conn), &conn->error, &plain));
    }
    TRACE(&conn->tr, HF_EV_RECORD, record, .direction = HF_RECEIVED,
          .level = (hf_level)conn->read_level, .type = plain.type,
          .header = span_of(record, REC_HEADER_LEN), .len = header->len, .plain_len = plain.len,
          .padding = plain.padding, .sequence = seq);
    return dispatch(conn, &plain, out);
}

static hf_status take_record(hf_conn *conn, uint8_t *record, const struct rec_header *header,
                             hf_received *out)
{
    conn->started = true;
    TRACE(&conn->tr, HF_EV_WIRE, wire, .direction = HF_RECEIVED,
          .bytes = span_of(record, REC_HEADER_LEN + header->len));
    if (header->type == REC_CHANGE_CIPHER_SPEC || conn->read.aead == NULL) {
        TRACE(&conn->tr, HF_EV_RECORD, record, .direction = HF_RECEIVED, .level = HF_LEVEL_PLAIN,
              .type = header->type, .header = span_of(record, REC_HEADER_LEN), .len = header->len,
              .plain_len = header->len);
    }
    if (header->type == REC_CHANGE_CIPHER_SPEC) {
        if (!inbox_is_empty(&conn->in)) {
            return err_raise(&conn->error, HF_E_MESSAGE_INTERLEAVED, "change_cipher_spec");
        }
        return take_change_cipher_spec(conn, span_of(record + REC_HEADER_LEN, header->len));
    }
    if (conn->read.aead != NULL) {
        return take_protected(conn, record, header, out);
    }
    return take_plain(conn, record, header, out);
}

/* --- The door --------------------------------------------------------------------------------- */

hf_status hf_conn_recv(hf_conn *conn, uint8_t *buf, size_t len, hf_received *out)
{
    *out = (hf_received){.kind = HF_GOT_NOTHING};
    if (conn->failed) {
        return HF_FAILED;
    }
    if (conn->read_closed) {
        return HF_CLOSED;
    }
    if (hf_conn_op(conn) != NULL) {
        hf_status s = conn_run(conn);
        if (s == HF_NEED_OP || s == HF_FAILED) {
            return s;
        }
    }
    struct rec_header header;
    hf_status s = rec_read_header(span_of(buf, len), conn->read.aead != NULL, !conn->started,
                                  conn_limit_in(conn), &conn->error, &header);
    if (s == HF_NEED_INPUT) {
        out->want = REC_HEADER_LEN;
        return s;
    }
    if (s == HF_OK && len < REC_HEADER_LEN + header.len) {
        out->want = REC_HEADER_LEN + header.len;
        return HF_NEED_INPUT;
    }
    if (s == HF_OK) {
        out->consumed = REC_HEADER_LEN + header.len;
        s = take_record(conn, buf, &header, out);
    }
    return s == HF_FAILED ? conn_fail(conn) : s;
}

hf_status hf_conn_recv_eof(hf_conn *conn)
{
    if (conn->failed) {
        return HF_FAILED;
    }
    if (conn->read_closed) {
        return HF_CLOSED;
    }
    if (!conn->connected) {
        (void)err_raise(&conn->error,
                        conn->user_canceled ? HF_E_USER_CANCELED : HF_E_PEER_CLOSED_HANDSHAKE,
                        "in state %s", hf_conn_state(conn));
    } else {
        (void)err_raise(&conn->error, HF_E_TRUNCATED, NULL);
    }
    return conn_fail(conn);
}

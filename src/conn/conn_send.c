/* Records out: application data straight into the caller's room, what waits first. */
#include "base/span.h"
#include "base/status.h"
#include "conn/conn.h"

/* --- What waits ------------------------------------------------------------------------------- */

size_t hf_conn_pending(const hf_conn *conn)
{
    return outq_waiting(&conn->out);
}

hf_status hf_conn_flush(hf_conn *conn, hf_buf *out)
{
    outq_move(&conn->out, out);
    if (outq_waiting(&conn->out) > 0) {
        return HF_NEED_SPACE;
    }
    conn->update_waits = false;
    return HF_OK;
}

/* --- Application data ------------------------------------------------------------------------- */

/* Zeros that bring a record's inner plaintext to the multiple that is asked for, within the
 * limits. */
static size_t padding_for(const hf_conn *conn, size_t len)
{
    const size_t multiple = conn->config->padding;
    if (multiple <= 1 || !conn_rules(conn)->pads) {
        return 0;
    }
    const size_t inner = len + 1;
    size_t padded = (inner + multiple - 1) / multiple * multiple;
    const size_t most = conn_limit_out(conn) + 1;
    padded = padded > most ? most : padded;
    return padded > inner ? padded - inner : 0;
}

static hf_status check_may_send(const hf_conn *conn)
{
    if (conn->failed) {
        return HF_FAILED;
    }
    if (conn->write_closed) {
        return HF_CLOSED;
    }
    return conn->result.write_ready ? HF_OK : HF_NEED_INPUT;
}

/* RFC 9846, 5.5: a key is changed before it has protected too much. */
static hf_status keep_key_fresh(hf_conn *conn)
{
    uint64_t limit = conn->config->key_update_after;
    if (limit == 0 || limit > conn->write.aead->confidentiality_limit) {
        limit = conn->write.aead->confidentiality_limit;
    }
    /* A server may send before the client's Finished, but not update its keys then; nor may a
     * KeyUpdate stand inside a late answer (RFC 9846, 4.7.2). Both are far from any limit. */
    const bool may_update =
        conn->connected && hf_conn_op(conn) == NULL && conn_rules(conn)->updates_keys;
    if (conn->write.seq >= conn->write.aead->confidentiality_limit && !may_update) {
        return err_raise(&conn->error, HF_E_AEAD_LIMIT, NULL);
    }
    if (conn->write.seq < limit || !may_update) {
        return HF_OK;
    }
    TRY(post_update_keys(conn, false));
    return conn_seal_open(conn);
}

/* Early data is padded like any other; its level is that of the keys. */
static hf_status seal_one(hf_conn *conn, const uint8_t *src, size_t len, uint8_t *dst)
{
    const uint64_t seq = conn->write.seq;
    const size_t padding = padding_for(conn, len);
    struct rec_seal_args args = {REC_APPLICATION_DATA, 0x0303, src, len, padding};
    if (rec_seal(&conn->write, &args, dst, &conn->error) != HF_OK) {
        return conn_fail(conn);
    }
    TRACE(&conn->tr, HF_EV_WIRE, wire, .direction = HF_SENT,
          .bytes = span_of(dst, rec_sealed_len(&conn->write, len, padding)));
    TRACE(&conn->tr, HF_EV_RECORD, record, .direction = HF_SENT,
          .level = (hf_level)conn->write_level, .type = REC_APPLICATION_DATA,
          .header = span_of(dst, REC_HEADER_LEN),
          .len = rec_sealed_len(&conn->write, len, padding) - REC_HEADER_LEN, .plain_len = len,
          .padding = padding, .sequence = seq);
    return HF_OK;
}

/* Bytes of content that fit a room of this size with all that surrounds them. */
static size_t fit(const hf_conn *conn, size_t len, size_t room)
{
    size_t n = len < hf_conn_max_send(conn) ? len : hf_conn_max_send(conn);
    if (rec_sealed_len(&conn->write, n, padding_for(conn, n)) <= room) {
        return n;
    }
    const size_t type_len = rec_shows_type(&conn->write) ? 0 : 1;
    const size_t overhead =
        rec_sealed_len(&conn->write, 0, 0) - type_len; /* the content type is padded too */
    if (room <= overhead) {
        return 0;
    }
    const size_t inner = room - overhead;
    const size_t multiple = conn_rules(conn)->pads ? conn->config->padding : 1;
    const size_t whole = inner - inner % multiple;
    return whole > type_len ? whole - type_len : 0;
}

hf_status hf_conn_send(hf_conn *conn, hf_span data, hf_buf *out, size_t *taken)
{
    *taken = 0;
    TRY(check_may_send(conn));
    while (*taken < data.len) {
        if (keep_key_fresh(conn) != HF_OK) {
            return conn_fail(conn);
        }
        if (hf_conn_flush(conn, out) != HF_OK) {
            return HF_NEED_SPACE;
        }
        size_t n = fit(conn, data.len - *taken, out->cap - out->pos);
        if (n == 0) {
            return HF_NEED_SPACE;
        }
        TRY(seal_one(conn, data.data + *taken, n, out->ptr + out->pos));
        out->pos += rec_sealed_len(&conn->write, n, padding_for(conn, n));
        *taken += n;
    }
    return HF_OK;
}

hf_status hf_conn_send_early(hf_conn *conn, hf_span data, hf_buf *out, size_t *taken)
{
    *taken = 0;
    if (conn->failed) {
        return HF_FAILED;
    }
    if (conn->write_closed) {
        return HF_CLOSED;
    }
    while (*taken < data.len) {
        struct hs_resumption *r = conn->result.resumption;
        const size_t allowed = r != NULL && conn->write_level == HF_LEVEL_EARLY
                                   ? (size_t)r->max_early_data - r->early_bytes
                                   : 0;
        if (allowed == 0) {
            return HF_NEED_INPUT;
        }
        if (hf_conn_flush(conn, out) != HF_OK) {
            return HF_NEED_SPACE;
        }
        const size_t left = data.len - *taken;
        size_t n = fit(conn, left < allowed ? left : allowed, out->cap - out->pos);
        if (n == 0) {
            return HF_NEED_SPACE;
        }
        TRY(seal_one(conn, data.data + *taken, n, out->ptr + out->pos));
        out->pos += rec_sealed_len(&conn->write, n, padding_for(conn, n));
        r->early_bytes += (uint32_t)n;
        *taken += n;
    }
    return HF_OK;
}

hf_status hf_conn_seal(hf_conn *conn, uint8_t *buf, size_t len, size_t *record_len)
{
    *record_len = 0;
    TRY(check_may_send(conn));
    if (keep_key_fresh(conn) != HF_OK) {
        return conn_fail(conn);
    }
    if (hf_conn_pending(conn) > 0) {
        return HF_NEED_SPACE;
    }
    if (len > hf_conn_max_send(conn)) {
        (void)err_raise(&conn->error, HF_E_API_MISUSE,
                        "hf_conn_seal of %zu bytes, at most %zu are allowed", len,
                        hf_conn_max_send(conn));
        return conn_fail(conn);
    }
    struct rec_seal_args args = {REC_APPLICATION_DATA, 0x0303, buf + REC_HEADER_LEN, len, 0};
    const uint64_t seq = conn->write.seq;
    if (rec_seal(&conn->write, &args, buf, &conn->error) != HF_OK) {
        return conn_fail(conn);
    }
    *record_len = rec_sealed_len(&conn->write, len, 0);
    TRACE(&conn->tr, HF_EV_WIRE, wire, .direction = HF_SENT, .bytes = span_of(buf, *record_len));
    TRACE(&conn->tr, HF_EV_RECORD, record, .direction = HF_SENT, .level = HF_LEVEL_APPLICATION,
          .type = REC_APPLICATION_DATA, .header = span_of(buf, REC_HEADER_LEN),
          .len = *record_len - REC_HEADER_LEN, .plain_len = len, .sequence = seq);
    return HF_OK;
}

size_t hf_conn_max_send(const hf_conn *conn)
{
    return conn_limit_out(conn);
}

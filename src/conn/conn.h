/* The connection, as the files of this room see it. */
#ifndef CONN_CONN_H
#define CONN_CONN_H

#include "conn/outq.h"
#include "hs/hs.h"

/* Invariants: hs is there exactly while a handshake (or an authentication after it) runs. Keys
 * of both directions live in aead_mem, which is taken when the first key comes. After failure
 * nothing but flush, describe and free do anything. */
struct hf_conn {
    const hf_config *config; /* a reference */
    struct hs *hs;
    struct tracer tr;
    struct inbox in;
    struct outq out;
    struct rec_keys read, write;
    uint8_t *aead_mem;
    size_t aead_size;
    struct hs_result result;
    int64_t now_ms;
    void *user;
    uint32_t records_since_data;  /* ignored or empty ones: against floods */
    uint32_t messages_since_data; /* after the handshake */
    uint32_t early_skipped;       /* bytes of refused early data */
    uint32_t keys_sent, keys_received;
    uint8_t read_level, write_level; /* hf_level */
    bool started;                    /* a record was read, or our first hello was sent */
    bool hello_seen;                 /* change_cipher_spec may come */
    bool connected;
    bool failed, read_closed, write_closed, user_canceled;
    bool update_waits; /* our KeyUpdate answer is in out */
    bool update_asked; /* the peer owes us a KeyUpdate */
    bool send_sni;
    char *server_name; /* into the block, behind the struct */
    char *verify_name;
    hf_span peer_address;
    size_t block_size;
    hf_error error;
};

/* rules.c: what differs with the version once it is known; the index is enum hs_family. */
struct conn_rules {
    /* One message after the handshake. HF_NEED_INPUT: none is there. */
    hf_status (*post_next)(hf_conn *conn);
    /* context as hf_conn_export has it. */
    hf_status (*export)(const hf_conn *conn, const char *label, hf_span context, hf_buf *out);
    bool ccs_changes_keys; /* else a change_cipher_spec is dropped (RFC 9846, 5) */
    bool updates_keys;
    bool pads;
    uint8_t type_in_limit; /* record_size_limit counts the content type (RFC 8449, 4) */
};
const struct conn_rules *conn_rules(const hf_conn *conn);

/* sink.c: the handshake's door to the records. */
extern const struct hs_sink conn_sink;
struct hs_args conn_hs_args(hf_conn *conn);
struct outq_seal conn_seal_how(hf_conn *conn);
/* Seals the messages that wait. */
hf_status conn_seal_open(hf_conn *conn);

/* conn.c: ends the connection by the error that is set: the alert is queued, the handshake is
 * gone. Returns HF_FAILED. */
hf_status conn_fail(hf_conn *conn);
/* Runs everything that can run. */
hf_status conn_run(hf_conn *conn);

/* post.c: one message after the handshake. HF_NEED_INPUT: none is there. */
hf_status post_next(hf_conn *conn);
/* A KeyUpdate of ours into the queue, and the new key behind it. */
hf_status post_update_keys(hf_conn *conn, bool ask_peer);
/* Whether a KeyUpdate stands next in the inbox while the server waits for a certificate after
 * the handshake. */
bool post_key_update_is_next(const hf_conn *conn);

/* post12.c: the same for TLS 1.2. */
hf_status post12_next(hf_conn *conn);

/* Queues an alert record; warn: one that ends nothing. */
hf_status conn_warn(hf_conn *conn, hf_alert alert);
/* conn_session.c: the connection ends with a fatal alert, which its stored session does not outlive
 * (RFC 5246, 7.2.2). Before the result's secrets are forgotten. */
void conn_drop_session(hf_conn *conn);
/* conn_session.c: a session out of a NewSessionTicket. */
hf_status conn_keep_session(hf_conn *conn, const struct new_session_ticket *ticket);

/* Queues an alert record. */
hf_status conn_send_alert(hf_conn *conn, hf_alert alert);

/* Content bytes that a record_size_limit leaves. */
static inline size_t conn_limit_of(const hf_conn *c, uint16_t limit)
{
    const size_t n = (size_t)limit - conn_rules(c)->type_in_limit;
    return n < REC_MAX_PLAIN ? n : REC_MAX_PLAIN;
}

static inline size_t conn_limit_out(const hf_conn *c)
{
    /* RFC 8449, 4: the peer's limit counts the content type. It holds for protected records. */
    uint16_t limit = c->result.peer_record_size_limit;
    bool is_limited = limit != 0 && c->write.aead != NULL;
    return is_limited ? conn_limit_of(c, limit) : REC_MAX_PLAIN;
}

static inline size_t conn_limit_in(const hf_conn *c)
{
    /* Early data that we refuse was sent under the limits of another connection. */
    bool is_limited = c->config->record_size_limit != 0 && c->result.peer_record_size_limit != 0 &&
                      !c->result.skip_early_data && c->read_level != HF_LEVEL_EARLY;
    return is_limited ? conn_limit_of(c, c->config->record_size_limit) : REC_MAX_PLAIN;
}

#endif

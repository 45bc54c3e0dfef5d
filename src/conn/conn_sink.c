/* The record side of the handshake's sink. */
#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "conn/conn.h"

struct outq_seal conn_seal_how(hf_conn *conn)
{
    /* RFC 9846, 5.1: the first ClientHello may carry 0x0301 for old middleboxes; everything else
     * is 0x0303. */
    const bool is_first =
        conn->config->role == HF_CLIENT && conn->write.aead == NULL && !conn->hello_seen;
    return (struct outq_seal){.keys = &conn->write,
                              .version = is_first ? 0x0301 : 0x0303,
                              .max_plain = conn_limit_out(conn),
                              .tr = &conn->tr,
                              .level = (hf_level)conn->write_level};
}

hf_status conn_seal_open(hf_conn *conn)
{
    struct outq_seal how = conn_seal_how(conn);
    const size_t before = conn->out.tail;
    TRY(outq_seal_open(&conn->out, &how, &conn->error));
    conn->hello_seen = conn->hello_seen || conn->out.tail > before;
    return HF_OK;
}

static uint8_t *sink_reserve(void *owner, hf_level level, size_t n)
{
    (void)level; /* of records there is one sending level at a time */
    hf_conn *conn = owner;
    return outq_reserve(&conn->out, n);
}

static hf_status sink_commit(void *owner, size_t n)
{
    hf_conn *conn = owner;
    if (!conn->write_closed) { /* RFC 9846, 6.1: nothing follows close_notify */
        outq_commit(&conn->out, n);
    }
    return HF_OK;
}

/* Both directions' contexts in one block, taken when the first key comes. Aligned by hand: the
 * allocator's own way costs more than the few bytes. Not zeroed: a context is written by its init
 * before anything reads it. */
static hf_status take_aead_mem(hf_conn *conn, const hf_aead *aead)
{
    if (conn->aead_mem != NULL) {
        return HF_OK;
    }
    enum { ALIGN = 64 };
    const size_t half = ((size_t)aead->ctx_size + ALIGN - 1) / ALIGN * ALIGN;
    conn->aead_size = 2 * half + ALIGN - 16; /* the allocator aligns to 16 */
    conn->aead_mem = mem_alloc_partly(conn->aead_size, 0);
    if (conn->aead_mem == NULL) {
        return err_raise(&conn->error, HF_E_NO_MEMORY, NULL);
    }
    uint8_t *aligned = conn->aead_mem + (size_t)(-(uintptr_t)conn->aead_mem % ALIGN);
    conn->read.ctx = aligned;
    conn->write.ctx = aligned + half;
    return HF_OK;
}

/* The keys of a direction are about to change: what was committed before goes under the old ones.
 */
static hf_status change_level(hf_conn *conn, hf_direction direction, hf_level level,
                              const struct suite *suite)
{
    TRY(take_aead_mem(conn, suite->aead));
    if (direction == HF_SENT) {
        TRY(conn_seal_open(conn));
        conn->write_level = (uint8_t)level;
    } else {
        conn->read_level = (uint8_t)level;
    }
    return HF_OK;
}

static void trace_keys(hf_conn *conn, hf_direction direction, hf_level level,
                       const struct suite *suite)
{
    TRACE(&conn->tr, HF_EV_KEYS, keys, .direction = direction, .level = level,
          .cipher_suite = suite->id,
          .generation = direction == HF_SENT ? conn->keys_sent : conn->keys_received);
}

static hf_status sink_install(void *owner, hf_direction direction, hf_level level,
                              const struct suite *suite, const struct secret *secret)
{
    hf_conn *conn = owner;
    uint8_t key[HF_AEAD_MAX_KEY_LEN];
    uint8_t iv[HF_AEAD_NONCE_LEN];
    TRY(change_level(conn, direction, level, suite));
    traffic_keys(suite->hash, secret, suite->aead, &conn->tr, key, iv);
    hf_status s = rec_set_keys(direction == HF_SENT ? &conn->write : &conn->read, suite->aead, key,
                               iv, &conn->error);
    hf_wipe(key, sizeof key);
    hf_wipe(iv, sizeof iv);
    trace_keys(conn, direction, level, suite);
    return s;
}

static hf_status sink_install_keys(void *owner, hf_direction direction, hf_level level,
                                   const struct suite *suite, const uint8_t *key, const uint8_t *iv)
{
    hf_conn *conn = owner;
    TRY(change_level(conn, direction, level, suite));
    const bool is_implicit = suite->fixed_iv_len == HF_AEAD_NONCE_LEN;
    TRY(rec_set_keys12(direction == HF_SENT ? &conn->write : &conn->read, suite->aead,
                       is_implicit ? REC_FORM_12_IMPLICIT : REC_FORM_12_EXPLICIT, key, iv,
                       &conn->error));
    trace_keys(conn, direction, level, suite);
    return HF_OK;
}

/* Both contexts may be of another size under the suite that comes now: the memory goes as well. */
static void sink_drop_send_keys(void *owner)
{
    hf_conn *conn = owner;
    (void)conn_seal_open(conn); /* nothing is open: the machine has sent its last under them */
    rec_clear(&conn->write);
    conn->write_level = HF_LEVEL_PLAIN;
    if (conn->read.aead == NULL) {
        mem_free(conn->aead_mem, conn->aead_size);
        conn->aead_mem = NULL;
    }
}

static hf_status sink_change_cipher_spec(void *owner)
{
    hf_conn *conn = owner;
    if (conn->write_closed) {
        return HF_OK;
    }
    TRY(conn_seal_open(conn));
    if (conn_rules(conn)->ccs_changes_keys) {
        /* Behind it the peer hears nothing in the clear any more: what the keys need comes first.
         */
        TRY(take_aead_mem(conn, conn->result.suite.aead));
    }
    /* Always in the clear, whatever keys stand (RFC 9846, 5). */
    struct rec_keys clear = {0};
    struct outq_seal how = {&clear, 0x0303, REC_MAX_PLAIN, &conn->tr, HF_LEVEL_PLAIN};
    return outq_record(&conn->out, &how, REC_CHANGE_CIPHER_SPEC, span_of("\x01", 1), &conn->error);
}

const struct hs_sink conn_sink = {sink_reserve,      sink_commit,         sink_install,
                                  sink_install_keys, sink_drop_send_keys, sink_change_cipher_spec};

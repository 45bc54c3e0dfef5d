/* A connection's life: made, driven, failed, closed, described. */
#include "conn/conn.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "hs/op.h"
#include "wire/iana.h"

enum { NAME_MAX_LEN = 253, ADDRESS_MAX_LEN = 64 };

/* --- Made and ended --------------------------------------------------------------------------- */

static size_t text_size(const char *s)
{
    return s == NULL ? 0 : strlen(s) + 1;
}

static char *place_text(uint8_t **at, const char *s)
{
    if (s == NULL) {
        return NULL;
    }
    size_t n = strlen(s) + 1;
    char *placed = (char *)*at;
    memcpy(placed, s, n);
    *at += n;
    return placed;
}

static bool is_address(const char *name)
{
    unsigned char raw[16];
    return inet_pton(AF_INET, name, raw) == 1 || inet_pton(AF_INET6, name, raw) == 1;
}

static bool params_are_sane(const hf_config *config, const hf_conn_params *params)
{
    if (config == NULL || !config->frozen || params->size != sizeof *params) {
        return false;
    }
    if (config->role == HF_CLIENT && params->server_name == NULL && params->verify_name == NULL &&
        config->verify == HF_VERIFY_REQUIRE && config->psk_count == 0 &&
        (config->external_ops & HF_OP_BIT(HF_OP_VERIFY_CHAIN)) == 0) {
        return false; /* any valid certificate of anybody would pass */
    }
    size_t name = text_size(params->server_name);
    size_t verify = text_size(params->verify_name);
    return name != 1 && verify != 1 && name <= NAME_MAX_LEN + 1 && verify <= NAME_MAX_LEN + 1 &&
           params->peer_address.len <= ADDRESS_MAX_LEN;
}

/* The connection and copies of its strings, in one block. */
static hf_conn *allocate(const hf_conn_params *params)
{
    size_t size = sizeof(hf_conn) + text_size(params->server_name) +
                  text_size(params->verify_name) + params->peer_address.len;
    hf_conn *conn = mem_alloc(size);
    if (conn == NULL) {
        return NULL;
    }
    uint8_t *at = (uint8_t *)(conn + 1);
    conn->block_size = size;
    conn->server_name = place_text(&at, params->server_name);
    conn->verify_name = place_text(&at, params->verify_name);
    if (params->peer_address.len > 0) {
        memcpy(at, params->peer_address.data, params->peer_address.len);
    }
    conn->peer_address = span_of(at, params->peer_address.len);
    return conn;
}

hf_status hf_conn_new(const hf_config *config, const hf_conn_params *params, hf_conn **out)
{
    *out = NULL;
    if (!params_are_sane(config, params)) {
        return HF_FAILED;
    }
    hf_conn *conn = allocate(params);
    if (conn == NULL) {
        return HF_FAILED;
    }
    conn->config = hf_config_ref(config);
    conn->now_ms = params->now_ms;
    conn->user = params->user;
    conn->send_sni = conn->server_name != NULL && !params->no_sni && !is_address(conn->server_name);
    conn->result.chosen_identity = -1;
    tracer_init(&conn->tr, params->trace, conn, config->role);
    struct hs_args args = conn_hs_args(conn);
    args.session = params->session;
    args.early_data = params->early_data;
    conn->hs = hs_new(&args);
    if (conn->hs == NULL) {
        hf_conn_free(conn);
        return HF_FAILED;
    }
    *out = conn;
    return HF_OK;
}

struct hs_args conn_hs_args(hf_conn *conn)
{
    const char *verify = conn->verify_name != NULL ? conn->verify_name : conn->server_name;
    return (struct hs_args){
        .config = conn->config,
        .sink = &conn_sink,
        .owner = conn,
        .error = &conn->error,
        .tr = &conn->tr,
        .in = &conn->in,
        .result = &conn->result,
        .server_name = verify,
        .sni = conn->send_sni ? conn->server_name : NULL,
        .peer_address = conn->peer_address,
        .user = conn->user,
        .now_ms = conn->now_ms,
    };
}

void hf_conn_free(hf_conn *conn)
{
    if (conn == NULL) {
        return;
    }
    hs_free(conn->hs);
    inbox_clear(&conn->in);
    outq_clear(&conn->out);
    rec_clear(&conn->read);
    rec_clear(&conn->write);
    mem_free(conn->aead_mem, conn->aead_size);
    hs_result_clear(&conn->result);
    hf_config_free((hf_config *)(uintptr_t)conn->config);
    mem_free(conn, conn->block_size);
}

void hf_conn_set_time(hf_conn *conn, int64_t now_ms)
{
    conn->now_ms = now_ms;
    if (conn->hs != NULL) {
        conn->hs->now_ms = now_ms;
    }
}

/* --- Driven ----------------------------------------------------------------------------------- */

/* The server may have chosen another configuration for this client. */
static void adopt_config(hf_conn *conn)
{
    if (conn->hs->config != conn->config) {
        hf_config *old = (hf_config *)(uintptr_t)conn->config;
        conn->config = hf_config_ref(conn->hs->config);
        hf_config_free(old);
    }
}

/* The handshake is complete: what it held is wiped and freed. */
static void finish_handshake(hf_conn *conn)
{
    hs_free(conn->hs);
    conn->hs = NULL;
    inbox_trim(&conn->in);
    conn->records_since_data = 0; /* what was passed over in the handshake is no flood */
    conn->connected = true;
}

static hf_status run_once(hf_conn *conn)
{
    if (conn->hs == NULL || post_key_update_is_next(conn)) {
        return conn_rules(conn)->post_next(conn);
    }
    hf_status s = hs_drive(conn->hs);
    adopt_config(conn);
    if (s == HF_OK) {
        finish_handshake(conn);
    }
    return s;
}

hf_status conn_run(hf_conn *conn)
{
    hf_status s;
    do {
        s = run_once(conn);
    } while (s == HF_OK);
    if (conn->hs == NULL) {
        inbox_trim(&conn->in);
    }
    /* RFC 9846, 4.7.2: the messages of a late answer follow each other, so what is there of one
     * waits for the rest. */
    const bool is_half = s == HF_NEED_OP && conn->hs->post;
    if (s != HF_FAILED && !is_half) {
        hf_status sealed = conn_seal_open(conn);
        s = sealed == HF_OK ? s : sealed;
    }
    return s == HF_FAILED ? conn_fail(conn) : s;
}

hf_status hf_conn_drive(hf_conn *conn)
{
    if (conn->failed) {
        return HF_FAILED;
    }
    hf_status s = conn_run(conn);
    return s == HF_NEED_INPUT && conn->connected && conn->hs == NULL ? HF_OK : s;
}

static hf_status say_alert(hf_conn *conn, uint8_t level, hf_alert alert)
{
    uint8_t content[2] = {level, (uint8_t)alert};
    TRACE(&conn->tr, HF_EV_ALERT, alert, .direction = HF_SENT, .level = content[0],
          .description = content[1], .name = hf_alert_name(content[1]));
    hf_error ignored = {0};
    (void)conn_seal_open(conn);
    struct outq_seal how = conn_seal_how(conn);
    return outq_record(&conn->out, &how, REC_ALERT, span_of(content, sizeof content), &ignored);
}

hf_status conn_warn(hf_conn *conn, hf_alert alert)
{
    return say_alert(conn, 1, alert);
}

hf_status conn_send_alert(hf_conn *conn, hf_alert alert)
{
    bool is_warning = alert == HF_ALERT_close_notify || alert == HF_ALERT_user_canceled;
    return say_alert(conn, is_warning ? 1 : 2, alert);
}

hf_status conn_fail(hf_conn *conn)
{
    if (conn->failed) {
        return HF_FAILED;
    }
    conn->failed = true;
    if (conn->error.state == NULL) {
        conn->error.state = conn->hs != NULL ? hs_rows[conn->hs->state].name : "CONNECTED";
    }
    if (TRACE_ON(&conn->tr, HF_EV_ERROR)) {
        hf_event event = {.kind = HF_EV_ERROR, .u.error = &conn->error};
        trace_emit(&conn->tr, &event);
    }
    if (conn->error.code == HF_E_ALERT_RECEIVED) {
        outq_clear(&conn->out); /* RFC 9846, 6.2: nothing more is sent */
    } else if (conn->error.alert != HF_ALERT_none && !conn->write_closed) {
        (void)conn_send_alert(conn, conn->error.alert);
    }
    conn->write_closed = true;
    conn_drop_session(conn);
    hs_free(conn->hs);
    conn->hs = NULL;
    inbox_clear(&conn->in);
    rec_clear(&conn->read);
    rec_clear(&conn->write);
    hs_result_forget_secrets(&conn->result);
    return HF_FAILED;
}

/* --- Closed ----------------------------------------------------------------------------------- */

hf_status hf_conn_close(hf_conn *conn)
{
    if (conn->failed) {
        return HF_FAILED;
    }
    if (conn->write_closed) {
        return HF_OK;
    }
    if (!conn->result.write_ready) {
        /* RFC 9846, 6.1: who leaves a handshake that is not complete cancels it. */
        (void)hf_conn_abort(conn, HF_ALERT_user_canceled);
        return HF_OK;
    }
    hf_status s = conn_send_alert(conn, HF_ALERT_close_notify);
    conn->write_closed = true;
    return s;
}

hf_status hf_conn_abort(hf_conn *conn, hf_alert alert)
{
    if (conn->failed) {
        return HF_FAILED;
    }
    (void)err_raise(&conn->error, HF_E_OP_ALERT, "by the application's wish");
    conn->error.alert = alert;
    if (alert == HF_ALERT_user_canceled && !conn->write_closed) {
        /* RFC 9846, 6.1: a warning, followed by close_notify. */
        (void)conn_send_alert(conn, alert);
        conn->error.alert = HF_ALERT_close_notify;
    }
    return conn_fail(conn);
}

/* --- Asked about ------------------------------------------------------------------------------ */

hf_op *hf_conn_op(hf_conn *conn)
{
    return conn->hs == NULL || conn->hs->op.kind == HF_OP_NONE ? NULL : &conn->hs->op;
}

const hf_error *hf_conn_error(const hf_conn *conn)
{
    return &conn->error;
}

const char *hf_conn_state(const hf_conn *conn)
{
    if (conn->failed) {
        return "FAILED";
    }
    return hs_rows[conn->hs == NULL ? HS_CONNECTED : conn->hs->state].name;
}

bool hf_conn_can_send(const hf_conn *conn)
{
    return conn->result.write_ready && !conn->write_closed && !conn->failed;
}

bool hf_conn_is_connected(const hf_conn *conn)
{
    return conn->connected && !conn->failed;
}

static const char *scheme_name(uint16_t scheme)
{
    return scheme == 0 ? "" : iana_scheme_name(scheme);
}

/* The chain of a session that is verified again is not the peer's before the server has answered:
 * it may decline, and the chain goes. */
static const struct hs_chain *chain_of_peer(const hf_conn *conn)
{
    return conn->result.version == 0 ? NULL : conn->result.chain;
}

void hf_conn_describe(const hf_conn *conn, hf_conn_info *out)
{
    const struct hs_chain *chain = chain_of_peer(conn);
    const struct hs_result *r = &conn->result;
    const char *name = conn->config->role == HF_CLIENT ? (conn->send_sni ? conn->server_name : NULL)
                                                       : r->server_name;
    *out = (hf_conn_info){
        .role = conn->config->role,
        .connected = hf_conn_is_connected(conn),
        .version = r->version,
        .cipher_suite = r->suite.id,
        .cipher_suite_name = r->suite.id == 0 ? "" : iana_suite_name(r->suite.id),
        .group = r->group == NULL ? 0 : r->group->id,
        .group_name = r->group == NULL ? "" : r->group->name,
        .post_quantum = r->group != NULL && r->group->post_quantum,
        .signature_scheme = r->server_scheme,
        .signature_scheme_name = scheme_name(r->server_scheme),
        .client_signature_scheme = r->client_scheme,
        .client_signature_scheme_name = scheme_name(r->client_scheme),
        .retried = r->retried,
        .psk = r->psk,
        .resumed = r->resumed,
        .early_data_offered = r->early_offered,
        .early_data = r->early_data,
        .resume_reason = (hf_resume_reason)r->resume_reason,
        .early_reason = (hf_resume_reason)r->early_reason,
        .ticket_age_skew_ms = r->resumption == NULL ? 0 : r->resumption->age_skew_ms,
        .peer_certificate_sha256 = r->resumption != NULL && r->resumed && r->client_certificate
                                       ? span_of(r->resumption->proof.peer, SESSION_PEER_LEN)
                                       : span_of(NULL, 0),
        .client_certificate = r->client_certificate,
        .post_auth_pending = conn->hs != NULL && conn->hs->post,
        .read_closed = conn->read_closed,
        .write_closed = conn->write_closed,
        .alpn = r->alpn,
        .server_name = span_str(name),
        .certificate_compression = r->compression,
        .peer_record_size_limit = r->peer_record_size_limit,
        .keys_sent = conn->keys_sent,
        .keys_received = conn->keys_received,
        .peer_chain_count = chain == NULL ? 0 : chain->count,
        .chosen_identity = r->chosen_identity,
    };
}

hf_span hf_conn_peer_certificate(const hf_conn *conn, size_t i)
{
    const struct hs_chain *chain = chain_of_peer(conn);
    return chain == NULL || i >= chain->count ? span_of(NULL, 0) : chain->cert[i];
}

hf_span hf_conn_peer_ocsp_response(const hf_conn *conn)
{
    const struct hs_chain *chain = chain_of_peer(conn);
    return chain == NULL ? span_of(NULL, 0) : chain->ocsp_response;
}

hf_span hf_conn_peer_sct_list(const hf_conn *conn)
{
    const struct hs_chain *chain = chain_of_peer(conn);
    return chain == NULL ? span_of(NULL, 0) : chain->sct_list;
}

void hf_conn_forget_peer_chain(hf_conn *conn)
{
    /* A running handshake looks into it. */
    if (conn->result.chain != NULL && conn->hs == NULL) {
        mem_free(conn->result.chain, conn->result.chain->block_size);
        conn->result.chain = NULL;
    }
}

hf_status hf_conn_export(const hf_conn *conn, bool early, const char *label, hf_span context,
                         uint8_t *out, size_t out_len)
{
    const struct hs_result *r = &conn->result;
    if (conn->failed) {
        return HF_FAILED;
    }
    if (!early) {
        return conn_rules(conn)->export(conn, label, context, &(hf_buf){out, out_len, 0});
    }
    if (r->resumption == NULL || r->resumption->early_exporter.len == 0) {
        return HF_NEED_INPUT;
    }
    return exporter_compute(r->suite.hash, &r->resumption->early_exporter, label, context, out,
                            out_len)
               ? HF_OK
               : HF_FAILED;
}

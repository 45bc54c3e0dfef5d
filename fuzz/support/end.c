#include "support/end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "conn/conn.h"
#include "support/trusting.h"

void end_check(bool ok, const char *what, const char *file, int line)
{
    if (!ok) {
        (void)fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, what);
        abort();
    }
}

static void must(hf_status status)
{
    END_CHECK(status == HF_OK);
}

/* --- Configuration ---------------------------------------------------------------------------- */

static bool is_set(uint32_t settings, enum end_setting setting)
{
    return (settings & (uint32_t)setting) != 0;
}

/* Keys and suites that only TLS 1.3 has would leave nothing. */
static bool speaks_12(uint32_t settings)
{
    return is_set(settings, END_TLS12) && (settings & (END_PSK | END_NO_IDENTITY)) == 0;
}

static bool is_rsa(uint32_t settings)
{
    return speaks_12(settings) && (settings & (END_ONE_GROUP | END_SHA384)) != 0;
}

/* Made once for all inputs. */
static hf_identity_store *identities(const hf_provider *provider, bool is_of_rsa)
{
    static hf_identity_store *stores[2][2];
    hf_identity_store **at = &stores[provider == trusting_provider()][is_of_rsa];
    if (*at == NULL) {
        const hf_identity_source source = {.size = sizeof source,
                                           .provider = provider,
                                           .chain = is_of_rsa ? trusting_rsa_certificate()
                                                              : trusting_certificate(),
                                           .key = is_of_rsa ? trusting_rsa_key() : trusting_key(),
                                           .ocsp_response = span_of("\x30\x03\x0a\x01\x03", 5),
                                           .sct_list = span_of("\x00\x03\x00\x01s", 5)};
        hf_error error = {0};
        hf_identity *identity = NULL;
        must(hf_identity_load(&source, &error, &identity));
        *at = hf_identity_store_new(&identity, 1);
        END_CHECK(*at != NULL);
        hf_identity_free(identity);
    }
    return *at;
}

static hf_trust_store *anchors(void)
{
    static hf_trust_store *store;
    if (store == NULL) {
        hf_error error = {0};
        hf_trust *trust = hf_trust_new();
        END_CHECK(trust != NULL);
        must(hf_trust_add(trust, trusting_certificate(), &error));
        must(hf_trust_add(trust, trusting_rsa_certificate(), &error));
        store = hf_trust_store_new(trust);
        END_CHECK(store != NULL);
        hf_trust_free(trust);
    }
    return store;
}

static void configure_server(hf_config *config, uint32_t settings)
{
    static const uint8_t key[32] = {7};
    const hf_verify verify = is_set(settings, END_REQUIRE)   ? HF_VERIFY_REQUIRE
                             : is_set(settings, END_REQUEST) ? HF_VERIFY_REQUEST
                                                             : HF_VERIFY_NONE;
    must(hf_config_set_verify(config, verify));
    if (is_set(settings, END_STATELESS) || is_set(settings, END_ALWAYS_RETRY)) {
        must(hf_config_set_stateless_retry(config, span_of(key, sizeof key),
                                           is_set(settings, END_ALWAYS_RETRY)));
    }
    must(hf_config_set_strict_sni(config, is_set(settings, END_STRICT_SNI)));
    must(hf_config_set_announce_groups(config, is_set(settings, END_ANNOUNCE)));
}

static void configure_client(hf_config *config, uint32_t settings)
{
    must(hf_config_set_verify(config,
                              is_set(settings, END_REQUIRE) ? HF_VERIFY_REQUIRE : HF_VERIFY_NONE));
    must(hf_config_set_post_handshake_auth(config, is_set(settings, END_POST_AUTH)));
    must(hf_config_set_grease(config, is_set(settings, END_GREASE)));
}

static void configure_exchange(hf_config *config, uint32_t settings)
{
    static const char field[] = "DHE-RSA-AES256-GCM-SHA384";
    static const char transport[] = "TLS_RSA_WITH_AES_256_GCM_SHA384";
    const bool has_one_group = is_set(settings, END_ONE_GROUP);
    if (speaks_12(settings)) {
        must(hf_config_set_versions(config, HF_TLS12, HF_TLS12));
        if (has_one_group) {
            must(hf_config_set_groups(config, "ffdhe2048"));
        }
        if (is_rsa(settings)) {
            must(hf_config_set_ciphers(config, has_one_group ? field : transport));
        }
        return;
    }
    if (has_one_group) {
        must(hf_config_set_groups(config, "secp384r1"));
    }
    if (is_set(settings, END_SHA384)) {
        must(hf_config_set_ciphers(config, "TLS_AES_256_GCM_SHA384"));
    }
}

static void configure_limits(hf_config *config, uint32_t settings)
{
    const hf_limits limits = {.size = sizeof limits,
                              .handshake_message = 1000,
                              .chain_depth = 2,
                              .decompressed = 1000,
                              .post_handshake = 3};
    if (is_set(settings, END_SMALL)) {
        must(hf_config_set_limits(config, &limits));
    }
    if (is_set(settings, END_RECORD_LIMIT)) {
        must(hf_config_set_record_size_limit(config, 300));
    }
    if (is_set(settings, END_PADDING)) {
        must(hf_config_set_padding(config, 64));
    }
    if (is_set(settings, END_UPDATE_OFTEN)) {
        must(hf_config_set_key_update_after(config, 2));
    }
}

static hf_config *make_config(hf_role role, uint32_t settings, uint64_t *seed)
{
    const hf_provider *provider =
        is_set(settings, END_REAL) ? hf_provider_default() : trusting_provider();
    hf_config *config = hf_config_new(role, provider);
    END_CHECK(config != NULL);
    must(hf_config_set_random(config, trusting_random, seed));
    must(hf_config_set_trust(config, anchors()));
    if (!is_set(settings, END_NO_IDENTITY) || (role == HF_SERVER && !is_set(settings, END_PSK))) {
        must(hf_config_set_identities(config, identities(provider, is_rsa(settings))));
    }
    if (is_set(settings, END_PSK)) {
        const hf_span key = span_of("0123456789abcdef", 16);
        if (!is_set(settings, END_SHA384)) {
            must(hf_config_add_raw_psk(config, span_of("first", 5), key, 256));
        }
        must(hf_config_add_raw_psk(config, span_of("second", 6), key, 384));
    }
    if (is_set(settings, END_PSK_KE)) {
        must(hf_config_set_psk_modes(config, "psk_ke,psk_dhe_ke"));
    }
    if (is_set(settings, END_COMPRESS)) {
        must(hf_config_set_certificate_compression(config, "zlib,brotli,zstd"));
    }
    if (is_set(settings, END_ALPN)) {
        must(hf_config_set_alpn(config, "h2,http/1.1"));
    }
    if (is_set(settings, END_ANNOUNCE)) {
        must(hf_config_set_signature_algorithms_cert(config, "ed25519,rsa_pkcs1_sha256"));
    }
    must(hf_config_set_middlebox_compat(config, !is_set(settings, END_NO_COMPAT)));
    end_configure_sessions(config, role, settings);
    configure_limits(config, settings);
    configure_exchange(config, settings);
    must(hf_config_external_ops(config,
                                is_set(settings, END_EXTERNAL) ? HF_OP_BIT(HF_OP_COUNT) - 2 : 0));
    if (role == HF_SERVER) {
        configure_server(config, settings);
    } else {
        configure_client(config, settings);
    }
    must(hf_config_freeze(config));
    return config;
}

/* Making a configuration costs more than a handshake, so those made last are kept. */
hf_config *end_config(hf_role role, uint32_t settings)
{
    enum { SLOTS = 128 };
    static struct {
        hf_config *config;
        uint32_t settings;
        uint64_t seed;
    } slots[2][SLOTS];
    const size_t at = (settings ^ settings >> 7 ^ settings >> 14 ^ settings >> 21) % SLOTS;
    if (slots[role][at].config == NULL || slots[role][at].settings != settings) {
        hf_config_free(slots[role][at].config);
        slots[role][at].settings = settings;
        slots[role][at].config = make_config(role, settings, &slots[role][at].seed);
    }
    slots[role][at].seed = 1 + (uint64_t)role;
    return hf_config_ref(slots[role][at].config);
}

/* --- Made and ended --------------------------------------------------------------------------- */

static void on_event(void *ctx, const hf_event *event)
{
    static char line[1 << 16];
    (void)ctx;
    const size_t needed = hf_event_json(event, line, sizeof line);
    END_CHECK(needed == 0 || needed >= sizeof line || line[needed - 1] == '\n');
    if (event->kind == HF_EV_SECRET) {
        END_CHECK(hf_keylog_line(event, line, 256) > 0);
    }
}

void end_open(struct end *e, hf_role role, uint32_t settings)
{
    if (role == HF_SERVER) {
        end_stock(settings);
    }
    *e = (struct end){.settings = settings};
    e->trace = (hf_trace){.wanted = is_set(settings, END_WATCHED) ? HF_EV_BIT(HF_EV_COUNT) - 1 : 0,
                          .event = on_event};
    const bool is_resumed = role == HF_CLIENT && is_set(settings, END_RESUMED);
    const hf_conn_params params = {.size = sizeof params,
                                   .now_ms = END_NOW_MS,
                                   .server_name = role == HF_CLIENT ? "server.example" : NULL,
                                   .trace = &e->trace,
                                   .session = is_resumed ? end_session(settings) : NULL,
                                   .early_data = is_set(settings, END_EARLY)};
    e->config = end_config(role, settings); /* its randomness begins here */
    must(hf_conn_new(e->config, &params, &e->conn));
    END_CHECK(hf_conn_drive(e->conn) != HF_FAILED);
    end_settle(e);
    if (is_resumed && is_set(settings, END_EARLY)) {
        end_act(e, END_DO_SEND_EARLY);
    }
}

void end_close(struct end *e)
{
    hf_conn_free(e->conn);
    hf_config_free(e->config);
    free(e->out);
    free(e->data);
    free(e->early);
}

/* --- Promises --------------------------------------------------------------------------------- */

static void check_failed(const struct end *e)
{
    const hf_error *error = hf_conn_error(e->conn);
    END_CHECK(error->code != HF_E_NONE && error->code < HF_E_COUNT);
    END_CHECK(error->state != NULL);
    END_CHECK(memchr(error->detail, 0, sizeof error->detail) != NULL);
    END_CHECK(error->code != HF_E_INTERNAL);
    END_CHECK(e->conn->hs == NULL);
    END_CHECK(!hf_conn_can_send(e->conn) && !hf_conn_is_connected(e->conn));
}

/* No session but one that was asked for, no early data without it, no proof that was not given. */
static void check_resumed(const struct end *e, const hf_conn_info *info)
{
    const bool is_client = e->config->role == HF_CLIENT;
    END_CHECK(!info->resumed || is_set(e->settings, is_client ? END_RESUMED : END_SESSIONS));
    END_CHECK(info->resumed || !info->early_data || info->version == HF_TLS12);
    END_CHECK(!info->early_data || (info->early_data_offered && !info->retried));
    /* The guard is asked unless a session is good only once: so is one that is stored, and so says
     * an absurd answer. */
    END_CHECK(!info->early_data || is_client || !is_set(e->settings, END_REPLAYED) ||
              is_set(e->settings, END_ABSURD) || (e->settings & END_STORE) != 0);
    END_CHECK(is_client || !info->resumed || !is_set(e->settings, END_REQUIRE) ||
              info->client_certificate);
    END_CHECK(is_client || info->early_data || e->early_len == 0);
}

static void check_connected(const struct end *e, const hf_conn_info *info)
{
    uint8_t keys[16];
    const bool needs_proof = (e->config->role == HF_CLIENT || is_set(e->settings, END_REQUIRE)) &&
                             !info->psk && !info->resumed;
    const bool has_no_exchange = (info->psk ? is_set(e->settings, END_PSK_KE) : info->resumed) ||
                                 (is_rsa(e->settings) && !is_set(e->settings, END_ONE_GROUP));
    const bool is_older = info->version == HF_TLS12;
    END_CHECK(is_older || info->version == HF_TLS13);
    END_CHECK(info->version >= e->config->version_lowest &&
              info->version <= e->config->version_highest);
    END_CHECK(info->cipher_suite != 0 && (info->group != 0 || has_no_exchange));
    END_CHECK(!needs_proof || info->peer_chain_count > 0 || e->is_chain_forgotten);
    END_CHECK(!info->psk || info->resumed || is_set(e->settings, END_PSK));
    check_resumed(e, info);
    /* RFC 7627, 5.4: in TLS 1.2 not without extended_master_secret. */
    const hf_status exported =
        hf_conn_export(e->conn, false, "x", span_of(NULL, 0), keys, sizeof keys);
    END_CHECK(exported == HF_OK || (is_older && !e->conn->result.extended_master_secret));
}

static void check_promises(struct end *e)
{
    hf_conn_info info;
    hf_conn_describe(e->conn, &info);
    END_CHECK(hf_conn_state(e->conn) != NULL);
    if (e->conn->failed) {
        check_failed(e);
    } else if (hf_conn_is_connected(e->conn)) {
        check_connected(e, &info);
    }
    if (info.peer_chain_count > 0) {
        END_CHECK(hf_conn_peer_certificate(e->conn, info.peer_chain_count - 1).len > 0);
    }
}

/* What it says is whole records within their limits. */
static void check_records(struct end *e)
{
    const uint8_t *out = e->out;
    while (e->out_checked < e->out_len) {
        const size_t at = e->out_checked;
        const size_t left = e->out_len - at;
        END_CHECK(left >= REC_HEADER_LEN);
        const size_t fragment = (size_t)(out[at + 3] << 8 | out[at + 4]);
        END_CHECK(out[at] >= REC_CHANGE_CIPHER_SPEC && out[at] <= REC_APPLICATION_DATA);
        END_CHECK(out[at + 1] == 3 && fragment > 0 && fragment <= REC_MAX_CIPHER);
        END_CHECK(fragment <= left - REC_HEADER_LEN);
        e->out_checked += REC_HEADER_LEN + fragment;
    }
}

/* --- Driven ----------------------------------------------------------------------------------- */

/* Answers that the headers forbid; what they may lead to is an error of the caller's, and nothing
 * worse. False: this time a sensible one. */
static bool answer_absurdly(struct end *e, hf_op *op)
{
    switch (op->kind) {
    case HF_OP_CHOOSE_IDENTITY:
        hf_op_run(op);
        op->u.choose_identity.scheme = 0x1234;
        return true;
    case HF_OP_TICKET_OPEN:
        hf_op_run(op);
        op->u.ticket_open.single_use = true;
        op->u.ticket_open.state_len +=
            is_set(e->settings, END_ALPN) ? op->u.ticket_open.capacity : 0;
        return true;
    case HF_OP_TICKET_SEAL:
        op->u.ticket_seal.ticket_len = is_set(e->settings, END_ALPN) ? SIZE_MAX : 1;
        return true;
    case HF_OP_SIGN:
        op->u.sign.signature_len = e->settings & END_ALPN ? op->u.sign.capacity + 1 : 0;
        return true;
    case HF_OP_VERIFY_CHAIN:
        return !is_set(e->settings, END_ALPN); /* no verdict at all */
    case HF_OP_CHOOSE_CONFIG:
        op->u.choose_config.config = is_set(e->settings, END_ALPN)
                                         ? end_config(HF_CLIENT, e->settings)
                                         : hf_config_new(HF_SERVER, trusting_provider());
        return true;
    default:
        return false;
    }
}

static void answer(struct end *e, hf_op *op)
{
    END_CHECK(is_set(e->settings, END_EXTERNAL) && op->kind != HF_OP_NONE && !op->finished);
    if (++e->ops == 3 && is_set(e->settings, END_REFUSE)) {
        hf_op_finish(op, HF_FAILED);
        return;
    }
    if (is_set(e->settings, END_ABSURD) && answer_absurdly(e, op)) {
        hf_op_finish(op, HF_OK);
        return;
    }
    if (op->kind == HF_OP_VERIFY_CHAIN && !is_set(e->settings, END_REQUIRE)) {
        op->u.verify_chain.verdict.accepted = true;
        hf_op_finish(op, HF_OK);
        return;
    }
    if (op->kind == HF_OP_CHOOSE_CONFIG && e->ops % 2 == 0) {
        op->u.choose_config.config = end_config(HF_SERVER, e->settings ^ END_ALPN);
    }
    hf_op_run(op);
}

static void append(uint8_t **to, size_t *to_len, size_t *to_cap, const uint8_t *bytes, size_t len)
{
    if (*to_cap - *to_len < len) {
        *to_cap = (*to_len + len) * 2;
        *to = realloc(*to, *to_cap);
        END_CHECK(*to != NULL);
    }
    if (len > 0) {
        memcpy(*to + *to_len, bytes, len);
    }
    *to_len += len;
}

void end_say(struct end *e, const uint8_t *bytes, size_t len)
{
    append(&e->out, &e->out_len, &e->out_cap, bytes, len);
}

/* Moves what waits, in rooms of a size. */
static void flush(struct end *e, size_t room_len)
{
    static uint8_t room[1000];
    hf_status status = HF_NEED_SPACE;
    while (status == HF_NEED_SPACE) {
        hf_buf out = {room, room_len, 0};
        status = hf_conn_flush(e->conn, &out);
        END_CHECK(out.pos <= room_len && (status == HF_OK || out.pos == room_len));
        append(&e->out, &e->out_len, &e->out_cap, room, out.pos);
    }
    END_CHECK(status == HF_OK && hf_conn_pending(e->conn) == 0);
}

void end_settle(struct end *e)
{
    for (int i = 0; hf_conn_op(e->conn) != NULL; i++) {
        END_CHECK(i < 64);
        answer(e, hf_conn_op(e->conn));
        (void)hf_conn_drive(e->conn);
    }
    flush(e, 1000);
    check_records(e);
    check_promises(e);
}

uint8_t *end_take_out(struct end *e, size_t *len)
{
    uint8_t *out = e->out;
    *len = e->out_len;
    e->out = NULL;
    e->out_len = e->out_cap = e->out_checked = 0;
    return out;
}

/* One hf_conn_recv. Returns the bytes taken; 0: it stopped. */
static size_t receive(struct end *e, uint8_t *data, size_t size)
{
    hf_received got;
    const hf_status status = hf_conn_recv(e->conn, data, size, &got);
    END_CHECK(got.consumed <= size);
    END_CHECK(status != HF_OK || got.consumed > 0);
    END_CHECK(status != HF_NEED_INPUT || (got.consumed == 0 && got.want > size));
    END_CHECK(status != HF_NEED_OP || hf_conn_op(e->conn) != NULL);
    END_CHECK(status != HF_CLOSED || got.consumed == 0);
    END_CHECK(status != HF_NEED_SPACE);
    if (status == HF_NEED_OP) {
        /* While an operation is open nothing is taken. */
        hf_received nothing;
        END_CHECK(hf_conn_recv(e->conn, data + got.consumed, size - got.consumed, &nothing) ==
                  HF_NEED_OP);
        END_CHECK(nothing.consumed == 0 && nothing.kind == HF_GOT_NOTHING);
    }
    if (got.kind == HF_GOT_EARLY_DATA) {
        END_CHECK(status == HF_OK && e->config->role == HF_SERVER && !e->conn->connected);
        append(&e->early, &e->early_len, &e->early_cap, got.data, got.len);
        END_CHECK(e->early_len <= END_EARLY_MAX);
    }
    if (got.kind == HF_GOT_DATA) {
        END_CHECK(status == HF_OK && got.data > data && got.len > 0);
        END_CHECK(got.data + got.len <= data + got.consumed);
        append(&e->data, &e->data_len, &e->data_cap, got.data, got.len);
    }
    end_settle(e);
    return status == HF_OK || status == HF_NEED_OP ? got.consumed : 0;
}

size_t end_feed(struct end *e, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    END_CHECK(copy != NULL);
    memcpy(copy, data, size);
    size_t at = 0;
    for (size_t n = 1; n > 0 && at < size; at += n) {
        n = receive(e, copy + at, size - at);
    }
    free(copy);
    return at;
}

/* --- Frames ----------------------------------------------------------------------------------- */

/* Makes a record of a frame as this end expects it: in the clear, or protected by the AEAD that
 * only copies. */
static void feed_frame(struct end *e, uint8_t frame, const uint8_t *content, size_t len)
{
    const uint8_t type = frame & 0x3f;
    const uint8_t tag[HF_AEAD_TAG_LEN] = {[HF_AEAD_TAG_LEN - 1] = (frame & 0x40) != 0 ? 0xff : 0};
    const bool is_protected = e->conn->read.aead != NULL && type != REC_CHANGE_CIPHER_SPEC;
    const size_t fragment = len + (is_protected ? 1 + sizeof tag : 0);
    uint8_t *record = malloc(REC_HEADER_LEN + fragment);
    END_CHECK(record != NULL);
    record[0] = is_protected ? REC_APPLICATION_DATA : type;
    record[1] = 3;
    record[2] = 3;
    record[3] = (uint8_t)(fragment >> 8);
    record[4] = (uint8_t)fragment;
    memcpy(record + REC_HEADER_LEN, content, len);
    if (is_protected) {
        record[REC_HEADER_LEN + len] = type;
        memcpy(record + REC_HEADER_LEN + len + 1, tag, sizeof tag);
    }
    (void)end_feed(e, record, REC_HEADER_LEN + fragment);
    free(record);
}

void end_run(struct end *e, const uint8_t *data, size_t size)
{
    if (is_set(e->settings, END_RAW)) {
        (void)end_feed(e, data, size);
        return;
    }
    for (size_t at = 0; at < size;) {
        const uint8_t type = data[at++];
        if (type >= END_DO_CLOSE) {
            end_act(e, type);
            continue;
        }
        if (size - at < 2) {
            break;
        }
        size_t len = (size_t)(data[at] << 8 | data[at + 1]);
        at += 2;
        len = len < size - at ? len : size - at;
        feed_frame(e, type, data + at, len);
        at += len;
    }
}

int end_input(hf_role role, const uint8_t *data, size_t size)
{
    if (size < END_SETTINGS_LEN) {
        return 0;
    }
    struct end e;
    struct rd r = rd_of(span_of(data, END_SETTINGS_LEN));
    end_open(&e, role, rd_u32(&r) & ~(uint32_t)END_REAL);
    end_run(&e, data + END_SETTINGS_LEN, size - END_SETTINGS_LEN);
    end_close(&e);
    return 0;
}

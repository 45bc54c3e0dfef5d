/* The client's hello: sent, perhaps sent again, and its answer judged (RFC 9846, 4.2). */
#include "base/span.h"
#include "base/status.h"
#include "hs/auth13.h"
#include "hs/ext/extensions.h"
#include "hs/hello/hello.h"
#include "hs/psk.h"
#include "wire/iana.h"

enum { LEGACY_VERSION = 0x0303, FALLBACK_SCSV = 0x5600 };

static const uint8_t downgrade_mark[7] = {'D', 'O', 'W', 'N', 'G', 'R', 'D'};

static hf_status prepare(struct hs *hs);

/* --- Sending ---------------------------------------------------------------------------------- */

/* Whether a certificate of this end may be asked for, whose signature in TLS 1.2 covers all
 * messages. */
static bool may_sign(const hf_config *config)
{
    return config->identities != NULL ||
           (config->external_ops & HF_OP_BIT(HF_OP_CHOOSE_IDENTITY)) != 0;
}

/* The identifier of a session; or a random one, by whose echo a server of TLS 1.2 says that it
 * takes the ticket (RFC 5077, 3.4), and which is there for middleboxes (RFC 9846, E.4). */
static hf_status choose_session_id(struct hs *hs)
{
    const hf_session *session = hs->c.session12;
    const bool is_for_middleboxes =
        hs->config->middlebox_compat && hs->config->version_highest > HF_TLS12;
    if (session != NULL && session_is_id(session)) {
        const hf_span id = session_ticket(session);
        memcpy(hs->session_id, id.data, id.len);
        hs->session_id_len = (uint8_t)id.len;
    } else if (session != NULL || is_for_middleboxes) {
        hs->session_id_len = MSG_SESSION_ID_MAX;
        return hs_random(hs, hs->session_id, MSG_SESSION_ID_MAX);
    }
    return HF_OK;
}

hf_status hello_client_start(struct hs *hs)
{
    const hf_config *config = hs->config;
    struct hs_client *c = &hs->c;
    c->versions = (uint8_t)((config->version_lowest < HF_TLS13 ? HS_MAY_12 : 0) |
                            (config->version_highest > HF_TLS12 ? HS_MAY_13 : 0));
    if (config->version_lowest < HF_TLS13) {
        hs->result->warnings_pass = true;
        if (may_sign(config)) {
            hs_keep_verbatim(hs);
        }
    }
    TRY(hs_random(hs, hs->client_random, MSG_RANDOM_LEN));
    return hello_client_must_verify_session(hs)
               ? hello_client_ask_session(hs, HS_CLI_VERIFY_SESSION_WAIT)
               : prepare(hs);
}

hf_status hello_client_session_verified(struct hs *hs)
{
    TRY(hello_client_note_session(hs));
    return prepare(hs);
}

/* All that the hello holds but the key shares. */
static hf_status prepare(struct hs *hs)
{
    const hf_config *config = hs->config;
    struct hs_client *c = &hs->c;
    TRY(hello_client_choose_session(hs));
    TRY(choose_session_id(hs));
    TRY(ext_prepare_offers(hs));
    c->scratch = arena_mark(&hs->arena);
    transcript_start(&hs->early[0], config->provider->sha256);
    transcript_start(&hs->early[1], config->provider->sha384);
    const size_t share_count = config->version_highest > HF_TLS12 ? config->key_shares.count : 0;
    for (size_t i = 0; i < share_count && i < HS_SHARES_MAX; i++) {
        c->shares[i].group = hf_provider_group(config->provider, config->key_shares.v[i]);
        c->share_count++;
    }
    hs_go(hs, HS_CLI_GENERATE_SHARE);
    return HF_OK;
}

hf_status hello_client_generate(struct hs *hs)
{
    struct hs_client *c = &hs->c;
    if (c->share_done == c->share_count) {
        hs_go(hs, HS_CLI_SEND_HELLO);
        return HF_OK;
    }
    struct hs_share *share = &c->shares[c->share_done];
    uint8_t *priv = hs_alloc(hs, share->group->private_size);
    share->public_key = hs_alloc(hs, share->group->client_share_len);
    if (priv == NULL || share->public_key == NULL) {
        return hs_no_memory(hs);
    }
    share->priv = priv;
    hs->op.u.key_generate.group = share->group;
    hs->op.u.key_generate.priv = share->priv;
    hs->op.u.key_generate.share = share->public_key;
    return hs_ask(hs, HF_OP_KEY_GENERATE, HS_CLI_GENERATE_WAIT);
}

hf_status hello_client_generated(struct hs *hs)
{
    TRY(hs_answer(hs));
    hs->c.share_done++;
    hs_go(hs, HS_CLI_GENERATE_SHARE);
    return HF_OK;
}

/* An upper bound of the hello's size. */
static size_t hello_size(const struct hs *hs)
{
    const hf_config *config = hs->config;
    size_t n =
        512 + config->alpn_len + hs->c.cookie.len + (hs->c.sni == NULL ? 0 : strlen(hs->c.sni));
    n += 2 * (config->ciphers.count + config->groups.count + config->sigalgs.count +
              config->sigalgs_cert.count);
    for (size_t i = 0; i < hs->c.share_count; i++) {
        n += 4 + hs->c.shares[i].group->client_share_len;
    }
    n += hs->c.session12 == NULL ? 0 : session_ticket(hs->c.session12).len;
    return n + psk_offers_size(hs);
}

/* Whether a suite belongs to a version that is offered. */
static bool is_offered(const struct hs *hs, uint16_t id)
{
    struct suite s = {.aead = NULL};
    const hf_provider *provider = hs->config->provider;
    return suite_find(provider, id, &s)
               ? (hs->c.versions & HS_MAY_13) != 0
               : (hs->c.versions & HS_MAY_12) != 0 && suite12_find(provider, id, &s);
}

static void write_suites(struct hs *hs, struct wr *w)
{
    size_t m = wr_open(w, 2);
    if (hs->config->grease) {
        wr_u16(w, hs->c.grease[0]);
    }
    for (size_t i = 0; i < hs->config->ciphers.count; i++) {
        if (is_offered(hs, hs->config->ciphers.v[i])) {
            wr_u16(w, hs->config->ciphers.v[i]);
        }
    }
    if (hs->config->fallback_scsv) {
        wr_u16(w, FALLBACK_SCSV); /* RFC 7507, 4: behind all others */
    }
    wr_close(w, m, 2);
}

/* RFC 9846, E.4: once, before what follows the first hello. */
static hf_status send_change_cipher_spec(struct hs *hs)
{
    if (hs->session_id_len == 0 || hs->c.ccs_sent || hs->sink->send_change_cipher_spec == NULL) {
        return HF_OK;
    }
    hs->c.ccs_sent = true;
    return hs->sink->send_change_cipher_spec(hs->owner);
}

/* Early data may follow the hello that was just written: its keys come from it and the session. */
static hf_status start_early_data(struct hs *hs)
{
    struct psk psk;
    struct suite suite;
    if (!hs->c.early || !psk_offered_at(hs, 0, &psk) ||
        !suite_find(hs->config->provider, session_state_of(hs->c.session)->cipher_suite, &suite)) {
        return HF_OK;
    }
    TRY(send_change_cipher_spec(hs));
    const bool is_sha384 = psk.hash == hs->config->provider->sha384;
    struct secret secret;
    auth13_early_traffic_secret(hs, &psk, &hs->early[is_sha384], &secret);
    hs->write_level = HF_LEVEL_EARLY;
    const hf_status s = hs->sink->install(hs->owner, HF_SENT, HF_LEVEL_EARLY, &suite, &secret);
    secret_wipe(&secret);
    return s;
}

hf_status hello_client_send(struct hs *hs)
{
    if (hs->result->retried) {
        TRY(send_change_cipher_spec(hs));
    }
    struct wr w;
    size_t binders_at;
    TRY(hs_begin(hs, MSG_CLIENT_HELLO, hello_size(hs), &w));
    wr_u16(&w, LEGACY_VERSION);
    wr_bytes(&w, span_of(hs->client_random, MSG_RANDOM_LEN));
    wr_vec(&w, span_of(hs->session_id, hs->session_id_len), 1);
    write_suites(hs, &w);
    wr_vec(&w, span_of("", 1), 1); /* legacy_compression_methods: null */
    ext_write_offers(hs, &w, &binders_at);
    wr_close(&w, MSG_HEADER_LEN, 3);
    if (w.bad && hs->c.cookie.len > 0) {
        return err_raise(hs->error, HF_E_COOKIE_TOO_LONG, "%zu bytes", hs->c.cookie.len);
    }
    if (binders_at != 0 && !w.bad) {
        psk_fill_binders(hs, &w, binders_at);
    }
    if (!hs->result->retried && !w.bad) {
        transcript_add(&hs->early[0], span_of(w.buf, w.len));
        transcript_add(&hs->early[1], span_of(w.buf, w.len));
    }
    TRY(hs_end(hs, &w));
    TRY(start_early_data(hs));
    hs_go(hs, HS_CLI_READ_SERVER_HELLO);
    return HF_OK;
}

/* --- Reading ---------------------------------------------------------------------------------- */

/* A ServerHello without supported_versions: of TLS 1.2 or below. */
static hf_status judge_older(struct hs *hs, const struct server_hello *sh)
{
    if (hs->result->retried) {
        return err_raise(hs->error, HF_E_VERSION_NOT_OFFERED,
                         "TLS 1.3 in HelloRetryRequest, another in ServerHello");
    }
    if ((hs->c.versions & HS_MAY_13) != 0 &&
        memcmp(sh->random.data + MSG_RANDOM_LEN - 8, downgrade_mark, sizeof downgrade_mark) == 0) {
        return err_raise(hs->error, HF_E_DOWNGRADE, "the server speaks TLS 1.3 but answers with %s",
                         iana_version_name(sh->legacy_version));
    }
    if (sh->legacy_version > HF_TLS12) {
        return err_raise(hs->error, HF_E_VERSION_NOT_OFFERED, "0x%04x without supported_versions",
                         (unsigned)sh->legacy_version);
    }
    if (sh->legacy_version < hs->config->version_lowest) {
        return err_raise(hs->error, HF_E_NO_COMMON_VERSION,
                         "this client offers at least %s, the server chose %s",
                         iana_version_name(hs->config->version_lowest),
                         iana_version_name(sh->legacy_version));
    }
    return HF_OK;
}

/* The version that supported_versions of the answer chooses: TLS 1.3, if it was offered. */
static hf_status judge_version(struct hs *hs, const struct server_hello *sh)
{
    struct rd r = rd_of(sh->ext.body[EXT_supported_versions]);
    uint16_t version = rd_u16(&r);
    if (!rd_done(&r)) {
        return ext_malformed(hs, EXT_supported_versions);
    }
    if (version != HF_TLS13 || (hs->c.versions & HS_MAY_13) == 0) {
        return err_raise(hs->error, HF_E_VERSION_NOT_OFFERED, "%s", iana_version_name(version));
    }
    if (sh->legacy_version != LEGACY_VERSION) {
        return err_raise(hs->error, HF_E_LEGACY_VERSION, "0x%04x", (unsigned)sh->legacy_version);
    }
    hs->result->warnings_pass = false;
    hs_forget_verbatim(hs);
    return ext_check_placed(&sh->ext, sh->is_retry ? EXT_HRR : EXT_SH, hs->error);
}

/* What ServerHello and HelloRetryRequest have in common. */
static hf_status judge_common(struct hs *hs, const struct server_hello *sh)
{
    if (!ext_has(&sh->ext, EXT_supported_versions)) {
        /* RFC 9846, 4.2.4: a HelloRetryRequest is of TLS 1.3. */
        TRY(judge_older(hs, sh));
        return err_raise(hs->error, HF_E_VERSION_NOT_OFFERED,
                         "a HelloRetryRequest without supported_versions");
    }
    TRY(judge_version(hs, sh));
    if (!span_eq(sh->legacy_session_id_echo, span_of(hs->session_id, hs->session_id_len))) {
        return err_raise(hs->error, HF_E_SESSION_ID_ECHO, NULL);
    }
    if (!config_list_has(&hs->config->ciphers, sh->cipher_suite) ||
        !suite_find(hs->config->provider, sh->cipher_suite, &hs->result->suite)) {
        return err_raise(hs->error, HF_E_SUITE_NOT_OFFERED, "%s",
                         iana_suite_name(sh->cipher_suite));
    }
    if (sh->legacy_compression_method != 0) {
        return err_raise(hs->error, HF_E_COMPRESSION_CHOSEN, "method %u",
                         (unsigned)sh->legacy_compression_method);
    }
    if (hs->result->retried && sh->cipher_suite != hs->c.retry_suite) {
        return err_raise(hs->error, HF_E_SUITE_CHANGED, "%s, then %s",
                         iana_suite_name(hs->c.retry_suite), iana_suite_name(sh->cipher_suite));
    }
    return HF_OK;
}

static void take_transcript(struct hs *hs)
{
    hs->transcript = hs->early[hs->result->suite.hash == hs->config->provider->sha384];
}

/* Replaces the shares by one that is to be made for the group asked for. */
static hf_status take_retry_group(struct hs *hs, hf_span body)
{
    struct hs_client *c = &hs->c;
    struct rd r = rd_of(body);
    uint16_t id = rd_u16(&r);
    if (!rd_done(&r)) {
        return ext_malformed(hs, EXT_key_share);
    }
    if (!config_list_has(&hs->config->groups, id)) {
        return err_raise(hs->error, HF_E_GROUP_NOT_OFFERED, "%s", iana_group_name(id));
    }
    for (size_t i = 0; i < c->share_count; i++) {
        if (c->shares[i].group->id == id) {
            return err_raise(hs->error, HF_E_RETRY_POINTLESS, "a share of %s was sent",
                             iana_group_name(id));
        }
    }
    for (size_t i = 0; i < c->share_count; i++) {
        c->shares[i].group->clear(c->shares[i].priv);
    }
    memset(c->shares, 0, sizeof c->shares);
    c->shares[0].group = hf_provider_group(hs->config->provider, id);
    c->share_count = 1;
    c->share_done = 0;
    c->retry_group = id;
    return HF_OK;
}

static hf_status take_retry_cookie(struct hs *hs, hf_span body)
{
    struct rd r = rd_of(body);
    hf_span cookie = rd_vec16(&r, 1, 0xffff);
    if (!rd_done(&r)) {
        return ext_malformed(hs, EXT_cookie);
    }
    uint8_t *copy = arena_copy(&hs->arena, cookie);
    if (copy == NULL) {
        return hs_no_memory(hs);
    }
    hs->c.cookie = span_of(copy, cookie.len);
    return HF_OK;
}

/* RFC 9846, 4.3.10: what was sent is lost; what follows goes under other keys, or none. Before the
 * rest of the server's message is judged: its server could not read an alert under the early keys.
 */
static void refuse_early_data(struct hs *hs, hf_resume_reason reason)
{
    if (hs->c.early) {
        hs->c.early = false;
        hs->result->early_reason = (uint8_t)reason;
        TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_EARLY_DATA, .value = 0,
              .name = hf_resume_name(reason), .reason = hf_resume_text(reason));
        hs->write_level = HF_LEVEL_PLAIN;
        hs->sink->drop_send_keys(hs->owner);
    }
}

static hf_status read_retry(struct hs *hs, const struct server_hello *sh)
{
    refuse_early_data(hs, HF_RESUME_RETRIED);
    if (hs->result->retried) {
        return err_raise(hs->error, HF_E_RETRY_TWICE, NULL);
    }
    TRY(judge_common(hs, sh));
    TRY(ext_check_solicited(&sh->ext, hs->c.offered | EXT_BIT(EXT_cookie), hs->error));
    const bool has_group = ext_has(&sh->ext, EXT_key_share);
    const bool has_cookie = ext_has(&sh->ext, EXT_cookie);
    if (!has_group && !has_cookie) {
        return err_raise(hs->error, HF_E_RETRY_POINTLESS, "neither a group nor a cookie");
    }
    if (has_group) {
        TRY(take_retry_group(hs, sh->ext.body[EXT_key_share]));
    }
    if (has_cookie) {
        TRY(take_retry_cookie(hs, sh->ext.body[EXT_cookie]));
    }
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_RETRY, .value = hs->c.retry_group,
          .name = has_group ? iana_group_name(hs->c.retry_group) : "cookie",
          .reason = "the server asks for another hello");
    hs->c.retry_suite = sh->cipher_suite;
    take_transcript(hs);
    transcript_retry(&hs->transcript);
    hs_hash_received(hs);
    hs->result->retried = true;
    hs_go(hs, has_group ? HS_CLI_GENERATE_SHARE : HS_CLI_SEND_HELLO);
    return HF_OK;
}

/* Whether a key exchange goes with this answer, as the modes that were offered allow (RFC 9846,
 * 4.3.11). */
static hf_status judge_mode(struct hs *hs, const struct server_hello *sh, bool *has_share)
{
    const struct config_list *modes = &hs->config->psk_modes;
    const bool is_psk = ext_has(&sh->ext, EXT_pre_shared_key);
    *has_share = ext_has(&sh->ext, EXT_key_share);
    if (!*has_share && !(is_psk && config_list_has(modes, IANA_PSK_MODE_psk_ke))) {
        return err_raise(hs->error, is_psk ? HF_E_PSK_WITHOUT_DHE : HF_E_MISSING_EXTENSION,
                         "key_share in ServerHello");
    }
    if (*has_share && is_psk && !config_list_has(modes, IANA_PSK_MODE_psk_dhe_ke)) {
        return err_raise(hs->error, HF_E_PSK_WITH_DHE, NULL);
    }
    return HF_OK;
}

/* The share of the server and the group it belongs to; the key is computed by the next state. */
static hf_status judge_key_share(struct hs *hs, const struct server_hello *sh)
{
    const struct hs_client *c = &hs->c;
    bool has_share = false;
    TRY(judge_mode(hs, sh, &has_share));
    if (!has_share) {
        return HF_OK;
    }
    struct rd r = rd_of(sh->ext.body[EXT_key_share]);
    uint16_t id = rd_u16(&r);
    hf_span share = rd_vec16(&r, 1, 0xffff);
    if (!rd_done(&r)) {
        return ext_malformed(hs, EXT_key_share);
    }
    if (c->retry_group != 0 && id != c->retry_group) {
        return err_raise(hs->error, HF_E_GROUP_CHANGED, "%s, then %s",
                         iana_group_name(c->retry_group), iana_group_name(id));
    }
    for (size_t i = 0; i < c->share_count; i++) {
        if (c->shares[i].group->id == id) {
            hs->result->group = c->shares[i].group;
            hs->op.u.key_decap.group = c->shares[i].group;
            hs->op.u.key_decap.priv = c->shares[i].priv;
            hs->op.u.key_decap.peer_share = share;
            return HF_OK;
        }
    }
    return err_raise(hs->error, HF_E_GROUP_NOT_OFFERED, "no share of %s was sent",
                     iana_group_name(id));
}

/* The session's key was taken: what it was bound to holds for this connection. */
static void take_session(struct hs *hs)
{
    const struct session_state *state = session_state_of(hs->c.session);
    hs->result->resumed = true;
    hs->result->resume_reason = HF_RESUME_NONE;
    hs->result->peer_proven = (state->flags & SESSION_PEER_PROVEN) != 0;
    if (hs->result->suite.id != state->cipher_suite) {
        refuse_early_data(hs, HF_RESUME_SUITE_DIFFERS);
    }
}

static hf_status judge_psk(struct hs *hs, const struct server_hello *sh)
{
    if (!ext_has(&sh->ext, EXT_pre_shared_key)) {
        return HF_OK;
    }
    struct rd r = rd_of(sh->ext.body[EXT_pre_shared_key]);
    uint16_t selected = rd_u16(&r);
    if (!rd_done(&r)) {
        return ext_malformed(hs, EXT_pre_shared_key);
    }
    if (!psk_offered_at(hs, selected, &hs->c.psk) || hs->c.psk.hash != hs->result->suite.hash) {
        return err_raise(hs->error, HF_E_PSK_INDEX, "index %u", (unsigned)selected);
    }
    hs->result->psk = true;
    /* By its key: an external one may have the ticket's bytes as its name. */
    if (hs->c.session != NULL && hs->c.psk.key.data == session_state_of(hs->c.session)->secret.b) {
        take_session(hs);
    } else {
        refuse_early_data(hs, HF_RESUME_EARLY_NOT_FIRST);
    }
    return HF_OK;
}

static void trace_choice(struct hs *hs)
{
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_VERSION, .value = HF_TLS13,
          .name = "TLS 1.3", .reason = "the server's choice");
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_CIPHER_SUITE,
          .value = hs->result->suite.id, .name = iana_suite_name(hs->result->suite.id),
          .reason = "the server's choice");
    const hf_group *group = hs->result->group;
    TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_GROUP,
          .value = group == NULL ? 0 : group->id, .name = group == NULL ? "none" : group->name,
          .reason = group == NULL ? "the server chose psk_ke: there is no forward secrecy"
                                  : "the server's choice");
    if ((hs->c.offered & EXT_BIT(EXT_pre_shared_key)) != 0) {
        TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_PSK, .value = 0,
              .name = !hs->result->psk      ? "none"
                      : hs->result->resumed ? "session"
                                            : "external key",
              .reason =
                  hs->result->psk ? "the server's choice" : hf_resume_text(HF_RESUME_DECLINED));
    }
}

hf_status hello_client_read(struct hs *hs)
{
    struct server_hello sh;
    TRY(server_hello_parse(hs->msg.body, hs->error, &sh));
    if (sh.is_retry) {
        return read_retry(hs, &sh);
    }
    if (!ext_has(&sh.ext, EXT_supported_versions)) {
        TRY(judge_older(hs, &sh));
        return hello_client_enter12(hs, &sh);
    }
    if (!ext_has(&sh.ext, EXT_pre_shared_key)) {
        refuse_early_data(hs, HF_RESUME_DECLINED);
    }
    TRY(judge_common(hs, &sh));
    TRY(ext_check_solicited(&sh.ext, hs->c.offered, hs->error));
    TRY(judge_key_share(hs, &sh));
    TRY(judge_psk(hs, &sh));
    hello_client_settle_session(hs, hs->result->resumed ? session_state_of(hs->c.session) : NULL);
    if (!hs->result->retried) {
        take_transcript(hs);
    }
    if (hs->result->psk) {
        TRY(auth13_early_exporter(hs, &hs->c.psk));
    }
    hs_hash_received(hs);
    hs->result->version = HF_TLS13;
    if (hs->c.session12 != NULL) {
        hs->result->resume_reason = HF_RESUME_VERSION_DIFFERS;
    }
    trace_choice(hs);
    hs_go(hs, HS_C13_DECAP);
    return HF_OK;
}

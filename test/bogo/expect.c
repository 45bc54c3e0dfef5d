/* What came of a handshake, held against the flags. */
#include <stdio.h>
#include <string.h>

#include "shim.h"

static int differ(const char *what, long long got, long long wanted);
static bool is_text(hf_span got, const char *wanted);
static int chosen_credential(const struct bogo_conn *c, const hf_conn_info *info);
static int expect_stored(const struct bogo_conn *c);
static int expect_names(const struct bogo_conn *c, const hf_conn_info *info);
static int expect_peer(const struct bogo_conn *c, const hf_conn_info *info);
static int expect_sha256(const struct bogo_conn *c, const hf_conn_info *info);
static int expect_chain(const struct bogo_conn *c, const hf_conn_info *info);
static int expect_resumption(const struct bogo_conn *c, const hf_conn_info *info);
static const char *early_reason(const struct bogo_conn *c, const hf_conn_info *info);
static void keep_secret(struct bogo_conn *c, const hf_event *event);
static bool is_same(hf_span a, hf_span b);

int bogo_expect(const struct bogo_conn *c)
{
    const struct bogo_flags *f = c->flags;
    hf_conn_info info;
    hf_conn_describe(c->tls, &info);
    if (f->expect_version != 0 && f->expect_version != info.version) {
        return differ("version", info.version, f->expect_version);
    }
    if (f->expect_cipher != 0 && f->expect_cipher != info.cipher_suite) {
        return differ("cipher suite", info.cipher_suite, f->expect_cipher);
    }
    if (f->expect_cipher_aes != 0 && f->expect_cipher_aes != info.cipher_suite) {
        return differ("cipher suite", info.cipher_suite, f->expect_cipher_aes);
    }
    if (f->expect_curve_id != 0 && f->expect_curve_id != info.group &&
        !(info.resumed && info.version == HF_TLS12)) {
        return differ("group", info.group, f->expect_curve_id);
    }
    if ((f->expect_hrr && !info.retried) || (f->expect_no_hrr && info.retried)) {
        return differ("retried", info.retried, f->expect_hrr);
    }
    const uint16_t scheme = f->server ? info.client_signature_scheme : info.signature_scheme;
    if (!info.resumed && f->expect_peer_signature_algorithm != 0 &&
        f->expect_peer_signature_algorithm != scheme) {
        return differ("signature scheme", scheme, f->expect_peer_signature_algorithm);
    }
    if (f->expect_selected_credential_given) {
        const int chosen = chosen_credential(c, &info);
        if (chosen != f->expect_selected_credential) {
            return differ("credential", chosen, f->expect_selected_credential);
        }
    }
    uint8_t probe[16];
    if (f->expect_extended_master_secret && info.connected &&
        hf_conn_export(c->tls, false, "EXPORTER-probe", (hf_span){NULL, 0}, probe, sizeof probe) !=
            HF_OK) {
        return differ("extended_master_secret", 0, 1); /* RFC 7627, 5.4: no exporters without */
    }
    if (f->server && info.resumed && c->is_resume &&
        info.ticket_age_skew_ms / 1000 != f->expect_ticket_age_skew_s) {
        return differ("ticket age skew", info.ticket_age_skew_ms, f->expect_ticket_age_skew_s);
    }
    if (f->expect_verify_result && info.peer_chain_count > 0 && !c->verified && !info.resumed) {
        return differ("chains verified", 0, 1);
    }
    int code = expect_stored(c);
    code = code != 0 ? code : expect_names(c, &info);
    code = code != 0 ? code : expect_peer(c, &info);
    return code != 0 ? code : expect_resumption(c, &info);
}

/* Whether a server of TLS 1.2 keeps the first session under an identifier. */
static int expect_stored(const struct bogo_conn *c)
{
    const struct bogo_flags *f = c->flags;
    hf_session_store_counts counts;
    hf_session_store_count(c->shared->store, &counts);
    const bool is_wrong = counts.held == 0 ? f->expect_session_id : f->expect_no_session_id;
    return is_wrong && !c->is_resume
               ? differ("stored sessions", (long long)counts.held, f->expect_session_id)
               : 0;
}

static int expect_names(const struct bogo_conn *c, const hf_conn_info *info)
{
    const struct bogo_flags *f = c->flags;
    if (f->expect_server_name != NULL && !is_text(info->server_name, f->expect_server_name)) {
        fprintf(stderr, "server name is not %s\n", f->expect_server_name);
        return 1;
    }
    const char *alpn = f->server ? f->select_alpn : f->expect_alpn;
    if (!is_text(info->alpn, alpn == NULL ? "" : alpn)) {
        fprintf(stderr, "ALPN is not %s but %.*s\n", alpn == NULL ? "" : alpn, (int)info->alpn.len,
                (const char *)info->alpn.data);
        return 1;
    }
    return 0;
}

static int expect_peer(const struct bogo_conn *c, const hf_conn_info *info)
{
    const struct bogo_flags *f = c->flags;
    if (f->expect_ocsp_response.len > 0 && !info->resumed &&
        !is_same(hf_conn_peer_ocsp_response(c->tls), f->expect_ocsp_response)) {
        fprintf(stderr, "another OCSP response\n");
        return 1;
    }
    if (f->expect_sct_list.len > 0 && !info->resumed &&
        !is_same(hf_conn_peer_sct_list(c->tls), f->expect_sct_list)) {
        fprintf(stderr, "another SCT list\n");
        return 1;
    }
    if (f->expect_sha256_client_cert && expect_sha256(c, info) != 0) {
        return 1;
    }
    if (info->psk || info->resumed || (f->server && info->early_data && !info->connected)) {
        return 0; /* the chain is of the session's first handshake; of a key there is none */
    }
    if (f->expect_no_peer_cert && info->peer_chain_count > 0) {
        return differ("certificates of the peer", (long long)info->peer_chain_count, 0);
    }
    const bool needed = !f->server || f->require_any_client_certificate;
    if (!f->expect_no_peer_cert && needed && info->peer_chain_count == 0) {
        return differ("certificates of the peer", 0, 1);
    }
    return f->expect_peer_cert_file == NULL ? 0 : expect_chain(c, info);
}

/* What a session of the server's holds of the client's certificate. */
static int expect_sha256(const struct bogo_conn *c, const hf_conn_info *info)
{
    hf_certificate_summary leaf;
    uint8_t *first = c->shared->client_sha256;
    if (info->resumed) {
        const hf_span wanted = {first, sizeof c->shared->client_sha256};
        return is_same(info->peer_certificate_sha256, wanted)
                   ? 0
                   : differ("SHA-256 of the client's certificate", 0, 1);
    }
    if (!hf_certificate_summarize(hf_conn_peer_certificate(c->tls, 0), &leaf)) {
        return differ("certificates of the client", 0, 1);
    }
    memcpy(first, leaf.sha256, sizeof leaf.sha256);
    return 0;
}

static int expect_chain(const struct bogo_conn *c, const hf_conn_info *info)
{
    hf_error error = {0};
    hf_identity *wanted = NULL;
    const hf_identity_source source = {.size = sizeof source,
                                       .chain = bogo_file(c->flags->expect_peer_cert_file)};
    if (hf_identity_load(&source, &error, &wanted) != HF_OK) {
        fprintf(stderr, "%s: %s\n", c->flags->expect_peer_cert_file, error.detail);
        return 1;
    }
    int code = 0;
    if (hf_identity_chain_count(wanted) != info->peer_chain_count) {
        code = differ("length of the chain", (long long)info->peer_chain_count,
                      (long long)hf_identity_chain_count(wanted));
    }
    for (size_t i = 0; code == 0 && i < info->peer_chain_count; i++) {
        if (!is_same(hf_identity_certificate(wanted, i), hf_conn_peer_certificate(c->tls, i))) {
            fprintf(stderr, "certificate %zu of the peer is another\n", i);
            code = 1;
        }
    }
    hf_identity_free(wanted);
    return code;
}

static int expect_resumption(const struct bogo_conn *c, const hf_conn_info *info)
{
    const struct bogo_flags *f = c->flags;
    const bool resumed = c->is_resume && !f->expect_session_miss;
    if (info->resumed != resumed) {
        fprintf(stderr, "the session was %sresumed: %s\n", info->resumed ? "" : "not ",
                hf_resume_name(info->resume_reason));
        return 1;
    }
    if (c->is_resume && f->expect_no_offer_early_data && info->early_data_offered) {
        return differ("early data offered", 1, 0);
    }
    if ((f->expect_accept_early_data && !info->early_data) ||
        (f->expect_reject_early_data && info->early_data)) {
        fprintf(stderr, "early data was %s: %s\n", info->early_data ? "taken" : "not taken",
                hf_resume_name(info->early_reason));
        return 1;
    }
    if (f->expect_early_data_reason != NULL &&
        strcmp(f->expect_early_data_reason, early_reason(c, info)) != 0) {
        fprintf(stderr, "early data: %s is not %s\n", early_reason(c, info),
                f->expect_early_data_reason);
        return 1;
    }
    return 0;
}

/* What we know, in the runner's words. */
static const char *early_reason(const struct bogo_conn *c, const hf_conn_info *info)
{
    if (info->early_data) {
        return "accept";
    }
    if (!c->flags->enable_early_data) {
        return "disabled";
    }
    if (info->version != HF_TLS13) {
        return "protocol_version";
    }
    if (!info->early_data_offered) {
        return c->is_resume ? c->flags->server ? "peer_declined" : "unsupported_for_session"
                            : "no_session_offered";
    }
    if (!c->flags->server && info->retried) {
        return "hello_retry_request";
    }
    if (!info->resumed) {
        return "session_not_resumed";
    }
    switch (info->early_reason) {
    case HF_RESUME_EARLY_DISABLED:
        return "unsupported_for_session";
    case HF_RESUME_RETRIED:
        return "hello_retry_request";
    case HF_RESUME_ALPN_DIFFERS:
        return "alpn_mismatch";
    case HF_RESUME_AGE_SKEW:
        return "ticket_age_skew";
    case HF_RESUME_EARLY_DECLINED:
        return info->retried ? "hello_retry_request" : "peer_declined";
    default:
        return hf_resume_name(info->early_reason);
    }
}

int bogo_expect_session(const struct bogo_conn *c, const hf_session *got)
{
    const struct bogo_flags *f = c->flags;
    hf_conn_info info;
    hf_conn_describe(c->tls, &info);
    bool expected = !f->expect_no_session;
    if (info.version == HF_TLS13) {
        expected &= !f->shim_shuts_down;
    } else if (info.resumed && !f->expect_ticket_renewal) {
        return 0; /* the session that was resumed may come back, to be kept on */
    }
    if (expected != (got != NULL)) {
        return differ("a new session", got != NULL, expected);
    }
    if (got != NULL && info.version == HF_TLS13) {
        hf_session_info session;
        hf_session_describe(got, &session);
        if ((session.max_early_data > 0) != f->expect_ticket_supports_early_data) {
            return differ("early data of the session", session.max_early_data,
                          f->expect_ticket_supports_early_data);
        }
    }
    return 0;
}

int bogo_expect_end(const struct bogo_conn *c)
{
    if (c->flags->expect_total_renegotiations != 0) {
        return differ("renegotiations", 0, c->flags->expect_total_renegotiations);
    }
    const char *wanted = c->flags->expect_msg_callback;
    if (wanted != NULL && strcmp(wanted, c->messages) != 0) {
        fprintf(stderr, "messages were\n%s", c->messages);
        return 1;
    }
    return 0;
}

static void keep_secret(struct bogo_conn *c, const hf_event *event)
{
    static const char *const labels[] = {
        [HF_CLIENT] = "CLIENT_TRAFFIC_SECRET_0", [HF_SERVER] = "SERVER_TRAFFIC_SECRET_0"};
    const hf_span secret = event->u.secret.secret;
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (strcmp(event->u.secret.label, labels[i]) == 0 &&
            secret.len <= sizeof c->traffic_secret[i]) {
            memcpy(c->traffic_secret[i], secret.data, secret.len);
            c->traffic_secret_len = secret.len;
        }
    }
}

void bogo_watch(void *ctx, const hf_event *event)
{
    struct bogo_conn *c = ctx;
    char line[64] = "";
    if (event->kind == HF_EV_SECRET) {
        keep_secret(c, event);
        return;
    }
    if (event->kind == HF_EV_MESSAGE) {
        (void)snprintf(line, sizeof line, "%s hs %u\n",
                       event->u.message.direction == HF_SENT ? "write" : "read",
                       event->u.message.type);
    } else if (event->kind == HF_EV_ALERT) {
        (void)snprintf(line, sizeof line, "%s alert %u %u\n",
                       event->u.alert.direction == HF_SENT ? "write" : "read", event->u.alert.level,
                       event->u.alert.description);
    } else if (event->kind == HF_EV_RECORD && event->u.record.type == 20) {
        (void)snprintf(line, sizeof line, "%s ccs\n",
                       event->u.record.direction == HF_SENT ? "write" : "read");
    }
    const size_t len = strlen(line);
    if (c->messages_len + len < sizeof c->messages) {
        memcpy(c->messages + c->messages_len, line, len + 1);
        c->messages_len += len;
    }
}

static int differ(const char *what, long long got, long long wanted)
{
    fprintf(stderr, "%s: got %lld, wanted %lld\n", what, got, wanted);
    return 1;
}

/* Its number among the credentials; -1: none, or that of flags before the first. Which of several
 * pre-shared keys it was is not told: the runner looks at that itself. */
static int chosen_credential(const struct bogo_conn *c, const hf_conn_info *info)
{
    const struct bogo_flags *f = c->flags;
    const int wanted = f->expect_selected_credential;
    if (info->psk && !info->resumed) {
        return wanted >= 0 && f->credentials[wanted].is_psk ? wanted : BOGO_CREDENTIALS_MAX;
    }
    if (info->chosen_identity < 0 || c->identities.credentials[info->chosen_identity] == &f->base) {
        return -1;
    }
    return (int)(c->identities.credentials[info->chosen_identity] - f->credentials);
}

static bool is_text(hf_span got, const char *wanted)
{
    return got.len == strlen(wanted) && (got.len == 0 || memcmp(got.data, wanted, got.len) == 0);
}

static bool is_same(hf_span a, hf_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

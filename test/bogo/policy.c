/* A configuration from the flags. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

/* The suites that the runner expects of a stack without CBC: no DHE, which it does not have. */
static const char all_ciphers[] =
    "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256,"
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,"
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,"
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,"
    "TLS_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_256_GCM_SHA384";

/* What the runner expects to be accepted without -verify-prefs. */
static const char usual_schemes[] =
    "ecdsa_secp256r1_sha256,rsa_pss_rsae_sha256,rsa_pkcs1_sha256,ecdsa_secp384r1_sha384,"
    "rsa_pss_rsae_sha384,rsa_pkcs1_sha384,rsa_pss_rsae_sha512,rsa_pkcs1_sha512";

static int set_versions(const struct bogo_flags *f, hf_config *config);
static int set_lists(const struct bogo_flags *f, hf_config *config);
static int set_ciphers(const struct bogo_flags *f, hf_config *config);
static bool is_barred(const char *words, const char *name, size_t name_len);
static int set_alpn(const struct bogo_flags *f, hf_config *config);
static int set_peer(const struct bogo_flags *f, hf_config *config);
static int set_authorities(const char *list, hf_config *config);
static int set_sessions(const struct bogo_conn *c, hf_config *config);
static int set_operations(const struct bogo_flags *f, hf_config *config);
static int set_identities(struct bogo_conn *c);
static int load(struct bogo_conn *c, const struct bogo_credential *from);
static int import(struct bogo_conn *c, const struct bogo_credential *from);
static bool join(hf_code_list list, const struct bogo_list *codes, char *out, size_t cap);
static int judge(const hf_config *config, hf_status status, const char *about);

int bogo_policy(struct bogo_conn *c)
{
    const struct bogo_flags *f = c->flags;
    c->config = hf_config_new(f->server ? HF_SERVER : HF_CLIENT, NULL);
    if (c->config == NULL) {
        return 1;
    }
    int code = set_versions(f, c->config);
    code = code != 0 ? code : set_lists(f, c->config);
    code = code != 0 ? code : set_alpn(f, c->config);
    code = code != 0 ? code : set_peer(f, c->config);
    code = code != 0 ? code : set_sessions(c, c->config);
    code = code != 0 ? code : set_operations(f, c->config);
    code = code != 0 ? code : set_identities(c);
    return code != 0 ? code : judge(c->config, hf_config_freeze(c->config), "freeze");
}

void bogo_policy_free(struct bogo_conn *c)
{
    for (size_t i = 0; i < c->identities.count; i++) {
        hf_identity_free(c->identities.items[i]);
    }
    hf_config_free(c->config);
}

static int set_versions(const struct bogo_flags *f, hf_config *config)
{
    if ((f->no_tls12 && f->no_tls13) || (f->max_version != 0 && f->max_version < HF_TLS12)) {
        return bogo_unimplemented("TLS 1.0 and 1.1");
    }
    hf_version lowest = f->min_version == HF_TLS13 || f->no_tls12 ? HF_TLS13 : HF_TLS12;
    hf_version highest = f->max_version == HF_TLS12 || f->no_tls13 ? HF_TLS12 : HF_TLS13;
    return judge(config, hf_config_set_versions(config, lowest, highest), "versions");
}

static int set_lists(const struct bogo_flags *f, hf_config *config)
{
    char names[BOGO_TEXT_MAX];
    int code = set_ciphers(f, config);
    if (code == 0 && f->curves.given) {
        for (size_t i = 0; i < f->curves_flags.count; i++) {
            if (f->curves_flags.items[i] != 0) {
                return bogo_unimplemented("groups of equal preference");
            }
        }
        code = join(HF_CODES_GROUP, &f->curves, names, sizeof names)
                   ? judge(config, hf_config_set_groups(config, names), "groups")
                   : 1;
    }
    if (code == 0 && !f->server && (f->key_shares.given || f->no_key_shares)) {
        code = join(HF_CODES_GROUP, &f->key_shares, names, sizeof names)
                   ? judge(config, hf_config_set_key_shares(config, names), "key shares")
                   : 1;
    }
    if (code == 0) {
        code = f->verify_prefs.given &&
                       !join(HF_CODES_SIGNATURE_SCHEME, &f->verify_prefs, names, sizeof names)
                   ? 1
                   : judge(config,
                           hf_config_set_signature_algorithms(
                               config, f->verify_prefs.given ? names : usual_schemes),
                           "signature algorithms");
    }
    if (code == 0 && !f->server) {
        code =
            judge(config, hf_config_set_grease(config, f->enable_grease || f->permute_extensions),
                  "grease");
    }
    if (code == 0 && f->install_cert_compression_algs) {
        code = judge(config,
                     hf_config_set_certificate_compression(config, hf_config_names("compression")),
                     "compression");
    }
    if (code == 0 && f->fallback_scsv) {
        code = judge(config, hf_config_set_fallback(config, true), "fallback");
    }
    if (code == 0) {
        const hf_limits limits = {.size = sizeof limits,
                                  .handshake_message = (uint32_t)f->max_cert_list,
                                  .chain_depth = BOGO_CHAIN_MAX};
        code = judge(config, hf_config_set_limits(config, &limits), "limits");
    }
    return code;
}

/* "DEFAULT", and behind it ":!WORD" for each word that no name shall have. */
static int set_ciphers(const struct bogo_flags *f, hf_config *config)
{
    char names[BOGO_TEXT_MAX] = "";
    const char *rule = f->cipher == NULL ? "DEFAULT" : f->cipher;
    if (strncmp(rule, "DEFAULT", 7) != 0 || (rule[7] != '\0' && rule[7] != ':')) {
        return bogo_unimplemented("-cipher");
    }
    size_t used = 0;
    for (const char *name = all_ciphers; *name != '\0';) {
        const size_t len = strcspn(name, ",");
        if (!is_barred(rule + 7, name, len)) {
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s",
                                     used == 0 ? "" : ",", (int)len, name);
        }
        name += name[len] == ',' ? len + 1 : len;
    }
    return judge(config, hf_config_set_ciphers(config, names), "ciphers");
}

static bool is_barred(const char *words, const char *name, size_t name_len)
{
    for (; strncmp(words, ":!", 2) == 0; words += strcspn(words, ":")) {
        words += 2;
        if (memmem(name, name_len, words, strcspn(words, ":")) != NULL) {
            return true;
        }
    }
    return false;
}

/* A client offers what -advertise-alpn lists; a server has the one that -select-alpn names, or one
 * that nobody offers. */
static int set_alpn(const struct bogo_flags *f, hf_config *config)
{
    char names[BOGO_TEXT_MAX] = "";
    if (!f->server && f->advertise_alpn != NULL) {
        const char *at = f->advertise_alpn;
        size_t len = strlen(at);
        size_t used = 0;
        while (len > 0) {
            const size_t name_len = (uint8_t)at[0];
            if (name_len == 0 || name_len >= len || used + name_len + 2 > sizeof names) {
                return bogo_unimplemented("an empty or very long list of ALPN names");
            }
            if (used > 0) {
                names[used++] = ',';
            }
            for (size_t i = 0; i < name_len; i++) {
                names[used++] = at[1 + i];
            }
            names[used] = '\0';
            at += 1 + name_len;
            len -= 1 + name_len;
        }
    }
    if (f->server && f->select_alpn != NULL) {
        (void)snprintf(names, sizeof names, "%s", f->select_alpn);
    }
    if (f->server && f->reject_alpn) {
        (void)snprintf(names, sizeof names, "%s", "nobody-offers-this");
    }
    return judge(config, hf_config_set_alpn(config, names), "alpn");
}

static int set_peer(const struct bogo_flags *f, hf_config *config)
{
    hf_verify verify = HF_VERIFY_NONE;
    if (f->verify_peer) {
        verify = f->server ? HF_VERIFY_REQUEST : HF_VERIFY_REQUIRE;
    }
    if (f->require_any_client_certificate && f->server) {
        verify = HF_VERIFY_REQUIRE;
    }
    int code = judge(config, hf_config_set_verify(config, verify), "verify");
    if (code == 0 && f->server) {
        code = set_authorities(f->use_client_ca_list, config);
    }
    if (code == 0 && !f->server) {
        const bool ask = f->enable_ocsp_stapling || f->enable_signed_cert_timestamps;
        code = judge(config, hf_config_set_request_status(config, ask), "status");
    }
    return code;
}

/* "3000,3100": names in hexadecimal; "<EMPTY>" and "<NULL>": none. */
static int set_authorities(const char *list, hf_config *config)
{
    static uint8_t bytes[BOGO_TEXT_MAX];
    hf_span names[BOGO_CHAIN_MAX];
    size_t count = 0;
    size_t used = 0;
    if (list == NULL || list[0] == '<') {
        return judge(config, hf_config_set_send_authorities(config, false), "authorities");
    }
    while (*list != '\0' && count < BOGO_CHAIN_MAX) {
        const size_t len = strcspn(list, ",") / 2;
        names[count] = (hf_span){bytes + used, len};
        for (size_t i = 0; i < len && used < sizeof bytes; i++, list += 2) {
            const char digits[] = {list[0], list[1], '\0'};
            bytes[used++] = (uint8_t)strtoul(digits, NULL, 16);
        }
        count++;
        list += *list == ',' ? 1 : 0;
    }
    return judge(config, hf_config_set_authorities(config, names, count), "authorities");
}

static int set_sessions(const struct bogo_conn *c, hf_config *config)
{
    const struct bogo_flags *f = c->flags;
    if (!f->server) {
        const int code =
            judge(config, hf_config_set_resumption(config, !f->no_ticket), "resumption");
        return code != 0 ? code
                         : judge(config, hf_config_set_reverify(config, f->reverify_on_resume),
                                 "reverify");
    }
    int code = judge(config, hf_config_set_session_store(config, c->shared->store), "store");
    if (code == 0 && f->no_ticket) {
        code = judge(config, hf_config_set_tickets(config, 0, 7200), "tickets");
    }
    if (code == 0 && !f->no_ticket) {
        code = judge(config, hf_config_set_ticket_keys(config, c->shared->keys), "ticket keys");
    }
    if (code == 0 && f->enable_early_data) {
        code = judge(config, hf_config_set_early_data(config, BOGO_EARLY_MAX, BOGO_WINDOW_MS),
                     "early data");
        code = code != 0
                   ? code
                   : judge(config, hf_config_set_replay_guard(config, c->shared->guard), "guard");
    }
    return code;
}

/* What the shim always answers itself, and with -async everything. */
static int set_operations(const struct bogo_flags *f, hf_config *config)
{
    unsigned mask = HF_OP_BIT(HF_OP_VERIFY_CHAIN) | HF_OP_BIT(HF_OP_CHOOSE_IDENTITY);
    if (f->server) {
        mask |= HF_OP_BIT(HF_OP_CHOOSE_CONFIG);
    }
    if (f->skip_ticket) {
        mask |= HF_OP_BIT(HF_OP_TICKET_SEAL);
    }
    if (f->renew_ticket) {
        mask |= HF_OP_BIT(HF_OP_TICKET_OPEN);
    }
    if (f->async) {
        mask |= HF_OP_BIT(HF_OP_SIGN) | HF_OP_BIT(HF_OP_VERIFY_SIGNATURE) |
                HF_OP_BIT(HF_OP_KEY_GENERATE) | HF_OP_BIT(HF_OP_KEY_ENCAP) |
                HF_OP_BIT(HF_OP_KEY_DECAP);
        if (f->server) {
            mask |= HF_OP_BIT(HF_OP_DECRYPT) | HF_OP_BIT(HF_OP_SESSION_FIND) |
                    HF_OP_BIT(HF_OP_SESSION_PUT);
        }
        if (f->server && !f->no_ticket) {
            mask |= HF_OP_BIT(HF_OP_TICKET_OPEN) | HF_OP_BIT(HF_OP_TICKET_SEAL);
        }
        if (f->server && f->enable_early_data) {
            mask |= HF_OP_BIT(HF_OP_REPLAY_CHECK);
        }
    }
    return judge(config, hf_config_external_ops(config, mask), "operations");
}

static int set_identities(struct bogo_conn *c)
{
    const struct bogo_flags *f = c->flags;
    struct bogo_identities *ids = &c->identities;
    int code = 0;
    for (size_t i = 0; code == 0 && i < f->credential_count; i++) {
        code =
            f->credentials[i].is_psk ? import(c, &f->credentials[i]) : load(c, &f->credentials[i]);
    }
    if (code == 0 && f->base.cert_file != NULL) {
        ids->has_base = true;
        code = load(c, &f->base);
    }
    if (code != 0 || ids->count == 0) {
        return code;
    }
    hf_identity_store *store = hf_identity_store_new(ids->items, ids->count);
    if (store == NULL) {
        return 1;
    }
    code = judge(c->config, hf_config_set_identities(c->config, store), "identities");
    hf_identity_store_free(store);
    return code;
}

static int load(struct bogo_conn *c, const struct bogo_credential *from)
{
    struct bogo_identities *ids = &c->identities;
    hf_error error = {0};
    const hf_identity_source source = {
        .size = sizeof source,
        .chain = bogo_file(from->cert_file),
        .key = bogo_file(from->key_file),
        .ocsp_response = c->flags->decline_ocsp_callback ? (hf_span){NULL, 0} : from->ocsp_response,
        .staple_as_is = true, /* the runner's is "1234" */
        .sct_list = from->sct_list,
    };
    ids->credentials[ids->count] = from;
    if (hf_identity_load(&source, &error, &ids->items[ids->count]) == HF_OK) {
        ids->count++;
        return 0;
    }
    if (error.code == HF_E_KEY_UNSUPPORTED) {
        return bogo_unimplemented("keys of RSA under 2048 bits, and of unusual kinds");
    }
    fprintf(stderr, ":%s: %s: %s\n", hf_err_lookup(error.code)->name,
            from->cert_file == NULL ? "-" : from->cert_file, error.detail);
    return 1;
}

static int import(struct bogo_conn *c, const struct bogo_credential *from)
{
    return judge(c->config,
                 hf_config_add_psk(c->config, from->psk_identity, from->psk_context, from->psk_key,
                                   from->psk_sha384 ? 384 : 256),
                 "pre-shared key");
}

static bool join(hf_code_list list, const struct bogo_list *codes, char *out, size_t cap)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < codes->count; i++) {
        const int n = snprintf(out + used, cap - used, "%s%s", i == 0 ? "" : ",",
                               hf_code_name(list, codes->items[i]));
        if (n < 0 || (size_t)n >= cap - used) {
            return false;
        }
        used += (size_t)n;
    }
    return true;
}

static int judge(const hf_config *config, hf_status status, const char *about)
{
    const hf_error *error = hf_config_error(config);
    if (status == HF_OK) {
        return 0;
    }
    /* A list that one role or version cannot use is a choice of this library, too. */
    if (error->code == HF_E_CONFIG_UNKNOWN_NAME || strcmp(about, "signature algorithms") == 0) {
        char what[64];
        (void)snprintf(what, sizeof what, "%s that are not there", about);
        return bogo_unimplemented(what);
    }
    fprintf(stderr, ":%s: %s: %s\n", hf_err_lookup(error->code)->name, about, error->detail);
    return 1;
}

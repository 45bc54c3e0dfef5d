#include "support/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

struct kind {
    const char *name;
    bool is_post;
    void (*make)(struct run *run);
};

static void make_full(struct run *run);
static void make_defaults(struct run *run);
static void make_retry(struct run *run);
static void make_cookie(struct run *run);
static void make_cookie_group(struct run *run);
static void make_mutual(struct run *run);
static void make_mutual_empty(struct run *run);
static void make_compressed(struct run *run);
static void make_psk(struct run *run);
static void make_psk_retry(struct run *run);
static void make_psk_ke(struct run *run);
static void make_tickets(struct run *run);
static hf_session *session_of(enum run_kind kind, bool with_chain);
static void make_resumed(struct run *run);
static void make_reverified(struct run *run);
static void make_post_auth(struct run *run);
static void make_post_auth_empty(struct run *run);
static void make_chosen_config(struct run *run);
static void make_bare(struct run *run);
static void make_12_full(struct run *run);
static void make_12_fallback(struct run *run);
static void make_12_mutual(struct run *run);
static void make_12_mutual_empty(struct run *run);
static void make_12_rsa(struct run *run);
static void make_12_rsa_mutual(struct run *run);
static void make_12_bare(struct run *run);
static void make_12_tickets(struct run *run);
static void make_12_resumed(struct run *run);
static void make_12_reverified(struct run *run);
static void make_12_renewed(struct run *run);
static void make_12_refused(struct run *run);
static void make_12_id(struct run *run);
static void make_12_id_resumed(struct run *run);
static void set(const hf_config *config, hf_status status);

static const struct kind kinds[RUN_KIND_COUNT] = {
    [RUN_FULL] = {"full", false, make_full},
    [RUN_DEFAULTS] = {"defaults", false, make_defaults},
    [RUN_RETRY] = {"retry", false, make_retry},
    [RUN_COOKIE] = {"cookie", false, make_cookie},
    [RUN_COOKIE_GROUP] = {"cookie and group", false, make_cookie_group},
    [RUN_MUTUAL] = {"mutual", false, make_mutual},
    [RUN_MUTUAL_EMPTY] = {"mutual without certificate", false, make_mutual_empty},
    [RUN_COMPRESSED] = {"compressed", false, make_compressed},
    [RUN_PSK] = {"psk", false, make_psk},
    [RUN_PSK_RETRY] = {"psk after retry", false, make_psk_retry},
    [RUN_PSK_KE] = {"psk without key exchange", false, make_psk_ke},
    [RUN_TICKETS] = {"tickets", false, make_tickets},
    [RUN_RESUMED] = {"resumed with early data", false, make_resumed},
    [RUN_REVERIFIED] = {"resumed with its chain", false, make_reverified},
    [RUN_POST_AUTH] = {"post-handshake authentication", true, make_post_auth},
    [RUN_POST_AUTH_EMPTY] = {"post-handshake authentication without certificate", true,
                             make_post_auth_empty},
    [RUN_CHOSEN_CONFIG] = {"chosen configuration", false, make_chosen_config},
    [RUN_BARE] = {"bare", false, make_bare},
    [RUN_12_FULL] = {"1.2 full", false, make_12_full},
    [RUN_12_FALLBACK] = {"1.2 for a client of 1.3", false, make_12_fallback},
    [RUN_12_MUTUAL] = {"1.2 mutual", false, make_12_mutual},
    [RUN_12_MUTUAL_EMPTY] = {"1.2 mutual without certificate", false, make_12_mutual_empty},
    [RUN_12_RSA] = {"1.2 key transport", false, make_12_rsa},
    [RUN_12_RSA_MUTUAL] = {"1.2 key transport, mutual", false, make_12_rsa_mutual},
    [RUN_12_BARE] = {"1.2 bare", false, make_12_bare},
    [RUN_12_TICKETS] = {"1.2 tickets", false, make_12_tickets},
    [RUN_12_RESUMED] = {"1.2 resumed", false, make_12_resumed},
    [RUN_12_REVERIFIED] = {"1.2 resumed with its chain", false, make_12_reverified},
    [RUN_12_RENEWED] = {"1.2 resumed with a new ticket", false, make_12_renewed},
    [RUN_12_REFUSED] = {"1.2 not resumed", false, make_12_refused},
    [RUN_12_ID] = {"1.2 session", false, make_12_id},
    [RUN_12_ID_RESUMED] = {"1.2 resumed by identifier", false, make_12_id_resumed},
};

/* Short chains whose signatures are quick to verify: most tests run thousands of handshakes. */
static struct pki server_pki;
static struct pki client_pki;
static struct pki *long_pki; /* with an intermediate authority */
static struct pki rsa_pki;

/* --- Certificates ----------------------------------------------------------------------------- */

static void make_short(struct pki *pki, enum pki_kind kind, const char *name)
{
    *pki = (struct pki){.ca = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true})};
    pki->leaf = pki_make(&(struct pki_spec){.kind = kind, .issuer = pki->ca, .names = name});
    pki->ca_pem = pki->ca->pem;
    pki->chain_pem = pki->leaf->pem;
    pki->key_pem = pki->leaf->key_pem;
    pki->chain[0] = pki->leaf->der;
}

static void free_short(struct pki *pki)
{
    pki_cert_free(pki->leaf);
    pki_cert_free(pki->ca);
}

int run_setup(void **state)
{
    (void)state;
    make_short(&server_pki, PKI_ED25519, "server.example");
    make_short(&client_pki, PKI_ED25519, "client.example");
    make_short(&rsa_pki, PKI_RSA_2048, "server.example");
    long_pki = pki_simple_by(PKI_ED25519, PKI_ED25519, "server.example");
    return 0;
}

int run_teardown(void **state)
{
    (void)state;
    free_short(&server_pki);
    free_short(&client_pki);
    free_short(&rsa_pki);
    pki_free(long_pki);
    return 0;
}

const struct pki *run_server_pki(void)
{
    return &server_pki;
}

const struct pki *run_client_pki(void)
{
    return &client_pki;
}

/* --- Life ------------------------------------------------------------------------------------- */

const char *run_name(enum run_kind kind)
{
    return kinds[kind].name;
}

bool run_is_12(enum run_kind kind)
{
    return kind >= RUN_12_FULL && kind < RUN_KIND_COUNT;
}

bool run_is_post(enum run_kind kind)
{
    return kinds[kind].is_post;
}

void run_make(struct run *run, enum run_kind kind)
{
    *run = (struct run){.kind = kind};
    const bool is_rsa = kind == RUN_12_RSA || kind == RUN_12_RSA_MUTUAL;
    const struct pki *pki = kind == RUN_DEFAULTS ? long_pki : is_rsa ? &rsa_pki : &server_pki;
    run->client = pair_client_config(pki);
    run->server = pair_server_config(pki);
    set(run->client, hf_config_set_random(run->client, pair_random, &run->client_seed));
    set(run->server, hf_config_set_random(run->server, pair_random, &run->server_seed));
    if (kind != RUN_DEFAULTS) {
        set(run->client, hf_config_set_versions(run->client, HF_TLS13, HF_TLS13));
        set(run->server, hf_config_set_versions(run->server, HF_TLS13, HF_TLS13));
    }
    kinds[kind].make(run);
}

void run_clear(struct run *run)
{
    hf_config_free(run->client);
    hf_config_free(run->server);
    hf_session_free(run->session);
    *run = (struct run){.kind = RUN_KIND_COUNT};
}

int run_drop(void **state)
{
    run_clear(*state);
    return 0;
}

void run_set(hf_status status)
{
    assert_int_equal(status, HF_OK);
}

static void rewind_seeds(struct run *run)
{
    run->client_seed = (struct pair_seed){1};
    run->server_seed = (struct pair_seed){2};
}

/* Only a cookie needs it. */
static hf_span address_of(const struct run *run)
{
    const bool is_needed = run->server->stateless_retry;
    return (hf_span){(const uint8_t *)"192.0.2.7", is_needed ? 9 : 0};
}

struct pair *run_start(struct run *run, const struct pair_options *extra)
{
    struct pair_options options = extra == NULL ? (struct pair_options){.chunk = 0} : *extra;
    rewind_seeds(run);
    options.client = pair_freeze(run->client);
    options.server = pair_freeze(run->server);
    options.peer_address = address_of(run);
    options.session = run->session;
    options.early_data = run->early_data;
    return pair_new(&options);
}

hf_conn *run_start_end(struct run *run, hf_role role, const hf_trace *trace)
{
    const bool is_client = role == HF_CLIENT;
    hf_conn_params params = {.size = sizeof params, .now_ms = PKI_NOW * 1000, .trace = trace};
    if (is_client) {
        params.server_name = "server.example";
        params.session = run->session;
        params.early_data = run->early_data;
    } else {
        params.peer_address = address_of(run);
    }
    hf_conn *conn = NULL;
    rewind_seeds(run);
    const hf_config *config = pair_freeze(is_client ? run->client : run->server);
    return hf_conn_new(config, &params, &conn) == HF_OK ? conn : NULL;
}

bool run_finish(struct run *run, struct pair *p)
{
    if (!pair_handshake(p)) {
        return false;
    }
    if (!kinds[run->kind].is_post) {
        return true;
    }
    if (hf_conn_request_certificate(p->server.conn) != HF_OK) {
        return false;
    }
    pair_settle(p);
    hf_conn_info info;
    hf_conn_describe(p->server.conn, &info);
    return info.connected && !info.post_auth_pending && hf_conn_is_connected(p->client.conn);
}

void run_must_finish(struct run *run, struct pair *p)
{
    if (!run_finish(run, p)) {
        fail_msg("%s: %s", run_name(run->kind), run_describe(p));
    }
}

const char *run_describe(const struct pair *p)
{
    static char text[700];
    const hf_error *c = hf_conn_error(p->client.conn);
    const hf_error *s = hf_conn_error(p->server.conn);
    (void)snprintf(text, sizeof text, "client %s %s (%s); server %s %s (%s)",
                   hf_conn_state(p->client.conn),
                   c->code == HF_E_NONE ? "ok" : hf_err_lookup(c->code)->name, c->detail,
                   hf_conn_state(p->server.conn),
                   s->code == HF_E_NONE ? "ok" : hf_err_lookup(s->code)->name, s->detail);
    return text;
}

/* --- The kinds -------------------------------------------------------------------------------- */

static void set(const hf_config *config, hf_status status)
{
    if (status != HF_OK) {
        (void)fprintf(stderr, "run: %s\n", hf_config_error(config)->detail);
        abort();
    }
}

/* The cheapest group: most tests run thousands of handshakes. */
static void use_x25519(struct run *run)
{
    set(run->client, hf_config_set_groups(run->client, "x25519"));
    set(run->server, hf_config_set_groups(run->server, "x25519"));
}

/* A stapled OCSP response and SCTs with the server's chain. */
static void staple_to(struct run *run, const struct pki *pki)
{
    static const uint8_t staple[] = {0x30, 0x03, 0x0a, 0x01, 0x01};
    static const uint8_t scts[] = {0, 6, 0, 4, 1, 2, 3, 4};
    hf_identity_source source = {
        .size = sizeof source,
        .chain = {(const uint8_t *)pki->chain_pem, strlen(pki->chain_pem)},
        .key = {(const uint8_t *)pki->key_pem, strlen(pki->key_pem)},
        .ocsp_response = {staple, sizeof staple},
        .sct_list = {scts, sizeof scts},
    };
    hf_identity *identity = NULL;
    hf_error error = {.code = HF_E_NONE};
    if (hf_identity_load(&source, &error, &identity) != HF_OK) {
        (void)fprintf(stderr, "run: %s\n", error.detail);
        abort();
    }
    hf_identity_store *store = hf_identity_store_new(&identity, 1);
    set(run->server, hf_config_set_identities(run->server, store));
    hf_identity_store_free(store);
    hf_identity_free(identity);
}

static void make_full(struct run *run)
{
    use_x25519(run);
    set(run->client, hf_config_set_alpn(run->client, "h2,http/1.1"));
    set(run->server, hf_config_set_alpn(run->server, "http/1.1"));
    set(run->server, hf_config_set_announce_groups(run->server, true));
    staple_to(run, &server_pki);
}

static void make_defaults(struct run *run)
{
    (void)run;
}

static void make_retry(struct run *run)
{
    set(run->client, hf_config_set_groups(run->client, "secp256r1,x25519"));
    set(run->client, hf_config_set_key_shares(run->client, "secp256r1"));
    set(run->server, hf_config_set_groups(run->server, "x25519"));
}

static void make_cookie(struct run *run)
{
    static const uint8_t key[32] = {1, 2, 3};
    use_x25519(run);
    set(run->server, hf_config_set_stateless_retry(run->server, (hf_span){key, sizeof key}, true));
}

static void make_cookie_group(struct run *run)
{
    static const uint8_t key[32] = {4, 5, 6};
    use_x25519(run);
    set(run->client, hf_config_set_key_shares(run->client, ""));
    set(run->server, hf_config_set_stateless_retry(run->server, (hf_span){key, sizeof key}, false));
}

static void make_mutual(struct run *run)
{
    use_x25519(run);
    pair_make_mutual(run->client, run->server, &client_pki);
}

static void make_mutual_empty(struct run *run)
{
    use_x25519(run);
    hf_trust_store *trust = pair_trust(&client_pki);
    set(run->server, hf_config_set_trust(run->server, trust));
    hf_trust_store_free(trust);
    set(run->server, hf_config_set_verify(run->server, HF_VERIFY_REQUEST));
}

static void make_compressed(struct run *run)
{
    make_mutual(run);
    set(run->client, hf_config_set_certificate_compression(run->client, "brotli,zlib"));
    set(run->server, hf_config_set_certificate_compression(run->server, "zlib,brotli"));
}

/* A guard that lets everything pass: the runs of a kind are replays of each other. */
static hf_resume_reason never_seen(void *ctx, hf_span key, int64_t now_ms, uint32_t window_ms)
{
    (void)ctx;
    (void)key;
    (void)now_ms;
    (void)window_ms;
    return HF_RESUME_NONE;
}

/* The same randomness in every run: a ticket's nonce is a part of its bytes. */
static bool ticket_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 0x5c, len);
    return true;
}

static void add_ticket_key(hf_ticket_keys *keys, const char *name, int64_t from_ms,
                           int64_t until_ms)
{
    hf_ticket_key key = {.key = "of tickets",
                         .encrypt_from_ms = from_ms,
                         .encrypt_until_ms = until_ms,
                         .decrypt_until_ms = PKI_NOW * 1000 + 7200000};
    (void)snprintf((char *)key.name, sizeof key.name, "%s", name);
    if (keys == NULL || hf_ticket_keys_add(keys, &key) != HF_OK) {
        abort();
    }
}

static hf_ticket_keys *empty_ring(struct run *run)
{
    run->provider = *hf_provider_default();
    run->provider.random = ticket_random;
    return hf_ticket_keys_new(&run->provider);
}

/* One key, which seals and opens at PKI_NOW. */
hf_ticket_keys *run_ticket_keys(struct run *run)
{
    const int64_t now_ms = PKI_NOW * 1000;
    hf_ticket_keys *keys = empty_ring(run);
    add_ticket_key(keys, "the only key", now_ms - 1000, now_ms + 3600000);
    return keys;
}

/* The same key, which only opens by now or is gone, and one that seals. */
static hf_ticket_keys *rotated_ticket_keys(struct run *run, bool is_gone)
{
    const int64_t now_ms = PKI_NOW * 1000;
    hf_ticket_keys *keys = empty_ring(run);
    if (!is_gone) {
        add_ticket_key(keys, "the only key", now_ms - 1000, now_ms);
    }
    add_ticket_key(keys, "the next key", now_ms, now_ms + 3600000);
    return keys;
}

static void add_psk(hf_config *config, const char *name)
{
    const hf_span identity = {(const uint8_t *)name, strlen(name)};
    const hf_span key = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32};
    set(config, hf_config_add_raw_psk(config, identity, key, 256));
}

static void import_psk(hf_config *config, const char *name)
{
    const hf_span identity = {(const uint8_t *)name, strlen(name)};
    const hf_span context = {(const uint8_t *)"a context", 9};
    const hf_span key = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32};
    set(config, hf_config_add_psk(config, identity, context, key, 256));
}

static void make_psk(struct run *run)
{
    use_x25519(run);
    add_psk(run->client, "device-6");
    add_psk(run->client, "device-7");
    add_psk(run->server, "device-7");
    hf_ticket_keys *keys = run_ticket_keys(run); /* the unknown one could be a ticket */
    set(run->server, hf_config_set_ticket_keys(run->server, keys));
    set(run->server, hf_config_set_tickets(run->server, 0, 1));
    hf_ticket_keys_free(keys);
}

static void make_psk_retry(struct run *run)
{
    use_x25519(run);
    set(run->client, hf_config_set_key_shares(run->client, ""));
    set(run->client, hf_config_set_ciphers(run->client, "TLS_AES_256_GCM_SHA384"));
    import_psk(run->client, "device-8");
    import_psk(run->server, "device-8");
}

static void make_psk_ke(struct run *run)
{
    make_psk(run);
    set(run->client, hf_config_set_psk_modes(run->client, "psk_ke"));
    set(run->server, hf_config_set_psk_modes(run->server, "psk_dhe_ke,psk_ke"));
}

static void make_tickets(struct run *run)
{
    use_x25519(run);
    set(run->client, hf_config_set_alpn(run->client, "h2,http/1.1"));
    set(run->server, hf_config_set_alpn(run->server, "http/1.1"));
    set(run->client, hf_config_set_resumption(run->client, true));
    hf_replay_guard *guard = hf_replay_guard_new(
        &(hf_replay_calls){.size = sizeof(hf_replay_calls), .check = never_seen}, NULL);
    hf_ticket_keys *keys = run_ticket_keys(run);
    set(run->server, hf_config_set_ticket_keys(run->server, keys));
    set(run->server, hf_config_set_replay_guard(run->server, guard));
    set(run->server, hf_config_set_early_data(run->server, 16384, 10000));
    hf_ticket_keys_free(keys);
    hf_replay_guard_free(guard);
}

hf_session *run_session_of(enum run_kind kind)
{
    return session_of(kind, false);
}

static hf_session *session_of(enum run_kind kind, bool with_chain)
{
    static struct run first;
    run_make(&first, kind);
    set(first.client, hf_config_set_reverify(first.client, with_chain));
    struct pair *p = run_start(&first, NULL);
    hf_session *session =
        p == NULL || !pair_handshake(p) ? NULL : hf_conn_take_session(p->client.conn);
    pair_free(p);
    run_clear(&first);
    if (session == NULL) {
        (void)fprintf(stderr, "run: no session came\n");
        abort();
    }
    return session;
}

static void make_resumed(struct run *run)
{
    run->session = run_session_of(RUN_TICKETS);
    run->early_data = true;
    make_tickets(run);
}

static void make_reverified(struct run *run)
{
    run->session = session_of(RUN_TICKETS, true);
    run->early_data = true;
    make_tickets(run);
    set(run->client, hf_config_set_reverify(run->client, true));
}

static void make_post_auth(struct run *run)
{
    make_mutual(run);
    set(run->server, hf_config_set_verify(run->server, HF_VERIFY_NONE));
    set(run->client, hf_config_set_post_handshake_auth(run->client, true));
}

static void make_post_auth_empty(struct run *run)
{
    make_mutual_empty(run);
    set(run->server, hf_config_set_verify(run->server, HF_VERIFY_NONE));
    set(run->client, hf_config_set_post_handshake_auth(run->client, true));
}

static void make_chosen_config(struct run *run)
{
    use_x25519(run);
    set(run->server, hf_config_external_ops(run->server, HF_OP_BIT(HF_OP_CHOOSE_CONFIG)));
}

static void make_bare(struct run *run)
{
    use_x25519(run);
    set(run->client, hf_config_set_ciphers(run->client, "TLS_CHACHA20_POLY1305_SHA256"));
    set(run->client, hf_config_set_middlebox_compat(run->client, false));
    set(run->client, hf_config_set_grease(run->client, false));
    set(run->client, hf_config_set_request_status(run->client, false));
    set(run->client, hf_config_set_record_size_limit(run->client, 128));
    set(run->server, hf_config_set_record_size_limit(run->server, 64));
    set(run->client, hf_config_set_padding(run->client, 16));
}

/* --- TLS 1.2 ---------------------------------------------------------------------------------- */

static void use_12(struct run *run)
{
    set(run->client, hf_config_set_versions(run->client, HF_TLS12, HF_TLS12));
    set(run->server, hf_config_set_versions(run->server, HF_TLS12, HF_TLS12));
}

static void make_12_full(struct run *run)
{
    make_full(run);
    use_12(run);
}

static void make_12_fallback(struct run *run)
{
    use_12(run);
    set(run->client, hf_config_set_versions(run->client, HF_TLS12, HF_TLS13));
}

static void make_12_mutual(struct run *run)
{
    make_mutual(run);
    use_12(run);
}

static void make_12_mutual_empty(struct run *run)
{
    make_mutual_empty(run);
    use_12(run);
}

static void use_key_transport(struct run *run)
{
    use_12(run);
    set(run->client, hf_config_set_ciphers(run->client, "TLS_RSA_WITH_AES_128_GCM_SHA256"));
    set(run->server, hf_config_set_ciphers(run->server, "TLS_RSA_WITH_AES_128_GCM_SHA256"));
}

static void make_12_rsa(struct run *run)
{
    use_key_transport(run);
    staple_to(run, &rsa_pki);
}

static void make_12_rsa_mutual(struct run *run)
{
    use_key_transport(run);
    pair_make_mutual(run->client, run->server, &client_pki);
}

static void make_12_bare(struct run *run)
{
    make_bare(run);
    use_12(run);
    set(run->client, hf_config_set_ciphers(run->client, "ECDHE-ECDSA-CHACHA20-POLY1305"));
}

static void make_12_tickets(struct run *run)
{
    use_x25519(run);
    use_12(run);
    set(run->client, hf_config_set_alpn(run->client, "h2,http/1.1"));
    set(run->server, hf_config_set_alpn(run->server, "http/1.1"));
    set(run->client, hf_config_set_resumption(run->client, true));
    hf_ticket_keys *keys = run_ticket_keys(run);
    set(run->server, hf_config_set_ticket_keys(run->server, keys));
    hf_ticket_keys_free(keys);
}

static void make_12_resumed(struct run *run)
{
    run->session = run_session_of(RUN_12_TICKETS);
    make_12_tickets(run);
}

static void make_12_reverified(struct run *run)
{
    run->session = session_of(RUN_12_TICKETS, true);
    make_12_tickets(run);
    set(run->client, hf_config_set_reverify(run->client, true));
}

static void make_12_rotated(struct run *run, bool is_gone)
{
    make_12_resumed(run);
    hf_ticket_keys *keys = rotated_ticket_keys(run, is_gone);
    set(run->server, hf_config_set_ticket_keys(run->server, keys));
    hf_ticket_keys_free(keys);
}

static void make_12_renewed(struct run *run)
{
    make_12_rotated(run, false);
}

static void make_12_refused(struct run *run)
{
    make_12_rotated(run, true);
}

static void make_12_id(struct run *run)
{
    use_x25519(run);
    use_12(run);
    set(run->client, hf_config_set_versions(run->client, HF_TLS12, HF_TLS13));
    set(run->client, hf_config_set_resumption(run->client, true));
    set(run->server, hf_config_external_ops(run->server, HF_OP_BIT(HF_OP_SESSION_FIND) |
                                                             HF_OP_BIT(HF_OP_SESSION_PUT)));
}

static void make_12_id_resumed(struct run *run)
{
    run->session = run_session_of(RUN_12_ID);
    make_12_id(run);
}

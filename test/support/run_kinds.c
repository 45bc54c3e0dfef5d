/* How the kinds of handshake are configured. */
#include "support/run_kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/session.h"

void kind_set(const hf_config *config, hf_status status)
{
    if (status != HF_OK) {
        (void)fprintf(stderr, "run: %s\n", hf_config_error(config)->detail);
        abort();
    }
}

static void use_group(struct run *run, const char *name)
{
    kind_set(run->client, hf_config_set_groups(run->client, name));
    kind_set(run->server, hf_config_set_groups(run->server, name));
}

/* The cheapest group: most tests run thousands of handshakes. */
static void use_x25519(struct run *run)
{
    use_group(run, "x25519");
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
    kind_set(run->server, hf_config_set_identities(run->server, store));
    hf_identity_store_free(store);
    hf_identity_free(identity);
}

static void make_full(struct run *run)
{
    use_x25519(run);
    kind_set(run->client, hf_config_set_alpn(run->client, "h2,http/1.1"));
    kind_set(run->server, hf_config_set_alpn(run->server, "http/1.1"));
    kind_set(run->server, hf_config_set_announce_groups(run->server, true));
    staple_to(run, &run_pkis.server);
}

static void make_defaults(struct run *run)
{
    (void)run;
}

static void make_secp256r1(struct run *run)
{
    use_group(run, "secp256r1");
}

static void make_secp384r1(struct run *run)
{
    use_group(run, "secp384r1");
}

static void make_retry(struct run *run)
{
    kind_set(run->client, hf_config_set_groups(run->client, "secp256r1,x25519"));
    kind_set(run->client, hf_config_set_key_shares(run->client, "secp256r1"));
    kind_set(run->server, hf_config_set_groups(run->server, "x25519"));
}

static void make_cookie(struct run *run)
{
    static const uint8_t key[32] = {1, 2, 3};
    use_x25519(run);
    kind_set(run->server,
             hf_config_set_stateless_retry(run->server, (hf_span){key, sizeof key}, true));
}

static void make_cookie_group(struct run *run)
{
    static const uint8_t key[32] = {4, 5, 6};
    use_x25519(run);
    kind_set(run->client, hf_config_set_key_shares(run->client, ""));
    kind_set(run->server,
             hf_config_set_stateless_retry(run->server, (hf_span){key, sizeof key}, false));
}

static void make_mutual(struct run *run)
{
    use_x25519(run);
    pair_make_mutual(run->client, run->server, &run_pkis.client);
}

static void make_mutual_empty(struct run *run)
{
    use_x25519(run);
    hf_trust_store *trust = pair_trust(&run_pkis.client);
    kind_set(run->server, hf_config_set_trust(run->server, trust));
    hf_trust_store_free(trust);
    kind_set(run->server, hf_config_set_verify(run->server, HF_VERIFY_REQUEST));
}

static void make_compressed(struct run *run)
{
    make_mutual(run);
    kind_set(run->client, hf_config_set_certificate_compression(run->client, "brotli,zlib"));
    kind_set(run->server, hf_config_set_certificate_compression(run->server, "zlib,brotli"));
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
    kind_set(config, hf_config_add_raw_psk(config, identity, key, 256));
}

static void import_psk(hf_config *config, const char *name)
{
    const hf_span identity = {(const uint8_t *)name, strlen(name)};
    const hf_span context = {(const uint8_t *)"a context", 9};
    const hf_span key = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32};
    kind_set(config, hf_config_add_psk(config, identity, context, key, 256));
}

static void make_psk(struct run *run)
{
    use_x25519(run);
    add_psk(run->client, "device-6");
    add_psk(run->client, "device-7");
    add_psk(run->server, "device-7");
    hf_ticket_keys *keys = run_ticket_keys(run); /* the unknown one could be a ticket */
    kind_set(run->server, hf_config_set_ticket_keys(run->server, keys));
    kind_set(run->server, hf_config_set_tickets(run->server, 0, 1));
    hf_ticket_keys_free(keys);
}

static void make_psk_retry(struct run *run)
{
    use_x25519(run);
    kind_set(run->client, hf_config_set_key_shares(run->client, ""));
    kind_set(run->client, hf_config_set_ciphers(run->client, "TLS_AES_256_GCM_SHA384"));
    import_psk(run->client, "device-8");
    import_psk(run->server, "device-8");
}

static void make_psk_ke(struct run *run)
{
    make_psk(run);
    kind_set(run->client, hf_config_set_psk_modes(run->client, "psk_ke"));
    kind_set(run->server, hf_config_set_psk_modes(run->server, "psk_dhe_ke,psk_ke"));
}

static void make_tickets(struct run *run)
{
    use_x25519(run);
    kind_set(run->client, hf_config_set_alpn(run->client, "h2,http/1.1"));
    kind_set(run->server, hf_config_set_alpn(run->server, "http/1.1"));
    kind_set(run->client, hf_config_set_resumption(run->client, true));
    hf_replay_guard *guard = hf_replay_guard_new(
        &(hf_replay_calls){.size = sizeof(hf_replay_calls), .check = never_seen}, NULL);
    hf_ticket_keys *keys = run_ticket_keys(run);
    kind_set(run->server, hf_config_set_ticket_keys(run->server, keys));
    kind_set(run->server, hf_config_set_replay_guard(run->server, guard));
    kind_set(run->server, hf_config_set_early_data(run->server, 16384, 10000));
    hf_ticket_keys_free(keys);
    hf_replay_guard_free(guard);
}

/* A client and a server as make leaves a run of this kind shake hands. What the store of the
 * server, where it has one, keeps then goes into to. */
static hf_session *session_by(enum run_kind kind, void (*make)(struct run *run), struct run *to)
{
    static struct run first;
    run_make(&first, kind);
    if (make != NULL) {
        make(&first);
    }
    struct pair *p = run_start(&first, NULL);
    hf_session *session =
        p == NULL || !pair_handshake(p) ? NULL : hf_conn_take_session(p->client.conn);
    pair_free(p);
    if (session == NULL ||
        (first.store != NULL &&
         hf_session_store_find(first.store, session_ticket(session), PKI_NOW * 1000, to->stored,
                               sizeof to->stored, &to->stored_len) != HF_RESUME_NONE)) {
        (void)fprintf(stderr, "run: no session came\n");
        abort();
    }
    run_clear(&first);
    return session;
}

hf_session *run_session_of(enum run_kind kind)
{
    return session_by(kind, NULL, NULL);
}

static void use_chain(struct run *run)
{
    kind_set(run->client, hf_config_set_reverify(run->client, true));
}

static void make_resumed(struct run *run)
{
    run->session = run_session_of(RUN_TICKETS);
    run->early_data = true;
    make_tickets(run);
}

static void make_reverified(struct run *run)
{
    run->session = session_by(RUN_TICKETS, use_chain, run);
    run->early_data = true;
    make_tickets(run);
    use_chain(run);
}

static void make_resumed_retry(struct run *run)
{
    make_resumed(run);
    kind_set(run->client, hf_config_set_key_shares(run->client, ""));
}

static void make_early_refused(struct run *run)
{
    make_resumed(run);
    kind_set(run->server, hf_config_set_early_data(run->server, 0, 10000));
}

/* Sessions are for configurations that trust the same, so both are made by this. */
static void make_mutual_tickets(struct run *run)
{
    make_tickets(run);
    pair_make_mutual(run->client, run->server, &run_pkis.client);
}

static void make_resumed_mutual(struct run *run)
{
    run->session = session_by(RUN_TICKETS, make_mutual_tickets, run);
    make_mutual_tickets(run);
}

static void use_store(struct run *run)
{
    run->store = hf_session_store_new(
        &(hf_session_store_params){.size = sizeof(hf_session_store_params), .count = 8});
    kind_set(run->server, hf_config_set_session_store(run->server, run->store));
    kind_set(run->server, hf_config_set_stateful(run->server, true));
}

static void make_stored(struct run *run)
{
    run->session = session_by(RUN_TICKETS, use_store, run);
    make_tickets(run);
    use_store(run);
    kind_set(run->server, hf_config_set_tickets(run->server, 0, 7200));
    run->early_data = true;
}

static void make_post_auth(struct run *run)
{
    make_mutual(run);
    kind_set(run->server, hf_config_set_verify(run->server, HF_VERIFY_NONE));
    kind_set(run->client, hf_config_set_post_handshake_auth(run->client, true));
}

static void make_post_auth_empty(struct run *run)
{
    make_mutual_empty(run);
    kind_set(run->server, hf_config_set_verify(run->server, HF_VERIFY_NONE));
    kind_set(run->client, hf_config_set_post_handshake_auth(run->client, true));
}

static void make_chosen_config(struct run *run)
{
    use_x25519(run);
    kind_set(run->server, hf_config_external_ops(run->server, HF_OP_BIT(HF_OP_CHOOSE_CONFIG)));
}

static void make_bare(struct run *run)
{
    use_x25519(run);
    kind_set(run->client, hf_config_set_ciphers(run->client, "TLS_CHACHA20_POLY1305_SHA256"));
    kind_set(run->client, hf_config_set_middlebox_compat(run->client, false));
    kind_set(run->client, hf_config_set_grease(run->client, false));
    kind_set(run->client, hf_config_set_request_status(run->client, false));
    kind_set(run->client, hf_config_set_record_size_limit(run->client, 128));
    kind_set(run->server, hf_config_set_record_size_limit(run->server, 64));
    kind_set(run->client, hf_config_set_padding(run->client, 16));
}

/* --- TLS 1.2 ---------------------------------------------------------------------------------- */

static void use_12(struct run *run)
{
    kind_set(run->client, hf_config_set_versions(run->client, HF_TLS12, HF_TLS12));
    kind_set(run->server, hf_config_set_versions(run->server, HF_TLS12, HF_TLS12));
}

static void make_12_full(struct run *run)
{
    make_full(run);
    use_12(run);
}

static void make_12_fallback(struct run *run)
{
    use_12(run);
    kind_set(run->client, hf_config_set_versions(run->client, HF_TLS12, HF_TLS13));
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

/* Without a salt, so that signatures are the same in every run. */
static void use_plain_rsa(struct run *run)
{
    kind_set(run->client, hf_config_set_signature_algorithms(
                              run->client, "rsa_pkcs1_sha256,ecdsa_secp256r1_sha256"));
}

static void make_12_ecdhe_rsa(struct run *run)
{
    use_x25519(run);
    use_12(run);
    use_plain_rsa(run);
}

static void make_12_dhe(struct run *run)
{
    use_group(run, "ffdhe2048");
    use_12(run);
    use_plain_rsa(run);
    kind_set(run->client, hf_config_set_ciphers(run->client, "DHE-RSA-AES256-GCM-SHA384"));
    kind_set(run->server, hf_config_set_ciphers(run->server, "DHE-RSA-AES256-GCM-SHA384"));
}

static void use_key_transport(struct run *run)
{
    use_12(run);
    kind_set(run->client, hf_config_set_ciphers(run->client, "TLS_RSA_WITH_AES_128_GCM_SHA256"));
    kind_set(run->server, hf_config_set_ciphers(run->server, "TLS_RSA_WITH_AES_128_GCM_SHA256"));
}

static void make_12_rsa(struct run *run)
{
    use_key_transport(run);
    staple_to(run, &run_pkis.rsa);
}

static void make_12_rsa_mutual(struct run *run)
{
    use_key_transport(run);
    pair_make_mutual(run->client, run->server, &run_pkis.client);
}

static void make_12_bare(struct run *run)
{
    make_bare(run);
    use_12(run);
    kind_set(run->client, hf_config_set_ciphers(run->client, "ECDHE-ECDSA-CHACHA20-POLY1305"));
}

static void make_12_tickets(struct run *run)
{
    use_x25519(run);
    use_12(run);
    kind_set(run->client, hf_config_set_alpn(run->client, "h2,http/1.1"));
    kind_set(run->server, hf_config_set_alpn(run->server, "http/1.1"));
    kind_set(run->client, hf_config_set_resumption(run->client, true));
    hf_ticket_keys *keys = run_ticket_keys(run);
    kind_set(run->server, hf_config_set_ticket_keys(run->server, keys));
    hf_ticket_keys_free(keys);
}

static void make_12_resumed(struct run *run)
{
    run->session = run_session_of(RUN_12_TICKETS);
    make_12_tickets(run);
}

static void make_12_reverified(struct run *run)
{
    run->session = session_by(RUN_12_TICKETS, use_chain, run);
    make_12_tickets(run);
    use_chain(run);
}

static void make_12_rotated(struct run *run, bool is_gone)
{
    make_12_resumed(run);
    hf_ticket_keys *keys = rotated_ticket_keys(run, is_gone);
    kind_set(run->server, hf_config_set_ticket_keys(run->server, keys));
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
    kind_set(run->client, hf_config_set_versions(run->client, HF_TLS12, HF_TLS13));
    kind_set(run->client, hf_config_set_resumption(run->client, true));
    kind_set(run->server, hf_config_external_ops(run->server, HF_OP_BIT(HF_OP_SESSION_FIND) |
                                                                  HF_OP_BIT(HF_OP_SESSION_PUT)));
}

static void make_12_id_resumed(struct run *run)
{
    run->session = run_session_of(RUN_12_ID);
    make_12_id(run);
}

/* --- All of them --- */

const struct run_kind_row run_kinds[RUN_KIND_COUNT] = {
    [RUN_FULL] = {"full", false, make_full},
    [RUN_DEFAULTS] = {"defaults", false, make_defaults},
    [RUN_SECP256R1] = {"secp256r1", false, make_secp256r1},
    [RUN_SECP384R1] = {"secp384r1", false, make_secp384r1},
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
    [RUN_RESUMED_MUTUAL] = {"resumed, mutual", false, make_resumed_mutual},
    [RUN_RESUMED_RETRY] = {"resumed after retry", false, make_resumed_retry},
    [RUN_EARLY_REFUSED] = {"resumed without its early data", false, make_early_refused},
    [RUN_STORED] = {"resumed from a store", false, make_stored},
    [RUN_POST_AUTH] = {"post-handshake authentication", true, make_post_auth},
    [RUN_POST_AUTH_EMPTY] = {"post-handshake authentication without certificate", true,
                             make_post_auth_empty},
    [RUN_CHOSEN_CONFIG] = {"chosen configuration", false, make_chosen_config},
    [RUN_BARE] = {"bare", false, make_bare},
    [RUN_12_FULL] = {"1.2 full", false, make_12_full},
    [RUN_12_FALLBACK] = {"1.2 for a client of 1.3", false, make_12_fallback},
    [RUN_12_MUTUAL] = {"1.2 mutual", false, make_12_mutual},
    [RUN_12_MUTUAL_EMPTY] = {"1.2 mutual without certificate", false, make_12_mutual_empty},
    [RUN_12_ECDHE_RSA] = {"1.2 with RSA", false, make_12_ecdhe_rsa},
    [RUN_12_DHE] = {"1.2 over a finite field", false, make_12_dhe},
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

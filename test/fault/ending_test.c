/* Memory that fails while a connection does something else than shake hands: while it is refused,
 * while it is used, and while its configuration is made. It ends, or what was asked for is refused;
 * nothing is lost and nothing is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <handfast/handfast.h>

#include "support/counted.h"
#include "support/run.h"
#include "support/watched_heap.h"

static struct run run;

static int drop_run(void **state)
{
    (void)state;
    heap_stop(&engine);
    heap_stop(&libcrypto);
    run_clear(&run);
    return 0;
}

static void nothing_is_left(const char *what, long n, size_t before)
{
    if (engine.dirty != 0 || engine.live != before) {
        fail_msg("%s, allocation %ld: %zu blocks came back unwiped, %zd bytes did not", what, n,
                 engine.dirty, (ssize_t)(engine.live - before));
    }
}

/* --- Refused ----------------------------------------------------------------------------------
 */

static void set(hf_status status)
{
    assert_int_equal(status, HF_OK);
}

static void other_groups(void)
{
    set(hf_config_set_groups(run.client, "secp384r1"));
    set(hf_config_set_groups(run.server, "x25519"));
}

static void other_suites(void)
{
    set(hf_config_set_ciphers(run.client, "AES-128-GCM,ECDHE-ECDSA-AES128-GCM-SHA256"));
    set(hf_config_set_ciphers(run.server, "AES-256-GCM,ECDHE-ECDSA-AES256-GCM-SHA384"));
}

static void other_protocols(void)
{
    set(hf_config_set_alpn(run.client, "h2"));
    set(hf_config_set_alpn(run.server, "http/1.1"));
}

static void other_version(void)
{
    const bool is_12 = run_is_12(run.kind);
    set(hf_config_set_versions(run.client, is_12 ? HF_TLS13 : HF_TLS12,
                               is_12 ? HF_TLS13 : HF_TLS12));
}

static void other_authority(void)
{
    hf_trust_store *trust = pair_trust(run_client_pki());
    set(hf_config_set_trust(run.client, trust));
    hf_trust_store_free(trust);
}

static void no_certificate(void)
{
    hf_trust_store *trust = pair_trust(run_client_pki());
    set(hf_config_set_trust(run.server, trust));
    hf_trust_store_free(trust);
    set(hf_config_set_verify(run.server, HF_VERIFY_REQUIRE));
}

static const struct refusal {
    const char *name;
    void (*spoil)(void);
    hf_role by;
    hf_err code, code_12;
} refusals[] = {
    {"no common group", other_groups, HF_SERVER, HF_E_NO_COMMON_GROUP, HF_E_NO_COMMON_GROUP},
    {"no common suite", other_suites, HF_SERVER, HF_E_NO_COMMON_SUITE, HF_E_NO_COMMON_SUITE},
    {"no common protocol", other_protocols, HF_SERVER, HF_E_NO_APPLICATION_PROTOCOL,
     HF_E_NO_APPLICATION_PROTOCOL},
    {"no common version", other_version, HF_SERVER, HF_E_NO_COMMON_VERSION, HF_E_NO_COMMON_VERSION},
    {"an authority that is not trusted", other_authority, HF_CLIENT, HF_E_CERTIFICATE_UNKNOWN_CA,
     HF_E_CERTIFICATE_UNKNOWN_CA},
    {"no certificate of the client's", no_certificate, HF_SERVER, HF_E_CERTIFICATE_REQUIRED,
     HF_E_CERTIFICATE_MISSING},
};

/* The one that has no memory says so, and nobody is ever connected who would not be with it. False:
 * there are not so many allocations. */
static bool fail_refusal_at(const struct refusal *r, enum run_kind kind, long n)
{
    const size_t before = engine.live;
    run_make(&run, kind);
    r->spoil();
    (void)pair_freeze(run.client);
    (void)pair_freeze(run.server);
    heap_start(&engine, n);
    struct pair *p = run_start(&run, NULL);
    const bool is_connected = p != NULL && run_finish(&run, p);
    heap_stop(&engine);
    assert_false(is_connected);
    if (p != NULL) {
        const hf_err client = hf_conn_error(p->client.conn)->code;
        const hf_err server = hf_conn_error(p->server.conn)->code;
        const hf_err judge = r->by == HF_CLIENT ? client : server;
        const bool has_no_memory = client == HF_E_NO_MEMORY || server == HF_E_NO_MEMORY;
        if (judge != (run_is_12(kind) ? r->code_12 : r->code) &&
            !(engine.has_failed && has_no_memory)) {
            fail_msg("%s, %s, allocation %ld: %s", run_name(kind), r->name, n, run_describe(p));
        }
    }
    pair_free(p);
    run_clear(&run);
    nothing_is_left(r->name, n, before);
    return engine.has_failed;
}

static void refused_without_memory(void **state)
{
    (void)state;
    static const enum run_kind kinds[] = {RUN_FULL, RUN_12_FULL};
    long failed = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
            long n = 1;
            while (fail_refusal_at(&refusals[i], kinds[k], n)) {
                n++;
            }
            failed += n - 1;
        }
    }
    counted(failed, "allocations that failed in handshakes that are refused");
}

/* --- In use -----------------------------------------------------------------------------------
 */

static bool is_well(const struct pair *p)
{
    return hf_conn_error(p->client.conn)->code == HF_E_NONE &&
           hf_conn_error(p->server.conn)->code == HF_E_NONE;
}

/* All that a connection is for. False: something of it did not come to its end. */
static bool use(struct pair *p)
{
    static uint8_t data[40000];
    uint8_t key[32];
    const bool is_older = run_is_12(run.kind);
    for (int i = 0; i < 3 && is_well(p); i++) {
        if (!pair_send(p, &p->client, data, sizeof data) ||
            !pair_send(p, &p->server, data, sizeof data)) {
            return false;
        }
        if (!is_older && (hf_conn_update_keys(p->client.conn, i == 1) != HF_OK ||
                          hf_conn_update_keys(p->server.conn, i == 2) != HF_OK)) {
            return false;
        }
        pair_settle(p);
        if (hf_conn_export(p->client.conn, false, "a label", (hf_span){data, 5}, key, sizeof key) !=
            HF_OK) {
            return false;
        }
    }
    if (run_is_post(run.kind) && hf_conn_request_certificate(p->server.conn) != HF_OK) {
        return false;
    }
    pair_settle(p);
    const bool is_closed =
        hf_conn_close(p->client.conn) == HF_OK && hf_conn_close(p->server.conn) == HF_OK;
    pair_settle(p);
    return is_closed && is_well(p);
}

static bool fail_use_at(enum run_kind kind, long n)
{
    const size_t before = engine.live;
    run_make(&run, kind);
    struct pair *p = run_start(&run, NULL);
    run_must_finish(&run, p);
    heap_start(&engine, n);
    const bool is_done = use(p);
    heap_stop(&engine);
    if (is_done == engine.has_failed) {
        fail_msg("%s in use, allocation %ld: %s", run_name(kind), n, run_describe(p));
    }
    pair_free(p);
    run_clear(&run);
    nothing_is_left(run_name(kind), n, before);
    return engine.has_failed;
}

static void used_without_memory(void **state)
{
    (void)state;
    long failed = 0;
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        long n = 1;
        while (fail_use_at((enum run_kind)kind, n)) {
            n++;
        }
        failed += n - 1;
    }
    counted(failed, "allocations that failed in connections that are used");
}

/* --- Made -------------------------------------------------------------------------------------
 */

/* A configuration with everything in it that takes memory, and a connection of it. */
struct made {
    hf_config *config;
    hf_trust *trust;
    hf_trust_store *trust_store;
    hf_identity *identity;
    hf_identity_store *identities;
    hf_ticket_keys *tickets;
    hf_session_store *sessions;
    hf_session_cache *cache;
    hf_chain_cache *chains;
    hf_replay_guard *guard;
    hf_conn *conn;
};

static bool make_parts(struct made *m)
{
    const struct pki *pki = run_server_pki();
    const hf_identity_source source = {
        .size = sizeof source,
        .chain = {(const uint8_t *)pki->chain_pem, strlen(pki->chain_pem)},
        .key = {(const uint8_t *)pki->key_pem, strlen(pki->key_pem)},
        .ocsp_response = {(const uint8_t *)"\x30\x03\x0a\x01\x01", 5},
    };
    const hf_ticket_key key = {
        .name = "a key", .encrypt_until_ms = PKI_NOW * 2000, .decrypt_until_ms = PKI_NOW * 2000};
    const hf_strike_params strikes = {.size = sizeof strikes, .bytes = 1024};
    hf_error error = {0};
    return (m->trust = hf_trust_new()) != NULL &&
           hf_trust_add(m->trust, pki->ca->der, &error) == HF_OK &&
           (m->trust_store = hf_trust_store_new(m->trust)) != NULL &&
           hf_identity_load(&source, &error, &m->identity) == HF_OK &&
           (m->identities = hf_identity_store_new(&m->identity, 1)) != NULL &&
           (m->tickets = hf_ticket_keys_new(NULL)) != NULL &&
           hf_ticket_keys_add(m->tickets, &key) == HF_OK &&
           (m->sessions = hf_session_store_new(NULL)) != NULL &&
           (m->cache = hf_session_cache_new(0, 0, NULL)) != NULL &&
           (m->chains = hf_chain_cache_new(10)) != NULL &&
           (m->guard = hf_strike_register_new(&strikes)) != NULL;
}

static bool configure(struct made *m)
{
    const hf_span psk = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32};
    const hf_span name = {(const uint8_t *)"device", 6};
    hf_config *c = m->config = hf_config_new(HF_SERVER, NULL);
    return c != NULL && hf_config_set_identities(c, m->identities) == HF_OK &&
           hf_config_set_trust(c, m->trust_store) == HF_OK &&
           hf_config_set_verify(c, HF_VERIFY_REQUEST) == HF_OK &&
           hf_config_set_chain_cache(c, m->chains) == HF_OK &&
           hf_config_set_ticket_keys(c, m->tickets) == HF_OK &&
           hf_config_set_session_store(c, m->sessions) == HF_OK &&
           hf_config_set_replay_guard(c, m->guard) == HF_OK &&
           hf_config_set_early_data(c, 16384, 10000) == HF_OK &&
           hf_config_set_alpn(c, "h2,http/1.1") == HF_OK &&
           hf_config_add_raw_psk(c, name, psk, 256) == HF_OK &&
           hf_config_add_psk(c, psk, name, psk, 384) == HF_OK &&
           hf_config_set_certificate_compression(c, "zlib,brotli,zstd") == HF_OK &&
           hf_config_freeze(c) == HF_OK;
}

static bool make_all(struct made *m)
{
    const hf_conn_params params = {.size = sizeof params, .now_ms = PKI_NOW * 1000};
    return make_parts(m) && configure(m) && hf_conn_new(m->config, &params, &m->conn) == HF_OK;
}

static void free_all(struct made *m)
{
    hf_conn_free(m->conn);
    hf_config_free(m->config);
    hf_replay_guard_free(m->guard);
    hf_chain_cache_free(m->chains);
    hf_session_cache_free(m->cache);
    hf_session_store_free(m->sessions);
    hf_ticket_keys_free(m->tickets);
    hf_identity_store_free(m->identities);
    hf_identity_free(m->identity);
    hf_trust_store_free(m->trust_store);
    hf_trust_free(m->trust);
}

/* The n-th allocation of one of the two fails. False: there are not so many. */
static bool fail_making_at(struct heap *heap, const char *what, long n)
{
    struct made m = {0};
    const size_t before = engine.live;
    heap_start(&engine, 0);
    heap_start(heap, n);
    const bool is_made = make_all(&m);
    heap_stop(heap);
    /* libcrypto may do without. */
    if (!is_made && !heap->has_failed) {
        fail_msg("%s: %s", what, m.config == NULL ? "a part" : hf_config_error(m.config)->detail);
    }
    assert_false(is_made && heap == &engine && heap->has_failed);
    free_all(&m);
    nothing_is_left(what, n, before);
    return heap->has_failed;
}

static void made_without_memory(void **state)
{
    (void)state;
    long n = 1;
    while (fail_making_at(&engine, "making", n)) {
        n++;
    }
    counted(n - 1, "allocations of the engine that failed while all that there is was made");
    n = 1;
    while (fail_making_at(&libcrypto, "making, of libcrypto", n)) {
        n++;
    }
    counted(n - 1, "allocations of libcrypto that failed while all that there is was made");
}

int main(void)
{
    if (!heap_install()) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(refused_without_memory, drop_run),
        cmocka_unit_test_teardown(used_without_memory, drop_run),
        cmocka_unit_test_teardown(made_without_memory, drop_run),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

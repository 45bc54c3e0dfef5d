/* Whole handshakes between our two ends, in memory: every suite, group, key kind and mode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/pair.h"

static struct pki *server_pki;

static int make_pki(void **state)
{
    (void)state;
    server_pki = pki_simple(PKI_P256, "server.example,*.wild.example");
    return 0;
}

static int free_pki(void **state)
{
    (void)state;
    pki_free(server_pki);
    return 0;
}

struct setup {
    hf_config *client, *server;
    struct pair *pair;
};

static void setup_with(struct setup *s, const struct pki *pki)
{
    s->client = pair_client_config(pki);
    s->server = pair_server_config(pki);
    s->pair = NULL;
}

static void setup(struct setup *s)
{
    setup_with(s, server_pki);
}

static void set(hf_status status)
{
    assert_int_equal(status, HF_OK);
}

static bool run(struct setup *s)
{
    s->pair = pair_new(
        &(struct pair_options){.client = pair_freeze(s->client), .server = pair_freeze(s->server)});
    assert_non_null(s->pair);
    return pair_handshake(s->pair);
}

static void must_run(struct setup *s)
{
    if (!run(s)) {
        const hf_error *c = hf_conn_error(s->pair->client.conn);
        const hf_error *v = hf_conn_error(s->pair->server.conn);
        fail_msg("client %s %s (%s); server %s %s (%s)", hf_conn_state(s->pair->client.conn),
                 hf_err_lookup(c->code)->name, c->detail, hf_conn_state(s->pair->server.conn),
                 hf_err_lookup(v->code)->name, v->detail);
    }
}

static void teardown(struct setup *s)
{
    pair_free(s->pair);
    hf_config_free(s->client);
    hf_config_free(s->server);
}

/* Data in both directions, several records long, then an orderly end. */
static void exchange(struct pair *p)
{
    static uint8_t data[50000];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    assert_true(pair_send(p, &p->client, "hello", 5));
    assert_true(pair_send(p, &p->server, "world", 5));
    assert_true(pair_send(p, &p->client, data, sizeof data));
    assert_true(pair_send(p, &p->server, data, sizeof data));
    assert_int_equal(hf_conn_close(p->client.conn), HF_OK);
    pair_settle(p);
    assert_true(p->server.got_close);
    assert_true(pair_send(p, &p->server, "after", 5));
    assert_int_equal(hf_conn_close(p->server.conn), HF_OK);
    pair_settle(p);
    assert_true(p->client.got_close);
}

static void same_exporters(struct pair *p)
{
    uint8_t a[64];
    uint8_t b[64];
    hf_span context = {(const uint8_t *)"ctx", 3};
    set(hf_conn_export(p->client.conn, false, "EXPORTER-test", context, a, sizeof a));
    set(hf_conn_export(p->server.conn, false, "EXPORTER-test", context, b, sizeof b));
    assert_memory_equal(a, b, sizeof a);
}

static void same_early_exporters(struct pair *p)
{
    uint8_t a[32];
    uint8_t b[32];
    hf_span none = {NULL, 0};
    set(hf_conn_export(p->client.conn, true, "EXPORTER-early", none, a, sizeof a));
    set(hf_conn_export(p->server.conn, true, "EXPORTER-early", none, b, sizeof b));
    assert_memory_equal(a, b, sizeof a);
    set(hf_conn_export(p->server.conn, false, "EXPORTER-early", none, b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
}

static void defaults(void **state)
{
    (void)state;
    struct setup s;
    setup(&s);
    must_run(&s);
    hf_conn_info c = pair_info(&s.pair->client);
    hf_conn_info v = pair_info(&s.pair->server);
    assert_int_equal(c.version, HF_TLS13);
    assert_string_equal(c.cipher_suite_name, "TLS_AES_128_GCM_SHA256");
    assert_string_equal(c.group_name, "X25519MLKEM768");
    assert_true(c.post_quantum);
    assert_string_equal(c.signature_scheme_name, "ecdsa_secp256r1_sha256");
    assert_false(c.retried);
    assert_int_equal(c.peer_chain_count, 2);
    assert_int_equal(v.server_name.len, strlen("server.example"));
    assert_memory_equal(v.server_name.data, "server.example", v.server_name.len);
    assert_int_equal(v.group, c.group);
    same_exporters(s.pair);
    exchange(s.pair);
    teardown(&s);
}

static void every_suite(void **state)
{
    (void)state;
    static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                         "TLS_CHACHA20_POLY1305_SHA256"};
    for (size_t i = 0; i < 3; i++) {
        struct setup s;
        setup(&s);
        set(hf_config_set_ciphers(s.client, suites[i]));
        must_run(&s);
        assert_string_equal(pair_info(&s.pair->server).cipher_suite_name, suites[i]);
        same_exporters(s.pair);
        exchange(s.pair);
        teardown(&s);
    }
}

static void every_group(void **state)
{
    (void)state;
    static const char *const groups[] = {"X25519MLKEM768", "x25519",    "secp256r1", "secp384r1",
                                         "secp521r1",      "ffdhe2048", "ffdhe3072", "ffdhe4096"};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        struct setup s;
        setup(&s);
        set(hf_config_set_groups(s.client, groups[i]));
        set(hf_config_set_groups(s.server, groups[i]));
        must_run(&s);
        assert_string_equal(pair_info(&s.pair->client).group_name, groups[i]);
        assert_false(pair_info(&s.pair->client).retried);
        exchange(s.pair);
        teardown(&s);
    }
}

static void every_key_kind(void **state)
{
    (void)state;
    static const enum pki_kind kinds[] = {PKI_P256,         PKI_P384,    PKI_P521, PKI_RSA_2048,
                                          PKI_RSA_PSS_2048, PKI_ED25519, PKI_ED448};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct pki *pki = pki_simple(kinds[i], "server.example");
        struct setup s;
        setup_with(&s, pki);
        must_run(&s);
        assert_true(pair_send(s.pair, &s.pair->client, "x", 1));
        teardown(&s);
        pki_free(pki);
    }
}

static void retry_for_every_group(void **state)
{
    (void)state;
    static const char *const groups[] = {"X25519MLKEM768", "x25519", "secp384r1", "ffdhe2048"};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        struct setup s;
        setup(&s);
        set(hf_config_set_groups(s.client, "secp256r1,X25519MLKEM768,x25519,secp384r1,ffdhe2048"));
        set(hf_config_set_key_shares(s.client, "secp256r1"));
        set(hf_config_set_groups(s.server, groups[i]));
        must_run(&s);
        assert_true(pair_info(&s.pair->client).retried);
        assert_true(pair_info(&s.pair->server).retried);
        assert_string_equal(pair_info(&s.pair->client).group_name, groups[i]);
        same_exporters(s.pair);
        exchange(s.pair);
        teardown(&s);
    }
}

static void stateless_retry(void **state)
{
    (void)state;
    static const uint8_t key[32] = {1, 2, 3};
    for (int always = 0; always < 2; always++) {
        struct setup s;
        setup(&s);
        set(hf_config_set_stateless_retry(s.server, (hf_span){key, sizeof key}, always));
        if (!always) {
            set(hf_config_set_key_shares(s.client, ""));
        }
        must_run(&s);
        assert_true(pair_info(&s.pair->client).retried);
        assert_true(pair_info(&s.pair->server).retried);
        same_exporters(s.pair);
        exchange(s.pair);
        teardown(&s);
    }
}

static void mutual(void **state)
{
    (void)state;
    static const enum pki_kind kinds[] = {PKI_P256, PKI_RSA_2048, PKI_ED25519};
    for (size_t i = 0; i < 3; i++) {
        struct pki *client_pki = pki_simple(kinds[i], "client.example");
        struct setup s;
        setup(&s);
        pair_make_mutual(s.client, s.server, client_pki);
        must_run(&s);
        assert_true(pair_info(&s.pair->server).client_certificate);
        assert_int_equal(pair_info(&s.pair->server).peer_chain_count, 2);
        same_exporters(s.pair);
        exchange(s.pair);
        teardown(&s);
        pki_free(client_pki);
    }
}

static void mutual_without_certificate(void **state)
{
    (void)state;
    struct setup s;
    setup(&s);
    hf_trust_store *trust = pair_trust(server_pki);
    set(hf_config_set_trust(s.server, trust));
    hf_trust_store_free(trust);
    set(hf_config_set_verify(s.server, HF_VERIFY_REQUEST));
    must_run(&s);
    assert_false(pair_info(&s.pair->server).client_certificate);
    teardown(&s);

    setup(&s);
    trust = pair_trust(server_pki);
    set(hf_config_set_trust(s.server, trust));
    hf_trust_store_free(trust);
    set(hf_config_set_verify(s.server, HF_VERIFY_REQUIRE));
    assert_false(run(&s));
    assert_int_equal(hf_conn_error(s.pair->server.conn)->code, HF_E_CERTIFICATE_REQUIRED);
    assert_int_equal(hf_conn_error(s.pair->client.conn)->code, HF_E_ALERT_RECEIVED);
    assert_int_equal(hf_conn_error(s.pair->client.conn)->alert, HF_ALERT_certificate_required);
    teardown(&s);
}

static void alpn(void **state)
{
    (void)state;
    struct setup s;
    setup(&s);
    set(hf_config_set_alpn(s.client, "h2,http/1.1"));
    set(hf_config_set_alpn(s.server, "http/1.1,h2"));
    must_run(&s);
    hf_conn_info c = pair_info(&s.pair->client);
    assert_int_equal(c.alpn.len, 8);
    assert_memory_equal(c.alpn.data, "http/1.1", 8);
    teardown(&s);

    setup(&s);
    set(hf_config_set_alpn(s.client, "h2"));
    set(hf_config_set_alpn(s.server, "http/1.1"));
    assert_false(run(&s));
    assert_int_equal(hf_conn_error(s.pair->server.conn)->code, HF_E_NO_APPLICATION_PROTOCOL);
    assert_int_equal(hf_conn_error(s.pair->client.conn)->alert, HF_ALERT_no_application_protocol);
    teardown(&s);
}

static void external_psk(void **state)
{
    (void)state;
    for (unsigned hash = 256; hash <= 384; hash += 128) {
        for (int with_retry = 0; with_retry < 2; with_retry++) {
            struct setup s;
            setup(&s);
            hf_span id = {(const uint8_t *)"device-7", 8};
            hf_span key = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32};
            set(hf_config_add_raw_psk(s.client, id, key, hash));
            set(hf_config_add_raw_psk(s.server, id, key, hash));
            if (with_retry) {
                set(hf_config_set_key_shares(s.client, ""));
            }
            must_run(&s);
            assert_true(pair_info(&s.pair->client).psk);
            same_early_exporters(s.pair);
            assert_true(pair_info(&s.pair->server).psk);
            assert_int_equal(pair_info(&s.pair->client).peer_chain_count, 0);
            same_exporters(s.pair);
            exchange(s.pair);
            teardown(&s);
        }
    }
}

static void psk_with_wrong_key(void **state)
{
    (void)state;
    struct setup s;
    setup(&s);
    hf_span id = {(const uint8_t *)"device-7", 8};
    set(hf_config_add_raw_psk(s.client, id, (hf_span){(const uint8_t *)"0123456789abcdef0", 17},
                              256));
    set(hf_config_add_raw_psk(s.server, id, (hf_span){(const uint8_t *)"0123456789abcdef1", 17},
                              256));
    assert_false(run(&s));
    assert_int_equal(hf_conn_error(s.pair->server.conn)->code, HF_E_PSK_BINDER);
    assert_int_equal(hf_conn_error(s.pair->client.conn)->alert, HF_ALERT_decrypt_error);
    teardown(&s);
}

static void key_updates(void **state)
{
    (void)state;
    struct setup s;
    setup(&s);
    must_run(&s);
    for (int i = 0; i < 5; i++) {
        set(hf_conn_update_keys(s.pair->client.conn, i % 2 == 0));
        pair_settle(s.pair);
        assert_true(pair_send(s.pair, &s.pair->client, "a", 1));
        assert_true(pair_send(s.pair, &s.pair->server, "b", 1));
        set(hf_conn_update_keys(s.pair->server.conn, false));
        assert_true(pair_send(s.pair, &s.pair->server, "c", 1));
        assert_true(pair_send(s.pair, &s.pair->client, "d", 1));
    }
    assert_int_equal(pair_info(&s.pair->client).keys_sent, 5);
    assert_int_equal(pair_info(&s.pair->client).keys_received, 8);
    exchange(s.pair);
    teardown(&s);
}

static void automatic_key_updates(void **state)
{
    (void)state;
    struct setup s;
    setup(&s);
    set(hf_config_set_key_update_after(s.client, 3));
    must_run(&s);
    for (int i = 0; i < 10; i++) {
        assert_true(pair_send(s.pair, &s.pair->client, "a", 1));
    }
    assert_int_equal(pair_info(&s.pair->client).keys_sent, 3);
    assert_int_equal(pair_info(&s.pair->server).keys_received, 3);
    teardown(&s);
}

static void post_handshake_authentication(void **state)
{
    (void)state;
    struct setup s;
    setup(&s);
    pair_make_mutual(s.client, s.server, server_pki);
    set(hf_config_set_verify(s.server, HF_VERIFY_NONE));
    set(hf_config_set_post_handshake_auth(s.client, true));
    must_run(&s);
    assert_false(pair_info(&s.pair->server).client_certificate);
    for (int i = 0; i < 2; i++) {
        set(hf_conn_request_certificate(s.pair->server.conn));
        assert_true(pair_info(&s.pair->server).post_auth_pending);
        /* A key update of the client crosses the request. */
        set(hf_conn_update_keys(s.pair->client.conn, true));
        pair_settle(s.pair);
        if (hf_conn_error(s.pair->server.conn)->code != HF_E_NONE) {
            fail_msg("%s", hf_conn_error(s.pair->server.conn)->detail);
        }
        assert_false(pair_info(&s.pair->server).post_auth_pending);
        assert_true(pair_info(&s.pair->server).client_certificate);
        assert_true(pair_send(s.pair, &s.pair->client, "a", 1));
        assert_true(pair_send(s.pair, &s.pair->server, "b", 1));
    }
    exchange(s.pair);
    teardown(&s);
}

static void record_size_limits(void **state)
{
    (void)state;
    static const uint16_t limits[] = {64, 100, 512, 16385};
    for (size_t i = 0; i < 4; i++) {
        struct setup s;
        setup(&s);
        set(hf_config_set_record_size_limit(s.client, limits[i]));
        set(hf_config_set_record_size_limit(s.server, limits[3 - i]));
        must_run(&s);
        assert_int_equal(pair_info(&s.pair->server).peer_record_size_limit, limits[i]);
        assert_int_equal(hf_conn_max_send(s.pair->server.conn), limits[i] - 1u);
        exchange(s.pair);
        teardown(&s);
    }
}

static void padding(void **state)
{
    (void)state;
    struct setup s;
    setup(&s);
    set(hf_config_set_padding(s.client, 256));
    set(hf_config_set_padding(s.server, 16384));
    must_run(&s);
    exchange(s.pair);
    teardown(&s);
}

static void certificate_compression(void **state)
{
    (void)state;
    static const char *const methods[] = {"zlib", "brotli", "zstd"};
    for (size_t i = 0; i < 3; i++) {
        struct setup s;
        setup(&s);
        pair_make_mutual(s.client, s.server, server_pki);
        set(hf_config_set_certificate_compression(s.client, methods[i]));
        set(hf_config_set_certificate_compression(s.server, methods[i]));
        must_run(&s);
        assert_int_equal(pair_info(&s.pair->client).certificate_compression, i + 1);
        assert_int_equal(pair_info(&s.pair->client).peer_chain_count, 2);
        assert_true(pair_info(&s.pair->server).client_certificate);
        /* Again, from what the identities have kept. */
        pair_free(s.pair);
        s.pair = pair_new(&(struct pair_options){.client = s.client, .server = s.server});
        assert_true(pair_handshake(s.pair));
        assert_int_equal(pair_info(&s.pair->client).certificate_compression, i + 1);
        teardown(&s);
    }
}

static void without_middlebox_compat_and_grease(void **state)
{
    (void)state;
    struct setup s;
    setup(&s);
    set(hf_config_set_middlebox_compat(s.client, false));
    set(hf_config_set_grease(s.client, false));
    must_run(&s);
    exchange(s.pair);
    teardown(&s);
}

static void no_common_ground(void **state)
{
    (void)state;
    struct setup s;
    setup(&s);
    set(hf_config_set_ciphers(s.client, "TLS_AES_128_GCM_SHA256"));
    set(hf_config_set_ciphers(s.server, "TLS_AES_256_GCM_SHA384"));
    assert_false(run(&s));
    assert_int_equal(hf_conn_error(s.pair->server.conn)->code, HF_E_NO_COMMON_SUITE);
    assert_int_equal(hf_conn_error(s.pair->client.conn)->alert, HF_ALERT_handshake_failure);
    teardown(&s);

    setup(&s);
    set(hf_config_set_groups(s.client, "x25519"));
    set(hf_config_set_groups(s.server, "secp256r1"));
    assert_false(run(&s));
    assert_int_equal(hf_conn_error(s.pair->server.conn)->code, HF_E_NO_COMMON_GROUP);
    teardown(&s);

    setup(&s);
    set(hf_config_set_signature_algorithms(s.client, "ed25519"));
    assert_false(run(&s));
    assert_int_equal(hf_conn_error(s.pair->server.conn)->code, HF_E_NO_COMMON_SIGNATURE);
    teardown(&s);
}

static void wrong_name_is_refused(void **state)
{
    (void)state;
    struct setup s;
    setup(&s);
    s.pair = pair_new(&(struct pair_options){.client = pair_freeze(s.client),
                                             .server = pair_freeze(s.server),
                                             .server_name = "other.example"});
    assert_false(pair_handshake(s.pair));
    assert_int_equal(hf_conn_error(s.pair->client.conn)->code, HF_E_CERTIFICATE_NAME);
    assert_int_equal(hf_conn_error(s.pair->server.conn)->alert, HF_ALERT_bad_certificate);
    teardown(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_suite),
        cmocka_unit_test(every_group),
        cmocka_unit_test(every_key_kind),
        cmocka_unit_test(retry_for_every_group),
        cmocka_unit_test(stateless_retry),
        cmocka_unit_test(mutual),
        cmocka_unit_test(mutual_without_certificate),
        cmocka_unit_test(alpn),
        cmocka_unit_test(external_psk),
        cmocka_unit_test(psk_with_wrong_key),
        cmocka_unit_test(key_updates),
        cmocka_unit_test(automatic_key_updates),
        cmocka_unit_test(post_handshake_authentication),
        cmocka_unit_test(record_size_limits),
        cmocka_unit_test(padding),
        cmocka_unit_test(certificate_compression),
        cmocka_unit_test(without_middlebox_compat_and_grease),
        cmocka_unit_test(no_common_ground),
        cmocka_unit_test(wrong_name_is_refused),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}

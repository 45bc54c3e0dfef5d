#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "config/config.h"

static const uint8_t key32[32] = "0123456789abcdef0123456789abcde";

static hf_config *new_config(hf_role role)
{
    hf_config *config = hf_config_new(role, NULL);
    assert_non_null(config);
    return config;
}

static void check_refused(hf_config *config, hf_status status, hf_err code, const char *detail)
{
    assert_int_equal(status, HF_FAILED);
    assert_int_equal(hf_config_error(config)->code, code);
    assert_string_equal(hf_config_error(config)->detail, detail);
}

static void versions(void **state)
{
    (void)state;
    hf_config *config = new_config(HF_CLIENT);
    assert_int_equal(hf_config_set_versions(config, HF_TLS13, HF_TLS13), HF_OK);
    static const hf_version wrong[][2] = {
        {HF_TLS13, HF_TLS12}, {(hf_version)0x0302, HF_TLS12}, {HF_TLS13, (hf_version)0x0305}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(hf_config_set_versions(config, wrong[i][0], wrong[i][1]), HF_FAILED);
        assert_int_equal(hf_config_error(config)->code, HF_E_CONFIG_VALUE);
    }
    assert_int_equal(config->version_lowest, 0x0304);
    assert_int_equal(config->version_highest, 0x0304);
    hf_config_free(config);
}

static void ranges(void **state)
{
    (void)state;
    hf_config *config = new_config(HF_SERVER);
    assert_int_equal(config->record_size_limit, 0);
    assert_int_equal(hf_config_set_record_size_limit(config, 64), HF_OK);
    assert_int_equal(hf_config_set_record_size_limit(config, 16385), HF_OK);
    check_refused(config, hf_config_set_record_size_limit(config, 63), HF_E_CONFIG_VALUE,
                  "record_size_limit: 63 is outside 64 to 16385");
    check_refused(config, hf_config_set_record_size_limit(config, 16386), HF_E_CONFIG_VALUE,
                  "record_size_limit: 16386 is outside 64 to 16385");
    assert_int_equal(config->record_size_limit, 16385);
    assert_int_equal(hf_config_set_record_size_limit(config, 0), HF_OK);
    assert_int_equal(config->record_size_limit, 0);

    assert_int_equal(config->padding, 1);
    assert_int_equal(hf_config_set_padding(config, 16384), HF_OK);
    check_refused(config, hf_config_set_padding(config, 0), HF_E_CONFIG_VALUE,
                  "padding multiple: 0 is outside 1 to 16384");
    check_refused(config, hf_config_set_padding(config, 16385), HF_E_CONFIG_VALUE,
                  "padding multiple: 16385 is outside 1 to 16384");
    assert_int_equal(config->padding, 16384);

    assert_int_equal(config->verify, HF_VERIFY_NONE);
    assert_int_equal(hf_config_set_verify(config, HF_VERIFY_REQUEST), HF_OK);
    check_refused(config, hf_config_set_verify(config, (hf_verify)3), HF_E_CONFIG_VALUE,
                  "verify: 3 is outside 0 to 2");
    assert_int_equal(config->verify, HF_VERIFY_REQUEST);

    assert_int_equal(hf_config_set_key_update_after(config, 7), HF_OK);
    assert_int_equal(config->key_update_after, 7);
    hf_config_free(config);
}

static void switches(void **state)
{
    (void)state;
    hf_config *client = new_config(HF_CLIENT);
    hf_config *server = new_config(HF_SERVER);
    assert_true(client->grease && client->middlebox_compat && client->request_status);
    assert_false(client->post_handshake_auth || client->send_authorities);
    assert_true(server->send_authorities);
    assert_false(server->strict_sni || server->announce_groups);
    assert_int_equal(hf_config_set_grease(client, false), HF_OK);
    assert_int_equal(hf_config_set_middlebox_compat(client, false), HF_OK);
    assert_int_equal(hf_config_set_request_status(client, false), HF_OK);
    assert_int_equal(hf_config_set_post_handshake_auth(client, true), HF_OK);
    assert_false(client->grease || client->middlebox_compat || client->request_status);
    assert_true(client->post_handshake_auth);
    assert_int_equal(hf_config_set_strict_sni(server, true), HF_OK);
    assert_int_equal(hf_config_set_announce_groups(server, true), HF_OK);
    assert_int_equal(hf_config_set_send_authorities(server, false), HF_OK);
    assert_true(server->strict_sni && server->announce_groups);
    assert_false(server->send_authorities);
    hf_config_free(client);
    hf_config_free(server);
}

static void settings_of_the_other_role(void **state)
{
    (void)state;
    hf_config *client = new_config(HF_CLIENT);
    hf_config *server = new_config(HF_SERVER);
    check_refused(client, hf_config_set_strict_sni(client, true), HF_E_CONFIG_VALUE,
                  "strict SNI is for a server, this is a client");
    check_refused(
        client, hf_config_set_verify(client, HF_VERIFY_REQUEST), HF_E_CONFIG_VALUE,
        "a certificate that is requested but not required is for a server, this is a client");
    assert_int_equal(hf_config_set_send_authorities(client, true), HF_FAILED);
    assert_int_equal(hf_config_set_announce_groups(client, true), HF_FAILED);
    assert_int_equal(hf_config_set_stateless_retry(client, span_of(key32, 32), false), HF_FAILED);
    assert_int_equal(hf_config_set_post_handshake_auth(server, true), HF_FAILED);
    check_refused(server, hf_config_set_key_shares(server, "x25519"), HF_E_CONFIG_VALUE,
                  "the choice of key shares is for a client, this is a server");
    assert_int_equal(hf_config_set_reverify(server, true), HF_FAILED);
    /* off is always right */
    assert_int_equal(hf_config_set_reverify(server, false), HF_OK);
    assert_int_equal(hf_config_set_strict_sni(client, false), HF_OK);
    assert_int_equal(hf_config_set_stateless_retry(client, span_of(NULL, 0), false), HF_OK);
    assert_int_equal(hf_config_set_post_handshake_auth(server, false), HF_OK);
    hf_config_free(client);
    hf_config_free(server);
}

static void stateless_retry(void **state)
{
    (void)state;
    hf_config *config = new_config(HF_SERVER);
    assert_int_equal(hf_config_set_stateless_retry(config, span_of(key32, 32), true), HF_OK);
    assert_true(config->stateless_retry && config->always_retry);
    assert_memory_equal(config->cookie_key, key32, 32);
    check_refused(config, hf_config_set_stateless_retry(config, span_of(key32, 31), false),
                  HF_E_CONFIG_VALUE, "the cookie key has 31 bytes; it needs 32");
    check_refused(config, hf_config_set_stateless_retry(config, span_of(NULL, 0), true),
                  HF_E_CONFIG_VALUE, "to retry always, a cookie key is needed");
    assert_true(config->stateless_retry && config->always_retry);
    assert_int_equal(hf_config_set_stateless_retry(config, span_of(NULL, 0), false), HF_OK);
    assert_false(config->stateless_retry || config->always_retry);
    static const uint8_t zeros[32];
    assert_memory_equal(config->cookie_key, zeros, 32);
    hf_config_free(config);
}

static void operations(void **state)
{
    (void)state;
    hf_config *config = new_config(HF_SERVER);
    const unsigned all = HF_OP_BIT(HF_OP_COUNT) - 2;
    assert_int_equal(hf_config_external_ops(config, all), HF_OK);
    assert_int_equal(config->external_ops, all);
    assert_int_equal(hf_config_external_ops(config, HF_OP_BIT(HF_OP_NONE)), HF_FAILED);
    assert_int_equal(hf_config_external_ops(config, HF_OP_BIT(HF_OP_COUNT)), HF_FAILED);
    assert_int_equal(hf_config_error(config)->code, HF_E_CONFIG_VALUE);
    assert_int_equal(config->external_ops, all);
    hf_config_free(config);
}

static bool no_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 4, len);
    return true;
}

static void randomness(void **state)
{
    (void)state;
    hf_config *config = new_config(HF_CLIENT);
    int ctx = 0;
    assert_ptr_equal(config->random, hf_provider_default()->random);
    assert_int_equal(hf_config_set_random(config, no_random, &ctx), HF_OK);
    assert_ptr_equal(config->random, no_random);
    assert_ptr_equal(config->random_ctx, &ctx);
    assert_int_equal(hf_config_set_random(config, NULL, &ctx), HF_OK);
    assert_ptr_equal(config->random, hf_provider_default()->random);
    assert_null(config->random_ctx);
    hf_config_free(config);
}

static void limits(void **state)
{
    (void)state;
    hf_config *config = new_config(HF_CLIENT);
    assert_int_equal(config->limits.handshake_message, 65536);
    assert_int_equal(config->limits.chain_depth, 10);
    assert_int_equal(config->limits.decompressed, 65536);
    assert_int_equal(config->limits.post_handshake, 32);
    hf_limits given = {.size = sizeof given, .chain_depth = 3};
    assert_int_equal(hf_config_set_limits(config, &given), HF_OK);
    assert_int_equal(config->limits.chain_depth, 3);
    assert_int_equal(config->limits.handshake_message, 65536);
    /* a caller of an older header: members behind its size are not looked at */
    hf_limits older = {.size = offsetof(hf_limits, chain_depth),
                       .handshake_message = 1 << 20,
                       .chain_depth = 99,
                       .decompressed = 99};
    assert_int_equal(hf_config_set_limits(config, &older), HF_OK);
    assert_int_equal(config->limits.handshake_message, 1 << 20);
    assert_int_equal(config->limits.chain_depth, 3);
    assert_int_equal(config->limits.decompressed, 65536);
    /* all or nothing */
    hf_limits wrong = {.size = sizeof wrong, .chain_depth = 5, .decompressed = (1 << 20) + 1};
    check_refused(config, hf_config_set_limits(config, &wrong), HF_E_CONFIG_VALUE,
                  "decompressed: 1048577 is outside 1 to 1048576");
    assert_int_equal(config->limits.chain_depth, 3);
    hf_limits no_size = {.chain_depth = 5};
    assert_int_equal(hf_config_set_limits(config, &no_size), HF_FAILED);
    assert_int_equal(hf_config_set_limits(config, NULL), HF_FAILED);
    hf_config_free(config);
}

static void pre_shared_keys(void **state)
{
    (void)state;
    hf_config *config = new_config(HF_CLIENT);
    assert_int_equal(hf_config_add_raw_psk(config, span_str("alice"), span_of(key32, 16), 256),
                     HF_OK);
    assert_int_equal(hf_config_add_raw_psk(config, span_str("bob"), span_of(key32, 32), 384),
                     HF_OK);
    assert_int_equal(config->psk_count, 2);
    assert_memory_equal(config->psks[0].identity, "alice", 5);
    assert_memory_equal(config->psks[0].key, key32, 16);
    assert_ptr_equal(config->psks[0].hash, hf_provider_default()->sha256);
    assert_ptr_equal(config->psks[1].hash, hf_provider_default()->sha384);

    check_refused(config, hf_config_add_raw_psk(config, span_str("alice"), span_of(key32, 32), 256),
                  HF_E_CONFIG_DUPLICATE, "pre-shared key \"alice\" is there already");
    check_refused(config, hf_config_add_raw_psk(config, span_str(""), span_of(key32, 32), 256),
                  HF_E_CONFIG_VALUE,
                  "bytes of a pre-shared key's identity: 0 is outside 1 to 65535");
    check_refused(config, hf_config_add_raw_psk(config, span_str("c"), span_of(key32, 15), 256),
                  HF_E_CONFIG_VALUE, "bytes of a pre-shared key: 15 is outside 16 to 65535");
    check_refused(config, hf_config_add_raw_psk(config, span_str("c"), span_of(key32, 32), 512),
                  HF_E_CONFIG_VALUE, "hash 512 of a pre-shared key; it is 256 or 384");
    uint8_t *large = calloc(1, 65536);
    assert_non_null(large);
    assert_int_equal(hf_config_add_raw_psk(config, span_of(large, 65536), span_of(key32, 32), 256),
                     HF_FAILED);
    assert_int_equal(hf_config_add_raw_psk(config, span_of(large, 32768), span_of(key32, 32), 256),
                     HF_FAILED);
    assert_int_equal(hf_config_add_raw_psk(config, span_of(large, 32000), span_of(key32, 32), 256),
                     HF_OK);
    free(large);
    for (char name = 'd'; config->psk_count < CONFIG_PSK_MAX; name++) {
        assert_int_equal(hf_config_add_raw_psk(config, span_of(&name, 1), span_of(key32, 32), 256),
                         HF_OK);
    }
    check_refused(
        config, hf_config_add_raw_psk(config, span_str("one too many"), span_of(key32, 32), 256),
        HF_E_CONFIG_VALUE, "there are already 32 pre-shared keys; an imported one counts twice");
    hf_config_free(config);
}

static void stores_are_referenced(void **state)
{
    (void)state;
    hf_config *config = new_config(HF_CLIENT);
    hf_trust *trust = hf_trust_new();
    hf_trust_store *one = hf_trust_store_new(trust);
    hf_trust_store *two = hf_trust_store_new(trust);
    hf_trust_free(trust);
    assert_int_equal(hf_config_set_trust(config, one), HF_OK);
    assert_int_equal(hf_config_set_trust(config, one), HF_OK); /* itself again */
    hf_trust_store_free(one);
    assert_int_equal(hf_trust_count(trust), 0); /* still alive through the configuration */
    assert_int_equal(hf_config_set_trust(config, two), HF_OK);
    hf_trust_store_free(two);
    assert_int_equal(hf_config_set_trust(config, NULL), HF_OK);
    assert_null(config->trust);
    hf_identity_store *identities = hf_identity_store_new(NULL, 0);
    assert_int_equal(hf_config_set_identities(config, identities), HF_OK);
    hf_identity_store_free(identities);
    assert_ptr_equal(config->identities, identities);
    assert_int_equal(hf_config_set_identities(config, NULL), HF_OK);
    assert_null(config->identities);
    hf_config_free(config);
}

/* RFC 9258: two keys of one, under identities that name it, or none of them. */
static void imported_psks(void **state)
{
    (void)state;
    static uint8_t large[32768];
    static const uint8_t identity[] = "\0\5alice\0\2in\3\4\0\1";
    hf_config *config = new_config(HF_CLIENT);
    const hf_span key = span_of(key32, sizeof key32);
    const hf_span in = span_str("in");
    assert_int_equal(hf_config_add_psk(config, span_str("alice"), in, key, 256), HF_OK);
    assert_int_equal(config->psk_count, 2);
    assert_int_equal(config->psks[0].identity_len, sizeof identity - 1);
    assert_memory_equal(config->psks[0].identity, identity, sizeof identity - 1);
    assert_int_equal(config->psks[0].key_len, 32);
    assert_int_equal(config->psks[1].key_len, 48);
    assert_string_equal(config->psks[1].binder_label, "imp binder");
    check_refused(config, hf_config_add_psk(config, span_str("alice"), in, key, 384),
                  HF_E_CONFIG_DUPLICATE, "pre-shared key \"alice\" is there already");
    check_refused(config, hf_config_add_raw_psk(config, span_str("alice"), key, 256),
                  HF_E_CONFIG_DUPLICATE,
                  "pre-shared key \"alice\" is there already, as an imported one");
    assert_int_equal(hf_config_add_psk(config, span_str("alice"), span_str("out"), key, 256),
                     HF_OK);
    assert_int_equal(hf_config_add_raw_psk(config, span_str("bob"), key, 256), HF_OK);
    check_refused(config, hf_config_add_psk(config, span_str("bob"), in, key, 384),
                  HF_E_CONFIG_DUPLICATE, "pre-shared key \"bob\" is there already, as a raw one");
    assert_int_equal(
        hf_config_add_psk(config, span_str("c"), span_of(large, sizeof large), key, 256),
        HF_FAILED);
    assert_int_equal(config->psk_count, 5);
    char name = 'd';
    for (; config->psk_count + 2 <= CONFIG_PSK_MAX; name++) {
        assert_int_equal(hf_config_add_psk(config, span_of(&name, 1), in, key, 256), HF_OK);
    }
    check_refused(config, hf_config_add_psk(config, span_of(&name, 1), in, key, 256),
                  HF_E_CONFIG_VALUE,
                  "there are already 31 pre-shared keys; an imported one counts twice");
    hf_config_free(config);
}

/* What is preferred comes first, and what no suite takes is refused. */
static void imported_psks_follow_the_suites(void **state)
{
    (void)state;
    static const struct {
        const char *ciphers;
        hf_status status;
        size_t first_key_len;
    } rows[] = {
        {"TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384", HF_OK, 32},
        {"TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256", HF_OK, 48},
        {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384", HF_OK, 48},
        {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", HF_FAILED, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hf_config *config = new_config(HF_CLIENT);
        assert_int_equal(hf_config_set_ciphers(config, rows[i].ciphers), HF_OK);
        for (int n = 0; n < 2; n++) {
            assert_int_equal(hf_config_add_psk(config, span_str(n == 0 ? "a" : "b"),
                                               span_of(NULL, 0), span_of(key32, 32), 256),
                             HF_OK);
        }
        assert_int_equal(hf_config_freeze(config), rows[i].status);
        for (size_t k = 0; k < 4 && rows[i].status == HF_OK; k++) {
            assert_int_equal(config->psks[k].key_len,
                             k % 2 == 0 ? rows[i].first_key_len : 80 - rows[i].first_key_len);
        }
        hf_config_free(config);
    }
}

static void a_list_of_authorities(void **state)
{
    (void)state;
    static uint8_t large[CONFIG_AUTHORITIES_MAX] = {0x30, 0x82, 0xef, 0xfa};
    const hf_span longest = span_of(large, CONFIG_AUTHORITIES_MAX - 2);
    const hf_span names[] = {longest, span_of("\x30\x00", 2)};
    const hf_span wrong[] = {span_of("\x30\x00", 2), span_of("\x30\x01", 2)};
    hf_config *client = new_config(HF_CLIENT);
    hf_config *server = new_config(HF_SERVER);
    check_refused(client, hf_config_set_authorities(client, names + 1, 1), HF_E_CONFIG_VALUE,
                  "a list of authorities is for a server, this is a client");
    assert_int_equal(hf_config_set_authorities(client, NULL, 0), HF_OK);
    assert_int_equal(hf_config_set_authorities(server, names, 1), HF_OK);
    assert_int_equal(server->authorities_len, CONFIG_AUTHORITIES_MAX);
    check_refused(server, hf_config_set_authorities(server, names, 2), HF_E_CONFIG_VALUE,
                  "the names of 2 authorities need more than 61440 bytes");
    check_refused(server, hf_config_set_authorities(server, wrong, 2), HF_E_CONFIG_VALUE,
                  "authority 2 is no Name in DER");
    check_refused(server, hf_config_set_authorities(server, &(hf_span){NULL, 0}, 1),
                  HF_E_CONFIG_VALUE, "authority 1 is no Name in DER");
    assert_int_equal(server->authorities_len, CONFIG_AUTHORITIES_MAX);
    assert_int_equal(hf_config_set_authorities(server, NULL, 0), HF_OK);
    assert_null(server->authorities);
    hf_config_free(client);
    hf_config_free(server);
}

/* RFC 9846, 4.3.3: rsa_pkcs1 signs no handshake of TLS 1.3. */
static void rsa_pkcs1_alone_leaves_tls12(void **state)
{
    (void)state;
    static const struct {
        const char *schemes;
        hf_version lowest;
        bool with_psk;
        hf_status status;
        uint16_t highest;
    } rows[] = {
        {"rsa_pkcs1_sha256,rsa_pkcs1_sha512", HF_TLS12, false, HF_OK, HF_TLS12},
        {"rsa_pkcs1_sha384", HF_TLS13, false, HF_FAILED, 0},
        {"rsa_pkcs1_sha384", HF_TLS13, true, HF_OK, HF_TLS13},
        {"rsa_pkcs1_sha256,rsa_pss_rsae_sha256", HF_TLS12, false, HF_OK, HF_TLS13},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hf_config *config = new_config(HF_CLIENT);
        assert_int_equal(hf_config_set_verify(config, HF_VERIFY_NONE), HF_OK);
        assert_int_equal(hf_config_set_signature_algorithms(config, rows[i].schemes), HF_OK);
        assert_int_equal(hf_config_set_versions(config, rows[i].lowest, HF_TLS13), HF_OK);
        if (rows[i].with_psk) {
            assert_int_equal(
                hf_config_add_psk(config, span_str("a"), span_of(NULL, 0), span_of(key32, 32), 256),
                HF_OK);
        }
        assert_int_equal(hf_config_freeze(config), rows[i].status);
        if (rows[i].status == HF_OK) {
            assert_int_equal(config->version_highest, rows[i].highest);
        } else {
            assert_int_equal(hf_config_error(config)->code, HF_E_CONFIG_EMPTY);
        }
        hf_config_free(config);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions),
        cmocka_unit_test(ranges),
        cmocka_unit_test(switches),
        cmocka_unit_test(settings_of_the_other_role),
        cmocka_unit_test(stateless_retry),
        cmocka_unit_test(operations),
        cmocka_unit_test(randomness),
        cmocka_unit_test(limits),
        cmocka_unit_test(pre_shared_keys),
        cmocka_unit_test(stores_are_referenced),
        cmocka_unit_test(imported_psks),
        cmocka_unit_test(imported_psks_follow_the_suites),
        cmocka_unit_test(rsa_pkcs1_alone_leaves_tls12),
        cmocka_unit_test(a_list_of_authorities),
    };
    return cmocka_run_group_tests_name("config set", tests, NULL, NULL);
}

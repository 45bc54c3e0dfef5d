/* Life of a configuration: freeze and its checks, sharing, the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "base/span.h"
#include "config/config.h"
#include "support/pki.h"

static const uint8_t key32[32] = "0123456789abcdef0123456789abcde";
static struct pki *pki;

static int make_pki(void **state)
{
    (void)state;
    pki = pki_simple(PKI_P256, "server.example");
    return 0;
}

static int free_pki(void **state)
{
    (void)state;
    pki_free(pki);
    return 0;
}

static hf_config *new_config(hf_role role)
{
    hf_config *config = hf_config_new(role, NULL);
    assert_non_null(config);
    return config;
}

static void give_trust(hf_config *config, bool is_empty)
{
    hf_trust *trust = hf_trust_new();
    hf_error error = {0};
    if (!is_empty) {
        assert_int_equal(hf_trust_add(trust, span_str(pki->ca_pem), &error), HF_OK);
    }
    hf_trust_store *store = hf_trust_store_new(trust);
    assert_int_equal(hf_config_set_trust(config, store), HF_OK);
    hf_trust_free(trust);
    hf_trust_store_free(store);
}

static hf_config *new_client(void)
{
    hf_config *config = new_config(HF_CLIENT);
    give_trust(config, false);
    return config;
}

static void check_freeze(hf_config *config, hf_err want)
{
    const hf_status status = hf_config_freeze(config);
    assert_int_equal(hf_config_error(config)->code, want);
    assert_int_equal(status, want == HF_E_NONE ? HF_OK : HF_FAILED);
    assert_int_equal(config->frozen, want == HF_E_NONE);
}

static void a_client_needs_trust(void **state)
{
    (void)state;
    hf_config *config = new_config(HF_CLIENT);
    check_freeze(config, HF_E_CONFIG_NO_TRUST);
    give_trust(config, true);
    check_freeze(config, HF_E_CONFIG_NO_TRUST);
    give_trust(config, false);
    check_freeze(config, HF_E_NONE);
    hf_config_free(config);

    config = new_config(HF_CLIENT);
    assert_int_equal(hf_config_set_verify(config, HF_VERIFY_NONE), HF_OK);
    check_freeze(config, HF_E_NONE);
    hf_config_free(config);

    config = new_config(HF_CLIENT);
    assert_int_equal(hf_config_external_ops(config, HF_OP_BIT(HF_OP_VERIFY_CHAIN)), HF_OK);
    check_freeze(config, HF_E_NONE);
    hf_config_free(config);

    config = new_config(HF_CLIENT);
    assert_int_equal(hf_config_add_raw_psk(config, span_str("id"), span_of(key32, 32), 256), HF_OK);
    check_freeze(config, HF_E_NONE);
    hf_config_free(config);
}

static void a_server_needs_something_to_show(void **state)
{
    (void)state;
    hf_config *config = new_config(HF_SERVER);
    check_freeze(config, HF_E_CONFIG_NO_IDENTITY);
    assert_int_equal(hf_config_add_raw_psk(config, span_str("id"), span_of(key32, 32), 256), HF_OK);
    check_freeze(config, HF_E_NONE);
    hf_config_free(config);

    static const unsigned chosen_outside[] = {HF_OP_BIT(HF_OP_CHOOSE_IDENTITY),
                                              HF_OP_BIT(HF_OP_CHOOSE_CONFIG)};
    for (size_t i = 0; i < 2; i++) {
        config = new_config(HF_SERVER);
        assert_int_equal(hf_config_external_ops(config, chosen_outside[i]), HF_OK);
        check_freeze(config, HF_E_NONE);
        hf_config_free(config);
    }

    config = new_config(HF_SERVER);
    hf_identity_store *store = hf_identity_store_new(NULL, 0);
    assert_int_equal(hf_config_set_identities(config, store), HF_OK);
    hf_identity_store_free(store);
    assert_int_equal(hf_config_set_verify(config, HF_VERIFY_REQUIRE), HF_OK);
    check_freeze(config, HF_E_CONFIG_NO_TRUST);
    give_trust(config, false);
    check_freeze(config, HF_E_NONE);
    hf_config_free(config);
}

static void pre_shared_keys_need_a_suite_of_their_hash(void **state)
{
    (void)state;
    static const struct {
        const char *ciphers;
        unsigned hash;
        hf_err want;
    } cases[] = {
        {"AES-128-GCM,CHACHA20-POLY1305", 384, HF_E_CONFIG_VALUE},
        {"AES-256-GCM", 256, HF_E_CONFIG_VALUE},
        {"AES-256-GCM", 384, HF_E_NONE},
        {"CHACHA20-POLY1305", 256, HF_E_NONE},
        {"AES-128-GCM", 256, HF_E_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hf_config *config = new_config(HF_SERVER);
        assert_int_equal(hf_config_set_ciphers(config, cases[i].ciphers), HF_OK);
        assert_int_equal(
            hf_config_add_raw_psk(config, span_str("id"), span_of(key32, 32), cases[i].hash),
            HF_OK);
        check_freeze(config, cases[i].want);
        hf_config_free(config);
    }
}

static void key_shares_follow_the_groups(void **state)
{
    (void)state;
    static const struct {
        const char *groups, *shares; /* NULL: not called */
        size_t count;
        uint16_t want[4];
    } cases[] = {
        {NULL, NULL, 2, {0x11ec, 0x001d}},
        {"x25519,X25519MLKEM768", NULL, 2, {0x001d, 0x11ec}},
        {"P-256,x25519", NULL, 1, {0x001d}},
        {"P-384,P-256", NULL, 1, {0x0018}},
        {NULL, "", 0, {0}},
        {NULL, "P-256", 1, {0x0017}},
        {"P-256,P-384,x25519", "x25519,P-256", 2, {0x0017, 0x001d}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hf_config *config = new_client();
        if (cases[i].shares != NULL) {
            assert_int_equal(hf_config_set_key_shares(config, cases[i].shares), HF_OK);
        }
        if (cases[i].groups != NULL) {
            assert_int_equal(hf_config_set_groups(config, cases[i].groups), HF_OK);
        }
        check_freeze(config, HF_E_NONE);
        assert_int_equal(config->key_shares.count, cases[i].count);
        assert_memory_equal(config->key_shares.v, cases[i].want, cases[i].count * sizeof(uint16_t));
        hf_config_free(config);
    }
    hf_config *config = new_client();
    assert_int_equal(hf_config_set_key_shares(config, "x25519,ffdhe2048"), HF_OK);
    check_freeze(config, HF_E_CONFIG_VALUE);
    assert_string_equal(hf_config_error(config)->detail,
                        "a key share is wanted for ffdhe2048, which is not among the groups");
    hf_config_free(config);
}

static void a_provider_without_anything_does_not_freeze(void **state)
{
    (void)state;
    static const hf_group *const none[] = {NULL};
    hf_provider bare = *hf_provider_default();
    bare.groups = none;
    hf_config *config = hf_config_new(HF_CLIENT, &bare);
    assert_non_null(config);
    give_trust(config, false);
    check_freeze(config, HF_E_CONFIG_EMPTY);
    hf_config_free(config);
}

static hf_status set_groups(hf_config *c)
{
    return hf_config_set_groups(c, "x25519");
}
static hf_status set_ciphers(hf_config *c)
{
    return hf_config_set_ciphers(c, "AES-128-GCM");
}
static hf_status set_key_shares(hf_config *c)
{
    return hf_config_set_key_shares(c, "");
}
static hf_status set_sigalgs(hf_config *c)
{
    return hf_config_set_signature_algorithms(c, "ed25519");
}
static hf_status set_sigalgs_cert(hf_config *c)
{
    return hf_config_set_signature_algorithms_cert(c, "");
}
static hf_status set_alpn(hf_config *c)
{
    return hf_config_set_alpn(c, "h2");
}
static hf_status set_versions(hf_config *c)
{
    return hf_config_set_versions(c, HF_TLS13, HF_TLS13);
}
static hf_status set_compression(hf_config *c)
{
    return hf_config_set_certificate_compression(c, "");
}
static hf_status set_identities(hf_config *c)
{
    return hf_config_set_identities(c, NULL);
}
static hf_status set_trust(hf_config *c)
{
    return hf_config_set_trust(c, NULL);
}
static hf_status set_verify(hf_config *c)
{
    return hf_config_set_verify(c, HF_VERIFY_NONE);
}
static hf_status add_psk(hf_config *c)
{
    return hf_config_add_raw_psk(c, span_str("x"), span_of(key32, 32), 256);
}
static hf_status set_retry(hf_config *c)
{
    return hf_config_set_stateless_retry(c, span_of(NULL, 0), false);
}
static hf_status set_ops(hf_config *c)
{
    return hf_config_external_ops(c, 0);
}
static hf_status set_random(hf_config *c)
{
    return hf_config_set_random(c, NULL, NULL);
}
static hf_status set_limits(hf_config *c)
{
    const hf_limits limits = {.size = sizeof limits};
    return hf_config_set_limits(c, &limits);
}
static hf_status set_update(hf_config *c)
{
    return hf_config_set_key_update_after(c, 1);
}
static hf_status set_record_limit(hf_config *c)
{
    return hf_config_set_record_size_limit(c, 0);
}
static hf_status set_padding(hf_config *c)
{
    return hf_config_set_padding(c, 1);
}

#define SWITCH(name)                                                                               \
    static hf_status switch_##name(hf_config *c)                                                   \
    {                                                                                              \
        return hf_config_set_##name(c, false);                                                     \
    }
SWITCH(send_authorities)
SWITCH(strict_sni)
SWITCH(post_handshake_auth)
SWITCH(grease)
SWITCH(middlebox_compat)
SWITCH(request_status)
SWITCH(announce_groups)

static void a_frozen_configuration_does_not_change(void **state)
{
    (void)state;
    static hf_status (*const setters[])(hf_config *) = {
        set_groups,
        set_ciphers,
        set_key_shares,
        set_sigalgs,
        set_sigalgs_cert,
        set_alpn,
        set_versions,
        set_compression,
        set_identities,
        set_trust,
        set_verify,
        add_psk,
        set_retry,
        set_ops,
        set_random,
        set_limits,
        set_update,
        set_record_limit,
        set_padding,
        switch_grease,
        switch_send_authorities,
        switch_strict_sni,
        switch_middlebox_compat,
        switch_post_handshake_auth,
        switch_request_status,
        switch_announce_groups,
    };
    for (size_t i = 0; i < sizeof setters / sizeof setters[0]; i++) {
        hf_config *config = new_client();
        check_freeze(config, HF_E_NONE);
        assert_int_equal(hf_config_error(config)->code, HF_E_NONE);
        hf_config before;
        memcpy(&before, config, sizeof before);
        assert_int_equal(setters[i](config), HF_FAILED);
        assert_int_equal(hf_config_error(config)->code, HF_E_CONFIG_FROZEN);
        atomic_store(&config->misused, false);
        assert_memory_equal(config, &before, sizeof before);
        hf_config_free(config);
    }
}

static void freezing_twice_is_fine(void **state)
{
    (void)state;
    hf_config *config = new_client();
    check_freeze(config, HF_E_NONE);
    check_freeze(config, HF_E_NONE);
    hf_config_free(config);
}

static void *share(void *config)
{
    for (int i = 0; i < 1000; i++) {
        hf_config *mine = hf_config_ref(config);
        if (mine->groups.count != 4 || hf_config_set_grease(mine, true) != HF_FAILED) {
            return config;
        }
        hf_config_free(mine);
    }
    hf_config_free(config);
    return NULL;
}

/* Threads share a frozen configuration; the last one to go ends it. */
static void references_are_counted_over_threads(void **state)
{
    (void)state;
    hf_config *config = new_client();
    check_freeze(config, HF_E_NONE);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, share, hf_config_ref(config)), 0);
    }
    hf_config_free(config);
    for (size_t i = 0; i < 4; i++) {
        void *failed = config;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    hf_config_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_needs_trust),
        cmocka_unit_test(a_server_needs_something_to_show),
        cmocka_unit_test(pre_shared_keys_need_a_suite_of_their_hash),
        cmocka_unit_test(key_shares_follow_the_groups),
        cmocka_unit_test(a_provider_without_anything_does_not_freeze),
        cmocka_unit_test(a_frozen_configuration_does_not_change),
        cmocka_unit_test(freezing_twice_is_fine),
        cmocka_unit_test(references_are_counted_over_threads),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests_name("config", tests, make_pki, free_pki);
}

/* Life of a configuration: made with defaults, checked and frozen, shared, freed. */
#include "config/config.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "config/config_int.h"
#include "crypto/suite.h"
#include "wire/iana.h"

static const hf_error frozen_error = {
    .code = HF_E_CONFIG_FROZEN,
    .alert = HF_ALERT_none,
    .detail = "a setter was called after hf_config_freeze",
};

/* Where the roles differ. */
struct role_defaults {
    hf_verify verify;
    bool send_authorities;
};
static const struct role_defaults defaults_of[] = {
    [HF_CLIENT] = {HF_VERIFY_REQUIRE, false},
    [HF_SERVER] = {HF_VERIFY_NONE, true},
};

static hf_status check_identity(hf_config *config);
static hf_status check_trust(hf_config *config);
static hf_status check_early_data(hf_config *config);
static hf_status settle_key_shares(hf_config *config);
static hf_status settle_versions(hf_config *config);

/* --- Life ------------------------------------------------------------------------------------- */

hf_config *hf_config_new(hf_role role, const hf_provider *provider)
{
    hf_config *config = mem_alloc(sizeof *config);
    if (config == NULL) {
        return NULL;
    }
    ref_init(&config->ref);
    atomic_init(&config->misused, false);
    config->role = role;
    config->provider = provider == NULL ? hf_provider_default() : provider;
    config->random = config->provider->random;
    config->version_lowest = HF_TLS12;
    config->version_highest = HF_TLS13;
    config->verify = defaults_of[role].verify;
    config->send_authorities = defaults_of[role].send_authorities;
    config->grease = true;
    config->middlebox_compat = true;
    config->padding = 1;
    config->request_status = true;
    config->tickets = 2;
    config->ticket_lifetime_s = 7200;
    config->limits = (hf_limits){
        .size = sizeof config->limits,
        .handshake_message = 65536,
        .chain_depth = 10,
        .decompressed = 65536,
        .post_handshake = 32,
    };
    config_list_defaults(config);
    return config;
}

hf_config *hf_config_ref(const hf_config *config)
{
    hf_config *shared = (hf_config *)config; /* nothing but the count is written */
    assert(shared->frozen);
    ref_take(&shared->ref);
    return shared;
}

void hf_config_free(hf_config *config)
{
    if (config == NULL || !ref_drop(&config->ref)) {
        return;
    }
    for (size_t i = 0; i < config->psk_count; i++) {
        mem_free(config->psks[i].identity, config->psks[i].identity_len);
        mem_free(config->psks[i].key, config->psks[i].key_len);
    }
    mem_free(config->alpn, config->alpn_len);
    mem_free(config->authorities, config->authorities_len);
    hf_identity_store_free(config->identities);
    hf_trust_store_free(config->trust);
    hf_chain_cache_free(config->chain_cache);
    hf_ticket_keys_free(config->ticket_keys);
    hf_session_store_free(config->session_store);
    hf_replay_guard_free(config->replay_guard);
    mem_free(config, sizeof *config);
}

const hf_error *hf_config_error(const hf_config *config)
{
    hf_config *shared = (hf_config *)config;
    return atomic_load_explicit(&shared->misused, memory_order_relaxed) ? &frozen_error
                                                                        : &config->error;
}

hf_status config_begin(hf_config *config)
{
    if (config->frozen) {
        /* Others may be reading: the only trace of the mistake is this flag. */
        atomic_store_explicit(&config->misused, true, memory_order_relaxed);
        return HF_FAILED;
    }
    config->error = (hf_error){.alert = HF_ALERT_none};
    return HF_OK;
}

hf_status config_begin_for(hf_config *config, hf_role role, bool on, const char *what)
{
    TRY(config_begin(config));
    if (on && config->role != role) {
        static const char *const names[] = {[HF_CLIENT] = "client", [HF_SERVER] = "server"};
        return err_raise(&config->error, HF_E_CONFIG_VALUE, "%s is for a %s, this is a %s", what,
                         names[role], names[config->role]);
    }
    return HF_OK;
}

bool config_list_has(const struct config_list *list, uint16_t id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->v[i] == id) {
            return true;
        }
    }
    return false;
}

/* --- Freeze ----------------------------------------------------------------------------------- */

hf_status hf_config_freeze(hf_config *config)
{
    if (config->frozen) {
        return HF_OK;
    }
    TRY(config_begin(config));
    if (config->ciphers.count == 0 || config->groups.count == 0) {
        return err_raise(&config->error, HF_E_CONFIG_EMPTY,
                         "provider %s has none of the default %s", config->provider->name,
                         config->ciphers.count == 0 ? "cipher suites" : "groups");
    }
    TRY(check_identity(config));
    TRY(check_trust(config));
    TRY(config_settle_psks(config));
    TRY(check_early_data(config));
    TRY(settle_key_shares(config));
    TRY(settle_versions(config));
    config->frozen = true;
    return HF_OK;
}

/* Only a server must show who it is (RFC 9846, 4.5.1): what it needs for that, by role. */
static hf_status check_identity(hf_config *config)
{
    static const bool is_needed[] = {[HF_CLIENT] = false, [HF_SERVER] = true};
    const bool is_chosen_outside = (config->external_ops & HF_OP_BIT(HF_OP_CHOOSE_IDENTITY)) != 0 ||
                                   (config->external_ops & HF_OP_BIT(HF_OP_CHOOSE_CONFIG)) != 0;
    if (is_needed[config->role] && config->identities == NULL && config->psk_count == 0 &&
        !is_chosen_outside) {
        return err_raise(&config->error, HF_E_CONFIG_NO_IDENTITY,
                         "hf_config_set_identities or hf_config_add_psk comes before the freeze");
    }
    return HF_OK;
}

static hf_status check_trust(hf_config *config)
{
    if (config->verify == HF_VERIFY_NONE ||
        (config->external_ops & HF_OP_BIT(HF_OP_VERIFY_CHAIN)) != 0) {
        return HF_OK;
    }
    if (config->trust == NULL) {
        /* With pre-shared keys a client may never see a certificate. */
        static const bool psk_suffices[] = {[HF_CLIENT] = true, [HF_SERVER] = false};
        if (psk_suffices[config->role] && config->psk_count > 0) {
            return HF_OK;
        }
        return err_raise(&config->error, HF_E_CONFIG_NO_TRUST,
                         "hf_config_set_trust was not called");
    }
    hf_trust *trust = hf_trust_store_current(config->trust);
    const size_t count = hf_trust_count(trust);
    hf_trust_free(trust);
    if (count == 0) {
        return err_raise(&config->error, HF_E_CONFIG_NO_TRUST, "the trust store is empty");
    }
    return HF_OK;
}

/* RFC 9846, 8: early data without a memory of what was seen is an invitation. Sessions that are
 * stored and used once are such a memory (8.1). */
static hf_status check_early_data(hf_config *config)
{
    if (config->max_early_data > 0 && config->replay_guard == NULL &&
        !config_stores_sessions(config) &&
        (config->external_ops & HF_OP_BIT(HF_OP_REPLAY_CHECK)) == 0) {
        return err_raise(&config->error, HF_E_CONFIG_VALUE,
                         "early data needs hf_config_set_replay_guard, HF_OP_REPLAY_CHECK answered "
                         "by the caller, or sessions that are stored");
    }
    return HF_OK;
}

/* The default: the first two that browsers send, as far as they are among the groups. */
static void default_key_shares(const hf_config *config, struct config_list *out)
{
    static const uint16_t wanted[] = {IANA_GROUP_X25519MLKEM768, IANA_GROUP_x25519};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (config_list_has(&config->groups, wanted[i])) {
            out->v[out->count++] = wanted[i];
        }
    }
    if (out->count == 0) {
        out->v[out->count++] = config->groups.v[0];
    }
}

/* RFC 9846, 4.3.8: shares are for offered groups only and stand in their order. */
static hf_status settle_key_shares(hf_config *config)
{
    struct config_list wanted = config->key_shares;
    if (!config->key_shares_set) {
        default_key_shares(config, &wanted);
    }
    for (size_t i = 0; i < wanted.count; i++) {
        if (!config_list_has(&config->groups, wanted.v[i])) {
            return err_raise(&config->error, HF_E_CONFIG_VALUE,
                             "a key share is wanted for %s, which is not among the groups",
                             iana_group_name(wanted.v[i]));
        }
    }
    struct config_list ordered = {.count = 0};
    for (size_t i = 0; i < config->groups.count; i++) {
        if (config_list_has(&wanted, config->groups.v[i])) {
            ordered.v[ordered.count++] = config->groups.v[i];
        }
    }
    config->key_shares = ordered;
    return HF_OK;
}

/* --- Versions --------------------------------------------------------------------------------- */

static bool has_group_for(const hf_config *config, const struct suite *suite)
{
    for (size_t i = 0; i < config->groups.count; i++) {
        const hf_group *g = hf_provider_group(config->provider, config->groups.v[i]);
        if (g != NULL && suite12_takes(suite, g)) {
            return true;
        }
    }
    return suite->exchange == SUITE_RSA;
}

/* RFC 9846, 4.3.3: rsa_pkcs1 signs certificates only. */
static bool can_be_proven13(const hf_config *config)
{
    bool can = config->psk_count > 0;
    for (size_t i = 0; i < config->sigalgs.count; i++) {
        const uint16_t scheme = config->sigalgs.v[i];
        can = can ||
              (scheme != IANA_SCHEME_rsa_pkcs1_sha256 && scheme != IANA_SCHEME_rsa_pkcs1_sha384 &&
               scheme != IANA_SCHEME_rsa_pkcs1_sha512);
    }
    return can;
}

static bool can_speak13(const hf_config *config)
{
    struct suite s = {.aead = NULL};
    for (size_t i = 0; i < config->ciphers.count && can_be_proven13(config); i++) {
        if (suite_find(config->provider, config->ciphers.v[i], &s)) {
            return true;
        }
    }
    return false;
}

/* TLS 1.2 knows no pre-shared keys here: both ends need the server's certificate. */
static bool can_speak12(const hf_config *config)
{
    const unsigned choosing = HF_OP_BIT(HF_OP_CHOOSE_IDENTITY) | HF_OP_BIT(HF_OP_CHOOSE_CONFIG);
    const bool has_certificate[] = {
        [HF_CLIENT] = config->verify == HF_VERIFY_NONE || config->trust != NULL ||
                      (config->external_ops & HF_OP_BIT(HF_OP_VERIFY_CHAIN)) != 0,
        [HF_SERVER] = config->identities != NULL || (config->external_ops & choosing) != 0,
    };
    struct suite s = {.aead = NULL};
    for (size_t i = 0; i < config->ciphers.count && has_certificate[config->role]; i++) {
        if (suite12_find(config->provider, config->ciphers.v[i], &s) && has_group_for(config, &s)) {
            return true;
        }
    }
    return false;
}

/* A version that could never be finished is not offered. */
static hf_status settle_versions(hf_config *config)
{
    const uint16_t lowest = config->version_lowest;
    const uint16_t highest = config->version_highest;
    const uint16_t from = lowest < HF_TLS13 && !can_speak12(config) ? HF_TLS13 : lowest;
    const uint16_t to = highest > HF_TLS12 && !can_speak13(config) ? HF_TLS12 : highest;
    if (from > to) {
        return err_raise(
            &config->error, HF_E_CONFIG_EMPTY,
            "of %s to %s none is left: cipher suites, groups, signature algorithms and "
            "certificates allow no version of these",
            iana_version_name(lowest), iana_version_name(highest));
    }
    config->version_lowest = from;
    config->version_highest = to;
    return HF_OK;
}

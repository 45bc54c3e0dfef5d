/* The setters of everything that is not a list of names. Each checks first, then writes. */
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"
#include "config/config_int.h"
#include "wire/wr.h"
#include "x509/der.h"

/* The versions whose machines this library is built with. */
enum { OLDEST_KNOWN = HF_TLS12, NEWEST_KNOWN = HF_TLS13 };

static hf_status set_limit(hf_config *config, uint32_t *limit, uint32_t value, uint32_t most,
                           const char *what);

hf_status hf_config_set_versions(hf_config *config, hf_version lowest, hf_version highest)
{
    TRY(config_begin(config));
    if ((unsigned)lowest < OLDEST_KNOWN || (unsigned)highest > NEWEST_KNOWN || lowest > highest) {
        return err_raise(
            &config->error, HF_E_CONFIG_VALUE,
            "versions 0x%04x to 0x%04x; this build speaks TLS 1.2 (0x0303) and TLS 1.3 "
            "(0x0304)",
            (unsigned)lowest, (unsigned)highest);
    }
    config->version_lowest = (uint16_t)lowest;
    config->version_highest = (uint16_t)highest;
    return HF_OK;
}

hf_status hf_config_set_require_ems(hf_config *config, bool on)
{
    TRY(config_begin(config));
    config->require_ems = on;
    return HF_OK;
}

hf_status hf_config_set_fallback(hf_config *config, bool on)
{
    TRY(config_begin_for(config, HF_CLIENT, on, "TLS_FALLBACK_SCSV"));
    config->fallback_scsv = on;
    return HF_OK;
}

/* --- Who -------------------------------------------------------------------------------------- */

hf_status hf_config_set_identities(hf_config *config, hf_identity_store *store)
{
    TRY(config_begin(config));
    hf_identity_store *const old = config->identities;
    config->identities = store == NULL ? NULL : hf_identity_store_ref(store);
    hf_identity_store_free(old);
    return HF_OK;
}

hf_status hf_config_set_trust(hf_config *config, hf_trust_store *store)
{
    TRY(config_begin(config));
    hf_trust_store *const old = config->trust;
    config->trust = store == NULL ? NULL : hf_trust_store_ref(store);
    hf_trust_store_free(old);
    return HF_OK;
}

hf_status hf_config_set_chain_cache(hf_config *config, hf_chain_cache *cache)
{
    TRY(config_begin(config));
    hf_chain_cache *const old = config->chain_cache;
    config->chain_cache = cache == NULL ? NULL : hf_chain_cache_ref(cache);
    hf_chain_cache_free(old);
    return HF_OK;
}

hf_status hf_config_set_verify(hf_config *config, hf_verify verify)
{
    TRY(config_begin_for(config, HF_SERVER, verify == HF_VERIFY_REQUEST,
                         "a certificate that is requested but not required"));
    if ((unsigned)verify > HF_VERIFY_REQUIRE) {
        return config_refuse_value(config, "verify", (unsigned)verify, HF_VERIFY_NONE,
                                   HF_VERIFY_REQUIRE);
    }
    config->verify = verify;
    return HF_OK;
}

hf_status hf_config_set_send_authorities(hf_config *config, bool on)
{
    TRY(config_begin_for(config, HF_SERVER, on, "certificate_authorities in a CertificateRequest"));
    config->send_authorities = on;
    return HF_OK;
}

/* Checks the names and tells how long their list is. */
static hf_status measure_authorities(hf_config *config, const hf_span *names, size_t count,
                                     size_t *len)
{
    for (size_t i = 0; i < count; i++) {
        struct der d = x5_der_over(names[i]);
        (void)x5_der_take(&d, DER_SEQUENCE);
        if (names[i].len == 0 || !x5_der_done(&d)) {
            return err_raise(&config->error, HF_E_CONFIG_VALUE, "authority %zu is no Name in DER",
                             i + 1);
        }
        *len += 2 + names[i].len;
        if (*len > CONFIG_AUTHORITIES_MAX) {
            return err_raise(&config->error, HF_E_CONFIG_VALUE,
                             "the names of %zu authorities need more than %d bytes", count,
                             CONFIG_AUTHORITIES_MAX);
        }
    }
    return HF_OK;
}

hf_status hf_config_set_authorities(hf_config *config, const hf_span *names, size_t count)
{
    size_t len = 0;
    TRY(config_begin_for(config, HF_SERVER, count > 0, "a list of authorities"));
    TRY(measure_authorities(config, names, count, &len));
    uint8_t *list = len == 0 ? NULL : mem_alloc(len);
    if (list == NULL && len > 0) {
        return err_raise(&config->error, HF_E_NO_MEMORY, NULL);
    }
    struct wr w = wr_of(list, len);
    for (size_t i = 0; i < count; i++) {
        wr_vec(&w, names[i], 2);
    }
    mem_free(config->authorities, config->authorities_len);
    config->authorities = list;
    config->authorities_len = len;
    return HF_OK;
}

hf_status hf_config_set_strict_sni(hf_config *config, bool on)
{
    TRY(config_begin_for(config, HF_SERVER, on, "strict SNI"));
    config->strict_sni = on;
    return HF_OK;
}

hf_status hf_config_set_post_handshake_auth(hf_config *config, bool on)
{
    TRY(config_begin_for(config, HF_CLIENT, on, "the offer of post-handshake authentication"));
    config->post_handshake_auth = on;
    return HF_OK;
}

/* --- Behaviour -------------------------------------------------------------------------------- */

hf_status hf_config_set_grease(hf_config *config, bool on)
{
    TRY(config_begin(config));
    config->grease = on;
    return HF_OK;
}

hf_status hf_config_set_middlebox_compat(hf_config *config, bool on)
{
    TRY(config_begin(config));
    config->middlebox_compat = on;
    return HF_OK;
}

hf_status hf_config_set_record_size_limit(hf_config *config, uint16_t limit)
{
    TRY(config_begin(config));
    /* RFC 8449, 4: at least 64, and in TLS 1.3 at most 2^14 + 1, the content type counting too. */
    if (limit != 0 && (limit < 64 || limit > 16385)) {
        return config_refuse_value(config, "record_size_limit", limit, 64, 16385);
    }
    config->record_size_limit = limit;
    return HF_OK;
}

hf_status hf_config_set_padding(hf_config *config, uint16_t multiple)
{
    TRY(config_begin(config));
    if (multiple < 1 || multiple > 16384) {
        return config_refuse_value(config, "padding multiple", multiple, 1, 16384);
    }
    config->padding = multiple;
    return HF_OK;
}

hf_status hf_config_set_request_status(hf_config *config, bool on)
{
    TRY(config_begin(config));
    config->request_status = on;
    return HF_OK;
}

hf_status hf_config_set_stateless_retry(hf_config *config, hf_span key, bool always)
{
    TRY(config_begin_for(config, HF_SERVER, key.len > 0 || always, "a stateless retry"));
    if (key.len != 0 && key.len != sizeof config->cookie_key) {
        return err_raise(&config->error, HF_E_CONFIG_VALUE,
                         "the cookie key has %zu bytes; it needs %zu", key.len,
                         sizeof config->cookie_key);
    }
    if (key.len == 0 && always) {
        return err_raise(&config->error, HF_E_CONFIG_VALUE,
                         "to retry always, a cookie key is needed");
    }
    hf_wipe(config->cookie_key, sizeof config->cookie_key);
    if (key.len > 0) {
        memcpy(config->cookie_key, key.data, key.len);
    }
    config->stateless_retry = key.len > 0;
    config->always_retry = always;
    return HF_OK;
}

hf_status hf_config_set_announce_groups(hf_config *config, bool on)
{
    TRY(config_begin_for(config, HF_SERVER, on, "supported_groups in EncryptedExtensions"));
    config->announce_groups = on;
    return HF_OK;
}

hf_status hf_config_external_ops(hf_config *config, unsigned mask)
{
    TRY(config_begin(config));
    const unsigned known = (HF_OP_BIT(HF_OP_COUNT) - 1) & ~HF_OP_BIT(HF_OP_NONE);
    if ((mask & ~known) != 0) {
        return err_raise(&config->error, HF_E_CONFIG_VALUE,
                         "mask 0x%x has bits of no kind of operation; all are 0x%x", mask, known);
    }
    config->external_ops = mask;
    return HF_OK;
}

hf_status hf_config_set_random(hf_config *config, hf_random_fn random, void *ctx)
{
    TRY(config_begin(config));
    config->random = random == NULL ? config->provider->random : random;
    config->random_ctx = random == NULL ? NULL : ctx;
    return HF_OK;
}

hf_status hf_config_set_key_update_after(hf_config *config, uint64_t records)
{
    TRY(config_begin(config));
    config->key_update_after = records;
    return HF_OK;
}

hf_status hf_config_set_limits(hf_config *config, const hf_limits *limits)
{
    TRY(config_begin(config));
    if (limits == NULL || limits->size < sizeof limits->size) {
        return err_raise(&config->error, HF_E_CONFIG_VALUE, "limits without their size member set");
    }
    /* The caller may have been compiled with fewer members than we have. */
    hf_limits given = {.size = 0};
    memcpy(&given, limits, limits->size < sizeof given ? limits->size : sizeof given);
    hf_limits set = config->limits;
    TRY(set_limit(config, &set.handshake_message, given.handshake_message, 1 << 20,
                  "handshake_message"));
    TRY(set_limit(config, &set.chain_depth, given.chain_depth, CONFIG_CHAIN_MAX, "chain_depth"));
    TRY(set_limit(config, &set.decompressed, given.decompressed, 1 << 20, "decompressed"));
    TRY(set_limit(config, &set.post_handshake, given.post_handshake, UINT32_MAX, "post_handshake"));
    config->limits = set;
    return HF_OK;
}

static hf_status set_limit(hf_config *config, uint32_t *limit, uint32_t value, uint32_t most,
                           const char *what)
{
    if (value > most) {
        return config_refuse_value(config, what, value, 1, most);
    }
    if (value != 0) {
        *limit = value;
    }
    return HF_OK;
}

hf_status config_refuse_value(hf_config *config, const char *what, uint64_t value, uint64_t least,
                              uint64_t most)
{
    return err_raise(&config->error, HF_E_CONFIG_VALUE, "%s: %llu is outside %llu to %llu", what,
                     (unsigned long long)value, (unsigned long long)least,
                     (unsigned long long)most);
}

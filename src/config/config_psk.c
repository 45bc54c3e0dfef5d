/* Pre-shared keys from outside: imported (RFC 9258), or raw for peers that know no other. */
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"
#include "config/config_int.h"
#include "crypto/import.h"
#include "crypto/suite.h"

enum {
    KEY_MIN_LEN = 16,
    KEY_MAX_LEN = 65535,
    TARGETS = 2, /* hashes of suites */
    /* All identities with their overhead in one ClientHello (RFC 9846, 4.3.11), beside everything
     * else in it. */
    IDENTITIES_MAX_LEN = 32768,
    OVERHEAD = 6
};

static hf_status check(hf_config *config, hf_span identity, hf_span key, unsigned hash);
static hf_status check_room(hf_config *config, size_t count, size_t each_len);
static hf_status check_name(hf_config *config, hf_span identity, hf_span written, bool is_imported);
static const hf_hash *hash_of(const hf_config *config, unsigned hash);
static bool make(struct config_psk *psk, size_t identity_len, hf_span key);
static void clear(struct config_psk *psk);

hf_status hf_config_add_raw_psk(hf_config *config, hf_span identity, hf_span key, unsigned hash)
{
    TRY(config_begin(config));
    TRY(check(config, identity, key, hash));
    TRY(check_name(config, identity, identity, false));
    TRY(check_room(config, 1, identity.len));
    struct config_psk psk = {.hash = hash_of(config, hash), .binder_label = "ext binder"};
    if (!make(&psk, identity.len, key)) {
        return err_raise(&config->error, HF_E_NO_MEMORY, NULL);
    }
    memcpy(psk.identity, identity.data, identity.len);
    psk.name = span_of(psk.identity, identity.len);
    config->psks[config->psk_count++] = psk;
    return HF_OK;
}

/* RFC 9258, 5.1: one key for each KDF that a suite may ask for. */
hf_status hf_config_add_psk(hf_config *config, hf_span identity, hf_span context, hf_span key,
                            unsigned hash)
{
    TRY(config_begin(config));
    TRY(check(config, identity, key, hash));
    const hf_hash *const targets[TARGETS] = {config->provider->sha256, config->provider->sha384};
    struct config_psk made[TARGETS] = {{.identity = NULL}};
    struct import_identity import = {
        .external_identity = identity, .context = context, .target = targets[0]};
    const size_t len = import_identity_len(&import);
    TRY(check_room(config, TARGETS, len));
    bool done = true;
    for (size_t i = 0; i < TARGETS && done; i++) {
        struct secret imported = {.len = (uint8_t)targets[i]->digest_len};
        made[i] = (struct config_psk){
            .hash = targets[i], .binder_label = "imp binder", .is_imported = true};
        done = make(&made[i], len, secret_span(&imported));
        if (done) {
            import.target = targets[i];
            import_identity_write(&import, made[i].identity);
            import_key(hash_of(config, hash), key, span_of(made[i].identity, len), targets[i],
                       &imported);
            memcpy(made[i].key, imported.b, imported.len);
            made[i].name = span_of(made[i].identity + 2, identity.len);
        }
        secret_wipe(&imported);
    }
    hf_status s = done ? check_name(config, identity, span_of(made[0].identity, len), true)
                       : err_raise(&config->error, HF_E_NO_MEMORY, NULL);
    for (size_t i = 0; i < TARGETS; i++) {
        if (s == HF_OK) {
            config->psks[config->psk_count++] = made[i];
        } else {
            clear(&made[i]);
        }
    }
    return s;
}

/* --- What is asked for ------------------------------------------------------------------------ */

static hf_status check(hf_config *config, hf_span identity, hf_span key, unsigned hash)
{
    if (identity.len < 1 || identity.len > UINT16_MAX) {
        return config_refuse_value(config, "bytes of a pre-shared key's identity", identity.len, 1,
                                   UINT16_MAX);
    }
    if (key.len < KEY_MIN_LEN || key.len > KEY_MAX_LEN) {
        return config_refuse_value(config, "bytes of a pre-shared key", key.len, KEY_MIN_LEN,
                                   KEY_MAX_LEN);
    }
    if (hash != 256 && hash != 384) {
        return err_raise(&config->error, HF_E_CONFIG_VALUE,
                         "hash %u of a pre-shared key; it is 256 or 384", hash);
    }
    return HF_OK;
}

/* One long identity is within its own limit; several must share a ClientHello. */
static hf_status check_room(hf_config *config, size_t count, size_t each_len)
{
    if (config->psk_count + count > CONFIG_PSK_MAX) {
        return err_raise(&config->error, HF_E_CONFIG_VALUE,
                         "there are already %zu pre-shared keys; an imported one counts twice",
                         config->psk_count);
    }
    size_t total = count * (each_len + OVERHEAD);
    for (size_t i = 0; i < config->psk_count; i++) {
        total += config->psks[i].identity_len + OVERHEAD;
    }
    if (total > IDENTITIES_MAX_LEN) {
        return config_refuse_value(config, "bytes of all identities of pre-shared keys", total, 1,
                                   IDENTITIES_MAX_LEN);
    }
    return HF_OK;
}

/* No identity twice, and no key both raw and imported: then it would be used with two KDFs (RFC
 * 9258, 8). One imported in two contexts is two keys. */
static hf_status check_name(hf_config *config, hf_span identity, hf_span written, bool is_imported)
{
    for (size_t i = 0; i < config->psk_count; i++) {
        const struct config_psk *other = &config->psks[i];
        const bool is_same = span_eq(written, span_of(other->identity, other->identity_len)) ||
                             (other->is_imported != is_imported && span_eq(other->name, identity));
        if (is_same) {
            return err_raise(
                &config->error, HF_E_CONFIG_DUPLICATE, "pre-shared key \"%.*s\" is there already%s",
                (int)(identity.len < 64 ? identity.len : 64), (const char *)identity.data,
                other->is_imported == is_imported ? ""
                : is_imported                     ? ", as a raw one"
                                                  : ", as an imported one");
        }
    }
    return HF_OK;
}

static const hf_hash *hash_of(const hf_config *config, unsigned hash)
{
    return hash == 256 ? config->provider->sha256 : config->provider->sha384;
}

/* Room for an identity, and a copy of key. */
static bool make(struct config_psk *psk, size_t identity_len, hf_span key)
{
    psk->identity = mem_alloc(identity_len);
    psk->identity_len = identity_len;
    psk->key = mem_alloc(key.len);
    psk->key_len = key.len;
    if (psk->identity == NULL || psk->key == NULL) {
        clear(psk);
        return false;
    }
    memcpy(psk->key, key.data, key.len);
    return true;
}

static void clear(struct config_psk *psk)
{
    mem_free(psk->identity, psk->identity_len);
    mem_free(psk->key, psk->key_len);
    *psk = (struct config_psk){.identity = NULL};
}

/* --- Freeze ----------------------------------------------------------------------------------- */

/* The hash of the first suite of TLS 1.3, or of the first that has this one; NULL: there is none.
 */
static const hf_hash *first_hash(const hf_config *config, const hf_hash *wanted)
{
    for (size_t i = 0; i < config->ciphers.count; i++) {
        struct suite s;
        if (suite_find(config->provider, config->ciphers.v[i], &s) &&
            (wanted == NULL || s.hash == wanted)) {
            return s.hash;
        }
    }
    return NULL;
}

hf_status config_settle_psks(hf_config *config)
{
    const hf_hash *const preferred = first_hash(config, NULL);
    for (size_t i = 0; i < config->psk_count; i++) {
        struct config_psk *psk = &config->psks[i];
        /* RFC 9846, 4.3.11: a pre-shared key works only with suites of its own hash. */
        if (preferred == NULL || (!psk->is_imported && first_hash(config, psk->hash) == NULL)) {
            return err_raise(&config->error, HF_E_CONFIG_VALUE,
                             "pre-shared key \"%.*s\" is for %s, and no cipher suite uses it",
                             (int)(psk->name.len < 64 ? psk->name.len : 64),
                             (const char *)psk->name.data,
                             psk->is_imported ? "TLS 1.3" : psk->hash->name);
        }
        if (psk->is_imported) {
            struct config_psk *const partner = ++i < config->psk_count ? psk + 1 : psk;
            if (psk->hash != preferred) {
                const struct config_psk first = *psk;
                *psk = *partner;
                *partner = first;
            }
        }
    }
    return HF_OK;
}

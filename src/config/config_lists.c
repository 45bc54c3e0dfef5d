/* Lists of names: "X25519MLKEM768, P-256" to code points in order of preference, with an answer
 * that helps when one is unknown, there twice, or missing. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "config/config_int.h"
#include "crypto/suite.h"
#include "wire/iana.h"

/* What one list is about. */
struct list_kind {
    const char *which; /* for hf_config_names */
    const char *noun;
    const char *known; /* names that it accepts, the default first and in default order */
    size_t default_count;
    bool (*find)(hf_span name, uint16_t *id);
    const char *(*name)(uint16_t id);
    bool (*has)(const hf_provider *provider, uint16_t id);
};

static bool has_suite(const hf_provider *provider, uint16_t id);
static bool has_group(const hf_provider *provider, uint16_t id);
static bool has_anyway(const hf_provider *provider, uint16_t id);
static const char *psk_mode_name(uint16_t id);

static const struct list_kind ciphers = {
    .which = "ciphers",
    .noun = "cipher suite",
    .known = "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256,"
             "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,"
             "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,"
             "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,"
             "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,"
             /* Only by name: slow, and without forward secrecy. */
             "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,"
             "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256,"
             "TLS_RSA_WITH_AES_128_GCM_SHA256,TLS_RSA_WITH_AES_256_GCM_SHA384",
    .default_count = 9,
    .find = iana_suite_find,
    .name = iana_suite_name,
    .has = has_suite,
};
static const struct list_kind groups = {
    .which = "groups",
    .noun = "group",
    .known = "X25519MLKEM768,x25519,secp256r1,secp384r1,secp521r1,ffdhe2048,ffdhe3072,ffdhe4096",
    .default_count = 4,
    .find = iana_group_find,
    .name = iana_group_name,
    .has = has_group,
};
/* The rsa_pkcs1 ones stand last: they speak of signatures in certificates only (RFC 9846,
 * 4.3.3), and most of the certificates out there are signed so. */
static const struct list_kind sigalgs = {
    .which = "sigalgs",
    .noun = "signature algorithm",
    .known = "ecdsa_secp256r1_sha256,rsa_pss_rsae_sha256,ed25519,ecdsa_secp384r1_sha384,"
             "rsa_pss_rsae_sha384,ecdsa_secp521r1_sha512,rsa_pss_rsae_sha512,ed448,"
             "rsa_pss_pss_sha256,rsa_pss_pss_sha384,rsa_pss_pss_sha512,"
             "rsa_pkcs1_sha256,rsa_pkcs1_sha384,rsa_pkcs1_sha512",
    .default_count = 14,
    .find = iana_scheme_find,
    .name = iana_scheme_name,
    .has = has_anyway,
};
static const struct list_kind compressions = {
    .which = "compression",
    .noun = "compression method",
    .known = "brotli,zlib,zstd",
    .default_count = 0,
    .find = iana_compression_find,
    .name = iana_compression_name,
    .has = has_anyway,
};

static const struct list_kind psk_modes = {
    .which = "psk_modes",
    .noun = "mode of pre-shared keys",
    .known = "psk_dhe_ke,psk_ke", /* the latter only by name: without forward secrecy */
    .default_count = 1,
    .find = iana_psk_mode_find,
    .name = psk_mode_name,
    .has = has_anyway,
};

static hf_status parse(hf_config *config, const struct list_kind *kind, const char *names,
                       bool may_be_empty, struct config_list *out);
static hf_status find_one(hf_config *config, const struct list_kind *kind, hf_span name,
                          uint16_t *id);
static hf_status refuse_name(hf_config *config, const struct list_kind *kind, hf_span name,
                             bool is_a_name);
static bool is_known(const struct list_kind *kind, uint16_t id);
static hf_status measure_alpn(hf_config *config, const char *names, size_t *len);

/* --- Setters ---------------------------------------------------------------------------------- */

hf_status hf_config_set_ciphers(hf_config *config, const char *names)
{
    TRY(config_begin(config));
    return parse(config, &ciphers, names, false, &config->ciphers);
}

hf_status hf_config_set_groups(hf_config *config, const char *names)
{
    TRY(config_begin(config));
    return parse(config, &groups, names, false, &config->groups);
}

hf_status hf_config_set_key_shares(hf_config *config, const char *names)
{
    TRY(config_begin_for(config, HF_CLIENT, true, "the choice of key shares"));
    TRY(parse(config, &groups, names, true, &config->key_shares));
    config->key_shares_set = true;
    return HF_OK;
}

hf_status hf_config_set_signature_algorithms(hf_config *config, const char *names)
{
    TRY(config_begin(config));
    return parse(config, &sigalgs, names, false, &config->sigalgs);
}

hf_status hf_config_set_signature_algorithms_cert(hf_config *config, const char *names)
{
    TRY(config_begin(config));
    return parse(config, &sigalgs, names, true, &config->sigalgs_cert);
}

hf_status hf_config_set_certificate_compression(hf_config *config, const char *names)
{
    TRY(config_begin(config));
    return parse(config, &compressions, names, true, &config->compression);
}

hf_status hf_config_set_psk_modes(hf_config *config, const char *names)
{
    TRY(config_begin(config));
    return parse(config, &psk_modes, names, false, &config->psk_modes);
}

/* RFC 7301, 3.1: a ProtocolNameList, here without its outer length. */
hf_status hf_config_set_alpn(hf_config *config, const char *names)
{
    TRY(config_begin(config));
    size_t len = 0;
    TRY(measure_alpn(config, names, &len));
    uint8_t *list = NULL;
    if (len > 0) {
        list = mem_alloc(len);
        if (list == NULL) {
            return err_raise(&config->error, HF_E_NO_MEMORY, NULL);
        }
        size_t at = 0;
        hf_span rest = span_str(names);
        for (hf_span name; config_next(&rest, &name); at += 1 + name.len) {
            list[at] = (uint8_t)name.len;
            memcpy(list + at + 1, name.data, name.len);
        }
    }
    mem_free(config->alpn, config->alpn_len);
    config->alpn = list;
    config->alpn_len = len;
    return HF_OK;
}

const char *hf_config_names(const char *which)
{
    static const struct list_kind *const kinds[] = {&ciphers, &groups, &sigalgs, &compressions,
                                                    &psk_modes};
    for (size_t i = 0; which != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(which, kinds[i]->which) == 0) {
            return kinds[i]->known;
        }
    }
    return NULL;
}

static void fill_default(const hf_config *config, const struct list_kind *kind,
                         struct config_list *out)
{
    hf_span rest = span_str(kind->known);
    hf_span name;
    for (size_t i = 0; i < kind->default_count && config_next(&rest, &name); i++) {
        uint16_t id;
        if (kind->find(name, &id) && kind->has(config->provider, id)) {
            out->v[out->count++] = id;
        }
    }
}

void config_list_defaults(hf_config *config)
{
    fill_default(config, &ciphers, &config->ciphers);
    fill_default(config, &groups, &config->groups);
    fill_default(config, &sigalgs, &config->sigalgs);
    fill_default(config, &psk_modes, &config->psk_modes);
}

/* --- One list --------------------------------------------------------------------------------- */

bool config_next(hf_span *rest, hf_span *element)
{
    if (rest->data == NULL) {
        return false;
    }
    const uint8_t *comma = rest->len == 0 ? NULL : memchr(rest->data, ',', rest->len);
    hf_span found = *rest;
    if (comma == NULL) {
        *rest = span_of(NULL, 0);
    } else {
        found.len = (size_t)(comma - rest->data);
        *rest = span_of(comma + 1, rest->len - found.len - 1);
    }
    while (found.len > 0 && (found.data[0] == ' ' || found.data[0] == '\t')) {
        found = span_of(found.data + 1, found.len - 1);
    }
    while (found.len > 0 &&
           (found.data[found.len - 1] == ' ' || found.data[found.len - 1] == '\t')) {
        found.len--;
    }
    *element = found;
    return true;
}

static bool is_blank(const char *names)
{
    return names[strspn(names, " \t")] == '\0';
}

/* out changes only when all of it is good. */
static hf_status parse(hf_config *config, const struct list_kind *kind, const char *names,
                       bool may_be_empty, struct config_list *out)
{
    if (names == NULL || is_blank(names)) {
        if (names != NULL && may_be_empty) {
            out->count = 0;
            return HF_OK;
        }
        return err_raise(&config->error, HF_E_CONFIG_EMPTY, "no %s is named", kind->noun);
    }
    struct config_list list = {.count = 0};
    hf_span rest = span_str(names);
    for (hf_span name; config_next(&rest, &name);) {
        uint16_t id = 0;
        TRY(find_one(config, kind, name, &id));
        if (config_list_has(&list, id)) {
            return err_raise(&config->error, HF_E_CONFIG_DUPLICATE,
                             "\"%.*s\" names the %s %s a second time",
                             (int)(name.len < 40 ? name.len : 40), (const char *)name.data,
                             kind->noun, kind->name(id));
        }
        /* There are fewer known names than places, and no name comes twice. */
        list.v[list.count++] = id;
    }
    *out = list;
    return HF_OK;
}

static hf_status find_one(hf_config *config, const struct list_kind *kind, hf_span name,
                          uint16_t *id)
{
    if (name.len == 0) {
        return err_raise(&config->error, HF_E_CONFIG_EMPTY,
                         "between two commas, or at an end, no %s is named", kind->noun);
    }
    const bool is_a_name = kind->find(name, id);
    if (!is_a_name || !is_known(kind, *id) || !kind->has(config->provider, *id)) {
        return refuse_name(config, kind, name, is_a_name);
    }
    return HF_OK;
}

static bool is_known(const struct list_kind *kind, uint16_t id)
{
    hf_span rest = span_str(kind->known);
    for (hf_span known; config_next(&rest, &known);) {
        uint16_t known_id = 0;
        if (kind->find(known, &known_id) && known_id == id) {
            return true;
        }
    }
    return false;
}

/* Appends the known names, as many as there is room for. */
static void append_known(char *text, size_t cap, const char *known)
{
    static const char more[] = ", ...";
    size_t at = strlen(text);
    hf_span rest = span_str(known);
    const char *between = "";
    for (hf_span name; config_next(&rest, &name); between = ", ") {
        const bool is_last = rest.data == NULL;
        if (at + strlen(between) + name.len + (is_last ? 1 : sizeof more) > cap) {
            (void)snprintf(text + at, cap - at, "%s", more);
            return;
        }
        at += (size_t)snprintf(text + at, cap - at, "%s%.*s", between, (int)name.len,
                               (const char *)name.data);
    }
}

/* Which name, what it may have meant, and what is known. */
static hf_status refuse_name(hf_config *config, const struct list_kind *kind, hf_span name,
                             bool is_a_name)
{
    char text[sizeof config->error.detail];
    char nearest[48];
    const int shown = (int)(name.len < 32 ? name.len : 32);
    if (is_a_name) {
        (void)snprintf(text, sizeof text, "the %s %.*s is not supported here; known: ", kind->noun,
                       shown, (const char *)name.data);
    } else if (config_suggest(kind->known, name, nearest, sizeof nearest)) {
        (void)snprintf(text, sizeof text,
                       "no %s is called \"%.*s\": did you mean %s? Known: ", kind->noun, shown,
                       (const char *)name.data, nearest);
    } else {
        (void)snprintf(text, sizeof text, "no %s is called \"%.*s\"; known: ", kind->noun, shown,
                       (const char *)name.data);
    }
    append_known(text, sizeof text, kind->known);
    return err_raise(&config->error, HF_E_CONFIG_UNKNOWN_NAME, "%s", text);
}

static bool has_suite(const hf_provider *provider, uint16_t id)
{
    struct suite s = {.aead = NULL};
    return (suite_find(provider, id, &s) && s.aead != NULL) || suite12_find(provider, id, &s);
}

static const char *psk_mode_name(uint16_t id)
{
    return iana_psk_mode_name((uint8_t)id);
}

static bool has_group(const hf_provider *provider, uint16_t id)
{
    return hf_provider_group(provider, id) != NULL;
}

static bool has_anyway(const hf_provider *provider, uint16_t id)
{
    (void)provider, (void)id;
    return true;
}

/* --- ALPN ------------------------------------------------------------------------------------- */

static bool is_repeated(hf_span rest, hf_span name)
{
    for (hf_span other; config_next(&rest, &other);) {
        if (span_eq(other, name)) {
            return true;
        }
    }
    return false;
}

/* Checks the names and tells how long their list is. */
static hf_status measure_alpn(hf_config *config, const char *names, size_t *len)
{
    if (names == NULL || is_blank(names)) {
        return HF_OK;
    }
    hf_span rest = span_str(names);
    for (hf_span name; config_next(&rest, &name);) {
        if (name.len == 0) {
            return err_raise(&config->error, HF_E_CONFIG_EMPTY,
                             "between two commas, or at an end, no protocol is named");
        }
        if (name.len > 255) {
            return err_raise(&config->error, HF_E_CONFIG_VALUE,
                             "\"%.32s...\" has %zu bytes; a protocol's name has at most 255",
                             (const char *)name.data, name.len);
        }
        if (is_repeated(rest, name)) {
            return err_raise(&config->error, HF_E_CONFIG_DUPLICATE, "\"%.*s\" is named twice",
                             (int)(name.len < 64 ? name.len : 64), (const char *)name.data);
        }
        *len += 1 + name.len;
    }
    /* An extension has at most 65535 bytes, two of them for the length of the list. */
    if (*len > 65533) {
        return err_raise(&config->error, HF_E_CONFIG_VALUE,
                         "the protocols need %zu bytes; an extension holds 65533", *len);
    }
    return HF_OK;
}

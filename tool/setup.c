/* From the command line to the library's objects. */
#include "setup.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/file.h"
#include "io/starttls.h"
#include "report/failure.h"
#include "tool.h"

#define AT(member) offsetof(struct setup_parameters, member)

enum { PSK_KEY_MAX = 64 };

const struct opt setup_psk_opts[SETUP_PSK_OPT_COUNT] = {
    {"psk-hash", "BITS",
     "hash that goes with the pre-shared keys: 256 or 384 (default 256); raw ones are for suites "
     "with this hash only",
     OPT_NUMBER, AT(psk_hash), 256, 384},
    {"psk-context", "TEXT",
     "what else the pre-shared keys were agreed upon with, such as who is client and who is "
     "server; the same at both ends (RFC 9258; default: nothing)",
     OPT_TEXT, AT(psk_context), 0, 0},
    {"psk-raw", NULL, "use the pre-shared keys as they are, for peers that do not import keys",
     OPT_FLAG, AT(psk_raw), 0, 0},
    {"psk-modes", "LIST",
     "how pre-shared keys and sessions may be used in TLS 1.3: psk_dhe_ke (default), psk_ke, or "
     "both; psk_ke exchanges no keys and has no forward secrecy: for tests, and for devices that "
     "can do no more",
     OPT_TEXT, AT(psk_modes), 0, 0},
};

const struct opt setup_opts[SETUP_OPT_COUNT] = {
    {"what is negotiated (lists: best first, comma between; 'handfast help names' has the names)",
     NULL, NULL, OPT_HEADING, 0, 0, 0},
    {"tls", "RANGE", "versions: 1.2, 1.3 or 1.2-1.3 (default: both)", OPT_TEXT, AT(tls), 0, 0},
    {"ciphers", "LIST", "cipher suites", OPT_TEXT, AT(ciphers), 0, 0},
    {"groups", "LIST", "key exchange groups", OPT_TEXT, AT(groups), 0, 0},
    {"sigalgs", "LIST", "signature algorithms", OPT_TEXT, AT(sigalgs), 0, 0},
    {"sigalgs-cert", "LIST",
     "signature algorithms in certificates, where they differ (signature_algorithms_cert)",
     OPT_TEXT, AT(sigalgs_cert), 0, 0},
    {"require-ems", NULL, "refuse TLS 1.2 without extended_master_secret", OPT_FLAG,
     AT(require_ems), 0, 0},
    {"record-size-limit", "N", "largest record to receive, 64 to 16385", OPT_NUMBER,
     AT(record_size_limit), 64, 16385},
    {"padding", "N", "pad what is sent to a multiple of N bytes", OPT_NUMBER, AT(padding), 1,
     16384},
};

static int set_names(hf_config *config, const char *option, const char *value,
                     hf_status (*setter)(hf_config *, const char *), struct trouble *trouble);
static int set_versions(hf_config *config, const char *written, struct trouble *trouble);
static int add_psk(hf_config *config, const struct setup_parameters *p, const char *written,
                   struct trouble *trouble);
static bool from_hex(const char *hex, uint8_t *out, size_t cap, size_t *len);
static int load_identity(const struct setup_identity *from, const struct file_bytes *chain,
                         const struct file_bytes *key, const struct file_bytes *ocsp,
                         hf_identity **out, struct trouble *trouble);
static int identity_failed(const struct setup_identity *from, const hf_error *error,
                           struct trouble *trouble);

int setup_check(const struct setup_parameters *p, struct trouble *trouble)
{
    if (p->psk.count == 0 && (p->psk_raw || p->psk_context != NULL || p->psk_hash != 0)) {
        return trouble_set(trouble, TOOL_USAGE, "Give the key as well: --psk ID:HEX.",
                           "%s: there is no pre-shared key for it",
                           p->psk_raw               ? "--psk-raw"
                           : p->psk_context != NULL ? "--psk-context"
                                                    : "--psk-hash");
    }
    if (p->psk_raw && p->psk_context != NULL) {
        return trouble_set(trouble, TOOL_USAGE, "Leave one of the two away.",
                           "--psk-raw: a key that is not imported has no --psk-context");
    }
    if (p->psk_hash != 0 && p->psk_hash != 256 && p->psk_hash != 384) {
        return trouble_set(trouble, TOOL_USAGE, "Choose 256 or 384.",
                           "--psk-hash %lld: no such hash", (long long)p->psk_hash);
    }
    return 0;
}

/* Who asks for either by name is told each time what it is. */
static void warn_of_psk_ke(const char *modes)
{
    if (modes != NULL &&
        (strcasestr(modes, "psk_ke") != NULL || strcasestr(modes, "psk-ke") != NULL ||
         strcasestr(modes, "pskke") != NULL)) {
        (void)fputs(
            "handfast: warning: psk_ke has no forward secrecy: who gets the pre-shared key, "
            "or the key of a ticket, later reads all that was recorded.\n",
            stderr);
    }
}

static void warn_of_key_transport(const char *ciphers)
{
    if (ciphers != NULL && (strcasestr(ciphers, "TLS_RSA_WITH_") != NULL ||
                            strcasestr(ciphers, "TLS-RSA-WITH-") != NULL ||
                            strncasecmp(ciphers, "AES128-GCM", 10) == 0 ||
                            strncasecmp(ciphers, "AES256-GCM", 10) == 0 ||
                            strcasestr(ciphers, ",AES128-GCM") != NULL ||
                            strcasestr(ciphers, ",AES256-GCM") != NULL)) {
        (void)fputs("handfast: warning: RSA key transport has no forward secrecy: who gets the "
                    "server's key later reads all that was recorded. For tests only.\n",
                    stderr);
    }
}

int setup_parameters(hf_config *config, const struct setup_parameters *p, struct trouble *trouble)
{
    if (set_versions(config, p->tls, trouble) != 0 ||
        set_names(config, "--ciphers", p->ciphers, hf_config_set_ciphers, trouble) != 0 ||
        set_names(config, "--groups", p->groups, hf_config_set_groups, trouble) != 0 ||
        set_names(config, "--key-shares", p->key_shares, hf_config_set_key_shares, trouble) != 0 ||
        set_names(config, "--sigalgs", p->sigalgs, hf_config_set_signature_algorithms, trouble) !=
            0 ||
        set_names(config, "--sigalgs-cert", p->sigalgs_cert,
                  hf_config_set_signature_algorithms_cert, trouble) != 0 ||
        set_names(config, "--alpn", p->alpn, hf_config_set_alpn, trouble) != 0 ||
        set_names(config, "--compress-certs", p->compress, hf_config_set_certificate_compression,
                  trouble) != 0 ||
        set_names(config, "--psk-modes", p->psk_modes, hf_config_set_psk_modes, trouble) != 0) {
        return trouble->exit_code;
    }
    warn_of_key_transport(p->ciphers);
    warn_of_psk_ke(p->psk_modes);
    if (p->record_size_limit != 0 &&
        hf_config_set_record_size_limit(config, (uint16_t)p->record_size_limit) != HF_OK) {
        return failure_of_setting(hf_config_error(config), "--record-size-limit", trouble);
    }
    if (p->padding != 0 && hf_config_set_padding(config, (uint16_t)p->padding) != HF_OK) {
        return failure_of_setting(hf_config_error(config), "--padding", trouble);
    }
    if (p->require_ems && hf_config_set_require_ems(config, true) != HF_OK) {
        return failure_of_setting(hf_config_error(config), "--require-ems", trouble);
    }
    for (size_t i = 0; i < p->psk.count; i++) {
        if (add_psk(config, p, p->psk.items[i], trouble) != 0) {
            return trouble->exit_code;
        }
    }
    return 0;
}

int setup_identity(const struct setup_identity *from, hf_identity **out, struct trouble *trouble)
{
    *out = NULL;
    struct file_bytes chain = {0}, key = {0}, ocsp = {0}, passphrase = {0};
    /* The passphrase's file is read when the key asks for it, and then cannot say what is wrong. */
    if ((from->passphrase_file == NULL ||
         file_read("--passphrase-file", from->passphrase_file, &passphrase, trouble) == 0) &&
        file_read("--cert", from->cert, &chain, trouble) == 0 &&
        (from->key == NULL || file_read("--key", from->key, &key, trouble) == 0) &&
        (from->ocsp == NULL || file_read("--ocsp", from->ocsp, &ocsp, trouble) == 0)) {
        (void)load_identity(from, &chain, from->key == NULL ? &chain : &key, &ocsp, out, trouble);
    }
    file_free(&chain);
    file_free(&key);
    file_free(&ocsp);
    file_free(&passphrase);
    return trouble->exit_code;
}

int setup_trust(const char *option, const struct opt_list *files, hf_trust **out,
                struct trouble *trouble)
{
    hf_trust *trust = hf_trust_new();
    *out = NULL;
    if (trust == NULL) {
        return setup_no_memory(trouble);
    }
    hf_error error = {0};
    if (files->count == 0 && hf_trust_add_system(trust, &error) != HF_OK) {
        (void)failure_of_setting(&error, "the system's certificate authorities", trouble);
    }
    for (size_t i = 0; i < files->count && trouble->exit_code == 0; i++) {
        struct file_bytes bytes;
        if (file_read(option, files->items[i], &bytes, trouble) == 0) {
            char where[300];
            (void)snprintf(where, sizeof where, "%s %s", option, files->items[i]);
            if (hf_trust_add(trust, file_span(&bytes), &error) != HF_OK) {
                (void)failure_of_setting(&error, where, trouble);
            }
            file_free(&bytes);
        }
    }
    if (trouble->exit_code != 0) {
        hf_trust_free(trust);
        return trouble->exit_code;
    }
    *out = trust;
    return 0;
}

int setup_crl(const char *option, const struct opt_list *files, hf_trust *trust,
              struct trouble *trouble)
{
    for (size_t i = 0; i < files->count && trouble->exit_code == 0; i++) {
        struct file_bytes bytes;
        hf_error error = {0};
        if (file_read(option, files->items[i], &bytes, trouble) == 0) {
            char where[300];
            (void)snprintf(where, sizeof where, "%s %s", option, files->items[i]);
            if (hf_trust_add_crl(trust, file_span(&bytes), &error) != HF_OK) {
                (void)failure_of_setting(&error, where, trouble);
            }
            file_free(&bytes);
        }
    }
    return trouble->exit_code;
}

int setup_pins(const struct opt_list *pins, hf_trust *trust, struct trouble *trouble)
{
    for (size_t i = 0; i < pins->count; i++) {
        uint8_t digest[32];
        char hex[2 * sizeof digest + 1] = "";
        size_t len = 0;
        hf_error error = {0};
        /* With or without the colons of a fingerprint. */
        for (const char *c = pins->items[i]; *c != '\0' && len < sizeof hex; c++) {
            if (*c != ':') {
                hex[len++] = *c;
            }
        }
        if (len != sizeof hex - 1 || !from_hex(hex, digest, sizeof digest, &len)) {
            return trouble_set(trouble, TOOL_USAGE,
                               "'handfast certs' shows it as the key's SHA-256: 64 digits.",
                               "--pin %s: not a SHA-256 in hexadecimal", pins->items[i]);
        }
        if (hf_trust_pin(trust, digest, &error) != HF_OK) {
            return setup_no_memory(trouble);
        }
    }
    return 0;
}

int setup_chain_cache(hf_config *config, struct trouble *trouble)
{
    hf_chain_cache *cache = hf_chain_cache_new(0);
    const bool set = cache != NULL && hf_config_set_chain_cache(config, cache) == HF_OK;
    hf_chain_cache_free(cache);
    return set ? 0 : setup_no_memory(trouble);
}

int setup_starttls(const char *written, struct trouble *trouble)
{
    if (written == NULL || starttls_find(written) != NULL) {
        return 0;
    }
    return trouble_set(trouble, TOOL_USAGE, "Choose smtp, imap, pop3 or ftp.",
                       "--starttls %s: no such protocol", written);
}

uint16_t setup_port(const struct address *address, const char *starttls)
{
    if (address->has_port) {
        return address->port;
    }
    return starttls == NULL ? 443 : starttls_port(starttls_find(starttls));
}

int setup_failed(int argc, char **argv, const struct trouble *trouble, const char *verb)
{
    bool wants_json = false;
    for (int i = 1; i < argc; i++) {
        wants_json = wants_json || strcmp(argv[i], "--json") == 0;
    }
    if (!wants_json) {
        trouble_say(trouble, verb);
        return trouble->exit_code;
    }
    struct text out = {0};
    struct json j = json_begin(&out, false);
    json_object(&j, NULL);
    json_bool(&j, "ok", false);
    json_number(&j, "exit_code", trouble->exit_code);
    failure_json(trouble, &j, "error");
    json_end(&j);
    struct trouble late = {0};
    if (trouble_print(&out, &late) != 0) {
        trouble_say(trouble, verb);
    }
    text_free(&out);
    return trouble->exit_code;
}

int setup_no_memory(struct trouble *trouble)
{
    return trouble_set(trouble, TOOL_SYSTEM, "Close other programs.", "memory is exhausted");
}

static int set_names(hf_config *config, const char *option, const char *value,
                     hf_status (*setter)(hf_config *, const char *), struct trouble *trouble)
{
    if (value == NULL || setter(config, value) == HF_OK) {
        return 0;
    }
    char where[200];
    (void)snprintf(where, sizeof where, "%s %s", option, value);
    return failure_of_setting(hf_config_error(config), where, trouble);
}

static int set_versions(hf_config *config, const char *written, struct trouble *trouble)
{
    static const struct {
        const char *name;
        hf_version lowest, highest;
    } ranges[] = {
        {"1.2", HF_TLS12, HF_TLS12}, {"1.3", HF_TLS13, HF_TLS13}, {"1.2-1.3", HF_TLS12, HF_TLS13}};
    if (written == NULL) {
        return 0;
    }
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (strcmp(written, ranges[i].name) == 0) {
            if (hf_config_set_versions(config, ranges[i].lowest, ranges[i].highest) == HF_OK) {
                return 0;
            }
            char where[40];
            (void)snprintf(where, sizeof where, "--tls %s", written);
            return failure_of_setting(hf_config_error(config), where, trouble);
        }
    }
    return trouble_set(trouble, TOOL_USAGE, "Choose 1.2, 1.3 or 1.2-1.3.",
                       "--tls %s: no such version", written);
}

/* ID:HEX, cut at the last colon: an identity may hold one. */
static int add_psk(hf_config *config, const struct setup_parameters *p, const char *written,
                   struct trouble *trouble)
{
    static const char how[] = "Write --psk ID:HEX with a key of 16 to 64 bytes in hexadecimal.";
    const char *colon = strrchr(written, ':');
    if (colon == NULL || colon == written) {
        return trouble_set(trouble, TOOL_USAGE, how, "--psk: the value is not of the form ID:HEX");
    }
    uint8_t key[PSK_KEY_MAX];
    size_t key_len = 0;
    if (!from_hex(colon + 1, key, sizeof key, &key_len) || key_len < 16) {
        explicit_bzero(key, sizeof key);
        return trouble_set(trouble, TOOL_USAGE, how,
                           "--psk %.*s:...: the key is not 16 to 64 bytes in hexadecimal",
                           (int)(colon - written), written);
    }
    const hf_span identity = {(const uint8_t *)written, (size_t)(colon - written)};
    const char *const context = p->psk_context == NULL ? "" : p->psk_context;
    const hf_span bytes = {key, key_len};
    const unsigned hash = p->psk_hash == 384 ? 384 : 256;
    const hf_status status =
        p->psk_raw
            ? hf_config_add_raw_psk(config, identity, bytes, hash)
            : hf_config_add_psk(config, identity,
                                (hf_span){(const uint8_t *)context, strlen(context)}, bytes, hash);
    explicit_bzero(key, sizeof key);
    return status == HF_OK ? 0 : failure_of_setting(hf_config_error(config), "--psk", trouble);
}

static bool from_hex(const char *hex, uint8_t *out, size_t cap, size_t *len)
{
    static const char digits[] = "0123456789abcdef";
    *len = strlen(hex) / 2;
    if (strlen(hex) % 2 != 0 || *len > cap) {
        return false;
    }
    for (size_t i = 0; i < *len; i++) {
        unsigned value = 0;
        for (size_t n = 0; n < 2; n++) {
            const char c = hex[2 * i + n];
            const char *digit = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
            if (digit == NULL) {
                return false;
            }
            value = value << 4 | (unsigned)(digit - digits);
        }
        out[i] = (uint8_t)value;
    }
    return true;
}

static int load_identity(const struct setup_identity *from, const struct file_bytes *chain,
                         const struct file_bytes *key, const struct file_bytes *ocsp,
                         hf_identity **out, struct trouble *trouble)
{
    static const char marker[] = "PRIVATE KEY-----";
    if (from->key == NULL && memmem(chain->ptr, chain->len, marker, sizeof marker - 1) == NULL) {
        return trouble_set(trouble, TOOL_USAGE, "Give its private key with --key FILE.",
                           "--cert %s: there is no --key for it, and the file holds none",
                           from->cert);
    }
    struct passphrase passphrase = {from->passphrase_file,
                                    from->key == NULL ? from->cert : from->key, from->may_ask};
    const hf_identity_source source = {
        .size = sizeof source,
        .chain = file_span(chain),
        .key = file_span(key),
        .passphrase = file_passphrase,
        .passphrase_ctx = &passphrase,
        .ocsp_response = file_span(ocsp),
    };
    hf_error error = {0};
    if (hf_identity_load(&source, &error, out) != HF_OK) {
        return identity_failed(from, &error, trouble);
    }
    if (!from->allow_expired && hf_identity_check_time(*out, from->now_s, &error) != HF_OK) {
        hf_identity_free(*out);
        *out = NULL;
        return identity_failed(from, &error, trouble);
    }
    return 0;
}

/* The sentence names the file that is to blame. */
static int identity_failed(const struct setup_identity *from, const hf_error *error,
                           struct trouble *trouble)
{
    char where[600];
    const bool key = error->code == HF_E_KEY_MALFORMED || error->code == HF_E_KEY_PASSPHRASE ||
                     error->code == HF_E_KEY_UNSUPPORTED;
    if (error->code == HF_E_CONFIG_VALUE && from->ocsp != NULL) { /* all that can be out of range */
        (void)snprintf(where, sizeof where, "--ocsp %s", from->ocsp);
    } else if (from->key == NULL || (!key && error->code != HF_E_KEY_MISMATCH)) {
        (void)snprintf(where, sizeof where, "--cert %s", from->cert);
    } else if (key) {
        (void)snprintf(where, sizeof where, "--key %s", from->key);
    } else {
        (void)snprintf(where, sizeof where, "--cert %s --key %s", from->cert, from->key);
    }
    return failure_of_setting(error, where, trouble);
}

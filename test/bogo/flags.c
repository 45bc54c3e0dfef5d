/* The table of flags. Flags that are not in it are features that Handfast does not have. */
#include "flags.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { BOOL, INT, U64, STRING, LIST, BYTES, NOTHING, ANYTHING, NEW_CREDENTIAL, NEW_PSK };

struct flag {
    const char *name;
    enum kind kind;
    size_t at;
    bool of_credential; /* of the last one that was begun; at is its member then */
};

#define FLAG(name, kind, member)                                                                   \
    {                                                                                              \
        name, kind, offsetof(struct bogo_flags, member), false                                     \
    }
#define CREDENTIAL(name, kind, member)                                                             \
    {                                                                                              \
        name, kind, offsetof(struct bogo_credential, member), true                                 \
    }
/* Of a flag that asks for nothing that this library would do in another way, without and with a
 * value. */
#define IGNORED(name)                                                                              \
    {                                                                                              \
        name, NOTHING, 0, false                                                                    \
    }
#define IGNORED_VALUE(name)                                                                        \
    {                                                                                              \
        name, ANYTHING, 0, false                                                                   \
    }

static const struct flag flags[] = {
    FLAG("-port", INT, port),
    FLAG("-ipv6", BOOL, ipv6),
    FLAG("-shim-id", U64, shim_id),
    FLAG("-server", BOOL, server),
    FLAG("-resume-count", INT, resume_count),
    FLAG("-is-handshaker-supported", BOOL, is_handshaker_supported),

    FLAG("-min-version", INT, min_version),
    FLAG("-max-version", INT, max_version),
    FLAG("-no-tls13", BOOL, no_tls13),
    FLAG("-no-tls12", BOOL, no_tls12),
    IGNORED("-no-tls11"),
    IGNORED("-no-tls1"),
    FLAG("-cipher", STRING, cipher),
    IGNORED("-server-preference"), /* the server's order always counts */
    FLAG("-curves", LIST, curves),
    FLAG("-curves-flags", LIST, curves_flags),
    FLAG("-key-shares", LIST, key_shares),
    FLAG("-no-key-shares", BOOL, no_key_shares),
    FLAG("-verify-prefs", LIST, verify_prefs),
    FLAG("-fallback-scsv", BOOL, fallback_scsv),
    FLAG("-host-name", STRING, host_name),
    FLAG("-advertise-alpn", STRING, advertise_alpn),
    FLAG("-select-alpn", STRING, select_alpn),
    IGNORED("-decline-alpn"), /* who selects none has none */
    FLAG("-reject-alpn", BOOL, reject_alpn),
    FLAG("-enable-grease", BOOL, enable_grease),
    FLAG("-permute-extensions", BOOL, permute_extensions),
    FLAG("-install-cert-compression-algs", BOOL, install_cert_compression_algs),

    {"-new-x509-credential", NEW_CREDENTIAL, 0, false},
    {"-new-psk-credential", NEW_PSK, 0, false},
    CREDENTIAL("-psk-importer-key", BYTES, psk_key),
    CREDENTIAL("-psk-importer-identity", BYTES, psk_identity),
    CREDENTIAL("-psk-importer-context", BYTES, psk_context),
    CREDENTIAL("-psk-importer-sha256", BOOL, psk_sha256),
    CREDENTIAL("-psk-importer-sha384", BOOL, psk_sha384),
    CREDENTIAL("-cert-file", STRING, cert_file),
    CREDENTIAL("-key-file", STRING, key_file),
    CREDENTIAL("-ocsp-response", BYTES, ocsp_response),
    CREDENTIAL("-signed-cert-timestamps", BYTES, sct_list),
    CREDENTIAL("-signing-prefs", LIST, signing_prefs),
    CREDENTIAL("-must-match-issuer", BOOL, must_match_issuer),
    FLAG("-trust-cert", STRING, trust_cert),
    FLAG("-require-any-client-certificate", BOOL, require_any_client_certificate),
    FLAG("-verify-peer", BOOL, verify_peer),
    FLAG("-verify-fail", BOOL, verify_fail),
    FLAG("-use-custom-verify-callback", BOOL, use_custom_verify_callback),
    FLAG("-reverify-on-resume", BOOL, reverify_on_resume),
    FLAG("-use-client-ca-list", STRING, use_client_ca_list),
    FLAG("-enable-ocsp-stapling", BOOL, enable_ocsp_stapling),
    IGNORED("-use-ocsp-callback"),    /* the operations are asked for anyway */
    IGNORED("-set-ocsp-in-callback"), /* an identity has its response from the start */
    FLAG("-decline-ocsp-callback", BOOL, decline_ocsp_callback),
    FLAG("-fail-ocsp-callback", BOOL, fail_ocsp_callback),
    FLAG("-enable-signed-cert-timestamps", BOOL, enable_signed_cert_timestamps),

    FLAG("-enable-early-data", BOOL, enable_early_data),
    FLAG("-no-ticket", BOOL, no_ticket),
    FLAG("-skip-ticket", BOOL, skip_ticket),
    FLAG("-renew-ticket", BOOL, renew_ticket),
    IGNORED("-retain-only-sha256-client-cert"), /* a server's session holds nothing else of it */
    FLAG("-resumption-delay", INT, resumption_delay_s),
    IGNORED("-use-ticket-callback"),
    IGNORED("-use-ticket-aead-callback"),

    FLAG("-async", BOOL, async),
    IGNORED("-use-early-callback"),
    FLAG("-fail-early-callback", BOOL, fail_early_callback),
    IGNORED("-install-ddos-callback"),
    FLAG("-fail-ddos-callback", BOOL, fail_ddos_callback),
    FLAG("-fail-cert-callback", BOOL, fail_cert_callback),
    IGNORED("-use-old-client-cert-callback"),
    FLAG("-shim-writes-first", BOOL, shim_writes_first),
    FLAG("-shim-shuts-down", BOOL, shim_shuts_down),
    FLAG("-check-close-notify", BOOL, check_close_notify),
    FLAG("-shim-initial-write", STRING, shim_initial_write),
    FLAG("-repeat-shim-initial-write", INT, repeat_shim_initial_write),
    FLAG("-write-different-record-sizes", BOOL, write_different_record_sizes),
    IGNORED("-partial-write"), /* what does not fit is always for the next call */
    FLAG("-read-with-unfinished-write", BOOL, read_with_unfinished_write),
    IGNORED_VALUE("-read-size"), /* the caller gives the room */
    FLAG("-max-cert-list", INT, max_cert_list),
    FLAG("-implicit-handshake", BOOL, implicit_handshake),
    FLAG("-no-op-extra-handshake", BOOL, no_op_extra_handshake),
    FLAG("-handshake-twice", BOOL, handshake_twice),
    FLAG("-handshake-never-done", BOOL, handshake_never_done),
    FLAG("-key-update", BOOL, key_update),
    FLAG("-key-update-before-read", BOOL, key_update_before_read),
    FLAG("-send-alert", BOOL, send_alert),
    FLAG("-export-keying-material", INT, export_len),
    FLAG("-export-label", STRING, export_label),
    FLAG("-export-context", STRING, export_context),
    FLAG("-use-export-context", BOOL, use_export_context),
    FLAG("-use-exporter-between-reads", BOOL, use_exporter_between_reads),
    FLAG("-export-traffic-secrets", BOOL, export_traffic_secrets),
    IGNORED("-peek-then-read"),     /* data stand in the caller's buffer: nothing takes them away */
    IGNORED("-false-start"),        /* which is never done */
    IGNORED("-renegotiate-ignore"), /* a HelloRequest never starts anything */
    IGNORED("-renegotiate-freely"),
    IGNORED("-no-legacy-server-connect"), /* servers without RFC 5746 are always refused */

    FLAG("-expect-version", INT, expect_version),
    FLAG("-expect-cipher", INT, expect_cipher),
    FLAG("-expect-cipher-aes", INT, expect_cipher_aes),
    IGNORED_VALUE("-expect-cipher-no-aes"), /* the order is the same on all machines */
    FLAG("-expect-curve-id", INT, expect_curve_id),
    FLAG("-expect-peer-signature-algorithm", INT, expect_peer_signature_algorithm),
    FLAG("-expect-total-renegotiations", INT, expect_total_renegotiations),
    FLAG("-expect-selected-credential", INT, expect_selected_credential),
    FLAG("-expect-server-name", STRING, expect_server_name),
    FLAG("-expect-no-server-name", BOOL, expect_no_server_name),
    FLAG("-expect-alpn", STRING, expect_alpn),
    FLAG("-expect-advertised-alpn", STRING, expect_advertised_alpn),
    FLAG("-expect-peer-cert-file", STRING, expect_peer_cert_file),
    FLAG("-expect-no-peer-cert", BOOL, expect_no_peer_cert),
    FLAG("-expect-verify-result", BOOL, expect_verify_result),
    FLAG("-expect-extended-master-secret", BOOL, expect_extended_master_secret),
    IGNORED("-expect-secure-renegotiation"), /* others are refused (RFC 5746) */
    FLAG("-expect-session-miss", BOOL, expect_session_miss),
    FLAG("-expect-no-session", BOOL, expect_no_session),
    FLAG("-expect-ticket-renewal", BOOL, expect_ticket_renewal),
    FLAG("-expect-session-id", BOOL, expect_session_id),
    FLAG("-expect-no-session-id", BOOL, expect_no_session_id),
    FLAG("-expect-ticket-supports-early-data", BOOL, expect_ticket_supports_early_data),
    FLAG("-expect-no-offer-early-data", BOOL, expect_no_offer_early_data),
    FLAG("-expect-accept-early-data", BOOL, expect_accept_early_data),
    FLAG("-expect-reject-early-data", BOOL, expect_reject_early_data),
    FLAG("-expect-early-data-reason", STRING, expect_early_data_reason),
    FLAG("-expect-hrr", BOOL, expect_hrr),
    FLAG("-expect-no-hrr", BOOL, expect_no_hrr),
    FLAG("-expect-sha256-client-cert", BOOL, expect_sha256_client_cert),
    FLAG("-expect-ticket-age-skew", INT, expect_ticket_age_skew_s),
    FLAG("-expect-ocsp-response", BYTES, expect_ocsp_response),
    FLAG("-expect-signed-cert-timestamps", BYTES, expect_sct_list),
    FLAG("-expect-peer-verify-pref", LIST, expect_peer_verify_prefs),
    FLAG("-expect-client-ca-list", STRING, expect_client_ca_list),
    FLAG("-expect-msg-callback", STRING, expect_msg_callback),
};

static const struct flag *find(const char *name);
static bool takes_value(const struct flag *flag);
static bool strip(const char **name, const char *prefix);
static int set(struct bogo_flags *f, const struct flag *flag, const char *value);
static bool read_number(const char *text, long long least, long long most, long long *out);
static int read_list(struct bogo_list *list, const char *value);
static bool read_base64(const char *text, hf_span *out);
static int wrong(const char *name, const char *value);

int bogo_flags_read(int argc, char **argv, struct bogo_all_flags *out)
{
    *out = (struct bogo_all_flags){0};
    out->initial.shim_initial_write = "hello";
    out->initial.repeat_shim_initial_write = 1;
    out->resume = out->retry = out->initial;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        (void)strip(&name, "-on-shim");
        struct bogo_flags *only = strip(&name, "-on-initial")  ? &out->initial
                                  : strip(&name, "-on-resume") ? &out->resume
                                  : strip(&name, "-on-retry")  ? &out->retry
                                                               : NULL;
        const struct flag *flag = find(name);
        if (flag == NULL) {
            return bogo_unimplemented(name);
        }
        const char *value = NULL;
        if (takes_value(flag) && (value = argv[++i]) == NULL) {
            return wrong(name, "nothing");
        }
        struct bogo_flags *sets[] = {&out->initial, &out->resume, &out->retry};
        for (size_t k = 0; k < sizeof sets / sizeof sets[0]; k++) {
            const int code = only == NULL || only == sets[k] ? set(sets[k], flag, value) : 0;
            if (code != 0) {
                return code;
            }
        }
    }
    return 0;
}

int bogo_unimplemented(const char *what)
{
    fprintf(stderr, "not implemented: %s\n", what);
    const char *log = getenv("HF_BOGO_LOG");
    FILE *file = log == NULL ? NULL : fopen(log, "a");
    if (file != NULL) {
        fprintf(file, "%s\n", what);
        (void)fclose(file);
    }
    return BOGO_EXIT_UNIMPLEMENTED;
}

static const struct flag *find(const char *name)
{
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(flags[i].name, name) == 0) {
            return &flags[i];
        }
    }
    return NULL;
}

static bool takes_value(const struct flag *flag)
{
    return flag->kind != BOOL && flag->kind != NOTHING && flag->kind != NEW_CREDENTIAL &&
           flag->kind != NEW_PSK;
}

/* Takes "-on-resume" from "-on-resume-expect-hrr". */
static bool strip(const char **name, const char *prefix)
{
    const size_t len = strlen(prefix);
    if (strncmp(*name, prefix, len) != 0 || (*name)[len] != '-') {
        return false;
    }
    *name += len;
    return true;
}

static int set(struct bogo_flags *f, const struct flag *flag, const char *value)
{
    long long number = 0;
    struct bogo_credential *credential =
        f->credential_count == 0 ? &f->base : &f->credentials[f->credential_count - 1];
    void *at = (flag->of_credential ? (uint8_t *)credential : (uint8_t *)f) + flag->at;
    switch (flag->kind) {
    case BOOL:
        *(bool *)at = true;
        return 0;
    case INT:
        if (!read_number(value, INT_MIN, INT_MAX, &number)) {
            return wrong(flag->name, value);
        }
        *(int *)at = (int)number;
        f->expect_selected_credential_given |= at == &f->expect_selected_credential;
        return 0;
    case U64:
        errno = 0;
        *(uint64_t *)at = strtoull(value, NULL, 10);
        return errno == 0 ? 0 : wrong(flag->name, value);
    case STRING:
        *(const char **)at = value;
        return 0;
    case LIST:
        return read_list(at, value) == 0 ? 0 : wrong(flag->name, value);
    case BYTES:
        return read_base64(value, at) ? 0 : wrong(flag->name, value);
    case NEW_CREDENTIAL:
    case NEW_PSK:
        if (f->credential_count == BOGO_CREDENTIALS_MAX) {
            return wrong(flag->name, "too many");
        }
        f->credentials[f->credential_count++].is_psk = flag->kind == NEW_PSK;
        return 0;
    case NOTHING:
    case ANYTHING:
        break;
    }
    return 0;
}

static bool read_number(const char *text, long long least, long long most, long long *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *out >= least && *out <= most;
}

static int read_list(struct bogo_list *list, const char *value)
{
    long long number = 0;
    if (!read_number(value, 0, UINT16_MAX, &number) || list->count == BOGO_LIST_MAX) {
        return 1;
    }
    list->items[list->count++] = (uint16_t)number;
    list->given = true;
    return 0;
}

/* RFC 4648, 4; the bytes live as long as the process. */
static bool read_base64(const char *text, hf_span *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t len = strlen(text);
    uint8_t *bytes = malloc(len + 1);
    size_t n = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; bytes != NULL && i < len && text[i] != '='; i++) {
        const char *digit = strchr(digits, text[i]);
        if (digit == NULL) {
            free(bytes);
            return false;
        }
        bits = bits << 6 | (uint32_t)(digit - digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[n++] = (uint8_t)(bits >> held);
        }
    }
    *out = (hf_span){bytes, n};
    return bytes != NULL;
}

static int wrong(const char *name, const char *value)
{
    fprintf(stderr, "%s does not take %s\n", name, value);
    return 1;
}

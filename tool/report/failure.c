/* Errors for people. */
#include "report/failure.h"

#include <stdio.h>
#include <string.h>

#include "report/explain.h"
#include "report/facts.h"
#include "report/hello.h"
#include "report/names.h"
#include "tool.h"

static int exit_code_of(const hf_error *error, const hf_conn_info *info);
static bool is_verdict(hf_err code);
static void tell_alert(const hf_error *error, const hf_conn_info *info, struct trouble *out);
static const char *who_refused(const hf_error *error, const hf_conn_info *info);
static void offers_of(const struct hello_view *hello, const struct style *style, struct text *out);
static void codes_line(struct text *out, const struct style *style, const char *label, int list,
                       const struct hello_codes *codes);
static void codes_json(struct json *j, const char *key, int list, const struct hello_codes *codes);
static bool first_hello(const struct observer *observer, hf_role role, hf_role from,
                        struct hello_view *out);

void failure_of(const hf_conn *conn, bool connected, struct trouble *out)
{
    const hf_error *error = hf_conn_error(conn);
    if (error->code == HF_E_NONE || out->exit_code != 0) {
        return;
    }
    hf_conn_info info;
    hf_conn_describe(conn, &info);
    info.connected = connected; /* a failed connection says no */
    const hf_err_info words = hf_error_words(error);
    const hf_err_info *entry = &words;
    (void)trouble_set(out, exit_code_of(error, &info), entry->fix, "%s", entry->sentence);
    out->name = entry->name;
    out->alert = error->alert == HF_ALERT_none ? NULL : hf_alert_name(error->alert);
    out->who = who_refused(error, &info);
    out->place = entry->place;
    (void)snprintf(out->cause, sizeof out->cause, "%s", entry->cause);
    text_inert(out->detail, sizeof out->detail,
               (hf_span){(const uint8_t *)error->detail, strlen(error->detail)});
    if (error->code == HF_E_ALERT_RECEIVED) {
        tell_alert(error, &info, out);
    }
}

int failure_of_setting(const hf_error *error, const char *where, struct trouble *out)
{
    const hf_err_info *entry = hf_err_lookup(error->code);
    (void)trouble_set(out, TOOL_USAGE, entry->fix, "%s: %s", where, entry->sentence);
    out->name = entry->name;
    text_inert(out->detail, sizeof out->detail,
               (hf_span){(const uint8_t *)error->detail, strlen(error->detail)});
    return out->exit_code;
}

void failure_explain(const struct trouble *trouble, const hf_conn_info *info,
                     const struct observer *observer, const struct style *style, struct text *out)
{
    text_addf(out, "%s%s%s\n", style_on(style, TINT_BAD), trouble->sentence, style_off(style));
    if (trouble->detail[0] != '\0') {
        facts_add_line(out, style, "detail", trouble->detail);
    }
    if (trouble->who != NULL) {
        facts_add_line(out, style, "who", trouble->who);
    }
    if (observer != NULL &&
        (trouble->exit_code == TOOL_REFUSED || trouble->exit_code == TOOL_PEER_REFUSED)) {
        failure_offers(info, observer, style, out);
    }
    if (trouble->cause[0] != '\0') {
        facts_add_line(out, style, "likely cause", trouble->cause);
    }
    if (trouble->fix[0] != '\0') {
        facts_add_line(out, style, "what to do", trouble->fix);
    }
    if (trouble->place != NULL) {
        facts_add_line(out, style, "the rule", trouble->place);
    }
}

void failure_json(const struct trouble *trouble, struct json *j, const char *key)
{
    if (trouble->exit_code == 0) {
        json_null(j, key);
        return;
    }
    json_object(j, key);
    json_string(j, "name", trouble->name);
    json_string(j, "sentence", trouble->sentence);
    json_string(j, "detail", trouble->detail);
    json_string(j, "who", trouble->who);
    json_string(j, "alert", trouble->alert);
    json_string(j, "cause", trouble->cause);
    json_string(j, "fix", trouble->fix);
    json_string(j, "place", trouble->place);
    json_number(j, "exit_code", trouble->exit_code);
    json_end(j);
}

void failure_offers(const hf_conn_info *info, const struct observer *observer,
                    const struct style *style, struct text *out)
{
    struct hello_view hello;
    const bool client = info->role == HF_CLIENT;
    if (first_hello(observer, info->role, HF_CLIENT, &hello)) {
        text_addf(out, "  %s%s%s\n", style_on(style, TINT_BOLD),
                  client ? "we offered" : "the client offered", style_off(style));
        offers_of(&hello, style, out);
    }
    if (first_hello(observer, info->role, HF_SERVER, &hello)) {
        text_addf(out, "  %s%s%s\n", style_on(style, TINT_BOLD),
                  client ? "the server answered" : "we answered", style_off(style));
        offers_of(&hello, style, out);
    } else if (client) {
        text_addf(out, "  %sthe server answered%s with no hello\n", style_on(style, TINT_BOLD),
                  style_off(style));
    }
}

void failure_offers_json(const hf_conn_info *info, const struct observer *observer, struct json *j,
                         const char *key)
{
    static const char *const names[] = {"client", "server"};
    json_object(j, key);
    for (int from = HF_CLIENT; from <= HF_SERVER; from++) {
        struct hello_view hello;
        if (!first_hello(observer, info->role, (hf_role)from, &hello)) {
            json_null(j, names[from]);
            continue;
        }
        json_object(j, names[from]);
        codes_json(j, "versions", NAME_VERSION, &hello.versions);
        codes_json(j, "cipher_suites", NAME_SUITE, &hello.suites);
        codes_json(j, "groups", NAME_GROUP, &hello.groups);
        codes_json(j, "key_shares", NAME_GROUP, &hello.shares);
        codes_json(j, "signature_algorithms", NAME_SIGNATURE, &hello.signatures);
        codes_json(j, "extensions", NAME_EXTENSION, &hello.extensions);
        json_string(j, "alpn", hello.alpn);
        json_string(j, "server_name", hello.name);
        json_end(j);
    }
    json_end(j);
}

static int exit_code_of(const hf_error *error, const hf_conn_info *info)
{
    if (is_verdict(error->code)) {
        return TOOL_CERTIFICATE;
    }
    if (error->code == HF_E_PEER_CLOSED_HANDSHAKE || error->code == HF_E_USER_CANCELED) {
        return TOOL_PEER_REFUSED;
    }
    if (error->code == HF_E_ALERT_RECEIVED) {
        /* A TLS 1.3 client is done before the server has judged its certificate: these alerts still
         * speak of the handshake (RFC 9846, 6.2). */
        const bool about_certificate =
            (error->alert >= HF_ALERT_bad_certificate &&
             error->alert <= HF_ALERT_certificate_unknown) ||
            error->alert == HF_ALERT_unknown_ca || error->alert == HF_ALERT_certificate_required ||
            error->alert == HF_ALERT_access_denied || error->alert == HF_ALERT_decrypt_error;
        return !info->connected || about_certificate ? TOOL_PEER_REFUSED : TOOL_BROKEN;
    }
    return info->connected ? TOOL_BROKEN : TOOL_REFUSED;
}

static bool is_verdict(hf_err code)
{
    static const hf_err verdicts[] = {
        HF_E_CERTIFICATE_EXPIRED,     HF_E_CERTIFICATE_NOT_YET_VALID,  HF_E_CERTIFICATE_UNKNOWN_CA,
        HF_E_CERTIFICATE_SELF_SIGNED, HF_E_CERTIFICATE_NAME,           HF_E_CERTIFICATE_PURPOSE,
        HF_E_CERTIFICATE_CONSTRAINT,  HF_E_CERTIFICATE_SIGNATURE,      HF_E_CERTIFICATE_REVOKED,
        HF_E_CERTIFICATE_REJECTED,    HF_E_CERTIFICATE_MALFORMED,      HF_E_CERTIFICATE_KEY,
        HF_E_CERTIFICATE_STATUS,      HF_E_CERTIFICATE_CHAIN_TOO_LONG,
    };
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (verdicts[i] == code) {
            return true;
        }
    }
    return false;
}

/* An alert says little: in words what it means and what its sender most likely saw. */
static void tell_alert(const hf_error *error, const hf_conn_info *info, struct trouble *out)
{
    const char *name = hf_alert_name(error->alert);
    (void)snprintf(out->sentence, sizeof out->sentence,
                   "The %s refused %s: it sent the alert %s (%u).",
                   info->role == HF_CLIENT ? "server" : "client",
                   info->connected ? "to go on" : "the handshake",
                   name == NULL ? "of an unknown kind" : name, (unsigned)error->alert);
    out->detail[0] = '\0';
    (void)snprintf(out->cause, sizeof out->cause, "%s", hf_alert_cause(error->alert));
    (void)snprintf(out->fix, sizeof out->fix, "%s", hf_alert_fix(error->alert));
}

static const char *who_refused(const hf_error *error, const hf_conn_info *info)
{
    const bool client = info->role == HF_CLIENT;
    if (error->code == HF_E_ALERT_RECEIVED || error->code == HF_E_PEER_CLOSED_HANDSHAKE ||
        error->code == HF_E_USER_CANCELED) {
        return client ? "the server refused this client" : "the client refused this server";
    }
    switch (hf_err_lookup(error->code)->origin) {
    case HF_ORIGIN_PEER:
        return client ? "this client refused what the server sent"
                      : "this server refused what the client sent";
    case HF_ORIGIN_MISMATCH:
        return client ? "this client refused: the two ends have no common ground"
                      : "this server refused: the two ends have no common ground";
    case HF_ORIGIN_US:
        return "a limit or a choice of this end";
    case HF_ORIGIN_CALLER:
        return "the settings of this end";
    case HF_ORIGIN_SYSTEM:
        return "this machine";
    }
    return "this end";
}

static void offers_of(const struct hello_view *hello, const struct style *style, struct text *out)
{
    codes_line(out, style, "  versions", NAME_VERSION, &hello->versions);
    codes_line(out, style, "  cipher suites", NAME_SUITE, &hello->suites);
    codes_line(out, style, "  groups", NAME_GROUP, &hello->groups);
    codes_line(out, style, "  key shares", NAME_GROUP, &hello->shares);
    codes_line(out, style, "  signatures", NAME_SIGNATURE, &hello->signatures);
    if (hello->alpn[0] != '\0') {
        facts_add_line(out, style, "  protocols (ALPN)", hello->alpn);
    }
    if (hello->name[0] != '\0') {
        facts_add_line(out, style, "  server name", hello->name);
    }
    codes_line(out, style, "  extensions", NAME_EXTENSION, &hello->extensions);
}

static void codes_line(struct text *out, const struct style *style, const char *label, int list,
                       const struct hello_codes *codes)
{
    struct text names = {0};
    if (codes->count > 0) {
        explain_codes(&names, list, codes->code, codes->count, HELLO_CODES_MAX);
        facts_add_line(out, style, label, names.ptr == NULL ? "" : names.ptr);
    }
    text_free(&names);
}

static void codes_json(struct json *j, const char *key, int list, const struct hello_codes *codes)
{
    json_array(j, key);
    for (size_t i = 0; i < codes->count; i++) {
        char room[8];
        json_string(j, NULL, name_of((enum name_list)list, codes->code[i], room));
    }
    json_end(j);
}

/* The first hello that came from an end, seen by the one of role. */
static bool first_hello(const struct observer *observer, hf_role role, hf_role from,
                        struct hello_view *out)
{
    const struct obs_item *item =
        obs_message(observer, role == from ? HF_SENT : HF_RECEIVED, from == HF_CLIENT ? 1 : 2);
    if (item == NULL || item->u.message.bytes == NULL) {
        return false;
    }
    hello_read((hf_span){item->u.message.bytes, item->u.message.len}, out);
    return true;
}

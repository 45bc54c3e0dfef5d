/* What a connection came to. */
#include "report/facts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pki/certview.h"
#include "report/names.h"

enum { LABEL_COLUMNS = 20 };

static void add_fact(struct facts *out, const char *label, const char *format, ...) HF_PRINTF(3, 4);
static void describe_psk(const hf_conn_info *info, struct facts *out);
static void describe_session(const hf_conn_info *info, struct facts *out);
static const char *name_of_reason(hf_resume_reason reason);
static void chain_entry(const struct cert_view *view, size_t i, int64_t now_s,
                        const struct style *style, struct text *out);
static void add_validity(struct text *out, const struct cert_view *view, int64_t now_s);

void facts_collect(const hf_conn *conn, struct facts *out)
{
    *out = (struct facts){0};
    char room[8], text[160], name[96];
    hf_conn_info described;
    hf_conn_describe(conn, &described);
    const hf_conn_info *info = &described;
    add_fact(out, "version", "%s", facts_version(info->version));
    add_fact(out, "cipher suite", "%s", info->cipher_suite_name);
    if (info->group != 0) {
        add_fact(out, "key exchange", "%s%s", info->group_name,
                 info->post_quantum ? " (safe from quantum computers)" : "");
    }
    if (info->connected && info->version == HF_TLS13 && info->group == 0) { /* psk_ke */
        add_fact(out, "key exchange",
                 "none: NO forward secrecy, who gets the pre-shared key reads this");
    }
    if (strncmp(info->cipher_suite_name, "TLS_RSA_", 8) == 0) {
        add_fact(out, "key exchange",
                 "RSA key transport: NO forward secrecy, who gets the server's key reads this");
    }
    if (info->signature_scheme != 0) {
        add_fact(out, "server signed with", "%s", info->signature_scheme_name);
    }
    if (info->client_signature_scheme != 0) {
        add_fact(out, "client signed with", "%s", info->client_signature_scheme_name);
    }
    describe_psk(info, out);
    describe_session(info, out);
    if (info->server_name.len > 0) {
        text_inert(text, sizeof text, info->server_name);
        add_fact(out, "server name (SNI)", "%s", text);
    } else {
        add_fact(out, "server name (SNI)", "not sent");
    }
    if (info->alpn.len > 0) {
        text_inert(text, sizeof text, info->alpn);
        add_fact(out, "protocol (ALPN)", "%s", text);
    }
    if (info->retried) {
        add_fact(out, "hello retry", "yes: one round trip more");
    }
    if (info->certificate_compression != 0) {
        add_fact(out, "certificate", "compressed with %s",
                 name_of(NAME_COMPRESSION, info->certificate_compression, room));
    }
    if (info->role == HF_SERVER && info->client_certificate) {
        add_fact(out, "client certificate", "%s, believed", facts_peer_name(conn, name));
    } else if (info->role == HF_SERVER) {
        add_fact(out, "client certificate", "none");
    }
    if (info->peer_record_size_limit != 0) {
        add_fact(out, "record size limit", "%u bytes, asked by the peer",
                 info->peer_record_size_limit);
    }
}

const char *facts_peer_name(const hf_conn *conn, char room[96])
{
    struct cert_view view;
    room[0] = '\0';
    if (cert_view_read(hf_conn_peer_certificate(conn, 0), &view)) {
        (void)snprintf(room, 96, "%s", view.common_name);
    }
    return room;
}

void facts_line(const hf_conn_info *info, struct text *out)
{
    text_addf(out, "%s, %s", facts_version(info->version), info->cipher_suite_name);
    if (info->group != 0) {
        text_addf(out, ", %s", info->group_name);
    }
    if (info->signature_scheme != 0) {
        text_addf(out, ", %s", info->signature_scheme_name);
    }
    if (info->psk || info->resumed) {
        text_add(out, info->resumed ? ", resumed" : ", pre-shared key");
    } else if (info->role == HF_SERVER && info->resume_reason != HF_RESUME_NONE &&
               info->resume_reason != HF_RESUME_NO_TICKET) {
        text_addf(out, ", not resumed: %s", hf_resume_name(info->resume_reason));
    }
    if (info->role == HF_SERVER && info->early_data) {
        text_add(out, ", early data taken");
    } else if (info->role == HF_SERVER && info->early_data_offered) {
        text_addf(out, ", early data refused: %s", hf_resume_name(info->early_reason));
    }
    if (info->alpn.len > 0) {
        text_add(out, ", ");
        text_add_inert(out, info->alpn);
    }
}

void facts_json(const hf_conn_info *info, struct json *j)
{
    char room[8];
    json_string(j, "version", info->version == 0 ? NULL : facts_version(info->version));
    json_string(j, "cipher_suite", info->cipher_suite == 0 ? NULL : info->cipher_suite_name);
    json_string(j, "group", info->group == 0 ? NULL : info->group_name);
    json_bool(j, "post_quantum", info->post_quantum);
    json_string(j, "signature", info->signature_scheme == 0 ? NULL : info->signature_scheme_name);
    json_string(j, "client_signature",
                info->client_signature_scheme == 0 ? NULL : info->client_signature_scheme_name);
    if (info->server_name.len > 0) {
        json_bytes(j, "server_name", info->server_name);
    } else {
        json_null(j, "server_name");
    }
    if (info->alpn.len > 0) {
        json_bytes(j, "alpn", info->alpn);
    } else {
        json_null(j, "alpn");
    }
    json_bool(j, "retried", info->retried);
    json_bool(j, "psk", info->psk);
    json_bool(j, "resumed", info->resumed);
    json_string(j, "resume_reason", info->resumed ? NULL : name_of_reason(info->resume_reason));
    json_bool(j, "early_data_offered", info->early_data_offered);
    json_bool(j, "early_data", info->early_data);
    json_string(j, "early_reason",
                info->early_data || !info->early_data_offered ? NULL
                                                              : name_of_reason(info->early_reason));
    json_bool(j, "client_certificate", info->client_certificate);
    json_string(j, "certificate_compression",
                info->certificate_compression == 0
                    ? NULL
                    : name_of(NAME_COMPRESSION, info->certificate_compression, room));
    json_number(j, "peer_record_size_limit", info->peer_record_size_limit);
    json_number(j, "key_updates_sent", info->keys_sent);
    json_number(j, "key_updates_received", info->keys_received);
}

void facts_chain(const hf_conn *conn, int64_t now_s, const struct style *style, struct text *out)
{
    for (size_t i = 0;; i++) {
        const hf_span der = hf_conn_peer_certificate(conn, i);
        struct cert_view view;
        if (der.len == 0) {
            break;
        }
        if (cert_view_read(der, &view)) {
            chain_entry(&view, i, now_s, style, out);
        } else {
            text_addf(out, "  %s%zu%s  (%zu bytes that are no certificate)\n",
                      style_on(style, TINT_BOLD), i, style_off(style), der.len);
        }
    }
}

void facts_chain_json(const hf_conn *conn, struct json *j, const char *key)
{
    json_array(j, key);
    for (size_t i = 0;; i++) {
        const hf_span der = hf_conn_peer_certificate(conn, i);
        struct cert_view view;
        char time[32];
        if (der.len == 0) {
            break;
        }
        json_object(j, NULL);
        json_number(j, "bytes", (int64_t)der.len);
        if (cert_view_read(der, &view)) {
            json_string(j, "subject", view.subject);
            json_string(j, "issuer", view.issuer);
            json_array(j, "names");
            for (size_t n = 0; n < view.name_count && n < CERT_NAMES_SHOWN; n++) {
                json_string(j, NULL, view.names[n]);
            }
            json_end(j);
            json_number(j, "name_count", (int64_t)view.name_count);
            cert_time(view.not_before_s, time);
            json_string(j, "not_before", time);
            cert_time(view.not_after_s, time);
            json_string(j, "not_after", time);
            json_number(j, "not_after_unix", view.not_after_s);
            json_string(j, "key", view.key);
            json_string(j, "signature", view.signature);
            json_string(j, "serial", view.serial);
            json_string(j, "sha256", view.sha256);
            json_bool(j, "authority", view.is_authority);
        }
        json_end(j);
    }
    json_end(j);
}

const char *facts_version(uint16_t version)
{
    static const struct {
        uint16_t version;
        const char *name;
    } known[] = {{HF_TLS13, "TLS 1.3"}, {HF_TLS12, "TLS 1.2"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].version == version) {
            return known[i].name;
        }
    }
    return "not yet known";
}

void facts_add_line(struct text *out, const struct style *style, const char *label,
                    const char *value)
{
    text_addf(out, "  %s%s%s", style_on(style, TINT_DIM), label, style_off(style));
    const size_t used = text_columns(label);
    text_fill(out, " ", used < LABEL_COLUMNS ? LABEL_COLUMNS - used : 1);
    text_add_wrapped(out, value, LABEL_COLUMNS + 2, LABEL_COLUMNS + 2, style->width);
    text_add(out, "\n");
}

static void add_fact(struct facts *out, const char *label, const char *format, ...)
{
    if (out->count == FACTS_MAX) {
        return;
    }
    struct fact *fact = &out->fact[out->count++];
    fact->label = label;
    va_list args;
    va_start(args, format);
    /* va_start is right above; the analyser forgets it when it looks at several files in one go. */
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    (void)vsnprintf(fact->value, sizeof fact->value, format, args);
    va_end(args);
}

static void describe_psk(const hf_conn_info *info, struct facts *out)
{
    if (info->psk || info->resumed) {
        add_fact(out, "authenticated by", "%s",
                 info->resumed ? "a session from before" : "a pre-shared key");
    }
}

/* What a server made of a session that was offered, or that none was. A client's report has more
 * to say of its own. */
static void describe_session(const hf_conn_info *info, struct facts *out)
{
    if (info->role != HF_SERVER) {
        return;
    }
    if (info->resumed) {
        add_fact(out, "handshake", "resumed");
    } else if (!info->psk && info->resume_reason != HF_RESUME_NONE) {
        add_fact(out, "handshake", "in full (%s): %s", hf_resume_name(info->resume_reason),
                 hf_resume_text(info->resume_reason));
    }
    if (info->early_data) {
        add_fact(out, "early data", "taken");
    } else if (info->early_data_offered) {
        add_fact(out, "early data", "refused (%s): %s", hf_resume_name(info->early_reason),
                 hf_resume_text(info->early_reason));
    }
}

static const char *name_of_reason(hf_resume_reason reason)
{
    return reason == HF_RESUME_NONE ? NULL : hf_resume_name(reason);
}

static void chain_entry(const struct cert_view *view, size_t i, int64_t now_s,
                        const struct style *style, struct text *out)
{
    text_addf(out, "  %s%zu  %s%s\n", style_on(style, TINT_BOLD), i, view->subject,
              style_off(style));
    if (view->name_count > 0) {
        struct text names = {0};
        for (size_t n = 0; n < view->name_count && n < CERT_NAMES_SHOWN; n++) {
            text_addf(&names, "%s%s", n == 0 ? "" : ", ", view->names[n]);
        }
        if (view->name_count > CERT_NAMES_SHOWN) {
            text_addf(&names, " and %zu more", view->name_count - CERT_NAMES_SHOWN);
        }
        text_add(out, "     names      ");
        text_add_wrapped(out, names.ptr == NULL ? "" : names.ptr, 16, 16, style->width);
        text_add(out, "\n");
        text_free(&names);
    }
    text_addf(out, "     issued by  %s%s\n", view->issuer, view->self_issued ? " (itself)" : "");
    text_add(out, "     valid      ");
    add_validity(out, view, now_s);
    text_addf(out, "\n     key        %s, signed with %s\n", view->key, view->signature);
}

static void add_validity(struct text *out, const struct cert_view *view, int64_t now_s)
{
    char from[32], to[32];
    cert_time(view->not_before_s, from);
    cert_time(view->not_after_s, to);
    text_addf(out, "%.10s to %s", from, to);
    const int64_t day = 24 * 3600;
    if (now_s < view->not_before_s) {
        text_addf(out, ", not valid yet for %" PRId64 " days",
                  (view->not_before_s - now_s + day - 1) / day);
    } else if (now_s > view->not_after_s) {
        text_addf(out, ", expired %" PRId64 " days ago", (now_s - view->not_after_s) / day);
    } else {
        text_addf(out, ", %" PRId64 " days left", (view->not_after_s - now_s) / day);
    }
}

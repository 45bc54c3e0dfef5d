/* Sessions and early data in words. */
#include "resume_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "report/facts.h"

static void add_reason(hf_resume_reason reason, const struct style *style, struct text *out);
static void add_early(const struct call_turn *turn, const struct style *style, struct text *out);
static void describe(const hf_session *session, int64_t now_ms, struct text *out);
static void reason_json(hf_resume_reason reason, struct json *j, const char *key);

void resume_report_first(const struct call_turn *turn, int64_t now_ms, const struct style *style,
                         struct text *out)
{
    struct text line = {0};
    if (turn->session != NULL) {
        describe(turn->session, now_ms, &line);
        facts_add_line(out, style, "session", line.ptr == NULL ? "" : line.ptr);
    }
    text_free(&line);
    if (turn->info.resumed) {
        facts_add_line(out, style, "resumed", "yes: no certificate and no signature was needed");
    } else if (turn->session_due) {
        add_reason(turn->info.resume_reason, style, out);
    } else {
        facts_add_line(out, style, "resumed", "no: there was no session yet");
    }
    add_early(turn, style, out);
}

void resume_report_turn(const struct call_turn *turn, const struct style *style, struct text *out)
{
    struct text line = {0};
    hf_conn_info info = turn->info;
    info.psk = info.psk && !info.resumed; /* the label says that it was */
    info.resumed = false;
    text_addf(out, "%sconnection %u of %u%s at %s\n", style_on(style, TINT_BOLD), turn->number,
              turn->of, style_off(style), turn->address);
    text_add(&line, turn->info.resumed ? "" : "full: ");
    facts_line(&info, &line);
    text_addf(&line, "; %u round trip%s, %.1f ms", turn->round_trips,
              turn->round_trips == 1 ? "" : "s", (double)turn->handshake_ns / 1e6);
    facts_add_line(out, style, turn->info.resumed ? "resumed" : "handshake",
                   line.ptr == NULL ? "" : line.ptr);
    text_free(&line);
    if (!turn->info.resumed) {
        add_reason(turn->info.resume_reason, style, out);
    }
    add_early(turn, style, out);
}

void resume_report_kept(const hf_session *session, const char *path, int64_t now_ms,
                        const struct style *style, struct text *out)
{
    struct text line = {0};
    text_addf(out, "%ssession%s kept in ", style_on(style, TINT_BOLD), style_off(style));
    text_add_inert_str(out, path);
    text_add(out, "\n");
    describe(session, now_ms, &line);
    facts_add_line(out, style, "session", line.ptr == NULL ? "" : line.ptr);
    facts_add_line(
        out, style, "SECRET",
        "whoever reads this file can resume as this client, and pose as the server to it");
    text_free(&line);
}

/* "TLS 1.3, TLS_AES_128_GCM_SHA256, of localhost, 12 s old, for 7200 s, up to 16384 bytes early" */
static void describe(const hf_session *session, int64_t now_ms, struct text *out)
{
    hf_session_info told;
    hf_session_describe(session, &told);
    text_addf(out, "%s, of ", facts_version(told.version));
    if (told.server_name.len > 0) {
        text_add_inert(out, told.server_name);
    } else {
        text_add(out, "no name");
    }
    if (told.alpn.len > 0) {
        text_add(out, ", ");
        text_add_inert(out, told.alpn);
    }
    const int64_t age_s = (now_ms - told.received_ms) / 1000;
    text_addf(out, ", %" PRId64 " s old, lives %u s", age_s < 0 ? 0 : age_s, told.lifetime_s);
    if (told.max_early_data > 0) {
        text_addf(out, ", takes %u bytes early", told.max_early_data);
    }
    if (!told.verified) {
        text_add(out, "; the server was NOT verified");
    }
}

static void add_reason(hf_resume_reason reason, const struct style *style, struct text *out)
{
    char line[300];
    (void)snprintf(line, sizeof line, "%s: %s", hf_resume_name(reason), hf_resume_text(reason));
    facts_add_line(out, style, "not resumed", line);
    facts_add_line(out, style, "what to do", hf_resume_fix(reason));
}

static void add_early(const struct call_turn *turn, const struct style *style, struct text *out)
{
    const hf_resume_reason reason = turn->early_reason;
    const char *how = turn->early_sent > 0 ? "refused" : "not sent";
    char line[300];
    if (turn->early.len == 0) {
        return;
    }
    if (turn->info.early_data) {
        (void)snprintf(line, sizeof line, "%zu bytes, accepted", turn->early_sent);
        facts_add_line(out, style, "early data", line);
        return;
    }
    if (!turn->info.resumed && reason == turn->info.resume_reason) {
        (void)snprintf(line, sizeof line, "%zu bytes, %s with the session", turn->early.len, how);
        facts_add_line(out, style, "early data", line);
    } else {
        (void)snprintf(line, sizeof line, "%zu bytes, %s (%s): %s", turn->early.len, how,
                       hf_resume_name(reason), hf_resume_text(reason));
        facts_add_line(out, style, "early data", line);
        facts_add_line(out, style, "what to do", hf_resume_fix(reason));
    }
    facts_add_line(out, style, "sent again",
                   turn->early_resent > 0 ? "yes, after the handshake"
                                          : "no; --resend-early does so after the handshake");
}

void resume_report_json(const struct call_turn *turn, struct json *j)
{
    json_bool(j, "resumed", turn->info.resumed);
    reason_json(turn->info.resumed ? HF_RESUME_NONE : turn->info.resume_reason, j, "reason");
    json_number(j, "sessions_received", turn->sessions);
    if (turn->early.len == 0) {
        json_null(j, "early_data");
        return;
    }
    json_object(j, "early_data");
    json_number(j, "bytes", (int64_t)turn->early.len);
    json_number(j, "sent", (int64_t)turn->early_sent);
    json_bool(j, "accepted", turn->info.early_data);
    reason_json(turn->info.early_data ? HF_RESUME_NONE : turn->early_reason, j, "reason");
    json_number(j, "resent", (int64_t)turn->early_resent);
    json_end(j);
}

void resume_report_turn_json(const struct call_turn *turn, struct json *j)
{
    json_number(j, "number", turn->number);
    json_bool(j, "connected", turn->connected);
    json_string(j, "address", turn->address[0] == '\0' ? NULL : turn->address);
    json_string(j, "version", turn->info.version == 0 ? NULL : facts_version(turn->info.version));
    json_string(j, "cipher_suite",
                turn->info.cipher_suite == 0 ? NULL : turn->info.cipher_suite_name);
    json_string(j, "group", turn->info.group == 0 ? NULL : turn->info.group_name);
    json_bool(j, "retried", turn->info.retried);
    json_number(j, "round_trips", turn->round_trips);
    json_decimal(j, "handshake_us", (double)turn->handshake_ns / 1e3);
    resume_report_json(turn, j);
}

void resume_report_kept_json(const hf_session *session, const char *path, struct json *j,
                             const char *key)
{
    hf_session_info told;
    if (session == NULL) {
        json_null(j, key);
        return;
    }
    hf_session_describe(session, &told);
    json_object(j, key);
    json_string(j, "file", path);
    json_bool(j, "secret", true);
    json_string(j, "version", facts_version(told.version));
    json_bytes(j, "server_name", told.server_name);
    json_number(j, "lifetime_s", told.lifetime_s);
    json_number(j, "max_early_data", told.max_early_data);
    json_bool(j, "verified", told.verified);
    json_end(j);
}

/* null, or its name with its sentence and what to do. */
static void reason_json(hf_resume_reason reason, struct json *j, const char *key)
{
    if (reason == HF_RESUME_NONE) {
        json_null(j, key);
        return;
    }
    json_object(j, key);
    json_string(j, "name", hf_resume_name(reason));
    json_string(j, "text", hf_resume_text(reason));
    json_string(j, "fix", hf_resume_fix(reason));
    json_end(j);
}

/* The reports of connect. */
#include "call_report.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report/diagram.h"
#include "report/facts.h"
#include "report/story.h"
#include "pki/certview.h"
#include "resume_report.h"
#include "series.h"
#include "tool.h"

static struct diagram diagram_of(const struct call_facts *f, const struct style *style,
                                 const hf_conn_info *info, const struct cert_view *leaf);
enum { EXPORT_LEN = 32 }; /* bytes of keying material that --export shows */

static void add_explanation(const struct call_facts *f, const hf_conn_info *info,
                            const struct cert_view *leaf, const struct style *style,
                            struct text *out);
static void print_private(struct text *out);
static void json_resumption(const struct call_facts *f, struct json *j);
static void heading(const struct style *style, const char *words, struct text *out);
static void add_verdict(const struct call_facts *f, const hf_conn_info *info,
                        const struct style *style, struct text *out);
static void add_times(const struct call_facts *f, const struct style *style, struct text *out);
static void json_verdict(const struct call_facts *f, const hf_conn_info *info, struct json *j);
static void json_times(const struct call_facts *f, struct json *j);
static void json_http(const struct call_facts *f, struct json *j);
static void json_explain(const struct call_facts *f, const hf_conn *conn, struct json *j);
static bool export_material(const struct call_facts *f, const hf_conn *conn,
                            uint8_t out[EXPORT_LEN]);
static void add_export(const struct call_facts *f, const hf_conn *conn, const struct style *style,
                       struct text *out);
static void json_export(const struct call_facts *f, const hf_conn *conn, struct json *j);
static int64_t now_s(const struct call_facts *f);
static int64_t now_ms(const struct call_facts *f);

void call_report_connected(struct call_facts *f, const hf_conn *conn)
{
    const struct style style = style_of(STDERR_FILENO);
    struct text out = {0};
    hf_conn_info info;
    struct facts facts;
    struct cert_view leaf;
    hf_conn_describe(conn, &info);
    facts_collect(conn, &facts);
    (void)cert_view_read(hf_conn_peer_certificate(conn, 0), &leaf);
    if (f->turn->number > 1) {
        resume_report_turn(f->turn, &style, &out);
        add_explanation(f, &info, &leaf, &style, &out);
        print_private(&out);
        return;
    }
    text_addf(&out, "%s%s%s at %s\n", style_on(&style, TINT_BOLD), f->to->host, style_off(&style),
              f->address);
    if (f->settings->explain) {
        text_add(&out, "\n");
        const struct diagram diagram = diagram_of(f, &style, &info, &leaf);
        diagram_draw(&diagram, &out);
        heading(&style, "negotiated", &out);
    }
    for (size_t i = 0; i < facts.count; i++) {
        facts_add_line(&out, &style, facts.fact[i].label, facts.fact[i].value);
    }
    add_export(f, conn, &style, &out);
    if (info.peer_chain_count > 0) {
        heading(&style, "the server's certificates", &out);
        facts_chain(conn, now_s(f), &style, &out);
        if (hf_conn_peer_ocsp_response(conn).len > 0) {
            text_addf(&out, "  with a stapled OCSP response of %zu bytes\n",
                      hf_conn_peer_ocsp_response(conn).len);
        }
    }
    add_verdict(f, &info, &style, &out);
    add_times(f, &style, &out);
    if (series_resumes(f->settings)) {
        heading(&style, "resumption", &out);
        resume_report_first(f->turn, now_ms(f), &style, &out);
    }
    add_explanation(f, &info, NULL, &style, &out);
    print_private(&out);
}

/* leaf: what the picture needs to know, when it was not drawn already. */
static void add_explanation(const struct call_facts *f, const hf_conn_info *info,
                            const struct cert_view *leaf, const struct style *style,
                            struct text *out)
{
    if (f->settings->explain && leaf != NULL) {
        const struct diagram diagram = diagram_of(f, style, info, leaf);
        diagram_draw(&diagram, out);
    }
    if (f->settings->explain) {
        heading(style, "the hellos", out);
        failure_offers(info, &f->observer, style, out);
        heading(style, "decisions", out);
        story_decisions(&f->observer, style, out);
        story_work(&f->observer, style, out);
    }
    if (f->settings->secrets) {
        heading(style, "secrets (whoever has them can read this connection)", out);
        story_secrets(&f->observer, style, out);
    }
}

static bool export_material(const struct call_facts *f, const hf_conn *conn,
                            uint8_t out[EXPORT_LEN])
{
    return hf_conn_export(conn, false, f->settings->export_label, (hf_span){NULL, 0}, out,
                          EXPORT_LEN) == HF_OK;
}

static void add_export(const struct call_facts *f, const hf_conn *conn, const struct style *style,
                       struct text *out)
{
    uint8_t material[EXPORT_LEN];
    struct text shown = {0};
    if (f->settings->export_label == NULL) {
        return;
    }
    if (export_material(f, conn, material)) {
        text_add_hex(&shown, (hf_span){material, sizeof material});
        explicit_bzero(material, sizeof material);
    } else {
        text_add(&shown, "not to be had: the label is too long, or TLS 1.2 has no extended master "
                         "secret");
    }
    facts_add_line(out, style, "exported", shown.ptr == NULL ? "" : shown.ptr);
    if (shown.ptr != NULL) {
        explicit_bzero(shown.ptr, shown.cap);
    }
    text_free(&shown);
}

static void json_export(const struct call_facts *f, const hf_conn *conn, struct json *j)
{
    uint8_t material[EXPORT_LEN];
    if (f->settings->export_label == NULL) {
        return;
    }
    if (export_material(f, conn, material)) {
        json_hex(j, "exported", (hf_span){material, sizeof material});
        explicit_bzero(material, sizeof material);
    } else {
        json_null(j, "exported");
    }
}

static void print_private(struct text *out)
{
    (void)text_write(out, STDERR_FILENO);
    if (out->ptr != NULL) {
        explicit_bzero(out->ptr, out->cap);
    }
    text_free(out);
}

void call_report_kept(const struct call_facts *f)
{
    if (f->plan->kept == NULL) {
        return;
    }
    const struct style style = style_of(STDERR_FILENO);
    struct text out = {0};
    resume_report_kept(f->plan->kept, f->settings->session_out, now_ms(f), &style, &out);
    (void)text_write(&out, STDERR_FILENO);
    text_free(&out);
}

void call_report_failure(struct call_facts *f, const hf_conn *conn)
{
    if (f->settings->json || f->silent) {
        return;
    }
    if (conn == NULL || f->settings->quiet) {
        trouble_say(f->trouble, "connect");
        return;
    }
    const struct style style = style_of(STDERR_FILENO);
    struct text out = {0};
    hf_conn_info info;
    hf_conn_describe(conn, &info);
    if (f->connected_ns == 0) {
        text_addf(&out, "%s%s%s at %s\n", style_on(&style, TINT_BOLD), f->to->host,
                  style_off(&style), f->address);
        if (f->settings->explain) {
            struct cert_view leaf;
            (void)cert_view_read(hf_conn_peer_certificate(conn, 0), &leaf);
            const struct diagram diagram = diagram_of(f, &style, &info, &leaf);
            diagram_draw(&diagram, &out);
        }
        if (info.peer_chain_count > 0) {
            heading(&style, "the server's certificates", &out);
            facts_chain(conn, now_s(f), &style, &out);
        }
    }
    text_add(&out, "handfast connect: ");
    failure_explain(f->trouble, &info, &f->observer, &style, &out);
    (void)text_write(&out, STDERR_FILENO);
    text_free(&out);
}

void call_report_http(struct call_facts *f)
{
    const struct response *r = f->response;
    if (r == NULL || (r->complete && r->status < 400)) {
        return;
    }
    if (r->complete) {
        (void)trouble_set(f->trouble, TOOL_HTTP, "Check the path.",
                          "the server answered %s with HTTP status %u", f->settings->http,
                          r->status);
    } else {
        (void)trouble_set(f->trouble, TOOL_HTTP, "The server may not speak HTTP/1.1 here.",
                          "no good HTTP answer: %s",
                          r->error == NULL ? "the connection ended before it was whole" : r->error);
    }
}

void call_report_json(struct call_facts *f, const hf_conn *conn, struct text *out)
{
    struct json j = json_begin(out, false);
    json_object(&j, NULL);
    json_bool(&j, "ok", f->trouble->exit_code == 0);
    json_number(&j, "exit_code", f->trouble->exit_code);
    json_string(&j, "host", f->to->host);
    json_number(&j, "port", f->to->port);
    json_string(&j, "address", f->address[0] == '\0' ? NULL : f->address);
    failure_json(f->trouble, &j, "error");
    json_times(f, &j);
    if (conn == NULL) {
        json_resumption(f, &j);
        json_end(&j);
        return;
    }
    hf_conn_info info;
    hf_conn_describe(conn, &info);
    json_bool(&j, "connected", f->connected_ns != 0);
    json_string(&j, "state", hf_conn_state(conn));
    json_object(&j, "connection");
    facts_json(&info, &j);
    json_end(&j);
    json_export(f, conn, &j);
    facts_chain_json(conn, &j, "chain");
    json_number(&j, "stapled_ocsp_bytes", (int64_t)hf_conn_peer_ocsp_response(conn).len);
    json_verdict(f, &info, &j);
    json_number(&j, "round_trips", obs_round_trips(&f->observer));
    json_number(&j, "sent", (int64_t)f->sent);
    json_number(&j, "received", (int64_t)f->received);
    failure_offers_json(&info, &f->observer, &j, "offers");
    json_http(f, &j);
    json_explain(f, conn, &j);
    json_resumption(f, &j);
    json_end(&j);
}

static void json_resumption(const struct call_facts *f, struct json *j)
{
    if (!series_resumes(f->settings)) {
        return;
    }
    json_object(j, "resumption");
    resume_report_json(f->turn, j);
    json_end(j);
    json_array(j, "connections");
    for (unsigned i = 0; i < f->turn->number; i++) {
        json_object(j, NULL);
        resume_report_turn_json(&f->plan->turns[i], j);
        json_end(j);
    }
    json_end(j);
    if (f->settings->session_out != NULL) {
        resume_report_kept_json(f->plan->kept, f->settings->session_out, j, "session_out");
    }
}

static struct diagram diagram_of(const struct call_facts *f, const struct style *style,
                                 const hf_conn_info *info, const struct cert_view *leaf)
{
    return (struct diagram){
        .style = style,
        .context = {&f->observer, info, leaf->common_name[0] == '\0' ? NULL : leaf->common_name},
        .start_ns = f->start_ns,
        .records = true,
    };
}

static void heading(const struct style *style, const char *words, struct text *out)
{
    text_addf(out, "%s%s%s\n", style_on(style, TINT_BOLD), words, style_off(style));
}

static void add_verdict(const struct call_facts *f, const hf_conn_info *info,
                        const struct style *style, struct text *out)
{
    char verdict[400];
    enum tint tint = TINT_GOOD;
    if (info->resumed && f->settings->insecure) {
        (void)snprintf(verdict, sizeof verdict,
                       "NOT verified (--insecure): whoever was there when the session began");
        tint = TINT_BAD;
    } else if (info->resumed) {
        (void)snprintf(verdict, sizeof verdict,
                       "believed: it holds the session of a connection whose certificate was "
                       "believed; %s",
                       f->settings->reverify ? "it was judged again" : "none is shown again");
    } else if (info->psk) {
        (void)snprintf(verdict, sizeof verdict,
                       "no certificate needed: both ends hold the same key");
    } else if (f->settings->insecure) {
        (void)snprintf(verdict, sizeof verdict,
                       "NOT verified (--insecure): anybody may be at the other end");
        tint = TINT_BAD;
    } else {
        char time[32];
        cert_time(now_s(f), time);
        const bool named = f->settings->sni != NULL && strcmp(f->settings->sni, "none") != 0;
        (void)snprintf(verdict, sizeof verdict,
                       "believed: leads to an authority of %s, is for %.200s, valid at %s",
                       f->settings->ca.count == 0 ? "the system" : "--ca",
                       f->settings->verify_name != NULL ? f->settings->verify_name
                       : named                          ? f->settings->sni
                                                        : f->to->host,
                       time);
    }
    text_addf(out, "%sverdict%s               %s%s%s\n", style_on(style, TINT_BOLD),
              style_off(style), style_on(style, tint), verdict, style_off(style));
}

static void add_times(const struct call_facts *f, const struct style *style, struct text *out)
{
    text_addf(out,
              "%stimes%s                 name %.1f ms, TCP %.1f ms, handshake %.1f ms in %u round "
              "trip%s\n",
              style_on(style, TINT_BOLD), style_off(style), (double)f->resolve_ns / 1e6,
              (double)f->connect_ns / 1e6, (double)(f->connected_ns - f->start_ns) / 1e6,
              obs_round_trips(&f->observer), obs_round_trips(&f->observer) == 1 ? "" : "s");
}

static void json_verdict(const struct call_facts *f, const hf_conn_info *info, struct json *j)
{
    const struct obs_item *decision = obs_decision(&f->observer, HF_DECIDE_CERTIFICATE);
    json_object(j, "verdict");
    json_bool(j, "checked", !f->settings->insecure && !info->psk && !info->resumed);
    json_bool(j, "accepted", f->connected_ns != 0 && !f->settings->insecure);
    json_string(j, "detail", decision == NULL ? NULL : decision->u.choice.reason);
    json_end(j);
}

static void json_times(const struct call_facts *f, struct json *j)
{
    json_object(j, "times_us");
    json_decimal(j, "resolve", (double)f->resolve_ns / 1e3);
    json_decimal(j, "connect", (double)f->connect_ns / 1e3);
    if (f->connected_ns != 0) {
        json_decimal(j, "handshake", (double)(f->connected_ns - f->start_ns) / 1e3);
    } else {
        json_null(j, "handshake");
    }
    json_end(j);
}

static void json_http(const struct call_facts *f, struct json *j)
{
    if (f->response == NULL) {
        return;
    }
    json_object(j, "http");
    json_number(j, "status", f->response->status);
    json_bool(j, "complete", f->response->complete);
    json_number(j, "body_bytes", (int64_t)f->response->body_len);
    if (f->body != NULL && f->body->len == f->response->body_len) {
        json_bytes(j, "body", (hf_span){(const uint8_t *)f->body->ptr, f->body->len});
    } else {
        json_null(j, "body");
    }
    json_end(j);
}

static void json_explain(const struct call_facts *f, const hf_conn *conn, struct json *j)
{
    const struct style style = {.width = 80};
    if (f->settings->explain) {
        hf_conn_info info;
        struct cert_view leaf;
        hf_conn_describe(conn, &info);
        (void)cert_view_read(hf_conn_peer_certificate(conn, 0), &leaf);
        const struct diagram diagram = diagram_of(f, &style, &info, &leaf);
        diagram_json(&diagram, j, "messages");
        story_decisions_json(&f->observer, j, "decisions");
        story_work_json(&f->observer, j);
    }
    if (f->settings->secrets) {
        story_secrets_json(&f->observer, j, "secrets");
    }
}

static int64_t now_s(const struct call_facts *f)
{
    return f->settings->time_at != 0 ? f->settings->time_at : (int64_t)time(NULL);
}

static int64_t now_ms(const struct call_facts *f)
{
    return now_s(f) * 1000;
}

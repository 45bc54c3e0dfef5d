/* Pages about the connection that they come over. */
#include "http/page.h"

#include <string.h>

#include "cli/json.h"
#include "report/facts.h"

#define METHODS "GET, HEAD, OPTIONS, POST"

static void add_body(const struct request *r, const hf_conn *conn, const struct text *document,
                     struct text *out);
static void add_html(const hf_conn *conn, struct text *out);
static void add_plain(const hf_conn *conn, struct text *out);
static void add_escaped(struct text *out, const char *s);
static bool is_early(const hf_conn *conn);
static const char *reason_of(unsigned status);

void page_answer(const struct request *r, const hf_conn *conn, const struct text *document,
                 struct text *out)
{
    static const char *const types[] = {
        [REQUEST_TEXT] = "text/plain; charset=utf-8",
        [REQUEST_HTML] = "text/html; charset=utf-8",
        [REQUEST_JSON] = "application/json",
    };
    struct text body = {0};
    add_body(r, conn, document, &body);
    const enum request_form form = r->state == REQUEST_BAD ? REQUEST_TEXT : r->form;
    text_addf(out, "HTTP/1.%d %u %s\r\n", r->http10 ? 0 : 1, r->status, reason_of(r->status));
    if (r->status == 204) {
        text_addf(out, "Server: handfast\r\nAllow: " METHODS "\r\nConnection: %s\r\n\r\n",
                  r->keep_alive ? "keep-alive" : "close");
        text_free(&body);
        return;
    }
    text_addf(out, "Server: handfast\r\nContent-Type: %s\r\nContent-Length: %zu\r\n", types[form],
              body.len);
    /* The page says its own policy; this is what only a header can say. */
    text_addf(out,
              "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s"
              "Connection: %s\r\n%s\r\n",
              form == REQUEST_HTML ? "Content-Security-Policy: frame-ancestors 'none'\r\n" : "",
              r->keep_alive ? "keep-alive" : "close",
              r->status == 405 ? "Allow: " METHODS "\r\n" : "");
    if (!r->head) {
        text_add_bytes(out, body.ptr, body.len);
    }
    out->failed = out->failed || body.failed;
    text_free(&body);
}

static void add_body(const struct request *r, const hf_conn *conn, const struct text *document,
                     struct text *out)
{
    if (r->state == REQUEST_BAD) {
        text_addf(out, "%u %s\n", r->status, reason_of(r->status));
        return;
    }
    if (r->form == REQUEST_JSON) {
        hf_conn_info info;
        hf_conn_describe(conn, &info);
        struct json j = json_begin(out, false);
        json_object(&j, NULL);
        facts_json(&info, &j);
        json_bool(&j, "early_request", is_early(conn));
        json_end(&j);
    } else if (document != NULL) {
        text_add_bytes(out, document->ptr, document->len);
        out->failed = out->failed || document->failed;
    } else if (r->form == REQUEST_HTML) {
        add_html(conn, out);
    } else {
        add_plain(conn, out);
    }
}

static void add_html(const hf_conn *conn, struct text *out)
{
    struct facts facts;
    facts_collect(conn, &facts);
    text_add(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Handfast</title>\n"
        "<link rel=\"icon\" href=\"data:,\">\n"
        "<style>:root{color-scheme:light dark}table{border-collapse:collapse}body{font:16px/1.5 "
        "system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 "
        "1em}"
        "td{padding:.2em 1.5em .2em 0;border-top:1px solid "
        "#8884}td:first-child{opacity:.7}</style></head>\n"
        "<body><h1>This page came over Handfast</h1>\n<table>\n");
    for (size_t i = 0; i < facts.count; i++) {
        text_addf(out, "<tr><td>%s</td><td>", facts.fact[i].label);
        add_escaped(out, facts.fact[i].value);
        text_add(out, "</td></tr>\n");
    }
    text_add(out, "</table>\n<p>The same as <a href=\"/json\">JSON</a>.</p></body></html>\n");
}

static void add_plain(const hf_conn *conn, struct text *out)
{
    struct facts facts;
    const struct style style = {.width = 100};
    facts_collect(conn, &facts);
    text_add(out, "This page came over Handfast.\n\n");
    for (size_t i = 0; i < facts.count; i++) {
        facts_add_line(out, &style, facts.fact[i].label, facts.fact[i].value);
    }
    if (is_early(conn)) {
        facts_add_line(out, &style, "this request", "came as early data, and is answered so");
    }
}

static void add_escaped(struct text *out, const char *s)
{
    for (; *s != '\0'; s++) {
        switch (*s) {
        case '<':
            text_add(out, "&lt;");
            break;
        case '>':
            text_add(out, "&gt;");
            break;
        case '&':
            text_add(out, "&amp;");
            break;
        case '"':
            text_add(out, "&quot;");
            break;
        default:
            text_add_bytes(out, s, 1);
        }
    }
}

static bool is_early(const hf_conn *conn)
{
    return !hf_conn_is_connected(conn);
}

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } known[] = {
        {200, "OK"},
        {204, "No Content"},
        {400, "Bad Request"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {425, "Too Early"},
        {431, "Request Header Fields Too Large"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].status == status) {
            return known[i].reason;
        }
    }
    return "Error";
}

/* Telling of a mode of the demo. */
#include "demo_report.h"

#include <stdio.h>

#include "report/diagram.h"
#include "report/facts.h"
#include "report/failure.h"
#include "report/story.h"

static const char *const step_names[DEMO_STEPS] = {"offer", "answer", "client checks",
                                                   "server checks"};

static struct diagram diagram_of(const struct demo_view *view);
static void add_title(const struct demo_view *view, struct text *out);
static void add_result(const struct demo_view *view, struct text *out);
static void add_early(const struct demo_view *view, struct text *out);
static void add_checks(const struct demo_view *view, struct text *out);
static void json_figures(const struct demo_view *view, struct json *j);

void demo_report_text(const struct demo_view *view, struct text *out)
{
    const struct style *style = view->style;
    add_title(view, out);
    const struct diagram diagram = diagram_of(view);
    diagram_draw(&diagram, out);
    text_add(out, "\n");
    if (view->run->shown.trouble.exit_code != 0) {
        failure_explain(&view->run->shown.trouble, &view->run->shown.client.info,
                        &view->run->shown.client.observer, style, out);
    } else {
        add_result(view, out);
    }
    add_checks(view, out);
    if (view->explain && view->run->shown.client.observer.count > 0) {
        text_addf(out, "%sthe client decided%s\n", style_on(style, TINT_BOLD), style_off(style));
        story_decisions(&view->run->shown.client.observer, style, out);
        story_work(&view->run->shown.client.observer, style, out);
    }
    if (view->explain) {
        text_addf(out, "%sthe server decided%s\n", style_on(style, TINT_BOLD), style_off(style));
        story_decisions(&view->run->shown.server.observer, style, out);
        story_work(&view->run->shown.server.observer, style, out);
    }
    if (view->secrets) {
        text_addf(out, "%sthe client's secrets%s\n", style_on(style, TINT_BOLD), style_off(style));
        story_secrets(&view->run->shown.client.observer, style, out);
    }
    text_add(out, "\n");
}

void demo_report_json(const struct demo_view *view, struct json *j)
{
    const struct exchange_result *r = &view->run->shown;
    json_object(j, NULL);
    json_string(j, "name", view->mode->name);
    json_string(j, "title", view->mode->title);
    json_bool(j, "ok", view->verdict->ok);
    json_array(j, "checks");
    for (size_t i = 0; i < view->verdict->count; i++) {
        json_object(j, NULL);
        json_string(j, "what", view->verdict->checks[i].what);
        json_bool(j, "ok", view->verdict->checks[i].ok);
        json_end(j);
    }
    json_end(j);
    failure_json(&r->trouble, j, "error");
    json_number(j, "round_trips", view->verdict->round_trips);
    json_number(j, "bytes_to_server", (int64_t)r->bytes_to_server);
    json_number(j, "bytes_to_client", (int64_t)r->bytes_to_client);
    json_figures(view, j);
    json_object(j, "connection");
    facts_json(view->mode->resume == DEMO_REPLAYED ? &r->server.info : &r->client.info, j);
    json_end(j);
    json_array(j, "steps");
    for (size_t i = 0; i < DEMO_STEPS; i++) {
        json_object(j, NULL);
        json_string(j, "name", step_names[i]);
        json_decimal(j, "us", view->verdict->step_us[i]);
        json_end(j);
    }
    json_end(j);
    json_decimal(j, "total_us", view->verdict->total_us);
    const struct diagram diagram = diagram_of(view);
    diagram_json(&diagram, j, "messages");
    if (view->explain) {
        story_decisions_json(&r->client.observer, j, "client_decisions");
        story_decisions_json(&r->server.observer, j, "server_decisions");
        story_work_json(&r->client.observer, j);
    }
    if (view->secrets) {
        story_secrets_json(&r->client.observer, j, "secrets");
    }
    json_end(j);
}

/* The client's view; the server's where there is no client. */
static struct diagram diagram_of(const struct demo_view *view)
{
    const struct exchange_result *r = &view->run->shown;
    const bool replayed = view->mode->resume == DEMO_REPLAYED;
    return (struct diagram){
        .style = view->style,
        .context = {replayed ? &r->server.observer : &r->client.observer,
                    replayed ? &r->server.info : &r->client.info,
                    r->leaf.common_name[0] == '\0' ? NULL : r->leaf.common_name},
        .start_ns = r->start_ns,
        .records = view->explain,
    };
}

static void add_title(const struct demo_view *view, struct text *out)
{
    const struct style *style = view->style;
    const char *line = style->utf8 ? "━" : "=";
    char title[96];
    (void)snprintf(title, sizeof title, " %zu of %zu  %s: %s ", view->number, view->of,
                   view->mode->name, view->mode->title);
    const size_t used = text_columns(title) + 2;
    text_add(out, style_on(style, TINT_BOLD));
    text_fill(out, line, 2);
    text_add(out, title);
    text_fill(out, line, style->width > used ? style->width - used : 0);
    text_addf(out, "%s\n  ", style_off(style));
    text_add_wrapped(out, view->mode->about, 2, 2, style->width);
    text_add(out, "\n\n");
}

static void add_result(const struct demo_view *view, struct text *out)
{
    const struct demo_verdict *v = view->verdict;
    const struct exchange_result *r = &view->run->shown;
    struct text line = {0};
    const bool replayed = view->mode->resume == DEMO_REPLAYED;
    facts_line(replayed ? &r->server.info : &r->client.info, &line);
    facts_add_line(out, view->style, "negotiated", line.ptr == NULL ? "" : line.ptr);
    add_early(view, out);
    if (replayed) {
        text_free(&line);
        return;
    }
    text_clear(&line);
    text_addf(&line, "%u round trip%s; %llu bytes to the server, %llu to the client",
              v->round_trips, v->round_trips == 1 ? "" : "s",
              (unsigned long long)r->bytes_to_server, (unsigned long long)r->bytes_to_client);
    facts_add_line(out, view->style, "on the wire", line.ptr == NULL ? "" : line.ptr);
    text_clear(&line);
    for (size_t i = 0; i < DEMO_STEPS; i++) {
        text_addf(&line, "%s%s %.2f", i == 0 ? "" : ", ", step_names[i], v->step_us[i] / 1e3);
    }
    text_addf(&line, ", all %.2f ms", v->total_us / 1e3);
    facts_add_line(out, view->style, "time", line.ptr == NULL ? "" : line.ptr);
    text_free(&line);
}

static void add_early(const struct demo_view *view, struct text *out)
{
    const struct exchange_result *r = &view->run->shown;
    const hf_conn_info *server = &r->server.info;
    char line[200];
    if (!server->early_data_offered) {
        return;
    }
    if (server->early_data) {
        (void)snprintf(line, sizeof line, "%zu bytes, accepted", r->early_heard);
    } else {
        (void)snprintf(line, sizeof line, "refused, %s: %s", hf_resume_name(server->early_reason),
                       hf_resume_text(server->early_reason));
    }
    facts_add_line(out, view->style, "early data", line);
}

/* Each check stays in one piece; the lines are filled by hand, as colours have no width. */
static void add_checks(const struct demo_view *view, struct text *out)
{
    const struct style *style = view->style;
    const size_t indent = 22;
    size_t column = indent;
    text_addf(out, "  %schecked%s             ", style_on(style, TINT_DIM), style_off(style));
    for (size_t i = 0; i < view->verdict->count; i++) {
        const struct demo_check *c = &view->verdict->checks[i];
        const char *mark = style->utf8 ? (c->ok ? "✓" : "✗") : (c->ok ? "ok:" : "NOT:");
        const size_t columns = text_columns(mark) + 1 + text_columns(c->what) + 2;
        if (column > indent && column + columns - 2 > style->width) {
            text_add(out, "\n");
            text_fill(out, " ", indent);
            column = indent;
        }
        text_addf(out, "%s%s%s%s %s", column > indent ? "  " : "",
                  style_on(style, c->ok ? TINT_GOOD : TINT_BAD), mark, style_off(style), c->what);
        column += columns;
    }
    text_add(out, "\n");
}

static void json_figures(const struct demo_view *view, struct json *j)
{
    const struct demo_figures *f = &view->run->figures;
    const hf_conn_info *server = &view->run->shown.server.info;
    json_object(j, "figures");
    if (f->has_trips) {
        json_number(j, "round_trips_to_data", f->data_trips);
    } else {
        json_null(j, "round_trips_to_data");
    }
    if (f->is_timed) {
        json_decimal(j, "to_data_ms", f->to_data_ms);
    } else {
        json_null(j, "to_data_ms");
    }
    if (f->has_cost) {
        json_decimal(j, "client_cpu_us", f->client_us);
        json_decimal(j, "server_cpu_us", f->server_us);
    } else {
        json_null(j, "client_cpu_us");
        json_null(j, "server_cpu_us");
    }
    json_bool(j, "forward_secrecy", f->forward_secrecy);
    json_bool(j, "certificate_seen", f->certificate_seen);
    json_number(j, "early_data_bytes", (int64_t)view->run->shown.early_heard);
    json_string(j, "early_data_refused",
                server->early_data_offered && !server->early_data
                    ? hf_resume_name(server->early_reason)
                    : NULL);
    json_end(j);
}

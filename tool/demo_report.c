/* Judging and telling of a mode of the demo. */
#include "demo_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report/diagram.h"
#include "report/facts.h"
#include "report/failure.h"
#include "report/story.h"

enum { CLIENT_HELLO = 1, FINISHED = 20 };

static const char *const step_names[DEMO_STEPS] = {"offer", "answer", "client checks",
                                                   "server checks"};

static void check(struct demo_verdict *v, bool ok, const char *what, ...) HF_PRINTF(3, 4);
static void measure(const struct exchange_result *result, struct demo_verdict *out);
static uint64_t first_answer_ns(const struct observer *o);
static uint64_t last_message_ns(const struct observer *o, hf_direction direction, uint8_t type);
static double micros(uint64_t from_ns, uint64_t to_ns);
static struct diagram diagram_of(const struct demo_view *view);
static void add_title(const struct demo_view *view, struct text *out);
static void add_result(const struct demo_view *view, struct text *out);
static void add_checks(const struct demo_view *view, struct text *out);

void demo_judge(const struct demo_mode *mode, const struct exchange_result *result,
                struct demo_verdict *out)
{
    const hf_conn_info *client = &result->client.info, *server = &result->server.info;
    *out =
        (struct demo_verdict){.ok = true, .round_trips = obs_round_trips(&result->client.observer)};
    check(out, result->trouble.exit_code == 0 && result->client.has_info && result->server.has_info,
          "both ends are content");
    check(out, client->version == HF_TLS13 && server->version == HF_TLS13, "TLS 1.3");
    check(out,
          client->group_name != NULL && strcmp(client->group_name, mode->group) == 0 &&
              client->post_quantum == mode->post_quantum,
          "key exchange with %s", mode->group);
    check(out, out->round_trips == mode->round_trips && client->retried == mode->retried,
          "%u round trip%s", mode->round_trips, mode->round_trips == 1 ? "" : "s");
    if (mode->psk) {
        check(out, client->psk && server->psk && client->peer_chain_count == 0,
              "the shared key instead of certificates");
    } else {
        const struct obs_item *chain =
            obs_decision(&result->client.observer, HF_DECIDE_CERTIFICATE);
        check(out, !client->psk && chain != NULL && chain->u.choice.value == 1,
              "the server's certificate is believed");
    }
    if (mode->mutual) {
        check(out, server->client_certificate, "the client's certificate is believed");
    }
    if (mode->update_keys) {
        check(out, client->keys_sent == 1 && client->keys_received == 1,
              "new keys in both directions");
    }
    check(out,
          result->client.has_info &&
              memcmp(result->client.exported, result->server.exported, EXCHANGE_EXPORT_LEN) == 0,
          "both ends hold the same keys");
    check(out, result->data_came_back, "data came back unchanged");
    measure(result, out);
}

void demo_report_text(const struct demo_view *view, struct text *out)
{
    const struct style *style = view->style;
    add_title(view, out);
    const struct diagram diagram = diagram_of(view);
    diagram_draw(&diagram, out);
    text_add(out, "\n");
    if (view->result->trouble.exit_code != 0) {
        failure_explain(&view->result->trouble, &view->result->client.info,
                        &view->result->client.observer, style, out);
    } else {
        add_result(view, out);
    }
    add_checks(view, out);
    if (view->explain) {
        text_addf(out, "%sthe client decided%s\n", style_on(style, TINT_BOLD), style_off(style));
        story_decisions(&view->result->client.observer, style, out);
        story_work(&view->result->client.observer, style, out);
        text_addf(out, "%sthe server decided%s\n", style_on(style, TINT_BOLD), style_off(style));
        story_decisions(&view->result->server.observer, style, out);
        story_work(&view->result->server.observer, style, out);
    }
    if (view->secrets) {
        text_addf(out, "%sthe client's secrets%s\n", style_on(style, TINT_BOLD), style_off(style));
        story_secrets(&view->result->client.observer, style, out);
    }
    text_add(out, "\n");
}

void demo_report_json(const struct demo_view *view, struct json *j)
{
    const struct exchange_result *r = view->result;
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
    json_object(j, "connection");
    facts_json(&r->client.info, j);
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

static void check(struct demo_verdict *v, bool ok, const char *what, ...)
{
    struct demo_check *c = &v->checks[v->count++];
    va_list args;
    va_start(args, what);
    (void)vsnprintf(c->what, sizeof c->what, what, args);
    va_end(args);
    c->ok = ok;
    v->ok = v->ok && ok;
}

/* Both ends read the same clock, so the steps of one can be set against those of the other. */
static void measure(const struct exchange_result *result, struct demo_verdict *out)
{
    const struct observer *client = &result->client.observer, *server = &result->server.observer;
    const struct obs_item *first = obs_message(client, HF_SENT, CLIENT_HELLO);
    const struct obs_item *answer = obs_message(client, HF_RECEIVED, 2);
    out->step_us[0] = first == NULL ? 0 : micros(result->start_ns, first->at_ns);
    out->step_us[1] = micros(last_message_ns(server, HF_RECEIVED, CLIENT_HELLO),
                             last_message_ns(server, HF_SENT, FINISHED));
    out->step_us[2] = answer == NULL ? 0
                                     : micros(last_message_ns(client, HF_RECEIVED, 2),
                                              last_message_ns(client, HF_SENT, FINISHED));
    out->step_us[3] = micros(first_answer_ns(server), result->server.connected_ns);
    out->total_us = micros(result->start_ns, result->server.connected_ns);
}

/* When the server saw the first message of the client's second flight. */
static uint64_t first_answer_ns(const struct observer *o)
{
    bool after_finished = false;
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind != HF_EV_MESSAGE) {
            continue;
        }
        if (after_finished && item->u.message.direction == HF_RECEIVED) {
            return item->at_ns;
        }
        after_finished = after_finished ||
                         (item->u.message.direction == HF_SENT && item->u.message.type == FINISHED);
    }
    return 0;
}

static uint64_t last_message_ns(const struct observer *o, hf_direction direction, uint8_t type)
{
    uint64_t at_ns = 0;
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind == HF_EV_MESSAGE && item->u.message.direction == direction &&
            item->u.message.type == type) {
            at_ns = item->at_ns;
        }
    }
    return at_ns;
}

static double micros(uint64_t from_ns, uint64_t to_ns)
{
    return from_ns == 0 || to_ns < from_ns ? 0 : (double)(to_ns - from_ns) / 1e3;
}

static struct diagram diagram_of(const struct demo_view *view)
{
    const struct exchange_result *r = view->result;
    return (struct diagram){
        .style = view->style,
        .context = {&r->client.observer, &r->client.info,
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
    struct text line = {0};
    facts_line(&view->result->client.info, &line);
    facts_add_line(out, view->style, "negotiated", line.ptr == NULL ? "" : line.ptr);
    text_clear(&line);
    text_addf(&line, "%u round trip%s; %llu bytes to the server, %llu to the client",
              v->round_trips, v->round_trips == 1 ? "" : "s",
              (unsigned long long)view->result->bytes_to_server,
              (unsigned long long)view->result->bytes_to_client);
    facts_add_line(out, view->style, "on the wire", line.ptr == NULL ? "" : line.ptr);
    text_clear(&line);
    for (size_t i = 0; i < DEMO_STEPS; i++) {
        text_addf(&line, "%s%s %.2f", i == 0 ? "" : ", ", step_names[i], v->step_us[i] / 1e3);
    }
    text_addf(&line, ", all %.2f ms", v->total_us / 1e3);
    facts_add_line(out, view->style, "time", line.ptr == NULL ? "" : line.ptr);
    text_free(&line);
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

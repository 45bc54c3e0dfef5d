/* Carries out a client's call on an event loop of its own.
 *
 * Order of things: dial, link, connected, data both ways, over, gone. Whatever ends the call (its
 * work is done, it failed, Ctrl-C) goes through wind_down, after which no handle is left and the
 * loop ends by itself.
 *
 * Invariant: `link` is NULL before link_open and after gone; the reports that need the connection
 * are made in between. */
#include "call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "call_report.h"
#include "http/response.h"
#include "io/dial.h"
#include "io/link.h"
#include "io/stdio.h"
#include "recording/recorder.h"
#include "recording/write.h"
#include "tool.h"

enum { LINGER_MS = 300, JSON_WAIT_MS = 2000 };

struct call {
    const struct call_plan *plan;
    const struct call_settings *settings; /* the plan's */
    const struct address *to;             /* the plan's */
    struct call_turn *turn;
    struct trouble *trouble;
    uv_loop_t loop;
    struct hub hub;
    uv_signal_t signals[2];
    struct dial *dial;
    struct link *link;
    struct source *source;
    struct sink *sink;
    struct response response;
    struct call_facts facts;  /* what the reports tell */
    struct recorder recorder; /* with --record */
    struct text body;         /* of the HTTP answer, with --json */
    struct text json;
    bool source_ended, wound_down;
    bool stuck; /* the loop cannot be ended: see dial.h */
};

static bool is_last(const struct call *c);
static bool set_up(struct call *c);
static void save_recording(struct call *c);
static void on_dialled(void *ctx, const struct dial_result *result);
static hf_conn *new_conn(struct call *c);
static void on_connected(void *ctx);
static void send_early(struct call *c);
static void send_early_again(struct call *c);
static void ask_for_page(struct call *c);
static void start_pipe(struct call *c);
static void on_data(void *ctx, uint8_t *data, size_t len);
static void on_peer_closed(void *ctx);
static void on_stream_ended(void *ctx);
static void on_drained(void *ctx);
static void on_over(void *ctx, enum link_end end);
static void tell_end(struct call *c);
static void on_gone(void *ctx);
static void on_body(void *ctx, const uint8_t *data, size_t len);
static void to_stdout(struct call *c, const uint8_t *data, size_t len);
static void from_stdin(void *ctx, const uint8_t *data, size_t len);
static void stdin_ended(void *ctx, int error);
static void stdout_drained(void *ctx);
static void stdout_failed(void *ctx, int error);
static void on_signal(uv_signal_t *handle, int number);
static void wind_down(struct call *c);
static void network_trouble(struct call *c);
static void take_info(struct call *c);

static const struct link_owner link_owner = {
    .connected = on_connected,
    .data = on_data,
    .peer_closed = on_peer_closed,
    .stream_ended = on_stream_ended,
    .drained = on_drained,
    .over = on_over,
    .gone = on_gone,
};
static const struct source_owner source_owner = {from_stdin, stdin_ended};
static const struct sink_owner sink_owner = {stdout_drained, stdout_failed};

int call_run(const struct call_plan *plan, struct call_turn *turn, struct trouble *trouble)
{
    struct call c = {
        .plan = plan, .settings = plan->settings, .to = plan->to, .turn = turn, .trouble = trouble};
    c.facts.settings = plan->settings;
    c.facts.to = plan->to;
    c.facts.plan = plan;
    c.facts.turn = turn;
    c.facts.trouble = trouble;
    if (!set_up(&c)) {
        return setup_no_memory(trouble);
    }
    (void)uv_run(&c.loop, UV_RUN_DEFAULT);
    if (c.settings->json && (is_last(&c) || trouble->exit_code != 0) &&
        trouble->exit_code != TOOL_INTERRUPTED && trouble->exit_code != TOOL_TERMINATED) {
        if (c.json.len == 0) {
            call_report_json(&c.facts, NULL, &c.json);
        }
        struct trouble late = {0};
        if (trouble_print(&c.json, &late) != 0) {
            trouble_say(&late, "connect");
            (void)trouble_set(trouble, late.exit_code, NULL, "%s", late.sentence);
        }
    }
    if (c.stuck) {
        _exit(trouble->exit_code); /* a plain exit would wait for the resolver's thread */
    }
    (void)uv_loop_close(&c.loop);
    hub_free(&c.hub);
    save_recording(&c);
    obs_free(&c.facts.observer);
    text_free(&c.body);
    text_free(&c.json);
    return trouble->exit_code;
}

/* Only the last connection of a series has standard input and output. */
static bool is_last(const struct call *c)
{
    return c->turn->number == c->turn->of;
}

/* What was recorded is written also when the call failed: then more than ever. */
static void save_recording(struct call *c)
{
    char title[160];
    struct trouble late = {0};
    if (c->settings->record == NULL) {
        return;
    }
    (void)snprintf(title, sizeof title, "connect to %.120s:%u", c->to->host, c->to->port);
    recorder_title(&c->recorder, title);
    recorder_address(&c->recorder, HF_SERVER, c->facts.address);
    if (recording_save(&c->recorder.recording, c->settings->record, &late) != 0) {
        trouble_say(&late, "connect");
        (void)trouble_set(c->trouble, late.exit_code, NULL, "%s", late.sentence);
    }
    recorder_free(&c->recorder);
}

static bool set_up(struct call *c)
{
    if (uv_loop_init(&c->loop) != 0) {
        return false;
    }
    if (!hub_init(&c->hub, &c->loop)) {
        (void)uv_loop_close(&c->loop);
        return false;
    }
    c->hub.fixed_wall_ms = c->settings->time_at * 1000;
    obs_init(&c->facts.observer, c->settings->secrets,
             keylog_is_open(c->plan->keylog) ? c->plan->keylog : NULL);
    if (c->settings->record != NULL) {
        recorder_init(&c->recorder, RECORDING_CONNECT, c->settings->secrets);
        obs_forward(&c->facts.observer, recorder_trace(&c->recorder, NULL));
    }
    static const int numbers[2] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < 2; i++) {
        (void)uv_signal_init(&c->loop, &c->signals[i]);
        c->signals[i].data = c;
        (void)uv_signal_start(&c->signals[i], on_signal, numbers[i]);
    }
    const struct dial_plan plan = {
        .to = c->to,
        .timeout_ms = (uint64_t)c->settings->timeout_s * 1000,
        .trouble = c->trouble,
        .done = on_dialled,
        .ctx = c,
        .starttls = c->settings->starttls == NULL ? NULL : starttls_find(c->settings->starttls),
        .family = c->settings->ipv4   ? AF_INET
                  : c->settings->ipv6 ? AF_INET6
                                      : 0,
    };
    c->dial = dial_start(&c->loop, &plan);
    if (c->dial == NULL) {
        (void)setup_no_memory(c->trouble);
        wind_down(c);
    }
    return true;
}

static void on_dialled(void *ctx, const struct dial_result *result)
{
    struct call *c = ctx;
    c->dial = NULL;
    if (result->tcp == NULL) {
        if (c->trouble->exit_code != TOOL_INTERRUPTED && c->trouble->exit_code != TOOL_TERMINATED) {
            call_report_failure(&c->facts, NULL);
        }
        wind_down(c);
        if (result->stuck) {
            c->stuck = true;
            uv_stop(&c->loop);
        }
        return;
    }
    memcpy(c->facts.address, result->address, sizeof c->facts.address);
    c->facts.resolve_ns = result->resolve_ns;
    c->facts.connect_ns = result->connect_ns;
    c->facts.start_ns = obs_clock();
    hf_conn *conn = new_conn(c);
    if (conn == NULL) {
        hub_discard(result->tcp);
    }
    const struct link_limits limits = {
        .handshake_ms = (uint64_t)c->settings->timeout_s * 1000,
        .linger_ms = LINGER_MS,
        .duplex = true,
        .pads = c->settings->parameters.padding > 1,
    };
    c->link = conn == NULL ? NULL : link_open(&c->hub, result->tcp, conn, &limits, &link_owner, c);
    if (c->link == NULL) {
        (void)setup_no_memory(c->trouble);
        wind_down(c);
        return;
    }
    send_early(c);
}

/* Whole or not at all: half a request helps nobody. */
static bool fits_early(const struct call_turn *turn)
{
    hf_session_info told = {0};
    if (turn->session != NULL) {
        hf_session_describe(turn->session, &told);
    }
    return turn->session == NULL || told.max_early_data == 0 ||
           turn->early.len <= told.max_early_data;
}

static void send_early(struct call *c)
{
    if (c->turn->early.len > 0 && fits_early(c->turn)) {
        c->turn->early_sent = link_send_early(c->link, c->turn->early);
    }
}

static hf_conn *new_conn(struct call *c)
{
    const struct call_settings *s = c->settings;
    const bool no_sni = s->sni != NULL && strcmp(s->sni, "none") == 0;
    const struct hf_conn_params params = {
        .size = sizeof params,
        .now_ms = hub_wall_ms(&c->hub),
        .server_name = s->sni != NULL && !no_sni ? s->sni : c->to->host,
        .verify_name = s->verify_name,
        .no_sni = no_sni,
        .trace = obs_trace(&c->facts.observer),
        .session = c->turn->session,
        .early_data = c->turn->early.len > 0 && fits_early(c->turn),
    };
    hf_conn *conn = NULL;
    return hf_conn_new(c->plan->config, &params, &conn) == HF_OK ? conn : NULL;
}

static void on_connected(void *ctx)
{
    struct call *c = ctx;
    c->facts.connected_ns = obs_clock();
    c->facts.observer.records = false;
    c->turn->connected = true;
    c->turn->handshake_ns = c->facts.connected_ns - c->facts.start_ns;
    c->turn->round_trips = obs_round_trips(&c->facts.observer);
    take_info(c);
    send_early_again(c);
    if (!c->settings->json && !c->settings->quiet) {
        call_report_connected(&c->facts, link_conn(c->link));
    }
    if (c->settings->http != NULL) {
        ask_for_page(c);
    } else if (c->settings->json || !is_last(c)) {
        link_close_sending(c->link);
        link_deadline(c->link, JSON_WAIT_MS);
    } else {
        start_pipe(c);
    }
}

static void take_info(struct call *c)
{
    struct call_turn *turn = c->turn;
    memcpy(turn->address, c->facts.address, sizeof turn->address);
    hf_conn_describe(link_conn(c->link), &turn->info);
    turn->info.alpn = (hf_span){NULL, 0};
    turn->info.server_name = (hf_span){NULL, 0};
    turn->info.peer_certificate_sha256 = (hf_span){NULL, 0};
    turn->early_reason = fits_early(turn) ? turn->info.early_reason : HF_RESUME_TOO_LARGE;
}

/* Only when it was asked for: what was refused may yet have been understood. */
static void send_early_again(struct call *c)
{
    struct call_turn *turn = c->turn;
    if (turn->early.len > 0 && !turn->info.early_data && c->settings->resend_early &&
        link_send(c->link, turn->early)) {
        turn->early_resent = turn->early.len;
    }
}

static void ask_for_page(struct call *c)
{
    struct text request = {0};
    hf_conn_info info;
    hf_conn_describe(link_conn(c->link), &info);
    const char *name =
        c->settings->sni != NULL && info.server_name.len > 0 ? c->settings->sni : c->to->host;
    response_init(&c->response, on_body, c);
    c->facts.response = &c->response;
    response_ask(&request, c->settings->http, c->to, name);
    if (!c->settings->json && is_last(c)) {
        c->sink = sink_open(&c->loop, STDOUT_FILENO, &sink_owner, c);
    }
    (void)link_send(c->link, (hf_span){(const uint8_t *)request.ptr, request.len});
    text_free(&request);
}

static void start_pipe(struct call *c)
{
    c->sink = sink_open(&c->loop, STDOUT_FILENO, &sink_owner, c);
    c->source = source_open(&c->loop, STDIN_FILENO, &source_owner, c);
    if (c->sink == NULL || c->source == NULL) {
        (void)setup_no_memory(c->trouble);
        link_drop(c->link);
    }
}

/* --- What the peer says ---------------------------------------------------------------------- */

static void on_data(void *ctx, uint8_t *data, size_t len)
{
    struct call *c = ctx;
    c->facts.received += len;
    if (c->settings->http == NULL) {
        to_stdout(c, data, len);
        return;
    }
    response_feed(&c->response, data, len);
    if (c->response.complete || c->response.error != NULL) {
        link_finish(c->link);
    }
}

static void on_body(void *ctx, const uint8_t *data, size_t len)
{
    struct call *c = ctx;
    if (!c->settings->json) {
        to_stdout(c, data, len);
    } else if (is_last(c) && c->body.len + len <= CALL_BODY_MAX) {
        text_add_bytes(&c->body, data, len);
    }
}

static void to_stdout(struct call *c, const uint8_t *data, size_t len)
{
    if (c->sink != NULL && !sink_write(c->sink, data, len) && c->link != NULL) {
        link_hold(c->link, true);
    }
}

/* RFC 9846, 6.1: this says nothing about our direction, so what stdin still has goes out. */
static void on_peer_closed(void *ctx)
{
    struct call *c = ctx;
    if (c->settings->http != NULL) {
        response_end(&c->response);
    }
    if (c->settings->http != NULL || c->settings->json || c->source_ended || !is_last(c)) {
        link_finish(c->link);
    }
}

/* The peer has left altogether. */
static void on_stream_ended(void *ctx)
{
    struct call *c = ctx;
    link_finish(c->link);
}

static void on_drained(void *ctx)
{
    struct call *c = ctx;
    if (c->source != NULL) {
        source_hold(c->source, false);
    }
}

static void on_over(void *ctx, enum link_end end)
{
    struct call *c = ctx;
    const hf_conn *conn = link_conn(c->link);
    const bool connected = c->facts.connected_ns != 0;
    if (end == LINK_FAILED) {
        failure_of(conn, connected, c->trouble);
        if (link_errno(c->link) != 0) {
            (void)snprintf(c->trouble->detail, sizeof c->trouble->detail, "%s",
                           uv_strerror(link_errno(c->link)));
        }
    } else if (end == LINK_NETWORK) {
        network_trouble(c);
    } else if (end == LINK_HANDSHAKE_TIMEOUT) {
        (void)trouble_set(c->trouble, TOOL_UNREACHABLE,
                          "The other end may not speak TLS on this port; see --timeout.",
                          "%s:%u did not finish the handshake in %lld s (state %s)", c->to->host,
                          c->to->port, (long long)c->settings->timeout_s, hf_conn_state(conn));
    }
    if (c->trouble->exit_code == 0 && connected && c->settings->http != NULL) {
        call_report_http(&c->facts);
    }
    c->turn->round_trips = obs_round_trips(&c->facts.observer);
    c->plan->over(c->plan->ctx, c->turn, link_conn(c->link), c->trouble);
    tell_end(c);
}

static void tell_end(struct call *c)
{
    const hf_conn *conn = link_conn(c->link);
    const int exit_code = c->trouble->exit_code;
    if (c->settings->json && (is_last(c) || exit_code != 0)) {
        c->facts.body = &c->body;
        call_report_json(&c->facts, conn, &c->json);
    } else if (!c->settings->json && exit_code != 0 && exit_code < TOOL_INTERRUPTED) {
        call_report_failure(&c->facts, exit_code == TOOL_NOT_RESUMED ? NULL : conn);
    }
    if (!c->settings->json && !c->settings->quiet && !c->facts.silent && is_last(c)) {
        call_report_kept(&c->facts);
    }
}

static void network_trouble(struct call *c)
{
    (void)trouble_set(c->trouble, c->facts.connected_ns != 0 ? TOOL_BROKEN : TOOL_UNREACHABLE,
                      "Try again.", "the connection to %s broke: %s", c->facts.address,
                      uv_strerror(link_errno(c->link)));
}

static void on_gone(void *ctx)
{
    struct call *c = ctx;
    c->link = NULL;
    wind_down(c);
}

/* --- Standard input and output --------------------------------------------------------------- */

static void from_stdin(void *ctx, const uint8_t *data, size_t len)
{
    struct call *c = ctx;
    if (c->link == NULL || !link_send(c->link, (hf_span){data, len})) {
        source_hold(c->source, true); /* the link tells why */
        return;
    }
    c->facts.sent += len;
    if (link_is_congested(c->link)) {
        source_hold(c->source, true);
    }
}

static void stdin_ended(void *ctx, int error)
{
    struct call *c = ctx;
    c->source_ended = true;
    if (error != 0) {
        (void)trouble_set(c->trouble, TOOL_SYSTEM, NULL, "standard input: %s", strerror(error));
    }
    if (c->link == NULL) {
        return;
    }
    hf_conn_info info;
    hf_conn_describe(link_conn(c->link), &info);
    if (info.read_closed) {
        link_finish(c->link);
    } else {
        link_close_sending(c->link);
    }
}

static void stdout_drained(void *ctx)
{
    struct call *c = ctx;
    if (c->link != NULL) {
        link_hold(c->link, false);
    } else {
        wind_down(c);
    }
}

static void stdout_failed(void *ctx, int error)
{
    struct call *c = ctx;
    /* Who reads our output may have enough of it ("| head"): that is no news for anybody. */
    (void)trouble_set(c->trouble, TOOL_SYSTEM, NULL, "standard output: %s", strerror(error));
    c->facts.silent = error == EPIPE;
    if (c->link != NULL) {
        link_drop(c->link);
    } else {
        wind_down(c);
    }
}

/* --- Ends ------------------------------------------------------------------------------------ */

static void on_signal(uv_signal_t *handle, int number)
{
    struct call *c = handle->data;
    (void)trouble_set(c->trouble, number == SIGINT ? TOOL_INTERRUPTED : TOOL_TERMINATED, NULL,
                      "interrupted");
    c->trouble->exit_code = number == SIGINT ? TOOL_INTERRUPTED : TOOL_TERMINATED;
    c->facts.silent = true;
    if (c->dial != NULL) {
        dial_cancel(c->dial);
    } else if (c->link != NULL) {
        link_drop(c->link);
    }
    if (c->sink != NULL) {
        sink_close(c->sink);
        c->sink = NULL;
    }
    if (c->dial == NULL && c->link == NULL) {
        wind_down(c);
    }
}

static void wind_down(struct call *c)
{
    if (c->sink != NULL && !sink_is_empty(c->sink)) {
        return; /* until it is */
    }
    if (c->wound_down) {
        return;
    }
    c->wound_down = true;
    source_close(c->source);
    sink_close(c->sink);
    for (size_t i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&c->signals[i], NULL);
    }
}

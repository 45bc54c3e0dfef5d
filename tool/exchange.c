/* Runs a client and a server against each other.
 *
 * Order of things: the client connects through the relay, sends a line (with early: before the
 * server has answered), gets it back (with update_keys: asks for new keys and does so again),
 * closes its direction; the server answers that with its own close_notify; then both are gone. With
 * replay there is a replayer in the client's place, and the server is asked what it made of it when
 * it is gone.
 *
 * Invariant: what is told of an end is taken while its connection lives: from the server when the
 * client's close_notify comes, from the client when the server's does. */
#include "exchange.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "io/dial.h"
#include "io/link.h"
#include "io/listener.h"
#include "relay.h"
#include "replayer.h"
#include "report/failure.h"
#include "setup.h"
#include "tool.h"

enum { TIMEOUT_MS = 10000, LINGER_MS = 1000, LINE_MAX_LEN = 64 };

static const char *const lines[2] = {"Hello from the client.", "Hello again, under new keys."};

struct exchange {
    const struct exchange_plan *plan;
    struct exchange_result *result;
    uv_loop_t loop;
    struct hub hub;
    uv_signal_t signals[2];
    struct listener *listener;
    struct relay *relay;
    struct dial *dial;
    struct replayer *replayer;
    struct link *client, *server;
    unsigned line;   /* which of the two is under way */
    size_t line_len; /* how much of it has come back */
    char back[LINE_MAX_LEN];
    uint64_t
        application_bytes[2]; /* on the wire, that are no handshake: by direction of the client */
    bool wound_down;
};

static bool set_up(struct exchange *e);
static bool begin(struct exchange *e);
static bool on_accept(void *ctx, uv_tcp_t *tcp, const struct sockaddr *peer);
static void on_dialled(void *ctx, const struct dial_result *result);
static void send_early(struct exchange *e);
static void replayer_gone(void *ctx);
static void client_connected(void *ctx);
static void client_data(void *ctx, uint8_t *data, size_t len);
static void client_peer_closed(void *ctx);
static void client_over(void *ctx, enum link_end end);
static void client_gone(void *ctx);
static void server_connected(void *ctx);
static void server_data(void *ctx, uint8_t *data, size_t len);
static void server_peer_closed(void *ctx);
static void server_over(void *ctx, enum link_end end);
static void server_gone(void *ctx);
static void send_line(struct exchange *e);
static void count_handshake_bytes(struct exchange *e);
static void take_info(const struct link *link, struct exchange_end *end);
static void take_sessions(struct exchange *e);
static void judge_end(struct exchange *e, const struct link *link, enum link_end end,
                      const char *who);
static void on_signal(uv_signal_t *handle, int number);
static void abandon(struct exchange *e);
static void wind_down(struct exchange *e);

static const struct link_owner client_owner = {
    .connected = client_connected,
    .data = client_data,
    .peer_closed = client_peer_closed,
    .over = client_over,
    .gone = client_gone,
};
static const struct link_owner server_owner = {
    .connected = server_connected,
    .data = server_data,
    .peer_closed = server_peer_closed,
    .over = server_over,
    .gone = server_gone,
};
static const struct link_limits limits = {
    .handshake_ms = TIMEOUT_MS, .idle_ms = TIMEOUT_MS, .linger_ms = LINGER_MS};

int exchange_run(const struct exchange_plan *plan, struct exchange_result *result)
{
    struct exchange e = {.plan = plan, .result = result};
    *result = (struct exchange_result){0};
    obs_init(&result->client.observer, plan->secrets, NULL);
    obs_init(&result->server.observer, false, NULL);
    if (plan->trace != NULL) {
        obs_forward(&result->client.observer, plan->trace);
        obs_forward(&result->server.observer, plan->trace);
    }
    if (!set_up(&e)) {
        return setup_no_memory(&result->trouble);
    }
    (void)uv_run(&e.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&e.loop);
    hub_free(&e.hub);
    return result->trouble.exit_code;
}

void exchange_free(struct exchange_result *result)
{
    obs_free(&result->client.observer);
    obs_free(&result->server.observer);
    wire_free(&result->wire);
    text_free(&result->leaf_der);
    text_free(&result->client_der);
    while (result->session_count > 0) {
        hf_session_free(result->sessions[--result->session_count]);
    }
}

bool exchange_first_data(const struct exchange_result *result, size_t *at, uint64_t *at_ns)
{
    enum { APPLICATION_DATA = 23 };
    const struct observer *o = &result->client.observer;
    *at = 0;
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind != HF_EV_RECORD || item->u.record.direction != HF_SENT) {
            continue;
        }
        const hf_level level = item->u.record.level;
        if (item->u.record.type == APPLICATION_DATA && item->u.record.plain_len > 0 &&
            (level == HF_LEVEL_APPLICATION || level == HF_LEVEL_EARLY)) {
            *at_ns = item->at_ns;
            return true;
        }
        *at += item->u.record.wire_len;
    }
    return false;
}

static bool set_up(struct exchange *e)
{
    static const int numbers[2] = {SIGINT, SIGTERM};
    if (uv_loop_init(&e->loop) != 0) {
        return false;
    }
    if (!hub_init(&e->hub, &e->loop)) {
        (void)uv_loop_close(&e->loop);
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        (void)uv_signal_init(&e->loop, &e->signals[i]);
        e->signals[i].data = e;
        (void)uv_signal_start(&e->signals[i], on_signal, numbers[i]);
    }
    if (!begin(e)) {
        wind_down(e);
    }
    return true;
}

static bool begin(struct exchange *e)
{
    struct address at;
    struct trouble *trouble = &e->result->trouble;
    (void)address_parse("", "127.0.0.1:0", &at, trouble);
    const struct listener_owner owner = {.accept = on_accept, .ctx = e};
    e->listener = listener_open(&e->loop, &at, "127.0.0.1:0", &owner, trouble);
    if (e->listener == NULL ||
        address_parse("", listener_address(e->listener), &at, trouble) != 0) {
        return false;
    }
    if (e->plan->replay.len > 0) {
        const struct replayer_plan replay = {&at, e->plan->replay, trouble, replayer_gone, e};
        e->result->start_ns = obs_clock();
        e->replayer = replayer_start(&e->loop, &replay);
        return e->replayer != NULL || setup_no_memory(trouble) == 0;
    }
    e->relay = relay_open(&e->loop, &at, e->plan->delay_ms, &e->result->wire, trouble);
    if (e->relay == NULL || address_parse("", relay_address(e->relay), &at, trouble) != 0) {
        return false;
    }
    const struct dial_plan plan = {&at, TIMEOUT_MS, trouble, on_dialled, e, 0, NULL};
    e->dial = dial_start(&e->loop, &plan);
    if (e->dial == NULL) {
        (void)setup_no_memory(trouble);
    }
    return e->dial != NULL;
}

static bool on_accept(void *ctx, uv_tcp_t *tcp, const struct sockaddr *peer)
{
    struct exchange *e = ctx;
    uint8_t room[16];
    const struct hf_conn_params params = {
        .size = sizeof params,
        .now_ms = hub_wall_ms(&e->hub),
        .peer_address = address_bytes(peer, room),
        .trace = obs_trace(&e->result->server.observer),
    };
    hf_conn *conn = NULL;
    if (e->server != NULL || e->wound_down ||
        hf_conn_new(e->plan->server, &params, &conn) != HF_OK) {
        hub_discard(tcp);
        return true;
    }
    e->server = link_open(&e->hub, tcp, conn, &limits, &server_owner, e);
    return true;
}

static void on_dialled(void *ctx, const struct dial_result *result)
{
    struct exchange *e = ctx;
    e->dial = NULL;
    if (result->tcp == NULL) {
        abandon(e);
        return;
    }
    e->result->start_ns = obs_clock();
    const struct hf_conn_params params = {
        .size = sizeof params,
        .now_ms = hub_wall_ms(&e->hub),
        .server_name = e->plan->server_name,
        .trace = obs_trace(&e->result->client.observer),
        .session = e->plan->session,
        .early_data = e->plan->early,
    };
    hf_conn *conn = NULL;
    if (hf_conn_new(e->plan->client, &params, &conn) == HF_OK) {
        e->client = link_open(&e->hub, result->tcp, conn, &limits, &client_owner, e);
    } else {
        hub_discard(result->tcp);
    }
    if (e->client == NULL) {
        (void)setup_no_memory(&e->result->trouble);
        abandon(e);
        return;
    }
    send_early(e);
}

static void send_early(struct exchange *e)
{
    const hf_span line = {(const uint8_t *)lines[0], strlen(lines[0])};
    if (e->plan->early && link_send_early(e->client, line) != line.len) {
        abandon(e);
    }
}

/* --- The client ------------------------------------------------------------------------------ */

static void client_connected(void *ctx)
{
    struct exchange *e = ctx;
    e->result->client.connected_ns = obs_clock();
    hf_conn_info info;
    hf_conn_describe(link_conn(e->client), &info);
    if (!info.early_data) {
        send_line(e); /* first, as its time is measured */
    }
    const hf_span leaf = hf_conn_peer_certificate(link_conn(e->client), 0);
    (void)cert_view_read(leaf, &e->result->leaf);
    text_add_bytes(&e->result->leaf_der, leaf.data, leaf.len);
}

static void send_line(struct exchange *e)
{
    const char *line = lines[e->line];
    e->line_len = 0;
    (void)link_send(e->client, (hf_span){(const uint8_t *)line, strlen(line)});
}

static void client_data(void *ctx, uint8_t *data, size_t len)
{
    struct exchange *e = ctx;
    const size_t expected = strlen(lines[e->line]);
    if (e->line_len + len > expected) {
        abandon(e);
        return;
    }
    memcpy(e->back + e->line_len, data, len);
    e->line_len += len;
    if (e->line_len < expected) {
        return;
    }
    e->result->data_came_back = memcmp(e->back, lines[e->line], expected) == 0;
    if (e->line == 0 && e->plan->update_keys) {
        e->line = 1;
        e->result->data_came_back = false;
        (void)link_update_keys(e->client);
        send_line(e);
        return;
    }
    link_close_sending(e->client);
}

/* All that has travelled under keys of the handshake, or none. */
static void count_handshake_bytes(struct exchange *e)
{
    uint64_t data[2] = {0, 0};
    const struct observer *o = &e->result->client.observer;
    for (size_t i = 0; i < o->count; i++) {
        const struct obs_item *item = &o->items[i];
        if (item->kind == HF_EV_RECORD && (item->u.record.level == HF_LEVEL_APPLICATION ||
                                           item->u.record.level == HF_LEVEL_EARLY)) {
            data[item->u.record.direction] += item->u.record.wire_len;
        }
    }
    e->result->bytes_to_server = link_bytes_out(e->client) - data[HF_SENT];
    e->result->bytes_to_client = link_bytes_in(e->client) - data[HF_RECEIVED];
}

static void client_peer_closed(void *ctx)
{
    struct exchange *e = ctx;
    take_info(e->client, &e->result->client);
    take_sessions(e);
    count_handshake_bytes(e);
    link_finish(e->client);
}

static void take_sessions(struct exchange *e)
{
    struct exchange_result *r = e->result;
    hf_session *session = NULL;
    while ((session = hf_conn_take_session(link_conn(e->client))) != NULL) {
        if (r->session_count == EXCHANGE_SESSIONS_MAX) {
            hf_session_free(session);
        } else {
            r->sessions[r->session_count++] = session;
        }
    }
}

static void client_over(void *ctx, enum link_end end)
{
    struct exchange *e = ctx;
    judge_end(e, e->client, end, "client");
}

static void client_gone(void *ctx)
{
    struct exchange *e = ctx;
    e->client = NULL;
    if (e->server != NULL && !e->result->server.has_info) {
        link_drop(e->server);
    }
    wind_down(e);
}

/* --- The server ------------------------------------------------------------------------------ */

static void server_connected(void *ctx)
{
    struct exchange *e = ctx;
    e->result->server.connected_ns = obs_clock();
}

static void server_data(void *ctx, uint8_t *data, size_t len)
{
    struct exchange *e = ctx;
    e->result->early_heard += hf_conn_is_connected(link_conn(e->server)) ? 0 : len;
    (void)link_echo(e->server, data, len);
}

static void server_peer_closed(void *ctx)
{
    struct exchange *e = ctx;
    const hf_span leaf = hf_conn_peer_certificate(link_conn(e->server), 0);
    text_add_bytes(&e->result->client_der, leaf.data, leaf.len);
    take_info(e->server, &e->result->server);
    link_finish(e->server);
}

static void server_over(void *ctx, enum link_end end)
{
    struct exchange *e = ctx;
    if (e->plan->replay.len > 0) {
        take_info(e->server, &e->result->server); /* how it ends was not the question */
    } else {
        judge_end(e, e->server, end, "server");
    }
}

static void server_gone(void *ctx)
{
    struct exchange *e = ctx;
    e->server = NULL;
    wind_down(e);
}

/* The server may not have heard yet that it is alone. */
static void replayer_gone(void *ctx)
{
    struct exchange *e = ctx;
    e->replayer = NULL;
    wind_down(e);
}

/* --- Both ------------------------------------------------------------------------------------ */

static void take_info(const struct link *link, struct exchange_end *end)
{
    static const char label[] = "EXPORTER-handfast-demo";
    hf_conn_describe(link_conn(link), &end->info);
    end->has_info = hf_conn_export(link_conn(link), false, label, (hf_span){NULL, 0}, end->exported,
                                   sizeof end->exported) == HF_OK;
    end->info.alpn = (hf_span){NULL, 0};
    end->info.server_name = (hf_span){NULL, 0};
}

static void judge_end(struct exchange *e, const struct link *link, enum link_end end,
                      const char *who)
{
    struct trouble *trouble = &e->result->trouble;
    if (end == LINK_FAILED) {
        failure_of(link_conn(link), false, trouble);
    } else if (end != LINK_CLOSED) {
        (void)trouble_set(trouble, TOOL_DEMO, NULL, "the %s's connection ended early", who);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct exchange *e = handle->data;
    e->result->trouble = (struct trouble){0};
    (void)trouble_set(&e->result->trouble, number == SIGINT ? TOOL_INTERRUPTED : TOOL_TERMINATED,
                      NULL, "interrupted");
    abandon(e);
}

static void abandon(struct exchange *e)
{
    (void)trouble_set(&e->result->trouble, TOOL_DEMO, NULL,
                      "the two ends did not understand each other");
    if (e->dial != NULL) {
        dial_cancel(e->dial);
        e->dial = NULL;
    }
    if (e->replayer != NULL) {
        replayer_stop(e->replayer);
    }
    if (e->client != NULL) {
        link_drop(e->client);
    }
    if (e->server != NULL) {
        link_drop(e->server);
    }
    wind_down(e);
}

static void wind_down(struct exchange *e)
{
    if (e->client != NULL || e->server != NULL || e->dial != NULL || e->replayer != NULL ||
        e->wound_down) {
        return;
    }
    e->wound_down = true;
    if (e->listener != NULL) {
        listener_close(e->listener);
    }
    if (e->relay != NULL) {
        relay_close(e->relay);
    }
    for (size_t i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&e->signals[i], NULL);
    }
}

/* One client of the server.
 *
 * Invariants: plaintext that could not be answered yet is in `saved`. Either too much waits to be
 * written; then the link is congested and delivers nothing, and `drained` takes it up again: so a
 * client that asks without reading the answers costs at most one record of requests and what fits
 * between the link's two marks. Or it is early data that `waits` for the end of the handshake; then
 * it is at most what the server takes early, and `connected` takes it up. */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/page.h"
#include "recording/recorder.h"
#include "recording/write.h"
#include "report/observer.h"
#include "session_int.h"

enum { LINGER_MS = 1000, QUIET_MS = 1000 };

static hf_conn *new_conn(struct session *s, const struct sockaddr *peer);
static bool start_recording(struct session *s);
static void save_recording(struct session *s);
static void free_session(struct session *s);
static void on_connected(void *ctx);
static void on_data(void *ctx, uint8_t *data, size_t len);
static void on_peer_closed(void *ctx);
static void on_drained(void *ctx);
static void on_over(void *ctx, enum link_end end);
static void on_gone(void *ctx);
static void count_end(const struct session *s, enum link_end end);
static void on_op(void *ctx, hf_op *op);
static void on_flight_judged(void *ctx, hf_resume_reason reason);
static void serve_requests(struct session *s, const uint8_t *data, size_t len);
static bool must_wait(struct session *s);
static void answer_and_go_on(struct session *s);
static void answer(struct session *s);
static void resume_serving(struct session *s);
static void save(struct session *s, const uint8_t *data, size_t len);
static void save_more(struct session *s, const uint8_t *data, size_t len);
static void watch_request(struct session *s);

static const struct link_owner link_owner = {
    .connected = on_connected,
    .data = on_data,
    .peer_closed = on_peer_closed,
    .drained = on_drained,
    .over = on_over,
    .gone = on_gone,
    .op = on_op,
};

void session_open(struct session_host *host, uv_tcp_t *tcp, const struct sockaddr *peer)
{
    const struct serve_settings *settings = host->settings;
    const struct link_limits limits = {
        .handshake_ms = (uint64_t)settings->handshake_s * 1000,
        .idle_ms = (uint64_t)settings->idle_s * 1000,
        /* What is refused of early data is read over, and its client cannot know. */
        .handshake_bytes =
            (uint64_t)(settings->handshake_bytes + 2 * settings->resumption.max_early_data),
        .linger_ms = LINGER_MS,
        .pads = settings->parameters.padding > 1,
    };
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        hub_discard(tcp);
        return;
    }
    s->host = host;
    s->number = ++host->came;
    address_text(peer, s->peer);
    s->is_local = address_is_local(peer);
    hf_conn *conn = start_recording(s) ? new_conn(s, peer) : NULL;
    if (conn == NULL) {
        free_session(s);
        hub_discard(tcp);
        return;
    }
    s->start_ns = obs_clock();
    request_init(&s->request);
    s->link = link_open(&host->hub, tcp, conn, &limits, &link_owner, s);
    if (s->link == NULL) {
        free_session(s);
        return;
    }
    s->next = host->first;
    if (host->first != NULL) {
        host->first->previous = s;
    }
    host->first = s;
    host->count++;
}

void session_finish_all(struct session_host *host)
{
    for (struct session *s = host->first, *next = NULL; s != NULL; s = next) {
        next = s->next;
        s->last = true;
        if (s->connected_ns != 0 && s->request.state == REQUEST_NONE && s->saved_len == 0 &&
            (!host->settings->echo || link_is_quiet(s->link, QUIET_MS))) {
            link_finish(s->link);
        }
    }
}

void session_drop_all(struct session_host *host)
{
    for (struct session *s = host->first, *next = NULL; s != NULL; s = next) {
        next = s->next;
        link_drop(s->link);
    }
}

/* For --record and for the page; false: no memory. */
static bool start_recording(struct session *s)
{
    const struct serve_settings *settings = s->host->settings;
    s->shown = !settings->echo && gallery_enter(&s->host->gallery, obs_clock());
    if (settings->record == NULL && !s->shown) {
        return true;
    }
    s->recorder = malloc(sizeof *s->recorder);
    if (s->recorder == NULL) {
        return false;
    }
    recorder_init(s->recorder, RECORDING_SERVE, settings->secrets);
    s->recorder->keeps_shares = settings->secrets || settings->lab;
    recorder_title(s->recorder, "serve");
    recorder_address(s->recorder, HF_CLIENT, s->peer);
    return true;
}

static void save_recording(struct session *s)
{
    const char *path = s->host->settings->record;
    struct trouble trouble = {0};
    struct text name = {0};
    if (s->recorder == NULL || path == NULL) {
        return;
    }
    const char *number = strstr(path, "%n");
    if (number == NULL) {
        text_add(&name, path);
    } else {
        text_addf(&name, "%.*s%llu%s", (int)(number - path), path, (unsigned long long)s->number,
                  number + 2);
    }
    if (name.failed || recording_save(&s->recorder->recording, name.ptr, &trouble) != 0) {
        text_clear(&s->host->line);
        trouble_text(&trouble, "serve", &s->host->line);
        session_log(s->host, &s->host->line, STDERR_FILENO);
    }
    text_free(&name);
}

static void free_session(struct session *s)
{
    if (s->shown) {
        gallery_left(&s->host->gallery);
    }
    if (s->recorder != NULL) {
        recorder_free(s->recorder);
        free(s->recorder);
    }
    free(s->saved);
    free(s);
}

static hf_conn *new_conn(struct session *s, const struct sockaddr *peer)
{
    struct session_host *host = s->host;
    uint8_t address[16];
    const struct hf_conn_params params = {
        .size = sizeof params,
        .now_ms = hub_wall_ms(&host->hub),
        .peer_address = address_bytes(peer, address),
        .trace = s->recorder == NULL ? host->trace : recorder_trace(s->recorder, host->trace),
    };
    hf_conn *conn = NULL;
    return hf_conn_new(host->config, &params, &conn) == HF_OK ? conn : NULL;
}

static void on_connected(void *ctx)
{
    struct session *s = ctx;
    s->connected_ns = obs_clock();
    s->host->served++;
    hf_conn_info info;
    hf_conn_describe(link_conn(s->link), &info);
    s->host->counts.resumed += info.resumed;
    if (s->waits) {
        s->waits = false;
        if (s->host->settings->echo) {
            (void)link_send(s->link, (hf_span){s->saved, s->saved_len});
            save(s, NULL, 0);
        } else {
            answer_and_go_on(s);
            resume_serving(s);
        }
    } else if (!s->host->settings->echo) {
        watch_request(s);
    }
    if (s->last && !s->host->settings->echo) {
        link_finish(s->link);
    }
}

/* The one operation that is asked of us: was this first flight seen before? */
static void on_op(void *ctx, hf_op *op)
{
    struct session *s = ctx;
    const struct flight_asker asker = {on_flight_judged, s};
    hf_resume_reason reason = HF_RESUME_STORE_DOWN;
    s->flight = flights_ask(s->host->resumption->flights, op->u.replay_check.key, &asker, &reason);
    if (s->flight == NULL) {
        op->u.replay_check.reason = reason;
        hf_op_finish(op, HF_OK);
    }
}

static void on_flight_judged(void *ctx, hf_resume_reason reason)
{
    struct session *s = ctx;
    hf_op *op = hf_conn_op(link_conn(s->link));
    s->flight = NULL;
    op->u.replay_check.reason = reason;
    hf_op_finish(op, HF_OK);
    link_continue(s->link);
}

static void on_data(void *ctx, uint8_t *data, size_t len)
{
    struct session *s = ctx;
    s->records++;
    if (s->answered) {
        return;
    }
    if (s->host->settings->echo) {
        s->waits = s->connected_ns == 0 && (s->host->resumption->policy == EARLY_WAIT ||
                                            !hf_conn_can_send(link_conn(s->link)));
    }
    if (s->waits) {
        save_more(s, data, len);
    } else if (!s->host->settings->echo) {
        serve_requests(s, data, len);
    } else if (len > 0) {
        (void)link_echo(s->link, data, len);
    }
}

static void serve_requests(struct session *s, const uint8_t *data, size_t len)
{
    size_t at = 0;
    while (at < len && !link_is_congested(s->link)) {
        at += request_feed(&s->request, data + at, len - at);
        if (s->request.wants_continue) {
            static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
            s->request.wants_continue = false;
            (void)link_send(s->link, (hf_span){(const uint8_t *)interim, sizeof interim - 1});
        }
        if (s->request.state == REQUEST_READY || s->request.state == REQUEST_BAD) {
            s->waits = must_wait(s);
            if (s->waits) {
                break;
            }
            answer_and_go_on(s);
            if (s->answered) {
                return;
            }
        }
    }
    save(s, data + at, len - at);
    watch_request(s);
}

/* Whether a whole request is not to be answered before the handshake is over, because what came so
 * far may be a replay (RFC 8470, 3). May turn it into a refusal instead. */
static bool must_wait(struct session *s)
{
    struct request *r = &s->request;
    const enum early_policy policy = s->host->resumption->policy;
    const bool early = s->connected_ns == 0;
    const bool harmless = r->is_safe || r->state == REQUEST_BAD;
    /* RFC 8470, 5.2: to wait here does not help when it was early at an intermediary. */
    if (!harmless && (r->said_early || (early && policy == EARLY_REFUSE))) {
        request_refuse(r, 425);
        return early && !hf_conn_can_send(link_conn(s->link));
    }
    /* A page that shows the handshake waits for its end. */
    const bool shows = r->state == REQUEST_READY && r->form == REQUEST_HTML;
    return early &&
           (!harmless || shows || policy == EARLY_WAIT || !hf_conn_can_send(link_conn(s->link)));
}

static void answer_and_go_on(struct session *s)
{
    answer(s);
    s->answered = s->last;
    /* The end of the handshake is waited for: the client's Finished is still to be judged. */
    if (s->answered && s->connected_ns != 0) {
        link_finish(s->link);
    }
}

static void answer(struct session *s)
{
    struct text *page = &s->host->answer;
    struct text *document = &s->host->document;
    s->requests++;
    s->early_requests += s->connected_ns == 0;
    s->last = s->last || !s->request.keep_alive;
    s->request.keep_alive = !s->last;
    text_clear(page);
    text_clear(document);
    const struct gallery_visitor visitor = {s->shown ? s->recorder : NULL, s->is_local};
    const bool shows = gallery_document(&s->host->gallery, &s->request, &visitor, document);
    page_answer(&s->request, link_conn(s->link), shows ? document : NULL, page);
    if (page->failed || document->failed ||
        !link_send(s->link, (hf_span){(const uint8_t *)page->ptr, page->len})) {
        s->last = true;
    }
    if (s->host->settings->log_requests) {
        session_tell_request(s);
    }
    request_next(&s->request);
}

static void save(struct session *s, const uint8_t *data, size_t len)
{
    uint8_t *saved = len == 0 ? NULL : malloc(len);
    if (saved != NULL) {
        memcpy(saved, data, len);
    }
    free(s->saved);
    s->saved = saved;
    s->saved_len = s->saved_cap = saved == NULL ? 0 : len;
    if (len > 0 && saved == NULL) {
        link_drop(s->link);
    }
}

/* In doubled room, as early data may come in many small records. */
static void save_more(struct session *s, const uint8_t *data, size_t len)
{
    if (len > s->saved_cap - s->saved_len) {
        const size_t cap = 2 * (s->saved_len + len);
        uint8_t *saved = realloc(s->saved, cap);
        if (saved == NULL) {
            link_drop(s->link);
            return;
        }
        s->saved = saved;
        s->saved_cap = cap;
    }
    if (len > 0) {
        memcpy(s->saved + s->saved_len, data, len);
        s->saved_len += len;
    }
}

/* Takes up what was saved. */
static void resume_serving(struct session *s)
{
    uint8_t *saved = s->saved;
    const size_t len = s->saved_len;
    s->saved = NULL;
    s->saved_len = s->saved_cap = 0;
    if (len > 0 && !s->answered) {
        serve_requests(s, saved, len);
    } else {
        watch_request(s);
    }
    free(saved);
}

/* A request has as long as an idle connection to arrive, however it trickles in; one that is early,
 * as long as the handshake. */
static void watch_request(struct session *s)
{
    if (s->connected_ns == 0) {
        return;
    }
    const bool wanted = s->request.state == REQUEST_PART;
    if (wanted != s->timed) {
        s->timed = wanted;
        link_deadline(s->link, wanted ? (uint64_t)s->host->settings->idle_s * 1000 : 0);
    }
}

static void on_drained(void *ctx)
{
    struct session *s = ctx;
    if (s->saved_len > 0 && !s->waits) {
        resume_serving(s);
    }
    if (s->peer_closed && s->saved_len == 0) {
        link_finish(s->link);
    }
}

/* Nothing more comes; what came is answered first (RFC 9846, 6.1: our direction is still open). */
static void on_peer_closed(void *ctx)
{
    struct session *s = ctx;
    s->peer_closed = true;
    if (s->saved_len == 0) {
        link_finish(s->link);
    }
}

static void on_over(void *ctx, enum link_end end)
{
    struct session *s = ctx;
    flights_forget(s->flight);
    s->flight = NULL;
    count_end(s, end);
    save_recording(s);
    if (s->connected_ns == 0 && s->shown) {
        gallery_keep(&s->host->gallery, s->recorder);
    }
    if (!s->host->settings->quiet) {
        session_tell(s, end);
    }
}

static void count_end(const struct session *s, enum link_end end)
{
    struct session_host *host = s->host;
    const bool connected = s->connected_ns != 0;
    host->refused += !connected;
    host->counts.too_slow += end == LINK_HANDSHAKE_TIMEOUT;
    host->counts.too_long += end == LINK_HANDSHAKE_TOO_LONG;
    host->counts.idle += end == LINK_IDLE;
    host->counts.cut += connected && (end == LINK_FAILED || end == LINK_NETWORK);
    host->counts.dropped += connected && end == LINK_DROPPED;
}

static void on_gone(void *ctx)
{
    struct session *s = ctx;
    struct session_host *host = s->host;
    if (s->previous != NULL) {
        s->previous->next = s->next;
    } else {
        host->first = s->next;
    }
    if (s->next != NULL) {
        s->next->previous = s->previous;
    }
    host->count--;
    free_session(s);
    host->left(host->ctx);
}

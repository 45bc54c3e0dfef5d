/* One client of the server.
 *
 * Invariants: plaintext that could not be answered yet because too much waits to be written is in
 * `saved`, and then the link is congested and delivers nothing; `drained` takes it up again. So a
 * client that asks without reading the answers costs at most one record of requests and what fits
 * between the link's two marks. /
 */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/page.h"
#include "http/request.h"
#include "io/address.h"
#include "io/link.h"
#include "recording/recorder.h"
#include "recording/write.h"
#include "report/facts.h"
#include "report/failure.h"
#include "report/observer.h"

enum { LINGER_MS = 1000 };

struct session {
    struct session_host *host;
    struct session *next, *previous;
    struct link *link;
    struct request request;
    char peer[ADDRESS_TEXT_MAX];
    uint64_t start_ns, connected_ns;
    uint64_t requests, records;
    uint64_t number;           /* of all that came */
    struct recorder *recorder; /* NULL: it is not recorded */
    bool is_local;             /* the peer is on this machine */
    bool shown;                /* and counted by the gallery */
    uint8_t *saved;
    size_t saved_len;
    bool timed;       /* a deadline for the request runs */
    bool peer_closed; /* no more requests come */
    bool last;        /* the answer under way is the last */
};

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
static void serve_requests(struct session *s, const uint8_t *data, size_t len);
static void answer(struct session *s);
static void save(struct session *s, const uint8_t *data, size_t len);
static void watch_request(struct session *s);
static void tell(struct session *s, enum link_end end);
static void tell_text(const struct session *s, const hf_conn_info *info,
                      const struct trouble *trouble, const char *how, struct text *out);
static void tell_json(const struct session *s, const hf_conn_info *info,
                      const struct trouble *trouble, const char *how, struct text *out);
static bool is_cut_off(const struct session *s);
static const char *how_it_ended(const struct session *s, enum link_end end);

static const struct link_owner link_owner = {
    .connected = on_connected,
    .data = on_data,
    .peer_closed = on_peer_closed,
    .drained = on_drained,
    .over = on_over,
    .gone = on_gone,
};

void session_open(struct session_host *host, uv_tcp_t *tcp, const struct sockaddr *peer)
{
    const struct serve_settings *settings = host->settings;
    const struct link_limits limits = {
        .handshake_ms = (uint64_t)settings->handshake_s * 1000,
        .idle_ms = (uint64_t)settings->idle_s * 1000,
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
        if (s->connected_ns != 0 && s->request.state == REQUEST_NONE && s->saved_len == 0) {
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
        trouble_say(&trouble, "serve");
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
    if (s->last) {
        link_finish(s->link);
    }
}

static void on_data(void *ctx, uint8_t *data, size_t len)
{
    struct session *s = ctx;
    s->records++;
    if (s->host->settings->echo) {
        if (len > 0) {
            (void)link_echo(s->link, data, len);
        }
        return;
    }
    serve_requests(s, data, len);
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
            answer(s);
            if (s->last) {
                link_finish(s->link);
                return;
            }
        }
    }
    save(s, data + at, len - at);
    watch_request(s);
}

static void answer(struct session *s)
{
    struct text *page = &s->host->answer;
    struct text *document = &s->host->document;
    s->requests++;
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
    s->saved_len = saved == NULL ? 0 : len;
    if (len > 0 && saved == NULL) {
        link_drop(s->link);
    }
}

/* A request has as long as an idle connection to arrive, however it trickles in. */
static void watch_request(struct session *s)
{
    const bool wanted = s->request.state == REQUEST_PART;
    if (wanted != s->timed) {
        s->timed = wanted;
        link_deadline(s->link, wanted ? (uint64_t)s->host->settings->idle_s * 1000 : 0);
    }
}

static void on_drained(void *ctx)
{
    struct session *s = ctx;
    if (s->saved_len > 0) {
        uint8_t *saved = s->saved;
        const size_t len = s->saved_len;
        s->saved = NULL;
        s->saved_len = 0;
        serve_requests(s, saved, len);
        free(saved);
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
    s->host->refused += s->connected_ns == 0;
    save_recording(s);
    if (s->connected_ns == 0 && s->shown) {
        gallery_keep(&s->host->gallery, s->recorder);
    }
    if (!s->host->settings->quiet) {
        tell(s, end);
    }
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

static void tell(struct session *s, enum link_end end)
{
    struct text *line = &s->host->line;
    struct trouble trouble = {0};
    hf_conn_info info;
    hf_conn_describe(link_conn(s->link), &info);
    if (end == LINK_FAILED) {
        failure_of(link_conn(s->link), s->connected_ns != 0, &trouble);
    }
    text_clear(line);
    if (s->host->settings->json) {
        tell_json(s, &info, &trouble, how_it_ended(s, end), line);
        (void)text_write(line, STDOUT_FILENO);
    } else {
        tell_text(s, &info, &trouble, how_it_ended(s, end), line);
        (void)text_write(line, STDERR_FILENO);
    }
}

static void tell_text(const struct session *s, const hf_conn_info *info,
                      const struct trouble *trouble, const char *how, struct text *out)
{
    text_addf(out, "%s ", s->peer);
    if (s->connected_ns != 0) {
        facts_line(info, out);
        text_add(out, ", ");
        if (info->server_name.len > 0) {
            text_add_inert(out, info->server_name);
            text_add(out, ", ");
        }
        if (info->client_certificate) {
            char name[96];
            text_addf(out, "client %s, ", facts_peer_name(link_conn(s->link), name));
        }
        const uint64_t count = s->host->settings->echo ? s->records : s->requests;
        text_addf(out, "%.1f ms, %llu %s%s, ", (double)(s->connected_ns - s->start_ns) / 1e6,
                  (unsigned long long)count, s->host->settings->echo ? "record" : "request",
                  count == 1 ? "" : "s");
    }
    text_add(out, how);
    if (trouble->exit_code != 0 && !is_cut_off(s)) {
        text_addf(out, ": %s", trouble->sentence);
        if (trouble->detail[0] != '\0') {
            text_addf(out, " (%s)", trouble->detail);
        }
    } else if (link_errno(s->link) != 0) {
        text_addf(out, ": %s", uv_strerror(link_errno(s->link)));
    }
    text_add(out, "\n");
}

static void tell_json(const struct session *s, const hf_conn_info *info,
                      const struct trouble *trouble, const char *how, struct text *out)
{
    struct json j = json_begin(out, true);
    json_object(&j, NULL);
    json_string(&j, "event", "connection");
    json_string(&j, "peer", s->peer);
    json_bool(&j, "connected", s->connected_ns != 0);
    json_string(&j, "end", how);
    facts_json(info, &j);
    if (info->client_certificate) {
        char name[96];
        json_string(&j, "client_name", facts_peer_name(link_conn(s->link), name));
    }
    if (s->connected_ns != 0) {
        json_decimal(&j, "handshake_us", (double)(s->connected_ns - s->start_ns) / 1e3);
    }
    json_number(&j, "requests", (int64_t)s->requests);
    json_number(&j, "records", (int64_t)s->records);
    json_number(&j, "bytes_in", (int64_t)link_bytes_in(s->link));
    json_number(&j, "bytes_out", (int64_t)link_bytes_out(s->link));
    failure_json(trouble, &j, "error");
    json_end(&j);
}

/* Many clients leave without a word between two requests, where nothing can be missing. */
static bool is_cut_off(const struct session *s)
{
    return hf_conn_error(link_conn(s->link))->code == HF_E_TRUNCATED;
}

static const char *how_it_ended(const struct session *s, enum link_end end)
{
    switch (end) {
    case LINK_CLOSED:
        return "closed";
    case LINK_FAILED:
        if (is_cut_off(s)) {
            return "closed without close_notify";
        }
        return s->connected_ns != 0 ? "broken" : "refused";
    case LINK_HANDSHAKE_TIMEOUT:
        return "timeout in the handshake";
    case LINK_IDLE:
        return "idle for too long";
    case LINK_NETWORK:
        return "network failure";
    case LINK_DROPPED:
        return "dropped";
    }
    return "";
}

/* What the server tells of its connections. */
#include <unistd.h>

#include "report/facts.h"
#include "report/failure.h"
#include "session_int.h"

static void tell_text(const struct session *s, const hf_conn_info *info,
                      const struct trouble *trouble, const char *how, struct text *out);
static void tell_json(const struct session *s, const hf_conn_info *info,
                      const struct trouble *trouble, const char *how, struct text *out);
static bool offer(struct session_host *host, const struct text *line, int fd);
static bool is_cut_off(const struct session *s);
static const char *how_it_ended(const struct session *s, enum link_end end);

void session_log(struct session_host *host, const struct text *line, int fd)
{
    if (host->counts.untold > 0) {
        struct text note = {0};
        text_addf(&note,
                  host->settings->json ? "%s{\"event\": \"log\", \"lost\": %llu}\n"
                                       : "%slines of this log that were lost: %llu\n",
                  host->counts.torn ? "\n" : "", (unsigned long long)host->counts.untold);
        host->counts.untold = offer(host, &note, fd) ? 0 : host->counts.untold;
        text_free(&note);
    }
    if (host->counts.untold > 0 || !offer(host, line, fd)) {
        host->counts.lost++;
        host->counts.untold++;
    }
}

static bool offer(struct session_host *host, const struct text *line, int fd)
{
    const size_t taken = text_offer(line, fd);
    host->counts.torn = taken == 0 ? host->counts.torn : taken < line->len;
    return taken == line->len;
}

void session_tell_counts(struct session_host *host)
{
    const struct {
        const char *key, *text;
        uint64_t value;
    } rows[] = {
        {"open", "open", host->count},
        {"came", "came", host->came},
        {"completed", "handshakes completed", host->served},
        {"resumed", "resumed", host->counts.resumed},
        {"failed", "handshakes failed", host->refused},
        {"too_slow", "too slow", host->counts.too_slow},
        {"too_long", "too long", host->counts.too_long},
        {"idle", "idle for too long", host->counts.idle},
        {"cut_off", "broken or cut off", host->counts.cut},
        {"dropped", "dropped", host->counts.dropped},
        {"short", "times nothing could be taken in", host->counts.short_of},
        {"lost_lines", "lines of the log lost", host->counts.lost},
    };
    struct text *line = &host->line;
    struct json j = {0};
    text_clear(line);
    if (host->settings->json) {
        j = json_begin(line, true);
        json_object(&j, NULL);
        json_string(&j, "event", "counts");
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (host->settings->json) {
            json_number(&j, rows[i].key, (int64_t)rows[i].value);
        } else {
            text_addf(line, "%s%s: %llu", i == 0 ? "" : ", ", rows[i].text,
                      (unsigned long long)rows[i].value);
        }
    }
    if (host->settings->json) {
        json_end(&j);
    } else {
        text_add(line, "\n");
    }
    session_log(host, line, host->settings->json ? STDOUT_FILENO : STDERR_FILENO);
}

void session_tell(struct session *s, enum link_end end)
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
        session_log(s->host, line, STDOUT_FILENO);
    } else {
        tell_text(s, &info, &trouble, how_it_ended(s, end), line);
        session_log(s->host, line, STDERR_FILENO);
    }
}

void session_tell_request(struct session *s)
{
    struct text *line = &s->host->line;
    const struct request *r = &s->request;
    const bool early = s->connected_ns == 0;
    text_clear(line);
    if (s->host->settings->json) {
        struct json j = json_begin(line, true);
        json_object(&j, NULL);
        json_string(&j, "event", "request");
        json_string(&j, "peer", s->peer);
        json_string(&j, "method", request_method(r));
        json_bytes(&j, "path", (hf_span){(const uint8_t *)r->path, r->path_len});
        json_number(&j, "status", r->status);
        json_bool(&j, "early", early);
        json_end(&j);
        session_log(s->host, line, STDOUT_FILENO);
        return;
    }
    text_addf(line, "%s %s ", s->peer, request_method(r));
    text_add_inert_str(line, r->path);
    text_addf(line, ": %u%s\n", r->status, early ? ", early" : "");
    session_log(s->host, line, STDERR_FILENO);
}

static void tell_text(const struct session *s, const hf_conn_info *info,
                      const struct trouble *trouble, const char *how, struct text *out)
{
    text_addf(out, "%s ", s->peer);
    if (s->connected_ns == 0 && s->requests > 0) {
        facts_line(info, out);
        text_addf(out, ", %llu early request%s, ", (unsigned long long)s->requests,
                  s->requests == 1 ? "" : "s");
    }
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
    json_number(&j, "early_requests", (int64_t)s->early_requests);
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
    case LINK_HANDSHAKE_TOO_LONG:
        return "too many bytes in the handshake";
    case LINK_NETWORK:
        return "network failure";
    case LINK_DROPPED:
        return "dropped";
    }
    return "";
}

/* The server's life: ready, serving, stopping.
 *
 * Stopping: the first signal closes the listeners and asks every session to end, again and again as
 * they come to where they can; after the drain timeout, or at a second signal, what is left is
 * dropped. When the last session has gone the loop has nothing
 * left to do. */
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/style.h"
#include "credentials.h"
#include "http/request.h"
#include "io/listener.h"
#include "report/facts.h"
#include "report/failure.h"
#include "report/keylog.h"
#include "session.h"
#include "tool.h"

enum {
    DRAIN_LOOK_MS = 100,
    SHORT_TOLD_MS = 10000, /* between two lines about one shortage */
    SIGNAL_COUNT = 4,
    CONNECTIONS_MAX = 20000,
    FILES_OF_OUR_OWN = 64
};

struct server {
    const struct serve_settings *settings;
    uv_loop_t loop;
    struct session_host host;
    struct credentials credentials;
    struct resumption resumption;
    struct resumption_watch watch;
    struct keylog keylog;
    hf_trace trace;
    struct listener *listeners[OPT_LIST_MAX];
    size_t listener_count, max;
    uv_signal_t signals[SIGNAL_COUNT];
    uv_timer_t drain;
    uint64_t drain_end_ms, short_told_ms;
    bool stopping, closed, keylog_told;
    bool on_terminal; /* stdin was one at the start */
};

static hf_config *make_config(struct server *server, struct trouble *trouble);
static int set_policy(hf_config *config, const struct server *server, struct trouble *trouble);
static int listen_on_all(struct server *server, struct trouble *trouble);
static int watch_store(struct server *server, struct trouble *trouble);
static void start(struct server *server);
static void warn_of_lab(void);
static void hint(const struct server *server);
static void say(struct server *server, const char *event, const char *key, const char *value);
static void say_error(struct server *server, const char *event, int error);
static bool on_accept(void *ctx, uv_tcp_t *tcp, const struct sockaddr *peer);
static void on_short(void *ctx, int error);
static void on_left(void *ctx);
static void on_signal(uv_signal_t *handle, int number);
static void reload(struct server *server);
static void on_seed_read(void *ctx, const struct trouble *trouble);
static void on_store_changed(void *ctx, bool fit, const char *why);
static void reload_failed(struct server *server, const struct trouble *trouble, const char *what);
static void stop(struct server *server);
static void on_drain(uv_timer_t *timer);
static void close_when_empty(struct server *server);
static void farewell(struct server *server);
static size_t raise_limits(int64_t wanted);

int server_run(const struct serve_settings *settings, struct trouble *trouble)
{
    struct server server = {.settings = settings, .keylog = {.fd = -1}};
    server.max = raise_limits(settings->max_connections);
    request_setup();
    if (uv_loop_init(&server.loop) != 0) {
        return setup_no_memory(trouble);
    }
    const bool ready = hub_init(&server.host.hub, &server.loop) || setup_no_memory(trouble) == 0;
    if (ready && keylog_open(&server.keylog, settings->keylog, trouble) == 0 &&
        credentials_load(settings, &server.credentials, trouble) == 0 &&
        resumption_load(&settings->resumption, hub_wall_ms(&server.host.hub), &server.resumption,
                        trouble) == 0 &&
        (server.host.config = make_config(&server, trouble)) != NULL &&
        listen_on_all(&server, trouble) == 0 && watch_store(&server, trouble) == 0) {
        start(&server);
        (void)uv_run(&server.loop, UV_RUN_DEFAULT);
        farewell(&server);
    } else {
        for (size_t i = 0; i < server.listener_count; i++) {
            listener_close(server.listeners[i]);
        }
        (void)uv_run(&server.loop, UV_RUN_DEFAULT);
    }
    (void)uv_loop_close(&server.loop);
    hf_config_free(server.host.config);
    resumption_free(&server.resumption);
    credentials_free(&server.credentials);
    keylog_close(&server.keylog);
    hub_free(&server.host.hub);
    text_free(&server.host.answer);
    if (server.host.document.ptr != NULL) {
        explicit_bzero(server.host.document.ptr,
                       server.host.document.cap); /* with --lab: secrets */
    }
    text_free(&server.host.document);
    text_free(&server.host.line);
    gallery_free(&server.host.gallery);
    return trouble->exit_code;
}

static hf_config *make_config(struct server *server, struct trouble *trouble)
{
    const struct serve_settings *s = server->settings;
    hf_config *config = hf_config_new(HF_SERVER, NULL);
    if (config == NULL) {
        (void)setup_no_memory(trouble);
        return NULL;
    }
    if (setup_parameters(config, &s->parameters, trouble) == 0 &&
        set_policy(config, server, trouble) == 0 &&
        resumption_configure(config, &s->resumption, &server->resumption, trouble) == 0 &&
        hf_config_freeze(config) != HF_OK) {
        (void)failure_of_setting(hf_config_error(config), "these options", trouble);
    }
    if (trouble->exit_code != 0) {
        hf_config_free(config);
        return NULL;
    }
    return config;
}

static int set_policy(hf_config *config, const struct server *server, struct trouble *trouble)
{
    const struct serve_settings *s = server->settings;
    hf_verify verify = HF_VERIFY_NONE;
    if (s->client_auth != NULL) {
        verify = strcmp(s->client_auth, "require") == 0   ? HF_VERIFY_REQUIRE
                 : strcmp(s->client_auth, "request") == 0 ? HF_VERIFY_REQUEST
                                                          : HF_VERIFY_NONE;
    }
    bool set = (server->credentials.identities == NULL ||
                hf_config_set_identities(config, server->credentials.identities) == HF_OK) &&
               (server->credentials.clients == NULL ||
                hf_config_set_trust(config, server->credentials.clients) == HF_OK) &&
               hf_config_set_verify(config, verify) == HF_OK &&
               (!s->strict_sni || hf_config_set_strict_sni(config, true) == HF_OK);
    if (set && verify != HF_VERIFY_NONE && !s->no_chain_cache &&
        setup_chain_cache(config, trouble) != 0) {
        return trouble->exit_code;
    }
    if (set && s->stateless_retry) {
        uint8_t key[32];
        const hf_provider *provider = hf_provider_default();
        set = provider->random(NULL, key, sizeof key) &&
              hf_config_set_stateless_retry(config, (hf_span){key, sizeof key}, true) == HF_OK;
        explicit_bzero(key, sizeof key);
    }
    return set ? 0 : failure_of_setting(hf_config_error(config), "these options", trouble);
}

static int listen_on_all(struct server *server, struct trouble *trouble)
{
    static const struct opt_list usual = {{"127.0.0.1:8443"}, 1};
    const struct opt_list *list =
        server->settings->listen.count == 0 ? &usual : &server->settings->listen;
    for (size_t i = 0; i < list->count; i++) {
        struct address on;
        if (address_parse("--listen", list->items[i], &on, trouble) != 0) {
            break;
        }
        if (!on.has_port) {
            return trouble_set(trouble, TOOL_USAGE,
                               "Write ADDR:PORT, such as 127.0.0.1:8443, [::1]:8443 or *:8443.",
                               "--listen %s: there is no port", list->items[i]);
        }
        if (server->settings->lab && !address_is_loopback(&on)) {
            return trouble_set(trouble, TOOL_USAGE,
                               "Listen on 127.0.0.1, [::1] or localhost, or leave --lab out.",
                               "--lab shows secrets, but --listen %s can be reached from elsewhere",
                               list->items[i]);
        }
        const struct listener_owner owner = {on_accept, on_short, server};
        struct listener *listener =
            listener_open(&server->loop, &on, list->items[i], &owner, trouble);
        if (listener == NULL) {
            break;
        }
        server->listeners[server->listener_count++] = listener;
    }
    return trouble->exit_code;
}

static int watch_store(struct server *server, struct trouble *trouble)
{
    server->watch = (struct resumption_watch){on_store_changed, on_seed_read, server};
    return resumption_start(&server->settings->resumption, &server->resumption, &server->loop,
                            &server->watch, trouble);
}

static void start(struct server *server)
{
    static const int numbers[SIGNAL_COUNT] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
    server->on_terminal = isatty(STDIN_FILENO) != 0;
    server->host.settings = server->settings;
    server->host.resumption = &server->resumption;
    server->host.gallery.lab = server->settings->lab;
    server->host.left = on_left;
    server->host.ctx = server;
    if (keylog_is_open(&server->keylog)) {
        server->trace = keylog_trace(&server->keylog);
        server->host.trace = &server->trace;
    }
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        (void)uv_signal_init(&server->loop, &server->signals[i]);
        server->signals[i].data = server;
        (void)uv_signal_start(&server->signals[i], on_signal, numbers[i]);
    }
    (void)uv_timer_init(&server->loop, &server->drain);
    server->drain.data = server;
    if (server->credentials.authority[0] != '\0') {
        say(server, "throw-away authority", "file", server->credentials.authority);
    }
    for (size_t i = 0; i < server->listener_count; i++) {
        say(server, "listening on", "address", listener_address(server->listeners[i]));
    }
    if (server->settings->lab) {
        warn_of_lab();
    }
    if (isatty(STDERR_FILENO) != 0 && !server->settings->quiet && !server->settings->json) {
        hint(server);
    }
}

static void warn_of_lab(void)
{
    const struct style style = style_of(STDERR_FILENO);
    struct text line = {0};
    text_addf(&line, "%slab: the page of a connection shows its secrets%s\n",
              style_on(&style, TINT_BAD), style_off(&style));
    (void)text_write(&line, STDERR_FILENO);
    text_free(&line);
}

/* What a newcomer may want to do now. */
static void hint(const struct server *server)
{
    const char *port = strrchr(listener_address(server->listeners[0]), ':');
    const bool throwaway = server->credentials.authority[0] != '\0';
    struct text line = {0};
    text_addf(&line, "try:  %s connect %s%s%s%slocalhost%s\n", tool_name,
              server->settings->echo ? "" : "--http / ", throwaway ? "--ca " : "",
              throwaway ? server->credentials.authority : "", throwaway ? " " : "", port);
    (void)text_write(&line, STDERR_FILENO);
    text_free(&line);
}

/* One line for people, or one object for machines, on stdout. */
static void say(struct server *server, const char *event, const char *key, const char *value)
{
    struct text line = {0};
    if (server->settings->json) {
        struct json j = json_begin(&line, true);
        json_object(&j, NULL);
        json_string(&j, "event", event);
        json_string(&j, key, value);
        json_end(&j);
    } else {
        text_addf(&line, "%s %s\n", event, value);
    }
    session_log(&server->host, &line, STDOUT_FILENO);
    text_free(&line);
}

/* Of this machine, not of a peer. */
static void say_error(struct server *server, const char *event, int error)
{
    struct text line = {0};
    if (server->settings->json) {
        say(server, event, "reason", strerror(error));
        return;
    }
    text_addf(&line, "%s: %s\n", event, strerror(error));
    session_log(&server->host, &line, STDERR_FILENO);
    text_free(&line);
}

static bool on_accept(void *ctx, uv_tcp_t *tcp, const struct sockaddr *peer)
{
    struct server *server = ctx;
    session_open(&server->host, tcp, peer);
    return server->host.count < server->max;
}

/* Told once in a while, as it may go on for long. */
static void on_short(void *ctx, int error)
{
    struct server *server = ctx;
    const uint64_t now = uv_now(&server->loop);
    server->host.counts.short_of++;
    server->host.counts.short_error = error;
    if (server->short_told_ms == 0 || now - server->short_told_ms >= SHORT_TOLD_MS) {
        server->short_told_ms = now;
        say_error(server, "connections have to wait", error);
    }
}

static void on_left(void *ctx)
{
    struct server *server = ctx;
    if (server->keylog.error != 0 && !server->keylog_told) {
        server->keylog_told = true;
        say_error(server, "the key log could not be written, lines are missing",
                  server->keylog.error);
    }
    for (size_t i = 0; i < server->listener_count && !server->stopping; i++) {
        if (server->host.count < server->max) {
            listener_resume(server->listeners[i]);
        }
    }
    close_when_empty(server);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct server *server = handle->data;
    /* SIGHUP has two meanings: "read your files again", and "your terminal has gone". */
    const bool hung_up = number == SIGHUP && server->on_terminal && isatty(STDIN_FILENO) == 0;
    if (number == SIGUSR1) {
        session_tell_counts(&server->host);
    } else if (number == SIGHUP && !hung_up) {
        reload(server);
    } else if (!server->stopping) {
        stop(server);
    } else {
        session_drop_all(&server->host);
    }
}

static void reload(struct server *server)
{
    struct trouble trouble = {0};
    char count[32];
    if (credentials_reload(server->settings, &server->credentials, &trouble) != 0) {
        reload_failed(server, &trouble, "serve: SIGHUP: the certificates stay as they were");
        return;
    }
    (void)snprintf(count, sizeof count, "%zu", server->settings->cert.count);
    say(server, "reloaded certificates:", "count", count);
    if (server->settings->resumption.seed != NULL) {
        resumption_reload(&server->settings->resumption, &server->resumption, &server->loop,
                          &server->watch);
    }
}

static void on_seed_read(void *ctx, const struct trouble *trouble)
{
    struct server *server = ctx;
    if (trouble->exit_code != 0) {
        reload_failed(server, trouble, "serve: SIGHUP: the ticket keys stay as they were");
    } else {
        say(server, "reloaded ticket seed:", "seed", server->settings->resumption.seed);
    }
}

/* The memory of first flights can be asked, or no more. */
static void on_store_changed(void *ctx, bool fit, const char *why)
{
    struct server *server = ctx;
    struct text line = {0};
    if (server->settings->json) {
        struct json j = json_begin(&line, true);
        json_object(&j, NULL);
        json_string(&j, "event", "store");
        json_bool(&j, "fit", fit);
        json_string(&j, "reason", why);
        json_end(&j);
        session_log(&server->host, &line, STDOUT_FILENO);
    } else if (!server->settings->quiet) {
        text_addf(&line, "%s: %s%s\n", server->settings->resumption.anti_replay,
                  fit ? "remembers first flights" : why,
                  fit ? "" : "; early data is refused, handshakes go on");
        session_log(&server->host, &line, STDERR_FILENO);
    }
    text_free(&line);
}

static void reload_failed(struct server *server, const struct trouble *trouble, const char *what)
{
    if (server->settings->json) {
        say(server, "reload failed", "reason", trouble->sentence);
    } else {
        struct text line = {0};
        trouble_text(trouble, what, &line);
        session_log(&server->host, &line, STDERR_FILENO);
        text_free(&line);
    }
}

static void stop(struct server *server)
{
    server->stopping = true;
    for (size_t i = 0; i < server->listener_count; i++) {
        listener_close(server->listeners[i]);
    }
    server->drain_end_ms = uv_now(&server->loop) + (uint64_t)server->settings->drain_s * 1000;
    (void)uv_timer_start(&server->drain, on_drain, DRAIN_LOOK_MS, DRAIN_LOOK_MS);
    session_finish_all(&server->host);
    close_when_empty(server);
}

static void on_drain(uv_timer_t *timer)
{
    struct server *server = timer->data;
    if (uv_now(&server->loop) >= server->drain_end_ms) {
        session_drop_all(&server->host);
    } else {
        session_finish_all(&server->host);
    }
}

/* The last handles go; then the loop ends. */
static void close_when_empty(struct server *server)
{
    if (!server->stopping || server->host.count > 0 || server->closed) {
        return;
    }
    server->closed = true;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        uv_close((uv_handle_t *)&server->signals[i], NULL);
    }
    resumption_stop(&server->resumption);
    uv_close((uv_handle_t *)&server->drain, NULL);
}

static void farewell(struct server *server)
{
    if (server->settings->quiet || server->settings->json) {
        return;
    }
    struct text line = {0};
    text_addf(&line, "stopped: %llu handshakes completed, %llu not\n",
              (unsigned long long)server->host.served, (unsigned long long)server->host.refused);
    session_log(&server->host, &line, STDERR_FILENO);
    text_free(&line);
}

/* As many open files as the system allows, and how many connections fit then. */
static size_t raise_limits(int64_t wanted)
{
    struct rlimit limit;
    size_t fit = CONNECTIONS_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
            const size_t files = (size_t)limit.rlim_cur;
            fit = files > FILES_OF_OUR_OWN + 1 ? files - FILES_OF_OUR_OWN : 1;
        }
    }
    if (wanted > 0) {
        return (size_t)wanted < fit ? (size_t)wanted : fit;
    }
    return fit < CONNECTIONS_MAX ? fit : CONNECTIONS_MAX;
}

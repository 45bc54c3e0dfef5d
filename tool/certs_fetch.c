/* Fetches a server's chain: one handshake that believes everything, so that what is wrong with the
 * chain can be told afterwards, and nothing is sent over it. */
#include <string.h>
#include <unistd.h>

#include <handfast/config.h>

#include "certs_chain.h"
#include "io/dial.h"
#include "io/link.h"
#include "report/failure.h"
#include "setup.h"
#include "tool.h"

enum { LINGER_MS = 100 };

struct fetch {
    const struct address *to;
    const char *name, *starttls;
    int64_t timeout_s;
    const hf_config *config;
    struct certs_chain *out;
    struct trouble *trouble;
    struct hub hub;
    struct link *link;
    bool stuck; /* the loop cannot be ended: see dial.h */
};

static hf_config *make_config(struct trouble *trouble);
static void run(struct fetch *f);
static void on_dialled(void *ctx, const struct dial_result *result);
static hf_conn *new_conn(const struct fetch *f);
static void on_connected(void *ctx);
static void on_over(void *ctx, enum link_end end);
static void take_chain(struct fetch *f);

static const struct link_owner owner = {.connected = on_connected, .over = on_over};

int certs_chain_fetch(const struct address *to, const char *name, const char *starttls,
                      int64_t timeout_s, struct certs_chain *out, struct trouble *trouble)
{
    *out = (struct certs_chain){.count = 0};
    hf_config *config = make_config(trouble);
    if (config == NULL) {
        return trouble->exit_code;
    }
    struct fetch f = {.to = to,
                      .name = name,
                      .starttls = starttls,
                      .timeout_s = timeout_s,
                      .config = config,
                      .out = out,
                      .trouble = trouble};
    run(&f);
    hf_config_free(config);
    if (trouble->exit_code == 0 && out->count == 0) {
        (void)trouble_set(trouble, TOOL_REFUSED, "Ask a server that has certificates.",
                          "%s:%u showed no certificate", to->host, to->port);
    }
    if (trouble->exit_code != 0) {
        certs_chain_free(out);
    }
    return trouble->exit_code;
}

static hf_config *make_config(struct trouble *trouble)
{
    hf_config *config = hf_config_new(HF_CLIENT, NULL);
    if (config == NULL) {
        (void)setup_no_memory(trouble);
        return NULL;
    }
    if (hf_config_set_verify(config, HF_VERIFY_NONE) != HF_OK ||
        hf_config_freeze(config) != HF_OK) {
        (void)failure_of_setting(hf_config_error(config), "this client", trouble);
        hf_config_free(config);
        return NULL;
    }
    return config;
}

static void run(struct fetch *f)
{
    uv_loop_t loop;
    if (uv_loop_init(&loop) != 0) {
        (void)setup_no_memory(f->trouble);
        return;
    }
    const struct dial_plan plan = {
        .to = f->to,
        .timeout_ms = (uint64_t)f->timeout_s * 1000,
        .trouble = f->trouble,
        .done = on_dialled,
        .ctx = f,
        .starttls = f->starttls == NULL ? NULL : starttls_find(f->starttls),
    };
    if (!hub_init(&f->hub, &loop) || dial_start(&loop, &plan) == NULL) {
        (void)setup_no_memory(f->trouble);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    if (f->stuck) {
        trouble_say(f->trouble, "certs");
        _exit(f->trouble->exit_code); /* a plain exit would wait for the resolver's thread */
    }
    (void)uv_loop_close(&loop);
    hub_free(&f->hub);
}

static void on_dialled(void *ctx, const struct dial_result *result)
{
    struct fetch *f = ctx;
    if (result->tcp == NULL) {
        f->stuck = result->stuck;
        if (f->stuck) {
            uv_stop(f->hub.loop);
        }
        return;
    }
    hf_conn *conn = new_conn(f);
    if (conn == NULL) {
        hub_discard(result->tcp);
        (void)setup_no_memory(f->trouble);
        return;
    }
    const struct link_limits limits = {.handshake_ms = (uint64_t)f->timeout_s * 1000,
                                       .linger_ms = LINGER_MS};
    f->link = link_open(&f->hub, result->tcp, conn, &limits, &owner, f);
    if (f->link == NULL) {
        (void)setup_no_memory(f->trouble);
    }
}

static hf_conn *new_conn(const struct fetch *f)
{
    const struct hf_conn_params params = {
        .size = sizeof params, .now_ms = hub_wall_ms(&f->hub), .server_name = f->name};
    hf_conn *conn = NULL;
    return hf_conn_new(f->config, &params, &conn) == HF_OK ? conn : NULL;
}

static void on_connected(void *ctx)
{
    struct fetch *f = ctx;
    take_chain(f);
    link_finish(f->link);
}

/* A handshake may also fail behind the certificates; then they are what is of interest. */
static void on_over(void *ctx, enum link_end end)
{
    struct fetch *f = ctx;
    if (f->out->count == 0) {
        take_chain(f);
    }
    if (f->out->count > 0 || f->trouble->exit_code != 0) {
        return;
    }
    if (end == LINK_FAILED) {
        failure_of(link_conn(f->link), false, f->trouble);
    } else {
        (void)trouble_set(f->trouble, TOOL_UNREACHABLE,
                          "The other end may not speak TLS on this port; see --timeout.",
                          "%s:%u showed no certificate: %s", f->to->host, f->to->port,
                          end == LINK_NETWORK ? uv_strerror(link_errno(f->link))
                                              : "it did not finish the handshake in time");
    }
}

static void take_chain(struct fetch *f)
{
    const hf_conn *conn = link_conn(f->link);
    for (size_t i = 0;; i++) {
        const hf_span der = hf_conn_peer_certificate(conn, i);
        if (der.len == 0) {
            break;
        }
        if (!certs_chain_add(f->out, der)) {
            (void)trouble_set(f->trouble, TOOL_SYSTEM, NULL,
                              "the chain has more than %d certificates, or memory is exhausted",
                              CERTS_CHAIN_MAX);
            return;
        }
    }
    if (!certs_chain_staple(f->out, hf_conn_peer_ocsp_response(conn))) {
        (void)setup_no_memory(f->trouble);
    }
}

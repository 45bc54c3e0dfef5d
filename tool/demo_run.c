/* Runs and measures a mode. */
#include "demo_run.h"

#include "cost.h"
#include "tool.h"

enum { COST_RUNS = 15, TIME_TRIES = 3 };

/* A mode under way. */
struct work {
    const struct demo_mode *mode;
    const struct demo_how *how;
    struct exchange_plan plan;     /* of the connection that is shown */
    struct exchange_result before; /* the connection that its session comes from */
    struct exchange_result first;  /* DEMO_REPLAYED: whose first flight is sent again */
};

static void run(struct work *w, struct demo_run *out);
static bool prepare(struct work *w, struct demo_run *out);
static void look(struct work *w, struct demo_run *out);
static void take_time(struct work *w, struct demo_run *out);
static void take_time_once(struct work *w, size_t attempt, struct demo_run *out);
static void take_cost(struct work *w, struct demo_figures *out);
static const hf_session *session_at(const struct work *w, size_t i);

int demo_run(const struct demo_mode *mode, const struct demo_world *world,
             const struct demo_how *how, struct demo_run *out, struct trouble *trouble)
{
    hf_config *client = NULL, *server = NULL;
    struct work w = {.mode = mode, .how = how};
    *out = (struct demo_run){0};
    if (demo_configure(mode, world, &client, &server, trouble) == 0) {
        w.plan = (struct exchange_plan){
            .client = client,
            .server = server,
            .server_name = demo_server_name,
            .update_keys = mode->update_keys,
        };
        run(&w, out);
        const int exit_code = out->shown.trouble.exit_code;
        if (exit_code == TOOL_INTERRUPTED || exit_code == TOOL_TERMINATED) {
            *trouble = out->shown.trouble;
        }
    }
    exchange_free(&w.before);
    exchange_free(&w.first);
    hf_config_free(client);
    hf_config_free(server);
    return trouble->exit_code;
}

void demo_run_free(struct demo_run *run)
{
    exchange_free(&run->shown);
}

static void run(struct work *w, struct demo_run *out)
{
    if (!prepare(w, out)) {
        return;
    }
    struct exchange_plan plan = w->plan;
    plan.secrets = w->how->secrets;
    plan.trace = w->how->trace;
    if (w->mode->resume == DEMO_REPLAYED) {
        plan.replay = wire_first_flight(&w->first.wire);
    }
    if (exchange_run(&plan, &out->shown) != 0) {
        return;
    }
    look(w, out);
    if (w->mode->resume != DEMO_REPLAYED) {
        take_time(w, out);
        take_cost(w, &out->figures);
    }
}

/* The connections that come before the one that is shown. What goes wrong in them is told in its
 * place. */
static bool prepare(struct work *w, struct demo_run *out)
{
    if (w->mode->resume == DEMO_FULL) {
        return true;
    }
    if (exchange_run(&w->plan, &w->before) != 0) {
        out->shown.trouble = w->before.trouble;
        return false;
    }
    w->plan.session = session_at(w, 0);
    w->plan.early = w->mode->resume != DEMO_RESUMED;
    if (w->mode->resume == DEMO_REPLAYED) {
        if (exchange_run(&w->plan, &w->first) != 0) {
            out->shown.trouble = w->first.trouble;
            return false;
        }
        out->first_accepted = w->first.server.info.early_data && w->first.early_heard > 0;
    }
    return true;
}

/* The figures that the shown connection has left behind. */
static void look(struct work *w, struct demo_run *out)
{
    const struct exchange_result *r = &out->shown;
    const struct wire *wire = &r->wire;
    const struct text *server = w->before.leaf_der.len > 0 ? &w->before.leaf_der : &r->leaf_der;
    size_t at = 0;
    uint64_t at_ns = 0;
    if (exchange_first_data(r, &at, &at_ns) && !wire->full) {
        out->figures.has_trips = true;
        out->figures.data_trips = wire_round_trips(wire, at);
    }
    out->figures.certificate_seen =
        wire_shows(wire, (hf_span){(const uint8_t *)server->ptr, server->len}) ||
        wire_shows(wire, (hf_span){(const uint8_t *)r->client_der.ptr, r->client_der.len});
    /* TLS 1.2 resumes with the old master secret alone, though the session tells of a group. */
    const hf_conn_info *info = &r->client.info;
    out->figures.forward_secrecy =
        info->group != 0 && !(info->resumed && info->version == HF_TLS12);
}

/* The least of a few tries: what comes on top of the way is the machine's other work. One that took
 * no more than a fifth of a round trip for that is good enough. */
static void take_time(struct work *w, struct demo_run *out)
{
    struct demo_figures *figures = &out->figures;
    const double rtt_ms = (double)w->how->rtt_ms;
    const double enough_ms = rtt_ms * (figures->data_trips + 0.2);
    for (size_t i = 0; i < TIME_TRIES && rtt_ms > 0 && out->shown.trouble.exit_code == 0 &&
                       (!figures->is_timed || figures->to_data_ms > enough_ms);
         i++) {
        take_time_once(w, i, out);
    }
}

static void take_time_once(struct work *w, size_t attempt, struct demo_run *out)
{
    struct exchange_plan plan = w->plan;
    struct exchange_result result;
    size_t at = 0;
    uint64_t at_ns = 0;
    plan.session = session_at(w, 1 + attempt);
    plan.delay_ms = w->how->rtt_ms / 2;
    const int exit_code = exchange_run(&plan, &result);
    if (exit_code == 0 && exchange_first_data(&result, &at, &at_ns)) {
        const double ms = (double)(at_ns - result.start_ns) / 1e6;
        out->figures.to_data_ms =
            out->figures.is_timed && out->figures.to_data_ms < ms ? out->figures.to_data_ms : ms;
        out->figures.is_timed = true;
    } else if (exit_code != 0) {
        out->shown.trouble = result.trouble; /* a slow way must not change the outcome */
    }
    exchange_free(&result);
}

static void take_cost(struct work *w, struct demo_figures *out)
{
    out->has_cost = cost_measure(&w->plan, COST_RUNS, &out->client_us, &out->server_us);
}

/* A session of its own for each connection that is watched, as far as the server has issued them.
 */
static const hf_session *session_at(const struct work *w, size_t i)
{
    const size_t count = w->before.session_count;
    return count == 0 ? NULL : w->before.sessions[i < count ? i : count - 1];
}

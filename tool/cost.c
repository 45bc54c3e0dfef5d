/* Two connections that hand each other their bytes in memory. */
#include "cost.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROOM = 65536, ROUNDS_MAX = 64 };

struct cost_end {
    hf_conn *conn;
    uint8_t *in; /* ROOM bytes that have come */
    size_t len;
    size_t heard; /* bytes of data */
    uint64_t cpu_ns;
};

static const char message[] = "Hello from the client.";

static bool run_once(const struct exchange_plan *plan, struct cost_end ends[2]);
static bool begin(const struct exchange_plan *plan, struct cost_end ends[2]);
static bool hand_over(struct cost_end *from, struct cost_end *to);
static bool take_in(struct cost_end *end);
static bool say(struct cost_end *from, struct cost_end *to, bool early);
static uint64_t cpu_ns(void);
static int by_size(const void *a, const void *b);

bool cost_measure(const struct exchange_plan *plan, unsigned runs, double *client_us,
                  double *server_us)
{
    double us[2][COST_RUNS_MAX];
    struct cost_end ends[2] = {{.in = malloc(ROOM)}, {.in = malloc(ROOM)}};
    bool done = ends[0].in != NULL && ends[1].in != NULL && runs > 0 && runs <= COST_RUNS_MAX;
    for (unsigned i = 0; i < runs && done; i++) {
        done = run_once(plan, ends);
        for (size_t side = 0; side < 2; side++) {
            us[side][i] = (double)ends[side].cpu_ns / 1e3;
        }
    }
    if (done) {
        qsort(us[0], runs, sizeof us[0][0], by_size);
        qsort(us[1], runs, sizeof us[1][0], by_size);
        *client_us = us[0][runs / 2];
        *server_us = us[1][runs / 2];
    }
    free(ends[0].in);
    free(ends[1].in);
    return done;
}

static bool run_once(const struct exchange_plan *plan, struct cost_end ends[2])
{
    struct cost_end *client = &ends[0], *server = &ends[1];
    for (size_t i = 0; i < 2; i++) {
        ends[i] = (struct cost_end){.in = ends[i].in};
    }
    bool good = begin(plan, ends) && hand_over(client, server) &&
                (!plan->early || say(client, server, true));
    for (unsigned round = 0;
         round < ROUNDS_MAX && good &&
         !(hf_conn_is_connected(client->conn) && hf_conn_is_connected(server->conn));
         round++) {
        good = take_in(server) && hand_over(server, client) && take_in(client) &&
               hand_over(client, server);
    }
    good = good && (plan->early || say(client, server, false)) && take_in(server) &&
           hand_over(server, client) && take_in(client) && server->heard == sizeof message - 1;
    for (size_t i = 0; i < 2; i++) {
        const uint64_t before = cpu_ns();
        hf_conn_free(ends[i].conn);
        ends[i].cpu_ns += cpu_ns() - before;
    }
    return good;
}

static bool begin(const struct exchange_plan *plan, struct cost_end ends[2])
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    const int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    const struct hf_conn_params params[2] = {
        {
            .size = sizeof params[0],
            .now_ms = now_ms,
            .server_name = plan->server_name,
            .session = plan->session,
            .early_data = plan->early,
        },
        {.size = sizeof params[1], .now_ms = now_ms},
    };
    const hf_config *configs[2] = {plan->client, plan->server};
    for (size_t i = 0; i < 2; i++) {
        const uint64_t before = cpu_ns();
        const bool made = hf_conn_new(configs[i], &params[i], &ends[i].conn) == HF_OK &&
                          hf_conn_drive(ends[i].conn) != HF_FAILED;
        ends[i].cpu_ns += cpu_ns() - before;
        if (!made) {
            return false;
        }
    }
    return true;
}

static bool hand_over(struct cost_end *from, struct cost_end *to)
{
    hf_buf out = {to->in, ROOM, to->len};
    const uint64_t before = cpu_ns();
    const bool whole = hf_conn_flush(from->conn, &out) == HF_OK;
    from->cpu_ns += cpu_ns() - before;
    to->len = out.pos;
    return whole;
}

static bool take_in(struct cost_end *end)
{
    size_t at = 0;
    hf_status status = HF_OK;
    const uint64_t before = cpu_ns();
    while (at < end->len && status == HF_OK) {
        hf_received got = {0};
        status = hf_conn_recv(end->conn, end->in + at, end->len - at, &got);
        at += got.consumed;
        end->heard += got.kind == HF_GOT_DATA || got.kind == HF_GOT_EARLY_DATA ? got.len : 0;
    }
    end->cpu_ns += cpu_ns() - before;
    memmove(end->in, end->in + at, end->len - at);
    end->len -= at;
    return status == HF_OK || status == HF_NEED_INPUT;
}

static bool say(struct cost_end *from, struct cost_end *to, bool early)
{
    const hf_span data = {(const uint8_t *)message, sizeof message - 1};
    hf_buf out = {to->in, ROOM, to->len};
    size_t taken = 0;
    const uint64_t before = cpu_ns();
    const hf_status status = early ? hf_conn_send_early(from->conn, data, &out, &taken)
                                   : hf_conn_send(from->conn, data, &out, &taken);
    from->cpu_ns += cpu_ns() - before;
    to->len = out.pos;
    return status == HF_OK;
}

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

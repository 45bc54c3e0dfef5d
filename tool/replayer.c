/* Sends a recorded flight again.
 *
 * Invariant: `gone` is told once, when neither the dial nor the handle is left.
 */
#include "replayer.h"

#include <stdlib.h>

#include "io/dial.h"

enum { TIMEOUT_MS = 10000 };

struct replayer {
    uv_loop_t *loop;
    struct replayer_plan plan;
    struct dial *dial;
    uv_tcp_t *tcp;
    uv_write_t request;
    char room[4096];
};

static void on_dialled(void *ctx, const struct dial_result *result);
static void on_written(uv_write_t *request, int status);
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);
static void leave(struct replayer *r);
static void on_closed(uv_handle_t *handle);

struct replayer *replayer_start(uv_loop_t *loop, const struct replayer_plan *plan)
{
    struct replayer *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return NULL;
    }
    r->loop = loop;
    r->plan = *plan;
    const struct dial_plan dial = {plan->to, TIMEOUT_MS, plan->trouble, on_dialled, r, 0, NULL};
    r->dial = dial_start(loop, &dial);
    if (r->dial == NULL) {
        free(r);
        return NULL;
    }
    return r;
}

void replayer_stop(struct replayer *replayer)
{
    if (replayer->dial != NULL) {
        dial_cancel(replayer->dial); /* and on_dialled tells the end */
    } else {
        leave(replayer);
    }
}

static void on_dialled(void *ctx, const struct dial_result *result)
{
    struct replayer *r = ctx;
    r->dial = NULL;
    r->tcp = result->tcp;
    if (r->tcp == NULL) {
        r->plan.gone(r->plan.ctx);
        free(r);
        return;
    }
    r->tcp->data = r;
    const uv_buf_t buf =
        uv_buf_init((char *)(uintptr_t)r->plan.flight.data, (unsigned)r->plan.flight.len);
    if (uv_write(&r->request, (uv_stream_t *)r->tcp, &buf, 1, on_written) != 0 ||
        uv_read_start((uv_stream_t *)r->tcp, on_alloc, on_read) != 0) {
        leave(r);
    }
}

static void on_written(uv_write_t *request, int status)
{
    (void)request;
    (void)status; /* a server that does not take it says so by closing */
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct replayer *r = handle->data;
    (void)suggested;
    *buf = uv_buf_init(r->room, sizeof r->room);
}

/* Whatever the server says, it cannot be read here, and there is nothing to add. */
static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    (void)buf;
    if (nread != 0) {
        leave(stream->data);
    }
}

static void leave(struct replayer *r)
{
    if (r->tcp != NULL && !uv_is_closing((uv_handle_t *)r->tcp)) {
        uv_close((uv_handle_t *)r->tcp, on_closed);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct replayer *r = handle->data;
    free(handle);
    r->plan.gone(r->plan.ctx);
    free(r);
}

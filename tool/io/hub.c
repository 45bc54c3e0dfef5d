/* Buffers of an event loop. */
#include "io/hub.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void on_discarded(uv_handle_t *handle);

bool hub_init(struct hub *hub, uv_loop_t *loop)
{
    *hub = (struct hub){.loop = loop, .in = malloc(HUB_IN), .out = malloc(HUB_OUT)};
    if (hub->in == NULL || hub->out == NULL) {
        hub_free(hub);
        return false;
    }
    return true;
}

/* Both have held what was private to connections. */
void hub_free(struct hub *hub)
{
    if (hub->in != NULL) {
        explicit_bzero(hub->in, HUB_IN);
    }
    if (hub->out != NULL) {
        explicit_bzero(hub->out, HUB_OUT);
    }
    free(hub->in);
    free(hub->out);
    *hub = (struct hub){0};
}

void hub_discard(uv_tcp_t *tcp)
{
    uv_close((uv_handle_t *)tcp, on_discarded);
}

int64_t hub_wall_ms(const struct hub *hub)
{
    struct timespec now;
    if (hub->fixed_wall_ms != 0) {
        return hub->fixed_wall_ms;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_discarded(uv_handle_t *handle)
{
    free(handle);
}

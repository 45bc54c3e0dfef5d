/* Standard input and output on the event loop, without a trace left on them: no mode of a terminal
 * is changed, and no flag that other processes share (O_NONBLOCK) stays set on what they were given
 * as.
 *
 * Threads: that of the loop. */
#ifndef IO_STDIO_H
#define IO_STDIO_H

#include <uv.h>

#include <handfast/types.h>

/* Where data comes from. */
struct source;
struct source_owner {
    void (*data)(void *ctx, const uint8_t *data, size_t len);
    void (*ended)(void *ctx, int error); /* once: 0 at the end, else errno */
};

/* Starts reading fd. NULL: no memory. */
struct source *source_open(uv_loop_t *loop, int fd, const struct source_owner *owner, void *ctx);
void source_hold(struct source *source, bool held); /* stops or continues the reading */
void source_close(struct source *source);           /* freed by the loop; NULL is allowed */

/* Where data goes. */
struct sink;
struct sink_owner {
    void (*drained)(void *ctx);           /* all is written: more may come */
    void (*failed)(void *ctx, int error); /* errno; nothing is written any more */
};

struct sink *sink_open(uv_loop_t *loop, int fd, const struct sink_owner *owner, void *ctx);
/* Writes data, or keeps a copy of what could not be written at once. False: wait for drained before
 * more. */
bool sink_write(struct sink *sink, const uint8_t *data, size_t len);
bool sink_is_empty(const struct sink *sink);
void sink_close(struct sink *sink);

#endif

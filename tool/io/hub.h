/* What all links of one event loop share: the buffer that the network is read into and the one that
 * records are sealed in. An idle connection so holds no buffer of its own.
 *
 * Invariant: outside of a callback of a link both are empty; within one they belong to that link.
 *
 * Threads: that of the loop. */
#ifndef IO_HUB_H
#define IO_HUB_H

#include <uv.h>

#include <handfast/types.h>

enum {
    HUB_READ = 64 * 1024,           /* bytes read at once */
    HUB_KEPT_MAX = 5 + 16384 + 256, /* the longest record: what may stay unread of a link */
    HUB_IN = HUB_READ + HUB_KEPT_MAX,
    HUB_OUT = 64 * 1024,
    HUB_PIECES = 32
};

struct hub {
    uv_loop_t *loop;
    uint8_t *in;  /* HUB_IN bytes */
    uint8_t *out; /* HUB_OUT bytes */
    size_t out_len;
    uv_buf_t pieces[HUB_PIECES]; /* ready to be written, in order; each in `in` or `out` */
    unsigned piece_count;
    int64_t fixed_wall_ms; /* the time that certificates are judged by; 0: the clock's */
};

/* Returns false without memory. */
bool hub_init(struct hub *hub, uv_loop_t *loop);
void hub_free(struct hub *hub);

/* Closes and frees a handle on the heap that has no other owner. */
void hub_discard(uv_tcp_t *tcp);

/* Unix time in milliseconds, for certificates. */
int64_t hub_wall_ms(const struct hub *hub);

#endif

/* TCP reassembly (RFC 9293, 3.4: sequence numbers wrap, so they are compared by difference). */
#include "capture/streams.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct stream *find(struct streams *s, const struct segment *g, unsigned *side);
static struct stream *create(struct streams *s, const struct segment *g);
static bool same(const struct endpoint *a, const struct endpoint *b);
static void take(struct streams *s, struct stream *stream, unsigned which, const struct segment *g);
static bool append(struct streams *s, struct stream_side *side, const uint8_t *data, size_t len);
static void keep(struct streams *s, struct stream_side *side, const struct segment *g);
static bool join(struct streams *s, struct stream_side *side);
static void mark(struct streams *s, struct stream *stream, unsigned side, uint64_t ns);
static bool begins_like_tls(const struct stream_side *side);
static void swap_sides(struct stream *stream);

void streams_free(struct streams *s)
{
    for (size_t i = 0; i < s->count; i++) {
        for (size_t side = 0; side < 2; side++) {
            struct stream_side *one = &s->all[i]->side[side];
            for (size_t p = 0; p < one->pending_count; p++) {
                free(one->pending[p].data);
            }
            free(one->pending);
            free(one->bytes);
        }
        free(s->all[i]->chunks);
        free(s->all[i]);
    }
    free(s->all);
    *s = (struct streams){0};
}

void streams_add(struct streams *s, const struct segment *segment)
{
    unsigned side = 0;
    struct stream *stream = find(s, segment, &side);
    const bool opens = segment->syn && !segment->ack;
    if (stream != NULL && opens && (stream->closed || stream->side[side].saw_start) &&
        segment->seq + 1 != stream->side[side].next - (uint32_t)stream->side[side].len) {
        stream = NULL; /* the same ports again, another connection */
    }
    if (stream == NULL) {
        if (segment->data.len == 0 && !segment->syn) {
            return; /* the last words of one that was not captured */
        }
        stream = create(s, segment);
        side = segment->syn && segment->ack;
    }
    if (stream == NULL) {
        return;
    }
    take(s, stream, side, segment);
    stream->closed = stream->closed || segment->rst;
}

void streams_settle(struct streams *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct stream *stream = s->all[i];
        /* Side 0 is who was seen first. Without its SYN the hello tells who is the client. */
        if (!begins_like_tls(&stream->side[0]) && begins_like_tls(&stream->side[1]) &&
            !stream->side[0].saw_start) {
            swap_sides(stream);
        }
    }
}

size_t stream_lost(const struct stream_side *side)
{
    size_t least = 0;
    for (size_t i = 0; i < side->pending_count; i++) {
        const size_t gap = (size_t)(uint32_t)(side->pending[i].seq - side->next);
        least = i == 0 || gap < least ? gap : least;
    }
    return least;
}

bool stream_is_tls(const struct stream *s)
{
    return begins_like_tls(&s->side[HF_CLIENT]);
}

void endpoint_text(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX])
{
    char address[INET6_ADDRSTRLEN] = "?";
    const bool six = e->address_len == 16;
    (void)inet_ntop(six ? AF_INET6 : AF_INET, e->address, address, sizeof address);
    (void)snprintf(out, ENDPOINT_TEXT_MAX, six ? "[%s]:%u" : "%s:%u", address, (unsigned)e->port);
}

/* --- Whose it is ------------------------------------------------------------------------------ */

/* The latest connection between the two, and which of its sides sent the segment. */
static struct stream *find(struct streams *s, const struct segment *g, unsigned *side)
{
    for (size_t i = s->count; i > 0; i--) {
        struct stream *stream = s->all[i - 1];
        for (unsigned k = 0; k < 2; k++) {
            if (same(&stream->side[k].at, &g->from) && same(&stream->side[1 - k].at, &g->to)) {
                *side = k;
                return stream;
            }
        }
    }
    return NULL;
}

static struct stream *create(struct streams *s, const struct segment *g)
{
    if (s->count == STREAMS_MAX) {
        s->left_out++;
        return NULL;
    }
    struct stream **grown = reallocarray(s->all, s->count + 1, sizeof(struct stream *));
    if (grown == NULL) {
        s->no_memory = true;
        return NULL;
    }
    s->all = grown;
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        s->no_memory = true;
        return NULL;
    }
    /* Who answers a SYN is the server, though it was seen first. */
    const bool answers = g->syn && g->ack;
    stream->side[answers].at = g->from;
    stream->side[!answers].at = g->to;
    stream->first_ns = g->ns;
    s->all[s->count++] = stream;
    return stream;
}

static bool same(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && a->address_len == b->address_len &&
           memcmp(a->address, b->address, a->address_len) == 0;
}

/* --- Its bytes -------------------------------------------------------------------------------- */

static void take(struct streams *s, struct stream *stream, unsigned which, const struct segment *g)
{
    struct stream_side *side = &stream->side[which];
    struct segment rest = *g;
    if (g->syn && !side->started) {
        side->started = side->saw_start = true;
        side->next = g->seq + 1;
    }
    rest.seq += g->syn;
    if (rest.data.len == 0) {
        return;
    }
    if (!side->started) {
        side->started = true;
        side->next = rest.seq;
    }
    const int32_t ahead = (int32_t)(rest.seq - side->next);
    if (ahead > 0) {
        keep(s, side, &rest);
        return;
    }
    const size_t known = (size_t) - (int64_t)ahead;
    if (known >= rest.data.len) {
        return; /* sent again */
    }
    if (append(s, side, rest.data.data + known, rest.data.len - known)) {
        while (join(s, side)) {
        }
        mark(s, stream, which, g->ns);
    }
}

static bool append(struct streams *s, struct stream_side *side, const uint8_t *data, size_t len)
{
    if (side->len + len > STREAM_BYTES_MAX) {
        side->overflowed = true;
        return false;
    }
    if (side->len + len > side->cap) {
        const size_t cap = (side->len + len) * 2;
        uint8_t *grown = realloc(side->bytes, cap);
        if (grown == NULL) {
            s->no_memory = true;
            return false;
        }
        side->bytes = grown;
        side->cap = cap;
    }
    memcpy(side->bytes + side->len, data, len);
    side->len += len;
    side->next += (uint32_t)len;
    return true;
}

static void keep(struct streams *s, struct stream_side *side, const struct segment *g)
{
    if (side->pending_count == STREAM_PENDING_MAX || side->overflowed) {
        side->overflowed = true;
        return;
    }
    struct pending *grown =
        reallocarray(side->pending, side->pending_count + 1, sizeof *side->pending);
    if (grown == NULL) {
        s->no_memory = true;
        return;
    }
    side->pending = grown;
    uint8_t *copy = malloc(g->data.len);
    if (copy == NULL) {
        s->no_memory = true;
        return;
    }
    memcpy(copy, g->data.data, g->data.len);
    struct pending *last = &side->pending[side->pending_count++];
    last->seq = g->seq;
    last->len = g->data.len;
    last->ns = g->ns;
    last->data = copy;
}

/* Takes one pending segment that fits now. */
static bool join(struct streams *s, struct stream_side *side)
{
    for (size_t i = 0; i < side->pending_count; i++) {
        struct pending p = side->pending[i];
        const int32_t ahead = (int32_t)(p.seq - side->next);
        if (ahead > 0) {
            continue;
        }
        side->pending_count--;
        side->pending[i] = side->pending[side->pending_count];
        side->pending[side->pending_count].data = NULL;
        const size_t known = (size_t) - (int64_t)ahead;
        const bool ok = known >= p.len || append(s, side, p.data + known, p.len - known);
        free(p.data);
        return ok;
    }
    return false;
}

static void mark(struct streams *s, struct stream *stream, unsigned side, uint64_t ns)
{
    if (stream->chunk_count == stream->chunk_cap) {
        const size_t cap = stream->chunk_cap == 0 ? 32 : stream->chunk_cap * 2;
        struct chunk *grown = reallocarray(stream->chunks, cap, sizeof *grown);
        if (grown == NULL) {
            s->no_memory = true;
            return;
        }
        stream->chunks = grown;
        stream->chunk_cap = cap;
    }
    stream->chunks[stream->chunk_count++] =
        (struct chunk){(uint8_t)side, stream->side[side].len, ns};
}

/* A record of type handshake, version 3.x, with a ClientHello first (RFC 9846, 5.1). */
static bool begins_like_tls(const struct stream_side *side)
{
    static const uint8_t head[2] = {22, 3};
    return side->len >= 6 && memcmp(side->bytes, head, sizeof head) == 0 && side->bytes[5] == 1;
}

static void swap_sides(struct stream *stream)
{
    const struct stream_side first = stream->side[0];
    stream->side[0] = stream->side[1];
    stream->side[1] = first;
    for (size_t i = 0; i < stream->chunk_count; i++) {
        stream->chunks[i].side ^= 1;
    }
}

/* What passed, in memory. */
#include "wire.h"

#include <string.h>

void wire_add(struct wire *w, enum wire_way way, const void *bytes, size_t len)
{
    const bool goes_on = w->count > 0 && w->piece[w->count - 1].way == way;
    if (w->full || len == 0 || (!goes_on && w->count == WIRE_PIECES_MAX)) {
        w->full = w->full || len > 0;
        return;
    }
    text_add_bytes(&w->bytes[way], bytes, len);
    w->full = w->bytes[way].failed;
    if (goes_on) {
        w->piece[w->count - 1].len += len;
        return;
    }
    w->piece[w->count].way = way;
    w->piece[w->count].len = len;
    w->count++;
}

void wire_free(struct wire *w)
{
    text_free(&w->bytes[WIRE_TO_SERVER]);
    text_free(&w->bytes[WIRE_TO_CLIENT]);
    *w = (struct wire){0};
}

unsigned wire_round_trips(const struct wire *w, size_t at)
{
    unsigned trips = 0;
    size_t sent = 0;
    for (size_t i = 0; i < w->count && sent <= at; i++) {
        if (w->piece[i].way == WIRE_TO_SERVER) {
            sent += w->piece[i].len;
        } else {
            trips += sent > 0; /* a server that speaks first makes nobody wait */
        }
    }
    return trips;
}

hf_span wire_first_flight(const struct wire *w)
{
    const size_t len = w->count > 0 && w->piece[0].way == WIRE_TO_SERVER ? w->piece[0].len : 0;
    return (hf_span){(const uint8_t *)w->bytes[WIRE_TO_SERVER].ptr, len};
}

bool wire_shows(const struct wire *w, hf_span needle)
{
    for (size_t way = 0; way < 2 && needle.len > 0; way++) {
        const struct text *t = &w->bytes[way];
        if (t->len > 0 && memmem(t->ptr, t->len, needle.data, needle.len) != NULL) {
            return true;
        }
    }
    return false;
}

/* Reading the wire: a cursor with a sticky failure.
 *
 * Getters return values; one that asks for more than there is empties the reader, so that loops
 * over input end, and marks it bad. The question "was all of this well formed and consumed?" is
 * asked once, at the end: rd_done. Limits of vectors are arguments, as in the RFC: opaque
 * cookie<1..2^16-1> is rd_vec16(&r, 1, 0xffff).
 */
#ifndef WIRE_RD_H
#define WIRE_RD_H

#include <handfast/types.h>

struct rd {
    const uint8_t *p;
    const uint8_t *end;
    bool bad;
};

static inline struct rd rd_of(hf_span s)
{
    return (struct rd){s.data, s.len == 0 ? s.data : s.data + s.len, false};
}

static inline size_t rd_left(const struct rd *r)
{
    return (size_t)(r->end - r->p);
}

static inline void rd_fail(struct rd *r)
{
    r->bad = true;
    r->p = r->end;
}

/* True when everything was read and nothing was missing. */
static inline bool rd_done(const struct rd *r)
{
    return !r->bad && r->p == r->end;
}

static inline hf_span rd_bytes(struct rd *r, size_t n)
{
    if (rd_left(r) < n) {
        rd_fail(r);
        return (hf_span){r->p, 0};
    }
    hf_span s = {r->p, n};
    if (n > 0) {
        r->p += n;
    }
    return s;
}

static inline uint32_t rd_uint(struct rd *r, size_t n)
{
    hf_span s = rd_bytes(r, n);
    uint32_t v = 0;
    for (size_t i = 0; i < s.len; i++) {
        v = v << 8 | s.data[i];
    }
    return v;
}

static inline uint8_t rd_u8(struct rd *r)
{
    return (uint8_t)rd_uint(r, 1);
}

static inline uint16_t rd_u16(struct rd *r)
{
    return (uint16_t)rd_uint(r, 2);
}

static inline uint32_t rd_u24(struct rd *r)
{
    return rd_uint(r, 3);
}

static inline uint32_t rd_u32(struct rd *r)
{
    return rd_uint(r, 4);
}

static inline hf_span rd_vec(struct rd *r, size_t length_bytes, size_t min, size_t max)
{
    size_t n = rd_uint(r, length_bytes);
    if (n < min || n > max) {
        rd_fail(r);
        return (hf_span){r->p, 0};
    }
    return rd_bytes(r, n);
}

static inline hf_span rd_vec8(struct rd *r, size_t min, size_t max)
{
    return rd_vec(r, 1, min, max);
}

static inline hf_span rd_vec16(struct rd *r, size_t min, size_t max)
{
    return rd_vec(r, 2, min, max);
}

static inline hf_span rd_vec24(struct rd *r, size_t min, size_t max)
{
    return rd_vec(r, 3, min, max);
}

/* A vector of 16-bit values: as rd_vec16, and of even length. */
static inline hf_span rd_list16(struct rd *r, size_t min, size_t max)
{
    hf_span s = rd_vec(r, 2, min, max);
    if (s.len % 2 != 0) {
        rd_fail(r);
        s.len = 0;
    }
    return s;
}

/* Value i of a list that rd_list16 returned. */
static inline uint16_t list16_at(hf_span list, size_t i)
{
    return (uint16_t)(list.data[2 * i] << 8 | list.data[2 * i + 1]);
}

static inline bool list16_has(hf_span list, uint16_t v)
{
    for (size_t i = 0; i < list.len / 2; i++) {
        if (list16_at(list, i) == v) {
            return true;
        }
    }
    return false;
}

#endif

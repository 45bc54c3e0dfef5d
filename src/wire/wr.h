/* Writing the wire: a bounded buffer with a sticky overflow and back-patched lengths.
 *
 *     size_t m = wr_open(&w, 2);  ...body...  wr_close(&w, m, 2);
 *
 * writes a vector with a two-byte length. A write beyond the capacity, or a body too long for its
 * length field, marks the writer bad and writes nothing; the question is asked once, at the end.
 */
#ifndef WIRE_WR_H
#define WIRE_WR_H

#include <string.h>

#include <handfast/types.h>

struct wr {
    uint8_t *buf;
    size_t cap;
    size_t len;
    bool bad;
};

static inline struct wr wr_of(uint8_t *buf, size_t cap)
{
    return (struct wr){buf, cap, 0, false};
}

/* Room for n bytes that the caller fills, or NULL. */
static inline uint8_t *wr_room(struct wr *w, size_t n)
{
    if (w->bad || w->cap - w->len < n) {
        w->bad = true;
        return NULL;
    }
    uint8_t *p = w->buf + w->len;
    w->len += n;
    return p;
}

static inline void wr_uint(struct wr *w, uint32_t v, size_t n)
{
    uint8_t *p = wr_room(w, n);
    for (size_t i = n; p != NULL && i > 0; i--) {
        p[i - 1] = (uint8_t)v;
        v >>= 8;
    }
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
    wr_uint(w, v, 1);
}

static inline void wr_u16(struct wr *w, uint16_t v)
{
    wr_uint(w, v, 2);
}

static inline void wr_u24(struct wr *w, uint32_t v)
{
    wr_uint(w, v, 3);
}

static inline void wr_u32(struct wr *w, uint32_t v)
{
    wr_uint(w, v, 4);
}

static inline void wr_bytes(struct wr *w, hf_span s)
{
    uint8_t *p = wr_room(w, s.len);
    if (p != NULL && s.len > 0) {
        memcpy(p, s.data, s.len);
    }
}

/* Opens a vector with a length of n bytes; give the mark to wr_close. */
static inline size_t wr_open(struct wr *w, size_t n)
{
    wr_uint(w, 0, n);
    return w->len;
}

static inline void wr_close(struct wr *w, size_t mark, size_t n)
{
    if (w->bad) {
        return;
    }
    size_t len = w->len - mark;
    if (n < sizeof len && len >> (8 * n) != 0) {
        w->bad = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        /* A writer without a buffer is bad by now. */
        /* A writer without a buffer is bad by now. */
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        w->buf[mark - 1 - i] = (uint8_t)(len >> (8 * i));
    }
}

/* A whole vector at once. */
static inline void wr_vec(struct wr *w, hf_span s, size_t n)
{
    size_t m = wr_open(w, n);
    wr_bytes(w, s);
    wr_close(w, m, n);
}

#endif

/* Small helpers over hf_span and hf_buf; see <handfast/types.h> for what the two mean. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <string.h>

#include <handfast/types.h>

static inline hf_span span_of(const void *data, size_t len)
{
    return (hf_span){data, len};
}

/* The bytes of a C string without its terminator; NULL gives the empty span. */
static inline hf_span span_str(const char *s)
{
    return (hf_span){(const uint8_t *)s, s == NULL ? 0 : strlen(s)};
}

/* Equality of public bytes (not constant time; secrets use hf_ct_equal). */
static inline bool span_eq(hf_span a, hf_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline size_t buf_room(const hf_buf *b)
{
    return b->cap - b->pos;
}

#endif

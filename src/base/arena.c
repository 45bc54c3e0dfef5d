#include "base/arena.h"

#include <string.h>

#include "base/mem.h"
#include "base/secret.h"

enum { ALIGN = 64, CHUNK = 1024 };

/* The header is padded to ALIGN so that what follows it is aligned as well. */
struct arena_chunk {
    _Alignas(64) struct arena_chunk *next;
    size_t cap;
    size_t used;
};

static size_t round_up(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

void arena_init(struct arena *a, uint8_t *first, size_t first_cap, size_t limit)
{
    /* The owner's chunk begins at the first aligned byte. */
    size_t skip = (size_t)(-(uintptr_t)first % ALIGN);
    if (skip > first_cap) {
        skip = first_cap;
    }
    *a = (struct arena){.first = first + skip, .first_cap = first_cap - skip, .limit = limit};
}

static uint8_t *chunk_data(struct arena_chunk *c)
{
    return (uint8_t *)(c + 1);
}

static void *from_chunks(struct arena *a, size_t need)
{
    struct arena_chunk *c = a->more;
    if (c == NULL || c->cap - c->used < need) {
        size_t cap = need > CHUNK ? need : CHUNK;
        if (cap > a->limit - a->total) {
            cap = need;
        }
        if (cap > a->limit - a->total) {
            return NULL;
        }
        c = mem_alloc_aligned(ALIGN, sizeof *c + cap);
        if (c == NULL) {
            return NULL;
        }
        c->next = a->more;
        c->cap = cap;
        a->more = c;
        a->total += cap;
    }
    uint8_t *p = chunk_data(c) + c->used;
    c->used += need;
    return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > SIZE_MAX - ALIGN) {
        return NULL;
    }
    size_t need = round_up(n == 0 ? 1 : n);
    if (a->first_cap - a->first_used >= need) {
        uint8_t *p = a->first + a->first_used;
        a->first_used += need;
        return memset(p, 0, need);
    }
    return from_chunks(a, need);
}

uint8_t *arena_copy(struct arena *a, hf_span s)
{
    uint8_t *p = arena_alloc(a, s.len);
    if (p != NULL && s.len > 0) {
        memcpy(p, s.data, s.len);
    }
    return p;
}

void arena_release(struct arena *a, size_t mark)
{
    hf_wipe(a->first + mark, a->first_used - mark);
    a->first_used = mark;
}

void arena_clear(struct arena *a)
{
    hf_wipe(a->first, a->first_used);
    a->first_used = 0;
    while (a->more != NULL) {
        struct arena_chunk *c = a->more;
        a->more = c->next;
        mem_free(c, sizeof *c + c->cap);
    }
    a->total = 0;
}

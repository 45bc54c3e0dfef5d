#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/secret.h"

void *mem_alloc(size_t n)
{
    return calloc(1, n == 0 ? 1 : n);
}

void *mem_alloc_aligned(size_t align, size_t n)
{
    if (n > SIZE_MAX - align) {
        return NULL; /* rounding up would wrap */
    }
    void *p = aligned_alloc(align, (n + align - 1) / align * align);
    if (p != NULL) {
        memset(p, 0, n);
    }
    return p;
}

void *mem_alloc_table(size_t n)
{
    enum { LARGE_PAGE = 2 << 20, CACHE_LINE = 64 };
    if (n < LARGE_PAGE || n > SIZE_MAX - LARGE_PAGE) {
        return n < LARGE_PAGE ? mem_alloc_aligned(CACHE_LINE, n) : NULL;
    }
    const size_t whole = (n + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    void *p = aligned_alloc(LARGE_PAGE, whole);
    if (p != NULL) {
#if defined(MADV_HUGEPAGE)
        (void)madvise(p, whole, MADV_HUGEPAGE); /* a wish, before the pages are touched */
#endif
        memset(p, 0, n);
    }
    return p;
}

void *mem_alloc_partly(size_t n, size_t zeroed)
{
    void *p = malloc(n == 0 ? 1 : n);
    if (p != NULL) {
        memset(p, 0, zeroed);
    }
    return p;
}

void mem_free(void *p, size_t n)
{
    if (p == NULL) {
        return;
    }
    hf_wipe(p, n);
    free(p);
}

void *mem_grow(void *p, size_t old_n, size_t new_n)
{
    /* Not realloc: it would leave an unwiped copy behind. */
    void *grown = mem_alloc(new_n);
    if (grown == NULL) {
        return NULL;
    }
    if (old_n > 0) {
        memcpy(grown, p, old_n);
    }
    mem_free(p, old_n);
    return grown;
}

char *mem_strdup(hf_span s)
{
    char *copy = mem_alloc(s.len + 1);
    if (copy != NULL && s.len > 0) {
        memcpy(copy, s.data, s.len);
    }
    return copy;
}

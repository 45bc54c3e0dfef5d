/* Memory that is watched: takes the place of base/mem.c and of libcrypto's allocator in the test
 * program that includes this header. It counts, fails at the n-th allocation, and looks at what
 * comes back: the engine wipes all it gives back.
 *
 *     heap_install();                    // first thing in main
 *     heap_start(&engine, n);            // the n-th allocation of the engine fails, the others do
 * not
 *     ...
 *     heap_stop(&engine);                // engine.has_failed: there were as many
 *     assert_int_equal(engine.dirty, 0);
 */
#ifndef TEST_SUPPORT_WATCHED_HEAP_H
#define TEST_SUPPORT_WATCHED_HEAP_H

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

enum { BLOCKS_MAX = 1024, UNTOUCHED = 0xa5 };

struct heap {
    long countdown; /* 1: the next allocation fails; 0: none does */
    bool has_failed;
    size_t count;      /* allocations since heap_start */
    size_t live, peak; /* bytes as a 64-bit allocator cuts them */
    size_t dirty;      /* blocks that came back with something in them */
};

static struct heap engine;
static struct heap libcrypto;

/* The engine's live blocks: whoever gives one back must have wiped it. */
static struct {
    uint8_t *p;
    size_t n;
} blocks[BLOCKS_MAX];

/* A header of 8 bytes, multiples of 16, at least 32. */
static size_t cut(size_t n)
{
    const size_t whole = (n + 8 + 15) / 16 * 16;
    return whole < 32 ? 32 : whole;
}

static bool may_take(struct heap *h)
{
    if (h->countdown > 0 && --h->countdown == 0) {
        h->has_failed = true;
        return false;
    }
    h->count++;
    return true;
}

static void took(struct heap *h, size_t n)
{
    h->live += cut(n);
    h->peak = h->live > h->peak ? h->live : h->peak;
}

static void *watch(void *p, size_t n)
{
    if (p == NULL) {
        abort();
    }
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        if (blocks[i].p == NULL) {
            blocks[i].p = p;
            blocks[i].n = n;
            took(&engine, n);
            return p;
        }
    }
    abort();
}

static void *watched_malloc(size_t n)
{
    if (!may_take(&engine)) {
        return NULL;
    }
    void *p = malloc(n);
    return watch(p == NULL ? p : memset(p, UNTOUCHED, n), n);
}

static void *watched_calloc(size_t count, size_t n)
{
    return may_take(&engine) ? watch(calloc(count, n), count * n) : NULL;
}

static void *watched_aligned_alloc(size_t align, size_t n)
{
    if (!may_take(&engine)) {
        return NULL;
    }
    void *p = aligned_alloc(align, n);
    return watch(p == NULL ? p : memset(p, UNTOUCHED, n), n);
}

/* What came as zeros must be zeros again, what came as it was may never have been touched. */
static bool is_wiped(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0 && p[i] != UNTOUCHED) {
            return false;
        }
    }
    return true;
}

static void watched_free(void *p)
{
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        if (blocks[i].p == p) {
            engine.dirty += !is_wiped(p, blocks[i].n);
            engine.live -= cut(blocks[i].n);
            blocks[i].p = NULL;
            free(p);
            return;
        }
    }
    abort(); /* not the engine's, or not any more */
}

#define malloc        watched_malloc
#define calloc        watched_calloc
#define aligned_alloc watched_aligned_alloc
#define free          watched_free
#include "base/mem.c" /* NOLINT(bugprone-suspicious-include): under another heap */
#undef malloc
#undef calloc
#undef aligned_alloc
#undef free

static void *libcrypto_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    if (!may_take(&libcrypto)) {
        return NULL;
    }
    void *p = malloc(n);
    took(&libcrypto, malloc_usable_size(p));
    return p;
}

static void libcrypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    if (p != NULL) {
        libcrypto.live -= cut(malloc_usable_size(p));
    }
    free(p);
}

static void *libcrypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    if (!may_take(&libcrypto)) {
        return NULL;
    }
    if (p != NULL) {
        libcrypto.live -= cut(malloc_usable_size(p));
    }
    void *grown = realloc(p, n);
    took(&libcrypto, malloc_usable_size(grown));
    return grown;
}

/* From here on; countdown: which allocation fails, 0: none. */
static void heap_start(struct heap *h, long countdown)
{
    h->countdown = countdown;
    h->has_failed = false;
    h->count = 0;
    h->peak = h->live;
    h->dirty = 0;
}

static void heap_stop(struct heap *h)
{
    h->countdown = 0;
}

static bool heap_install(void)
{
    return CRYPTO_set_mem_functions(libcrypto_malloc, libcrypto_realloc, libcrypto_free) == 1;
}

#endif

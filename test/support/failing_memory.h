/* Memory that runs out: takes the place of base/mem.c and of libcrypto's allocator in the one test
 * program that includes this header. The n-th allocation fails, and none does before or after it,
 * so that every failure path is walked once.
 *
 *     failing_memory_install();                    // first thing in main
 *     bool failed = true;
 *     for (long n = 1; failed; n++) {
 *         failing_memory_at(n);
 *         ... call ...
 *         failed = failing_memory_end();           // false: it needs less than n allocations
 *         ... judge the result, free what it gave ...
 *     }
 */
#ifndef TEST_SUPPORT_FAILING_MEMORY_H
#define TEST_SUPPORT_FAILING_MEMORY_H

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/mem.h"
#include "base/secret.h"
#include "support/vouch.h"

static atomic_long failing_countdown; /* 0: off; 1: the next one fails */
static atomic_bool failing_hit;

static bool failing_now(void)
{
    if (atomic_load(&failing_countdown) == 0 || atomic_fetch_sub(&failing_countdown, 1) != 1) {
        return false;
    }
    atomic_store(&failing_hit, true);
    return true;
}

/* From here on the n-th allocation fails; 0: none. */
static inline void failing_memory_at(long n)
{
    atomic_store(&failing_hit, false);
    atomic_store(&failing_countdown, n);
}

/* Stops failing. Whether an allocation failed since failing_memory_at. */
static inline bool failing_memory_end(void)
{
    atomic_store(&failing_countdown, 0);
    return atomic_load(&failing_hit);
}

static void *failing_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return failing_now() ? NULL : calloc(1, n);
}

static void *failing_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    void *grown = failing_now() ? NULL : realloc(p, n);
    vouch(grown, n);
    return grown;
}

static void failing_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/* Before anything else has used libcrypto. */
static inline bool failing_memory_install(void)
{
    return CRYPTO_set_mem_functions(failing_malloc, failing_realloc, failing_free) == 1;
}

/* base/mem.h, all of it, so that the library's own is not linked. */
void *mem_alloc(size_t n)
{
    return failing_now() ? NULL : calloc(1, n == 0 ? 1 : n);
}

void *mem_alloc_aligned(size_t align, size_t n)
{
    void *p = failing_now() ? NULL : aligned_alloc(align, (n + align - 1) / align * align);
    if (p != NULL) {
        memset(p, 0, n);
    }
    return p;
}

void *mem_alloc_table(size_t n)
{
    return mem_alloc_aligned(64, n);
}

void *mem_alloc_partly(size_t n, size_t zeroed)
{
    (void)zeroed;
    return mem_alloc(n);
}

void mem_free(void *p, size_t n)
{
    if (p != NULL) {
        hf_wipe(p, n);
        free(p);
    }
}

void *mem_grow(void *p, size_t old_n, size_t new_n)
{
    void *grown = mem_alloc(new_n);
    if (grown != NULL) {
        if (old_n > 0) {
            memcpy(grown, p, old_n);
        }
        mem_free(p, old_n);
    }
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

#endif

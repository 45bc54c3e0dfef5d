/* The engine's only door to the heap. Memory is zero when it comes and wiped when it goes, so that
 * no freed block holds a key. Everything is sized on return: whoever frees knows how much it holds.
 *
 * Threads: as malloc.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <handfast/types.h>

/* n zeroed bytes, or NULL. */
void *mem_alloc(size_t n);

/* n zeroed bytes aligned to align (a power of two), or NULL; freed by mem_free as well. */
void *mem_alloc_aligned(size_t align, size_t n);

/* n zeroed bytes of a table that is looked into at random, or NULL: aligned to the system's large
 * pages and in such where there are any, so that a look costs one miss and not two. */
void *mem_alloc_table(size_t n);

/* As mem_alloc, but only the first zeroed bytes are zero: for a block whose owner tells apart what
 * it uses. */
void *mem_alloc_partly(size_t n, size_t zeroed);

/* Wipes and frees; p may be NULL. n: how many of its bytes may hold anything. */
void mem_free(void *p, size_t n);

/* Grows a block: the old one is wiped and freed on success, kept on NULL. new_n >= old_n. */
void *mem_grow(void *p, size_t old_n, size_t new_n);

/* A copy of span as a NUL-terminated block of len + 1 bytes, or NULL. */
char *mem_strdup(hf_span s);

#endif

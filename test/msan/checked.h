/* Included before every file of the engine under MemorySanitizer. Its own checks in the functions
 * of the C library are off, since libcrypto calls the same functions (see shadow.c); here they are
 * on. */
#ifndef TEST_MSAN_CHECKED_H
#define TEST_MSAN_CHECKED_H

#include <string.h>

#include <sanitizer/msan_interface.h>

static inline int checked_memcmp(const void *a, const void *b, size_t n)
{
    if (n > 0) {
        __msan_check_mem_is_initialized(a, n);
        __msan_check_mem_is_initialized(b, n);
    }
    return memcmp(a, b, n);
}

#define memcmp checked_memcmp

#endif

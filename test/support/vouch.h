/* For MemorySanitizer, which cannot see what libcrypto writes: the n bytes at p are written.
 * Nothing in other builds. */
#ifndef TEST_SUPPORT_VOUCH_H
#define TEST_SUPPORT_VOUCH_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define TEST_VOUCH 1
#endif
#endif

static inline void vouch(const void *p, size_t n)
{
#if defined(TEST_VOUCH)
    if (p != NULL) {
        __msan_unpoison(p, n);
    }
#else
    (void)p;
    (void)n;
#endif
}

#endif

#include "base/secret.h"

#include <string.h>

void hf_wipe(void *p, size_t n)
{
    if (n == 0) {
        return;
    }
    memset(p, 0, n);
    /* The compiler must believe that somebody reads the zeros. */
    __asm__ volatile("" : : "r"(p) : "memory");
}

bool hf_ct_equal(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a;
    const uint8_t *y = b;
    uint8_t diff = 0;
    for (size_t i = 0; i < n; i++) {
        diff |= (uint8_t)(x[i] ^ y[i]);
        /* Keeps the loop from being turned into an early exit. */
        __asm__ volatile("" : "+r"(diff));
    }
    return diff == 0;
}

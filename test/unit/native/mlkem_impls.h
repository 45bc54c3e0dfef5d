/* A test for each implementation of ML-KEM's arithmetic: MLKEM_IMPL_TESTS(f) makes one cmocka
 * test each, and f begins with impl_or_skip(state). */
#ifndef TEST_UNIT_NATIVE_MLKEM_IMPLS_H
#define TEST_UNIT_NATIVE_MLKEM_IMPLS_H

#include "provider/native/mlkem_impl.h"
#include "support/skip.h"

static size_t impl_index[MLKEM_IMPL_COUNT] = {0, 1, 2};

#define MLKEM_IMPL_TESTS(f)                                                                        \
    {"portable: " #f, (f), NULL, NULL, &impl_index[0]},                                            \
        {"AVX2: " #f, (f), NULL, NULL, &impl_index[1]},                                            \
    {                                                                                              \
        "AVX-512: " #f, (f), NULL, NULL, &impl_index[2]                                            \
    }

static inline const struct mlkem_impl *impl_or_skip(void **state)
{
    const struct mlkem_impl *impl = mlkem_impl_at(*(const size_t *)*state);
    if (impl == NULL) {
        test_skip("this processor has not got these instructions");
    }
    return impl;
}

#endif

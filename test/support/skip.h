/* A visible skip: cmocka's skip() carries no reason, so it is said on a line that test/run reads.
 *
 *     if (vectors == NULL) {
 *         test_skip("no vectors: set HF_VECTORS");
 *     }
 */
#ifndef TEST_SUPPORT_SKIP_H
#define TEST_SUPPORT_SKIP_H

#include <stdio.h>

/* Ends the running test as skipped and says why. Include <cmocka.h> first. */
#define test_skip(reason)                                                                          \
    do {                                                                                           \
        printf("\nSKIP %s\n", (reason));                                                           \
        fflush(stdout);                                                                            \
        skip();                                                                                    \
    } while (0)

#endif

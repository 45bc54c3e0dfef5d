/* How many of something a test has tried, on a line of its own for whoever reads the output:
 *
 *     # counted 1234 allocations of the engine that failed
 */
#ifndef TEST_SUPPORT_COUNTED_H
#define TEST_SUPPORT_COUNTED_H

#include <stdio.h>

static inline void counted(long count, const char *what)
{
    printf("# counted %ld %s\n", count, what);
    fflush(stdout);
}

#endif

/* valgrind's marks of memory, for tests that follow secrets: marked as undefined, whoever branches
 * on one or finds an address by one is reported. Nothing at all where its header is missing: then
 * valgrind is as well, and every such test is skipped.
 */
#ifndef TEST_SUPPORT_MEMCHECK_H
#define TEST_SUPPORT_MEMCHECK_H

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND               0
#define VALGRIND_COUNT_ERRORS             0u
#define VALGRIND_MAKE_MEM_UNDEFINED(p, n) (void)(p)
#define VALGRIND_MAKE_MEM_DEFINED(p, n)   (void)(p)
#endif

#endif

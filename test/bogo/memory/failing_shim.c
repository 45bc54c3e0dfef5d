/* The shim with memory that runs out: the allocation of the engine whose number the runner tells
 * fails, and none besides. Whatever comes of that, 88 asks the runner for the next number; a crash,
 * a leak or bytes that are not theirs are the sanitizer's to find. */
int bogo_main(int argc, char **argv);
#define main bogo_main
#include "bogo/shim.c" /* NOLINT(bugprone-suspicious-include): all but its main */
#undef main

#include "support/failing_memory.h"

enum { EXIT_MORE = 88 };

int main(int argc, char **argv)
{
    const char *number = getenv("MALLOC_NUMBER_TO_FAIL");
    failing_memory_at(number == NULL ? 0 : strtol(number, NULL, 10) + 1);
    const int code = bogo_main(argc, argv);
    return failing_memory_end() && code != BOGO_EXIT_UNIMPLEMENTED ? EXIT_MORE : code;
}

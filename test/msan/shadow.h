/* What only test programs under MemorySanitizer have. */
#ifndef TEST_MSAN_SHADOW_H
#define TEST_MSAN_SHADOW_H

/* Marks the stack below the caller as initialised: to be called before uninstrumented code that
 * keeps things there and hands them to functions that MemorySanitizer intercepts. */
void shadow_stack(void);

#endif

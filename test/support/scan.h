/* Looks for a secret in all memory that this process can write to: heap, stacks, globals.
 *
 * What is looked for is kept and compared with every bit turned, so that the needle is not found
 * where the test itself keeps it.
 */
#ifndef SUPPORT_SCAN_H
#define SUPPORT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Turns every bit of n bytes: once to prepare a needle. */
void scan_turn(uint8_t *p, size_t n);

/* Whether memory can be searched here: a needle that is there is found. */
bool scan_works(void);

/* How often the needle, given turned, stands in memory. */
size_t scan_find(const uint8_t *turned, size_t n);

#endif

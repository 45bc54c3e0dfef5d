/* X25519 (RFC 7748, 5), by our own arithmetic where it is faster than the library's.
 *
 * Nothing is allocated, time does not depend on scalars, and what was secret on the stack is wiped. All
 * functions are pure and may be called from any thread.
 *
 * Public keys are made from a table of multiples of the base point, on any machine with a 128-bit
 * product. Shared secrets need a processor with AVX-512 IFMA: without it the library's ladder is as
 * good as ours would be, and there is none here. */
#ifndef NATIVE_X25519_H
#define NATIVE_X25519_H

#include <stdbool.h>
#include <stdint.h>

enum { X25519_LEN = 32 };

/* Whether x25519_public may be called. */
bool x25519_has_public(void);

/* Whether x25519_shared and x25519_exchange may be called: with x25519_has_public. */
bool x25519_has_shared(void);

/* share = scalar * 9. */
void x25519_public(uint8_t share[X25519_LEN], const uint8_t scalar[X25519_LEN]);

/* secret = scalar * point. False, with secret zero, when the result is all-zero (RFC 9846, 7.4.2). */
bool x25519_shared(uint8_t secret[X25519_LEN], const uint8_t scalar[X25519_LEN],
                   const uint8_t point[X25519_LEN]);

/* Both at once, for little more than the second. False, with both zero, as above. */
bool x25519_exchange(uint8_t share[X25519_LEN], uint8_t secret[X25519_LEN],
                     const uint8_t scalar[X25519_LEN], const uint8_t point[X25519_LEN]);

#endif

/* X25519 (RFC 7748, 5) for the group X25519 and for its hybrids: our own arithmetic where the machine is
 * fit for it, else libcrypto's. */
#ifndef LIBCRYPTO_X25519_H
#define LIBCRYPTO_X25519_H

#include "native/x25519.h"

/* share = scalar * 9. False, with share zero, when memory failed. */
bool lc_x25519_public(uint8_t share[X25519_LEN], const uint8_t scalar[X25519_LEN]);

/* secret = scalar * point. False, with secret zero, when the result is all-zero (the point has small
 * order) or memory failed. */
bool lc_x25519_shared(uint8_t secret[X25519_LEN], const uint8_t scalar[X25519_LEN],
                      const uint8_t point[X25519_LEN]);

/* Both. On false both are zero. */
bool lc_x25519_exchange(uint8_t share[X25519_LEN], uint8_t secret[X25519_LEN],
                        const uint8_t scalar[X25519_LEN], const uint8_t point[X25519_LEN]);

/* libcrypto's way of lc_x25519_shared, for machines without ours, and for the tests. */
bool lc_x25519_by_library(uint8_t secret[X25519_LEN], const uint8_t scalar[X25519_LEN],
                          const uint8_t point[X25519_LEN]);

#endif

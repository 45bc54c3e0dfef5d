/* The one operation of X25519 (RFC 7748, 5), for the group X25519 and for its hybrids. */
#ifndef LIBCRYPTO_X25519_H
#define LIBCRYPTO_X25519_H

#include <stdbool.h>
#include <stdint.h>

enum { X25519_LEN = 32 };

/* out = scalar * point. False, with out zero, when the result is all-zero (the point has small
 * order) or memory failed. */
bool lc_x25519(uint8_t out[X25519_LEN], const uint8_t scalar[X25519_LEN],
               const uint8_t point[X25519_LEN]);

/* out = scalar * 9: the public key. */
bool lc_x25519_public(uint8_t out[X25519_LEN], const uint8_t scalar[X25519_LEN]);

#endif

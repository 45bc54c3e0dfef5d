/* What every AEAD of every provider must do, checked against libcrypto's EVP in its plainest use.
 *
 *     aead_battery_sizes(&lc_aes128gcm, "AES-128-GCM");
 *
 * Each function is a part of it; a failure is an assertion of cmocka.
 */
#ifndef TEST_SUPPORT_AEAD_BATTERY_H
#define TEST_SUPPORT_AEAD_BATTERY_H

#include <handfast/crypto.h>

/* Lengths 0..16640, tails apart, right behind and in place: all equal EVP's output, and open
 * again. */
void aead_battery_sizes(const hf_aead *aead, const char *evp_name);

/* Every changed byte of record, tag, nonce and additional data is refused, and nothing is left
 * behind. */
void aead_battery_forgeries(const hf_aead *aead, const char *evp_name);

/* Sealing and opening in turn under two contexts, misaligned buffers, and nothing written past
 * the tag. */
void aead_battery_contexts(const hf_aead *aead, const char *evp_name);

/* The descriptor's numbers. */
void aead_battery_descriptor(const hf_aead *aead, const char *evp_name);

#endif

/* An AEAD that is no cipher: it XORs a stream made of key and nonce and appends a checksum over
 * everything. Fast, without a library, and strict about how it is called: an input that its
 * contract excludes ends the test. For tests of what is above an AEAD.
 */
#ifndef TEST_SUPPORT_FAKE_AEAD_H
#define TEST_SUPPORT_FAKE_AEAD_H

#include <handfast/crypto.h>

enum { FAKE_AEAD_KEY_LEN = 16, FAKE_AEAD_CTX_SIZE = 64 };

extern const hf_aead fake_aead;        /* integrity limit 3 */
extern const hf_aead fake_aead_broken; /* init fails */
extern const hf_aead fake_aead_unwell; /* seal fails */

/* How many contexts are between init and clear. */
int fake_aead_live(void);

#endif

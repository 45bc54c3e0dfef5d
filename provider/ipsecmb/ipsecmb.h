/* The door of the ipsecmb room: AEADs by libipsec-mb. */
#ifndef IPSECMB_IPSECMB_H
#define IPSECMB_IPSECMB_H

#include <handfast/crypto.h>

/* Whether the machine has what the library needs (AES and carry-less multiplication). The
 * descriptors must not be used when it has not. */
bool ipsecmb_is_usable(void);

extern const hf_aead ipsecmb_aes128gcm;
extern const hf_aead ipsecmb_aes256gcm;
extern const hf_aead ipsecmb_chacha20poly1305;

#endif

/* The door of the libcrypto room: the descriptors and functions that provider/default.c puts
 * into the provider's table. What they do is said in <handfast/crypto.h>. */
#ifndef LIBCRYPTO_LIBCRYPTO_H
#define LIBCRYPTO_LIBCRYPTO_H

#include <handfast/crypto.h>

extern const hf_hash lc_sha256;
extern const hf_hash lc_sha384;
extern const hf_hash lc_sha1;

/* For machines without libipsec-mb or without the instructions it needs. */
extern const hf_aead lc_aes128gcm;
extern const hf_aead lc_aes256gcm;
extern const hf_aead lc_chacha20poly1305;

extern const hf_group lc_x25519mlkem768_group;
extern const hf_group lc_x25519_group;
extern const hf_group lc_secp256r1_group;
extern const hf_group lc_secp384r1_group;
extern const hf_group lc_secp521r1_group;
extern const hf_group lc_ffdhe2048_group;
extern const hf_group lc_ffdhe3072_group;
extern const hf_group lc_ffdhe4096_group;

bool lc_random(void *ctx, uint8_t *out, size_t len);

hf_key_load lc_private_key_load(hf_span bytes, hf_passphrase_fn passphrase, void *passphrase_ctx,
                                hf_private_key **out);
void lc_private_key_free(hf_private_key *key);
hf_key_kind lc_private_key_kind(const hf_private_key *key);
bool lc_sign(const hf_private_key *key, uint16_t scheme, hf_span message, uint8_t *sig,
             size_t *sig_len);

hf_public_key *lc_public_key_import(hf_span spki);
void lc_public_key_free(hf_public_key *key);
hf_key_kind lc_public_key_kind(const hf_public_key *key);
unsigned lc_public_key_bits(const hf_public_key *key);
bool lc_verify(const hf_public_key *key, uint16_t scheme, hf_span message, hf_span sig);
bool lc_verify_issued(const hf_public_key *key, uint16_t scheme, hf_span message, hf_span sig);
enum { LC_PREMASTER_LEN = 48 };
bool lc_rsa_encrypt(const hf_public_key *key, hf_random_fn random, void *random_ctx,
                    uint8_t premaster[LC_PREMASTER_LEN], hf_buf *out);
bool lc_rsa_decrypt_premaster(const hf_private_key *key, hf_span ciphertext, uint8_t *out);
bool lc_key_pair_match(const hf_private_key *priv, const hf_public_key *pub);

#endif

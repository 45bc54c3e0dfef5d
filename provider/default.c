/* The provider of this build: libcrypto's arithmetic, our own ML-KEM-768, and for the AEADs
 * libipsec-mb where the build has it and the machine has the instructions. */
#include <handfast/crypto.h>

#include "libcrypto/libcrypto.h"
#if defined(HF_HAVE_IPSECMB)
#include "ipsecmb/ipsecmb.h"
#endif

/* Default order of preference: post-quantum first, then by speed, finite fields last. */
static const hf_group *const groups[] = {
    &lc_x25519mlkem768_group, &lc_x25519_group,    &lc_secp256r1_group,
    &lc_secp384r1_group,      &lc_secp521r1_group, &lc_ffdhe2048_group,
    &lc_ffdhe3072_group,      &lc_ffdhe4096_group, NULL,
};

#define PROVIDER_COMMON                                                                            \
    .sha256 = &lc_sha256, .sha384 = &lc_sha384, .groups = groups, .random = lc_random,             \
    .private_key_load = lc_private_key_load, .private_key_free = lc_private_key_free,              \
    .private_key_kind = lc_private_key_kind, .sign = lc_sign,                                      \
    .public_key_import = lc_public_key_import, .public_key_free = lc_public_key_free,              \
    .public_key_kind = lc_public_key_kind, .public_key_bits = lc_public_key_bits,                  \
    .verify = lc_verify, .verify_issued = lc_verify_issued, .key_pair_match = lc_key_pair_match,   \
    .rsa_encrypt = lc_rsa_encrypt, .rsa_decrypt_premaster = lc_rsa_decrypt_premaster,              \
    .sha1 = &lc_sha1

static const hf_provider provider_libcrypto = {
    .name = "libcrypto",
    .aes128gcm = &lc_aes128gcm,
    .aes256gcm = &lc_aes256gcm,
    .chacha20poly1305 = &lc_chacha20poly1305,
    PROVIDER_COMMON,
};

#if defined(HF_HAVE_IPSECMB)
static const hf_provider provider_ipsecmb = {
    .name = "libcrypto+ipsec-mb",
    .aes128gcm = &ipsecmb_aes128gcm,
    .aes256gcm = &ipsecmb_aes256gcm,
    .chacha20poly1305 = &ipsecmb_chacha20poly1305,
    PROVIDER_COMMON,
};
#endif

const hf_provider *hf_provider_default(void)
{
#if defined(HF_HAVE_IPSECMB)
    if (ipsecmb_is_usable()) {
        return &provider_ipsecmb;
    }
#endif
    return &provider_libcrypto;
}

const hf_group *hf_provider_group(const hf_provider *provider, uint16_t id)
{
    for (const hf_group *const *group = provider->groups; *group != NULL; group++) {
        if ((*group)->id == id) {
            return *group;
        }
    }
    return NULL;
}

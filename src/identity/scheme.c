/* Sets of signature schemes as bits: what an identity needs and what a peer lists, compared at
 * once. */
#include "identity/identity_int.h"
#include "wire/iana.h"

uint32_t identity_scheme_bit(uint16_t scheme)
{
    /* The first two are SCHEME_BIT_SHA1. */
    static const uint16_t known[] = {
        IANA_SCHEME_rsa_pkcs1_sha1,
        IANA_SCHEME_ecdsa_sha1,
        IANA_SCHEME_rsa_pkcs1_sha256,
        IANA_SCHEME_rsa_pkcs1_sha384,
        IANA_SCHEME_rsa_pkcs1_sha512,
        IANA_SCHEME_ecdsa_secp256r1_sha256,
        IANA_SCHEME_ecdsa_secp384r1_sha384,
        IANA_SCHEME_ecdsa_secp521r1_sha512,
        IANA_SCHEME_rsa_pss_rsae_sha256,
        IANA_SCHEME_rsa_pss_rsae_sha384,
        IANA_SCHEME_rsa_pss_rsae_sha512,
        IANA_SCHEME_ed25519,
        IANA_SCHEME_ed448,
        IANA_SCHEME_rsa_pss_pss_sha256,
        IANA_SCHEME_rsa_pss_pss_sha384,
        IANA_SCHEME_rsa_pss_pss_sha512,
    };
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i] == scheme) {
            return UINT32_C(1) << i;
        }
    }
    return UINT32_C(1) << SCHEME_OTHER;
}

uint32_t identity_scheme_bits(const uint16_t *schemes, size_t count)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        bits |= identity_scheme_bit(schemes[i]);
    }
    /* "Other" matches nothing: the peer's unknown scheme is not the chain's. */
    return bits & ~(UINT32_C(1) << SCHEME_OTHER);
}

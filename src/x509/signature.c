#include "x509/signature.h"

#include "wire/iana.h"
#include "x509/key.h"

static uint16_t accepted_scheme(hf_span algorithm);

hf_public_key *x5_key_import(hf_span spki)
{
    struct x5_key about;
    const bool supported = x5_key_read(spki, &about) && about.supported;
    return supported ? hf_provider_default()->public_key_import(spki) : NULL;
}

void x5_key_free(hf_public_key *key)
{
    if (key != NULL) {
        hf_provider_default()->public_key_free(key);
    }
}

enum x5_signed x5_signature_check(const struct x5_certificate *c, const hf_public_key *key)
{
    return x5_signature_check_bytes(c->tbs, c->signature_algorithm, c->signature, key);
}

enum x5_signed x5_signature_check_bytes(hf_span bytes, hf_span algorithm, hf_span signature,
                                        const hf_public_key *key)
{
    const uint16_t scheme = accepted_scheme(algorithm);
    if (scheme == 0 || key == NULL) {
        return X5_SIGNED_UNKNOWN;
    }
    return hf_provider_default()->verify_issued(key, scheme, bytes, signature) ? X5_SIGNED
                                                                               : X5_SIGNED_NOT;
}

bool x5_signature_is_accepted(const struct x5_certificate *c)
{
    return accepted_scheme(c->signature_algorithm) != 0;
}

/* The SignatureScheme of an AlgorithmIdentifier; 0: not one that is accepted. */
static uint16_t accepted_scheme(hf_span algorithm)
{
    const uint16_t scheme = x5_algorithm_scheme(algorithm);
    return scheme == IANA_SCHEME_rsa_pkcs1_sha1 || scheme == IANA_SCHEME_ecdsa_sha1 ? 0 : scheme;
}

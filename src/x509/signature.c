#include "x509/signature.h"

#include "wire/iana.h"
#include "x509/key.h"

static uint16_t accepted_scheme(const struct x5_certificate *c);

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
    const uint16_t scheme = accepted_scheme(c);
    if (scheme == 0 || key == NULL) {
        return X5_SIGNED_UNKNOWN;
    }
    return hf_provider_default()->verify_issued(key, scheme, c->tbs, c->signature) ? X5_SIGNED
                                                                                   : X5_SIGNED_NOT;
}

bool x5_signature_is_accepted(const struct x5_certificate *c)
{
    return accepted_scheme(c) != 0;
}

/* The SignatureScheme of a certificate's algorithm; 0: not one that is accepted. */
static uint16_t accepted_scheme(const struct x5_certificate *c)
{
    const uint16_t scheme = x5_algorithm_scheme(c->signature_algorithm);
    return scheme == IANA_SCHEME_rsa_pkcs1_sha1 || scheme == IANA_SCHEME_ecdsa_sha1 ? 0 : scheme;
}

#include "x509/signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "wire/iana.h"
#include "x509/key.h"

static enum x5_signed check_ecdsa(const struct x5_certificate *c, hf_span spki, uint16_t scheme);
static uint16_t scheme_for(hf_key_kind kind, uint16_t scheme);

enum x5_signed x5_signature_check(const struct x5_certificate *c, hf_span spki)
{
    const hf_provider *provider = hf_provider_default();
    struct x5_key about;
    uint16_t scheme = x5_algorithm_scheme(c->signature_algorithm);
    if (scheme == 0 || scheme == IANA_SCHEME_rsa_pkcs1_sha1 || scheme == IANA_SCHEME_ecdsa_sha1 ||
        !x5_key_read(spki, &about) || !about.supported) {
        return X5_SIGNED_UNKNOWN;
    }
    scheme = scheme_for(about.kind, scheme);
    if (!hf_key_kind_fits(about.kind, scheme)) {
        return check_ecdsa(c, spki, scheme);
    }
    hf_public_key *key = provider->public_key_import(spki);
    const bool valid = key != NULL && provider->verify(key, scheme, c->tbs, c->signature);
    provider->public_key_free(key);
    return valid ? X5_SIGNED : X5_SIGNED_NOT;
}

/* The curve is part of a scheme of TLS 1.3, not of a certificate's algorithm. */
static enum x5_signed check_ecdsa(const struct x5_certificate *c, hf_span spki, uint16_t scheme)
{
    const EVP_MD *md = scheme == IANA_SCHEME_ecdsa_secp256r1_sha256   ? EVP_sha256()
                       : scheme == IANA_SCHEME_ecdsa_secp384r1_sha384 ? EVP_sha384()
                       : scheme == IANA_SCHEME_ecdsa_secp521r1_sha512 ? EVP_sha512()
                                                                      : NULL;
    (void)ERR_set_mark();
    const unsigned char *p = spki.data;
    EVP_PKEY *key = md == NULL ? NULL : d2i_PUBKEY(NULL, &p, (long)spki.len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const bool valid =
        key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && ctx != NULL &&
        EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1 &&
        EVP_DigestVerify(ctx, c->signature.data, c->signature.len, c->tbs.data, c->tbs.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    (void)ERR_pop_to_mark();
    return valid ? X5_SIGNED : X5_SIGNED_NOT;
}

/* An algorithm of a certificate does not tell the two kinds of RSA-PSS keys apart. */
static uint16_t scheme_for(hf_key_kind kind, uint16_t scheme)
{
    if (kind != HF_KEY_RSA_PSS) {
        return scheme;
    }
    return scheme == IANA_SCHEME_rsa_pss_rsae_sha256   ? IANA_SCHEME_rsa_pss_pss_sha256
           : scheme == IANA_SCHEME_rsa_pss_rsae_sha384 ? IANA_SCHEME_rsa_pss_pss_sha384
           : scheme == IANA_SCHEME_rsa_pss_rsae_sha512 ? IANA_SCHEME_rsa_pss_pss_sha512
                                                       : scheme;
}

/* Manners towards libcrypto's error queue, which belongs to the thread and so to the host program.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "x509/x509_int.h"

static bool has_good_key(hf_span der);

void x5_errors_begin(struct x5_errors *e)
{
    e->was_empty = ERR_peek_error() == 0;
    (void)ERR_set_mark();
}

bool x5_errors_end(const struct x5_errors *e)
{
    bool no_memory = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
    /* Where all entries are ours each can be looked at; else the last one must do. */
    for (unsigned long code; e->was_empty && (code = ERR_get_error()) != 0;) {
        no_memory = no_memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    }
    if (e->was_empty) {
        ERR_clear_error();
    } else {
        (void)ERR_pop_to_mark();
    }
    return no_memory;
}

X509 *x5_decode(hf_span der, bool *no_memory)
{
    struct x5_errors errors;
    x5_errors_begin(&errors);
    const unsigned char *p = der.data;
    X509 *x509 = d2i_X509(NULL, &p, (long)der.len);
    *no_memory = x5_errors_end(&errors) && x509 == NULL;
    /* libcrypto goes on without a public key that it could not read, or without knowing its size,
     * and forgets why. */
    const EVP_PKEY *key = x509 == NULL ? NULL : X509_get0_pubkey(x509);
    if (x509 != NULL && (key == NULL || EVP_PKEY_get_security_bits(key) <= 0) &&
        has_good_key(der)) {
        X509_free(x509);
        *no_memory = true;
        return NULL;
    }
    return x509;
}

bool x5_extensions_decode(X509 *x509, bool *no_memory)
{
    struct x5_errors errors;
    x5_errors_begin(&errors);
    (void)X509_check_purpose(x509, -1, 0);
    const bool good = (X509_get_extension_flags(x509) & EXFLAG_INVALID) == 0;
    *no_memory = x5_errors_end(&errors) && !good;
    return good;
}

/* Whether the provider can read the key. */
static bool has_good_key(hf_span der)
{
    const hf_provider *provider = hf_provider_default();
    hf_span spki;
    hf_public_key *key =
        x5_subject_public_key_info(der, &spki) ? provider->public_key_import(spki) : NULL;
    if (key == NULL) {
        return false;
    }
    provider->public_key_free(key);
    return true;
}

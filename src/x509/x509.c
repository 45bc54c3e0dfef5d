/* The small questions at the room's door. The hot ones (a handshake asks for the key of each leaf)
 * are answered from the bytes alone. */
#include "x509/x509.h"

#include <openssl/x509v3.h>

#include "x509/x509_int.h"

static enum x5_issued compare(X509 *subject, X509 *issuer);

bool x5_subject_public_key_info(hf_span certificate, hf_span *spki)
{
    struct x5_certificate c;
    const bool read = x5_certificate_read(certificate, &c);
    *spki = c.spki;
    return read;
}

bool x5_names(hf_span certificate, hf_span *issuer, hf_span *subject)
{
    struct x5_certificate c;
    const bool read = x5_certificate_read(certificate, &c);
    *issuer = c.issuer;
    *subject = c.subject;
    return read;
}

uint16_t x5_signature_scheme(hf_span certificate)
{
    struct x5_certificate c;
    return x5_certificate_read(certificate, &c) ? x5_algorithm_scheme(c.signature_algorithm) : 0;
}

enum x5_issued x5_is_issued_by(hf_span certificate, hf_span issuer)
{
    bool no_memory_a = false;
    bool no_memory_b = false;
    X509 *a = x5_decode(certificate, &no_memory_a);
    X509 *b = x5_decode(issuer, &no_memory_b);
    enum x5_issued result = no_memory_a || no_memory_b ? X5_ISSUED_NO_MEMORY : X5_ISSUED_UNREADABLE;
    if (a != NULL && b != NULL && x5_extensions_decode(a, &no_memory_a) &&
        x5_extensions_decode(b, &no_memory_b)) {
        result = compare(a, b);
    } else if (no_memory_a || no_memory_b) {
        result = X5_ISSUED_NO_MEMORY;
    }
    X509_free(a);
    X509_free(b);
    return result;
}

static enum x5_issued compare(X509 *subject, X509 *issuer)
{
    struct x5_errors errors;
    x5_errors_begin(&errors);
    enum x5_issued result = X5_ISSUED_NOT;
    if (X509_check_issued(issuer, subject) == X509_V_OK) {
        result = X509_verify(subject, X509_get0_pubkey(issuer)) == 1 ? X5_ISSUED : X5_ISSUED_FORGED;
    }
    return x5_errors_end(&errors) && result != X5_ISSUED ? X5_ISSUED_NO_MEMORY : result;
}

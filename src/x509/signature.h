/* Whether a certificate was signed by a key. */
#ifndef X509_SIGNATURE_H
#define X509_SIGNATURE_H

#include "x509/certificate.h"

enum x5_signed {
    X5_SIGNED,
    X5_SIGNED_NOT,
    X5_SIGNED_UNKNOWN, /* an algorithm or a key that is not accepted here, so nothing was computed
                        */
    X5_SIGNED_NO_MEMORY
};

/* Checks c's signature with the key of this DER SubjectPublicKeyInfo. */
enum x5_signed x5_signature_check(const struct x5_certificate *c, hf_span spki);

#endif

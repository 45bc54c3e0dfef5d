/* Keys of issuers, and whether a certificate was signed by one. */
#ifndef X509_SIGNATURE_H
#define X509_SIGNATURE_H

#include <handfast/crypto.h>

#include "x509/certificate.h"

enum x5_signed {
    X5_SIGNED,
    X5_SIGNED_NOT,
    X5_SIGNED_UNKNOWN /* an algorithm or a key that is not accepted here, so nothing was computed */
};

/* The key of this DER SubjectPublicKeyInfo, the caller's to free with x5_key_free. NULL: of a kind
 * that is not accepted, or malformed, or no memory. */
hf_public_key *x5_key_import(hf_span spki);
void x5_key_free(hf_public_key *key); /* NULL is allowed */

/* Checks the signature over some bytes; algorithm is the AlgorithmIdentifier that came with it. key
 * may be NULL, and has signed nothing. */
enum x5_signed x5_signature_check_bytes(hf_span bytes, hf_span algorithm, hf_span signature,
                                        const hf_public_key *key);

/* Checks c's signature. key may be NULL, and has signed nothing. */
enum x5_signed x5_signature_check(const struct x5_certificate *c, const hf_public_key *key);

/* Whether certificates signed so are believed: SHA-256 or better, and an algorithm of TLS 1.3. */
bool x5_signature_is_accepted(const struct x5_certificate *c);

#endif

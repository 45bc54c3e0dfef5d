/* Keys and signature algorithms as certificates name them, without any arithmetic. */
#ifndef X509_KEY_H
#define X509_KEY_H

#include <handfast/crypto.h>

#include "x509/text.h"

/* What a SubjectPublicKeyInfo says of itself. */
struct x5_key {
    bool supported;   /* TLS 1.3 can use it here: a known kind, RSA of 2048..8192 bits */
    hf_key_kind kind; /* if supported */
    char text[32];    /* "EC P-256", "RSA 1024", "DSA" */
};

/* Looks at a SubjectPublicKeyInfo. False: malformed. */
HF_MUST_CHECK bool x5_key_read(hf_span spki, struct x5_key *out);

/* The SignatureScheme of an AlgorithmIdentifier, or 0 for one without a code point. For ECDSA the
 * curve of the scheme follows from the hash, for RSA-PSS the key is taken to be rsaEncryption: the
 * identifier tells neither. */
uint16_t x5_algorithm_scheme(hf_span algorithm_identifier);

/* Adds its name: "RSA with SHA-256", "ECDSA with SHA-1", or the OID. */
void x5_algorithm_text(struct text *t, hf_span algorithm_identifier);

#endif

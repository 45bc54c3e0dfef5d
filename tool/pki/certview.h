/* What a certificate says, for people: read from DER, all text inert (no control characters). */
#ifndef PKI_CERTVIEW_H
#define PKI_CERTVIEW_H

#include <handfast/types.h>

#include "cli/text.h"

enum { CERT_NAMES_SHOWN = 12 };

struct cert_view {
    char subject[256];
    char issuer[256];
    char common_name[96];             /* of the subject, or its whole name */
    char names[CERT_NAMES_SHOWN][96]; /* subjectAltName: DNS names and addresses */
    size_t name_count;                /* all that it has; the first CERT_NAMES_SHOWN are above */
    int64_t not_before_s, not_after_s;
    char key[40];       /* "ECDSA P-256", "RSA 2048" */
    char signature[48]; /* "ecdsa-with-SHA256" */
    char serial[48];    /* hexadecimal, cut */
    char sha256[65];    /* fingerprint */
    bool self_issued;
    bool is_authority;
};

/* Reads DER. False: it is not a certificate, and *out is zero. */
bool cert_view_read(hf_span der, struct cert_view *out);

/* Adds a certificate in PEM (RFC 7468). */
void cert_pem(hf_span der, struct text *out);

/* "2026-01-02 03:04:05 UTC" */
void cert_time(int64_t unix_s, char out[32]);

#endif

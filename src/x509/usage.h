/* What a certificate's key may be used for (RFC 5280, 4.2.1.3 and 4.2.1.12), for people. */
#ifndef X509_USAGE_H
#define X509_USAGE_H

#include "x509/certificate.h"
#include "x509/text.h"

/* Adds the key usages: "digitalSignature, keyEncipherment"; nothing without the extension. */
void x5_key_usage_text(struct text *t, const struct x5_certificate *c);

/* Adds the extended key usages: "serverAuth, 1.2.3.4"; nothing without the extension. */
void x5_extended_usage_text(struct text *t, const struct x5_certificate *c);

#endif

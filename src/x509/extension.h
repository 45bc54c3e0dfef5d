/* Extensions (RFC 5280, 4.2) in structures where none has to be understood: OCSP responses. */
#ifndef X509_EXTENSION_H
#define X509_EXTENSION_H

#include "x509/der.h"

/* One Extension. */
struct x5_extension_view {
    hf_span oid;
    bool critical;
    hf_span value; /* DER inside extnValue */
};

/* The next Extension of an Extensions list. False: no more, or list is bad. */
bool x5_extension_next(struct der *list, struct x5_extension_view *out);

/* Passes over Extensions under this tag where they are next. False: malformed, or one of them is
 * critical. */
bool x5_extensions_are_optional(struct der *d, uint8_t tag);

#endif

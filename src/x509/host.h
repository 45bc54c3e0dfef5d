/* Whether a certificate is for a host (RFC 9525, 6), asked for by DNS name or IP address. */
#ifndef X509_HOST_H
#define X509_HOST_H

#include "x509/name.h"

/* Whether it is a host name (with or without the root's dot at its end) or an IP address. */
bool x5_host_is_askable(hf_span asked);

/* Whether one of the alternative names is for it. What is not askable is nobody's. */
bool x5_host_matches(const struct x5_certificate *c, hf_span asked);

/* The DNS name of the certificate that looks most like the one that was asked for. False: none is
 * near. */
bool x5_host_nearest(const struct x5_certificate *c, hf_span asked, struct san_entry *out);

#endif

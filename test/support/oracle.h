/* libcrypto's verifier at its strictest, as a second opinion on chains. */
#ifndef TEST_SUPPORT_ORACLE_H
#define TEST_SUPPORT_ORACLE_H

#include "x509/x509.h"

/* What it says: X509_V_OK, or another X509_V_ERR_. The question is that of x5_verify_chain.
 * anchors: those of the question's trust in DER. A certificate that it cannot read is refused. */
int oracle_verify(const struct x5_request *request, const hf_span *anchors, size_t anchor_count);

#endif

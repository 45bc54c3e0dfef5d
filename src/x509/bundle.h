/* The certificates of a file: a PEM bundle, or one certificate in DER. */
#ifndef X509_BUNDLE_H
#define X509_BUNDLE_H

#include <handfast/err.h>

/* Owns copies; free with x5_bundle_free. */
struct x5_bundle {
    hf_span *certificate; /* count of them in DER, each well-formed (x5_certificate_read) */
    size_t count;
    size_t skipped; /* with X5_BUNDLE_SKIP_BAD: how many were left out */
    size_t size;    /* bytes of the one block that holds the spans and what they point to */
};

enum x5_bundle_mode {
    X5_BUNDLE_ALL,     /* one bad certificate fails the whole */
    X5_BUNDLE_SKIP_BAD /* bad ones are left out; at least one must be good */
};

/* Reads them. HF_FAILED: HF_E_PEM_MALFORMED with the number and line of the certificate that is
 * bad, or HF_E_NO_MEMORY; *out is empty. Blocks of other kinds are passed over. */
HF_MUST_CHECK hf_status x5_bundle_load(hf_span pem_or_der, enum x5_bundle_mode mode,
                                       hf_error *error, struct x5_bundle *out);

/* The empty bundle is allowed. */
void x5_bundle_free(struct x5_bundle *bundle);

#endif

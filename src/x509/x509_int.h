/* What the files of this room share about the machinery behind the door, which is libcrypto's X509
 * for now. The one header that brings libcrypto in.
 */
#ifndef X509_X509_INT_H
#define X509_X509_INT_H

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "base/rotate.h"
#include "x509/bundle.h"
#include "x509/certificate.h"
#include "x509/text.h"
#include "x509/x509.h"

enum { X5_PATH_MAX = 64 }; /* certificates in a path, whatever the caller allows */

struct trust_anchor {
    hf_span der; /* in one of the bundles */
    hf_span subject;
    X509 *x509;
};

/* Bytes that anchors point to; newest first. */
struct trust_bundle {
    struct x5_bundle bundle;
    struct trust_bundle *next;
};

/* Invariants: stack holds the x509 of each anchor in order and owns none of them. No two anchors
 * are the same bytes. Only hf_trust_add* write, before the object is shared. */
struct hf_trust {
    struct ref ref;
    struct trust_anchor *anchors;
    size_t count;
    STACK_OF(X509) * stack;
    struct trust_bundle *bundles;
};

/* Keeps libcrypto's error queue of this thread as we found it, and tells lack of memory from other
 * failures. The host program may look at that queue for errors of its own. */
struct x5_errors {
    bool was_empty;
};
void x5_errors_begin(struct x5_errors *e);
/* Whether an allocation failed since; the queue is as at the beginning. */
bool x5_errors_end(const struct x5_errors *e);

/* libcrypto's form of a certificate, the caller's to free. NULL: malformed, or *no_memory. */
X509 *x5_decode(hf_span der, bool *no_memory);

/* Has libcrypto read the extensions, which it would else do when they are first asked for. False:
 * malformed, or *no_memory; the certificate is then of no use. */
bool x5_extensions_decode(X509 *x509, bool *no_memory);

/* What libcrypto found wrong, and where. */
struct x5_finding {
    const struct x5_request *request;
    int error;           /* X509_V_ERR_... */
    size_t depth;        /* in path */
    const hf_span *path; /* leaf first, as far as it was built; at least one */
    size_t path_len;
};

/* Turns a finding into a refusal: code, certificate, sentence. */
void x5_verdict_explain(hf_verdict *verdict, const struct x5_finding *finding);

/* Begins a refusal by a rule that we check ourselves; certificate may be NULL. The sentence is for
 * the caller to write. */
struct text x5_verdict_refuse(hf_verdict *verdict, hf_err code, int depth,
                              const struct x5_certificate *certificate);

#endif

/* Certificate policies (RFC 5280, 6.1), as far as they can make a path invalid: nobody here asks
 * for one, but an authority may (requireExplicitPolicy).
 */
#ifndef X509_POLICY_H
#define X509_POLICY_H

#include "x509/path_int.h"

/* Whether the path has a policy, or nobody in it asks for one. *at: the certificate where that was
 * lost. */
bool x5_policy_is_met(const struct x5_path *path, size_t *at);

#endif

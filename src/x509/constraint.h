/* Name constraints (RFC 5280, 4.2.1.10): which names an authority's subtree may hold. */
#ifndef X509_CONSTRAINT_H
#define X509_CONSTRAINT_H

#include <handfast/trust.h>

#include "x509/certificate.h"
#include "x509/name.h"

/* A name that breaks a constraint. */
struct x5_offence {
    hf_rule rule; /* NAME_CONSTRAINT, CONSTRAINT_UNKNOWN or TOO_MUCH_WORK; NONE: no offence */
    struct san_entry name;
    bool excluded; /* by an excluded subtree; else no permitted one holds it */
};

/* Whether a NameConstraints extension can be read: lists of subtrees, none empty, masks of
 * addresses that are masks. */
bool x5_constraint_is_well_formed(hf_span extension);

/* Holds every name of c (subject, subject's addresses, alternative names) against the constraints
 * of an authority above it. work: comparisons that may still be made. */
void x5_constraint_check(hf_span extension, const struct x5_certificate *c, uint32_t *work,
                         struct x5_offence *out);

/* Adds what the extension permits and excludes: "permits a.example, b.example excludes c.example"
 */
void x5_constraint_text(struct text *t, hf_span extension);

#endif

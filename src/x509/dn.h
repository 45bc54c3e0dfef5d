/* Comparing distinguished names (RFC 5280, 7.1): the alphabet in which a string is written, the
 * case of its letters and the width of its blanks do not matter, so that an excluded name cannot
 * come back in another dress, and an issuer's name is found however it was copied.
 *
 * Beyond ASCII, case matters: mapping it needs tables of Unicode that nothing else here needs.
 */
#ifndef X509_DN_H
#define X509_DN_H

#include <handfast/types.h>

/* Whether two DER Names are the same. */
bool x5_dn_equal(hf_span a, hf_span b);

/* Whether the first names of name are those of base, in order: base's subtree holds name (RFC 5280,
 * 4.2.1.10). */
bool x5_dn_is_within(hf_span name, hf_span base);

/* Equal names have equal hashes. */
uint32_t x5_dn_hash(hf_span name);

/* Whether it is a Name: sets, none of them empty, of pairs (RFC 5280, 4.1.2.4). */
bool x5_dn_is_well_formed(hf_span name);

/* Whether it has no attributes. */
bool x5_dn_is_empty(hf_span name);

/* The next emailAddress attribute (RFC 5280, 4.1.2.6) of a Name; sets start with *at 0, which
 * counts attributes. False: there is none any more. */
bool x5_dn_next_email(hf_span name, size_t *at, hf_span *out);

#endif

/* Names of subjects and issuers for people's eyes (RFC 5280, 4.1.2.4), and the alternative names of
 * subjects (4.2.1.6), which are the ones that count.
 */
#ifndef X509_NAME_H
#define X509_NAME_H

#include "x509/certificate.h"
#include "x509/text.h"

/* Adds a DER Name as RFC 4514 writes it, the most telling part first: "CN=R3, O=Example, C=US". */
void x5_name_text(struct text *t, hf_span name);

/* Adds the shortest form that tells it from others: its common name, else its organisation, else
 * all of it; in single quotes. */
void x5_name_brief(struct text *t, hf_span name);

/* A certificate by its subject's brief name or, where that is empty, its first alternative name. */
void x5_name_certificate(struct text *t, const struct x5_certificate *c);

/* The alternative names of a certificate, one by one.
 *
 *     struct der list = x5_san_open(&certificate);
 *     struct san_entry name;
 *     while (x5_san_next(&list, &name)) ...
 *     if (!x5_der_done(&list)) { malformed }
 */
enum san_tag {
    SAN_EMAIL = DER_CONTEXT + 1,
    SAN_DNS = DER_CONTEXT + 2,
    SAN_DIRECTORY = DER_CONTEXT_CONSTRUCTED + 4,
    SAN_URI = DER_CONTEXT + 6,
    SAN_IP = DER_CONTEXT + 7
};
struct san_entry {
    uint8_t tag; /* of enum san_tag, or another context tag */
    hf_span value;
};
struct der x5_san_open(const struct x5_certificate *c);
bool x5_san_next(struct der *list, struct san_entry *out);
size_t x5_san_count(const struct x5_certificate *c);

/* Adds one alternative name: "a.example", "192.0.2.1", "URI:http://x/". */
void x5_san_entry_text(struct text *t, const struct san_entry *name);

/* Adds all of them, separated by commas; where they do not fit, "and 12 more" at the end. */
void x5_san_text(struct text *t, const struct x5_certificate *c);

/* Whether name may stand for a host: labels of letters, digits, hyphens and underscores, 1..63
 * bytes each, 253 in all, not only digits and dots; with wildcard, the left label may be "*". (RFC
 * 9525, 6.3 has no wildcard elsewhere; underscores are in use.) */
bool x5_name_is_host(hf_span name, bool wildcard);

#endif

/* Inside the record room. */
#ifndef RECORD_RECORD_INT_H
#define RECORD_RECORD_INT_H

#include <handfast/types.h>

/* What the first bytes of something that is not TLS look like, with an article: "an HTTP
 * response". Never NULL. */
const char *rec_looks_like(hf_span in);

/* Writes the beginning of in for people: its first line in quotes when it is text, else its
 * first bytes in hexadecimal. Always terminated; cap at least 8. */
void rec_excerpt(hf_span in, char *out, size_t cap);

#endif

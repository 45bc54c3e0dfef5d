/* The page that shows recordings: one HTML document that needs nothing else. script/page makes the
 * template from this directory's modules; the recordings go into it as inert data.
 *
 *     document_begin(&out, DOCUMENT_VIEW, false);
 *     document_add(&out, recording);              // any number of times
 *     document_end(&out);
 */
#ifndef WEB_DOCUMENT_H
#define WEB_DOCUMENT_H

#include <handfast/types.h>

#include "cli/text.h"

enum document_kind {
    DOCUMENT_VIEW,       /* files that somebody chose: two are compared at once */
    DOCUMENT_CONNECTION, /* the connection that carries the page */
    DOCUMENT_FAILURES    /* handshakes that failed */
};

/* lab: the page says in red that it shows the secrets of its own connection. */
void document_begin(struct text *out, enum document_kind kind, bool lab);

/* json: one whole JSON value. What could end the script element that it stands in is written as
 * an escape; outside strings JSON has no such characters. */
void document_add(struct text *out, hf_span json);

void document_end(struct text *out);

#endif

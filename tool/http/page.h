/* The answer to a request: a small page of the connection's facts, as HTML for browsers, as text or
 * as JSON. */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include <handfast/conn.h>

#include "cli/text.h"
#include "http/request.h"

/* Adds head and body of the answer to a request that is READY or BAD. document: what stands for the
 * facts in HTML; NULL: nothing does. A request is early when it is answered before the handshake is
 * complete; the answer says so. */
void page_answer(const struct request *request, const hf_conn *conn, const struct text *document,
                 struct text *out);

#endif

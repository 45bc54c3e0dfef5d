/* What a server shows of its handshakes: the page of the connection that asks for it, and of the
 * latest that failed.
 *
 * Bounded: so many connections are recorded at a time and so many new ones in a second (others are
 * answered with their facts alone), so that a busy server pays nothing for pages that nobody looks
 * at; and so many failures are kept, as the documents that they will be.
 */
#ifndef TOOL_GALLERY_H
#define TOOL_GALLERY_H

#include "cli/text.h"
#include "http/request.h"
#include "recording/recorder.h"

enum { GALLERY_RECORDED_MAX = 256, GALLERY_PER_SECOND = 50, GALLERY_FAILURES_MAX = 8 };

struct gallery {
    size_t recorded;    /* connections under way that are recorded */
    uint64_t second_ns; /* when the present second began */
    size_t in_second;   /* connections that were recorded since */
    struct text failures[GALLERY_FAILURES_MAX];
    size_t failed; /* ever */
    bool lab;      /* secrets are shown */
};

void gallery_free(struct gallery *gallery); /* wipes */

/* Whether there is room to record one more connection; then it is counted until gallery_left.
 * now_ns: of a monotonic clock. */
bool gallery_enter(struct gallery *gallery, uint64_t now_ns);
void gallery_left(struct gallery *gallery);

/* Keeps a handshake that failed; the oldest makes room. */
void gallery_keep(struct gallery *gallery, struct recorder *recorder);

/* Who asks for a page. */
struct gallery_visitor {
    struct recorder *recorder; /* of the connection that asks; NULL: it is not recorded */
    bool is_local;             /* from this machine: failures tell of others */
};

/* Adds the document that a request for HTML is to be answered with. False: nothing was added, the
 * facts do. */
bool gallery_document(const struct gallery *gallery, const struct request *request,
                      const struct gallery_visitor *visitor, struct text *out);

#endif

/* What connect tells about a call: on stderr for people, or as one JSON object. */
#ifndef TOOL_CALL_REPORT_H
#define TOOL_CALL_REPORT_H

#include "call.h"
#include "cli/text.h"
#include "http/response.h"
#include "report/failure.h"
#include "report/observer.h"

enum { CALL_BODY_MAX = 1024 * 1024 };

/* What is known of the call so far. */
struct call_facts {
    const struct call_settings *settings;
    const struct address *to;
    const struct call_plan *plan;
    const struct call_turn *turn;
    struct trouble *trouble;
    struct observer observer;
    char address[ADDRESS_TEXT_MAX];
    uint64_t resolve_ns, connect_ns; /* durations */
    uint64_t start_ns, connected_ns; /* moments; connected_ns 0: not yet */
    uint64_t sent, received;         /* bytes of data */
    const struct response *response; /* NULL: none was asked for */
    const struct text *body;         /* of the answer; NULL */
    bool silent;                     /* nothing more is to be said */
};

/* In full for the first connection of a series, in a few lines for the further ones. */
void call_report_connected(struct call_facts *f, const hf_conn *conn);
/* conn NULL: there was none. */
void call_report_failure(struct call_facts *f, const hf_conn *conn);
void call_report_json(struct call_facts *f, const hf_conn *conn, struct text *out);

/* Where a session was written to. */
void call_report_kept(const struct call_facts *f);

/* Judges the HTTP answer: sets the trouble when it is bad. */
void call_report_http(struct call_facts *f);

#endif

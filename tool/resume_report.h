/* What connect tells about sessions and early data: whether a connection was resumed, and why not.
 */
#ifndef TOOL_RESUME_REPORT_H
#define TOOL_RESUME_REPORT_H

#include "call.h"
#include "cli/json.h"
#include "cli/style.h"
#include "cli/text.h"

/* The first connection of a series: lines under a heading. */
void resume_report_first(const struct call_turn *turn, int64_t now_ms, const struct style *style,
                         struct text *out);

/* A further one: with its own first line. */
void resume_report_turn(const struct call_turn *turn, const struct style *style, struct text *out);

/* Where the session was written to, and that it is a secret. */
void resume_report_kept(const hf_session *session, const char *path, int64_t now_ms,
                        const struct style *style, struct text *out);

/* Members of the object that is open: of the resumption alone; of the whole connection. */
void resume_report_json(const struct call_turn *turn, struct json *j);
void resume_report_turn_json(const struct call_turn *turn, struct json *j);

/* session NULL: null. */
void resume_report_kept_json(const hf_session *session, const char *path, struct json *j,
                             const char *key);

#endif

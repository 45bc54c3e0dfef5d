/* What went on inside: decisions with the candidates that were turned down, operations with their
 * time, the states passed through, and, if asked for, the secrets. */
#ifndef REPORT_STORY_H
#define REPORT_STORY_H

#include "cli/json.h"
#include "cli/style.h"
#include "cli/text.h"
#include "report/observer.h"

void story_decisions(const struct observer *o, const struct style *style, struct text *out);
void story_decisions_json(const struct observer *o, struct json *j, const char *key);

/* Operations with microseconds, then the states. */
void story_work(const struct observer *o, const struct style *style, struct text *out);
void story_work_json(const struct observer *o, struct json *j);

/* Only what the observer was told to keep. */
void story_secrets(const struct observer *o, const struct style *style, struct text *out);
void story_secrets_json(const struct observer *o, struct json *j, const char *key);

#endif

/* A recording as a document: docs/recording.md. */
#ifndef RECORD_WRITE_H
#define RECORD_WRITE_H

#include "cli/text.h"
#include "cli/trouble.h"
#include "recording/recording.h"

/* Adds the document, one line of JSON. Without r->secrets nothing secret is in it. */
void recording_write(const struct recording *r, struct text *out);

/* Writes it to a file, in one go: what was there before stays whole until it is replaced. Returns 0
 * or the exit code of *trouble. */
int recording_save(const struct recording *r, const char *path, struct trouble *trouble);

#endif

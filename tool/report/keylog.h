/* A key log (RFC 9850): lines with which other programs decrypt a capture. Appended, so that runs
 * can share one; a new file is readable by its owner alone.
 *
 * Threads: one at a time; each line is one write, so processes may share the file. */
#ifndef REPORT_KEYLOG_H
#define REPORT_KEYLOG_H

#include <handfast/trace.h>

#include "cli/trouble.h"

struct keylog {
    int fd;    /* -1: none */
    int error; /* errno of the first write that failed, or 0 */
};

/* Opens path, or what SSLKEYLOGFILE names when path is NULL, or nothing. Returns 0 or the exit code
 * of *trouble. */
int keylog_open(struct keylog *log, const char *path, struct trouble *trouble);
void keylog_close(struct keylog *log);
static inline bool keylog_is_open(const struct keylog *log)
{
    return log->fd >= 0;
}

/* Writes one HF_EV_SECRET. */
void keylog_write(struct keylog *log, const hf_event *event);

/* A trace that does nothing but write the log. ctx is the log. */
hf_trace keylog_trace(struct keylog *log);

#endif

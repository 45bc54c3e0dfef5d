/* A session kept in a file from one run of the program to the next. The file is as secret as a
 * private key: who reads it can resume as this client, and to this client as the server, while the
 * session lives. */
#ifndef TOOL_SESSION_FILE_H
#define TOOL_SESSION_FILE_H

#include <handfast/session.h>

#include "cli/trouble.h"

/* Reads path into *out, with one reference. *shared: others than its owner may read the file.
 * Returns 0 or the exit code of *trouble, which says what the file is instead. */
int session_file_read(const char *path, hf_session **out, bool *shared, struct trouble *trouble);

/* Writes session to path, whole or not at all, readable by its owner alone. Returns 0 or the exit
 * code of *trouble. */
int session_file_write(const char *path, const hf_session *session, struct trouble *trouble);

#endif

/* Secrets that are one line of text: from a file that only its owner reads, from a descriptor that
 * the program was started with, or from the environment; so never from the command line, which
 * every user of the machine can read. */
#ifndef FLEET_SECRET_H
#define FLEET_SECRET_H

#include "cli/file.h"
#include "cli/trouble.h"

enum { SECRET_MAX = 4096 };

/* The forms, for messages. */
#define SECRET_FORMS "FILE, fd:NUMBER or env:NAME"

/* Reads where, one of SECRET_FORMS; option names it in messages. The owner of out gives it back by
 * file_free, which wipes it. Refuses files that others than owner and group can read, or that
 * others than the owner can write. A descriptor that is no file gives its content once. Returns 0
 * or the exit code of *trouble. */
int secret_read(const char *option, const char *where, struct file_bytes *out,
                struct trouble *trouble);

#endif

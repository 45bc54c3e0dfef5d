/* Why the program cannot go on: one sentence that says what and where, and what to do. Every error,
 * of the command line, of a file, of the network or of TLS, becomes one of these before a person
 * sees it. */
#ifndef CLI_TROUBLE_H
#define CLI_TROUBLE_H

#include <handfast/types.h>

#include "cli/text.h"

struct trouble {
    int exit_code;     /* 0: no trouble */
    const char *name;  /* the library's name for the error, static; NULL for the program's own */
    const char *who;   /* who refused, static; NULL */
    const char *alert; /* sent or received with it, static; NULL */
    char sentence[400];
    char detail[240];
    char cause[200];
    char fix[240];
    const char *place; /* where the rule stands, static; NULL */
};

/* Fills in an error of the program's own and returns exit_code. fix may be NULL. The first trouble
 * stays. */
int trouble_set(struct trouble *trouble, int exit_code, const char *fix, const char *format, ...)
    HF_PRINTF(4, 5);

/* Writes text to standard output. Returns 0 or the exit code of *trouble. */
int trouble_print(const struct text *text, struct trouble *trouble);

/* Adds it to out as trouble_say says it. */
void trouble_text(const struct trouble *trouble, const char *verb, struct text *out);

/* Says it on stderr in one or a few lines: "handfast VERB: ...". verb may be "". */
void trouble_say(const struct trouble *trouble, const char *verb);

#endif

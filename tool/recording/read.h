/* Reads a recording back, and lets nothing pass that is not one: what the tellers and the page rely
 * on has been looked at here once.
 *
 * The document is a jansson tree. No file that includes this header may include cli/json.h: their
 * function names are the same. */
#ifndef RECORDING_READ_H
#define RECORDING_READ_H

#include <jansson.h>

#include <handfast/types.h>

#include "cli/trouble.h"

/* Parses and judges. what names the file in messages. Returns 0 or the exit code of *trouble:
 * empty, cut off, not JSON, not a recording, of a later version, or which member is wrong. */
int recording_parse(const char *what, hf_span bytes, json_t **out, struct trouble *trouble);

#endif

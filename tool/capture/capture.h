/* From a capture file to a recording of one of its connections. */
#ifndef CAPTURE_CAPTURE_H
#define CAPTURE_CAPTURE_H

#include "cli/trouble.h"
#include "recording/recorder.h"

struct capture_plan {
    const char *pcap;
    const char *keylog;  /* NULL: none */
    const char *rsa_key; /* the server's private key; NULL: none */
    int64_t stream;      /* which, counted from 1; 0: the only one */
    bool secrets;        /* they are to be written */
};

/* Fills *recorder, which is the caller's to free also on trouble. Returns 0 or the exit code of
 * *trouble. */
int capture_record(const struct capture_plan *plan, struct recorder *recorder,
                   struct trouble *trouble);

#endif

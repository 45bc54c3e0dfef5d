/* The recorder makes a recording out of trace events: of one connection's, or of both ends' when
 * they are in one process.
 *
 * Life: recorder_init, recorder_trace as the connection's trace (or recorder_event for each event),
 * then `recording` is read (write.h), and recorder_free. Both ends are told apart by the role in
 * the events, so one recorder serves one client and one server at most.
 *
 * Threads: that of the connections. */
#ifndef RECORD_RECORDER_H
#define RECORD_RECORDER_H

#include "recording/recording.h"

/* What a recorder must see; secrets among it, since the schedule's graph is found by them. */
#define RECORDER_WANTED (HF_EV_BIT(HF_EV_COUNT) - 1)

/* Where one end of the connection stands. By hf_direction where there are two. */
struct recorder_end {
    int protection[2];
    uint64_t ordinal[2];               /* records so far */
    uint64_t stream[2];                /* handshake bytes in records so far */
    int record[2];                     /* the one under way, or RECORDING_NONE */
    int key_step, iv_step, block_step; /* the latest; block_step: of TLS 1.2 */
    uint64_t data_records[2];
};

struct recorder {
    hf_trace trace;
    const hf_trace *next; /* who sees every event as well; NULL */
    struct recording recording;
    uint64_t start_ns;
    bool keeps_shares; /* private key shares too; as secrets, until somebody says otherwise */
    struct recorder_end end[2];
};

/* Time 0 is now. secrets: they are to be written. The recorder stays where it is. */
void recorder_init(struct recorder *recorder, enum recording_source source, bool secrets);
void recorder_free(struct recorder *recorder);
void recorder_event(struct recorder *recorder, const hf_event *event);

/* A trace that ends here, and at next if that is not NULL. */
const hf_trace *recorder_trace(struct recorder *recorder, const hf_trace *next);

/* Names for the document; made inert. */
void recorder_title(struct recorder *recorder, const char *title);
void recorder_address(struct recorder *recorder, hf_role end, const char *address);

#endif

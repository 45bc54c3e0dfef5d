/* What the files of the writer share. */
#ifndef RECORD_WRITE_INT_H
#define RECORD_WRITE_INT_H

#include "cli/json.h"
#include "recording/recording.h"
#include "recording/terms.h"

enum { STEP_ID_MAX = 112 };

struct document {
    const struct recording *r;
    struct json j;
    struct terms terms;
    uint16_t version, cipher_suite; /* 0: never agreed on */
    char (*ids)[STEP_ID_MAX];       /* of the steps */
};

/* write.c */
void write_end_name(struct document *d, const char *key, hf_role end);
void write_ns(struct document *d, const char *key, bool known, uint64_t ns);
void write_times(struct document *d, const struct recording_times *times);
void write_index(struct document *d, const char *key, int index); /* RECORDING_NONE: null */
void write_level(struct document *d, hf_level level);
void write_code(struct document *d, const char *key, unsigned value, const char *name);
void write_no_code(struct document *d, const char *key); /* both members null */

/* write_wire.c: "flights", "records", "messages", "protections" */
void write_flights(struct document *d);
void write_records(struct document *d);
void write_messages(struct document *d);
void write_protections(struct document *d);
/* Which flight each message belongs to: one more than that of the one before when the end changes.
 */
size_t write_flight_of(const struct recording *r, size_t message);

/* write_keys.c: "schedule" */
bool write_name_steps(struct document *d); /* makes ids; false: no memory */
void write_schedule(struct document *d);
void write_shares(struct document *d);

/* write_why.c: "decisions", "states", "operations", "alerts", "notes", "errors" */
void write_why(struct document *d);

#endif

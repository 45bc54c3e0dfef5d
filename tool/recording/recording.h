/* One handshake as it was seen, in memory: what a recorder fills and write.h turns into a document.
 *
 * Invariants: lists are in order of time; indexes refer to entries that exist; what a list has no
 * more room for is left out and counted, never cut. Secrets are in steps and shares only, and wiped
 * with them.
 *
 * Threads: that of the connections. */
#ifndef RECORD_RECORDING_H
#define RECORD_RECORDING_H

#include <handfast/trace.h>

enum {
    RECORDING_VERSION = 1,
    RECORDING_MESSAGES_MAX = 256,
    RECORDING_RECORDS_MAX = 512,
    RECORDING_EVENTS_MAX = 2048,
    RECORDING_WIRE_MAX = 1024 * 1024,
    /* Data is not what a recording is about: so many of its records are kept of each end. */
    RECORDING_DATA_RECORDS = 16,
    RECORDING_SHARES_MAX = 64,
    RECORDING_NAME_MAX = 64,
    RECORDING_NONE = -1
};

enum recording_source { RECORDING_CONNECT, RECORDING_SERVE, RECORDING_DEMO, RECORDING_PCAP };

struct recording_bytes {
    uint8_t *ptr;
    size_t len;
};

/* When each end saw it: by hf_direction, the sender's view and the receiver's. */
struct recording_times {
    bool seen[2];
    uint64_t ns[2];
};

struct recorded_message {
    hf_role from;
    hf_level level;
    uint8_t type;
    char name[RECORDING_NAME_MAX]; /* inert */
    uint64_t offset;
    int protection; /* index or RECORDING_NONE */
    struct recording_bytes bytes;
    struct recording_times times;
};

struct recorded_record {
    hf_role from;
    hf_level level;
    uint8_t type; /* of what is inside, once opened */
    uint8_t header[5];
    bool opened;
    size_t len, plain_len, padding;
    uint64_t sequence, ordinal; /* ordinal: of all records of this end */
    uint64_t stream_at;         /* handshake records: where their content stands in all of it */
    int protection;
    struct recording_bytes wire; /* may be empty: left out */
    struct recording_times times;
};

struct recorded_keys {
    hf_role from;
    hf_level level;
    uint32_t generation;
    uint16_t cipher_suite;
    int secret_step, key_step, iv_step; /* indexes of steps, or RECORDING_NONE */
    struct recording_times times;
};

/* One step of the key schedule. SECRET. */
struct recorded_step {
    const char *op; /* "Extract", "Expand-Label", "PRF", "Given"; static */
    char name[RECORDING_NAME_MAX];
    char label[RECORDING_NAME_MAX];
    char key_log[RECORDING_NAME_MAX]; /* label of its line in a key log; "" */
    struct recording_bytes in, context, out;
    bool by[2]; /* hf_role: who computed it */
    uint64_t at_ns;
};

/* What an end drew for a key share. SECRET. */
struct recorded_share {
    hf_role end;
    uint16_t group;
    struct recording_bytes random;
    uint64_t at_ns;
};

struct recorded_candidate {
    uint32_t value;
    bool accepted;
    char *name, *reason; /* inert; NULL: none */
};

struct recorded_decision {
    hf_decision about;
    hf_role end;
    bool taken;
    uint32_t value;
    char *name, *reason;
    uint64_t at_ns;
    struct recorded_candidate *candidates;
    size_t candidate_count, candidate_cap;
};

struct recorded_state {
    hf_role end;
    const char *from, *to; /* static */
    uint64_t at_ns;
};

struct recorded_op {
    hf_role end;
    const char *name; /* static */
    bool answered;
    uint64_t opened_ns, answered_ns;
};

struct recorded_alert {
    hf_role from;
    uint8_t level, description;
    int protection;
    struct recording_times times;
};

struct recorded_note {
    hf_role end;
    char *about, *text; /* inert */
    uint32_t value;
    uint64_t at_ns;
};

struct recorded_error {
    hf_role end;
    hf_error error;
    uint64_t at_ns;
};

#define RECORDING_LIST(type)                                                                       \
    struct {                                                                                       \
        struct type *items;                                                                        \
        size_t count, cap, left_out;                                                               \
    }

struct recording {
    enum recording_source source;
    char title[160];      /* inert */
    char address[2][160]; /* of each end, inert; "": not known */
    bool observed[2];     /* which ends were watched */
    bool secrets;         /* they are written too */
    int64_t started_unix_ms;
    uint64_t bytes[2]; /* that each end sent in records of the handshake */
    uint64_t connected_ns[2];
    bool connected[2];
    RECORDING_LIST(recorded_message) messages;
    RECORDING_LIST(recorded_record) records;
    RECORDING_LIST(recorded_keys) keys;
    RECORDING_LIST(recorded_step) steps;
    RECORDING_LIST(recorded_share) shares; /* none without secrets */
    RECORDING_LIST(recorded_decision) decisions;
    RECORDING_LIST(recorded_state) states;
    RECORDING_LIST(recorded_op) ops;
    RECORDING_LIST(recorded_alert) alerts;
    RECORDING_LIST(recorded_note) notes;
    RECORDING_LIST(recorded_error) errors;
    size_t wire_bytes;
    bool wire_left_out, no_memory;
};

void recording_free(struct recording *r); /* wipes */

/* A zeroed entry at the end of a list of at most max, or NULL: full or no memory, which is noted.
 */
#define RECORDING_ADD(r, list, max)                                                                \
    (recording_grow((r), (void **)&(r)->list.items, &(r)->list.count, &(r)->list.cap,              \
                    sizeof *(r)->list.items, (max))                                                \
         ? &(r)->list.items[(r)->list.count++]                                                     \
         : ((r)->list.left_out++, NULL))
bool recording_grow(struct recording *r, void **items, const size_t *count, size_t *cap,
                    size_t size, size_t max);

/* A copy; empty when there is no memory, which is noted. */
struct recording_bytes recording_copy(struct recording *r, hf_span bytes);
void recording_bytes_free(struct recording_bytes *bytes); /* wipes */

static inline hf_span recording_span(const struct recording_bytes *bytes)
{
    return (hf_span){bytes->ptr, bytes->len};
}

/* Whether two spans hold the same. */
bool recording_same(hf_span a, hf_span b);

/* The step that a secret came from: the last one with this output and before `before`, or
 * RECORDING_NONE. */
int recording_step_of(const struct recording *r, hf_span secret, size_t before);

#endif

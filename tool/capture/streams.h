/* TCP put together again: from segments in any order to what each end sent, and when it could be
 * read.
 *
 * Invariants of a side: bytes[0..len) is what came from its first byte on without a gap; pending
 * holds segments behind a gap; chunks say in which order bytes of both sides became readable.
 * Bounded: STREAMS_MAX connections, STREAM_BYTES_MAX of each end, STREAM_PENDING_MAX segments. */
#ifndef CAPTURE_STREAMS_H
#define CAPTURE_STREAMS_H

#include <handfast/types.h>

enum {
    STREAMS_MAX = 4096,
    STREAM_BYTES_MAX = 4 * 1024 * 1024,
    STREAM_PENDING_MAX = 1024,
    ENDPOINT_TEXT_MAX = 64
};

/* An address and a port. */
struct endpoint {
    uint8_t address[16];
    uint8_t address_len; /* 4 or 16 */
    uint16_t port;
};

/* One TCP segment out of a packet. */
struct segment {
    struct endpoint from, to;
    uint32_t seq;
    bool syn, ack, fin, rst;
    hf_span data;
    uint64_t ns; /* when it passed */
};

struct pending {
    uint32_t seq;
    size_t len;
    uint64_t ns;
    uint8_t *data;
};

struct stream_side {
    struct endpoint at;
    bool started;   /* the sequence number of its first byte is known, or was taken to be */
    bool saw_start; /* by a SYN */
    uint32_t next;  /* sequence number that comes next */
    uint8_t *bytes;
    size_t len, cap;
    struct pending *pending;
    size_t pending_count;
    bool overflowed; /* there was more than fits */
};

struct chunk {
    uint8_t side;
    size_t end; /* its bytes can be read up to here */
    uint64_t ns;
};

struct stream {
    struct stream_side side[2]; /* by hf_role, as far as that is known */
    struct chunk *chunks;
    size_t chunk_count, chunk_cap;
    uint64_t first_ns;
    bool closed; /* a RST or both FINs: the ports may be used again */
};

struct streams {
    struct stream **all;
    size_t count, left_out;
    bool no_memory;
};

void streams_free(struct streams *s);
void streams_add(struct streams *s, const struct segment *segment);
/* After the last segment: says for each stream which side is the client. */
void streams_settle(struct streams *s);

/* How many bytes are missing before the first segment behind a gap; 0: none are. */
size_t stream_lost(const struct stream_side *side);
/* Whether its client began with a TLS ClientHello, or its first bytes could be one. */
bool stream_is_tls(const struct stream *s);

void endpoint_text(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX]);

#endif

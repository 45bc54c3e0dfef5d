/* The few types that every other header speaks in.
 *
 * Bytes that are only looked at travel as hf_span: pointer and length, nobody's ownership. Room
 * that is to be filled travels as hf_buf: the caller's memory, its capacity, and how far it is
 * filled. Every call that can stop or fail answers with one hf_status; the reason is in the object
 * that was asked (hf_conn_error, hf_config_error), never in a global.
 *
 * Threads: these are plain values.
 */
#ifndef HANDFAST_TYPES_H
#define HANDFAST_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <handfast/export.h>

HF_BEGIN_DECLS

/* How a call ended. Only HF_OK and the HF_NEED_* leave the object usable for more of the same. */
typedef enum hf_status {
    HF_OK = 0,         /* done, or progress was made: go on */
    HF_NEED_INPUT = 1, /* more bytes of the peer are needed */
    HF_NEED_SPACE = 2, /* the room given is too small; nothing has changed */
    HF_NEED_OP = 3,    /* an operation waits for its answer: see hf_conn_op */
    HF_CLOSED = 4,     /* the connection has been closed properly in this direction */
    HF_FAILED = 5      /* final: the object's error says why, and every later call says so again */
} hf_status;

/* Bytes to look at. data may be NULL only when len is 0. The memory is somebody else's. */
typedef struct hf_span {
    const uint8_t *data;
    size_t len;
} hf_span;

/* Room to fill: ptr[0..pos) is filled, ptr[pos..cap) is free. The memory is the caller's. */
typedef struct hf_buf {
    uint8_t *ptr;
    size_t cap;
    size_t pos;
} hf_buf;

/* Which end of the connection an object plays. */
typedef enum hf_role { HF_CLIENT = 0, HF_SERVER = 1 } hf_role;

/* Protocol versions as they stand on the wire (RFC 9846, 4.3.1). */
typedef enum hf_version { HF_TLS12 = 0x0303, HF_TLS13 = 0x0304 } hf_version;

HF_END_DECLS

#endif

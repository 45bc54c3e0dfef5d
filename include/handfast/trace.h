/* See it: what the engine did, as it did it.
 *
 * An hf_trace is a set of wanted events and a function. A connection created with one calls the
 * function for every wanted event, in order, from within the call that caused it. Without one, an
 * event costs a predicted branch and its arguments are not evaluated. Viewers, key logs and
 * recordings are consumers of these events; the engine knows none of them.
 *
 * Spans in an event live only during the call. Secrets appear only in HF_EV_SECRET, HF_EV_KEY_STEP
 * and HF_EV_KEY_SHARE, which must be wanted expressly. The function must not call back into the
 * connection.
 *
 * Threads: called on the thread that drives the connection.
 */
#ifndef HANDFAST_TRACE_H
#define HANDFAST_TRACE_H

#include <handfast/err.h>
#include <handfast/types.h>

HF_BEGIN_DECLS

/* Kinds of event; wanted as a mask of HF_EV_BIT(kind). */
typedef enum hf_event_kind {
    HF_EV_STATE,     /* the machine moved: u.state */
    HF_EV_MESSAGE,   /* a handshake message was sent or received: u.message */
    HF_EV_RECORD,    /* a record was sealed or opened: u.record */
    HF_EV_CANDIDATE, /* one candidate of a decision was weighed: u.candidate */
    HF_EV_DECISION,  /* a decision was taken: u.decision */
    HF_EV_KEYS,      /* protection changed in one direction: u.keys */
    HF_EV_SECRET,    /* a secret was derived, by its key log label: u.secret. SECRET */
    HF_EV_KEY_STEP,  /* one step of the key schedule with inputs and output: u.key_step. SECRET */
    HF_EV_OP,        /* an operation opened or was answered: u.op */
    HF_EV_ALERT,     /* an alert was sent or received: u.alert */
    HF_EV_ERROR,     /* the connection failed: u.error */
    HF_EV_NOTE,      /* a fact worth showing, such as an ignored extension: u.note */
    HF_EV_WIRE,      /* a record as it travels: u.wire. Its HF_EV_RECORD follows if it opens */
    HF_EV_KEY_SHARE, /* randomness was drawn for a key share: u.key_share. SECRET */
    HF_EV_COUNT
} hf_event_kind;

#define HF_EV_BIT(kind) (UINT64_C(1) << (kind))
/* Everything but secrets. */
#define HF_EV_PUBLIC                                                                               \
    ((HF_EV_BIT(HF_EV_COUNT) - 1) &                                                                \
     ~(HF_EV_BIT(HF_EV_SECRET) | HF_EV_BIT(HF_EV_KEY_STEP) | HF_EV_BIT(HF_EV_KEY_SHARE)))

/* Under which keys bytes travel. */
typedef enum hf_level {
    HF_LEVEL_PLAIN,
    HF_LEVEL_EARLY,
    HF_LEVEL_HANDSHAKE,
    HF_LEVEL_APPLICATION
} hf_level;

/* Seen from this end. */
typedef enum hf_direction { HF_SENT = 0, HF_RECEIVED = 1 } hf_direction;

/* What a decision is about. The value is the IANA code point unless said otherwise. */
typedef enum hf_decision {
    HF_DECIDE_VERSION,
    HF_DECIDE_CIPHER_SUITE,
    HF_DECIDE_GROUP,
    HF_DECIDE_SIGNATURE_SCHEME,
    HF_DECIDE_ALPN,     /* value 0, name the protocol */
    HF_DECIDE_IDENTITY, /* value the index in the store, name the leaf's first name */
    HF_DECIDE_PSK,      /* value the index of the identity offered */
    HF_DECIDE_EARLY_DATA,
    HF_DECIDE_RETRY, /* HelloRetryRequest or not */
    HF_DECIDE_CERTIFICATE_COMPRESSION,
    HF_DECIDE_CERTIFICATE /* the peer's chain */
} hf_decision;

/* One event. at_ns is what the trace's clock said, or 0 without one. */
typedef struct hf_event {
    hf_event_kind kind;
    hf_role role;
    uint64_t at_ns;
    const void *conn; /* identifies the connection */
    union {
        struct {
            const char *from, *to;
        } state;
        /* bytes: the whole message with its 4-byte header; offset: of its first byte in all
         * handshake bytes that went this way. */
        struct {
            hf_direction direction;
            hf_level level;
            uint8_t type;
            const char *name;
            hf_span bytes;
            uint64_t offset;
        } message;
        /* header: the 5 bytes on the wire; len: bytes of the fragment on the wire; plain_len and
         * padding once opened. */
        struct {
            hf_direction direction;
            hf_level level;
            uint8_t type;
            hf_span header;
            size_t len, plain_len, padding;
            uint64_t sequence;
        } record;
        struct {
            hf_decision about;
            uint32_t value;
            const char *name;
            bool accepted;
            const char *reason;
        } candidate;
        struct {
            hf_decision about;
            uint32_t value;
            const char *name;
            const char *reason;
        } decision;
        struct {
            hf_direction direction;
            hf_level level;
            uint16_t cipher_suite;
            uint32_t generation;
        } keys;
        /* client_random and the label: one line of an SSLKEYLOGFILE. */
        struct {
            const char *label;
            hf_span client_random, secret;
        } secret;
        /* step: "Extract" (salt, ikm) or "Expand-Label" (secret, label, context); result is
         * named by name, such as "client_handshake_traffic_secret". */
        struct {
            const char *step, *name, *label;
            hf_span in, salt_or_context, out;
        } key_step;
        struct {
            int kind;
            const char *name;
            bool answered;
        } op;
        struct {
            hf_direction direction;
            uint8_t level, description;
            const char *name;
        } alert;
        const hf_error *error;
        struct {
            const char *about;
            const char *text;
            uint32_t value;
        } note;
        /* bytes: the whole record with its header, sealed. */
        struct {
            hf_direction direction;
            hf_span bytes;
        } wire;
        /* random: what the provider drew for this end's share of the group (IANA's number). Of
         * (EC)DH and X25519 it is the private key, drawn again until it is in range; of a hybrid
         * the seed or the message of ML-KEM stands before the key of X25519. Not told when the
         * caller answers the operation. */
        struct {
            uint16_t group;
            hf_span random;
        } key_share;
    } u;
} hf_event;

/* What to watch. Owned by the caller and must outlive its connections. */
typedef struct hf_trace {
    uint64_t wanted; /* mask of HF_EV_BIT */
    void (*event)(void *ctx, const hf_event *event);
    void *ctx;
    uint64_t (*now_ns)(void *ctx); /* a monotonic clock of the caller; NULL: no times */
} hf_trace;

/* Formats an HF_EV_SECRET event as one line of an SSLKEYLOGFILE with line end and NUL (RFC
 * 9850). Returns its length without the NUL, or 0 when cap is too small or the event is another.
 * At most 256 bytes. */
HF_API size_t hf_keylog_line(const hf_event *event, char *out, size_t cap);

/* Writes the event as one line of JSON with line end and NUL: "event", "role", "conn", "at_ns"
 * and the members of its kind under their names above; bytes in hexadecimal. Returns the length
 * that it needs without the NUL; when that is >= cap the line is cut and must not be used.
 * Secrets stand in the lines of HF_EV_SECRET, HF_EV_KEY_STEP and HF_EV_KEY_SHARE only. */
HF_API size_t hf_event_json(const hf_event *event, char *out, size_t cap);

/* What a decision is about, as JSON and recordings name it: "cipher_suite". Never NULL; "unknown"
 * for a number that is none. */
HF_API const char *hf_decision_name(hf_decision about);

HF_END_DECLS

#endif

/* What the files of the follower share. */
#ifndef CAPTURE_FOLLOW_INT_H
#define CAPTURE_FOLLOW_INT_H

#include <handfast/inspect.h>

#include "capture/follow.h"

enum { RANDOM_LEN = 32, MASTER_LEN = 48, MESSAGE_MAX = 1 << 17 };

/* How far one end has come. */
struct follow_side {
    size_t end;        /* of its bytes, captured so far */
    size_t at;         /* of its bytes, looked at so far */
    hf_opener *opener; /* NULL: in the clear, or blind */
    bool blind;        /* protected, and nobody knows the keys */
    bool may_not_open; /* records that do not open are early data that was refused */
    bool early;        /* it sends early data now */
    bool guessing;     /* secret is that of early data, and its suite not known yet */
    uint8_t secret_len;
    hf_level level;
    uint32_t generation;
    uint8_t secret[HF_HASH_MAX_LEN];
    uint8_t *handshake; /* bytes of messages not yet whole */
    size_t handshake_len;
    uint64_t handshake_at; /* offset of handshake[0] in all of them */
    uint64_t records;
};

struct follow {
    const struct stream *stream;
    const struct follow_keys *keys;
    struct recorder *recorder;
    struct trouble *trouble;
    struct follow_side side[2]; /* by hf_role */
    uint64_t ns;                /* of the record under way */
    uint16_t version, cipher_suite;
    uint8_t random[2][RANDOM_LEN]; /* of client and server */
    uint8_t client_version[2];     /* as the ClientHello says it */
    uint8_t master[MASTER_LEN];
    bool hello_seen, answered, retried, early_offered, has_master, extended_master;
    bool patient;      /* records wait for what they follow from */
    uint8_t *messages; /* TLS 1.2: all of them so far, until the master secret is known */
    size_t messages_len;
    unsigned finished;
};

/* Tells the recorder, as the end that sent. */
void follow_event(struct follow *f, hf_role from, hf_event event);

/* follow_keys.c. All return 0 or the exit code of f->trouble. */
int follow_message(struct follow *f, hf_role from, hf_span message);
int follow_change_cipher_spec(struct follow *f, hf_role from);
/* Finds the suite of early data by what opens its first record, and installs the keys. */
int follow_guess_early(struct follow *f, hf_role from, hf_span record);

#endif

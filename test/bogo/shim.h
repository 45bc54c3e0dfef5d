/* The parts of the shim.
 *
 * A shim process runs one test: one connection to the runner, or several that resume. What all of
 * them share is struct bogo_shared, what belongs to one is struct bogo_conn. Functions that return
 * int give the exit code of the process: 0 to go on, BOGO_EXIT_UNIMPLEMENTED, or 1 with the reason
 * on stderr.
 */
#ifndef BOGO_SHIM_H
#define BOGO_SHIM_H

#include <handfast/handfast.h>

#include "flags.h"

enum {
    BOGO_BUFFER = 20000, /* holds any record */
    BOGO_CHAIN_MAX = 64,
    BOGO_TEXT_MAX = 4096,   /* of a list of names, or of a trace of messages */
    BOGO_EARLY_MAX = 14336, /* bytes of early data that the server takes: the runner counts on it */
    BOGO_WINDOW_MS = 60000  /* by which the age of a ticket may be off, as the runner has it */
};

struct bogo_shared {
    int64_t now_ms; /* stands still but for -resumption-delay */
    hf_ticket_keys *keys;
    hf_session_store *store; /* server: sessions by identifier */
    hf_replay_guard *guard;
    hf_session *session;       /* client: the last one that was issued */
    uint8_t client_sha256[32]; /* server: of the certificate that the first client showed */
};

/* Our certificates in one configuration: index i of the store is credentials[i]. */
struct bogo_identities {
    hf_identity *items[BOGO_CREDENTIALS_MAX + 1];
    const struct bogo_credential *credentials[BOGO_CREDENTIALS_MAX + 1];
    size_t count;
    bool has_base; /* the first is the one of flags before -new-x509-credential */
};

struct bogo_conn {
    const struct bogo_flags *flags;
    const struct bogo_flags *retry; /* what holds once early data was refused */
    struct bogo_shared *shared;
    struct bogo_identities identities;
    hf_config *config;
    hf_conn *tls;
    bool is_resume;
    int fd;
    uint8_t in[BOGO_BUFFER]; /* in[0..in_len) is not consumed; in[0..shown) may be looked at */
    size_t in_len, shown;
    bool eof;
    bool verified;             /* the peer's chain was asked about */
    size_t early_len;          /* bytes of the first write that went out as early data */
    uint8_t held[BOGO_BUFFER]; /* held[0..held_len) goes out before whatever is written next */
    size_t held_len;
    uint8_t traffic_secret[2][64]; /* of TLS 1.3, for -export-traffic-secrets: by hf_role, who
                                    * sends under it */
    size_t traffic_secret_len;
    char messages[BOGO_TEXT_MAX]; /* what went by, for -expect-msg-callback */
    size_t messages_len;
};

/* policy.c: a frozen configuration, and the certificates in it, from the flags. */
int bogo_policy(struct bogo_conn *c);
void bogo_policy_free(struct bogo_conn *c);

/* answer.c: answers the open operation, as the flags want it. */
void bogo_answer(struct bogo_conn *c, hf_op *op);

/* link.c: the socket. */
int bogo_link_open(struct bogo_conn *c);
void bogo_link_close(struct bogo_conn *c);
/* Sends all that waits. */
void bogo_link_flush(struct bogo_conn *c);
void bogo_link_write(struct bogo_conn *c, const uint8_t *data, size_t len);
/* Writes the first byte only; the rest, at most BOGO_BUFFER, goes out before the next write. */
void bogo_link_begin(struct bogo_conn *c, const uint8_t *data, size_t len);
/* Reads until something can be told: HF_OK with what it was, HF_CLOSED when nothing more comes,
 * HF_FAILED. The data are good until the next call. */
hf_status bogo_link_next(struct bogo_conn *c, hf_received *out);
/* Drives, and answers operations, until input is needed. */
hf_status bogo_link_drive(struct bogo_conn *c);

/* expect.c: whether what was negotiated is what the flags expect. */
int bogo_expect(const struct bogo_conn *c);
int bogo_expect_session(const struct bogo_conn *c, const hf_session *got);
int bogo_expect_end(const struct bogo_conn *c);
void bogo_watch(void *ctx, const hf_event *event);

/* Reads a whole file; the bytes live as long as the process. Empty: it cannot be read. */
hf_span bogo_file(const char *path);

#endif

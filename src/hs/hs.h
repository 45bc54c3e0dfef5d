/* The door of the handshake room: one handshake, from the first byte to CONNECTED, then gone.
 *
 * A handshake is one block: this struct and its arena behind it, allocated together, wiped and
 * freed when the machine reaches CONNECTED. What outlives it is copied to hs_result as it becomes
 * known. It talks to a sink (sink.h), reads messages from an inbox (inbox.h), and asks operations
 * (<handfast/op.h>). It never sees a record.
 *
 * Invariants: state is a row of state.def; op is open exactly in a row that stops for OP; msg is
 * the message of the present step and stays readable until the machine next stops for a message
 * (held).
 */
#ifndef HS_HS_H
#define HS_HS_H

#include <handfast/conn.h>

#include "base/arena.h"
#include "config/config.h"
#include "crypto/schedule13.h"
#include "crypto/transcript.h"
#include "hs/hs12.h"
#include "hs/inbox.h"
#include "hs/result.h"
#include "hs/sink.h"
#include "hs/state.h"
#include "wire/wr.h"

enum { HS_POOL_LEN = 256, HS_SHARES_MAX = 4, HS_GREASE_COUNT = 6, HS_OFFERS_MAX = 32 };

/* One pre-shared key of this handshake, wherever it comes from. Spans: into the configuration, the
 * session, or the handshake's memory. */
struct psk {
    hf_span identity;
    hf_span key;
    const hf_hash *hash;      /* NULL: there is no such key */
    const char *binder_label; /* RFC 9846, 7.1; RFC 9258, 4 */
    uint32_t obfuscated_age;  /* client: as it is sent */
};

/* A key share of the client that waits for its answer. */
struct hs_share {
    const hf_group *group;
    void *priv;
    uint8_t *public_key; /* until the hello is sent */
};

/* The client's side of the handshake. */
struct hs_client {
    const char *server_name; /* what to verify; NULL: nothing */
    const char *sni;         /* what to send; NULL: nothing */
    struct hs_share shares[HS_SHARES_MAX];
    size_t share_count, share_done;
    size_t scratch;               /* arena mark: what the key exchange took is given back */
    uint32_t offered;             /* EXT_BIT of all that the hello holds */
    uint8_t versions;             /* enum hs_versions of the hello */
    uint8_t order[HS_OFFERS_MAX]; /* permutation of the offers */
    uint16_t grease[HS_GREASE_COUNT];
    hf_span cookie;
    uint16_t retry_suite;
    uint16_t retry_group; /* 0: none */
    bool ccs_sent;
    uint8_t *share_out;    /* TLS 1.2: this end's half of the key exchange */
    hf_session *session;   /* to be offered, a reference; NULL: none */
    hf_session *session12; /* the same, of TLS 1.2 */
    bool early;            /* early data is under way: not refused so far */
    bool chain_believed;   /* the session's chain was verified again, with this verdict: */
    bool chain_refused;
    struct psk psk; /* chosen by the server */
    /* CertificateRequest */
    bool requested;
    hf_span request_context;
    uint16_t *request_schemes;
    size_t request_scheme_count;
    uint16_t *request_cert_schemes;
    size_t request_cert_scheme_count;
    hf_span *request_authorities;
    size_t request_authority_count;
    uint16_t request_compression; /* a common method, or 0 */
};

/* What a ClientHello offers, parsed; spans into the message. */
struct hs_offer {
    struct client_hello hello;
    hf_span server_name;
    hf_span versions, groups, schemes, cert_schemes; /* list16; empty: absent */
    hf_span shares;                                  /* KeyShareEntry after KeyShareEntry */
    hf_span alpn;                                    /* ProtocolName after ProtocolName */
    hf_span psk_modes, cookie;
    hf_span point_formats, renegotiation;
    hf_span psk_identities, psk_binders;
    size_t binders_at;   /* offset in the whole message where the binders' vector begins */
    hf_span compression; /* list16 */
    bool has_alpn, has_psk, wants_status, wants_sct, early_data, post_auth;
    bool extended_master_secret, takes_ticket;
};

/* The server's side. */
struct hs_server {
    struct hs_offer offer;
    hf_span peer_address;
    hf_span share;                 /* the client's share of the group, or empty */
    hf_span server_name;           /* copy that survives the message */
    uint8_t fixed_digest[32];      /* of what a second hello may not change */
    bool asked_again;              /* by a HelloRetryRequest whose state is in its cookie */
    int psk_index;                 /* among the client's; -1: none */
    struct psk psk;                /* that which stands at psk_index */
    int psk_next;                  /* index of the first of these */
    struct session_state *session; /* the ticket's that was opened last, or is sealed, and behind it
                                      SESSION_STATE_MAX bytes for its written form; NULL: none */
    bool takes_tickets;            /* a mode of pre-shared keys is common */
    bool is_psk_ke;                /* ... and it is the one without a key exchange */
    bool early;                    /* early data is taken */
    bool is_session;               /* psk is a session's, not an external key */
    bool is_single_use;            /* ... that nobody else will find */
    uint8_t tickets_tried, tickets_left, tickets_sent;
    uint8_t *ticket; /* to be sent */
    bool certificate_requested;
    uint16_t compression;
    struct hs_share own; /* TLS 1.2: this end's half of the key exchange */
    uint8_t *share_out;
    size_t scratch;      /* arena mark: what the key exchange took is given back */
    uint8_t context[16]; /* of a post-handshake request */
    uint8_t context_len;
};

struct hs {
    enum hs_state state;
    bool held;        /* msg is still in the inbox */
    bool post;        /* authentication after the handshake */
    bool ccs_waits;   /* ChangeCipherSpec has come and its step has not run yet */
    bool ccs_taken;   /* ... has come in this handshake */
    bool ccs_dropped; /* a dummy one was passed over (RFC 9846, 5) */
    hf_level write_level, read_level;
    const hf_config *config; /* a reference */
    const struct hs_sink *sink;
    void *owner;
    hf_error *error;
    const struct tracer *tr;
    struct inbox *in;
    struct hs_result *result;
    int64_t now_ms;

    struct message msg;
    struct transcript transcript;
    union {
        struct sched13 sched;
        struct transcript early[2]; /* client: SHA-256 and SHA-384, until the suite is known */
        struct hs_tls12 t12;
    };
    uint8_t client_random[MSG_RANDOM_LEN];
    uint8_t session_id[MSG_SESSION_ID_MAX];
    uint8_t session_id_len;
    struct hs_verbatim verbatim;
    struct secret client_hs, server_hs;
    uint8_t *shared_secret; /* group->secret_len bytes */

    /* This end's authentication. */
    hf_identity *identity;
    uint16_t scheme;
    /* The peer's. */
    hf_span peer_spki;

    hf_op op;
    union {
        struct hs_client c;
        struct hs_server s;
    };
    struct arena arena;
    uint8_t inbox_spare[INBOX_SPARE_LEN];
    uint8_t pool[HS_POOL_LEN]; /* random bytes drawn together: a draw costs more than its bytes.
                                  Unused from pool_at on */
    uint16_t pool_at;
};

/* What a handshake is created with. Everything but config is borrowed and must outlive it. */
struct hs_args {
    const hf_config *config; /* a reference is taken */
    const struct hs_sink *sink;
    void *owner;
    hf_error *error;
    const struct tracer *tr;
    struct inbox *in;
    struct hs_result *result;
    const char *server_name;   /* client; to verify */
    const char *sni;           /* client; to send */
    const hf_session *session; /* client; to offer */
    bool early_data;           /* client; to send some with it */
    hf_span peer_address;      /* server */
    void *user;
    int64_t now_ms;
};

/* A handshake in the first state of config's role, or NULL without memory. */
struct hs *hs_new(const struct hs_args *args);
/* Wipes and frees; NULL is allowed. */
void hs_free(struct hs *hs);

/* Goes on until the machine stops. HF_OK: CONNECTED. HF_NEED_INPUT, HF_NEED_OP, HF_FAILED as
 * elsewhere. */
hf_status hs_drive(struct hs *hs);

/* After CONNECTED: authentication of the client (RFC 9846, 4.7.2), as a handshake of its own
 * over the kept transcript. */
struct hs *hs_new_post_client(const struct hs_args *args);
struct hs *hs_new_post_server(const struct hs_args *args);

/* RFC 9846, 6: a failed connection forgets its secrets; what may be shown stays. */
void hs_result_forget_secrets(struct hs_result *r);
void hs_result_clear(struct hs_result *r);

/* --- For the machines ------------------------------------------------------------------------- */

/* Moves to a state, which the row of the present one must allow. */
void hs_go(struct hs *hs, enum hs_state next);

/* Opens the operation that was filled in hs->op and goes to the state that waits for it. An
 * operation that the configuration does not leave to the caller is answered at once. */
hf_status hs_ask(struct hs *hs, hf_op_kind kind, enum hs_state wait);

/* After the wait: HF_OK, or the operation's failure raised as this connection's. Closes the
 * operation. */
hf_status hs_answer(struct hs *hs);

/* Starts a message of at most hint bytes of body; ends it: length, transcript, trace, sink. */
hf_status hs_begin(struct hs *hs, enum message_type type, size_t hint, struct wr *w);
hf_status hs_end(struct hs *hs, struct wr *w);

/* From now on all messages are kept as they are. */
void hs_keep_verbatim(struct hs *hs);
/* They were kept for nothing. */
void hs_forget_verbatim(struct hs *hs);
/* Hands them out and keeps no more. HF_FAILED: memory was short. */
hf_status hs_take_verbatim(struct hs *hs, hf_span *out);

/* A ChangeCipherSpec has come. HF_FAILED: it may not, and says why. */
hf_status hs_change_cipher_spec(struct hs *hs);

/* Adds the message of the present step to the transcript. */
void hs_hash_received(struct hs *hs);

/* The message of the present step is not looked at any more: its memory is given back. */
void hs_release_message(struct hs *hs);

/* Tells the sink how many bytes the flight that begins may take, so that it takes memory once. */
void hs_expect(struct hs *hs, size_t bytes);

/* result->resumption, taken when it is needed first; NULL: no memory. */
struct hs_resumption *hs_need_resumption(struct hs *hs);

/* A session for the caller, whose reference is taken over; the oldest gives way. */
void hs_keep_session(struct hs_resumption *r, hf_session *session);
/* The oldest, with its reference; NULL: there is none. */
hf_session *hs_take_session(struct hs_resumption *r);

/* New keys for a direction. Receiving keys may change only between messages: checked here, for
 * everybody. */
hf_status hs_install(struct hs *hs, hf_direction direction, hf_level level,
                     const struct secret *secret);

/* The same for TLS 1.2, whose keys are made for both directions at once. */
hf_status hs_install_keys(struct hs *hs, hf_direction direction, const uint8_t *key,
                          const uint8_t *iv);

/* Tells the trace a secret under its key log label. */
void hs_log_secret(struct hs *hs, const char *label, const struct secret *secret);

/* n zeroed bytes of the arena; NULL is raised as HF_E_NO_MEMORY by the caller's TRY through
 * hs_no_memory. */
void *hs_alloc(struct hs *hs, size_t n);
hf_status hs_no_memory(struct hs *hs);

/* Random bytes from the configuration's source, drawn in advance for the whole handshake. */
hf_status hs_random(struct hs *hs, uint8_t *out, size_t n);
/* The same as a hf_random_fn; ctx is the struct hs. */
bool hs_pool_random(void *ctx, uint8_t *out, size_t n);

#endif

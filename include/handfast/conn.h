/* One connection, either end: TLS records in, application data out, and back. No socket inside.
 *
 * The caller owns all bytes. hf_conn_recv is given what came from the network, decrypts in place
 * and says what was consumed and what it was; hf_conn_send seals application data into the caller's
 * room; hf_conn_flush hands over handshake bytes and alerts that wait to be sent. Nothing is done
 * behind the caller's back: no I/O, no clock, no thread.
 *
 *     hf_conn *c;
 *     if (hf_conn_new(config, &params, &c) != HF_OK) ...
 *     hf_status s = hf_conn_drive(c);                 // a client now has its ClientHello ready
 *     for (;;) {
 *         write all that hf_conn_flush gives;
 *         if (s == HF_FAILED || hf_conn_is_connected(c)) break;
 *         read from the network to buf[0..n);
 *         hf_received r;
 *         s = hf_conn_recv(c, buf, n, &r);            // repeat with the rest after r.consumed
 *     }
 *
 * After HF_FAILED flush once more: the alert for the peer waits there.
 *
 * Threads: one at a time per connection; different connections share nothing but frozen
 * configurations.
 */
#ifndef HANDFAST_CONN_H
#define HANDFAST_CONN_H

#include <handfast/config.h>
#include <handfast/err.h>
#include <handfast/op.h>
#include <handfast/session.h>
#include <handfast/trace.h>
#include <handfast/types.h>

HF_BEGIN_DECLS

typedef struct hf_conn hf_conn;

/* What differs from connection to connection. Set size to sizeof; zero the rest. Strings are
 * copied. */
typedef struct hf_conn_params {
    size_t size;
    int64_t now_ms;          /* the time, Unix milliseconds; see hf_conn_set_time */
    const char *server_name; /* client: DNS name or IP address of the server: verified, and sent as
                              * SNI when it is a name; NULL: neither, which HF_VERIFY_REQUIRE
                              * allows only with pre-shared keys or an external VERIFY_CHAIN */
    const char *verify_name; /* client: the name to verify instead of server_name */
    bool no_sni;             /* client: verify server_name but do not send it */
    hf_span peer_address;    /* server: bound into stateless cookies; may be empty */
    const hf_trace *trace;   /* NULL: none; outlives the connection */
    void *user;              /* handed to ops */
    const hf_session *session; /* client: to be offered; a reference is taken. NULL: none. Offer one
                                * only under the rules (trust, names) that it came from */
    bool early_data;           /* client: hf_conn_send_early will be used */
} hf_conn_params;

/* A connection of the configuration's role. The configuration must be frozen; a reference is
 * taken. HF_FAILED: no memory, or wrong use; *out is NULL. */
HF_API HF_MUST_CHECK hf_status hf_conn_new(const hf_config *config, const hf_conn_params *params,
                                           hf_conn **out);
/* Ends it in any state; wipes. NULL is allowed. */
HF_API void hf_conn_free(hf_conn *conn);

/* Tells the time (Unix milliseconds), which certificates and tickets are judged by. */
HF_API void hf_conn_set_time(hf_conn *conn, int64_t now_ms);

/* Goes on as far as possible without input: starts a client's handshake, continues after an op.
 * HF_OK or HF_NEED_INPUT: fine; HF_NEED_OP; HF_FAILED. */
HF_API HF_MUST_CHECK hf_status hf_conn_drive(hf_conn *conn);

/* What one record was. */
typedef enum hf_received_kind {
    HF_GOT_NOTHING,    /* handshake or other protocol bytes, dealt with inside */
    HF_GOT_DATA,       /* application data */
    HF_GOT_EARLY_DATA, /* application data sent with 0-RTT: may be a replay */
    HF_GOT_CLOSE       /* the peer's close_notify: no more data comes */
} hf_received_kind;

typedef struct hf_received {
    size_t consumed; /* bytes of buf that are dealt with */
    hf_received_kind kind;
    uint8_t *data; /* into buf, for data kinds */
    size_t len;
    size_t want; /* with HF_NEED_INPUT: bytes that the next call needs at least, from the start of
                    what is left */
} hf_received;

/* Takes at most one record from buf[0..len), decrypting in place. A record is consumed with all its
 * effects or not at all.
 *   HF_OK         consumed > 0; call again for the rest.
 *   HF_NEED_INPUT consumed is 0 and nothing changed: buf holds no whole record; out->want bytes
 *   will do.
 *   HF_NEED_OP    an op is open; consumed says whether the record was taken before it opened.
 *   HF_CLOSED     the peer has closed; nothing is consumed any more.
 *   HF_FAILED     flush the alert and stop. */
HF_API HF_MUST_CHECK hf_status hf_conn_recv(hf_conn *conn, uint8_t *buf, size_t len,
                                            hf_received *out);

/* Tells that the stream ended without close_notify: HF_FAILED with HF_E_TRUNCATED or
 * HF_E_PEER_CLOSED_HANDSHAKE, or HF_CLOSED when close_notify had come. */
HF_API hf_status hf_conn_recv_eof(hf_conn *conn);

/* Moves waiting handshake bytes and alerts to out. HF_OK: all moved; HF_NEED_SPACE: as much as
 * fits was moved, call again. Works after HF_FAILED as well. */
HF_API hf_status hf_conn_flush(hf_conn *conn, hf_buf *out);
/* How many bytes wait for hf_conn_flush. */
HF_API size_t hf_conn_pending(const hf_conn *conn);

/* Seals data into out as records, what waits for flush first. *taken: how many bytes of data
 * went in; as many whole records as fit, the last one cut to the room. HF_OK: all;
 * HF_NEED_SPACE: *taken < len. HF_NEED_INPUT: the handshake has not come far enough. data may
 * not overlap out. */
HF_API HF_MUST_CHECK hf_status hf_conn_send(hf_conn *conn, hf_span data, hf_buf *out,
                                            size_t *taken);

/* Client, with hf_conn_params.early_data: seals data as early data (0-RTT; RFC 9846, 2.3), before
 * the server has answered. ANYBODY WHO RECORDS IT CAN SEND IT AGAIN: only what may happen twice
 * belongs here, whatever the server promises. As hf_conn_send; HF_NEED_INPUT: early data cannot be
 * sent (no session, its limit is reached, or the server has answered). hf_conn_info says afterwards
 * whether it was taken; what was refused is not sent again by itself. */
HF_API HF_MUST_CHECK hf_status hf_conn_send_early(hf_conn *conn, hf_span data, hf_buf *out,
                                                  size_t *taken);

/* Client: a session that the server has issued and that was not taken yet, oldest first; the
 * reference is the caller's. NULL: none (yet): servers send them after the handshake, with or
 * before the first data. */
HF_API hf_session *hf_conn_take_session(hf_conn *conn);

/* Seals one record in place: buf[HF_RECORD_HEAD .. HF_RECORD_HEAD + len) holds the data, and buf
 * has room for HF_RECORD_HEAD + len + HF_RECORD_TAIL bytes; *record_len: bytes to send from buf.
 * len is at most hf_conn_max_send. HF_NEED_SPACE: bytes wait for hf_conn_flush, send those
 * first. */
HF_API HF_MUST_CHECK hf_status hf_conn_seal(hf_conn *conn, uint8_t *buf, size_t len,
                                            size_t *record_len);
enum { HF_RECORD_HEAD = 5, HF_RECORD_TAIL = 24, HF_RECORD_MAX = 16384 };
/* Largest len for hf_conn_seal now: 16384 or what the peer's record_size_limit and our padding
 * leave. */
HF_API size_t hf_conn_max_send(const hf_conn *conn);

/* Whether application data can be sent. A server can send before its handshake is complete
 * (0.5-RTT), unless it requires a client certificate (RFC 9846, 2). */
HF_API bool hf_conn_can_send(const hf_conn *conn);
/* Whether the handshake is complete, and the peer so authenticated as the configuration asks. */
HF_API bool hf_conn_is_connected(const hf_conn *conn);

/* Before the handshake has come far enough to send: cancels it (user_canceled), and the connection
 * has failed. Else closes the sending direction: close_notify waits for flush. Receiving goes on
 * until the peer closes. */
HF_API hf_status hf_conn_close(hf_conn *conn);

/* Ends the handshake or connection by the application's wish: user_canceled or the alert given,
 * then nothing. */
HF_API hf_status hf_conn_abort(hf_conn *conn, hf_alert alert);

/* New keys for sending, now; with ask_peer the peer is asked for new ones too (RFC 9846, 4.7.3).
 * HF_NEED_INPUT: the handshake has not come far enough. HF_NEED_OP: an operation of a late
 * authentication is open, try again after it. HF_FAILED with no error set: TLS 1.2 cannot, and the
 * connection goes on. */
HF_API HF_MUST_CHECK hf_status hf_conn_update_keys(hf_conn *conn, bool ask_peer);

/* Server, connected: asks the client for a certificate (RFC 9846, 4.7.2). HF_FAILED with no
 * error set when the client does not allow it or this server has no trust anchors: the
 * connection goes on, this failure is not final. Until the answer has come
 * hf_conn_info.post_auth_pending is true. */
HF_API HF_MUST_CHECK hf_status hf_conn_request_certificate(hf_conn *conn);

/* Keying material for the application (RFC 9846, 7.5). early: from the early exporter secret,
 * which exists when a pre-shared key was chosen. HF_NEED_INPUT: not derived (yet). HF_FAILED:
 * label or out_len is out of range, or it is TLS 1.2 without extended_master_secret; nothing else
 * happened. context may be empty; in TLS 1.2 (RFC 5705) an empty one with data NULL is none at all.
 * out_len at most
 * 255 * hash length. */
HF_API HF_MUST_CHECK hf_status hf_conn_export(const hf_conn *conn, bool early, const char *label,
                                              hf_span context, uint8_t *out, size_t out_len);

/* The open operation, or NULL. */
HF_API hf_op *hf_conn_op(hf_conn *conn);

/* Why the connection failed; code HF_E_NONE when it did not. Never NULL. */
HF_API const hf_error *hf_conn_error(const hf_conn *conn);

/* The name of the present state, such as "C13_READ_FINISHED"; static. */
HF_API const char *hf_conn_state(const hf_conn *conn);

/* What was negotiated. Names are static, "" when not (yet) known; spans live as long as the
 * connection. */
typedef struct hf_conn_info {
    hf_role role;
    bool connected;
    uint16_t version; /* 0: not yet */
    uint16_t cipher_suite;
    const char *cipher_suite_name;
    uint16_t group; /* 0: none (psk_ke, RSA key transport, a resumed TLS 1.2) */
    const char *group_name;
    bool post_quantum;
    uint16_t signature_scheme; /* of the server's CertificateVerify; 0: none (PSK) */
    const char *signature_scheme_name;
    uint16_t client_signature_scheme;
    const char *client_signature_scheme_name;
    bool retried;                    /* a HelloRetryRequest took place */
    bool psk;                        /* a pre-shared key was used */
    bool resumed;                    /* ... that came from a session */
    bool early_data_offered;         /* the first flight offered early data */
    bool early_data;                 /* early data was accepted */
    hf_resume_reason resume_reason;  /* why nothing was resumed, as far as this end knows */
    hf_resume_reason early_reason;   /* why early data was not taken */
    int32_t ticket_age_skew_ms;      /* server, resumed, TLS 1.3: by how much the age of the session
                                      * is greater as the client tells it than by this server's
                                      * clock, a journey of the ticket included; negative: less */
    hf_span peer_certificate_sha256; /* server, resumed, client_certificate: of the certificate that
                                      * was shown when the session began; else empty */
    bool client_certificate;         /* the client showed a certificate and it was accepted */
    bool post_auth_pending;
    bool read_closed, write_closed;
    hf_span alpn;                      /* chosen protocol; empty: none */
    hf_span server_name;               /* SNI as sent or received; empty: none */
    uint16_t certificate_compression;  /* method used by the server's certificate; 0: none */
    uint16_t peer_record_size_limit;   /* 0: not announced */
    uint32_t keys_sent, keys_received; /* generation of the application keys, 0 at first */
    size_t peer_chain_count;
    int chosen_identity; /* index in our store; -1: none shown */
} hf_conn_info;
/* Fills in what is known by now, in any state; after a failure too. */
HF_API void hf_conn_describe(const hf_conn *conn, hf_conn_info *out);

/* Certificate i of the peer's chain in DER, leaf first; empty for i >= peer_chain_count. Lives
 * as long as the connection, or until hf_conn_forget_peer_chain gives the memory back. */
HF_API hf_span hf_conn_peer_certificate(const hf_conn *conn, size_t i);
/* Gives back the memory of the chain, the OCSP response and the SCTs; they are empty from then on.
 */
HF_API void hf_conn_forget_peer_chain(hf_conn *conn);
/* The peer's stapled OCSP response; empty: none. Lives like the chain. */
HF_API hf_span hf_conn_peer_ocsp_response(const hf_conn *conn);
/* The peer's SignedCertificateTimestampList (RFC 6962, 3.3); empty: none. Lives like the chain. */
HF_API hf_span hf_conn_peer_sct_list(const hf_conn *conn);

HF_END_DECLS

#endif

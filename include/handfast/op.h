/* Operations: everything slow or outside that a handshake needs.
 *
 * A handshake that needs a signature, a chain verified, a shared secret computed, an identity or a
 * configuration chosen, a ticket opened or sealed, a first flight checked, stops and describes the
 * need in an hf_op. By default the library answers at once from the configuration and nobody sees
 * an op. A caller who wants to answer some kinds itself (later, on a thread, in an HSM, batched
 * over connections) names them with hf_config_external_ops; then calls on the connection return
 * HF_NEED_OP until the op is finished:
 *
 *     hf_op *op = hf_conn_op(conn);
 *     if (op->kind == HF_OP_SIGN) {
 *         size_t n = my_hsm_sign(op->u.sign.scheme, op->u.sign.message, op->u.sign.signature,
 *         op->u.sign.capacity);
 *         op->u.sign.signature_len = n;
 *         hf_op_finish(op, HF_OK);
 *     } else {
 *         hf_op_run(op);            // the built-in answer, also from another thread
 *     }
 *     hf_conn_drive(conn);
 *
 * At most one op is open per connection. While it is open the connection consumes no input; freeing
 * the connection cancels it (the caller must have stopped using it). hf_op_run and hf_op_finish
 * touch the op only, so they may run on any thread as long as no other thread uses the connection
 * at the same time.
 *
 * Ownership: inputs belong to the connection and live until hf_conn_drive; outputs are written in
 * place.
 */
#ifndef HANDFAST_OP_H
#define HANDFAST_OP_H

#include <handfast/crypto.h>
#include <handfast/err.h>
#include <handfast/identity.h>
#include <handfast/session.h>
#include <handfast/trust.h>
#include <handfast/types.h>

HF_BEGIN_DECLS

struct hf_config;

typedef enum hf_op_kind {
    HF_OP_NONE = 0,
    HF_OP_CHOOSE_CONFIG, /* server: another configuration for this ClientHello? Only when external.
                          */
    HF_OP_CHOOSE_IDENTITY,  /* which certificate to show */
    HF_OP_SIGN,             /* CertificateVerify; TLS 1.2: or ServerKeyExchange */
    HF_OP_VERIFY_CHAIN,     /* is the peer's chain to be believed? */
    HF_OP_VERIFY_SIGNATURE, /* the peer's */
    HF_OP_KEY_GENERATE,     /* client; TLS 1.2: server: a key share */
    HF_OP_KEY_ENCAP,        /* the other end: share and secret from it */
    HF_OP_KEY_DECAP,        /* then the first: secret from the other's share */
    HF_OP_DECRYPT,          /* server, TLS 1.2: the premaster secret of RSA key transport */
    HF_OP_TICKET_OPEN,      /* server: the state of a session from its ticket */
    HF_OP_TICKET_SEAL,      /* server: a ticket from the state of a session */
    HF_OP_SESSION_FIND,     /* server, TLS 1.2: the state of a session from its identifier */
    HF_OP_SESSION_PUT,      /* server, TLS 1.2: the state is to be kept under its identifier */
    HF_OP_REPLAY_CHECK,     /* server: was this first flight seen before? */
    HF_OP_COUNT
} hf_op_kind;

#define HF_OP_BIT(kind) (1u << (kind))

enum { HF_REPLAY_KEY_LEN = 32 };

/* One need. Members under "in" are read only. */
typedef struct hf_op {
    hf_op_kind kind;
    bool finished;    /* set by hf_op_finish */
    hf_status status; /* HF_OK or HF_FAILED, set by hf_op_finish */
    hf_error error; /* may be filled before hf_op_finish(op, HF_FAILED); else HF_E_OP_REFUSED. With
                       HF_E_OP_ALERT the peer is told error.alert, else the code's own alert */
    const struct hf_config *config;
    void *user;     /* hf_conn_params.user */
    void *internal; /* the library's own */
    union {
        /* in: what the client said. out: config, a frozen configuration with a reference that
         * the connection takes over; left NULL: keep the present one. */
        struct {
            hf_span client_hello; /* the whole message */
            hf_span server_name;  /* empty: none */
            const hf_span *alpn;  /* offered protocols */
            size_t alpn_count;
            struct hf_config *config;
        } choose_config;
        /* in: what the peer can use. out: identity with a reference that the connection takes
         * over, and a scheme that fits its key. A client may leave identity NULL: no certificate
         * is shown. */
        struct {
            hf_span server_name;
            const hf_span *alpn;
            size_t alpn_count;
            const uint16_t *schemes; /* peer's signature_algorithms */
            size_t scheme_count;
            const uint16_t *cert_schemes;
            size_t cert_scheme_count;
            const hf_span *authorities; /* DER names of certificate_authorities */
            size_t authority_count;
            bool tls12;         /* rsa_pkcs1 may sign too */
            bool key_transport; /* a server's key of RSA that may only decrypt will do, if none that
                                   may sign is there (RFC 5246, 7.4.2) */
            hf_identity *identity;
            uint16_t scheme;
            uint32_t index; /* for display: which of the store */
        } choose_identity;
        /* in: who signs what. out: signature, signature_len. */
        struct {
            const hf_identity *identity;
            uint16_t scheme;
            hf_span message; /* not hashed yet */
            uint8_t *signature;
            size_t capacity;
            size_t signature_len;
        } sign;
        /* in: the chain as sent (leaf first). out: the verdict. A verdict that is not accepted
         * ends the handshake with its code; hf_op_finish(op, HF_OK) in both cases. Sessions end
         * with verdict.until_s, if it is not 0. */
        struct {
            const hf_span *chain;
            size_t count;
            hf_span ocsp_response; /* as stapled; may be empty */
            hf_span sct_list;
            const char *name; /* client: the server's name to check; NULL: none */
            hf_role peer;
            bool key_transport; /* the leaf's key decrypts and does not sign: keyEncipherment is
                                   what its keyUsage must allow (RFC 5246, 7.4.2) */
            int64_t now_s;
            hf_verdict verdict;
        } verify_chain;
        /* in: all. out: valid. */
        struct {
            hf_span spki; /* DER SubjectPublicKeyInfo of the leaf */
            uint16_t scheme;
            hf_span message;
            hf_span signature;
            bool tls12; /* an ECDSA scheme names its hash only, the curve is the key's */
            bool valid;
        } verify_signature;
        /* in: group; private memory of group->private_size. out: private, share
         * (group->client_share_len bytes). Both stay where they are until the key_decap that
         * follows. */
        struct {
            const hf_group *group;
            void *priv;
            uint8_t *share;
        } key_generate;
        /* in: group, the client's share. out: share (group->server_share_len bytes), secret
         * (group->secret_len bytes). */
        struct {
            const hf_group *group;
            hf_span peer_share;
            uint8_t *share;
            uint8_t *secret;
        } key_encap;
        struct {
            const hf_group *group;
            void *priv;
            hf_span peer_share;
            uint8_t *secret;
        } key_decap;
        /* in: whose key, and what it decrypts. out: premaster, 48 bytes: of a ciphertext that holds
         * none, random ones, and nobody may learn which it was (RFC 5246, 7.4.7.1). */
        struct {
            const hf_identity *identity;
            hf_span ciphertext;
            uint8_t *premaster;
        } decrypt;
        /* in: the ticket, which is what ticket_seal gave out, or anything at all; time; keep: the
         * client will be asked for a second hello, for which the session must be found once more.
         * out: the state in memory of capacity bytes, reason HF_RESUME_NONE; or a reason, and the
         * handshake goes on in full. Both kinds of session go this way: the built-in answer takes
         * tickets of HF_STORE_ID_LEN bytes out of the configuration's session store, and opens
         * others with its ticket keys. single_use: the session has been taken out of wherever it
         * was, so that no other first flight finds it, anywhere; then the flight's early data needs
         * no replay_check (RFC 9846, 8.1). renew: the ticket's key seals no more, so a client of
         * TLS 1.2 should be given another ticket. The state is a SECRET. */
        struct {
            hf_span ticket;
            int64_t now_ms;
            bool keep;
            bool single_use;
            uint8_t *state;
            size_t capacity;
            size_t state_len;
            hf_resume_reason reason;
            bool renew; /* TLS 1.2: give the client a new ticket in place of this one */
        } ticket_open;
        /* in: the state, a SECRET. out: a ticket of ticket_len bytes in memory of capacity bytes;
         * 0: send no ticket. */
        struct {
            hf_span state;
            int64_t now_ms;
            uint32_t lifetime_s;
            uint8_t *ticket;
            size_t capacity;
            size_t ticket_len;
        } ticket_seal;
        /* in: the identifier, time. out: as of ticket_open. The built-in answer finds it in the
         * configuration's session store and leaves it there. */
        struct {
            hf_span id;
            int64_t now_ms;
            uint8_t *state;
            size_t capacity;
            size_t state_len;
            hf_resume_reason reason;
        } session_find;
        /* in: all. out: kept; false: the identifier, which the client was told already, will not
         * be found, and costs it a full handshake. The built-in answer puts it into the
         * configuration's session store. */
        struct {
            hf_span id;
            hf_span state;
            int64_t now_ms;
            uint32_t lifetime_s;
            bool kept;
        } session_put;
        /* in: what identifies a first flight (HF_REPLAY_KEY_LEN bytes of its binder, which nobody
         * can choose), and for how long from now_ms it must be remembered. out: HF_RESUME_NONE: it
         * is new and now remembered, everywhere; else why its early data is refused. Whoever cannot
         * be sure says HF_RESUME_STORE_DOWN. */
        struct {
            hf_span key;
            int64_t now_ms;
            uint32_t window_ms;
            hf_resume_reason reason;
        } replay_check;
    } u;
} hf_op;

/* Answers an op as the library would by itself, from the op's configuration, and finishes it. */
HF_API void hf_op_run(hf_op *op);

/* Declares the op answered: HF_OK with the outputs filled in, or HF_FAILED. */
HF_API void hf_op_finish(hf_op *op, hf_status status);

/* "sign", "verify_chain", ...; static. */
HF_API const char *hf_op_name(hf_op_kind kind);

HF_END_DECLS

#endif

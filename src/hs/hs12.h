/* What a handshake of TLS 1.2 holds beside what both versions hold: parts of struct hs. */
#ifndef HS_HS12_H
#define HS_HS12_H

#include "crypto/schedule12.h"
#include "wire/message.h"

/* What TLS 1.2 keeps for exporters. */
struct hs_master {
    struct secret secret;
    uint8_t randoms[2 * MSG_RANDOM_LEN]; /* of the client, then of the server */
};

/* A ServerKeyExchange, in the arena. */
struct hs_key_exchange {
    hf_span params, share, signature;
    uint16_t scheme;
};

/* What only TLS 1.2 holds. */
struct hs_tls12 {
    struct keys12 keys;
    uint8_t server_random[MSG_RANDOM_LEN];
    uint16_t share_len, secret_len; /* client: of share_out and shared_secret */
    bool staple_follows;            /* the server has answered status_request */
    bool renegotiation;             /* the peer does secure renegotiation */
    bool ticket_follows;            /* the server has answered session_ticket */
    bool found_by_id;               /* server: the session that is resumed is stored */
    uint16_t written_len;           /* server: of the session in resume_written */
    uint32_t ticket_lifetime_s;     /* client: of NewSessionTicket */
    hf_span ticket;                 /* client: in the arena */
    hf_span sct_list;               /* client: of ServerHello, in the arena */
    hf_span ocsp_response;          /* client: of CertificateStatus, in the arena */
    struct hs_key_exchange key_exchange;
};

/* The messages as they were, for a signature over them all (RFC 5246, 7.4.8). */
struct hs_verbatim {
    bool on, short_of_memory;
    uint8_t *data;
    size_t len, cap;
};

#endif

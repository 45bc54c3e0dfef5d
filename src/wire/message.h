/* Handshake messages as views: spans into the message, parsed whole before anything is judged. */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include "wire/ext.h"

/* HandshakeType, RFC 9846, 4, RFC 8879, and of TLS 1.2 alone RFC 5246, 7.4, and RFC 6066, 8. */
enum message_type {
    MSG_HELLO_REQUEST = 0,
    MSG_CLIENT_HELLO = 1,
    MSG_SERVER_HELLO = 2,
    MSG_NEW_SESSION_TICKET = 4,
    MSG_END_OF_EARLY_DATA = 5,
    MSG_ENCRYPTED_EXTENSIONS = 8,
    MSG_CERTIFICATE = 11,
    MSG_SERVER_KEY_EXCHANGE = 12,
    MSG_CERTIFICATE_REQUEST = 13,
    MSG_SERVER_HELLO_DONE = 14,
    MSG_CERTIFICATE_VERIFY = 15,
    MSG_CLIENT_KEY_EXCHANGE = 16,
    MSG_FINISHED = 20,
    MSG_CERTIFICATE_STATUS = 22,
    MSG_KEY_UPDATE = 24,
    MSG_COMPRESSED_CERTIFICATE = 25,
    MSG_MESSAGE_HASH = 254
};

enum { MSG_HEADER_LEN = 4, MSG_RANDOM_LEN = 32, MSG_SESSION_ID_MAX = 32 };

/* One whole message: raw is header and body. */
struct message {
    uint8_t type;
    hf_span raw;
    hf_span body;
};

struct client_hello {
    uint16_t legacy_version;
    hf_span random;
    hf_span legacy_session_id;
    hf_span cipher_suites; /* list16 */
    hf_span legacy_compression_methods;
    struct ext_view ext;
    hf_span extensions; /* the whole block */
};

struct server_hello {
    uint16_t legacy_version;
    hf_span random;
    hf_span legacy_session_id_echo;
    uint16_t cipher_suite;
    uint8_t legacy_compression_method;
    bool is_retry; /* a HelloRetryRequest, by its random */
    struct ext_view ext;
};

struct certificate_request {
    hf_span context;
    struct ext_view ext;
};

/* list: CertificateEntry after CertificateEntry; walk with certificate_next. */
struct certificate {
    hf_span context;
    hf_span list;
};

struct certificate_entry {
    hf_span data;
    struct ext_view ext;
};

struct compressed_certificate {
    uint16_t algorithm;
    uint32_t uncompressed_length;
    hf_span data;
};

struct certificate_verify {
    uint16_t algorithm;
    hf_span signature;
};

struct new_session_ticket {
    uint32_t ticket_lifetime; /* seconds */
    uint32_t ticket_age_add;
    hf_span ticket_nonce;
    hf_span ticket;
    struct ext_view ext;
};

/* The random that makes a ServerHello a HelloRetryRequest (RFC 9846, 4.2.3). */
extern const uint8_t message_retry_random[MSG_RANDOM_LEN];

/* Each parses the body of its message; HF_FAILED: *error is set, *out is not to be used. */
hf_status client_hello_parse(hf_span body, hf_error *error, struct client_hello *out);
hf_status server_hello_parse(hf_span body, hf_error *error, struct server_hello *out);
hf_status encrypted_extensions_parse(hf_span body, hf_error *error, struct ext_view *out);
hf_status certificate_request_parse(hf_span body, hf_error *error, struct certificate_request *out);
hf_status certificate_parse(hf_span body, hf_error *error, struct certificate *out);
hf_status certificate_next(struct rd *list, hf_error *error, struct certificate_entry *out);
hf_status compressed_certificate_parse(hf_span body, hf_error *error,
                                       struct compressed_certificate *out);
hf_status certificate_verify_parse(hf_span body, hf_error *error, struct certificate_verify *out);
hf_status new_session_ticket_parse(hf_span body, hf_error *error, struct new_session_ticket *out);
/* request_update: 0 or 1. */
hf_status key_update_parse(hf_span body, hf_error *error, uint8_t *request_update);

/* Refuses a message that may not come in this state: HF_E_UNEXPECTED_MESSAGE, or
 * HF_E_UNKNOWN_MESSAGE when TLS has no such type at all. Returns HF_FAILED. */
hf_status message_refuse(const struct message *m, const char *state, hf_error *error);

#endif

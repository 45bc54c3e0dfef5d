/* Handshake messages of TLS 1.2 as views (RFC 5246, 7.4; RFC 8422, 5; RFC 6066, 8). */
#ifndef WIRE_MESSAGE12_H
#define WIRE_MESSAGE12_H

#include "wire/message.h"

/* ServerKeyExchange. params is what is signed. */
struct server_key_exchange {
    hf_span params;
    uint16_t group; /* ECDHE: the named curve */
    hf_span share;  /* ECDHE: the point; DHE: dh_Ys */
    hf_span p, g;   /* DHE */
    uint16_t algorithm;
    hf_span signature;
};

struct certificate_request12 {
    hf_span types;   /* ClientCertificateType, one byte each */
    hf_span schemes; /* list16 */
    hf_span
        authorities; /* DistinguishedName after DistinguishedName, each with two bytes of length */
};

struct new_session_ticket12 {
    uint32_t ticket_lifetime_hint; /* seconds */
    hf_span ticket;                /* empty: none after all */
};

enum { CURVE_TYPE_NAMED = 3, STATUS_TYPE_OCSP = 1 };

/* Each parses the body of its message; HF_FAILED: *error is set, *out is not to be used. */
hf_status server_key_exchange_ecdhe_parse(hf_span body, hf_error *error,
                                          struct server_key_exchange *out);
hf_status server_key_exchange_dhe_parse(hf_span body, hf_error *error,
                                        struct server_key_exchange *out);
/* length_bytes: of the one vector that a ClientKeyExchange is; 1 for a point, 2 for the others. */
hf_status client_key_exchange_parse(hf_span body, size_t length_bytes, hf_error *error,
                                    hf_span *out);
/* list: ASN.1Cert after ASN.1Cert; walk with certificate12_next. */
hf_status certificate12_parse(hf_span body, hf_error *error, hf_span *list);
hf_status certificate12_next(struct rd *list, hf_error *error, hf_span *out);
/* The DER OCSPResponse. */
hf_status certificate_status_parse(hf_span body, hf_error *error, hf_span *response);
hf_status certificate_request12_parse(hf_span body, hf_error *error,
                                      struct certificate_request12 *out);
hf_status new_session_ticket12_parse(hf_span body, hf_error *error,
                                     struct new_session_ticket12 *out);
/* ServerHelloDone, HelloRequest. name: for the error. */
hf_status message_empty_parse(hf_span body, const char *name, hf_error *error);

#endif

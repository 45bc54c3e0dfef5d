/* What a hello says, for display: a lenient reader of the messages in which the two ends tell what
 * they can and choose (RFC 9846, 4.2.2, 4.2.3, 4.4.1, 4.4.2). The engine has judged the message;
 * here it is only shown, so a form that is not understood is left out and never an error. */
#ifndef REPORT_HELLO_H
#define REPORT_HELLO_H

#include <handfast/types.h>

enum { HELLO_CODES_MAX = 64 };

struct hello_codes {
    uint16_t code[HELLO_CODES_MAX];
    size_t count;
};

struct hello_view {
    bool known; /* a message was read */
    bool retry; /* a HelloRetryRequest */
    struct hello_codes versions, suites, groups, shares, signatures;
    struct hello_codes compressions;
    char alpn[128]; /* names, comma separated, inert */
    char name[128]; /* server_name, inert */
    size_t cookie_len;
    size_t psk_count;
    struct hello_codes extensions;
    uint16_t extension_len[HELLO_CODES_MAX];
};

/* Reads a ClientHello, ServerHello, HelloRetryRequest, EncryptedExtensions or CertificateRequest
 * with its 4-byte header. Others leave *out zero. */
void hello_read(hf_span message, struct hello_view *out);

#endif

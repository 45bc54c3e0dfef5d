/* The messages of TLS, field by field, in the order of the RFC's structures. */
#include "recording/fields.h"

#include <stdio.h>
#include <string.h>

#include "pki/certview.h"
#include "recording/fields_int.h"

typedef void message_fn(struct pen *p);

static message_fn client_hello, server_hello, new_session_ticket, encrypted_extensions, certificate,
    server_key_exchange, certificate_request, certificate_verify, client_key_exchange, finished,
    certificate_status, key_update, compressed_certificate, nothing, unknown;
static void certificate_entry(struct pen *p);
static void certificate_data(struct pen *p);
static void authorities(struct pen *p);
static void ticket12(struct pen *p);

static message_fn *const messages[] = {
    [0] = nothing,
    [1] = client_hello,
    [2] = server_hello,
    [4] = new_session_ticket,
    [5] = nothing,
    [8] = encrypted_extensions,
    [11] = certificate,
    [12] = server_key_exchange,
    [13] = certificate_request,
    [14] = nothing,
    [15] = certificate_verify,
    [16] = client_key_exchange,
    [20] = finished,
    [22] = certificate_status,
    [24] = key_update,
    [25] = compressed_certificate,
};

/* SHA-256 of "HelloRetryRequest" (RFC 9846, 4.2.3). */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

bool fields_is_retry(hf_span message)
{
    return message.len >= 38 && message.data[0] == 2 &&
           memcmp(message.data + 6, retry_random, sizeof retry_random) == 0;
}

void fields_json(hf_span message, uint16_t version, struct terms *terms, struct json *j)
{
    struct pen p = {.j = j,
                    .terms = terms,
                    .base = message.data,
                    .version = version,
                    .is_retry = fields_is_retry(message)};
    p.open[0].bound = message.len;
    p.open[0].is_vector = true;
    json_array(j, "fields");
    p.msg_type = (uint8_t)pen_code(&p, "Handshake.msg_type", 1, HF_CODES_HANDSHAKE);
    (void)pen_uint(&p, "Handshake.length", 3);
    const size_t count = sizeof messages / sizeof messages[0];
    message_fn *fn = p.msg_type < count ? messages[p.msg_type] : NULL;
    (fn == NULL ? unknown : fn)(&p);
    if (pen_left(&p) > 0) {
        pen_rest(&p, "malformed", "more than the form has room for");
    }
    json_end(j);
}

static void nothing(struct pen *p)
{
    (void)p; /* these messages are their header */
}

static void unknown(struct pen *p)
{
    pen_rest(p, "Handshake.body", NULL);
}

/* --- Hellos ----------------------------------------------------------------------------------- */

static void client_hello(struct pen *p)
{
    static const char *const suites[2] = {"ClientHello.cipher_suites", "CipherSuite"};
    (void)pen_code(p, "ClientHello.legacy_version", 2, HF_CODES_VERSION);
    pen_bytes(p, "ClientHello.random", 32, "32 random bytes");
    pen_opaque(p, "ClientHello.legacy_session_id", 1, NULL);
    pen_codes(p, suites, 2, 2, HF_CODES_CIPHER_SUITE);
    pen_vector(p, "ClientHello.legacy_compression_methods", 1);
    while (pen_left(p) > 0) {
        (void)pen_uint(p, "CompressionMethod", 1);
    }
    pen_end(p);
    if (pen_left(p) > 0) { /* RFC 5246, 7.4.1.2: they may be missing */
        pen_extensions(p, "ClientHello.extensions");
    }
}

static void server_hello(struct pen *p)
{
    (void)pen_code(p, "ServerHello.legacy_version", 2, HF_CODES_VERSION);
    pen_bytes(p, "ServerHello.random", 32,
              p->is_retry ? "the value that marks a HelloRetryRequest" : "32 random bytes");
    pen_opaque(p, "ServerHello.legacy_session_id_echo", 1, NULL);
    (void)pen_code(p, "ServerHello.cipher_suite", 2, HF_CODES_CIPHER_SUITE);
    (void)pen_uint(p, "ServerHello.legacy_compression_method", 1);
    if (pen_left(p) > 0) {
        pen_extensions(p, "ServerHello.extensions");
    }
}

static void encrypted_extensions(struct pen *p)
{
    pen_extensions(p, "EncryptedExtensions.extensions");
}

/* --- Who it is -------------------------------------------------------------------------------- */

static void certificate_request(struct pen *p)
{
    static const char *const schemes[2] = {"CertificateRequest.supported_signature_algorithms",
                                           "SignatureScheme"};
    if (p->version != HF_TLS12) {
        pen_opaque(p, "CertificateRequest.certificate_request_context", 1, NULL);
        pen_extensions(p, "CertificateRequest.extensions");
        return;
    }
    pen_vector(p, "CertificateRequest.certificate_types", 1);
    while (pen_left(p) > 0) {
        (void)pen_uint(p, "ClientCertificateType", 1);
    }
    pen_end(p);
    pen_codes(p, schemes, 2, 2, HF_CODES_SIGNATURE_SCHEME);
    authorities(p);
}

static void authorities(struct pen *p)
{
    pen_vector(p, "CertificateRequest.certificate_authorities", 2);
    while (pen_left(p) > 0) {
        pen_opaque(p, "DistinguishedName", 2, "a name in DER");
    }
    pen_end(p);
}

static void certificate(struct pen *p)
{
    if (p->version != HF_TLS12) {
        pen_opaque(p, "Certificate.certificate_request_context", 1, NULL);
    }
    pen_vector(p, "Certificate.certificate_list", 3);
    while (pen_left(p) > 0) {
        if (p->version == HF_TLS12) {
            certificate_data(p);
        } else {
            certificate_entry(p);
        }
    }
    pen_end(p);
}

static void certificate_entry(struct pen *p)
{
    pen_struct(p, "CertificateEntry");
    certificate_data(p);
    pen_extensions(p, "CertificateEntry.extensions");
    pen_end(p);
}

static void certificate_data(struct pen *p)
{
    char text[640] = "not a certificate that can be read";
    struct cert_view view;
    pen_vector(p, "CertificateEntry.cert_data", 3);
    if (cert_view_read((hf_span){p->base + p->at, pen_left(p)}, &view)) {
        (void)snprintf(text, sizeof text, "%s, signed by %s, key %s", view.subject, view.issuer,
                       view.key);
    }
    pen_rest(p, "CertificateEntry.cert_data", text);
    pen_end(p);
}

static void certificate_verify(struct pen *p)
{
    (void)pen_code(p, "CertificateVerify.algorithm", 2, HF_CODES_SIGNATURE_SCHEME);
    pen_opaque(p, "CertificateVerify.signature", 2, NULL);
}

static void certificate_status(struct pen *p)
{
    (void)pen_uint(p, "CertificateStatus.status_type", 1);
    pen_opaque(p, "CertificateStatus.response", 3, "an OCSP response");
}

static void compressed_certificate(struct pen *p)
{
    (void)pen_code(p, "CompressedCertificate.algorithm", 2, HF_CODES_CERTIFICATE_COMPRESSION);
    (void)pen_uint(p, "CompressedCertificate.uncompressed_length", 3);
    pen_opaque(p, "CompressedCertificate.compressed_certificate_message", 3, "compressed bytes");
}

static void finished(struct pen *p)
{
    pen_rest(p, "Finished.verify_data", NULL);
}

/* --- TLS 1.2's key exchange ------------------------------------------------------------------- */

static void server_key_exchange(struct pen *p)
{
    if (pen_peek(p, 0, 1) != 3) { /* RFC 8422, 5.4: all but named curves are gone */
        pen_rest(p, "ServerKeyExchange.params", NULL);
        return;
    }
    (void)pen_uint(p, "ServerECDHParams.curve_type", 1);
    (void)pen_code(p, "ServerECDHParams.namedcurve", 2, HF_CODES_GROUP);
    pen_opaque(p, "ServerECDHParams.public", 1, NULL);
    if (pen_left(p) > 0) {
        (void)pen_code(p, "ServerKeyExchange.algorithm", 2, HF_CODES_SIGNATURE_SCHEME);
        pen_opaque(p, "ServerKeyExchange.signature", 2, NULL);
    }
}

static void client_key_exchange(struct pen *p)
{
    /* Curves have a length of one byte, RSA and finite fields one of two (RFC 8422, 5.7; RFC 5246,
     * 7.4.7). */
    const size_t left = pen_left(p);
    const bool one = left > 0 && pen_peek(p, 0, 1) + 1 == left;
    if (!one && (left < 2 || pen_peek(p, 0, 2) + 2 != left)) {
        pen_rest(p, "ClientKeyExchange.exchange_keys", NULL);
        return;
    }
    pen_opaque(p, "ClientKeyExchange.exchange_keys", one ? 1 : 2, NULL);
}

/* --- After the handshake ---------------------------------------------------------------------- */

static void new_session_ticket(struct pen *p)
{
    if (p->version == HF_TLS12) {
        ticket12(p);
        return;
    }
    (void)pen_uint(p, "NewSessionTicket.ticket_lifetime", 4);
    (void)pen_uint(p, "NewSessionTicket.ticket_age_add", 4);
    pen_opaque(p, "NewSessionTicket.ticket_nonce", 1, NULL);
    pen_opaque(p, "NewSessionTicket.ticket", 2, "only the server can read it");
    pen_extensions(p, "NewSessionTicket.extensions");
}

static void ticket12(struct pen *p)
{
    (void)pen_uint(p, "NewSessionTicket.ticket_lifetime_hint", 4);
    pen_opaque(p, "NewSessionTicket.ticket", 2, "only the server can read it");
}

static void key_update(struct pen *p)
{
    (void)pen_uint(p, "KeyUpdate.request_update", 1);
}

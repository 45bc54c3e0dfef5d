/* The extensions, field by field. One function each, one row each; what has no row is shown as its
 * bytes. */
#include "recording/fields_int.h"

enum { IN_CLIENT_HELLO = 1, IN_SERVER_HELLO = 2, IN_TICKET = 4, IN_CERTIFICATE = 11 };

typedef void extension_fn(struct pen *p);

static extension_fn server_name, max_fragment_length, status_request, supported_groups,
    ec_point_formats, signature_schemes, alpn, certificate_types, padding, compress_certificate,
    record_size_limit, session_ticket, pre_shared_key, early_data, supported_versions, cookie,
    psk_key_exchange_modes, certificate_authorities, oid_filters, key_share, encrypted_client_hello,
    renegotiation_info, empty;
static void key_share_entry(struct pen *p);

static const struct {
    uint16_t code;
    extension_fn *fn;
} extensions[] = {
    {0, server_name},
    {1, max_fragment_length},
    {5, status_request},
    {10, supported_groups},
    {11, ec_point_formats},
    {13, signature_schemes},
    {16, alpn},
    {19, certificate_types},
    {20, certificate_types},
    {21, padding},
    {22, empty},
    {23, empty},
    {27, compress_certificate},
    {28, record_size_limit},
    {34, signature_schemes},
    {35, session_ticket},
    {41, pre_shared_key},
    {42, early_data},
    {43, supported_versions},
    {44, cookie},
    {45, psk_key_exchange_modes},
    {47, certificate_authorities},
    {48, oid_filters},
    {49, empty},
    {50, signature_schemes},
    {51, key_share},
    {0xfe0d, encrypted_client_hello},
    {0xff01, renegotiation_info},
};

void pen_extensions(struct pen *p, const char *term)
{
    pen_vector(p, term, 2);
    while (pen_left(p) > 0) {
        if (pen_left(p) < 4) {
            pen_rest(p, "malformed", "cut short");
            break;
        }
        const uint32_t code = pen_peek(p, 0, 2);
        extension_fn *fn = NULL;
        for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
            fn = extensions[i].code == code ? extensions[i].fn : fn;
        }
        pen_extension(p);
        if (fn != NULL) {
            fn(p);
        } else {
            pen_rest(p, "Extension.extension_data", NULL);
        }
        pen_end(p);
    }
    pen_end(p);
}

static void empty(struct pen *p)
{
    (void)p; /* that it is there is all that it says */
}

static void server_name(struct pen *p)
{
    if (pen_left(p) == 0) {
        return; /* RFC 6066, 3: the server's answer */
    }
    pen_vector(p, "ServerNameList.server_name_list", 2);
    while (pen_left(p) > 0) {
        pen_struct(p, "ServerName");
        (void)pen_uint(p, "ServerName.name_type", 1);
        pen_vector(p, "ServerName.host_name", 2);
        pen_text(p, "HostName", pen_left(p));
        pen_end(p);
        pen_end(p);
    }
    pen_end(p);
}

static void max_fragment_length(struct pen *p)
{
    (void)pen_uint(p, "max_fragment_length", 1);
}

static void status_request(struct pen *p)
{
    if (pen_left(p) == 0) {
        return;
    }
    if (p->msg_type == IN_CERTIFICATE) { /* RFC 9846, 4.5.1.1 */
        (void)pen_uint(p, "CertificateStatus.status_type", 1);
        pen_opaque(p, "CertificateStatus.response", 3, "an OCSP response");
        return;
    }
    (void)pen_uint(p, "CertificateStatusRequest.status_type", 1);
    pen_opaque(p, "OCSPStatusRequest.responder_id_list", 2, NULL);
    pen_opaque(p, "OCSPStatusRequest.request_extensions", 2, NULL);
}

static void supported_groups(struct pen *p)
{
    static const char *const terms[2] = {"NamedGroupList.named_group_list", "NamedGroup"};
    pen_codes(p, terms, 2, 2, HF_CODES_GROUP);
}

static void ec_point_formats(struct pen *p)
{
    pen_vector(p, "ECPointFormatList.ec_point_format_list", 1);
    while (pen_left(p) > 0) {
        (void)pen_uint(p, "ECPointFormat", 1);
    }
    pen_end(p);
}

static void signature_schemes(struct pen *p)
{
    static const char *const terms[2] = {"SignatureSchemeList.supported_signature_algorithms",
                                         "SignatureScheme"};
    pen_codes(p, terms, 2, 2, HF_CODES_SIGNATURE_SCHEME);
}

static void alpn(struct pen *p)
{
    pen_vector(p, "ProtocolNameList.protocol_name_list", 2);
    while (pen_left(p) > 0) {
        pen_vector(p, "ProtocolName", 1);
        pen_text(p, "ProtocolName.name", pen_left(p));
        pen_end(p);
    }
    pen_end(p);
}

static void certificate_types(struct pen *p)
{
    static const char *const terms[2] = {"CertificateTypes", "CertificateType"};
    if (p->msg_type == IN_CLIENT_HELLO) {
        pen_codes(p, terms, 1, 1, HF_CODES_CERTIFICATE_TYPE);
    } else {
        (void)pen_code(p, terms[1], 1, HF_CODES_CERTIFICATE_TYPE);
    }
}

static void padding(struct pen *p)
{
    pen_rest(p, "padding.zeros", NULL);
}

static void compress_certificate(struct pen *p)
{
    static const char *const terms[2] = {"CertificateCompressionAlgorithms.algorithms",
                                         "CertificateCompressionAlgorithm"};
    pen_codes(p, terms, 1, 2, HF_CODES_CERTIFICATE_COMPRESSION);
}

static void record_size_limit(struct pen *p)
{
    (void)pen_uint(p, "RecordSizeLimit", 2);
}

static void session_ticket(struct pen *p)
{
    pen_rest(p, "SessionTicket.ticket", "only the server can read it");
}

static void pre_shared_key(struct pen *p)
{
    if (p->msg_type != IN_CLIENT_HELLO) {
        (void)pen_uint(p, "PreSharedKeyExtension.selected_identity", 2);
        return;
    }
    pen_vector(p, "OfferedPsks.identities", 2);
    while (pen_left(p) > 0) {
        pen_struct(p, "PskIdentity");
        pen_opaque(p, "PskIdentity.identity", 2, NULL);
        (void)pen_uint(p, "PskIdentity.obfuscated_ticket_age", 4);
        pen_end(p);
    }
    pen_end(p);
    pen_vector(p, "OfferedPsks.binders", 2);
    while (pen_left(p) > 0) {
        pen_vector(p, "PskBinderEntry", 1);
        pen_rest(p, "PskBinderEntry.binder", NULL);
        pen_end(p);
    }
    pen_end(p);
}

static void early_data(struct pen *p)
{
    if (p->msg_type == IN_TICKET) {
        (void)pen_uint(p, "EarlyDataIndication.max_early_data_size", 4);
    }
}

static void supported_versions(struct pen *p)
{
    static const char *const terms[2] = {"SupportedVersions.versions", "ProtocolVersion"};
    if (p->msg_type == IN_CLIENT_HELLO) {
        pen_codes(p, terms, 1, 2, HF_CODES_VERSION);
    } else {
        (void)pen_code(p, "SupportedVersions.selected_version", 2, HF_CODES_VERSION);
    }
}

static void cookie(struct pen *p)
{
    pen_opaque(p, "Cookie.cookie", 2, NULL);
}

static void psk_key_exchange_modes(struct pen *p)
{
    static const char *const terms[2] = {"PskKeyExchangeModes.ke_modes", "PskKeyExchangeMode"};
    pen_codes(p, terms, 1, 1, HF_CODES_PSK_MODE);
}

static void certificate_authorities(struct pen *p)
{
    pen_vector(p, "CertificateAuthoritiesExtension.authorities", 2);
    while (pen_left(p) > 0) {
        pen_vector(p, "DistinguishedName", 2);
        pen_rest(p, "DistinguishedName.name", "a name in DER");
        pen_end(p);
    }
    pen_end(p);
}

static void oid_filters(struct pen *p)
{
    pen_vector(p, "OIDFilterExtension.filters", 2);
    while (pen_left(p) > 0) {
        pen_struct(p, "OIDFilter");
        pen_opaque(p, "OIDFilter.certificate_extension_oid", 1, "an OID in DER");
        pen_opaque(p, "OIDFilter.certificate_extension_values", 2, "values in DER");
        pen_end(p);
    }
    pen_end(p);
}

/* A list in ClientHello, a group in HelloRetryRequest, one entry in ServerHello (RFC 9846,
 * 4.3.8). */
static void key_share(struct pen *p)
{
    if (p->is_retry) {
        (void)pen_code(p, "KeyShareHelloRetryRequest.selected_group", 2, HF_CODES_GROUP);
        return;
    }
    if (p->msg_type == IN_SERVER_HELLO) {
        key_share_entry(p);
        return;
    }
    pen_vector(p, "KeyShareClientHello.client_shares", 2);
    while (pen_left(p) > 0) {
        key_share_entry(p);
    }
    pen_end(p);
}

static void key_share_entry(struct pen *p)
{
    pen_struct(p, "KeyShareEntry");
    (void)pen_code(p, "KeyShareEntry.group", 2, HF_CODES_GROUP);
    pen_opaque(p, "KeyShareEntry.key_exchange", 2, NULL);
    pen_end(p);
}

static void encrypted_client_hello(struct pen *p)
{
    if (p->msg_type != IN_CLIENT_HELLO) {
        pen_rest(p, "Extension.extension_data", NULL);
        return;
    }
    if (pen_uint(p, "ECHClientHello.type", 1) != 0) {
        return;
    }
    (void)pen_uint(p, "ECHClientHello.kdf_id", 2);
    (void)pen_uint(p, "ECHClientHello.aead_id", 2);
    (void)pen_uint(p, "ECHClientHello.config_id", 1);
    pen_opaque(p, "ECHClientHello.enc", 2, NULL);
    pen_opaque(p, "ECHClientHello.payload", 2, NULL);
}

static void renegotiation_info(struct pen *p)
{
    pen_opaque(p, "RenegotiationInfo.renegotiated_connection", 1, NULL);
}

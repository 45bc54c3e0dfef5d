#include "wire/message.h"

#include <string.h>

#include "base/status.h"
#include "wire/iana.h"

/* SHA-256 of "HelloRetryRequest". */
const uint8_t message_retry_random[MSG_RANDOM_LEN] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

hf_status client_hello_parse(hf_span body, hf_error *error, struct client_hello *out)
{
    struct rd r = rd_of(body);
    out->legacy_version = rd_u16(&r);
    out->random = rd_bytes(&r, MSG_RANDOM_LEN);
    out->legacy_session_id = rd_vec8(&r, 0, MSG_SESSION_ID_MAX);
    out->cipher_suites = rd_list16(&r, 2, 0xfffe);
    out->legacy_compression_methods = rd_vec8(&r, 1, 0xff);
    out->extensions = (hf_span){NULL, 0};
    if (rd_left(&r) > 0) {
        /* TLS 1.2 and before allow a hello without any extensions. */
        out->extensions = rd_vec16(&r, 0, 0xffff);
    }
    if (!rd_done(&r)) {
        return err_raise(error, HF_E_DECODE, "ClientHello: lengths do not add up");
    }
    return ext_parse(out->extensions, EXT_CH, error, &out->ext);
}

hf_status server_hello_parse(hf_span body, hf_error *error, struct server_hello *out)
{
    struct rd r = rd_of(body);
    out->legacy_version = rd_u16(&r);
    out->random = rd_bytes(&r, MSG_RANDOM_LEN);
    out->legacy_session_id_echo = rd_vec8(&r, 0, MSG_SESSION_ID_MAX);
    out->cipher_suite = rd_u16(&r);
    out->legacy_compression_method = rd_u8(&r);
    hf_span block = {NULL, 0};
    if (rd_left(&r) > 0) {
        block = rd_vec16(&r, 0, 0xffff);
    }
    if (!rd_done(&r)) {
        return err_raise(error, HF_E_DECODE, "ServerHello: lengths do not add up");
    }
    out->is_retry = memcmp(out->random.data, message_retry_random, MSG_RANDOM_LEN) == 0;
    /* Of which version a ServerHello is, and so what may stand in it, is for the reader to judge.
     */
    return ext_parse(block, out->is_retry ? EXT_HRR : EXT_SH | EXT_SH12, error, &out->ext);
}

hf_status encrypted_extensions_parse(hf_span body, hf_error *error, struct ext_view *out)
{
    struct rd r = rd_of(body);
    hf_span block = rd_vec16(&r, 0, 0xffff);
    if (!rd_done(&r)) {
        return err_raise(error, HF_E_DECODE, "EncryptedExtensions: lengths do not add up");
    }
    return ext_parse(block, EXT_EE, error, out);
}

hf_status certificate_request_parse(hf_span body, hf_error *error, struct certificate_request *out)
{
    struct rd r = rd_of(body);
    out->context = rd_vec8(&r, 0, 0xff);
    hf_span block = rd_vec16(&r, 0, 0xffff);
    if (!rd_done(&r)) {
        return err_raise(error, HF_E_DECODE, "CertificateRequest: lengths do not add up");
    }
    return ext_parse(block, EXT_CR, error, &out->ext);
}

hf_status certificate_parse(hf_span body, hf_error *error, struct certificate *out)
{
    struct rd r = rd_of(body);
    out->context = rd_vec8(&r, 0, 0xff);
    out->list = rd_vec24(&r, 0, 0xffffff);
    if (!rd_done(&r)) {
        return err_raise(error, HF_E_DECODE, "Certificate: lengths do not add up");
    }
    return HF_OK;
}

hf_status certificate_next(struct rd *list, hf_error *error, struct certificate_entry *out)
{
    out->data = rd_vec24(list, 1, 0xffffff);
    hf_span block = rd_vec16(list, 0, 0xffff);
    if (list->bad) {
        return err_raise(error, HF_E_DECODE, "CertificateEntry: lengths do not add up");
    }
    return ext_parse(block, EXT_CT, error, &out->ext);
}

hf_status compressed_certificate_parse(hf_span body, hf_error *error,
                                       struct compressed_certificate *out)
{
    struct rd r = rd_of(body);
    out->algorithm = rd_u16(&r);
    out->uncompressed_length = rd_u24(&r);
    out->data = rd_vec24(&r, 1, 0xffffff);
    if (!rd_done(&r)) {
        return err_raise(error, HF_E_DECODE, "CompressedCertificate: lengths do not add up");
    }
    return HF_OK;
}

hf_status certificate_verify_parse(hf_span body, hf_error *error, struct certificate_verify *out)
{
    struct rd r = rd_of(body);
    out->algorithm = rd_u16(&r);
    out->signature = rd_vec16(&r, 0, 0xffff);
    if (!rd_done(&r)) {
        return err_raise(error, HF_E_DECODE, "CertificateVerify: lengths do not add up");
    }
    return HF_OK;
}

hf_status new_session_ticket_parse(hf_span body, hf_error *error, struct new_session_ticket *out)
{
    struct rd r = rd_of(body);
    out->ticket_lifetime = rd_u32(&r);
    out->ticket_age_add = rd_u32(&r);
    out->ticket_nonce = rd_vec8(&r, 0, 0xff);
    out->ticket = rd_vec16(&r, 1, 0xffff);
    hf_span block = rd_vec16(&r, 0, 0xfffe);
    if (!rd_done(&r)) {
        return err_raise(error, HF_E_DECODE, "NewSessionTicket: lengths do not add up");
    }
    return ext_parse(block, EXT_NST, error, &out->ext);
}

hf_status key_update_parse(hf_span body, hf_error *error, uint8_t *request_update)
{
    struct rd r = rd_of(body);
    *request_update = rd_u8(&r);
    if (!rd_done(&r)) {
        return err_raise(error, HF_E_DECODE, "KeyUpdate: lengths do not add up");
    }
    if (*request_update > 1) {
        return err_raise(error, HF_E_KEY_UPDATE_VALUE, "request_update is %u",
                         (unsigned)*request_update);
    }
    return HF_OK;
}

hf_status message_refuse(const struct message *m, const char *state, hf_error *error)
{
    switch (m->type) {
    case MSG_HELLO_REQUEST:
    case MSG_SERVER_KEY_EXCHANGE:
    case MSG_SERVER_HELLO_DONE:
    case MSG_CLIENT_KEY_EXCHANGE:
    case MSG_CERTIFICATE_STATUS:
    case MSG_CLIENT_HELLO:
    case MSG_SERVER_HELLO:
    case MSG_NEW_SESSION_TICKET:
    case MSG_END_OF_EARLY_DATA:
    case MSG_ENCRYPTED_EXTENSIONS:
    case MSG_CERTIFICATE:
    case MSG_CERTIFICATE_REQUEST:
    case MSG_CERTIFICATE_VERIFY:
    case MSG_FINISHED:
    case MSG_KEY_UPDATE:
    case MSG_COMPRESSED_CERTIFICATE:
        return err_raise(error, HF_E_UNEXPECTED_MESSAGE, "%s came in state %s",
                         iana_handshake_title(m->type), state);
    default:
        return err_raise(error, HF_E_UNKNOWN_MESSAGE, "type %u came in state %s", (unsigned)m->type,
                         state);
    }
}

#include "wire/message12.h"

#include "base/status.h"

static hf_status malformed(const char *name, hf_error *error)
{
    return err_raise(error, HF_E_DECODE, "%s: lengths do not add up", name);
}

/* What stands behind the parameters: SignatureAndHashAlgorithm and the signature. */
static hf_status parse_signed(struct rd *r, hf_span body, hf_error *error,
                              struct server_key_exchange *out)
{
    out->params = (hf_span){body.data, r->bad ? 0 : (size_t)(r->p - body.data)};
    out->algorithm = rd_u16(r);
    out->signature = rd_vec16(r, 0, 0xffff);
    return rd_done(r) ? HF_OK : malformed("ServerKeyExchange", error);
}

hf_status server_key_exchange_ecdhe_parse(hf_span body, hf_error *error,
                                          struct server_key_exchange *out)
{
    struct rd r = rd_of(body);
    *out = (struct server_key_exchange){0};
    const uint8_t curve_type = rd_u8(&r);
    if (!r.bad && curve_type != CURVE_TYPE_NAMED) {
        return err_raise(error, HF_E_CURVE_TYPE, "curve type %u", (unsigned)curve_type);
    }
    out->group = rd_u16(&r);
    out->share = rd_vec8(&r, 1, 0xff);
    return parse_signed(&r, body, error, out);
}

hf_status server_key_exchange_dhe_parse(hf_span body, hf_error *error,
                                        struct server_key_exchange *out)
{
    struct rd r = rd_of(body);
    *out = (struct server_key_exchange){0};
    out->p = rd_vec16(&r, 1, 0xffff);
    out->g = rd_vec16(&r, 1, 0xffff);
    out->share = rd_vec16(&r, 1, 0xffff);
    return parse_signed(&r, body, error, out);
}

hf_status client_key_exchange_parse(hf_span body, size_t length_bytes, hf_error *error,
                                    hf_span *out)
{
    struct rd r = rd_of(body);
    *out = rd_vec(&r, length_bytes, 1, 0xffff);
    return rd_done(&r) ? HF_OK : malformed("ClientKeyExchange", error);
}

hf_status certificate12_parse(hf_span body, hf_error *error, hf_span *list)
{
    struct rd r = rd_of(body);
    *list = rd_vec24(&r, 0, 0xffffff);
    return rd_done(&r) ? HF_OK : malformed("Certificate", error);
}

hf_status certificate12_next(struct rd *list, hf_error *error, hf_span *out)
{
    *out = rd_vec24(list, 1, 0xffffff);
    return list->bad ? malformed("Certificate", error) : HF_OK;
}

hf_status certificate_status_parse(hf_span body, hf_error *error, hf_span *response)
{
    struct rd r = rd_of(body);
    const uint8_t type = rd_u8(&r);
    *response = rd_vec24(&r, 1, 0xffffff);
    if (!rd_done(&r)) {
        return malformed("CertificateStatus", error);
    }
    return type == STATUS_TYPE_OCSP
               ? HF_OK
               : err_raise(error, HF_E_CERTIFICATE_STATUS, "status type %u", (unsigned)type);
}

hf_status certificate_request12_parse(hf_span body, hf_error *error,
                                      struct certificate_request12 *out)
{
    struct rd r = rd_of(body);
    out->types = rd_vec8(&r, 1, 0xff);
    out->schemes = rd_list16(&r, 2, 0xfffe);
    out->authorities = rd_vec16(&r, 0, 0xffff);
    struct rd names = rd_of(out->authorities);
    while (rd_left(&names) > 0) {
        (void)rd_vec16(&names, 1, 0xffff);
    }
    return rd_done(&r) && rd_done(&names) ? HF_OK : malformed("CertificateRequest", error);
}

hf_status new_session_ticket12_parse(hf_span body, hf_error *error,
                                     struct new_session_ticket12 *out)
{
    struct rd r = rd_of(body);
    out->ticket_lifetime_hint = rd_u32(&r);
    out->ticket = rd_vec16(&r, 0, 0xffff);
    return rd_done(&r) ? HF_OK : malformed("NewSessionTicket", error);
}

hf_status message_empty_parse(hf_span body, const char *name, hf_error *error)
{
    return body.len == 0 ? HF_OK : malformed(name, error);
}

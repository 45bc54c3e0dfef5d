/* status_request (RFC 6066, 8; RFC 9846, 4.5.1.1) and signed_certificate_timestamp (RFC 6962,
 * 3.3): asked for by the client, answered inside the CertificateEntry; in TLS 1.2 by a message of
 * its own, announced in ServerHello, and in ServerHello itself. */
#include "base/span.h"
#include "base/status.h"
#include "hs/ext/extensions.h"

enum { STATUS_TYPE_OCSP = 1 };

bool ext_status_request_offer(struct hs *hs, struct wr *w)
{
    if (!hs->config->request_status) {
        return false;
    }
    wr_u8(w, STATUS_TYPE_OCSP);
    wr_u16(w, 0); /* responder_id_list */
    wr_u16(w, 0); /* request_extensions */
    return true;
}

hf_status ext_status_request_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    struct rd r = rd_of(body);
    uint8_t type = rd_u8(&r);
    if (type != STATUS_TYPE_OCSP) {
        /* RFC 6066, 8: other types have bodies of their own; an unknown one is not answered. */
        return r.bad ? ext_malformed(hs, EXT_status_request) : HF_OK;
    }
    (void)rd_vec16(&r, 0, 0xffff);
    (void)rd_vec16(&r, 0, 0xffff);
    if (!rd_done(&r)) {
        return ext_malformed(hs, EXT_status_request);
    }
    out->wants_status = true;
    return HF_OK;
}

hf_status ext_status_request_staple(struct hs *hs, hf_span body, hf_span *response)
{
    struct rd r = rd_of(body);
    uint8_t type = rd_u8(&r);
    *response = rd_vec24(&r, 1, 0xffffff);
    if (!rd_done(&r) || type != STATUS_TYPE_OCSP) {
        return err_raise(hs->error, HF_E_CERTIFICATE_STATUS, NULL);
    }
    return HF_OK;
}

void ext_status_request_write_staple(struct wr *w, hf_span response)
{
    wr_u16(w, EXT_CODE_status_request);
    size_t m = wr_open(w, 2);
    wr_u8(w, STATUS_TYPE_OCSP);
    wr_vec(w, response, 3);
    wr_close(w, m, 2);
}

bool ext_status_request_answer12(struct hs *hs, struct wr *w)
{
    (void)w; /* the body is empty */
    return hs->t12.staple_follows;
}

hf_status ext_status_request_answered12(struct hs *hs, hf_span body)
{
    hs->t12.staple_follows = true;
    return body.len == 0 ? HF_OK : ext_malformed(hs, EXT_status_request);
}

bool ext_sct_offer(struct hs *hs, struct wr *w)
{
    (void)w; /* the body is empty */
    return hs->config->request_status;
}

hf_status ext_sct_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    if (body.len != 0) {
        return ext_malformed(hs, EXT_signed_certificate_timestamp);
    }
    out->wants_sct = true;
    return HF_OK;
}

bool ext_sct_answer12(struct hs *hs, struct wr *w)
{
    const hf_span list =
        hs->identity == NULL ? span_of(NULL, 0) : hf_identity_sct_list(hs->identity);
    wr_bytes(w, list);
    return hs->s.offer.wants_sct && list.len > 0;
}

bool ext_sct_is_list(hf_span body)
{
    struct rd r = rd_of(body);
    struct rd list = rd_of(rd_vec16(&r, 1, 0xffff));
    while (rd_left(&list) > 0) {
        (void)rd_vec16(&list, 1, 0xffff);
    }
    return rd_done(&r) && rd_done(&list);
}

hf_status ext_sct_answered12(struct hs *hs, hf_span body)
{
    if (!ext_sct_is_list(body)) {
        return ext_malformed(hs, EXT_signed_certificate_timestamp);
    }
    uint8_t *copy = arena_copy(&hs->arena, body);
    hs->t12.sct_list = span_of(copy, body.len);
    return copy == NULL ? hs_no_memory(hs) : HF_OK;
}

/* renegotiation_info, RFC 5746: empty in a first handshake, and here there is no other. */
#include "base/status.h"
#include "hs/ext/extensions.h"

bool ext_renegotiation_offer(struct hs *hs, struct wr *w)
{
    (void)hs;
    wr_u8(w, 0); /* renegotiated_connection */
    return true;
}

static hf_status parse(struct hs *hs, hf_span body)
{
    struct rd r = rd_of(body);
    hf_span connection = rd_vec8(&r, 0, 0xff);
    if (!rd_done(&r)) {
        return ext_malformed(hs, EXT_renegotiation_info);
    }
    return connection.len == 0
               ? HF_OK
               : err_raise(hs->error, HF_E_RENEGOTIATION_INFO, "%zu bytes", connection.len);
}

hf_status ext_renegotiation_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    out->renegotiation = body;
    return parse(hs, body);
}

bool ext_renegotiation_answer12(struct hs *hs, struct wr *w)
{
    wr_u8(w, 0);
    return hs->t12.renegotiation;
}

hf_status ext_renegotiation_answered12(struct hs *hs, hf_span body)
{
    hs->t12.renegotiation = true;
    return parse(hs, body);
}

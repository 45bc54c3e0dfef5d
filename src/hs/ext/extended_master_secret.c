/* extended_master_secret, RFC 7627: the master secret depends on the whole handshake. */
#include "base/status.h"
#include "hs/ext/extensions.h"

bool ext_ems_offer(struct hs *hs, struct wr *w)
{
    (void)hs, (void)w; /* always, and the body is empty */
    return true;
}

hf_status ext_ems_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    out->extended_master_secret = true;
    return body.len == 0 ? HF_OK : ext_malformed(hs, EXT_extended_master_secret);
}

bool ext_ems_answer12(struct hs *hs, struct wr *w)
{
    (void)w; /* the body is empty */
    return hs->result->extended_master_secret;
}

hf_status ext_ems_answered12(struct hs *hs, hf_span body)
{
    hs->result->extended_master_secret = true;
    return body.len == 0 ? HF_OK : ext_malformed(hs, EXT_extended_master_secret);
}

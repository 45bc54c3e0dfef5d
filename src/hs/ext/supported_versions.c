/* supported_versions, RFC 9846, 4.3.1. */
#include "base/status.h"
#include "hs/ext/extensions.h"

bool ext_supported_versions_offer(struct hs *hs, struct wr *w)
{
    size_t list = wr_open(w, 1);
    if (hs->config->grease) {
        wr_u16(w, hs->c.grease[4]);
    }
    for (uint16_t v = hs->config->version_highest; v >= hs->config->version_lowest; v--) {
        wr_u16(w, v);
    }
    wr_close(w, list, 1);
    return true;
}

hf_status ext_supported_versions_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    struct rd r = rd_of(body);
    out->versions = rd_vec8(&r, 2, 254);
    if (!rd_done(&r) || out->versions.len % 2 != 0) {
        return ext_malformed(hs, EXT_supported_versions);
    }
    return HF_OK;
}

/* compress_certificate, RFC 8879. */
#include "base/status.h"
#include "hs/ext/extensions.h"

bool ext_compress_certificate_offer(struct hs *hs, struct wr *w)
{
    const struct config_list *methods = &hs->config->compression;
    if (methods->count == 0) {
        return false;
    }
    size_t list = wr_open(w, 1);
    for (size_t i = 0; i < methods->count; i++) {
        wr_u16(w, methods->v[i]);
    }
    wr_close(w, list, 1);
    return true;
}

hf_status ext_compress_certificate_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    struct rd r = rd_of(body);
    out->compression = rd_vec8(&r, 2, 254);
    if (!rd_done(&r) || out->compression.len % 2 != 0) {
        return ext_malformed(hs, EXT_compress_certificate);
    }
    return HF_OK;
}

uint16_t ext_compress_certificate_common(const struct hs *hs, hf_span list)
{
    const struct config_list *ours = &hs->config->compression;
    for (size_t i = 0; i < ours->count; i++) {
        if (list16_has(list, ours->v[i])) {
            return ours->v[i];
        }
    }
    return 0;
}

/* signature_algorithms and signature_algorithms_cert, RFC 9846, 4.3.3. */
#include "base/status.h"
#include "hs/ext/extensions.h"

void ext_signature_algorithms_write(struct wr *w, const struct config_list *list, uint16_t grease)
{
    size_t m = wr_open(w, 2);
    if (grease != 0) {
        wr_u16(w, grease);
    }
    for (size_t i = 0; i < list->count; i++) {
        wr_u16(w, list->v[i]);
    }
    wr_close(w, m, 2);
}

hf_status ext_signature_algorithms_list(struct hs *hs, hf_span body, hf_span *list)
{
    struct rd r = rd_of(body);
    *list = rd_list16(&r, 2, 0xfffe);
    return rd_done(&r) ? HF_OK : ext_malformed(hs, EXT_signature_algorithms);
}

bool ext_signature_algorithms_offer(struct hs *hs, struct wr *w)
{
    ext_signature_algorithms_write(w, &hs->config->sigalgs, hs->c.grease[5]);
    return true;
}

hf_status ext_signature_algorithms_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    return ext_signature_algorithms_list(hs, body, &out->schemes);
}

bool ext_signature_algorithms_cert_offer(struct hs *hs, struct wr *w)
{
    if (hs->config->sigalgs_cert.count == 0) {
        return false;
    }
    ext_signature_algorithms_write(w, &hs->config->sigalgs_cert, 0);
    return true;
}

hf_status ext_signature_algorithms_cert_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    return ext_signature_algorithms_list(hs, body, &out->cert_schemes);
}

/* certificate_authorities, RFC 9846, 4.3.4. */
#include "base/status.h"
#include "hs/ext/extensions.h"

hf_status ext_certificate_authorities_read(struct hs *hs, hf_span body, size_t most,
                                           hf_span **names, size_t *count)
{
    struct rd r = rd_of(body);
    hf_span list = rd_vec16(&r, 3, 0xffff);
    size_t n = 0;
    for (struct rd walk = rd_of(list); rd_left(&walk) > 0; n++) {
        (void)rd_vec16(&walk, 1, 0xffff);
        if (walk.bad) {
            return ext_malformed(hs, EXT_certificate_authorities);
        }
    }
    if (!rd_done(&r)) {
        return ext_malformed(hs, EXT_certificate_authorities);
    }
    n = n < most ? n : most;
    *names = hs_alloc(hs, n * sizeof(hf_span));
    if (*names == NULL) {
        return hs_no_memory(hs);
    }
    *count = n;
    struct rd walk = rd_of(list);
    for (size_t i = 0; i < n; i++) {
        (*names)[i] = rd_vec16(&walk, 1, 0xffff);
    }
    return HF_OK;
}

void ext_certificate_authorities_write(struct wr *w, const hf_trust *trust)
{
    wr_u16(w, EXT_CODE_certificate_authorities);
    size_t ext = wr_open(w, 2);
    size_t list = wr_open(w, 2);
    for (size_t i = 0; i < hf_trust_count(trust); i++) {
        wr_vec(w, hf_trust_subject(trust, i), 2);
    }
    wr_close(w, list, 2);
    wr_close(w, ext, 2);
}

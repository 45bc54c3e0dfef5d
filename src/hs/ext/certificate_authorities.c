/* certificate_authorities, RFC 9846, 4.3.4. */
#include "base/span.h"
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

/* --- Whom this end names ---------------------------------------------------------------------- */

static size_t anchors_len(const hf_trust *trust)
{
    size_t n = 0;
    for (size_t i = 0; i < hf_trust_count(trust); i++) {
        n += 2 + hf_trust_subject(trust, i).len;
    }
    return n;
}

struct ext_authorities ext_authorities_of(const hf_config *config, size_t most)
{
    struct ext_authorities a = {.trust = NULL};
    if (config->send_authorities && config->authorities_len > 0) {
        a.list = span_of(config->authorities, config->authorities_len);
        a.len = a.list.len;
    } else if (config->send_authorities && config->trust != NULL) {
        a.trust = hf_trust_store_current(config->trust);
        a.len = a.trust == NULL ? 0 : anchors_len(a.trust);
    }
    if (a.len > most) {
        ext_authorities_free(&a);
    }
    return a;
}

void ext_authorities_free(struct ext_authorities *authorities)
{
    hf_trust_free(authorities->trust);
    *authorities = (struct ext_authorities){.trust = NULL};
}

void ext_authorities_write(struct wr *w, const struct ext_authorities *authorities)
{
    const hf_trust *trust = authorities->trust;
    const size_t list = wr_open(w, 2);
    wr_bytes(w, authorities->list);
    for (size_t i = 0; trust != NULL && i < hf_trust_count(trust); i++) {
        wr_vec(w, hf_trust_subject(trust, i), 2);
    }
    wr_close(w, list, 2);
}

/* supported_groups, RFC 9846, 4.3.7. */
#include "base/status.h"
#include "hs/ext/extensions.h"

static bool is_usable(const struct hs *hs, uint16_t id);

bool ext_supported_groups_offer(struct hs *hs, struct wr *w)
{
    const struct config_list *groups = &hs->config->groups;
    size_t list = wr_open(w, 2);
    if (hs->config->grease) {
        wr_u16(w, hs->c.grease[1]);
    }
    for (size_t i = 0; i < groups->count; i++) {
        if (is_usable(hs, groups->v[i])) {
            wr_u16(w, groups->v[i]);
        }
    }
    wr_close(w, list, 2);
    return true;
}

/* draft-ietf-tls-ecdhe-mlkem: the hybrids are for TLS 1.3. */
static bool is_usable(const struct hs *hs, uint16_t id)
{
    const hf_group *group = hf_provider_group(hs->config->provider, id);
    return hs->config->version_highest >= HF_TLS13 || group == NULL || !group->post_quantum;
}

hf_status ext_supported_groups_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    struct rd r = rd_of(body);
    out->groups = rd_list16(&r, 2, 0xfffe);
    return rd_done(&r) ? HF_OK : ext_malformed(hs, EXT_supported_groups);
}

bool ext_supported_groups_answer(struct hs *hs, struct wr *w)
{
    const struct config_list *groups = &hs->config->groups;
    if (!hs->config->announce_groups || hs->s.offer.groups.len == 0) {
        return false;
    }
    size_t list = wr_open(w, 2);
    for (size_t i = 0; i < groups->count; i++) {
        wr_u16(w, groups->v[i]);
    }
    wr_close(w, list, 2);
    return true;
}

hf_status ext_supported_groups_answered(struct hs *hs, hf_span body)
{
    /* A hint for later connections; this one must not act upon it. */
    struct rd r = rd_of(body);
    (void)rd_list16(&r, 2, 0xfffe);
    return rd_done(&r) ? HF_OK : ext_malformed(hs, EXT_supported_groups);
}

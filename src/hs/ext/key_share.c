/* key_share, RFC 9846, 4.3.8. */
#include "base/span.h"
#include "base/status.h"
#include "hs/ext/extensions.h"
#include "wire/iana.h"

bool ext_key_share_offer(struct hs *hs, struct wr *w)
{
    const struct hs_client *c = &hs->c;
    size_t list = wr_open(w, 2);
    /* RFC 9846, 4.2.2: only a HelloRetryRequest with a group replaces the list. */
    if (hs->config->grease && c->retry_group == 0) {
        wr_u16(w, c->grease[1]);
        wr_u16(w, 1);
        wr_u8(w, 0);
    }
    for (size_t i = 0; i < c->share_count; i++) {
        wr_u16(w, c->shares[i].group->id);
        wr_vec(w, span_of(c->shares[i].public_key, c->shares[i].group->client_share_len), 2);
    }
    wr_close(w, list, 2);
    return true;
}

/* RFC 9846, 4.3.8: shares are in the order of supported_groups, of groups listed there, one
 * each. */
static hf_status check_order(struct hs *hs, hf_span shares, hf_span groups)
{
    struct rd r = rd_of(shares);
    size_t at = 0;
    while (rd_left(&r) > 0) {
        uint16_t group = rd_u16(&r);
        (void)rd_vec16(&r, 1, 0xffff);
        while (at < groups.len / 2 && list16_at(groups, at) != group) {
            at++;
        }
        if (at == groups.len / 2) {
            return err_raise(hs->error, HF_E_KEY_SHARE_MISMATCH, "%s", iana_group_name(group));
        }
        at++;
    }
    return HF_OK;
}

hf_status ext_key_share_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    struct rd r = rd_of(body);
    out->shares = rd_vec16(&r, 0, 0xffff);
    struct rd list = rd_of(out->shares);
    while (rd_left(&list) > 0) {
        (void)rd_u16(&list);
        (void)rd_vec16(&list, 1, 0xffff);
    }
    if (!rd_done(&r) || !rd_done(&list)) {
        return ext_malformed(hs, EXT_key_share);
    }
    if (!ext_has(&out->hello.ext, EXT_supported_groups)) {
        return err_raise(hs->error, HF_E_MISSING_EXTENSION, "key_share without supported_groups");
    }
    /* supported_groups stands before key_share in the table, so it has been read. */
    return check_order(hs, out->shares, out->groups);
}

hf_span ext_key_share_find(hf_span shares, uint16_t group)
{
    struct rd r = rd_of(shares);
    while (rd_left(&r) > 0) {
        uint16_t id = rd_u16(&r);
        hf_span share = rd_vec16(&r, 1, 0xffff);
        if (id == group) {
            return share;
        }
    }
    return span_of(NULL, 0);
}

/* pre_shared_key and psk_key_exchange_modes, RFC 9846, 4.3.9 and 4.3.11. */
#include "base/span.h"
#include "base/status.h"
#include "hs/ext/extensions.h"
#include "hs/psk.h"

enum { IDENTITY_MIN = 7, BINDER_MIN = 32 };

bool ext_psk_modes_offer(struct hs *hs, struct wr *w)
{
    /* RFC 9846, 4.3.9: without it the server may issue no tickets. */
    if (hs->config->psk_count == 0 && !hs->config->resumption && hs->c.session == NULL) {
        return false;
    }
    const struct config_list *modes = &hs->config->psk_modes;
    wr_u8(w, (uint8_t)modes->count);
    for (size_t i = 0; i < modes->count; i++) {
        wr_u8(w, (uint8_t)modes->v[i]);
    }
    return true;
}

hf_status ext_psk_modes_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    struct rd r = rd_of(body);
    out->psk_modes = rd_vec8(&r, 1, 0xff);
    return rd_done(&r) ? HF_OK : ext_malformed(hs, EXT_psk_key_exchange_modes);
}

bool ext_pre_shared_key_offer(struct hs *hs, struct wr *w, size_t *binders_at)
{
    struct psk psk;
    size_t offered = 0;
    size_t identities = wr_open(w, 2);
    for (; psk_offered_at(hs, offered, &psk); offered++) {
        wr_vec(w, psk.identity, 2);
        wr_u32(w, psk.obfuscated_age);
    }
    wr_close(w, identities, 2);
    *binders_at = 0;
    if (offered == 0) {
        return false;
    }
    *binders_at = w->len;
    size_t binders = wr_open(w, 2);
    for (size_t i = 0; psk_offered_at(hs, i, &psk); i++) {
        size_t m = wr_open(w, 1);
        uint8_t *room = wr_room(w, psk.hash->digest_len);
        if (room != NULL) {
            memset(room, 0, psk.hash->digest_len);
        }
        wr_close(w, m, 1);
    }
    wr_close(w, binders, 2);
    return true;
}

hf_status ext_pre_shared_key_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    struct rd r = rd_of(body);
    out->psk_identities = rd_vec16(&r, IDENTITY_MIN, 0xffff);
    const uint8_t *binders = r.p;
    out->psk_binders = rd_vec16(&r, BINDER_MIN + 1, 0xffff);
    struct rd ids = rd_of(out->psk_identities);
    struct rd macs = rd_of(out->psk_binders);
    size_t id_count = 0;
    size_t mac_count = 0;
    while (rd_left(&ids) > 0) {
        (void)rd_vec16(&ids, 1, 0xffff);
        (void)rd_u32(&ids);
        id_count++;
    }
    while (rd_left(&macs) > 0) {
        (void)rd_vec8(&macs, BINDER_MIN, 0xff);
        mac_count++;
    }
    if (!rd_done(&r) || !rd_done(&ids) || !rd_done(&macs)) {
        return ext_malformed(hs, EXT_pre_shared_key);
    }
    if (out->hello.ext.last_code != EXT_CODE_pre_shared_key) {
        return err_raise(hs->error, HF_E_PSK_NOT_LAST, NULL);
    }
    if (id_count != mac_count) {
        return err_raise(hs->error, HF_E_PSK_LISTS_DIFFER, "%zu identities, %zu binders", id_count,
                         mac_count);
    }
    if (!ext_has(&out->hello.ext, EXT_psk_key_exchange_modes)) {
        return err_raise(hs->error, HF_E_PSK_MODES_MISSING, NULL);
    }
    out->has_psk = true;
    out->binders_at = (size_t)(binders - hs->msg.raw.data);
    return HF_OK;
}

#include "hs/ext/extensions.h"

#include "base/span.h"
#include "base/status.h"
#include "wire/iana.h"

struct ext_ops {
    uint8_t index;
    bool (*offer)(struct hs *hs, struct wr *w);
    hf_status (*read)(struct hs *hs, hf_span body, struct hs_offer *out);
    bool (*answer)(struct hs *hs, struct wr *w);
    hf_status (*answered)(struct hs *hs, hf_span body);
};

/* In the order of answers and of unpermuted offers. pre_shared_key stands last (RFC 9846,
 * 4.3.11). */
static const struct ext_ops table[] = {
    {EXT_supported_groups, ext_supported_groups_offer, ext_supported_groups_read,
     ext_supported_groups_answer, ext_supported_groups_answered},
    {EXT_record_size_limit, ext_record_size_limit_offer, ext_record_size_limit_read,
     ext_record_size_limit_answer, ext_record_size_limit_answered},
    {EXT_server_name, ext_server_name_offer, ext_server_name_read, ext_server_name_answer,
     ext_server_name_answered},
    {EXT_application_layer_protocol_negotiation, ext_alpn_offer, ext_alpn_read, ext_alpn_answer,
     ext_alpn_answered},
    {EXT_status_request, ext_status_request_offer, ext_status_request_read, NULL, NULL},
    {EXT_signed_certificate_timestamp, ext_sct_offer, ext_sct_read, NULL, NULL},
    {EXT_signature_algorithms, ext_signature_algorithms_offer, ext_signature_algorithms_read, NULL,
     NULL},
    {EXT_signature_algorithms_cert, ext_signature_algorithms_cert_offer,
     ext_signature_algorithms_cert_read, NULL, NULL},
    {EXT_compress_certificate, ext_compress_certificate_offer, ext_compress_certificate_read, NULL,
     NULL},
    {EXT_supported_versions, ext_supported_versions_offer, ext_supported_versions_read, NULL, NULL},
    {EXT_cookie, ext_cookie_offer, ext_cookie_read, NULL, NULL},
    {EXT_psk_key_exchange_modes, ext_psk_modes_offer, ext_psk_modes_read, NULL, NULL},
    {EXT_post_handshake_auth, ext_post_handshake_auth_offer, ext_post_handshake_auth_read, NULL,
     NULL},
    {EXT_key_share, ext_key_share_offer, ext_key_share_read, NULL, NULL},
    {EXT_early_data, NULL, ext_early_data_read, NULL, NULL},
    {EXT_pre_shared_key, NULL, ext_pre_shared_key_read, NULL, NULL},
};

enum {
    TABLE_COUNT = sizeof table / sizeof table[0],
    OFFER_COUNT = sizeof table / sizeof table[0] - 2
};

_Static_assert((int)OFFER_COUNT <= (int)HS_OFFERS_MAX, "the order has a place for every offer");

hf_status ext_prepare_offers(struct hs *hs)
{
    struct hs_client *c = &hs->c;
    for (size_t i = 0; i < OFFER_COUNT; i++) {
        c->order[i] = (uint8_t)i;
    }
    if (!hs->config->grease) {
        return HF_OK;
    }
    uint8_t seed[HS_OFFERS_MAX + HS_GREASE_COUNT];
    TRY(hs_random(hs, seed, sizeof seed));
    /* Fisher-Yates; the slight bias of the remainder is of no use to anybody. */
    for (size_t i = OFFER_COUNT - 1; i > 0; i--) {
        size_t j = seed[i] % (i + 1);
        uint8_t swap = c->order[i];
        c->order[i] = c->order[j];
        c->order[j] = swap;
    }
    for (size_t i = 0; i < HS_GREASE_COUNT; i++) {
        uint16_t nibble = seed[HS_OFFERS_MAX + i] >> 4;
        c->grease[i] = (uint16_t)(nibble << 12 | 0x0a00 | nibble << 4 | 0x0a);
    }
    if (c->grease[3] == c->grease[2]) {
        /* The two GREASE extensions must differ. */
        c->grease[3] ^= 0x1010;
    }
    return HF_OK;
}

static void write_grease(struct wr *w, uint16_t code, size_t body_len)
{
    wr_u16(w, code);
    size_t m = wr_open(w, 2);
    for (size_t i = 0; i < body_len; i++) {
        wr_u8(w, 0);
    }
    wr_close(w, m, 2);
}

/* Writes one extension, or nothing when its writer declines. */
static bool write_one(struct hs *hs, struct wr *w, enum ext_index index,
                      bool (*body)(struct hs *, struct wr *))
{
    const size_t before = w->len;
    wr_u16(w, ext_code_of(index));
    size_t m = wr_open(w, 2);
    if (!body(hs, w)) {
        w->len = before;
        return false;
    }
    wr_close(w, m, 2);
    return true;
}

void ext_write_offers(struct hs *hs, struct wr *w, size_t *binders_at)
{
    struct hs_client *c = &hs->c;
    const size_t block = wr_open(w, 2);
    c->offered = 0;
    if (hs->config->grease) {
        write_grease(w, c->grease[2], 0);
    }
    for (size_t i = 0; i < OFFER_COUNT; i++) {
        const struct ext_ops *e = &table[c->order[i]];
        if (write_one(hs, w, e->index, e->offer)) {
            c->offered |= EXT_BIT(e->index);
        }
    }
    if (hs->config->grease) {
        write_grease(w, c->grease[3], 1);
    }
    const size_t before = w->len;
    wr_u16(w, EXT_CODE_pre_shared_key);
    size_t m = wr_open(w, 2);
    if (ext_pre_shared_key_offer(hs, w, binders_at)) {
        c->offered |= EXT_BIT(EXT_pre_shared_key);
        wr_close(w, m, 2);
    } else {
        w->len = before;
    }
    wr_close(w, block, 2);
}

hf_status ext_read_offers(struct hs *hs, struct hs_offer *out)
{
    const struct ext_view *view = &out->hello.ext;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (ext_has(view, table[i].index)) {
            TRY(table[i].read(hs, view->body[table[i].index], out));
        }
    }
    return HF_OK;
}

void ext_write_answers(struct hs *hs, struct wr *w)
{
    const size_t block = wr_open(w, 2);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (table[i].answer != NULL) {
            (void)write_one(hs, w, table[i].index, table[i].answer);
        }
    }
    wr_close(w, block, 2);
}

hf_status ext_read_answers(struct hs *hs, const struct ext_view *view)
{
    TRY(ext_check_solicited(view, hs->c.offered, hs->error));
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (ext_has(view, table[i].index) && table[i].answered != NULL) {
            TRY(table[i].answered(hs, view->body[table[i].index]));
        }
    }
    return HF_OK;
}

hf_status ext_malformed(struct hs *hs, enum ext_index index)
{
    return err_raise(hs->error, HF_E_DECODE_EXTENSION, "%s",
                     iana_extension_name(ext_code_of(index)));
}

#include "hs/ext/extensions.h"

#include "base/span.h"
#include "base/status.h"
#include "wire/iana.h"

struct ext_ops {
    uint8_t index;
    uint8_t versions; /* enum hs_versions: which it is offered for */
    bool (*offer)(struct hs *hs, struct wr *w);
    hf_status (*read)(struct hs *hs, hf_span body, struct hs_offer *out);
    /* EncryptedExtensions. */
    bool (*answer)(struct hs *hs, struct wr *w);
    hf_status (*answered)(struct hs *hs, hf_span body);
    /* ServerHello of TLS 1.2. */
    bool (*answer12)(struct hs *hs, struct wr *w);
    hf_status (*answered12)(struct hs *hs, hf_span body);
};

enum { BOTH = HS_MAY_12 | HS_MAY_13 };

#define OFFERED(name)    .offer = ext_##name##_offer, .read = ext_##name##_read
#define ANSWERED(name)   .answer = ext_##name##_answer, .answered = ext_##name##_answered
#define ANSWERED12(name) .answer12 = ext_##name##_answer12, .answered12 = ext_##name##_answered12

/* In the order of answers and of unpermuted offers. pre_shared_key stands last (RFC 9846,
 * 4.3.11). */
static const struct ext_ops table[] = {
    {EXT_supported_groups, BOTH, OFFERED(supported_groups), ANSWERED(supported_groups),
     .answered12 = ext_supported_groups_answered},
    {EXT_record_size_limit, BOTH, OFFERED(record_size_limit), ANSWERED(record_size_limit),
     ANSWERED12(record_size_limit)},
    {EXT_server_name, BOTH, OFFERED(server_name), ANSWERED(server_name),
     .answer12 = ext_server_name_answer, .answered12 = ext_server_name_answered},
    {EXT_application_layer_protocol_negotiation, BOTH, OFFERED(alpn), ANSWERED(alpn),
     .answer12 = ext_alpn_answer, .answered12 = ext_alpn_answered},
    {EXT_status_request, BOTH, OFFERED(status_request), ANSWERED12(status_request)},
    {EXT_signed_certificate_timestamp, BOTH, OFFERED(sct), ANSWERED12(sct)},
    {EXT_signature_algorithms, BOTH, OFFERED(signature_algorithms)},
    {EXT_signature_algorithms_cert, BOTH, OFFERED(signature_algorithms_cert)},
    {EXT_ec_point_formats, HS_MAY_12, OFFERED(point_formats), ANSWERED12(point_formats)},
    {EXT_extended_master_secret, HS_MAY_12, OFFERED(ems), ANSWERED12(ems)},
    {EXT_renegotiation_info, HS_MAY_12, OFFERED(renegotiation), ANSWERED12(renegotiation)},
    {EXT_session_ticket, HS_MAY_12, OFFERED(session_ticket), ANSWERED12(session_ticket)},
    {EXT_compress_certificate, HS_MAY_13, OFFERED(compress_certificate)},
    {EXT_supported_versions, HS_MAY_13, OFFERED(supported_versions)},
    {EXT_cookie, HS_MAY_13, OFFERED(cookie)},
    {EXT_psk_key_exchange_modes, HS_MAY_13, OFFERED(psk_modes)},
    {EXT_post_handshake_auth, HS_MAY_13, OFFERED(post_handshake_auth)},
    {EXT_key_share, HS_MAY_13, OFFERED(key_share)},
    {EXT_early_data, HS_MAY_13, OFFERED(early_data), ANSWERED(early_data)},
    {EXT_pre_shared_key, HS_MAY_13, .read = ext_pre_shared_key_read},
};

enum {
    TABLE_COUNT = sizeof table / sizeof table[0],
    OFFER_COUNT = sizeof table / sizeof table[0] - 1
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
        if ((e->versions & c->versions) != 0 && write_one(hs, w, e->index, e->offer)) {
            c->offered |= EXT_BIT(e->index);
        }
    }
    if (hs->config->grease) {
        write_grease(w, c->grease[3], 1);
    }
    const size_t before = w->len;
    wr_u16(w, EXT_CODE_pre_shared_key);
    size_t m = wr_open(w, 2);
    *binders_at = 0;
    if ((c->versions & HS_MAY_13) != 0 && ext_pre_shared_key_offer(hs, w, binders_at)) {
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

void ext_write_answers12(struct hs *hs, struct wr *w)
{
    const size_t before = w->len;
    const size_t block = wr_open(w, 2);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (table[i].answer12 != NULL) {
            (void)write_one(hs, w, table[i].index, table[i].answer12);
        }
    }
    wr_close(w, block, 2);
    if (w->len == block) {
        w->len = before; /* RFC 5246, 7.4.1.3: no extensions, no block */
    }
}

hf_status ext_read_answers12(struct hs *hs, const struct ext_view *view)
{
    TRY(ext_check_solicited(view, hs->c.offered, hs->error));
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (ext_has(view, table[i].index) && table[i].answered12 != NULL) {
            TRY(table[i].answered12(hs, view->body[table[i].index]));
        }
    }
    return HF_OK;
}

hf_status ext_malformed(struct hs *hs, enum ext_index index)
{
    return err_raise(hs->error, HF_E_DECODE_EXTENSION, "%s",
                     iana_extension_name(ext_code_of(index)));
}

/* application_layer_protocol_negotiation, RFC 7301. */
#include "base/span.h"
#include "base/status.h"
#include "hs/ext/extensions.h"

bool ext_alpn_offer(struct hs *hs, struct wr *w)
{
    if (hs->config->alpn == NULL) {
        return false;
    }
    wr_vec(w, span_of(hs->config->alpn, hs->config->alpn_len), 2);
    return true;
}

hf_status ext_alpn_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    struct rd r = rd_of(body);
    out->alpn = rd_vec16(&r, 2, 0xffff);
    struct rd list = rd_of(out->alpn);
    while (rd_left(&list) > 0) {
        (void)rd_vec8(&list, 1, 0xff);
    }
    if (!rd_done(&r) || !rd_done(&list)) {
        return ext_malformed(hs, EXT_application_layer_protocol_negotiation);
    }
    out->has_alpn = true;
    return HF_OK;
}

/* Whether a ProtocolNameList holds the name. */
static bool list_has(hf_span list, hf_span name)
{
    struct rd r = rd_of(list);
    while (rd_left(&r) > 0) {
        if (span_eq(rd_vec8(&r, 1, 0xff), name)) {
            return true;
        }
    }
    return false;
}

/* The names of a list as text for an error. */
static void describe(hf_span list, char *out, size_t cap)
{
    struct rd r = rd_of(list);
    size_t n = 0;
    while (rd_left(&r) > 0) {
        hf_span name = rd_vec8(&r, 1, 0xff);
        if (n + name.len + 3 > cap) {
            break;
        }
        if (n > 0) {
            out[n++] = ',';
        }
        memcpy(out + n, name.data, name.len);
        n += name.len;
    }
    out[n] = '\0';
}

hf_span ext_alpn_pick(const struct hs *hs)
{
    struct rd r = rd_of(span_of(hs->config->alpn, hs->config->alpn_len));
    while (rd_left(&r) > 0) {
        const hf_span name = rd_vec8(&r, 1, 0xff);
        if (list_has(hs->s.offer.alpn, name)) {
            return name;
        }
    }
    return span_of(NULL, 0);
}

hf_status ext_alpn_names(struct hs *hs, const hf_span **names, size_t *count)
{
    enum { SHOWN_MAX = 32 };
    hf_span *shown = hs_alloc(hs, SHOWN_MAX * sizeof *shown);
    if (shown == NULL) {
        return hs_no_memory(hs);
    }
    struct rd r = rd_of(hs->s.offer.alpn);
    size_t n = 0;
    while (rd_left(&r) > 0 && n < SHOWN_MAX) {
        shown[n++] = rd_vec8(&r, 1, 0xff);
    }
    *names = shown;
    *count = n;
    return HF_OK;
}

hf_status ext_alpn_fill(struct hs *hs)
{
    hs->op.u.choose_identity.alpn = NULL;
    hs->op.u.choose_identity.alpn_count = 0;
    if ((hs->config->external_ops & HF_OP_BIT(HF_OP_CHOOSE_IDENTITY)) == 0) {
        return HF_OK;
    }
    return ext_alpn_names(hs, &hs->op.u.choose_identity.alpn, &hs->op.u.choose_identity.alpn_count);
}

hf_status ext_alpn_choose(struct hs *hs)
{
    const struct hs_offer *offer = &hs->s.offer;
    hf_span ours = span_of(hs->config->alpn, hs->config->alpn_len);
    if (!offer->has_alpn || ours.len == 0) {
        return HF_OK;
    }
    const hf_span name = ext_alpn_pick(hs);
    if (name.len > 0) {
        hs->result->alpn = name;
        char text[256];
        memcpy(text, name.data, name.len);
        text[name.len] = '\0';
        TRACE(hs->tr, HF_EV_DECISION, decision, .about = HF_DECIDE_ALPN, .name = text,
              .reason = "first of ours that the client offers");
        return HF_OK;
    }
    char theirs_text[80];
    char ours_text[80];
    describe(offer->alpn, theirs_text, sizeof theirs_text);
    describe(ours, ours_text, sizeof ours_text);
    return err_raise(hs->error, HF_E_NO_APPLICATION_PROTOCOL,
                     "the client offers %s, this server speaks %s", theirs_text, ours_text);
}

bool ext_alpn_answer(struct hs *hs, struct wr *w)
{
    if (hs->result->alpn.len == 0) {
        return false;
    }
    size_t list = wr_open(w, 2);
    wr_vec(w, hs->result->alpn, 1);
    wr_close(w, list, 2);
    return true;
}

hf_status ext_alpn_answered(struct hs *hs, hf_span body)
{
    struct rd r = rd_of(body);
    struct rd list = rd_of(rd_vec16(&r, 2, 0xffff));
    hf_span name = rd_vec8(&list, 1, 0xff);
    if (!rd_done(&r) || !rd_done(&list)) {
        return ext_malformed(hs, EXT_application_layer_protocol_negotiation);
    }
    /* The result points into our own list, which outlives the message. */
    struct rd ours = rd_of(span_of(hs->config->alpn, hs->config->alpn_len));
    while (rd_left(&ours) > 0) {
        hf_span mine = rd_vec8(&ours, 1, 0xff);
        if (span_eq(mine, name)) {
            hs->result->alpn = mine;
            return HF_OK;
        }
    }
    return err_raise(hs->error, HF_E_ALPN_NOT_OFFERED, "%.*s", (int)(name.len > 64 ? 64 : name.len),
                     (const char *)name.data);
}

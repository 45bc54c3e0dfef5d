#include "hs/psk.h"

#include "base/span.h"
#include "base/status.h"
#include "crypto/suite.h"

bool psk_is_offered(const struct hs *hs, const struct config_psk *psk)
{
    if (hs->result->retried) {
        return hs->result->suite.hash == psk->hash;
    }
    const struct config_list *ciphers = &hs->config->ciphers;
    for (size_t i = 0; i < ciphers->count; i++) {
        struct suite s;
        if (suite_find(hs->config->provider, ciphers->v[i], &s) && s.hash == psk->hash) {
            return true;
        }
    }
    return false;
}

const struct config_psk *psk_offered_at(const struct hs *hs, size_t position)
{
    for (size_t i = 0; i < hs->config->psk_count; i++) {
        if (psk_is_offered(hs, &hs->config->psks[i]) && position-- == 0) {
            return &hs->config->psks[i];
        }
    }
    return NULL;
}

/* The MAC of one binder over the hello up to its binders, on top of what the transcript holds. */
static void compute_binder(struct hs *hs, const struct config_psk *psk,
                           const struct transcript *before, hf_span truncated, uint8_t *out)
{
    uint8_t digest[HF_HASH_MAX_LEN];
    uint8_t nothing[HF_HASH_MAX_LEN];
    struct transcript t = *before;
    struct transcript empty;
    struct sched13 early;
    struct secret binder_key;
    transcript_add(&t, truncated);
    transcript_value(&t, digest);
    transcript_start(&empty, psk->hash);
    transcript_value(&empty, nothing);
    sched13_start(&early, psk->hash, span_of(psk->key, psk->key_len), hs->tr);
    sched13_derive(&early, "ext binder", span_of(nothing, psk->hash->digest_len), "binder_key",
                   &binder_key);
    finished_mac(psk->hash, &binder_key, span_of(digest, psk->hash->digest_len), hs->tr, out);
    secret_wipe(&binder_key);
    sched13_wipe(&early);
}

void psk_fill_binders(struct hs *hs, struct wr *w, size_t binders_at)
{
    size_t at = binders_at + 2;
    for (size_t i = 0; i < hs->config->psk_count; i++) {
        const struct config_psk *psk = &hs->config->psks[i];
        if (!psk_is_offered(hs, psk)) {
            continue;
        }
        struct transcript before;
        if (hs->result->retried) {
            before = hs->transcript;
        } else {
            transcript_start(&before, psk->hash);
        }
        compute_binder(hs, psk, &before, span_of(w->buf, binders_at), w->buf + at + 1);
        at += 1 + (size_t)psk->hash->digest_len;
    }
}

const struct config_psk *psk_find(const struct hs *hs, int *position)
{
    struct rd r = rd_of(hs->s.offer.psk_identities);
    for (int n = 0; rd_left(&r) > 0; n++) {
        hf_span identity = rd_vec16(&r, 1, 0xffff);
        (void)rd_u32(&r);
        for (size_t i = 0; i < hs->config->psk_count; i++) {
            const struct config_psk *psk = &hs->config->psks[i];
            if (psk->identity_len == identity.len &&
                hf_ct_equal(psk->identity, identity.data, identity.len)) {
                *position = n;
                return psk;
            }
        }
    }
    return NULL;
}

hf_status psk_check_binder(struct hs *hs, const struct config_psk *psk, int position)
{
    struct rd r = rd_of(hs->s.offer.psk_binders);
    hf_span binder = {NULL, 0};
    for (int i = 0; i <= position; i++) {
        binder = rd_vec8(&r, 1, 0xff);
    }
    uint8_t mac[HF_HASH_MAX_LEN];
    compute_binder(hs, psk, &hs->transcript, span_of(hs->msg.raw.data, hs->s.offer.binders_at),
                   mac);
    if (binder.len != psk->hash->digest_len || !hf_ct_equal(binder.data, mac, binder.len)) {
        return err_raise(hs->error, HF_E_PSK_BINDER, "identity %d of the client's", position);
    }
    return HF_OK;
}

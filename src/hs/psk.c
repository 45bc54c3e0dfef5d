#include "hs/psk.h"

#include "base/span.h"
#include "base/status.h"
#include "crypto/suite.h"

static bool is_offered(const struct hs *hs, const hf_hash *hash);
static struct psk of_config(const struct config_psk *own);
static void compute_binder(struct hs *hs, const struct psk *psk, const struct transcript *before,
                           hf_span truncated, uint8_t *out);
static struct transcript transcript_before(const struct hs *hs, const struct psk *psk);

/* --- Client ----------------------------------------------------------------------------------- */

/* RFC 9846, 4.3.11.1: the age in milliseconds, plus ticket_age_add, modulo 2^32. Both times were
 * cut to whole milliseconds, so their difference may be one too many; and a ticket that is older
 * here than at its server is refused by some. */
static uint32_t obfuscate_age(const struct hs *hs, const struct session_state *state)
{
    const uint64_t age_ms = (uint64_t)hs->now_ms - (uint64_t)state->issued_ms;
    return (uint32_t)(age_ms > 0 ? age_ms - 1 : 0) + state->age_add;
}

bool psk_offered_at(const struct hs *hs, size_t position, struct psk *out)
{
    if (hs->c.session != NULL) {
        const struct session_state *state = session_state_of(hs->c.session);
        struct psk psk = psk_of_session(hs, state);
        if (is_offered(hs, psk.hash) && position-- == 0) {
            psk.identity = session_ticket(hs->c.session);
            psk.obfuscated_age = obfuscate_age(hs, state);
            *out = psk;
            return true;
        }
    }
    for (size_t i = 0; i < hs->config->psk_count; i++) {
        if (is_offered(hs, hs->config->psks[i].hash) && position-- == 0) {
            *out = of_config(&hs->config->psks[i]);
            return true;
        }
    }
    return false;
}

size_t psk_offers_size(const struct hs *hs)
{
    enum { AROUND = 2 + 4 + 1 + HF_HASH_MAX_LEN };
    size_t n = hs->c.session == NULL ? 0 : AROUND + session_ticket(hs->c.session).len;
    for (size_t i = 0; i < hs->config->psk_count; i++) {
        n += AROUND + hs->config->psks[i].identity_len;
    }
    return n;
}

void psk_fill_binders(struct hs *hs, struct wr *w, size_t binders_at)
{
    size_t at = binders_at + 2;
    struct psk psk;
    for (size_t i = 0; psk_offered_at(hs, i, &psk); i++) {
        const struct transcript before = transcript_before(hs, &psk);
        compute_binder(hs, &psk, &before, span_of(w->buf, binders_at), w->buf + at + 1);
        at += 1 + (size_t)psk.hash->digest_len;
    }
}

static bool is_offered(const struct hs *hs, const hf_hash *hash)
{
    if (hs->result->retried) {
        return hs->result->suite.hash == hash;
    }
    const struct config_list *ciphers = &hs->config->ciphers;
    for (size_t i = 0; i < ciphers->count; i++) {
        struct suite s;
        if (suite_find(hs->config->provider, ciphers->v[i], &s) && s.hash == hash) {
            return true;
        }
    }
    return false;
}

/* --- Server ----------------------------------------------------------------------------------- */

bool psk_find_external(const struct hs *hs, hf_span identity, struct psk *out)
{
    for (size_t i = 0; i < hs->config->psk_count; i++) {
        const struct config_psk *own = &hs->config->psks[i];
        if (own->identity_len == identity.len &&
            hf_ct_equal(own->identity, identity.data, identity.len)) {
            *out = of_config(own);
            return true;
        }
    }
    return false;
}

hf_span psk_binder_at(const struct hs *hs, int position)
{
    struct rd r = rd_of(hs->s.offer.psk_binders);
    hf_span binder = {NULL, 0};
    for (int i = 0; i <= position; i++) {
        binder = rd_vec8(&r, 1, 0xff);
    }
    return binder;
}

hf_status psk_check_binder(struct hs *hs, const struct psk *psk, int position)
{
    const hf_span binder = psk_binder_at(hs, position);
    const struct transcript before = transcript_before(hs, psk);
    uint8_t mac[HF_HASH_MAX_LEN];
    compute_binder(hs, psk, &before, span_of(hs->msg.raw.data, hs->s.offer.binders_at), mac);
    if (binder.len != psk->hash->digest_len || !hf_ct_equal(binder.data, mac, binder.len)) {
        return err_raise(hs->error, HF_E_PSK_BINDER, "identity %d of the client's", position);
    }
    return HF_OK;
}

/* --- Both ------------------------------------------------------------------------------------- */

struct psk psk_of_session(const struct hs *hs, const struct session_state *state)
{
    const hf_provider *p = hs->config->provider;
    return (struct psk){.key = secret_span(&state->secret),
                        .hash = state->secret.len == p->sha384->digest_len ? p->sha384 : p->sha256,
                        .binder_label = "res binder"};
}

bool psk_fits_suite(const struct hs *hs, const struct session_state *state)
{
    struct suite s;
    return !suite_find(hs->config->provider, state->cipher_suite, &s) ||
           s.hash->digest_len == state->secret.len;
}

static struct psk of_config(const struct config_psk *own)
{
    return (struct psk){.identity = span_of(own->identity, own->identity_len),
                        .key = span_of(own->key, own->key_len),
                        .hash = own->hash,
                        .binder_label = own->binder_label};
}

/* What the present hello follows: nothing, or the first one and its HelloRetryRequest. */
static struct transcript transcript_before(const struct hs *hs, const struct psk *psk)
{
    struct transcript before = hs->transcript;
    if (!hs->result->retried) {
        transcript_start(&before, psk->hash);
    }
    return before;
}

/* The MAC of one binder over the hello up to its binders, on top of what came before. */
static void compute_binder(struct hs *hs, const struct psk *psk, const struct transcript *before,
                           hf_span truncated, uint8_t *out)
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
    sched13_start(&early, psk->hash, psk->key, hs->tr);
    sched13_derive(&early, psk->binder_label, span_of(nothing, psk->hash->digest_len), "binder_key",
                   &binder_key);
    finished_mac(psk->hash, &binder_key, span_of(digest, psk->hash->digest_len), hs->tr, out);
    secret_wipe(&binder_key);
    sched13_wipe(&early);
}

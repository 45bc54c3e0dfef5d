#include "crypto/schedule13.h"

#include <string.h>

#include "base/span.h"
#include "crypto/hkdf.h"

/* HKDF-Extract(0, 0) expanded with "derived": where every handshake without a PSK starts.
 * Constants of the hash alone, so they are not computed again and again; schedule13_test
 * recomputes them. */
static const uint8_t zero_derived_sha256[32] = {
    0x6f, 0x26, 0x15, 0xa1, 0x08, 0xc7, 0x02, 0xc5, 0x67, 0x8f, 0x54, 0xfc, 0x9d, 0xba, 0xb6, 0x97,
    0x16, 0xc0, 0x76, 0x18, 0x9c, 0x48, 0x25, 0x0c, 0xeb, 0xea, 0xc3, 0x57, 0x6c, 0x36, 0x11, 0xba};

static const uint8_t zeros[HF_HASH_MAX_LEN];

static void empty_hash(const hf_hash *hash, uint8_t *out)
{
    hf_hash_ctx ctx;
    hash->init(&ctx);
    hash->final(&ctx, out);
}

static void trace_step(const struct tracer *tr, const char *step, const char *name,
                       const char *label, hf_span in, hf_span context, hf_span out)
{
    TRACE(tr, HF_EV_KEY_STEP, key_step, .step = step, .name = name, .label = label, .in = in,
          .salt_or_context = context, .out = out);
}

static void extract(struct sched13 *s, hf_span salt, hf_span ikm, const char *name)
{
    hkdf_extract(s->hash, salt, ikm, &s->secret);
    trace_step(s->tr, "Extract", name, "", ikm, salt, secret_span(&s->secret));
    hmac_key_init(&s->current, s->hash, secret_span(&s->secret));
}

void sched13_start(struct sched13 *s, const hf_hash *hash, hf_span psk, const struct tracer *tr)
{
    s->hash = hash;
    s->tr = tr;
    s->stage = SCHED13_EARLY;
    s->zero_psk = psk.len == 0;
    if (!s->zero_psk || TRACE_ON(tr, HF_EV_KEY_STEP)) {
        hf_span zero = span_of(zeros, hash->digest_len);
        extract(s, zero, s->zero_psk ? zero : psk, "early_secret");
    }
}

/* The salt of the next stage: Derive-Secret(., "derived", ""). */
static void next_salt(const struct sched13 *s, struct secret *salt)
{
    bool is_constant = s->stage == SCHED13_EARLY && s->zero_psk &&
                       s->hash->digest_len == sizeof zero_derived_sha256;
    if (is_constant && !TRACE_ON(s->tr, HF_EV_KEY_STEP)) {
        salt->len = sizeof zero_derived_sha256;
        memcpy(salt->b, zero_derived_sha256, sizeof zero_derived_sha256);
        return;
    }
    uint8_t nothing[HF_HASH_MAX_LEN];
    empty_hash(s->hash, nothing);
    sched13_derive(s, "derived", span_of(nothing, s->hash->digest_len), "derived", salt);
}

static void advance(struct sched13 *s, hf_span ikm, const char *name, enum sched13_stage stage)
{
    struct secret salt;
    next_salt(s, &salt);
    hf_span zero = span_of(zeros, s->hash->digest_len);
    extract(s, secret_span(&salt), ikm.len == 0 ? zero : ikm, name);
    secret_wipe(&salt);
    s->stage = stage;
}

void sched13_to_handshake(struct sched13 *s, hf_span shared_secret)
{
    if (s->zero_psk && s->hash->digest_len != sizeof zero_derived_sha256 &&
        !TRACE_ON(s->tr, HF_EV_KEY_STEP)) {
        /* SHA-384 has no constant here: the early secret is computed after all. */
        hf_span zero = span_of(zeros, s->hash->digest_len);
        extract(s, zero, zero, "early_secret");
    }
    advance(s, shared_secret, "handshake_secret", SCHED13_HANDSHAKE);
}

void sched13_to_main(struct sched13 *s)
{
    advance(s, span_of(NULL, 0), "main_secret", SCHED13_MAIN);
}

void sched13_derive(const struct sched13 *s, const char *label, hf_span transcript_hash,
                    const char *name, struct secret *out)
{
    out->len = s->hash->digest_len;
    (void)hkdf_expand_label(&s->current, label, transcript_hash, out->b, out->len);
    trace_step(s->tr, "Expand-Label", name, label, secret_span(&s->secret), transcript_hash,
               secret_span(out));
}

void sched13_wipe(struct sched13 *s)
{
    hf_wipe(s, sizeof *s);
}

void traffic_keys(const hf_hash *hash, const struct secret *traffic, const hf_aead *aead,
                  const struct tracer *tr, uint8_t *key, uint8_t iv[HF_AEAD_NONCE_LEN])
{
    struct hmac_key k;
    hf_span none = span_of(NULL, 0);
    hmac_key_init(&k, hash, secret_span(traffic));
    (void)hkdf_expand_label(&k, "key", none, key, aead->key_len);
    (void)hkdf_expand_label(&k, "iv", none, iv, HF_AEAD_NONCE_LEN);
    trace_step(tr, "Expand-Label", "key", "key", secret_span(traffic), none,
               span_of(key, aead->key_len));
    trace_step(tr, "Expand-Label", "iv", "iv", secret_span(traffic), none,
               span_of(iv, HF_AEAD_NONCE_LEN));
    hmac_key_wipe(&k);
}

void traffic_update(const hf_hash *hash, struct secret *traffic, const struct tracer *tr)
{
    struct hmac_key k;
    struct secret next = {.len = hash->digest_len};
    hmac_key_init(&k, hash, secret_span(traffic));
    (void)hkdf_expand_label(&k, "traffic upd", span_of(NULL, 0), next.b, next.len);
    trace_step(tr, "Expand-Label", "application_traffic_secret_N+1", "traffic upd",
               secret_span(traffic), span_of(NULL, 0), secret_span(&next));
    *traffic = next;
    secret_wipe(&next);
    hmac_key_wipe(&k);
}

void ticket_key(const hf_hash *hash, const struct secret *resumption, hf_span ticket_nonce,
                const struct tracer *tr, struct secret *out)
{
    struct hmac_key k;
    out->len = hash->digest_len;
    hmac_key_init(&k, hash, secret_span(resumption));
    (void)hkdf_expand_label(&k, "resumption", ticket_nonce, out->b, out->len);
    trace_step(tr, "Expand-Label", "ticket_psk", "resumption", secret_span(resumption),
               ticket_nonce, secret_span(out));
    hmac_key_wipe(&k);
}

void finished_mac(const hf_hash *hash, const struct secret *base, hf_span transcript_hash,
                  const struct tracer *tr, uint8_t *out)
{
    struct hmac_key k;
    struct secret finished_key = {.len = hash->digest_len};
    hmac_key_init(&k, hash, secret_span(base));
    (void)hkdf_expand_label(&k, "finished", span_of(NULL, 0), finished_key.b, finished_key.len);
    trace_step(tr, "Expand-Label", "finished_key", "finished", secret_span(base), span_of(NULL, 0),
               secret_span(&finished_key));
    hmac_compute(hash, secret_span(&finished_key), transcript_hash, out);
    secret_wipe(&finished_key);
    hmac_key_wipe(&k);
}

bool exporter_compute(const hf_hash *hash, const struct secret *exporter, const char *label,
                      hf_span context, uint8_t *out, size_t out_len)
{
    uint8_t nothing[HF_HASH_MAX_LEN];
    uint8_t context_hash[HF_HASH_MAX_LEN];
    struct secret derived = {.len = hash->digest_len};
    struct hmac_key k;
    hf_hash_ctx ctx;
    empty_hash(hash, nothing);
    hash->init(&ctx);
    hash->update(&ctx, context.data, context.len);
    hash->final(&ctx, context_hash);
    hmac_key_init(&k, hash, secret_span(exporter));
    bool ok =
        hkdf_expand_label(&k, label, span_of(nothing, hash->digest_len), derived.b, derived.len);
    if (ok) {
        hmac_key_init(&k, hash, secret_span(&derived));
        ok = hkdf_expand_label(&k, "exporter", span_of(context_hash, hash->digest_len), out,
                               out_len);
    }
    secret_wipe(&derived);
    hmac_key_wipe(&k);
    return ok;
}

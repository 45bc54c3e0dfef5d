/* AES-128-GCM and AES-256-GCM.
 *
 * The context holds the library's gcm_key_data: round keys and 48 powers of the hash key, no
 * pointer. What a record needs beside it lives on the stack and is wiped. */
#include <string.h>

#include "base/secret.h"
#include "ipsecmb/ipsecmb.h"
#include "ipsecmb/kernels.h"

/* 2^24.5 full-size records (RFC 9846, 5.5), rounded down: floor(sqrt(2^49)). */
#define GCM_CONFIDENTIALITY_LIMIT UINT64_C(23726566)

/* The library is compiled for an alignment that its header asks for only under a macro of its own
 * build. */
struct context {
    _Alignas(64) struct gcm_key_data key;
};

/* One record's fixed inputs. */
struct record {
    const struct ipsecmb_gcm *gcm;
    const struct gcm_key_data *key;
    const uint8_t *nonce;
    hf_span aad;
};

static bool gcm128_init(void *ctx, const uint8_t *key);
static bool gcm128_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *dst, const uint8_t *src, size_t len, hf_span tail);
static bool gcm128_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *data, size_t len);
static bool gcm256_init(void *ctx, const uint8_t *key);
static bool gcm256_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *dst, const uint8_t *src, size_t len, hf_span tail);
static bool gcm256_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *data, size_t len);
static void gcm_clear(void *ctx);

const hf_aead ipsecmb_aes128gcm = {
    .name = "AES-128-GCM",
    .key_len = 16,
    .ctx_size = sizeof(struct context),
    .ctx_align = _Alignof(struct context),
    .confidentiality_limit = GCM_CONFIDENTIALITY_LIMIT,
    .integrity_limit = UINT64_MAX,
    .init = gcm128_init,
    .seal = gcm128_seal,
    .open = gcm128_open,
    .clear = gcm_clear,
};

const hf_aead ipsecmb_aes256gcm = {
    .name = "AES-256-GCM",
    .key_len = 32,
    .ctx_size = sizeof(struct context),
    .ctx_align = _Alignof(struct context),
    .confidentiality_limit = GCM_CONFIDENTIALITY_LIMIT,
    .integrity_limit = UINT64_MAX,
    .init = gcm256_init,
    .seal = gcm256_seal,
    .open = gcm256_open,
    .clear = gcm_clear,
};

static void seal_record(const struct record *record, uint8_t *dst, const uint8_t *src, size_t len,
                        hf_span tail);
static bool open_record(const struct record *record, uint8_t *data, size_t len);

static bool gcm128_init(void *ctx, const uint8_t *key)
{
    ipsecmb_kernels()->gcm128.pre(key, &((struct context *)ctx)->key);
    return true;
}

static bool gcm128_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *dst, const uint8_t *src, size_t len, hf_span tail)
{
    const struct context *context = ctx;
    const struct record record = {&ipsecmb_kernels()->gcm128, &context->key, nonce, aad};
    seal_record(&record, dst, src, len, tail);
    return true;
}

static bool gcm128_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *data, size_t len)
{
    const struct context *context = ctx;
    const struct record record = {&ipsecmb_kernels()->gcm128, &context->key, nonce, aad};
    return open_record(&record, data, len);
}

static bool gcm256_init(void *ctx, const uint8_t *key)
{
    ipsecmb_kernels()->gcm256.pre(key, &((struct context *)ctx)->key);
    return true;
}

static bool gcm256_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *dst, const uint8_t *src, size_t len, hf_span tail)
{
    const struct context *context = ctx;
    const struct record record = {&ipsecmb_kernels()->gcm256, &context->key, nonce, aad};
    seal_record(&record, dst, src, len, tail);
    return true;
}

static bool gcm256_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *data, size_t len)
{
    const struct context *context = ctx;
    const struct record record = {&ipsecmb_kernels()->gcm256, &context->key, nonce, aad};
    return open_record(&record, data, len);
}

static void gcm_clear(void *ctx)
{
    hf_wipe(ctx, sizeof(struct context));
}

static void seal_record(const struct record *record, uint8_t *dst, const uint8_t *src, size_t len,
                        hf_span tail)
{
    const struct ipsecmb_gcm *gcm = record->gcm;
    struct gcm_context_data state;
    uint8_t *const tag = dst + len + tail.len;
    if (tail.len == 0 || tail.data == src + len) {
        gcm->seal(record->key, &state, dst, src, len + tail.len, record->nonce, record->aad.data,
                  record->aad.len, tag, HF_AEAD_TAG_LEN);
    } else if (dst == src) {
        /* The tail's place is about to be written anyway, so put it there: one call again. */
        memcpy(dst + len, tail.data, tail.len);
        gcm->seal(record->key, &state, dst, dst, len + tail.len, record->nonce, record->aad.data,
                  record->aad.len, tag, HF_AEAD_TAG_LEN);
    } else {
        gcm->init(record->key, &state, record->nonce, record->aad.data, record->aad.len);
        gcm->seal_update(record->key, &state, dst, src, len);
        gcm->seal_update(record->key, &state, dst + len, tail.data, tail.len);
        gcm->seal_finalize(record->key, &state, tag, HF_AEAD_TAG_LEN);
    }
    hf_wipe(&state, sizeof state);
}

/* The library decrypts and authenticates in one pass, so a forged record has been written over
 * when it is found out: only then is it wiped. A good record is read once. */
static bool open_record(const struct record *record, uint8_t *data, size_t len)
{
    if (len < HF_AEAD_TAG_LEN) {
        return false;
    }
    const size_t text_len = len - HF_AEAD_TAG_LEN;
    struct gcm_context_data state;
    uint8_t tag[HF_AEAD_TAG_LEN];
    record->gcm->open(record->key, &state, data, data, text_len, record->nonce, record->aad.data,
                      record->aad.len, tag, sizeof tag);
    const bool authentic = hf_ct_equal(tag, data + text_len, sizeof tag);
    if (!authentic) {
        memset(data, 0, text_len);
    }
    hf_wipe(&state, sizeof state);
    hf_wipe(tag, sizeof tag); /* of a forgery it is the right one */
    return authentic;
}

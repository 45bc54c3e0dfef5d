#include "support/fake_aead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_ctx {
    uint8_t key[FAKE_AEAD_KEY_LEN];
    bool live;
};
_Static_assert(sizeof(struct fake_ctx) <= FAKE_AEAD_CTX_SIZE, "context");

static int live;

int fake_aead_live(void)
{
    return live;
}

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "fake AEAD: broken contract: %s\n", #condition);                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static uint64_t mix(uint64_t h, const uint8_t *data, size_t len)
{
    h ^= len;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ data[i]) * UINT64_C(0x100000001b3);
        h ^= h >> 29;
    }
    return h;
}

static uint64_t seed(const struct fake_ctx *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN])
{
    return mix(mix(UINT64_C(0xcbf29ce484222325), ctx->key, sizeof ctx->key), nonce,
               HF_AEAD_NONCE_LEN);
}

static void crypt(uint64_t stream, uint8_t *dst, const uint8_t *src, size_t from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const uint64_t word =
            (stream + (from + i) / 7 * UINT64_C(0x9e3779b97f4a7c15)) >> (from + i) % 7;
        dst[i] = (uint8_t)(src[i] ^ (word >> 24));
    }
}

static void make_tag(uint64_t stream, hf_span aad, const uint8_t *data, size_t len, uint8_t *tag)
{
    const uint64_t a = mix(mix(stream, aad.data, aad.len), data, len);
    const uint64_t b = mix(a, data, len);
    memcpy(tag, &a, 8);
    memcpy(tag + 8, &b, 8);
}

static bool fake_init(void *ctx, const uint8_t *key)
{
    struct fake_ctx *fake = ctx;
    REQUIRE(!fake->live);
    memcpy(fake->key, key, sizeof fake->key);
    fake->live = true;
    live++;
    return true;
}

static bool broken_init(void *ctx, const uint8_t *key)
{
    (void)fake_init(ctx, key);
    return false;
}

static bool overlaps(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return (uintptr_t)a < (uintptr_t)b + b_len && (uintptr_t)b < (uintptr_t)a + a_len;
}

static bool fake_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad, uint8_t *dst,
                      const uint8_t *src, size_t len, hf_span tail)
{
    const struct fake_ctx *fake = ctx;
    REQUIRE(fake->live);
    REQUIRE(dst == src || !overlaps(dst, len + tail.len + HF_AEAD_TAG_LEN, src, len));
    REQUIRE(tail.data == src + len || tail.data == dst + len ||
            !overlaps(dst, len + tail.len + HF_AEAD_TAG_LEN, tail.data, tail.len));
    REQUIRE(!overlaps(dst, len + tail.len + HF_AEAD_TAG_LEN, aad.data, aad.len));
    const uint64_t stream = seed(fake, nonce);
    crypt(stream, dst, src, 0, len);
    crypt(stream, dst + len, tail.data, len, tail.len);
    make_tag(stream, aad, dst, len + tail.len, dst + len + tail.len);
    return true;
}

static bool unwell_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *dst, const uint8_t *src, size_t len, hf_span tail)
{
    (void)ctx, (void)nonce, (void)aad, (void)src;
    memset(dst, 0, len + tail.len + HF_AEAD_TAG_LEN);
    return false;
}

static bool fake_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad, uint8_t *data,
                      size_t len)
{
    const struct fake_ctx *fake = ctx;
    REQUIRE(fake->live);
    REQUIRE(len >= HF_AEAD_TAG_LEN);
    const uint64_t stream = seed(fake, nonce);
    const size_t plain_len = len - HF_AEAD_TAG_LEN;
    uint8_t tag[HF_AEAD_TAG_LEN];
    make_tag(stream, aad, data, plain_len, tag);
    if (memcmp(tag, data + plain_len, sizeof tag) != 0) {
        memset(data, 0, plain_len);
        return false;
    }
    crypt(stream, data, data, 0, plain_len);
    return true;
}

static void fake_clear(void *ctx)
{
    struct fake_ctx *fake = ctx;
    REQUIRE(fake->live);
    live--;
    memset(fake, 0, sizeof *fake);
}

#define COMMON                                                                                     \
    .key_len = FAKE_AEAD_KEY_LEN, .ctx_size = FAKE_AEAD_CTX_SIZE, .ctx_align = 64,                 \
    .confidentiality_limit = 10, .integrity_limit = 3, .open = fake_open, .clear = fake_clear

const hf_aead fake_aead = {.name = "fake", COMMON, .init = fake_init, .seal = fake_seal};
const hf_aead fake_aead_broken = {.name = "broken", COMMON, .init = broken_init, .seal = fake_seal};
const hf_aead fake_aead_unwell = {.name = "unwell", COMMON, .init = fake_init, .seal = unwell_seal};

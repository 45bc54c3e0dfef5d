/* ChaCha20-Poly1305 (RFC 8439). The context is the bare key: there is no key schedule. What a
 * record needs lives on the stack and is wiped. */
#include <string.h>

#include "base/secret.h"
#include "ipsecmb/ipsecmb.h"
#include "ipsecmb/kernels.h"

enum { CHACHA_KEY_LEN = 32 };

static bool chacha_init(void *ctx, const uint8_t *key);
static bool chacha_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *dst, const uint8_t *src, size_t len, hf_span tail);
static bool chacha_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *data, size_t len);
static void chacha_clear(void *ctx);

const hf_aead ipsecmb_chacha20poly1305 = {
    .name = "ChaCha20-Poly1305",
    .key_len = CHACHA_KEY_LEN,
    .ctx_size = CHACHA_KEY_LEN,
    .ctx_align = 16,
    /* The sequence number would wrap first (RFC 9846, 5.5). */
    .confidentiality_limit = UINT64_MAX,
    .integrity_limit = UINT64_MAX,
    .init = chacha_init,
    .seal = chacha_seal,
    .open = chacha_open,
    .clear = chacha_clear,
};

static bool chacha_init(void *ctx, const uint8_t *key)
{
    memcpy(ctx, key, CHACHA_KEY_LEN);
    return true;
}

static bool chacha_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *dst, const uint8_t *src, size_t len, hf_span tail)
{
    const struct ipsecmb_kernels *kernels = ipsecmb_kernels();
    struct chacha20_poly1305_context_data state;
    if (dst == src && tail.len != 0) {
        memmove(dst + len, tail.data, tail.len); /* the tail's room is about to be written anyway */
        tail.data = dst + len;
    }
    const bool is_one_piece = tail.data == src + len;
    kernels->chacha_init(ctx, &state, nonce, aad.data, aad.len);
    kernels->chacha_seal_update(ctx, &state, dst, src, is_one_piece ? len + tail.len : len);
    if (!is_one_piece && tail.len != 0) {
        kernels->chacha_seal_update(ctx, &state, dst + len, tail.data, tail.len);
    }
    kernels->chacha_finalize(&state, dst + len + tail.len, HF_AEAD_TAG_LEN);
    hf_wipe(&state, sizeof state);
    return true;
}

static bool chacha_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *data, size_t len)
{
    if (len < HF_AEAD_TAG_LEN) {
        return false;
    }
    const struct ipsecmb_kernels *kernels = ipsecmb_kernels();
    const size_t text_len = len - HF_AEAD_TAG_LEN;
    struct chacha20_poly1305_context_data state;
    uint8_t tag[HF_AEAD_TAG_LEN];
    kernels->chacha_init(ctx, &state, nonce, aad.data, aad.len);
    kernels->chacha_open_update(ctx, &state, data, data, text_len);
    kernels->chacha_finalize(&state, tag, sizeof tag);
    const bool authentic = hf_ct_equal(tag, data + text_len, sizeof tag);
    if (!authentic) {
        memset(data, 0, text_len);
    }
    hf_wipe(&state, sizeof state);
    hf_wipe(tag, sizeof tag); /* of a forgery it is the right one */
    return authentic;
}

static void chacha_clear(void *ctx)
{
    hf_wipe(ctx, CHACHA_KEY_LEN);
}

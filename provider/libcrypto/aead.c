/* The AEADs over libcrypto's EVP: what runs where libipsec-mb does not.
 *
 * Invariants: the context owns one EVP_CIPHER_CTX that was given cipher and key by init; a
 * record sets only direction and nonce. Ciphers are fetched once per process: a fetch takes
 * locks and walks the provider store, which costs more than a short record. */
#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "libcrypto/libcrypto.h"
#include "libcrypto/quiet.h"

/* AES-GCM: 2^24.5 full-size records (RFC 9846, 5.5), rounded down: floor(sqrt(2^49)). */
#define LC_GCM_CONFIDENTIALITY_LIMIT UINT64_C(23726566)

struct cipher_state {
    EVP_CIPHER_CTX *evp;
};

static bool aes128gcm_init(void *ctx, const uint8_t *key);
static bool aes256gcm_init(void *ctx, const uint8_t *key);
static bool chacha20poly1305_init(void *ctx, const uint8_t *key);
static bool cipher_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *dst, const uint8_t *src, size_t len, hf_span tail);
static bool cipher_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *data, size_t len);
static void cipher_clear(void *ctx);

const hf_aead lc_aes128gcm = {
    .name = "AES-128-GCM",
    .key_len = 16,
    .ctx_size = sizeof(struct cipher_state),
    .ctx_align = _Alignof(struct cipher_state),
    .confidentiality_limit = LC_GCM_CONFIDENTIALITY_LIMIT,
    .integrity_limit = UINT64_MAX,
    .init = aes128gcm_init,
    .seal = cipher_seal,
    .open = cipher_open,
    .clear = cipher_clear,
};

const hf_aead lc_aes256gcm = {
    .name = "AES-256-GCM",
    .key_len = 32,
    .ctx_size = sizeof(struct cipher_state),
    .ctx_align = _Alignof(struct cipher_state),
    .confidentiality_limit = LC_GCM_CONFIDENTIALITY_LIMIT,
    .integrity_limit = UINT64_MAX,
    .init = aes256gcm_init,
    .seal = cipher_seal,
    .open = cipher_open,
    .clear = cipher_clear,
};

const hf_aead lc_chacha20poly1305 = {
    .name = "ChaCha20-Poly1305",
    .key_len = 32,
    .ctx_size = sizeof(struct cipher_state),
    .ctx_align = _Alignof(struct cipher_state),
    /* The sequence number would wrap first (RFC 9846, 5.5). */
    .confidentiality_limit = UINT64_MAX,
    .integrity_limit = UINT64_MAX,
    .init = chacha20poly1305_init,
    .seal = cipher_seal,
    .open = cipher_open,
    .clear = cipher_clear,
};

static struct {
    CRYPTO_ONCE once;
    EVP_CIPHER *aes128gcm, *aes256gcm, *chacha20poly1305;
} fetched = {.once = CRYPTO_ONCE_STATIC_INIT};

static void fetch_ciphers(void);
static bool cipher_init(struct cipher_state *state, const EVP_CIPHER *cipher, const uint8_t *key);
static bool cipher_update(EVP_CIPHER_CTX *evp, uint8_t *dst, const uint8_t *src, size_t len);

static bool aes128gcm_init(void *ctx, const uint8_t *key)
{
    CRYPTO_THREAD_run_once(&fetched.once, fetch_ciphers);
    return cipher_init(ctx, fetched.aes128gcm, key);
}

static bool aes256gcm_init(void *ctx, const uint8_t *key)
{
    CRYPTO_THREAD_run_once(&fetched.once, fetch_ciphers);
    return cipher_init(ctx, fetched.aes256gcm, key);
}

static bool chacha20poly1305_init(void *ctx, const uint8_t *key)
{
    CRYPTO_THREAD_run_once(&fetched.once, fetch_ciphers);
    return cipher_init(ctx, fetched.chacha20poly1305, key);
}

static bool cipher_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *dst, const uint8_t *src, size_t len, hf_span tail)
{
    EVP_CIPHER_CTX *evp = ((struct cipher_state *)ctx)->evp;
    uint8_t *const tag = dst + len + tail.len;
    int final_len = 0;
    const bool sealed = EVP_EncryptInit_ex2(evp, NULL, NULL, nonce, NULL) == 1 &&
                        cipher_update(evp, NULL, aad.data, aad.len) &&
                        cipher_update(evp, dst, src, len) &&
                        cipher_update(evp, dst + len, tail.data, tail.len) &&
                        EVP_EncryptFinal_ex(evp, tag, &final_len) == 1 && final_len == 0 &&
                        EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, HF_AEAD_TAG_LEN, tag) == 1;
    if (!sealed) {
        memset(dst, 0, len + tail.len + HF_AEAD_TAG_LEN);
    }
    return sealed;
}

static bool cipher_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *data, size_t len)
{
    if (len < HF_AEAD_TAG_LEN) {
        return false;
    }
    EVP_CIPHER_CTX *evp = ((struct cipher_state *)ctx)->evp;
    const size_t text_len = len - HF_AEAD_TAG_LEN;
    int final_len = 0;
    lc_quiet_begin();
    const bool authentic =
        EVP_DecryptInit_ex2(evp, NULL, NULL, nonce, NULL) == 1 &&
        EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, HF_AEAD_TAG_LEN, data + text_len) == 1 &&
        cipher_update(evp, NULL, aad.data, aad.len) && cipher_update(evp, data, data, text_len) &&
        EVP_DecryptFinal_ex(evp, data + text_len, &final_len) == 1;
    lc_quiet_end();
    if (!authentic) {
        memset(data, 0, text_len);
    }
    return authentic;
}

static void cipher_clear(void *ctx)
{
    struct cipher_state *state = ctx;
    EVP_CIPHER_CTX_free(state->evp); /* wipes the key schedule */
    state->evp = NULL;
}

static void fetch_ciphers(void)
{
    fetched.aes128gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    fetched.aes256gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    fetched.chacha20poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
}

static bool cipher_init(struct cipher_state *state, const EVP_CIPHER *cipher, const uint8_t *key)
{
    state->evp = NULL;
    if (cipher == NULL) {
        return false;
    }
    state->evp = EVP_CIPHER_CTX_new();
    return state->evp != NULL && EVP_EncryptInit_ex2(state->evp, cipher, key, NULL, NULL) == 1;
}

/* dst NULL: additional data. An empty update is skipped: EVP would take its NULL for the end. */
static bool cipher_update(EVP_CIPHER_CTX *evp, uint8_t *dst, const uint8_t *src, size_t len)
{
    int done = 0;
    return len == 0 || (len <= INT_MAX && EVP_CipherUpdate(evp, dst, &done, src, (int)len) == 1);
}

#include "support/aead_battery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/evp.h>

enum {
    SIZE_MAX_TESTED = 16640, /* TLSCiphertext's most (RFC 9846, 5.2) */
    ROOM = SIZE_MAX_TESTED + 512,
    DENSE = 600,  /* up to here every size is tried */
    STRIDE = 173, /* then every so many, coprime to all block sizes */
    CANARY = 0xa5
};

static const uint8_t key_bytes[32] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
static const uint8_t other_key_bytes[32] = {0x99};
static const uint8_t nonce_bytes[HF_AEAD_NONCE_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const uint8_t aad_bytes[32] = {23, 3, 3, 0x40, 0x11};

static uint8_t text[ROOM], expected[ROOM], actual[ROOM];

static void fill_text(void)
{
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)(i * 31 + (i >> 8));
    }
}

/* A context of the descriptor's own size and alignment, with nothing to spare: sanitizers watch
 * it. */
static void *new_context(const hf_aead *aead, const uint8_t *key)
{
    const size_t align = aead->ctx_align < sizeof(void *) ? sizeof(void *) : aead->ctx_align;
    void *ctx = NULL;
    assert_int_equal(posix_memalign(&ctx, align, aead->ctx_size), 0);
    assert_true(aead->init(ctx, key));
    return ctx;
}

static void end_context(const hf_aead *aead, void *ctx)
{
    aead->clear(ctx);
    free(ctx);
}

static void evp_seal(const char *name, const uint8_t *key, hf_span aad, size_t len, uint8_t *out)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int done = 0;
    assert_int_equal(EVP_EncryptInit_ex(ctx, cipher, NULL, key, nonce_bytes), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &done, aad.data, (int)aad.len), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, out, &done, text, (int)len), 1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, out + len, &done), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, HF_AEAD_TAG_LEN, out + len),
                     1);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
}

/* The first len bytes of text, the last tail_len of them as tail, in four arrangements: tail behind
 * the text, apart, apart with the text in place, and where its ciphertext will stand. */
static void check_size(const hf_aead *aead, void *ctx, size_t len, size_t tail_len, hf_span aad)
{
    const size_t sealed_len = len + HF_AEAD_TAG_LEN;
    const size_t head_len = len - tail_len;
    uint8_t tail[512];
    memcpy(tail, text + head_len, tail_len);

    memset(actual, CANARY, sealed_len + 1);
    assert_true(aead->seal(ctx, nonce_bytes, aad, actual, text, head_len,
                           (hf_span){text + head_len, tail_len}));
    assert_memory_equal(actual, expected, sealed_len);
    assert_int_equal(actual[sealed_len], CANARY);

    memset(actual, CANARY, sealed_len + 1);
    assert_true(
        aead->seal(ctx, nonce_bytes, aad, actual, text, head_len, (hf_span){tail, tail_len}));
    assert_memory_equal(actual, expected, sealed_len);
    assert_int_equal(actual[sealed_len], CANARY);

    memset(actual, CANARY, sealed_len + 1);
    memcpy(actual, text, head_len);
    assert_true(
        aead->seal(ctx, nonce_bytes, aad, actual, actual, head_len, (hf_span){tail, tail_len}));
    assert_memory_equal(actual, expected, sealed_len);
    assert_int_equal(actual[sealed_len], CANARY);

    memset(actual, CANARY, sealed_len + 1);
    memcpy(actual + head_len, tail, tail_len);
    assert_true(aead->seal(ctx, nonce_bytes, aad, actual, text, head_len,
                           (hf_span){actual + head_len, tail_len}));
    assert_memory_equal(actual, expected, sealed_len);
    assert_int_equal(actual[sealed_len], CANARY);

    assert_true(aead->open(ctx, nonce_bytes, aad, actual, sealed_len));
    assert_memory_equal(actual, text, len);
    assert_memory_equal(actual + len, expected + len, HF_AEAD_TAG_LEN);
}

void aead_battery_sizes(const hf_aead *aead, const char *evp_name)
{
    static const size_t tails[] = {0, 1, 17, 256};
    fill_text();
    void *ctx = new_context(aead, key_bytes);
    for (size_t len = 0; len <= SIZE_MAX_TESTED; len += len < DENSE ? 1 : STRIDE) {
        const hf_span aad = {aad_bytes, len % 7 == 0 ? 0 : len % 7 == 1 ? 13 : 5};
        evp_seal(evp_name, key_bytes, aad, len, expected);
        for (size_t i = 0; i < sizeof tails / sizeof tails[0] && tails[i] <= len; i++) {
            check_size(aead, ctx, len, tails[i], aad);
        }
    }
    evp_seal(evp_name, key_bytes, (hf_span){aad_bytes, 5}, SIZE_MAX_TESTED, expected);
    check_size(aead, ctx, SIZE_MAX_TESTED, 1, (hf_span){aad_bytes, 5});
    end_context(aead, ctx);
}

/* Opens expected, of which one byte may have been changed, and wants it refused. */
static void check_refused(const hf_aead *aead, void *ctx, const uint8_t *nonce, hf_span aad,
                          size_t sealed_len)
{
    memcpy(actual, expected, sealed_len);
    assert_false(aead->open(ctx, nonce, aad, actual, sealed_len));
    const size_t text_len = sealed_len < HF_AEAD_TAG_LEN ? 0 : sealed_len - HF_AEAD_TAG_LEN;
    for (size_t i = 0; i < text_len; i++) {
        assert_int_equal(actual[i], 0);
    }
}

static void check_forgeries(const hf_aead *aead, void *ctx, const char *evp_name, size_t len)
{
    const size_t sealed_len = len + HF_AEAD_TAG_LEN;
    const hf_span aad = {aad_bytes, 5};
    evp_seal(evp_name, key_bytes, aad, len, expected);
    for (size_t i = 0; i < sealed_len; i++) {
        const uint8_t bit = (uint8_t)(1U << i % 8);
        expected[i] ^= bit;
        check_refused(aead, ctx, nonce_bytes, aad, sealed_len);
        expected[i] ^= bit;
    }
    for (size_t i = 0; i < sizeof nonce_bytes; i++) {
        uint8_t nonce[sizeof nonce_bytes];
        memcpy(nonce, nonce_bytes, sizeof nonce);
        nonce[i] ^= 0x80;
        check_refused(aead, ctx, nonce, aad, sealed_len);
    }
    for (size_t i = 0; i < aad.len; i++) {
        uint8_t changed[5];
        memcpy(changed, aad_bytes, sizeof changed);
        changed[i] ^= 1;
        check_refused(aead, ctx, nonce_bytes, (hf_span){changed, sizeof changed}, sealed_len);
    }
    check_refused(aead, ctx, nonce_bytes, (hf_span){aad_bytes, 4}, sealed_len);
    check_refused(aead, ctx, nonce_bytes, (hf_span){aad_bytes, 6}, sealed_len);
    for (size_t short_len = 0; short_len < sealed_len; short_len++) {
        check_refused(aead, ctx, nonce_bytes, aad, short_len);
    }
    /* And the thing itself, so that nothing above was refused for another reason. */
    memcpy(actual, expected, sealed_len);
    assert_true(aead->open(ctx, nonce_bytes, aad, actual, sealed_len));
    assert_memory_equal(actual, text, len);
    assert_int_equal(ERR_peek_error(), 0);
}

void aead_battery_forgeries(const hf_aead *aead, const char *evp_name)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 63, 64, 65, 300, 1025};
    fill_text();
    void *ctx = new_context(aead, key_bytes);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_forgeries(aead, ctx, evp_name, sizes[i]);
    }
    end_context(aead, ctx);
}

void aead_battery_contexts(const hf_aead *aead, const char *evp_name)
{
    fill_text();
    const hf_span aad = {aad_bytes, 5};
    void *ctx = new_context(aead, key_bytes);
    void *other = new_context(aead, other_key_bytes);
    for (size_t offset = 0; offset < 64; offset++) {
        const size_t len = 700 + offset;
        const size_t sealed_len = len + HF_AEAD_TAG_LEN;
        uint8_t *const at = actual + offset;
        evp_seal(evp_name, key_bytes, aad, len, expected);
        memset(actual, CANARY, sizeof actual);
        assert_true(aead->seal(ctx, nonce_bytes, aad, at, text, len, (hf_span){NULL, 0}));
        assert_memory_equal(at, expected, sealed_len);
        assert_int_equal(at[sealed_len], CANARY);
        assert_true(offset == 0 || at[-1] == CANARY);
        /* The other key's record, made while the first waits. */
        memcpy(expected, text, len);
        assert_true(
            aead->seal(other, nonce_bytes, aad, expected, expected, len, (hf_span){NULL, 0}));
        assert_memory_not_equal(expected, at, len);
        assert_true(aead->open(ctx, nonce_bytes, aad, at, sealed_len));
        assert_memory_equal(at, text, len);
        assert_false(aead->open(ctx, nonce_bytes, aad, expected, sealed_len));
    }
    end_context(aead, other);
    end_context(aead, ctx);
}

void aead_battery_descriptor(const hf_aead *aead, const char *evp_name)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, evp_name, NULL);
    assert_int_equal(aead->key_len, EVP_CIPHER_get_key_length(cipher));
    assert_true(aead->key_len <= HF_AEAD_MAX_KEY_LEN);
    assert_true(aead->ctx_align <= 64);
    assert_int_equal(aead->ctx_align & (aead->ctx_align - 1), 0);
    if (strcmp(evp_name, "ChaCha20-Poly1305") == 0) {
        assert_true(aead->confidentiality_limit == UINT64_MAX);
    } else {
        /* floor(2^24.5): the largest whose square is at most 2^49. */
        const uint64_t limit = aead->confidentiality_limit;
        assert_true(limit * limit <= UINT64_C(1) << 49);
        assert_true((limit + 1) * (limit + 1) > UINT64_C(1) << 49);
    }
    assert_true(aead->integrity_limit == UINT64_MAX);
    EVP_CIPHER_free(cipher);
}

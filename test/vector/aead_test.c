/* Wycheproof's AEAD vectors through the provider's AEADs and through the libcrypto fallback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "provider/libcrypto/libcrypto.h"
#include "support/counted.h"
#include "support/skip.h"
#include "support/wycheproof.h"

/* The AEADs under test, by key length in bits, and how many tests they could express. */
struct run {
    const hf_aead *by_128, *by_256;
    size_t done;
};

static void check_seal(const hf_aead *aead, void *ctx, const json_t *test, hf_span expected)
{
    hf_span nonce = wycheproof_bytes(test, "iv");
    hf_span aad = wycheproof_bytes(test, "aad");
    hf_span msg = wycheproof_bytes(test, "msg");
    uint8_t *out = malloc(expected.len);
    assert_non_null(out);
    assert_true(aead->seal(ctx, nonce.data, aad, out, msg.data, msg.len, (hf_span){NULL, 0}));
    assert_memory_equal(out, expected.data, expected.len);
    free(out);
    wycheproof_free(nonce);
    wycheproof_free(aad);
    wycheproof_free(msg);
}

static void check_open(const hf_aead *aead, void *ctx, const json_t *test, hf_span sealed)
{
    hf_span nonce = wycheproof_bytes(test, "iv");
    hf_span aad = wycheproof_bytes(test, "aad");
    hf_span msg = wycheproof_bytes(test, "msg");
    uint8_t *data = malloc(sealed.len);
    assert_non_null(data);
    memcpy(data, sealed.data, sealed.len);
    const bool is_valid = wycheproof_expected(test) == WYCHEPROOF_VALID;
    assert_int_equal(aead->open(ctx, nonce.data, aad, data, sealed.len), is_valid);
    if (is_valid) {
        assert_memory_equal(data, msg.data, msg.len);
    } else {
        for (size_t i = 0; i < sealed.len - HF_AEAD_TAG_LEN; i++) {
            assert_int_equal(data[i], 0);
        }
    }
    free(data);
    wycheproof_free(nonce);
    wycheproof_free(aad);
    wycheproof_free(msg);
}

/* Ciphertext and tag as one span, like a record. */
static hf_span sealed_bytes(const json_t *test)
{
    hf_span ct = wycheproof_bytes(test, "ct");
    hf_span tag = wycheproof_bytes(test, "tag");
    uint8_t *both = malloc(ct.len + tag.len);
    assert_non_null(both);
    memcpy(both, ct.data, ct.len);
    memcpy(both + ct.len, tag.data, tag.len);
    const hf_span sealed = {both, ct.len + tag.len};
    wycheproof_free(ct);
    wycheproof_free(tag);
    return sealed;
}

static void run_one(void *arg, const json_t *group, const json_t *test)
{
    struct run *run = arg;
    const long long key_bits = wycheproof_number(group, "keySize");
    const hf_aead *aead = key_bits == 128 ? run->by_128 : key_bits == 256 ? run->by_256 : NULL;
    if (aead == NULL || wycheproof_number(group, "ivSize") != 96 ||
        wycheproof_number(group, "tagSize") != 128) {
        return; /* no TLS 1.3 suite has these */
    }
    void *ctx = aligned_alloc(64, ((size_t)aead->ctx_size + 63) / 64 * 64);
    hf_span key = wycheproof_bytes(test, "key");
    hf_span sealed = sealed_bytes(test);
    assert_non_null(ctx);
    assert_true(aead->init(ctx, key.data));
    if (wycheproof_expected(test) == WYCHEPROOF_VALID) {
        check_seal(aead, ctx, test, sealed);
    }
    check_open(aead, ctx, test, sealed);
    aead->clear(ctx);
    free(ctx);
    wycheproof_free(key);
    wycheproof_free(sealed);
    run->done++;
}

static void run_file(const char *name, struct run run, size_t expressible, const char *by)
{
    struct wycheproof *file = wycheproof_open(name);
    if (file == NULL) {
        test_skip("no vectors: set HF_VECTORS");
    }
    assert_int_equal(wycheproof_each(file, run_one, &run), wycheproof_count(file));
    assert_true(run.done >= expressible);
    char what[100];
    (void)snprintf(what, sizeof what, "of them as TLS has them, by %s", by);
    counted((long)run.done, what);
    wycheproof_close(file);
}

static void test_aes_gcm(void **state)
{
    (void)state;
    const hf_provider *provider = hf_provider_default();
    run_file("aes_gcm_test.json", (struct run){provider->aes128gcm, provider->aes256gcm, 0}, 100,
             provider->name);
    run_file("aes_gcm_test.json", (struct run){&lc_aes128gcm, &lc_aes256gcm, 0}, 100, "libcrypto");
}

static void test_chacha20_poly1305(void **state)
{
    (void)state;
    const hf_provider *provider = hf_provider_default();
    run_file("chacha20_poly1305_test.json", (struct run){NULL, provider->chacha20poly1305, 0}, 300,
             provider->name);
    run_file("chacha20_poly1305_test.json", (struct run){NULL, &lc_chacha20poly1305, 0}, 300,
             "libcrypto");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aes_gcm),
        cmocka_unit_test(test_chacha20_poly1305),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

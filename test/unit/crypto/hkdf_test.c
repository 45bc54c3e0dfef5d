/* HKDF against RFC 5869 and Wycheproof; HKDF-Expand-Label at its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "crypto/hkdf.h"
#include "support/hex.h"
#include "support/skip.h"
#include "support/wycheproof.h"

/* RFC 5869, A.1 to A.3. */
struct known {
    const char *ikm, *salt, *info, *prk, *okm;
};

static const struct known knowns[] = {
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2"
     "e2f"
     "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8"
     "e8f"
     "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcddd"
     "edf"
     "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590"
     "e09"
     "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

static void rfc_5869(void **state)
{
    (void)state;
    const hf_hash *hash = hf_provider_default()->sha256;
    for (size_t i = 0; i < sizeof knowns / sizeof knowns[0]; i++) {
        const struct hex ikm = hex(knowns[i].ikm);
        const struct hex salt = hex(knowns[i].salt);
        const struct hex info = hex(knowns[i].info);
        const struct hex prk = hex(knowns[i].prk);
        const struct hex okm = hex(knowns[i].okm);
        struct secret extracted;
        struct hmac_key key;
        uint8_t out[128];
        hkdf_extract(hash, hex_span(&salt), hex_span(&ikm), &extracted);
        assert_int_equal(extracted.len, prk.len);
        assert_memory_equal(extracted.b, prk.bytes, prk.len);
        hmac_key_init(&key, hash, secret_span(&extracted));
        assert_true(hkdf_expand(&key, hex_span(&info), out, okm.len));
        assert_memory_equal(out, okm.bytes, okm.len);
    }
}

/* Every length is a prefix of the longest; the longest is 255 blocks. */
static void lengths(void **state)
{
    (void)state;
    enum { LONGEST = 255 * 32 };
    struct hmac_key key;
    static uint8_t longest[LONGEST + 1];
    static uint8_t out[LONGEST + 1];
    hmac_key_init(&key, hf_provider_default()->sha256, span_of("prk", 3));
    assert_true(hkdf_expand(&key, span_of("info", 4), longest, LONGEST));
    for (size_t len = 0; len <= 200; len++) {
        memset(out, 0xee, sizeof out);
        assert_true(hkdf_expand(&key, span_of("info", 4), out, len));
        assert_memory_equal(out, longest, len);
        assert_int_equal(out[len], 0xee);
    }
    memset(out, 0xee, sizeof out);
    assert_false(hkdf_expand(&key, span_of("info", 4), out, LONGEST + 1));
    for (size_t i = 0; i < sizeof out; i++) {
        assert_int_equal(out[i], 0xee);
    }
}

/* The label is built here by hand, as RFC 9846, 7.1 writes it. */
static void label_layout(void **state)
{
    (void)state;
    static const uint8_t info[] = {0x00, 0x0c, 8,   't', 'l', 's', '1', '3',
                                   ' ',  'i',  'v', 3,   'c', 't', 'x'};
    struct hmac_key key;
    uint8_t ours[12];
    uint8_t by_hand[12];
    hmac_key_init(&key, hf_provider_default()->sha384, span_of("secret", 6));
    assert_true(hkdf_expand_label(&key, "iv", span_of("ctx", 3), ours, sizeof ours));
    assert_true(hkdf_expand(&key, span_of(info, sizeof info), by_hand, sizeof by_hand));
    assert_memory_equal(ours, by_hand, sizeof ours);
}

static void must_refuse(const struct hmac_key *key, const char *label, size_t context_len,
                        size_t len)
{
    static uint8_t context[512];
    static uint8_t out[0x10001];
    out[0] = 0xee;
    assert_false(hkdf_expand_label(key, label, span_of(context, context_len), out, len));
    assert_int_equal(out[0], 0xee);
}

static void label_limits(void **state)
{
    (void)state;
    struct hmac_key key;
    uint8_t context[255] = {0};
    uint8_t out[48];
    char label[251];
    memset(label, 'x', sizeof label - 1);
    label[250] = '\0';
    hmac_key_init(&key, hf_provider_default()->sha256, span_of("secret", 6));
    must_refuse(&key, label, 0, 32);    /* with "tls13 " 256 bytes: one too many */
    must_refuse(&key, "l", 256, 32);    /* context<0..255> */
    must_refuse(&key, "l", 0, 0x10000); /* uint16 length */
    must_refuse(&key, "l", 0, 255 * 32 + 1);
    label[249] = '\0';
    assert_true(hkdf_expand_label(&key, label, span_of(context, sizeof context), out, sizeof out));
    assert_true(hkdf_expand_label(&key, "", span_of(NULL, 0), out, sizeof out));
}

static void wycheproof_one(void *ctx, const json_t *group, const json_t *test)
{
    (void)group;
    const hf_hash *hash = ctx;
    const hf_span ikm = wycheproof_bytes(test, "ikm");
    const hf_span salt = wycheproof_bytes(test, "salt");
    const hf_span info = wycheproof_bytes(test, "info");
    const hf_span okm = wycheproof_bytes(test, "okm");
    const size_t size = (size_t)wycheproof_number(test, "size");
    struct secret prk;
    struct hmac_key key;
    uint8_t *out = malloc(size + 1);
    assert_non_null(out);
    hkdf_extract(hash, salt, ikm, &prk);
    hmac_key_init(&key, hash, secret_span(&prk));
    const bool done = hkdf_expand(&key, info, out, size);
    if (done != (wycheproof_expected(test) == WYCHEPROOF_VALID) ||
        (done && (okm.len != size || memcmp(out, okm.data, size) != 0))) {
        fail_msg("test %lld", wycheproof_id(test));
    }
    free(out);
    wycheproof_free(ikm);
    wycheproof_free(salt);
    wycheproof_free(info);
    wycheproof_free(okm);
}

static void wycheproof_file(const char *name, const hf_hash *hash)
{
    struct wycheproof *file = wycheproof_open(name);
    if (file == NULL) {
        test_skip("no vectors: set HF_VECTORS");
    }
    assert_int_equal(wycheproof_each(file, wycheproof_one, (void *)(uintptr_t)hash),
                     wycheproof_count(file));
    wycheproof_close(file);
}

static void wycheproof_sha256(void **state)
{
    (void)state;
    wycheproof_file("hkdf_sha256_test.json", hf_provider_default()->sha256);
}

static void wycheproof_sha384(void **state)
{
    (void)state;
    wycheproof_file("hkdf_sha384_test.json", hf_provider_default()->sha384);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_5869),          cmocka_unit_test(lengths),
        cmocka_unit_test(label_layout),      cmocka_unit_test(label_limits),
        cmocka_unit_test(wycheproof_sha256), cmocka_unit_test(wycheproof_sha384),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

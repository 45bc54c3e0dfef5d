/* HMAC against RFC 4231, Wycheproof, and libcrypto's own, with keys and messages around every
 * block boundary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/span.h"
#include "crypto/hmac.h"
#include "support/hex.h"
#include "support/skip.h"
#include "support/wycheproof.h"

/* RFC 4231, 4.2 to 4.8, without 4.6, which truncates. */
struct known {
    uint8_t key_byte; /* repeated; 0: the key is 1, 2, 3, ... or text */
    size_t key_len;
    const char *key_text;
    uint8_t data_byte;
    size_t data_len;
    const char *data_text;
    const char *sha256, *sha384;
};

static const struct known knowns[] = {
    {0x0b, 20, NULL, 0, 0, "Hi There",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
     "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9"
     "cb6"},
    {0, 0, "Jefe", 0, 0, "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
     "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21"
     "649"},
    {0xaa, 20, NULL, 0xdd, 50, NULL,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
     "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34"
     "f27"},
    {0, 25, NULL, 0xcd, 50, NULL,
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
     "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674c"
     "ffb"},
    {0xaa, 131, NULL, 0, 0, "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
     "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44"
     "952"},
    {0xaa, 131, NULL, 0, 0,
     "This is a test using a larger than block-size key and a larger than block-size data. The key "
     "needs to be "
     "hashed before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
     "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c465"
     "23e"},
};

static hf_span known_bytes(uint8_t *room, uint8_t byte, size_t len, const char *text)
{
    for (size_t i = 0; i < len; i++) {
        room[i] = byte != 0 ? byte : (uint8_t)(i + 1);
    }
    return text != NULL ? span_str(text) : span_of(room, len);
}

static void rfc_4231(void **state)
{
    (void)state;
    const hf_provider *p = hf_provider_default();
    for (size_t i = 0; i < sizeof knowns / sizeof knowns[0]; i++) {
        const struct known *k = &knowns[i];
        uint8_t key_room[256];
        uint8_t data_room[256];
        uint8_t mac[HF_HASH_MAX_LEN];
        const hf_span key = known_bytes(key_room, k->key_byte, k->key_len, k->key_text);
        const hf_span data = known_bytes(data_room, k->data_byte, k->data_len, k->data_text);
        const struct hex by_256 = hex(k->sha256);
        const struct hex by_384 = hex(k->sha384);
        hmac_compute(p->sha256, key, data, mac);
        assert_memory_equal(mac, by_256.bytes, 32);
        hmac_compute(p->sha384, key, data, mac);
        assert_memory_equal(mac, by_384.bytes, 48);
    }
}

/* Every key length up to three blocks, messages in two parts cut everywhere. */
static void as_libcrypto(void **state)
{
    (void)state;
    enum { KEY_MAX = 3 * 128, DATA_LEN = 150 };
    const hf_provider *p = hf_provider_default();
    const hf_hash *hashes[] = {p->sha256, p->sha384};
    const EVP_MD *mds[] = {EVP_sha256(), EVP_sha384()};
    uint8_t key[KEY_MAX];
    uint8_t data[DATA_LEN];
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(i * 31 + 7);
    }
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 17 + 3);
    }
    for (size_t h = 0; h < 2; h++) {
        for (size_t len = 0; len <= sizeof key; len++) {
            struct hmac_key prepared;
            uint8_t ours[HF_HASH_MAX_LEN];
            uint8_t theirs[EVP_MAX_MD_SIZE];
            unsigned theirs_len = 0;
            const size_t cut = len % (sizeof data + 1);
            hmac_key_init(&prepared, hashes[h], span_of(key, len));
            hmac_mac(&prepared, span_of(data, cut), span_of(data + cut, sizeof data - cut), ours);
            assert_non_null(HMAC(mds[h], key, (int)len, data, sizeof data, theirs, &theirs_len));
            assert_int_equal(theirs_len, hashes[h]->digest_len);
            assert_memory_equal(ours, theirs, theirs_len);
            /* A prepared key is not spent by use. */
            hmac_mac(&prepared, span_of(data, sizeof data), span_of(NULL, 0), ours);
            assert_memory_equal(ours, theirs, theirs_len);
        }
    }
}

static void output_over_input(void **state)
{
    (void)state;
    /* HKDF-Expand feeds the last block back and lets the next one overwrite it. */
    const hf_hash *hash = hf_provider_default()->sha256;
    struct hmac_key key;
    uint8_t apart[32];
    uint8_t block[32] = {1, 2, 3};
    hmac_key_init(&key, hash, span_of("key", 3));
    hmac_mac(&key, span_of(block, sizeof block), span_of("tail", 4), apart);
    hmac_mac(&key, span_of(block, sizeof block), span_of("tail", 4), block);
    assert_memory_equal(block, apart, sizeof apart);
}

static void wiped(void **state)
{
    (void)state;
    struct hmac_key key;
    static const struct hmac_key nothing;
    hmac_key_init(&key, hf_provider_default()->sha384, span_of("key", 3));
    hmac_key_wipe(&key);
    assert_memory_equal(&key, &nothing, sizeof key);
}

static void wycheproof_one(void *ctx, const json_t *group, const json_t *test)
{
    (void)ctx;
    const hf_hash *hash = hf_provider_default()->sha256;
    const size_t tag_len = (size_t)wycheproof_number(group, "tagSize") / 8;
    const hf_span key = wycheproof_bytes(test, "key");
    const hf_span msg = wycheproof_bytes(test, "msg");
    const hf_span tag = wycheproof_bytes(test, "tag");
    uint8_t mac[HF_HASH_MAX_LEN];
    hmac_compute(hash, key, msg, mac);
    const bool is_equal = tag.len == tag_len && memcmp(mac, tag.data, tag.len) == 0;
    if (is_equal != (wycheproof_expected(test) == WYCHEPROOF_VALID)) {
        fail_msg("hmac_sha256, test %lld", wycheproof_id(test));
    }
    wycheproof_free(key);
    wycheproof_free(msg);
    wycheproof_free(tag);
}

static void wycheproof_sha256(void **state)
{
    (void)state;
    struct wycheproof *file = wycheproof_open("hmac_sha256_test.json");
    if (file == NULL) {
        test_skip("no vectors: set HF_VECTORS");
    }
    assert_int_equal(wycheproof_each(file, wycheproof_one, NULL), wycheproof_count(file));
    wycheproof_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_4231),
        cmocka_unit_test(as_libcrypto),
        cmocka_unit_test(output_over_input),
        cmocka_unit_test(wycheproof_sha256),
        cmocka_unit_test(wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

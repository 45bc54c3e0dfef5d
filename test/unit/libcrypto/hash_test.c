/* The provider's hashes against EVP and against published answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "provider/libcrypto/libcrypto.h"

static void hash(const hf_hash *hash, const uint8_t *data, size_t len, uint8_t *out)
{
    hf_hash_ctx ctx;
    hash->init(&ctx);
    hash->update(&ctx, data, len);
    hash->final(&ctx, out);
}

/* FIPS 180-4's examples. */
static void test_published(void **state)
{
    (void)state;
    static const uint8_t sha256_abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                         0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                         0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                         0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    static const uint8_t sha384_abc[] = {0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b, 0xb5, 0xa0,
                                         0x3d, 0x69, 0x9a, 0xc6, 0x50, 0x07, 0x27, 0x2c, 0x32, 0xab,
                                         0x0e, 0xde, 0xd1, 0x63, 0x1a, 0x8b, 0x60, 0x5a, 0x43, 0xff,
                                         0x5b, 0xed, 0x80, 0x86, 0x07, 0x2b, 0xa1, 0xe7, 0xcc, 0x23,
                                         0x58, 0xba, 0xec, 0xa1, 0x34, 0xc8, 0x25, 0xa7};
    const uint8_t abc[] = {'a', 'b', 'c'};
    uint8_t out[HF_HASH_MAX_LEN];
    hash(&lc_sha256, abc, sizeof abc, out);
    assert_memory_equal(out, sha256_abc, sizeof sha256_abc);
    hash(&lc_sha384, abc, sizeof abc, out);
    assert_memory_equal(out, sha384_abc, sizeof sha384_abc);
}

static void check_against_evp(const hf_hash *ours, const EVP_MD *evp)
{
    uint8_t data[400];
    uint8_t expected[EVP_MAX_MD_SIZE];
    uint8_t actual[HF_HASH_MAX_LEN];
    assert_int_equal(ours->digest_len, EVP_MD_get_size(evp));
    assert_int_equal(ours->block_len, EVP_MD_get_block_size(evp));
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    for (size_t len = 0; len <= sizeof data; len++) {
        assert_int_equal(EVP_Digest(data, len, expected, NULL, evp, NULL), 1);
        hash(ours, data, len, actual);
        assert_memory_equal(actual, expected, ours->digest_len);
        /* In two parts, read in the middle through a copy. */
        const size_t half = len / 2;
        hf_hash_ctx ctx;
        ours->init(&ctx);
        ours->update(&ctx, data, half);
        hf_hash_ctx copy = ctx;
        ours->final(&copy, actual);
        ours->update(&ctx, data + half, len - half);
        ours->update(&ctx, NULL, 0);
        ours->final(&ctx, actual);
        assert_memory_equal(actual, expected, ours->digest_len);
    }
}

static void test_all_lengths(void **state)
{
    (void)state;
    check_against_evp(&lc_sha256, EVP_sha256());
    check_against_evp(&lc_sha384, EVP_sha384());
}

static void test_random(void **state)
{
    (void)state;
    /* Not a test of randomness, but of the function filling all it was asked for. */
    uint8_t first[64] = {0};
    uint8_t second[64] = {0};
    assert_true(lc_random(NULL, first, sizeof first));
    assert_true(lc_random(NULL, second, sizeof second));
    assert_memory_not_equal(first, second, 32);
    assert_memory_not_equal(first + 32, second + 32, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

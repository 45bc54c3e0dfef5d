/* The PRF of TLS 1.2 against a published vector and against libcrypto's, and what is made with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/span.h"
#include "crypto/schedule12.h"
#include "support/hex.h"

static const struct tracer silent = {0};

/* As many have published it for P_SHA256. */
static void the_known_vector(void **state)
{
    (void)state;
    const struct hex secret = hex("9bbe436ba940f017b17652849a71db35");
    const struct hex seed = hex("a0ba9f936cda311827a6f796ffd5198c");
    const struct hex expected = hex(
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e"
        "14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5"
        "a72e5a5110fff70187347b66");
    uint8_t out[100];
    struct hmac_key key;
    hmac_key_init(&key, hf_provider_default()->sha256, hex_span(&secret));
    prf12(&key, &(struct prf12_seed){.label = "test label", .a = hex_span(&seed)}, out, sizeof out);
    assert_int_equal(expected.len, sizeof out);
    assert_memory_equal(out, expected.bytes, sizeof out);
}

static void theirs(const char *digest, hf_span secret, hf_span seed, uint8_t *out, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)(uintptr_t)secret.data,
                                          secret.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)(uintptr_t)seed.data,
                                          seed.len),
        OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_KDF_derive(ctx, out, len, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

/* All lengths around the blocks of both hashes, the seed in one part or in three. */
static void as_libcrypto_does(void **state)
{
    (void)state;
    const hf_provider *p = hf_provider_default();
    const hf_hash *const hashes[] = {p->sha256, p->sha384};
    static const char *const names[] = {"SHA2-256", "SHA2-384"};
    static const char text[] = "labelfirst part, second part, third part";
    const hf_span all = span_of(text, sizeof text - 1);
    for (size_t h = 0; h < 2; h++) {
        for (size_t len = 1; len <= 150; len++) {
            uint8_t ours[150];
            uint8_t other[150];
            uint8_t secret[150];
            struct hmac_key key;
            memset(secret, (int)len, sizeof secret);
            hmac_key_init(&key, hashes[h], span_of(secret, len));
            const struct prf12_seed seed = {"label", span_of(text + 5, 10), span_of(text + 15, 0),
                                            span_of(text + 15, all.len - 15)};
            prf12(&key, &seed, ours, len);
            theirs(names[h], span_of(secret, len), all, other, len);
            assert_memory_equal(ours, other, len);
        }
    }
}

static void keys_of_a_suite(uint16_t id, size_t key_len, size_t iv_len)
{
    const hf_provider *p = hf_provider_default();
    struct suite suite = {.aead = NULL};
    struct secret master = {.len = MASTER12_LEN};
    uint8_t randoms[64];
    uint8_t seed[13 + 64];
    uint8_t block[88];
    struct keys12 keys;
    assert_true(suite12_find(p, id, &suite));
    memset(master.b, 0x33, MASTER12_LEN);
    for (size_t i = 0; i < sizeof randoms; i++) {
        randoms[i] = (uint8_t)i;
    }
    memcpy(seed, "key expansion", 13);
    memcpy(seed + 13, randoms + 32, 32); /* the server's comes first here (RFC 5246, 6.3) */
    memcpy(seed + 45, randoms, 32);
    theirs(suite.hash == p->sha384 ? "SHA2-384" : "SHA2-256", secret_span(&master),
           span_of(seed, sizeof seed), block, 2 * (key_len + iv_len));
    keys12_compute(&suite, &master, span_of(randoms, 32), span_of(randoms + 32, 32), &silent,
                   &keys);
    static const uint8_t zeros[HF_AEAD_NONCE_LEN];
    assert_memory_equal(keys.client_key, block, key_len);
    assert_memory_equal(keys.server_key, block + key_len, key_len);
    assert_memory_equal(keys.client_iv, block + 2 * key_len, iv_len);
    assert_memory_equal(keys.server_iv, block + 2 * key_len + iv_len, iv_len);
    assert_memory_equal(keys.client_iv + iv_len, zeros, HF_AEAD_NONCE_LEN - iv_len);
}

static void key_blocks(void **state)
{
    (void)state;
    keys_of_a_suite(0xc02b, 16, 4);
    keys_of_a_suite(0xc030, 32, 4);
    keys_of_a_suite(0xcca8, 32, 12);
    struct suite suite = {.aead = NULL};
    assert_false(suite12_find(hf_provider_default(), 0x1301, &suite));
    assert_false(suite12_find(hf_provider_default(), 0x002f, &suite));
}

static void master_secrets(void **state)
{
    (void)state;
    const hf_provider *p = hf_provider_default();
    struct secret ours;
    uint8_t expected[MASTER12_LEN];
    struct master12_args args = {.hash = p->sha256,
                                 .premaster = span_of("premaster secret", 16),
                                 .client_random = span_of("client random", 13),
                                 .server_random = span_of("server random", 13),
                                 .tr = &silent};
    master12_compute(&args, &ours);
    theirs("SHA2-256", args.premaster, span_str("master secretclient randomserver random"),
           expected, sizeof expected);
    assert_int_equal(ours.len, MASTER12_LEN);
    assert_memory_equal(ours.b, expected, sizeof expected);
    args.session_hash = span_of("hash of the session", 19);
    master12_compute(&args, &ours);
    theirs("SHA2-256", args.premaster, span_str("extended master secrethash of the session"),
           expected, sizeof expected);
    assert_memory_equal(ours.b, expected, sizeof expected);
}

static void finished_and_exporter(void **state)
{
    (void)state;
    const hf_provider *p = hf_provider_default();
    struct secret master = {.len = MASTER12_LEN};
    uint8_t out[64];
    uint8_t expected[64];
    finished12(p->sha384, &master, "client finished", span_of("digest", 6), &silent, out);
    theirs("SHA2-384", secret_span(&master), span_str("client finisheddigest"), expected,
           VERIFY_DATA12_LEN);
    assert_memory_equal(out, expected, VERIFY_DATA12_LEN);
    struct prf12_seed what = {.label = "EXPORTER-x"};
    const hf_span randoms = span_str("randoms");
    assert_true(exporter12(p->sha256, &master, randoms, &what, out, sizeof out));
    theirs("SHA2-256", secret_span(&master), span_str("EXPORTER-xrandoms"), expected,
           sizeof expected);
    assert_memory_equal(out, expected, sizeof out);
    what.a = span_str("context");
    assert_true(exporter12(p->sha256, &master, randoms, &what, out, sizeof out));
    theirs("SHA2-256", secret_span(&master), span_of("EXPORTER-xrandoms\0\7context", 26), expected,
           sizeof expected);
    assert_memory_equal(out, expected, sizeof out);
    /* RFC 5705, 4: an empty context is not the same as none. */
    what.a = span_str("");
    assert_true(exporter12(p->sha256, &master, randoms, &what, out, sizeof out));
    theirs("SHA2-256", secret_span(&master), span_of("EXPORTER-xrandoms\0", 19), expected,
           sizeof expected);
    assert_memory_equal(out, expected, sizeof out);
    what.label = "master secret";
    assert_false(exporter12(p->sha256, &master, randoms, &what, out, sizeof out));
    what.label = "EXPORTER-x";
    assert_false(exporter12(p->sha256, &master, randoms, &what, out, 255 * 32 + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_vector),
        cmocka_unit_test(as_libcrypto_does),
        cmocka_unit_test(key_blocks),
        cmocka_unit_test(master_secrets),
        cmocka_unit_test(finished_and_exporter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ECDSA's DER, written and read here, beside libcrypto's own way of doing both; and key objects of
 * public keys, which are used again. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provider/libcrypto/ecdsa.h"
#include "provider/libcrypto/libcrypto.h"

static const char *const curves[] = {"P-256", "P-384", "P-521"};
enum { CURVE_COUNT = sizeof curves / sizeof curves[0], SIGNATURE_COUNT = 40 };

static EC_KEY *keys[CURVE_COUNT];
static const uint8_t digest[32] = {0x42, 1, 2, 3};
static const hf_span digest_span = {digest, sizeof digest};

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < CURVE_COUNT; i++) {
        EVP_PKEY *evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i]);
        keys[i] = EVP_PKEY_get1_EC_KEY(evp);
        EVP_PKEY_free(evp);
        assert_non_null(keys[i]);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < CURVE_COUNT; i++) {
        EC_KEY_free(keys[i]);
    }
    return 0;
}

static bool theirs(EC_KEY *key, hf_span sig)
{
    return ECDSA_verify(0, digest, sizeof digest, sig.data, (int)sig.len, key) == 1;
}

/* Enough signatures that numbers with a set first bit and such with a zero first byte are there. */
static void test_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < CURVE_COUNT; i++) {
        for (int n = 0; n < SIGNATURE_COUNT; n++) {
            uint8_t sig[LC_ECDSA_MAX_LEN];
            size_t len = sizeof sig;
            assert_true(lc_ecdsa_sign(keys[i], digest_span, sig, &len));
            const uint8_t *p = sig;
            ECDSA_SIG *read = d2i_ECDSA_SIG(NULL, &p, (long)len);
            uint8_t *again = NULL;
            assert_int_equal(i2d_ECDSA_SIG(read, &again), (int)len);
            assert_memory_equal(again, sig, len);
            OPENSSL_free(again);
            ECDSA_SIG_free(read);
            assert_true(theirs(keys[i], (hf_span){sig, len}));
            assert_true(lc_ecdsa_verify(keys[i], digest_span, (hf_span){sig, len}));
        }
        uint8_t room[8] = {7, 7};
        size_t room_len = sizeof room;
        assert_false(lc_ecdsa_sign(keys[i], digest_span, room, &room_len));
        assert_int_equal(room[0], 7);
    }
}

/* Each byte changed in several ways, and each shorter length: the same answer as libcrypto's. */
static void test_changed(void **state)
{
    (void)state;
    static const uint8_t changes[] = {0x01, 0x80, 0x7f, 0xff};
    for (size_t i = 0; i < CURVE_COUNT; i++) {
        uint8_t sig[LC_ECDSA_MAX_LEN];
        size_t len = sizeof sig;
        assert_true(lc_ecdsa_sign(keys[i], digest_span, sig, &len));
        /* Every byte of the frame; of the numbers, which cost a verification each, a few. */
        for (size_t at = 0; at < len; at += at < 8 ? 1 : 23) {
            for (size_t c = 0; c < sizeof changes; c++) {
                sig[at] ^= changes[c];
                assert_int_equal(lc_ecdsa_verify(keys[i], digest_span, (hf_span){sig, len}),
                                 theirs(keys[i], (hf_span){sig, len}));
                sig[at] ^= changes[c];
            }
        }
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t *exact = malloc(cut + 1); /* so that sanitizers see a step too far */
            memcpy(exact + 1, sig, cut);
            assert_false(lc_ecdsa_verify(keys[i], digest_span, (hf_span){exact + 1, cut}));
            free(exact);
        }
    }
}

/* Forms that mean a right signature to a lenient reader, and numbers out of range. */
static void test_frames(void **state)
{
    (void)state;
    uint8_t sig[LC_ECDSA_MAX_LEN];
    size_t len = sizeof sig;
    do {
        len = sizeof sig;
        assert_true(lc_ecdsa_sign(keys[0], digest_span, sig, &len));
    } while (sig[3] != 32); /* r without a sign byte */
    uint8_t bent[LC_ECDSA_MAX_LEN + 4];
    memcpy(bent, sig, len);
    bent[len] = 0; /* a byte behind it */
    assert_false(lc_ecdsa_verify(keys[0], digest_span, (hf_span){bent, len + 1}));

    memcpy(bent, (uint8_t[]){0x30, 0x81, sig[1]}, 3); /* a length that is longer than it must be */
    memcpy(bent + 3, sig + 2, len - 2);
    assert_false(lc_ecdsa_verify(keys[0], digest_span, (hf_span){bent, len + 1}));

    memcpy(bent, (uint8_t[]){0x30, (uint8_t)(sig[1] + 1), 0x02, 33, 0x00}, 5); /* a zero too much */
    memcpy(bent + 5, sig + 4, len - 4);
    assert_false(lc_ecdsa_verify(keys[0], digest_span, (hf_span){bent, len + 1}));

    static const uint8_t zeros[] = {0x30, 6, 0x02, 1, 0, 0x02, 1, 0};
    assert_false(lc_ecdsa_verify(keys[0], digest_span, (hf_span){zeros, sizeof zeros}));
    static const uint8_t empty[] = {0x30, 4, 0x02, 0, 0x02, 0};
    assert_false(lc_ecdsa_verify(keys[0], digest_span, (hf_span){empty, sizeof empty}));

    uint8_t huge[2 + 1 + 2 * (2 + 120)] = {0x30, 0x81, 244, 0x02, 120, 1};
    memcpy(huge + 3 + 122, (uint8_t[]){0x02, 120, 1}, 3);
    assert_false(lc_ecdsa_verify(keys[0], digest_span, (hf_span){huge, sizeof huge}));
}

static hf_public_key *import(EC_KEY *key, point_conversion_form_t form, uint8_t bend)
{
    uint8_t *der = NULL;
    EC_KEY_set_conv_form(key, form);
    const int len = i2d_EC_PUBKEY(key, &der);
    assert_true(len > 0);
    der[len - 1] ^= bend;
    hf_public_key *made = lc_public_key_import((hf_span){der, (size_t)len});
    OPENSSL_free(der);
    return made;
}

/* What an earlier key left in the object, or one that was refused, is never seen. */
static void test_objects_used_again(void **state)
{
    (void)state;
    static const uint16_t schemes[CURVE_COUNT] = {0x0403, 0x0503, 0x0603};
    static const uint8_t message[] = "signed";
    for (size_t i = 0; i < CURVE_COUNT; i++) {
        EVP_PKEY *others[2];
        for (int n = 0; n < 2; n++) {
            others[n] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i]);
        }
        uint8_t sig[LC_ECDSA_MAX_LEN];
        size_t len = sizeof sig;
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        const char *hashes[CURVE_COUNT] = {"SHA2-256", "SHA2-384", "SHA2-512"};
        assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, hashes[i], NULL, NULL, others[0], NULL),
                         1);
        assert_int_equal(EVP_DigestSign(ctx, sig, &len, message, sizeof message), 1);
        EVP_MD_CTX_free(ctx);
        for (int turn = 0; turn < 12; turn++) {
            EC_KEY *ec = EVP_PKEY_get1_EC_KEY(others[turn % 2]);
            hf_public_key *key = import(
                ec, turn % 3 == 0 ? POINT_CONVERSION_COMPRESSED : POINT_CONVERSION_UNCOMPRESSED, 0);
            assert_non_null(key);
            assert_int_equal(
                lc_verify(key, schemes[i], (hf_span){message, sizeof message}, (hf_span){sig, len}),
                turn % 2 == 0);
            lc_public_key_free(key);
            assert_null(import(ec, POINT_CONVERSION_UNCOMPRESSED, 1)); /* not on the curve */
            EC_KEY_free(ec);
        }
        EVP_PKEY_free(others[0]);
        EVP_PKEY_free(others[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_objects_used_again),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

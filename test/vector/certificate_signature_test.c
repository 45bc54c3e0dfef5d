/* Wycheproof's signature vectors as the certificate room verifies them: the key out of its
 * SubjectPublicKeyInfo, the algorithm out of an AlgorithmIdentifier, as in a certificate, a CRL or
 * an OCSP response. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/skip.h"
#include "support/wycheproof.h"
#include "x509/signature.h"

#define DER(...)                                                                                   \
    {                                                                                              \
        (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                     \
    }

struct what {
    const char *file;
    hf_span algorithm;
    hf_span others[3]; /* of the same kind of key, but not what was signed with */
};

/* RFC 5758, 3.2: without parameters. */
#define ECDSA_WITH(n) 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, (n)
/* RFC 4055, 5: with NULL. */
#define RSA_WITH(n)                                                                                \
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, (n), 0x05, 0x00
/* RFC 4055, 3.1: hash, MGF1 over the same hash, length of the salt. */
#define SHA2(n)                                                                                    \
    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, (n), 0x05, 0x00
#define PSS_WITH(n, salt)                                                                          \
    0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34,      \
        0xa0, 0x0f, SHA2(n), 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,     \
        0x0d, 0x01, 0x01, 0x08, SHA2(n), 0xa2, 0x03, 0x02, 0x01, (salt)

static const struct what files[] = {
    {"ecdsa_secp256r1_sha256_test.json",
     DER(ECDSA_WITH(2)),
     {DER(ECDSA_WITH(3)), DER(ECDSA_WITH(4)), DER(RSA_WITH(11))}},
    {"ecdsa_secp384r1_sha384_test.json",
     DER(ECDSA_WITH(3)),
     {DER(ECDSA_WITH(2)), DER(ECDSA_WITH(4)), DER(PSS_WITH(2, 48))}},
    {"ed25519_test.json",
     DER(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70),
     {DER(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71), DER(ECDSA_WITH(2)), DER(RSA_WITH(11))}},
    {"rsa_pss_2048_sha256_mgf1_32_test.json",
     DER(PSS_WITH(1, 32)),
     {DER(PSS_WITH(2, 48)), DER(RSA_WITH(11)), DER(PSS_WITH(1, 31))}},
    {"rsa_signature_2048_sha256_test.json",
     DER(RSA_WITH(11)),
     {DER(RSA_WITH(12)), DER(PSS_WITH(1, 32)), DER(RSA_WITH(5))}},
};

static void run_one(void *arg, const json_t *group, const json_t *test)
{
    const struct what *what = arg;
    hf_span spki = wycheproof_bytes(group, "publicKeyDer");
    hf_span msg = wycheproof_bytes(test, "msg");
    hf_span sig = wycheproof_bytes(test, "sig");
    hf_public_key *key = x5_key_import(spki);
    assert_non_null(key);
    const bool valid = x5_signature_check_bytes(msg, what->algorithm, sig, key) == X5_SIGNED;
    /* As in the test of the provider, the one signature that is left open is refused. */
    const bool expected = wycheproof_expected(test) == WYCHEPROOF_VALID;
    if (valid != expected) {
        fail_msg("tcId %lld: %s", wycheproof_id(test), valid ? "taken" : "refused");
    }
    for (size_t i = 0; i < 3 && expected; i++) {
        if (x5_signature_check_bytes(msg, what->others[i], sig, key) == X5_SIGNED) {
            fail_msg("tcId %lld: taken under algorithm %zu", wycheproof_id(test), i);
        }
    }
    x5_key_free(key);
    wycheproof_free(spki);
    wycheproof_free(msg);
    wycheproof_free(sig);
}

static void run_file(const struct what *what)
{
    struct wycheproof *file = wycheproof_open(what->file);
    if (file == NULL) {
        test_skip("no vectors: set HF_VECTORS");
    }
    assert_int_equal(wycheproof_each(file, run_one, (void *)(uintptr_t)what),
                     wycheproof_count(file));
    wycheproof_close(file);
}

static void test_ecdsa_p256(void **state)
{
    (void)state;
    run_file(&files[0]);
}

static void test_ecdsa_p384(void **state)
{
    (void)state;
    run_file(&files[1]);
}

static void test_ed25519(void **state)
{
    (void)state;
    run_file(&files[2]);
}

static void test_rsa_pss(void **state)
{
    (void)state;
    run_file(&files[3]);
}

static void test_rsa_pkcs1(void **state)
{
    (void)state;
    run_file(&files[4]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ecdsa_p256), cmocka_unit_test(test_ecdsa_p384),
        cmocka_unit_test(test_ed25519),    cmocka_unit_test(test_rsa_pss),
        cmocka_unit_test(test_rsa_pkcs1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

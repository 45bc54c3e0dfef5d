/* Wycheproof's signature vectors through public_key_import and verify. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <handfast/crypto.h>

#include "support/skip.h"
#include "support/wycheproof.h"

static void run_one(void *arg, const json_t *group, const json_t *test)
{
    const uint16_t scheme = *(const uint16_t *)arg;
    const hf_provider *provider = hf_provider_default();
    hf_span spki = wycheproof_bytes(group, "publicKeyDer");
    hf_span msg = wycheproof_bytes(test, "msg");
    hf_span sig = wycheproof_bytes(test, "sig");
    hf_public_key *key = provider->public_key_import(spki);
    assert_non_null(key);
    const bool valid = provider->verify(key, scheme, msg, sig);
    /* The one signature that Wycheproof leaves open lacks a NULL that RFC 8017, A.2.4 wants:
     * refused. */
    if (valid != (wycheproof_expected(test) == WYCHEPROOF_VALID)) {
        fail_msg("tcId %lld: %s", wycheproof_id(test), valid ? "taken" : "refused");
    }
    provider->public_key_free(key);
    wycheproof_free(spki);
    wycheproof_free(msg);
    wycheproof_free(sig);
}

static void run_file(const char *name, uint16_t scheme)
{
    struct wycheproof *file = wycheproof_open(name);
    if (file == NULL) {
        test_skip("no vectors: set HF_VECTORS");
    }
    assert_int_equal(wycheproof_each(file, run_one, &scheme), wycheproof_count(file));
    wycheproof_close(file);
}

static void test_ecdsa_p256(void **state)
{
    (void)state;
    run_file("ecdsa_secp256r1_sha256_test.json", 0x0403);
}

static void test_ecdsa_p384(void **state)
{
    (void)state;
    run_file("ecdsa_secp384r1_sha384_test.json", 0x0503);
}

static void test_ed25519(void **state)
{
    (void)state;
    run_file("ed25519_test.json", 0x0807);
}

static void test_rsa_pss(void **state)
{
    (void)state;
    run_file("rsa_pss_2048_sha256_mgf1_32_test.json", 0x0804);
}

static void test_rsa_pkcs1(void **state)
{
    (void)state;
    run_file("rsa_signature_2048_sha256_test.json", 0x0401);
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

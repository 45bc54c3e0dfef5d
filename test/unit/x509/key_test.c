/* Keys and signature algorithms as certificates name them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/pki.h"
#include "x509/x509.h"

#define BYTES(...)                                                                                 \
    ((hf_span){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        enum pki_kind made;
        bool supported;
        hf_key_kind kind;
        const char *text;
    } kinds[] = {
        {PKI_P256, true, HF_KEY_P256, "EC P-256"},
        {PKI_P384, true, HF_KEY_P384, "EC P-384"},
        {PKI_P521, true, HF_KEY_P521, "EC P-521"},
        {PKI_RSA_2048, true, HF_KEY_RSA, "RSA 2048"},
        {PKI_RSA_3072, true, HF_KEY_RSA, "RSA 3072"},
        {PKI_RSA_PSS_2048, true, HF_KEY_RSA_PSS, "RSA-PSS 2048"},
        {PKI_ED25519, true, HF_KEY_ED25519, "Ed25519"},
        {PKI_ED448, true, HF_KEY_ED448, "Ed448"},
        {PKI_RSA_1024, false, HF_KEY_RSA, "RSA 1024"},
        {PKI_SECP256K1, false, HF_KEY_RSA, "EC secp256k1"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct pki_cert *cert =
            pki_make(&(struct pki_spec){.kind = kinds[i].made, .common_name = "x"});
        hf_span spki;
        struct x5_key key;
        assert_true(x5_subject_public_key_info(cert->der, &spki));
        assert_true(x5_key_read(spki, &key));
        assert_int_equal(key.supported, kinds[i].supported);
        if (key.supported) {
            assert_int_equal(key.kind, kinds[i].kind);
        }
        assert_string_equal(key.text, kinds[i].text);
        pki_cert_free(cert);
    }
}

static void test_what_is_no_key(void **state)
{
    (void)state;
    struct x5_key key;
    assert_false(x5_key_read((hf_span){NULL, 0}, &key));
    assert_false(x5_key_read(BYTES(0x30, 0x00), &key));
    /* A known algorithm with a key of the wrong size is read, but not supported. */
    assert_true(x5_key_read(
        BYTES(0x30, 0x0b, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x02, 0x00, 0x01), &key));
    assert_false(key.supported);
    /* DSA, and an algorithm that nobody knows. */
    assert_true(x5_key_read(BYTES(0x30, 0x0f, 0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38,
                                  0x04, 0x01, 0x03, 0x02, 0x00, 0x01),
                            &key));
    assert_false(key.supported);
    assert_string_equal(key.text, "DSA");
    assert_true(
        x5_key_read(BYTES(0x30, 0x0a, 0x30, 0x04, 0x06, 0x02, 0x2a, 0x03, 0x03, 0x02, 0, 1), &key));
    assert_false(key.supported);
    assert_string_equal(key.text, "1.2.3");
    /* rsaEncryption with garbage for a key, and EC with explicit parameters. */
    assert_true(x5_key_read(BYTES(0x30, 0x13, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                  0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x02, 0x00, 0x01),
                            &key));
    assert_false(key.supported);
    assert_string_equal(key.text, "RSA (malformed)");
    assert_true(x5_key_read(BYTES(0x30, 0x11, 0x30, 0x0b, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                  0x02, 0x01, 0x30, 0x00, 0x03, 0x02, 0x00, 0x01),
                            &key));
    assert_false(key.supported);
    assert_string_equal(key.text, "EC with explicit parameters");
}

static void assert_signed(enum pki_kind ca, const char *digest, bool pss, uint16_t scheme,
                          const char *name)
{
    struct pki_cert *root = pki_make(&(struct pki_spec){
        .kind = ca, .common_name = "R", .ca = true, .digest = digest, .pss = pss});
    assert_int_equal(x5_signature_scheme(root->der), scheme);
    hf_certificate_summary summary;
    assert_true(hf_certificate_summarize(root->der, &summary));
    assert_string_equal(summary.signature, name);
    pki_cert_free(root);
}

static void test_signature_schemes(void **state)
{
    (void)state;
    assert_signed(PKI_P256, "SHA256", false, 0x0403, "ECDSA with SHA-256");
    assert_signed(PKI_P384, "SHA384", false, 0x0503, "ECDSA with SHA-384");
    assert_signed(PKI_P521, "SHA512", false, 0x0603, "ECDSA with SHA-512");
    assert_signed(PKI_P256, "SHA1", false, 0x0203, "ECDSA with SHA-1");
    assert_signed(PKI_P256, "SHA224", false, 0, "ECDSA with SHA-224");
    assert_signed(PKI_RSA_2048, "SHA256", false, 0x0401, "RSA with SHA-256");
    assert_signed(PKI_RSA_2048, "SHA384", false, 0x0501, "RSA with SHA-384");
    assert_signed(PKI_RSA_2048, "SHA512", false, 0x0601, "RSA with SHA-512");
    assert_signed(PKI_RSA_2048, "SHA1", false, 0x0201, "RSA with SHA-1");
    assert_signed(PKI_RSA_2048, "MD5", false, 0, "RSA with MD5");
    assert_signed(PKI_RSA_2048, "SHA256", true, 0x0804, "RSA-PSS with SHA-256");
    assert_signed(PKI_RSA_2048, "SHA384", true, 0x0805, "RSA-PSS with SHA-384");
    assert_signed(PKI_RSA_PSS_2048, "SHA512", true, 0x0806, "RSA-PSS with SHA-512");
    assert_signed(PKI_RSA_2048, "SHA224", true, 0, "RSA-PSS with unusual parameters");
    assert_signed(PKI_ED25519, NULL, false, 0x0807, "Ed25519");
    assert_signed(PKI_ED448, NULL, false, 0x0808, "Ed448");
}

static void test_identifiers_must_be_exact(void **state)
{
    (void)state;
    const hf_span ecdsa =
        BYTES(0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 2);
    assert_int_equal(x5_algorithm_scheme(ecdsa), 0x0403);
    /* ECDSA has no parameters, not even NULL (RFC 5758, 3.2). */
    assert_int_equal(x5_algorithm_scheme(BYTES(0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                                               0x04, 0x03, 0x02, 0x05, 0x00)),
                     0);
    assert_int_equal(x5_algorithm_scheme((hf_span){NULL, 0}), 0);
    assert_int_equal(x5_algorithm_scheme(BYTES(0x30, 0x00)), 0);
    /* RSASSA-PSS with parameters left out means SHA-1. */
    assert_int_equal(x5_algorithm_scheme(BYTES(0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                               0x0d, 0x01, 0x01, 0x0a, 0x30, 0x00)),
                     0);
    assert_int_equal(x5_signature_scheme(ecdsa), 0); /* no certificate */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_what_is_no_key),
        cmocka_unit_test(test_signature_schemes),
        cmocka_unit_test(test_identifiers_must_be_exact),
    };
    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}

/* The view of a certificate: every field against libcrypto's reading, and what is no certificate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include "base/span.h"
#include "support/pki.h"
#include "support/skip.h"
#include "x509/x509.h"

/* Compares bytes with what libcrypto encodes; der is freed. */
static void assert_same_der(hf_span ours, uint8_t *der, int len)
{
    assert_true(len > 0);
    assert_int_equal(ours.len, len);
    assert_memory_equal(ours.data, der, ours.len);
    OPENSSL_free(der);
}

static int64_t unix_time(const ASN1_TIME *t)
{
    struct tm tm;
    assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
    return (int64_t)timegm(&tm);
}

static void test_fields_agree_with_libcrypto(void **state)
{
    (void)state;
    for (int kind = 0; kind < PKI_KIND_COUNT; kind++) {
        struct pki *p = pki_simple((enum pki_kind)kind, "a.example,10.0.0.1");
        struct x5_certificate c;
        assert_true(x5_certificate_read(p->leaf->der, &c));
        uint8_t *der = NULL;
        int len = i2d_X509_NAME(X509_get_issuer_name(p->leaf->x509), &der);
        assert_same_der(c.issuer, der, len);
        der = NULL;
        len = i2d_X509_NAME(X509_get_subject_name(p->leaf->x509), &der);
        assert_same_der(c.subject, der, len);
        der = NULL;
        len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(p->leaf->x509), &der);
        assert_same_der(c.spki, der, len);
        der = NULL;
        len = i2d_re_X509_tbs(p->leaf->x509, &der);
        assert_same_der(c.tbs, der, len);
        const ASN1_BIT_STRING *signature = NULL;
        X509_get0_signature(&signature, NULL, p->leaf->x509);
        assert_int_equal(c.signature.len, ASN1_STRING_length(signature));
        assert_memory_equal(c.signature.data, ASN1_STRING_get0_data(signature), c.signature.len);
        assert_int_equal(c.not_before_s, unix_time(X509_get0_notBefore(p->leaf->x509)));
        assert_int_equal(c.not_after_s, unix_time(X509_get0_notAfter(p->leaf->x509)));
        assert_int_equal(c.version, 3);
        assert_false(x5_is_authority(&c));
        assert_false(x5_is_self_issued(&c));
        assert_int_equal(c.unknown_critical.len, 0);

        hf_span spki, issuer, subject;
        assert_true(x5_subject_public_key_info(p->leaf->der, &spki));
        assert_ptr_equal(spki.data, c.spki.data);
        assert_true(x5_names(p->leaf->der, &issuer, &subject));
        assert_ptr_equal(issuer.data, c.issuer.data);
        assert_ptr_equal(subject.data, c.subject.data);
        assert_int_equal(x5_signature_scheme(p->leaf->der), 0x0403);
        assert_true(x5_certificate_read(p->ca->der, &c));
        assert_true(x5_is_authority(&c));
        assert_true(x5_is_self_issued(&c));
        pki_free(p);
    }
}

static void test_extensions(void **state)
{
    (void)state;
    struct pki_cert *cert =
        pki_make(&(struct pki_spec){.common_name = "x",
                                    .names = "a.example",
                                    .key_usage = "critical,digitalSignature,keyAgreement",
                                    .extra = "1.2.3.4=critical,DER:05:00",
                                    .name_constraints = "permitted;DNS:.example"});
    struct x5_certificate c;
    assert_true(x5_certificate_read(cert->der, &c));
    assert_true(x5_has_extension(&c, X5_EXT_SUBJECT_ALT_NAME));
    assert_true(x5_has_extension(&c, X5_EXT_NAME_CONSTRAINTS));
    assert_true(x5_has_extension(&c, X5_EXT_EXTENDED_KEY_USAGE));
    assert_true(x5_has_extension(&c, X5_EXT_SUBJECT_KEY_ID));
    assert_false(x5_has_extension(&c, X5_EXT_AUTHORITY_KEY_ID));
    assert_false(x5_has_extension(&c, X5_EXT_TLS_FEATURE));
    const uint8_t oid[] = {0x2a, 0x03, 0x04};
    assert_true(span_eq(c.unknown_critical, span_of(oid, sizeof oid)));
    uint32_t usage = 0;
    assert_true(x5_key_usage(&c, &usage));
    assert_int_equal(usage, 1u << 0 | 1u << 4);
    pki_cert_free(cert);

    cert = pki_make(&(struct pki_spec){
        .common_name = "x", .key_usage = "", .extra = "tlsfeature=status_request"});
    assert_true(x5_certificate_read(cert->der, &c));
    assert_false(x5_key_usage(&c, &usage));
    assert_int_equal(usage, UINT32_MAX); /* absence allows everything */
    assert_true(x5_has_extension(&c, X5_EXT_TLS_FEATURE));
    pki_cert_free(cert);

    cert = pki_make(&(struct pki_spec){
        .common_name = "x", .key_usage = "", .extra = "2.5.29.15=DER:03:02:06:a0"});
    assert_true(x5_certificate_read(cert->der, &c));
    assert_false(x5_key_usage(&c, &usage));
    assert_int_equal(usage, 0); /* malformed allows nothing */
    pki_cert_free(cert);
}

static void test_no_extension_twice(void **state)
{
    (void)state;
    struct pki_cert *twice =
        pki_make(&(struct pki_spec){.common_name = "x", .extra = "2.5.29.15=DER:03:02:07:80"});
    struct x5_certificate c;
    assert_false(x5_certificate_read(twice->der, &c));
    assert_null(c.der.data);
    pki_cert_free(twice);
}

static void test_too_many_extensions(void **state)
{
    (void)state;
    struct pki_cert *cert = pki_make(&(struct pki_spec){.common_name = "x"});
    struct x5_certificate c;
    X509 *x = X509_dup(cert->x509);
    assert_non_null(x);
    for (int i = 0; X509_get_ext_count(x) <= X5_EXTENSIONS_MAX; i++) {
        uint8_t *der = NULL;
        const int len = i2d_X509(x, &der);
        assert_true(len > 0);
        assert_true(x5_certificate_read(span_of(der, (size_t)len), &c));
        OPENSSL_free(der);
        char text[32];
        (void)snprintf(text, sizeof text, "1.2.3.%d", i);
        X509_EXTENSION *e = X509V3_EXT_nconf(NULL, NULL, text, "DER:05:00");
        assert_non_null(e);
        assert_int_equal(X509_add_ext(x, e, -1), 1);
        X509_EXTENSION_free(e);
        /* Otherwise the cached encoding of the signed part would be written again. */
        assert_true(i2d_re_X509_tbs(x, NULL) > 0);
    }
    uint8_t *der = NULL;
    const int len = i2d_X509(x, &der);
    assert_true(len > 0);
    assert_false(x5_certificate_read(span_of(der, (size_t)len), &c));
    OPENSSL_free(der);
    X509_free(x);
    pki_cert_free(cert);
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    struct pki_cert *cert = pki_make(&(struct pki_spec){.common_name = "x", .names = "a.example"});
    struct x5_certificate c;
    for (size_t len = 0; len < cert->der.len; len++) {
        /* A block of exactly that size, so that a read beyond it is seen. */
        uint8_t *cut = malloc(len == 0 ? 1 : len);
        assert_non_null(cut);
        memcpy(cut, cert->der.data, len);
        assert_false(x5_certificate_read(span_of(cut, len), &c));
        free(cut);
    }
    uint8_t *longer = malloc(cert->der.len + 1);
    assert_non_null(longer);
    memcpy(longer, cert->der.data, cert->der.len);
    longer[cert->der.len] = 0;
    assert_false(x5_certificate_read(span_of(longer, cert->der.len + 1), &c));
    free(longer);
    pki_cert_free(cert);
}

/* Whatever a changed byte makes of the certificate, reading all of it stays within it. */
static void test_every_changed_byte_is_survived(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example,10.0.0.1,email:x@a.example");
    const hf_span der = p->leaf->der;
    static const uint8_t changes[] = {0x01, 0x80, 0xff, 0x20, 0x02};
    size_t read = 0;
    for (size_t i = 0; i < der.len * sizeof changes; i++) {
        uint8_t *copy = malloc(der.len);
        assert_non_null(copy);
        memcpy(copy, der.data, der.len);
        copy[i / sizeof changes] ^= changes[i % sizeof changes];
        hf_certificate_summary summary;
        read += hf_certificate_summarize(span_of(copy, der.len), &summary);
        free(copy);
    }
    assert_true(read > 0 && read < der.len * sizeof changes);
    pki_free(p);
}

/* The inside and the outside name of the signature's algorithm must agree. */
static void test_algorithms_must_agree(void **state)
{
    (void)state;
    struct pki_cert *cert = pki_make(&(struct pki_spec){.common_name = "x"});
    uint8_t *copy = malloc(cert->der.len);
    assert_non_null(copy);
    memcpy(copy, cert->der.data, cert->der.len);
    struct x5_certificate c;
    assert_true(x5_certificate_read(span_of(copy, cert->der.len), &c));
    uint8_t *outer = copy + (c.tbs.data - copy) + c.tbs.len;
    assert_int_equal(outer[0], DER_SEQUENCE);
    outer[1 + outer[1]] ^= 0x01; /* the last byte of ecdsa-with-SHA256's OID */
    assert_false(x5_certificate_read(span_of(copy, cert->der.len), &c));
    free(copy);
    pki_cert_free(cert);
}

static void test_version_1(void **state)
{
    (void)state;
    struct pki_cert *cert = pki_make(&(struct pki_spec){.version_1 = true, .common_name = "old"});
    struct x5_certificate c;
    assert_true(x5_certificate_read(cert->der, &c));
    assert_int_equal(c.version, 1);
    assert_false(x5_is_authority(&c));
    pki_cert_free(cert);
}

/* Real certificates from many makers: what we refuse here, we would refuse in the field. */
static void test_the_systems_store_reads(void **state)
{
    (void)state;
    FILE *f = fopen("/etc/ssl/certs/ca-certificates.crt", "rb");
    if (f == NULL) {
        test_skip("no /etc/ssl/certs/ca-certificates.crt on this machine");
    }
    static uint8_t text[1 << 20];
    const size_t len = fread(text, 1, sizeof text, f);
    (void)fclose(f);
    hf_error error = {.code = HF_E_NONE};
    struct x5_bundle bundle;
    assert_int_equal(x5_bundle_load(span_of(text, len), X5_BUNDLE_ALL, &error, &bundle), HF_OK);
    assert_true(bundle.count > 50);
    for (size_t i = 0; i < bundle.count; i++) {
        struct x5_certificate c;
        struct x5_key key;
        hf_certificate_summary summary;
        assert_true(x5_certificate_read(bundle.certificate[i], &c));
        assert_true(x5_key_read(c.spki, &key));
        assert_true(key.supported);
        assert_int_not_equal(x5_algorithm_scheme(c.signature_algorithm), 0);
        assert_true(hf_certificate_summarize(bundle.certificate[i], &summary));
        assert_true(strlen(summary.subject) > 3);
    }
    x5_bundle_free(&bundle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_agree_with_libcrypto),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_no_extension_twice),
        cmocka_unit_test(test_too_many_extensions),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_every_changed_byte_is_survived),
        cmocka_unit_test(test_algorithms_must_agree),
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_the_systems_store_reads),
    };
    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}

/* Names for people, alternative names, host names, and the summary that shows them all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "base/span.h"
#include "support/pki.h"
#include "x509/x509.h"

static void assert_subject(const char *made, const char *full, const char *brief)
{
    struct pki_cert *cert = pki_make(&(struct pki_spec){.subject = made, .names = "first.example"});
    struct x5_certificate c;
    assert_true(x5_certificate_read(cert->der, &c));
    char out[256];
    struct text t;
    x5_text_init(&t, out, sizeof out);
    x5_name_text(&t, c.subject);
    assert_string_equal(out, full);
    x5_text_init(&t, out, sizeof out);
    x5_name_certificate(&t, &c);
    assert_string_equal(out, brief);
    pki_cert_free(cert);
}

static void test_subjects(void **state)
{
    (void)state;
    assert_subject("/C=DE/O=Example/CN=a.example", "CN=a.example, O=Example, C=DE", "'a.example'");
    assert_subject("/C=DE/O=Example Inc", "O=Example Inc, C=DE", "'Example Inc'");
    assert_subject("/C=DE", "C=DE", "'C=DE'");
    assert_subject("", "", "'first.example'");
    assert_subject("/O=Smith, Sons + Co/CN=a<b", "CN=a\\<b, O=Smith\\, Sons \\+ Co", "'a<b'");
    assert_subject("/CN=\xc3\xa4\xe2\x82\xac", "CN=\xc3\xa4\xe2\x82\xac", "'\xc3\xa4\xe2\x82\xac'");
    assert_subject("/CN=\x1b[31mred", "CN=?[31mred", "'?[31mred'");
    assert_subject("/DC=org/DC=example/UID=7/emailAddress=a@b.example",
                   "emailAddress=a@b.example, UID=7, DC=example, DC=org",
                   "'emailAddress=a@b.example, UID=7, DC=example, DC=org'");
    assert_subject("/CN=one/CN=two", "CN=two, CN=one", "'two'");
}

static void assert_common_name(uint8_t tag, hf_span value, const char *expected)
{
    /* SEQUENCE { SET { SEQUENCE { id-at-commonName, value } } } */
    uint8_t der[64] = {0x30, 0, 0x31, 0, 0x30, 0, 0x06, 0x03, 0x55, 0x04, 0x03, tag, 0};
    der[1] = (uint8_t)(value.len + 11);
    der[3] = (uint8_t)(value.len + 9);
    der[5] = (uint8_t)(value.len + 7);
    der[12] = (uint8_t)value.len;
    memcpy(der + 13, value.data, value.len);
    char out[64];
    struct text t;
    x5_text_init(&t, out, sizeof out);
    x5_name_text(&t, span_of(der, value.len + 13));
    assert_string_equal(out, expected);
}

static void test_alphabets(void **state)
{
    (void)state;
    assert_common_name(DER_PRINTABLE_STRING, span_of("abc", 3), "CN=abc");
    assert_common_name(DER_BMP_STRING, span_of("\0a\x20\xac\0,", 6), "CN=a\xe2\x82\xac\\,");
    assert_common_name(DER_BMP_STRING, span_of("\0a\0", 3), "CN=a"); /* half a character */
    assert_common_name(DER_UNIVERSAL_STRING, span_of("\0\1\xf6\0\0\0\0b", 8),
                       "CN=\xf0\x9f\x98\x80"
                       "b");
    assert_common_name(DER_UNIVERSAL_STRING, span_of("\xff\xff\xff\xff", 4), "CN=?");
    assert_common_name(DER_T61_STRING, span_of("\xe4\x1b", 2), "CN=\xc3\xa4?");
    assert_common_name(DER_UTF8_STRING, span_of("a\0b", 3), "CN=a?b");
    assert_common_name(DER_UTF8_STRING, span_of("\xff\"", 2), "CN=?\\\"");
}

static void test_malformed_names_are_survived(void **state)
{
    (void)state;
    static const uint8_t bad[] = {0x30, 0x05, 0x31, 0x03, 0x30, 0x01, 0x06};
    char out[64];
    struct text t;
    x5_text_init(&t, out, sizeof out);
    x5_name_text(&t, span_of(bad, sizeof bad));
    x5_name_brief(&t, span_of(bad, sizeof bad));
    assert_string_equal(out, "''");
    /* More attributes than are shown. */
    uint8_t many[2 + 2 + 13 * 30] = {0x30, 0x82};
    size_t at = 4;
    for (int i = 0; i < 30; i++) {
        const uint8_t one[] = {0x31, 10, 0x30, 8, 0x06, 3, 0x55, 0x04, 0x03, 0x0c, 1, 'x'};
        memcpy(many + at, one, sizeof one);
        at += sizeof one;
    }
    many[2] = (uint8_t)((at - 4) >> 8);
    many[3] = (uint8_t)(at - 4);
    char long_out[512];
    x5_text_init(&t, long_out, sizeof long_out);
    x5_name_text(&t, span_of(many, at));
    assert_int_equal(t.len, 24 * strlen("CN=x, ") - 2);
}

static void test_alternative_names(void **state)
{
    (void)state;
    struct pki_cert *cert = pki_make(&(struct pki_spec){
        .common_name = "x",
        .names =
            "a.example,*.B.example,192.0.2.1,2001:db8::1,email:x@a.example,URI:http://a.example/"});
    struct x5_certificate c;
    assert_true(x5_certificate_read(cert->der, &c));
    assert_int_equal(x5_san_count(&c), 6);
    char out[256];
    struct text t;
    x5_text_init(&t, out, sizeof out);
    x5_san_text(&t, &c);
    assert_string_equal(out, "a.example, *.B.example, 192.0.2.1, 2001:db8::1, email:x@a.example, "
                             "URI:http://a.example/");
    x5_text_init(&t, out, 64);
    x5_san_text(&t, &c);
    assert_string_equal(out, "a.example, *.B.example, 192.0.2.1 and 3 more");
    pki_cert_free(cert);

    cert =
        pki_make(&(struct pki_spec){.common_name = "x", .extra = "2.5.29.17=DER:30:03:87:01:05"});
    assert_true(x5_certificate_read(cert->der, &c));
    x5_text_init(&t, out, sizeof out);
    x5_san_text(&t, &c);
    assert_string_equal(out, "malformed address");
    pki_cert_free(cert);

    /* A name that is none of GeneralName's choices. */
    cert =
        pki_make(&(struct pki_spec){.common_name = "x", .extra = "2.5.29.17=DER:30:03:0c:01:61"});
    assert_true(x5_certificate_read(cert->der, &c));
    struct der list = x5_san_open(&c);
    struct san_entry name;
    assert_false(x5_san_next(&list, &name));
    assert_false(x5_der_done(&list));
    assert_int_equal(x5_san_count(&c), 0);
    pki_cert_free(cert);
}

static bool is_host(const char *name, bool wildcard)
{
    return x5_name_is_host(span_str(name), wildcard);
}

static void test_host_names(void **state)
{
    (void)state;
    assert_true(is_host("a.example", false));
    assert_true(is_host("localhost", false));
    assert_true(is_host("A-1.xn--bcher-kva.example", false));
    assert_true(is_host("_dmarc.example", false));
    assert_true(is_host("1.2.3.4a", false));
    assert_true(is_host("*.example", true));
    assert_false(is_host("*.example", false));
    assert_false(is_host("*", true));
    assert_false(is_host("*.", true));
    assert_false(is_host("a.*.example", true));
    assert_false(is_host("f*.example", true));
    assert_false(is_host("", false));
    assert_false(is_host(".example", false));
    assert_false(is_host("a..example", false));
    assert_false(is_host("a.example.", false));
    assert_false(is_host("a example", false));
    assert_false(is_host("a/example", false));
    assert_false(is_host("192.0.2.1", false));
    assert_false(is_host("\xc3\xa4.example", false));
    assert_false(x5_name_is_host(span_of("a\0.example", 10), false));
    char label[65];
    memset(label, 'a', 64);
    label[64] = '\0';
    assert_false(is_host(label, false));
    label[63] = '\0';
    assert_true(is_host(label, false));
    char name[256] = "";
    for (int i = 0; i < 127; i++) {
        (void)strcat(name, i == 0 ? "a" : ".a");
    }
    assert_int_equal(strlen(name), 253);
    assert_true(is_host(name, false));
    (void)strcat(name, "a");
    assert_false(is_host(name, false));
}

static void test_summary(void **state)
{
    (void)state;
    struct pki_cert *root =
        pki_make(&(struct pki_spec){.subject = "/O=Example/CN=Root", .ca = true, .serial = 0x1234});
    struct pki_cert *leaf = pki_make(&(struct pki_spec){.kind = PKI_RSA_2048,
                                                        .issuer = root,
                                                        .common_name = "a.example",
                                                        .names = "a.example,10.0.0.1",
                                                        .not_before_s = PKI_NOW,
                                                        .not_after_s = PKI_NOW + PKI_DAY});
    hf_certificate_summary s;
    assert_true(hf_certificate_summarize(root->der, &s));
    assert_string_equal(s.subject, "CN=Root, O=Example");
    assert_string_equal(s.issuer, "CN=Root, O=Example");
    assert_string_equal(s.names, "");
    assert_int_equal(s.name_count, 0);
    assert_string_equal(s.key, "EC P-256");
    assert_string_equal(s.serial, "12:34");
    assert_string_equal(s.usage, "keyCertSign, cRLSign");
    assert_true(s.is_authority && s.self_issued);
    assert_int_equal(s.version, 3);

    assert_true(hf_certificate_summarize(leaf->der, &s));
    assert_string_equal(s.subject, "CN=a.example");
    assert_string_equal(s.issuer, "CN=Root, O=Example");
    assert_string_equal(s.names, "a.example, 10.0.0.1");
    assert_int_equal(s.name_count, 2);
    assert_string_equal(s.key, "RSA 2048");
    assert_string_equal(s.signature, "ECDSA with SHA-256");
    assert_string_equal(s.usage, "digitalSignature, keyEncipherment, serverAuth, clientAuth");
    assert_false(s.is_authority || s.self_issued);
    assert_int_equal(s.not_before_s, PKI_NOW);
    assert_int_equal(s.not_after_s, PKI_NOW + PKI_DAY);
    uint8_t expected[32];
    assert_int_equal(
        EVP_Q_digest(NULL, "SHA256", NULL, leaf->der.data, leaf->der.len, expected, NULL), 1);
    assert_memory_equal(s.sha256, expected, sizeof expected);

    assert_false(hf_certificate_summarize(span_of(leaf->der.data, leaf->der.len - 1), &s));
    static const hf_certificate_summary zero;
    assert_memory_equal(&s, &zero, sizeof s);
    pki_cert_free(leaf);
    pki_cert_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_alphabets),
        cmocka_unit_test(test_malformed_names_are_survived),
        cmocka_unit_test(test_alternative_names),
        cmocka_unit_test(test_host_names),
        cmocka_unit_test(test_summary),
    };
    return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}

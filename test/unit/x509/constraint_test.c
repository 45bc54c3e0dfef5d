/* Name constraints of every kind (RFC 5280, 4.2.1.10), with libcrypto's opinion beside ours, and
 * the comparison of directory names (7.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/x509_vfy.h>

#include "support/oracle.h"
#include "unit/x509/judge.h"
#include "x509/constraint.h"
#include "x509/dn.h"

/* NameConstraints over one directory name, O=Test: permitted and excluded, in two alphabets. */
#define DIRECTORY(side, alphabet, t, e, s)                                                         \
    "2.5.29.30=critical,DER:30:17:" side                                                           \
    ":15:30:13:a4:11:30:0f:31:0d:30:0b:06:03:55:04:0a:" alphabet ":04:" t ":" e ":" s ":" t
#define PERMITS_TEST  DIRECTORY("a0", "0c", "54", "65", "73") /* UTF8String "TesT" */
#define PERMITS_UPPER DIRECTORY("a0", "13", "54", "45", "53") /* PrintableString "TEST" */
#define EXCLUDES_TEST DIRECTORY("a1", "13", "74", "65", "73") /* PrintableString "test" */

enum { AGREED, OURS_ALONE };

struct row {
    const char *constraints; /* pki_spec.name_constraints, or a whole extension */
    const char *names;       /* of the leaf */
    const char *subject;     /* of the leaf; NULL: /CN=x */
    hf_rule rule;
    int opinion;
};

static const struct row rows[] = {
    /* DNS */
    {"2.5.29.30=DER:30:06:a0:04:30:02:82:00", "a.example", NULL, HF_RULE_NONE, AGREED},
    {"2.5.29.30=DER:30:06:a1:04:30:02:82:00", "a.example", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"permitted;DNS:example", "example", NULL, HF_RULE_NONE, AGREED},
    {"permitted;DNS:.example", "example", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"permitted;DNS:example", "aexample", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"permitted;DNS:example", "*.example", NULL, HF_RULE_NONE, AGREED},
    {"permitted;DNS:a.example", "*.example", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"excluded;DNS:a.example", "*.example", NULL, HF_RULE_NAME_CONSTRAINT, OURS_ALONE},
    {"excluded;DNS:b.a.example", "*.example", NULL, HF_RULE_NONE, AGREED},
    {"excluded;DNS:a.example", "b.example,A.Example", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    /* Addresses */
    {"permitted;IP:10.0.0.0/255.0.0.0", "10.1.2.3", NULL, HF_RULE_NONE, AGREED},
    {"permitted;IP:10.0.0.0/255.0.0.0", "11.1.2.3", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"permitted;IP:10.0.0.0/255.0.0.0", "2001:db8::1", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"permitted;IP:10.1.2.0/255.255.255.128", "10.1.2.127", NULL, HF_RULE_NONE, AGREED},
    {"permitted;IP:10.1.2.0/255.255.255.128", "10.1.2.128", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"excluded;IP:0.0.0.0/0.0.0.0", "10.1.2.3", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"excluded;IP:0.0.0.0/0.0.0.0", "2001:db8::1", NULL, HF_RULE_NONE, AGREED},
    {"permitted;IP:2001:db8:0:0:0:0:0:0/ffff:ffff:0:0:0:0:0:0", "2001:db8::1", NULL, HF_RULE_NONE,
     AGREED},
    {"permitted;IP:2001:db8:0:0:0:0:0:0/ffff:ffff:0:0:0:0:0:0", "2001:db9::1", NULL,
     HF_RULE_NAME_CONSTRAINT, AGREED},
    /* E-mail */
    {"permitted;email:a@x.example", "email:a@x.example", NULL, HF_RULE_NONE, AGREED},
    {"permitted;email:a@x.example", "email:a@X.Example", NULL, HF_RULE_NONE, AGREED},
    {"permitted;email:a@x.example", "email:A@x.example", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"permitted;email:x.example", "email:b@x.example", NULL, HF_RULE_NONE, AGREED},
    {"permitted;email:x.example", "email:b@y.x.example", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"permitted;email:.x.example", "email:b@y.x.example", NULL, HF_RULE_NONE, AGREED},
    {"permitted;email:.x.example", "email:b@x.example", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"excluded;email:x.example", "a.example", "/CN=x/emailAddress=a@x.example",
     HF_RULE_NAME_CONSTRAINT, AGREED},
    {"excluded;email:x.example", "a.example", "/CN=x/emailAddress=a@z.example", HF_RULE_NONE,
     AGREED},
    {"excluded;email:x.example", "email:nobody", NULL, HF_RULE_CONSTRAINT_UNKNOWN, AGREED},
    /* URIs */
    {"permitted;URI:x.example", "URI:http://x.example/a", NULL, HF_RULE_NONE, AGREED},
    {"permitted;URI:x.example", "URI:http://x.example:80/a", NULL, HF_RULE_NONE, AGREED},
    {"permitted;URI:x.example", "URI:http://y.x.example/", NULL, HF_RULE_NAME_CONSTRAINT, AGREED},
    {"permitted;URI:.x.example", "URI:http://y.x.example/", NULL, HF_RULE_NONE, AGREED},
    {"excluded;URI:x.example", "URI:http://a@x.example/", NULL, HF_RULE_NAME_CONSTRAINT,
     OURS_ALONE},
    {"permitted;URI:x.example", "URI:urn:x.example", NULL, HF_RULE_CONSTRAINT_UNKNOWN, AGREED},
    {"permitted;URI:x.example", "URI:http://[2001:db8::1]/", NULL, HF_RULE_CONSTRAINT_UNKNOWN,
     AGREED},
    /* Directory names */
    {PERMITS_TEST, "a.example", "/O=TesT/CN=x", HF_RULE_NONE, AGREED},
    {PERMITS_TEST, "a.example", "/O=test", HF_RULE_NONE, AGREED},
    {PERMITS_UPPER, "a.example", "/O= test /CN=x", HF_RULE_NONE, AGREED},
    {PERMITS_TEST, "a.example", "/CN=x/O=Test", HF_RULE_NAME_CONSTRAINT, AGREED},
    {PERMITS_TEST, "a.example", "/O=Te st/CN=x", HF_RULE_NAME_CONSTRAINT, AGREED},
    {PERMITS_TEST, "a.example", "", HF_RULE_NONE, AGREED},
    {EXCLUDES_TEST, "a.example", "/O=TEST/CN=x", HF_RULE_NAME_CONSTRAINT, AGREED},
    {EXCLUDES_TEST, "a.example", "/O=Tests/CN=x", HF_RULE_NONE, AGREED},
    /* Kinds that are not understood: only where such a name is there. */
    {"permitted;RID:1.2.3", "a.example", NULL, HF_RULE_NONE, AGREED},
    {"permitted;RID:1.2.3", "a.example,RID:1.2.3", NULL, HF_RULE_CONSTRAINT_UNKNOWN, AGREED},
    /* A minimum is not understood either (RFC 5280: it must be zero). */
    {"2.5.29.30=critical,DER:30:0e:a0:0c:30:0a:82:05:2e:74:65:73:74:80:01:01", "a.test", NULL,
     HF_RULE_CONSTRAINT_UNKNOWN, AGREED},
};

static void test_kinds(void **state)
{
    (void)state;
    struct pki_cert *root = pki_make(&(struct pki_spec){.common_name = "R", .ca = true});
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add(trust, root->der, &error), HF_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        const bool whole = strchr(r->constraints, '=') != NULL;
        struct pki_cert *middle =
            pki_make(&(struct pki_spec){.issuer = root,
                                        .common_name = "M",
                                        .ca = true,
                                        .name_constraints = whole ? NULL : r->constraints,
                                        .extra = whole ? r->constraints : NULL});
        struct pki_cert *leaf = pki_make(&(struct pki_spec){
            .issuer = middle, .common_name = "x", .subject = r->subject, .names = r->names});
        const hf_span chain[] = {leaf->der, middle->der};
        const struct x5_request request = {
            .trust = trust, .chain = chain, .count = 2, .peer = HF_SERVER, .now_s = PKI_NOW};
        hf_verdict v;
        assert_int_equal(x5_verify_chain(&request, &v), HF_OK);
        const int oracle = oracle_verify(&request, &root->der, 1);
        if (v.rule != r->rule || (v.accepted && oracle != X509_V_OK) ||
            (!v.accepted && oracle == X509_V_OK && r->opinion == AGREED)) {
            fail_msg("'%s' over '%s' '%s': rule %d '%s'; libcrypto: %s", r->constraints, r->names,
                     r->subject == NULL ? "" : r->subject, (int)v.rule, v.detail,
                     X509_verify_cert_error_string(oracle));
        }
        pki_cert_free(leaf);
        pki_cert_free(middle);
    }
    hf_trust_free(trust);
    pki_cert_free(root);
}

/* RFC 5280, 6.1.3 (b): authorities that issued themselves are not asked, the leaf always is. */
static void test_self_issued(void **state)
{
    (void)state;
    struct pki_cert *root =
        pki_make(&(struct pki_spec){.subject = "/O=Root",
                                    .ca = true,
                                    .extra = PERMITS_TEST}); /* which it does not keep itself */
    struct pki_cert *again =
        pki_make(&(struct pki_spec){.issuer = root, .subject = "/O=Root", .ca = true});
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.issuer = again, .subject = "/O=Test/CN=x", .names = "x"});
    assert_accepted(.chain = {leaf, again}, .anchors = {root});
    pki_cert_free(leaf);
    leaf = pki_make(&(struct pki_spec){.issuer = again, .subject = "/O=Root", .names = "x"});
    assert_refused(HF_E_CERTIFICATE_CONSTRAINT, 0, "dirName:O=Root", .chain = {leaf, again},
                   .anchors = {root});
    pki_cert_free(leaf);
    pki_cert_free(again);
    pki_cert_free(root);
}

static hf_span name_of(const struct pki_cert *c)
{
    hf_span issuer;
    hf_span subject;
    assert_true(x5_names(c->der, &issuer, &subject));
    return subject;
}

static void compare(const char *a, const char *b, bool same, bool within)
{
    struct pki_cert *of_a = pki_make(&(struct pki_spec){.subject = a});
    struct pki_cert *of_b = pki_make(&(struct pki_spec){.subject = b});
    assert_int_equal(x5_dn_equal(name_of(of_a), name_of(of_b)), same);
    assert_int_equal(x5_dn_equal(name_of(of_b), name_of(of_a)), same);
    assert_int_equal(x5_dn_is_within(name_of(of_a), name_of(of_b)), within);
    if (same) {
        assert_int_equal(x5_dn_hash(name_of(of_a)), x5_dn_hash(name_of(of_b)));
    }
    pki_cert_free(of_b);
    pki_cert_free(of_a);
}

static void test_directory_names(void **state)
{
    (void)state;
    compare("/O=A/CN=b", "/O=A/CN=b", true, true);
    compare("/O=A/CN=b", "/O=a/CN=B", true, true);
    compare("/O=  A  c /CN=b", "/O=a c/CN=b", true, true);
    compare("/O=A/CN=b", "/O=A", false, true);
    compare("/O=A", "/O=A/CN=b", false, false);
    compare("/O=A/CN=b", "/CN=b/O=A", false, false);
    compare("/O=A", "/OU=A", false, false);
    compare("/O=A", "", false, true);
    compare("/O=\xc3\xa9", "/O=\xc3\xa9", true, true);
    compare("/O=\xc3\xa9", "/O=\xc3\x89", false, false); /* beyond ASCII, case matters */
    /* The same character as UTF8String, T61String (Latin-1), BMPString, UniversalString. */
    static const uint8_t utf8[] = {0x30, 0x11, 0x31, 0x0f, 0x30, 0x0d, 0x06, 0x03, 0x55, 0x04,
                                   0x0a, 0x0c, 0x06, 'a',  ' ',  'b',  0xc3, 0xa9, 'c'};
    static const uint8_t latin[] = {0x30, 0x10, 0x31, 0x0e, 0x30, 0x0c, 0x06, 0x03, 0x55,
                                    0x04, 0x0a, 0x14, 0x05, 'A',  ' ',  'b',  0xe9, 'C'};
    static const uint8_t wide[] = {0x30, 0x15, 0x31, 0x13, 0x30, 0x11, 0x06, 0x03,
                                   0x55, 0x04, 0x0a, 0x1e, 0x0a, 0,    'a',  0,
                                   ' ',  0,    'B',  0,    0xe9, 0,    'c'};
    const hf_span names[] = {{utf8, sizeof utf8}, {latin, sizeof latin}, {wide, sizeof wide}};
    for (size_t i = 0; i < 3; i++) {
        assert_true(x5_dn_is_well_formed(names[i]));
        for (size_t k = 0; k < 3; k++) {
            assert_true(x5_dn_equal(names[i], names[k]));
            assert_int_equal(x5_dn_hash(names[i]), x5_dn_hash(names[k]));
        }
    }
    /* Every truncation is no name, and equal to none. */
    for (size_t len = 0; len < sizeof utf8; len++) {
        assert_false(x5_dn_is_well_formed(span_of(utf8, len)));
        assert_false(x5_dn_equal(span_of(utf8, len), names[0]));
    }
}

/* Every truncation and every changed byte of an extension is read or refused, never more. */
static void test_malformed_extensions(void **state)
{
    (void)state;
    static const uint8_t good[] = {0x30, 0x16, 0xa0, 0x09, 0x30, 0x07, 0x82, 0x05,
                                   'a',  '.',  'b',  '.',  'c',  0xa1, 0x09, 0x30,
                                   0x07, 0x82, 0x05, 'd',  '.',  'e',  '.',  'f'};
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.common_name = "x", .names = "a.b.c,email:a@b,10.0.0.1"});
    struct x5_certificate c;
    assert_true(x5_certificate_read(leaf->der, &c));
    assert_true(x5_constraint_is_well_formed(span_of(good, sizeof good)));
    for (size_t len = 0; len < sizeof good; len++) {
        assert_false(x5_constraint_is_well_formed(span_of(good, len)));
    }
    for (size_t i = 0; i < sizeof good; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t changed[sizeof good];
            memcpy(changed, good, sizeof good);
            changed[i] ^= (uint8_t)(1u << bit);
            const hf_span bytes = span_of(changed, sizeof changed);
            uint32_t work = 1000;
            struct x5_offence offence;
            char text[128];
            struct text t;
            x5_text_init(&t, text, sizeof text);
            x5_constraint_check(bytes, &c, &work, &offence);
            x5_constraint_text(&t, bytes);
            assert_true(work > 900);
        }
    }
    pki_cert_free(leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_self_issued),
        cmocka_unit_test(test_directory_names),
        cmocka_unit_test(test_malformed_extensions),
    };
    return cmocka_run_group_tests_name("constraints", tests, NULL, NULL);
}

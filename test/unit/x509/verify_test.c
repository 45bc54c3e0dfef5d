/* Verdicts over chains: trust, names and time. The rules of usage and constraint are in
 * verify_rules_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "unit/x509/judge.h"

/* One hierarchy for all tests that only vary the question. */
static struct pki *p;

static int setup(void **state)
{
    (void)state;
    p = pki_simple(PKI_P256, "a.example,*.b.example,10.0.0.1,2001:db8::1");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_free(p);
    return 0;
}

static void test_accepts_a_whole_chain(void **state)
{
    (void)state;
    assert_accepted(.chain = {p->leaf, p->intermediate}, .anchors = {p->ca}, .name = "a.example");
    assert_accepted(.chain = {p->leaf, p->intermediate, p->ca}, .anchors = {p->ca});
    const hf_verdict v =
        judge(&(struct judge_case){.chain = {p->leaf, p->intermediate}, .anchors = {p->ca}});
    assert_string_equal(v.subject, "CN=a.example");
    assert_string_equal(v.detail, "trusted through 'Test Root CA'");
}

static void test_every_kind_of_key(void **state)
{
    (void)state;
    static const enum pki_kind kinds[] = {PKI_P256,         PKI_P384,    PKI_P521, PKI_RSA_2048,
                                          PKI_RSA_PSS_2048, PKI_ED25519, PKI_ED448};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct pki *q = pki_simple_by(kinds[i], kinds[i], "a.example");
        assert_accepted(.chain = {q->leaf, q->intermediate}, .anchors = {q->ca},
                        .name = "a.example");
        assert_refused(HF_E_CERTIFICATE_UNKNOWN_CA, 1, "has another key",
                       .chain = {q->leaf, q->intermediate}, .anchors = {p->ca});
        pki_free(q);
    }
}

static void test_order_and_extras_do_not_matter(void **state)
{
    (void)state;
    struct pki *other = pki_simple(PKI_P256, "other.example");
    struct pki_cert *second = pki_make(&(struct pki_spec){.issuer = p->intermediate,
                                                          .common_name = "Sub CA",
                                                          .ca = true,
                                                          .basic_constraints = "critical,CA:TRUE"});
    struct pki_cert *first =
        pki_make(&(struct pki_spec){.issuer = p->ca, .common_name = "CA 1", .ca = true});
    struct pki_cert *below =
        pki_make(&(struct pki_spec){.issuer = first, .common_name = "CA 2", .ca = true});
    struct pki_cert *leaf = pki_make(&(struct pki_spec){.issuer = below, .names = "a.example"});
    assert_accepted(.chain = {leaf, below, first}, .anchors = {p->ca});
    assert_accepted(.chain = {leaf, first, below}, .anchors = {p->ca});
    assert_accepted(.chain = {leaf, p->ca, other->ca, first, other->leaf, below, below},
                    .anchors = {p->ca});
    assert_refused(HF_E_CERTIFICATE_UNKNOWN_CA, 1, "the root is unknown: the chain ends at 'CA 2'",
                   .chain = {leaf, below, other->intermediate}, .anchors = {p->ca});
    pki_cert_free(leaf);
    pki_cert_free(below);
    pki_cert_free(first);
    pki_cert_free(second);
    pki_free(other);
}

static void test_any_certificate_may_be_an_anchor(void **state)
{
    (void)state;
    assert_accepted(.chain = {p->leaf}, .anchors = {p->intermediate}, .name = "a.example");
    assert_accepted(.chain = {p->leaf, p->intermediate}, .anchors = {p->intermediate});
    assert_accepted(.chain = {p->leaf, p->intermediate}, .anchors = {p->leaf}, .name = "a.example");
    assert_accepted(.chain = {p->leaf}, .anchors = {p->leaf});
    struct pki_cert *self =
        pki_make(&(struct pki_spec){.common_name = "self", .names = "a.example"});
    assert_accepted(.chain = {self}, .anchors = {self}, .name = "a.example");
    const hf_verdict v = judge(&(struct judge_case){.chain = {self}, .anchors = {self}});
    assert_string_equal(v.detail, "trusted itself");
    /* Trusted, but still only for its name and its time. */
    assert_refused(HF_E_CERTIFICATE_NAME, 0, "asked for 'b.example'", .chain = {self},
                   .anchors = {self}, .name = "b.example");
    assert_refused(HF_E_CERTIFICATE_EXPIRED, 0, "expired", .chain = {self}, .anchors = {self},
                   .now_s = PKI_NOT_AFTER + 1);
    pki_cert_free(self);
}

static void test_self_signed(void **state)
{
    (void)state;
    struct pki_cert *self =
        pki_make(&(struct pki_spec){.common_name = "self", .names = "a.example"});
    assert_refused(HF_E_CERTIFICATE_SELF_SIGNED, 0,
                   "'self' is signed by itself and not trusted here (1 other is)", .chain = {self},
                   .anchors = {p->ca});
    assert_refused(HF_E_CERTIFICATE_SELF_SIGNED, 0, "not trusted here (nothing is)",
                   .chain = {self});
    pki_cert_free(self);
}

static void test_missing_intermediate_and_unknown_root(void **state)
{
    (void)state;
    assert_refused(
        HF_E_CERTIFICATE_UNKNOWN_CA, 0,
        "an intermediate certificate is missing: 'a.example' is issued by 'Test Intermediate "
        "CA', which the peer did not send and which is not trusted here (1 other is)",
        .chain = {p->leaf}, .anchors = {p->ca});
    assert_refused(
        HF_E_CERTIFICATE_UNKNOWN_CA, 1,
        "the root is unknown: the chain ends at 'Test Intermediate CA', issued by 'Test Root "
        "CA', which is not trusted here (nothing is)",
        .chain = {p->leaf, p->intermediate});
    struct pki_cert *other = pki_make(&(struct pki_spec){.common_name = "Other", .ca = true});
    assert_refused(
        HF_E_CERTIFICATE_UNKNOWN_CA, 2,
        "the chain ends at the root 'Test Root CA', which the peer sent and which is not "
        "trusted here (1 other is)",
        .chain = {p->leaf, p->intermediate, p->ca}, .anchors = {other});
    pki_cert_free(other);
    /* Where the issuer can be had, if the certificate says so. */
    struct pki_cert *leaf = pki_make(&(struct pki_spec){
        .issuer = p->intermediate,
        .common_name = "x",
        .names = "x.example",
        .extra = "authorityInfoAccess=OCSP;URI:http://o.example/,caIssuers;URI:http://i.example/"});
    assert_refused(HF_E_CERTIFICATE_UNKNOWN_CA, 0, "; it is at http://i.example/", .chain = {leaf},
                   .anchors = {p->ca});
    pki_cert_free(leaf);
}

static void test_same_name_another_key(void **state)
{
    (void)state;
    struct pki *twin = pki_simple(PKI_P256, "a.example"); /* authorities of the same names */
    assert_refused(HF_E_CERTIFICATE_UNKNOWN_CA, 1,
                   "an authority of that name is trusted here, but it has another key",
                   .chain = {p->leaf, p->intermediate}, .anchors = {twin->ca});
    assert_refused(HF_E_CERTIFICATE_UNKNOWN_CA, 0,
                   "the peer sent a certificate of that name, but it has another key",
                   .chain = {p->leaf, twin->intermediate}, .anchors = {p->ca});
    pki_free(twin);
    /* Without key identifiers only the signature tells. */
    struct pki_cert *a =
        pki_make(&(struct pki_spec){.common_name = "Twin", .ca = true, .subject_key_id = ""});
    struct pki_cert *b =
        pki_make(&(struct pki_spec){.common_name = "Twin", .ca = true, .subject_key_id = ""});
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.issuer = a, .common_name = "x", .names = "x"});
    assert_accepted(.chain = {leaf}, .anchors = {a});
    assert_refused(HF_E_CERTIFICATE_SIGNATURE, 0,
                   "the signature of 'x' was not made by the key of 'Twin'", .chain = {leaf},
                   .anchors = {b});
    pki_cert_free(leaf);
    pki_cert_free(b);
    pki_cert_free(a);
}

static void accept_name(const char *name)
{
    assert_accepted(.chain = {p->leaf, p->intermediate}, .anchors = {p->ca}, .name = name);
}

static void refuse_name(const char *name, int depth, const char *detail)
{
    assert_refused(HF_E_CERTIFICATE_NAME, depth, detail, .chain = {p->leaf, p->intermediate},
                   .anchors = {p->ca}, .name = name);
}

static void test_names(void **state)
{
    (void)state;
    accept_name("a.example");
    accept_name("A.EXAMPLE");
    accept_name("a.example.");
    accept_name("x.b.example");
    accept_name("xn--bcher-kva.b.example");
    accept_name("10.0.0.1");
    accept_name("2001:db8::1");
    accept_name("2001:DB8:0:0::1");
    refuse_name("b.example", 0,
                "asked for 'b.example' (nearest: a.example), but the certificate is for a.example, "
                "*.b.example, 10.0.0.1, 2001:db8::1");
    refuse_name("x.y.b.example", 0, "asked for");
    refuse_name("xb.example", 0, "asked for");
    refuse_name("a.example.evil.example", 0, "asked for");
    refuse_name("10.0.0.2", 0, "asked for '10.0.0.2', but");
    refuse_name("2001:db8::2", 0, "asked for");
    refuse_name("::ffff:10.0.0.1", 0, "asked for");
    /* What is no name is never for anything. */
    refuse_name("", -1, "is neither a host name nor an IP address");
    refuse_name(".", -1, "is neither");
    refuse_name(".example", -1, "'.example' is neither");
    refuse_name("*.b.example", -1, "is neither");
    refuse_name("a..example", -1, "is neither");
    refuse_name("a.example:443", -1, "is neither");
    refuse_name("a.example\n", -1, "'a.example?' is neither");
    refuse_name("10.0.0.1.", -1, "is neither");
    refuse_name("[2001:db8::1]", -1, "is neither");
    refuse_name("fe80::1%eth0", -1, "is neither");
}

static void test_names_that_certificates_must_not_have(void **state)
{
    (void)state;
    /* The common name does not count (RFC 9525, 2). */
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.issuer = p->ca, .common_name = "a.example"});
    assert_refused(HF_E_CERTIFICATE_NAME, 0, "has no subjectAltName", .chain = {leaf},
                   .anchors = {p->ca}, .name = "a.example");
    pki_cert_free(leaf);
    leaf = pki_make(
        &(struct pki_spec){.issuer = p->ca, .common_name = "a.example", .names = "z.example"});
    assert_refused(HF_E_CERTIFICATE_NAME, 0, "is for z.example", .chain = {leaf},
                   .anchors = {p->ca}, .name = "a.example");
    pki_cert_free(leaf);
    /* Partial wildcards, wildcards elsewhere, and over a whole top-level domain. */
    leaf = pki_make(
        &(struct pki_spec){.issuer = p->ca,
                           .common_name = "x",
                           .names = "DNS:w*.c.example,DNS:x.*.example,DNS:*.example,DNS:*"});
    static const char *const refused[] = {"www.c.example", "x.y.example", "x.example", "localhost"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_refused(HF_E_CERTIFICATE_NAME, 0, "asked for", .chain = {leaf}, .anchors = {p->ca},
                       .name = refused[i]);
    }
    pki_cert_free(leaf);
    /* "a.example\0.evil.example": the NUL does not end the name. */
    leaf = pki_make(&(struct pki_spec){
        .issuer = p->ca,
        .common_name = "x",
        .extra =
            "2.5.29.17=DER:30:19:82:17:61:2e:65:78:61:6d:70:6c:65:00:2e:65:76:69:6c:2e:65:78:61:"
            "6d:70:6c:65"});
    assert_refused(HF_E_CERTIFICATE_NAME, 0, "a.example?.evil.example", .chain = {leaf},
                   .anchors = {p->ca}, .name = "a.example");
    pki_cert_free(leaf);
    /* An address in a dNSName is no address. */
    leaf =
        pki_make(&(struct pki_spec){.issuer = p->ca, .common_name = "x", .names = "DNS:10.0.0.1"});
    assert_refused(HF_E_CERTIFICATE_NAME, 0, "asked for", .chain = {leaf}, .anchors = {p->ca},
                   .name = "10.0.0.1");
    pki_cert_free(leaf);
}

static void test_many_names_are_counted(void **state)
{
    (void)state;
    char names[8192] = "";
    for (int i = 0; i < 300; i++) {
        char one[32];
        (void)snprintf(one, sizeof one, "%shost%d.example", i == 0 ? "" : ",", i);
        (void)strcat(names, one);
    }
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.issuer = p->ca, .common_name = "x", .names = names});
    assert_accepted(.chain = {leaf}, .anchors = {p->ca}, .name = "host299.example");
    assert_refused(HF_E_CERTIFICATE_NAME, 0, " more", .chain = {leaf}, .anchors = {p->ca},
                   .name = "host300.example");
    pki_cert_free(leaf);
}

static void test_time(void **state)
{
    (void)state;
    const int64_t from = PKI_NOW - 30 * PKI_DAY;
    const int64_t to = PKI_NOW + 60 * PKI_DAY;
    struct pki_cert *leaf = pki_make(&(struct pki_spec){.issuer = p->ca,
                                                        .common_name = "x",
                                                        .names = "x.example",
                                                        .not_before_s = from,
                                                        .not_after_s = to});
    assert_accepted(.chain = {leaf}, .anchors = {p->ca}, .now_s = from);
    assert_accepted(.chain = {leaf}, .anchors = {p->ca},
                    .now_s = to); /* inclusive: RFC 5280, 4.1.2.5 */
    assert_refused(
        HF_E_CERTIFICATE_NOT_YET_VALID, 0,
        "'x' is valid from 2025-05-16 15:06:40 UTC, 1 second after 2025-05-16 15:06:39 UTC",
        .chain = {leaf}, .anchors = {p->ca}, .now_s = from - 1);
    assert_refused(HF_E_CERTIFICATE_EXPIRED, 0,
                   "'x' expired 2025-08-14 15:06:40 UTC, 3 days before 2025-08-17 15:06:40 UTC",
                   .chain = {leaf}, .anchors = {p->ca}, .now_s = to + 3 * PKI_DAY);
    assert_refused(HF_E_CERTIFICATE_EXPIRED, 0, "1 second before", .chain = {leaf},
                   .anchors = {p->ca}, .now_s = to + 1);
    assert_refused(
        HF_E_CERTIFICATE_NOT_YET_VALID, 0,
        "this machine's clock says 1970-01-01 00:00:01 UTC, but an authority trusted here "
        "is of 2020-01-01 00:00:00 UTC",
        .chain = {leaf}, .anchors = {p->ca}, .now_s = 1);
    pki_cert_free(leaf);
    struct pki_cert *old = pki_make(&(struct pki_spec){
        .issuer = p->ca, .common_name = "Old CA", .ca = true, .not_after_s = PKI_NOW - PKI_DAY});
    leaf = pki_make(&(struct pki_spec){.issuer = old, .common_name = "x", .names = "x.example"});
    assert_refused(HF_E_CERTIFICATE_EXPIRED, 1, "'Old CA' expired", .chain = {leaf, old},
                   .anchors = {p->ca});
    assert_accepted(.chain = {leaf, old}, .anchors = {p->ca}, .now_s = PKI_NOW - 2 * PKI_DAY);
    pki_cert_free(leaf);
    pki_cert_free(old);
}

static void test_empty_and_malformed_chains(void **state)
{
    (void)state;
    assert_refused(HF_E_CERTIFICATE_EMPTY, -1, "", .anchors = {p->ca});
    const hf_span chain[] = {p->leaf->der,
                             {p->intermediate->der.data, p->intermediate->der.len - 1}};
    const struct x5_request request = {.chain = chain, .count = 2, .now_s = PKI_NOW};
    hf_verdict v;
    assert_int_equal(x5_verify_chain(&request, &v), HF_OK);
    assert_false(v.accepted);
    assert_int_equal(v.code, HF_E_CERTIFICATE_MALFORMED);
    assert_int_equal(v.depth, 1);
    assert_string_equal(v.detail, "certificate 2 of 2 is not well-formed");
}

/* What libcrypto left in the thread's queue for the host program is still there. */
static void test_error_queue_is_the_hosts(void **state)
{
    (void)state;
    ERR_clear_error();
    assert_refused(HF_E_CERTIFICATE_UNKNOWN_CA, 0, "", .chain = {p->leaf});
    assert_int_equal(ERR_peek_error(), 0);
    ERR_raise(ERR_LIB_USER, 7);
    assert_refused(HF_E_CERTIFICATE_UNKNOWN_CA, 0, "", .chain = {p->leaf});
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 7);
    assert_int_equal(ERR_get_error(), 0);
}

static void test_issued_by(void **state)
{
    (void)state;
    struct pki *twin = pki_simple(PKI_P256, "a.example");
    assert_int_equal(x5_is_issued_by(p->leaf->der, p->intermediate->der), X5_ISSUED);
    assert_int_equal(x5_is_issued_by(p->ca->der, p->ca->der), X5_ISSUED);
    assert_int_equal(x5_is_issued_by(p->leaf->der, p->ca->der), X5_ISSUED_NOT);
    assert_int_equal(x5_is_issued_by(p->intermediate->der, p->leaf->der), X5_ISSUED_NOT);
    assert_int_equal(x5_is_issued_by(p->leaf->der, twin->intermediate->der), X5_ISSUED_NOT);
    assert_int_equal(x5_is_issued_by(p->leaf->der, span_str("?")), X5_ISSUED_UNREADABLE);
    struct pki_cert *a =
        pki_make(&(struct pki_spec){.common_name = "Twin", .ca = true, .subject_key_id = ""});
    struct pki_cert *b =
        pki_make(&(struct pki_spec){.common_name = "Twin", .ca = true, .subject_key_id = ""});
    struct pki_cert *leaf = pki_make(&(struct pki_spec){.issuer = a, .common_name = "x"});
    assert_int_equal(x5_is_issued_by(leaf->der, a->der), X5_ISSUED);
    assert_int_equal(x5_is_issued_by(leaf->der, b->der), X5_ISSUED_FORGED);
    pki_cert_free(leaf);
    pki_cert_free(b);
    pki_cert_free(a);
    pki_free(twin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts_a_whole_chain),
        cmocka_unit_test(test_every_kind_of_key),
        cmocka_unit_test(test_order_and_extras_do_not_matter),
        cmocka_unit_test(test_any_certificate_may_be_an_anchor),
        cmocka_unit_test(test_self_signed),
        cmocka_unit_test(test_missing_intermediate_and_unknown_root),
        cmocka_unit_test(test_same_name_another_key),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_that_certificates_must_not_have),
        cmocka_unit_test(test_many_names_are_counted),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_empty_and_malformed_chains),
        cmocka_unit_test(test_error_queue_is_the_hosts),
        cmocka_unit_test(test_issued_by),
    };
    return cmocka_run_group_tests_name("verify", tests, setup, teardown);
}

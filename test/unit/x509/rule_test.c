/* Rules that other tests know by their error and sentence only: each by its name, beside what keeps
 * it. script/errors sees to it that every rule is named by some test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/x509/judge.h"

/* The case breaks this rule, in these words, with the error that the rule stands for. */
#define assert_rule(rule_, text_, ...)                                                             \
    do {                                                                                           \
        const hf_verdict v_ = judge(&(struct judge_case){__VA_ARGS__});                            \
        assert_string_equal(name_of(v_.rule), name_of(rule_));                                     \
        assert_false(v_.accepted);                                                                 \
        assert_int_equal(v_.code, hf_rule_lookup(rule_)->code);                                    \
        if (strstr(v_.detail, text_) == NULL) {                                                    \
            assert_string_equal(v_.detail, text_); /* shows both */                                \
        }                                                                                          \
    } while (0)

static const char *name_of(hf_rule rule)
{
    return rule == HF_RULE_NONE ? "accepted" : hf_rule_lookup(rule)->name;
}

static struct pki *p;

static int setup(void **state)
{
    (void)state;
    p = pki_simple(PKI_P256, "a.example,b.example");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_free(p);
    return 0;
}

static void test_without_a_path(void **state)
{
    (void)state;
    assert_rule(HF_RULE_EMPTY, "", .anchors = {p->ca});
    const struct pki_cert broken = {.der = span_of(p->leaf->der.data, p->leaf->der.len - 1)};
    assert_rule(HF_RULE_UNREADABLE, "certificate 1 of 2 is not well-formed",
                .chain = {&broken, p->intermediate}, .anchors = {p->ca});
    assert_rule(HF_RULE_UNREADABLE, "certificate 2 of 2 is not well-formed",
                .chain = {p->leaf, &broken}, .anchors = {p->ca});
    static const char *const names[] = {"a..example", "a.example:443", "https://a.example", "",
                                        " "};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_rule(HF_RULE_NAME_ASKED, "is neither a host name nor an IP address",
                    .chain = {p->leaf, p->intermediate}, .anchors = {p->ca}, .name = names[i]);
    }
    assert_rule(HF_RULE_NAME, "(nearest: a.example)", .chain = {p->leaf, p->intermediate},
                .anchors = {p->ca}, .name = "aa.example");
    assert_accepted(.chain = {p->leaf, p->intermediate}, .anchors = {p->ca}, .name = "a.example");
}

/* Issuers have a name (RFC 5280, 4.1.2.4), and only leaves may do without one of their own. */
static void test_nameless(void **state)
{
    (void)state;
    struct pki_cert *root = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true});
    struct pki_cert *nobody = pki_make(&(struct pki_spec){.issuer = root, .ca = true});
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.issuer = nobody, .common_name = "x", .names = "x"});
    struct pki_cert *unnamed = pki_make(&(struct pki_spec){.issuer = root, .names = "x"});
    struct pki_cert *authority = pki_make(&(struct pki_spec){
        .issuer = root, .names = "x", .ca = true, .key_usage = "digitalSignature,keyCertSign"});
    assert_rule(HF_RULE_NAMELESS, "", .chain = {leaf, nobody}, .anchors = {root});
    assert_rule(HF_RULE_NAMELESS, "", .chain = {authority}, .anchors = {root});
    assert_accepted(.chain = {unnamed}, .anchors = {root});
    pki_cert_free(authority);
    pki_cert_free(unnamed);
    pki_cert_free(leaf);
    pki_cert_free(nobody);
    pki_cert_free(root);
}

static void test_dead_ends(void **state)
{
    (void)state;
    struct pki_cert *self = pki_make(&(struct pki_spec){.common_name = "self", .names = "x"});
    struct pki *twin = pki_simple(PKI_P256, "a.example"); /* authorities of the same names */
    assert_rule(HF_RULE_SELF_SIGNED, "'self' is signed by itself", .chain = {self},
                .anchors = {p->ca});
    assert_rule(HF_RULE_UNTRUSTED_ROOT, "which the peer sent and which is not trusted here",
                .chain = {p->leaf, p->intermediate, p->ca}, .anchors = {self});
    assert_rule(HF_RULE_UNKNOWN_ROOT, "the root is unknown", .chain = {p->leaf, p->intermediate},
                .anchors = {self});
    assert_rule(HF_RULE_MISSING_INTERMEDIATE, "an intermediate certificate is missing",
                .chain = {p->leaf}, .anchors = {p->ca});
    assert_rule(HF_RULE_OTHER_KEY, "but it has another key", .chain = {p->leaf, p->intermediate},
                .anchors = {twin->ca});
    assert_accepted(.chain = {self}, .anchors = {self});
    pki_free(twin);
    pki_cert_free(self);
}

/* Nobody trusts an authority before it exists; and authorities do not all expire at once. */
static void test_evidence_about_the_clock(void **state)
{
    (void)state;
    enum { ANCHORS = 10 };
    struct pki_cert *old = pki_make(&(struct pki_spec){.common_name = "Old", .ca = true});
    struct pki_cert *young = pki_make(
        &(struct pki_spec){.common_name = "Young", .ca = true, .not_before_s = PKI_NOW - PKI_DAY});
    struct pki_cert *leaf = pki_make(&(struct pki_spec){
        .issuer = old, .common_name = "x", .names = "x", .not_before_s = PKI_NOW - 2 * PKI_DAY});
    assert_rule(HF_RULE_NOT_YET_VALID, "after", .chain = {leaf}, .anchors = {old},
                .now_s = PKI_NOW - 3 * PKI_DAY);
    assert_rule(HF_RULE_CLOCK_BEHIND, "this machine's clock says 2025-06-12 15:06:40 UTC",
                .chain = {leaf}, .anchors = {old, young}, .now_s = PKI_NOW - 3 * PKI_DAY);
    assert_accepted(.chain = {leaf}, .anchors = {old, young});
    pki_cert_free(leaf);
    pki_cert_free(young);

    struct pki_cert *short_lived[ANCHORS];
    struct judge_case c = {.anchors = {old}, .now_s = PKI_NOW + 3 * PKI_DAY};
    for (size_t i = 0; i < ANCHORS; i++) {
        short_lived[i] = pki_make(&(struct pki_spec){
            .common_name = "Short", .ca = true, .not_after_s = PKI_NOW + PKI_DAY});
        c.anchors[1 + i] = short_lived[i];
    }
    leaf = pki_make(&(struct pki_spec){
        .issuer = old, .common_name = "x", .names = "x", .not_after_s = PKI_NOW + PKI_DAY});
    c.chain[0] = leaf;
    const hf_verdict v = judge(&c);
    assert_string_equal(name_of(v.rule), name_of(HF_RULE_CLOCK_AHEAD));
    assert_rule(HF_RULE_EXPIRED, "2 days before", .chain = {leaf}, .anchors = {old},
                .now_s = PKI_NOW + 3 * PKI_DAY);
    for (size_t i = 0; i < ANCHORS; i++) {
        pki_cert_free(short_lived[i]);
    }
    pki_cert_free(leaf);
    pki_cert_free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_path),
        cmocka_unit_test(test_nameless),
        cmocka_unit_test(test_dead_ends),
        cmocka_unit_test(test_evidence_about_the_clock),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

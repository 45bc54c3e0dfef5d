/* The search for a path: alternatives are tried, each is told, and no chain makes it long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "unit/x509/judge.h"

enum { CHAIN_MAX = 160 };

/* A chain and anchors of any length. */
struct question {
    hf_span chain[CHAIN_MAX];
    size_t count;
    hf_trust *trust;
    const char *name;
    size_t max_depth;
};

static void ask_anchor(struct question *q, const struct pki_cert *c)
{
    hf_error error = {.code = HF_E_NONE};
    if (q->trust == NULL) {
        q->trust = hf_trust_new();
        assert_non_null(q->trust);
    }
    assert_int_equal(hf_trust_add(q->trust, c->der, &error), HF_OK);
}

static void ask_cert(struct question *q, const struct pki_cert *c)
{
    assert_true(q->count < CHAIN_MAX);
    q->chain[q->count++] = c->der;
}

/* Judges, frees the trust. */
static hf_judgement *ask(struct question *q)
{
    const hf_chain_question question = {.size = sizeof question,
                                        .trust = q->trust,
                                        .chain = q->chain,
                                        .count = q->count,
                                        .peer = HF_SERVER,
                                        .name = q->name,
                                        .now_s = PKI_NOW,
                                        .max_depth = q->max_depth};
    hf_judgement *j = NULL;
    assert_int_equal(hf_trust_judge(&question, &j), HF_OK);
    assert_non_null(j);
    hf_trust_free(q->trust);
    *q = (struct question){.count = 0};
    return j;
}

static struct pki_cert *authority(const char *name, const struct pki_cert *issuer,
                                  const struct pki_cert *key_of)
{
    return pki_make(
        &(struct pki_spec){.issuer = issuer, .key_of = key_of, .common_name = name, .ca = true});
}

/* An authority without key identifiers, so that only signatures tell it from its namesakes. */
static struct pki_cert *nameless_key(const char *name, const struct pki_cert *issuer,
                                     const struct pki_cert *key_of)
{
    return pki_make(&(struct pki_spec){.issuer = issuer,
                                       .key_of = key_of,
                                       .common_name = name,
                                       .ca = true,
                                       .subject_key_id = "",
                                       .authority_key_id = ""});
}

static struct pki_cert *end_of(const struct pki_cert *issuer)
{
    return pki_make(&(struct pki_spec){.issuer = issuer, .common_name = "x", .names = "x.example"});
}

static void test_cross_signed(void **state)
{
    (void)state;
    struct pki_cert *old_root = authority("Old Root", NULL, NULL);
    struct pki_cert *new_root = authority("New Root", NULL, NULL);
    struct pki_cert *by_old = authority("Middle", old_root, NULL);
    struct pki_cert *by_new = authority("Middle", new_root, by_old);
    struct pki_cert *leaf = end_of(by_old);
    struct question q = {.count = 0};
    ask_cert(&q, leaf);
    ask_cert(&q, by_old);
    ask_cert(&q, by_new);
    ask_anchor(&q, new_root);
    hf_judgement *j = ask(&q);
    assert_true(hf_judgement_verdict(j)->accepted);
    assert_int_equal(hf_judgement_verdict(j)->tried, 2);
    assert_int_equal(hf_judgement_path_count(j), 2);
    const hf_path *first = hf_judgement_path(j, 0);
    assert_int_equal(first->rule, HF_RULE_UNKNOWN_ROOT);
    assert_int_equal(first->count, 2);
    assert_int_equal(first->broken, 1);
    assert_int_equal(first->certificate[1], 1);
    assert_string_equal(first->subject, "CN=Middle");
    assert_non_null(strstr(first->sentence, "issued by 'Old Root'"));
    const hf_path *second = hf_judgement_path(j, 1);
    assert_int_equal(second->rule, HF_RULE_NONE);
    assert_int_equal(second->count, 3);
    assert_int_equal(second->certificate[0], 0);
    assert_int_equal(second->certificate[1], 2);
    assert_int_equal(second->certificate[2], -1);
    assert_string_equal(second->sentence, "trusted through 'New Root'");
    assert_null(hf_judgement_path(j, 2));
    hf_judgement_free(j);
    /* With the wrong one of the two alone it does not lead anywhere. */
    ask_cert(&q, leaf);
    ask_cert(&q, by_old);
    ask_anchor(&q, new_root);
    j = ask(&q);
    assert_int_equal(hf_judgement_verdict(j)->rule, HF_RULE_UNKNOWN_ROOT);
    hf_judgement_free(j);
    pki_cert_free(leaf);
    pki_cert_free(by_new);
    pki_cert_free(by_old);
    pki_cert_free(new_root);
    pki_cert_free(old_root);
}

/* The cross-signed certificate has expired, the other one has not: in both orders. */
static void test_expired_alternative(void **state)
{
    (void)state;
    struct pki_cert *root = authority("Root", NULL, NULL);
    struct pki_cert *good = authority("Middle", root, NULL);
    struct pki_cert *expired = pki_make(&(struct pki_spec){.issuer = root,
                                                           .key_of = good,
                                                           .common_name = "Middle",
                                                           .ca = true,
                                                           .not_after_s = PKI_NOW - PKI_DAY});
    struct pki_cert *leaf = end_of(good);
    assert_accepted(.chain = {leaf, expired, good}, .anchors = {root});
    assert_accepted(.chain = {leaf, good, expired}, .anchors = {root});
    assert_refused(HF_E_CERTIFICATE_EXPIRED, 1, "'Middle' expired", .chain = {leaf, expired},
                   .anchors = {root});
    pki_cert_free(leaf);
    pki_cert_free(expired);
    pki_cert_free(good);
    pki_cert_free(root);
}

static void test_several_issuers_of_one_name(void **state)
{
    (void)state;
    struct pki_cert *root = authority("Root", NULL, NULL);
    enum { TWINS = 6 };
    struct pki_cert *twins[TWINS];
    for (size_t i = 0; i < TWINS; i++) {
        twins[i] = nameless_key("Twin", root, NULL);
    }
    struct pki_cert *leaf = end_of(twins[TWINS - 1]);
    struct question q = {.count = 0};
    ask_cert(&q, leaf);
    for (size_t i = 0; i < TWINS; i++) {
        ask_cert(&q, twins[i]);
    }
    ask_anchor(&q, root);
    hf_judgement *j = ask(&q);
    assert_true(hf_judgement_verdict(j)->accepted);
    assert_int_equal(hf_judgement_verdict(j)->tried, TWINS);
    assert_int_equal(hf_judgement_path(j, 0)->rule, HF_RULE_BAD_SIGNATURE);
    hf_judgement_free(j);
    /* The same among the anchors. */
    ask_cert(&q, leaf);
    for (size_t i = 0; i < TWINS; i++) {
        ask_anchor(&q, twins[i]);
    }
    j = ask(&q);
    assert_true(hf_judgement_verdict(j)->accepted);
    assert_int_equal(hf_judgement_path(j, TWINS - 1)->certificate[1], -TWINS);
    hf_judgement_free(j);
    pki_cert_free(leaf);
    for (size_t i = 0; i < TWINS; i++) {
        pki_cert_free(twins[i]);
    }
    pki_cert_free(root);
}

/* RFC 5280, 7.1: the same name in another alphabet and another case. */
static void test_names_are_compared_as_names(void **state)
{
    (void)state;
    struct pki_cert *root = authority("Root  CA", NULL, NULL);
    struct pki_cert *leaf = pki_make(&(struct pki_spec){
        .issuer = root, .issuer_name = "/CN=root ca", .common_name = "x", .names = "x.example"});
    struct pki_cert *other = pki_make(&(struct pki_spec){
        .issuer = root, .issuer_name = "/CN=rootca", .common_name = "x", .names = "x.example"});
    assert_accepted(.chain = {leaf}, .anchors = {root});
    assert_refused(HF_E_CERTIFICATE_UNKNOWN_CA, 0, "", .chain = {other}, .anchors = {root});
    pki_cert_free(other);
    pki_cert_free(leaf);
    pki_cert_free(root);
}

/* Two authorities that certify each other, and nobody else. */
static void test_circle(void **state)
{
    (void)state;
    struct pki_cert *root = authority("Root", NULL, NULL);
    struct pki_cert *a = authority("A", root, NULL);
    struct pki_cert *b = authority("B", a, NULL);
    struct pki_cert *a_by_b = authority("A", b, a);
    struct pki_cert *leaf = end_of(b);
    struct question q = {.count = 0};
    ask_cert(&q, leaf);
    ask_cert(&q, b);
    ask_cert(&q, a_by_b);
    hf_judgement *j = ask(&q);
    assert_false(hf_judgement_verdict(j)->accepted);
    assert_int_equal(hf_judgement_verdict(j)->code, HF_E_CERTIFICATE_UNKNOWN_CA);
    assert_int_equal(hf_judgement_path(j, 0)->count, 3);
    hf_judgement_free(j);
    ask_cert(&q, leaf);
    ask_cert(&q, b);
    ask_cert(&q, a_by_b);
    ask_cert(&q, a);
    ask_anchor(&q, root);
    j = ask(&q);
    assert_true(hf_judgement_verdict(j)->accepted);
    hf_judgement_free(j);
    pki_cert_free(leaf);
    pki_cert_free(a_by_b);
    pki_cert_free(b);
    pki_cert_free(a);
    pki_cert_free(root);
}

static double seconds_of(struct timespec from, struct timespec to)
{
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Judges and asserts that it took at most so long in CPU time, far more than it takes. */
static hf_judgement *ask_quickly(struct question *q)
{
    struct timespec from;
    struct timespec to;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from), 0);
    hf_judgement *j = ask(q);
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to), 0);
    assert_true(seconds_of(from, to) < 2.0);
    return j;
}

/* Authorities that all have one name and certify each other crosswise: the paths among n of them
 * are n factorial, with and without a root at the end that has expired. */
static void test_a_mesh_does_not_explode(void **state)
{
    (void)state;
    enum { CAS = 11 };
    struct pki_cert *root = pki_make(&(struct pki_spec){
        .common_name = "Mesh", .ca = true, .subject_key_id = "", .not_after_s = PKI_NOW - 1});
    struct pki_cert *cas[CAS];
    struct pki_cert *cross[CAS][CAS];
    for (size_t i = 0; i < CAS; i++) {
        cas[i] = nameless_key("Mesh", NULL, NULL);
    }
    struct pki_cert *leaf = end_of(cas[0]);
    struct question q = {.count = 0, .max_depth = 64};
    ask_cert(&q, leaf);
    for (size_t i = 0; i < CAS; i++) {
        for (size_t k = 0; k < CAS; k++) {
            cross[i][k] = i == k ? NULL : nameless_key("Mesh", cas[k], cas[i]);
            if (cross[i][k] != NULL) {
                ask_cert(&q, cross[i][k]);
            }
        }
    }
    hf_judgement *j = ask_quickly(&q);
    assert_int_equal(hf_judgement_verdict(j)->rule, HF_RULE_TOO_MUCH_WORK);
    assert_int_equal(hf_judgement_path_count(j), 32);
    hf_judgement_free(j);
    q.max_depth = 64;
    ask_cert(&q, leaf);
    for (size_t i = 0; i < CAS; i++) {
        for (size_t k = 0; k < CAS; k++) {
            if (cross[i][k] != NULL) {
                ask_cert(&q, cross[i][k]);
            }
        }
    }
    ask_anchor(&q, root);
    j = ask_quickly(&q);
    assert_false(hf_judgement_verdict(j)->accepted);
    hf_judgement_free(j);
    for (size_t i = 0; i < CAS; i++) {
        for (size_t k = 0; k < CAS; k++) {
            pki_cert_free(cross[i][k]);
        }
        pki_cert_free(cas[i]);
    }
    pki_cert_free(leaf);
    pki_cert_free(root);
}

/* Many namesakes, none of which signed the leaf: each costs a signature, up to a limit. */
static void test_signatures_are_counted(void **state)
{
    (void)state;
    enum { TWINS = 100 };
    struct pki_cert *root = nameless_key("Root", NULL, NULL);
    struct pki_cert *real = nameless_key("Twin", root, NULL);
    struct pki_cert *leaf = end_of(real);
    struct pki_cert *twins[TWINS];
    struct question q = {.count = 0};
    ask_cert(&q, leaf);
    for (size_t i = 0; i < TWINS; i++) {
        twins[i] = nameless_key("Twin", root, NULL);
        ask_cert(&q, twins[i]);
    }
    ask_cert(&q, real);
    ask_anchor(&q, root);
    hf_judgement *j = ask_quickly(&q);
    assert_int_equal(hf_judgement_verdict(j)->rule, HF_RULE_TOO_MUCH_WORK);
    assert_non_null(strstr(hf_judgement_verdict(j)->detail, "48 signatures"));
    hf_judgement_free(j);
    for (size_t i = 0; i < TWINS; i++) {
        pki_cert_free(twins[i]);
    }
    pki_cert_free(leaf);
    pki_cert_free(real);
    pki_cert_free(root);
}

/* Thousands of names against thousands of constraints. */
static void test_comparisons_are_counted(void **state)
{
    (void)state;
    enum { NAMES = 2000, TEXT = NAMES * 32 };
    char *names = malloc(TEXT);
    char *constraints = malloc(TEXT);
    assert_non_null(names);
    assert_non_null(constraints);
    size_t names_len = 0;
    size_t constraints_len = 0;
    for (int i = 0; i < NAMES; i++) {
        names_len += (size_t)snprintf(names + names_len, TEXT - names_len, "%sh%d.example",
                                      i == 0 ? "" : ",", i);
        constraints_len += (size_t)snprintf(constraints + constraints_len, TEXT - constraints_len,
                                            "%sexcluded;DNS:e%d.test", i == 0 ? "" : ",", i);
    }
    struct pki_cert *root = authority("Root", NULL, NULL);
    struct pki_cert *middle = pki_make(&(struct pki_spec){
        .issuer = root, .common_name = "Middle", .ca = true, .name_constraints = constraints});
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.issuer = middle, .common_name = "x", .names = names});
    struct question q = {.count = 0};
    ask_cert(&q, leaf);
    ask_cert(&q, middle);
    ask_anchor(&q, root);
    hf_judgement *j = ask_quickly(&q);
    assert_int_equal(hf_judgement_verdict(j)->rule, HF_RULE_TOO_MUCH_WORK);
    assert_int_equal(hf_judgement_verdict(j)->code, HF_E_CERTIFICATE_CHAIN_TOO_LONG);
    hf_judgement_free(j);
    pki_cert_free(leaf);
    pki_cert_free(middle);
    pki_cert_free(root);
    free(constraints);
    free(names);
}

static void test_too_many_certificates(void **state)
{
    (void)state;
    struct pki_cert *root = authority("Root", NULL, NULL);
    struct pki_cert *leaf = end_of(root);
    struct question q = {.count = 0};
    for (size_t i = 0; i < 128; i++) {
        ask_cert(&q, leaf);
    }
    ask_anchor(&q, root);
    hf_judgement *j = ask(&q);
    assert_true(hf_judgement_verdict(j)->accepted);
    hf_judgement_free(j);
    for (size_t i = 0; i < 129; i++) {
        ask_cert(&q, leaf);
    }
    ask_anchor(&q, root);
    j = ask(&q);
    assert_int_equal(hf_judgement_verdict(j)->rule, HF_RULE_TOO_LONG);
    hf_judgement_free(j);
    pki_cert_free(leaf);
    pki_cert_free(root);
}

static void test_pins(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example");
    hf_error error = {.code = HF_E_NONE};
    uint8_t wrong[32] = {1};
    uint8_t right[32];
    hf_span spki;
    assert_true(x5_subject_public_key_info(p->intermediate->der, &spki));
    x5_sha256(spki, right);
    struct question q = {.count = 0};
    ask_cert(&q, p->leaf);
    ask_cert(&q, p->intermediate);
    ask_anchor(&q, p->ca);
    assert_int_equal(hf_trust_pin(q.trust, wrong, &error), HF_OK);
    hf_trust *trust = hf_trust_ref(q.trust);
    hf_judgement *j = ask(&q);
    assert_int_equal(hf_judgement_verdict(j)->rule, HF_RULE_PIN);
    assert_string_equal(
        hf_judgement_verdict(j)->detail,
        "none of the keys from 'a.example' to 'Test Root CA' is the one that is pinned");
    hf_judgement_free(j);
    assert_int_equal(hf_trust_pin(trust, right, &error), HF_OK);
    q.trust = trust;
    ask_cert(&q, p->leaf);
    ask_cert(&q, p->intermediate);
    j = ask(&q);
    assert_true(hf_judgement_verdict(j)->accepted);
    hf_judgement_free(j);
    pki_free(p);
}

static void test_accepted_verdicts_say_how_long(void **state)
{
    (void)state;
    struct pki_cert *root = authority("Root", NULL, NULL);
    struct pki_cert *leaf = pki_make(&(struct pki_spec){.issuer = root,
                                                        .common_name = "x",
                                                        .names = "x.example",
                                                        .not_after_s = PKI_NOW + PKI_DAY});
    const hf_verdict v = judge(&(struct judge_case){.chain = {leaf}, .anchors = {root}});
    assert_true(v.accepted);
    assert_int_equal(v.now_s, PKI_NOW);
    assert_int_equal(v.from_s, PKI_NOT_BEFORE);
    assert_int_equal(v.until_s, PKI_NOW + PKI_DAY);
    assert_int_equal(v.rule, HF_RULE_NONE);
    assert_int_equal(v.index, -1);
    pki_cert_free(leaf);
    pki_cert_free(root);
}

static void test_the_clock(void **state)
{
    (void)state;
    struct pki_cert *root = pki_make(
        &(struct pki_spec){.common_name = "Root", .ca = true, .not_after_s = PKI_NOW + PKI_DAY});
    struct pki_cert *middle = pki_make(&(struct pki_spec){
        .issuer = root, .common_name = "Middle", .ca = true, .not_after_s = PKI_NOW + PKI_DAY});
    struct pki_cert *leaf = pki_make(&(struct pki_spec){
        .issuer = middle, .common_name = "x", .names = "x", .not_after_s = PKI_NOW + PKI_DAY});
    const hf_verdict v = judge(&(struct judge_case){
        .chain = {leaf, middle}, .anchors = {root}, .now_s = PKI_NOW + 3 * PKI_DAY});
    assert_int_equal(v.rule, HF_RULE_CLOCK_AHEAD);
    assert_int_equal(v.code, HF_E_CERTIFICATE_EXPIRED);
    assert_non_null(strstr(v.detail, "this machine's clock says 2025-06-18 15:06:40 UTC; by then "
                                     "'x' and all above it would have expired"));
    pki_cert_free(leaf);
    /* A leaf alone may have been forgotten. */
    leaf = pki_make(&(struct pki_spec){
        .issuer = middle, .common_name = "x", .names = "x", .not_after_s = PKI_NOW - PKI_DAY});
    assert_int_equal(judge(&(struct judge_case){.chain = {leaf, middle}, .anchors = {root}}).rule,
                     HF_RULE_EXPIRED);
    pki_cert_free(leaf);
    pki_cert_free(middle);
    pki_cert_free(root);
}

/* Errors speak in the words of the rule, where a rule was broken. */
static void test_words_of_errors(void **state)
{
    (void)state;
    const hf_error plain = {.code = HF_E_CERTIFICATE_UNKNOWN_CA};
    assert_string_equal(hf_error_words(&plain).fix,
                        hf_err_lookup(HF_E_CERTIFICATE_UNKNOWN_CA)->fix);
    const hf_error ruled = {.code = HF_E_CERTIFICATE_UNKNOWN_CA,
                            .rule = HF_RULE_MISSING_INTERMEDIATE};
    const hf_err_info words = hf_error_words(&ruled);
    assert_string_equal(words.name, "CERTIFICATE_UNKNOWN_CA");
    assert_int_equal(words.alert, HF_ALERT_unknown_ca);
    assert_string_equal(words.sentence, "An intermediate certificate is missing.");
    assert_non_null(strstr(words.fix, "append the intermediate certificate"));
    const hf_error stray = {.code = HF_E_NO_MEMORY, .rule = HF_RULE_EXPIRED};
    assert_string_equal(hf_error_words(&stray).sentence, hf_err_lookup(HF_E_NO_MEMORY)->sentence);
}

static void test_judge_refuses_the_wrong_size(void **state)
{
    (void)state;
    const hf_chain_question question = {.size = 1};
    hf_judgement *j = NULL;
    assert_int_equal(hf_trust_judge(&question, &j), HF_FAILED);
    assert_null(j);
    hf_judgement_free(NULL);
}

static void test_rules_have_words(void **state)
{
    (void)state;
    assert_null(hf_rule_lookup(HF_RULE_NONE));
    assert_null(hf_rule_lookup(HF_RULE_COUNT));
    for (int rule = HF_RULE_NONE + 1; rule < HF_RULE_COUNT; rule++) {
        const hf_rule_info *info = hf_rule_lookup((hf_rule)rule);
        assert_non_null(info);
        assert_true(info->code > HF_E_NONE && info->code < HF_E_COUNT);
        assert_true(strlen(info->sentence) > 10 && strlen(info->cause) > 10);
        assert_true(strlen(info->fix) > 10 && strlen(info->place) > 5);
    }
    assert_string_equal(hf_rule_lookup(HF_RULE_MISSING_INTERMEDIATE)->name, "MISSING_INTERMEDIATE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cross_signed),
        cmocka_unit_test(test_expired_alternative),
        cmocka_unit_test(test_several_issuers_of_one_name),
        cmocka_unit_test(test_names_are_compared_as_names),
        cmocka_unit_test(test_circle),
        cmocka_unit_test(test_a_mesh_does_not_explode),
        cmocka_unit_test(test_signatures_are_counted),
        cmocka_unit_test(test_comparisons_are_counted),
        cmocka_unit_test(test_too_many_certificates),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_accepted_verdicts_say_how_long),
        cmocka_unit_test(test_the_clock),
        cmocka_unit_test(test_words_of_errors),
        cmocka_unit_test(test_judge_refuses_the_wrong_size),
        cmocka_unit_test(test_rules_have_words),
    };
    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}

/* Revocation in the verdict: stapled OCSP responses, must-staple, and lists given by the caller;
 * each rule with what it accepts and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/pki.h"
#include "support/revoke.h"
#include "x509/x509.h"

enum { HOUR = 3600 };

static struct pki *p;
static struct pki_cert *other;       /* another leaf of the same authority */
static struct pki_cert *must_staple; /* a leaf with the TLS feature */
static struct pki_cert *responder;   /* appointed by the authority */

static int setup(void **state)
{
    (void)state;
    p = pki_simple(PKI_P256, "a.example");
    other = pki_make(&(struct pki_spec){.issuer = p->intermediate, .names = "b.example"});
    must_staple = pki_make(&(struct pki_spec){.issuer = p->intermediate,
                                              .common_name = "must",
                                              .names = "a.example",
                                              .extra = "tlsfeature=status_request"});
    responder = pki_make(&(struct pki_spec){.issuer = p->intermediate,
                                            .common_name = "Responder",
                                            .extended_key_usage = "OCSPSigning"});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_cert_free(responder);
    pki_cert_free(must_staple);
    pki_cert_free(other);
    pki_free(p);
    return 0;
}

struct question {
    const struct pki_cert *leaf; /* NULL: p's */
    hf_span staple;
    hf_span lists[3];
    int64_t now_s;      /* 0: PKI_NOW */
    bool not_asked_for; /* the peer was not asked for a staple */
};

/* Frees staple and lists. */
static hf_verdict judge(const struct question *q)
{
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add(trust, p->ca->der, &error), HF_OK);
    size_t lists = 0;
    for (; lists < 3 && q->lists[lists].len > 0; lists++) {
        assert_int_equal(hf_trust_add_crl(trust, q->lists[lists], &error), HF_OK);
        revoke_free(q->lists[lists]);
    }
    assert_int_equal(hf_trust_crl_count(trust), lists);
    const hf_span chain[2] = {(q->leaf != NULL ? q->leaf : p->leaf)->der, p->intermediate->der};
    const hf_chain_question question = {.size = sizeof question,
                                        .trust = trust,
                                        .chain = chain,
                                        .count = 2,
                                        .peer = HF_SERVER,
                                        .name = "a.example",
                                        .now_s = q->now_s == 0 ? PKI_NOW : q->now_s,
                                        .ocsp_response = q->staple,
                                        .staple_expected = !q->not_asked_for};
    hf_judgement *j;
    assert_int_equal(hf_trust_judge(&question, &j), HF_OK);
    const hf_verdict v = *hf_judgement_verdict(j);
    hf_judgement_free(j);
    hf_trust_free(trust);
    if (q->staple.len > 16) {
        revoke_free(q->staple);
    }
    return v;
}

#define assert_good(...)                                                                           \
    do {                                                                                           \
        const hf_verdict v_ = judge(&(struct question){__VA_ARGS__});                              \
        assert_string_equal(v_.accepted ? "" : v_.detail, "");                                     \
    } while (0)

#define assert_broken(rule_, text_, ...)                                                           \
    do {                                                                                           \
        const hf_verdict v_ = judge(&(struct question){__VA_ARGS__});                              \
        assert_false(v_.accepted);                                                                 \
        const hf_rule_info *info_ = hf_rule_lookup(v_.rule);                                       \
        assert_string_equal(info_ == NULL ? "" : info_->name, hf_rule_lookup(rule_)->name);        \
        if (strstr(v_.detail, text_) == NULL) {                                                    \
            assert_string_equal(v_.detail, text_);                                                 \
        }                                                                                          \
    } while (0)

/* About p's leaf, by its issuer, unless something else is said. */
static hf_span ocsp(struct revoke_ocsp_spec spec)
{
    spec.subject = spec.subject != NULL ? spec.subject : p->leaf;
    spec.issuer = spec.issuer != NULL ? spec.issuer : p->intermediate;
    return revoke_ocsp(&spec);
}

static hf_span crl(struct revoke_crl_spec spec)
{
    spec.issuer = spec.issuer != NULL ? spec.issuer : p->intermediate;
    return revoke_crl(&spec);
}

#define OCSP(...) ocsp((struct revoke_ocsp_spec){__VA_ARGS__})
#define CRL(...)  crl((struct revoke_crl_spec){__VA_ARGS__})

static void test_good(void **state)
{
    (void)state;
    assert_good(.staple = OCSP(.by_key = false));
    assert_good(.staple = OCSP(.by_key = true));
    assert_good(.staple = OCSP(.sha256 = true));
    assert_good(.staple = OCSP(.also = other));
    assert_good(.staple = OCSP(.responder = responder));
    assert_good(.staple = OCSP(.responder = responder, .by_key = true));
    assert_good(.staple = {NULL, 0});
    assert_good(.leaf = must_staple, .staple = OCSP(.subject = must_staple));
}

/* What was said holds only so long, and the verdict says until when. */
static void test_verdict_ends_with_the_staple(void **state)
{
    (void)state;
    const hf_verdict v = judge(&(struct question){.staple = OCSP(.next_s = PKI_NOW + 5 * HOUR)});
    assert_true(v.accepted);
    assert_int_equal(v.until_s, PKI_NOW + 5 * HOUR);
    assert_int_equal(v.from_s, PKI_NOW - HOUR - 300);
    const hf_verdict w = judge(&(struct question){.lists = {CRL(.next_s = PKI_NOW + 7 * HOUR)}});
    assert_true(w.accepted);
    assert_int_equal(w.until_s, PKI_NOW + 7 * HOUR);
    const hf_verdict x = judge(&(struct question){.staple = {NULL, 0}});
    assert_true(x.until_s > PKI_NOW + 300 * PKI_DAY);
}

static void test_revoked(void **state)
{
    (void)state;
    assert_broken(HF_RULE_REVOKED,
                  "was revoked on 2025-06-12 15:06:40 UTC (keyCompromise), says the",
                  .staple = OCSP(.status = REVOKE_REVOKED, .reason = 1));
    assert_broken(HF_RULE_REVOKED, "was revoked on 2025-06-12 15:06:40 UTC, says the stapled OCSP",
                  .staple = OCSP(.status = REVOKE_REVOKED));
    /* It does not come back when the message gets old. */
    assert_broken(HF_RULE_REVOKED, "revoked", .now_s = PKI_NOW + 30 * PKI_DAY,
                  .staple = OCSP(.status = REVOKE_REVOKED));
    assert_broken(HF_RULE_STATUS_UNKNOWN, "does not know",
                  .staple = OCSP(.status = REVOKE_UNKNOWN));
    const hf_verdict v = judge(&(struct question){.staple = OCSP(.status = REVOKE_REVOKED)});
    assert_int_equal(v.code, HF_E_CERTIFICATE_REVOKED);
    assert_int_equal(v.index, 0);
}

static void test_window(void **state)
{
    (void)state;
    assert_broken(HF_RULE_STAPLE_OUTDATED, "was good until", .now_s = PKI_NOW + PKI_DAY + 1,
                  .staple = OCSP(.by_key = false));
    assert_good(.now_s = PKI_NOW + PKI_DAY, .staple = OCSP(.by_key = false));
    assert_broken(HF_RULE_STAPLE_OUTDATED, "is only good from", .now_s = PKI_NOW - HOUR - 301,
                  .staple = OCSP(.by_key = false));
    assert_good(.now_s = PKI_NOW - HOUR - 300, .staple = OCSP(.by_key = false));
    assert_good(.now_s = PKI_NOW + 23 * HOUR, .staple = OCSP(.endless = true));
    assert_broken(HF_RULE_STAPLE_OUTDATED, "was good until", .now_s = PKI_NOW + 23 * HOUR + 1,
                  .staple = OCSP(.endless = true));
}

static void test_about_another(void **state)
{
    (void)state;
    assert_broken(HF_RULE_STAPLE_OTHER, "is not about", .staple = OCSP(.subject = other));
    /* The right number, but another authority's. */
    struct pki_cert *namesake =
        pki_make(&(struct pki_spec){.common_name = "Test Intermediate CA", .ca = true});
    assert_broken(
        HF_RULE_STAPLE_OTHER, "is not about",
        .staple = OCSP(.issuer = namesake, .responder = p->intermediate, .no_certificate = true));
    pki_cert_free(namesake);
}

static void test_responders(void **state)
{
    (void)state;
    struct pki_cert *plain =
        pki_make(&(struct pki_spec){.issuer = p->intermediate, .common_name = "Plain"});
    struct pki_cert *of_root = pki_make(&(struct pki_spec){
        .issuer = p->ca, .common_name = "Of Root", .extended_key_usage = "OCSPSigning"});
    struct pki_cert *expired = pki_make(&(struct pki_spec){.issuer = p->intermediate,
                                                           .common_name = "Expired",
                                                           .extended_key_usage = "OCSPSigning",
                                                           .not_after_s = PKI_NOW - 1});
    struct pki_cert *self =
        pki_make(&(struct pki_spec){.common_name = "Self", .extended_key_usage = "OCSPSigning"});
    struct pki_cert *usage = pki_make(&(struct pki_spec){.issuer = p->intermediate,
                                                         .common_name = "Usage",
                                                         .key_usage = "critical,keyEncipherment",
                                                         .extended_key_usage = "OCSPSigning"});
    const struct pki_cert *const bad[] = {plain, of_root, expired, self, usage};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_broken(HF_RULE_STAPLE_SIGNATURE, "was signed neither by",
                      .staple = OCSP(.responder = bad[i]));
        assert_broken(HF_RULE_STAPLE_SIGNATURE, "was signed neither by",
                      .staple = OCSP(.responder = bad[i], .by_key = true));
    }
    /* Appointed, but its certificate does not come along. */
    assert_broken(HF_RULE_STAPLE_SIGNATURE, "was signed neither by",
                  .staple = OCSP(.responder = responder, .no_certificate = true));
    assert_broken(HF_RULE_STAPLE_SIGNATURE, "was signed neither by",
                  .staple = OCSP(.sha1_signature = true));
    pki_cert_free(usage);
    pki_cert_free(self);
    pki_cert_free(expired);
    pki_cert_free(of_root);
    pki_cert_free(plain);
}

static void test_must_staple(void **state)
{
    (void)state;
    const hf_span try_later = span_of("\x30\x03\x0a\x01\x03", 5);
    assert_broken(HF_RULE_STAPLE_MISSING,
                  "'must' demands that an OCSP response comes with it, but "
                  "none came",
                  .leaf = must_staple);
    assert_broken(HF_RULE_STAPLE_MISSING, "what came only says tryLater", .leaf = must_staple,
                  .staple = try_later);
    assert_good(.leaf = must_staple, .not_asked_for = true);
    /* An error is not signed by anybody: it counts as none. */
    assert_good(.staple = try_later);
    assert_broken(HF_RULE_STAPLE_MALFORMED, "is malformed: 5 bytes",
                  .staple = span_of("\x30\x03\x0a\x01\x07", 5));
    struct pki_cert *twice = pki_make(&(struct pki_spec){
        .issuer = p->intermediate, .names = "a.example", .extra = "1.3.6.1.5.5.7.1.24=DER:30:00"});
    assert_good(.leaf = twice);
    pki_cert_free(twice);
    struct pki_cert *broken = pki_make(&(struct pki_spec){
        .issuer = p->intermediate, .names = "a.example", .extra = "1.3.6.1.5.5.7.1.24=DER:05:00"});
    assert_broken(HF_RULE_EXTENSION, "malformed", .leaf = broken);
    pki_cert_free(broken);
}

/* What a remembered verdict is found by. */
static void test_digest(void **state)
{
    (void)state;
    static const uint8_t bytes[2] = {1, 2};
    struct x5_request request = {.chain = p->chain, .count = 2, .peer = HF_SERVER};
    uint8_t digests[4][32];
    x5_request_digest(&request, digests[0]);
    request.staple_expected = true;
    x5_request_digest(&request, digests[1]);
    request.ocsp_response = span_of(bytes, 2);
    x5_request_digest(&request, digests[2]);
    request.ocsp_response = span_of(bytes, 1);
    x5_request_digest(&request, digests[3]);
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(digests[i], digests[k], 32);
        }
    }
}

/* One bit anywhere, and the response is refused; so is every part of it. */
static void test_every_bit(void **state)
{
    (void)state;
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add(trust, p->ca->der, &error), HF_OK);
    const hf_span good = OCSP(.by_key = false);
    uint8_t *bytes = malloc(good.len);
    assert_non_null(bytes);
    struct x5_request request = {.trust = trust,
                                 .chain = p->chain,
                                 .count = 2,
                                 .peer = HF_SERVER,
                                 .now_s = PKI_NOW,
                                 .ocsp_response = good};
    hf_verdict v;
    assert_int_equal(x5_verify_chain(&request, &v), HF_OK);
    assert_true(v.accepted);
    request.ocsp_response.data = bytes;
    memcpy(bytes, good.data, good.len);
    for (size_t i = 0; i < good.len * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_int_equal(x5_verify_chain(&request, &v), HF_OK);
        assert_false(v.accepted);
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t len = 1; len < good.len; len++) {
        request.ocsp_response.len = len;
        assert_int_equal(x5_verify_chain(&request, &v), HF_OK);
        assert_int_equal(v.rule, HF_RULE_STAPLE_MALFORMED);
    }
    free(bytes);
    revoke_free(good);
    hf_trust_free(trust);
}

static void test_lists(void **state)
{
    (void)state;
    assert_good(.lists = {CRL(.key_id = false)});
    assert_good(.lists = {CRL(.key_id = true, .revoked = {other})});
    assert_broken(HF_RULE_REVOKED, "(superseded), says a revocation list of",
                  .lists = {CRL(.reason = 4, .revoked = {other, p->leaf})});
    /* One of several is enough; an old one is still right about who is on it. */
    assert_broken(HF_RULE_REVOKED, "revoked",
                  .lists = {CRL(.key_id = true), CRL(.revoked = {p->leaf})});
    assert_broken(HF_RULE_REVOKED, "revoked", .now_s = PKI_NOW + 9 * PKI_DAY,
                  .lists = {CRL(.revoked = {p->leaf})});
    /* A good staple does not outweigh a list. */
    assert_broken(HF_RULE_REVOKED, "revocation list", .staple = OCSP(.by_key = false),
                  .lists = {CRL(.revoked = {p->leaf})});
    assert_broken(HF_RULE_CRL_OUTDATED, "was good until", .now_s = PKI_NOW + PKI_DAY + 1,
                  .lists = {CRL(.key_id = true)});
    assert_broken(HF_RULE_CRL_OUTDATED, "is only good from", .now_s = PKI_NOW - HOUR - 301,
                  .lists = {CRL(.key_id = true)});
    assert_good(.now_s = PKI_NOW + PKI_DAY + 1,
                .lists = {CRL(.key_id = true), CRL(.next_s = PKI_NOW + 2 * PKI_DAY)});
    assert_broken(HF_RULE_CRL_SIGNATURE, "was not signed by the authority",
                  .lists = {CRL(.signer = p->ca)});
    /* The authority's own list: its number is that of another certificate. */
    assert_broken(HF_RULE_REVOKED, "revoked",
                  .lists = {CRL(.issuer = p->ca, .revoked = {p->intermediate})});
    assert_good(.lists = {CRL(.issuer = p->ca, .revoked = {p->leaf})});
}

static void test_scopes(void **state)
{
    (void)state;
    assert_broken(HF_RULE_REVOKED, "revoked",
                  .lists = {CRL(.scope = "critical,onlyuser:TRUE", .revoked = {p->leaf})});
    assert_good(.lists = {CRL(.scope = "critical,onlyCA:TRUE", .revoked = {p->leaf})});
    assert_broken(HF_RULE_REVOKED, "revoked",
                  .lists = {CRL(.issuer = p->ca, .scope = "critical,onlyCA:TRUE",
                                .revoked = {p->intermediate})});
    /* A part of a list: who is on it is revoked, and it tells nothing of the rest. */
    assert_broken(
        HF_RULE_REVOKED, "revoked",
        .lists = {CRL(.scope = "critical,onlysomereasons:keyCompromise", .revoked = {p->leaf})});
    assert_good(.lists = {CRL(.scope = "critical,onlysomereasons:keyCompromise")});
    /* Another key of the same name has its own lists. */
    struct pki_cert *namesake = pki_make(
        &(struct pki_spec){.issuer = p->ca, .common_name = "Test Intermediate CA", .ca = true});
    assert_good(.lists = {CRL(.issuer = namesake, .key_id = true, .revoked = {p->leaf})});
    assert_broken(HF_RULE_CRL_SIGNATURE, "was not signed by the authority",
                  .lists = {CRL(.issuer = namesake, .revoked = {p->leaf})});
    pki_cert_free(namesake);
}

static void test_authority_may_not_sign_lists(void **state)
{
    (void)state;
    struct pki_cert *root = pki_make(&(struct pki_spec){
        .common_name = "No Lists", .ca = true, .key_usage = "critical,keyCertSign"});
    struct pki_cert *leaf = pki_make(&(struct pki_spec){.issuer = root, .names = "a.example"});
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_int_equal(hf_trust_add(trust, root->der, &error), HF_OK);
    const hf_span list = revoke_crl(&(struct revoke_crl_spec){.issuer = root});
    assert_int_equal(hf_trust_add_crl(trust, list, &error), HF_OK);
    revoke_free(list);
    const struct x5_request request = {
        .trust = trust, .chain = &leaf->der, .count = 1, .peer = HF_SERVER, .now_s = PKI_NOW};
    hf_verdict v;
    assert_int_equal(x5_verify_chain(&request, &v), HF_OK);
    assert_int_equal(v.rule, HF_RULE_CRL_SIGNATURE);
    hf_trust_free(trust);
    pki_cert_free(leaf);
    pki_cert_free(root);
}

static void refuse_list(hf_trust *trust, hf_span bytes, const char *text)
{
    hf_error error = {.code = HF_E_NONE};
    assert_int_equal(hf_trust_add_crl(trust, bytes, &error), HF_FAILED);
    assert_int_equal(error.code, HF_E_CRL_MALFORMED);
    if (strstr(error.detail, text) == NULL) {
        assert_string_equal(error.detail, text);
    }
    assert_int_equal(hf_trust_crl_count(trust), 0);
}

static void test_lists_that_are_not_taken(void **state)
{
    (void)state;
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    const struct {
        hf_span list;
        const char *text;
    } cases[] = {
        {CRL(.scope = "critical,indirectCRL:TRUE"), "indirect"},
        {CRL(.scope = "critical,onlyAA:TRUE"), "attribute"},
        {CRL(.delta = true), "delta"},
        {CRL(.endless = true), "has no nextUpdate"},
        {CRL(.strange = true), "critical extension"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        refuse_list(trust, cases[i].list, cases[i].text);
        revoke_free(cases[i].list);
    }
    refuse_list(trust, span_str(""), "there is no list");
    refuse_list(trust, span_str(p->leaf->pem), "there is no list");
    refuse_list(trust, p->leaf->der, "is not a well-formed CRL");
    refuse_list(trust, span_str("-----BEGIN X509 CRL-----\n!\n-----END X509 CRL-----\n"),
                "line 1 is not valid Base64");
    refuse_list(trust, span_str("-----BEGIN X509 CRL-----\nAAAA\n"), "has no end");
    /* All or nothing: the second one is broken. */
    const hf_span good = CRL(.key_id = true);
    char *first = pki_pem("X509 CRL", good);
    char *second = pki_pem("X509 CRL", p->leaf->der);
    char both[8192];
    (void)snprintf(both, sizeof both, "%s%s", first, second);
    refuse_list(trust, span_str(both), "is not a well-formed CRL");
    (void)snprintf(both, sizeof both, "%s%s", first, first);
    hf_error error = {.code = HF_E_NONE};
    assert_int_equal(hf_trust_add_crl(trust, span_str(both), &error), HF_OK);
    assert_int_equal(hf_trust_crl_count(trust), 2);
    free(second);
    free(first);
    revoke_free(good);
    hf_trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_verdict_ends_with_the_staple),
        cmocka_unit_test(test_revoked),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_about_another),
        cmocka_unit_test(test_responders),
        cmocka_unit_test(test_must_staple),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_authority_may_not_sign_lists),
        cmocka_unit_test(test_lists_that_are_not_taken),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

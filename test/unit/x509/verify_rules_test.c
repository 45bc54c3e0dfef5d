/* Verdicts over chains: what certificates may be used for, by whom they may be issued, how they
 * must be signed. Each rule with what it takes and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/x509/judge.h"

static struct pki_cert *root;

static int setup(void **state)
{
    (void)state;
    root = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_cert_free(root);
    return 0;
}

/* A leaf of the root, judged as a server's or a client's. */
static hf_verdict judge_leaf(struct pki_spec spec, bool client)
{
    spec.issuer = root;
    spec.common_name = "x";
    spec.names = spec.names == NULL && spec.extra == NULL ? "x.example" : spec.names;
    struct pki_cert *leaf = pki_make(&spec);
    const hf_verdict v =
        judge(&(struct judge_case){.chain = {leaf}, .anchors = {root}, .client = client});
    pki_cert_free(leaf);
    return v;
}

/* A leaf of RSA whose key is to decrypt and not to sign. */
static hf_verdict judge_transport(const char *key_usage)
{
    struct pki_cert *leaf = pki_make(&(struct pki_spec){.kind = PKI_RSA_2048,
                                                        .issuer = root,
                                                        .common_name = "x",
                                                        .names = "x.example",
                                                        .key_usage = key_usage});
    const hf_verdict v =
        judge(&(struct judge_case){.chain = {leaf}, .anchors = {root}, .key_transport = true});
    pki_cert_free(leaf);
    return v;
}

/* A leaf of an intermediate of the root. */
static hf_verdict judge_below(struct pki_spec ca, struct pki_spec leaf)
{
    ca.issuer = root;
    ca.common_name = "Middle";
    struct pki_cert *middle = pki_make(&ca);
    leaf.issuer = middle;
    leaf.common_name = "x";
    struct pki_cert *end = pki_make(&leaf);
    const hf_verdict v = judge(&(struct judge_case){.chain = {end, middle}, .anchors = {root}});
    pki_cert_free(end);
    pki_cert_free(middle);
    return v;
}

static void expect(hf_verdict v, hf_err code, int depth, const char *text)
{
    assert_string_equal(v.code == HF_E_NONE ? "accepted" : hf_err_lookup(v.code)->name,
                        code == HF_E_NONE ? "accepted" : hf_err_lookup(code)->name);
    assert_int_equal(v.accepted, code == HF_E_NONE);
    assert_int_equal(v.depth, depth);
    if (strstr(v.detail, text) == NULL) {
        assert_string_equal(v.detail, text); /* shows both */
    }
}

#define LEAF(...)   ((struct pki_spec){__VA_ARGS__})
#define MIDDLE(...) ((struct pki_spec){.ca = true, __VA_ARGS__})

static void test_extended_key_usage(void **state)
{
    (void)state;
    expect(judge_leaf(LEAF(.extended_key_usage = "serverAuth"), false), HF_E_NONE, -1, "");
    expect(judge_leaf(LEAF(.extended_key_usage = "clientAuth"), true), HF_E_NONE, -1, "");
    expect(judge_leaf(LEAF(.extended_key_usage = ""), false), HF_E_NONE, -1, "");
    expect(judge_leaf(LEAF(.extended_key_usage = ""), true), HF_E_NONE, -1, "");
    expect(judge_leaf(LEAF(.extended_key_usage = "clientAuth,1.2.3.4"), false),
           HF_E_CERTIFICATE_PURPOSE, 0,
           "'x' is for clientAuth, 1.2.3.4; for TLS servers, serverAuth is needed");
    expect(judge_leaf(LEAF(.extended_key_usage = "serverAuth"), true), HF_E_CERTIFICATE_PURPOSE, 0,
           "'x' is for serverAuth; for TLS clients, clientAuth is needed");
    /* An authority's limits the certificates below. */
    expect(judge_below(MIDDLE(.extended_key_usage = "serverAuth"), LEAF(.names = "x.example")),
           HF_E_NONE, -1, "");
    expect(judge_below(MIDDLE(.extended_key_usage = "clientAuth"), LEAF(.names = "x.example")),
           HF_E_CERTIFICATE_PURPOSE, 1,
           "'Middle' is for clientAuth; to issue for TLS servers, serverAuth is needed");
}

static void test_key_usage(void **state)
{
    (void)state;
    expect(judge_leaf(LEAF(.key_usage = ""), false), HF_E_NONE, -1, "");
    expect(judge_leaf(LEAF(.key_usage = "digitalSignature,keyEncipherment"), false), HF_E_NONE, -1,
           "");
    /* libcrypto's rule for servers is content with these; TLS 1.3 is not. */
    expect(judge_leaf(LEAF(.key_usage = "critical,keyEncipherment"), false),
           HF_E_CERTIFICATE_PURPOSE, 0, "'x' may not sign: its key usage is keyEncipherment");
    expect(judge_leaf(LEAF(.key_usage = "keyAgreement"), true), HF_E_CERTIFICATE_PURPOSE, 0,
           "'x' may not sign: its key usage is keyAgreement");
    expect(judge_leaf(LEAF(.key_usage = "cRLSign"), false), HF_E_CERTIFICATE_PURPOSE, 0,
           "may not sign: its key usage is cRLSign");
    /* An authority in the place of the leaf. */
    struct pki_cert *middle =
        pki_make(&(struct pki_spec){.issuer = root, .common_name = "Middle", .ca = true});
    assert_refused(HF_E_CERTIFICATE_PURPOSE, 0, "which the peer sent in the place of its own",
                   .chain = {middle}, .anchors = {root});
    pki_cert_free(middle);
}

/* RFC 5246, 7.4.2: what a key is used for depends on the suite. */
static void test_key_transport(void **state)
{
    (void)state;
    expect(judge_transport(""), HF_E_NONE, -1, "");
    expect(judge_transport("critical,keyEncipherment"), HF_E_NONE, -1, "");
    expect(judge_transport("digitalSignature,keyEncipherment"), HF_E_NONE, -1, "");
    const hf_verdict v = judge_transport("critical,digitalSignature");
    expect(v, HF_E_CERTIFICATE_PURPOSE, 0,
           "'x' may not decrypt, as RSA key transport needs: its key usage is digitalSignature");
    assert_int_equal(v.rule, HF_RULE_KEY_TRANSPORT);
    assert_int_equal(judge_transport("keyAgreement").rule, HF_RULE_KEY_TRANSPORT);
    assert_int_equal(judge_transport("dataEncipherment").rule, HF_RULE_KEY_TRANSPORT);
}

static void test_only_authorities_issue(void **state)
{
    (void)state;
    const struct pki_spec end = {.names = "x.example"};
    expect(judge_below(MIDDLE(.basic_constraints = "CA:TRUE"), end), HF_E_NONE, -1, "");
    expect(judge_below(MIDDLE(.basic_constraints = "critical,CA:FALSE"), end),
           HF_E_CERTIFICATE_PURPOSE, 1, "'Middle'");
    expect(judge_below(MIDDLE(.basic_constraints = ""), end), HF_E_CERTIFICATE_PURPOSE, 1,
           "'Middle'");
    expect(judge_below(LEAF(.ca = false), end), HF_E_CERTIFICATE_PURPOSE, 1, "'Middle'");
    expect(judge_below(MIDDLE(.key_usage = "critical,keyCertSign"), end), HF_E_NONE, -1, "");
    expect(judge_below(MIDDLE(.key_usage = ""), end), HF_E_NONE, -1, "");
    expect(judge_below(MIDDLE(.key_usage = "critical,digitalSignature"), end),
           HF_E_CERTIFICATE_PURPOSE, 1,
           "'Middle' issued 'x', but may not issue certificates: its key usage lacks keyCertSign");
    expect(judge_below(LEAF(.version_1 = true), end), HF_E_CERTIFICATE_PURPOSE, 1,
           "'Middle' issued 'x', but is no authority: its basicConstraints do not say so");
}

static void test_old_anchors(void **state)
{
    (void)state;
    /* A root of version 1 says nothing of being an authority; whoever configured it did. */
    struct pki_cert *old = pki_make(&(struct pki_spec){.common_name = "Old", .version_1 = true});
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.issuer = old, .common_name = "x", .names = "x"});
    assert_accepted(.chain = {leaf}, .anchors = {old});
    assert_refused(HF_E_CERTIFICATE_UNKNOWN_CA, 1, "which the peer sent", .chain = {leaf, old},
                   .anchors = {root});
    pki_cert_free(leaf);
    pki_cert_free(old);
    /* But one that says it is none is none, even when trusted. */
    struct pki_cert *none = pki_make(
        &(struct pki_spec){.common_name = "None", .basic_constraints = "critical,CA:FALSE"});
    leaf = pki_make(&(struct pki_spec){.issuer = none, .common_name = "x", .names = "x"});
    const hf_verdict v = judge(&(struct judge_case){.chain = {leaf}, .anchors = {none}});
    assert_false(v.accepted);
    assert_int_equal(v.code, HF_E_CERTIFICATE_PURPOSE);
    pki_cert_free(leaf);
    pki_cert_free(none);
}

static void test_path_length(void **state)
{
    (void)state;
    struct pki_cert *top =
        pki_make(&(struct pki_spec){.issuer = root,
                                    .common_name = "Top",
                                    .ca = true,
                                    .basic_constraints = "critical,CA:TRUE,pathlen:1"});
    struct pki_cert *one =
        pki_make(&(struct pki_spec){.issuer = top, .common_name = "One", .ca = true});
    struct pki_cert *two =
        pki_make(&(struct pki_spec){.issuer = one, .common_name = "Two", .ca = true});
    struct pki_cert *good =
        pki_make(&(struct pki_spec){.issuer = one, .common_name = "x", .names = "x"});
    struct pki_cert *bad =
        pki_make(&(struct pki_spec){.issuer = two, .common_name = "x", .names = "x"});
    assert_accepted(.chain = {good, one, top}, .anchors = {root});
    assert_refused(HF_E_CERTIFICATE_CONSTRAINT, 3,
                   "'Top' allows 1 further authority below it, and the chain has more",
                   .chain = {bad, two, one, top}, .anchors = {root});
    /* The limit on work is another matter. */
    assert_accepted(.chain = {good, one, top}, .anchors = {root}, .max_depth = 3);
    assert_refused(HF_E_CERTIFICATE_CHAIN_TOO_LONG, 2, "the path needs more than 2 certificates",
                   .chain = {good, one, top}, .anchors = {root}, .max_depth = 2);
    assert_accepted(.chain = {good, one, top}, .anchors = {root}, .max_depth = 1000);
    pki_cert_free(bad);
    pki_cert_free(good);
    pki_cert_free(two);
    pki_cert_free(one);
    pki_cert_free(top);
}

static void test_deep_chains(void **state)
{
    (void)state;
    enum { DEPTH = 12 };
    struct pki_cert *ca[DEPTH];
    struct judge_case c = {.anchors = {root}};
    for (size_t i = 0; i < DEPTH; i++) {
        ca[i] = pki_make(&(struct pki_spec){.issuer = i == 0 ? root : ca[i - 1],
                                            .common_name = "CA",
                                            .ca = i + 1 < DEPTH,
                                            .names = "x"});
        c.chain[DEPTH - 1 - i] = ca[i];
    }
    hf_verdict v = judge(&c);
    assert_false(v.accepted); /* the default is 10 */
    assert_int_equal(v.code, HF_E_CERTIFICATE_CHAIN_TOO_LONG);
    c.max_depth = DEPTH;
    v = judge(&c);
    assert_true(v.accepted);
    for (size_t i = 0; i < DEPTH; i++) {
        pki_cert_free(ca[i]);
    }
}

static void test_name_constraints(void **state)
{
    (void)state;
    const struct pki_spec permits = {.ca = true,
                                     .name_constraints = "critical,permitted;DNS:corp.example"};
    const struct pki_spec excludes = {.ca = true,
                                      .name_constraints = "excluded;DNS:secret.example"};
    const struct pki_spec networks = {
        .ca = true, .name_constraints = "critical,permitted;IP:10.0.0.0/255.0.0.0"};
    expect(judge_below(permits, LEAF(.names = "a.corp.example")), HF_E_NONE, -1, "");
    expect(judge_below(permits, LEAF(.names = "corp.example")), HF_E_NONE, -1, "");
    expect(judge_below(permits, LEAF(.names = "a.corp.example,b.example")),
           HF_E_CERTIFICATE_CONSTRAINT, 0,
           "'b.example' of 'x' is outside of what 'Middle' may issue: it permits corp.example");
    expect(judge_below(permits, LEAF(.names = "acorp.example")), HF_E_CERTIFICATE_CONSTRAINT, 0,
           "'Middle'");
    expect(judge_below(excludes, LEAF(.names = "a.example")), HF_E_NONE, -1, "");
    expect(judge_below(excludes, LEAF(.names = "a.secret.example")), HF_E_CERTIFICATE_CONSTRAINT, 0,
           "'Middle' may issue: it excludes secret.example");
    expect(judge_below(networks, LEAF(.names = "10.1.2.3")), HF_E_NONE, -1, "");
    expect(judge_below(networks, LEAF(.names = "192.0.2.1")), HF_E_CERTIFICATE_CONSTRAINT, 0,
           "'Middle' may issue: it permits 10.0.0.0/8");
}

static void test_critical_extensions(void **state)
{
    (void)state;
    expect(judge_leaf(LEAF(.extra = "1.2.3.4=DER:05:00"), false), HF_E_NONE, -1, "");
    expect(judge_leaf(LEAF(.extra = "1.2.3.4=critical,DER:05:00"), false),
           HF_E_CERTIFICATE_REJECTED, 0,
           "'x' has a critical extension that is not understood here: 1.2.3.4");
    expect(judge_below(MIDDLE(.extra = "1.2.3.4=critical,DER:05:00"), LEAF(.names = "x.example")),
           HF_E_CERTIFICATE_REJECTED, 1, "'Middle' has a critical extension");
}

static void test_weak_signatures(void **state)
{
    (void)state;
    expect(judge_leaf(LEAF(.digest = "SHA512"), false), HF_E_NONE, -1, "");
    expect(judge_leaf(LEAF(.digest = "SHA1"), false), HF_E_CERTIFICATE_SIGNATURE, 0,
           "'x' is signed in a way that is too weak: ECDSA with SHA-1");
    expect(judge_leaf(LEAF(.digest = "SHA224"), false), HF_E_CERTIFICATE_SIGNATURE, 0,
           "ECDSA with SHA-224");
    expect(judge_below(MIDDLE(.digest = "SHA1"), LEAF(.names = "x.example")),
           HF_E_CERTIFICATE_SIGNATURE, 1, "'Middle' is signed in a way that is too weak");
    /* The root's signature of itself is nobody's concern (RFC 9846, 4.3.3). */
    struct pki_cert *rsa = pki_make(&(struct pki_spec){
        .kind = PKI_RSA_2048, .common_name = "RSA", .ca = true, .digest = "MD5"});
    struct pki_cert *good =
        pki_make(&(struct pki_spec){.issuer = rsa, .common_name = "x", .names = "x"});
    struct pki_cert *bad = pki_make(
        &(struct pki_spec){.issuer = rsa, .common_name = "x", .names = "x", .digest = "MD5"});
    struct pki_cert *odd = pki_make(&(struct pki_spec){
        .issuer = rsa, .common_name = "x", .names = "x", .digest = "SHA224", .pss = true});
    struct pki_cert *pss =
        pki_make(&(struct pki_spec){.issuer = rsa, .common_name = "x", .names = "x", .pss = true});
    assert_accepted(.chain = {good, rsa}, .anchors = {rsa});
    assert_accepted(.chain = {pss}, .anchors = {rsa});
    assert_refused(HF_E_CERTIFICATE_SIGNATURE, 0, "too weak: RSA with MD5", .chain = {bad},
                   .anchors = {rsa});
    assert_refused(HF_E_CERTIFICATE_SIGNATURE, 0, "RSA-PSS with unusual parameters", .chain = {odd},
                   .anchors = {rsa});
    pki_cert_free(pss);
    pki_cert_free(odd);
    pki_cert_free(bad);
    pki_cert_free(good);
    pki_cert_free(rsa);
}

static void test_weak_and_unusual_keys(void **state)
{
    (void)state;
    expect(judge_leaf(LEAF(.kind = PKI_RSA_2048), false), HF_E_NONE, -1, "");
    expect(judge_leaf(LEAF(.kind = PKI_RSA_1024), false), HF_E_CERTIFICATE_KEY, 0,
           "'x' has a key that is not accepted: RSA 1024");
    expect(judge_leaf(LEAF(.kind = PKI_SECP256K1), false), HF_E_CERTIFICATE_KEY, 0, "EC secp256k1");
    expect(judge_below(MIDDLE(.kind = PKI_RSA_1024), LEAF(.names = "x.example")),
           HF_E_CERTIFICATE_SIGNATURE, 1, "'Middle' has a key that is not accepted: RSA 1024");
    expect(judge_below(MIDDLE(.kind = PKI_SECP256K1), LEAF(.names = "x.example")),
           HF_E_CERTIFICATE_SIGNATURE, 1, "EC secp256k1");
    /* An anchor with a weak key signs nothing that can be believed. */
    struct pki_cert *weak =
        pki_make(&(struct pki_spec){.kind = PKI_RSA_1024, .common_name = "Weak", .ca = true});
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.issuer = weak, .common_name = "x", .names = "x"});
    assert_refused(HF_E_CERTIFICATE_SIGNATURE, 1, "'Weak' has a key that is not accepted: RSA 1024",
                   .chain = {leaf}, .anchors = {weak});
    pki_cert_free(leaf);
    pki_cert_free(weak);
}

/* What strict rules for issuers demand, and path validation does not (see verify.c). */
static void test_careless_issuers_are_forgiven(void **state)
{
    (void)state;
    const struct pki_spec end = {
        .names = "x.example", .authority_key_id = "", .subject_key_id = ""};
    expect(judge_below(MIDDLE(.authority_key_id = "", .subject_key_id = ""), end), HF_E_NONE, -1,
           "");
    expect(judge_below(MIDDLE(.basic_constraints = "CA:TRUE", .key_usage = ""), end), HF_E_NONE, -1,
           "");
    struct pki_cert *nameless = pki_make(&(struct pki_spec){.issuer = root, .names = "x.example"});
    assert_accepted(.chain = {nameless}, .anchors = {root}, .name = "x.example");
    pki_cert_free(nameless);
}

/* Authorities have names (RFC 5280, 4.1.2.6), and do not contradict themselves (4.2.1.3, 4.2.1.9).
 */
static void test_form(void **state)
{
    (void)state;
    struct pki_cert *nameless =
        pki_make(&(struct pki_spec){.issuer = root, .ca = true, .extended_key_usage = ""});
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.issuer = nameless, .common_name = "x", .names = "x.example"});
    assert_refused(HF_E_CERTIFICATE_REJECTED, 0, "'x' names no issuer: that name is empty",
                   .chain = {leaf, nameless}, .anchors = {root});
    pki_cert_free(leaf);
    pki_cert_free(nameless);
    expect(judge_leaf(LEAF(.key_usage = "digitalSignature,keyCertSign"), false),
           HF_E_CERTIFICATE_REJECTED, 0, "'x' may sign certificates, but is no authority");
    expect(judge_below(MIDDLE(.basic_constraints = "critical,CA:FALSE,pathlen:1"),
                       LEAF(.names = "x.example")),
           HF_E_CERTIFICATE_PURPOSE, 1, "is no authority");
    expect(judge_leaf(LEAF(.basic_constraints = "critical,CA:FALSE,pathlen:1"), false),
           HF_E_CERTIFICATE_REJECTED, 0,
           "'x' limits the path below it, but may not issue certificates");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extended_key_usage),
        cmocka_unit_test(test_key_usage),
        cmocka_unit_test(test_key_transport),
        cmocka_unit_test(test_only_authorities_issue),
        cmocka_unit_test(test_old_anchors),
        cmocka_unit_test(test_path_length),
        cmocka_unit_test(test_deep_chains),
        cmocka_unit_test(test_name_constraints),
        cmocka_unit_test(test_critical_extensions),
        cmocka_unit_test(test_weak_signatures),
        cmocka_unit_test(test_weak_and_unusual_keys),
        cmocka_unit_test(test_careless_issuers_are_forgiven),
        cmocka_unit_test(test_form),
    };
    return cmocka_run_group_tests_name("verify rules", tests, setup, teardown);
}

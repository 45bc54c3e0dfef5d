/* A corpus of chains, made while the test runs: every rule with what keeps it and what breaks it,
 * each as several peers would send it, by several kinds of keys, for servers and for clients. Every
 * chain has its expected rule, certificate and sentence, and libcrypto at its strictest as a second
 * opinion: what we accept it accepts, and what we refuse it refuses but where a row says why not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/x509_vfy.h>

#include "support/oracle.h"
#include "unit/x509/judge.h"

enum place { LEAF, MIDDLE, ROOT };

enum { OURS_ALONE = 1 /* libcrypto accepts it */ };

/* One variation of the chain leaf, middle, root. */
struct variation {
    const char *what;
    enum place place; /* whose spec it is */
    struct pki_spec spec;
    hf_rule rule; /* HF_RULE_NONE: accepted */
    int depth;
    const char *sentence;
    int flags;
};

#define AUTHORITY  .ca = true
#define POLICY_123 "2.5.29.32=DER:30:06:30:04:06:02:2a:03" /* certificatePolicies: 1.2.3 */
#define POLICY_ANY "2.5.29.32=DER:30:08:30:06:06:04:55:1d:20:00"

static const struct variation variations[] = {
    /* RFC 5280, 4.1.2.5 */
    {"plain", LEAF, {.serial = 0}, HF_RULE_NONE, -1, "trusted through 'R'", 0},
    {"last second", LEAF, {.not_after_s = PKI_NOW}, HF_RULE_NONE, -1, "", 0},
    {"first second", LEAF, {.not_before_s = PKI_NOW}, HF_RULE_NONE, -1, "", 0},
    {"expired",
     LEAF,
     {.not_after_s = PKI_NOW - 3 * PKI_DAY},
     HF_RULE_EXPIRED,
     0,
     "'x' expired 2025-06-12 15:06:40 UTC, 3 days before 2025-06-15 15:06:40 UTC",
     0},
    {"expired a second ago",
     LEAF,
     {.not_after_s = PKI_NOW - 1},
     HF_RULE_EXPIRED,
     0,
     "1 second before",
     0},
    {"not yet valid",
     LEAF,
     {.not_before_s = PKI_NOW + PKI_DAY},
     HF_RULE_NOT_YET_VALID,
     0,
     "'x' is valid from 2025-06-16 15:06:40 UTC, 24 hours after 2025-06-15 15:06:40 UTC",
     0},
    {"middle expired",
     MIDDLE,
     {AUTHORITY, .not_after_s = PKI_NOW - 1},
     HF_RULE_EXPIRED,
     1,
     "'M' expired",
     0},
    {"middle not yet valid",
     MIDDLE,
     {AUTHORITY, .not_before_s = PKI_NOW + 1},
     HF_RULE_NOT_YET_VALID,
     1,
     "'M' is valid from",
     0},
    {"root expired",
     ROOT,
     {AUTHORITY, .not_after_s = PKI_NOW - 1},
     HF_RULE_EXPIRED,
     2,
     "'R' expired",
     0},
    /* RFC 9525, 6: the name asked for is a.example */
    {"wildcard", LEAF, {.names = "*.b.example,DNS:a.example"}, HF_RULE_NONE, -1, "", 0},
    {"another name",
     LEAF,
     {.names = "b.example"},
     HF_RULE_NAME,
     0,
     "asked for 'a.example', but the certificate is for b.example",
     0},
    {"several other names",
     LEAF,
     {.names = "z.test,aa.example,10.0.0.1"},
     HF_RULE_NAME,
     0,
     "asked for 'a.example' (nearest: aa.example), but the certificate is for z.test",
     0},
    {"an e-mail address", LEAF, {.names = "email:a@a.example"}, HF_RULE_NAME, 0, "", 0},
    {"no names", LEAF, {.names = ""}, HF_RULE_NO_NAMES, 0, "of 'x' has no subjectAltName", 0},
    /* RFC 5280, 4.2.1.3 and 4.2.1.12 */
    {"no key usage", LEAF, {.key_usage = ""}, HF_RULE_NONE, -1, "", 0},
    {"more key usages",
     LEAF,
     {.key_usage = "digitalSignature,keyEncipherment"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"encipherment only",
     LEAF,
     {.key_usage = "critical,keyEncipherment"},
     HF_RULE_KEY_USAGE,
     0,
     "'x' may not sign: its key usage is keyEncipherment",
     OURS_ALONE /* RFC 9846, 4.5.1.2; for servers it is content with this */},
    {"cRLSign only", LEAF, {.key_usage = "cRLSign"}, HF_RULE_KEY_USAGE, 0, "'x' may not sign", 0},
    {"no extended usage", LEAF, {.extended_key_usage = ""}, HF_RULE_NONE, -1, "", 0},
    {"code signing",
     LEAF,
     {.extended_key_usage = "codeSigning"},
     HF_RULE_EXTENDED_KEY_USAGE,
     0,
     "'x' is for codeSigning; for TLS ",
     0},
    {"any usage alone",
     LEAF,
     {.extended_key_usage = "anyExtendedKeyUsage"},
     HF_RULE_EXTENDED_KEY_USAGE,
     0,
     "'x' is for anyExtendedKeyUsage",
     0},
    {"an authority", LEAF, {AUTHORITY}, HF_RULE_AUTHORITY_AS_LEAF, 0, "in the place of its own", 0},
    {"an authority that may sign",
     LEAF,
     {AUTHORITY, .key_usage = "digitalSignature,keyCertSign"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"keyCertSign without cA",
     LEAF,
     {.key_usage = "digitalSignature,keyCertSign"},
     HF_RULE_CONTRADICTION,
     0,
     "'x' may sign certificates, but is no authority",
     0},
    {"path length without cA",
     LEAF,
     {.basic_constraints = "CA:FALSE,pathlen:0"},
     HF_RULE_CONTRADICTION,
     0,
     "'x' limits the path",
     0},
    {"middle for servers and clients",
     MIDDLE,
     {AUTHORITY, .extended_key_usage = "serverAuth,clientAuth"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"middle for mail",
     MIDDLE,
     {AUTHORITY, .extended_key_usage = "emailProtection"},
     HF_RULE_ISSUER_PURPOSE,
     1,
     "'M' is for emailProtection; to issue for TLS ",
     0},
    {"root for mail",
     ROOT,
     {AUTHORITY, .extended_key_usage = "emailProtection"},
     HF_RULE_ISSUER_PURPOSE,
     2,
     "'R' is for emailProtection",
     0},
    {"middle without key usage", MIDDLE, {AUTHORITY, .key_usage = ""}, HF_RULE_NONE, -1, "", 0},
    {"middle may not sign certificates",
     MIDDLE,
     {AUTHORITY, .key_usage = "digitalSignature"},
     HF_RULE_ISSUER_KEY_USAGE,
     1,
     "'M' issued 'x', but may not issue certificates",
     0},
    {"root may not sign certificates",
     ROOT,
     {AUTHORITY, .key_usage = "cRLSign"},
     HF_RULE_ISSUER_KEY_USAGE,
     2,
     "'R' issued 'M', but may not issue certificates",
     0},
    /* RFC 5280, 4.2.1.9 */
    {"constraints not critical",
     MIDDLE,
     {AUTHORITY, .basic_constraints = "CA:TRUE"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"middle is no authority",
     MIDDLE,
     {.key_usage = ""},
     HF_RULE_NOT_AUTHORITY,
     1,
     "'M' issued 'x', but is no authority",
     0},
    {"middle says that it is none",
     MIDDLE,
     {.basic_constraints = "critical,CA:FALSE", .key_usage = ""},
     HF_RULE_NOT_AUTHORITY,
     1,
     "'M' issued 'x', but is no authority",
     0},
    {"middle of version 1", MIDDLE, {.version_1 = true}, HF_RULE_NOT_AUTHORITY, 1, "'M'", 0},
    {"root of version 1", ROOT, {.version_1 = true}, HF_RULE_NONE, -1, "", 0},
    {"root is no authority",
     ROOT,
     {.basic_constraints = "CA:FALSE", .key_usage = ""},
     HF_RULE_NOT_AUTHORITY,
     2,
     "'R' issued 'M'",
     0},
    {"middle allows none below",
     MIDDLE,
     {AUTHORITY, .basic_constraints = "critical,CA:TRUE,pathlen:0"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"root allows one below",
     ROOT,
     {AUTHORITY, .basic_constraints = "CA:TRUE,pathlen:1"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"root allows none below",
     ROOT,
     {AUTHORITY, .basic_constraints = "CA:TRUE,pathlen:0"},
     HF_RULE_PATH_LENGTH,
     2,
     "'R' allows 0 further authorities below it",
     0},
    {"path length without keyCertSign",
     MIDDLE,
     {AUTHORITY, .basic_constraints = "CA:TRUE,pathlen:3", .key_usage = "cRLSign"},
     HF_RULE_CONTRADICTION,
     1,
     "'M' limits the path",
     0},
    /* RFC 5280, 4.2.1.10 */
    {"permitted",
     MIDDLE,
     {AUTHORITY, .name_constraints = "critical,permitted;DNS:example"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"permitted below",
     MIDDLE,
     {AUTHORITY, .name_constraints = "permitted;DNS:.example"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"permitted by the root",
     ROOT,
     {AUTHORITY, .name_constraints = "permitted;DNS:a.example"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"one of several permitted",
     MIDDLE,
     {AUTHORITY, .name_constraints = "permitted;DNS:test,permitted;DNS:a.example"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"not permitted",
     MIDDLE,
     {AUTHORITY, .name_constraints = "critical,permitted;DNS:test"},
     HF_RULE_NAME_CONSTRAINT,
     0,
     "'a.example' of 'x' is outside of what 'M' may issue: it permits test",
     0},
    {"not permitted by the root",
     ROOT,
     {AUTHORITY, .name_constraints = "permitted;DNS:b.example"},
     HF_RULE_NAME_CONSTRAINT,
     0,
     "what 'R' may issue",
     0},
    {"excluded",
     MIDDLE,
     {AUTHORITY, .name_constraints = "excluded;DNS:example"},
     HF_RULE_NAME_CONSTRAINT,
     0,
     "it excludes example",
     0},
    {"another excluded",
     MIDDLE,
     {AUTHORITY, .name_constraints = "excluded;DNS:b.example"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"excluded, in capitals",
     MIDDLE,
     {AUTHORITY, .name_constraints = "excluded;DNS:A.EXAMPLE"},
     HF_RULE_NAME_CONSTRAINT,
     0,
     "",
     0},
    {"permitted and excluded",
     MIDDLE,
     {AUTHORITY, .name_constraints = "permitted;DNS:example,excluded;DNS:a.example"},
     HF_RULE_NAME_CONSTRAINT,
     0,
     "it permits example excludes a.example",
     0},
    {"addresses only: no names of that kind",
     MIDDLE,
     {AUTHORITY, .name_constraints = "permitted;IP:10.0.0.0/255.0.0.0"},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"a mask with holes",
     MIDDLE,
     {AUTHORITY, .extra = "2.5.29.30=DER:30:0e:a0:0c:30:0a:87:08:0a:00:00:00:ff:00:ff:00"},
     HF_RULE_EXTENSION,
     1,
     "'M' has an extension or a name that is malformed",
     OURS_ALONE},
    {"constraints without any",
     MIDDLE,
     {AUTHORITY, .extra = "2.5.29.30=DER:30:00"},
     HF_RULE_EXTENSION,
     1,
     "'M'",
     OURS_ALONE},
    /* RFC 5280, 4.2: critical, malformed */
    {"unknown extension", LEAF, {.extra = "1.2.3.4=DER:05:00"}, HF_RULE_NONE, -1, "", 0},
    {"unknown critical extension",
     LEAF,
     {.extra = "1.2.3.4=critical,DER:05:00"},
     HF_RULE_CRITICAL_EXTENSION,
     0,
     "not understood here: 1.2.3.4",
     0},
    {"middle: unknown critical",
     MIDDLE,
     {AUTHORITY, .extra = "1.2.3.4=critical,DER:05:00"},
     HF_RULE_CRITICAL_EXTENSION,
     1,
     "'M'",
     0},
    {"root: unknown critical",
     ROOT,
     {AUTHORITY, .extra = "1.2.3.4=critical,DER:05:00"},
     HF_RULE_CRITICAL_EXTENSION,
     2,
     "'R'",
     0},
    {"basicConstraints malformed",
     LEAF,
     {.extra = "2.5.29.19=DER:04:00"},
     HF_RULE_EXTENSION,
     0,
     "'x'",
     0},
    {"keyUsage malformed",
     LEAF,
     {.key_usage = "", .extra = "2.5.29.15=DER:04:00"},
     HF_RULE_EXTENSION,
     0,
     "'x'",
     0},
    {"keyUsage of nothing",
     LEAF,
     {.key_usage = "", .extra = "2.5.29.15=DER:03:01:00"},
     HF_RULE_EXTENSION,
     0,
     "'x'",
     OURS_ALONE /* RFC 5280, 4.2.1.3: at least one bit */},
    {"extendedKeyUsage empty",
     LEAF,
     {.extended_key_usage = "", .extra = "2.5.29.37=DER:30:00"},
     HF_RULE_EXTENSION,
     0,
     "'x'",
     0},
    {"subjectAltName empty",
     LEAF,
     {.names = "", .extra = "2.5.29.17=DER:30:00"},
     HF_RULE_EXTENSION,
     0,
     "'x'",
     0},
    {"authorityKeyIdentifier malformed",
     LEAF,
     {.authority_key_id = "", .extra = "2.5.29.35=DER:04:00"},
     HF_RULE_EXTENSION,
     0,
     "'x'",
     0},
    {"subjectKeyIdentifier malformed",
     LEAF,
     {.subject_key_id = "", .extra = "2.5.29.14=DER:30:00"},
     HF_RULE_EXTENSION,
     0,
     "'x'",
     0},
    /* RFC 9846, 4.3.3: keys and signatures */
    {"SHA-384", LEAF, {.digest = "SHA384"}, HF_RULE_NONE, -1, "", 0},
    {"SHA-512", MIDDLE, {AUTHORITY, .digest = "SHA512"}, HF_RULE_NONE, -1, "", 0},
    {"SHA-1", LEAF, {.digest = "SHA1"}, HF_RULE_WEAK_SIGNATURE, 0, "ECDSA with SHA-1", 0},
    {"middle by SHA-1", MIDDLE, {AUTHORITY, .digest = "SHA1"}, HF_RULE_WEAK_SIGNATURE, 1, "'M'", 0},
    {"root by SHA-1", ROOT, {AUTHORITY, .digest = "SHA1"}, HF_RULE_NONE, -1, "", 0},
    {"RSA", LEAF, {.kind = PKI_RSA_2048}, HF_RULE_NONE, -1, "", 0},
    {"RSA 1024", LEAF, {.kind = PKI_RSA_1024}, HF_RULE_WEAK_KEY, 0, "RSA 1024", 0},
    {"secp256k1", LEAF, {.kind = PKI_SECP256K1}, HF_RULE_WEAK_KEY, 0, "EC secp256k1", OURS_ALONE},
    {"middle RSA 1024",
     MIDDLE,
     {AUTHORITY, .kind = PKI_RSA_1024},
     HF_RULE_WEAK_ISSUER_KEY,
     1,
     "'M' has a key that is not accepted: RSA 1024",
     0},
    {"middle secp256k1",
     MIDDLE,
     {AUTHORITY, .kind = PKI_SECP256K1},
     HF_RULE_WEAK_ISSUER_KEY,
     1,
     "'M'",
     OURS_ALONE},
    {"root RSA 1024",
     ROOT,
     {AUTHORITY, .kind = PKI_RSA_1024},
     HF_RULE_WEAK_ISSUER_KEY,
     2,
     "'R'",
     0},
    {"middle Ed25519", MIDDLE, {AUTHORITY, .kind = PKI_ED25519}, HF_RULE_NONE, -1, "", 0},
    {"middle P-384", MIDDLE, {AUTHORITY, .kind = PKI_P384}, HF_RULE_NONE, -1, "", 0},
    {"root RSA", ROOT, {AUTHORITY, .kind = PKI_RSA_2048}, HF_RULE_NONE, -1, "", 0},
    {"root RSA-PSS", ROOT, {AUTHORITY, .kind = PKI_RSA_PSS_2048}, HF_RULE_NONE, -1, "", 0},
    {"root P-521", ROOT, {AUTHORITY, .kind = PKI_P521}, HF_RULE_NONE, -1, "", 0},
    {"root Ed448", ROOT, {AUTHORITY, .kind = PKI_ED448}, HF_RULE_NONE, -1, "", 0},
    /* RFC 5280, 4.2.1.1 and 4.2.1.2: identifiers are hints */
    {"no key identifiers",
     LEAF,
     {.authority_key_id = "", .subject_key_id = ""},
     HF_RULE_NONE,
     -1,
     "",
     0},
    {"middle without them",
     MIDDLE,
     {AUTHORITY, .authority_key_id = "", .subject_key_id = ""},
     HF_RULE_NONE,
     -1,
     "",
     0},
    /* RFC 5280, 4.2.1.11: policies are not asked for, but by authorities */
    {"policy, nobody asks", LEAF, {.extra = POLICY_123}, HF_RULE_NONE, -1, "", 0},
    {"policy asked for at once",
     MIDDLE,
     {AUTHORITY, .extra = "policyConstraints=critical,requireExplicitPolicy:0"},
     HF_RULE_POLICY,
     0,
     "'x' has no policy that an authority above it demands",
     OURS_ALONE /* without X509_V_FLAG_POLICY_CHECK it does not look */},
    {"policy asked for, authority alone has it",
     MIDDLE,
     {AUTHORITY, .extra = "policyConstraints=requireExplicitPolicy:0", .more = POLICY_123},
     HF_RULE_POLICY,
     0,
     "'x' has no policy",
     OURS_ALONE},
    {"policy asked for far below",
     MIDDLE,
     {AUTHORITY, .extra = "policyConstraints=critical,requireExplicitPolicy:5"},
     HF_RULE_NONE,
     -1,
     "",
     0},
};

/* How a peer may send the same three certificates, and how many anchors are there. */
enum sending { EXACT, WITH_ROOT, ROOT_FIRST, DOUBLED, WITH_STRANGERS, MORE_ANCHORS, SENDINGS };

struct hierarchy {
    struct pki_cert *leaf, *middle, *root;
};

static struct pki *stranger;

static int setup(void **state)
{
    (void)state;
    stranger = pki_simple(PKI_P256, "a.example");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_free(stranger);
    return 0;
}

static struct hierarchy hierarchy_of(const struct variation *v)
{
    struct pki_spec root = v->place == ROOT ? v->spec : (struct pki_spec){AUTHORITY};
    struct pki_spec middle = v->place == MIDDLE ? v->spec : (struct pki_spec){AUTHORITY};
    struct pki_spec leaf = v->place == LEAF ? v->spec : (struct pki_spec){.serial = 0};
    struct hierarchy h;
    root.common_name = "R";
    h.root = pki_make(&root);
    middle.common_name = "M";
    middle.issuer = h.root;
    h.middle = pki_make(&middle);
    leaf.common_name = "x";
    leaf.names = leaf.names == NULL ? "a.example" : leaf.names;
    leaf.issuer = h.middle;
    h.leaf = pki_make(&leaf);
    return h;
}

static size_t send(const struct hierarchy *h, enum sending how, hf_span out[8])
{
    size_t count = 0;
    out[count++] = h->leaf->der;
    switch (how) {
    case EXACT:
    case MORE_ANCHORS:
    case SENDINGS:
        out[count++] = h->middle->der;
        break;
    case WITH_ROOT:
        out[count++] = h->middle->der;
        out[count++] = h->root->der;
        break;
    case ROOT_FIRST:
        out[count++] = h->root->der;
        out[count++] = h->middle->der;
        break;
    case DOUBLED:
        out[count++] = h->middle->der;
        out[count++] = h->leaf->der;
        out[count++] = h->middle->der;
        break;
    case WITH_STRANGERS:
        out[count++] = stranger->ca->der;
        out[count++] = stranger->leaf->der;
        out[count++] = h->middle->der;
        out[count++] = stranger->intermediate->der;
        break;
    }
    return count;
}

static void complain(const struct variation *v, enum sending how, hf_role peer, const char *what,
                     const hf_verdict *verdict, int oracle)
{
    const hf_rule_info *rule = hf_rule_lookup(verdict->rule);
    fail_msg("%s, sending %d, %s: %s; we said %s at %d, '%s'; libcrypto: %s", v->what, (int)how,
             peer == HF_SERVER ? "server" : "client", what, rule == NULL ? "accepted" : rule->name,
             verdict->depth, verdict->detail, X509_verify_cert_error_string(oracle));
}

static void judge_variation(const struct variation *v, const struct hierarchy *h, enum sending how,
                            hf_role peer)
{
    hf_span chain[8];
    const hf_span anchors[] = {h->root->der, stranger->ca->der};
    const size_t anchor_count = how == MORE_ANCHORS ? 2 : 1;
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    for (size_t i = anchor_count; i > 0; i--) {
        hf_error error = {.code = HF_E_NONE};
        assert_int_equal(hf_trust_add(trust, anchors[i - 1], &error), HF_OK);
    }
    const struct x5_request request = {.trust = trust,
                                       .chain = chain,
                                       .count = send(h, how, chain),
                                       .peer = peer,
                                       .name = "a.example",
                                       .now_s = PKI_NOW};
    hf_verdict verdict;
    assert_int_equal(x5_verify_chain(&request, &verdict), HF_OK);
    const int oracle = oracle_verify(&request, anchors, anchor_count);
    if (verdict.rule != v->rule || verdict.depth != v->depth ||
        verdict.accepted != (v->rule == HF_RULE_NONE)) {
        complain(v, how, peer, "another verdict was expected", &verdict, oracle);
    }
    if (strstr(verdict.detail, v->sentence) == NULL) {
        complain(v, how, peer, v->sentence, &verdict, oracle);
    }
    if (verdict.accepted && oracle != X509_V_OK) {
        complain(v, how, peer, "libcrypto refuses", &verdict, oracle);
    }
    if (!verdict.accepted && oracle == X509_V_OK && (v->flags & OURS_ALONE) == 0) {
        complain(v, how, peer, "libcrypto accepts", &verdict, oracle);
    }
    hf_trust_free(trust);
}

static void test_every_variation_however_sent(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < sizeof variations / sizeof variations[0]; i++) {
        const struct variation *v = &variations[i];
        const struct hierarchy h = hierarchy_of(v);
        for (int how = EXACT; how < SENDINGS; how++) {
            for (int peer = HF_CLIENT; peer <= HF_SERVER; peer++) {
                judge_variation(v, &h, (enum sending)how, (hf_role)peer);
                count++;
            }
        }
        pki_cert_free(h.leaf);
        pki_cert_free(h.middle);
        pki_cert_free(h.root);
    }
    assert_true(count > 900);
}

/* RFC 5280, 6.1.3 (d) and 6.1.4 (a, b): a policy that is asked for, handed down, and mapped. */
static void test_policies(void **state)
{
    (void)state;
    static const struct {
        const char *middle, *leaf;
        hf_rule rule;
    } cases[] = {
        {POLICY_123, POLICY_123, HF_RULE_NONE},
        {POLICY_123, "2.5.29.32=DER:30:06:30:04:06:02:2a:04", HF_RULE_POLICY}, /* 1.2.4 */
        {POLICY_ANY, POLICY_123, HF_RULE_NONE},
        {POLICY_ANY, POLICY_ANY, HF_RULE_NONE},
        {POLICY_123, POLICY_ANY, HF_RULE_NONE},
        {POLICY_123, "2.5.29.32=DER:04:00", HF_RULE_POLICY}, /* malformed */
    };
    struct pki_cert *root = pki_make(&(struct pki_spec){.common_name = "R", .ca = true});
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pki_cert *middle =
            pki_make(&(struct pki_spec){.issuer = root,
                                        .common_name = "M",
                                        .ca = true,
                                        .extra = "policyConstraints=requireExplicitPolicy:0",
                                        .more = cases[i].middle});
        struct pki_cert *leaf = pki_make(&(struct pki_spec){
            .issuer = middle, .common_name = "x", .names = "a.example", .extra = cases[i].leaf});
        const hf_verdict v =
            judge(&(struct judge_case){.chain = {leaf, middle}, .anchors = {root}});
        assert_int_equal(v.rule, cases[i].rule);
        pki_cert_free(leaf);
        pki_cert_free(middle);
    }
    /* 1.2.3 of the authority is 1.2.4 below it. */
    struct pki_cert *middle =
        pki_make(&(struct pki_spec){.issuer = root,
                                    .common_name = "M",
                                    .ca = true,
                                    .extra = "2.5.29.33=DER:30:0a:30:08:06:02:2a:03:06:02:2a:04",
                                    .more = POLICY_123});
    struct pki_cert *low =
        pki_make(&(struct pki_spec){.issuer = middle,
                                    .common_name = "L",
                                    .ca = true,
                                    .extra = "policyConstraints=requireExplicitPolicy:0",
                                    .more = "2.5.29.32=DER:30:06:30:04:06:02:2a:04"});
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.issuer = low,
                                    .common_name = "x",
                                    .names = "a.example",
                                    .extra = "2.5.29.32=DER:30:06:30:04:06:02:2a:04"});
    assert_accepted(.chain = {leaf, low, middle}, .anchors = {root});
    pki_cert_free(leaf);
    leaf = pki_make(&(struct pki_spec){
        .issuer = low, .common_name = "x", .names = "a.example", .extra = POLICY_123});
    assert_refused(HF_E_CERTIFICATE_REJECTED, 0, "has no policy", .chain = {leaf, low, middle},
                   .anchors = {root});
    pki_cert_free(leaf);
    pki_cert_free(low);
    pki_cert_free(middle);
    pki_cert_free(root);
}

/* The same rules when authorities and leaf have other kinds of keys. */
static void test_kinds_of_keys(void **state)
{
    (void)state;
    static const enum pki_kind kinds[] = {PKI_P256,         PKI_P384,    PKI_P521, PKI_RSA_2048,
                                          PKI_RSA_PSS_2048, PKI_ED25519, PKI_ED448};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    for (size_t i = 0; i < (size_t)KINDS * KINDS; i++) {
        struct pki *p = pki_simple_by(kinds[i % KINDS], kinds[i / KINDS], "a.example");
        const struct hierarchy h = {p->leaf, p->intermediate, p->ca};
        const struct variation good = {
            "kinds", LEAF, {.serial = 0}, HF_RULE_NONE, -1, "trusted through 'Test Root CA'", 0};
        judge_variation(&good, &h, EXACT, HF_SERVER);
        judge_variation(&good, &h, WITH_STRANGERS, HF_CLIENT);
        pki_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_variation_however_sent),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_kinds_of_keys),
    };
    return cmocka_run_group_tests_name("corpus", tests, setup, teardown);
}

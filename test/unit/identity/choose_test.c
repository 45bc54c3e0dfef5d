/* The choice among identities: by name, by what the peer can verify, by its authorities; and why
 * the others lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "identity/identity_int.h"
#include "support/pki.h"
#include "wire/iana.h"

/* Members of a question: what the peer lists. */
#define PEER(...)                                                                                  \
    .schemes = (const uint16_t[]){__VA_ARGS__},                                                    \
    .scheme_count = sizeof((const uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t)
#define CHAIN(...)                                                                                 \
    .cert_schemes = (const uint16_t[]){__VA_ARGS__},                                               \
    .cert_scheme_count = sizeof((const uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t)
#define LEADING_TO(...)                                                                            \
    .authorities = (const hf_span[]){__VA_ARGS__},                                                 \
    .authority_count = sizeof((const hf_span[]){__VA_ARGS__}) / sizeof(hf_span)
enum {
    P256 = IANA_SCHEME_ecdsa_secp256r1_sha256,
    P384 = IANA_SCHEME_ecdsa_secp384r1_sha384,
    PSS256 = IANA_SCHEME_rsa_pss_rsae_sha256,
    PSS512 = IANA_SCHEME_rsa_pss_rsae_sha512,
    RSA256 = IANA_SCHEME_rsa_pkcs1_sha256,
    ED = IANA_SCHEME_ed25519
};

/* ---- what a trace saw ---- */

struct seen {
    size_t candidates, decisions;
    char text[4096];
};

static void watch(void *ctx, const hf_event *event)
{
    struct seen *seen = ctx;
    const size_t at = strlen(seen->text);
    if (event->kind == HF_EV_CANDIDATE) {
        seen->candidates++;
        (void)snprintf(seen->text + at, sizeof seen->text - at, "%s%u %s: %s\n",
                       event->u.candidate.accepted ? "+" : "-", (unsigned)event->u.candidate.value,
                       event->u.candidate.name, event->u.candidate.reason);
    } else {
        seen->decisions++;
        (void)snprintf(seen->text + at, sizeof seen->text - at, "=%u %s: %s\n",
                       (unsigned)event->u.decision.value, event->u.decision.name,
                       event->u.decision.reason);
    }
}

/* ---- one question ---- */

struct question {
    const char *name;
    bool strict;
    bool client;
    bool key_transport;
    const uint16_t *schemes;
    size_t scheme_count;
    const uint16_t *cert_schemes;
    size_t cert_scheme_count;
    const hf_span *authorities;
    size_t authority_count;
};

struct answer {
    hf_status status;
    hf_error error;
    int index; /* -1: none */
    uint16_t scheme;
    struct seen seen;
};

static const uint16_t everything[] = {P256,
                                      P384,
                                      IANA_SCHEME_ecdsa_secp521r1_sha512,
                                      ED,
                                      IANA_SCHEME_ed448,
                                      PSS256,
                                      IANA_SCHEME_rsa_pss_rsae_sha384,
                                      PSS512,
                                      IANA_SCHEME_rsa_pss_pss_sha256};

static struct answer ask_traced(hf_identity_store *store, struct question q, bool traced)
{
    struct answer a = {.index = -1};
    const hf_trace trace = {.wanted = HF_EV_PUBLIC, .event = watch, .ctx = &a.seen};
    struct tracer tr;
    tracer_init(&tr, traced ? &trace : NULL, NULL, q.client ? HF_CLIENT : HF_SERVER);
    if (q.schemes == NULL) {
        q.schemes = everything;
        q.scheme_count = sizeof everything / sizeof everything[0];
    }
    const struct identity_want want = {.server_name = span_str(q.name),
                                       .strict_name = q.strict,
                                       .schemes = q.schemes,
                                       .scheme_count = q.scheme_count,
                                       .cert_schemes = q.cert_schemes,
                                       .cert_scheme_count = q.cert_scheme_count,
                                       .allowed = everything,
                                       .allowed_count = sizeof everything / sizeof everything[0],
                                       .key_transport = q.key_transport,
                                       .authorities = q.authorities,
                                       .authority_count = q.authority_count};
    struct identity_choice choice;
    a.status = identity_choose(store, &want, &tr, &a.error, &choice);
    assert_int_equal(a.status == HF_OK, choice.identity != NULL);
    assert_int_equal(a.status == HF_OK, a.error.code == HF_E_NONE);
    if (choice.identity != NULL) {
        a.index = (int)choice.index;
        a.scheme = choice.scheme;
        assert_true(hf_key_kind_fits(hf_identity_key_kind(choice.identity), choice.scheme));
        hf_identity_free(choice.identity);
    }
    return a;
}

/* Tracing must not change the choice. */
static struct answer ask(hf_identity_store *store, struct question q)
{
    const struct answer plain = ask_traced(store, q, false);
    const struct answer traced = ask_traced(store, q, true);
    assert_int_equal(plain.index, traced.index);
    assert_int_equal(plain.scheme, traced.scheme);
    assert_int_equal(plain.error.code, traced.error.code);
    assert_int_equal(plain.seen.candidates + plain.seen.decisions, 0);
    return traced;
}

#define assert_chosen(index_, scheme_, ...)                                                        \
    do {                                                                                           \
        const struct answer a_ = ask(store, (struct question){__VA_ARGS__});                       \
        assert_string_equal(a_.error.detail, "");                                                  \
        assert_int_equal(a_.index, index_);                                                        \
        assert_int_equal(a_.scheme, scheme_);                                                      \
    } while (0)

#define assert_none(code_, text_, ...)                                                             \
    do {                                                                                           \
        const struct answer a_ = ask(store, (struct question){__VA_ARGS__});                       \
        assert_int_equal(a_.status, HF_FAILED);                                                    \
        assert_string_equal(hf_err_lookup(a_.error.code)->name, hf_err_lookup(code_)->name);       \
        if (strstr(a_.error.detail, text_) == NULL) {                                              \
            assert_string_equal(a_.error.detail, text_); /* shows both */                          \
        }                                                                                          \
    } while (0)

static hf_identity *load(const char *chain, const char *key)
{
    const hf_identity_source source = {
        .size = sizeof source, .chain = span_str(chain), .key = span_str(key)};
    hf_error error = {.code = HF_E_NONE};
    hf_identity *identity = NULL;
    assert_int_equal(hf_identity_load(&source, &error, &identity), HF_OK);
    return identity;
}

static hf_identity *make(enum pki_kind kind, enum pki_kind ca, const char *names)
{
    struct pki *p = pki_simple_by(kind, ca, names);
    hf_identity *identity = load(p->chain_pem, p->key_pem);
    pki_free(p);
    return identity;
}

static hf_identity_store *store_of(hf_identity **identities, size_t count)
{
    hf_identity_store *store = hf_identity_store_new(identities, count);
    assert_non_null(store);
    for (size_t i = 0; i < count; i++) {
        hf_identity_free(identities[i]); /* the store has its own references */
    }
    return store;
}

static void test_by_name(void **state)
{
    (void)state;
    hf_identity *identities[] = {
        make(PKI_P256, PKI_P256, "default.example"),
        make(PKI_P256, PKI_P256, "a.example,B.example"), make(PKI_P256, PKI_P256, "*.example"),
        make(PKI_P256, PKI_P256, "*.a.example,10.0.0.1"), make(PKI_P256, PKI_P256, "c.example")};
    hf_identity_store *store = store_of(identities, 5);
    assert_chosen(1, P256, .name = "a.example");
    assert_chosen(1, P256, .name = "A.EXAMPLE");
    assert_chosen(1, P256, .name = "b.example.");
    assert_chosen(2, P256, .name = "other.example");
    assert_chosen(3, P256, .name = "x.a.example");
    assert_chosen(4, P256, .name = "c.example");
    /* One label for one star. */
    assert_chosen(0, P256, .name = "x.y.a.example");
    assert_chosen(0, P256, .name = "example");
    assert_chosen(0, P256, .name = "a.example.net");
    assert_chosen(0, P256, .name = "10.0.0.1"); /* no SNI name is an address */
    assert_chosen(0, P256, .name = NULL);
    assert_chosen(0, P256, .name = NULL, .strict = true);
    assert_chosen(2, P256, .name = "other.example", .strict = true);
    assert_none(HF_E_UNRECOGNIZED_NAME,
                "asked for 'x.y.a.example'; this server has default.example, a.example, *.example, "
                "*.a.example, c.example",
                .name = "x.y.a.example", .strict = true);
    assert_none(HF_E_UNRECOGNIZED_NAME, "asked for '*.a.example'", .name = "*.a.example",
                .strict = true);
    char longer[400];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_chosen(0, P256, .name = longer);
    assert_none(HF_E_UNRECOGNIZED_NAME, "asked for 'aaaa", .name = longer, .strict = true);
    hf_identity_store_free(store);
}

static void test_side_by_side_for_one_name(void **state)
{
    (void)state;
    hf_identity *identities[] = {
        make(PKI_ED25519, PKI_P256, "a.example"), make(PKI_P256, PKI_P256, "a.example"),
        make(PKI_RSA_2048, PKI_P256, "a.example"), make(PKI_RSA_2048, PKI_P256, "*.example")};
    hf_identity_store *store = store_of(identities, 4);
    assert_chosen(0, ED, .name = "a.example");
    /* The order of the store decides, not the peer's. */
    assert_chosen(0, ED, .name = "a.example", PEER(P256, ED));
    /* Without a scheme for its key an identity is not for this peer. */
    assert_chosen(1, P256, .name = "a.example", PEER(P256, PSS256));
    assert_chosen(2, PSS256, .name = "a.example", PEER(PSS512, PSS256), CHAIN(P256));
    assert_chosen(2, PSS512, .name = "a.example", PEER(PSS512), CHAIN(P256));
    /* Our order among schemes for one key: everything[] has SHA-256 first. */
    assert_chosen(3, PSS256, .name = "b.example", PEER(PSS512, PSS256), CHAIN(P256));
    /* PKCS#1 is for certificates only, and is not allowed here. */
    assert_none(HF_E_NO_COMMON_SIGNATURE,
                "the key is RSA or ECDSA P-256 or Ed25519; the client lists rsa_pkcs1_sha256, "
                "ecdsa_secp384r1_sha384",
                .name = "a.example", PEER(RSA256, P384));
    assert_none(HF_E_NO_COMMON_SIGNATURE, "the key is RSA; the client lists ed25519",
                .name = "b.example", PEER(ED));
    assert_none(HF_E_NO_COMMON_SIGNATURE, "the client lists nothing", .name = "a.example",
                .schemes = everything, .scheme_count = 0);
    /* Without a name the whole store is open, its first before the others. */
    assert_chosen(0, ED, .name = NULL);
    assert_chosen(2, PSS256, .name = NULL, PEER(PSS256), CHAIN(P256));
    assert_chosen(2, PSS256, .name = "unknown.net", PEER(PSS256), CHAIN(P256));
    hf_identity_store_free(store);
}

static void test_how_the_chain_is_signed(void **state)
{
    (void)state;
    hf_identity *identities[] = {make(PKI_P256, PKI_RSA_2048, "a.example"),
                                 make(PKI_P256, PKI_P384, "a.example"),
                                 make(PKI_P256, PKI_P256, "a.example")};
    hf_identity_store *store = store_of(identities, 3);
    assert_chosen(0, P256, .name = "a.example", PEER(P256, RSA256));
    /* signature_algorithms holds for chains where signature_algorithms_cert is not there. */
    assert_chosen(1, P256, .name = "a.example", PEER(P256)); /* P-384 signs with SHA-256 here */
    assert_chosen(0, P256, .name = "a.example", PEER(P256), CHAIN(RSA256));
    assert_chosen(1, P256, .name = "a.example", PEER(P256), CHAIN(P256));
    /* Where nothing fits, the first is shown all the same. */
    assert_chosen(0, P256, .name = "a.example", PEER(P256), CHAIN(ED));
    const struct answer a =
        ask(store, (struct question){.name = "a.example", PEER(P256), CHAIN(ED)});
    assert_non_null(strstr(a.seen.text,
                           "-0 a.example: its chain is signed in a way that the client does "
                           "not list; only if nothing better is there\n"));
    hf_identity_store_free(store);
}

static void test_no_sha1_unless_it_is_listed(void **state)
{
    (void)state;
    struct pki_cert *root =
        pki_make(&(struct pki_spec){.common_name = "Root", .ca = true, .digest = "SHA1"});
    struct pki_cert *leaf = pki_make(&(struct pki_spec){
        .issuer = root, .common_name = "x", .names = "a.example", .digest = "SHA1"});
    char *chain = pki_bundle((const struct pki_cert *const[]){leaf, root}, 2);
    hf_identity *identities[] = {load(chain, leaf->key_pem)};
    hf_identity_store *store = store_of(identities, 1);
    assert_none(HF_E_NO_COMMON_SIGNATURE,
                "the chain is signed with SHA-1, which the client does not list",
                .name = "a.example", PEER(P256));
    assert_chosen(0, P256, .name = "a.example", PEER(P256), CHAIN(IANA_SCHEME_ecdsa_sha1));
    hf_identity_store_free(store);
    free(chain);
    pki_cert_free(leaf);
    /* The root's own signature does not count. */
    leaf = pki_make(&(struct pki_spec){.issuer = root, .common_name = "x", .names = "a.example"});
    chain = pki_bundle((const struct pki_cert *const[]){leaf, root}, 2);
    identities[0] = load(chain, leaf->key_pem);
    store = store_of(identities, 1);
    assert_chosen(0, P256, .name = "a.example", PEER(P256));
    hf_identity_store_free(store);
    free(chain);
    pki_cert_free(leaf);
    pki_cert_free(root);
}

/* A signature without a code point is listed by nobody, not even by a peer that lists unknown ones.
 */
static void test_chain_without_code_point(void **state)
{
    (void)state;
    struct pki_cert *root = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true});
    struct pki_cert *odd = pki_make(&(struct pki_spec){
        .issuer = root, .common_name = "x", .names = "a.example", .digest = "SHA224"});
    struct pki_cert *good =
        pki_make(&(struct pki_spec){.issuer = root, .common_name = "x", .names = "a.example"});
    hf_identity *identities[] = {load(odd->pem, odd->key_pem), load(good->pem, good->key_pem)};
    hf_identity_store *store = store_of(identities, 2);
    assert_chosen(1, P256, .name = "a.example", PEER(0x1234, P256, 0x0a0a));
    assert_chosen(0, P256, .name = "a.example", PEER(P256), CHAIN(0x1234, 0));
    hf_identity_store_free(store);
    pki_cert_free(good);
    pki_cert_free(odd);
    pki_cert_free(root);
}

static void test_rsa_pss_issuers_have_schemes_of_their_own(void **state)
{
    (void)state;
    hf_identity *identities[] = {make(PKI_P256, PKI_RSA_PSS_2048, "a.example"),
                                 make(PKI_P256, PKI_P256, "a.example")};
    hf_identity_store *store = store_of(identities, 2);
    /* The leaf's issuer is in the chain, so its kind is known; the intermediate's is not. */
    assert_chosen(0, P256, .name = "a.example", PEER(P256),
                  CHAIN(IANA_SCHEME_rsa_pss_pss_sha256, PSS256));
    assert_chosen(1, P256, .name = "a.example", PEER(P256), CHAIN(PSS256, P256));
    hf_identity_store_free(store);
}

static void test_authorities(void **state)
{
    (void)state;
    struct pki *a = pki_simple(PKI_P256, "a.example");
    struct pki_cert *root = pki_make(&(struct pki_spec){.common_name = "Other Root", .ca = true});
    struct pki_cert *leaf = pki_make(&(struct pki_spec){
        .kind = PKI_ED25519, .issuer = root, .common_name = "x", .names = "a.example"});
    hf_identity *identities[] = {load(a->chain_pem, a->key_pem), load(leaf->pem, leaf->key_pem)};
    hf_identity_store *store = store_of(identities, 2);
    hf_span issuer, top, middle, other, stranger;
    assert_true(x5_names(a->ca->der, &issuer, &top));
    assert_true(x5_names(a->intermediate->der, &issuer, &middle));
    assert_true(x5_names(root->der, &issuer, &other));
    struct pki_cert *nobody = pki_make(&(struct pki_spec){.common_name = "Nobody", .ca = true});
    assert_true(x5_names(nobody->der, &issuer, &stranger));

    assert_chosen(0, P256, .client = true);
    assert_chosen(1, ED, .client = true, LEADING_TO(stranger, other));
    assert_chosen(0, P256, .client = true, LEADING_TO(top));
    assert_chosen(0, P256, .client = true, LEADING_TO(middle)); /* any authority of the chain */
    assert_none(HF_E_NO_CERTIFICATE,
                "none of 2 certificates leads to one of the 1 authorities that the server lists",
                .client = true, LEADING_TO(stranger));
    assert_none(HF_E_NO_COMMON_SIGNATURE, "the key is Ed25519; the server lists", .client = true,
                LEADING_TO(other), PEER(P256));
    /* A server heeds the list where it can, and has nothing else to show where it cannot. */
    assert_chosen(1, ED, .name = "a.example", LEADING_TO(other));
    assert_chosen(0, P256, .name = "a.example", LEADING_TO(stranger));
    /* Identities with the same issuers are asked about once, with the same answer. */
    hf_identity *both[] = {load(a->chain_pem, a->key_pem), load(a->chain_pem, a->key_pem),
                           load(leaf->pem, leaf->key_pem)};
    hf_identity_store *three = store_of(both, 3);
    assert_int_equal(ask(three, (struct question){.client = true, LEADING_TO(other)}).index, 2);
    assert_int_equal(ask(three, (struct question){.client = true, LEADING_TO(top)}).index, 0);
    assert_int_equal(ask(three, (struct question){.client = true, LEADING_TO(stranger)}).index, -1);
    hf_identity_store_free(three);

    const struct answer seen = ask(store, (struct question){.client = true, LEADING_TO(other)});
    assert_non_null(
        strstr(seen.seen.text,
               "-0 a.example: its issuer is not among the authorities that the server lists\n"));
    hf_identity_store_free(store);
    pki_cert_free(nobody);
    pki_cert_free(leaf);
    pki_cert_free(root);
    pki_free(a);
}

static void test_key_usage(void **state)
{
    (void)state;
    struct pki_cert *leaf = pki_make(&(struct pki_spec){
        .common_name = "x", .names = "a.example", .key_usage = "critical,keyAgreement"});
    hf_identity *identities[] = {load(leaf->pem, leaf->key_pem)};
    hf_identity_store *store = store_of(identities, 1);
    assert_none(HF_E_NO_COMMON_SIGNATURE, "the key usage of the certificate lacks digitalSignature",
                .name = "a.example");
    hf_identity_store_free(store);
    pki_cert_free(leaf);
}

/* A key that may only decrypt is for key transport, and only if no other is there. */
static void test_key_transport(void **state)
{
    (void)state;
    struct pki_cert *only = pki_make(&(struct pki_spec){.kind = PKI_RSA_2048,
                                                        .common_name = "x",
                                                        .names = "a.example",
                                                        .key_usage = "critical,keyEncipherment"});
    hf_identity *identities[] = {load(only->pem, only->key_pem),
                                 make(PKI_P256, PKI_P256, "a.example")};
    assert_false(identity_may_sign(identities[0]));
    assert_true(identity_may_decrypt(identities[0]));
    assert_true(identity_may_sign(identities[1]));
    assert_false(identity_may_decrypt(identities[1])); /* not of RSA */
    hf_identity_store *store = hf_identity_store_new(identities, 2);
    assert_non_null(store);
    assert_chosen(0, PSS256, PEER(PSS256), CHAIN(PSS256, P256), .key_transport = true);
    assert_chosen(1, P256, PEER(PSS256, P256), .key_transport = true);
    assert_none(HF_E_NO_COMMON_SIGNATURE, "the key is ECDSA P-256; the client lists", PEER(PSS256));
    const struct answer a = ask(store, (struct question){.key_transport = true});
    assert_non_null(strstr(a.seen.text, "-0 a.example: its key may only decrypt, which has no "
                                        "forward secrecy; only if nothing better is there\n"));
    hf_identity_store_free(store);
    hf_identity_free(identities[0]);
    hf_identity_free(identities[1]);
    pki_cert_free(only);
}

static void test_empty_store(void **state)
{
    (void)state;
    hf_identity_store *store = hf_identity_store_new(NULL, 0);
    assert_non_null(store);
    assert_none(HF_E_NO_CERTIFICATE, "the store is empty", .name = "a.example");
    hf_identity_store_free(store);
}

static void test_what_a_trace_tells(void **state)
{
    (void)state;
    hf_identity *identities[] = {
        make(PKI_P256, PKI_P256, "other.example"), make(PKI_ED25519, PKI_P256, "a.example"),
        make(PKI_P256, PKI_P256, "a.example"), make(PKI_P256, PKI_P256, "a.example,x.example")};
    hf_identity_store *store = store_of(identities, 4);
    const struct answer a = ask(store, (struct question){.name = "a.example", PEER(P256, PSS256)});
    assert_int_equal(a.index, 2);
    assert_string_equal(
        a.seen.text, "-1 a.example: its key is Ed25519, for which the client lists no scheme that "
                     "is allowed here\n"
                     "+2 a.example: it fits\n"
                     "-3 a.example: it fits as well, but comes later\n"
                     "-0 other.example: not for this name\n"
                     "=2 a.example: it is for exactly this name\n"
                     "+1027 ecdsa_secp256r1_sha256: it fits\n"
                     "-1283 ecdsa_secp384r1_sha384: it does not fit the key, which is ECDSA P-256\n"
                     "-1539 ecdsa_secp521r1_sha512: it does not fit the key, which is ECDSA P-256\n"
                     "-2055 ed25519: it does not fit the key, which is ECDSA P-256\n"
                     "-2056 ed448: it does not fit the key, which is ECDSA P-256\n"
                     "-2052 rsa_pss_rsae_sha256: it does not fit the key, which is ECDSA P-256\n"
                     "-2053 rsa_pss_rsae_sha384: it does not fit the key, which is ECDSA P-256\n"
                     "-2054 rsa_pss_rsae_sha512: it does not fit the key, which is ECDSA P-256\n"
                     "-2057 rsa_pss_pss_sha256: it does not fit the key, which is ECDSA P-256\n"
                     "=1027 ecdsa_secp256r1_sha256: the first of our list that fits the key and "
                     "that the peer lists\n");
    hf_identity_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_name),
        cmocka_unit_test(test_side_by_side_for_one_name),
        cmocka_unit_test(test_how_the_chain_is_signed),
        cmocka_unit_test(test_no_sha1_unless_it_is_listed),
        cmocka_unit_test(test_chain_without_code_point),
        cmocka_unit_test(test_rsa_pss_issuers_have_schemes_of_their_own),
        cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_key_usage),
        cmocka_unit_test(test_key_transport),
        cmocka_unit_test(test_empty_store),
        cmocka_unit_test(test_what_a_trace_tells),
    };
    return cmocka_run_group_tests_name("identity choose", tests, NULL, NULL);
}

/* Certificates changed at every byte, cut at every length, and put together wrongly: always
 * refused, always with a reason, never a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/x509/judge.h"

/* One RSA and one EdDSA certificate in the path, for other ways to fail than ECDSA's. */
static struct pki *hierarchies[3];

static int setup(void **state)
{
    (void)state;
    hierarchies[0] = pki_simple(PKI_P256, "a.example");
    hierarchies[1] = pki_simple_by(PKI_ED25519, PKI_ED25519, "a.example");
    hierarchies[2] = pki_simple_by(PKI_P256, PKI_RSA_2048, "a.example");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        pki_free(hierarchies[i]);
    }
    return 0;
}

static hf_verdict verify(const hf_trust *trust, const hf_span *chain, size_t count)
{
    const struct x5_request request = {.trust = trust,
                                       .chain = chain,
                                       .count = count,
                                       .peer = HF_SERVER,
                                       .name = "a.example",
                                       .now_s = PKI_NOW};
    hf_verdict verdict;
    assert_int_equal(x5_verify_chain(&request, &verdict), HF_OK);
    return verdict;
}

static hf_trust *trust_of(const struct pki *p)
{
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add(trust, p->ca->der, &error), HF_OK);
    return trust;
}

/* A block of exactly that size, so that a read beyond it is seen. */
static uint8_t *copy_of(hf_span der)
{
    uint8_t *copy = malloc(der.len);
    assert_non_null(copy);
    memcpy(copy, der.data, der.len);
    return copy;
}

static void assert_refusal(const hf_verdict *v)
{
    assert_false(v->accepted);
    assert_int_not_equal(v->code, HF_E_NONE);
    assert_int_not_equal(v->code, HF_E_NO_MEMORY);
    assert_true(memchr(v->detail, '\0', sizeof v->detail) != NULL);
    assert_true(memchr(v->subject, '\0', sizeof v->subject) != NULL);
    for (const char *s = v->detail; *s != '\0'; s++) {
        assert_true((unsigned char)*s >= 0x20 && *s != 0x7f);
    }
}

static void change_every_byte(const struct pki *p, size_t which)
{
    static const uint8_t changes[] = {0x01, 0x80, 0x1f};
    hf_trust *trust = trust_of(p);
    hf_span chain[2] = {p->chain[0], p->chain[1]};
    assert_true(verify(trust, chain, 2).accepted);
    const hf_span original = chain[which];
    for (size_t i = 0; i < original.len; i++) {
        uint8_t *changed = copy_of(original);
        changed[i] ^= changes[i % sizeof changes];
        chain[which] = span_of(changed, original.len);
        const hf_verdict v = verify(trust, chain, 2);
        assert_refusal(&v);
        free(changed);
    }
    hf_trust_free(trust);
}

static void test_leaf_changed_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        change_every_byte(hierarchies[i], 0);
    }
}

static void test_intermediate_changed_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        change_every_byte(hierarchies[i], 1);
    }
}

/* A trusted certificate is trusted as it is: nothing that differs from it by a bit is. */
static void test_anchor_leaf_changed_at_every_byte(void **state)
{
    (void)state;
    struct pki_cert *self =
        pki_make(&(struct pki_spec){.common_name = "self", .names = "a.example"});
    hf_trust *trust = hf_trust_new();
    hf_error error = {.code = HF_E_NONE};
    assert_int_equal(hf_trust_add(trust, self->der, &error), HF_OK);
    assert_true(verify(trust, &self->der, 1).accepted);
    for (size_t i = 0; i < self->der.len; i++) {
        uint8_t *changed = copy_of(self->der);
        changed[i] ^= 0x04;
        const hf_span chain = span_of(changed, self->der.len);
        const hf_verdict v = verify(trust, &chain, 1);
        assert_refusal(&v);
        free(changed);
    }
    hf_trust_free(trust);
    pki_cert_free(self);
}

/* A chain of ten, changed at every byte of every certificate: each time the verdict is a refusal
 * that names a certificate of the chain. */
static void test_long_chain_changed_at_every_byte(void **state)
{
    (void)state;
    enum { LENGTH = 10 };
    static const uint8_t changes[] = {0x01, 0x80, 0x1f, 0x20};
    struct pki_cert *root = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true});
    struct pki_cert *certs[LENGTH]; /* from the root downwards */
    hf_span chain[LENGTH];
    for (size_t i = 0; i < LENGTH; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "CA %zu", i);
        certs[i] = pki_make(&(struct pki_spec){.issuer = i == 0 ? root : certs[i - 1],
                                               .common_name = name,
                                               .ca = i + 1 < LENGTH,
                                               .names = "a.example"});
        chain[LENGTH - 1 - i] = certs[i]->der;
    }
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add(trust, root->der, &error), HF_OK);
    assert_true(verify(trust, chain, LENGTH).accepted);
    for (size_t which = 0; which < LENGTH; which++) {
        const hf_span original = chain[which];
        for (size_t i = 0; i < original.len; i++) {
            uint8_t *changed = copy_of(original);
            changed[i] ^= changes[i % sizeof changes];
            chain[which] = span_of(changed, original.len);
            const hf_verdict v = verify(trust, chain, LENGTH);
            assert_refusal(&v);
            assert_true(v.depth >= 0 && v.depth < LENGTH);
            assert_true(v.index >= 0 && v.index < LENGTH);
            assert_non_null(hf_rule_lookup(v.rule));
            free(changed);
        }
        chain[which] = original;
    }
    hf_trust_free(trust);
    for (size_t i = 0; i < LENGTH; i++) {
        pki_cert_free(certs[i]);
    }
    pki_cert_free(root);
}

static void test_cut_at_every_length(void **state)
{
    (void)state;
    const struct pki *p = hierarchies[0];
    hf_trust *trust = trust_of(p);
    for (size_t len = 1; len < p->leaf->der.len; len++) {
        uint8_t *cut = copy_of(span_of(p->leaf->der.data, len));
        const hf_span chain[2] = {span_of(cut, len), p->chain[1]};
        const hf_verdict v = verify(trust, chain, 2);
        assert_refusal(&v);
        assert_int_equal(v.code, HF_E_CERTIFICATE_MALFORMED);
        assert_int_equal(v.depth, 0);
        free(cut);
    }
    hf_trust_free(trust);
}

/* Right signatures over wrong content: changed first, signed afterwards, so that form and rules
 * must find it. */
static void test_signed_nonsense(void **state)
{
    (void)state;
    const struct pki *p = hierarchies[0];
    hf_trust *trust = trust_of(p);
    struct x5_certificate c;
    assert_true(x5_certificate_read(p->leaf->der, &c));
    size_t accepted = 0;
    for (size_t i = 0; i < c.tbs.len; i++) {
        uint8_t *tbs = copy_of(c.tbs);
        tbs[i] ^= 0x02;
        const hf_span der = pki_sign_tbs(span_of(tbs, c.tbs.len), p->intermediate);
        const hf_span chain[2] = {der, p->chain[1]};
        const hf_verdict v = verify(trust, chain, 2);
        if (v.accepted) {
            accepted++; /* another serial number, key or date is still a certificate */
            assert_true(x5_certificate_read(der, &(struct x5_certificate){.version = 0}));
        } else {
            assert_refusal(&v);
        }
        free((void *)(uintptr_t)der.data);
        free(tbs);
    }
    /* The serial number's 8 bytes, parts of the common name and of the key identifiers may change;
     * much may not. */
    assert_true(accepted > 8);
    assert_true(accepted < c.tbs.len / 2);
    hf_trust_free(trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaf_changed_at_every_byte),
        cmocka_unit_test(test_intermediate_changed_at_every_byte),
        cmocka_unit_test(test_anchor_leaf_changed_at_every_byte),
        cmocka_unit_test(test_long_chain_changed_at_every_byte),
        cmocka_unit_test(test_cut_at_every_length),
        cmocka_unit_test(test_signed_nonsense),
    };
    return cmocka_run_group_tests_name("verify mutations", tests, setup, teardown);
}

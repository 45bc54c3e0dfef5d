/* Revocation lists as bytes: what is read, what is looked up, and that everything malformed is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/revoke.h"
#include "x509/certificate.h"
#include "x509/crl.h"

static struct pki *p;

static int setup(void **state)
{
    (void)state;
    p = pki_simple(PKI_P256, "a.example");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_free(p);
    return 0;
}

static void test_read(void **state)
{
    (void)state;
    const hf_span der = revoke_crl(&(struct revoke_crl_spec){
        .issuer = p->ca, .key_id = true, .reason = 4, .revoked = {p->leaf, p->intermediate}});
    struct x5_crl crl;
    assert_int_equal(x5_crl_read(der, &crl), X5_CRL_GOOD);
    assert_int_equal(crl.this_s, PKI_NOW - 3600);
    assert_int_equal(crl.next_s, PKI_NOW + PKI_DAY);
    assert_int_equal(crl.issuer_key_id.len, 20);
    assert_false(crl.partial || crl.only_users || crl.only_authorities);
    struct x5_certificate c;
    int64_t since_s = 0;
    uint32_t reason = 0;
    assert_true(x5_certificate_read(p->intermediate->der, &c));
    assert_true(x5_crl_has(&crl, c.serial, &since_s, &reason));
    assert_int_equal(since_s, PKI_NOW - 3 * PKI_DAY);
    assert_int_equal(reason, 4);
    assert_true(x5_certificate_read(p->ca->der, &c));
    assert_false(x5_crl_has(&crl, c.serial, &since_s, &reason));
    assert_false(x5_crl_has(&crl, span_of(c.serial.data, 1), &since_s, &reason));
    revoke_free(der);
    const hf_span empty = revoke_crl(&(struct revoke_crl_spec){.issuer = p->ca});
    assert_int_equal(x5_crl_read(empty, &crl), X5_CRL_GOOD);
    assert_false(x5_crl_has(&crl, c.serial, &since_s, &reason));
    revoke_free(empty);
}

static void test_scope(void **state)
{
    (void)state;
    static const struct {
        const char *scope;
        enum x5_crl_fault fault;
        bool users, authorities, partial;
    } cases[] = {
        {"critical,onlyuser:TRUE", X5_CRL_GOOD, true, false, false},
        {"critical,onlyCA:TRUE", X5_CRL_GOOD, false, true, false},
        {"critical,fullname:URI:http://c.example/", X5_CRL_GOOD, false, false, true},
        {"critical,onlysomereasons:keyCompromise", X5_CRL_GOOD, false, false, true},
        {"critical,indirectCRL:TRUE", X5_CRL_INDIRECT, false, false, false},
        {"critical,onlyAA:TRUE", X5_CRL_ATTRIBUTES, false, false, false},
        {"critical,onlyuser:TRUE,onlyCA:TRUE", X5_CRL_MALFORMED, false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const hf_span der =
            revoke_crl(&(struct revoke_crl_spec){.issuer = p->ca, .scope = cases[i].scope});
        struct x5_crl crl;
        assert_int_equal(x5_crl_read(der, &crl), cases[i].fault);
        assert_int_equal(crl.only_users, cases[i].users);
        assert_int_equal(crl.only_authorities, cases[i].authorities);
        assert_int_equal(crl.partial, cases[i].partial);
        revoke_free(der);
    }
}

static void test_malformed(void **state)
{
    (void)state;
    const hf_span der = revoke_crl(&(struct revoke_crl_spec){.issuer = p->ca,
                                                             .key_id = true,
                                                             .reason = 1,
                                                             .scope = "critical,onlyuser:TRUE",
                                                             .revoked = {p->leaf}});
    struct x5_crl crl;
    assert_int_equal(x5_crl_read(der, &crl), X5_CRL_GOOD);
    for (size_t len = 0; len < der.len; len++) {
        uint8_t *cut = malloc(len + (len == 0));
        assert_non_null(cut);
        if (len > 0) {
            memcpy(cut, der.data, len);
        }
        assert_int_equal(x5_crl_read(span_of(cut, len), &crl), X5_CRL_MALFORMED);
        free(cut);
    }
    uint8_t *bytes = malloc(der.len + 1);
    assert_non_null(bytes);
    memcpy(bytes, der.data, der.len);
    bytes[der.len] = 0;
    assert_int_equal(x5_crl_read(span_of(bytes, der.len + 1), &crl), X5_CRL_MALFORMED);
    static const uint8_t others[] = {0x00, 0x01, 0x7f, 0x80, 0x84, 0xff};
    for (size_t i = 0; i < der.len; i++) {
        for (size_t k = 0; k < sizeof others; k++) {
            bytes[i] = others[k];
            if (x5_crl_read(span_of(bytes, der.len), &crl) == X5_CRL_GOOD) {
                /* Then it was the content of a primitive type: all spans still lie inside. */
                assert_true(crl.entries.len < der.len && crl.signature.len < der.len);
            } else {
                assert_null(crl.tbs.data);
            }
        }
        bytes[i] = der.data[i];
    }
    /* Its header: indefinite, of another type, a length that is not minimal. */
    bytes[1] = 0x80;
    assert_int_equal(x5_crl_read(span_of(bytes, der.len), &crl), X5_CRL_MALFORMED);
    free(bytes);
    revoke_free(der);
}

static void test_texts(void **state)
{
    (void)state;
    for (int i = X5_CRL_MALFORMED; i <= X5_CRL_ENDLESS; i++) {
        for (int k = X5_CRL_MALFORMED; k < i; k++) {
            assert_string_not_equal(x5_crl_fault_text((enum x5_crl_fault)i),
                                    x5_crl_fault_text((enum x5_crl_fault)k));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

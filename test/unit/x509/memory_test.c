/* Every allocation of the room, and of libcrypto beneath it, fails in turn: an error, no crash, no
 * leak, and never an acceptance that memory alone brought about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/span.h"
#include "support/failing_memory.h"
#include "support/pki.h"
#include "support/revoke.h"
#include "x509/x509.h"

/* The n-th allocation fails: all n up to 32, then ever larger steps, as libcrypto makes thousands.
 */
static long next(long n)
{
    return n + 1 + n / 32;
}

static struct pki *p, *q;

static int setup(void **state)
{
    (void)state;
    p = pki_simple(PKI_P256, "a.example");
    q = pki_simple_by(PKI_RSA_2048, PKI_RSA_2048, "a.example");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_free(p);
    pki_free(q);
    return 0;
}

static bool accepts(const hf_trust *trust, const struct pki *chain)
{
    const struct x5_request request = {.trust = trust,
                                       .chain = chain->chain,
                                       .count = 2,
                                       .peer = HF_SERVER,
                                       .name = "a.example",
                                       .now_s = PKI_NOW};
    hf_verdict v;
    assert_int_equal(x5_verify_chain(&request, &v), HF_OK);
    return v.accepted;
}

static void test_trust_add(void **state)
{
    (void)state;
    char *both = pki_bundle((const struct pki_cert *const[]){q->ca, p->ca, q->ca}, 3);
    long n = 1;
    for (bool failed = true; failed; n = next(n)) {
        hf_trust *trust = hf_trust_new();
        assert_non_null(trust);
        hf_error error = {.code = HF_E_NONE};
        assert_int_equal(hf_trust_add(trust, p->ca->der, &error), HF_OK);
        failing_memory_at(n);
        const hf_status status = hf_trust_add(trust, span_str(both), &error);
        failed = failing_memory_end();
        if (status != HF_OK) {
            assert_int_equal(error.code, HF_E_NO_MEMORY);
            assert_int_equal(hf_trust_count(trust), 1);
        } else {
            assert_int_equal(hf_trust_count(trust), 2);
        }
        assert_true(accepts(trust, p));
        /* An anchor without its key, for lack of memory, believes nothing. */
        assert_true(status == HF_OK || !accepts(trust, q));
        assert_int_equal(ERR_peek_error(), 0);
        hf_trust_free(trust);
    }
    assert_true(n > 4);
    free(both);
}

static void test_crl_add(void **state)
{
    (void)state;
    const hf_span list = revoke_crl(&(struct revoke_crl_spec){.issuer = p->intermediate});
    char *pem = pki_pem("X509 CRL", list);
    long n = 1;
    for (bool failed = true; failed; n = next(n)) {
        hf_trust *trust = hf_trust_new();
        assert_non_null(trust);
        hf_error error = {.code = HF_E_NONE};
        failing_memory_at(n);
        const hf_status status = hf_trust_add_crl(trust, span_str(pem), &error);
        failed = failing_memory_end();
        assert_int_equal(status == HF_OK, !failed);
        assert_int_equal(error.code, failed ? HF_E_NO_MEMORY : HF_E_NONE);
        assert_int_equal(hf_trust_crl_count(trust), failed ? 0 : 1);
        hf_trust_free(trust);
    }
    assert_int_equal(n, 4); /* the decoded bytes, and what stays */
    free(pem);
    revoke_free(list);
}

/* A responder's key that cannot be imported has signed nothing. */
static void test_staple(void **state)
{
    (void)state;
    struct pki_cert *responder = pki_make(&(struct pki_spec){.issuer = p->intermediate,
                                                             .common_name = "Responder",
                                                             .extended_key_usage = "OCSPSigning"});
    const hf_span staple = revoke_ocsp(&(struct revoke_ocsp_spec){
        .subject = p->leaf, .issuer = p->intermediate, .responder = responder});
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add(trust, p->ca->der, &error), HF_OK);
    const struct x5_request request = {.trust = trust,
                                       .chain = p->chain,
                                       .count = 2,
                                       .peer = HF_SERVER,
                                       .now_s = PKI_NOW,
                                       .ocsp_response = staple};
    bool accepted = false;
    for (long n = 1; !accepted; n = next(n)) {
        hf_verdict v;
        failing_memory_at(n);
        const hf_status status = x5_verify_chain(&request, &v);
        const bool failed = failing_memory_end();
        accepted = v.accepted;
        assert_true(accepted ? status == HF_OK : failed);
        assert_int_equal(ERR_peek_error(), 0);
    }
    hf_trust_free(trust);
    revoke_free(staple);
    pki_cert_free(responder);
}

static void test_stores(void **state)
{
    (void)state;
    failing_memory_at(1);
    assert_null(hf_trust_new());
    assert_true(failing_memory_end());
    hf_trust *trust = hf_trust_new();
    failing_memory_at(1);
    assert_null(hf_trust_store_new(trust));
    assert_true(failing_memory_end());
    hf_trust_free(trust);
}

static void verify_without_memory(const struct pki *with, const struct pki *chain, bool right)
{
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add(trust, with->ca->der, &error), HF_OK);
    const struct x5_request request = {.trust = trust,
                                       .chain = chain->chain,
                                       .count = 2,
                                       .peer = HF_SERVER,
                                       .name = "a.example",
                                       .now_s = PKI_NOW};
    long n = 1;
    for (bool failed = true; failed; n = next(n)) {
        hf_verdict v;
        failing_memory_at(n);
        const hf_status status = x5_verify_chain(&request, &v);
        failed = failing_memory_end();
        assert_int_equal(status, v.code == HF_E_NO_MEMORY ? HF_FAILED : HF_OK);
        if (v.accepted) {
            assert_true(right);
        } else {
            assert_int_not_equal(v.code, HF_E_NONE);
        }
        assert_int_equal(v.accepted, v.code == HF_E_NONE);
        if (!failed) {
            assert_int_equal(v.accepted, right);
        }
        assert_int_equal(ERR_peek_error(), 0);
    }
    assert_true(!right || n > 20); /* the provider's */
    hf_trust_free(trust);
}

static void test_verify(void **state)
{
    (void)state;
    verify_without_memory(p, p, true);
    verify_without_memory(q, q, true);
    verify_without_memory(p, q, false);
}

static void test_issued_by(void **state)
{
    (void)state;
    long n = 1;
    for (bool failed = true; failed; n = next(n)) {
        failing_memory_at(n);
        const enum x5_issued issued = x5_is_issued_by(p->leaf->der, p->intermediate->der);
        failed = failing_memory_end();
        assert_true(failed || issued == X5_ISSUED);
        failing_memory_at(n);
        assert_int_not_equal(x5_is_issued_by(p->leaf->der, p->ca->der), X5_ISSUED);
        (void)failing_memory_end();
    }
    assert_true(n > 10);
}

int main(void)
{
    if (!failing_memory_install()) {
        (void)fputs("libcrypto was used before main\n", stderr);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust_add), cmocka_unit_test(test_crl_add),
        cmocka_unit_test(test_staple),    cmocka_unit_test(test_stores),
        cmocka_unit_test(test_verify),    cmocka_unit_test(test_issued_by),
    };
    return cmocka_run_group_tests_name("x509 memory", tests, setup, teardown);
}

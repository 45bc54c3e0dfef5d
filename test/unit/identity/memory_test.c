/* Every allocation of loading and storing identities fails in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/span.h"
#include "identity/identity_int.h"
#include "support/failing_memory.h"
#include "support/pki.h"

/* The n-th allocation fails: all n up to 32, then ever larger steps, as libcrypto makes thousands.
 */
static long next(long n)
{
    return n + 1 + n / 32;
}

static void test_load(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example,10.0.0.1");
    const hf_identity_source source = {.size = sizeof source,
                                       .chain = span_str(p->chain_pem),
                                       .key = span_str(p->key_pem),
                                       .ocsp_response = span_of("\x30\x03\x0a\x01\x06", 5)};
    long n = 1;
    size_t refused = 0;
    for (bool failed = true; failed; n = next(n)) {
        hf_error error = {.code = HF_E_NONE};
        hf_identity *identity = NULL;
        failing_memory_at(n);
        const hf_status status = hf_identity_load(&source, &error, &identity);
        failed = failing_memory_end();
        if (status == HF_OK) {
            /* Where the library found another way, the result is whole. */
            assert_int_equal(hf_identity_name_count(identity), 2);
            assert_int_equal(hf_identity_chain_count(identity), 2);
            assert_non_null(hf_identity_key(identity));
        } else {
            assert_null(identity);
            assert_int_not_equal(error.code, HF_E_NONE);
            refused++;
        }
        assert_true(failed || status == HF_OK);
        hf_identity_free(identity);
    }
    assert_true(refused > 20);
    pki_free(p);
}

static void test_our_own_memory_is_named(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example");
    const hf_identity_source source = {.size = sizeof source, .chain = p->leaf->der};
    size_t refused = 0;
    for (long n = 1; n < 8; n++) {
        hf_error error = {.code = HF_E_NONE};
        hf_identity *identity = NULL;
        failing_memory_at(n);
        const hf_status status = hf_identity_load(&source, &error, &identity);
        (void)failing_memory_end();
        if (status != HF_OK) {
            assert_int_equal(error.code, HF_E_NO_MEMORY);
            refused++;
        }
        hf_identity_free(identity);
    }
    assert_int_equal(refused, 3); /* identity, chain, names */
    pki_free(p);
}

static void test_stores(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example");
    const hf_identity_source source = {.size = sizeof source, .chain = p->leaf->der};
    hf_error error = {.code = HF_E_NONE};
    hf_identity *identity = NULL;
    assert_int_equal(hf_identity_load(&source, &error, &identity), HF_OK);
    for (long n = 1; n <= 3; n++) {
        failing_memory_at(n);
        assert_null(hf_identity_store_new(&identity, 1));
        assert_true(failing_memory_end());
    }
    hf_identity_store *store = hf_identity_store_new(&identity, 1);
    assert_non_null(store);
    for (long n = 1; n <= 2; n++) {
        failing_memory_at(n);
        assert_int_equal(hf_identity_store_replace(store, NULL, 0), HF_FAILED);
        assert_true(failing_memory_end());
    }
    hf_identity_store_free(store);
    hf_identity_free(identity);
    pki_free(p);
}

int main(void)
{
    if (!failing_memory_install()) {
        (void)fputs("libcrypto was used before main\n", stderr);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_our_own_memory_is_named),
        cmocka_unit_test(test_stores),
    };
    return cmocka_run_group_tests_name("identity memory", tests, NULL, NULL);
}

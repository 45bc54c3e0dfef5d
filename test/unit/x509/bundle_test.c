/* PEM, and the certificates of a file. */
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
#include "x509/bundle.h"
#include "x509/pem.h"

static bool decodes(const char *body, const char *expected)
{
    const struct pem_block block = {.body = span_str(body)};
    uint8_t *out = malloc(x5_pem_decoded_max(&block));
    assert_non_null(out);
    size_t len = 0;
    const bool good = x5_pem_decode(&block, out, &len);
    if (good) {
        assert_int_equal(len, strlen(expected));
        assert_memory_equal(out, expected, len);
    } else {
        assert_int_equal(len, 0);
    }
    free(out);
    return good;
}

static void test_base64(void **state)
{
    (void)state;
    assert_true(decodes("Zm9vYmFy", "foobar")); /* RFC 4648, 10 */
    assert_true(decodes("Zm9vYmE=", "fooba"));
    assert_true(decodes("Zm9vYg==", "foob"));
    assert_true(decodes("Zm9v\r\nYmFy\n", "foobar"));
    assert_true(decodes(" Z m\t9v", "foo"));
    assert_false(decodes("", ""));
    assert_false(decodes("\n\n", ""));
    assert_false(decodes("Zm9vYg=", ""));
    assert_false(decodes("Zm9vY", ""));
    assert_false(decodes("Zm9v=", ""));
    assert_false(decodes("Zm9v====", ""));
    assert_false(decodes("=m9v", ""));
    assert_false(decodes("Z=9v", ""));
    assert_false(decodes("Zm=v", ""));
    assert_false(decodes("Zg==Zg==", "")); /* nothing after the end */
    assert_false(decodes("Zg===", ""));
    assert_false(decodes("Zg====", ""));
    assert_false(decodes("Zg========", ""));
    assert_false(decodes("Zm8==", ""));
    assert_true(decodes("Zm8=\n\n", "fo"));
    assert_false(decodes("Zh==", "")); /* bits under the padding */
    assert_false(decodes("Zm9vYmF=", ""));
    assert_false(decodes("Zm9*", ""));
    assert_false(decodes("Zm9-", "")); /* the alphabet for addresses is another one */
    assert_false(decodes("Proc-Type: 4,ENCRYPTED\n\nZm9v", ""));
}

static void test_blocks(void **state)
{
    (void)state;
    const char text[] = "subject=x\r\n-----BEGIN A B-----\r\nZm9v\r\n-----END A B-----\r\n"
                        "between\n-----BEGIN C-----\nYmFy\n-----END C-----   \nafter";
    struct pem p = x5_pem_over(span_str(text));
    struct pem_block block;
    assert_int_equal(x5_pem_next(&p, &block), PEM_FOUND);
    assert_true(span_eq(block.label, span_str("A B")));
    assert_int_equal(block.line, 2);
    assert_true(span_eq(block.body, span_str("Zm9v\r\n")));
    assert_int_equal(x5_pem_next(&p, &block), PEM_FOUND);
    assert_true(span_eq(block.label, span_str("C")));
    assert_int_equal(block.line, 6);
    assert_int_equal(x5_pem_next(&p, &block), PEM_NONE);
    assert_int_equal(x5_pem_next(&p, &block), PEM_NONE);

    p = x5_pem_over(span_str("-----BEGIN A-----\nZm9v\n"));
    assert_int_equal(x5_pem_next(&p, &block), PEM_BROKEN);
    p = x5_pem_over(span_str("-----BEGIN A-----\nZm9v\n-----END B-----\n"));
    assert_int_equal(x5_pem_next(&p, &block), PEM_BROKEN);
    p = x5_pem_over(span_str("-----BEGIN A-----"));
    assert_int_equal(x5_pem_next(&p, &block), PEM_BROKEN);
    p = x5_pem_over(span_str(" -----BEGIN A-----\n"));
    assert_int_equal(x5_pem_next(&p, &block), PEM_NONE);
    p = x5_pem_over((hf_span){NULL, 0});
    assert_int_equal(x5_pem_next(&p, &block), PEM_NONE);
}

static hf_status load(const char *text, enum x5_bundle_mode mode, hf_error *error,
                      struct x5_bundle *out)
{
    *error = (hf_error){.code = HF_E_NONE};
    /* A copy without the NUL, so that a read beyond the text is seen. */
    const size_t len = strlen(text);
    char *copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    memcpy(copy, text, len);
    const hf_status status = x5_bundle_load(span_of(copy, len), mode, error, out);
    free(copy);
    return status;
}

static void test_bundles(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example");
    char text[8192];
    hf_error error;
    struct x5_bundle bundle;
    (void)snprintf(text, sizeof text, "hello\n%s# a comment\n%s%s", p->leaf->pem, p->key_pem,
                   p->ca_pem);
    assert_int_equal(load(text, X5_BUNDLE_ALL, &error, &bundle), HF_OK);
    assert_int_equal(bundle.count, 2);
    assert_true(span_eq(bundle.certificate[0], p->leaf->der));
    assert_true(span_eq(bundle.certificate[1], p->ca->der));
    x5_bundle_free(&bundle);
    assert_null(bundle.certificate);

    error = (hf_error){.code = HF_E_NONE};
    assert_int_equal(x5_bundle_load(p->leaf->der, X5_BUNDLE_ALL, &error, &bundle), HF_OK);
    assert_int_equal(bundle.count, 1);
    assert_true(span_eq(bundle.certificate[0], p->leaf->der));
    x5_bundle_free(&bundle);
    const hf_span cut = {p->leaf->der.data, p->leaf->der.len - 1};
    assert_int_equal(x5_bundle_load(cut, X5_BUNDLE_ALL, &error, &bundle), HF_FAILED);
    assert_int_equal(error.code, HF_E_PEM_MALFORMED);

    /* A text may begin with '0', which is also the first byte of DER. */
    (void)snprintf(text, sizeof text, "0 s:CN = a.example\n%s", p->leaf->pem);
    assert_int_equal(load(text, X5_BUNDLE_ALL, &error, &bundle), HF_OK);
    x5_bundle_free(&bundle);
    pki_free(p);
}

static void assert_bad(const char *text, const char *detail)
{
    hf_error error;
    struct x5_bundle bundle;
    assert_int_equal(load(text, X5_BUNDLE_ALL, &error, &bundle), HF_FAILED);
    assert_int_equal(error.code, HF_E_PEM_MALFORMED);
    assert_non_null(strstr(error.detail, detail));
    assert_null(bundle.certificate);
    assert_int_equal(bundle.count, 0);
}

static void test_errors_say_what_and_where(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example");
    char text[8192];
    assert_bad("", "empty");
    assert_bad("nothing here", "");
    assert_bad(p->key_pem, "it holds 'PRIVATE KEY' but no certificate");
    (void)snprintf(text, sizeof text, "%s-----BEGIN CERTIFICATE-----\nZm9v\n", p->ca_pem);
    assert_bad(text, "has no -----END CERTIFICATE----- line");
    (void)snprintf(text, sizeof text,
                   "%s-----BEGIN CERTIFICATE-----\nZm9v*\n-----END CERTIFICATE-----\n", p->ca_pem);
    assert_bad(text, "certificate 2 of 2 (line ");
    assert_bad(text, "is not valid Base64");
    (void)snprintf(text, sizeof text,
                   "%s-----BEGIN CERTIFICATE-----\nZm9v\n-----END CERTIFICATE-----\n%s", p->ca_pem,
                   p->ca_pem);
    assert_bad(text, "certificate 2 of 3 (line ");
    assert_bad(text, "is not a well-formed certificate");

    hf_error error;
    struct x5_bundle bundle;
    assert_int_equal(load(text, X5_BUNDLE_SKIP_BAD, &error, &bundle), HF_OK);
    assert_int_equal(bundle.count, 2);
    assert_int_equal(bundle.skipped, 1);
    x5_bundle_free(&bundle);
    assert_int_equal(load("-----BEGIN CERTIFICATE-----\nZm9v\n-----END CERTIFICATE-----\n",
                          X5_BUNDLE_SKIP_BAD, &error, &bundle),
                     HF_FAILED);
    assert_int_equal(error.code, HF_E_PEM_MALFORMED);
    pki_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_bundles),
        cmocka_unit_test(test_errors_say_what_and_where),
    };
    return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}

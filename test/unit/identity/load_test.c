/* Loading identities: what belongs together is taken, what does not is refused by name. */
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

static struct pki *p;

static int setup(void **state)
{
    (void)state;
    p = pki_simple(PKI_P256, "A.Example,*.b.EXAMPLE,10.0.0.1,2001:db8::1,email:x@y.example");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_free(p);
    return 0;
}

static hf_identity *load(hf_span chain, hf_span key, hf_error *error)
{
    const hf_identity_source source = {.size = sizeof source, .chain = chain, .key = key};
    hf_identity *identity = NULL;
    *error = (hf_error){.code = HF_E_NONE};
    const hf_status status = hf_identity_load(&source, error, &identity);
    assert_int_equal(status, identity == NULL ? HF_FAILED : HF_OK);
    assert_int_equal(error->code == HF_E_NONE, identity != NULL);
    return identity;
}

static void accept(const char *chain, const char *key)
{
    hf_error error;
    hf_identity *identity = load(span_str(chain), span_str(key), &error);
    assert_string_equal(error.detail, "");
    assert_non_null(identity);
    hf_identity_free(identity);
}

static void refuse(const char *chain, const char *key, hf_err code, const char *detail)
{
    hf_error error;
    assert_null(load(span_str(chain), span_str(key), &error));
    assert_string_equal(hf_err_lookup(error.code)->name, hf_err_lookup(code)->name);
    if (strstr(error.detail, detail) == NULL) {
        assert_string_equal(error.detail, detail); /* shows both */
    }
}

static void test_what_was_loaded(void **state)
{
    (void)state;
    hf_error error;
    hf_identity *identity = load(span_str(p->chain_pem), span_str(p->key_pem), &error);
    assert_non_null(identity);
    assert_int_equal(hf_identity_chain_count(identity), 2);
    assert_true(span_eq(hf_identity_certificate(identity, 0), p->leaf->der));
    assert_true(span_eq(hf_identity_certificate(identity, 1), p->intermediate->der));
    assert_int_equal(hf_identity_certificate(identity, 2).len, 0);
    assert_int_equal(hf_identity_key_kind(identity), HF_KEY_P256);
    assert_non_null(hf_identity_key(identity));
    assert_int_equal(hf_identity_ocsp_response(identity).len, 0);
    assert_int_equal(hf_identity_sct_list(identity).len, 0);
    assert_int_equal(hf_identity_name_count(identity), 4);
    assert_string_equal(hf_identity_name(identity, 0), "a.example");
    assert_string_equal(hf_identity_name(identity, 1), "*.b.example");
    assert_string_equal(hf_identity_name(identity, 2), "10.0.0.1");
    assert_string_equal(hf_identity_name(identity, 3), "2001:db8::1");
    assert_null(hf_identity_name(identity, 4));
    hf_identity *same = hf_identity_ref(identity);
    hf_identity_free(identity);
    assert_string_equal(hf_identity_name(same, 0), "a.example");
    hf_identity_free(same);
    hf_identity_free(NULL);
}

static void test_every_kind(void **state)
{
    (void)state;
    static const struct {
        enum pki_kind made;
        hf_key_kind kind;
    } kinds[] = {{PKI_P256, HF_KEY_P256},
                 {PKI_P384, HF_KEY_P384},
                 {PKI_P521, HF_KEY_P521},
                 {PKI_RSA_2048, HF_KEY_RSA},
                 {PKI_RSA_PSS_2048, HF_KEY_RSA_PSS},
                 {PKI_ED25519, HF_KEY_ED25519},
                 {PKI_ED448, HF_KEY_ED448}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct pki *q = pki_simple(kinds[i].made, "a.example");
        hf_error error;
        hf_identity *identity = load(span_str(q->chain_pem), span_str(q->key_pem), &error);
        assert_non_null(identity);
        assert_int_equal(hf_identity_key_kind(identity), kinds[i].kind);
        hf_identity_free(identity);
        /* The same with the key elsewhere. */
        identity = load(span_str(q->chain_pem), (hf_span){NULL, 0}, &error);
        assert_non_null(identity);
        assert_null(hf_identity_key(identity));
        assert_int_equal(hf_identity_key_kind(identity), kinds[i].kind);
        hf_identity_free(identity);
        pki_free(q);
    }
}

static int give_passphrase(void *ctx, char *out, size_t cap)
{
    const char *passphrase = ctx;
    if (passphrase == NULL || strlen(passphrase) > cap) {
        return -1;
    }
    memcpy(out, passphrase, strlen(passphrase));
    return (int)strlen(passphrase);
}

static char told[sizeof(((hf_error *)0)->detail)]; /* the detail of the last failure */

static hf_err load_encrypted(hf_span key, hf_passphrase_fn ask, const char *passphrase)
{
    const hf_identity_source source = {.size = sizeof source,
                                       .chain = p->leaf->der,
                                       .key = key,
                                       .passphrase = ask,
                                       .passphrase_ctx = (void *)(uintptr_t)passphrase};
    hf_error error = {.code = HF_E_NONE};
    hf_identity *identity = NULL;
    const hf_status status = hf_identity_load(&source, &error, &identity);
    assert_int_equal(status == HF_OK, identity != NULL);
    hf_identity_free(identity);
    (void)snprintf(told, sizeof told, "%s", error.detail);
    return error.code;
}

static void test_forms_of_keys(void **state)
{
    (void)state;
    static const struct {
        enum pki_key_form form;
        bool encrypted;
    } forms[] = {{PKI_KEY_PKCS8, false},          {PKI_KEY_TRADITIONAL, false},
                 {PKI_KEY_PKCS8_DER, false},      {PKI_KEY_TRADITIONAL_DER, false},
                 {PKI_KEY_PKCS8_ENCRYPTED, true}, {PKI_KEY_TRADITIONAL_ENCRYPTED, true}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t len = 0;
        char *text =
            pki_key_write(p->leaf, forms[i].form, forms[i].encrypted ? "secret" : NULL, &len);
        const hf_span key = span_of(text, len);
        assert_int_equal(load_encrypted(key, give_passphrase, "secret"), HF_E_NONE);
        const hf_err otherwise = forms[i].encrypted ? HF_E_KEY_PASSPHRASE : HF_E_NONE;
        assert_int_equal(load_encrypted(key, give_passphrase, "wrong"), otherwise);
        assert_int_equal(load_encrypted(key, give_passphrase, NULL), otherwise);
        assert_int_equal(load_encrypted(key, NULL, NULL), otherwise);
        if (forms[i].encrypted) { /* what was asked for and not given, and what was wrong */
            assert_string_equal(told, "no passphrase was given");
            (void)load_encrypted(key, give_passphrase, NULL);
            assert_string_equal(told, "no passphrase was given");
            (void)load_encrypted(key, give_passphrase, "wrong");
            assert_string_equal(told, "the passphrase does not open it");
        }
        free(text);
    }
}

static void test_one_file_for_both(void **state)
{
    (void)state;
    char text[8192];
    (void)snprintf(text, sizeof text, "%s%s", p->chain_pem, p->key_pem);
    accept(text, text);
    (void)snprintf(text, sizeof text, "%s%s", p->key_pem, p->chain_pem);
    accept(text, text);
}

static void test_chains(void **state)
{
    (void)state;
    struct pki *twin = pki_simple(PKI_P256, "a.example"); /* the same names, other keys */
    struct pki_cert *stranger = pki_make(&(struct pki_spec){.common_name = "Stranger", .ca = true});
    const struct {
        const struct pki_cert *certs[4];
        hf_err code;
        const char *detail;
    } cases[] = {
        {{p->leaf}, HF_E_NONE, ""},
        {{p->leaf, p->intermediate}, HF_E_NONE, ""},
        {{p->leaf, p->intermediate, p->ca}, HF_E_NONE, ""},
        {{p->leaf, p->ca},
         HF_E_CHAIN_ORDER,
         "certificate 1 'A.Example' is issued by 'Test Intermediate CA', but followed by 'Test "
         "Root CA'"},
        {{p->leaf, p->ca, p->intermediate},
         HF_E_CHAIN_ORDER,
         "which is certificate 3 and should be 2"},
        {{p->intermediate, p->leaf},
         HF_E_CHAIN_ORDER,
         "certificate 1 'Test Intermediate CA' is issued by"},
        {{p->leaf, p->leaf}, HF_E_CHAIN_ORDER, "certificate 1"},
        {{p->leaf, p->intermediate, stranger},
         HF_E_CHAIN_ORDER,
         "certificate 2 'Test Intermediate CA' is issued by 'Test Root CA', but followed by "
         "'Stranger'"},
        {{p->leaf, twin->intermediate}, HF_E_CHAIN_ORDER, "certificate 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t count = 0;
        while (count < 4 && cases[i].certs[count] != NULL) {
            count++;
        }
        char *chain = pki_bundle(cases[i].certs, count);
        if (cases[i].code == HF_E_NONE) {
            accept(chain, p->key_pem);
        } else {
            refuse(chain, p->key_pem, cases[i].code, cases[i].detail);
        }
        free(chain);
    }
    pki_cert_free(stranger);
    pki_free(twin);
    /* The right name without key identifiers: only the signature tells. */
    struct pki_cert *a =
        pki_make(&(struct pki_spec){.common_name = "Twin", .ca = true, .subject_key_id = ""});
    struct pki_cert *b =
        pki_make(&(struct pki_spec){.common_name = "Twin", .ca = true, .subject_key_id = ""});
    struct pki_cert *leaf = pki_make(&(struct pki_spec){.issuer = a, .common_name = "x"});
    char *good = pki_bundle((const struct pki_cert *const[]){leaf, a}, 2);
    char *bad = pki_bundle((const struct pki_cert *const[]){leaf, b}, 2);
    accept(good, leaf->key_pem);
    refuse(bad, leaf->key_pem, HF_E_CHAIN_ORDER,
           "certificate 2 bears the name of certificate 1's issuer, but did not sign it");
    free(good);
    free(bad);
    pki_cert_free(leaf);
    pki_cert_free(b);
    pki_cert_free(a);
}

static void test_keys_that_do_not_belong(void **state)
{
    (void)state;
    struct pki_cert *other = pki_make(&(struct pki_spec){.common_name = "x"});
    struct pki_cert *edwards =
        pki_make(&(struct pki_spec){.kind = PKI_ED25519, .common_name = "x"});
    refuse(p->chain_pem, other->key_pem, HF_E_KEY_MISMATCH,
           "both are of the same kind, but not of one pair");
    refuse(p->chain_pem, edwards->key_pem, HF_E_KEY_MISMATCH,
           "the certificate's key is EC P-256, the private key is not");
    refuse(p->chain_pem, p->intermediate->key_pem, HF_E_KEY_MISMATCH,
           "it belongs to certificate 2 of the chain, which should be the first");
    refuse(p->chain_pem, "nonsense", HF_E_KEY_MALFORMED, "");
    refuse(p->chain_pem, p->leaf->pem, HF_E_KEY_MALFORMED, "");
    pki_cert_free(edwards);
    pki_cert_free(other);
}

static void test_what_is_not_supported(void **state)
{
    (void)state;
    struct pki_cert *weak = pki_make(&(struct pki_spec){.kind = PKI_RSA_1024, .common_name = "x"});
    struct pki_cert *odd = pki_make(&(struct pki_spec){.kind = PKI_SECP256K1, .common_name = "x"});
    refuse(weak->pem, weak->key_pem, HF_E_KEY_UNSUPPORTED, "the certificate's key is RSA 1024");
    refuse(odd->pem, odd->key_pem, HF_E_KEY_UNSUPPORTED, "the certificate's key is EC secp256k1");
    refuse(p->leaf->pem, weak->key_pem, HF_E_KEY_UNSUPPORTED, "");
    refuse(p->leaf->pem, odd->key_pem, HF_E_KEY_UNSUPPORTED, "");
    refuse("", p->key_pem, HF_E_PEM_MALFORMED, "it is empty");
    refuse(p->key_pem, p->key_pem, HF_E_PEM_MALFORMED, "it holds 'PRIVATE KEY' but no certificate");
    pki_cert_free(odd);
    pki_cert_free(weak);
}

static void test_source_must_know_its_size(void **state)
{
    (void)state;
    const hf_identity_source source = {.chain = p->leaf->der};
    hf_error error = {.code = HF_E_NONE};
    hf_identity *identity = (hf_identity *)(uintptr_t)1;
    assert_int_equal(hf_identity_load(&source, &error, &identity), HF_FAILED);
    assert_int_equal(error.code, HF_E_API_MISUSE);
    assert_null(identity);
}

static bool takes_staple(hf_span ocsp, hf_span scts)
{
    const hf_identity_source source = {
        .size = sizeof source, .chain = p->leaf->der, .ocsp_response = ocsp, .sct_list = scts};
    hf_error error = {.code = HF_E_NONE};
    hf_identity *identity = NULL;
    if (hf_identity_load(&source, &error, &identity) != HF_OK) {
        assert_int_equal(error.code, HF_E_CONFIG_VALUE);
        return false;
    }
    assert_true(span_eq(hf_identity_ocsp_response(identity), ocsp));
    assert_true(span_eq(hf_identity_sct_list(identity), scts));
    hf_identity_free(identity);
    return true;
}

static void test_staples(void **state)
{
    (void)state;
    const hf_span none = {NULL, 0};
    const hf_span ocsp = span_of("\x30\x03\x0a\x01\x06", 5); /* tryLater */
    const hf_span scts = span_of("\0\7\0\1x\0\2yz", 9);
    assert_true(takes_staple(ocsp, none));
    assert_true(takes_staple(none, scts));
    assert_true(takes_staple(ocsp, scts));
    assert_false(takes_staple(span_of("\x30\x03\x0a\x01", 4), none));
    assert_false(takes_staple(span_of("\x30\x03\x0a\x01\x06\x00", 6), none));
    assert_false(takes_staple(span_of("text", 4), none));
    assert_false(takes_staple(none, span_of("\0\0", 2)));
    assert_false(takes_staple(none, span_of("\0\2\0\0", 4)));   /* an empty SCT */
    assert_false(takes_staple(none, span_of("\0\3\0\2x", 5)));  /* one that is cut */
    assert_false(takes_staple(none, span_of("\0\4\0\1xy", 6))); /* a byte too many */
    assert_false(takes_staple(none, span_of("\0\3\0\1xy", 6)));
    assert_false(takes_staple(none, span_of("x", 1)));
}

static void test_a_staple_as_it_is(void **state)
{
    (void)state;
    hf_identity_source source = {.size = sizeof source,
                                 .chain = p->leaf->der,
                                 .ocsp_response = span_of("text", 4),
                                 .staple_as_is = true};
    hf_error error = {.code = HF_E_NONE};
    hf_identity *identity = NULL;
    assert_int_equal(hf_identity_load(&source, &error, &identity), HF_OK);
    assert_true(span_eq(hf_identity_ocsp_response(identity), source.ocsp_response));
    hf_identity_free(identity);
    source.sct_list = span_of("x", 1); /* which is not meant */
    assert_int_equal(hf_identity_load(&source, &error, &identity), HF_FAILED);
    assert_int_equal(error.code, HF_E_CONFIG_VALUE);
}

static void test_time(void **state)
{
    (void)state;
    hf_error error;
    struct pki_cert *cert = pki_make(&(struct pki_spec){.common_name = "Jo Doe",
                                                        .not_before_s = PKI_NOW - PKI_DAY,
                                                        .not_after_s = PKI_NOW + PKI_DAY});
    hf_identity *identity = load(cert->der, (hf_span){NULL, 0}, &error);
    assert_non_null(identity);
    assert_int_equal(hf_identity_check_time(identity, PKI_NOW - PKI_DAY, &error), HF_OK);
    assert_int_equal(hf_identity_check_time(identity, PKI_NOW + PKI_DAY, &error), HF_OK);
    assert_int_equal(hf_identity_check_time(identity, PKI_NOW + 4 * PKI_DAY, &error), HF_FAILED);
    assert_int_equal(error.code, HF_E_IDENTITY_EXPIRED);
    assert_string_equal(error.detail, "CN=Jo Doe expired 2025-06-16 15:06:40 UTC, 3 days before "
                                      "2025-06-19 15:06:40 UTC");
    error = (hf_error){.code = HF_E_NONE};
    assert_int_equal(hf_identity_check_time(identity, PKI_NOW - PKI_DAY - 1, &error), HF_FAILED);
    assert_non_null(strstr(error.detail, "is valid from"));
    hf_identity_free(identity);
    pki_cert_free(cert);
}

/* Names that nobody could ask for are not names. */
static void test_odd_names_are_left_out(void **state)
{
    (void)state;
    hf_error error;
    struct pki_cert *cert = pki_make(&(struct pki_spec){
        .common_name = "cn.example",
        .names = "DNS:ok.example,DNS:bad "
                 "name,DNS:*.*.example,DNS:f*.example,DNS:*,DNS:10.0.0.1,DNS:x.example."});
    hf_identity *identity = load(cert->der, (hf_span){NULL, 0}, &error);
    assert_non_null(identity);
    assert_int_equal(hf_identity_name_count(identity), 1);
    assert_string_equal(hf_identity_name(identity, 0), "ok.example");
    hf_identity_free(identity);
    pki_cert_free(cert);
    cert = pki_make(&(struct pki_spec){.common_name = "x",
                                       .extra = "2.5.29.17=DER:30:08:82:06:61:00:62:63:64:65"});
    identity = load(cert->der, (hf_span){NULL, 0}, &error);
    assert_non_null(identity);
    assert_int_equal(hf_identity_name_count(identity), 0);
    assert_null(hf_identity_name(identity, 0));
    hf_identity_free(identity);
    pki_cert_free(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_loaded),
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_forms_of_keys),
        cmocka_unit_test(test_one_file_for_both),
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_keys_that_do_not_belong),
        cmocka_unit_test(test_what_is_not_supported),
        cmocka_unit_test(test_source_must_know_its_size),
        cmocka_unit_test(test_staples),
        cmocka_unit_test(test_a_staple_as_it_is),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_odd_names_are_left_out),
    };
    return cmocka_run_group_tests_name("identity load", tests, setup, teardown);
}

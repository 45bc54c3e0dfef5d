/* Sets of anchors: what goes in, what is refused as a whole, and replacing one while others read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/span.h"
#include "support/pki.h"
#include "support/skip.h"
#include "x509/x509.h"

static hf_trust *trust_of(const char *pem)
{
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add(trust, span_str(pem), &error), HF_OK);
    return trust;
}

static bool accepts(const hf_trust *trust, const struct pki *p)
{
    hf_verdict verdict;
    const struct x5_request request = {.trust = trust,
                                       .chain = p->chain,
                                       .count = 2,
                                       .peer = HF_SERVER,
                                       .name = "a.example",
                                       .now_s = PKI_NOW};
    assert_int_equal(x5_verify_chain(&request, &verdict), HF_OK);
    return verdict.accepted;
}

static void test_adds_pem_and_der(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example");
    struct pki *q = pki_simple(PKI_P256, "a.example");
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_count(trust), 0);
    assert_false(accepts(trust, p));
    assert_false(accepts(NULL, p));
    assert_int_equal(hf_trust_add(trust, p->ca->der, &error), HF_OK);
    assert_int_equal(hf_trust_count(trust), 1);
    assert_true(accepts(trust, p));
    assert_false(accepts(trust, q));
    char *both = pki_bundle((const struct pki_cert *const[]){p->ca, q->ca}, 2);
    assert_int_equal(hf_trust_add(trust, span_str(both), &error), HF_OK);
    free(both);                                 /* nothing is kept of it */
    assert_int_equal(hf_trust_count(trust), 2); /* p's was there already */
    assert_true(accepts(trust, p));
    assert_true(accepts(trust, q));

    hf_span issuer, subject;
    assert_true(x5_names(q->ca->der, &issuer, &subject));
    assert_true(span_eq(hf_trust_subject(trust, 1), subject));
    assert_int_equal(hf_trust_subject(trust, 2).len, 0);

    hf_trust *same = hf_trust_ref(trust);
    hf_trust_free(trust);
    assert_true(accepts(same, q));
    hf_trust_free(same);
    hf_trust_free(NULL);
    pki_free(p);
    pki_free(q);
}

static void test_a_bad_bundle_adds_nothing(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example");
    struct pki_cert *other = pki_make(&(struct pki_spec){.common_name = "Other", .ca = true});
    hf_trust *trust = trust_of(p->ca_pem);
    char text[8192];
    (void)snprintf(text, sizeof text,
                   "%s-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", other->pem);
    hf_error error = {.code = HF_E_NONE};
    assert_int_equal(hf_trust_add(trust, span_str(text), &error), HF_FAILED);
    assert_int_equal(error.code, HF_E_PEM_MALFORMED);
    assert_non_null(strstr(error.detail, "certificate 2 of 2"));
    assert_int_equal(hf_trust_count(trust), 1);
    assert_true(accepts(trust, p));
    error = (hf_error){.code = HF_E_NONE};
    assert_int_equal(hf_trust_add(trust, span_str(p->key_pem), &error), HF_FAILED);
    assert_int_equal(error.code, HF_E_PEM_MALFORMED);
    error = (hf_error){.code = HF_E_NONE};
    assert_int_equal(hf_trust_add(trust, span_str(""), &error), HF_FAILED);
    assert_int_equal(hf_trust_count(trust), 1);
    hf_trust_free(trust);
    pki_cert_free(other);
    pki_free(p);
}

static void test_the_system_store(void **state)
{
    (void)state;
    if (getenv("SSL_CERT_FILE") != NULL) {
        assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
    }
    FILE *f = fopen("/etc/ssl/certs/ca-certificates.crt", "rb");
    if (f == NULL) {
        test_skip("no /etc/ssl/certs/ca-certificates.crt on this machine");
    }
    size_t count = 0;
    char line[256];
    while (fgets(line, sizeof line, f) != NULL) {
        count += strncmp(line, "-----BEGIN CERTIFICATE-----", 27) == 0;
    }
    (void)fclose(f);
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add_system(trust, &error), HF_OK);
    assert_int_equal(hf_trust_count(trust), count); /* the public web's roots, oddities and all */
    hf_trust_free(trust);
}

static void test_the_environment_names_a_store(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example");
    const char *directory = getenv("TMPDIR");
    char path[512];
    (void)snprintf(path, sizeof path, "%s/handfast-trust-XXXXXX",
                   directory == NULL ? "/tmp" : directory);
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "wb");
    assert_non_null(f);
    assert_true(fputs(p->ca_pem, f) >= 0);
    assert_int_equal(fflush(f), 0);
    assert_int_equal(setenv("SSL_CERT_FILE", path, 1), 0);

    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add_system(trust, &error), HF_OK);
    assert_int_equal(hf_trust_count(trust), 1);
    assert_true(accepts(trust, p));

    /* What the user chose is taken as a whole or not at all. */
    assert_true(fputs("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(hf_trust_add_system(trust, &error), HF_FAILED);
    assert_int_equal(error.code, HF_E_PEM_MALFORMED);

    assert_int_equal(remove(path), 0);
    error = (hf_error){.code = HF_E_NONE};
    assert_int_equal(hf_trust_add_system(trust, &error), HF_FAILED);
    assert_int_equal(error.code, HF_E_CONFIG_NO_TRUST);
    assert_non_null(strstr(error.detail, path));
    error = (hf_error){.code = HF_E_NONE};
    assert_int_equal(setenv("SSL_CERT_FILE", "/", 1), 0);
    assert_int_equal(hf_trust_add_system(trust, &error), HF_FAILED);
    assert_int_equal(error.code, HF_E_CONFIG_NO_TRUST);
    assert_int_equal(hf_trust_count(trust), 1);
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
    hf_trust_free(trust);
    pki_free(p);
}

static void test_store_is_replaced(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example");
    struct pki *q = pki_simple(PKI_P256, "a.example");
    hf_trust *one = trust_of(p->ca_pem);
    hf_trust *two = trust_of(q->ca_pem);
    hf_trust_store *store = hf_trust_store_new(one);
    assert_non_null(store);
    hf_trust_free(one);
    hf_trust *held = hf_trust_store_current(store);
    assert_true(accepts(held, p));
    hf_trust_store_replace(store, two);
    hf_trust_free(two);
    assert_true(accepts(held, p)); /* who has read the old one finishes with it */
    hf_trust_free(held);
    held = hf_trust_store_current(store);
    assert_true(accepts(held, q));
    assert_false(accepts(held, p));
    hf_trust_free(held);
    hf_trust_store *same = hf_trust_store_ref(store);
    hf_trust_store_free(store);
    hf_trust_store_replace(same, NULL);
    assert_null(hf_trust_store_current(same));
    hf_trust_store_free(same);
    hf_trust_store_free(NULL);
    pki_free(p);
    pki_free(q);
}

struct race {
    hf_trust_store *store;
    struct pki *p;
    atomic_bool stop;
    atomic_int accepted, refused;
};

static void *verify_until_stopped(void *arg)
{
    struct race *race = arg;
    do {
        hf_trust *trust = hf_trust_store_current(race->store);
        if (accepts(trust, race->p)) {
            atomic_fetch_add(&race->accepted, 1);
        } else {
            atomic_fetch_add(&race->refused, 1);
        }
        hf_trust_free(trust);
    } while (!atomic_load(&race->stop));
    return NULL;
}

static void test_replaced_while_others_verify(void **state)
{
    (void)state;
    enum { VERIFIERS = 3, ROUNDS = 40 };
    struct race race = {.p = pki_simple(PKI_P256, "a.example")};
    struct pki *q = pki_simple(PKI_P256, "a.example");
    hf_trust *first = trust_of(race.p->ca_pem);
    race.store = hf_trust_store_new(first);
    hf_trust_free(first);
    pthread_t threads[VERIFIERS];
    for (int i = 0; i < VERIFIERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, verify_until_stopped, &race), 0);
    }
    for (int round = 0;
         round < ROUNDS || atomic_load(&race.accepted) == 0 || atomic_load(&race.refused) == 0;
         round++) {
        hf_trust *next = trust_of(round % 2 == 0 ? q->ca_pem : race.p->ca_pem);
        hf_trust_store_replace(race.store, next);
        hf_trust_free(next);
    }
    atomic_store(&race.stop, true);
    for (int i = 0; i < VERIFIERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    hf_trust_store_free(race.store);
    pki_free(race.p);
    pki_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adds_pem_and_der),
        cmocka_unit_test(test_a_bad_bundle_adds_nothing),
        cmocka_unit_test(test_the_system_store),
        cmocka_unit_test(test_the_environment_names_a_store),
        cmocka_unit_test(test_store_is_replaced),
        cmocka_unit_test(test_replaced_while_others_verify),
    };
    return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}

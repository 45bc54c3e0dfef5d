/* Stores of many identities, and replacing the whole set while others choose from it. */
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
#include "identity/identity_int.h"
#include "support/pki.h"
#include "wire/iana.h"

static const uint16_t p256[] = {IANA_SCHEME_ecdsa_secp256r1_sha256};

/* Which index is chosen for a name; -1: none is for it. */
static int chosen(hf_identity_store *store, const char *name)
{
    const struct identity_want want = {.server_name = span_str(name),
                                       .strict_name = true,
                                       .schemes = p256,
                                       .scheme_count = 1,
                                       .allowed = p256,
                                       .allowed_count = 1};
    struct tracer tr;
    tracer_init(&tr, NULL, NULL, HF_SERVER);
    hf_error error = {.code = HF_E_NONE};
    struct identity_choice choice;
    if (identity_choose(store, &want, &tr, &error, &choice) != HF_OK) {
        assert_int_equal(error.code, HF_E_UNRECOGNIZED_NAME);
        return -1;
    }
    hf_identity_free(choice.identity);
    return (int)choice.index;
}

static hf_identity *make(const struct pki_cert *key_of, const char *names)
{
    struct pki_cert *cert =
        pki_make(&(struct pki_spec){.key_of = key_of, .common_name = "x", .names = names});
    const hf_identity_source source = {
        .size = sizeof source, .chain = cert->der, .key = span_str(cert->key_pem)};
    hf_error error = {.code = HF_E_NONE};
    hf_identity *identity = NULL;
    assert_int_equal(hf_identity_load(&source, &error, &identity), HF_OK);
    pki_cert_free(cert);
    return identity;
}

static void test_thousands_of_names(void **state)
{
    (void)state;
    enum { IDENTITIES = 300, NAMES = 12 };
    struct pki_cert *key = pki_make(&(struct pki_spec){.common_name = "key"});
    hf_identity *identities[IDENTITIES];
    for (int i = 0; i < IDENTITIES; i++) {
        char names[1024] = "";
        for (int n = 0; n < NAMES; n++) {
            char one[64];
            (void)snprintf(one, sizeof one, "%sn%d.site%d.example", n == 0 ? "" : ",", n, i);
            (void)strcat(names, one);
        }
        char wildcard[64];
        (void)snprintf(wildcard, sizeof wildcard, ",*.site%d.example,shared.example", i);
        (void)strcat(names, wildcard);
        identities[i] = make(key, names);
    }
    hf_identity_store *store = hf_identity_store_new(identities, IDENTITIES);
    assert_non_null(store);
    for (int i = 0; i < IDENTITIES; i++) {
        hf_identity_free(identities[i]);
    }
    for (int i = 0; i < IDENTITIES; i++) {
        char name[64];
        for (int n = 0; n < NAMES; n++) {
            (void)snprintf(name, sizeof name, "n%d.site%d.example", n, i);
            assert_int_equal(chosen(store, name), i);
        }
        (void)snprintf(name, sizeof name, "any.site%d.example", i);
        assert_int_equal(chosen(store, name), i);
        (void)snprintf(name, sizeof name, "x.any.site%d.example", i);
        assert_int_equal(chosen(store, name), -1);
    }
    assert_int_equal(chosen(store, "shared.example"), 0); /* of equals the first */
    assert_int_equal(chosen(store, "site300.example"), -1);
    hf_identity_store_free(store);
    pki_cert_free(key);
}

static void test_name_twice_in_one_certificate(void **state)
{
    (void)state;
    struct pki_cert *key = pki_make(&(struct pki_spec){.common_name = "key"});
    hf_identity *identity = make(key, "a.example,a.example,A.example");
    assert_int_equal(hf_identity_name_count(identity), 3);
    hf_identity_store *store = hf_identity_store_new(&identity, 1);
    assert_int_equal(chosen(store, "a.example"), 0);
    hf_identity_store_free(store);
    hf_identity_free(identity);
    pki_cert_free(key);
}

static void test_replace(void **state)
{
    (void)state;
    struct pki_cert *key = pki_make(&(struct pki_spec){.common_name = "key"});
    hf_identity *old = make(key, "old.example");
    hf_identity *both[2] = {make(key, "new.example"), old};
    hf_identity_store *store = hf_identity_store_new(&old, 1);
    assert_int_equal(chosen(store, "old.example"), 0);
    assert_int_equal(hf_identity_store_replace(store, both, 2), HF_OK);
    assert_int_equal(chosen(store, "old.example"), 1);
    assert_int_equal(chosen(store, "new.example"), 0);
    assert_int_equal(hf_identity_store_replace(store, NULL, 0), HF_OK);
    hf_identity_store *same = hf_identity_store_ref(store);
    hf_identity_store_free(store);
    assert_int_equal(hf_identity_store_replace(same, both, 1), HF_OK);
    assert_int_equal(chosen(same, "old.example"), -1);
    hf_identity_store_free(same);
    hf_identity_store_free(NULL);
    hf_identity_free(both[0]);
    hf_identity_free(old);
    pki_cert_free(key);
}

struct race {
    hf_identity_store *store;
    atomic_bool stop;
    atomic_int odd, even;
    atomic_int wrong;
};

static void *choose_until_stopped(void *arg)
{
    struct race *race = arg;
    do {
        const int index = chosen(race->store, "a.example");
        if (index == 0) {
            atomic_fetch_add(&race->even, 1);
        } else if (index == 1) {
            atomic_fetch_add(&race->odd, 1);
        } else {
            atomic_fetch_add(&race->wrong, 1);
        }
    } while (!atomic_load(&race->stop));
    return NULL;
}

static void test_replaced_while_others_choose(void **state)
{
    (void)state;
    enum { CHOOSERS = 3, ROUNDS = 2000 };
    struct pki_cert *key = pki_make(&(struct pki_spec){.common_name = "key"});
    hf_identity *a = make(key, "a.example");
    hf_identity *b = make(key, "b.example");
    hf_identity *const even[] = {a, b};
    hf_identity *const odd[] = {b, a};
    struct race race = {.store = hf_identity_store_new(even, 2)};
    pthread_t threads[CHOOSERS];
    for (int i = 0; i < CHOOSERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, choose_until_stopped, &race), 0);
    }
    for (int round = 0;
         round < ROUNDS || atomic_load(&race.even) == 0 || atomic_load(&race.odd) == 0; round++) {
        assert_int_equal(hf_identity_store_replace(race.store, round % 2 == 0 ? odd : even, 2),
                         HF_OK);
    }
    atomic_store(&race.stop, true);
    for (int i = 0; i < CHOOSERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&race.wrong), 0);
    hf_identity_store_free(race.store);
    hf_identity_free(a);
    hf_identity_free(b);
    pki_cert_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thousands_of_names),
        cmocka_unit_test(test_name_twice_in_one_certificate),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_replaced_while_others_choose),
    };
    return cmocka_run_group_tests_name("identity store", tests, NULL, NULL);
}

/* The cache of chains: what is found again, what never is, and many threads at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/span.h"
#include "store/chain_cache.h"
#include "support/pair.h"
#include "support/pki.h"

static hf_trust *trust_of(const struct pki_cert *ca)
{
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    assert_non_null(trust);
    assert_int_equal(hf_trust_add(trust, ca->der, &error), HF_OK);
    return trust;
}

struct digest {
    uint8_t b[STORE_CHAIN_KEY_LEN];
};

static struct digest digest_of(const struct x5_request *request)
{
    struct digest d;
    x5_request_digest(request, d.b);
    return d;
}

static bool same(struct digest a, struct digest b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}

/* The key changes with everything that the verdict depends on, and with the clock it does not. */
static void test_key(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example");
    struct pki *other = pki_simple(PKI_P256, "a.example");
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = trust_of(p->ca);
    hf_trust *again = trust_of(p->ca);
    const struct x5_request base = {.trust = trust,
                                    .chain = p->chain,
                                    .count = 2,
                                    .peer = HF_SERVER,
                                    .name = "a.example",
                                    .now_s = PKI_NOW,
                                    .max_depth = 10};
    const struct digest d = digest_of(&base);
    struct x5_request r = base;
    r.now_s++;
    assert_true(same(digest_of(&r), d));
    r.trust = again; /* the same anchors in another object */
    assert_true(same(digest_of(&r), d));
    assert_int_equal(hf_trust_pin(again, (uint8_t[32]){1}, &error), HF_OK);
    assert_false(same(digest_of(&r), d));
    r = base;
    r.name = "a.exampl";
    assert_false(same(digest_of(&r), d));
    r.name = NULL;
    assert_false(same(digest_of(&r), d));
    r = base;
    r.count = 1;
    assert_false(same(digest_of(&r), d));
    r = base;
    r.peer = HF_CLIENT;
    assert_false(same(digest_of(&r), d));
    r = base;
    r.key_transport = true;
    assert_false(same(digest_of(&r), d));
    r = base;
    r.max_depth = 9;
    assert_false(same(digest_of(&r), d));
    r = base;
    r.chain = other->chain;
    assert_false(same(digest_of(&r), d));
    r = base;
    r.trust = NULL;
    assert_false(same(digest_of(&r), d));
    assert_int_equal(hf_trust_add(trust, other->ca->der, &error), HF_OK);
    assert_false(same(digest_of(&base), d));
    hf_trust_free(again);
    hf_trust_free(trust);
    pki_free(other);
    pki_free(p);
}

static void test_time_window(void **state)
{
    (void)state;
    hf_chain_cache *cache = hf_chain_cache_new(0);
    assert_non_null(cache);
    const uint8_t key[STORE_CHAIN_KEY_LEN] = {1, 2, 3};
    const hf_verdict v = {
        .accepted = true, .from_s = 100, .until_s = 200, .now_s = 150, .detail = "through x"};
    hf_verdict out;
    assert_false(store_chain_find(cache, key, 150, &out));
    store_chain_put(cache, key, &v);
    assert_true(store_chain_find(cache, key, 160, &out));
    assert_string_equal(out.detail, "through x");
    assert_int_equal(out.now_s, 160);
    assert_true(store_chain_find(cache, key, 100, &out));
    assert_true(store_chain_find(cache, key, 200, &out));
    assert_false(store_chain_find(cache, key, 99, &out));
    assert_false(store_chain_find(cache, key, 201, &out));
    hf_chain_cache_counts counts;
    hf_chain_cache_count(cache, &counts);
    assert_int_equal(counts.hits, 3);
    assert_int_equal(counts.misses, 3);
    assert_int_equal(counts.held, 1);
    hf_chain_cache_clear(cache);
    assert_false(store_chain_find(cache, key, 150, &out));
    hf_chain_cache_free(cache);
    hf_chain_cache_free(NULL);
}

static void test_refusals_are_not_remembered(void **state)
{
    (void)state;
    hf_chain_cache *cache = hf_chain_cache_new(1);
    const uint8_t key[STORE_CHAIN_KEY_LEN] = {7};
    const hf_verdict v = {.accepted = false, .from_s = 0, .until_s = INT64_MAX};
    hf_verdict out;
    store_chain_put(cache, key, &v);
    assert_false(store_chain_find(cache, key, 1, &out));
    hf_chain_cache_free(cache);
}

/* It stays within its bounds, and forgets what was not asked for longest. */
static void test_bounds(void **state)
{
    (void)state;
    hf_chain_cache *cache = hf_chain_cache_new(4);
    const hf_verdict v = {.accepted = true, .from_s = 0, .until_s = INT64_MAX};
    hf_verdict out;
    for (uint8_t i = 0; i < 4; i++) {
        store_chain_put(cache, (uint8_t[STORE_CHAIN_KEY_LEN]){i}, &v);
    }
    assert_true(store_chain_find(cache, (uint8_t[STORE_CHAIN_KEY_LEN]){0}, 1, &out));
    store_chain_put(cache, (uint8_t[STORE_CHAIN_KEY_LEN]){9}, &v);
    assert_true(store_chain_find(cache, (uint8_t[STORE_CHAIN_KEY_LEN]){0}, 1, &out));
    assert_false(store_chain_find(cache, (uint8_t[STORE_CHAIN_KEY_LEN]){1}, 1, &out));
    assert_true(store_chain_find(cache, (uint8_t[STORE_CHAIN_KEY_LEN]){9}, 1, &out));
    hf_chain_cache_counts counts;
    hf_chain_cache_count(cache, &counts);
    assert_int_equal(counts.held, 4);
    hf_chain_cache_free(cache);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *work(void *arg)
{
    hf_chain_cache *cache = arg;
    hf_verdict v = {.accepted = true, .from_s = 0, .until_s = INT64_MAX};
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint8_t key[STORE_CHAIN_KEY_LEN] = {(uint8_t)(i * 7), (uint8_t)(i >> 8)};
        hf_verdict out;
        (void)snprintf(v.detail, sizeof v.detail, "%u %u", key[0], key[1]);
        if (!store_chain_find(cache, key, 1, &out)) {
            store_chain_put(cache, key, &v);
        } else if (strcmp(out.detail, v.detail) != 0) {
            return cache; /* somebody else's verdict */
        }
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    hf_chain_cache *cache = hf_chain_cache_new(64);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, hf_chain_cache_ref(cache)), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
        hf_chain_cache_free(cache);
    }
    hf_chain_cache_counts counts;
    hf_chain_cache_count(cache, &counts);
    assert_int_equal(counts.hits + counts.misses, THREADS * ROUNDS);
    assert_true(counts.held <= 64);
    hf_chain_cache_free(cache);
}

/* Whether a handshake ends well. */
static bool connects(const struct pki *p, hf_trust_store *store, hf_chain_cache *cache)
{
    hf_config *client = pair_client_config(p);
    hf_config *server = pair_server_config(p);
    assert_int_equal(hf_config_set_trust(client, store), HF_OK);
    assert_int_equal(hf_config_set_chain_cache(client, cache), HF_OK);
    struct pair *pair = pair_new(&(struct pair_options){
        .client = pair_freeze(client), .server = pair_freeze(server), .server_name = "a.example"});
    const bool connected = pair_handshake(pair);
    pair_free(pair);
    hf_config_free(client);
    hf_config_free(server);
    return connected;
}

/* Connections share it; anchors that are taken away are gone at once. */
static void test_connections(void **state)
{
    (void)state;
    struct pki *p = pki_simple(PKI_P256, "a.example");
    struct pki_cert *other = pki_make(&(struct pki_spec){.common_name = "Other", .ca = true});
    hf_trust *right = trust_of(p->ca);
    hf_trust *wrong = trust_of(other);
    hf_trust_store *store = hf_trust_store_new(right);
    hf_chain_cache *cache = hf_chain_cache_new(0);
    hf_chain_cache_counts counts;
    assert_true(connects(p, store, cache));
    assert_true(connects(p, store, cache));
    assert_true(connects(p, store, NULL));
    hf_chain_cache_count(cache, &counts);
    assert_int_equal(counts.hits, 1);
    assert_int_equal(counts.misses, 1);
    hf_trust_store_replace(store, wrong);
    assert_false(connects(p, store, cache));
    hf_trust_store_replace(store, right);
    assert_true(connects(p, store, cache));
    hf_chain_cache_count(cache, &counts);
    assert_int_equal(counts.hits, 2);
    assert_int_equal(counts.held, 1);
    hf_chain_cache_free(cache);
    hf_trust_store_free(store);
    hf_trust_free(wrong);
    hf_trust_free(right);
    pki_cert_free(other);
    pki_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_time_window),
        cmocka_unit_test(test_refusals_are_not_remembered),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_connections),
    };
    return cmocka_run_group_tests_name("chain cache", tests, NULL, NULL);
}

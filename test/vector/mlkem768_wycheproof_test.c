/* ML-KEM-768 against Wycheproof, in each implementation. Lengths are part of our types, so for
 * vectors with a wrong length only their verdict is checked: they must be the invalid ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/wycheproof.h"
#include "unit/native/mlkem_impls.h"

struct keys {
    uint8_t ek[MLKEM768_PUBLIC_LEN];
    uint8_t dk[MLKEM768_SECRET_LEN];
};

/* What one file came to; a test that no vector reaches must not pass. */
struct tally {
    const struct mlkem_impl *impl;
    size_t valid;
    size_t invalid;
};

static void make_keys(const struct mlkem_impl *impl, const uint8_t seed[MLKEM768_SEED_LEN],
                      struct keys *keys)
{
    uint8_t rho_sigma[64];
    mlkem768_seed_expand(impl, seed, rho_sigma);
    mlkem768_keypair_derive(impl, rho_sigma, seed + 32, keys->ek, keys->dk);
}

static void expect_member(const json_t *test, const char *member, const uint8_t *got, size_t len)
{
    const hf_span expected = wycheproof_bytes(test, member);
    assert_int_equal(expected.len, len);
    if (memcmp(got, expected.data, len) != 0) {
        fail_msg("test %lld: %s differs", wycheproof_id(test), member);
    }
    wycheproof_free(expected);
}

/* Counts the verdict of a test that we accepted or refused, and holds it against the file's. */
static void judge(struct tally *tally, const json_t *test, bool accepted)
{
    const bool expected = wycheproof_expected(test) == WYCHEPROOF_VALID;
    if (accepted != expected) {
        fail_msg("test %lld: %s, but should not be", wycheproof_id(test),
                 accepted ? "accepted" : "refused");
    }
    if (accepted) {
        tally->valid++;
    } else {
        tally->invalid++;
    }
}

static void run_keygen(void *ctx, const json_t *group, const json_t *test)
{
    (void)group;
    struct tally *tally = ctx;
    const hf_span seed = wycheproof_bytes(test, "seed");
    assert_int_equal(seed.len, MLKEM768_SEED_LEN);
    struct keys keys;
    make_keys(tally->impl, seed.data, &keys);
    expect_member(test, "ek", keys.ek, sizeof keys.ek);
    expect_member(test, "dk", keys.dk, sizeof keys.dk);
    judge(tally, test, true);
    wycheproof_free(seed);
}

static void run_encaps(void *ctx, const json_t *group, const json_t *test)
{
    (void)group;
    struct tally *tally = ctx;
    const hf_span ek = wycheproof_bytes(test, "ek");
    const hf_span m = wycheproof_bytes(test, "m");
    bool accepted = false;
    if (ek.len == MLKEM768_PUBLIC_LEN && m.len == MLKEM768_MESSAGE_LEN) {
        uint8_t ct[MLKEM768_CIPHERTEXT_LEN];
        uint8_t ss[MLKEM768_SHARED_LEN];
        accepted = mlkem768_encaps_with(tally->impl, ek.data, m.data, ct, ss);
        if (accepted) {
            expect_member(test, "c", ct, sizeof ct);
            expect_member(test, "K", ss, sizeof ss);
        }
    }
    judge(tally, test, accepted);
    wycheproof_free(ek);
    wycheproof_free(m);
}

/* Decapsulation, with the key as a seed. */
static void run_seed_decaps(void *ctx, const json_t *group, const json_t *test)
{
    (void)group;
    struct tally *tally = ctx;
    const hf_span seed = wycheproof_bytes(test, "seed");
    const hf_span ct = wycheproof_bytes(test, "c");
    bool accepted = false;
    if (seed.len == MLKEM768_SEED_LEN && ct.len == MLKEM768_CIPHERTEXT_LEN) {
        struct keys keys;
        uint8_t ss[MLKEM768_SHARED_LEN];
        make_keys(tally->impl, seed.data, &keys);
        expect_member(test, "ek", keys.ek, sizeof keys.ek);
        accepted = mlkem768_decaps_with(tally->impl, keys.dk, ct.data, ss);
        expect_member(test, "K", ss, sizeof ss);
    }
    judge(tally, test, accepted);
    wycheproof_free(seed);
    wycheproof_free(ct);
}

/* Decapsulation, with the key as in FIPS 203. */
static void run_dk_decaps(void *ctx, const json_t *group, const json_t *test)
{
    (void)group;
    struct tally *tally = ctx;
    const hf_span dk = wycheproof_bytes(test, "dk");
    const hf_span ct = wycheproof_bytes(test, "c");
    bool accepted = false;
    if (dk.len == MLKEM768_SECRET_LEN && ct.len == MLKEM768_CIPHERTEXT_LEN) {
        uint8_t ss[MLKEM768_SHARED_LEN];
        accepted = mlkem768_decaps_with(tally->impl, dk.data, ct.data, ss);
        if (accepted) {
            expect_member(test, "K", ss, sizeof ss);
        }
    }
    judge(tally, test, accepted);
    wycheproof_free(dk);
    wycheproof_free(ct);
}

static struct tally run_file(void **state, const char *name,
                             void (*run)(void *ctx, const json_t *group, const json_t *test))
{
    struct tally tally = {.impl = impl_or_skip(state)};
    struct wycheproof *file = wycheproof_open(name);
    if (file == NULL) {
        test_skip("no vectors: set HF_VECTORS");
    }
    assert_int_equal(wycheproof_each(file, run, &tally), wycheproof_count(file));
    wycheproof_close(file);
    return tally;
}

static void keygen_seed(void **state)
{
    const struct tally tally = run_file(state, "mlkem_768_keygen_seed_test.json", run_keygen);
    assert_true(tally.valid > 0);
}

static void encaps(void **state)
{
    const struct tally tally = run_file(state, "mlkem_768_encaps_test.json", run_encaps);
    assert_true(tally.valid > 0 && tally.invalid > 0);
}

static void decaps_with_seed(void **state)
{
    const struct tally tally = run_file(state, "mlkem_768_test.json", run_seed_decaps);
    assert_true(tally.valid > 0 && tally.invalid > 0);
}

static void decaps_with_key(void **state)
{
    const struct tally tally =
        run_file(state, "mlkem_768_semi_expanded_decaps_test.json", run_dk_decaps);
    assert_true(tally.valid > 0 && tally.invalid > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MLKEM_IMPL_TESTS(keygen_seed),
        MLKEM_IMPL_TESTS(encaps),
        MLKEM_IMPL_TESTS(decaps_with_seed),
        MLKEM_IMPL_TESTS(decaps_with_key),
    };
    return cmocka_run_group_tests_name("mlkem768_wycheproof", tests, NULL, NULL);
}

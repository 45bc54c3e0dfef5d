/* ML-KEM-768 as a whole, in each implementation: published answers, and what FIPS 203 says of keys,
 * ciphertexts and messages that are not as they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "provider/native/mlkem768.h"
#include "unit/native/mlkem_impls.h"

/* Offsets in dk (FIPS 203, algorithm 16): dk_PKE, ek, H(ek), z. */
enum { DK_EK_AT = 1152, DK_H_AT = DK_EK_AT + MLKEM768_PUBLIC_LEN, DK_Z_AT = DK_H_AT + 32 };

struct keys {
    uint8_t ek[MLKEM768_PUBLIC_LEN];
    uint8_t dk[MLKEM768_SECRET_LEN];
};

static void make_keys(const struct mlkem_impl *impl, const uint8_t seed[MLKEM768_SEED_LEN],
                      struct keys *keys)
{
    uint8_t rho_sigma[64];
    mlkem768_seed_expand(impl, seed, rho_sigma);
    mlkem768_keypair_derive(impl, rho_sigma, seed + 32, keys->ek, keys->dk);
}

static void fixed_keys(const struct mlkem_impl *impl, struct keys *keys)
{
    uint8_t seed[MLKEM768_SEED_LEN];
    for (size_t i = 0; i < sizeof seed; i++) {
        seed[i] = (uint8_t)(i * 11 + 5);
    }
    make_keys(impl, seed, keys);
}

/* SHAKE128 of any input; the accumulated vectors both come from one and go into one. */
static void shake128(const uint8_t *in, size_t in_len, uint8_t *out, size_t out_len)
{
    const struct keccak_job job = {.function = KECCAK_SHAKE128,
                                   .body = in,
                                   .body_len = in_len,
                                   .out = out,
                                   .out_len = out_len};
    keccak_run(keccak_permute_portable, &job, 1);
}

/* The accumulated vectors of C2SP/CCTV, ML-KEM: randomness is one SHAKE128 stream of the empty
 * string; ek, ct, K, and the secret of a random ciphertext go into another, of which the first
 * 32 bytes are published for each number of rounds. Among n = 10,000 rounds hundreds need a
 * longer stream for the matrix. */
static void expect_accumulated(const struct mlkem_impl *impl, size_t n, const uint8_t expected[32])
{
    enum {
        IN = MLKEM768_SEED_LEN + MLKEM768_MESSAGE_LEN + MLKEM768_CIPHERTEXT_LEN,
        OUT = MLKEM768_PUBLIC_LEN + MLKEM768_CIPHERTEXT_LEN + 2 * MLKEM768_SHARED_LEN
    };
    uint8_t *in = malloc(n * IN);
    uint8_t *out = malloc(n * OUT);
    assert_non_null(in);
    assert_non_null(out);
    shake128(NULL, 0, in, n * IN);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *seed = in + i * IN;
        const uint8_t *m = seed + MLKEM768_SEED_LEN;
        uint8_t *ek = out + i * OUT;
        uint8_t *ct = ek + MLKEM768_PUBLIC_LEN;
        uint8_t *k = ct + MLKEM768_CIPHERTEXT_LEN;
        struct keys keys;
        uint8_t again[MLKEM768_SHARED_LEN];
        make_keys(impl, seed, &keys);
        memcpy(ek, keys.ek, sizeof keys.ek);
        assert_true(mlkem768_encaps_with(impl, ek, m, ct, k));
        assert_true(mlkem768_decaps_with(impl, keys.dk, ct, again));
        assert_memory_equal(again, k, sizeof again);
        assert_true(
            mlkem768_decaps_with(impl, keys.dk, m + MLKEM768_MESSAGE_LEN, k + MLKEM768_SHARED_LEN));
    }
    uint8_t got[32];
    shake128(out, n * OUT, got, sizeof got);
    free(in);
    free(out);
    assert_memory_equal(got, expected, sizeof got);
}

static void gives_the_published_answers(void **state)
{
    static const uint8_t expected[32] = {
        0x11, 0x14, 0xb1, 0xb6, 0x69, 0x9e, 0xd1, 0x91, 0x73, 0x4f, 0xa3,
        0x39, 0x37, 0x6a, 0xfa, 0x7e, 0x28, 0x5c, 0x9e, 0x6a, 0xcf, 0x6f,
        0xf0, 0x17, 0x7d, 0x34, 0x66, 0x96, 0xce, 0x56, 0x44, 0x15,
    };
    expect_accumulated(impl_or_skip(state), 100, expected);
}

static void gives_ten_thousand_published_answers(void **state)
{
    (void)state;
    static const uint8_t expected[32] = {
        0x8a, 0x51, 0x8c, 0xc6, 0x3d, 0xa3, 0x66, 0x32, 0x2a, 0x8e, 0x7a,
        0x81, 0x8c, 0x7a, 0x0d, 0x63, 0x48, 0x3c, 0xb3, 0x52, 0x8d, 0x34,
        0xa4, 0xcf, 0x42, 0xf3, 0x5d, 0x5a, 0xd7, 0x3f, 0x22, 0xfc,
    };
    expect_accumulated(mlkem_impl_best(), 10000, expected);
}

/* The public functions are the best implementation, and dk has the layout that FIPS 203 gives
 * it. */
static void public_functions_agree(void **state)
{
    (void)state;
    uint8_t seed[MLKEM768_SEED_LEN];
    memset(seed, 0x42, sizeof seed);
    struct keys expected;
    make_keys(mlkem_impl_at(0), seed, &expected);
    struct keys keys;
    mlkem768_keypair(seed, keys.ek, keys.dk);
    assert_memory_equal(&keys, &expected, sizeof keys);
    assert_memory_equal(keys.dk + DK_EK_AT, keys.ek, sizeof keys.ek);
    assert_memory_equal(keys.dk + DK_Z_AT, seed + 32, 32);

    uint8_t ct[MLKEM768_CIPHERTEXT_LEN];
    uint8_t ss[MLKEM768_SHARED_LEN];
    uint8_t ss2[MLKEM768_SHARED_LEN];
    assert_true(mlkem768_encaps(keys.ek, seed, ct, ss));
    assert_true(mlkem768_decaps(keys.dk, ct, ss2));
    assert_memory_equal(ss, ss2, sizeof ss);
}

/* A change of any byte of the ciphertext gives K = J(z || c) (algorithm 17, line 7), silently. */
static void rejects_every_changed_byte_implicitly(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    struct keys keys;
    fixed_keys(impl, &keys);
    const uint8_t m[MLKEM768_MESSAGE_LEN] = {1, 2, 3};
    uint8_t ct[MLKEM768_CIPHERTEXT_LEN];
    uint8_t ss[MLKEM768_SHARED_LEN];
    assert_true(mlkem768_encaps_with(impl, keys.ek, m, ct, ss));
    for (size_t i = 0; i < sizeof ct; i++) {
        ct[i] ^= (uint8_t)(1u << (i % 8));
        uint8_t got[MLKEM768_SHARED_LEN];
        uint8_t expected[MLKEM768_SHARED_LEN];
        struct keccak_job j = {.function = KECCAK_SHAKE256,
                               .head_len = 32,
                               .body = ct,
                               .body_len = sizeof ct,
                               .out = expected,
                               .out_len = sizeof expected};
        memcpy(j.head, keys.dk + DK_Z_AT, 32);
        keccak_run(keccak_permute_portable, &j, 1);
        assert_true(mlkem768_decaps_with(impl, keys.dk, ct, got));
        assert_memory_not_equal(got, ss, sizeof got);
        assert_memory_equal(got, expected, sizeof got);
        ct[i] ^= (uint8_t)(1u << (i % 8));
    }
}

/* FIPS 203, 7.2: a coefficient of q or more, in the first place, the last, or any other. */
static void refuses_an_unreduced_public_key(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    struct keys keys;
    fixed_keys(impl, &keys);
    const uint8_t m[MLKEM768_MESSAGE_LEN] = {7};
    static const uint8_t zero[MLKEM768_CIPHERTEXT_LEN];
    for (size_t i = 0; i < 3 * MLKEM_N; i++) {
        uint8_t ek[MLKEM768_PUBLIC_LEN];
        memcpy(ek, keys.ek, sizeof ek);
        uint8_t *at = ek + i / 2 * 3 + i % 2;
        if (i % 2 == 0) { /* 3329 = 0xd01 */
            at[0] = 0x01;
            at[1] = (uint8_t)((at[1] & 0xf0) | 0x0d);
        } else {
            at[0] = (uint8_t)((at[0] & 0x0f) | 0x10);
            at[1] = 0xd0;
        }
        uint8_t ct[MLKEM768_CIPHERTEXT_LEN];
        uint8_t ss[MLKEM768_SHARED_LEN];
        memset(ct, 0xaa, sizeof ct);
        memset(ss, 0xaa, sizeof ss);
        assert_false(mlkem768_encaps_with(impl, ek, m, ct, ss));
        assert_memory_equal(ct, zero, sizeof ct);
        assert_memory_equal(ss, zero, sizeof ss);
    }
}

/* FIPS 203, 7.3: ek inside dk, or its hash, with one bit changed. The rest of dk is not covered. */
static void refuses_a_damaged_secret_key(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    struct keys keys;
    fixed_keys(impl, &keys);
    const uint8_t m[MLKEM768_MESSAGE_LEN] = {9};
    static const uint8_t zero[MLKEM768_SHARED_LEN];
    uint8_t ct[MLKEM768_CIPHERTEXT_LEN];
    uint8_t ss[MLKEM768_SHARED_LEN];
    assert_true(mlkem768_encaps_with(impl, keys.ek, m, ct, ss));
    for (size_t i = DK_EK_AT; i < DK_Z_AT; i++) {
        uint8_t got[MLKEM768_SHARED_LEN];
        memset(got, 0xaa, sizeof got);
        keys.dk[i] ^= 0x80;
        assert_false(mlkem768_decaps_with(impl, keys.dk, ct, got));
        assert_memory_equal(got, zero, sizeof got);
        keys.dk[i] ^= 0x80;
    }
    uint8_t got[MLKEM768_SHARED_LEN];
    assert_true(mlkem768_decaps_with(impl, keys.dk, ct, got));
    assert_memory_equal(got, ss, sizeof got);
}

/* Different messages give different secrets and ciphertexts; nothing else has changed. */
static void every_bit_of_the_message_counts(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    struct keys keys;
    fixed_keys(impl, &keys);
    uint8_t m[MLKEM768_MESSAGE_LEN] = {0};
    uint8_t ct[MLKEM768_CIPHERTEXT_LEN];
    uint8_t ss[MLKEM768_SHARED_LEN];
    assert_true(mlkem768_encaps_with(impl, keys.ek, m, ct, ss));
    for (size_t bit = 0; bit < 256; bit++) {
        uint8_t ct2[MLKEM768_CIPHERTEXT_LEN];
        uint8_t ss2[MLKEM768_SHARED_LEN];
        uint8_t ss3[MLKEM768_SHARED_LEN];
        m[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_true(mlkem768_encaps_with(impl, keys.ek, m, ct2, ss2));
        assert_true(mlkem768_decaps_with(impl, keys.dk, ct2, ss3));
        m[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_memory_not_equal(ct, ct2, sizeof ct);
        assert_memory_not_equal(ss, ss2, sizeof ss);
        assert_memory_equal(ss2, ss3, sizeof ss2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MLKEM_IMPL_TESTS(gives_the_published_answers),
        cmocka_unit_test(gives_ten_thousand_published_answers),
        cmocka_unit_test(public_functions_agree),
        MLKEM_IMPL_TESTS(rejects_every_changed_byte_implicitly),
        MLKEM_IMPL_TESTS(refuses_an_unreduced_public_key),
        MLKEM_IMPL_TESTS(refuses_a_damaged_secret_key),
        MLKEM_IMPL_TESTS(every_bit_of_the_message_counts),
    };
    return cmocka_run_group_tests_name("mlkem768", tests, NULL, NULL);
}

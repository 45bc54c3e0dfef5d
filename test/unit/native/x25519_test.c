/* X25519: published answers, both implementations against libcrypto, and the field at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/rand.h>

#include "provider/libcrypto/x25519.h"
#include "provider/native/x25519_impl.h"
#include "support/skip.h"

/* A generator with a fixed start: the same bytes in every run. */
static uint64_t noise_state;

static void noise(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        noise_state = noise_state * UINT64_C(6364136223846793005) + 1;
        out[i] = (uint8_t)(noise_state >> 56);
    }
}

static void require_public(void)
{
    if (!x25519_has_public()) {
        test_skip("this compiler has no 128-bit product");
    }
}

static void require_ifma(void)
{
    if (!x25519_has_shared()) {
        test_skip("this processor has not got these instructions");
    }
}

static void clamp(uint8_t scalar[32])
{
    scalar[0] &= 248;
    scalar[31] &= 127;
    scalar[31] |= 64;
}

static void divided(uint8_t out[32], const struct x25519_fraction *fraction)
{
    struct fe u = fe_invert(&fraction->under);
    u = fe_mul(&u, &fraction->over);
    fe_to_bytes(out, &u);
}

/* RFC 7748, 6.1, and the first and thousandth turn of 5.2. */
static void published_answers(void **state)
{
    (void)state;
    static const uint8_t alice[] = {0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d,
                                    0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2, 0x66, 0x45,
                                    0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a,
                                    0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a};
    static const uint8_t alice_share[] = {0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54,
                                          0x74, 0x8b, 0x7d, 0xdc, 0xb4, 0x3e, 0xf7, 0x5a,
                                          0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4,
                                          0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a};
    static const uint8_t bob_share[] = {0xde, 0x9e, 0xdb, 0x7d, 0x7b, 0x7d, 0xc1, 0xb4,
                                        0xd3, 0x5b, 0x61, 0xc2, 0xec, 0xe4, 0x35, 0x37,
                                        0x3f, 0x83, 0x43, 0xc8, 0x5b, 0x78, 0x67, 0x4d,
                                        0xad, 0xfc, 0x7e, 0x14, 0x6f, 0x88, 0x2b, 0x4f};
    static const uint8_t shared[] = {0x4a, 0x5d, 0x9d, 0x5b, 0xa4, 0xce, 0x2d, 0xe1,
                                     0x72, 0x8e, 0x3b, 0xf4, 0x80, 0x35, 0x0f, 0x25,
                                     0xe0, 0x7e, 0x21, 0xc9, 0x47, 0xd1, 0x9e, 0x33,
                                     0x76, 0xf0, 0x9b, 0x3c, 0x1e, 0x16, 0x17, 0x42};
    static const uint8_t thousandth[] = {0x68, 0x4c, 0xf5, 0x9b, 0xa8, 0x33, 0x09, 0x55,
                                         0x28, 0x00, 0xef, 0x56, 0x6f, 0x2f, 0x4d, 0x3c,
                                         0x1c, 0x38, 0x87, 0xc4, 0x93, 0x60, 0xe3, 0x87,
                                         0x5f, 0x2e, 0xb9, 0x4d, 0x99, 0x53, 0x2c, 0x51};
    uint8_t out[32];
    assert_true(lc_x25519_public(out, alice));
    assert_memory_equal(out, alice_share, 32);
    assert_true(lc_x25519_shared(out, alice, bob_share));
    assert_memory_equal(out, shared, 32);
    uint8_t k[32] = {9};
    uint8_t u[32] = {9};
    for (int i = 0; i < 1000; i++) {
        assert_true(lc_x25519_shared(out, k, u));
        memcpy(u, k, 32);
        memcpy(k, out, 32);
    }
    assert_memory_equal(k, thousandth, 32);
}

static void check_public(const uint8_t scalar[32])
{
    static const uint8_t nine[32] = {9};
    struct x25519_fraction fraction;
    uint8_t expected[32];
    uint8_t actual[32];
    uint8_t clamped[32];
    assert_true(lc_x25519_by_library(expected, scalar, nine));
    x25519_public(actual, scalar);
    assert_memory_equal(actual, expected, 32);
    memcpy(clamped, scalar, 32);
    clamp(clamped);
    x25519_base_portable(&fraction, clamped);
    divided(actual, &fraction);
    assert_memory_equal(actual, expected, 32);
}

/* Each digit of every row of the table, alone in its scalar as far as a clamped one can be. */
static void public_keys_by_digit(void **state)
{
    (void)state;
    require_public();
    for (size_t byte = 0; byte < 32; byte++) {
        for (unsigned digit = 0; digit < 16; digit++) {
            uint8_t scalar[32] = {0};
            scalar[byte] = (uint8_t)digit;
            check_public(scalar);
            scalar[byte] = (uint8_t)(digit << 4);
            check_public(scalar);
        }
    }
}

static void public_keys_by_noise(void **state)
{
    (void)state;
    require_public();
    noise_state = 1;
    uint8_t scalar[32];
    for (int i = 0; i < 500; i++) {
        noise(scalar, sizeof scalar);
        check_public(scalar);
    }
    memset(scalar, 0xff, sizeof scalar);
    check_public(scalar);
    memset(scalar, 0, sizeof scalar);
    check_public(scalar);
    memset(scalar, 0x88, sizeof scalar); /* every digit carries */
    check_public(scalar);
    memset(scalar, 0x77, sizeof scalar);
    check_public(scalar);
}

static void digits_are_the_scalar(void **state)
{
    (void)state;
    require_public();
    noise_state = 2;
    for (int turn = 0; turn < 200; turn++) {
        uint8_t scalar[32];
        int8_t digits[64];
        noise(scalar, sizeof scalar);
        if (turn < 2) {
            memset(scalar, turn == 0 ? 0xff : 0, sizeof scalar);
        }
        clamp(scalar);
        x25519_recode(digits, scalar);
        int carry = 0;
        for (size_t i = 0; i < 64; i++) {
            assert_true(digits[i] >= -8 && digits[i] <= 8);
            const int sum = digits[i] + carry;
            assert_int_equal(sum & 15, i % 2 == 0 ? scalar[i / 2] & 15 : scalar[i / 2] >> 4);
            carry = (sum - (sum & 15)) / 16;
        }
        assert_int_equal(carry, 0);
    }
}

static void check_shared(const uint8_t scalar[32], const uint8_t point[32])
{
    uint8_t expected[32];
    uint8_t actual[32];
    uint8_t share[32];
    uint8_t expected_share[32];
    const bool ok = lc_x25519_by_library(expected, scalar, point);
    assert_int_equal(x25519_shared(actual, scalar, point), ok);
    assert_memory_equal(actual, expected, 32);
    assert_int_equal(x25519_exchange(share, actual, scalar, point), ok);
    assert_memory_equal(actual, expected, 32);
    if (ok) {
        x25519_public(expected_share, scalar);
    } else {
        memset(expected_share, 0, 32);
    }
    assert_memory_equal(share, expected_share, 32);
}

static void shared_secrets(void **state)
{
    (void)state;
    require_ifma();
    noise_state = 3;
    uint8_t scalar[32];
    uint8_t point[32];
    for (int i = 0; i < 500; i++) {
        noise(scalar, sizeof scalar);
        noise(point, sizeof point);
        check_shared(scalar, point);
    }
    /* Coordinates around 0, p and 2^255, with and without the bit that is dropped. */
    static const struct {
        uint8_t first, middle, last;
    } edges[] = {{0, 0, 0},          {1, 0, 0},          {2, 0, 0},          {0xec, 0xff, 0x7f},
                 {0xed, 0xff, 0x7f}, {0xee, 0xff, 0x7f}, {0xff, 0xff, 0x7f}, {0xff, 0xff, 0xff},
                 {0xec, 0xff, 0xff}, {0, 0, 0x80},       {0, 0xff, 0},       {0xff, 0, 0xff}};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        memset(point, edges[i].middle, sizeof point);
        point[0] = edges[i].first;
        point[31] = edges[i].last;
        memset(scalar, 0xff, sizeof scalar);
        check_shared(scalar, point);
        memset(scalar, 0, sizeof scalar);
        check_shared(scalar, point);
    }
}

/* The number that limbs stand for, modulo p. */
static BIGNUM *value_of(const struct fe *a, BIGNUM *p, BN_CTX *ctx)
{
    BIGNUM *value = BN_new();
    for (int i = 4; i >= 0; i--) {
        assert_int_equal(BN_lshift(value, value, 51), 1);
        assert_int_equal(BN_add_word(value, a->v[i]), 1);
    }
    assert_int_equal(BN_mod(value, value, p, ctx), 1);
    return value;
}

static void assert_value(const struct fe *a, const BIGNUM *expected, BIGNUM *p, BN_CTX *ctx)
{
    uint8_t bytes[32];
    uint8_t wanted[32];
    BIGNUM *value = value_of(a, p, ctx);
    assert_int_equal(BN_cmp(value, expected), 0);
    assert_int_equal(BN_bn2lebinpad(expected, wanted, 32), 32);
    fe_to_bytes(bytes, a);
    assert_memory_equal(bytes, wanted, 32);
    BN_free(value);
}

/* Limbs at the bounds that fe25519.h states, against big numbers. */
static void field_at_its_bounds(void **state)
{
    (void)state;
    require_public();
    static const uint64_t limbs[] = {0,
                                     1,
                                     FE_MASK - 19,
                                     FE_MASK - 18,
                                     FE_MASK,
                                     FE_MASK + (1 << 13),
                                     (UINT64_C(1) << 53) - 77,
                                     (UINT64_C(1) << 54) - 1};
    enum { LIMB_COUNT = sizeof limbs / sizeof limbs[0] };
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p = BN_new();
    BIGNUM *expected = BN_new();
    assert_int_equal(BN_set_bit(p, 255), 1);
    assert_int_equal(BN_sub_word(p, 19), 1);
    noise_state = 4;
    for (int turn = 0; turn < 3000; turn++) {
        uint8_t choice[10];
        noise(choice, sizeof choice);
        struct fe a;
        struct fe b;
        for (size_t i = 0; i < 5; i++) {
            a.v[i] = limbs[turn < LIMB_COUNT ? turn : choice[i] % LIMB_COUNT];
            b.v[i] = limbs[turn < LIMB_COUNT ? turn : choice[i + 5] % LIMB_COUNT];
        }
        BIGNUM *x = value_of(&a, p, ctx);
        BIGNUM *y = value_of(&b, p, ctx);
        struct fe r = fe_mul(&a, &b);
        assert_int_equal(BN_mod_mul(expected, x, y, p, ctx), 1);
        assert_value(&r, expected, p, ctx);
        for (size_t i = 0; i < 5; i++) {
            assert_true(r.v[i] < (UINT64_C(1) << 51) + (1 << 13));
        }
        r = fe_square(&a);
        assert_int_equal(BN_mod_sqr(expected, x, p, ctx), 1);
        assert_value(&r, expected, p, ctx);
        r = fe_add(&a, &b);
        assert_int_equal(BN_mod_add(expected, x, y, p, ctx), 1);
        assert_value(&r, expected, p, ctx);
        for (size_t i = 0; i < 5; i++) {
            b.v[i] = b.v[i] > (UINT64_C(1) << 53) - 77 ? 5 : b.v[i];
        }
        BN_free(y);
        y = value_of(&b, p, ctx);
        r = fe_sub(&a, &b);
        assert_int_equal(BN_mod_sub(expected, x, y, p, ctx), 1);
        assert_value(&r, expected, p, ctx);
        if (turn < 100) {
            r = fe_invert(&a);
            if (BN_is_zero(x)) {
                BN_zero(expected);
            } else {
                assert_non_null(BN_mod_inverse(expected, x, p, ctx));
            }
            assert_value(&r, expected, p, ctx);
        }
        BN_free(x);
        BN_free(y);
    }
    BN_free(expected);
    BN_free(p);
    BN_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_answers),    cmocka_unit_test(public_keys_by_digit),
        cmocka_unit_test(public_keys_by_noise), cmocka_unit_test(digits_are_the_scalar),
        cmocka_unit_test(shared_secrets),       cmocka_unit_test(field_at_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

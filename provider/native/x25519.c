#include "x25519.h"

#include <string.h>

#include "base/secret.h"

#if defined(__SIZEOF_INT128__)

#include "x25519_impl.h"

static void clamp(uint8_t out[32], const uint8_t scalar[32]);
static void base(struct x25519_fraction *out, const uint8_t clamped[32]);
static void ladder(struct x25519_fraction *out, const uint8_t clamped[32], const uint8_t point[32]);
static void divide(uint8_t out[32], const struct x25519_fraction *fraction);
static void divide_both(uint8_t first_out[32], uint8_t second_out[32],
                        const struct x25519_fraction *first, const struct x25519_fraction *second);
static bool is_zero(const uint8_t bytes[32]);

bool x25519_has_public(void)
{
    return true;
}

bool x25519_has_shared(void)
{
    return x25519_can_ifma();
}

void x25519_public(uint8_t share[X25519_LEN], const uint8_t scalar[X25519_LEN])
{
    uint8_t clamped[32];
    struct x25519_fraction fraction;
    clamp(clamped, scalar);
    base(&fraction, clamped);
    divide(share, &fraction);
    hf_wipe(&fraction, sizeof fraction); /* its scale depends on the scalar */
    hf_wipe(clamped, sizeof clamped);
}

bool x25519_shared(uint8_t secret[X25519_LEN], const uint8_t scalar[X25519_LEN],
                   const uint8_t point[X25519_LEN])
{
    uint8_t clamped[32];
    struct x25519_fraction fraction;
    clamp(clamped, scalar);
    ladder(&fraction, clamped, point);
    divide(secret, &fraction);
    hf_wipe(&fraction, sizeof fraction);
    hf_wipe(clamped, sizeof clamped);
    return !is_zero(secret);
}

bool x25519_exchange(uint8_t share[X25519_LEN], uint8_t secret[X25519_LEN],
                     const uint8_t scalar[X25519_LEN], const uint8_t point[X25519_LEN])
{
    uint8_t clamped[32];
    struct x25519_fraction of_share;
    struct x25519_fraction of_secret;
    clamp(clamped, scalar);
    base(&of_share, clamped);
    ladder(&of_secret, clamped, point);
    divide_both(share, secret, &of_share, &of_secret);
    hf_wipe(&of_share, sizeof of_share);
    hf_wipe(&of_secret, sizeof of_secret);
    hf_wipe(clamped, sizeof clamped);
    if (is_zero(secret)) {
        memset(share, 0, X25519_LEN);
        return false;
    }
    return true;
}

/* RFC 7748, 5: decodeScalar25519. */
static void clamp(uint8_t out[32], const uint8_t scalar[32])
{
    memcpy(out, scalar, 32);
    out[0] &= 248;
    out[31] &= 127;
    out[31] |= 64;
}

static void base(struct x25519_fraction *out, const uint8_t clamped[32])
{
    (x25519_can_ifma() ? x25519_base_ifma : x25519_base_portable)(out, clamped);
}

static void ladder(struct x25519_fraction *out, const uint8_t clamped[32], const uint8_t point[32])
{
    const struct fe u = fe_from_bytes(point);
    x25519_ladder_ifma(out, clamped, &u); /* the only one: x25519_has_shared */
}

static void divide(uint8_t out[32], const struct x25519_fraction *fraction)
{
    struct fe u = fe_invert(&fraction->under);
    u = fe_mul(&u, &fraction->over);
    fe_to_bytes(out, &u);
    hf_wipe(&u, sizeof u);
}

/* Two divisions with one inversion. Where second is 0/0, which is a refused peer, both come out zero;
 * first's denominator is never zero. */
static void divide_both(uint8_t first_out[32], uint8_t second_out[32],
                        const struct x25519_fraction *first, const struct x25519_fraction *second)
{
    const struct fe product = fe_mul(&first->under, &second->under);
    struct fe inverse = fe_invert(&product);
    struct fe u = fe_mul(&inverse, &second->under);
    u = fe_mul(&u, &first->over);
    fe_to_bytes(first_out, &u);
    u = fe_mul(&inverse, &first->under);
    u = fe_mul(&u, &second->over);
    fe_to_bytes(second_out, &u);
    hf_wipe(&u, sizeof u);
    hf_wipe(&inverse, sizeof inverse);
}

static bool is_zero(const uint8_t bytes[32])
{
    uint8_t any = 0;
    for (size_t i = 0; i < 32; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

#else /* no 128-bit product: callers ask first, and these are never reached */

bool x25519_has_public(void)
{
    return false;
}

bool x25519_has_shared(void)
{
    return false;
}

void x25519_public(uint8_t share[X25519_LEN], const uint8_t scalar[X25519_LEN])
{
    (void)scalar;
    memset(share, 0, X25519_LEN);
}

bool x25519_shared(uint8_t secret[X25519_LEN], const uint8_t scalar[X25519_LEN],
                   const uint8_t point[X25519_LEN])
{
    (void)scalar;
    (void)point;
    memset(secret, 0, X25519_LEN);
    return false;
}

bool x25519_exchange(uint8_t share[X25519_LEN], uint8_t secret[X25519_LEN],
                     const uint8_t scalar[X25519_LEN], const uint8_t point[X25519_LEN])
{
    (void)scalar;
    (void)point;
    memset(share, 0, X25519_LEN);
    memset(secret, 0, X25519_LEN);
    return false;
}

#endif

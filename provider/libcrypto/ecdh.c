/* The NIST curves as groups: secp256r1, secp384r1, secp521r1.
 *
 * A private key is the scalar's bytes in the caller's memory. The work is done with EC_POINT on a
 * group that is made once for each curve: EC_KEY and EVP_PKEY copy the group and its constants into
 * every key (README.md has the figures). EC_POINT_mul takes P-256 through its own assembly with
 * precomputed multiples of the base, and the others through libcrypto's constant-time ladder.
 *
 * Invariants: after make_curve a curve's group is only read; a desk is used by one thread at a
 * time and holds no secret while it lies in the stash. */
#include <string.h>

#include <openssl/crypto.h>

#include "libcrypto/curve.h"
#include "libcrypto/libcrypto.h"
#include "libcrypto/quiet.h"

enum {
    POINT_UNCOMPRESSED = 0x04, /* RFC 9846, 4.3.8.2: legacy_form */
    /* A candidate scalar is refused with a chance below 2^-31 (P-256, the worst of the three):
     * so many refusals mean that the source is broken. */
    DRAW_LIMIT = 8
};

static bool ecdh_generate(const struct lc_curve *curve, hf_random_fn random, void *random_ctx,
                          uint8_t *priv, uint8_t *share);
static bool ecdh_decap(const struct lc_curve *curve, const uint8_t *priv, hf_span peer,
                       uint8_t *secret);
static bool ecdh_encap(const struct lc_curve *curve, hf_random_fn random, void *random_ctx,
                       hf_span peer, uint8_t *share, uint8_t *secret);

/* A descriptor's functions do not receive the descriptor, so each group has thunks of its own. */
#define ECDH_GROUP(group_name, group_id, field_len, curve_id)                                      \
    static bool group_name##_generate(hf_random_fn random, void *random_ctx, void *priv,           \
                                      uint8_t *share)                                              \
    {                                                                                              \
        return ecdh_generate(lc_curve(curve_id), random, random_ctx, priv, share);                 \
    }                                                                                              \
    static bool group_name##_decap(void *priv, const uint8_t *peer_share, size_t peer_len,         \
                                   uint8_t *secret)                                                \
    {                                                                                              \
        return ecdh_decap(lc_curve(curve_id), priv, (hf_span){peer_share, peer_len}, secret);      \
    }                                                                                              \
    static bool group_name##_encap(hf_random_fn random, void *random_ctx,                          \
                                   const uint8_t *peer_share, size_t peer_len, uint8_t *share,     \
                                   uint8_t *secret)                                                \
    {                                                                                              \
        return ecdh_encap(lc_curve(curve_id), random, random_ctx, (hf_span){peer_share, peer_len}, \
                          share, secret);                                                          \
    }                                                                                              \
    static void group_name##_clear(void *priv)                                                     \
    {                                                                                              \
        OPENSSL_cleanse(priv, field_len);                                                          \
    }                                                                                              \
    const hf_group lc_##group_name##_group = {                                                     \
        .name = #group_name,                                                                       \
        .id = (group_id),                                                                          \
        .client_share_len = 1 + 2 * (field_len),                                                   \
        .server_share_len = 1 + 2 * (field_len),                                                   \
        .secret_len = (field_len),                                                                 \
        .private_size = (field_len),                                                               \
        .post_quantum = false,                                                                     \
        .generate = group_name##_generate,                                                         \
        .decap = group_name##_decap,                                                               \
        .encap = group_name##_encap,                                                               \
        .clear = group_name##_clear,                                                               \
    };

ECDH_GROUP(secp256r1, 0x0017, 32, LC_P256)
ECDH_GROUP(secp384r1, 0x0018, 48, LC_P384)
ECDH_GROUP(secp521r1, 0x0019, 66, LC_P521)

static size_t share_len(const struct lc_curve *curve);
static bool draw_scalar(const struct lc_curve *curve, struct lc_desk *desk, hf_random_fn random,
                        void *random_ctx, uint8_t *scalar);
static bool load_scalar(struct lc_desk *desk, const struct lc_curve *curve, const uint8_t *scalar);
static bool public_share(const struct lc_curve *curve, struct lc_desk *desk, uint8_t *share);
static bool shared_secret(const struct lc_curve *curve, struct lc_desk *desk, hf_span peer,
                          uint8_t *secret);

static bool ecdh_generate(const struct lc_curve *curve, hf_random_fn random, void *random_ctx,
                          uint8_t *priv, uint8_t *share)
{
    struct lc_desk *desk = lc_desk_take(curve);
    const bool done = desk != NULL && draw_scalar(curve, desk, random, random_ctx, priv) &&
                      public_share(curve, desk, share);
    lc_desk_put(desk);
    return done;
}

static bool ecdh_decap(const struct lc_curve *curve, const uint8_t *priv, hf_span peer,
                       uint8_t *secret)
{
    struct lc_desk *desk = lc_desk_take(curve);
    const bool done =
        desk != NULL && load_scalar(desk, curve, priv) && shared_secret(curve, desk, peer, secret);
    lc_quiet_end();
    lc_desk_put(desk);
    return done;
}

static bool ecdh_encap(const struct lc_curve *curve, hf_random_fn random, void *random_ctx,
                       hf_span peer, uint8_t *share, uint8_t *secret)
{
    uint8_t scalar[LC_FIELD_MAX_LEN];
    struct lc_desk *desk = lc_desk_take(curve);
    lc_quiet_begin();
    const bool done = desk != NULL && draw_scalar(curve, desk, random, random_ctx, scalar) &&
                      public_share(curve, desk, share) && shared_secret(curve, desk, peer, secret);
    lc_quiet_end();
    lc_desk_put(desk);
    OPENSSL_cleanse(scalar, sizeof scalar);
    if (!done && curve != NULL) {
        memset(share, 0, share_len(curve));
    }
    return done;
}

/* A uniform scalar in 1..n-1 by rejection (SP 800-56A Rev. 3, 5.6.1.2.2), as bytes and on the
 * desk. */
static bool draw_scalar(const struct lc_curve *curve, struct lc_desk *desk, hf_random_fn random,
                        void *random_ctx, uint8_t *scalar)
{
    for (unsigned i = 0; i < DRAW_LIMIT; i++) {
        if (!random(random_ctx, scalar, curve->field_len)) {
            break;
        }
        scalar[0] &= curve->top_mask;
        if (load_scalar(desk, curve, scalar) && !BN_is_zero(desk->scalar) &&
            BN_ucmp(desk->scalar, curve->order) < 0) {
            return true;
        }
    }
    OPENSSL_cleanse(scalar, curve->field_len);
    return false;
}

static bool load_scalar(struct lc_desk *desk, const struct lc_curve *curve, const uint8_t *scalar)
{
    return BN_bin2bn(scalar, (int)curve->field_len, desk->scalar) != NULL;
}

static bool public_share(const struct lc_curve *curve, struct lc_desk *desk, uint8_t *share)
{
    const size_t len = share_len(curve);
    return EC_POINT_mul(curve->group, desk->ours, desk->scalar, NULL, NULL, desk->bn) == 1 &&
           EC_POINT_point2oct(curve->group, desk->ours, POINT_CONVERSION_UNCOMPRESSED, share, len,
                              desk->bn) == len;
}

/* RFC 9846, 7.4.2: the x-coordinate at the field's length, leading zeros kept. oct2point checks
 * the range of the coordinates and that the point is on the curve (RFC 9846, 4.3.8.2); the
 * cofactor is 1. */
static bool shared_secret(const struct lc_curve *curve, struct lc_desk *desk, hf_span peer,
                          uint8_t *secret)
{
    return peer.len == share_len(curve) && peer.data[0] == POINT_UNCOMPRESSED &&
           EC_POINT_oct2point(curve->group, desk->theirs, peer.data, peer.len, desk->bn) == 1 &&
           EC_POINT_mul(curve->group, desk->ours, NULL, desk->theirs, desk->scalar, desk->bn) ==
               1 &&
           EC_POINT_get_affine_coordinates(curve->group, desk->ours, desk->x, NULL, desk->bn) ==
               1 &&
           BN_bn2binpad(desk->x, secret, (int)curve->field_len) == (int)curve->field_len;
}

static size_t share_len(const struct lc_curve *curve)
{
    return 1 + 2 * (size_t)curve->field_len;
}

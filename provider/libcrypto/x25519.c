/* The group X25519, and the choice between our arithmetic (native/x25519.h) and libcrypto's
 * (x25519_library.c). README.md has the figures. */
#include <string.h>

#include <openssl/crypto.h>

#include "libcrypto/libcrypto.h"
#include "libcrypto/x25519.h"

static bool x25519_generate(hf_random_fn random, void *random_ctx, void *priv, uint8_t *share);
static bool x25519_decap(void *priv, const uint8_t *peer_share, size_t peer_len, uint8_t *secret);
static bool x25519_encap(hf_random_fn random, void *random_ctx, const uint8_t *peer_share,
                         size_t peer_len, uint8_t *share, uint8_t *secret);
static void x25519_clear(void *priv);

const hf_group lc_x25519_group = {
    .name = "x25519",
    .id = 0x001d,
    .client_share_len = X25519_LEN,
    .server_share_len = X25519_LEN,
    .secret_len = X25519_LEN,
    .private_size = X25519_LEN,
    .post_quantum = false,
    .generate = x25519_generate,
    .decap = x25519_decap,
    .encap = x25519_encap,
    .clear = x25519_clear,
};

bool lc_x25519_public(uint8_t share[X25519_LEN], const uint8_t scalar[X25519_LEN])
{
    /* libcrypto's ladder over the base point: its own way to a public key is slower still, for the table
     * it uses was written for 32-bit limbs. */
    static const uint8_t base[X25519_LEN] = {9};
    if (!x25519_has_public()) {
        return lc_x25519_by_library(share, scalar, base);
    }
    x25519_public(share, scalar);
    return true;
}

bool lc_x25519_shared(uint8_t secret[X25519_LEN], const uint8_t scalar[X25519_LEN],
                      const uint8_t point[X25519_LEN])
{
    return x25519_has_shared() ? x25519_shared(secret, scalar, point)
                               : lc_x25519_by_library(secret, scalar, point);
}

bool lc_x25519_exchange(uint8_t share[X25519_LEN], uint8_t secret[X25519_LEN],
                        const uint8_t scalar[X25519_LEN], const uint8_t point[X25519_LEN])
{
    if (x25519_has_shared()) {
        return x25519_exchange(share, secret, scalar, point);
    }
    memset(share, 0, X25519_LEN);
    if (!lc_x25519_by_library(secret, scalar, point)) {
        return false;
    }
    if (!lc_x25519_public(share, scalar)) {
        OPENSSL_cleanse(secret, X25519_LEN);
        return false;
    }
    return true;
}

static bool x25519_generate(hf_random_fn random, void *random_ctx, void *priv, uint8_t *share)
{
    return random(random_ctx, priv, X25519_LEN) && lc_x25519_public(share, priv);
}

static bool x25519_decap(void *priv, const uint8_t *peer_share, size_t peer_len, uint8_t *secret)
{
    return peer_len == X25519_LEN && lc_x25519_shared(secret, priv, peer_share);
}

static bool x25519_encap(hf_random_fn random, void *random_ctx, const uint8_t *peer_share,
                         size_t peer_len, uint8_t *share, uint8_t *secret)
{
    uint8_t scalar[X25519_LEN];
    const bool done = peer_len == X25519_LEN && random(random_ctx, scalar, sizeof scalar) &&
                      lc_x25519_exchange(share, secret, scalar, peer_share);
    OPENSSL_cleanse(scalar, sizeof scalar);
    return done;
}

static void x25519_clear(void *priv)
{
    OPENSSL_cleanse(priv, X25519_LEN);
}

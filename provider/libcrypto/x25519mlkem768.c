/* X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem): the ML-KEM part stands first in shares and in the
 * secret, and is drawn first from the random source (in one call with the X25519 part: most of a
 * call is not in the bytes). Both halves must be good: the secret is worth as much as the better of
 * the two. */
#include <string.h>

#include <openssl/crypto.h>

#include "libcrypto/libcrypto.h"
#include "libcrypto/x25519.h"
#include "native/mlkem768.h"

enum {
    CLIENT_SHARE_LEN = MLKEM768_PUBLIC_LEN + X25519_LEN,
    SERVER_SHARE_LEN = MLKEM768_CIPHERTEXT_LEN + X25519_LEN,
    SECRET_LEN = MLKEM768_SHARED_LEN + X25519_LEN
};

/* FIPS 203, algorithm 16: dk = dk_pke || ek || H(ek) || z. */
enum { DK_PKE_LEN = 1152, DK_TAIL_LEN = 64 };

/* A client's private state. The middle of dk is the public key, which stands in the client's share
 * already: it is not held twice, as it is most of what a handshake holds. */
struct hybrid {
    uint8_t dk_pke[DK_PKE_LEN];
    uint8_t dk_tail[DK_TAIL_LEN];
    uint8_t scalar[X25519_LEN];
    const uint8_t *ek; /* the caller's share */
};

static bool hybrid_generate(hf_random_fn random, void *random_ctx, void *priv, uint8_t *share);
static bool hybrid_decap(void *priv, const uint8_t *peer_share, size_t peer_len, uint8_t *secret);
static bool hybrid_encap(hf_random_fn random, void *random_ctx, const uint8_t *peer_share,
                         size_t peer_len, uint8_t *share, uint8_t *secret);
static void hybrid_clear(void *priv);

const hf_group lc_x25519mlkem768_group = {
    .name = "X25519MLKEM768",
    .id = 0x11ec,
    .client_share_len = CLIENT_SHARE_LEN,
    .server_share_len = SERVER_SHARE_LEN,
    .secret_len = SECRET_LEN,
    .private_size = sizeof(struct hybrid),
    .post_quantum = true,
    .generate = hybrid_generate,
    .decap = hybrid_decap,
    .encap = hybrid_encap,
    .clear = hybrid_clear,
};

static bool hybrid_generate(hf_random_fn random, void *random_ctx, void *priv, uint8_t *share)
{
    struct hybrid *hybrid = priv;
    struct {
        uint8_t seed[MLKEM768_SEED_LEN];
        uint8_t scalar[X25519_LEN];
    } drawn;
    const bool done = random(random_ctx, (uint8_t *)&drawn, sizeof drawn) &&
                      lc_x25519_public(share + MLKEM768_PUBLIC_LEN, drawn.scalar);
    if (done) {
        uint8_t dk[MLKEM768_SECRET_LEN];
        mlkem768_keypair(drawn.seed, share, dk);
        memcpy(hybrid->dk_pke, dk, DK_PKE_LEN);
        memcpy(hybrid->dk_tail, dk + MLKEM768_SECRET_LEN - DK_TAIL_LEN, DK_TAIL_LEN);
        memcpy(hybrid->scalar, drawn.scalar, X25519_LEN);
        hybrid->ek = share;
        OPENSSL_cleanse(dk, sizeof dk);
    }
    OPENSSL_cleanse(&drawn, sizeof drawn);
    return done;
}

static bool hybrid_decap(void *priv, const uint8_t *peer_share, size_t peer_len, uint8_t *secret)
{
    const struct hybrid *hybrid = priv;
    if (peer_len != SERVER_SHARE_LEN) {
        return false;
    }
    uint8_t dk[MLKEM768_SECRET_LEN];
    memcpy(dk, hybrid->dk_pke, DK_PKE_LEN);
    memcpy(dk + DK_PKE_LEN, hybrid->ek, MLKEM768_PUBLIC_LEN);
    memcpy(dk + DK_PKE_LEN + MLKEM768_PUBLIC_LEN, hybrid->dk_tail, DK_TAIL_LEN);
    const bool done = mlkem768_decaps(dk, peer_share, secret) &&
                      lc_x25519(secret + MLKEM768_SHARED_LEN, hybrid->scalar,
                                peer_share + MLKEM768_CIPHERTEXT_LEN);
    OPENSSL_cleanse(dk, sizeof dk);
    if (!done) {
        OPENSSL_cleanse(secret, SECRET_LEN);
    }
    return done;
}

static bool hybrid_encap(hf_random_fn random, void *random_ctx, const uint8_t *peer_share,
                         size_t peer_len, uint8_t *share, uint8_t *secret)
{
    struct {
        uint8_t message[MLKEM768_MESSAGE_LEN];
        uint8_t scalar[X25519_LEN];
    } drawn;
    if (peer_len != CLIENT_SHARE_LEN) {
        return false;
    }
    const bool done =
        random(random_ctx, (uint8_t *)&drawn, sizeof drawn) &&
        mlkem768_encaps(peer_share, drawn.message, share, secret) &&
        lc_x25519(secret + MLKEM768_SHARED_LEN, drawn.scalar, peer_share + MLKEM768_PUBLIC_LEN) &&
        lc_x25519_public(share + MLKEM768_CIPHERTEXT_LEN, drawn.scalar);
    OPENSSL_cleanse(&drawn, sizeof drawn);
    if (!done) {
        OPENSSL_cleanse(secret, SECRET_LEN);
        memset(share, 0, SERVER_SHARE_LEN);
    }
    return done;
}

static void hybrid_clear(void *priv)
{
    OPENSSL_cleanse(priv, sizeof(struct hybrid));
}

#include "support/trusting.h"

#include <string.h>

/* --- Hashes ----------------------------------------------------------------------------------- */

static void hash_init(hf_hash_ctx *ctx)
{
    memset(ctx, 0, sizeof *ctx);
}

static void hash_update(hf_hash_ctx *ctx, const uint8_t *data, size_t len)
{
    /* Every byte is read, so that the sanitizers see what is hashed. */
    for (size_t i = 0; i < len; i++) {
        ctx->state[0] += data[i];
    }
}

static void hash_final_32(hf_hash_ctx *ctx, uint8_t *out)
{
    memset(ctx, 0, sizeof *ctx);
    memset(out, 0, 32);
}

static void hash_final_48(hf_hash_ctx *ctx, uint8_t *out)
{
    memset(ctx, 0, sizeof *ctx);
    memset(out, 0, 48);
}

static const hf_hash hash_32 = {
    .name = "zero-32",
    .digest_len = 32,
    .block_len = 64,
    .init = hash_init,
    .update = hash_update,
    .final = hash_final_32,
};
static const hf_hash hash_48 = {
    .name = "zero-48",
    .digest_len = 48,
    .block_len = 128,
    .init = hash_init,
    .update = hash_update,
    .final = hash_final_48,
};

/* --- AEADs ------------------------------------------------------------------------------------ */

static bool aead_init(void *ctx, const uint8_t *key)
{
    memcpy(ctx, key, 16);
    return true;
}

static bool aead_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad, uint8_t *dst,
                      const uint8_t *src, size_t len, hf_span tail)
{
    (void)ctx, (void)nonce, (void)aad;
    if (len > 0) {
        memmove(dst, src, len);
    }
    if (tail.len > 0) {
        memmove(dst + len, tail.data, tail.len);
    }
    memset(dst + len + tail.len, 0, HF_AEAD_TAG_LEN);
    return true;
}

static bool aead_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad, uint8_t *data,
                      size_t len)
{
    (void)ctx, (void)nonce, (void)aad;
    /* One tag is a forgery, so that this way is walked too. */
    if (len < HF_AEAD_TAG_LEN || data[len - 1] == 0xff) {
        memset(data, 0, len < HF_AEAD_TAG_LEN ? len : len - HF_AEAD_TAG_LEN);
        return false;
    }
    return true;
}

static void aead_clear(void *ctx)
{
    memset(ctx, 0, 16);
}

#define AEAD(variable, its_name, its_key_len)                                                      \
    static const hf_aead variable = {                                                              \
        .name = its_name,                                                                          \
        .key_len = (its_key_len),                                                                  \
        .ctx_size = 64,                                                                            \
        .ctx_align = 16,                                                                           \
        .confidentiality_limit = 64, /* low, so that updates come by themselves */                 \
        .integrity_limit = 8,                                                                      \
        .init = aead_init,                                                                         \
        .seal = aead_seal,                                                                         \
        .open = aead_open,                                                                         \
        .clear = aead_clear,                                                                       \
    }
AEAD(aead_1, "copy-1", 16);
AEAD(aead_2, "copy-2", 32);
AEAD(aead_3, "copy-3", 32);

/* --- Groups ----------------------------------------------------------------------------------- */

enum { SHARE_LEN = 4, HYBRID_CLIENT_LEN = 12, HYBRID_SERVER_LEN = 8, SECRET_LEN = 32 };

static bool group_generate(hf_random_fn random, void *random_ctx, void *priv, uint8_t *share,
                           size_t share_len)
{
    return random(random_ctx, priv, SECRET_LEN) && random(random_ctx, share, share_len);
}

static bool group_decap(const uint8_t *peer_share, size_t peer_len, size_t share_len,
                        uint8_t *secret)
{
    /* A share of zero bytes plays the invalid point. */
    if (peer_len != share_len || peer_share[0] == 0) {
        return false;
    }
    memset(secret, 0, SECRET_LEN);
    return true;
}

static void group_clear(void *priv)
{
    memset(priv, 0, SECRET_LEN);
}

#define GROUP(variable, its_name, its_id, client_len, server_len, is_post_quantum, its_prime)      \
    static bool variable##_generate(hf_random_fn random, void *random_ctx, void *priv,             \
                                    uint8_t *share)                                                \
    {                                                                                              \
        return group_generate(random, random_ctx, priv, share, client_len);                        \
    }                                                                                              \
    static bool variable##_decap(void *priv, const uint8_t *peer_share, size_t peer_len,           \
                                 uint8_t *secret)                                                  \
    {                                                                                              \
        (void)priv;                                                                                \
        return group_decap(peer_share, peer_len, server_len, secret);                              \
    }                                                                                              \
    static bool variable##_encap(hf_random_fn random, void *random_ctx, const uint8_t *peer_share, \
                                 size_t peer_len, uint8_t *share, uint8_t *secret)                 \
    {                                                                                              \
        return group_decap(peer_share, peer_len, client_len, secret) &&                            \
               random(random_ctx, share, server_len);                                              \
    }                                                                                              \
    static const hf_group variable = {                                                             \
        .name = its_name,                                                                          \
        .id = (its_id),                                                                            \
        .client_share_len = (client_len),                                                          \
        .server_share_len = (server_len),                                                          \
        .secret_len = SECRET_LEN,                                                                  \
        .private_size = SECRET_LEN,                                                                \
        .post_quantum = (is_post_quantum),                                                         \
        .generate = variable##_generate,                                                           \
        .decap = variable##_decap,                                                                 \
        .encap = variable##_encap,                                                                 \
        .clear = group_clear,                                                                      \
        .prime = (its_prime),                                                                      \
    }
GROUP(hybrid, "X25519MLKEM768", 0x11ec, HYBRID_CLIENT_LEN, HYBRID_SERVER_LEN, true, NULL);
GROUP(x25519, "x25519", 0x001d, SHARE_LEN, SHARE_LEN, false, NULL);
GROUP(secp256r1, "secp256r1", 0x0017, SHARE_LEN, SHARE_LEN, false, NULL);
GROUP(secp384r1, "secp384r1", 0x0018, SHARE_LEN, SHARE_LEN, false, NULL);

/* A field whose prime is as short as the shares. */
static const uint8_t *field_prime(void)
{
    static const uint8_t prime[SHARE_LEN] = {0xff, 0xff, 0xff, 0xfb};
    return prime;
}

GROUP(ffdhe2048, "ffdhe2048", 0x0100, SHARE_LEN, SHARE_LEN, false, field_prime);

static const hf_group *const groups[] = {&hybrid,    &x25519,    &secp256r1,
                                         &secp384r1, &ffdhe2048, NULL};

bool trusting_random(void *ctx, uint8_t *out, size_t len)
{
    uint64_t *state = ctx;
    for (size_t i = 0; i < len; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[i] = (uint8_t)(*state >> 56 | 1); /* never zero: see group_decap */
    }
    return true;
}

static bool random_of_nothing(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 1, len);
    return true;
}

/* --- Keys ------------------------------------------------------------------------------------- */

/* One object stands for all keys of a kind; keys are of their certificates' kinds, of which one
 * is long. */
static uint8_t the_key;
static uint8_t the_rsa_key;

enum { SHORT_KEY_MAX = 100 };

static uint8_t *key_of(hf_span bytes)
{
    return bytes.len > SHORT_KEY_MAX ? &the_rsa_key : &the_key;
}

static hf_key_load key_load(hf_span bytes, hf_passphrase_fn passphrase, void *passphrase_ctx,
                            hf_private_key **out)
{
    (void)passphrase, (void)passphrase_ctx;
    *out = (hf_private_key *)(void *)key_of(bytes);
    return HF_KEY_LOAD_OK;
}

static void key_free(hf_private_key *key)
{
    (void)key;
}

static hf_key_kind key_kind(const hf_private_key *key)
{
    return (const void *)key == (const void *)&the_rsa_key ? HF_KEY_RSA : HF_KEY_ED25519;
}

static bool key_sign(const hf_private_key *key, uint16_t scheme, hf_span message, uint8_t *sig,
                     size_t *sig_len)
{
    (void)key, (void)scheme, (void)message;
    if (*sig_len < 4) {
        return false;
    }
    memset(sig, 's', 4);
    *sig_len = 4;
    return true;
}

static hf_public_key *public_import(hf_span spki)
{
    return (hf_public_key *)(void *)key_of(spki);
}

static void public_free(hf_public_key *key)
{
    (void)key;
}

static hf_key_kind public_kind(const hf_public_key *key)
{
    return (const void *)key == (const void *)&the_rsa_key ? HF_KEY_RSA : HF_KEY_ED25519;
}

static unsigned public_bits(const hf_public_key *key)
{
    return (const void *)key == (const void *)&the_rsa_key ? 2048 : 253;
}

static bool public_verify(const hf_public_key *key, uint16_t scheme, hf_span message, hf_span sig)
{
    (void)key, (void)scheme, (void)message;
    /* One signature is wrong, so that this way is walked too. */
    return sig.len > 0 && sig.data[0] != 0;
}

/* The premaster secret itself; one that begins with a zero plays a ciphertext of a wrong length. */
static bool rsa_encrypt(const hf_public_key *key, hf_random_fn random, void *random_ctx,
                        uint8_t premaster[48], hf_buf *out)
{
    (void)key, (void)random, (void)random_ctx;
    if (out->cap - out->pos < 48) {
        return false;
    }
    memcpy(out->ptr + out->pos, premaster, 48);
    out->pos += 48;
    return true;
}

static bool rsa_decrypt_premaster(const hf_private_key *key, hf_span ciphertext, uint8_t *out)
{
    (void)key;
    memset(out, 0, 48);
    return ciphertext.len > 0 && ciphertext.data[0] != 0;
}

static bool pair_match(const hf_private_key *priv, const hf_public_key *pub)
{
    (void)priv, (void)pub;
    return true;
}

static const hf_provider provider = {
    .name = "trusting",
    .sha256 = &hash_32,
    .sha384 = &hash_48,
    .aes128gcm = &aead_1,
    .aes256gcm = &aead_2,
    .chacha20poly1305 = &aead_3,
    .groups = groups,
    .random = random_of_nothing,
    .private_key_load = key_load,
    .private_key_free = key_free,
    .private_key_kind = key_kind,
    .sign = key_sign,
    .public_key_import = public_import,
    .public_key_free = public_free,
    .public_key_kind = public_kind,
    .public_key_bits = public_bits,
    .verify = public_verify,
    .verify_issued = public_verify,
    .rsa_encrypt = rsa_encrypt,
    .rsa_decrypt_premaster = rsa_decrypt_premaster,
    .key_pair_match = pair_match,
};

const hf_provider *trusting_provider(void)
{
    return &provider;
}

hf_span trusting_key(void)
{
    static const uint8_t der[] = {
#include "key.inc"
    };
    return (hf_span){der, sizeof der};
}

hf_span trusting_certificate(void)
{
    static const uint8_t der[] = {
#include "certificate.inc"
    };
    return (hf_span){der, sizeof der};
}

hf_span trusting_rsa_key(void)
{
    static const uint8_t der[] = {
#include "key_rsa.inc"
    };
    return (hf_span){der, sizeof der};
}

hf_span trusting_rsa_certificate(void)
{
    static const uint8_t der[] = {
#include "certificate_rsa.inc"
    };
    return (hf_span){der, sizeof der};
}

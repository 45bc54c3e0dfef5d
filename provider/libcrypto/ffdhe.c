/* ffdhe2048, ffdhe3072, ffdhe4096 (RFC 7919): Diffie-Hellman modulo a safe prime, generator 2.
 *
 * A private key is an exponent's bytes in the caller's memory, as long as RFC 7919, 5.2 advises and
 * not as long as the prime: that is where the time goes. Work is BN_mod_exp_mont_consttime on a
 * Montgomery context that is made once for each prime; DH and EVP_PKEY would copy prime and context
 * into each key.
 *
 * Invariants: after make_fields primes and contexts are only read; a BN_CTX lives for one
 * operation, and freeing it wipes it. */
#define OPENSSL_SUPPRESS_DEPRECATED /* DH_new_by_nid: the shortest way to the primes themselves */

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/dh.h>
#include <openssl/obj_mac.h>

#include "libcrypto/libcrypto.h"

struct field {
    int nid;
    uint16_t prime_len;   /* bytes */
    uint8_t exponent_len; /* bytes: at least 225, 275, 325 bits (RFC 7919, appendix A) */
    BIGNUM *prime;
    BIGNUM *prime_minus_1;
    BN_MONT_CTX *mont;
    uint8_t prime_bytes[512];
};

enum field_id { FFDHE2048, FFDHE3072, FFDHE4096, FIELD_COUNT };

enum { EXPONENT_MAX_LEN = 41 };

static const struct field *field_at(enum field_id id);
static bool ffdhe_generate(const struct field *field, hf_random_fn random, void *random_ctx,
                           uint8_t *priv, uint8_t *share);
static bool ffdhe_decap(const struct field *field, const uint8_t *priv, hf_span peer,
                        uint8_t *secret);
static bool ffdhe_encap(const struct field *field, hf_random_fn random, void *random_ctx,
                        hf_span peer, uint8_t *share, uint8_t *secret);

/* A descriptor's functions do not receive the descriptor, so each group has thunks of its own. */
#define FFDHE_GROUP(group_name, group_id, prime_length, exponent_length, field_id)                 \
    static bool group_name##_generate(hf_random_fn random, void *random_ctx, void *priv,           \
                                      uint8_t *share)                                              \
    {                                                                                              \
        return ffdhe_generate(field_at(field_id), random, random_ctx, priv, share);                \
    }                                                                                              \
    static bool group_name##_decap(void *priv, const uint8_t *peer_share, size_t peer_len,         \
                                   uint8_t *secret)                                                \
    {                                                                                              \
        return ffdhe_decap(field_at(field_id), priv, (hf_span){peer_share, peer_len}, secret);     \
    }                                                                                              \
    static bool group_name##_encap(hf_random_fn random, void *random_ctx,                          \
                                   const uint8_t *peer_share, size_t peer_len, uint8_t *share,     \
                                   uint8_t *secret)                                                \
    {                                                                                              \
        return ffdhe_encap(field_at(field_id), random, random_ctx,                                 \
                           (hf_span){peer_share, peer_len}, share, secret);                        \
    }                                                                                              \
    static const uint8_t *group_name##_prime(void)                                                 \
    {                                                                                              \
        const struct field *field = field_at(field_id);                                            \
        return field == NULL ? NULL : field->prime_bytes;                                          \
    }                                                                                              \
    static void group_name##_clear(void *priv)                                                     \
    {                                                                                              \
        OPENSSL_cleanse(priv, exponent_length);                                                    \
    }                                                                                              \
    const hf_group lc_##group_name##_group = {                                                     \
        .name = #group_name,                                                                       \
        .id = (group_id),                                                                          \
        .client_share_len = (prime_length),                                                        \
        .server_share_len = (prime_length),                                                        \
        .secret_len = (prime_length),                                                              \
        .private_size = (exponent_length),                                                         \
        .post_quantum = false,                                                                     \
        .generate = group_name##_generate,                                                         \
        .decap = group_name##_decap,                                                               \
        .encap = group_name##_encap,                                                               \
        .prime = group_name##_prime,                                                               \
        .clear = group_name##_clear,                                                               \
    };

FFDHE_GROUP(ffdhe2048, 0x0100, 256, 29, FFDHE2048)
FFDHE_GROUP(ffdhe3072, 0x0101, 384, 35, FFDHE3072)
FFDHE_GROUP(ffdhe4096, 0x0102, 512, 41, FFDHE4096)

static CRYPTO_ONCE fields_once = CRYPTO_ONCE_STATIC_INIT;
static struct field fields[FIELD_COUNT] = {
    [FFDHE2048] = {.nid = NID_ffdhe2048, .prime_len = 256, .exponent_len = 29},
    [FFDHE3072] = {.nid = NID_ffdhe3072, .prime_len = 384, .exponent_len = 35},
    [FFDHE4096] = {.nid = NID_ffdhe4096, .prime_len = 512, .exponent_len = 41},
};

static void make_fields(void);
static void make_field(struct field *field, BN_CTX *bn);
static bool draw_exponent(const struct field *field, hf_random_fn random, void *random_ctx,
                          uint8_t *exponent);
static bool power(const struct field *field, const BIGNUM *base, const uint8_t *exponent,
                  uint8_t *out);
static bool public_share(const struct field *field, const uint8_t *exponent, uint8_t *share);
static bool shared_secret(const struct field *field, const uint8_t *exponent, hf_span peer,
                          uint8_t *secret);

static const struct field *field_at(enum field_id id)
{
    CRYPTO_THREAD_run_once(&fields_once, make_fields);
    return fields[id].mont != NULL ? &fields[id] : NULL;
}

static bool ffdhe_generate(const struct field *field, hf_random_fn random, void *random_ctx,
                           uint8_t *priv, uint8_t *share)
{
    return field != NULL && draw_exponent(field, random, random_ctx, priv) &&
           public_share(field, priv, share);
}

static bool ffdhe_decap(const struct field *field, const uint8_t *priv, hf_span peer,
                        uint8_t *secret)
{
    return field != NULL && shared_secret(field, priv, peer, secret);
}

static bool ffdhe_encap(const struct field *field, hf_random_fn random, void *random_ctx,
                        hf_span peer, uint8_t *share, uint8_t *secret)
{
    uint8_t exponent[EXPONENT_MAX_LEN];
    bool done = false;
    if (field != NULL && draw_exponent(field, random, random_ctx, exponent) &&
        shared_secret(field, exponent, peer, secret)) {
        done = public_share(field, exponent, share);
        if (!done) {
            OPENSSL_cleanse(secret, field->prime_len);
        }
    }
    OPENSSL_cleanse(exponent, sizeof exponent);
    return done;
}

static bool draw_exponent(const struct field *field, hf_random_fn random, void *random_ctx,
                          uint8_t *exponent)
{
    if (!random(random_ctx, exponent, field->exponent_len)) {
        OPENSSL_cleanse(exponent, field->exponent_len);
        return false;
    }
    /* The top bit is set: a full-length exponent, never 0 or 1, so that no public value is
     * trivial. */
    exponent[0] |= 0x80;
    return true;
}

static bool public_share(const struct field *field, const uint8_t *exponent, uint8_t *share)
{
    BIGNUM *two = BN_new();
    const bool done = two != NULL && BN_set_word(two, 2) == 1 && power(field, two, exponent, share);
    BN_free(two);
    return done;
}

static bool shared_secret(const struct field *field, const uint8_t *exponent, hf_span peer,
                          uint8_t *secret)
{
    if (peer.len != field->prime_len) {
        return false;
    }
    BIGNUM *base = BN_bin2bn(peer.data, (int)peer.len, NULL);
    /* RFC 9846, 4.3.8.1: 1 < Y < p-1. Modulo a safe prime this leaves no small subgroup. */
    const bool done = base != NULL && BN_cmp(base, BN_value_one()) > 0 &&
                      BN_cmp(base, field->prime_minus_1) < 0 &&
                      power(field, base, exponent, secret);
    BN_free(base);
    return done;
}

/* out = base^exponent mod p, at the prime's length (RFC 9846, 7.4.1). */
static bool power(const struct field *field, const BIGNUM *base, const uint8_t *exponent,
                  uint8_t *out)
{
    BN_CTX *bn = BN_CTX_new();
    BIGNUM *scalar = BN_bin2bn(exponent, field->exponent_len, NULL);
    BIGNUM *result = BN_new();
    bool done = false;
    if (bn != NULL && scalar != NULL && result != NULL) {
        BN_set_flags(scalar, BN_FLG_CONSTTIME);
        done =
            BN_mod_exp_mont_consttime(result, base, scalar, field->prime, bn, field->mont) == 1 &&
            BN_bn2binpad(result, out, field->prime_len) == field->prime_len;
    }
    BN_clear_free(result);
    BN_clear_free(scalar);
    BN_CTX_free(bn);
    return done;
}

static void make_fields(void)
{
    BN_CTX *bn = BN_CTX_new();
    for (size_t i = 0; bn != NULL && i < FIELD_COUNT; i++) {
        make_field(&fields[i], bn);
    }
    BN_CTX_free(bn);
}

/* Leaves mont NULL, and the field unusable, when memory fails. */
static void make_field(struct field *field, BN_CTX *bn)
{
    DH *dh = DH_new_by_nid(field->nid);
    BN_MONT_CTX *mont = BN_MONT_CTX_new();
    if (dh != NULL && mont != NULL) {
        field->prime = BN_dup(DH_get0_p(dh));
        field->prime_minus_1 = BN_dup(DH_get0_p(dh));
        if (field->prime != NULL && field->prime_minus_1 != NULL &&
            BN_sub_word(field->prime_minus_1, 1) == 1 &&
            BN_bn2binpad(field->prime, field->prime_bytes, field->prime_len) == field->prime_len &&
            BN_MONT_CTX_set(mont, field->prime, bn) == 1) {
            field->mont = mont;
            mont = NULL;
        }
    }
    BN_MONT_CTX_free(mont);
    DH_free(dh);
}

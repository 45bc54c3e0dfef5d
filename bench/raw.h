/* The raw operations of a handshake and of a record, with everything prepared: keys parsed,
 * contexts made, algorithms fetched. This is the floor under which no program over these libraries
 * comes, and what handshake benchmarks add up. Each function is a bench_case's run over a struct
 * raw; a failure ends the program.
 *
 * Include it before other headers of libcrypto, for the macro below.
 *
 * libcrypto's own fastest door is used for each: EVP_PKEY_derive on a ready context (X25519), the
 * low-level ECDSA (its numbers, no DER) and RSA on a ready key, the low-level SHA-256,
 * libipsec-mb's one-shot AEADs.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#define OPENSSL_SUPPRESS_DEPRECATED /* the low-level doors are the point */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#if defined(__x86_64__) && __has_include(<intel-ipsec-mb.h>)
#define RAW_HAVE_IPSECMB
#include <intel-ipsec-mb.h>
#endif

enum { RAW_RECORD_LEN = 16384, RAW_TAG_LEN = 16 };

struct raw {
    EVP_PKEY_CTX *x25519;      /* ready to derive: own key and peer set */
    EVP_PKEY_CTX *x25519_base; /* the same with the base point as peer: makes a public key */
    EC_KEY *p256;
    EVP_PKEY *p256_evp;
    ECDSA_SIG *p256_sig;
    RSA *rsa;
    EVP_PKEY *rsa_evp;
    uint8_t rsa_sig[256];
    uint8_t digest[32];
    uint8_t out[256];
    uint8_t nonce[12], aad[5], tag[RAW_TAG_LEN];
    uint8_t *record; /* RAW_RECORD_LEN + 1 + tag */
#if defined(RAW_HAVE_IPSECMB)
    IMB_MGR *manager;
    struct gcm_key_data *gcm128, *gcm256;
    uint8_t key[32];
#endif
};

static inline void raw_require(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

static inline void raw_x25519_public(void *arg)
{
    struct raw *raw = arg;
    size_t len = 32;
    raw_require(EVP_PKEY_derive(raw->x25519_base, raw->out, &len) == 1, "X25519");
}

static inline void raw_x25519_derive(void *arg)
{
    struct raw *raw = arg;
    size_t len = 32;
    raw_require(EVP_PKEY_derive(raw->x25519, raw->out, &len) == 1, "X25519");
}

static inline void raw_p256_sign(void *arg)
{
    struct raw *raw = arg;
    ECDSA_SIG_free(raw->p256_sig);
    raw->p256_sig = ECDSA_do_sign(raw->digest, 32, raw->p256);
    raw_require(raw->p256_sig != NULL, "ECDSA");
}

static inline void raw_p256_verify(void *arg)
{
    struct raw *raw = arg;
    raw_require(ECDSA_do_verify(raw->digest, 32, raw->p256_sig, raw->p256) == 1, "ECDSA");
}

static inline void raw_rsa_sign(void *arg)
{
    struct raw *raw = arg;
    uint8_t encoded[256];
    raw_require(RSA_padding_add_PKCS1_PSS(raw->rsa, encoded, raw->digest, EVP_sha256(), -1) == 1 &&
                    RSA_private_encrypt(256, encoded, raw->rsa_sig, raw->rsa, RSA_NO_PADDING) ==
                        256,
                "RSA-PSS");
}

static inline void raw_rsa_verify(void *arg)
{
    struct raw *raw = arg;
    uint8_t encoded[256];
    raw_require(RSA_public_decrypt(256, raw->rsa_sig, encoded, raw->rsa, RSA_NO_PADDING) == 256 &&
                    RSA_verify_PKCS1_PSS(raw->rsa, raw->digest, EVP_sha256(), encoded, -1) == 1,
                "RSA-PSS");
}

/* One HMAC under a prepared key is two of these, a compression each, and little else. */
static inline void raw_sha256_block(void *arg)
{
    struct raw *raw = arg;
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, raw->digest, 32);
    SHA256_Final(raw->out, &ctx);
}

static inline void raw_sha256_kib(void *arg)
{
    struct raw *raw = arg;
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, raw->record, 1024);
    SHA256_Final(raw->out, &ctx);
}

#if defined(RAW_HAVE_IPSECMB)
static inline void raw_gcm128_seal(void *arg)
{
    struct raw *raw = arg;
    struct gcm_context_data state;
    raw->manager->gcm128_enc(raw->gcm128, &state, raw->record, raw->record, RAW_RECORD_LEN + 1,
                             raw->nonce, raw->aad, sizeof raw->aad, raw->tag, RAW_TAG_LEN);
}

static inline void raw_gcm128_open(void *arg)
{
    struct raw *raw = arg;
    struct gcm_context_data state;
    raw->manager->gcm128_dec(raw->gcm128, &state, raw->record, raw->record, RAW_RECORD_LEN + 1,
                             raw->nonce, raw->aad, sizeof raw->aad, raw->tag, RAW_TAG_LEN);
}

static inline void raw_gcm256_seal(void *arg)
{
    struct raw *raw = arg;
    struct gcm_context_data state;
    raw->manager->gcm256_enc(raw->gcm256, &state, raw->record, raw->record, RAW_RECORD_LEN + 1,
                             raw->nonce, raw->aad, sizeof raw->aad, raw->tag, RAW_TAG_LEN);
}

static inline void raw_gcm256_open(void *arg)
{
    struct raw *raw = arg;
    struct gcm_context_data state;
    raw->manager->gcm256_dec(raw->gcm256, &state, raw->record, raw->record, RAW_RECORD_LEN + 1,
                             raw->nonce, raw->aad, sizeof raw->aad, raw->tag, RAW_TAG_LEN);
}

/* The library has no one-shot direct call for this one; its job interface is its shortest way. */
static inline void raw_chacha_job(struct raw *raw, IMB_CIPHER_DIRECTION direction)
{
    IMB_JOB *job = IMB_GET_NEXT_JOB(raw->manager);
    job->cipher_direction = direction;
    job->chain_order = direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    job->enc_keys = raw->key;
    job->dec_keys = raw->key;
    job->key_len_in_bytes = 32;
    job->u.CHACHA20_POLY1305.aad = raw->aad;
    job->u.CHACHA20_POLY1305.aad_len_in_bytes = sizeof raw->aad;
    job->src = raw->record;
    job->dst = raw->record;
    job->iv = raw->nonce;
    job->iv_len_in_bytes = sizeof raw->nonce;
    job->cipher_start_src_offset_in_bytes = 0;
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_cipher_in_bytes = RAW_RECORD_LEN + 1;
    job->msg_len_to_hash_in_bytes = RAW_RECORD_LEN + 1;
    job->auth_tag_output = raw->tag;
    job->auth_tag_output_len_in_bytes = RAW_TAG_LEN;
    job = IMB_SUBMIT_JOB(raw->manager);
    raw_require(job != NULL && job->status == IMB_STATUS_COMPLETED, "ChaCha20-Poly1305");
}

static inline void raw_chacha_seal(void *arg)
{
    raw_chacha_job(arg, IMB_DIR_ENCRYPT);
}

static inline void raw_chacha_open(void *arg)
{
    raw_chacha_job(arg, IMB_DIR_DECRYPT);
}
#endif

static inline EVP_PKEY_CTX *raw_x25519_ready(EVP_PKEY *own, const uint8_t peer[32])
{
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, 32);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    raw_require(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, other) == 1,
                "X25519 key");
    EVP_PKEY_free(other);
    return ctx;
}

/* Fills *raw; it lives as long as the program. */
static inline void raw_init(struct raw *raw)
{
    static const uint8_t base_point[32] = {9};
    uint8_t peer[32];
    size_t peer_len = sizeof peer;
    memset(raw, 0, sizeof *raw);
    memset(raw->digest, 0x42, sizeof raw->digest);
    raw->record = calloc(1, RAW_RECORD_LEN + 64);
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    raw_require(raw->record != NULL && own != NULL && other != NULL &&
                    EVP_PKEY_get_raw_public_key(other, peer, &peer_len) == 1,
                "X25519 key");
    raw->x25519 = raw_x25519_ready(own, peer);
    raw->x25519_base = raw_x25519_ready(own, base_point);
    EVP_PKEY_free(own);
    EVP_PKEY_free(other);
    raw->p256_evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    raw->p256 = EVP_PKEY_get1_EC_KEY(raw->p256_evp);
    raw->rsa_evp = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    raw->rsa = EVP_PKEY_get1_RSA(raw->rsa_evp);
    raw_require(raw->p256 != NULL && raw->rsa != NULL, "key generation");
#if defined(RAW_HAVE_IPSECMB)
    raw->manager = alloc_mb_mgr(0);
    raw->gcm128 = aligned_alloc(64, sizeof *raw->gcm128 + 64 - sizeof *raw->gcm128 % 64);
    raw->gcm256 = aligned_alloc(64, sizeof *raw->gcm256 + 64 - sizeof *raw->gcm256 % 64);
    raw_require(raw->manager != NULL && raw->gcm128 != NULL && raw->gcm256 != NULL, "memory");
    init_mb_mgr_auto(raw->manager, NULL);
    raw->manager->gcm128_pre(raw->key, raw->gcm128);
    raw->manager->gcm256_pre(raw->key, raw->gcm256);
#endif
    raw_p256_sign(raw);
    raw_rsa_sign(raw);
}

#endif

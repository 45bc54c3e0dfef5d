/* Every primitive three times: through our provider, raw with everything prepared (bench/raw.h),
 * and as a program calls libcrypto's EVP with algorithms fetched once and a context made for each
 * use.
 *
 * Columns: time (or speed) of ours, its allocations; the raw operation and raw time / our time
 * (1.00: at the floor); EVP, its allocations, and EVP time / our time (how many times ours it
 * costs).
 */
#include "bench/raw.h" /* first: it chooses what libcrypto's headers declare */

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <handfast/crypto.h>

#include "bench/bench.h"
#include "crypto/hmac.h"

/* Our side of it: the provider's objects, prepared as a connection has them. */
static struct {
    const hf_provider *provider;
    const hf_group *group; /* of the rows that are running */
    const hf_aead *aead;
    _Alignas(64) uint8_t priv[4096];
    uint8_t client_share[HF_GROUP_MAX_SHARE_LEN], server_share[HF_GROUP_MAX_SHARE_LEN];
    uint8_t secret[HF_GROUP_MAX_SECRET_LEN];
    hf_private_key *key;
    hf_public_key *pub;
    uint8_t *spki;
    int spki_len;
    uint16_t scheme;
    uint8_t sig[HF_SIGNATURE_MAX_LEN];
    size_t sig_len;
    struct hmac_key hmac;
    void *aead_ctx;
    uint8_t sealed[RAW_RECORD_LEN + 64];
} ours;

/* EVP's side: what a careful program keeps. */
static struct {
    EVP_MD *sha256;
    EVP_MAC *hmac;
    EVP_CIPHER *cipher;
    EVP_PKEY *key;
    uint8_t sig[512];
    size_t sig_len;
    uint8_t x25519[32];
} evp;

static struct raw raw;
static uint64_t allocations;

struct row {
    const char *name;
    size_t bytes; /* not 0: speed is shown */
    void (*ours)(void *arg);
    void (*floor)(void *arg); /* or NULL */
    void (*evp)(void *arg);   /* or NULL */
};

static void count_allocations(void);
static void prepare(void);
static void header(void);
static void measure(struct bench_json *json, const struct row *row);
static void measure_hashes(struct bench_json *json);
static void measure_groups(struct bench_json *json);
static void measure_signatures(struct bench_json *json);
static void measure_aeads(struct bench_json *json);

int main(void)
{
    count_allocations();
    prepare();
    struct bench_json json;
    bench_json_open(&json);
    header();
    measure_hashes(&json);
    measure_groups(&json);
    measure_signatures(&json);
    measure_aeads(&json);
    bench_json_close(&json);
    return 0;
}

static void header(void)
{
    printf("provider: %s\n%-28s %12s %6s   %12s %6s   %12s %6s %6s\n", ours.provider->name, "",
           "ours", "allocs", "raw", "/ours", "EVP", "allocs", "/ours");
}

static void print_cost(const struct bench_result *result, size_t bytes)
{
    if (bytes != 0) {
        printf(" %7.2f GB/s", (double)bytes / result->ns);
    } else if (result->ns < 1000) {
        printf(" %9.0f ns", result->ns);
    } else {
        printf(" %9.2f us", result->ns / 1000);
    }
}

static void measure(struct bench_json *json, const struct row *row)
{
    struct bench_case cases[3] = {{"ours", row->ours, NULL}};
    struct bench_result results[3];
    size_t count = 1;
    const size_t floor_at = row->floor != NULL ? count++ : 0;
    const size_t evp_at = row->evp != NULL ? count++ : 0;
    cases[floor_at] = floor_at != 0 ? (struct bench_case){"raw", row->floor, &raw} : cases[0];
    cases[evp_at] = evp_at != 0 ? (struct bench_case){"EVP", row->evp, NULL} : cases[0];
    bench_run(cases, count, results);
    printf("%-28s", row->name);
    print_cost(&results[0], row->bytes);
    printf(" %6.1f  ", results[0].allocs);
    bench_json_add(json, row->name, "ns", results[0].ns);
    bench_json_add(json, row->name, "allocs", results[0].allocs);
    if (floor_at != 0) {
        print_cost(&results[floor_at], row->bytes);
        printf(" %6.2f  ", results[floor_at].ratio);
        bench_json_add(json, row->name, "raw ns", results[floor_at].ns);
        bench_json_add(json, row->name, "raw/ours", results[floor_at].ratio);
    } else {
        printf(" %12s %6s  ", "", "");
    }
    if (evp_at != 0) {
        print_cost(&results[evp_at], row->bytes);
        printf(" %6.1f %6.2f", results[evp_at].allocs, results[evp_at].ratio);
        bench_json_add(json, row->name, "EVP ns", results[evp_at].ns);
        bench_json_add(json, row->name, "EVP/ours", results[evp_at].ratio);
    }
    printf("\n");
    fflush(stdout);
}

/* --- hashes --- */

static void our_sha256(void *arg)
{
    const size_t len = *(const size_t *)arg;
    hf_hash_ctx ctx;
    ours.provider->sha256->init(&ctx);
    ours.provider->sha256->update(&ctx, raw.record, len);
    ours.provider->sha256->final(&ctx, raw.out);
}

static void our_sha256_block(void *arg)
{
    (void)arg;
    our_sha256(&(size_t){32});
}

static void our_sha256_kib(void *arg)
{
    (void)arg;
    our_sha256(&(size_t){1024});
}

static void evp_sha256(size_t len)
{
    raw_require(EVP_Digest(raw.record, len, raw.out, NULL, evp.sha256, NULL) == 1, "EVP_Digest");
}

static void evp_sha256_block(void *arg)
{
    (void)arg;
    evp_sha256(32);
}

static void evp_sha256_kib(void *arg)
{
    (void)arg;
    evp_sha256(1024);
}

static void our_hmac(void *arg)
{
    (void)arg;
    hmac_mac(&ours.hmac, (hf_span){raw.digest, 32}, (hf_span){NULL, 0}, raw.out);
}

static void raw_hmac(void *arg)
{
    raw_sha256_block(arg);
    raw_sha256_block(arg);
}

static void evp_hmac(void *arg)
{
    (void)arg;
    char name[] = "SHA2-256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", name, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(evp.hmac);
    size_t len = 0;
    raw_require(EVP_MAC_init(ctx, raw.digest, 32, params) == 1 &&
                    EVP_MAC_update(ctx, raw.digest, 32) == 1 &&
                    EVP_MAC_final(ctx, raw.out, &len, 32) == 1,
                "EVP_MAC");
    EVP_MAC_CTX_free(ctx);
}

static void our_random(void *arg)
{
    (void)arg;
    raw_require(ours.provider->random(NULL, raw.out, 32), "random");
}

static void evp_random(void *arg)
{
    (void)arg;
    raw_require(RAND_priv_bytes(raw.out, 32) == 1, "RAND_priv_bytes");
}

static void measure_hashes(struct bench_json *json)
{
    static const struct row rows[] = {
        {"SHA-256 32 B", 0, our_sha256_block, raw_sha256_block, evp_sha256_block},
        {"SHA-256 1 KiB", 0, our_sha256_kib, raw_sha256_kib, evp_sha256_kib},
        {"HMAC-SHA-256 32 B", 0, our_hmac, raw_hmac, evp_hmac},
        {"random 32 B", 0, our_random, NULL, evp_random},
    };
    hmac_key_init(&ours.hmac, ours.provider->sha256, (hf_span){raw.digest, 32});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        measure(json, &rows[i]);
    }
}

/* --- groups --- */

static void our_generate(void *arg)
{
    (void)arg;
    ours.group->clear(ours.priv);
    raw_require(ours.group->generate(ours.provider->random, NULL, ours.priv, ours.client_share),
                "generate");
}

static void our_encap(void *arg)
{
    (void)arg;
    raw_require(ours.group->encap(ours.provider->random, NULL, ours.client_share,
                                  ours.group->client_share_len, ours.server_share, ours.secret),
                "encap");
}

static void our_decap(void *arg)
{
    (void)arg;
    raw_require(
        ours.group->decap(ours.priv, ours.server_share, ours.group->server_share_len, ours.secret),
        "decap");
}

static void raw_x25519_encap(void *arg)
{
    raw_x25519_public(arg);
    raw_x25519_derive(arg);
}

static EVP_PKEY *evp_x25519_key(void)
{
    size_t len = 32;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    raw_require(key != NULL && EVP_PKEY_get_raw_public_key(key, raw.out, &len) == 1, "X25519 key");
    return key;
}

static void evp_derive_from(EVP_PKEY *key, EVP_PKEY *peer)
{
    size_t len = sizeof raw.out;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    raw_require(EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
                    EVP_PKEY_derive(ctx, raw.out, &len) == 1,
                "EVP_PKEY_derive");
    EVP_PKEY_CTX_free(ctx);
}

static void evp_x25519_generate(void *arg)
{
    (void)arg;
    EVP_PKEY_free(evp_x25519_key());
}

static void evp_x25519_decap(void *arg)
{
    (void)arg;
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, evp.x25519, 32);
    evp_derive_from(evp.key, peer);
    EVP_PKEY_free(peer);
}

static void evp_x25519_encap(void *arg)
{
    (void)arg;
    EVP_PKEY *key = evp_x25519_key();
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, evp.x25519, 32);
    evp_derive_from(key, peer);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(key);
}

static EVP_PKEY *evp_p256_key(void)
{
    size_t len = 0;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    raw_require(key != NULL &&
                    EVP_PKEY_get_octet_string_param(key, "pub", raw.out, sizeof raw.out, &len) == 1,
                "P-256 key");
    return key;
}

static EVP_PKEY *evp_p256_peer(void)
{
    EVP_PKEY *peer = EVP_PKEY_new();
    raw_require(EVP_PKEY_copy_parameters(peer, raw.p256_evp) == 1 &&
                    EVP_PKEY_set1_encoded_public_key(peer, ours.client_share, 65) == 1,
                "P-256 peer");
    return peer;
}

static void evp_p256_generate(void *arg)
{
    (void)arg;
    EVP_PKEY_free(evp_p256_key());
}

static void evp_p256_decap(void *arg)
{
    (void)arg;
    EVP_PKEY *peer = evp_p256_peer();
    evp_derive_from(raw.p256_evp, peer);
    EVP_PKEY_free(peer);
}

static void evp_p256_encap(void *arg)
{
    (void)arg;
    EVP_PKEY *key = evp_p256_key();
    EVP_PKEY *peer = evp_p256_peer();
    evp_derive_from(key, peer);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(key);
}

static void measure_group(struct bench_json *json, uint16_t id, const struct row rows[3])
{
    ours.group = hf_provider_group(ours.provider, id);
    if (ours.group == NULL) {
        return;
    }
    our_generate(NULL);
    our_encap(NULL);
    for (size_t i = 0; i < 3; i++) {
        measure(json, &rows[i]);
    }
    ours.group->clear(ours.priv);
}

static void measure_groups(struct bench_json *json)
{
    static const struct row hybrid[] = {
        {"X25519MLKEM768 generate", 0, our_generate, NULL, NULL},
        {"X25519MLKEM768 encap", 0, our_encap, NULL, NULL},
        {"X25519MLKEM768 decap", 0, our_decap, NULL, NULL},
    };
    static const struct row x25519[] = {
        {"x25519 generate", 0, our_generate, raw_x25519_public, evp_x25519_generate},
        {"x25519 encap", 0, our_encap, raw_x25519_encap, evp_x25519_encap},
        {"x25519 decap", 0, our_decap, raw_x25519_derive, evp_x25519_decap},
    };
    static const struct row p256[] = {
        {"secp256r1 generate", 0, our_generate, NULL, evp_p256_generate},
        {"secp256r1 encap", 0, our_encap, NULL, evp_p256_encap},
        {"secp256r1 decap", 0, our_decap, NULL, evp_p256_decap},
    };
    static const struct row p384[] = {
        {"secp384r1 generate", 0, our_generate, NULL, NULL},
        {"secp384r1 encap", 0, our_encap, NULL, NULL},
        {"secp384r1 decap", 0, our_decap, NULL, NULL},
    };
    static const struct row ffdhe[] = {
        {"ffdhe2048 generate", 0, our_generate, NULL, NULL},
        {"ffdhe2048 encap", 0, our_encap, NULL, NULL},
        {"ffdhe2048 decap", 0, our_decap, NULL, NULL},
    };
    measure_group(json, 0x11ec, hybrid);
    measure_group(json, 0x001d, x25519);
    measure_group(json, 0x0017, p256);
    measure_group(json, 0x0018, p384);
    measure_group(json, 0x0100, ffdhe);
}

/* --- signatures --- */

/* What a CertificateVerify signs: 64 spaces, context string, digest (RFC 9846, 4.5.2). */
enum { SIGNED_LEN = 130 };

static void our_sign(void *arg)
{
    (void)arg;
    ours.sig_len = sizeof ours.sig;
    raw_require(ours.provider->sign(ours.key, ours.scheme, (hf_span){raw.record, SIGNED_LEN},
                                    ours.sig, &ours.sig_len),
                "sign");
}

static void our_verify(void *arg)
{
    (void)arg;
    raw_require(ours.provider->verify(ours.pub, ours.scheme, (hf_span){raw.record, SIGNED_LEN},
                                      (hf_span){ours.sig, ours.sig_len}),
                "verify");
}

static void our_import(void *arg)
{
    (void)arg;
    ours.provider->public_key_free(
        ours.provider->public_key_import((hf_span){ours.spki, (size_t)ours.spki_len}));
}

static void evp_import(void *arg)
{
    (void)arg;
    const unsigned char *at = ours.spki;
    EVP_PKEY_free(d2i_PUBKEY(NULL, &at, ours.spki_len));
}

static const EVP_MD *evp_sign_hash(void)
{
    return EVP_PKEY_is_a(evp.key, "ED25519") ? NULL : evp.sha256;
}

static void evp_padding(EVP_PKEY_CTX *ctx)
{
    if (EVP_PKEY_is_a(evp.key, "RSA")) {
        raw_require(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                        EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1,
                    "PSS padding");
    }
}

static void evp_sign(void *arg)
{
    (void)arg;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    evp.sig_len = sizeof evp.sig;
    raw_require(EVP_DigestSignInit(ctx, &key_ctx, evp_sign_hash(), NULL, evp.key) == 1, "sign");
    evp_padding(key_ctx);
    raw_require(EVP_DigestSign(ctx, evp.sig, &evp.sig_len, raw.record, SIGNED_LEN) == 1, "sign");
    EVP_MD_CTX_free(ctx);
}

static void evp_verify(void *arg)
{
    (void)arg;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    raw_require(EVP_DigestVerifyInit(ctx, &key_ctx, evp_sign_hash(), NULL, evp.key) == 1, "verify");
    evp_padding(key_ctx);
    raw_require(EVP_DigestVerify(ctx, evp.sig, evp.sig_len, raw.record, SIGNED_LEN) == 1, "verify");
    EVP_MD_CTX_free(ctx);
}

static void measure_key(struct bench_json *json, EVP_PKEY *key, uint16_t scheme,
                        const struct row rows[3])
{
    uint8_t *der = NULL;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    const int der_len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    PKCS8_PRIV_KEY_INFO_free(info);
    ours.spki = NULL;
    ours.spki_len = i2d_PUBKEY(key, &ours.spki);
    ours.scheme = scheme;
    ours.pub = ours.provider->public_key_import((hf_span){ours.spki, (size_t)ours.spki_len});
    raw_require(der_len > 0 && ours.pub != NULL &&
                    ours.provider->private_key_load((hf_span){der, (size_t)der_len}, NULL, NULL,
                                                    &ours.key) == HF_KEY_LOAD_OK,
                "key");
    evp.key = key;
    our_sign(NULL);
    evp_sign(NULL);
    for (size_t i = 0; i < 3; i++) {
        measure(json, &rows[i]);
    }
    ours.provider->private_key_free(ours.key);
    ours.provider->public_key_free(ours.pub);
    OPENSSL_free(ours.spki);
    OPENSSL_free(der);
}

static void measure_signatures(struct bench_json *json)
{
    static const struct row p256[] = {
        {"P-256 sign", 0, our_sign, raw_p256_sign, evp_sign},
        {"P-256 verify", 0, our_verify, raw_p256_verify, evp_verify},
        {"P-256 import", 0, our_import, NULL, evp_import},
    };
    static const struct row rsa[] = {
        {"RSA-2048 PSS sign", 0, our_sign, raw_rsa_sign, evp_sign},
        {"RSA-2048 PSS verify", 0, our_verify, raw_rsa_verify, evp_verify},
        {"RSA-2048 import", 0, our_import, NULL, evp_import},
    };
    static const struct row ed25519[] = {
        {"Ed25519 sign", 0, our_sign, NULL, evp_sign},
        {"Ed25519 verify", 0, our_verify, NULL, evp_verify},
        {"Ed25519 import", 0, our_import, NULL, evp_import},
    };
    measure_key(json, raw.p256_evp, 0x0403, p256);
    measure_key(json, raw.rsa_evp, 0x0804, rsa);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    measure_key(json, key, 0x0807, ed25519);
    EVP_PKEY_free(key);
}

/* --- AEADs: a full record with its content type octet behind it --- */

static void our_seal(void *arg)
{
    (void)arg;
    const uint8_t type = 23;
    raw_require(ours.aead->seal(ours.aead_ctx, raw.nonce, (hf_span){raw.aad, sizeof raw.aad},
                                ours.sealed, raw.record, RAW_RECORD_LEN, (hf_span){&type, 1}),
                "seal");
}

/* A record opens once, so an equal one is copied in first, for all three. */
static uint8_t sealed_copy[RAW_RECORD_LEN + 64];

static void our_open(void *arg)
{
    (void)arg;
    memcpy(ours.sealed, sealed_copy, sizeof sealed_copy);
    raw_require(ours.aead->open(ours.aead_ctx, raw.nonce, (hf_span){raw.aad, sizeof raw.aad},
                                ours.sealed, RAW_RECORD_LEN + 1 + RAW_TAG_LEN),
                "open");
}

static void evp_crypt(int is_seal)
{
    int len = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    raw_require(EVP_CipherInit_ex(ctx, evp.cipher, NULL, raw.digest, raw.nonce, is_seal) == 1 &&
                    EVP_CipherUpdate(ctx, NULL, &len, raw.aad, sizeof raw.aad) == 1 &&
                    EVP_CipherUpdate(ctx, raw.record, &len, raw.record, RAW_RECORD_LEN + 1) == 1,
                "EVP_CipherUpdate");
    /* Opening what was never sealed: the tag is wrong, the work is the same. */
    raw_require(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, RAW_TAG_LEN, raw.tag) == 1 ||
                    is_seal,
                "EVP tag");
    (void)EVP_CipherFinal_ex(ctx, raw.record + RAW_RECORD_LEN + 1, &len);
    EVP_CIPHER_CTX_free(ctx);
    ERR_clear_error();
}

static void evp_seal(void *arg)
{
    (void)arg;
    evp_crypt(1);
}

static void evp_open(void *arg)
{
    (void)arg;
    memcpy(raw.record, sealed_copy, sizeof sealed_copy);
    evp_crypt(0);
}

static void measure_aead(struct bench_json *json, const hf_aead *aead, const char *evp_name,
                         const struct row rows[2])
{
    const size_t size = ((size_t)aead->ctx_size + 63) / 64 * 64;
    ours.aead = aead;
    ours.aead_ctx = aligned_alloc(64, size);
    evp.cipher = EVP_CIPHER_fetch(NULL, evp_name, NULL);
    raw_require(ours.aead_ctx != NULL && evp.cipher != NULL &&
                    aead->init(ours.aead_ctx, raw.digest),
                "AEAD key");
    our_seal(NULL);
    memcpy(sealed_copy, ours.sealed, sizeof sealed_copy);
    measure(json, &rows[0]);
    measure(json, &rows[1]);
    aead->clear(ours.aead_ctx);
    free(ours.aead_ctx);
    EVP_CIPHER_free(evp.cipher);
}

#if defined(RAW_HAVE_IPSECMB)
#define RAW_AEAD(function) function

static void raw_gcm128_open_copy(void *arg)
{
    memcpy(raw.record, sealed_copy, sizeof sealed_copy);
    raw_gcm128_open(arg);
}

static void raw_gcm256_open_copy(void *arg)
{
    memcpy(raw.record, sealed_copy, sizeof sealed_copy);
    raw_gcm256_open(arg);
}

static void raw_chacha_open_copy(void *arg)
{
    memcpy(raw.record, sealed_copy, sizeof sealed_copy);
    raw_chacha_open(arg);
}
#else
#define RAW_AEAD(function) NULL
#endif

static void measure_aeads(struct bench_json *json)
{
    static const struct row gcm128[] = {
        {"AES-128-GCM seal 16 KiB", RAW_RECORD_LEN, our_seal, RAW_AEAD(raw_gcm128_seal), evp_seal},
        {"AES-128-GCM open 16 KiB", RAW_RECORD_LEN, our_open, RAW_AEAD(raw_gcm128_open_copy),
         evp_open},
    };
    static const struct row gcm256[] = {
        {"AES-256-GCM seal 16 KiB", RAW_RECORD_LEN, our_seal, RAW_AEAD(raw_gcm256_seal), evp_seal},
        {"AES-256-GCM open 16 KiB", RAW_RECORD_LEN, our_open, RAW_AEAD(raw_gcm256_open_copy),
         evp_open},
    };
    static const struct row chacha[] = {
        {"ChaCha20-Poly1305 seal 16 KiB", RAW_RECORD_LEN, our_seal, RAW_AEAD(raw_chacha_seal),
         evp_seal},
        {"ChaCha20-Poly1305 open 16 KiB", RAW_RECORD_LEN, our_open, RAW_AEAD(raw_chacha_open_copy),
         evp_open},
    };
    measure_aead(json, ours.provider->aes128gcm, "AES-128-GCM", gcm128);
    measure_aead(json, ours.provider->aes256gcm, "AES-256-GCM", gcm256);
    measure_aead(json, ours.provider->chacha20poly1305, "ChaCha20-Poly1305", chacha);
}

/* --- preparation --- */

static void prepare(void)
{
    size_t len = sizeof evp.x25519;
    raw_init(&raw);
    ours.provider = hf_provider_default();
    evp.sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    evp.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    evp.key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY *peer = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    raw_require(evp.sha256 != NULL && evp.hmac != NULL && evp.key != NULL && peer != NULL &&
                    EVP_PKEY_get_raw_public_key(peer, evp.x25519, &len) == 1,
                "preparation");
    EVP_PKEY_free(peer);
}

static void *counted_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return malloc(len);
}

static void *counted_realloc(void *p, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return realloc(p, len);
}

static void counted_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

static uint64_t allocation_count(void)
{
    return allocations;
}

/* libcrypto's allocations, which are all there are: our own code in these paths has none. */
static void count_allocations(void)
{
    raw_require(CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) == 1,
                "CRYPTO_set_mem_functions");
    bench_alloc_count = allocation_count;
}

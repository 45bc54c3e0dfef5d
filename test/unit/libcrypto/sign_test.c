/* Signing and verifying under every scheme, against EVP and against what does not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "provider/libcrypto/libcrypto.h"

static const struct {
    uint16_t scheme;
    hf_key_kind kind;
    const char *digest; /* NULL: EdDSA */
    bool pss;
} schemes[] = {
    {0x0403, HF_KEY_P256, "SHA2-256", false},   {0x0503, HF_KEY_P384, "SHA2-384", false},
    {0x0603, HF_KEY_P521, "SHA2-512", false},   {0x0804, HF_KEY_RSA, "SHA2-256", true},
    {0x0805, HF_KEY_RSA, "SHA2-384", true},     {0x0806, HF_KEY_RSA, "SHA2-512", true},
    {0x0809, HF_KEY_RSA_PSS, "SHA2-256", true}, {0x080a, HF_KEY_RSA_PSS, "SHA2-384", true},
    {0x080b, HF_KEY_RSA_PSS, "SHA2-512", true}, {0x0401, HF_KEY_RSA, "SHA2-256", false},
    {0x0501, HF_KEY_RSA, "SHA2-384", false},    {0x0601, HF_KEY_RSA, "SHA2-512", false},
    {0x0807, HF_KEY_ED25519, NULL, false},      {0x0808, HF_KEY_ED448, NULL, false},
};
enum { SCHEME_COUNT = sizeof schemes / sizeof schemes[0], KIND_COUNT = HF_KEY_ED448 + 1 };

/* A key of each kind, three times over. */
static struct {
    EVP_PKEY *evp;
    hf_private_key *priv;
    hf_public_key *pub;
} keys[KIND_COUNT];

static const uint8_t message[] = "what a CertificateVerify covers";
static const hf_span message_span = {message, sizeof message};

static hf_private_key *load(EVP_PKEY *evp)
{
    uint8_t *der = NULL;
    hf_private_key *key = NULL;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(evp);
    const int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    assert_true(len > 0);
    const hf_key_load result = lc_private_key_load((hf_span){der, (size_t)len}, NULL, NULL, &key);
    PKCS8_PRIV_KEY_INFO_free(info);
    OPENSSL_free(der);
    return result == HF_KEY_LOAD_OK ? key : NULL;
}

static hf_public_key *import(EVP_PKEY *evp)
{
    uint8_t *der = NULL;
    const int len = i2d_PUBKEY(evp, &der);
    assert_true(len > 0);
    hf_public_key *key = lc_public_key_import((hf_span){der, (size_t)len});
    OPENSSL_free(der);
    return key;
}

/* An id-RSASSA-PSS key; digest NULL: without restrictions. */
static EVP_PKEY *make_pss(const char *digest, const char *mgf1, int salt_len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY *key = NULL;
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    if (digest != NULL) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(ctx, digest, NULL), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name(ctx, mgf1), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, salt_len), 1);
    }
    assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static int make_keys(void **state)
{
    (void)state;
    keys[HF_KEY_RSA].evp = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    keys[HF_KEY_RSA_PSS].evp = make_pss(NULL, NULL, 0);
    keys[HF_KEY_P256].evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    keys[HF_KEY_P384].evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    keys[HF_KEY_P521].evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
    keys[HF_KEY_ED25519].evp = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    keys[HF_KEY_ED448].evp = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        keys[i].priv = load(keys[i].evp);
        keys[i].pub = import(keys[i].evp);
        assert_true(keys[i].priv != NULL && keys[i].pub != NULL);
    }
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        lc_private_key_free(keys[i].priv);
        lc_public_key_free(keys[i].pub);
        EVP_PKEY_free(keys[i].evp);
    }
    return 0;
}

static void set_padding(EVP_PKEY_CTX *ctx, size_t scheme)
{
    if (schemes[scheme].pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST), 1);
    }
}

static bool evp_verify(EVP_PKEY *key, size_t scheme, hf_span sig)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    assert_int_equal(
        EVP_DigestVerifyInit_ex(ctx, &key_ctx, schemes[scheme].digest, NULL, NULL, key, NULL), 1);
    set_padding(key_ctx, scheme);
    const bool valid = EVP_DigestVerify(ctx, sig.data, sig.len, message, sizeof message) == 1;
    EVP_MD_CTX_free(ctx);
    return valid;
}

static size_t evp_sign(EVP_PKEY *key, size_t scheme, uint8_t *sig, size_t cap)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    size_t len = cap;
    assert_int_equal(
        EVP_DigestSignInit_ex(ctx, &key_ctx, schemes[scheme].digest, NULL, NULL, key, NULL), 1);
    set_padding(key_ctx, scheme);
    assert_int_equal(EVP_DigestSign(ctx, sig, &len, message, sizeof message), 1);
    EVP_MD_CTX_free(ctx);
    return len;
}

static void check_scheme(size_t i)
{
    const uint16_t scheme = schemes[i].scheme;
    const hf_key_kind kind = schemes[i].kind;
    uint8_t sig[HF_SIGNATURE_MAX_LEN];
    size_t len = sizeof sig;
    assert_true(lc_sign(keys[kind].priv, scheme, message_span, sig, &len));
    assert_true(len > 0 && len <= sizeof sig);
    assert_true(evp_verify(keys[kind].evp, i, (hf_span){sig, len}));
    assert_true(lc_verify(keys[kind].pub, scheme, message_span, (hf_span){sig, len}));
    /* Another message, every changed byte, every shorter signature and a longer one. */
    assert_false(lc_verify(keys[kind].pub, scheme, (hf_span){message, sizeof message - 1},
                           (hf_span){sig, len}));
    assert_false(lc_verify(keys[kind].pub, scheme, (hf_span){NULL, 0}, (hf_span){sig, len}));
    for (size_t at = 0; at < len; at += kind == HF_KEY_P384 || kind == HF_KEY_P521 ? 7 : 1) {
        sig[at] ^= 0x01;
        assert_false(lc_verify(keys[kind].pub, scheme, message_span, (hf_span){sig, len}));
        sig[at] ^= 0x01;
    }
    for (size_t cut = 0; cut < len; cut += cut < 16 ? 1 : 13) {
        assert_false(lc_verify(keys[kind].pub, scheme, message_span, (hf_span){sig, cut}));
    }
    if (len < sizeof sig) {
        sig[len] = 0;
        assert_false(lc_verify(keys[kind].pub, scheme, message_span, (hf_span){sig, len + 1}));
    }
    len = evp_sign(keys[kind].evp, i, sig, sizeof sig);
    assert_true(lc_verify(keys[kind].pub, scheme, message_span, (hf_span){sig, len}));
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_schemes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        check_scheme(i);
    }
}

/* A signature that does not fit the room is not written, not even in part. */
static void test_room(void **state)
{
    (void)state;
    static const size_t least[KIND_COUNT] = {256, 256, 8, 8, 8, 64, 114};
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        uint8_t sig[HF_SIGNATURE_MAX_LEN] = {0};
        const size_t room = least[schemes[i].kind] - 1;
        size_t len = room;
        assert_false(
            lc_sign(keys[schemes[i].kind].priv, schemes[i].scheme, message_span, sig, &len));
        assert_int_equal(len, room);
        for (size_t k = 0; k < sizeof sig; k++) {
            assert_int_equal(sig[k], 0);
        }
    }
}

/* All pairs of kind and scheme: those of the list fit, the others do not, whoever is asked. */
static void test_fit(void **state)
{
    (void)state;
    static const uint16_t strangers[] = {0x0000, 0x0201, 0x0203, 0x0303, 0x0402, 0x0800,
                                         0x080c, 0x081a, 0x0904, 0xfefe, 0xffff};
    uint8_t sig[HF_SIGNATURE_MAX_LEN] = {0};
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        for (size_t i = 0; i < SCHEME_COUNT; i++) {
            const bool fits = (int)schemes[i].kind == kind;
            size_t len = sizeof sig;
            assert_int_equal(hf_key_kind_fits((hf_key_kind)kind, schemes[i].scheme), fits);
            assert_int_equal(lc_sign(keys[kind].priv, schemes[i].scheme, message_span, sig, &len),
                             fits);
        }
        for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
            size_t len = sizeof sig;
            assert_false(hf_key_kind_fits((hf_key_kind)kind, strangers[i]));
            assert_false(lc_sign(keys[kind].priv, strangers[i], message_span, sig, &len));
            assert_false(lc_verify(keys[kind].pub, strangers[i], message_span, (hf_span){sig, 64}));
        }
    }
}

/* A scheme of the same key does not verify another's signature. */
static void test_other_scheme(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCHEME_COUNT; i++) {
        uint8_t sig[HF_SIGNATURE_MAX_LEN];
        size_t len = sizeof sig;
        const hf_key_kind kind = schemes[i].kind;
        assert_true(lc_sign(keys[kind].priv, schemes[i].scheme, message_span, sig, &len));
        for (size_t k = 0; k < SCHEME_COUNT; k++) {
            assert_int_equal(
                lc_verify(keys[kind].pub, schemes[k].scheme, message_span, (hf_span){sig, len}),
                i == k);
        }
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* RFC 4055, 3.1 and RFC 9846, 4.3.3: a restricted key does what its parameters allow. */
static void test_pss_restrictions(void **state)
{
    (void)state;
    static const struct {
        const char *digest, *mgf1;
        int salt_len;
        bool imports;
        uint16_t fits; /* 0: none */
    } rows[] = {
        {"SHA2-256", "SHA2-256", 32, true, 0x0809},
        {"SHA2-256", "SHA2-256", 0, true, 0x0809},
        {"SHA2-256", "SHA2-256", 33, true, 0},
        {"SHA2-384", "SHA2-384", 48, true, 0x080a},
        {"SHA2-512", "SHA2-512", 64, true, 0x080b},
        {"SHA2-256", "SHA2-384", 32, false, 0},
        {"SHA1", "SHA1", 20, false, 0},
    };
    static const uint16_t all[] = {0x0809, 0x080a, 0x080b};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EVP_PKEY *evp = make_pss(rows[i].digest, rows[i].mgf1, rows[i].salt_len);
        hf_private_key *priv = load(evp);
        hf_public_key *pub = import(evp);
        assert_int_equal(priv != NULL, rows[i].imports);
        assert_int_equal(pub != NULL, rows[i].imports);
        for (size_t k = 0; priv != NULL && k < 3; k++) {
            uint8_t sig[256];
            size_t len = sizeof sig;
            const bool fits = all[k] == rows[i].fits;
            assert_int_equal(lc_sign(priv, all[k], message_span, sig, &len), fits);
            assert_int_equal(lc_verify(pub, all[k], message_span, (hf_span){sig, len}), fits);
        }
        if (priv != NULL) {
            assert_true(lc_key_pair_match(priv, pub));
        }
        lc_private_key_free(priv);
        lc_public_key_free(pub);
        EVP_PKEY_free(evp);
    }
}

/* ECDSA signatures that are not DER, or whose numbers are out of range. */
static void test_ecdsa_numbers(void **state)
{
    (void)state;
    static const uint8_t zero_r[] = {0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x01};
    static const uint8_t zero_s[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x00};
    static const uint8_t negative[] = {0x30, 0x06, 0x02, 0x01, 0xff, 0x02, 0x01, 0x01};
    static const uint8_t ones[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
    const hf_span all[] = {{zero_r, sizeof zero_r},
                           {zero_s, sizeof zero_s},
                           {negative, sizeof negative},
                           {ones, sizeof ones},
                           {NULL, 0}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_false(lc_verify(keys[HF_KEY_P256].pub, 0x0403, message_span, all[i]));
    }
}

/* Two signatures of ECDSA with one nonce give the key away: r, which is the nonce's, must not come
 * twice. How long a signature takes is libcrypto's to hide. */
static void test_ecdsa_nonces(void **state)
{
    (void)state;
    enum { COUNT = 200, R_LEN = 24 /* enough of it */ };
    static uint8_t seen[COUNT][R_LEN];
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t sig[HF_SIGNATURE_MAX_LEN];
        size_t len = sizeof sig;
        assert_true(lc_sign(keys[HF_KEY_P256].priv, 0x0403, message_span, sig, &len));
        /* SEQUENCE, INTEGER r with a zero before it where its first bit is set. */
        assert_true(len > 8 + R_LEN && sig[2] == 2 && sig[3] >= R_LEN);
        memcpy(seen[i], sig + 4 + (sig[4] == 0), R_LEN);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(seen[i], seen[k], R_LEN);
        }
    }
}

/* libcrypto's queue belongs to the program: what stands there stays, and nothing of ours is
 * added. */
static void test_error_queue(void **state)
{
    (void)state;
    ERR_raise(ERR_LIB_USER, 42);
    const unsigned long before = ERR_peek_last_error();
    assert_false(lc_verify(keys[HF_KEY_RSA].pub, 0x0804, message_span, message_span));
    assert_false(lc_verify(keys[HF_KEY_P256].pub, 0x0403, message_span, message_span));
    assert_null(lc_public_key_import(message_span));
    assert_int_equal(ERR_peek_last_error(), before);
    assert_int_equal(ERR_get_error(), before);
    assert_int_equal(ERR_get_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_other_scheme),
        cmocka_unit_test(test_pss_restrictions),
        cmocka_unit_test(test_ecdsa_numbers),
        cmocka_unit_test(test_ecdsa_nonces),
        cmocka_unit_test(test_error_queue),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}

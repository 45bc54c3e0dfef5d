/* Loading private keys in every form, importing public keys, and matching the two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "provider/libcrypto/libcrypto.h"
#include "support/pki.h"

static const struct {
    enum pki_kind pki;
    hf_key_kind kind;
    unsigned bits;
} kinds[] = {
    {PKI_P256, HF_KEY_P256, 256},       {PKI_P384, HF_KEY_P384, 384},
    {PKI_P521, HF_KEY_P521, 521},       {PKI_RSA_2048, HF_KEY_RSA, 2048},
    {PKI_RSA_3072, HF_KEY_RSA, 3072},   {PKI_RSA_PSS_2048, HF_KEY_RSA_PSS, 2048},
    {PKI_ED25519, HF_KEY_ED25519, 253}, {PKI_ED448, HF_KEY_ED448, 446},
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

/* Made once: RSA keys are slow. */
static struct pki_cert *certs[KIND_COUNT];

static int make_certs(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        certs[i] = pki_make(&(struct pki_spec){.kind = kinds[i].pki, .common_name = "key"});
    }
    return 0;
}

static int free_certs(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        pki_cert_free(certs[i]);
    }
    return 0;
}

/* A passphrase source that counts how often it is asked. */
struct secret {
    const char *passphrase; /* NULL: there is none */
    unsigned asked;
};

static int ask(void *ctx, char *out, size_t cap)
{
    struct secret *secret = ctx;
    secret->asked++;
    if (secret->passphrase == NULL) {
        return -1;
    }
    const size_t len = strlen(secret->passphrase);
    assert_true(len <= cap);
    memcpy(out, secret->passphrase, len);
    return (int)len;
}

/* Public key of a certificate's key through our own reader. */
static hf_public_key *import_of(const struct pki_cert *cert)
{
    uint8_t *spki = NULL;
    const int len = i2d_PUBKEY(cert->key, &spki);
    assert_true(len > 0);
    hf_public_key *key = lc_public_key_import((hf_span){spki, (size_t)len});
    OPENSSL_free(spki);
    return key;
}

static hf_key_load load(const char *bytes, size_t len, struct secret *secret, hf_private_key **out)
{
    /* A copy of just this length, so that sanitizers see a step too far. */
    uint8_t *copy = malloc(len);
    assert_true(copy != NULL || len == 0);
    memcpy(copy, bytes, len);
    const hf_key_load result =
        lc_private_key_load((hf_span){copy, len}, secret != NULL ? ask : NULL, secret, out);
    free(copy);
    assert_int_equal(ERR_peek_error(), 0);
    return result;
}

static void check_loads(size_t i, enum pki_key_form form, struct secret *secret)
{
    size_t len = 0;
    char *bytes = pki_key_write(certs[i], form, "correct horse", &len);
    hf_private_key *key = NULL;
    assert_int_equal(load(bytes, len, secret, &key), HF_KEY_LOAD_OK);
    assert_non_null(key);
    assert_int_equal(lc_private_key_kind(key), kinds[i].kind);
    hf_public_key *pub = import_of(certs[i]);
    assert_non_null(pub);
    assert_int_equal(lc_public_key_kind(pub), kinds[i].kind);
    assert_int_equal(lc_public_key_bits(pub), kinds[i].bits);
    assert_true(lc_key_pair_match(key, pub));
    lc_public_key_free(pub);
    lc_private_key_free(key);
    free(bytes);
}

static void test_plain_forms(void **state)
{
    (void)state;
    static const enum pki_key_form forms[] = {PKI_KEY_PKCS8, PKI_KEY_TRADITIONAL, PKI_KEY_PKCS8_DER,
                                              PKI_KEY_TRADITIONAL_DER};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
            if (kinds[i].kind == HF_KEY_RSA_PSS && forms[f] != PKI_KEY_PKCS8 &&
                forms[f] != PKI_KEY_PKCS8_DER) {
                continue; /* PKCS#1 cannot say that a key is for PSS */
            }
            struct secret secret = {"correct horse", 0};
            check_loads(i, forms[f], NULL);
            check_loads(i, forms[f], &secret);
            assert_int_equal(secret.asked, 0);
        }
    }
}

static void test_encrypted_forms(void **state)
{
    (void)state;
    static const enum pki_key_form forms[] = {PKI_KEY_PKCS8_ENCRYPTED,
                                              PKI_KEY_TRADITIONAL_ENCRYPTED};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
            if (kinds[i].kind == HF_KEY_RSA_PSS && forms[f] != PKI_KEY_PKCS8_ENCRYPTED) {
                continue;
            }
            struct secret secret = {"correct horse", 0};
            check_loads(i, forms[f], &secret);
            assert_int_equal(secret.asked, 1);
        }
    }
}

static void test_passphrases(void **state)
{
    (void)state;
    static const enum pki_key_form forms[] = {PKI_KEY_PKCS8_ENCRYPTED,
                                              PKI_KEY_TRADITIONAL_ENCRYPTED};
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        size_t len = 0;
        char *bytes = pki_key_write(certs[0], forms[f], "correct horse", &len);
        hf_private_key *key = NULL;
        /* Without a callback nothing is asked, of nobody: a prompt would hang the test. */
        assert_int_equal(load(bytes, len, NULL, &key), HF_KEY_LOAD_PASSPHRASE);
        struct secret none = {NULL, 0};
        assert_int_equal(load(bytes, len, &none, &key), HF_KEY_LOAD_PASSPHRASE);
        assert_int_equal(none.asked, 1);
        struct secret empty = {"", 0};
        assert_int_equal(load(bytes, len, &empty, &key), HF_KEY_LOAD_PASSPHRASE);
        /* Some wrong passphrases decrypt to good padding: hence many. */
        for (unsigned i = 0; i < 600; i++) {
            char wrong[16];
            snprintf(wrong, sizeof wrong, "wrong %u", i);
            struct secret secret = {wrong, 0};
            if (forms[f] == PKI_KEY_PKCS8_ENCRYPTED && i == 20) {
                break; /* PBKDF2 is slow by design */
            }
            assert_int_equal(load(bytes, len, &secret, &key), HF_KEY_LOAD_PASSPHRASE);
        }
        assert_null(key);
        free(bytes);
    }
}

static int claims_too_much(void *ctx, char *out, size_t cap)
{
    (void)ctx;
    memset(out, 'x', cap);
    return (int)cap + 1;
}

static void test_passphrase_overrun(void **state)
{
    (void)state;
    size_t len = 0;
    char *bytes = pki_key_write(certs[0], PKI_KEY_PKCS8_ENCRYPTED, "correct horse", &len);
    hf_private_key *key = NULL;
    assert_int_equal(
        lc_private_key_load((hf_span){(uint8_t *)bytes, len}, claims_too_much, NULL, &key),
        HF_KEY_LOAD_PASSPHRASE);
    assert_null(key);
    free(bytes);
}

/* A key among certificates, in either order, and text around. */
static void test_bundle(void **state)
{
    (void)state;
    char *key_first = NULL;
    char *key_last = NULL;
    const char *cert = certs[0]->pem;
    const char *key = certs[0]->key_pem;
    const size_t room = strlen(cert) + strlen(key) + 64;
    key_first = malloc(room);
    key_last = malloc(room);
    assert_true(key_first != NULL && key_last != NULL);
    snprintf(key_first, room, "0 some text\n%s%s", key, cert);
    snprintf(key_last, room, "0 some text\n%s%s", cert, key);
    hf_private_key *loaded = NULL;
    assert_int_equal(load(key_first, strlen(key_first), NULL, &loaded), HF_KEY_LOAD_OK);
    lc_private_key_free(loaded);
    assert_int_equal(load(key_last, strlen(key_last), NULL, &loaded), HF_KEY_LOAD_OK);
    lc_private_key_free(loaded);
    loaded = NULL;
    assert_int_equal(load(cert, strlen(cert), NULL, &loaded), HF_KEY_LOAD_MALFORMED);
    assert_null(loaded);
    free(key_first);
    free(key_last);
}

static void check_bytes(const char *bytes, size_t len, hf_key_load expected)
{
    hf_private_key *key = NULL;
    assert_int_equal(load(bytes, len, NULL, &key), expected);
    if (expected == HF_KEY_LOAD_OK) {
        lc_private_key_free(key);
    } else {
        assert_null(key);
    }
}

static void test_unsupported(void **state)
{
    (void)state;
    static const enum pki_kind others[] = {PKI_RSA_1024, PKI_SECP256K1};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct pki_cert *cert =
            pki_make(&(struct pki_spec){.kind = others[i], .common_name = "other"});
        check_bytes(cert->key_pem, strlen(cert->key_pem), HF_KEY_LOAD_UNSUPPORTED);
        size_t len = 0;
        char *bytes = pki_key_write(cert, PKI_KEY_TRADITIONAL_DER, NULL, &len);
        check_bytes(bytes, len, HF_KEY_LOAD_UNSUPPORTED);
        free(bytes);
        assert_null(import_of(cert));
        pki_cert_free(cert);
    }
    EVP_PKEY *x25519 = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, x25519, NULL, NULL, 0, NULL, NULL), 1);
    const long len = BIO_get_mem_data(bio, &pem);
    check_bytes(pem, (size_t)len, HF_KEY_LOAD_UNSUPPORTED);
    BIO_free(bio);
    EVP_PKEY_free(x25519);
    static const char openssh[] = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
                                  "-----END OPENSSH PRIVATE KEY-----\n";
    check_bytes(openssh, sizeof openssh - 1, HF_KEY_LOAD_UNSUPPORTED);
}

/* A P-256 key whose curve is written out: RFC 5480, 2.1.1 forbids it. */
static void test_explicit_curve(void **state)
{
    (void)state;
    char name[] = "P-256";
    char encoding[] = "explicit";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, encoding, 0),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    uint8_t *der = NULL;
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
    int len = i2d_PUBKEY(key, &der);
    assert_true(len > 200);
    assert_null(lc_public_key_import((hf_span){der, (size_t)len}));
    OPENSSL_free(der);
    der = NULL;
    len = i2d_PrivateKey(key, &der);
    check_bytes((char *)der, (size_t)len, HF_KEY_LOAD_UNSUPPORTED);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(ctx);
}

static void test_malformed(void **state)
{
    (void)state;
    check_bytes("", 0, HF_KEY_LOAD_MALFORMED);
    check_bytes("garbage", 7, HF_KEY_LOAD_MALFORMED);
    check_bytes("-----BEGIN ", 11, HF_KEY_LOAD_MALFORMED);
    static const char broken[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    check_bytes(broken, sizeof broken - 1, HF_KEY_LOAD_MALFORMED);
    static const enum pki_key_form forms[] = {PKI_KEY_PKCS8_DER, PKI_KEY_TRADITIONAL_DER};
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
            size_t len = 0;
            char *bytes = pki_key_write(certs[i], forms[f], NULL, &len);
            for (size_t cut = 0; cut < len; cut++) {
                check_bytes(bytes, cut, HF_KEY_LOAD_MALFORMED);
            }
            /* One byte too many. */
            char *longer = malloc(len + 1);
            assert_non_null(longer);
            memcpy(longer, bytes, len);
            longer[len] = 0;
            check_bytes(longer, len + 1, HF_KEY_LOAD_MALFORMED);
            free(longer);
            free(bytes);
        }
    }
}

/* Any one changed byte of an EC key is refused, or is a key that is another pair, or was of no
 * weight. */
static void test_damaged_ec(void **state)
{
    (void)state;
    size_t len = 0;
    char *bytes = pki_key_write(certs[0], PKI_KEY_PKCS8_DER, NULL, &len);
    unsigned loaded = 0;
    for (size_t i = 0; i < len; i++) {
        hf_private_key *key = NULL;
        bytes[i] ^= 0x04;
        if (load(bytes, len, NULL, &key) == HF_KEY_LOAD_OK) {
            loaded++;
            lc_private_key_free(key);
        }
        bytes[i] ^= 0x04;
    }
    /* The public key stands in the file, so a changed scalar does not fit it. */
    assert_int_equal(loaded, 0);
    free(bytes);
}

/* A changed private exponent or prime of an RSA key shows at load. */
static void test_damaged_rsa(void **state)
{
    (void)state;
    size_t len = 0;
    char *bytes = pki_key_write(certs[3], PKI_KEY_TRADITIONAL_DER, NULL, &len);
    /* RSAPrivateKey: header 4, version 3, modulus 4 + 257. */
    bytes[4 + 3 + 4 + 100] ^= 0x40;
    check_bytes(bytes, len, HF_KEY_LOAD_MALFORMED);
    free(bytes);
}

/* RFC 8410, 10.3: a version 2 structure with attributes and the public key, which older readers
 * refuse. */
static void test_pkcs8_version_2(void **state)
{
    (void)state;
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                              "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"
                              "Z9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                              "-----END PRIVATE KEY-----\n";
    static const uint8_t spki[] = {
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00, 0x19, 0xbf, 0x44,
        0x09, 0x69, 0x84, 0xcd, 0xfe, 0x85, 0x41, 0xba, 0xc1, 0x67, 0xdc, 0x3b, 0x96, 0xc8, 0x50,
        0x86, 0xaa, 0x30, 0xb6, 0xb6, 0xcb, 0x0c, 0x5c, 0x38, 0xad, 0x70, 0x31, 0x66, 0xe1};
    hf_private_key *key = NULL;
    assert_int_equal(load(pem, sizeof pem - 1, NULL, &key), HF_KEY_LOAD_OK);
    hf_public_key *pub = lc_public_key_import((hf_span){spki, sizeof spki});
    assert_non_null(pub);
    assert_true(lc_key_pair_match(key, pub));
    lc_public_key_free(pub);
    lc_private_key_free(key);
}

static void test_pairs(void **state)
{
    (void)state;
    struct pki_cert *other = pki_make(&(struct pki_spec){.kind = PKI_P256, .common_name = "other"});
    hf_private_key *keys[KIND_COUNT];
    hf_public_key *pubs[KIND_COUNT];
    for (size_t i = 0; i < KIND_COUNT; i++) {
        assert_int_equal(load(certs[i]->key_pem, strlen(certs[i]->key_pem), NULL, &keys[i]),
                         HF_KEY_LOAD_OK);
        pubs[i] = import_of(certs[i]);
        assert_non_null(pubs[i]);
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t k = 0; k < KIND_COUNT; k++) {
            assert_int_equal(lc_key_pair_match(keys[i], pubs[k]), i == k);
        }
    }
    hf_public_key *same_kind = import_of(other);
    assert_false(lc_key_pair_match(keys[0], same_kind));
    lc_public_key_free(same_kind);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        lc_private_key_free(keys[i]);
        lc_public_key_free(pubs[i]);
    }
    pki_cert_free(other);
}

/* No truncated SubjectPublicKeyInfo is taken, and no changed one of EC but another point of the
 * curve. */
static void test_import_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        uint8_t *spki = NULL;
        const int len = i2d_PUBKEY(certs[i]->key, &spki);
        for (int cut = 0; cut < len; cut++) {
            uint8_t *copy = malloc((size_t)cut + 1);
            assert_non_null(copy);
            memcpy(copy, spki, (size_t)cut);
            assert_null(lc_public_key_import((hf_span){copy, (size_t)cut}));
            copy[0] = 0;
            free(copy);
        }
        OPENSSL_free(spki);
    }
    uint8_t *spki = NULL;
    const int len = i2d_PUBKEY(certs[0]->key, &spki);
    for (int i = 0; i < len; i++) {
        spki[i] ^= 0x01;
        assert_null(lc_public_key_import((hf_span){spki, (size_t)len}));
        spki[i] ^= 0x01;
    }
    OPENSSL_free(spki);
    assert_int_equal(ERR_peek_error(), 0);
}

/* RFC 5480, 2.2: the compressed form may be taken, and is the same key; the hybrid form may not. */
static void test_import_compressed(void **state)
{
    (void)state;
    uint8_t *spki = NULL;
    const int len = i2d_PUBKEY(certs[0]->key, &spki);
    assert_int_equal(len, 91);
    uint8_t compressed[59];
    memcpy(compressed, spki, sizeof compressed);
    compressed[1] = 57;  /* the outer SEQUENCE */
    compressed[24] = 34; /* the BIT STRING */
    compressed[26] = (uint8_t)(0x02 | (spki[90] & 1));
    hf_public_key *key = lc_public_key_import((hf_span){compressed, sizeof compressed});
    assert_non_null(key);
    hf_private_key *priv = NULL;
    assert_int_equal(load(certs[0]->key_pem, strlen(certs[0]->key_pem), NULL, &priv),
                     HF_KEY_LOAD_OK);
    assert_true(lc_key_pair_match(priv, key));
    lc_public_key_free(key);
    lc_private_key_free(priv);
    spki[26] = (uint8_t)(0x06 | (spki[90] & 1));
    assert_null(lc_public_key_import((hf_span){spki, (size_t)len}));
    OPENSSL_free(spki);
}

/* SubjectPublicKeyInfo of an RSA key of our making. */
static hf_public_key *import_rsa(const BIGNUM *n, const BIGNUM *e)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e), 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    uint8_t *spki = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    const int len = i2d_PUBKEY(key, &spki);
    hf_public_key *imported = lc_public_key_import((hf_span){spki, (size_t)len});
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    return imported;
}

static void test_import_rsa_limits(void **state)
{
    (void)state;
    static const struct {
        int bits;
        BN_ULONG e;
        bool even, ok;
    } rows[] = {
        {2047, 65537, false, false}, {2048, 65537, false, true},  {2048, 3, false, true},
        {2048, 1, false, false},     {2048, 65536, false, false}, {2048, 65537, true, false},
        {8192, 65537, false, true},  {8193, 65537, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        BIGNUM *n = BN_new();
        BIGNUM *e = BN_new();
        assert_int_equal(BN_set_bit(n, rows[i].bits - 1), 1);
        assert_int_equal(BN_set_bit(n, 5), 1);
        assert_int_equal(rows[i].even ? 1 : BN_set_bit(n, 0), 1);
        assert_int_equal(BN_set_word(e, rows[i].e), 1);
        hf_public_key *key = import_rsa(n, e);
        assert_int_equal(key != NULL, rows[i].ok);
        if (key != NULL) {
            assert_int_equal(lc_public_key_bits(key), rows[i].bits);
        }
        lc_public_key_free(key);
        /* An exponent of 65 bits and more is a peer's way to cost us time. */
        assert_int_equal(BN_set_bit(e, 64), 1);
        assert_int_equal(BN_set_bit(e, 0), 1);
        assert_null(import_rsa(n, e));
        BN_free(n);
        BN_free(e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_forms),
        cmocka_unit_test(test_encrypted_forms),
        cmocka_unit_test(test_passphrases),
        cmocka_unit_test(test_passphrase_overrun),
        cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_explicit_curve),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_damaged_ec),
        cmocka_unit_test(test_damaged_rsa),
        cmocka_unit_test(test_pkcs8_version_2),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_import_malformed),
        cmocka_unit_test(test_import_compressed),
        cmocka_unit_test(test_import_rsa_limits),
    };
    return cmocka_run_group_tests(tests, make_certs, free_certs);
}

/* Private keys from PEM or DER: PKCS#8 plain and encrypted (RFC 5958), SEC 1 (RFC 5915), PKCS#1
 * (RFC 8017), and the encryption of old PEM files (RFC 1421 headers as OpenSSL writes them).
 *
 * libcrypto decrypts and makes the numbers; the structure around them is read by our own strict
 * reader, so that "malformed", "passphrase" and "unsupported" are told apart, and no decoder
 * chain guesses. libcrypto never prompts: PEM_do_header always gets our callback. */
#define OPENSSL_SUPPRESS_DEPRECATED /* d2i_RSAPrivateKey, EC_KEY: key.h says why not EVP_PKEY */

#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "libcrypto/der.h"
#include "libcrypto/key.h"
#include "libcrypto/libcrypto.h"
#include "libcrypto/quiet.h"

enum { PASSPHRASE_MAX_LEN = 1024 };

/* One load: what was given, and what happened on the way. */
struct load {
    hf_passphrase_fn passphrase;
    void *passphrase_ctx;
    bool wanted_passphrase; /* then a failure to read on means that it was wrong or missing */
    hf_private_key *key;
};

static bool is_pem(hf_span bytes);
static hf_key_load load_pem(struct load *load, hf_span bytes);
static hf_key_load load_der(struct load *load, hf_span der);
static hf_key_load load_pkcs8(struct load *load, hf_span der);
static hf_key_load load_encrypted(struct load *load, hf_span der);
static hf_key_load load_rsa(struct load *load, hf_span der);
static hf_key_load load_ec(struct load *load, hf_span der);

hf_key_load lc_private_key_load(hf_span bytes, hf_passphrase_fn passphrase, void *passphrase_ctx,
                                hf_private_key **out)
{
    if (bytes.len > INT_MAX) {
        return HF_KEY_LOAD_MALFORMED;
    }
    struct load load = {.passphrase = passphrase, .passphrase_ctx = passphrase_ctx};
    load.key = OPENSSL_zalloc(sizeof *load.key);
    if (load.key == NULL) {
        return HF_KEY_LOAD_NO_MEMORY;
    }
    lc_quiet_begin();
    hf_key_load result = is_pem(bytes) ? load_pem(&load, bytes) : load_der(&load, bytes);
    lc_quiet_end();
    if (result == HF_KEY_LOAD_MALFORMED && load.wanted_passphrase) {
        result = HF_KEY_LOAD_PASSPHRASE; /* it decrypted to nonsense */
    }
    if (result != HF_KEY_LOAD_OK) {
        lc_private_key_free(load.key);
        return result;
    }
    *out = load.key;
    return HF_KEY_LOAD_OK;
}

void lc_private_key_free(hf_private_key *key)
{
    if (key == NULL) {
        return;
    }
    lc_public_half_clear(&key->half);
    OPENSSL_clear_free(key, sizeof *key);
}

hf_key_kind lc_private_key_kind(const hf_private_key *key)
{
    return key->half.kind;
}

static bool is_pem(hf_span bytes)
{
    static const char mark[] = "-----BEGIN ";
    const size_t mark_len = sizeof mark - 1;
    for (size_t i = 0; i + mark_len <= bytes.len; i++) {
        if (memcmp(bytes.data + i, mark, mark_len) == 0) {
            return true;
        }
    }
    return false;
}

struct pem_block {
    char *name, *header;
    unsigned char *data;
    long len;
};

static hf_key_load load_pem_block(struct load *load, struct pem_block *block);
static int ask_passphrase(char *out, int cap, int is_writing, void *ctx);

/* The first private key among the blocks of a file; certificates and parameters are passed over. */
static hf_key_load load_pem(struct load *load, hf_span bytes)
{
    BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    if (bio == NULL) {
        return HF_KEY_LOAD_NO_MEMORY;
    }
    hf_key_load result = HF_KEY_LOAD_MALFORMED;
    bool found = false;
    struct pem_block block;
    /* Each turn takes at least one line off the file. */
    while (!found && PEM_read_bio(bio, &block.name, &block.header, &block.data, &block.len) == 1) {
        const size_t len = (size_t)block.len;
        found = strstr(block.name, "PRIVATE KEY") != NULL;
        if (found) {
            result = load_pem_block(load, &block);
        }
        OPENSSL_free(block.name);
        OPENSSL_free(block.header);
        OPENSSL_clear_free(block.data, len);
    }
    BIO_free(bio);
    return result;
}

static hf_key_load load_pem_block(struct load *load, struct pem_block *block)
{
    EVP_CIPHER_INFO cipher;
    if (PEM_get_EVP_CIPHER_INFO(block->header, &cipher) != 1) {
        return HF_KEY_LOAD_MALFORMED;
    }
    /* Decrypts in place where the header says so, otherwise does nothing. */
    if (PEM_do_header(&cipher, block->data, &block->len, ask_passphrase, load) != 1) {
        return HF_KEY_LOAD_MALFORMED;
    }
    const hf_span der = {block->data, (size_t)block->len};
    static const struct {
        const char *name;
        hf_key_load (*read)(struct load *load, hf_span der);
    } forms[] = {
        {PEM_STRING_PKCS8INF, load_pkcs8}, /* "PRIVATE KEY" */
        {PEM_STRING_PKCS8, load_encrypted},
        {PEM_STRING_RSA, load_rsa},
        {PEM_STRING_ECPRIVATEKEY, load_ec},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(block->name, forms[i].name) == 0) {
            return forms[i].read(load, der);
        }
    }
    return HF_KEY_LOAD_UNSUPPORTED; /* DSA, OPENSSH, ANY */
}

/* Tells the forms apart by the tags of their first two fields. */
static hf_key_load load_der(struct load *load, hf_span der)
{
    hf_span rest = der;
    hf_span fields = {NULL, 0};
    hf_span number = {NULL, 0};
    if (!der_take(&rest, DER_SEQUENCE, &fields)) {
        return HF_KEY_LOAD_MALFORMED;
    }
    if (der_next_is(fields, DER_SEQUENCE)) {
        return load_encrypted(load, der);
    }
    if (!der_take(&fields, DER_INTEGER, &number)) {
        return HF_KEY_LOAD_MALFORMED;
    }
    if (der_next_is(fields, DER_SEQUENCE)) {
        return load_pkcs8(load, der);
    }
    if (der_next_is(fields, DER_INTEGER)) {
        return load_rsa(load, der);
    }
    return load_ec(load, der);
}

/* OneAsymmetricKey (RFC 5958, 2): version, algorithm, key, then optional attributes and public
 * key, which tell us nothing that the private key does not. */
static hf_key_load load_pkcs8(struct load *load, hf_span der)
{
    hf_span fields = {NULL, 0};
    hf_span oid = {NULL, 0};
    hf_span parameters = {NULL, 0};
    hf_span inner = {NULL, 0};
    uint8_t version = 0;
    struct lc_key_algorithm algorithm;
    if (!der_take(&der, DER_SEQUENCE, &fields) || der.len != 0 ||
        !der_take_small(&fields, &version) || version > 1 ||
        !der_take_algorithm(&fields, &oid, &parameters) ||
        !der_take(&fields, DER_OCTET_STRING, &inner)) {
        return HF_KEY_LOAD_MALFORMED;
    }
    if (!lc_key_algorithm_parse(oid, parameters, &algorithm)) {
        return HF_KEY_LOAD_UNSUPPORTED;
    }
    struct hf_public_key *half = &load->key->half;
    half->kind = algorithm.kind;
    half->pss_hash_bits = algorithm.pss_hash_bits;
    half->pss_salt_min = algorithm.pss_salt_min;
    switch (half->kind) {
    case HF_KEY_RSA:
    case HF_KEY_RSA_PSS:
        return lc_private_half_rsa(load->key, inner);
    case HF_KEY_P256:
    case HF_KEY_P384:
    case HF_KEY_P521:
        return lc_private_half_ec(load->key, inner, true);
    case HF_KEY_ED25519:
    case HF_KEY_ED448:
        return lc_private_half_ed(load->key, inner);
    }
    return HF_KEY_LOAD_UNSUPPORTED;
}

static hf_key_load decrypt(const X509_SIG *sealed, struct load *load, hf_span *der);

/* EncryptedPrivateKeyInfo (RFC 5958, 3). */
static hf_key_load load_encrypted(struct load *load, hf_span der)
{
    const unsigned char *at = der.data;
    X509_SIG *sealed = d2i_X509_SIG(NULL, &at, (long)der.len);
    if (sealed == NULL || at != der.data + der.len) {
        X509_SIG_free(sealed);
        return HF_KEY_LOAD_MALFORMED;
    }
    hf_span plain = {NULL, 0};
    hf_key_load result = decrypt(sealed, load, &plain);
    if (result == HF_KEY_LOAD_OK) {
        result = load_pkcs8(load, plain);
        OPENSSL_clear_free((void *)(uintptr_t)plain.data, plain.len);
    }
    X509_SIG_free(sealed);
    return result;
}

static hf_key_load decrypt(const X509_SIG *sealed, struct load *load, hf_span *der)
{
    char passphrase[PASSPHRASE_MAX_LEN];
    const int passphrase_len = ask_passphrase(passphrase, sizeof passphrase, 0, load);
    unsigned char *plain = NULL;
    int plain_len = 0;
    if (passphrase_len >= 0) {
        const X509_ALGOR *algorithm = NULL;
        const ASN1_OCTET_STRING *bytes = NULL;
        X509_SIG_get0(sealed, &algorithm, &bytes);
        (void)PKCS12_pbe_crypt(algorithm, passphrase, passphrase_len, ASN1_STRING_get0_data(bytes),
                               ASN1_STRING_length(bytes), &plain, &plain_len, 0);
    }
    OPENSSL_cleanse(passphrase, sizeof passphrase);
    if (plain == NULL) {
        return HF_KEY_LOAD_PASSPHRASE;
    }
    *der = (hf_span){plain, (size_t)plain_len};
    return HF_KEY_LOAD_OK;
}

/* The shape that libcrypto's PEM reader wants of the caller's callback. */
static int ask_passphrase(char *out, int cap, int is_writing, void *ctx)
{
    (void)is_writing;
    struct load *load = ctx;
    load->wanted_passphrase = true;
    if (load->passphrase == NULL) {
        return -1;
    }
    const int len = load->passphrase(load->passphrase_ctx, out, (size_t)cap);
    return len > cap ? -1 : len;
}

static hf_key_load load_rsa(struct load *load, hf_span der)
{
    load->key->half.kind = HF_KEY_RSA;
    return lc_private_half_rsa(load->key, der);
}

static hf_key_load load_ec(struct load *load, hf_span der)
{
    return lc_private_half_ec(load->key, der, false);
}

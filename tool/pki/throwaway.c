/* An authority of the moment, made with libcrypto.
 *
 * Invariant: a struct pki has a key, a certificate and its PEM, or does not exist.
 */
#include "pki/throwaway.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "tool.h"

struct pki {
    EVP_PKEY *key;
    X509 *certificate;
    struct text pem;
};

static X509 *new_certificate(EVP_PKEY *key, const char *common_name, X509 *issuer);
static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value);
static bool list_names(struct text *out, const char *const *names, size_t count);
static bool certificate_to_pem(X509 *x, struct text *out);
static bool key_to_pem(EVP_PKEY *key, struct text *out);
static bool drain(BIO *bio, struct text *out);
static int failed(struct trouble *trouble);

struct pki *pki_new(struct trouble *trouble)
{
    struct pki *pki = calloc(1, sizeof *pki);
    uint8_t tail[3];
    char name[64];
    if (pki == NULL || RAND_bytes(tail, sizeof tail) != 1) {
        goto out;
    }
    /* A browser keys what it knows of an authority by its name: each one has its own. */
    (void)snprintf(name, sizeof name, "Handfast throw-away CA %02x%02x%02x", tail[0], tail[1],
                   tail[2]);
    pki->key = EVP_EC_gen("P-256");
    if (pki->key == NULL || (pki->certificate = new_certificate(pki->key, name, NULL)) == NULL) {
        goto out;
    }
    X509 *x = pki->certificate;
    if (add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(x, x, NID_subject_key_identifier, "hash") &&
        X509_sign(x, pki->key, EVP_sha256()) > 0 && certificate_to_pem(x, &pki->pem)) {
        return pki;
    }
out:
    pki_free(pki);
    (void)failed(trouble);
    return NULL;
}

void pki_free(struct pki *pki)
{
    if (pki == NULL) {
        return;
    }
    EVP_PKEY_free(pki->key);
    X509_free(pki->certificate);
    text_free(&pki->pem);
    free(pki);
}

hf_span pki_authority_pem(const struct pki *pki)
{
    return (hf_span){(const uint8_t *)pki->pem.ptr, pki->pem.len};
}

int pki_issue(struct pki *pki, enum pki_use use, const char *const *names, size_t count,
              struct pki_leaf *out, struct trouble *trouble)
{
    *out = (struct pki_leaf){0};
    struct text alternatives = {0};
    const bool rsa = use == PKI_SERVER_RSA;
    EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509 *x = key == NULL ? NULL : new_certificate(key, names[0], pki->certificate);
    const bool done =
        x != NULL && list_names(&alternatives, names, count) &&
        add_extension(x, pki->certificate, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(x, pki->certificate, NID_key_usage,
                      rsa ? "critical,digitalSignature,keyEncipherment"
                          : "critical,digitalSignature") &&
        add_extension(x, pki->certificate, NID_ext_key_usage,
                      use == PKI_CLIENT ? "clientAuth" : "serverAuth") &&
        add_extension(x, pki->certificate, NID_subject_alt_name, alternatives.ptr) &&
        add_extension(x, pki->certificate, NID_authority_key_identifier, "keyid") &&
        X509_sign(x, pki->key, EVP_sha256()) > 0 && certificate_to_pem(x, &out->chain) &&
        key_to_pem(key, &out->key);
    text_free(&alternatives);
    X509_free(x);
    EVP_PKEY_free(key);
    if (!done) {
        pki_leaf_free(out);
        return failed(trouble);
    }
    text_add_bytes(&out->chain, pki->pem.ptr, pki->pem.len);
    return 0;
}

void pki_leaf_free(struct pki_leaf *leaf)
{
    if (leaf->key.ptr != NULL) {
        explicit_bzero(leaf->key.ptr, leaf->key.cap);
    }
    text_free(&leaf->key);
    text_free(&leaf->chain);
}

/* A certificate but for extensions and signature. issuer NULL: its own. */
static X509 *new_certificate(EVP_PKEY *key, const char *common_name, X509 *issuer)
{
    uint8_t serial[16];
    X509 *x = X509_new();
    BIGNUM *number = NULL;
    if (x == NULL || RAND_bytes(serial, sizeof serial) != 1) {
        goto out;
    }
    serial[0] =
        (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive and 16 bytes long: RFC 5280, 4.1.2.2 */
    number = BN_bin2bn(serial, sizeof serial, NULL);
    X509_NAME *name = X509_get_subject_name(x);
    /* An hour back, so that a client whose clock is a little slow believes it. */
    if (number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL &&
        X509_set_version(x, X509_VERSION_3) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(x), (long)PKI_DAYS * 24 * 3600) != NULL &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name,
                                   -1, -1, 0) == 1 &&
        X509_set_issuer_name(x, issuer == NULL ? name : X509_get_subject_name(issuer)) == 1 &&
        X509_set_pubkey(x, key) == 1) {
        BN_free(number);
        return x;
    }
out:
    BN_free(number);
    X509_free(x);
    return NULL;
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    const bool done = extension != NULL && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

/* The names in the notation of libcrypto: "DNS:localhost,IP:127.0.0.1". */
static bool list_names(struct text *out, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t address[16];
        const bool is_address = inet_pton(AF_INET, names[i], address) == 1 ||
                                inet_pton(AF_INET6, names[i], address) == 1;
        if (names[i][strcspn(names[i], ",:\n ")] != '\0' && !is_address) {
            return false; /* would end the entry and begin another */
        }
        text_addf(out, "%s%s:%s", i == 0 ? "" : ",", is_address ? "IP" : "DNS", names[i]);
    }
    return !out->failed;
}

static bool certificate_to_pem(X509 *x, struct text *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const bool done = bio != NULL && PEM_write_bio_X509(bio, x) == 1 && drain(bio, out);
    BIO_free(bio);
    return done;
}

static bool key_to_pem(EVP_PKEY *key, struct text *out)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    const bool done = bio != NULL &&
                      PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                      drain(bio, out);
    BIO_free(bio);
    return done;
}

static bool drain(BIO *bio, struct text *out)
{
    char *bytes = NULL;
    const long len = BIO_get_mem_data(bio, &bytes);
    if (len <= 0) {
        return false;
    }
    text_add_bytes(out, bytes, (size_t)len);
    return !out->failed;
}

static int failed(struct trouble *trouble)
{
    return trouble_set(trouble, TOOL_SYSTEM,
                       "Give --cert and --key, or check the system's libcrypto.",
                       "a throw-away certificate could not be made");
}

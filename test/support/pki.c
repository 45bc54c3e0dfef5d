#include "support/pki.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "support/vouch.h"

static EVP_PKEY *key_of_kind(enum pki_kind kind);
static EVP_PKEY *make_key(enum pki_kind kind);
static void set_names(X509 *x, const struct pki_spec *spec);
static X509_NAME *parse_name(const char *text);
static void set_serial(X509 *x, uint64_t serial);
static void add_extensions(X509 *x, const struct pki_spec *spec);
static void add_named(X509 *x, const struct pki_cert *issuer, const char *text);
static void add_extension(X509 *x, const struct pki_cert *issuer, const char *name,
                          const char *value);
static char *san_text(const char *names);
static void sign(X509 *x, const struct pki_spec *spec, EVP_PKEY *key);
static enum pki_key_form pkcs8_of(enum pki_key_form form);
static char *take_text(BIO *bio, size_t *len);
static void die(const char *what);

/* Every step either works or ends the program: a test without its certificates says nothing. */
#define MUST(expr)                                                                                 \
    do {                                                                                           \
        if (!(expr)) {                                                                             \
            die(#expr);                                                                            \
        }                                                                                          \
    } while (0)

struct pki_cert *pki_make(const struct pki_spec *spec)
{
    struct pki_cert *cert = calloc(1, sizeof *cert);
    MUST(cert != NULL);
    if (spec->key_of != NULL) {
        cert->key = spec->key_of->key;
        MUST(EVP_PKEY_up_ref(cert->key) == 1);
    } else {
        cert->key = key_of_kind(spec->kind);
    }

    X509 *x = X509_new();
    MUST(x != NULL && X509_set_version(x, spec->version_1 ? X509_VERSION_1 : X509_VERSION_3) == 1);
    set_serial(x, spec->serial);
    int64_t not_before = spec->not_before_s == 0 ? PKI_NOT_BEFORE : spec->not_before_s;
    int64_t not_after = spec->not_after_s == 0 ? PKI_NOT_AFTER : spec->not_after_s;
    MUST(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)not_before) != NULL);
    MUST(ASN1_TIME_set(X509_getm_notAfter(x), (time_t)not_after) != NULL);
    set_names(x, spec);
    MUST(X509_set_pubkey(x, cert->key) == 1);
    if (!spec->version_1) {
        add_extensions(x, spec);
    }
    sign(x, spec, spec->issuer == NULL ? cert->key : spec->issuer->key);

    uint8_t *der = NULL;
    int len = i2d_X509(x, &der);
    MUST(len > 0);
    vouch(der, (size_t)len);
    cert->der = (hf_span){der, (size_t)len};
    cert->x509 = x;
    cert->pem = pki_pem("CERTIFICATE", cert->der);
    cert->key_pem = pki_key_write(cert, PKI_KEY_PKCS8, NULL, &(size_t){0});
    return cert;
}

void pki_cert_free(struct pki_cert *cert)
{
    if (cert == NULL) {
        return;
    }
    OPENSSL_free((void *)(uintptr_t)cert->der.data);
    X509_free(cert->x509);
    EVP_PKEY_free(cert->key);
    free(cert->pem);
    free(cert->key_pem);
    free(cert);
}

/* RSA keys are slow to make, so a few of each kind take turns. */
static EVP_PKEY *key_of_kind(enum pki_kind kind)
{
    static EVP_PKEY *pool[PKI_KIND_COUNT][PKI_RSA_POOL];
    static size_t turn[PKI_KIND_COUNT];
    const bool is_slow = kind == PKI_RSA_1024 || kind == PKI_RSA_2048 || kind == PKI_RSA_3072 ||
                         kind == PKI_RSA_4096 || kind == PKI_RSA_PSS_2048;
    if (!is_slow) {
        return make_key(kind);
    }
    EVP_PKEY **key = &pool[kind][turn[kind]++ % PKI_RSA_POOL];
    if (*key == NULL) {
        *key = make_key(kind);
    }
    MUST(EVP_PKEY_up_ref(*key) == 1);
    return *key;
}

static EVP_PKEY *make_key(enum pki_kind kind)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = NULL;
    switch (kind) {
    case PKI_P256:
        key = EVP_EC_gen("P-256");
        break;
    case PKI_P384:
        key = EVP_EC_gen("P-384");
        break;
    case PKI_P521:
        key = EVP_EC_gen("P-521");
        break;
    case PKI_SECP256K1:
        key = EVP_EC_gen("secp256k1");
        break;
    case PKI_RSA_1024:
        key = EVP_RSA_gen(1024);
        break;
    case PKI_RSA_2048:
        key = EVP_RSA_gen(2048);
        break;
    case PKI_RSA_3072:
        key = EVP_RSA_gen(3072);
        break;
    case PKI_RSA_4096:
        key = EVP_RSA_gen(4096);
        break;
    case PKI_RSA_PSS_2048:
        ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA_PSS, NULL);
        MUST(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1);
        MUST(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048) == 1);
        MUST(EVP_PKEY_generate(ctx, &key) == 1);
        EVP_PKEY_CTX_free(ctx);
        break;
    case PKI_ED25519:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    case PKI_ED448:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
        break;
    case PKI_KIND_COUNT:
        break;
    }
    MUST(key != NULL);
    return key;
}

static void set_names(X509 *x, const struct pki_spec *spec)
{
    char text[256] = "";
    if (spec->subject != NULL) {
        (void)snprintf(text, sizeof text, "%s", spec->subject);
    } else if (spec->common_name != NULL) {
        (void)snprintf(text, sizeof text, "/CN=%s", spec->common_name);
    }
    X509_NAME *subject = parse_name(text);
    MUST(X509_set_subject_name(x, subject) == 1);
    if (spec->issuer_name != NULL) {
        X509_NAME *issuer = parse_name(spec->issuer_name);
        MUST(X509_set_issuer_name(x, issuer) == 1);
        X509_NAME_free(issuer);
    } else {
        const X509_NAME *issuer =
            spec->issuer == NULL ? subject : X509_get_subject_name(spec->issuer->x509);
        MUST(X509_set_issuer_name(x, issuer) == 1);
    }
    X509_NAME_free(subject);
}

/* "/O=Test/CN=x" */
static X509_NAME *parse_name(const char *text)
{
    X509_NAME *name = X509_NAME_new();
    MUST(name != NULL);
    char copy[256];
    (void)snprintf(copy, sizeof copy, "%s", text);
    char *rest = NULL;
    for (char *part = strtok_r(copy, "/", &rest); part != NULL; part = strtok_r(NULL, "/", &rest)) {
        char *value = strchr(part, '=');
        MUST(value != NULL);
        *value++ = '\0';
        MUST(X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (const unsigned char *)value, -1,
                                        -1, 0) == 1);
    }
    return name;
}

static void set_serial(X509 *x, uint64_t serial)
{
    if (serial == 0) {
        MUST(RAND_bytes((unsigned char *)&serial, sizeof serial) == 1);
        serial >>= 1;
    }
    MUST(ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial) == 1);
}

static const char *text_or(const char *given, const char *otherwise)
{
    return given != NULL ? given : otherwise;
}

static void add_extensions(X509 *x, const struct pki_spec *spec)
{
    add_extension(x, spec->issuer, "basicConstraints",
                  text_or(spec->basic_constraints, spec->ca ? "critical,CA:TRUE" : ""));
    const bool decrypts = spec->kind >= PKI_RSA_2048 && spec->kind <= PKI_RSA_4096;
    add_extension(x, spec->issuer, "keyUsage",
                  text_or(spec->key_usage, spec->ca   ? "critical,keyCertSign,cRLSign"
                                           : decrypts ? "critical,digitalSignature,keyEncipherment"
                                                      : "critical,digitalSignature"));
    add_extension(x, spec->issuer, "extendedKeyUsage",
                  text_or(spec->extended_key_usage, spec->ca ? "" : "serverAuth,clientAuth"));
    add_extension(x, spec->issuer, "nameConstraints", text_or(spec->name_constraints, ""));
    add_extension(x, spec->issuer, "subjectKeyIdentifier", text_or(spec->subject_key_id, "hash"));
    const bool issuer_has_id =
        spec->issuer != NULL && X509_get0_subject_key_id(spec->issuer->x509) != NULL;
    add_extension(x, spec->issuer, "authorityKeyIdentifier",
                  text_or(spec->authority_key_id, issuer_has_id ? "keyid" : ""));
    if (spec->names != NULL && spec->names[0] != '\0') {
        char *san = san_text(spec->names);
        add_extension(x, spec->issuer, "subjectAltName", san);
        free(san);
    }
    add_named(x, spec->issuer, spec->extra);
    add_named(x, spec->issuer, spec->more);
}

/* "name=value" */
static void add_named(X509 *x, const struct pki_cert *issuer, const char *text)
{
    if (text == NULL) {
        return;
    }
    char name[64];
    const char *equals = strchr(text, '=');
    MUST(equals != NULL && (size_t)(equals - text) < sizeof name);
    memcpy(name, text, (size_t)(equals - text));
    name[equals - text] = '\0';
    add_extension(x, issuer, name, equals + 1);
}

static void add_extension(X509 *x, const struct pki_cert *issuer, const char *name,
                          const char *value)
{
    if (value[0] == '\0') {
        return;
    }
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer == NULL ? x : issuer->x509, x, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&ctx);
    X509_EXTENSION *ext = X509V3_EXT_nconf(NULL, &ctx, name, value);
    if (ext == NULL) {
        fprintf(stderr, "pki: extension %s=%s\n", name, value);
    }
    MUST(ext != NULL && X509_add_ext(x, ext, -1) == 1);
    X509_EXTENSION_free(ext);
}

/* Puts DNS: and IP: before the bare names of a comma separated list. */
static char *san_text(const char *names)
{
    const size_t cap = strlen(names) * 6 + 16;
    char *out = calloc(1, cap);
    char *copy = strdup(names);
    MUST(out != NULL && copy != NULL);
    size_t at = 0;
    char *rest = NULL;
    for (char *name = strtok_r(copy, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        name += strspn(name, " ");
        uint8_t address[16];
        const char *prefix = "DNS:";
        if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1) {
            prefix = "IP:";
        } else if (strchr(name, ':') != NULL) {
            prefix = ""; /* it brings its own */
        }
        at += (size_t)snprintf(out + at, cap - at, "%s%s%s", at == 0 ? "" : ",", prefix, name);
        MUST(at < cap);
    }
    free(copy);
    return out;
}

static void sign(X509 *x, const struct pki_spec *spec, EVP_PKEY *key)
{
    const bool eddsa = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
    const EVP_MD *digest = EVP_get_digestbyname(text_or(spec->digest, "SHA256"));
    MUST(digest != NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    MUST(ctx != NULL && EVP_DigestSignInit(ctx, &key_ctx, eddsa ? NULL : digest, NULL, key) == 1);
    if (spec->pss && EVP_PKEY_is_a(key, "RSA")) {
        MUST(EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING) == 1);
    }
    if (spec->pss || EVP_PKEY_is_a(key, "RSA-PSS")) {
        MUST(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    MUST(X509_sign_ctx(x, ctx) > 0);
    EVP_MD_CTX_free(ctx);
}

char *pki_key_write(const struct pki_cert *cert, enum pki_key_form form, const char *passphrase,
                    size_t *len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    MUST(bio != NULL);
    const unsigned char *secret = (const unsigned char *)passphrase;
    const int secret_len = passphrase == NULL ? 0 : (int)strlen(passphrase);
    EVP_PKEY *key = cert->key;
    if (!EVP_PKEY_is_a(key, "EC") && !EVP_PKEY_is_a(key, "RSA")) {
        form = pkcs8_of(form); /* only these two have a form older than PKCS#8 */
    }
    switch (form) {
    case PKI_KEY_PKCS8:
        MUST(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
        break;
    case PKI_KEY_PKCS8_ENCRYPTED:
        MUST(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), passphrase, secret_len,
                                           NULL, NULL) == 1);
        break;
    case PKI_KEY_TRADITIONAL:
        MUST(PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
        break;
    case PKI_KEY_TRADITIONAL_ENCRYPTED:
        MUST(PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_256_cbc(), secret, secret_len,
                                                  NULL, NULL) == 1);
        break;
    case PKI_KEY_PKCS8_DER:
        MUST(i2d_PKCS8PrivateKey_bio(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
        break;
    case PKI_KEY_TRADITIONAL_DER:
        MUST(i2d_PrivateKey_bio(bio, key) == 1);
        break;
    }
    return take_text(bio, len);
}

static enum pki_key_form pkcs8_of(enum pki_key_form form)
{
    switch (form) {
    case PKI_KEY_TRADITIONAL:
        return PKI_KEY_PKCS8;
    case PKI_KEY_TRADITIONAL_ENCRYPTED:
        return PKI_KEY_PKCS8_ENCRYPTED;
    case PKI_KEY_TRADITIONAL_DER:
        return PKI_KEY_PKCS8_DER;
    default:
        return form;
    }
}

char *pki_bundle(const struct pki_cert *const *certs, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += strlen(certs[i]->pem);
    }
    char *out = calloc(1, len + 1);
    MUST(out != NULL);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t n = strlen(certs[i]->pem);
        memcpy(out + at, certs[i]->pem, n);
        at += n;
    }
    return out;
}

char *pki_pem(const char *label, hf_span der)
{
    BIO *bio = BIO_new(BIO_s_mem());
    MUST(bio != NULL && PEM_write_bio(bio, label, "", der.data, (long)der.len) > 0);
    return take_text(bio, &(size_t){0});
}

/* Ends the BIO and gives its bytes with a NUL behind them. */
static char *take_text(BIO *bio, size_t *len)
{
    char *data = NULL;
    const long n = BIO_get_mem_data(bio, &data);
    MUST(n > 0);
    char *out = calloc(1, (size_t)n + 1);
    MUST(out != NULL);
    memcpy(out, data, (size_t)n);
    vouch(out, (size_t)n);
    *len = (size_t)n;
    BIO_free(bio);
    return out;
}

hf_span pki_sign_tbs(hf_span tbs, const struct pki_cert *issuer)
{
    /* The algorithm identifier is that of a certificate that the issuer signs in the usual way. */
    struct pki_cert *sample = pki_make(&(struct pki_spec){.issuer = issuer});
    const X509_ALGOR *algorithm = NULL;
    X509_get0_signature(NULL, &algorithm, sample->x509);
    uint8_t *algorithm_der = NULL;
    const int algorithm_len = i2d_X509_ALGOR(algorithm, &algorithm_der);
    MUST(algorithm_len > 0);

    const bool eddsa = EVP_PKEY_is_a(issuer->key, "ED25519") || EVP_PKEY_is_a(issuer->key, "ED448");
    uint8_t signature[1024] = {0}; /* after the byte that counts unused bits */
    size_t signature_len = sizeof signature - 1;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    MUST(ctx != NULL &&
         EVP_DigestSignInit(ctx, NULL, eddsa ? NULL : EVP_sha256(), NULL, issuer->key) == 1);
    MUST(EVP_DigestSign(ctx, signature + 1, &signature_len, tbs.data, tbs.len) == 1);
    EVP_MD_CTX_free(ctx);

    const int bits_len = ASN1_object_size(0, (int)signature_len + 1, V_ASN1_BIT_STRING);
    const int inner = (int)tbs.len + algorithm_len + bits_len;
    const int total = ASN1_object_size(1, inner, V_ASN1_SEQUENCE);
    uint8_t *out = calloc(1, (size_t)total);
    MUST(out != NULL);
    uint8_t *p = out;
    ASN1_put_object(&p, 1, inner, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    memcpy(p, tbs.data, tbs.len);
    p += tbs.len;
    memcpy(p, algorithm_der, (size_t)algorithm_len);
    p += algorithm_len;
    ASN1_put_object(&p, 0, (int)signature_len + 1, V_ASN1_BIT_STRING, V_ASN1_UNIVERSAL);
    memcpy(p, signature, signature_len + 1);
    p += signature_len + 1;
    MUST(p == out + total);
    OPENSSL_free(algorithm_der);
    pki_cert_free(sample);
    return (hf_span){out, (size_t)total};
}

struct pki *pki_simple(enum pki_kind kind, const char *names)
{
    return pki_simple_by(kind, PKI_P256, names);
}

struct pki *pki_simple_by(enum pki_kind kind, enum pki_kind ca_kind, const char *names)
{
    struct pki *p = calloc(1, sizeof *p);
    MUST(p != NULL);
    p->ca =
        pki_make(&(struct pki_spec){.kind = ca_kind, .common_name = "Test Root CA", .ca = true});
    p->intermediate =
        pki_make(&(struct pki_spec){.kind = ca_kind,
                                    .issuer = p->ca,
                                    .ca = true,
                                    .common_name = "Test Intermediate CA",
                                    .basic_constraints = "critical,CA:TRUE,pathlen:0"});
    /* The common name is for people only: RFC 9525, 2 looks for names in subjectAltName alone. */
    char common_name[64] = "";
    (void)snprintf(common_name, sizeof common_name, "%.*s", (int)strcspn(names, ","), names);
    p->leaf =
        pki_make(&(struct pki_spec){.kind = kind,
                                    .issuer = p->intermediate,
                                    .common_name = common_name[0] == '\0' ? "leaf" : common_name,
                                    .names = names});
    p->ca_pem = p->ca->pem;
    p->chain_pem = pki_bundle((const struct pki_cert *const[]){p->leaf, p->intermediate}, 2);
    p->key_pem = p->leaf->key_pem;
    p->chain[0] = p->leaf->der;
    p->chain[1] = p->intermediate->der;
    return p;
}

void pki_free(struct pki *p)
{
    if (p == NULL) {
        return;
    }
    pki_cert_free(p->leaf);
    pki_cert_free(p->intermediate);
    pki_cert_free(p->ca);
    free(p->chain_pem);
    free(p);
}

static void die(const char *what)
{
    fprintf(stderr, "pki: failed: %s\n", what);
    ERR_print_errors_fp(stderr);
    abort();
}

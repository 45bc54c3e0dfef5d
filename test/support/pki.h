/* Certificates for tests, made while the test runs: authorities, intermediates and leaves of every
 * key kind with chosen dates, names, usages, constraints and digests. Built on libcrypto's X509,
 * which makes it an opinion of its own beside ours.
 *
 *     struct pki *p = pki_simple(PKI_P256, "server.example,127.0.0.1");
 *     ... p->ca_pem, p->chain_pem, p->key_pem ...
 *     pki_free(p);
 *
 *     struct pki_cert *root = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true});
 *     struct pki_cert *leaf = pki_make(&(struct pki_spec){
 *         .issuer = root, .names = "a.example", .not_after_s = PKI_NOW - 3 * PKI_DAY});
 *     ... leaf->der, leaf->pem, leaf->key_pem ...
 *     pki_cert_free(leaf);
 *     pki_cert_free(root);
 *
 * Nothing here returns NULL: what cannot be made ends the test program with a message. Keys are
 * fresh in every run. RSA keys are slow to make, so three of each kind take turns: any three RSA
 * certificates made one after the other have different keys, the fourth has the first one's.
 *
 * Threads: one.
 */
#ifndef TEST_SUPPORT_PKI_H
#define TEST_SUPPORT_PKI_H

#include <handfast/types.h>

struct x509_st;     /* libcrypto's X509 */
struct evp_pkey_st; /* libcrypto's EVP_PKEY */

/* A moment inside the default validity, for tests that bring their own clock; today is inside as
 * well. */
#define PKI_NOW        INT64_C(1750000000) /* 2025-06-15 15:06:40 UTC */
#define PKI_DAY        INT64_C(86400)
#define PKI_NOT_BEFORE INT64_C(1577836800) /* 2020-01-01 00:00:00 UTC: a UTCTime */
#define PKI_NOT_AFTER  INT64_C(2540000000) /* 2050-06-28 03:33:20 UTC: a GeneralizedTime */

enum { PKI_RSA_POOL = 3 };

enum pki_kind {
    PKI_P256, /* the default */
    PKI_P384,
    PKI_P521,
    PKI_RSA_2048,
    PKI_RSA_3072,
    PKI_RSA_4096,
    PKI_RSA_PSS_2048, /* id-RSASSA-PSS without parameters */
    PKI_ED25519,
    PKI_ED448,
    PKI_RSA_1024,  /* too weak for TLS */
    PKI_SECP256K1, /* a curve that TLS 1.3 does not have */
    PKI_KIND_COUNT
};

/* One certificate with its key. Read what you like; everything is freed with it. */
struct pki_cert {
    hf_span der;
    char *pem;
    char *key_pem; /* PKCS#8, not encrypted */
    struct x509_st *x509;
    struct evp_pkey_st *key;
};

/* What to make. Zero is a self-signed P-256 leaf for both TLS purposes with default dates. The
 * extension texts are libcrypto's configuration notation (x509v3_config(5)); NULL: the default, "":
 * leave it out. */
struct pki_spec {
    enum pki_kind kind;
    const struct pki_cert *issuer; /* NULL: self-signed */
    const struct pki_cert *key_of; /* take its key instead of making one; kind is then ignored */
    const char *subject;           /* "/O=Test/CN=x"; NULL: "/CN=" common_name, or the empty name */
    const char *common_name;
    const char *issuer_name; /* as subject: another issuer Name than the issuer has */
    /* subjectAltName: "a.example,*.b.example,10.0.0.1,::1,email:x@y,URI:http://z/" */
    const char *names;
    bool ca;
    int64_t not_before_s, not_after_s; /* 0: PKI_NOT_BEFORE, PKI_NOT_AFTER */
    const char *basic_constraints;     /* default with ca: "critical,CA:TRUE"; else none */
    /* default with ca: "critical,keyCertSign,cRLSign"; else "critical,digitalSignature", with
     * keyEncipherment for RSA */
    const char *key_usage;
    const char *extended_key_usage; /* default with ca: none; else "serverAuth,clientAuth" */
    const char *name_constraints;   /* "critical,permitted;DNS:.example"; default none */
    const char *subject_key_id;     /* default "hash" */
    const char *authority_key_id;   /* default "keyid" where the issuer has one */
    const char *extra;  /* one more: "1.2.3.4=critical,DER:05:00" or "tlsfeature=status_request" */
    const char *more;   /* and another one */
    const char *digest; /* "SHA256" (default), "SHA1", "MD5", "SHA384"; not used by EdDSA */
    bool pss;           /* an RSA issuer signs with RSASSA-PSS */
    uint64_t serial;    /* 0: random */
    bool version_1;     /* no extensions at all, whatever is said above */
};

struct pki_cert *pki_make(const struct pki_spec *spec);
void pki_cert_free(struct pki_cert *cert); /* NULL is allowed */

/* The forms in which a private key may stand in a file. */
enum pki_key_form {
    PKI_KEY_PKCS8,
    PKI_KEY_PKCS8_ENCRYPTED, /* PBES2, AES-256-CBC */
    PKI_KEY_TRADITIONAL,     /* SEC1 "EC PRIVATE KEY" or PKCS#1 "RSA PRIVATE KEY"; others: PKCS#8 */
    PKI_KEY_TRADITIONAL_ENCRYPTED, /* with Proc-Type and DEK-Info */
    PKI_KEY_PKCS8_DER,
    PKI_KEY_TRADITIONAL_DER
};
/* The key in that form; *len without the NUL that stands behind it. The caller frees with free().
 */
char *pki_key_write(const struct pki_cert *cert, enum pki_key_form form, const char *passphrase,
                    size_t *len);

/* The PEM of several certificates in this order; the caller frees with free(). */
char *pki_bundle(const struct pki_cert *const *certs, size_t count);

/* A PEM block of any bytes under any label; the caller frees with free(). */
char *pki_pem(const char *label, hf_span der);

/* The bytes of a TBSCertificate signed anew by the issuer's key with SHA-256 (or EdDSA): for a
 * certificate that is broken inside but whose signature is right. *out is the caller's to free with
 * free(). The signature algorithm inside tbs must already be the matching one. */
hf_span pki_sign_tbs(hf_span tbs, const struct pki_cert *issuer);

/* The whole thing at once: root -> intermediate -> leaf for the given names (as pki_spec.names),
 * leaf of the given kind, authorities of P-256. */
struct pki {
    struct pki_cert *ca, *intermediate, *leaf;
    const char *ca_pem;  /* the root: what the other end trusts */
    char *chain_pem;     /* leaf and intermediate */
    const char *key_pem; /* of the leaf */
    hf_span chain[2];    /* the chain in DER, leaf first */
};
struct pki *pki_simple(enum pki_kind kind, const char *names);
/* The same with authorities of another kind. */
struct pki *pki_simple_by(enum pki_kind kind, enum pki_kind ca_kind, const char *names);
void pki_free(struct pki *p);

#endif

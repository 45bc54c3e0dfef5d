/* Certificates as people read them. What is shown comes from the peer: nothing of it is trusted. */
#include "pki/certview.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

static void read_name(const X509_NAME *name, char *out, size_t cap);
static void read_common_name(const X509_NAME *name, char *out, size_t cap);
static void read_alternatives(const X509 *x, struct cert_view *out);
static int64_t read_time(const ASN1_TIME *time);
static void read_key(X509 *x, char *out, size_t cap);
static void read_serial(const X509 *x, char *out, size_t cap);

bool cert_view_read(hf_span der, struct cert_view *out)
{
    *out = (struct cert_view){0};
    const unsigned char *p = der.data;
    X509 *x = der.len > INT32_MAX ? NULL : d2i_X509(NULL, &p, (long)der.len);
    if (x == NULL) {
        ERR_clear_error();
        return false;
    }
    read_name(X509_get_subject_name(x), out->subject, sizeof out->subject);
    read_name(X509_get_issuer_name(x), out->issuer, sizeof out->issuer);
    read_common_name(X509_get_subject_name(x), out->common_name, sizeof out->common_name);
    if (out->common_name[0] == '\0') {
        (void)snprintf(out->common_name, sizeof out->common_name, "%.90s", out->subject);
    }
    read_alternatives(x, out);
    out->not_before_s = read_time(X509_get0_notBefore(x));
    out->not_after_s = read_time(X509_get0_notAfter(x));
    read_key(x, out->key, sizeof out->key);
    const char *signature = OBJ_nid2ln(X509_get_signature_nid(x));
    (void)snprintf(out->signature, sizeof out->signature, "%s",
                   signature == NULL ? "unknown" : signature);
    read_serial(x, out->serial, sizeof out->serial);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_len = 0;
    if (X509_digest(x, EVP_sha256(), digest, &digest_len) == 1) {
        for (unsigned int i = 0; i < digest_len && i < 32; i++) {
            (void)snprintf(out->sha256 + 2 * (size_t)i, 3, "%02x", digest[i]);
        }
    }
    out->self_issued = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
    out->is_authority = X509_check_ca(x) > 0;
    X509_free(x);
    ERR_clear_error();
    return true;
}

void cert_pem(hf_span der, struct text *out)
{
    enum { LINE_BYTES = 48, LINE_CHARS = 64 };
    unsigned char line[LINE_CHARS + 1];
    text_add(out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < der.len; at += LINE_BYTES) {
        const size_t n = der.len - at < LINE_BYTES ? der.len - at : LINE_BYTES;
        (void)EVP_EncodeBlock(line, der.data + at, (int)n);
        text_addf(out, "%s\n", (const char *)line);
    }
    text_add(out, "-----END CERTIFICATE-----\n");
}

void cert_time(int64_t unix_s, char out[32])
{
    const time_t t = (time_t)unix_s;
    struct tm tm;
    if (gmtime_r(&t, &tm) == NULL || strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0) {
        (void)snprintf(out, 32, "%lld s", (long long)unix_s);
    }
}

static void read_name(const X509_NAME *name, char *out, size_t cap)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    /* RFC 2253 escapes and UTF-8 as it is; what is then still active is made inert here. */
    const unsigned long flags = XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN | ASN1_STRFLGS_UTF8_CONVERT;
    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, flags) >= 0) {
        const long len = BIO_get_mem_data(bio, &bytes);
        text_inert(out, cap, (hf_span){(const uint8_t *)bytes, len > 0 ? (size_t)len : 0});
    }
    BIO_free(bio);
    if (out[0] == '\0') {
        (void)snprintf(out, cap, "(no name)");
    }
}

static void read_common_name(const X509_NAME *name, char *out, size_t cap)
{
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    const X509_NAME_ENTRY *entry = at < 0 ? NULL : X509_NAME_get_entry(name, at);
    unsigned char *utf8 = NULL;
    const int len =
        entry == NULL ? -1 : ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    if (len > 0) {
        text_inert(out, cap, (hf_span){utf8, (size_t)len});
    }
    OPENSSL_free(utf8);
}

static void read_alternatives(const X509 *x, struct cert_view *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS && name->type != GEN_IPADD) {
            continue;
        }
        const ASN1_STRING *value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
        const uint8_t *bytes = ASN1_STRING_get0_data(value);
        const size_t len = (size_t)ASN1_STRING_length(value);
        if (out->name_count < CERT_NAMES_SHOWN) {
            char *shown = out->names[out->name_count];
            if (name->type == GEN_DNS) {
                text_inert(shown, sizeof out->names[0], (hf_span){bytes, len});
            } else if ((len != 4 && len != 16) || inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes,
                                                            shown, sizeof out->names[0]) == NULL) {
                (void)snprintf(shown, sizeof out->names[0], "(malformed address)");
            }
        }
        out->name_count++;
    }
    GENERAL_NAMES_free(names);
}

static int64_t read_time(const ASN1_TIME *time)
{
    struct tm tm = {0};
    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void read_key(X509 *x, char *out, size_t cap)
{
    EVP_PKEY *key = X509_get0_pubkey(x);
    char curve[32] = "";
    if (key == NULL) {
        (void)snprintf(out, cap, "unreadable");
    } else if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS")) {
        (void)snprintf(out, cap, "%s %d", EVP_PKEY_is_a(key, "RSA") ? "RSA" : "RSA-PSS",
                       EVP_PKEY_get_bits(key));
    } else if (EVP_PKEY_is_a(key, "EC") &&
               EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) == 1) {
        const char *name = strcmp(curve, "prime256v1") == 0  ? "P-256"
                           : strcmp(curve, "secp384r1") == 0 ? "P-384"
                           : strcmp(curve, "secp521r1") == 0 ? "P-521"
                                                             : curve;
        (void)snprintf(out, cap, "ECDSA %s", name);
    } else {
        const char *name = EVP_PKEY_get0_type_name(key);
        (void)snprintf(out, cap, "%s",
                       name == NULL                   ? "unknown"
                       : strcmp(name, "ED25519") == 0 ? "Ed25519"
                       : strcmp(name, "ED448") == 0   ? "Ed448"
                                                      : name);
    }
}

static void read_serial(const X509 *x, char *out, size_t cap)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
    const uint8_t *bytes = ASN1_STRING_get0_data(serial);
    const int len = ASN1_STRING_length(serial);
    size_t at = 0;
    for (int i = 0; i < len && at + 3 <= cap; i++) {
        at += (size_t)snprintf(out + at, cap - at, "%02x", bytes[i]);
    }
}

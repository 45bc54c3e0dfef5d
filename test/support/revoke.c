#include "support/revoke.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "support/vouch.h"

enum { HOUR = 3600 };

static void need(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "revoke: %s\n", what);
        exit(99);
    }
}

static ASN1_GENERALIZEDTIME *generalized(int64_t at_s)
{
    ASN1_GENERALIZEDTIME *t = ASN1_GENERALIZEDTIME_set(NULL, (time_t)at_s);
    need(t != NULL, "a time");
    return t;
}

static const EVP_MD *digest_of(const struct pki_cert *signer, bool sha1)
{
    const int kind = EVP_PKEY_get_base_id(signer->key);
    return kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448 ? NULL
           : sha1                                             ? EVP_sha1()
                                                              : EVP_sha256();
}

static void add_answer(OCSP_BASICRESP *basic, const struct revoke_ocsp_spec *spec,
                       const struct pki_cert *subject, enum revoke_status status)
{
    static const int numbers[] = {
        [REVOKE_GOOD] = V_OCSP_CERTSTATUS_GOOD,
        [REVOKE_REVOKED] = V_OCSP_CERTSTATUS_REVOKED,
        [REVOKE_UNKNOWN] = V_OCSP_CERTSTATUS_UNKNOWN,
    };
    ASN1_GENERALIZEDTIME *from = generalized(spec->this_s == 0 ? PKI_NOW - HOUR : spec->this_s);
    ASN1_GENERALIZEDTIME *until = generalized(spec->next_s == 0 ? PKI_NOW + PKI_DAY : spec->next_s);
    ASN1_GENERALIZEDTIME *since = generalized(PKI_NOW - 3 * PKI_DAY);
    OCSP_CERTID *id = OCSP_cert_to_id(spec->sha256 ? EVP_sha256() : EVP_sha1(), subject->x509,
                                      spec->issuer->x509);
    need(id != NULL &&
             OCSP_basic_add1_status(basic, id, numbers[status],
                                    spec->reason == 0 ? OCSP_REVOKED_STATUS_NOSTATUS : spec->reason,
                                    status == REVOKE_REVOKED ? since : NULL, from,
                                    spec->endless ? NULL : until) != NULL,
         "an answer");
    OCSP_CERTID_free(id);
    ASN1_GENERALIZEDTIME_free(since);
    ASN1_GENERALIZEDTIME_free(until);
    ASN1_GENERALIZEDTIME_free(from);
}

hf_span revoke_ocsp(const struct revoke_ocsp_spec *spec)
{
    const struct pki_cert *signer = spec->responder != NULL ? spec->responder : spec->issuer;
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    need(basic != NULL, "a response");
    add_answer(basic, spec, spec->subject, spec->status);
    if (spec->also != NULL) {
        add_answer(basic, spec, spec->also, REVOKE_GOOD);
    }
    const unsigned long flags =
        (spec->by_key ? OCSP_RESPID_KEY : 0U) |
        (spec->no_certificate || spec->responder == NULL ? OCSP_NOCERTS : 0U);
    need(OCSP_basic_sign(basic, signer->x509, signer->key, digest_of(signer, spec->sha1_signature),
                         NULL, flags) == 1,
         "a signature");
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char *der = NULL;
    const int len = response == NULL ? -1 : i2d_OCSP_RESPONSE(response, &der);
    need(len > 0, "a response's DER");
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    vouch(der, (size_t)len);
    return (hf_span){der, (size_t)len};
}

static void add_revoked(X509_CRL *crl, const struct revoke_crl_spec *spec, size_t number)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *since = ASN1_TIME_set(NULL, (time_t)(PKI_NOW - 3 * PKI_DAY));
    need(entry != NULL && since != NULL &&
             X509_REVOKED_set_serialNumber(
                 entry, X509_get_serialNumber(spec->revoked[number]->x509)) == 1 &&
             X509_REVOKED_set_revocationDate(entry, since) == 1,
         "an entry");
    if (spec->reason != 0) {
        ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
        need(reason != NULL && ASN1_ENUMERATED_set(reason, spec->reason) == 1 &&
                 X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1,
             "a reason");
        ASN1_ENUMERATED_free(reason);
    }
    ASN1_TIME_free(since);
    need(X509_CRL_add0_revoked(crl, entry) == 1, "a list with an entry");
}

static void add_text(X509_CRL *crl, const struct pki_cert *issuer, int nid, const char *text)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer->x509, NULL, NULL, crl, 0);
    X509V3_set_ctx_nodb(&ctx);
    X509_EXTENSION *e = text == NULL ? NULL : X509V3_EXT_conf_nid(NULL, &ctx, nid, text);
    need(text == NULL || (e != NULL && X509_CRL_add_ext(crl, e, -1) == 1), text);
    X509_EXTENSION_free(e);
}

static void add_delta(X509_CRL *crl)
{
    ASN1_INTEGER *base = ASN1_INTEGER_new();
    need(base != NULL && ASN1_INTEGER_set(base, 5) == 1 &&
             X509_CRL_add1_ext_i2d(crl, NID_delta_crl, base, 1, 0) == 1,
         "a delta");
    ASN1_INTEGER_free(base);
}

static void add_strange(X509_CRL *crl)
{
    ASN1_OBJECT *object = OBJ_txt2obj("1.2.3.4", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    need(object != NULL && value != NULL &&
             ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2) == 1,
         "an extension");
    X509_EXTENSION *e = X509_EXTENSION_create_by_OBJ(NULL, object, 1, value);
    need(e != NULL && X509_CRL_add_ext(crl, e, -1) == 1, "an extension");
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
}

hf_span revoke_crl(const struct revoke_crl_spec *spec)
{
    const struct pki_cert *signer = spec->signer != NULL ? spec->signer : spec->issuer;
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from =
        ASN1_TIME_set(NULL, (time_t)(spec->this_s == 0 ? PKI_NOW - HOUR : spec->this_s));
    ASN1_TIME *until =
        ASN1_TIME_set(NULL, (time_t)(spec->next_s == 0 ? PKI_NOW + PKI_DAY : spec->next_s));
    need(crl != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
             X509_CRL_set_issuer_name(crl, X509_get_subject_name(spec->issuer->x509)) == 1 &&
             X509_CRL_set1_lastUpdate(crl, from) == 1 &&
             (spec->endless || X509_CRL_set1_nextUpdate(crl, until) == 1),
         "a list");
    for (size_t i = 0; i < REVOKE_LIST_MAX && spec->revoked[i] != NULL; i++) {
        add_revoked(crl, spec, i);
    }
    add_text(crl, spec->issuer, NID_authority_key_identifier, spec->key_id ? "keyid:always" : NULL);
    add_text(crl, spec->issuer, NID_issuing_distribution_point, spec->scope);
    if (spec->delta) {
        add_delta(crl);
    }
    if (spec->strange) {
        add_strange(crl);
    }
    need(X509_CRL_sign(crl, signer->key, digest_of(signer, false)) > 0, "a list's signature");
    unsigned char *der = NULL;
    const int len = i2d_X509_CRL(crl, &der);
    need(len > 0, "a list's DER");
    ASN1_TIME_free(until);
    ASN1_TIME_free(from);
    X509_CRL_free(crl);
    vouch(der, (size_t)len);
    return (hf_span){der, (size_t)len};
}

void revoke_free(hf_span bytes)
{
    OPENSSL_free((void *)(uintptr_t)bytes.data);
}

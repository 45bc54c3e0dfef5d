#include "support/oracle.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/span.h"

enum { AUTH_LEVEL = 2 /* at least 112 bits: no SHA-1, no RSA below 2048 */ };

static STACK_OF(X509) * read_all(const hf_span *certs, size_t count);
static bool set_name(X509_VERIFY_PARAM *param, const char *name);
static int tolerate(int ok, X509_STORE_CTX *ctx);
static bool is_old_anchor(X509_STORE_CTX *ctx);
static bool is_last_second(X509_STORE_CTX *ctx);

int oracle_verify(const struct x5_request *request, const hf_span *anchors, size_t anchor_count)
{
    STACK_OF(X509) *sent = read_all(request->chain, request->count);
    STACK_OF(X509) *trusted = read_all(anchors, anchor_count);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int result = X509_V_ERR_UNSPECIFIED;
    if (sent != NULL && sk_X509_num(sent) > 0 && trusted != NULL && ctx != NULL &&
        X509_STORE_CTX_init(ctx, NULL, sk_X509_value(sent, 0), sent) == 1) {
        X509_STORE_CTX_set0_trusted_stack(ctx, trusted);
        X509_STORE_CTX_set_verify_cb(ctx, tolerate);
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        (void)X509_VERIFY_PARAM_set_flags(
            param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_X509_STRICT);
        (void)X509_VERIFY_PARAM_set_purpose(
            param, request->peer == HF_SERVER ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
        X509_VERIFY_PARAM_set_time(param, (time_t)request->now_s);
        X509_VERIFY_PARAM_set_depth(param,
                                    (int)(request->max_depth == 0 ? 10 : request->max_depth) - 1);
        X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
        if (request->name == NULL || set_name(param, request->name)) {
            (void)X509_verify_cert(ctx);
            result = X509_STORE_CTX_get_error(ctx);
        }
    }
    X509_STORE_CTX_free(ctx);
    sk_X509_pop_free(sent, X509_free);
    sk_X509_pop_free(trusted, X509_free);
    ERR_clear_error();
    return result;
}

/* NULL: one of them cannot be read. */
static STACK_OF(X509) * read_all(const hf_span *certs, size_t count)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    for (size_t i = 0; i < count; i++) {
        const unsigned char *p = certs[i].data;
        X509 *x = d2i_X509(NULL, &p, (long)certs[i].len);
        if (x == NULL || p != certs[i].data + certs[i].len) {
            X509_free(x);
            sk_X509_pop_free(all, X509_free);
            return NULL;
        }
        (void)sk_X509_push(all, x);
    }
    return all;
}

static bool set_name(X509_VERIFY_PARAM *param, const char *name)
{
    uint8_t address[16];
    if (inet_pton(AF_INET, name, address) == 1) {
        return X509_VERIFY_PARAM_set1_ip(param, address, 4) == 1;
    }
    if (inet_pton(AF_INET6, name, address) == 1) {
        return X509_VERIFY_PARAM_set1_ip(param, address, 16) == 1;
    }
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set1_host(param, name, strlen(name)) == 1;
}

/* Its strict mode also enforces duties of those who issue that path validation does not ask about.
 * These differences, and no others, are those of docs/chains.md. */
static int tolerate(int ok, X509_STORE_CTX *ctx)
{
    if (ok == 1) {
        return 1;
    }
    bool tolerated = false;
    switch (X509_STORE_CTX_get_error(ctx)) {
    case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
    case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
    case X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_CA_BCONS_NOT_CRITICAL:
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL:
        tolerated = true;
        break;
    case X509_V_ERR_INVALID_CA:
        tolerated = is_old_anchor(ctx);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        tolerated = is_last_second(ctx);
        break;
    default:
        break;
    }
    if (tolerated) {
        X509_STORE_CTX_set_error(ctx, X509_V_OK);
    }
    return tolerated ? 1 : 0;
}

/* RFC 5280, 6.1.4 (k): an anchor of version 1 is an authority because somebody configured it. */
static bool is_old_anchor(X509_STORE_CTX *ctx)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    return X509_STORE_CTX_get_error_depth(ctx) == sk_X509_num(chain) - 1 &&
           X509_STORE_CTX_get_num_untrusted(ctx) < sk_X509_num(chain) &&
           X509_get_version(X509_STORE_CTX_get_current_cert(ctx)) == X509_VERSION_1;
}

/* RFC 5280, 4.1.2.5: notAfter itself is part of the period. */
static bool is_last_second(X509_STORE_CTX *ctx)
{
    time_t before = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(ctx)) - 1;
    return X509_cmp_time(X509_get0_notAfter(X509_STORE_CTX_get_current_cert(ctx)), &before) > 0;
}

/* The verdict over a chain. The path is built and checked by libcrypto (X509_verify_cert) under
 * rules set here; what it does not know of TLS 1.3, and what it would let pass, is checked on the
 * path that it found. Which sentence describes a refusal is verdict.c's business.
 */
#include <arpa/inet.h>

#include <openssl/x509v3.h>

#include "base/span.h"
#include "wire/iana.h"
#include "x509/key.h"
#include "x509/name.h"
#include "x509/usage.h"
#include "x509/x509_int.h"

enum { DEFAULT_DEPTH = 10, AUTH_LEVEL = 2 /* at least 112 bits: no SHA-1, no RSA below 2048 */ };

/* One verification. */
struct judge {
    const struct x5_request *request;
    hf_verdict *verdict;
    STACK_OF(X509) * sent; /* owns its members */
    X509_STORE_CTX *ctx;
    hf_span path[X5_PATH_MAX + 1]; /* and the anchor */
    size_t path_len;
};

static bool check_request(struct judge *j);
static bool decode_chain(struct judge *j);
static bool prepare(struct judge *j);
static bool set_name(struct judge *j, X509_VERIFY_PARAM *param);
static int tolerate(int ok, X509_STORE_CTX *ctx);
static bool is_version_1_anchor(X509_STORE_CTX *ctx);
static bool is_last_second(X509_STORE_CTX *ctx);
static void build_path(struct judge *j);
static bool read_path(struct judge *j);
static hf_span der_of(const struct judge *j, const X509 *x509);
static void accept_path(struct judge *j);
static bool check_path(struct judge *j);
static bool check_key(struct judge *j, size_t i, const struct x5_certificate *c);
static bool check_signature_algorithm(struct judge *j, size_t i, const struct x5_certificate *c);
static bool check_leaf_usage(struct judge *j, const struct x5_certificate *leaf);

hf_status x5_verify_chain(const struct x5_request *request, hf_verdict *verdict)
{
    *verdict = (hf_verdict){.code = HF_E_NO_MEMORY, .depth = -1};
    struct judge j = {.request = request, .verdict = verdict};
    if (check_request(&j)) {
        struct x5_errors errors;
        x5_errors_begin(&errors);
        if (decode_chain(&j) && prepare(&j)) {
            build_path(&j);
        }
        X509_STORE_CTX_free(j.ctx);
        sk_X509_pop_free(j.sent, X509_free);
        /* Under lack of memory libcrypto may have given any reason for a refusal. */
        if (x5_errors_end(&errors) && !verdict->accepted) {
            *verdict = (hf_verdict){.code = HF_E_NO_MEMORY, .depth = -1};
        }
    }
    return verdict->code == HF_E_NO_MEMORY ? HF_FAILED : HF_OK;
}

/* What can be said without a path. */
static bool check_request(struct judge *j)
{
    const struct x5_request *r = j->request;
    if (r->count == 0) {
        (void)x5_verdict_refuse(j->verdict, HF_E_CERTIFICATE_EMPTY, -1, NULL);
        return false;
    }
    for (size_t i = 0; i < r->count; i++) {
        struct x5_certificate c;
        if (!x5_certificate_read(r->chain[i], &c)) {
            struct text t = x5_verdict_refuse(j->verdict, HF_E_CERTIFICATE_MALFORMED, (int)i, NULL);
            x5_text_add(&t, "certificate %zu of %zu is not well-formed", i + 1, r->count);
            return false;
        }
    }
    return true;
}

static bool decode_chain(struct judge *j)
{
    const struct x5_request *r = j->request;
    j->sent = sk_X509_new_reserve(NULL, (int)r->count);
    if (j->sent == NULL) {
        return false;
    }
    for (size_t i = 0; i < r->count; i++) {
        bool no_memory = false;
        X509 *x509 = x5_decode(r->chain[i], &no_memory);
        if (x509 == NULL) {
            if (!no_memory) {
                struct text t =
                    x5_verdict_refuse(j->verdict, HF_E_CERTIFICATE_MALFORMED, (int)i, NULL);
                x5_text_add(&t, "certificate %zu of %zu is not well-formed", i + 1, r->count);
            }
            return false;
        }
        (void)sk_X509_push(j->sent, x509); /* reserved: cannot fail */
    }
    return true;
}

static bool prepare(struct judge *j)
{
    const struct x5_request *r = j->request;
    j->ctx = X509_STORE_CTX_new();
    if (j->ctx == NULL ||
        X509_STORE_CTX_init(j->ctx, NULL, sk_X509_value(j->sent, 0), j->sent) != 1) {
        return false;
    }
    /* A stack instead of an X509_STORE: it is only read, so that connections share it without a
     * lock. */
    X509_STORE_CTX_set0_trusted_stack(j->ctx, r->trust == NULL ? NULL : r->trust->stack);
    X509_STORE_CTX_set_verify_cb(j->ctx, tolerate);

    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(j->ctx);
    /* Any certificate of the set is an anchor, whether it signed itself or not; issuers in the set
     * are tried before those that the peer sent. */
    const unsigned long flags =
        X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_X509_STRICT;
    const int purpose = r->peer == HF_SERVER ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT;
    size_t depth = r->max_depth == 0 ? DEFAULT_DEPTH : r->max_depth;
    depth = depth < X5_PATH_MAX ? depth : X5_PATH_MAX;
    X509_VERIFY_PARAM_set_time(param, (time_t)r->now_s);
    X509_VERIFY_PARAM_set_depth(param,
                                (int)depth - 1); /* it counts what lies between the two ends */
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    return X509_VERIFY_PARAM_set_flags(param, flags) == 1 &&
           X509_VERIFY_PARAM_set_purpose(param, purpose) == 1 &&
           (r->name == NULL || set_name(j, param));
}

/* RFC 9525, 6: the name must be in subjectAltName, as what it is; a wildcard is the whole left
 * label. */
static bool set_name(struct judge *j, X509_VERIFY_PARAM *param)
{
    const char *const name = j->request->name;
    uint8_t address[16];
    if (inet_pton(AF_INET, name, address) == 1) {
        return X509_VERIFY_PARAM_set1_ip(param, address, 4) == 1;
    }
    if (inet_pton(AF_INET6, name, address) == 1) {
        return X509_VERIFY_PARAM_set1_ip(param, address, 16) == 1;
    }
    hf_span host = span_str(name);
    if (host.len > 1 && host.data[host.len - 1] == '.') {
        host.len--; /* the root's dot, which certificates leave out */
    }
    if (!x5_name_is_host(host, false)) {
        struct text t = x5_verdict_refuse(j->verdict, HF_E_CERTIFICATE_NAME, -1, NULL);
        x5_text_add(&t, "'");
        x5_text_bytes(&t, host);
        x5_text_add(&t, "' is neither a host name nor an IP address");
        return false;
    }
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return X509_VERIFY_PARAM_set1_host(param, (const char *)host.data, host.len) == 1;
}

/* X509_V_FLAG_X509_STRICT also enforces what RFC 5280 demands of those who issue, though path
 * validation (6.1) does not ask for it. Private authorities often fall short there, and refusing
 * them would protect nobody: key identifiers are hints for finding issuers (4.2.1.1, 4.2.1.2); that
 * an extension is critical matters only to those who do not understand it (4.2); a key usage is
 * checked if present (6.1.4 (n)). */
static int tolerate(int ok, X509_STORE_CTX *ctx)
{
    if (ok == 1) {
        return 1;
    }
    switch (X509_STORE_CTX_get_error(ctx)) {
    case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
    case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
    case X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_CA_BCONS_NOT_CRITICAL:
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL:
        break;
    case X509_V_ERR_INVALID_CA:
        if (!is_version_1_anchor(ctx)) {
            return 0;
        }
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        if (!is_last_second(ctx)) {
            return 0;
        }
        break;
    default:
        return 0;
    }
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

/* RFC 5280, 6.1.4 (k): a version 1 certificate says nothing of being an authority; for an anchor
 * the one who configured it did. */
static bool is_version_1_anchor(X509_STORE_CTX *ctx)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    X509 *x509 = X509_STORE_CTX_get_current_cert(ctx);
    return X509_STORE_CTX_get_error_depth(ctx) == sk_X509_num(chain) - 1 &&
           X509_STORE_CTX_get_num_untrusted(ctx) < sk_X509_num(chain) &&
           X509_get_version(x509) == X509_VERSION_1;
}

/* RFC 5280, 4.1.2.5: the period includes notAfter itself; libcrypto ends one second earlier. */
static bool is_last_second(X509_STORE_CTX *ctx)
{
    const X509 *x509 = X509_STORE_CTX_get_current_cert(ctx);
    time_t before = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(ctx)) - 1;
    return X509_cmp_time(X509_get0_notAfter(x509), &before) > 0;
}

static void build_path(struct judge *j)
{
    const int valid = X509_verify_cert(j->ctx);
    const int error = X509_STORE_CTX_get_error(j->ctx);
    if (valid != 1 && (error == X509_V_ERR_OUT_OF_MEM || error == X509_V_ERR_UNSPECIFIED)) {
        return; /* the verdict is still that of no memory */
    }
    if (!read_path(j)) {
        (void)x5_verdict_refuse(j->verdict, HF_E_CERTIFICATE_REJECTED, -1, NULL);
        return;
    }
    if (valid == 1 && error == X509_V_OK) {
        /* Where the leaf itself, or an intermediate that was sent, is an anchor, libcrypto leaves
         * what it had found above in the chain. */
        const size_t anchor = (size_t)X509_STORE_CTX_get_num_untrusted(j->ctx);
        j->path_len = anchor + 1 < j->path_len ? anchor + 1 : j->path_len;
        if (check_path(j)) {
            accept_path(j);
        }
        return;
    }
    const int depth = X509_STORE_CTX_get_error_depth(j->ctx);
    const size_t at = depth < 0 ? 0 : (size_t)depth;
    x5_verdict_explain(j->verdict, &(struct x5_finding){
                                       .request = j->request,
                                       .error = error,
                                       .depth = at < j->path_len ? at : j->path_len - 1,
                                       .path = j->path,
                                       .path_len = j->path_len,
                                   });
}

/* The path as spans of bytes. False: libcrypto shows none. */
static bool read_path(struct judge *j)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(j->ctx);
    const int count = chain == NULL ? 0 : sk_X509_num(chain);
    for (int i = 0; i < count && j->path_len < X5_PATH_MAX + 1; i++) {
        j->path[j->path_len] = der_of(j, sk_X509_value(chain, i));
        if (j->path[j->path_len].len == 0) {
            return false;
        }
        j->path_len++;
    }
    if (j->path_len == 0) {
        j->path[j->path_len++] = j->request->chain[0]; /* it failed before the first step */
    }
    return true;
}

/* libcrypto hands back the very objects that it was given, so that the pointer tells which one it
 * is. */
static hf_span der_of(const struct judge *j, const X509 *x509)
{
    for (int i = 0; i < sk_X509_num(j->sent); i++) {
        if (sk_X509_value(j->sent, i) == x509) {
            return j->request->chain[i];
        }
    }
    const hf_trust *trust = j->request->trust;
    for (size_t i = 0; trust != NULL && i < trust->count; i++) {
        if (trust->anchors[i].x509 == x509) {
            return trust->anchors[i].der;
        }
    }
    return (hf_span){NULL, 0};
}

static void accept_path(struct judge *j)
{
    hf_verdict v = {.accepted = true, .code = HF_E_NONE, .depth = -1};
    struct x5_certificate leaf;
    struct x5_certificate anchor;
    if (x5_certificate_read(j->path[0], &leaf) &&
        x5_certificate_read(j->path[j->path_len - 1], &anchor)) {
        struct text t;
        x5_text_init(&t, v.subject, sizeof v.subject);
        x5_name_text(&t, leaf.subject);
        x5_text_init(&t, v.detail, sizeof v.detail);
        x5_text_add(&t, j->path_len == 1 ? "trusted itself" : "trusted through ");
        if (j->path_len > 1) {
            x5_name_certificate(&t, &anchor);
        }
    }
    *j->verdict = v;
}

/* What libcrypto does not check, on the path that it accepts. The anchor's own signature is
 * nobody's concern (RFC 9846, 4.3.3), but its key signed the rest. */
static bool check_path(struct judge *j)
{
    for (size_t i = 0; i < j->path_len; i++) {
        struct x5_certificate c;
        if (!x5_certificate_read(j->path[i], &c)) {
            (void)x5_verdict_refuse(j->verdict, HF_E_CERTIFICATE_MALFORMED, (int)i, NULL);
            return false;
        }
        if (!check_key(j, i, &c) || (i + 1 < j->path_len && !check_signature_algorithm(j, i, &c)) ||
            (i == 0 && !check_leaf_usage(j, &c))) {
            return false;
        }
    }
    return true;
}

static bool check_key(struct judge *j, size_t i, const struct x5_certificate *c)
{
    struct x5_key key;
    const bool read = x5_key_read(c->spki, &key);
    if (read && key.supported) {
        return true;
    }
    struct text t = x5_verdict_refuse(
        j->verdict, i == 0 ? HF_E_CERTIFICATE_KEY : HF_E_CERTIFICATE_SIGNATURE, (int)i, c);
    x5_name_certificate(&t, c);
    x5_text_add(&t, " has a key of a kind that is not accepted: %s", read ? key.text : "malformed");
    return false;
}

static bool check_signature_algorithm(struct judge *j, size_t i, const struct x5_certificate *c)
{
    const uint16_t scheme = x5_algorithm_scheme(c->signature_algorithm);
    if (scheme != 0 && scheme != IANA_SCHEME_rsa_pkcs1_sha1 && scheme != IANA_SCHEME_ecdsa_sha1) {
        return true;
    }
    struct text t = x5_verdict_refuse(j->verdict, HF_E_CERTIFICATE_SIGNATURE, (int)i, c);
    x5_name_certificate(&t, c);
    x5_text_add(&t, " is signed in a way that is not accepted: ");
    x5_algorithm_text(&t, c->signature_algorithm);
    return false;
}

/* RFC 9846, 4.5.1.2: a key usage, where there is one, must allow signing; libcrypto is content with
 * key agreement or encipherment as well. */
static bool check_leaf_usage(struct judge *j, const struct x5_certificate *leaf)
{
    uint32_t usage;
    (void)x5_key_usage(leaf, &usage);
    if ((usage & X5_USAGE_DIGITAL_SIGNATURE) != 0) {
        return true;
    }
    struct text t = x5_verdict_refuse(j->verdict, HF_E_CERTIFICATE_PURPOSE, 0, leaf);
    x5_name_certificate(&t, leaf);
    x5_text_add(&t, " may not sign: its key usage is ");
    x5_key_usage_text(&t, leaf);
    return false;
}

/* From what libcrypto found to what a person can act on: our code, and a sentence with the names
 * and values that were compared.
 */
#include <openssl/x509v3.h>

#include "base/span.h"
#include "x509/key.h"
#include "x509/name.h"
#include "x509/oid.h"
#include "x509/usage.h"
#include "x509/x509_int.h"

/* Everything that a sentence may need. */
struct scene {
    const struct x5_finding *finding;
    const struct x5_certificate *culprit; /* path[depth] */
    struct text *t;
};

static const struct rule *find_rule(int error);
static void tell_time(struct scene *s);
static void tell_unknown_root(struct scene *s);
static void tell_missing_issuer(struct scene *s);
static void tell_offered_at(struct scene *s);
static bool is_known_name(const hf_trust *trust, hf_span name);
static bool was_sent(const struct x5_request *request, hf_span subject, size_t after);
static void tell_trust(struct scene *s);
static void tell_self_signed(struct scene *s);
static void tell_name(struct scene *s);
static void tell_purpose(struct scene *s);
static void tell_no_authority(struct scene *s);
static void tell_path_length(struct scene *s);
static void tell_name_constraint(struct scene *s);
static void tell_subtrees(struct text *t, const struct x5_certificate *authority);
static void tell_bad_signature(struct scene *s);
static void tell_weak_signature(struct scene *s);
static void tell_weak_key(struct scene *s);
static void tell_critical_extension(struct scene *s);
static void tell_too_long(struct scene *s);
static void tell_other(struct scene *s);

/* Every error of libcrypto that our flags can bring about. */
static const struct rule {
    int error;
    hf_err code;
    void (*tell)(struct scene *s);
} rules[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, HF_E_CERTIFICATE_EXPIRED, tell_time},
    {X509_V_ERR_CERT_NOT_YET_VALID, HF_E_CERTIFICATE_NOT_YET_VALID, tell_time},
    {X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, HF_E_CERTIFICATE_MALFORMED, tell_other},
    {X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, HF_E_CERTIFICATE_MALFORMED, tell_other},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, HF_E_CERTIFICATE_SELF_SIGNED, tell_self_signed},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, HF_E_CERTIFICATE_UNKNOWN_CA, tell_unknown_root},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, HF_E_CERTIFICATE_UNKNOWN_CA, tell_missing_issuer},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, HF_E_CERTIFICATE_UNKNOWN_CA,
     tell_missing_issuer},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, HF_E_CERTIFICATE_UNKNOWN_CA, tell_missing_issuer},
    {X509_V_ERR_CERT_UNTRUSTED, HF_E_CERTIFICATE_UNKNOWN_CA, tell_missing_issuer},
    {X509_V_ERR_HOSTNAME_MISMATCH, HF_E_CERTIFICATE_NAME, tell_name},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, HF_E_CERTIFICATE_NAME, tell_name},
    {X509_V_ERR_INVALID_PURPOSE, HF_E_CERTIFICATE_PURPOSE, tell_purpose},
    {X509_V_ERR_INVALID_CA, HF_E_CERTIFICATE_PURPOSE, tell_no_authority},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, HF_E_CERTIFICATE_PURPOSE, tell_no_authority},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, HF_E_CERTIFICATE_CONSTRAINT, tell_path_length},
    {X509_V_ERR_PERMITTED_VIOLATION, HF_E_CERTIFICATE_CONSTRAINT, tell_name_constraint},
    {X509_V_ERR_EXCLUDED_VIOLATION, HF_E_CERTIFICATE_CONSTRAINT, tell_name_constraint},
    {X509_V_ERR_SUBTREE_MINMAX, HF_E_CERTIFICATE_CONSTRAINT, tell_name_constraint},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, HF_E_CERTIFICATE_CONSTRAINT, tell_name_constraint},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, HF_E_CERTIFICATE_CONSTRAINT, tell_name_constraint},
    {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, HF_E_CERTIFICATE_CONSTRAINT, tell_name_constraint},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, HF_E_CERTIFICATE_SIGNATURE, tell_bad_signature},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, HF_E_CERTIFICATE_SIGNATURE, tell_bad_signature},
    {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, HF_E_CERTIFICATE_SIGNATURE, tell_weak_key},
    {X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, HF_E_CERTIFICATE_SIGNATURE, tell_bad_signature},
    {X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, HF_E_CERTIFICATE_SIGNATURE, tell_weak_signature},
    {X509_V_ERR_CA_MD_TOO_WEAK, HF_E_CERTIFICATE_SIGNATURE, tell_weak_signature},
    {X509_V_ERR_CA_KEY_TOO_SMALL, HF_E_CERTIFICATE_SIGNATURE, tell_weak_key},
    {X509_V_ERR_EE_KEY_TOO_SMALL, HF_E_CERTIFICATE_KEY, tell_weak_key},
    {X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, HF_E_CERTIFICATE_KEY, tell_weak_key},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, HF_E_CERTIFICATE_REJECTED, tell_critical_extension},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, HF_E_CERTIFICATE_CHAIN_TOO_LONG, tell_too_long},
    {X509_V_ERR_CERT_REVOKED, HF_E_CERTIFICATE_REVOKED, tell_other},
    {X509_V_ERR_INVALID_EXTENSION, HF_E_CERTIFICATE_MALFORMED, tell_other},
};

void x5_verdict_explain(hf_verdict *verdict, const struct x5_finding *finding)
{
    const struct rule *rule = find_rule(finding->error);
    struct x5_certificate culprit;
    const bool read = x5_certificate_read(finding->path[finding->depth], &culprit);
    struct text t =
        x5_verdict_refuse(verdict, rule == NULL ? HF_E_CERTIFICATE_REJECTED : rule->code,
                          (int)finding->depth, read ? &culprit : NULL);
    struct scene scene = {finding, &culprit, &t};
    if (read && rule != NULL) {
        rule->tell(&scene);
    } else if (read) {
        tell_other(&scene);
    }
}

struct text x5_verdict_refuse(hf_verdict *verdict, hf_err code, int depth,
                              const struct x5_certificate *certificate)
{
    *verdict = (hf_verdict){.accepted = false, .code = code, .depth = depth};
    struct text t;
    if (certificate != NULL) {
        x5_text_init(&t, verdict->subject, sizeof verdict->subject);
        x5_name_text(&t, certificate->subject);
    }
    x5_text_init(&t, verdict->detail, sizeof verdict->detail);
    return t;
}

void x5_validity_text(struct text *t, const struct x5_certificate *c, int64_t now_s)
{
    if (now_s < c->not_before_s) {
        x5_text_add(t, "valid from ");
        x5_text_time(t, c->not_before_s);
        x5_text_add(t, ", ");
        x5_text_duration(t, (uint64_t)c->not_before_s - (uint64_t)now_s);
        x5_text_add(t, " after ");
    } else {
        x5_text_add(t, "expired ");
        x5_text_time(t, c->not_after_s);
        x5_text_add(t, ", ");
        x5_text_duration(t, (uint64_t)now_s - (uint64_t)c->not_after_s);
        x5_text_add(t, " before ");
    }
    x5_text_time(t, now_s);
}

static const struct rule *find_rule(int error)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].error == error) {
            return &rules[i];
        }
    }
    return NULL;
}

static void tell_time(struct scene *s)
{
    x5_name_certificate(s->t, s->culprit);
    const int64_t now_s = s->finding->request->now_s;
    x5_text_add(s->t, now_s < s->culprit->not_before_s ? " is " : " ");
    x5_validity_text(s->t, s->culprit, now_s);
}

static void tell_self_signed(struct scene *s)
{
    x5_name_certificate(s->t, s->culprit);
    x5_text_add(s->t, " is signed by itself and ");
    tell_trust(s);
}

static void tell_unknown_root(struct scene *s)
{
    /* The root stands last in the path, whatever depth libcrypto names. */
    struct x5_certificate root;
    if (x5_certificate_read(s->finding->path[s->finding->path_len - 1], &root)) {
        x5_text_add(s->t, "the chain ends at the root ");
        x5_name_certificate(s->t, &root);
        x5_text_add(s->t, ", which the peer sent and which is ");
        tell_trust(s);
    }
}

/* Two cases that people must treat differently: the peer forgot an intermediate, or this end lacks
 * the root. A chain that ends below an authority is most likely the first. */
static void tell_missing_issuer(struct scene *s)
{
    const struct x5_request *request = s->finding->request;
    struct x5_certificate last;
    if (!x5_certificate_read(s->finding->path[s->finding->path_len - 1], &last)) {
        return;
    }
    if (is_known_name(request->trust, last.issuer)) {
        x5_name_certificate(s->t, &last);
        x5_text_add(s->t, " names as issuer ");
        x5_name_brief(s->t, last.issuer);
        x5_text_add(s->t, "; an authority of that name is trusted here, but it has another key");
        return;
    }
    if (was_sent(request, last.issuer, 1)) {
        x5_name_certificate(s->t, &last);
        x5_text_add(s->t, " names as issuer ");
        x5_name_brief(s->t, last.issuer);
        x5_text_add(s->t, "; the peer sent a certificate of that name, but it has another key");
        return;
    }
    if (!x5_is_authority(&last)) {
        x5_text_add(s->t, "an intermediate certificate is missing: ");
        x5_name_certificate(s->t, &last);
        x5_text_add(s->t, " is issued by ");
        x5_name_brief(s->t, last.issuer);
        x5_text_add(s->t, ", which the peer did not send and which is ");
        tell_trust(s);
        tell_offered_at(s);
        return;
    }
    x5_text_add(s->t, "the root is unknown: the chain ends at ");
    x5_name_certificate(s->t, &last);
    x5_text_add(s->t, ", issued by ");
    x5_name_brief(s->t, last.issuer);
    x5_text_add(s->t, ", which is ");
    tell_trust(s);
}

/* RFC 5280, 4.2.2.1: where the issuer's certificate can be had. */
static void tell_offered_at(struct scene *s)
{
    struct x5_certificate last;
    if (!x5_certificate_read(s->finding->path[s->finding->path_len - 1], &last)) {
        return;
    }
    struct der d = x5_der_over(last.extension[X5_EXT_AUTHORITY_INFO_ACCESS]);
    struct der list = x5_der_enter(&d, DER_SEQUENCE);
    while (x5_der_more(&list)) {
        struct der entry = x5_der_enter(&list, DER_SEQUENCE);
        const hf_span method = x5_der_take_oid(&entry);
        uint8_t tag = 0;
        const hf_span location = x5_der_take_any(&entry, &tag);
        if (x5_der_done(&entry) && tag == SAN_URI && span_eq(method, x5_oid_ca_issuers)) {
            x5_text_add(s->t, "; it is at ");
            x5_text_bytes(s->t, location);
            return;
        }
    }
}

static bool is_known_name(const hf_trust *trust, hf_span name)
{
    for (size_t i = 0; trust != NULL && i < trust->count; i++) {
        if (span_eq(trust->anchors[i].subject, name)) {
            return true;
        }
    }
    return false;
}

static bool was_sent(const struct x5_request *request, hf_span subject, size_t after)
{
    for (size_t i = after; i < request->count; i++) {
        struct x5_certificate c;
        if (x5_certificate_read(request->chain[i], &c) && span_eq(c.subject, subject)) {
            return true;
        }
    }
    return false;
}

static void tell_trust(struct scene *s)
{
    const hf_trust *trust = s->finding->request->trust;
    const size_t count = trust == NULL ? 0 : trust->count;
    if (count == 0) {
        x5_text_add(s->t, "not trusted here (nothing is)");
    } else {
        x5_text_add(s->t, "not trusted here (%zu other%s)", count, count == 1 ? " is" : "s are");
    }
}

static void tell_name(struct scene *s)
{
    x5_text_add(s->t, "asked for '");
    x5_text_bytes(s->t, span_str(s->finding->request->name));
    x5_text_add(s->t, "', but the certificate ");
    if (x5_san_count(s->culprit) > 0) {
        x5_text_add(s->t, "is for ");
        x5_san_text(s->t, s->culprit);
        return;
    }
    x5_text_add(s->t, "of ");
    x5_name_brief(s->t, s->culprit->subject);
    x5_text_add(s->t, " has no subjectAltName, the only place where names count");
}

static void tell_purpose(struct scene *s)
{
    const bool is_leaf = s->finding->depth == 0;
    const char *end = s->finding->request->peer == HF_SERVER ? "server" : "client";
    x5_name_certificate(s->t, s->culprit);
    if (is_leaf && x5_is_authority(s->culprit)) {
        x5_text_add(s->t,
                    " is an authority's certificate, which the peer sent in the place of its own");
        return;
    }
    uint32_t usage;
    if (is_leaf && x5_key_usage(s->culprit, &usage) && (usage & X5_USAGE_DIGITAL_SIGNATURE) == 0) {
        x5_text_add(s->t, " may not sign: its key usage is ");
        x5_key_usage_text(s->t, s->culprit);
        return;
    }
    x5_text_add(s->t, " is for ");
    x5_extended_usage_text(s->t, s->culprit);
    x5_text_add(s->t, "; %s %ss, %sAuth is needed", is_leaf ? "for TLS" : "to issue for TLS", end,
                end);
}

static void tell_no_authority(struct scene *s)
{
    x5_name_certificate(s->t, s->culprit);
    struct x5_certificate below;
    if (s->finding->depth > 0 &&
        x5_certificate_read(s->finding->path[s->finding->depth - 1], &below)) {
        x5_text_add(s->t, " issued ");
        x5_name_certificate(s->t, &below);
        x5_text_add(s->t, ", but");
    }
    x5_text_add(s->t, x5_is_authority(s->culprit)
                          ? " may not issue certificates: its key usage lacks keyCertSign"
                          : " is no authority: its basicConstraints do not say so");
}

static void tell_path_length(struct scene *s)
{
    struct der d = x5_der_over(s->culprit->extension[X5_EXT_BASIC_CONSTRAINTS]);
    struct der c = x5_der_enter(&d, DER_SEQUENCE);
    (void)x5_der_take_boolean(&c);
    const uint32_t allowed = x5_der_take_small(&c);
    x5_name_certificate(s->t, s->culprit);
    x5_text_add(s->t, " allows %u further %s below it, and the chain has more", (unsigned)allowed,
                allowed == 1 ? "authority" : "authorities");
}

static void tell_name_constraint(struct scene *s)
{
    x5_name_certificate(s->t, s->culprit);
    x5_text_add(s->t, " is outside of what an authority above it may issue");
    for (size_t i = s->finding->depth + 1; i < s->finding->path_len; i++) {
        struct x5_certificate above;
        if (x5_certificate_read(s->finding->path[i], &above) &&
            x5_has_extension(&above, X5_EXT_NAME_CONSTRAINTS)) {
            x5_text_add(s->t, ": ");
            x5_name_certificate(s->t, &above);
            tell_subtrees(s->t, &above);
            return;
        }
    }
}

/* RFC 5280, 4.2.1.10: permitted [0] and excluded [1] GeneralSubtrees, each a GeneralName. */
static void tell_subtrees(struct text *t, const struct x5_certificate *authority)
{
    struct der d = x5_der_over(authority->extension[X5_EXT_NAME_CONSTRAINTS]);
    struct der constraints = x5_der_enter(&d, DER_SEQUENCE);
    while (x5_der_more(&constraints)) {
        uint8_t side = 0;
        struct der list = x5_der_over(x5_der_take_any(&constraints, &side));
        x5_text_add(t, side == DER_CONTEXT_CONSTRUCTED + 0 ? " permits" : " excludes");
        for (bool first = true; x5_der_more(&list); first = false) {
            struct der subtree = x5_der_enter(&list, DER_SEQUENCE);
            struct san_entry base = {.tag = 0};
            base.value = x5_der_take_any(&subtree, &base.tag);
            x5_text_add(t, "%s", first ? " " : ", ");
            if (base.tag == SAN_IP) {
                x5_text_add(t, "addresses");
            } else {
                x5_san_entry_text(t, &base);
            }
        }
    }
}

static void tell_bad_signature(struct scene *s)
{
    x5_text_add(s->t, "the signature of ");
    x5_name_certificate(s->t, s->culprit);
    x5_text_add(s->t, " was not made by the key of ");
    x5_name_brief(s->t, s->culprit->issuer);
}

static void tell_weak_signature(struct scene *s)
{
    x5_name_certificate(s->t, s->culprit);
    x5_text_add(s->t, " is signed in a way that is too weak: ");
    x5_algorithm_text(s->t, s->culprit->signature_algorithm);
}

static void tell_weak_key(struct scene *s)
{
    struct x5_key key;
    const bool read = x5_key_read(s->culprit->spki, &key);
    x5_name_certificate(s->t, s->culprit);
    x5_text_add(s->t, " has a key that is not accepted: %s", read ? key.text : "malformed");
}

static void tell_critical_extension(struct scene *s)
{
    x5_name_certificate(s->t, s->culprit);
    x5_text_add(s->t, " has a critical extension that is not understood here: ");
    x5_oid_text(s->t, s->culprit->unknown_critical);
}

static void tell_too_long(struct scene *s)
{
    x5_text_add(s->t, "the path needs more than %zu certificates", s->finding->request->max_depth);
}

static void tell_other(struct scene *s)
{
    x5_name_certificate(s->t, s->culprit);
    x5_text_add(s->t, ": %s", X509_verify_cert_error_string(s->finding->error));
}

/* From a broken rule to what a person can act on: which certificate, and a sentence with the names
 * and values that were compared.
 */
#include "base/span.h"
#include "x509/key.h"
#include "x509/name.h"
#include "x509/host.h"
#include "x509/oid.h"
#include "x509/path_int.h"
#include "x509/usage.h"

/* Everything that a sentence may need. */
struct scene {
    const struct x5_request *request;
    const struct x5_path *path;
    const struct x5_finding *finding;
    const struct x5_step *culprit; /* path->step[finding->at] */
    struct text *t;
};

static void tell_extension(struct scene *s);
static void tell_critical_extension(struct scene *s);
static void tell_time(struct scene *s);
static void tell_clock(struct scene *s);
static void tell_weak_signature(struct scene *s);
static void tell_name(struct scene *s);
static void tell_no_names(struct scene *s);
static void tell_purpose(struct scene *s);
static void tell_key_usage(struct scene *s);
static void tell_key_transport(struct scene *s);
static void tell_authority_as_leaf(struct scene *s);
static void tell_weak_key(struct scene *s);
static void tell_no_authority(struct scene *s);
static void tell_issuer_key_usage(struct scene *s);
static void tell_issued(struct scene *s);
static void tell_nameless(struct scene *s);
static void tell_contradiction(struct scene *s);
static void tell_path_length(struct scene *s);
static void tell_name_constraint(struct scene *s);
static void tell_constraint_unknown(struct scene *s);
static void tell_policy(struct scene *s);
static void tell_bad_signature(struct scene *s);
static void tell_pin(struct scene *s);
static void tell_too_long(struct scene *s);
static void tell_self_signed(struct scene *s);
static void tell_missing_intermediate(struct scene *s);
static void tell_unknown_root(struct scene *s);
static void tell_untrusted_root(struct scene *s);
static void tell_other_key(struct scene *s);
static void tell_revoked(struct scene *s);
static void tell_staple_missing(struct scene *s);
static void tell_staple_malformed(struct scene *s);
static void tell_staple_other(struct scene *s);
static void tell_staple_signature(struct scene *s);
static void tell_staple_outdated(struct scene *s);
static void tell_status_unknown(struct scene *s);
static void tell_crl_signature(struct scene *s);
static void tell_crl_outdated(struct scene *s);
static void tell_window(struct scene *s);
static void tell_offered_at(struct scene *s);
static void tell_trust(struct scene *s);
static void culprit_name(struct scene *s);

/* Rules that are not here have no path and no certificate: their sentence is written where they are
 * raised. */
static void (*const tellers[HF_RULE_COUNT])(struct scene *s) = {
    [HF_RULE_EXTENSION] = tell_extension,
    [HF_RULE_CRITICAL_EXTENSION] = tell_critical_extension,
    [HF_RULE_EXPIRED] = tell_time,
    [HF_RULE_NOT_YET_VALID] = tell_time,
    [HF_RULE_CLOCK_AHEAD] = tell_clock,
    [HF_RULE_CLOCK_BEHIND] = tell_clock,
    [HF_RULE_WEAK_SIGNATURE] = tell_weak_signature,
    [HF_RULE_NAME] = tell_name,
    [HF_RULE_NO_NAMES] = tell_no_names,
    [HF_RULE_EXTENDED_KEY_USAGE] = tell_purpose,
    [HF_RULE_KEY_USAGE] = tell_key_usage,
    [HF_RULE_KEY_TRANSPORT] = tell_key_transport,
    [HF_RULE_AUTHORITY_AS_LEAF] = tell_authority_as_leaf,
    [HF_RULE_WEAK_KEY] = tell_weak_key,
    [HF_RULE_NOT_AUTHORITY] = tell_no_authority,
    [HF_RULE_ISSUER_KEY_USAGE] = tell_issuer_key_usage,
    [HF_RULE_ISSUER_PURPOSE] = tell_purpose,
    [HF_RULE_WEAK_ISSUER_KEY] = tell_weak_key,
    [HF_RULE_NAMELESS] = tell_nameless,
    [HF_RULE_CONTRADICTION] = tell_contradiction,
    [HF_RULE_PATH_LENGTH] = tell_path_length,
    [HF_RULE_NAME_CONSTRAINT] = tell_name_constraint,
    [HF_RULE_CONSTRAINT_UNKNOWN] = tell_constraint_unknown,
    [HF_RULE_POLICY] = tell_policy,
    [HF_RULE_BAD_SIGNATURE] = tell_bad_signature,
    [HF_RULE_PIN] = tell_pin,
    [HF_RULE_TOO_LONG] = tell_too_long,
    [HF_RULE_SELF_SIGNED] = tell_self_signed,
    [HF_RULE_MISSING_INTERMEDIATE] = tell_missing_intermediate,
    [HF_RULE_UNKNOWN_ROOT] = tell_unknown_root,
    [HF_RULE_UNTRUSTED_ROOT] = tell_untrusted_root,
    [HF_RULE_OTHER_KEY] = tell_other_key,
    [HF_RULE_REVOKED] = tell_revoked,
    [HF_RULE_STAPLE_MISSING] = tell_staple_missing,
    [HF_RULE_STAPLE_MALFORMED] = tell_staple_malformed,
    [HF_RULE_STAPLE_OTHER] = tell_staple_other,
    [HF_RULE_STAPLE_SIGNATURE] = tell_staple_signature,
    [HF_RULE_STAPLE_OUTDATED] = tell_staple_outdated,
    [HF_RULE_STATUS_UNKNOWN] = tell_status_unknown,
    [HF_RULE_CRL_SIGNATURE] = tell_crl_signature,
    [HF_RULE_CRL_OUTDATED] = tell_crl_outdated,
};

void x5_verdict_explain(hf_verdict *verdict, const struct x5_request *request,
                        const struct x5_path *path, const struct x5_finding *finding)
{
    const struct x5_step *culprit = &path->step[finding->at];
    struct text t = x5_verdict_refuse(verdict, request, finding->rule,
                                      culprit->source < 0 ? -1 : culprit->source);
    verdict->depth = (int)finding->at;
    struct text subject;
    x5_text_init(&subject, verdict->subject, sizeof verdict->subject);
    x5_name_text(&subject, culprit->c->subject);
    struct scene scene = {request, path, finding, culprit, &t};
    if (tellers[finding->rule] != NULL) {
        tellers[finding->rule](&scene);
    }
}

void x5_verdict_accept(hf_verdict *verdict, const struct x5_request *request,
                       const struct x5_path *path)
{
    *verdict = (hf_verdict){.accepted = true,
                            .code = HF_E_NONE,
                            .depth = -1,
                            .index = -1,
                            .now_s = request->now_s,
                            .from_s = INT64_MIN,
                            .until_s = INT64_MAX};
    for (size_t i = 0; i < path->count; i++) {
        const struct x5_certificate *c = path->step[i].c;
        verdict->from_s = c->not_before_s > verdict->from_s ? c->not_before_s : verdict->from_s;
        verdict->until_s = c->not_after_s < verdict->until_s ? c->not_after_s : verdict->until_s;
    }
    struct text t;
    x5_text_init(&t, verdict->subject, sizeof verdict->subject);
    x5_name_text(&t, path->step[0].c->subject);
    x5_text_init(&t, verdict->detail, sizeof verdict->detail);
    x5_text_words(&t, path->count == 1 ? "trusted itself" : "trusted through ");
    if (path->count > 1) {
        x5_name_certificate(&t, path->step[path->count - 1].c);
    }
}

struct text x5_verdict_refuse(hf_verdict *verdict, const struct x5_request *request, hf_rule rule,
                              int index)
{
    const hf_rule_info *info = hf_rule_lookup(rule);
    *verdict = (hf_verdict){.code = info == NULL ? HF_E_CERTIFICATE_REJECTED : info->code,
                            .depth = index,
                            .rule = rule,
                            .index = index,
                            .now_s = request->now_s};
    struct text t;
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

/* --- Every certificate ------------------------------------------------------------------------ */

static void tell_extension(struct scene *s)
{
    culprit_name(s);
    x5_text_add(s->t, " has an extension or a name that is malformed");
}

static void tell_critical_extension(struct scene *s)
{
    culprit_name(s);
    x5_text_add(s->t, " has a critical extension that is not understood here: ");
    x5_oid_text(s->t, s->culprit->c->unknown_critical);
}

static void tell_time(struct scene *s)
{
    culprit_name(s);
    const int64_t now_s = s->request->now_s;
    x5_text_add(s->t, now_s < s->culprit->c->not_before_s ? " is " : " ");
    x5_validity_text(s->t, s->culprit->c, now_s);
}

static void tell_clock(struct scene *s)
{
    x5_text_add(s->t, "this machine's clock says ");
    x5_text_time(s->t, s->request->now_s);
    if (s->finding->rule == HF_RULE_CLOCK_BEHIND) {
        x5_text_add(s->t, ", but an authority trusted here is of ");
        x5_text_time(s->t, s->request->trust->newest_from_s);
        return;
    }
    x5_text_add(s->t, "; by then ");
    culprit_name(s);
    x5_text_add(s->t, " and all above it would have expired, it ");
    x5_text_duration(s->t, (uint64_t)s->request->now_s - (uint64_t)s->culprit->c->not_after_s);
    x5_text_add(s->t, " before");
}

static void tell_weak_signature(struct scene *s)
{
    culprit_name(s);
    x5_text_add(s->t, " is signed in a way that is too weak: ");
    x5_algorithm_text(s->t, s->culprit->c->signature_algorithm);
}

/* --- The leaf --------------------------------------------------------------------------------- */

static void tell_name(struct scene *s)
{
    const hf_span asked = span_str(s->request->name);
    struct san_entry nearest;
    x5_text_add(s->t, "asked for '");
    x5_text_bytes(s->t, asked);
    x5_text_add(s->t, "'");
    if (x5_san_count(s->culprit->c) > 1 && x5_host_nearest(s->culprit->c, asked, &nearest)) {
        x5_text_add(s->t, " (nearest: ");
        x5_san_entry_text(s->t, &nearest);
        x5_text_add(s->t, ")");
    }
    x5_text_add(s->t, ", but the certificate is for ");
    x5_san_text(s->t, s->culprit->c);
}

static void tell_no_names(struct scene *s)
{
    x5_text_add(s->t, "asked for '");
    x5_text_bytes(s->t, span_str(s->request->name));
    x5_text_add(s->t, "', but the certificate of ");
    x5_name_brief(s->t, s->culprit->c->subject);
    x5_text_add(s->t, " has no subjectAltName, the only place where names count");
}

static void tell_purpose(struct scene *s)
{
    const char *end = s->request->peer == HF_SERVER ? "server" : "client";
    culprit_name(s);
    x5_text_add(s->t, " is for ");
    x5_extended_usage_text(s->t, s->culprit->c);
    x5_text_add(s->t, "; %s %ss, %sAuth is needed",
                s->finding->at == 0 ? "for TLS" : "to issue for TLS", end, end);
}

static void tell_key_usage(struct scene *s)
{
    culprit_name(s);
    x5_text_add(s->t, " may not sign: its key usage is ");
    x5_key_usage_text(s->t, s->culprit->c);
}

static void tell_key_transport(struct scene *s)
{
    culprit_name(s);
    x5_text_add(s->t, " may not decrypt, as RSA key transport needs: its key usage is ");
    x5_key_usage_text(s->t, s->culprit->c);
}

static void tell_authority_as_leaf(struct scene *s)
{
    culprit_name(s);
    x5_text_add(s->t,
                " is an authority's certificate, which the peer sent in the place of its own");
}

static void tell_weak_key(struct scene *s)
{
    struct x5_key key;
    const bool read = x5_key_read(s->culprit->c->spki, &key);
    culprit_name(s);
    x5_text_add(s->t, " has a key that is not accepted: %s", read ? key.text : "malformed");
}

/* --- Authorities ------------------------------------------------------------------------------ */

static void tell_no_authority(struct scene *s)
{
    tell_issued(s);
    x5_text_add(s->t, " is no authority: its basicConstraints do not say so");
}

static void tell_issuer_key_usage(struct scene *s)
{
    tell_issued(s);
    x5_text_add(s->t, " may not issue certificates: its key usage lacks keyCertSign");
}

static void tell_issued(struct scene *s)
{
    culprit_name(s);
    if (s->finding->at > 0) {
        x5_text_add(s->t, " issued ");
        x5_name_certificate(s->t, s->path->step[s->finding->at - 1].c);
        x5_text_add(s->t, ", but");
    }
}

static void tell_nameless(struct scene *s)
{
    if (s->finding->at == 0) {
        culprit_name(s);
        x5_text_add(s->t, " names no issuer: that name is empty");
        return;
    }
    x5_text_add(s->t, "an authority has no name: it issued ");
    x5_name_certificate(s->t, s->path->step[s->finding->at - 1].c);
}

static void tell_contradiction(struct scene *s)
{
    const struct x5_facts *f = s->culprit->facts;
    culprit_name(s);
    x5_text_add(s->t, f->is_authority || f->has_path_length
                          ? " limits the path below it, but may not issue certificates"
                          : " may sign certificates, but is no authority");
}

/* --- The path --------------------------------------------------------------------------------- */

static void tell_path_length(struct scene *s)
{
    const unsigned allowed = s->culprit->facts->path_length;
    culprit_name(s);
    x5_text_add(s->t, " allows %u further %s below it, and the chain has more", allowed,
                allowed == 1 ? "authority" : "authorities");
}

static void tell_name_constraint(struct scene *s)
{
    const struct x5_certificate *authority = s->path->step[s->finding->other].c;
    x5_text_add(s->t, "'");
    x5_san_entry_text(s->t, &s->finding->offence.name);
    x5_text_add(s->t, "' of ");
    culprit_name(s);
    x5_text_add(s->t, " is outside of what ");
    x5_name_certificate(s->t, authority);
    x5_text_add(s->t, " may issue: it");
    x5_constraint_text(s->t, authority->extension[X5_EXT_NAME_CONSTRAINTS]);
}

static void tell_constraint_unknown(struct scene *s)
{
    x5_name_certificate(s->t, s->path->step[s->finding->other].c);
    x5_text_add(s->t, " constrains names in a way that is not understood here, and ");
    culprit_name(s);
    x5_text_add(s->t, " has such a name: ");
    x5_san_entry_text(s->t, &s->finding->offence.name);
}

static void tell_policy(struct scene *s)
{
    culprit_name(s);
    x5_text_add(s->t, " has no policy that an authority above it demands");
}

static void tell_bad_signature(struct scene *s)
{
    x5_text_add(s->t, "the signature of ");
    culprit_name(s);
    x5_text_add(s->t, " was not made by the key of ");
    x5_name_brief(s->t, s->culprit->c->issuer);
}

static void tell_pin(struct scene *s)
{
    const size_t count = s->request->trust->pin_count;
    x5_text_add(s->t, "none of the keys from ");
    culprit_name(s);
    x5_text_add(s->t, " to ");
    x5_name_certificate(s->t, s->path->step[s->path->count - 1].c);
    x5_text_add(s->t, count == 1 ? " is the one that is pinned" : " is one of the %zu pinned",
                count);
}

static void tell_too_long(struct scene *s)
{
    x5_text_add(s->t, "the path needs more than %zu certificates", s->finding->at);
}

/* --- Revocation ------------------------------------------------------------------------------- */

static void tell_revoked(struct scene *s)
{
    static const char *const reasons[] = {
        [1] = "keyCompromise",      [2] = "cACompromise",         [3] = "affiliationChanged",
        [4] = "superseded",         [5] = "cessationOfOperation", [6] = "certificateHold",
        [9] = "privilegeWithdrawn", [10] = "aACompromise",
    };
    const struct x5_revocation *r = &s->finding->revocation;
    culprit_name(s);
    x5_text_add(s->t, " was revoked on ");
    x5_text_time(s->t, r->at_s);
    if (r->reason < sizeof reasons / sizeof reasons[0] && reasons[r->reason] != NULL) {
        x5_text_add(s->t, " (%s)", reasons[r->reason]);
    }
    x5_text_add(s->t, ", says %s of ", r->by);
    x5_name_brief(s->t, s->culprit->c->issuer);
}

static void tell_staple_missing(struct scene *s)
{
    const char *error = s->finding->revocation.by;
    culprit_name(s);
    x5_text_add(s->t, " demands that an OCSP response comes with it, but %s%s",
                error == NULL ? "none came" : "what came only says ", error == NULL ? "" : error);
}

static void tell_staple_malformed(struct scene *s)
{
    x5_text_add(s->t, "the stapled OCSP response of ");
    culprit_name(s);
    x5_text_add(s->t, " is malformed: %zu bytes", s->request->ocsp_response.len);
}

static void tell_staple_other(struct scene *s)
{
    x5_text_add(s->t, "the stapled OCSP response is not about ");
    culprit_name(s);
    x5_text_add(s->t, ", issued by ");
    x5_name_brief(s->t, s->culprit->c->issuer);
}

static void tell_staple_signature(struct scene *s)
{
    x5_text_add(s->t, "the stapled OCSP response of ");
    culprit_name(s);
    x5_text_add(s->t, " was signed neither by ");
    x5_name_brief(s->t, s->culprit->c->issuer);
    x5_text_add(s->t, " nor by one whom it appointed");
}

static void tell_staple_outdated(struct scene *s)
{
    x5_text_add(s->t, "the stapled OCSP response of ");
    culprit_name(s);
    tell_window(s);
}

static void tell_status_unknown(struct scene *s)
{
    x5_text_add(s->t, "the stapled OCSP response says that ");
    x5_name_brief(s->t, s->culprit->c->issuer);
    x5_text_add(s->t, " does not know ");
    culprit_name(s);
}

static void tell_crl_signature(struct scene *s)
{
    x5_text_add(s->t, "the revocation list of ");
    x5_name_brief(s->t, s->culprit->c->issuer);
    x5_text_add(s->t, " was not signed by the authority of that name that issued ");
    culprit_name(s);
}

static void tell_crl_outdated(struct scene *s)
{
    x5_text_add(s->t, "the revocation list of ");
    x5_name_brief(s->t, s->culprit->c->issuer);
    tell_window(s);
}

static void tell_window(struct scene *s)
{
    const int64_t at_s = s->finding->revocation.at_s;
    const int64_t now_s = s->request->now_s;
    const bool old = now_s > at_s;
    x5_text_add(s->t, old ? " was good until " : " is only good from ");
    x5_text_time(s->t, at_s);
    x5_text_add(s->t, ", ");
    x5_text_duration(s->t,
                     old ? (uint64_t)now_s - (uint64_t)at_s : (uint64_t)at_s - (uint64_t)now_s);
    x5_text_add(s->t, old ? " before " : " after ");
    x5_text_time(s->t, now_s);
}

/* --- Paths that lead nowhere ------------------------------------------------------------------ */

static void tell_self_signed(struct scene *s)
{
    culprit_name(s);
    x5_text_add(s->t, " is signed by itself and ");
    tell_trust(s);
}

static void tell_missing_intermediate(struct scene *s)
{
    x5_text_add(s->t, "an intermediate certificate is missing: ");
    culprit_name(s);
    x5_text_add(s->t, " is issued by ");
    x5_name_brief(s->t, s->culprit->c->issuer);
    x5_text_add(s->t, ", which the peer did not send and which is ");
    tell_trust(s);
    tell_offered_at(s);
}

static void tell_unknown_root(struct scene *s)
{
    x5_text_add(s->t, "the root is unknown: the chain ends at ");
    culprit_name(s);
    x5_text_add(s->t, ", issued by ");
    x5_name_brief(s->t, s->culprit->c->issuer);
    x5_text_add(s->t, ", which is ");
    tell_trust(s);
}

static void tell_untrusted_root(struct scene *s)
{
    x5_text_add(s->t, "the chain ends at the root ");
    culprit_name(s);
    x5_text_add(s->t, ", which the peer sent and which is ");
    tell_trust(s);
}

static void tell_other_key(struct scene *s)
{
    const hf_span issuer = s->culprit->c->issuer;
    const bool trusted = x5_rule_is_trusted_name(s->request, issuer);
    culprit_name(s);
    x5_text_add(s->t, " names as issuer ");
    x5_name_brief(s->t, issuer);
    x5_text_add(s->t, trusted
                          ? "; an authority of that name is trusted here, but it has another key"
                          : "; the peer sent a certificate of that name, but it has another "
                            "key");
}

/* RFC 5280, 4.2.2.1: where the issuer's certificate can be had. */
static void tell_offered_at(struct scene *s)
{
    struct der d = x5_der_over(s->culprit->c->extension[X5_EXT_AUTHORITY_INFO_ACCESS]);
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

static void tell_trust(struct scene *s)
{
    const hf_trust *trust = s->request->trust;
    const size_t count = trust == NULL ? 0 : trust->count;
    if (count == 0) {
        x5_text_add(s->t, "not trusted here (nothing is)");
    } else {
        x5_text_add(s->t, "not trusted here (%zu other%s)", count, count == 1 ? " is" : "s are");
    }
}

static void culprit_name(struct scene *s)
{
    x5_name_certificate(s->t, s->culprit->c);
}

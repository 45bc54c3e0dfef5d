/* The rules of RFC 5280, 6.1, as functions of a path. Nothing here knows how a path was found, and
 * nothing decides what happens to one that breaks a rule.
 */
#include "base/span.h"
#include "x509/dn.h"
#include "x509/host.h"
#include "x509/path_int.h"
#include "x509/policy.h"
#include "x509/signature.h"

enum { ANCHORS_TELL = 8 /* from how many anchors on most of them speak of the clock */ };

static hf_rule check_form(const struct x5_step *step, bool is_leaf);
static hf_rule check_time(const struct x5_request *request, const struct x5_path *path,
                          const struct x5_certificate *c);
static bool is_clock_ahead(const struct x5_request *request, const struct x5_path *path);
static hf_rule check_leaf(const struct x5_request *request, const struct x5_step *leaf);
static hf_rule check_name(const struct x5_request *request, const struct x5_certificate *leaf);
static hf_rule check_issuer(const struct x5_request *request, const struct x5_step *issuer);
static hf_rule check_key(const struct x5_certificate *c, bool is_leaf);
static hf_rule check_algorithm(const struct x5_certificate *c);
static bool check_path_lengths(const struct x5_path *path, struct x5_finding *out);
static bool check_constraints(const struct x5_path *path, uint32_t *work, struct x5_finding *out);
static bool has_pinned_key(const struct x5_request *request, const struct x5_path *path);
static bool was_sent(const struct x5_request *request, hf_span subject);

bool x5_rule_name_is_askable(const char *name)
{
    return x5_host_is_askable(span_str(name));
}

hf_rule x5_rule_certificate(const struct x5_request *request, const struct x5_path *path, size_t at)
{
    const struct x5_step *step = &path->step[at];
    const bool is_anchor = path->anchored && at + 1 == path->count;
    hf_rule rule = check_form(step, at == 0);
    if (rule == HF_RULE_NONE) {
        rule = check_time(request, path, step->c);
    }
    if (rule == HF_RULE_NONE) {
        rule = at == 0 ? check_leaf(request, step) : check_issuer(request, step);
    }
    if (rule == HF_RULE_NONE) {
        rule = check_key(step->c, at == 0);
    }
    /* The anchor's own signature is nobody's concern (RFC 9846, 4.3.3), but its key signed the
     * rest. */
    return rule == HF_RULE_NONE && !is_anchor ? check_algorithm(step->c) : rule;
}

void x5_rule_path(const struct x5_request *request, const struct x5_path *path, uint32_t *work,
                  struct x5_finding *out)
{
    *out = (struct x5_finding){.rule = HF_RULE_NONE};
    if (!check_path_lengths(path, out) || !check_constraints(path, work, out)) {
        return;
    }
    if (!x5_policy_is_met(path, &out->at)) {
        out->rule = HF_RULE_POLICY;
    } else if (request->trust->pin_count > 0 && !has_pinned_key(request, path)) {
        out->rule = HF_RULE_PIN;
        out->at = 0;
    }
}

bool x5_rule_is_trusted_name(const struct x5_request *request, hf_span name)
{
    int at = TRUST_NONE;
    return x5_trust_next(request->trust, name, x5_dn_hash(name), &at) != NULL;
}

/* Cases that people must treat differently: the peer forgot an intermediate, this end lacks the
 * root, or an authority was set up anew. A chain that ends below an authority is most likely the
 * first. */
hf_rule x5_rule_dead_end(const struct x5_request *request, const struct x5_path *path)
{
    const struct x5_step *last = &path->step[path->count - 1];
    const struct x5_facts *f = last->facts;
    const bool by_itself = f->self_issued && (f->issuer_key_id.len == 0 || f->key_id.len == 0 ||
                                              span_eq(f->issuer_key_id, f->key_id));
    if (by_itself && path->count == 1) {
        return HF_RULE_SELF_SIGNED;
    }
    if (by_itself) {
        return HF_RULE_UNTRUSTED_ROOT;
    }
    if (x5_rule_is_trusted_name(request, last->c->issuer) || was_sent(request, last->c->issuer)) {
        return HF_RULE_OTHER_KEY;
    }
    return f->is_authority ? HF_RULE_UNKNOWN_ROOT : HF_RULE_MISSING_INTERMEDIATE;
}

/* What a certificate must not do, whatever it is for. RFC 5280, 4.1.2.4 and 4.1.2.6: issuers have a
 * name; 4.2.1.3 and 4.2.1.9: only authorities have keyCertSign, and only those a path length. */
static hf_rule check_form(const struct x5_step *step, bool is_leaf)
{
    const struct x5_facts *f = step->facts;
    if (f->malformed) {
        return HF_RULE_EXTENSION;
    }
    if (step->c->unknown_critical.len > 0) {
        return HF_RULE_CRITICAL_EXTENSION;
    }
    if (x5_dn_is_empty(step->c->issuer) ||
        (x5_dn_is_empty(step->c->subject) && (!is_leaf || f->is_authority))) {
        return HF_RULE_NAMELESS;
    }
    const bool signs = f->has_usage && (f->usage & X5_USAGE_KEY_CERT_SIGN) != 0;
    if (signs && !f->is_authority) {
        return is_leaf ? HF_RULE_CONTRADICTION : HF_RULE_NOT_AUTHORITY;
    }
    const bool may_limit = f->is_authority && (!f->has_usage || signs);
    return f->has_path_length && !may_limit ? HF_RULE_CONTRADICTION : HF_RULE_NONE;
}

/* RFC 5280, 4.1.2.5: both ends are part of the period. */
static hf_rule check_time(const struct x5_request *request, const struct x5_path *path,
                          const struct x5_certificate *c)
{
    const int64_t now_s = request->now_s;
    if (now_s < c->not_before_s) {
        /* Nobody trusts an authority before it exists. */
        return request->trust != NULL && now_s < request->trust->newest_from_s
                   ? HF_RULE_CLOCK_BEHIND
                   : HF_RULE_NOT_YET_VALID;
    }
    if (now_s > c->not_after_s) {
        return is_clock_ahead(request, path) ? HF_RULE_CLOCK_AHEAD : HF_RULE_EXPIRED;
    }
    return HF_RULE_NONE;
}

/* A leaf may have been forgotten; that it, its authority and the anchor ran out together is less
 * likely than a clock that is wrong, and so is that most anchors of this machine have. */
static bool is_clock_ahead(const struct x5_request *request, const struct x5_path *path)
{
    size_t expired = 0;
    while (expired < path->count && request->now_s > path->step[expired].c->not_after_s) {
        expired++;
    }
    if (path->count >= 3 && expired == path->count) {
        return true;
    }
    return request->trust != NULL && request->trust->count >= ANCHORS_TELL &&
           x5_trust_expired(request->trust, request->now_s) > request->trust->count / 2;
}

static hf_rule check_leaf(const struct x5_request *request, const struct x5_step *leaf)
{
    const struct x5_facts *f = leaf->facts;
    /* RFC 9846, 4.5.1.2: a key usage, where there is one, must allow signing; or, of a key that
     * key transport uses, encryption (RFC 5246, 7.4.2). */
    const uint32_t wanted =
        request->key_transport ? X5_USAGE_KEY_ENCIPHERMENT : X5_USAGE_DIGITAL_SIGNATURE;
    if ((f->usage & wanted) == 0) {
        return f->is_authority          ? HF_RULE_AUTHORITY_AS_LEAF
               : request->key_transport ? HF_RULE_KEY_TRANSPORT
                                        : HF_RULE_KEY_USAGE;
    }
    return (request->peer == HF_SERVER ? f->for_server : f->for_client)
               ? check_name(request, leaf->c)
               : HF_RULE_EXTENDED_KEY_USAGE;
}

static hf_rule check_name(const struct x5_request *request, const struct x5_certificate *leaf)
{
    if (request->name == NULL || x5_host_matches(leaf, span_str(request->name))) {
        return HF_RULE_NONE;
    }
    return x5_has_extension(leaf, X5_EXT_SUBJECT_ALT_NAME) ? HF_RULE_NAME : HF_RULE_NO_NAMES;
}

/* RFC 5280, 6.1.4 (k) and (n). A version 1 certificate says nothing of being an authority; for an
 * anchor the one who configured it did. */
static hf_rule check_issuer(const struct x5_request *request, const struct x5_step *issuer)
{
    const struct x5_facts *f = issuer->facts;
    const bool is_old_anchor = issuer->source < 0 && issuer->c->version == 1;
    if (!f->is_authority && !is_old_anchor) {
        return HF_RULE_NOT_AUTHORITY;
    }
    if ((f->usage & X5_USAGE_KEY_CERT_SIGN) == 0) {
        return HF_RULE_ISSUER_KEY_USAGE;
    }
    return (request->peer == HF_SERVER ? f->for_server : f->for_client) ? HF_RULE_NONE
                                                                        : HF_RULE_ISSUER_PURPOSE;
}

static hf_rule check_key(const struct x5_certificate *c, bool is_leaf)
{
    struct x5_key key;
    if (x5_key_read(c->spki, &key) && key.supported) {
        return HF_RULE_NONE;
    }
    return is_leaf ? HF_RULE_WEAK_KEY : HF_RULE_WEAK_ISSUER_KEY;
}

static hf_rule check_algorithm(const struct x5_certificate *c)
{
    return x5_signature_is_accepted(c) ? HF_RULE_NONE : HF_RULE_WEAK_SIGNATURE;
}

/* RFC 5280, 4.2.1.9: authorities below it that issued themselves do not count, nor does the leaf.
 */
static bool check_path_lengths(const struct x5_path *path, struct x5_finding *out)
{
    uint32_t below = 0;
    for (size_t i = 1; i < path->count; i++) {
        const struct x5_facts *f = path->step[i].facts;
        if (f->has_path_length && below > f->path_length) {
            out->rule = HF_RULE_PATH_LENGTH;
            out->at = i;
            return false;
        }
        below += f->self_issued ? 0 : 1;
    }
    return true;
}

/* RFC 5280, 6.1.3 (b, c): of authorities that issued themselves the names do not count. */
static bool check_constraints(const struct x5_path *path, uint32_t *work, struct x5_finding *out)
{
    for (size_t i = path->count - 1; i > 0; i--) {
        const struct x5_certificate *authority = path->step[i].c;
        if (!x5_has_extension(authority, X5_EXT_NAME_CONSTRAINTS)) {
            continue;
        }
        for (size_t below = 0; below < i; below++) {
            if (below > 0 && path->step[below].facts->self_issued) {
                continue;
            }
            x5_constraint_check(authority->extension[X5_EXT_NAME_CONSTRAINTS], path->step[below].c,
                                work, &out->offence);
            if (out->offence.rule != HF_RULE_NONE) {
                out->rule = out->offence.rule;
                out->at = below;
                out->other = i;
                return false;
            }
        }
    }
    return true;
}

static bool has_pinned_key(const struct x5_request *request, const struct x5_path *path)
{
    for (size_t i = 0; i < path->count; i++) {
        if (x5_trust_has_pin(request->trust, path->step[i].c->spki)) {
            return true;
        }
    }
    return false;
}

/* Behind the leaf, which is nobody's issuer. */
static bool was_sent(const struct x5_request *request, hf_span subject)
{
    for (size_t i = 1; i < request->count; i++) {
        struct x5_certificate c;
        if (x5_certificate_read(request->chain[i], &c) && x5_dn_equal(c.subject, subject)) {
            return true;
        }
    }
    return false;
}

/* The tree of RFC 5280, 6.1.2 (a) is kept as the set of policies that its lowest level expects:
 * what matters here is only whether it is empty.
 */
#include "x509/policy.h"

#include "base/span.h"
#include "x509/oid.h"

enum { POLICIES_MAX = 32 /* what does not fit is taken as not there, which can only refuse */ };

/* Policies that the next certificate may have; any: all of them. */
struct policies {
    hf_span oid[POLICIES_MAX];
    size_t count;
    bool any;
};

struct state {
    struct policies expected;
    uint32_t explicit_policy, policy_mapping, inhibit_any; /* RFC 5280, 6.1.2 (d, e, f) */
};

static bool is_asked_for(const struct x5_path *path);
static void take_certificate(struct state *s, const struct x5_step *step, bool is_last);
static void take_mappings(struct state *s, const struct x5_certificate *c);
static void take_constraints(struct state *s, const struct x5_certificate *c);
static bool requires_now(const struct x5_certificate *c);
static hf_span next_policy(struct der *list);
static struct der open_list(const struct x5_certificate *c, enum x5_extension which);
static void add(struct policies *p, hf_span oid);
static bool has(const struct policies *p, hf_span oid);
static void count_down(uint32_t *n);
static void lower(uint32_t *n, struct der *d, uint8_t tag);

bool x5_policy_is_met(const struct x5_path *path, size_t *at)
{
    if (!is_asked_for(path)) {
        return true;
    }
    const uint32_t never =
        (uint32_t)path->count; /* one more than certificates without the anchor */
    struct state s = {.expected = {.any = true},
                      .explicit_policy = never,
                      .policy_mapping = never,
                      .inhibit_any = never};
    for (size_t i = path->count - 1; i > 0; i--) {
        const struct x5_step *step = &path->step[i - 1];
        *at = i - 1;
        take_certificate(&s, step, i == 1);
        if (i > 1) {
            if (s.explicit_policy == 0 && s.expected.count == 0 && !s.expected.any) {
                return false;
            }
            take_mappings(&s, step->c);
            if (!step->facts->self_issued) {
                count_down(&s.explicit_policy);
                count_down(&s.policy_mapping);
                count_down(&s.inhibit_any);
            }
            take_constraints(&s, step->c);
        }
    }
    count_down(&s.explicit_policy);
    if (requires_now(path->step[0].c)) {
        s.explicit_policy = 0;
    }
    return s.explicit_policy > 0 || s.expected.count > 0 || s.expected.any;
}

/* Without policyConstraints below the anchor nothing can become required. */
static bool is_asked_for(const struct x5_path *path)
{
    for (size_t i = 0; i + 1 < path->count; i++) {
        if (x5_has_extension(path->step[i].c, X5_EXT_POLICY_CONSTRAINTS)) {
            return true;
        }
    }
    return false;
}

/* RFC 5280, 6.1.3 (d, e). */
static void take_certificate(struct state *s, const struct x5_step *step, bool is_last)
{
    const struct policies before = s->expected;
    s->expected = (struct policies){.count = 0};
    struct der list = open_list(step->c, X5_EXT_CERTIFICATE_POLICIES);
    bool any = false;
    while (x5_der_more(&list)) {
        const hf_span oid = next_policy(&list);
        if (span_eq(oid, x5_oid_any_policy)) {
            any = true;
        } else if (before.any || has(&before, oid)) {
            add(&s->expected, oid);
        }
    }
    if (list.bad) {
        s->expected.count = 0;
    } else if (any && (s->inhibit_any > 0 || (!is_last && step->facts->self_issued))) {
        s->expected.any = before.any;
        for (size_t i = 0; i < before.count; i++) {
            add(&s->expected, before.oid[i]);
        }
    }
}

/* RFC 5280, 6.1.4 (a, b). */
static void take_mappings(struct state *s, const struct x5_certificate *c)
{
    const struct policies before = s->expected;
    struct der list = open_list(c, X5_EXT_POLICY_MAPPINGS);
    if (!x5_der_more(&list)) {
        return;
    }
    struct policies mapped = {.any = before.any};
    struct policies from = {.count = 0};
    while (x5_der_more(&list)) {
        struct der pair = x5_der_enter(&list, DER_SEQUENCE);
        const hf_span issuer = x5_der_take_oid(&pair);
        const hf_span subject = x5_der_take_oid(&pair);
        if (!x5_der_done(&pair) || span_eq(issuer, x5_oid_any_policy) ||
            span_eq(subject, x5_oid_any_policy)) {
            s->expected = (struct policies){.count = 0};
            return;
        }
        add(&from, issuer);
        if (s->policy_mapping > 0 && has(&before, issuer)) {
            add(&mapped, subject);
        }
    }
    for (size_t i = 0; i < before.count; i++) {
        if (!has(&from, before.oid[i])) {
            add(&mapped, before.oid[i]);
        }
    }
    s->expected = mapped;
}

/* RFC 5280, 6.1.4 (i, j). */
static void take_constraints(struct state *s, const struct x5_certificate *c)
{
    struct der list = open_list(c, X5_EXT_POLICY_CONSTRAINTS);
    lower(&s->explicit_policy, &list, DER_CONTEXT + 0);
    lower(&s->policy_mapping, &list, DER_CONTEXT + 1);
    if (x5_has_extension(c, X5_EXT_INHIBIT_ANY_POLICY)) {
        struct der d = x5_der_over(c->extension[X5_EXT_INHIBIT_ANY_POLICY]);
        lower(&s->inhibit_any, &d, DER_INTEGER);
    }
}

/* RFC 5280, 6.1.5 (b). */
static bool requires_now(const struct x5_certificate *c)
{
    struct der list = open_list(c, X5_EXT_POLICY_CONSTRAINTS);
    uint32_t n = 1;
    lower(&n, &list, DER_CONTEXT + 0);
    return n == 0;
}

/* PolicyInformation (RFC 5280, 4.2.1.4): the policy; its qualifiers are for people. */
static hf_span next_policy(struct der *list)
{
    struct der one = x5_der_enter(list, DER_SEQUENCE);
    const hf_span oid = x5_der_take_oid(&one);
    if (one.bad) {
        x5_der_fail(list);
    }
    return oid;
}

/* The content of an extension that is a SEQUENCE; at its end where it is absent. */
static struct der open_list(const struct x5_certificate *c, enum x5_extension which)
{
    if (!x5_has_extension(c, which)) {
        return x5_der_over((hf_span){NULL, 0});
    }
    struct der d = x5_der_over(c->extension[which]);
    struct der list = x5_der_enter(&d, DER_SEQUENCE);
    if (!x5_der_done(&d)) {
        x5_der_fail(&list);
    }
    return list;
}

static void add(struct policies *p, hf_span oid)
{
    if (p->count < POLICIES_MAX && !has(p, oid)) {
        p->oid[p->count++] = oid;
    }
}

static bool has(const struct policies *p, hf_span oid)
{
    for (size_t i = 0; i < p->count; i++) {
        if (span_eq(p->oid[i], oid)) {
            return true;
        }
    }
    return false;
}

static void count_down(uint32_t *n)
{
    *n -= *n > 0 ? 1 : 0;
}

/* SkipCerts under this tag, where it comes next: takes the place of a larger *n. One that cannot be
 * read demands at once what it may demand. */
static void lower(uint32_t *n, struct der *d, uint8_t tag)
{
    if (d->bad) {
        *n = 0;
        return;
    }
    if (x5_der_peek(d) != tag) {
        return;
    }
    const hf_span bytes = x5_der_take(d, tag);
    uint32_t given = 0;
    for (size_t i = 0; i < bytes.len && given < UINT16_MAX; i++) {
        given = given << 8 | bytes.data[i];
    }
    *n = given < *n ? given : *n;
}

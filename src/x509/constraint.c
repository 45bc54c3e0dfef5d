#include "x509/constraint.h"

#include "base/span.h"
#include "x509/dn.h"
#include "x509/oid.h"

/* The two lists of an extension; empty where absent. */
struct subtrees {
    hf_span permitted, excluded;
};

enum fit { FIT_NOT, FIT, FIT_UNKNOWN };

static bool read_subtrees(hf_span extension, struct subtrees *out);
static bool is_good_list(hf_span list);
static bool is_good_mask(hf_span base);
static void check_name(const struct subtrees *s, struct san_entry name, uint32_t *work,
                       struct x5_offence *out);
static enum fit fits_any(hf_span list, struct san_entry name, bool excluding, bool *constrained,
                         uint32_t *work);
static bool is_same_kind(uint8_t base_tag, struct san_entry name);
static enum fit fits(struct san_entry base, struct san_entry name, bool excluding);
static bool dns_fits(hf_span base, hf_span name, bool excluding);
static enum fit address_fits(hf_span base, hf_span name);
static enum fit email_fits(hf_span base, hf_span name);
static enum fit uri_fits(hf_span base, hf_span name);
static const uint8_t *last_at(hf_span s);
static bool ends_with(hf_span name, hf_span end);
static bool same_letters(hf_span a, hf_span b);
static hf_span after(hf_span s, size_t n);
static void list_text(struct text *t, hf_span list);

bool x5_constraint_is_well_formed(hf_span extension)
{
    struct subtrees s;
    return read_subtrees(extension, &s) && is_good_list(s.permitted) && is_good_list(s.excluded);
}

void x5_constraint_check(hf_span extension, const struct x5_certificate *c, uint32_t *work,
                         struct x5_offence *out)
{
    *out = (struct x5_offence){.rule = HF_RULE_NONE};
    struct subtrees s;
    if (!read_subtrees(extension, &s)) {
        out->rule = HF_RULE_CONSTRAINT_UNKNOWN;
        return;
    }
    if (!x5_dn_is_empty(c->subject)) {
        check_name(&s, (struct san_entry){SAN_DIRECTORY, c->subject}, work, out);
    }
    struct san_entry name = {.tag = SAN_EMAIL};
    for (size_t at = 0;
         out->rule == HF_RULE_NONE && x5_dn_next_email(c->subject, &at, &name.value);) {
        check_name(&s, name, work, out);
    }
    struct der list = x5_san_open(c);
    while (out->rule == HF_RULE_NONE && x5_san_next(&list, &name)) {
        check_name(&s, name, work, out);
    }
}

void x5_constraint_text(struct text *t, hf_span extension)
{
    struct subtrees s;
    if (!read_subtrees(extension, &s)) {
        return;
    }
    if (s.permitted.len > 0) {
        x5_text_add(t, " permits ");
        list_text(t, s.permitted);
    }
    if (s.excluded.len > 0) {
        x5_text_add(t, " excludes ");
        list_text(t, s.excluded);
    }
}

static bool read_subtrees(hf_span extension, struct subtrees *out)
{
    *out = (struct subtrees){.permitted = {NULL, 0}};
    struct der d = x5_der_over(extension);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    const bool some = x5_der_more(&s);
    if (x5_der_peek(&s) == DER_CONTEXT_CONSTRUCTED + 0) {
        out->permitted = x5_der_take(&s, DER_CONTEXT_CONSTRUCTED + 0);
        if (out->permitted.len == 0) {
            x5_der_fail(&s);
        }
    }
    if (x5_der_peek(&s) == DER_CONTEXT_CONSTRUCTED + 1) {
        out->excluded = x5_der_take(&s, DER_CONTEXT_CONSTRUCTED + 1);
        if (out->excluded.len == 0) {
            x5_der_fail(&s);
        }
    }
    return some && x5_der_done(&s) && x5_der_done(&d);
}

static bool is_good_list(hf_span list)
{
    struct der d = x5_der_over(list);
    while (x5_der_more(&d)) {
        struct der subtree = x5_der_enter(&d, DER_SEQUENCE);
        struct san_entry base = {.tag = 0};
        base.value = x5_der_take_any(&subtree, &base.tag);
        if (subtree.bad || (base.tag & 0xc0) != DER_CONTEXT ||
            (base.tag == SAN_IP && !is_good_mask(base.value)) ||
            (base.tag == SAN_DIRECTORY && !x5_dn_is_well_formed(base.value))) {
            return false;
        }
        /* minimum and maximum: distances, which fits_any refuses where they would count. */
        while (x5_der_more(&subtree)) {
            uint8_t tag = 0;
            (void)x5_der_take_any(&subtree, &tag);
            if (tag != DER_CONTEXT + 0 && tag != DER_CONTEXT + 1) {
                return false;
            }
        }
        if (!x5_der_done(&subtree)) {
            return false;
        }
    }
    return x5_der_done(&d);
}

/* An address and a mask as long: ones, then zeros (RFC 4632, 3.1). */
static bool is_good_mask(hf_span base)
{
    if (base.len != 8 && base.len != 32) {
        return false;
    }
    bool ended = false;
    for (size_t i = base.len / 2; i < base.len; i++) {
        for (unsigned bit = 0x80; bit != 0; bit >>= 1) {
            const bool one = (base.data[i] & bit) != 0;
            if (one && ended) {
                return false;
            }
            ended = ended || !one;
        }
    }
    return true;
}

/* RFC 5280, 6.1.3 (b) and (c), for one name. */
static void check_name(const struct subtrees *s, struct san_entry name, uint32_t *work,
                       struct x5_offence *out)
{
    bool constrained = false;
    bool ignored = false;
    const enum fit permitted = fits_any(s->permitted, name, false, &constrained, work);
    const enum fit excluded = fits_any(s->excluded, name, true, &ignored, work);
    if (*work == 0) {
        *out = (struct x5_offence){HF_RULE_TOO_MUCH_WORK, name, false};
    } else if (permitted == FIT_UNKNOWN || excluded == FIT_UNKNOWN) {
        *out = (struct x5_offence){HF_RULE_CONSTRAINT_UNKNOWN, name, excluded == FIT_UNKNOWN};
    } else if (excluded == FIT || (constrained && permitted == FIT_NOT)) {
        *out = (struct x5_offence){HF_RULE_NAME_CONSTRAINT, name, excluded == FIT};
    }
}

/* Whether a subtree of the list holds the name. *constrained: the list has one of its kind. */
static enum fit fits_any(hf_span list, struct san_entry name, bool excluding, bool *constrained,
                         uint32_t *work)
{
    struct der d = x5_der_over(list);
    while (x5_der_more(&d) && *work > 0) {
        struct der subtree = x5_der_enter(&d, DER_SEQUENCE);
        struct san_entry base = {.tag = 0};
        base.value = x5_der_take_any(&subtree, &base.tag);
        (*work)--;
        if (!is_same_kind(base.tag, name)) {
            continue;
        }
        *constrained = true;
        const enum fit fit = x5_der_more(&subtree) ? FIT_UNKNOWN : fits(base, name, excluding);
        if (fit != FIT_NOT) {
            return fit;
        }
    }
    return FIT_NOT;
}

/* RFC 9598, 6: constraints on e-mail addresses reach the international ones, which stand elsewhere.
 */
static bool is_same_kind(uint8_t base_tag, struct san_entry name)
{
    if (base_tag == name.tag) {
        return true;
    }
    if (base_tag != SAN_EMAIL || name.tag != DER_CONTEXT_CONSTRUCTED + 0) {
        return false;
    }
    struct der d = x5_der_over(name.value);
    return span_eq(x5_der_take_oid(&d), x5_oid_smtp_utf8_mailbox);
}

static enum fit fits(struct san_entry base, struct san_entry name, bool excluding)
{
    switch (name.tag) {
    case SAN_DNS:
        return dns_fits(base.value, name.value, excluding) ? FIT : FIT_NOT;
    case SAN_IP:
        return address_fits(base.value, name.value);
    case SAN_EMAIL:
        return email_fits(base.value, name.value);
    case SAN_URI:
        return uri_fits(base.value, name.value);
    case SAN_DIRECTORY:
        return x5_dn_is_within(name.value, base.value) ? FIT : FIT_NOT;
    default:
        return FIT_UNKNOWN; /* RFC 5280, 4.2.1.10: process it, or reject the certificate */
    }
}

/* "example" holds itself and all below; ".example", which the RFC does not have but certificates
 * do, only what is below. A wildcard stands for names that an excluded one may be among. */
static bool dns_fits(hf_span base, hf_span name, bool excluding)
{
    if (base.len == 0) {
        return true;
    }
    if (excluding && name.len > 2 && name.data[0] == '*' && name.data[1] == '.') {
        const hf_span parent = after(name, 1); /* with its dot */
        const hf_span bare = base.data[0] == '.' ? after(base, 1) : base;
        if (ends_with(bare, parent) && memchr(bare.data, '.', bare.len - parent.len) == NULL) {
            return true;
        }
    }
    if (!ends_with(name, base)) {
        return false;
    }
    return name.len == base.len || base.data[0] == '.' || name.data[name.len - base.len - 1] == '.';
}

static enum fit address_fits(hf_span base, hf_span name)
{
    if (name.len != 4 && name.len != 16) {
        return FIT_UNKNOWN;
    }
    if (base.len != 2 * name.len) {
        return FIT_NOT;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (((name.data[i] ^ base.data[i]) & base.data[name.len + i]) != 0) {
            return FIT_NOT;
        }
    }
    return FIT;
}

/* A mailbox, a host ("example"), or all hosts below one (".example"). */
static enum fit email_fits(hf_span base, hf_span name)
{
    const uint8_t *at = last_at(name);
    if (at == NULL) {
        return FIT_UNKNOWN;
    }
    const size_t local = (size_t)(at - name.data);
    const hf_span host = after(name, local + 1);
    const uint8_t *base_at = last_at(base);
    if (base_at != NULL) {
        const size_t base_local = (size_t)(base_at - base.data);
        const bool same = span_eq(span_of(name.data, local), span_of(base.data, base_local)) &&
                          same_letters(host, after(base, base_local + 1));
        return same ? FIT : FIT_NOT;
    }
    if (base.len > 0 && base.data[0] == '.') {
        return ends_with(host, base) ? FIT : FIT_NOT;
    }
    return same_letters(host, base) ? FIT : FIT_NOT;
}

/* The host of a URI with an authority: a host, or all hosts below one (".example"). */
static enum fit uri_fits(hf_span base, hf_span name)
{
    size_t from = 0;
    while (from + 3 <= name.len && memcmp(name.data + from, "://", 3) != 0) {
        from++;
    }
    if (from + 3 > name.len) {
        return FIT_UNKNOWN;
    }
    hf_span host = after(name, from + 3);
    size_t end = 0;
    while (end < host.len && host.data[end] != '/' && host.data[end] != '?' &&
           host.data[end] != '#') {
        end++;
    }
    host.len = end;
    const uint8_t *at = last_at(host);
    if (at != NULL) {
        host = after(host, (size_t)(at - host.data) + 1);
    }
    const uint8_t *colon = host.len == 0 ? NULL : memchr(host.data, ':', host.len);
    if (colon != NULL) {
        host.len = (size_t)(colon - host.data);
    }
    if (host.len == 0 || host.data[0] == '[') {
        return FIT_UNKNOWN; /* RFC 5280, 4.2.1.10: no host name, so rejected */
    }
    if (base.len > 0 && base.data[0] == '.') {
        return ends_with(host, base) ? FIT : FIT_NOT;
    }
    return same_letters(host, base) ? FIT : FIT_NOT;
}

/* The last '@', or NULL. */
static const uint8_t *last_at(hf_span s)
{
    for (size_t i = s.len; i > 0; i--) {
        if (s.data[i - 1] == '@') {
            return s.data + i - 1;
        }
    }
    return NULL;
}

static bool ends_with(hf_span name, hf_span end)
{
    return name.len >= end.len && same_letters(after(name, name.len - end.len), end);
}

/* Equal but for the case of ASCII letters. */
static bool same_letters(hf_span a, hf_span b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        const uint8_t x = a.data[i];
        const uint8_t y = b.data[i];
        const uint8_t small = x | 0x20;
        if (x != y && (small != (y | 0x20) || small < 'a' || small > 'z')) {
            return false;
        }
    }
    return true;
}

/* What stands behind the first n bytes. */
static hf_span after(hf_span s, size_t n)
{
    return n == 0 ? s : span_of(s.data + n, s.len - n);
}

static void list_text(struct text *t, hf_span list)
{
    struct der d = x5_der_over(list);
    for (bool first = true; x5_der_more(&d) && !t->cut; first = false) {
        struct der subtree = x5_der_enter(&d, DER_SEQUENCE);
        struct san_entry base = {.tag = 0};
        base.value = x5_der_take_any(&subtree, &base.tag);
        x5_text_add(t, "%s", first ? "" : ", ");
        if (base.tag != SAN_IP || (base.value.len != 8 && base.value.len != 32)) {
            x5_san_entry_text(t, &base);
            continue;
        }
        unsigned ones = 0;
        for (size_t i = base.value.len / 2; i < base.value.len; i++) {
            for (unsigned bit = 0x80; (base.value.data[i] & bit) != 0; bit >>= 1) {
                ones++;
            }
        }
        base.value.len /= 2;
        x5_san_entry_text(t, &base);
        x5_text_add(t, "/%u", ones);
    }
}

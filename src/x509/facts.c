#include "x509/facts.h"

#include "base/span.h"
#include "x509/constraint.h"
#include "x509/dn.h"
#include "x509/name.h"
#include "x509/oid.h"

enum { STATUS_REQUEST = 5 /* the TLS extension: RFC 6066, 8 */ };

static bool read_basic_constraints(const struct x5_certificate *c, struct x5_facts *f);
static bool read_usage(const struct x5_certificate *c, struct x5_facts *f);
static bool read_extended_usage(const struct x5_certificate *c, struct x5_facts *f);
static bool read_key_ids(const struct x5_certificate *c, struct x5_facts *f);
static bool read_features(const struct x5_certificate *c, struct x5_facts *f);
static bool has_good_names(const struct x5_certificate *c);
static bool hints_fit(const struct x5_facts *child, const struct x5_certificate *issuer,
                      const struct x5_facts *issuer_facts);

void x5_facts_read(const struct x5_certificate *c, struct x5_facts *out)
{
    *out = (struct x5_facts){
        .usage = UINT32_MAX,
        .for_server = true,
        .for_client = true,
        .self_issued = x5_dn_equal(c->issuer, c->subject),
    };
    const bool constraints = read_basic_constraints(c, out);
    const bool usage = read_usage(c, out);
    const bool extended_usage = read_extended_usage(c, out);
    const bool key_ids = read_key_ids(c, out);
    const bool features = read_features(c, out);
    out->malformed = !features || !constraints || !usage || !extended_usage || !key_ids ||
                     !has_good_names(c) || !x5_dn_is_well_formed(c->issuer) ||
                     !x5_dn_is_well_formed(c->subject) ||
                     (x5_has_extension(c, X5_EXT_NAME_CONSTRAINTS) &&
                      !x5_constraint_is_well_formed(c->extension[X5_EXT_NAME_CONSTRAINTS]));
}

bool x5_facts_fit(const struct x5_certificate *child, const struct x5_facts *child_facts,
                  const struct x5_certificate *issuer, const struct x5_facts *issuer_facts)
{
    return hints_fit(child_facts, issuer, issuer_facts) &&
           x5_dn_equal(child->issuer, issuer->subject);
}

/* RFC 5280, 4.2.1.9. */
static bool read_basic_constraints(const struct x5_certificate *c, struct x5_facts *f)
{
    if (!x5_has_extension(c, X5_EXT_BASIC_CONSTRAINTS)) {
        return true;
    }
    struct der d = x5_der_over(c->extension[X5_EXT_BASIC_CONSTRAINTS]);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    /* DER leaves FALSE out; certificates that write it are common enough to be read. */
    f->is_authority = x5_der_peek(&s) == DER_BOOLEAN && x5_der_take_boolean(&s);
    if (x5_der_more(&s)) {
        f->path_length = x5_der_take_small(&s);
        f->has_path_length = true;
    }
    return x5_der_done(&s) && x5_der_done(&d);
}

static bool read_usage(const struct x5_certificate *c, struct x5_facts *f)
{
    f->has_usage = x5_has_extension(c, X5_EXT_KEY_USAGE);
    const bool read = x5_key_usage(c, &f->usage);
    /* RFC 5280, 4.2.1.3: at least one bit is set. */
    return !f->has_usage || (read && f->usage != 0);
}

/* RFC 5280, 4.2.1.12. anyExtendedKeyUsage alone is not enough: one who requires a particular
 * purpose may reject it. */
static bool read_extended_usage(const struct x5_certificate *c, struct x5_facts *f)
{
    f->has_extended_usage = x5_has_extension(c, X5_EXT_EXTENDED_KEY_USAGE);
    if (!f->has_extended_usage) {
        return true;
    }
    f->for_server = false;
    f->for_client = false;
    struct der d = x5_der_over(c->extension[X5_EXT_EXTENDED_KEY_USAGE]);
    struct der list = x5_der_enter(&d, DER_SEQUENCE);
    const bool some = x5_der_more(&list);
    while (x5_der_more(&list)) {
        const hf_span oid = x5_der_take_oid(&list);
        f->for_server = f->for_server || span_eq(oid, x5_oid_server_auth);
        f->for_client = f->for_client || span_eq(oid, x5_oid_client_auth);
    }
    return some && x5_der_done(&list) && x5_der_done(&d);
}

/* RFC 7633, 4: numbers of TLS extensions. */
static bool read_features(const struct x5_certificate *c, struct x5_facts *f)
{
    if (!x5_has_extension(c, X5_EXT_TLS_FEATURE)) {
        return true;
    }
    struct der d = x5_der_over(c->extension[X5_EXT_TLS_FEATURE]);
    struct der list = x5_der_enter(&d, DER_SEQUENCE);
    while (x5_der_more(&list)) {
        f->must_staple = x5_der_take_small(&list) == STATUS_REQUEST || f->must_staple;
    }
    return x5_der_done(&list) && x5_der_done(&d);
}

/* RFC 5280, 4.2.1.1 and 4.2.1.2. */
static bool read_key_ids(const struct x5_certificate *c, struct x5_facts *f)
{
    if (x5_has_extension(c, X5_EXT_SUBJECT_KEY_ID)) {
        struct der d = x5_der_over(c->extension[X5_EXT_SUBJECT_KEY_ID]);
        f->key_id = x5_der_take(&d, DER_OCTET_STRING);
        if (!x5_der_done(&d)) {
            return false;
        }
    }
    if (!x5_has_extension(c, X5_EXT_AUTHORITY_KEY_ID)) {
        return true;
    }
    struct der d = x5_der_over(c->extension[X5_EXT_AUTHORITY_KEY_ID]);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    if (x5_der_peek(&s) == DER_CONTEXT + 0) {
        f->issuer_key_id = x5_der_take(&s, DER_CONTEXT + 0);
    }
    if (x5_der_peek(&s) == DER_CONTEXT_CONSTRUCTED + 1) {
        f->issuer_names = x5_der_take(&s, DER_CONTEXT_CONSTRUCTED + 1);
    }
    if (x5_der_peek(&s) == DER_CONTEXT + 2) {
        f->issuer_serial = x5_der_take(&s, DER_CONTEXT + 2);
    }
    return x5_der_done(&s) && x5_der_done(&d);
}

/* RFC 5280, 4.2.1.6: at least one name, each of a known choice. */
static bool has_good_names(const struct x5_certificate *c)
{
    if (!x5_has_extension(c, X5_EXT_SUBJECT_ALT_NAME)) {
        return true;
    }
    struct der list = x5_san_open(c);
    struct san_entry name;
    size_t count = 0;
    while (x5_san_next(&list, &name)) {
        count++;
    }
    return count > 0 && x5_der_done(&list);
}

/* Hints are there to tell issuers of one name apart; where they speak of another one, it is not
 * asked. */
static bool hints_fit(const struct x5_facts *child, const struct x5_certificate *issuer,
                      const struct x5_facts *issuer_facts)
{
    if (child->issuer_key_id.len > 0 && issuer_facts->key_id.len > 0 &&
        !span_eq(child->issuer_key_id, issuer_facts->key_id)) {
        return false;
    }
    if (child->issuer_serial.len > 0 && !span_eq(child->issuer_serial, issuer->serial)) {
        return false;
    }
    struct der names = x5_der_over(child->issuer_names);
    while (x5_der_more(&names)) {
        uint8_t tag = 0;
        const hf_span name = x5_der_take_any(&names, &tag);
        if (tag == SAN_DIRECTORY) {
            return x5_dn_equal(name, issuer->issuer);
        }
    }
    return true;
}

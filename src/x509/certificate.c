#include "x509/certificate.h"

#include "base/span.h"

static bool read_tbs(struct der *d, struct x5_certificate *c);
static unsigned read_version(struct der *d);
static void skip_unique_id(struct der *d, uint8_t tag, unsigned version);
static bool read_extensions(struct der *d, struct x5_certificate *c);
static bool has_duplicate(const hf_span *oids, size_t count, hf_span oid);
static int extension_index(hf_span oid);

bool x5_certificate_read(hf_span der, struct x5_certificate *out)
{
    struct x5_certificate c = {.der = der};
    struct der d = x5_der_over(der);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    c.tbs = x5_der_take_element(&s, DER_SEQUENCE);
    const hf_span outer_algorithm = x5_der_take_element(&s, DER_SEQUENCE);
    c.signature = x5_der_take_bit_string(&s);
    *out = (struct x5_certificate){.version = 0};
    if (!x5_der_done(&s) || !x5_der_done(&d)) {
        return false;
    }
    struct der tbs = x5_der_over(c.tbs);
    /* RFC 5280, 4.1.1.2: the algorithm stands inside and outside of what is signed, and is the
     * same. */
    if (!read_tbs(&tbs, &c) || !span_eq(c.signature_algorithm, outer_algorithm)) {
        return false;
    }
    *out = c;
    return true;
}

bool x5_key_usage(const struct x5_certificate *c, uint32_t *bits)
{
    *bits = UINT32_MAX;
    if (!x5_has_extension(c, X5_EXT_KEY_USAGE)) {
        return false;
    }
    struct der d = x5_der_over(c->extension[X5_EXT_KEY_USAGE]);
    *bits = x5_der_take_named_bits(&d);
    if (!x5_der_done(&d)) {
        *bits = 0;
        return false;
    }
    return true;
}

bool x5_is_authority(const struct x5_certificate *c)
{
    struct der d = x5_der_over(c->extension[X5_EXT_BASIC_CONSTRAINTS]);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    return x5_der_peek(&s) == DER_BOOLEAN && x5_der_take_boolean(&s);
}

bool x5_is_self_issued(const struct x5_certificate *c)
{
    return span_eq(c->issuer, c->subject);
}

/* RFC 5280, 4.1: TBSCertificate. */
static bool read_tbs(struct der *d, struct x5_certificate *c)
{
    struct der s = x5_der_enter(d, DER_SEQUENCE);
    c->version = read_version(&s);
    c->serial = x5_der_take_integer(&s);
    c->signature_algorithm = x5_der_take_element(&s, DER_SEQUENCE);
    c->issuer = x5_der_take_element(&s, DER_SEQUENCE);
    struct der validity = x5_der_enter(&s, DER_SEQUENCE);
    c->not_before_s = x5_der_take_time(&validity);
    c->not_after_s = x5_der_take_time(&validity);
    c->subject = x5_der_take_element(&s, DER_SEQUENCE);
    c->spki = x5_der_take_element(&s, DER_SEQUENCE);
    skip_unique_id(&s, DER_CONTEXT + 1, c->version);
    skip_unique_id(&s, DER_CONTEXT + 2, c->version);
    return x5_der_done(&validity) && read_extensions(&s, c) && x5_der_done(&s) && x5_der_done(d);
}

static unsigned read_version(struct der *d)
{
    if (x5_der_peek(d) != DER_CONTEXT_CONSTRUCTED + 0) {
        return 1;
    }
    struct der v = x5_der_enter(d, DER_CONTEXT_CONSTRUCTED + 0);
    const uint32_t version = x5_der_take_small(&v);
    /* Version 1 is the default and so is never written (X.690, 11.5). */
    if (!x5_der_done(&v) || version < 1 || version > 2) {
        x5_der_fail(d);
    }
    return version + 1;
}

static void skip_unique_id(struct der *d, uint8_t tag, unsigned version)
{
    if (x5_der_peek(d) == tag) {
        (void)x5_der_take(d, tag);
        if (version < 2) {
            x5_der_fail(d); /* RFC 5280, 4.1.2.8 */
        }
    }
}

static bool read_extensions(struct der *d, struct x5_certificate *c)
{
    if (x5_der_peek(d) != DER_CONTEXT_CONSTRUCTED + 3) {
        return true;
    }
    struct der outer = x5_der_enter(d, DER_CONTEXT_CONSTRUCTED + 3);
    struct der list = x5_der_enter(&outer, DER_SEQUENCE);
    hf_span seen[X5_EXTENSIONS_MAX];
    size_t count = 0;
    while (x5_der_more(&list)) {
        struct der e = x5_der_enter(&list, DER_SEQUENCE);
        const hf_span oid = x5_der_take_oid(&e);
        /* DER leaves FALSE out; certificates that write it are common enough to be read. */
        const bool critical = x5_der_peek(&e) == DER_BOOLEAN && x5_der_take_boolean(&e);
        const hf_span value = x5_der_take(&e, DER_OCTET_STRING);
        if (!x5_der_done(&e) || count == X5_EXTENSIONS_MAX || has_duplicate(seen, count, oid)) {
            return false; /* RFC 5280, 4.2: no extension twice */
        }
        seen[count++] = oid;
        const int which = extension_index(oid);
        if (which >= 0) {
            c->extension[which] = value;
        } else if (critical && c->unknown_critical.len == 0) {
            c->unknown_critical = oid;
        }
    }
    /* RFC 5280, 4.1 and 4.1.2.9: SIZE (1..MAX), and only in version 3. */
    return x5_der_done(&list) && x5_der_done(&outer) && count > 0 && c->version == 3;
}

static bool has_duplicate(const hf_span *oids, size_t count, hf_span oid)
{
    for (size_t i = 0; i < count; i++) {
        if (span_eq(oids[i], oid)) {
            return true;
        }
    }
    return false;
}

static int extension_index(hf_span oid)
{
    /* id-ce is 2.5.29: its extensions differ in the third byte alone. */
    if (oid.len == 3 && oid.data[0] == 0x55 && oid.data[1] == 0x1d) {
        switch (oid.data[2]) {
        case 14:
            return X5_EXT_SUBJECT_KEY_ID;
        case 15:
            return X5_EXT_KEY_USAGE;
        case 17:
            return X5_EXT_SUBJECT_ALT_NAME;
        case 19:
            return X5_EXT_BASIC_CONSTRAINTS;
        case 30:
            return X5_EXT_NAME_CONSTRAINTS;
        case 32:
            return X5_EXT_CERTIFICATE_POLICIES;
        case 33:
            return X5_EXT_POLICY_MAPPINGS;
        case 35:
            return X5_EXT_AUTHORITY_KEY_ID;
        case 36:
            return X5_EXT_POLICY_CONSTRAINTS;
        case 37:
            return X5_EXT_EXTENDED_KEY_USAGE;
        case 54:
            return X5_EXT_INHIBIT_ANY_POLICY;
        default:
            return -1;
        }
    }
    /* id-pe is 1.3.6.1.5.5.7.1. */
    static const uint8_t id_pe[7] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01};
    if (oid.len == 8 && memcmp(oid.data, id_pe, sizeof id_pe) == 0) {
        switch (oid.data[7]) {
        case 1:
            return X5_EXT_AUTHORITY_INFO_ACCESS;
        case 24:
            return X5_EXT_TLS_FEATURE;
        default:
            return -1;
        }
    }
    return -1;
}

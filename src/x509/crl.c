#include "x509/crl.h"

#include "base/span.h"
#include "x509/extension.h"

struct entry {
    hf_span serial;
    int64_t since_s;
    uint32_t reason;
};

static enum x5_crl_fault read_tbs(struct x5_crl *out);
static bool read_entry(struct der *list, struct entry *out, enum x5_crl_fault *fault);
static void read_entry_extensions(struct der *s, struct entry *out, enum x5_crl_fault *fault);
static enum x5_crl_fault read_extensions(struct der *s, struct x5_crl *out);
static enum x5_crl_fault read_extension(const struct x5_extension_view *e, struct x5_crl *out);
static enum x5_crl_fault read_scope(hf_span value, struct x5_crl *out);
static bool take_flag(struct der *s, unsigned number);
static int id_ce(hf_span oid);

/* id-ce 2.5.29.x */
enum {
    CE_CRL_NUMBER = 20,
    CE_REASON = 21,
    CE_DELTA = 27,
    CE_SCOPE = 28, /* issuingDistributionPoint */
    CE_CERTIFICATE_ISSUER = 29,
    CE_AUTHORITY_KEY_ID = 35
};

enum x5_crl_fault x5_crl_read(hf_span der, struct x5_crl *out)
{
    struct x5_crl c = {.der = der};
    *out = (struct x5_crl){.partial = false};
    struct der d = x5_der_over(der);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    c.tbs = x5_der_take_element(&s, DER_SEQUENCE);
    c.signature_algorithm = x5_der_take_element(&s, DER_SEQUENCE);
    c.signature = x5_der_take_bit_string(&s);
    if (!x5_der_done(&s) || !x5_der_done(&d)) {
        return X5_CRL_MALFORMED;
    }
    const enum x5_crl_fault fault = read_tbs(&c);
    if (fault == X5_CRL_GOOD) {
        *out = c;
    }
    return fault;
}

const char *x5_crl_fault_text(enum x5_crl_fault fault)
{
    switch (fault) {
    case X5_CRL_CRITICAL:
        return "has a critical extension that is not understood here";
    case X5_CRL_DELTA:
        return "is a delta CRL, which only adds to another list";
    case X5_CRL_INDIRECT:
        return "is an indirect CRL, which speaks for other authorities";
    case X5_CRL_ATTRIBUTES:
        return "is for attribute certificates";
    case X5_CRL_ENDLESS:
        return "has no nextUpdate, so that nobody can tell whether it is old";
    case X5_CRL_GOOD:
    case X5_CRL_MALFORMED:
        break;
    }
    return "is not a well-formed CRL";
}

bool x5_crl_has(const struct x5_crl *crl, hf_span serial, int64_t *since_s, uint32_t *reason)
{
    struct der list = x5_der_over(crl->entries);
    struct entry entry;
    enum x5_crl_fault fault = X5_CRL_GOOD;
    while (x5_der_more(&list)) {
        /* Looked at from outside first: a list may have a hundred thousand entries. */
        struct der ahead = list;
        struct der s = x5_der_enter(&ahead, DER_SEQUENCE);
        if (span_eq(x5_der_take_integer(&s), serial)) {
            if (read_entry(&list, &entry, &fault)) {
                *since_s = entry.since_s;
                *reason = entry.reason;
                return true;
            }
            return false;
        }
        list = ahead;
    }
    return false;
}

/* RFC 5280, 5.1: TBSCertList. */
static enum x5_crl_fault read_tbs(struct x5_crl *out)
{
    struct der d = x5_der_over(out->tbs);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    const bool version_2 = x5_der_peek(&s) == DER_INTEGER;
    if (version_2 && x5_der_take_small(&s) != 1) {
        return X5_CRL_MALFORMED;
    }
    /* RFC 5280, 5.1.1.2: the algorithm stands inside and outside of what is signed. */
    const hf_span algorithm = x5_der_take_element(&s, DER_SEQUENCE);
    out->issuer = x5_der_take_element(&s, DER_SEQUENCE);
    out->this_s = x5_der_take_time(&s);
    const uint8_t next = x5_der_peek(&s);
    const bool ends = next == DER_UTC_TIME || next == DER_GENERALIZED_TIME;
    if (ends) {
        out->next_s = x5_der_take_time(&s);
    }
    enum x5_crl_fault fault = X5_CRL_GOOD;
    if (x5_der_peek(&s) == DER_SEQUENCE) {
        struct der list = x5_der_enter(&s, DER_SEQUENCE);
        out->entries = x5_der_rest(&list);
        struct entry entry;
        while (x5_der_more(&list) && read_entry(&list, &entry, &fault)) {
        }
        if (!x5_der_done(&list)) {
            return fault == X5_CRL_GOOD ? X5_CRL_MALFORMED : fault;
        }
    }
    if (x5_der_peek(&s) == DER_CONTEXT_CONSTRUCTED + 0) {
        fault = read_extensions(&s, out);
        fault = fault == X5_CRL_GOOD && !version_2 ? X5_CRL_MALFORMED : fault;
    }
    if (fault != X5_CRL_GOOD) {
        return fault;
    }
    if (!x5_der_done(&s) || !x5_der_done(&d) || !span_eq(algorithm, out->signature_algorithm)) {
        return X5_CRL_MALFORMED;
    }
    return ends ? X5_CRL_GOOD : X5_CRL_ENDLESS;
}

static bool read_entry(struct der *list, struct entry *out, enum x5_crl_fault *fault)
{
    struct der s = x5_der_enter(list, DER_SEQUENCE);
    *out = (struct entry){.serial = x5_der_take_integer(&s)};
    out->since_s = x5_der_take_time(&s);
    if (x5_der_peek(&s) == DER_SEQUENCE) {
        read_entry_extensions(&s, out, fault);
    }
    if (!x5_der_done(&s) || *fault != X5_CRL_GOOD) {
        x5_der_fail(list);
    }
    return !list->bad;
}

/* RFC 5280, 5.3: with a critical extension that is not understood the list tells nothing. */
static void read_entry_extensions(struct der *s, struct entry *out, enum x5_crl_fault *fault)
{
    struct der list = x5_der_enter(s, DER_SEQUENCE);
    struct x5_extension_view e;
    while (x5_extension_next(&list, &e)) {
        if (id_ce(e.oid) == CE_REASON) {
            struct der d = x5_der_over(e.value);
            out->reason = x5_der_take_enumerated(&d);
            if (!x5_der_done(&d)) {
                x5_der_fail(s);
            }
        } else if (e.critical) {
            *fault = id_ce(e.oid) == CE_CERTIFICATE_ISSUER ? X5_CRL_INDIRECT : X5_CRL_CRITICAL;
        }
    }
    if (!x5_der_done(&list)) {
        x5_der_fail(s);
    }
}

static enum x5_crl_fault read_extensions(struct der *s, struct x5_crl *out)
{
    struct der outer = x5_der_enter(s, DER_CONTEXT_CONSTRUCTED + 0);
    struct der list = x5_der_enter(&outer, DER_SEQUENCE);
    struct x5_extension_view e;
    while (x5_extension_next(&list, &e)) {
        const enum x5_crl_fault fault = read_extension(&e, out);
        if (fault != X5_CRL_GOOD) {
            return fault;
        }
    }
    return x5_der_done(&list) && x5_der_done(&outer) ? X5_CRL_GOOD : X5_CRL_MALFORMED;
}

static enum x5_crl_fault read_extension(const struct x5_extension_view *e, struct x5_crl *out)
{
    switch (id_ce(e->oid)) {
    case CE_AUTHORITY_KEY_ID: {
        struct der d = x5_der_over(e->value);
        struct der s = x5_der_enter(&d, DER_SEQUENCE);
        if (x5_der_peek(&s) == DER_CONTEXT + 0) {
            out->issuer_key_id = x5_der_take(&s, DER_CONTEXT + 0);
        }
        return s.bad || !x5_der_done(&d) ? X5_CRL_MALFORMED : X5_CRL_GOOD;
    }
    case CE_DELTA:
        return X5_CRL_DELTA;
    case CE_SCOPE:
        return read_scope(e->value, out);
    case CE_CRL_NUMBER:
        return X5_CRL_GOOD;
    default:
        return e->critical ? X5_CRL_CRITICAL : X5_CRL_GOOD;
    }
}

/* RFC 5280, 5.2.5. A distribution point is a shard of the list. */
static enum x5_crl_fault read_scope(hf_span value, struct x5_crl *out)
{
    struct der d = x5_der_over(value);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    if (x5_der_peek(&s) == DER_CONTEXT_CONSTRUCTED + 0) {
        (void)x5_der_take(&s, DER_CONTEXT_CONSTRUCTED + 0);
        out->partial = true;
    }
    out->only_users = take_flag(&s, 1);
    out->only_authorities = take_flag(&s, 2);
    if (x5_der_peek(&s) == DER_CONTEXT + 3) {
        (void)x5_der_take(&s, DER_CONTEXT + 3);
        out->partial = true;
    }
    const bool indirect = take_flag(&s, 4);
    const bool attributes = take_flag(&s, 5);
    if (!x5_der_done(&s) || !x5_der_done(&d) || (out->only_users && out->only_authorities)) {
        return X5_CRL_MALFORMED;
    }
    return indirect ? X5_CRL_INDIRECT : attributes ? X5_CRL_ATTRIBUTES : X5_CRL_GOOD;
}

/* [number] IMPLICIT BOOLEAN DEFAULT FALSE */
static bool take_flag(struct der *s, unsigned number)
{
    const uint8_t tag = (uint8_t)(DER_CONTEXT + number);
    if (x5_der_peek(s) != tag) {
        return false;
    }
    const hf_span value = x5_der_take(s, tag);
    if (value.len != 1 || (value.data[0] != 0x00 && value.data[0] != 0xff)) {
        x5_der_fail(s);
        return false;
    }
    return value.data[0] == 0xff;
}

static int id_ce(hf_span oid)
{
    return oid.len == 3 && oid.data[0] == 0x55 && oid.data[1] == 0x1d ? oid.data[2] : -1;
}

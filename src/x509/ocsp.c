#include "x509/ocsp.h"

#include "base/span.h"
#include "x509/extension.h"
#include "x509/oid.h"

static bool read_basic(hf_span der, struct x5_ocsp *out);
static bool read_data(struct x5_ocsp *out);
static void read_responder(struct der *s, struct x5_ocsp *out);
static void read_answer(struct der *list, struct x5_ocsp_answer *out);
static void read_status(struct der *s, struct x5_ocsp_answer *out);

bool x5_ocsp_read(hf_span der, struct x5_ocsp *out)
{
    struct x5_ocsp o = {.status = 0};
    *out = o;
    struct der d = x5_der_over(der);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    o.status = x5_der_take_enumerated(&s);
    if (s.bad || o.status > X5_OCSP_STATUS_MAX) {
        return false;
    }
    if (o.status != X5_OCSP_SUCCESSFUL) {
        /* RFC 6960, 4.2.1: responseBytes are not there. */
        if (!x5_der_done(&s) || !x5_der_done(&d)) {
            return false;
        }
        *out = o;
        return true;
    }
    struct der outer = x5_der_enter(&s, DER_CONTEXT_CONSTRUCTED + 0);
    struct der bytes = x5_der_enter(&outer, DER_SEQUENCE);
    const hf_span kind = x5_der_take_oid(&bytes);
    const hf_span basic = x5_der_take(&bytes, DER_OCTET_STRING);
    if (!x5_der_done(&bytes) || !x5_der_done(&outer) || !x5_der_done(&s) || !x5_der_done(&d) ||
        !span_eq(kind, x5_oid_ocsp_basic) || !read_basic(basic, &o)) {
        return false;
    }
    *out = o;
    return true;
}

bool x5_ocsp_next(struct der *list, struct x5_ocsp_answer *out)
{
    if (!x5_der_more(list)) {
        return false;
    }
    read_answer(list, out);
    return !list->bad;
}

const char *x5_ocsp_status_name(uint32_t status)
{
    static const char *const names[X5_OCSP_STATUS_MAX + 1] = {
        [0] = "successful", [1] = "malformedRequest", [2] = "internalError",
        [3] = "tryLater",   [5] = "sigRequired",      [6] = "unauthorized",
    };
    return status <= X5_OCSP_STATUS_MAX && names[status] != NULL ? names[status] : "an error";
}

/* RFC 6960, 4.2.1: BasicOCSPResponse. */
static bool read_basic(hf_span der, struct x5_ocsp *out)
{
    struct der d = x5_der_over(der);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    out->tbs = x5_der_take_element(&s, DER_SEQUENCE);
    out->signature_algorithm = x5_der_take_element(&s, DER_SEQUENCE);
    out->signature = x5_der_take_bit_string(&s);
    if (x5_der_peek(&s) == DER_CONTEXT_CONSTRUCTED + 0) {
        struct der outer = x5_der_enter(&s, DER_CONTEXT_CONSTRUCTED + 0);
        struct der list = x5_der_enter(&outer, DER_SEQUENCE);
        out->certificates = x5_der_rest(&list);
        while (x5_der_more(&list)) {
            (void)x5_der_take_element(&list, DER_SEQUENCE);
        }
        if (!x5_der_done(&list) || !x5_der_done(&outer)) {
            return false;
        }
    }
    return x5_der_done(&s) && x5_der_done(&d) && read_data(out);
}

/* ResponseData. */
static bool read_data(struct x5_ocsp *out)
{
    struct der d = x5_der_over(out->tbs);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    if (x5_der_peek(&s) == DER_CONTEXT_CONSTRUCTED + 0) {
        /* Version 1 is the default and the only one. X.690, 11.5 would leave it out. */
        struct der v = x5_der_enter(&s, DER_CONTEXT_CONSTRUCTED + 0);
        if (x5_der_take_small(&v) != 0 || !x5_der_done(&v)) {
            return false;
        }
    }
    read_responder(&s, out);
    out->produced_s = x5_der_take_generalized(&s);
    struct der list = x5_der_enter(&s, DER_SEQUENCE);
    out->answers = x5_der_rest(&list);
    while (x5_der_more(&list)) {
        struct x5_ocsp_answer answer = {.status = X5_STATUS_UNKNOWN};
        read_answer(&list, &answer);
    }
    return x5_der_done(&list) && x5_extensions_are_optional(&s, DER_CONTEXT_CONSTRUCTED + 1) &&
           x5_der_done(&s) && x5_der_done(&d);
}

static void read_responder(struct der *s, struct x5_ocsp *out)
{
    if (x5_der_peek(s) == DER_CONTEXT_CONSTRUCTED + 1) {
        struct der name = x5_der_enter(s, DER_CONTEXT_CONSTRUCTED + 1);
        out->responder_name = x5_der_take_element(&name, DER_SEQUENCE);
        if (!x5_der_done(&name)) {
            x5_der_fail(s);
        }
        return;
    }
    struct der key = x5_der_enter(s, DER_CONTEXT_CONSTRUCTED + 2);
    out->responder_key_id = x5_der_take(&key, DER_OCTET_STRING);
    if (!x5_der_done(&key)) {
        x5_der_fail(s);
    }
}

/* SingleResponse. */
static void read_answer(struct der *list, struct x5_ocsp_answer *out)
{
    *out = (struct x5_ocsp_answer){.status = X5_STATUS_UNKNOWN};
    struct der s = x5_der_enter(list, DER_SEQUENCE);
    struct der id = x5_der_enter(&s, DER_SEQUENCE);
    struct der hash = x5_der_enter(&id, DER_SEQUENCE);
    out->hash = x5_der_take_oid(&hash);
    if (x5_der_peek(&hash) == DER_NULL && x5_der_take(&hash, DER_NULL).len != 0) {
        x5_der_fail(&hash);
    }
    out->issuer_name_hash = x5_der_take(&id, DER_OCTET_STRING);
    out->issuer_key_hash = x5_der_take(&id, DER_OCTET_STRING);
    out->serial = x5_der_take_integer(&id);
    read_status(&s, out);
    out->this_s = x5_der_take_generalized(&s);
    if (x5_der_peek(&s) == DER_CONTEXT_CONSTRUCTED + 0) {
        struct der next = x5_der_enter(&s, DER_CONTEXT_CONSTRUCTED + 0);
        out->next_s = x5_der_take_generalized(&next);
        out->has_next = true;
        if (!x5_der_done(&next)) {
            x5_der_fail(&s);
        }
    }
    if (!x5_extensions_are_optional(&s, DER_CONTEXT_CONSTRUCTED + 1) || !x5_der_done(&hash) ||
        !x5_der_done(&id) || !x5_der_done(&s)) {
        x5_der_fail(list);
    }
}

static void read_status(struct der *s, struct x5_ocsp_answer *out)
{
    switch (x5_der_peek(s)) {
    case DER_CONTEXT + 0:
        out->status = X5_STATUS_GOOD;
        break;
    case DER_CONTEXT + 2:
        out->status = X5_STATUS_UNKNOWN;
        break;
    default: {
        struct der info = x5_der_enter(s, DER_CONTEXT_CONSTRUCTED + 1);
        out->status = X5_STATUS_REVOKED;
        out->revoked_s = x5_der_take_generalized(&info);
        if (x5_der_peek(&info) == DER_CONTEXT_CONSTRUCTED + 0) {
            struct der reason = x5_der_enter(&info, DER_CONTEXT_CONSTRUCTED + 0);
            out->reason = x5_der_take_enumerated(&reason);
            if (!x5_der_done(&reason)) {
                x5_der_fail(s);
            }
        }
        if (!x5_der_done(&info)) {
            x5_der_fail(s);
        }
        return;
    }
    }
    /* [n] IMPLICIT NULL */
    if (x5_der_take(s, x5_der_peek(s)).len != 0) {
        x5_der_fail(s);
    }
}

#include "x509/extension.h"

bool x5_extension_next(struct der *list, struct x5_extension_view *out)
{
    if (!x5_der_more(list)) {
        return false;
    }
    struct der e = x5_der_enter(list, DER_SEQUENCE);
    out->oid = x5_der_take_oid(&e);
    /* DER leaves FALSE out; those who write it are common enough to be read. */
    out->critical = x5_der_peek(&e) == DER_BOOLEAN && x5_der_take_boolean(&e);
    out->value = x5_der_take(&e, DER_OCTET_STRING);
    if (!x5_der_done(&e)) {
        x5_der_fail(list);
    }
    return !list->bad;
}

bool x5_extensions_are_optional(struct der *d, uint8_t tag)
{
    if (x5_der_peek(d) != tag) {
        return !d->bad;
    }
    struct der outer = x5_der_enter(d, tag);
    struct der list = x5_der_enter(&outer, DER_SEQUENCE);
    struct x5_extension_view e;
    bool critical = false;
    while (x5_extension_next(&list, &e)) {
        critical = critical || e.critical;
    }
    return !critical && x5_der_done(&list) && x5_der_done(&outer);
}

#include "x509/usage.h"

#include "x509/oid.h"

void x5_key_usage_text(struct text *t, const struct x5_certificate *c)
{
    /* In the order of the bits. */
    static const char *const names[] = {
        "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
        "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly",
    };
    uint32_t usage;
    if (!x5_key_usage(c, &usage)) {
        return;
    }
    const char *separator = "";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((usage >> i & 1) != 0) {
            x5_text_add(t, "%s%s", separator, names[i]);
            separator = ", ";
        }
    }
}

void x5_extended_usage_text(struct text *t, const struct x5_certificate *c)
{
    struct der d = x5_der_over(c->extension[X5_EXT_EXTENDED_KEY_USAGE]);
    struct der list = x5_der_enter(&d, DER_SEQUENCE);
    const char *separator = "";
    while (x5_der_more(&list) && !t->cut) {
        x5_text_add(t, "%s", separator);
        x5_oid_text(t, x5_der_take_oid(&list));
        separator = ", ";
    }
}

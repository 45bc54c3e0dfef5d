/* The names of an identity, for choice and display. */
#include "base/mem.h"
#include "base/span.h"
#include "identity/identity_int.h"

enum { ADDRESS_TEXT_MAX = 48 };

static bool is_wanted(const struct san_entry *name, uint8_t tag);
static size_t write_name(char *out, const struct san_entry *name);

/* DNS names that could be asked for (RFC 9525, 6.3), then IP addresses. Other kinds, and names that
 * are none, are nothing that a client can look for. */
bool identity_collect_names(hf_identity *identity, const struct x5_certificate *leaf)
{
    static const uint8_t tags[] = {SAN_DNS, SAN_IP};
    size_t count = 0;
    size_t bytes = 0;
    for (size_t pass = 0; pass < sizeof tags; pass++) {
        struct der list = x5_san_open(leaf);
        for (struct san_entry name; x5_san_next(&list, &name);) {
            if (is_wanted(&name, tags[pass])) {
                count++;
                bytes += tags[pass] == SAN_DNS ? name.value.len + 1 : ADDRESS_TEXT_MAX;
            }
        }
    }
    identity->names_size = count * sizeof identity->names[0] + bytes;
    identity->names = mem_alloc(identity->names_size);
    if (identity->names == NULL) {
        return false;
    }
    char *to = (char *)(identity->names + count);
    for (size_t pass = 0; pass < sizeof tags; pass++) {
        struct der list = x5_san_open(leaf);
        for (struct san_entry name; x5_san_next(&list, &name);) {
            if (is_wanted(&name, tags[pass])) {
                identity->names[identity->name_count++] = to;
                to += write_name(to, &name);
            }
        }
        identity->dns_count = pass == 0 ? identity->name_count : identity->dns_count;
    }
    return true;
}

static bool is_wanted(const struct san_entry *name, uint8_t tag)
{
    return name->tag == tag && (tag == SAN_DNS ? x5_name_is_host(name->value, true)
                                               : name->value.len == 4 || name->value.len == 16);
}

/* Returns how many bytes were written with the NUL. */
static size_t write_name(char *out, const struct san_entry *name)
{
    if (name->tag == SAN_IP) {
        struct text t;
        x5_text_init(&t, out, ADDRESS_TEXT_MAX);
        x5_san_entry_text(&t, name);
        return t.len + 1;
    }
    for (size_t i = 0; i < name->value.len; i++) {
        const uint8_t c = name->value.data[i];
        out[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    out[name->value.len] = '\0';
    return name->value.len + 1;
}

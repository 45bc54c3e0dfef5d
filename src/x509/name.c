#include "x509/name.h"

#include <arpa/inet.h>

#include "base/span.h"
#include "x509/oid.h"

enum { ATTRIBUTES_MAX = 24 }; /* of one Name that are shown; further ones are left out */

struct attribute {
    hf_span oid;
    uint8_t tag;
    hf_span value;
};

static bool is_general_name(uint8_t tag);
static size_t read_attributes(hf_span name, struct attribute out[ATTRIBUTES_MAX]);
static const struct attribute *find(const struct attribute *attributes, size_t count, hf_span oid);
static void value_text(struct text *t, const struct attribute *a, bool escape);
static void wide_text(struct text *t, hf_span value, size_t width, bool escape);
static void utf8_text(struct text *t, hf_span value, bool escape);
static bool is_special(uint32_t c);
static void ip_text(struct text *t, hf_span value);
static bool is_label_byte(uint8_t c);

void x5_name_text(struct text *t, hf_span name)
{
    struct attribute attributes[ATTRIBUTES_MAX];
    const size_t count = read_attributes(name, attributes);
    /* RFC 4514, 2.1: last first. That is also the order in which people look at them. */
    for (size_t i = count; i > 0; i--) {
        const struct attribute *a = &attributes[i - 1];
        x5_text_words(t, i == count ? "" : ", ");
        x5_oid_text(t, a->oid);
        x5_text_words(t, "=");
        value_text(t, a, true);
    }
}

void x5_name_brief(struct text *t, hf_span name)
{
    struct attribute attributes[ATTRIBUTES_MAX];
    const size_t count = read_attributes(name, attributes);
    const struct attribute *best = find(attributes, count, x5_oid_common_name);
    if (best == NULL) {
        best = find(attributes, count, x5_oid_organization);
    }
    x5_text_words(t, "'");
    if (best != NULL) {
        value_text(t, best, false);
    } else {
        x5_name_text(t, name);
    }
    x5_text_words(t, "'");
}

void x5_name_certificate(struct text *t, const struct x5_certificate *c)
{
    struct attribute attributes[ATTRIBUTES_MAX];
    if (read_attributes(c->subject, attributes) > 0) {
        x5_name_brief(t, c->subject);
        return;
    }
    struct der list = x5_san_open(c);
    struct san_entry first;
    x5_text_words(t, "'");
    if (x5_san_next(&list, &first)) {
        x5_san_entry_text(t, &first);
    }
    x5_text_words(t, "'");
}

struct der x5_san_open(const struct x5_certificate *c)
{
    if (!x5_has_extension(c, X5_EXT_SUBJECT_ALT_NAME)) {
        return x5_der_over((hf_span){NULL, 0});
    }
    struct der d = x5_der_over(c->extension[X5_EXT_SUBJECT_ALT_NAME]);
    struct der list = x5_der_enter(&d, DER_SEQUENCE);
    if (!x5_der_done(&d)) {
        x5_der_fail(&list);
    }
    return list;
}

bool x5_san_next(struct der *list, struct san_entry *out)
{
    if (!x5_der_more(list)) {
        return false;
    }
    out->value = x5_der_take_any(list, &out->tag);
    if (!is_general_name(out->tag)) {
        x5_der_fail(list);
    }
    return !list->bad;
}

/* GeneralName is a choice of nine tags (RFC 5280, 4.2.1.6); those of 0, 3, 4 and 5 hold others. */
static bool is_general_name(uint8_t tag)
{
    const unsigned number = tag & 0x1f;
    const bool holds = number == 0 || (number >= 3 && number <= 5);
    return number <= 8 && (tag & 0xe0) == (holds ? DER_CONTEXT_CONSTRUCTED : DER_CONTEXT);
}

size_t x5_san_count(const struct x5_certificate *c)
{
    struct der list = x5_san_open(c);
    struct san_entry name;
    size_t count = 0;
    while (x5_san_next(&list, &name)) {
        count++;
    }
    return count;
}

void x5_san_entry_text(struct text *t, const struct san_entry *name)
{
    switch (name->tag) {
    case SAN_DNS:
        x5_text_bytes(t, name->value);
        break;
    case SAN_IP:
        ip_text(t, name->value);
        break;
    case SAN_EMAIL:
        x5_text_add(t, "email:");
        x5_text_bytes(t, name->value);
        break;
    case SAN_URI:
        x5_text_add(t, "URI:");
        x5_text_bytes(t, name->value);
        break;
    case SAN_DIRECTORY:
        x5_text_add(t, "dirName:");
        x5_name_text(t, name->value);
        break;
    default:
        x5_text_add(t, "other name");
    }
}

void x5_san_text(struct text *t, const struct x5_certificate *c)
{
    enum { ROOM_FOR_REST = 24 }; /* " and 12345 more" */
    size_t left = x5_san_count(c);
    struct der list = x5_san_open(c);
    struct san_entry name;
    for (bool first = true; x5_san_next(&list, &name); first = false, left--) {
        if (!first && t->cap - t->len < name.value.len + ROOM_FOR_REST) {
            x5_text_add(t, " and %zu more", left);
            return;
        }
        x5_text_add(t, "%s", first ? "" : ", ");
        x5_san_entry_text(t, &name);
    }
}

bool x5_name_is_host(hf_span name, bool wildcard)
{
    if (wildcard && name.len > 2 && name.data[0] == '*' && name.data[1] == '.') {
        name = span_of(name.data + 2, name.len - 2);
    }
    if (name.len == 0 || name.len > 253) {
        return false;
    }
    size_t label_len = 0;
    bool digits_only = true;
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t c = name.data[i];
        if (c == '.') {
            if (label_len == 0) {
                return false;
            }
            label_len = 0;
            continue;
        }
        if (!is_label_byte(c) || ++label_len > 63) {
            return false;
        }
        digits_only = digits_only && c >= '0' && c <= '9';
    }
    return label_len > 0 && !digits_only;
}

/* Reads the attributes in the order of the Name: RDNSequence, sets of AttributeTypeAndValue. */
static size_t read_attributes(hf_span name, struct attribute out[ATTRIBUTES_MAX])
{
    size_t count = 0;
    struct der d = x5_der_over(name);
    struct der sequence = x5_der_enter(&d, DER_SEQUENCE);
    while (x5_der_more(&sequence)) {
        struct der set = x5_der_enter(&sequence, DER_SET);
        while (x5_der_more(&set)) {
            struct der pair = x5_der_enter(&set, DER_SEQUENCE);
            struct attribute a;
            a.oid = x5_der_take_oid(&pair);
            a.value = x5_der_take_any(&pair, &a.tag);
            if (!x5_der_done(&pair) || count == ATTRIBUTES_MAX) {
                return count;
            }
            out[count++] = a;
        }
    }
    return count;
}

static const struct attribute *find(const struct attribute *attributes, size_t count, hf_span oid)
{
    for (size_t i = count; i > 0; i--) {
        if (span_eq(attributes[i - 1].oid, oid)) {
            return &attributes[i - 1];
        }
    }
    return NULL;
}

/* RFC 5280, 4.1.2.4: DirectoryString and IA5String in their several alphabets. */
static void value_text(struct text *t, const struct attribute *a, bool escape)
{
    switch (a->tag) {
    case DER_BMP_STRING:
        wide_text(t, a->value, 2, escape);
        break;
    case DER_UNIVERSAL_STRING:
        wide_text(t, a->value, 4, escape);
        break;
    case DER_T61_STRING: /* in practice Latin-1 */
        wide_text(t, a->value, 1, escape);
        break;
    default:
        utf8_text(t, a->value, escape);
    }
}

/* Runs of ordinary bytes, and the single ones between them that need a backslash. */
static void utf8_text(struct text *t, hf_span value, bool escape)
{
    size_t from = 0;
    for (size_t i = 0; i < value.len && escape; i++) {
        if (is_special(value.data[i])) {
            x5_text_bytes(t, span_of(value.data + from, i - from));
            x5_text_character(t, '\\');
            from = i;
        }
    }
    x5_text_bytes(t, span_of(value.data + from, value.len - from));
}

/* Characters of a fixed number of bytes, most significant first. */
static void wide_text(struct text *t, hf_span value, size_t width, bool escape)
{
    for (size_t at = 0; at + width <= value.len && !t->cut; at += width) {
        uint32_t c = 0;
        for (size_t i = 0; i < width; i++) {
            c = c << 8 | value.data[at + i];
        }
        if (escape && is_special(c)) {
            x5_text_character(t, '\\');
        }
        x5_text_character(t, c);
    }
}

/* RFC 4514, 2.4: what would be taken for punctuation. */
static bool is_special(uint32_t c)
{
    return c == ',' || c == '+' || c == '"' || c == '\\' || c == '<' || c == '>' || c == ';';
}

static void ip_text(struct text *t, hf_span value)
{
    char text[INET6_ADDRSTRLEN] = "malformed address";
    if (value.len == 4 || value.len == 16) {
        (void)inet_ntop(value.len == 4 ? AF_INET : AF_INET6, value.data, text, sizeof text);
    }
    x5_text_add(t, "%s", text);
}

static bool is_label_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

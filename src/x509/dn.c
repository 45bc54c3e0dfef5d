#include "x509/dn.h"

#include "base/span.h"
#include "x509/der.h"
#include "x509/text.h"
#include "x509/oid.h"

enum {
    VALUES_MAX = 8, /* of one relative name that are compared as a set; honest ones have one */
    END = -1,
    BROKEN = -2
};

/* A value as it is compared: bytes of UTF-8, letters small, blanks single and none at the ends. */
struct folded {
    const uint8_t *p, *end;
    size_t width;    /* bytes of a character; 0: the bytes are what they are */
    uint8_t more[4]; /* what comes before p: the rest of a character, or one behind a blank */
    size_t more_count;
    bool started;
};

/* One attribute. */
struct value {
    hf_span oid;
    uint8_t tag;
    hf_span bytes;
};

static bool is_good_value(uint8_t tag, hf_span value);
static bool is_sequence(hf_span value);
static bool same_relative(hf_span a, hf_span b);
static size_t read_relative(hf_span set, struct value out[VALUES_MAX]);
static bool same_value(const struct value *a, const struct value *b);
static uint32_t hash_value(const struct value *v);
static size_t width_of(uint8_t tag);
static struct folded fold(const struct value *v);
static int fold_next(struct folded *f);
static int character(struct folded *f);
static bool is_blank(int c);

bool x5_dn_equal(hf_span a, hf_span b)
{
    if (span_eq(a, b)) {
        return true;
    }
    struct der da = x5_der_over(a);
    struct der db = x5_der_over(b);
    struct der sa = x5_der_enter(&da, DER_SEQUENCE);
    struct der sb = x5_der_enter(&db, DER_SEQUENCE);
    while (x5_der_more(&sa) && x5_der_more(&sb)) {
        if (!same_relative(x5_der_take(&sa, DER_SET), x5_der_take(&sb, DER_SET))) {
            return false;
        }
    }
    return x5_der_done(&sa) && x5_der_done(&sb);
}

bool x5_dn_is_within(hf_span name, hf_span base)
{
    struct der dn = x5_der_over(name);
    struct der db = x5_der_over(base);
    struct der sn = x5_der_enter(&dn, DER_SEQUENCE);
    struct der sb = x5_der_enter(&db, DER_SEQUENCE);
    while (x5_der_more(&sb)) {
        if (!x5_der_more(&sn) ||
            !same_relative(x5_der_take(&sn, DER_SET), x5_der_take(&sb, DER_SET))) {
            return false;
        }
    }
    return x5_der_done(&sb) && !sn.bad;
}

uint32_t x5_dn_hash(hf_span name)
{
    uint32_t hash = 0;
    struct der d = x5_der_over(name);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    while (x5_der_more(&s)) {
        struct value values[VALUES_MAX];
        const size_t count = read_relative(x5_der_take(&s, DER_SET), values);
        uint32_t sum = 0; /* a set has no order */
        for (size_t i = 0; i < count; i++) {
            sum += hash_value(&values[i]);
        }
        hash = hash * 31 + sum;
    }
    return hash;
}

bool x5_dn_is_well_formed(hf_span name)
{
    struct der d = x5_der_over(name);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    while (x5_der_more(&s)) {
        struct der set = x5_der_enter(&s, DER_SET);
        if (!x5_der_more(&set)) {
            return false;
        }
        while (x5_der_more(&set)) {
            struct der pair = x5_der_enter(&set, DER_SEQUENCE);
            uint8_t tag = 0;
            (void)x5_der_take_oid(&pair);
            const hf_span value = x5_der_take_any(&pair, &tag);
            if (!x5_der_done(&pair) || !is_good_value(tag, value)) {
                return false;
            }
        }
        if (!x5_der_done(&set)) {
            return false;
        }
    }
    return x5_der_done(&s) && x5_der_done(&d);
}

/* Whether a value has the form that its tag asks for, and the tag is one that attributes of names
 * have: strings (RFC 5280, 4.1.2.4), the BIT STRING of an x500UniqueIdentifier, and the sequences
 * of X.520, such as postalAddress. */
static bool is_good_value(uint8_t tag, hf_span value)
{
    switch (tag) {
    case DER_UTF8_STRING:
        return x5_text_is_utf8(value);
    case DER_BMP_STRING:
        return value.len % 2 == 0;
    case DER_UNIVERSAL_STRING:
        return value.len % 4 == 0;
    case DER_NUMERIC_STRING:
    case DER_PRINTABLE_STRING:
    case DER_T61_STRING:
    case DER_IA5_STRING:
        return true;
    case DER_BIT_STRING: /* the first byte counts unused bits */
        return value.len > 0 && value.data[0] < 8 && (value.len > 1 || value.data[0] == 0);
    case DER_SEQUENCE:
        return is_sequence(value);
    default:
        return false;
    }
}

static bool is_sequence(hf_span value)
{
    struct der d = x5_der_over(value);
    while (x5_der_more(&d)) {
        uint8_t tag = 0;
        (void)x5_der_take_any(&d, &tag);
    }
    return x5_der_done(&d);
}

bool x5_dn_is_empty(hf_span name)
{
    struct der d = x5_der_over(name);
    const struct der s = x5_der_enter(&d, DER_SEQUENCE);
    return !x5_der_more(&s);
}

bool x5_dn_next_email(hf_span name, size_t *at, hf_span *out)
{
    size_t number = 0;
    struct der d = x5_der_over(name);
    struct der s = x5_der_enter(&d, DER_SEQUENCE);
    while (x5_der_more(&s)) {
        struct der set = x5_der_enter(&s, DER_SET);
        while (x5_der_more(&set)) {
            struct der pair = x5_der_enter(&set, DER_SEQUENCE);
            const hf_span oid = x5_der_take_oid(&pair);
            uint8_t tag = 0;
            const hf_span bytes = x5_der_take_any(&pair, &tag);
            if (number++ < *at || pair.bad || !span_eq(oid, x5_oid_email_address)) {
                continue;
            }
            *at = number;
            *out = bytes;
            return true;
        }
    }
    return false;
}

/* Two sets of attributes: each of the one is in the other, and they are as many. */
static bool same_relative(hf_span a, hf_span b)
{
    if (span_eq(a, b)) {
        return a.len > 0;
    }
    struct value of_a[VALUES_MAX];
    struct value of_b[VALUES_MAX];
    const size_t count = read_relative(a, of_a);
    if (count == 0 || read_relative(b, of_b) != count) {
        return false;
    }
    bool used[VALUES_MAX] = {false};
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < count && (used[k] || !same_value(&of_a[i], &of_b[k]))) {
            k++;
        }
        if (k == count) {
            return false;
        }
        used[k] = true;
    }
    return true;
}

/* How many attributes a set has; 0: none, malformed, or more than are compared. */
static size_t read_relative(hf_span set, struct value out[VALUES_MAX])
{
    size_t count = 0;
    struct der s = x5_der_over(set);
    while (x5_der_more(&s)) {
        struct der pair = x5_der_enter(&s, DER_SEQUENCE);
        struct value v;
        v.oid = x5_der_take_oid(&pair);
        v.bytes = x5_der_take_any(&pair, &v.tag);
        if (!x5_der_done(&pair) || count == VALUES_MAX) {
            return 0;
        }
        out[count++] = v;
    }
    return count;
}

static bool same_value(const struct value *a, const struct value *b)
{
    if (!span_eq(a->oid, b->oid)) {
        return false;
    }
    if (width_of(a->tag) == 0 || width_of(b->tag) == 0) {
        return a->tag == b->tag && span_eq(a->bytes, b->bytes);
    }
    struct folded fa = fold(a);
    struct folded fb = fold(b);
    for (;;) {
        const int c = fold_next(&fa);
        if (c != fold_next(&fb) || c == BROKEN) {
            return false;
        }
        if (c == END) {
            return true;
        }
    }
}

/* FNV-1a over what same_value compares. */
static uint32_t hash_value(const struct value *v)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < v->oid.len; i++) {
        hash = (hash ^ v->oid.data[i]) * 16777619U;
    }
    struct folded f = fold(v);
    for (int c; (c = fold_next(&f)) >= 0;) {
        hash = (hash ^ (unsigned)c) * 16777619U;
    }
    return hash;
}

/* Bytes of a character in the strings that are compared as text; 0: not one of them. */
static size_t width_of(uint8_t tag)
{
    switch (tag) {
    case DER_UTF8_STRING:
    case DER_PRINTABLE_STRING:
    case DER_T61_STRING:
    case DER_IA5_STRING:
    case DER_VISIBLE_STRING:
        return 1;
    case DER_BMP_STRING:
        return 2;
    case DER_UNIVERSAL_STRING:
        return 4;
    default:
        return 0;
    }
}

static struct folded fold(const struct value *v)
{
    const struct der d = x5_der_over(v->bytes);
    /* UTF-8 is compared byte by byte; Latin-1 (T61) has characters that are no byte of it. */
    return (struct folded){
        .p = d.p, .end = d.end, .width = v->tag == DER_UTF8_STRING ? 0 : width_of(v->tag)};
}

static int fold_next(struct folded *f)
{
    int c = character(f);
    bool blanks = false;
    while (is_blank(c)) {
        blanks = true;
        c = character(f);
    }
    if (c >= 0 && blanks && f->started) {
        /* One blank stands for them all; the character behind it comes next. */
        for (size_t i = f->more_count; i > 0; i--) {
            f->more[i] = f->more[i - 1];
        }
        f->more[0] = (uint8_t)c;
        f->more_count++;
        return ' ';
    }
    f->started = f->started || c >= 0;
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* The next byte of the value in UTF-8. */
static int character(struct folded *f)
{
    if (f->more_count > 0) {
        const int c = f->more[0];
        f->more_count--;
        for (size_t i = 0; i < f->more_count; i++) {
            f->more[i] = f->more[i + 1];
        }
        return c;
    }
    if (f->p == f->end) {
        return END;
    }
    if (f->width == 0) {
        return *f->p++;
    }
    if ((size_t)(f->end - f->p) < f->width) {
        f->p = f->end;
        return BROKEN;
    }
    uint32_t c = 0;
    for (size_t i = 0; i < f->width; i++) {
        c = c << 8 | *f->p++;
    }
    if (c < 0x80) {
        return (int)c;
    }
    if (c > 0x10ffff) {
        return BROKEN;
    }
    const size_t count = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    for (size_t i = 0; i < count; i++) {
        f->more[i] = (uint8_t)(0x80 | (c >> (6 * (count - 1 - i)) & 0x3f));
    }
    f->more_count = count;
    static const uint8_t marks[4] = {0, 0xc0, 0xe0, 0xf0};
    return (int)(marks[count] | c >> (6 * count));
}

static bool is_blank(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

#include "x509/der.h"

#include "base/span.h"

static const hf_span nothing = {NULL, 0};

static hf_span take(struct der *d, uint8_t *tag, size_t *header_len);
static bool is_minimal_integer(hf_span s);
static bool take_digits(struct der *d, size_t count, int64_t *out);
static int64_t days_before(int64_t year, int64_t month, int64_t day);

hf_span x5_der_take(struct der *d, uint8_t tag)
{
    if (x5_der_peek(d) != tag) {
        x5_der_fail(d);
        return nothing;
    }
    return x5_der_take_any(d, &tag);
}

hf_span x5_der_take_element(struct der *d, uint8_t tag)
{
    if (x5_der_peek(d) != tag) {
        x5_der_fail(d);
        return nothing;
    }
    size_t header_len;
    const hf_span content = take(d, &tag, &header_len);
    if (d->bad) {
        return nothing;
    }
    return span_of(content.data - header_len, header_len + content.len);
}

hf_span x5_der_take_any(struct der *d, uint8_t *tag)
{
    size_t header_len;
    return take(d, tag, &header_len);
}

struct der x5_der_enter(struct der *d, uint8_t tag)
{
    struct der inner = x5_der_over(x5_der_take(d, tag));
    inner.bad = d->bad;
    return inner;
}

bool x5_der_take_boolean(struct der *d)
{
    const hf_span s = x5_der_take(d, DER_BOOLEAN);
    if (s.len != 1 || (s.data[0] != 0x00 && s.data[0] != 0xff)) {
        x5_der_fail(d);
        return false;
    }
    return s.data[0] == 0xff;
}

hf_span x5_der_take_integer(struct der *d)
{
    const hf_span s = x5_der_take(d, DER_INTEGER);
    if (!is_minimal_integer(s)) {
        x5_der_fail(d);
        return nothing;
    }
    return s;
}

hf_span x5_der_take_unsigned(struct der *d)
{
    const hf_span s = x5_der_take_integer(d);
    if (d->bad || s.data[0] >= 0x80) {
        x5_der_fail(d);
        return nothing;
    }
    return s.data[0] == 0 && s.len > 1 ? span_of(s.data + 1, s.len - 1) : s;
}

uint32_t x5_der_take_small(struct der *d)
{
    const hf_span s = x5_der_take_unsigned(d);
    if (d->bad || s.len > 4 || (s.len == 4 && s.data[0] >= 0x80)) {
        x5_der_fail(d);
        return 0;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        value = value << 8 | s.data[i];
    }
    return value;
}

uint32_t x5_der_take_enumerated(struct der *d)
{
    const hf_span s = x5_der_take(d, DER_ENUMERATED);
    if (!is_minimal_integer(s) || s.len > 1 || s.data[0] >= 0x80) {
        x5_der_fail(d); /* no list that is read here has more than 127 values */
        return 0;
    }
    return s.data[0];
}

hf_span x5_der_take_oid(struct der *d)
{
    const hf_span s = x5_der_take(d, DER_OID);
    /* X.690, 8.19: the last byte ends a component, and no component starts with a zero digit. */
    bool starts = true;
    for (size_t i = 0; i < s.len; i++) {
        if (starts && s.data[i] == 0x80) {
            x5_der_fail(d);
            return nothing;
        }
        starts = s.data[i] < 0x80;
    }
    if (s.len == 0 || !starts) {
        x5_der_fail(d);
        return nothing;
    }
    return s;
}

hf_span x5_der_take_bit_string(struct der *d)
{
    const hf_span s = x5_der_take(d, DER_BIT_STRING);
    if (s.len == 0 || s.data[0] != 0) {
        x5_der_fail(d);
        return nothing;
    }
    return span_of(s.data + 1, s.len - 1);
}

uint32_t x5_der_take_named_bits(struct der *d)
{
    const hf_span s = x5_der_take(d, DER_BIT_STRING);
    if (s.len == 0 || s.len > 5 || s.data[0] > 7 || (s.len == 1 && s.data[0] != 0)) {
        x5_der_fail(d);
        return 0;
    }
    uint32_t bits = 0;
    for (size_t i = 1; i < s.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            if ((s.data[i] & (0x80u >> bit)) != 0) {
                bits |= UINT32_C(1) << ((i - 1) * 8 + bit);
            }
        }
    }
    /* X.690, 11.2.1: unused bits are zero. That further zeros are left out (11.2.2) is not asked
     * for: roots of the public web have them. */
    if (s.len > 1 && (s.data[s.len - 1] & ((1u << s.data[0]) - 1)) != 0) {
        x5_der_fail(d);
        return 0;
    }
    return bits;
}

int64_t x5_der_take_time(struct der *d)
{
    const bool short_year = x5_der_peek(d) == DER_UTC_TIME;
    struct der t = x5_der_enter(d, short_year ? DER_UTC_TIME : DER_GENERALIZED_TIME);
    int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    const bool read = take_digits(&t, short_year ? 2 : 4, &year) && take_digits(&t, 2, &month) &&
                      take_digits(&t, 2, &day) && take_digits(&t, 2, &hour) &&
                      take_digits(&t, 2, &minute) && take_digits(&t, 2, &second) &&
                      t.end - t.p == 1 && *t.p == 'Z';
    if (!read || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) {
        x5_der_fail(d);
        return 0;
    }
    if (short_year) {
        year += year < 50 ? 2000 : 1900; /* RFC 5280, 4.1.2.5.1 */
    }
    static const uint8_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > lengths[month - 1] + (month == 2 && leap ? 1 : 0)) {
        x5_der_fail(d);
        return 0;
    }
    return ((days_before(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

int64_t x5_der_take_generalized(struct der *d)
{
    if (x5_der_peek(d) != DER_GENERALIZED_TIME) {
        x5_der_fail(d);
        return 0;
    }
    return x5_der_take_time(d);
}

/* Reads one element: its header is checked, its content handed out. */
static hf_span take(struct der *d, uint8_t *tag, size_t *header_len)
{
    const size_t left = (size_t)(d->end - d->p);
    const uint8_t *p = d->p;
    *tag = 0;
    *header_len = 0;
    if (left < 2 || (p[0] & 0x1f) == 0x1f) {
        x5_der_fail(d);
        return nothing;
    }
    size_t header = 2;
    size_t len = p[1];
    if (len >= 0x80) {
        const size_t count = len & 0x7f;
        if (count == 0 || count > 3 || left < 2 + count || p[2] == 0) {
            x5_der_fail(d);
            return nothing;
        }
        len = 0;
        for (size_t i = 0; i < count; i++) {
            len = len << 8 | p[2 + i];
        }
        header += count;
        if (len < 0x80) {
            x5_der_fail(d);
            return nothing;
        }
    }
    if (left - header < len) {
        x5_der_fail(d);
        return nothing;
    }
    *tag = p[0];
    *header_len = header;
    d->p = p + header + len;
    return span_of(p + header, len);
}

/* X.690, 8.3.2: the first nine bits are neither all zero nor all one. */
static bool is_minimal_integer(hf_span s)
{
    if (s.len < 2) {
        return s.len == 1;
    }
    return !(s.data[0] == 0x00 && s.data[1] < 0x80) && !(s.data[0] == 0xff && s.data[1] >= 0x80);
}

static bool take_digits(struct der *d, size_t count, int64_t *out)
{
    if ((size_t)(d->end - d->p) < count) {
        return false;
    }
    int64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t c = *d->p++;
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *out = value;
    return true;
}

/* Days from 1970-01-01 to a day of the Gregorian calendar. Years are counted from March, so that
 * the leap day is the last of its year and every month's offset is the line (153 * m + 2) / 5. */
static int64_t days_before(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t m = month <= 2 ? month + 9 : month - 3;
    const int64_t before_1970 = 719468; /* days from 0000-03-01 */
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - before_1970;
}

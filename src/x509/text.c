#include "x509/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"

static void put(struct text *t, const char *bytes, size_t len);
static size_t utf8_decode(hf_span s, uint32_t *code_point);
static size_t utf8_encode(uint32_t code_point, char out[4]);
static bool is_harmless(uint32_t code_point);

void x5_text_init(struct text *t, char *out, size_t cap)
{
    *t = (struct text){out, cap, 0, false};
    out[0] = '\0';
}

void x5_text_add(struct text *t, const char *format, ...)
{
    char piece[256];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    if (n > 0) {
        put(t, piece, (size_t)n < sizeof piece ? (size_t)n : sizeof piece - 1);
    }
}

void x5_text_words(struct text *t, const char *words)
{
    put(t, words, strlen(words));
}

void x5_text_bytes(struct text *t, hf_span utf8)
{
    while (utf8.len > 0 && !t->cut) {
        uint32_t code_point;
        const size_t n = utf8_decode(utf8, &code_point);
        x5_text_character(t, n == 0 ? '?' : code_point);
        utf8 = span_of(utf8.data + (n == 0 ? 1 : n), utf8.len - (n == 0 ? 1 : n));
    }
}

void x5_text_character(struct text *t, uint32_t code_point)
{
    char bytes[4];
    const size_t n = utf8_encode(is_harmless(code_point) ? code_point : '?', bytes);
    put(t, bytes, n);
}

void x5_text_time(struct text *t, int64_t unix_s)
{
    /* The civil date of a day number, counted in years from March; the reverse of x5_der_take_time.
     */
    int64_t day = unix_s / 86400;
    int64_t second = unix_s % 86400;
    if (second < 0) {
        second += 86400;
        day--;
    }
    day += 719468; /* days from 0000-03-01 to 1970-01-01 */
    const int64_t era = (day >= 0 ? day : day - 146096) / 146097;
    const int64_t in_era = day - era * 146097;
    const int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    const int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    const int64_t m = (5 * in_year + 2) / 153;
    const int64_t month = m < 10 ? m + 3 : m - 9;
    const long long calendar_year = year + era * 400 + (month <= 2 ? 1 : 0);
    const long long in_month = in_year - (153 * m + 2) / 5 + 1;
    const long long second_of_day = second;
    x5_text_add(t, "%04lld-%02lld-%02lld %02lld:%02lld:%02lld UTC", calendar_year, (long long)month,
                in_month, second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
}

void x5_text_duration(struct text *t, uint64_t seconds)
{
    static const struct {
        uint64_t unit_s, from_s;
        const char *name;
    } units[] = {
        {31556952, UINT64_C(2) * 31556952, "year"},
        {86400, 2 * 86400, "day"},
        {3600, 2 * 3600, "hour"},
        {60, 2 * 60, "minute"},
        {1, 0, "second"},
    };
    size_t i = 0;
    while (seconds < units[i].from_s) {
        i++;
    }
    const uint64_t n = seconds / units[i].unit_s;
    x5_text_add(t, "%llu %s%s", (unsigned long long)n, units[i].name, n == 1 ? "" : "s");
}

/* Adds the bytes of whole characters, or marks the text as cut and ends it with dots. */
static void put(struct text *t, const char *bytes, size_t len)
{
    if (t->cut) {
        return;
    }
    if (len < t->cap - t->len) {
        memcpy(t->out + t->len, bytes, len);
        t->len += len;
        t->out[t->len] = '\0';
        return;
    }
    const size_t room = t->cap - 1 - t->len;
    memcpy(t->out + t->len, bytes, room);
    size_t end = t->cap - 1 - 3;
    while (end > 0 && ((unsigned char)t->out[end] & 0xc0) == 0x80) {
        end--; /* not in the middle of a character */
    }
    memcpy(t->out + end, "...", 4);
    t->len = end + 3;
    t->cut = true;
}

bool x5_text_is_utf8(hf_span s)
{
    uint32_t code_point;
    size_t n = 1;
    while (s.len > 0 && n > 0) {
        n = utf8_decode(s, &code_point);
        s = span_of(s.data + n, s.len - n);
    }
    return n > 0;
}

/* Decodes one character (RFC 3629, 4). Returns how many bytes it has, 0 when they are not UTF-8. */
static size_t utf8_decode(hf_span s, uint32_t *code_point)
{
    const uint8_t first = s.data[0];
    if (first < 0x80) {
        *code_point = first;
        return 1;
    }
    const size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    static const uint32_t lowest[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (first < 0xc2 || first > 0xf4 || s.len < n) {
        return 0;
    }
    uint32_t value = first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s.data[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (s.data[i] & 0x3fu);
    }
    if (value < lowest[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    *code_point = value;
    return n;
}

static size_t utf8_encode(uint32_t code_point, char out[4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    const size_t n = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned marks[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(unsigned char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    out[0] = (char)(unsigned char)(marks[n] | code_point);
    return n;
}

/* Control characters, line separators, and those that change the direction of writing or hide. */
static bool is_harmless(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return false;
    }
    return !(c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
             (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb));
}

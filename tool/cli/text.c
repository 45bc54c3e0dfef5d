/* Text that grows, and the taming of foreign text. */
#include "cli/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_terminal(int fd);
static bool make_room(struct text *t, size_t more);
static size_t plain_run(hf_span s, size_t at);
static size_t decode(const uint8_t *p, size_t len, uint32_t *out);
static bool is_active(uint32_t c);
static size_t escape(char out[16], const uint8_t *p, size_t used, uint32_t c);

void text_free(struct text *t)
{
    free(t->ptr);
    *t = (struct text){0};
}

void text_clear(struct text *t)
{
    t->len = 0;
    t->failed = false;
    if (t->ptr != NULL) {
        t->ptr[0] = '\0';
    }
}

void text_add(struct text *t, const char *s)
{
    text_add_bytes(t, s, strlen(s));
}

void text_add_bytes(struct text *t, const void *bytes, size_t len)
{
    if (len == 0 || !make_room(t, len)) {
        return;
    }
    memcpy(t->ptr + t->len, bytes, len);
    t->len += len;
    t->ptr[t->len] = '\0';
}

void text_addf(struct text *t, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len > 0 && make_room(t, (size_t)len)) {
        (void)vsnprintf(t->ptr + t->len, (size_t)len + 1, format, again);
        t->len += (size_t)len;
    }
    va_end(again);
}

void text_fill(struct text *t, const char *s, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        text_add(t, s);
    }
}

void text_add_hex(struct text *t, hf_span bytes)
{
    static const char digits[] = "0123456789abcdef";
    char two[2];
    for (size_t i = 0; i < bytes.len; i++) {
        two[0] = digits[bytes.data[i] >> 4];
        two[1] = digits[bytes.data[i] & 15];
        text_add_bytes(t, two, sizeof two);
    }
}

void text_add_inert(struct text *t, hf_span s)
{
    for (size_t at = 0; at < s.len;) {
        const size_t plain = plain_run(s, at);
        if (plain > 0) {
            text_add_bytes(t, s.data + at, plain);
            at += plain;
            continue;
        }
        uint32_t c = 0;
        const size_t used = decode(s.data + at, s.len - at, &c);
        char seen[16] = "";
        const size_t n = escape(seen, s.data + at, used, c);
        text_add_bytes(t, seen, n);
        at += used;
    }
}

void text_add_inert_str(struct text *t, const char *s)
{
    text_add_inert(t, (hf_span){(const uint8_t *)s, strlen(s)});
}

void text_inert(char *out, size_t cap, hf_span s)
{
    size_t len = 0;
    for (size_t at = 0; at < s.len;) {
        const size_t plain = plain_run(s, at);
        if (plain > 0 && len + plain < cap) {
            memcpy(out + len, s.data + at, plain);
            len += plain;
            at += plain;
            continue;
        }
        uint32_t c = 0;
        const size_t used = decode(s.data + at, s.len - at, &c);
        char seen[16];
        const size_t n = escape(seen, s.data + at, used, c);
        if (len + n >= cap) {
            break;
        }
        memcpy(out + len, seen, n);
        len += n;
        at += used;
    }
    out[len] = '\0';
}

void text_add_wrapped(struct text *t, const char *s, size_t column, size_t indent, size_t width)
{
    bool fresh = true;
    while (*s != '\0') {
        const size_t word = strcspn(s, " ");
        if (!fresh && column + 1 + word > width) {
            text_add(t, "\n");
            text_fill(t, " ", indent);
            column = indent;
        } else if (!fresh) {
            text_add(t, " ");
            column++;
        }
        text_add_bytes(t, s, word);
        column += word;
        s += word;
        s += strspn(s, " ");
        fresh = false;
    }
}

size_t text_columns(const char *s)
{
    size_t columns = 0;
    while (*s != '\0') {
        if (*s == '\x1b') {
            s += strcspn(s, "m");
            s += *s == 'm';
            continue;
        }
        columns += ((uint8_t)*s & 0xc0) != 0x80;
        s++;
    }
    return columns;
}

bool text_write(const struct text *t, int fd)
{
    for (size_t at = 0; at < t->len;) {
        const ssize_t n = write(fd, t->ptr + at, t->len - at);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return true;
}

size_t text_offer(const struct text *t, int fd)
{
    const int own = open_terminal(fd);
    const int to = own >= 0 ? own : fd;
    size_t at = 0;
    while (at < t->len) {
        struct pollfd ask = {.fd = to, .events = POLLOUT};
        const size_t left = t->len - at;
        if (poll(&ask, 1, 0) != 1 || (ask.revents & POLLOUT) == 0) {
            break;
        }
        const ssize_t n = write(to, t->ptr + at, left < PIPE_BUF ? left : PIPE_BUF);
        if (n < 0 && errno != EINTR) {
            break;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    if (own >= 0) {
        (void)close(own);
    }
    return at;
}

/* A pipe that can be written takes PIPE_BUF bytes at once, a terminal perhaps one: so one is opened
 * again, as a description that never waits. -1: no terminal, or it cannot be. */
static int open_terminal(int fd)
{
    char path[32];
    if (isatty(fd) == 0) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static bool make_room(struct text *t, size_t more)
{
    if (t->failed) {
        return false;
    }
    if (t->len + more + 1 <= t->cap) {
        return true;
    }
    size_t cap = t->cap == 0 ? 256 : t->cap;
    while (cap < t->len + more + 1) {
        cap *= 2;
    }
    char *grown = realloc(t->ptr, cap);
    if (grown == NULL) {
        t->failed = true;
        return false;
    }
    t->ptr = grown;
    t->cap = cap;
    return true;
}

/* How many characters from there on are printable ASCII, which is nearly all there ever is. */
static size_t plain_run(hf_span s, size_t at)
{
    size_t end = at;
    while (end < s.len && s.data[end] >= 0x20 && s.data[end] < 0x7f) {
        end++;
    }
    return end - at;
}

/* Reads one character of UTF-8. Returns how many bytes it takes; *out is UINT32_MAX for a byte that
 * is not part of one (overlong forms and surrogates are none: RFC 3629, 3). */
static size_t decode(const uint8_t *p, size_t len, uint32_t *out)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t need = p[0] < 0x80   ? 1
                        : p[0] < 0xc2 ? 0
                        : p[0] < 0xe0 ? 2
                        : p[0] < 0xf0 ? 3
                        : p[0] < 0xf5 ? 4
                                      : 0;
    *out = UINT32_MAX;
    if (need == 0 || need > len) {
        return 1;
    }
    uint32_t c = need == 1 ? p[0] : p[0] & (0x7fu >> need);
    for (size_t i = 1; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 1;
        }
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[need] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return 1;
    }
    *out = c;
    return need;
}

/* Whether a terminal or a reader would be led astray by the character: C0 and C1 controls, marks
 * that are invisible or change the direction of writing (Unicode's Cf and line separators),
 * tags. */
static bool is_active(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } active[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
        {0x180e, 0x180e},   {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe0fff},
    };
    for (size_t i = 0; i < sizeof active / sizeof active[0]; i++) {
        if (c >= active[i].first && c <= active[i].last) {
            return true;
        }
    }
    return false;
}

static size_t escape(char out[16], const uint8_t *p, size_t used, uint32_t c)
{
    if (c == UINT32_MAX || (c < 0x80 && is_active(c))) {
        return (size_t)snprintf(out, 16, "\\x%02x", p[0]);
    }
    if (is_active(c)) {
        return (size_t)snprintf(out, 16, "\\u{%04x}", (unsigned)c);
    }
    memcpy(out, p, used);
    return used;
}

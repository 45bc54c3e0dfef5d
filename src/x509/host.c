#include "x509/host.h"

#include <arpa/inet.h>

#include "base/span.h"

enum { NEAREST_NAMES_MAX = 200, NEAREST_LEN_MAX = 64 };

static hf_span without_root(hf_span asked);
static size_t read_address(hf_span asked, uint8_t out[16]);
static bool dns_matches(hf_span pattern, hf_span host);
static bool same_letters(hf_span a, hf_span b);
static size_t distance(hf_span a, hf_span b);
static uint8_t small(uint8_t c);

bool x5_host_is_askable(hf_span asked)
{
    uint8_t address[16];
    return read_address(asked, address) > 0 || x5_name_is_host(without_root(asked), false);
}

bool x5_host_matches(const struct x5_certificate *c, hf_span asked)
{
    uint8_t address[16];
    const size_t address_len = read_address(asked, address);
    const hf_span host = without_root(asked);
    if (address_len == 0 && !x5_name_is_host(host, false)) {
        return false;
    }
    struct der list = x5_san_open(c);
    struct san_entry name;
    bool matches = false;
    while (!matches && x5_san_next(&list, &name)) {
        matches = address_len > 0
                      ? name.tag == SAN_IP && span_eq(name.value, span_of(address, address_len))
                      : name.tag == SAN_DNS && dns_matches(name.value, host);
    }
    return matches;
}

bool x5_host_nearest(const struct x5_certificate *c, hf_span asked, struct san_entry *out)
{
    const hf_span host = without_root(asked);
    if (host.len == 0 || host.len > NEAREST_LEN_MAX) {
        return false;
    }
    size_t best = host.len / 2; /* more changes than that are no likeness */
    bool found = false;
    struct der list = x5_san_open(c);
    struct san_entry name;
    for (size_t i = 0; i < NEAREST_NAMES_MAX && x5_san_next(&list, &name); i++) {
        if (name.tag != SAN_DNS || name.value.len == 0 || name.value.len > NEAREST_LEN_MAX) {
            continue;
        }
        const size_t d = distance(name.value, host);
        if (d < best) {
            best = d;
            *out = name;
            found = true;
        }
    }
    return found;
}

/* The root's dot, which certificates leave out. */
static hf_span without_root(hf_span asked)
{
    if (asked.len > 1 && asked.data[asked.len - 1] == '.') {
        asked.len--;
    }
    return asked;
}

/* How many bytes the address has; 0: it is none. */
static size_t read_address(hf_span asked, uint8_t out[16])
{
    char text[INET6_ADDRSTRLEN];
    if (asked.len == 0 || asked.len >= sizeof text || memchr(asked.data, '\0', asked.len) != NULL) {
        return 0;
    }
    memcpy(text, asked.data, asked.len);
    text[asked.len] = '\0';
    return inet_pton(AF_INET, text, out) == 1 ? 4 : inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

/* RFC 9525, 6.3: a wildcard is the whole left label and stands for one label; over a top-level
 * domain it is refused. */
static bool dns_matches(hf_span pattern, hf_span host)
{
    if (!x5_name_is_host(pattern, true)) {
        return false;
    }
    if (pattern.data[0] != '*') {
        return same_letters(pattern, host);
    }
    const hf_span parent = span_of(pattern.data + 1, pattern.len - 1); /* with its dot */
    const uint8_t *dot = memchr(host.data, '.', host.len);
    return memchr(parent.data + 1, '.', parent.len - 1) != NULL && dot != NULL &&
           dot != host.data &&
           same_letters(parent, span_of(dot, host.len - (size_t)(dot - host.data)));
}

static bool same_letters(hf_span a, hf_span b)
{
    if (a.len != b.len) {
        return false;
    }
    size_t i = 0;
    while (i < a.len && small(a.data[i]) == small(b.data[i])) {
        i++;
    }
    return i == a.len;
}

/* How many letters must be changed, added or left out. Both are at most NEAREST_LEN_MAX. */
static size_t distance(hf_span a, hf_span b)
{
    size_t row[NEAREST_LEN_MAX + 1];
    for (size_t k = 0; k <= b.len; k++) {
        row[k] = k;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            const size_t change = diagonal + (small(a.data[i - 1]) != small(b.data[k - 1]));
            const size_t other = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            diagonal = row[k];
            row[k] = change < other ? change : other;
        }
    }
    return row[b.len];
}

static uint8_t small(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

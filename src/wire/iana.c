#include "wire/iana.h"

#include "base/span.h"

struct row {
    uint16_t id;
    const char *name;
};

static const struct row suites[] = {
#define IANA_SUITE(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row suite_aliases[] = {
#define IANA_SUITE_ALIAS(id, text) {id, text},
#include "wire/iana.def"
};
static const struct row groups[] = {
#define IANA_GROUP(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row group_aliases[] = {
#define IANA_GROUP_ALIAS(id, text) {id, text},
#include "wire/iana.def"
};
static const struct row schemes[] = {
#define IANA_SCHEME(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row scheme_aliases[] = {
#define IANA_SCHEME_ALIAS(id, text) {id, text},
#include "wire/iana.def"
};
static const struct row compressions[] = {
#define IANA_COMPRESSION(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row compression_aliases[] = {
#define IANA_COMPRESSION_ALIAS(id, text) {id, text},
#include "wire/iana.def"
};
static const struct row extensions[] = {
#define IANA_EXTENSION(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row handshakes[] = {
#define IANA_HANDSHAKE(id, name, title) {id, #name},
#include "wire/iana.def"
};
static const struct row handshake_titles[] = {
#define IANA_HANDSHAKE(id, name, title) {id, title},
#include "wire/iana.def"
};
static const struct row versions[] = {
#define IANA_VERSION(id, name, text) {id, text},
#include "wire/iana.def"
};
static const struct row contents[] = {
#define IANA_CONTENT(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row psk_modes[] = {
#define IANA_PSK_MODE(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row certificate_types[] = {
#define IANA_CERTIFICATE_TYPE(id, name) {id, #name},
#include "wire/iana.def"
};

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static const char *name_of(const struct row *rows, size_t count, uint16_t id);
static const char *name_or_grease(const struct row *rows, size_t count, uint16_t id);
static bool find(const struct row *rows, size_t count, hf_span name, uint16_t *id);

const char *iana_suite_name(uint16_t id)
{
    return name_or_grease(suites, COUNT(suites), id);
}

const char *iana_group_name(uint16_t id)
{
    return name_or_grease(groups, COUNT(groups), id);
}

const char *iana_scheme_name(uint16_t id)
{
    return name_or_grease(schemes, COUNT(schemes), id);
}

const char *iana_extension_name(uint16_t id)
{
    return name_or_grease(extensions, COUNT(extensions), id);
}

const char *iana_version_name(uint16_t id)
{
    return name_or_grease(versions, COUNT(versions), id);
}

const char *iana_compression_name(uint16_t id)
{
    return name_of(compressions, COUNT(compressions), id);
}

const char *iana_handshake_name(uint8_t id)
{
    return name_of(handshakes, COUNT(handshakes), id);
}

const char *iana_handshake_title(uint8_t id)
{
    return name_of(handshake_titles, COUNT(handshake_titles), id);
}

const char *iana_content_name(uint8_t id)
{
    return name_of(contents, COUNT(contents), id);
}

const char *iana_psk_mode_name(uint8_t id)
{
    /* RFC 8701, 2: PskKeyExchangeModes have GREASE values of their own, 0x0b and then every
     * 31st. */
    if (id % 0x1f == 0x0b) {
        return "GREASE";
    }
    return name_of(psk_modes, COUNT(psk_modes), id);
}

const char *iana_certificate_type_name(uint8_t id)
{
    return name_of(certificate_types, COUNT(certificate_types), id);
}

bool iana_suite_find(hf_span name, uint16_t *id)
{
    return find(suites, COUNT(suites), name, id) ||
           find(suite_aliases, COUNT(suite_aliases), name, id);
}

bool iana_group_find(hf_span name, uint16_t *id)
{
    return find(groups, COUNT(groups), name, id) ||
           find(group_aliases, COUNT(group_aliases), name, id);
}

bool iana_scheme_find(hf_span name, uint16_t *id)
{
    return find(schemes, COUNT(schemes), name, id) ||
           find(scheme_aliases, COUNT(scheme_aliases), name, id);
}

bool iana_compression_find(hf_span name, uint16_t *id)
{
    return find(compressions, COUNT(compressions), name, id) ||
           find(compression_aliases, COUNT(compression_aliases), name, id);
}

bool iana_psk_mode_find(hf_span name, uint16_t *id)
{
    return find(psk_modes, COUNT(psk_modes), name, id);
}

bool iana_is_grease(uint16_t id)
{
    return (id & 0x0f0f) == 0x0a0a && id >> 8 == (id & 0xff);
}

static const char *name_or_grease(const struct row *rows, size_t count, uint16_t id)
{
    return iana_is_grease(id) ? "GREASE" : name_of(rows, count, id);
}

/* By halves: the rows are in ascending order. */
static const char *name_of(const struct row *rows, size_t count, uint16_t id)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rows[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && rows[low].id == id ? rows[low].name : "unknown";
}

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static size_t skip_separators(hf_span s, size_t at)
{
    while (at < s.len && (s.data[at] == '-' || s.data[at] == '_')) {
        at++;
    }
    return at;
}

static bool same_name(hf_span a, hf_span b)
{
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        i = skip_separators(a, i);
        k = skip_separators(b, k);
        if (i == a.len || k == b.len) {
            return i == a.len && k == b.len;
        }
        if (fold(a.data[i++]) != fold(b.data[k++])) {
            return false;
        }
    }
}

static bool find(const struct row *rows, size_t count, hf_span name, uint16_t *id)
{
    for (size_t i = 0; i < count; i++) {
        if (same_name(span_str(rows[i].name), name)) {
            *id = rows[i].id;
            return true;
        }
    }
    return false;
}

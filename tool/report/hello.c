/* A lenient reader of hellos.
 *
 * Invariant of the cursor: at + left lies within the message; a read past the end gives zero and
 * empties it, so that loops end. */
#include "report/hello.h"

#include <string.h>

#include "cli/text.h"

struct cursor {
    const uint8_t *at;
    size_t left;
};

static void read_client_hello(struct cursor c, struct hello_view *out);
static void read_server_hello(struct cursor c, struct hello_view *out);
static void read_extensions(struct cursor c, uint8_t type, struct hello_view *out);
static void read_extension(uint16_t kind, uint8_t type, struct cursor body, struct hello_view *out);
static void read_key_share(struct cursor body, uint8_t type, struct hello_view *out);
static void read_alpn(struct cursor list, struct hello_view *out);
static void read_codes(struct cursor list, struct hello_codes *out);
static void add_code(struct hello_codes *out, uint16_t code);
static uint32_t take(struct cursor *c, size_t n);
static struct cursor cut(struct cursor *c, size_t n);

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, ENCRYPTED_EXTENSIONS = 8, CERTIFICATE_REQUEST = 13 };

/* The random that marks a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 9846, 4.2.3). */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

void hello_read(hf_span message, struct hello_view *out)
{
    *out = (struct hello_view){0};
    struct cursor c = {message.data, message.len};
    const uint8_t type = (uint8_t)take(&c, 1);
    (void)take(&c, 3);
    if (type == CLIENT_HELLO) {
        read_client_hello(c, out);
    } else if (type == SERVER_HELLO) {
        read_server_hello(c, out);
    } else if (type == ENCRYPTED_EXTENSIONS) {
        read_extensions(cut(&c, take(&c, 2)), type, out);
    } else if (type == CERTIFICATE_REQUEST) {
        (void)cut(&c, take(&c, 1));
        read_extensions(cut(&c, take(&c, 2)), type, out);
    } else {
        return;
    }
    out->known = true;
}

static void read_client_hello(struct cursor c, struct hello_view *out)
{
    const uint16_t legacy_version = (uint16_t)take(&c, 2);
    (void)cut(&c, 32);
    (void)cut(&c, take(&c, 1)); /* legacy_session_id */
    read_codes(cut(&c, take(&c, 2)), &out->suites);
    (void)cut(&c, take(&c, 1)); /* legacy_compression_methods */
    read_extensions(cut(&c, take(&c, 2)), CLIENT_HELLO, out);
    if (out->versions.count == 0) {
        add_code(&out->versions, legacy_version);
    }
}

static void read_server_hello(struct cursor c, struct hello_view *out)
{
    const uint16_t legacy_version = (uint16_t)take(&c, 2);
    const struct cursor random = cut(&c, 32);
    out->retry = random.left == 32 && memcmp(random.at, retry_random, 32) == 0;
    (void)cut(&c, take(&c, 1)); /* legacy_session_id_echo */
    add_code(&out->suites, (uint16_t)take(&c, 2));
    (void)take(&c, 1);
    read_extensions(cut(&c, take(&c, 2)), SERVER_HELLO, out);
    if (out->versions.count == 0) {
        add_code(&out->versions, legacy_version);
    }
}

static void read_extensions(struct cursor c, uint8_t type, struct hello_view *out)
{
    while (c.left >= 4) {
        const uint16_t kind = (uint16_t)take(&c, 2);
        const struct cursor body = cut(&c, take(&c, 2));
        if (out->extensions.count < HELLO_CODES_MAX) {
            out->extension_len[out->extensions.count] = (uint16_t)body.left;
            add_code(&out->extensions, kind);
        }
        read_extension(kind, type, body, out);
    }
}

static void read_extension(uint16_t kind, uint8_t type, struct cursor body, struct hello_view *out)
{
    switch (kind) {
    case 0: /* server_name: one host_name in a list (RFC 6066, 3) */
        if (type == CLIENT_HELLO) {
            (void)take(&body, 3);
            const struct cursor name = cut(&body, take(&body, 2));
            text_inert(out->name, sizeof out->name, (hf_span){name.at, name.left});
        }
        break;
    case 10:
        read_codes(cut(&body, take(&body, 2)), &out->groups);
        break;
    case 13:
        read_codes(cut(&body, take(&body, 2)), &out->signatures);
        break;
    case 16:
        read_alpn(cut(&body, take(&body, 2)), out);
        break;
    case 27:
        read_codes(cut(&body, take(&body, 1)), &out->compressions);
        break;
    case 41:
        if (type == CLIENT_HELLO) {
            struct cursor list = cut(&body, take(&body, 2));
            while (list.left > 0) {
                (void)cut(&list, take(&list, 2));
                (void)take(&list, 4);
                out->psk_count++;
            }
        } else {
            out->psk_count = 1;
        }
        break;
    case 43:
        if (type == CLIENT_HELLO) {
            read_codes(cut(&body, take(&body, 1)), &out->versions);
        } else {
            add_code(&out->versions, (uint16_t)take(&body, 2));
        }
        break;
    case 44:
        out->cookie_len = take(&body, 2);
        break;
    case 51:
        read_key_share(body, type, out);
        break;
    default:
        break;
    }
}

/* A list in ClientHello, one entry in ServerHello, a bare group in HelloRetryRequest (RFC 9846,
 * 4.3.8). */
static void read_key_share(struct cursor body, uint8_t type, struct hello_view *out)
{
    if (type == SERVER_HELLO) {
        add_code(&out->shares, (uint16_t)take(&body, 2));
        return;
    }
    struct cursor list = cut(&body, take(&body, 2));
    while (list.left >= 4) {
        add_code(&out->shares, (uint16_t)take(&list, 2));
        (void)cut(&list, take(&list, 2));
    }
}

static void read_alpn(struct cursor list, struct hello_view *out)
{
    struct text names = {0};
    while (list.left > 0) {
        const struct cursor name = cut(&list, take(&list, 1));
        if (name.left == 0) {
            break;
        }
        text_add(&names, names.len == 0 ? "" : ",");
        text_add_inert(&names, (hf_span){name.at, name.left});
    }
    text_inert(out->alpn, sizeof out->alpn, (hf_span){(const uint8_t *)names.ptr, names.len});
    text_free(&names);
}

static void read_codes(struct cursor list, struct hello_codes *out)
{
    while (list.left >= 2) {
        add_code(out, (uint16_t)take(&list, 2));
    }
}

static void add_code(struct hello_codes *out, uint16_t code)
{
    if (out->count < HELLO_CODES_MAX) {
        out->code[out->count++] = code;
    }
}

static uint32_t take(struct cursor *c, size_t n)
{
    uint32_t value = 0;
    if (n > c->left) {
        c->left = 0;
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        value = value << 8 | c->at[i];
    }
    c->at += n;
    c->left -= n;
    return value;
}

/* Takes the next n bytes as a cursor of their own; empties both when there are fewer. */
static struct cursor cut(struct cursor *c, size_t n)
{
    if (n > c->left) {
        c->left = 0;
        return (struct cursor){c->at, 0};
    }
    const struct cursor part = {c->at, n};
    c->at += n;
    c->left -= n;
    return part;
}

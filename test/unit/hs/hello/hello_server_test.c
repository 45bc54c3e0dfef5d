/* hello_fixed_digest: what of a ClientHello a second one must repeat, and what may change (RFC
 * 9846, 4.2.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "hs/hello/hello.h"
#include "wire/wr.h"

enum { DIGEST_LEN = 32, BODY_MAX = 512 };

/* A hello with two extensions that are fixed and any number of others. */
struct hello {
    uint16_t version;
    const char *random, *session_id;
    const char *suites; /* of even length */
    const char *methods;
    size_t methods_len;
    const char *server_name;
    uint16_t extra_code; /* 0: none */
    const char *extra;
    bool extra_first;
};

static const struct hello plain = {.version = 0x0303,
                                   .random = "0123456789abcdef0123456789ABCDEF",
                                   .session_id = "session",
                                   .suites = "\x13\x01\x13\x02",
                                   .methods = "\0",
                                   .methods_len = 1,
                                   .server_name = "name"};

static void put(struct wr *w, uint16_t code, const char *body)
{
    wr_u16(w, code);
    wr_vec(w, span_str(body), 2);
}

static void digest_of(const struct hello *h, uint8_t digest[DIGEST_LEN])
{
    uint8_t body[BODY_MAX];
    struct client_hello view;
    hf_error error = {0};
    struct wr w = wr_of(body, sizeof body);
    wr_u16(&w, h->version);
    wr_bytes(&w, span_str(h->random));
    wr_vec(&w, span_str(h->session_id), 1);
    wr_vec(&w, span_str(h->suites), 2);
    wr_vec(&w, span_of(h->methods, h->methods_len), 1);
    const size_t block = wr_open(&w, 2);
    if (h->extra_code != 0 && h->extra_first) {
        put(&w, h->extra_code, h->extra);
    }
    put(&w, EXT_CODE_server_name, h->server_name);
    put(&w, 0x7777, "unknown");
    if (h->extra_code != 0 && !h->extra_first) {
        put(&w, h->extra_code, h->extra);
    }
    wr_close(&w, block, 2);
    assert_false(w.bad);
    assert_int_equal(client_hello_parse(span_of(body, w.len), &error, &view), HF_OK);
    hello_fixed_digest(hf_provider_default(), &view, digest);
}

static bool same(const struct hello *a, const struct hello *b)
{
    uint8_t one[DIGEST_LEN];
    uint8_t other[DIGEST_LEN];
    digest_of(a, one);
    digest_of(b, other);
    return memcmp(one, other, sizeof one) == 0;
}

static void may_change(void **state)
{
    (void)state;
    static const uint16_t codes[] = {EXT_CODE_key_share, EXT_CODE_early_data, EXT_CODE_cookie,
                                     EXT_CODE_pre_shared_key, EXT_CODE_padding};
    assert_true(same(&plain, &plain));
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct hello with = plain;
        struct hello other = plain;
        with.extra_code = other.extra_code = codes[i];
        with.extra = "one";
        other.extra = "another body";
        assert_true(same(&plain, &with)); /* added, or removed */
        assert_true(same(&with, &other)); /* changed */
        other.extra_first = true;
        assert_true(same(&with, &other)); /* elsewhere */
    }
}

static void may_not_change(void **state)
{
    (void)state;
    struct hello h = plain;
    h.version = 0x0302;
    assert_false(same(&plain, &h));
    h = plain;
    h.random = "0123456789abcdef0123456789ABCDEf";
    assert_false(same(&plain, &h));
    h = plain;
    h.session_id = "sessiom";
    assert_false(same(&plain, &h));
    h.session_id = "";
    assert_false(same(&plain, &h));
    h = plain;
    h.suites = "\x13\x02\x13\x01";
    assert_false(same(&plain, &h));
    h = plain;
    h.methods = "\1";
    assert_false(same(&plain, &h));
    h = plain;
    h.server_name = "mane";
    assert_false(same(&plain, &h));
}

static void any_other_extension(void **state)
{
    (void)state;
    static const uint16_t codes[] = {EXT_CODE_supported_groups, EXT_CODE_signature_algorithms,
                                     EXT_CODE_supported_versions, EXT_CODE_psk_key_exchange_modes,
                                     0x8888};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct hello with = plain;
        struct hello other = plain;
        with.extra_code = other.extra_code = codes[i];
        with.extra = "one";
        other.extra = "two";
        assert_false(same(&plain, &with));
        assert_false(same(&with, &other));
        other = with;
        other.extra_first = true;
        assert_false(same(&with, &other)); /* not even its place */
    }
}

/* Bytes that move over the border of a field make another hello. */
static void borders(void **state)
{
    (void)state;
    static const uint8_t before[] = {0xaa, 0x00, 0x00, 0x04, 0x00, 0x02, 0x00, 0x00};
    static const uint8_t after[] = {0x00, 0x04, 0x00, 0x02, 0x00, 0x00};
    static const uint8_t random[MSG_RANDOM_LEN];
    struct client_hello a = {.random = span_of(random, sizeof random),
                             .cipher_suites = span_of("\x13\x01", 2),
                             .legacy_compression_methods = span_of("\0", 1),
                             .extensions = span_of(before, sizeof before)};
    struct client_hello b = a;
    b.cipher_suites = span_of("\x13\x01\x00\xaa", 4);
    b.extensions = span_of(after, sizeof after);
    uint8_t one[DIGEST_LEN];
    uint8_t other[DIGEST_LEN];
    hello_fixed_digest(hf_provider_default(), &a, one);
    hello_fixed_digest(hf_provider_default(), &b, other);
    assert_memory_not_equal(one, other, sizeof one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(may_change),
        cmocka_unit_test(may_not_change),
        cmocka_unit_test(any_other_extension),
        cmocka_unit_test(borders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

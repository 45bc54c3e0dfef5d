/* The views of all messages. Each is written here with its lengths remembered; then every
 * truncation, a byte too many, and every length that is one off must be refused, and what a view
 * shows must be what was written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/span.h"
#include "support/vouch.h"
#include "wire/message.h"
#include "wire/wr.h"

enum { BODY_MAX = 256, LENGTHS_MAX = 16 };

/* A body and where its lengths stand: their last byte. */
struct sample {
    uint8_t body[BODY_MAX];
    struct wr w;
    size_t length_at[LENGTHS_MAX];
    size_t length_count;
};

static void begin(struct sample *s)
{
    s->w = wr_of(s->body, sizeof s->body);
    s->length_count = 0;
}

static size_t open(struct sample *s, size_t width)
{
    assert_true(s->length_count < LENGTHS_MAX);
    const size_t mark = wr_open(&s->w, width);
    s->length_at[s->length_count++] = mark - 1;
    return mark;
}

static void vec(struct sample *s, const char *bytes, size_t len, size_t width)
{
    const size_t mark = open(s, width);
    wr_bytes(&s->w, span_of(bytes, len));
    wr_close(&s->w, mark, width);
}

static void ext(struct sample *s, uint16_t code, const char *body)
{
    wr_u16(&s->w, code);
    vec(s, body, strlen(body), 2);
}

static hf_span body_of(const struct sample *s)
{
    assert_false(s->w.bad);
    return span_of(s->body, s->w.len);
}

/* Parses one kind of message out of a body; the view is of no interest. */
typedef hf_status parse_fn(hf_span body, hf_error *error);

static hf_err result(parse_fn *parse, hf_span body)
{
    hf_error error = {0};
    const hf_status s = parse(body, &error);
    assert_int_equal(s == HF_OK, error.code == HF_E_NONE);
    return error.code;
}

/* Exact memory, so that the sanitizers see a read beyond. */
static hf_err result_of_copy(parse_fn *parse, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    const hf_err e = result(parse, span_of(copy, len));
    free(copy);
    return e;
}

/* optional_at: where the body may end early because extensions may be left out; 0: nowhere. */
static void bend(struct sample *s, parse_fn *parse, size_t optional_at)
{
    const hf_span body = body_of(s);
    assert_int_equal(result_of_copy(parse, body.data, body.len), HF_E_NONE);
    for (size_t len = 0; len < body.len; len++) {
        const bool is_whole = optional_at != 0 && len == optional_at;
        assert_int_equal(result_of_copy(parse, body.data, len) == HF_E_NONE, is_whole);
    }
    uint8_t longer[BODY_MAX + 1] = {0};
    memcpy(longer, body.data, body.len);
    assert_int_equal(result_of_copy(parse, longer, body.len + 1), HF_E_DECODE);
    for (size_t i = 0; i < s->length_count; i++) {
        for (int by = -1; by <= 1; by += 2) {
            uint8_t *at = &s->body[s->length_at[i]];
            *at = (uint8_t)(*at + by);
            assert_int_not_equal(result_of_copy(parse, body.data, body.len), HF_E_NONE);
            *at = (uint8_t)(*at - by);
        }
    }
}

static bool holds(hf_span s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}

#define RANDOM_TEXT "0123456789abcdef0123456789ABCDEF"

/* --- ClientHello
 * ------------------------------------------------------------------------------------------- */

static hf_status parse_client_hello(hf_span body, hf_error *error)
{
    struct client_hello m;
    return client_hello_parse(body, error, &m);
}

static void write_client_hello(struct sample *s, size_t session_len, bool has_extensions)
{
    static const char session[40] = "sessionsessionsessionsessionsessionsess";
    begin(s);
    wr_u16(&s->w, 0x0303);
    wr_bytes(&s->w, span_str(RANDOM_TEXT));
    vec(s, session, session_len, 1);
    vec(s, "\x13\x01\x13\x02", 4, 2);
    vec(s, "\0", 1, 1);
    if (has_extensions) {
        const size_t block = open(s, 2);
        ext(s, EXT_CODE_supported_versions, "vv");
        ext(s, 0x7a7a, "g");
        wr_close(&s->w, block, 2);
    }
}

static void client_hello_bodies(void **state)
{
    (void)state;
    struct sample s;
    struct client_hello m;
    hf_error error = {0};
    write_client_hello(&s, 7, false);
    const size_t without = s.w.len;
    bend(&s, parse_client_hello, 0);
    write_client_hello(&s, 7, true);
    bend(&s, parse_client_hello, without);
    assert_int_equal(client_hello_parse(body_of(&s), &error, &m), HF_OK);
    assert_int_equal(m.legacy_version, 0x0303);
    assert_true(holds(m.random, RANDOM_TEXT) && holds(m.legacy_session_id, "session"));
    assert_true(holds(m.cipher_suites, "\x13\x01\x13\x02"));
    assert_int_equal(m.legacy_compression_methods.len, 1);
    assert_int_equal(m.ext.present, EXT_BIT(EXT_supported_versions));
    assert_int_equal(m.ext.first_unknown, 0x7a7a);
    assert_ptr_equal(m.extensions.data, s.body + without + 2);
    assert_int_equal(m.extensions.len, s.w.len - without - 2);
}

static void client_hello_limits(void **state)
{
    (void)state;
    struct sample s;
    write_client_hello(&s, 32, true);
    assert_int_equal(result(parse_client_hello, body_of(&s)), HF_E_NONE);
    write_client_hello(&s, 33, true);
    assert_int_equal(result(parse_client_hello, body_of(&s)), HF_E_DECODE);
    static const struct {
        const char *suites;
        size_t suites_len, methods_len;
        bool is_good;
    } cases[] = {{"", 0, 1, false},
                 {"\x13", 1, 1, false},
                 {"\x13\x01", 2, 0, false},
                 {"\x13\x01", 2, 2, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(&s);
        wr_u16(&s.w, 0x0303);
        wr_bytes(&s.w, span_str(RANDOM_TEXT));
        vec(&s, "", 0, 1);
        vec(&s, cases[i].suites, cases[i].suites_len, 2);
        vec(&s, "\0\1", cases[i].methods_len, 1);
        assert_int_equal(result(parse_client_hello, body_of(&s)) == HF_E_NONE, cases[i].is_good);
    }
}

/* --- ServerHello, HelloRetryRequest
 * -------------------------------------------------------------------------- */

static hf_status parse_server_hello(hf_span body, hf_error *error)
{
    struct server_hello m;
    return server_hello_parse(body, error, &m);
}

static void write_server_hello(struct sample *s, hf_span random, uint16_t code)
{
    begin(s);
    wr_u16(&s->w, 0x0303);
    wr_bytes(&s->w, random);
    vec(s, "echo", 4, 1);
    wr_u16(&s->w, 0x1301);
    wr_u8(&s->w, 0);
    const size_t block = open(s, 2);
    ext(s, code, "b");
    wr_close(&s->w, block, 2);
}

static void server_hello_bodies(void **state)
{
    (void)state;
    enum { WITHOUT_EXTENSIONS = 2 + 32 + 1 + 4 + 2 + 1 };
    struct sample s;
    struct server_hello m;
    hf_error error = {0};
    write_server_hello(&s, span_str(RANDOM_TEXT), EXT_CODE_key_share);
    bend(&s, parse_server_hello, WITHOUT_EXTENSIONS);
    assert_int_equal(server_hello_parse(body_of(&s), &error, &m), HF_OK);
    assert_false(m.is_retry);
    assert_true(holds(m.random, RANDOM_TEXT) && holds(m.legacy_session_id_echo, "echo"));
    assert_int_equal(m.cipher_suite, 0x1301);
    assert_int_equal(m.legacy_compression_method, 0);
    assert_true(holds(m.ext.body[EXT_key_share], "b"));
}

static void retry_is_known_by_its_random(void **state)
{
    (void)state;
    uint8_t digest[32];
    struct sample s;
    struct server_hello m;
    hf_error error = {0};
    assert_int_equal(EVP_Digest("HelloRetryRequest", 17, digest, NULL, EVP_sha256(), NULL), 1);
    vouch(digest, sizeof digest);
    assert_memory_equal(message_retry_random, digest, 32);
    write_server_hello(&s, span_of(digest, 32), EXT_CODE_cookie);
    assert_int_equal(server_hello_parse(body_of(&s), &error, &m), HF_OK);
    assert_true(m.is_retry);
    /* A cookie may stand there only then; a pre_shared_key may not. */
    write_server_hello(&s, span_str(RANDOM_TEXT), EXT_CODE_cookie);
    assert_int_equal(result(parse_server_hello, body_of(&s)), HF_E_MISPLACED_EXTENSION);
    write_server_hello(&s, span_of(digest, 32), EXT_CODE_pre_shared_key);
    assert_int_equal(result(parse_server_hello, body_of(&s)), HF_E_MISPLACED_EXTENSION);
}

/* --- The others
 * ------------------------------------------------------------------------------------------------
 */

static hf_status parse_encrypted_extensions(hf_span body, hf_error *error)
{
    struct ext_view v;
    return encrypted_extensions_parse(body, error, &v);
}

static void encrypted_extensions(void **state)
{
    (void)state;
    struct sample s;
    begin(&s);
    const size_t block = open(&s, 2);
    ext(&s, EXT_CODE_server_name, "");
    ext(&s, EXT_CODE_record_size_limit, "\x40\x01");
    wr_close(&s.w, block, 2);
    bend(&s, parse_encrypted_extensions, 0);
    begin(&s);
    wr_u16(&s.w, 0);
    assert_int_equal(result(parse_encrypted_extensions, body_of(&s)), HF_E_NONE);
}

static hf_status parse_request(hf_span body, hf_error *error)
{
    struct certificate_request m;
    return certificate_request_parse(body, error, &m);
}

static void certificate_request(void **state)
{
    (void)state;
    struct sample s;
    struct certificate_request m;
    hf_error error = {0};
    begin(&s);
    vec(&s, "context", 7, 1);
    const size_t block = open(&s, 2);
    ext(&s, EXT_CODE_signature_algorithms, "list");
    wr_close(&s.w, block, 2);
    bend(&s, parse_request, 0);
    assert_int_equal(certificate_request_parse(body_of(&s), &error, &m), HF_OK);
    assert_true(holds(m.context, "context") && holds(m.ext.body[EXT_signature_algorithms], "list"));
}

/* Walks the entries too. */
static hf_status parse_certificate(hf_span body, hf_error *error)
{
    struct certificate m;
    hf_status s = certificate_parse(body, error, &m);
    struct rd list = rd_of(s == HF_OK ? m.list : span_of(NULL, 0));
    while (s == HF_OK && rd_left(&list) > 0) {
        struct certificate_entry e;
        s = certificate_next(&list, error, &e);
    }
    return s;
}

static void certificate(void **state)
{
    (void)state;
    struct sample s;
    begin(&s);
    vec(&s, "ctx", 3, 1);
    const size_t list = open(&s, 3);
    vec(&s, "leaf", 4, 3);
    const size_t block = open(&s, 2);
    ext(&s, EXT_CODE_status_request, "staple");
    wr_close(&s.w, block, 2);
    vec(&s, "intermediate", 12, 3);
    vec(&s, "", 0, 2);
    wr_close(&s.w, list, 3);
    bend(&s, parse_certificate, 0);

    struct certificate m;
    struct certificate_entry e;
    hf_error error = {0};
    assert_int_equal(certificate_parse(body_of(&s), &error, &m), HF_OK);
    assert_true(holds(m.context, "ctx"));
    struct rd r = rd_of(m.list);
    assert_int_equal(certificate_next(&r, &error, &e), HF_OK);
    assert_true(holds(e.data, "leaf") && holds(e.ext.body[EXT_status_request], "staple"));
    assert_int_equal(certificate_next(&r, &error, &e), HF_OK);
    assert_true(holds(e.data, "intermediate"));
    assert_int_equal(e.ext.present, 0);
    assert_true(rd_done(&r));
}

static void certificate_edges(void **state)
{
    (void)state;
    static const uint8_t empty[] = {0, 0, 0, 0};
    static const uint8_t empty_entry[] = {0, 0, 0, 5, 0, 0, 0, 0, 0}; /* cert_data<1..2^24-1> */
    assert_int_equal(result(parse_certificate, span_of(empty, sizeof empty)), HF_E_NONE);
    assert_int_equal(result(parse_certificate, span_of(empty_entry, sizeof empty_entry)),
                     HF_E_DECODE);
}

static hf_status parse_compressed(hf_span body, hf_error *error)
{
    struct compressed_certificate m;
    return compressed_certificate_parse(body, error, &m);
}

static void compressed_certificate(void **state)
{
    (void)state;
    static const uint8_t nothing[] = {0, 1, 0, 0, 9, 0, 0, 0};
    struct sample s;
    struct compressed_certificate m;
    hf_error error = {0};
    begin(&s);
    wr_u16(&s.w, 2);
    wr_u24(&s.w, 0x010203);
    vec(&s, "packed", 6, 3);
    bend(&s, parse_compressed, 0);
    assert_int_equal(compressed_certificate_parse(body_of(&s), &error, &m), HF_OK);
    assert_int_equal(m.algorithm, 2);
    assert_int_equal(m.uncompressed_length, 0x010203);
    assert_true(holds(m.data, "packed"));
    assert_int_equal(result(parse_compressed, span_of(nothing, sizeof nothing)), HF_E_DECODE);
}

static hf_status parse_verify(hf_span body, hf_error *error)
{
    struct certificate_verify m;
    return certificate_verify_parse(body, error, &m);
}

static void certificate_verify(void **state)
{
    (void)state;
    struct sample s;
    struct certificate_verify m;
    hf_error error = {0};
    begin(&s);
    wr_u16(&s.w, 0x0807);
    vec(&s, "signature", 9, 2);
    bend(&s, parse_verify, 0);
    assert_int_equal(certificate_verify_parse(body_of(&s), &error, &m), HF_OK);
    assert_int_equal(m.algorithm, 0x0807);
    assert_true(holds(m.signature, "signature"));
}

static hf_status parse_ticket(hf_span body, hf_error *error)
{
    struct new_session_ticket m;
    return new_session_ticket_parse(body, error, &m);
}

static void new_session_ticket(void **state)
{
    (void)state;
    struct sample s;
    struct new_session_ticket m;
    hf_error error = {0};
    begin(&s);
    wr_u32(&s.w, 0x01020304);
    wr_u32(&s.w, 0xfffefdfc);
    vec(&s, "nonce", 5, 1);
    vec(&s, "ticket", 6, 2);
    const size_t block = open(&s, 2);
    ext(&s, EXT_CODE_early_data, "size");
    wr_close(&s.w, block, 2);
    bend(&s, parse_ticket, 0);
    assert_int_equal(new_session_ticket_parse(body_of(&s), &error, &m), HF_OK);
    assert_int_equal(m.ticket_lifetime, 0x01020304);
    assert_true(m.ticket_age_add == 0xfffefdfc);
    assert_true(holds(m.ticket_nonce, "nonce") && holds(m.ticket, "ticket"));
    assert_true(holds(m.ext.body[EXT_early_data], "size"));
    begin(&s);
    wr_u32(&s.w, 1);
    wr_u32(&s.w, 1);
    vec(&s, "", 0, 1);
    vec(&s, "", 0, 2); /* ticket<1..2^16-1> */
    vec(&s, "", 0, 2);
    assert_int_equal(result(parse_ticket, body_of(&s)), HF_E_DECODE);
}

static hf_status parse_key_update(hf_span body, hf_error *error)
{
    uint8_t value;
    return key_update_parse(body, error, &value);
}

static void key_update(void **state)
{
    (void)state;
    for (unsigned value = 0; value <= 255; value++) {
        const uint8_t body[2] = {(uint8_t)value, 0};
        hf_error error = {0};
        uint8_t read = 0xee;
        const hf_status s = key_update_parse(span_of(body, 1), &error, &read);
        assert_int_equal(s == HF_OK, value <= 1);
        assert_int_equal(error.code, value <= 1 ? HF_E_NONE : HF_E_KEY_UPDATE_VALUE);
        assert_int_equal(read, value);
        assert_int_equal(result(parse_key_update, span_of(body, 0)), HF_E_DECODE);
        assert_int_equal(result(parse_key_update, span_of(body, 2)), HF_E_DECODE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_hello_bodies),
        cmocka_unit_test(client_hello_limits),
        cmocka_unit_test(server_hello_bodies),
        cmocka_unit_test(retry_is_known_by_its_random),
        cmocka_unit_test(encrypted_extensions),
        cmocka_unit_test(certificate_request),
        cmocka_unit_test(certificate),
        cmocka_unit_test(certificate_edges),
        cmocka_unit_test(compressed_certificate),
        cmocka_unit_test(certificate_verify),
        cmocka_unit_test(new_session_ticket),
        cmocka_unit_test(key_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

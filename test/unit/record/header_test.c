#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/span.h"
#include "record/record.h"

static void make(uint8_t out[REC_HEADER_LEN], uint8_t type, uint16_t version, size_t len)
{
    const uint8_t header[] = {type, (uint8_t)(version >> 8), (uint8_t)version, (uint8_t)(len >> 8),
                              (uint8_t)len};
    memcpy(out, header, sizeof header);
}

static void fewer_than_five_bytes_are_not_judged(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {'G', 'E', 'T', ' '};
    for (size_t len = 0; len <= sizeof bytes; len++) {
        hf_error error = {0};
        struct rec_header out;
        memset(&out, 0x55, sizeof out);
        const struct rec_header before = out;
        assert_int_equal(
            rec_read_header(span_of(bytes, len), false, true, REC_MAX_PLAIN, &error, &out),
            HF_NEED_INPUT);
        assert_int_equal(error.code, HF_E_NONE);
        assert_memory_equal(&out, &before, sizeof out);
    }
}

static void good_headers_are_read(void **state)
{
    (void)state;
    for (uint8_t type = 20; type <= 23; type++) {
        uint8_t bytes[REC_HEADER_LEN];
        make(bytes, type, 0x0301, 0x1234);
        hf_error error = {0};
        struct rec_header out;
        assert_int_equal(
            rec_read_header(span_of(bytes, 5), false, true, REC_MAX_PLAIN, &error, &out), HF_OK);
        assert_int_equal(out.type, type);
        assert_int_equal(out.version, 0x0301);
        assert_int_equal(out.len, 0x1234);
    }
}

/* type, version, length, protected, first, the limit -> the error */
struct header_case {
    uint8_t type;
    uint16_t version;
    uint16_t len;
    bool is_protected, first;
    size_t max_plain;
    hf_err want;
};

static void limits_and_forms(void **state)
{
    (void)state;
    static const struct header_case cases[] = {
        /* the length in the clear: 2^14, whatever limit was announced */
        {22, 0x0303, 16384, false, false, REC_MAX_PLAIN, HF_E_NONE},
        {22, 0x0303, 16385, false, false, REC_MAX_PLAIN, HF_E_RECORD_TOO_LONG},
        {22, 0x0303, 16384, false, false, 63, HF_E_NONE},
        {22, 0x0303, 65535, false, true, REC_MAX_PLAIN, HF_E_RECORD_TOO_LONG},
        /* protected: 256 more */
        {23, 0x0303, 16640, true, false, REC_MAX_PLAIN, HF_E_NONE},
        {23, 0x0303, 16641, true, false, REC_MAX_PLAIN, HF_E_RECORD_TOO_LONG},
        {23, 0x0303, 63 + 256, true, false, 63, HF_E_NONE},
        {23, 0x0303, 63 + 257, true, false, 63, HF_E_RECORD_TOO_LONG},
        /* what is not application_data is in the clear even then */
        {21, 0x0303, 2, true, false, REC_MAX_PLAIN, HF_E_NONE},
        {22, 0x0303, 16385, true, false, REC_MAX_PLAIN, HF_E_RECORD_TOO_LONG},
        /* only application data may be empty */
        {23, 0x0303, 0, false, false, REC_MAX_PLAIN, HF_E_NONE},
        {23, 0x0303, 0, true, false, REC_MAX_PLAIN, HF_E_NONE},
        {20, 0x0303, 0, false, false, REC_MAX_PLAIN, HF_E_RECORD_EMPTY},
        {21, 0x0303, 0, false, false, REC_MAX_PLAIN, HF_E_RECORD_EMPTY},
        {22, 0x0303, 0, true, false, REC_MAX_PLAIN, HF_E_RECORD_EMPTY},
        /* versions: any of the 3.x at first, later ignored (RFC 9846, 5.1) */
        {22, 0x0300, 5, false, true, REC_MAX_PLAIN, HF_E_NONE},
        {22, 0x03ff, 5, false, true, REC_MAX_PLAIN, HF_E_NONE},
        {22, 0x0200, 5, false, true, REC_MAX_PLAIN, HF_E_RECORD_VERSION},
        {22, 0x1234, 5, false, true, REC_MAX_PLAIN, HF_E_RECORD_VERSION},
        {22, 0xfeff, 5, false, true, REC_MAX_PLAIN, HF_E_RECORD_NOT_TLS},
        {22, 0x1234, 5, false, false, REC_MAX_PLAIN, HF_E_NONE},
        {23, 0x1234, 50, true, false, REC_MAX_PLAIN, HF_E_NONE},
        /* types */
        {0, 0x0303, 5, false, false, REC_MAX_PLAIN, HF_E_RECORD_TYPE_UNKNOWN},
        {19, 0x0303, 5, false, false, REC_MAX_PLAIN, HF_E_RECORD_TYPE_UNKNOWN},
        {24, 0x0303, 5, false, false, REC_MAX_PLAIN, HF_E_RECORD_TYPE_UNKNOWN},
        {24, 0x0303, 5, true, false, REC_MAX_PLAIN, HF_E_RECORD_TYPE_UNKNOWN},
        {255, 0x0303, 5, false, true, REC_MAX_PLAIN, HF_E_RECORD_NOT_TLS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct header_case *c = &cases[i];
        uint8_t bytes[REC_HEADER_LEN];
        make(bytes, c->type, c->version, c->len);
        hf_error error = {0};
        struct rec_header out = {0};
        const hf_status status = rec_read_header(span_of(bytes, 5), c->is_protected, c->first,
                                                 c->max_plain, &error, &out);
        if (error.code != c->want) {
            fail_msg("case %zu: %s instead of %s", i, hf_err_lookup(error.code)->name,
                     hf_err_lookup(c->want)->name);
        }
        assert_int_equal(status, c->want == HF_E_NONE ? HF_OK : HF_FAILED);
        assert_int_equal(out.type, c->want == HF_E_NONE ? c->type : 0);
    }
}

static void every_type_byte_has_its_answer(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        uint8_t bytes[REC_HEADER_LEN];
        make(bytes, (uint8_t)type, 0x0303, 1);
        hf_error error = {0};
        struct rec_header out;
        const hf_status status =
            rec_read_header(span_of(bytes, 5), false, true, REC_MAX_PLAIN, &error, &out);
        assert_int_equal(status, type >= 20 && type <= 23 ? HF_OK : HF_FAILED);
        if (status == HF_FAILED) {
            assert_int_equal(error.code, HF_E_RECORD_NOT_TLS);
            assert_int_equal(error.alert, HF_ALERT_protocol_version);
            assert_true(error.detail[0] != '\0');
        }
    }
}

static void the_detail_names_the_protocol(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *want;
    } cases[] = {
#define TEXT(s) s, sizeof(s) - 1
        {TEXT("HTTP/1.1 400 Bad Request\r\nServer: x\r\n"),
         "the first bytes are an HTTP response: \"HTTP/1.1 400 Bad Request\""},
        {TEXT("GET / HTTP/1.0\r\n"), "the first bytes are an HTTP request: \"GET / HTTP/1.0\""},
        {TEXT("SSH-2.0-OpenSSH_9.2\r\n"),
         "the first bytes are an SSH greeting: \"SSH-2.0-OpenSSH_9.2\""},
        {TEXT("220 mail.example ESMTP\r\n"),
         "the first bytes are an SMTP greeting: \"220 mail.example ESMTP\""},
        {TEXT("\x80\x2e\x01\x00\x02\x00\x15"),
         "the first bytes are a ClientHello in the form of SSL 2.0: 80 2e 01 00 02 00 15"},
        {TEXT("\x16\xfe\xff\x00\x00"), "the first bytes are a record of DTLS: 16 fe ff 00 00"},
        {TEXT("hello"), "the first bytes are text: \"hello\""},
        {TEXT("\x1b[31m"), "the first bytes are of no protocol known here: 1b 5b 33 31 6d"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hf_error error = {0};
        struct rec_header out;
        assert_int_equal(rec_read_header(span_of(cases[i].bytes, cases[i].len), false, true,
                                         REC_MAX_PLAIN, &error, &out),
                         HF_FAILED);
        assert_string_equal(error.detail, cases[i].want);
    }
}

/* A proxy that gives up in the middle of a handshake answers in its own language. */
static void also_later_the_detail_says_what_it_is(void **state)
{
    (void)state;
    hf_error error = {0};
    struct rec_header out;
    assert_int_equal(rec_read_header(span_str("HTTP/1.1 502 Bad Gateway\r\n"), false, false,
                                     REC_MAX_PLAIN, &error, &out),
                     HF_FAILED);
    assert_int_equal(error.code, HF_E_RECORD_TYPE_UNKNOWN);
    assert_string_equal(error.detail, "content type 72; the bytes are an HTTP response: "
                                      "\"HTTP/1.1 502 Bad Gateway\"");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(fewer_than_five_bytes_are_not_judged),
        cmocka_unit_test(good_headers_are_read),
        cmocka_unit_test(limits_and_forms),
        cmocka_unit_test(every_type_byte_has_its_answer),
        cmocka_unit_test(the_detail_names_the_protocol),
        cmocka_unit_test(also_later_the_detail_says_what_it_is),
    };
    return cmocka_run_group_tests_name("record header", tests, NULL, NULL);
}

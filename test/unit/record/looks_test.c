#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/span.h"
#include "record/record_int.h"

#define BYTES(s) s, sizeof(s) - 1

static void protocols_are_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *want;
    } cases[] = {
        {BYTES("GET /x"), "an HTTP request"},
        {BYTES("POST /"), "an HTTP request"},
        {BYTES("OPTIO"), "an HTTP request"},
        {BYTES("CONNECT a:443 HTTP/1.1"), "an HTTP request to a proxy"},
        {BYTES("PRI * HTTP/2.0\r\n"), "an HTTP/2 preface"},
        {BYTES("HTTP/"), "an HTTP response"},
        {BYTES("<!DOCTYPE html>"), "a page of HTML"},
        {BYTES("<?xml version='1.0'?>"), "the start of XML, as XMPP has it"},
        {BYTES("<stream:stream>"), "the start of an XMPP stream"},
        {BYTES("SSH-2"), "an SSH greeting"},
        {BYTES("EHLO me"), "an SMTP command"},
        {BYTES("220 a ESMTP Postfix"), "an SMTP greeting"},
        {BYTES("220-FileZilla FTP Server"), "an FTP greeting"},
        {BYTES("220 w"), "an SMTP or FTP greeting"},
        {BYTES("USER anonymous"), "an FTP or POP3 command"},
        {BYTES("+OK ready"), "a POP3 greeting"},
        {BYTES("* OK IMAP4rev1"), "an IMAP greeting"},
        {BYTES("* BYE"), "an IMAP greeting"},
        {BYTES("200 news"), "an NNTP greeting"},
        {BYTES("-ERR unknown command"), "an error of POP3 or Redis"},
        {BYTES("RFB 003.008\n"), "a VNC greeting"},
        {BYTES("PROXY TCP4 10.0.0.1"), "a PROXY protocol header"},
        {BYTES("\r\n\r\n\0\r\nQUIT\n"), "a PROXY protocol header"},
        {BYTES("AMQP\0\0\x09\x01"), "an AMQP header"},
        {BYTES("\x80\x67\x01\x03\x01\x00"), "a ClientHello in the form of SSL 2.0"},
        {BYTES("\x80\x2e\x01\x00\x02\x00"), "a ClientHello in the form of SSL 2.0"},
        {BYTES("\x80\x03\x00\x00\x01"), "an error message of SSL 2.0"},
        {BYTES("\x84\x05\x04\x00\x01"), "a ServerHello of SSL 2.0"},
        {BYTES("\x16\xfe\xfd\x00\x00\x00"), "a record of DTLS"},
        {BYTES("\xc3\x00\x00\x00\x01\x08"), "a QUIC packet"},
        {BYTES("\x4a\x00\x00\x00\x0a"
               "8.0.36"),
         "a MySQL greeting"},
        {BYTES("\x00\x00\x00\x08\x04\xd2\x16\x2f"), "a PostgreSQL request for TLS"},
        {BYTES("\x00\x00\x12\x04\x00\x00\x00\x00\x00"), "a frame of HTTP/2"},
        {BYTES("\x03\x00\x00\x13\x0e\xe0"), "a remote desktop request (TPKT)"},
        {BYTES("\x30\x0c\x02\x01\x01"), "an LDAP message"},
        {BYTES("\x05\x01\x00\x05\x01"), "a SOCKS request"},
        {BYTES("ICY 200 OK"), "text"},
        {BYTES("\x00\x00\x00\x00\x00"), "of no protocol known here"},
        {BYTES("abc\x01z"), "of no protocol known here"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(rec_looks_like(span_of(cases[i].bytes, cases[i].len)), cases[i].want);
    }
}

static void excerpts_are_one_line_and_fit(void **state)
{
    (void)state;
    char out[24];
    rec_excerpt(span_str("220 hello\r\n250 more"), out, sizeof out);
    assert_string_equal(out, "\"220 hello\"");
    rec_excerpt(span_str("a line that is far longer than the room"), out, sizeof out);
    assert_string_equal(out, "\"a line that is far lo\"");
    rec_excerpt(span_of("\x01\x02\x03\x04\x05\x06\x07\x08\x09", 9), out, sizeof out);
    assert_string_equal(out, "01 02 03 04 05 06 07 08");
    rec_excerpt(span_of("ab\0cd", 5), out, sizeof out);
    assert_string_equal(out, "61 62 00 63 64");
    rec_excerpt(span_of(NULL, 0), out, sizeof out);
    assert_string_equal(out, "");
}

/* Every length of exactly allocated memory, so that a sanitizer sees a byte too many. */
static void nothing_is_read_past_the_end(void **state)
{
    (void)state;
    static const char *const texts[] = {"GET ", "220 x ESMTP", "\x80\x2e\x01", "PRI * HTTP/2.0",
                                        "\x16\xfe"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t len = 1; len <= strlen(texts[i]); len++) {
            uint8_t *exact = malloc(len);
            assert_non_null(exact);
            memcpy(exact, texts[i], len);
            char out[16];
            assert_non_null(rec_looks_like(span_of(exact, len)));
            rec_excerpt(span_of(exact, len), out, sizeof out);
            assert_true(strlen(out) < sizeof out);
            free(exact);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocols_are_recognised),
        cmocka_unit_test(excerpts_are_one_line_and_fit),
        cmocka_unit_test(nothing_is_read_past_the_end),
    };
    return cmocka_run_group_tests_name("record looks", tests, NULL, NULL);
}

/* What it is when it is not TLS. A wrong port is the commonest mistake of all, and a sentence
 * that names the protocol found there ends the search for it. At least the five bytes of a
 * header are there, often a whole first line. */
#include "record/record_int.h"

#include <stdio.h>
#include <string.h>

#include "base/span.h"

struct text_sign {
    const char *prefix;
    const char *what;
};

/* The first that fits wins. */
static const struct text_sign text_signs[] = {
    {"GET ", "an HTTP request"},
    {"POST ", "an HTTP request"},
    {"HEAD ", "an HTTP request"},
    {"PUT ", "an HTTP request"},
    {"DELETE ", "an HTTP request"},
    {"OPTIONS ", "an HTTP request"},
    {"CONNECT ", "an HTTP request to a proxy"},
    {"TRACE ", "an HTTP request"},
    {"PATCH ", "an HTTP request"},
    {"PRI * HTTP/2", "an HTTP/2 preface"},
    {"HTTP/", "an HTTP response"},
    {"<!DOCTYPE", "a page of HTML"},
    {"<html", "a page of HTML"},
    {"<?xml", "the start of XML, as XMPP has it"},
    {"<stream", "the start of an XMPP stream"},
    {"SSH-", "an SSH greeting"},
    {"EHLO", "an SMTP command"},
    {"HELO", "an SMTP command"},
    {"USER ", "an FTP or POP3 command"},
    {"+OK", "a POP3 greeting"},
    {"* OK", "an IMAP greeting"},
    {"* PREAUTH", "an IMAP greeting"},
    {"* BYE", "an IMAP greeting"},
    {"200 ", "an NNTP greeting"},
    {"201 ", "an NNTP greeting"},
    {"-ERR", "an error of POP3 or Redis"},
    {"RFB 00", "a VNC greeting"},
    {"PROXY ", "a PROXY protocol header"},
    {"AMQP", "an AMQP header"},
};

static bool has_prefix(hf_span in, const char *prefix);
static const char *looks_like_greeting_220(hf_span in);
static const char *looks_binary(hf_span in);
static size_t text_len(hf_span in);

const char *rec_looks_like(hf_span in)
{
    for (size_t i = 0; i < sizeof text_signs / sizeof text_signs[0]; i++) {
        if (has_prefix(in, text_signs[i].prefix)) {
            return text_signs[i].what;
        }
    }
    if (has_prefix(in, "220 ") || has_prefix(in, "220-")) {
        return looks_like_greeting_220(in);
    }
    const char *what = looks_binary(in);
    if (what != NULL) {
        return what;
    }
    return text_len(in) >= 5 ? "text" : "of no protocol known here";
}

void rec_excerpt(hf_span in, char *out, size_t cap)
{
    const size_t len = text_len(in);
    if (len >= 4) {
        const int width = (int)(len < cap - 3 ? len : cap - 3);
        (void)snprintf(out, cap, "\"%.*s\"", width, (const char *)in.data);
        return;
    }
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < in.len && i < 16 && at + 4 <= cap; i++) {
        at += (size_t)snprintf(out + at, cap - at, "%s%02x", i == 0 ? "" : " ", in.data[i]);
    }
}

/* Text may have come in part: what is there must agree, and be a word. */
static bool has_prefix(hf_span in, const char *prefix)
{
    const size_t len = strlen(prefix);
    const size_t shared = in.len < len ? in.len : len;
    return shared > 0 && memcmp(in.data, prefix, shared) == 0;
}

static bool line_has(hf_span in, const char *word)
{
    const size_t len = strlen(word);
    const size_t line = text_len(in);
    for (size_t at = 0; at + len <= line; at++) {
        if (memcmp(in.data + at, word, len) == 0) {
            return true;
        }
    }
    return false;
}

/* SMTP and FTP greet with the same code (RFC 5321, 4.2; RFC 959, 5.4), and mostly with their own
 * name behind it. */
static const char *looks_like_greeting_220(hf_span in)
{
    if (line_has(in, "SMTP")) {
        return "an SMTP greeting";
    }
    return line_has(in, "FTP") ? "an FTP greeting" : "an SMTP or FTP greeting";
}

/* A record layout of SSL 2.0 with a header of two bytes: the length with its top bit set, then
 * the message type. */
static const char *looks_like_ssl2(const uint8_t *b)
{
    if ((b[0] & 0x80) == 0) {
        return NULL;
    }
    const bool has_version = (b[3] == 0 && b[4] == 2) || (b[3] == 3 && b[4] <= 4);
    if (b[2] == 1 && has_version) {
        return "a ClientHello in the form of SSL 2.0";
    }
    if (b[0] == 0x80 && b[1] == 3 && b[2] == 0) {
        return "an error message of SSL 2.0";
    }
    return b[2] == 4 && b[3] <= 1 ? "a ServerHello of SSL 2.0" : NULL;
}

static const char *looks_binary(hf_span in)
{
    if (in.len < 5) {
        return NULL;
    }
    const uint8_t *b = in.data;
    static const uint8_t proxy2[] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00};
    static const uint8_t postgres_ssl[] = {0x00, 0x00, 0x00, 0x08, 0x04};
    if (memcmp(b, proxy2, sizeof proxy2) == 0) {
        return "a PROXY protocol header";
    }
    if (memcmp(b, postgres_ssl, sizeof postgres_ssl) == 0) {
        return "a PostgreSQL request for TLS";
    }
    if (b[0] >= 20 && b[0] <= 23 && b[1] == 0xfe) {
        return "a record of DTLS";
    }
    if ((b[0] & 0xc0) == 0xc0 && b[1] == 0 && b[2] == 0 && b[3] == 0 && b[4] == 1) {
        return "a QUIC packet";
    }
    const char *ssl2 = looks_like_ssl2(b);
    if (ssl2 != NULL) {
        return ssl2;
    }
    /* A packet of MySQL: length (little endian), number 0, protocol version 10. */
    if (b[2] == 0 && b[3] == 0 && b[4] == 10) {
        return "a MySQL greeting";
    }
    /* A frame of HTTP/2: length, type 4 (SETTINGS), flags 0 (RFC 9113, 4.1). */
    if (b[0] == 0 && b[1] == 0 && b[3] == 4 && b[4] == 0) {
        return "a frame of HTTP/2";
    }
    if (b[0] == 3 && b[1] == 0 && b[2] == 0) {
        return "a remote desktop request (TPKT)";
    }
    if (b[0] == 0x30 && b[2] == 2 && b[3] == 1) {
        return "an LDAP message";
    }
    return b[0] == 5 && b[1] >= 1 && b[1] <= 3 && b[2] <= 2 ? "a SOCKS request" : NULL;
}

/* How many bytes from the start are printable ASCII: the first line, unless binary bytes end it
 * earlier. */
static size_t text_len(hf_span in)
{
    size_t len = 0;
    while (len < in.len && in.data[len] >= 0x20 && in.data[len] < 0x7f) {
        len++;
    }
    return len;
}

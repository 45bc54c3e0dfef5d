/* What is said in the clear before TLS: each protocol's answers, however they are cut, and what is
 * no answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/starttls.h"

/* What a server says, an answer in each string, and how it comes out behind the last. */
struct talk {
    const char *protocol;
    const char *said[4];
    enum starttls_next end;
    const char *why; /* when refused */
};

static const struct talk talks[] = {
    {"smtp",
     {"220 a ESMTP\r\n", "250-a\r\n250-SIZE\r\n250 STARTTLS\r\n", "220 go\r\n"},
     STARTTLS_DONE,
     NULL},
    {"smtp", {"220-a\r\n220 b\r\n", "250 a\n", "220 \n"}, STARTTLS_DONE, NULL},
    {"smtp", {"220 a\r\n", "250 a\r\n", "454 not now\r\n"}, STARTTLS_REFUSED, "that is no"},
    {"smtp",
     {"220 a\r\n", "250 a\r\n", "220 go\r\n250 injected\r\n"},
     STARTTLS_REFUSED,
     "it goes on in the clear, unasked"},
    {"smtp", {"220 a\r\n250 early\r\n"}, STARTTLS_REFUSED, "it goes on in the clear, unasked"},
    {"smtp", {"HTTP/1.1 400 Bad Request\r\n"}, STARTTLS_REFUSED, "that is no"},
    {"smtp", {"220 a\r\n", "250-a\r\n250-STARTTLS"}, STARTTLS_MORE, NULL},
    {"imap", {"* OK ready\r\n", "* CAPABILITY IMAP4rev2\r\na OK go\r\n"}, STARTTLS_DONE, NULL},
    {"imap", {"* OK ready\r\n", "a NO\r\n"}, STARTTLS_REFUSED, "that is no"},
    {"imap", {"* PREAUTH you are in\r\n"}, STARTTLS_REFUSED, "that is no"},
    {"imap",
     {"* OK ready\r\n", "a OK go\r\n* injected\r\n"},
     STARTTLS_REFUSED,
     "it goes on in the clear, unasked"},
    {"pop3", {"+OK ready\r\n", "+OK go\r\n"}, STARTTLS_DONE, NULL},
    {"pop3", {"+OK ready\r\n", "-ERR what\r\n"}, STARTTLS_REFUSED, "that is no"},
    {"ftp", {"220-Welcome\r\n to this server\r\n220 ready\r\n", "234 go\r\n"}, STARTTLS_DONE, NULL},
    {"ftp", {"220 ready\r\n", "502 what\r\n"}, STARTTLS_REFUSED, "that is no"},
};

/* Every answer in pieces of so many bytes. */
static enum starttls_next play(struct starttls *s, const struct talk *talk, size_t piece)
{
    enum starttls_next next = STARTTLS_MORE;
    *s = (struct starttls){.protocol = starttls_find(talk->protocol)};
    assert_non_null(s->protocol);
    for (size_t i = 0; i < 4 && talk->said[i] != NULL; i++) {
        const size_t len = strlen(talk->said[i]);
        for (size_t at = 0; at < len; at += piece) {
            const size_t n = len - at < piece ? len - at : piece;
            next = starttls_read(s, (hf_span){(const uint8_t *)talk->said[i] + at, n});
            if (next == STARTTLS_REFUSED) {
                return next;
            }
            assert_true(next == STARTTLS_MORE || at + n == len || piece < len);
        }
        assert_true(next != STARTTLS_SAY || s->say[strlen(s->say) - 1] == '\n');
    }
    return next;
}

static void what_servers_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++) {
        struct starttls s;
        assert_int_equal(play(&s, &talks[i], SIZE_MAX / 2), talks[i].end);
        if (talks[i].why != NULL) {
            assert_string_equal(s.why, talks[i].why);
        }
        /* In pieces, what comes behind the last answer is TLS's to judge: it is the next read. */
        if (talks[i].why == NULL || strcmp(talks[i].why, "that is no") == 0) {
            assert_int_equal(play(&s, &talks[i], 1), talks[i].end);
            assert_int_equal(play(&s, &talks[i], 3), talks[i].end);
        }
    }
}

static void what_does_not_end(void **state)
{
    (void)state;
    static const char endless[] = "220-again\r\n", byte[] = "2";
    struct starttls s = {.protocol = starttls_find("smtp")};
    enum starttls_next next = STARTTLS_MORE;
    for (int i = 0; i < 1000 && next == STARTTLS_MORE; i++) {
        next = starttls_read(&s, (hf_span){(const uint8_t *)endless, sizeof endless - 1});
    }
    assert_int_equal(next, STARTTLS_REFUSED);
    assert_string_equal(s.why, "the answer does not end");
    s = (struct starttls){.protocol = starttls_find("smtp")};
    next = STARTTLS_MORE;
    for (int i = 0; i < 1000 && next == STARTTLS_MORE; i++) {
        next = starttls_read(&s, (hf_span){(const uint8_t *)byte, 1});
    }
    assert_int_equal(next, STARTTLS_REFUSED);
    assert_string_equal(s.why, "a line is too long");
}

static void protocols_by_name(void **state)
{
    (void)state;
    assert_int_equal(starttls_port(starttls_find("smtp")), 25);
    assert_int_equal(starttls_port(starttls_find("imap")), 143);
    assert_int_equal(starttls_port(starttls_find("pop3")), 110);
    assert_int_equal(starttls_port(starttls_find("ftp")), 21);
    assert_null(starttls_find("gopher"));
    assert_null(starttls_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_servers_say),
        cmocka_unit_test(what_does_not_end),
        cmocka_unit_test(protocols_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

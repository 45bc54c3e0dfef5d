/* The rooms cli and io/address of the program: text of others made inert, JSON, options, addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Built without the program too, as under the sanitizers.
 * NOLINTBEGIN(bugprone-suspicious-include) */
#include "tool/cli/json.c"
#include "tool/cli/option.c"
#include "tool/cli/style.c"
#include "tool/cli/text.c"
#include "tool/cli/trouble.c"
#include "tool/io/address.c"
/* NOLINTEND(bugprone-suspicious-include) */

const char tool_exit_help[] = "";

static void inert_is(const char *bytes, size_t len, const char *expected)
{
    struct text t = {0};
    text_add_inert(&t, (hf_span){(const uint8_t *)bytes, len});
    assert_string_equal(t.ptr == NULL ? "" : t.ptr, expected);
    char fixed[256];
    text_inert(fixed, sizeof fixed, (hf_span){(const uint8_t *)bytes, len});
    assert_string_equal(fixed, expected);
    text_free(&t);
}

static void foreign_text_is_made_inert(void **state)
{
    (void)state;
    inert_is("plain", 5, "plain");
    inert_is("", 0, "");
    inert_is("a\0b", 3, "a\\x00b");
    inert_is("\x1b[31mred", 8, "\\x1b[31mred");
    inert_is("a\r\nb\t\x7f", 6, "a\\x0d\\x0ab\\x09\\x7f");
    inert_is("Gr\xc3\xbc\xc3\x9f\x65 \xe6\x97\xa5 \xf0\x9f\x94\x92", 16, "Grüße 日 🔒");
    inert_is("\xc2\x9b\x32J", 4, "\\u{009b}2J");                   /* C1: CSI */
    inert_is("\xe2\x80\xaetxt", 6, "\\u{202e}txt");                /* right-to-left override */
    inert_is("\xe2\x81\xa6\xef\xbb\xbf", 6, "\\u{2066}\\u{feff}"); /* isolate, byte order mark */
    inert_is("\xf3\xa0\x81\x81", 4, "\\u{e0041}");                 /* tag */
    inert_is("\xc0\xaf\xed\xa0\x80\xff", 6,
             "\\xc0\\xaf\\xed\\xa0\\x80\\xff");              /* overlong, surrogate */
    inert_is("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"); /* above the last character */
    inert_is("\xe2\x80", 2, "\\xe2\\x80");                   /* cut off */
}

static void inert_text_is_cut_at_a_character(void **state)
{
    (void)state;
    char out[8];
    for (size_t cap = 1; cap <= sizeof out; cap++) {
        memset(out, 'X', sizeof out);
        text_inert(out, cap, (hf_span){(const uint8_t *)"ab\xe6\x97\xa5\x1b", 6});
        assert_true(strlen(out) < cap);
        assert_int_equal(strlen(out), cap <= 2 ? cap - 1 : cap <= 5 ? 2 : 5);
    }
}

/* It never waits, neither for the reader of a terminal nor for room on a disk, and tells how far it
 * came. */
static void text_is_offered_to_who_takes_it(void **state)
{
    (void)state;
    enum { ENOUGH = 100000 };
    struct text t = {0};
    text_addf(&t, "%300s\n", "a line");
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    size_t lines = 0;
    (void)alarm(60); /* it would wait for ever */
    while (text_offer(&t, terminal) == t.len && lines < ENOUGH) {
        lines++;
    }
    (void)alarm(0);
    assert_true(lines > 0 && lines < ENOUGH);
    assert_int_equal(fcntl(terminal, F_GETFL) & O_NONBLOCK, 0);
    (void)close(terminal);
    (void)close(master);

    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(text_offer(&t, ends[1]), t.len);
    (void)close(ends[0]);
    assert_int_equal(text_offer(&t, ends[0]), 0);
    (void)close(ends[1]);
    text_free(&t);
}

static void text_wraps_at_blanks_and_counts_columns(void **state)
{
    (void)state;
    struct text t = {0};
    text_add_wrapped(&t, "one two three four", 0, 2, 9);
    assert_string_equal(t.ptr, "one two\n  three\n  four");
    text_clear(&t);
    text_add_wrapped(&t, "unbreakable", 0, 2, 4);
    assert_string_equal(t.ptr, "unbreakable");
    assert_int_equal(text_columns("\x1b[31mrot \xe6\x97\xa5\x1b[0m"), 5);
    text_free(&t);
}

static void json_is_escaped_and_nested(void **state)
{
    (void)state;
    struct text t = {0};
    struct json j = json_begin(&t, true);
    json_object(&j, NULL);
    json_string(&j, "a\"b", "c\\d\n\x1b\xe2\x80\xae");
    json_array(&j, "list");
    json_number(&j, NULL, -5);
    json_bool(&j, NULL, true);
    json_null(&j, NULL);
    json_decimal(&j, NULL, 1.25);
    json_end(&j);
    json_object(&j, "empty");
    json_end(&j);
    json_hex(&j, "hex", (hf_span){(const uint8_t *)"\x01\xff", 2});
    json_string(&j, "none", NULL);
    json_end(&j);
    assert_string_equal(
        t.ptr, "{\"a\\\"b\": \"c\\\\d\\n\\\\x1b\\\\u{202e}\", \"list\": [-5, true, null, 1.2], "
               "\"empty\": {}, \"hex\": \"01ff\", \"none\": null}\n");
    assert_false(t.failed);
    text_free(&t);
}

static void json_refuses_to_nest_too_deep(void **state)
{
    (void)state;
    struct text t = {0};
    struct json j = json_begin(&t, true);
    for (int i = 0; i < JSON_DEPTH + 1; i++) {
        json_array(&j, NULL);
    }
    assert_true(t.failed);
    text_free(&t);
}

struct part {
    int64_t inner;
    bool last;
};

struct settings {
    bool flag;
    const char *text;
    int64_t number;
    struct opt_list list;
    struct part part;
};

static const struct opt opts[] = {
    {"a heading", NULL, NULL, OPT_HEADING, 0, 0, 0},
    {"flag", NULL, "", OPT_FLAG, offsetof(struct settings, flag), 0, 0},
    {"text", "T", "", OPT_TEXT, offsetof(struct settings, text), 0, 0},
    {"number", "N", "", OPT_NUMBER, offsetof(struct settings, number), -3, 10},
    {"list", "L", "", OPT_LIST, offsetof(struct settings, list), 0, 0},
};
/* A second table, in a part of the settings of its own. */
static const struct opt more[] = {
    {"inner", "N", "", OPT_NUMBER, offsetof(struct part, inner), 0, 9},
    {"last", NULL, "", OPT_FLAG, offsetof(struct part, last), 0, 0},
};
static const struct opt_spec spec = {
    "verb", "", "", {{opts, 5, 0}, {more, 2, offsetof(struct settings, part)}}, 0, 2, ""};

static int parse(const char *const *words, struct settings *s, struct opt_result *result,
                 struct trouble *trouble)
{
    char *argv[16] = {NULL};
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++) {
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    }
    *s = (struct settings){0};
    *result = (struct opt_result){0};
    *trouble = (struct trouble){0};
    return opt_parse(&spec, argc, argv, s, result, trouble);
}

static void options_are_read_anywhere(void **state)
{
    (void)state;
    struct settings s;
    struct opt_result r;
    struct trouble t;
    assert_int_equal(parse((const char *[]){"one", "--text", "--flag", "--number=-3", "--list", "a",
                                            "--list=b=c", "--", "--flag", NULL},
                           &s, &r, &t),
                     0);
    assert_string_equal(s.text, "--flag");
    assert_false(s.flag);
    assert_int_equal(s.number, -3);
    assert_int_equal(s.list.count, 2);
    assert_string_equal(s.list.items[1], "b=c");
    assert_int_equal(r.arg_count, 2);
    assert_string_equal(r.args[1], "--flag");
    assert_int_equal(parse((const char *[]){"--inner=7", "--flag", "--last", NULL}, &s, &r, &t), 0);
    assert_true(s.flag);
    assert_int_equal(s.part.inner, 7);
    assert_true(s.part.last);
    assert_int_equal(parse((const char *[]){"--flag", "-", NULL}, &s, &r, &t), 0);
    assert_true(s.flag);
    assert_string_equal(r.args[0], "-");
    assert_int_equal(parse((const char *[]){"--nonsense", NULL}, &s, &r, &t), TOOL_USAGE);
    assert_int_equal(parse((const char *[]){"--flag", "--help", "--nonsense", NULL}, &s, &r, &t),
                     0);
    assert_true(r.help);
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[][4] = {
        {"--number", "11"},
        {"--number", "-4"},
        {"--number", "1x"},
        {"--number", ""},
        {"--number"},
        {"--flag=1"},
        {"--flag", "--flag"},
        {"--text=a", "--text=b"},
        {"--last", "--last"},
        {"--inner", "10"},
        {"-flag"},
        {"a", "b", "c"},
        {"--a heading"},
        {"--number=9999999999999999999"},
        {"--"
         "="},
        {"--textt=a"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct settings s;
        struct opt_result r;
        struct trouble t;
        const char *words[5] = {wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3], NULL};
        assert_int_equal(parse(words, &s, &r, &t), TOOL_USAGE);
        assert_true(t.sentence[0] != '\0');
    }
}

static void the_nearest_name_is_found(void **state)
{
    (void)state;
    static const char *const names[] = {"groups", "group", "sni", "ciphers"};
    assert_string_equal(opt_nearest("gruops", names, 4), "groups");
    assert_string_equal(opt_nearest("grop", names, 4), "group");
    assert_string_equal(opt_nearest("nsi", names, 4), "sni");
    assert_null(opt_nearest("certificate", names, 4));
    assert_null(opt_nearest("a-name-that-is-longer-than-any-option-can-be", names, 4));
}

static void address_is(const char *written, const char *host, int port, bool literal)
{
    struct address a;
    struct trouble t = {0};
    assert_int_equal(address_parse("HOST", written, &a, &t), 0);
    assert_string_equal(a.host, host);
    assert_int_equal(a.has_port, port >= 0);
    assert_int_equal(a.port, port >= 0 ? port : 0);
    assert_int_equal(a.is_literal, literal);
}

static void addresses_are_read(void **state)
{
    (void)state;
    address_is("example.org", "example.org", -1, false);
    address_is("example.org:8443", "example.org", 8443, false);
    address_is("192.0.2.1:0", "192.0.2.1", 0, true);
    address_is("[2001:db8::1]:443", "2001:db8::1", 443, true);
    address_is("[::1]", "::1", -1, true);
    address_is("2001:db8::1", "2001:db8::1", -1, true);
    address_is("*:8443", "", 8443, false);
    address_is(":65535", "", 65535, false);
    static const char *const wrong[] = {"a:65536", "a:",        "a:-1",     "a:1x",
                                        "[::1",    "[::1]x",    "[name]:1", "a:b:c",
                                        "[::1]:",  "https://a", "a:1/b"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct address a;
        struct trouble t = {0};
        assert_int_equal(address_parse("HOST", wrong[i], &a, &t), TOOL_USAGE);
        assert_non_null(strstr(t.sentence, wrong[i]));
    }
    char longest[300];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    struct address a;
    struct trouble t = {0};
    assert_int_equal(address_parse("HOST", longest, &a, &t), TOOL_USAGE);
}

static void server_names_are_known(void **state)
{
    (void)state;
    static const char *const good[] = {"a",         "localhost", "xn--bcher-kva.example",
                                       "_x.a-b.C9", "192.0.2.1", "::1"};
    static const char *const bad[] = {"",    ".",   "a..b",      "a.",  ".a",
                                      "a b", "a/b", "b\xc3\xbc", "a:b", "a\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(address_is_name(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(address_is_name(bad[i]));
    }
    char name[300] = {0};
    memset(name, 'a', 63);
    assert_true(address_is_name(name));
    name[63] = 'a';
    assert_false(address_is_name(name));
    for (size_t i = 0; i < 253; i++) {
        name[i] = i % 2 == 0 ? 'a' : '.';
    }
    name[253] = '\0';
    assert_true(address_is_name(name));
    name[253] = 'a';
    name[254] = '\0';
    assert_false(address_is_name(name));
}

static void loopback_is_this_machine(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1", true},        {"127.9.9.9", true},    {"::1", true},
        {"localhost", true},        {"LocalHost", true},    {"::ffff:127.0.0.1", true},
        {"0.0.0.0", false},         {"::", false},          {"10.0.0.1", false},
        {"::ffff:10.0.0.1", false}, {"example.org", false}, {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct address address = {.port = 1};
        (void)snprintf(address.host, sizeof address.host, "%s", cases[i].host);
        assert_int_equal(address_is_loopback(&address), cases[i].is_loopback);
    }
    union {
        struct sockaddr any;
        struct sockaddr_in6 six;
        struct sockaddr_in four;
    } at = {.six = {.sin6_family = AF_INET6}};
    at.six.sin6_addr.s6_addr[15] = 1;
    assert_true(address_is_local(&at.any));
    at.four = (struct sockaddr_in){.sin_family = AF_INET};
    at.four.sin_addr.s_addr = htonl(0x0a000001);
    assert_false(address_is_local(&at.any));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_is_made_inert),
        cmocka_unit_test(inert_text_is_cut_at_a_character),
        cmocka_unit_test(text_is_offered_to_who_takes_it),
        cmocka_unit_test(text_wraps_at_blanks_and_counts_columns),
        cmocka_unit_test(json_is_escaped_and_nested),
        cmocka_unit_test(json_refuses_to_nest_too_deep),
        cmocka_unit_test(options_are_read_anywhere),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(server_names_are_known),
        cmocka_unit_test(loopback_is_this_machine),
    };
    return cmocka_run_group_tests_name("tool cli", tests, NULL, NULL);
}

/* The viewer's reader of hellos: it sees messages that nobody has judged yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* Built without the program too, as under the sanitizers.
 * NOLINTBEGIN(bugprone-suspicious-include) */
#include "tool/cli/text.c"
#include "tool/report/hello.c"
#include "tool/report/names.c"
/* NOLINTEND(bugprone-suspicious-include) */

/* A ClientHello with all that the viewer reads, and a GREASE value in each list. */
static const uint8_t client_hello[] = "\x01\x00\x00\xae\x03\x03"
                                      "RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR" /* random */
                                      "\x04"
                                      "SSSS"
                                      "\x00\x06\x0a\x0a\x13\x01\x13\x03"
                                      "\x01\x00"
                                      "\x00\x7b"
                                      "\x00\x00\x00\x0e\x00\x0c\x00\x00\x09"
                                      "localhost"
                                      "\x00\x0a\x00\x08\x00\x06\x1a\x1a\x11\xec\x00\x1d"
                                      "\x00\x0d\x00\x06\x00\x04\x04\x03\x08\x04"
                                      "\x00\x10\x00\x0e\x00\x0c\x02"
                                      "h2"
                                      "\x08"
                                      "http/1.1"
                                      "\x00\x1b\x00\x03\x02\x00\x02"
                                      "\x00\x2b\x00\x05\x04\x2a\x2a\x03\x04"
                                      "\x00\x2c\x00\x05\x00\x03"
                                      "abc"
                                      "\x00\x33\x00\x0e\x00\x0c\x1a\x1a\x00\x01\x00\x00\x1d\x00\x03"
                                      "xyz"
                                      "\x00\x29\x00\x12\x00\x10\x00\x02"
                                      "id"
                                      "\x00\x00\x00\x00"
                                      "\x00\x02"
                                      "me"
                                      "\x00\x00\x00\x00";

static void a_client_hello_is_read(void **state)
{
    (void)state;
    struct hello_view v;
    hello_read((hf_span){client_hello, sizeof client_hello - 1}, &v);
    assert_true(v.known);
    assert_false(v.retry);
    assert_int_equal(v.suites.count, 3);
    assert_int_equal(v.suites.code[2], 0x1303);
    assert_int_equal(v.groups.count, 3);
    assert_int_equal(v.groups.code[1], 4588);
    assert_int_equal(v.signatures.count, 2);
    assert_int_equal(v.versions.code[1], 0x0304);
    assert_int_equal(v.shares.count, 2);
    assert_int_equal(v.shares.code[1], 29);
    assert_int_equal(v.compressions.code[0], 2);
    assert_int_equal(v.cookie_len, 3);
    assert_int_equal(v.psk_count, 2);
    assert_string_equal(v.name, "localhost");
    assert_string_equal(v.alpn, "h2,http/1.1");
    assert_int_equal(v.extensions.count, 9);
}

static void a_hello_retry_request_is_known_by_its_random(void **state)
{
    (void)state;
    uint8_t message[4 + 2 + 32 + 1 + 2 + 1 + 2 + 6 + 6] = {2, 0, 0, 52, 3, 3};
    memcpy(message + 6, retry_random, 32);
    static const uint8_t rest[] = {0, 0x13, 0x02, 0, 0, 12, 0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 24};
    memcpy(message + 38, rest, sizeof rest);
    struct hello_view v;
    hello_read((hf_span){message, sizeof message}, &v);
    assert_true(v.retry);
    assert_int_equal(v.suites.code[0], 0x1302);
    assert_int_equal(v.shares.code[0], 24);
    assert_int_equal(v.versions.code[0], 0x0304);
}

/* Every cut, in a block of exactly that size, so that a sanitizer sees any step too far. */
static void no_cut_leads_past_the_end(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof client_hello - 1; len++) {
        uint8_t *copy = malloc(len == 0 ? 1 : len);
        assert_non_null(copy);
        memcpy(copy, client_hello, len);
        struct hello_view v;
        hello_read((hf_span){copy, len}, &v);
        assert_true(v.suites.count <= 3 && v.extensions.count <= 9);
        free(copy);
    }
}

/* Every byte set to every value, as each of the messages that are read. */
static void no_byte_leads_past_the_end(void **state)
{
    (void)state;
    static const uint8_t types[] = {CLIENT_HELLO, SERVER_HELLO, ENCRYPTED_EXTENSIONS,
                                    CERTIFICATE_REQUEST, 99};
    const size_t len = sizeof client_hello - 1;
    uint8_t *copy = malloc(len);
    assert_non_null(copy);
    for (size_t type = 0; type < sizeof types; type++) {
        for (size_t at = 1; at < len; at++) {
            for (unsigned value = 0; value < 256; value++) {
                memcpy(copy, client_hello, len);
                copy[0] = types[type];
                copy[at] = (uint8_t)value;
                struct hello_view v;
                hello_read((hf_span){copy, len}, &v);
                assert_true(v.extensions.count <= HELLO_CODES_MAX &&
                            strlen(v.name) < sizeof v.name);
                assert_int_equal(v.known, types[type] != 99);
            }
        }
    }
    free(copy);
}

static void long_lists_are_cut(void **state)
{
    (void)state;
    uint8_t message[4 + 2 + 32 + 1 + 2 + 2000 + 2 + 2] = {1, 0, 7, 249, 3, 3};
    message[39] = 2000 >> 8;
    message[40] = 2000 & 0xff;
    struct hello_view v;
    hello_read((hf_span){message, sizeof message}, &v);
    assert_int_equal(v.suites.count, HELLO_CODES_MAX);
}

static void names_of_code_points(void **state)
{
    (void)state;
    char room[8];
    assert_string_equal(name_of(NAME_GROUP, 4588, room), "X25519MLKEM768");
    assert_string_equal(name_of(NAME_SUITE, 0x1301, room), "TLS_AES_128_GCM_SHA256");
    assert_string_equal(name_of(NAME_SIGNATURE, 0xdada, room), "GREASE");
    assert_string_equal(name_of(NAME_EXTENSION, 0xabcd, room), "0xabcd");
    assert_true(name_is_grease(0x0a0a) && name_is_grease(0xfafa));
    assert_false(name_is_grease(0x0a1a) || name_is_grease(0x0b0b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_hello_is_read),
        cmocka_unit_test(a_hello_retry_request_is_known_by_its_random),
        cmocka_unit_test(no_cut_leads_past_the_end),
        cmocka_unit_test(no_byte_leads_past_the_end),
        cmocka_unit_test(long_lists_are_cut),
        cmocka_unit_test(names_of_code_points),
    };
    return cmocka_run_group_tests_name("tool hello", tests, NULL, NULL);
}

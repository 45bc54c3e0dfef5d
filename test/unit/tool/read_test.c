/* The reader of recordings: nothing but a whole recording passes, each refusal says what is wrong,
 * and what passes can be told without harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "recording/read.h"
#include "recording/tell.h"

const char *tool_name = "handfast";

/* The smallest that has one of everything that is looked into. */
static const char whole[] =
    "{\"format\":\"handfast-recording\",\"version\":1,\"maker\":\"m\",\"source\":\"demo\","
    "\"title\":"
    "\"t\",\"started_unix_ms\":null,\"secrets\":true,\"left_out\":[\"x\"],\"ends\":{\"client\":{},"
    "\"server\":{}},\"summary\":{\"version\":772,\"version_name\":\"TLS "
    "1.3\",\"cipher_suite\":4865,"
    "\"cipher_suite_name\":\"s\",\"group\":null,\"group_name\":null,\"signature_scheme\":null,"
    "\"signature_scheme_name\":null,\"server_name\":\"n\",\"alpn\":null,\"psk\":true,\"early_"
    "data\":"
    "true,\"retried\":false,\"client_certificate\":false,\"round_trips\":1,\"handshake_ns\":5,"
    "\"bytes\":{\"client\":1,\"server\":2}},\"flights\":[{\"from\":\"client\",\"messages\":[0],"
    "\"records\":[0],\"sent_ns\":1,\"received_ns\":null}],\"records\":[{\"from\":\"client\","
    "\"type\":"
    "22,\"type_name\":\"handshake\",\"level\":\"plain\",\"protection\":null,\"sequence\":0,"
    "\"header\":"
    "\"1603010005\",\"len\":5,\"opened\":true,\"plain_len\":5,\"padding\":0,\"wire\":null,\"sent_"
    "ns\":"
    "1,\"received_ns\":null,\"messages\":[{\"message\":0,\"at\":0,\"len\":5}]}],\"messages\":[{"
    "\"name\":\"KeyUpdate\",\"term\":\"m\",\"type\":24,\"from\":\"client\",\"level\":\"plain\","
    "\"protection\":0,\"offset\":0,\"len\":5,\"flight\":0,\"records\":[0],\"sent_ns\":1,"
    "\"received_ns\":null,\"bytes\":\"1800000100\",\"fields\":[{\"name\":\"a\",\"term\":\"m\","
    "\"kind\":\"code\",\"at\":0,\"len\":1,\"value\":24,\"text\":\"x\",\"known\":true},{\"name\":"
    "\"b\","
    "\"term\":null,\"kind\":\"struct\",\"at\":1,\"len\":4,\"value\":null,\"text\":null,\"known\":"
    "true,"
    "\"fields\":[{\"name\":\"c\",\"term\":\"m\",\"kind\":\"bytes\",\"at\":1,\"len\":4,\"value\":"
    "\"v\",\"text\":null,\"known\":false}]}]}],\"protections\":[{\"from\":\"client\",\"level\":"
    "\"handshake\",\"generation\":1,\"cipher_suite\":4865,\"cipher_suite_name\":\"s\",\"secret_"
    "step\":"
    "\"i\",\"key_step\":null,\"iv_step\":null,\"sent_ns\":1,\"received_ns\":1}],\"decisions\":[{"
    "\"about\":\"group\",\"end\":\"server\",\"taken\":false,\"value\":null,\"name\":null,"
    "\"reason\":"
    "null,\"at_ns\":1,\"candidates\":[{\"value\":1,\"name\":\"g\",\"accepted\":false,\"reason\":"
    "\"r\"}]}],\"schedule\":{\"hash\":\"SHA-256\",\"steps\":[{\"id\":\"i\",\"op\":\"Extract\","
    "\"name\":"
    "\"n\",\"term\":\"m\",\"label\":\"l\",\"inputs\":[{\"role\":\"salt\",\"kind\":\"zeros\","
    "\"step\":"
    "null,\"hex\":\"00\"}],\"context\":\"aa\",\"context_kind\":\"transcript\",\"context_messages\":"
    "1,"
    "\"output_len\":1,\"output\":\"bb\",\"key_log\":\"K\",\"ends\":[\"client\"],\"at_ns\":1}]},"
    "\"states\":[{\"end\":\"client\",\"at_ns\":1,\"from\":\"A\",\"to\":\"B\"}],\"operations\":[{"
    "\"end\":\"client\",\"name\":\"o\",\"opened_ns\":1,\"answered_ns\":2}],\"alerts\":[{\"from\":"
    "\"server\",\"level\":2,\"description\":40,\"name\":\"a\",\"term\":\"m\",\"protection\":null,"
    "\"sent_ns\":1,\"received_ns\":1,\"cause\":\"c\",\"fix\":\"f\"}],\"notes\":[{\"end\":"
    "\"client\","
    "\"at_ns\":1,\"about\":\"a\",\"text\":\"t\",\"value\":1}],\"errors\":[{\"end\":\"server\","
    "\"at_ns\":1,\"code\":\"C\",\"origin\":\"peer\",\"alert\":null,\"state\":null,\"sentence\":"
    "\"s\","
    "\"detail\":\"d\",\"cause\":\"c\",\"fix\":\"f\",\"place\":\"p\"}],\"end\":{\"kind\":\"failed\","
    "\"text\":\"t\"},\"terms\":{\"m\":{\"name\":\"m\",\"text\":\"t\",\"place\":\"p\"}}}";

static void tell_all(const json_t *root)
{
    const struct style style = {.colour = false, .utf8 = true, .width = 80};
    struct text out = {0};
    const struct teller t = {root, &style, &out};
    tell_overview(&t);
    for (size_t i = 0; i < json_array_size(json_object_get(root, "messages")); i++) {
        tell_message(&t, i);
        tell_bytes(&t, i);
    }
    tell_keys(&t);
    tell_why(&t);
    assert_false(out.failed);
    for (size_t i = 0; i < out.len; i++) {
        assert_true(out.ptr[i] == '\n' || (uint8_t)out.ptr[i] >= 0x20);
    }
    text_free(&out);
}

static bool parses(const char *bytes, size_t len, struct trouble *trouble)
{
    json_t *root = NULL;
    *trouble = (struct trouble){0};
    char *exact = malloc(len == 0 ? 1 : len);
    assert_non_null(exact);
    memcpy(exact, bytes, len);
    const int code =
        recording_parse("FILE", (hf_span){(const uint8_t *)exact, len}, &root, trouble);
    free(exact);
    assert_int_equal(code == 0, root != NULL);
    if (root != NULL) {
        tell_all(root);
        json_decref(root);
    } else {
        assert_true(trouble->sentence[0] != '\0' && trouble->fix[0] != '\0');
    }
    return root != NULL;
}

static void a_whole_one_passes(void **state)
{
    (void)state;
    struct trouble trouble;
    if (!parses(whole, sizeof whole - 1, &trouble)) {
        fail_msg("%s", trouble.sentence);
    }
}

static void cut_anywhere_it_is_refused(void **state)
{
    (void)state;
    struct trouble trouble;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        assert_false(parses(whole, len, &trouble));
        if (len > 40) {
            assert_non_null(strstr(trouble.sentence, "is cut off: it ends after"));
        }
    }
}

/* The document with one piece of text put for another. */
static bool replaced(const char *from, const char *to, struct trouble *trouble)
{
    char changed[sizeof whole + 256];
    const char *at = strstr(whole, from);
    assert_non_null(at);
    const int len = snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - whole), whole, to,
                             at + strlen(from));
    return parses(changed, (size_t)len, trouble);
}

static void each_refusal_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *said;
    } cases[] = {
        {"\"version\":1", "\"version\":2", "of version 2; this program reads version 1"},
        {"\"version\":1", "\"version\":0", "version is no version"},
        {"\"version\":1", "\"version\":\"1\"", "version is no version"},
        {"handfast-recording", "har", "not a recording: its \"format\" is har"},
        {"\"format\"", "\"other\"", "its \"format\" is missing"},
        {"\"maker\":\"m\",", "", "maker is missing"},
        {"\"maker\":\"m\"", "\"maker\":7", "maker has a value"},
        {"\"maker\":\"m\"", "\"maker\":\"m\",\"maker\":\"m\"", "not JSON"},
        {"\"len\":5,\"opened\"", "\"len\":-5,\"opened\"", "records/0/len has a value"},
        {"\"bytes\":\"1800000100\"", "\"bytes\":\"18000001\"", "has other bytes than it says: 4"},
        {"\"bytes\":\"1800000100\"", "\"bytes\":\"180000010g\"", "messages/0/bytes has a value"},
        {"\"at\":1,\"len\":4,\"value\":\"v\"", "\"at\":2,\"len\":4,\"value\":\"v\"", "a gap or"},
        {"\"at\":1,\"len\":4,\"value\":\"v\"", "\"at\":1,\"len\":3,\"value\":\"v\"",
         "other bytes than it has: 4"},
        {"\"at\":1,\"len\":4,\"value\":\"v\"", "\"at\":1,\"len\":9223372036854775807,\"value\":0",
         "a length that no message has"},
        {"\"value\":\"v\"", "\"value\":[]", "neither number nor text"},
        {"\"protection\":0", "\"protection\":1", "refers to what is not there"},
        {"{\"message\":0", "{\"message\":9", "records/messages refers to what is not there"},
        {"\"records\":[0],\"sent_ns\":1,\"received_ns\":null,\"bytes\"",
         "\"records\":[1],\"sent_ns\":1,\"received_ns\":null,\"bytes\"",
         "messages/records refers to what is not there"},
        {"\"from\":\"client\",\"level\":\"handshake\"", "\"from\":\"us\",\"level\":\"handshake\"",
         "protections/0/from has a value"},
        {"\"role\":\"salt\",", "", "inputs/0/role is missing"},
        {"\"accepted\":false", "\"accepted\":0", "candidates/0/accepted has a value"},
        {"\"terms\":{\"m\":{\"name\":\"m\",", "\"terms\":{\"m\":{", "terms/m/name is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trouble trouble;
        assert_false(replaced(cases[i].from, cases[i].to, &trouble));
        if (strstr(trouble.sentence, cases[i].said) == NULL) {
            fail_msg("case %zu: %s", i, trouble.sentence);
        }
    }
}

static void members_of_a_later_hand_are_skipped(void **state)
{
    (void)state;
    struct trouble trouble;
    assert_true(replaced("\"maker\"", "\"more\":{\"a\":[1]},\"maker\"", &trouble));
}

static void others_files_are_no_recordings(void **state)
{
    (void)state;
    struct trouble trouble;
    assert_false(parses("", 0, &trouble));
    assert_string_equal(trouble.sentence, "FILE is empty");
    assert_false(parses("[]", 2, &trouble));
    assert_non_null(strstr(trouble.sentence, "is JSON, but not a recording"));
    assert_false(parses("{}", 2, &trouble));
    assert_false(parses("\x16\x03\x01", 3, &trouble));
    assert_non_null(strstr(trouble.sentence, "not JSON at line 1"));
    static const char page[] = "<html><body>404</body></html>";
    assert_false(parses(page, sizeof page - 1, &trouble));
    /* Deep nesting is refused by the parser, not met by a stack overflow. */
    static char deep[100000];
    memset(deep, '[', sizeof deep);
    assert_false(parses(deep, sizeof deep, &trouble));
}

static void any_changed_byte_does_no_harm(void **state)
{
    (void)state;
    static const char bytes[] = {'"', '0', '-', '{', ']', 'n', '\\', '\x1b', '\x80', '9'};
    char changed[sizeof whole];
    for (size_t at = 0; at < sizeof whole - 1; at++) {
        memcpy(changed, whole, sizeof whole);
        changed[at] = bytes[at % sizeof bytes];
        struct trouble trouble;
        (void)parses(changed, sizeof whole - 1, &trouble);
    }
}

static void foreign_text_is_told_inert(void **state)
{
    (void)state;
    struct trouble trouble;
    static const char *const texts[] = {"\"t\"",           "\"name\":\"n\"",    "\"text\":\"x\"",
                                        "\"value\":\"v\"", "\"role\":\"salt\"", "\"id\":\"i\"",
                                        "\"from\":\"A\"",  "\"detail\":\"d\"",  "\"reason\":\"r\""};
    static const char hostile[] = "\\u001b[31m\\u202e<script>\\u0007";
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char to[96];
        const char *value = strrchr(texts[i], ':');
        (void)snprintf(to, sizeof to, "%.*s\"%s\"", value == NULL ? 0 : (int)(value - texts[i] + 1),
                       texts[i], hostile);
        assert_true(replaced(texts[i], to, &trouble)); /* tell_all looks for active characters */
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_one_passes),
        cmocka_unit_test(cut_anywhere_it_is_refused),
        cmocka_unit_test(each_refusal_says_what_is_wrong),
        cmocka_unit_test(members_of_a_later_hand_are_skipped),
        cmocka_unit_test(others_files_are_no_recordings),
        cmocka_unit_test(any_changed_byte_does_no_harm),
        cmocka_unit_test(foreign_text_is_told_inert),
    };
    return cmocka_run_group_tests_name("read", tests, NULL, NULL);
}

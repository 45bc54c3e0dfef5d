/* Lines of JSON, read back by a parser that is not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <handfast/trace.h>

#include "base/span.h"

enum { LINE_MAX_LEN = 4096 };

/* The line, strictly parsed: one object, nothing behind it, no key twice. */
static json_t *read_back(const hf_event *event)
{
    char line[LINE_MAX_LEN];
    const size_t len = hf_event_json(event, line, sizeof line);
    assert_true(len < sizeof line);
    assert_int_equal(strlen(line), len);
    assert_int_equal(line[len - 1], '\n');
    assert_null(memchr(line, '\n', len - 1));
    json_error_t error;
    json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL) {
        fail_msg("%s in %s", error.text, line);
    }
    return object;
}

static void check_line(const hf_event *event, const char *want)
{
    char line[LINE_MAX_LEN];
    (void)hf_event_json(event, line, sizeof line);
    assert_string_equal(line, want);
    json_decref(read_back(event));
}

static void every_kind_has_its_members(void **state)
{
    (void)state;
    const hf_span bytes = span_of("\x01\x00\x00\x02\xab\xcd", 6);
    const hf_event state_event = {.kind = HF_EV_STATE, .u.state = {"A", "B"}};
    check_line(&state_event, "{\"event\":\"state\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
                             "\"from\":\"A\",\"to\":\"B\"}\n");
    const hf_event message = {
        .kind = HF_EV_MESSAGE,
        .role = HF_SERVER,
        .at_ns = UINT64_MAX,
        .conn = (const void *)0x1234,
        .u.message = {HF_RECEIVED, HF_LEVEL_PLAIN, 1, "ClientHello", bytes, 17}};
    char line[LINE_MAX_LEN];
    (void)hf_event_json(&message, line, sizeof line);
    assert_string_equal(
        line, "{\"event\":\"message\",\"role\":\"server\",\"conn\":\"1234\","
              "\"at_ns\":18446744073709551615,\"direction\":\"received\",\"level\":\"plain\","
              "\"type\":1,\"name\":\"ClientHello\",\"offset\":17,\"len\":6,"
              "\"bytes\":\"01000002abcd\"}\n");
    const hf_event record = {.kind = HF_EV_RECORD,
                             .u.record = {HF_SENT, HF_LEVEL_APPLICATION, 23,
                                          span_of("\x17\x03\x03\x00\x20", 5), 32, 10, 5, 3}};
    check_line(
        &record,
        "{\"event\":\"record\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
        "\"direction\":\"sent\",\"level\":\"application\",\"type\":23,"
        "\"header\":\"1703030020\",\"len\":32,\"plain_len\":10,\"padding\":5,\"sequence\":3}\n");
    const hf_event candidate = {
        .kind = HF_EV_CANDIDATE,
        .u.candidate = {HF_DECIDE_GROUP, 29, "x25519", false, "not offered"}};
    check_line(&candidate,
               "{\"event\":\"candidate\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
               "\"about\":\"group\",\"value\":29,\"name\":\"x25519\",\"accepted\":false,"
               "\"reason\":\"not offered\"}\n");
    const hf_event decision = {.kind = HF_EV_DECISION,
                               .u.decision = {HF_DECIDE_ALPN, 0, "h2", NULL}};
    check_line(&decision, "{\"event\":\"decision\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
                          "\"about\":\"alpn\",\"value\":0,\"name\":\"h2\",\"reason\":null}\n");
    const hf_event keys = {.kind = HF_EV_KEYS,
                           .u.keys = {HF_RECEIVED, HF_LEVEL_HANDSHAKE, 0x1301, 2}};
    check_line(&keys, "{\"event\":\"keys\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
                      "\"direction\":\"received\",\"level\":\"handshake\",\"cipher_suite\":4865,"
                      "\"generation\":2}\n");
    const hf_event op = {.kind = HF_EV_OP, .u.op = {3, "sign", true}};
    check_line(&op, "{\"event\":\"op\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
                    "\"name\":\"sign\",\"answered\":true}\n");
    const hf_event alert = {.kind = HF_EV_ALERT, .u.alert = {HF_SENT, 2, 40, "handshake_failure"}};
    check_line(&alert, "{\"event\":\"alert\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
                       "\"direction\":\"sent\",\"level\":2,\"description\":40,"
                       "\"name\":\"handshake_failure\"}\n");
    const hf_event note = {.kind = HF_EV_NOTE, .u.note = {"server_name", "ignored", 7}};
    check_line(&note, "{\"event\":\"note\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
                      "\"about\":\"server_name\",\"text\":\"ignored\",\"value\":7}\n");
    const hf_event wire = {.kind = HF_EV_WIRE,
                           .u.wire = {HF_RECEIVED, span_of("\x15\x03\x03\x00\x02\x01\x00", 7)}};
    check_line(&wire, "{\"event\":\"wire\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
                      "\"direction\":\"received\",\"len\":7,\"bytes\":\"15030300020100\"}\n");
}

static void every_decision_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i <= HF_DECIDE_CERTIFICATE; i++) {
        assert_string_not_equal(hf_decision_name((hf_decision)i), "unknown");
    }
    assert_string_equal(hf_decision_name((hf_decision)(HF_DECIDE_CERTIFICATE + 1)), "unknown");
    assert_string_equal(hf_decision_name((hf_decision)-1), "unknown");
}

static void secrets_stand_in_their_own_events(void **state)
{
    (void)state;
    const hf_span random = span_of("\x11\x22", 2);
    const hf_span secret = span_of("\x99\x88", 2);
    const hf_event event = {.kind = HF_EV_SECRET, .u.secret = {"EXPORTER_SECRET", random, secret}};
    check_line(&event,
               "{\"event\":\"secret\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
               "\"label\":\"EXPORTER_SECRET\",\"client_random\":\"1122\",\"secret\":\"9988\"}\n");
    const hf_event step = {
        .kind = HF_EV_KEY_STEP,
        .u.key_step = {"Extract", "early_secret", NULL, random, span_of(NULL, 0), secret}};
    check_line(&step,
               "{\"event\":\"key_step\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
               "\"step\":\"Extract\",\"name\":\"early_secret\",\"label\":null,\"in\":\"1122\","
               "\"salt_or_context\":\"\",\"out\":\"9988\"}\n");
    const hf_event share = {.kind = HF_EV_KEY_SHARE, .u.key_share = {29, secret}};
    check_line(&share, "{\"event\":\"key_share\",\"role\":\"client\",\"conn\":\"0\",\"at_ns\":0,"
                       "\"group\":29,\"random\":\"9988\"}\n");
}

static void errors_are_told_in_full(void **state)
{
    (void)state;
    const hf_error error = {.code = HF_E_NO_COMMON_GROUP,
                            .alert = HF_ALERT_handshake_failure,
                            .state = "SRV13_CHOOSE",
                            .detail = "only \"x448\""};
    const hf_event event = {.kind = HF_EV_ERROR, .u.error = &error};
    json_t *object = read_back(&event);
    static const char *const want[][2] = {
        {"event", "error"},          {"code", "NO_COMMON_GROUP"},
        {"origin", "mismatch"},      {"alert", "handshake_failure"},
        {"state", "SRV13_CHOOSE"},   {"detail", "only \"x448\""},
        {"place", "RFC 9846, 4.2.1"}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_string_equal(json_string_value(json_object_get(object, want[i][0])), want[i][1]);
    }
    json_decref(object);
    const hf_error quiet = {.code = HF_E_TRUNCATED, .alert = HF_ALERT_none};
    const hf_event second = {.kind = HF_EV_ERROR, .u.error = &quiet};
    object = read_back(&second);
    assert_true(json_is_null(json_object_get(object, "alert")));
    assert_true(json_is_null(json_object_get(object, "state")));
    json_decref(object);
    json_decref(read_back(&(hf_event){.kind = HF_EV_ERROR}));
}

static void every_name_of_an_enum_is_known(void **state)
{
    (void)state;
    for (int about = 0; about <= HF_DECIDE_CERTIFICATE + 1; about++) {
        const hf_event event = {.kind = HF_EV_DECISION,
                                .u.decision = {.about = (hf_decision)about}};
        json_t *object = read_back(&event);
        const char *name = json_string_value(json_object_get(object, "about"));
        assert_int_equal(strcmp(name, "unknown") == 0, about > HF_DECIDE_CERTIFICATE);
        json_decref(object);
    }
    for (int kind = 0; kind <= HF_EV_COUNT; kind++) {
        const hf_event event = {.kind = (hf_event_kind)kind};
        json_t *object = read_back(&event);
        const char *name = json_string_value(json_object_get(object, "event"));
        assert_int_equal(strcmp(name, "unknown") == 0, kind == HF_EV_COUNT);
        json_decref(object);
    }
}

/* What the peer chose stands in a string and stays there. */
static void any_text_is_a_string(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"plain", "plain"},
        {"\"},{\"event\":\"", "\"},{\"event\":\""},
        {"back\\slash", "back\\slash"},
        {"line\nend\r\ttab\x01\x1f", "line\nend\r\ttab\x01\x1f"},
        {"del\x7f", "del\x7f"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80"},
        /* not UTF-8: each byte becomes the character of its number */
        {"\xff", "\xc3\xbf"},
        {"\xc3", "\xc3\x83"},
        {"\xc3(", "\xc3\x83("},
        {"\x80", "\xc2\x80"},
        {"\xc0\xaf", "\xc3\x80\xc2\xaf"},                         /* overlong */
        {"\xed\xa0\x80", "\xc3\xad\xc2\xa0\xc2\x80"},             /* a surrogate */
        {"\xf4\x90\x80\x80", "\xc3\xb4\xc2\x90\xc2\x80\xc2\x80"}, /* above U+10FFFF */
        {"\xe2\x82", "\xc3\xa2\xc2\x82"},                         /* cut off */
        {"\xf0\x9f\x98", "\xc3\xb0\xc2\x9f\xc2\x98"},
        {"\xe0\x9f\xbf", "\xc3\xa0\xc2\x9f\xc2\xbf"},
        {"\xf0\x8f\xbf\xbf", "\xc3\xb0\xc2\x8f\xc2\xbf\xc2\xbf"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const hf_event event = {.kind = HF_EV_NOTE, .u.note = {"x", cases[i].text, 0}};
        json_t *object = read_back(&event);
        assert_string_equal(json_string_value(json_object_get(object, "text")), cases[i].want);
        json_decref(object);
    }
}

static void every_pair_of_bytes_is_escaped_strictly(void **state)
{
    (void)state;
    for (unsigned a = 1; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            const char text[] = {(char)a, (char)b, '\0'};
            const hf_event event = {.kind = HF_EV_NOTE, .u.note = {"x", text, 0}};
            json_decref(read_back(&event));
        }
    }
}

static void a_cut_line_tells_what_it_needs(void **state)
{
    (void)state;
    const hf_event event = {.kind = HF_EV_NOTE, .u.note = {"x", "t\xc3\xbcr", 1}};
    char whole[LINE_MAX_LEN];
    const size_t len = hf_event_json(&event, whole, sizeof whole);
    assert_int_equal(hf_event_json(&event, NULL, 0), len);
    for (size_t cap = 1; cap <= len + 1; cap++) {
        char *exact = malloc(cap);
        assert_non_null(exact);
        assert_int_equal(hf_event_json(&event, exact, cap), len);
        assert_int_equal(strlen(exact), cap - 1);
        assert_memory_equal(exact, whole, cap - 1);
        free(exact);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_its_members),
        cmocka_unit_test(every_decision_has_a_name),
        cmocka_unit_test(secrets_stand_in_their_own_events),
        cmocka_unit_test(errors_are_told_in_full),
        cmocka_unit_test(every_name_of_an_enum_is_known),
        cmocka_unit_test(any_text_is_a_string),
        cmocka_unit_test(every_pair_of_bytes_is_escaped_strictly),
        cmocka_unit_test(a_cut_line_tells_what_it_needs),
    };
    return cmocka_run_group_tests_name("trace json", tests, NULL, NULL);
}

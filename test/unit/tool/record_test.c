/* The recorder and the annotator: any bytes are named from end to end, limits hold, and a redacted
 * recording keeps its secrets to itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "recording/fields.h"
#include "recording/recorder.h"
#include "recording/write.h"

const char *tool_name = "handfast";

static uint32_t random_state = 1;

static uint32_t next_random(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

/* Reads the fields back: the leaves, which are the objects that have no "fields", stand side by
 * side from 0 to len. */
static void check_cover(const char *json, size_t len)
{
    size_t at = 0;
    for (const char *p = json; (p = strstr(p, "\"at\": ")) != NULL; p++) {
        const char *fields = strstr(p, "\"fields\": ");
        const char *end = strstr(p, "\"len\": ");
        assert_non_null(end);
        if (fields == NULL || end < fields) {
            assert_int_equal(strtoul(p + 6, NULL, 10), at);
            at += strtoul(end + 7, NULL, 10);
        }
    }
    assert_int_equal(at, len);
}

static void annotate(hf_span message, uint16_t version, struct text *out)
{
    struct terms terms = {0};
    struct json j = json_begin(out, true);
    text_clear(out);
    json_object(&j, NULL);
    fields_json(message, version, &terms, &j);
    json_end(&j);
    assert_false(out->failed);
    assert_false(terms.missing);
    assert_int_equal(j.depth, 0);
    check_cover(out->ptr, message.len);
}

/* Bytes that look like something: small lengths, known extensions. */
static void fill(uint8_t *bytes, size_t len)
{
    static const uint8_t codes[] = {0, 1, 5, 10, 13, 16, 27, 35, 41, 42, 43, 44, 45, 47, 48, 51};
    for (size_t i = 0; i < len; i++) {
        const uint32_t kind = next_random(8);
        bytes[i] = kind < 4   ? 0
                   : kind < 6 ? (uint8_t)next_random(8)
                   : kind < 7 ? codes[next_random(sizeof codes)]
                              : (uint8_t)next_random(256);
    }
}

static void every_byte_of_any_message_is_named(void **state)
{
    (void)state;
    struct text out = {0};
    for (int round = 0; round < 6000; round++) {
        uint8_t bytes[160];
        const size_t len = 1 + next_random(sizeof bytes);
        fill(bytes, len);
        bytes[0] = (uint8_t)next_random(27);
        uint8_t *exact = malloc(len); /* so that a sanitizer sees one byte too far */
        assert_non_null(exact);
        memcpy(exact, bytes, len);
        annotate((hf_span){exact, len}, next_random(2) == 0 ? HF_TLS12 : HF_TLS13, &out);
        free(exact);
    }
    text_free(&out);
}

/* A ClientHello with one extension of each kind whose inside is empty or random. */
static void every_extension_is_named(void **state)
{
    (void)state;
    struct text out = {0};
    for (unsigned code = 0; code < 60; code++) {
        for (size_t inside = 0; inside < 24; inside++) {
            uint8_t m[4 + 2 + 32 + 1 + 4 + 2 + 2 + 4 + 24] = {1};
            size_t at = 4;
            m[at] = m[at + 1] = 3;
            at += 34 + 1;
            m[at + 1] = 2; /* one suite */
            at += 4;
            m[at] = 1; /* compression */
            at += 2;
            m[at + 1] = (uint8_t)(4 + inside);
            m[at + 3] = (uint8_t)code;
            m[at + 5] = (uint8_t)inside;
            fill(m + at + 6, inside);
            at += 6 + inside;
            m[3] = (uint8_t)(at - 4);
            annotate((hf_span){m, at}, 0, &out);
            assert_non_null(strstr(out.ptr, "\"kind\": \"extension\""));
        }
    }
    text_free(&out);
}

static void unknown_is_called_unknown(void **state)
{
    (void)state;
    struct text out = {0};
    static const uint8_t encrypted_extensions[] = {8,    0, 0, 10,   0,    8, 0xfa,
                                                   0xce, 0, 0, 0x1a, 0x1a, 0, 0};
    annotate((hf_span){encrypted_extensions, sizeof encrypted_extensions}, 0, &out);
    assert_non_null(strstr(out.ptr, "\"name\": \"unknown\", \"term\": \"ext.unknown\""));
    assert_non_null(strstr(out.ptr, "\"known\": false"));
    assert_non_null(strstr(out.ptr, "\"name\": \"GREASE\", \"term\": \"ext.GREASE\""));
    static const uint8_t message[] = {99, 0, 0, 1, 7};
    annotate((hf_span){message, sizeof message}, 0, &out);
    assert_non_null(strstr(out.ptr, "\"name\": \"body\""));
    text_free(&out);
}

static void event(struct recorder *rec, hf_event e)
{
    e.role = HF_CLIENT;
    recorder_event(rec, &e);
}

static void secrets_stay_out_of_a_redacted_recording(void **state)
{
    (void)state;
    static const uint8_t psk[32] = {0xde, 0xad, 0xbe, 0xef};
    static const uint8_t zeros[32] = {0};
    static const uint8_t early[32] = {0xca, 0xfe, 0xba, 0xbe};
    for (int secrets = 0; secrets < 2; secrets++) {
        struct recorder rec;
        struct text out = {0};
        recorder_init(&rec, RECORDING_CONNECT, secrets != 0);
        event(&rec,
              (hf_event){.kind = HF_EV_KEY_STEP,
                         .u.key_step = {
                             "Extract", "early_secret", "", {psk, 32}, {zeros, 32}, {early, 32}}});
        event(&rec,
              (hf_event){
                  .kind = HF_EV_KEY_STEP,
                  .u.key_step = {"Expand-Label", "key", "key", {early, 32}, {NULL, 0}, {psk, 16}}});
        event(&rec,
              (hf_event){.kind = HF_EV_SECRET, .u.secret = {"A_SECRET", {zeros, 32}, {early, 32}}});
        recording_write(&rec.recording, &out);
        assert_false(out.failed);
        assert_int_equal(strstr(out.ptr, "deadbeef") != NULL, secrets);
        assert_int_equal(strstr(out.ptr, "cafebabe") != NULL, secrets);
        assert_non_null(strstr(out.ptr, "\"kind\": \"psk\""));
        assert_non_null(strstr(out.ptr, "\"id\": \"early_secret/key\""));
        assert_non_null(strstr(out.ptr, "\"key_log\": \"A_SECRET\""));
        text_free(&out);
        recorder_free(&rec);
    }
}

static void what_does_not_fit_is_left_out_and_said(void **state)
{
    (void)state;
    struct recorder rec;
    struct text out = {0};
    static const uint8_t update[] = {24, 0, 0, 1, 0};
    recorder_init(&rec, RECORDING_CONNECT, false);
    for (unsigned i = 0; i < RECORDING_MESSAGES_MAX + 3u; i++) {
        event(&rec, (hf_event){.kind = HF_EV_MESSAGE,
                               .u.message = {HF_SENT,
                                             HF_LEVEL_APPLICATION,
                                             24,
                                             "KeyUpdate",
                                             {update, sizeof update},
                                             (uint64_t)i * 5}});
    }
    assert_int_equal(rec.recording.messages.count, RECORDING_MESSAGES_MAX);
    recording_write(&rec.recording, &out);
    assert_non_null(strstr(out.ptr, "3 messages: the recording was full"));
    text_free(&out);
    recorder_free(&rec);
}

static void data(struct recorder *rec, uint8_t *wire, size_t len, uint8_t type)
{
    event(rec, (hf_event){.kind = HF_EV_WIRE, .u.wire = {HF_SENT, {wire, len}}});
    event(rec, (hf_event){
                   .kind = HF_EV_RECORD,
                   .u.record = {HF_SENT, HF_LEVEL_APPLICATION, type, {wire, 5}, len - 5, 1, 0, 0}});
}

/* A file that is sent is not what a recording is for; an alert after it still is. */
static void little_data_is_kept(void **state)
{
    (void)state;
    struct recorder rec;
    uint8_t wire[32] = {23, 3, 3, 0, 27};
    recorder_init(&rec, RECORDING_CONNECT, false);
    for (int i = 0; i < 10000; i++) {
        data(&rec, wire, sizeof wire, 23);
    }
    assert_int_equal(rec.recording.records.count, RECORDING_DATA_RECORDS);
    data(&rec, wire, sizeof wire, 21);
    assert_int_equal(rec.recording.records.count, RECORDING_DATA_RECORDS + 1);
    const struct recorded_record *last = &rec.recording.records.items[RECORDING_DATA_RECORDS];
    assert_int_equal(last->type, 21);
    assert_int_equal(rec.recording.records.left_out, 0);
    recorder_free(&rec);
}

static void private_shares_are_kept_with_secrets_only(void **state)
{
    (void)state;
    for (int secrets = 0; secrets < 2; secrets++) {
        struct recorder rec;
        struct text out = {0};
        recorder_init(&rec, RECORDING_DEMO, secrets);
        event(&rec, (hf_event){.kind = HF_EV_KEY_SHARE,
                               .u.key_share = {29, {(const uint8_t *)"\xc0\xff\xee", 3}}});
        recording_write(&rec.recording, &out);
        assert_int_equal(strstr(out.ptr, "c0ffee") != NULL, secrets);
        text_free(&out);
        recorder_free(&rec);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_of_any_message_is_named),
        cmocka_unit_test(every_extension_is_named),
        cmocka_unit_test(unknown_is_called_unknown),
        cmocka_unit_test(secrets_stay_out_of_a_redacted_recording),
        cmocka_unit_test(what_does_not_fit_is_left_out_and_said),
        cmocka_unit_test(little_data_is_kept),
        cmocka_unit_test(private_shares_are_kept_with_secrets_only),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}

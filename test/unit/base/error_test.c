#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/status.h"

/* A sentence: it begins with something and ends with a full stop. */
static void check_sentence(const char *name, const char *what, const char *text)
{
    if (text == NULL || strlen(text) < 4 || text[strlen(text) - 1] != '.' ||
        strchr(text, '\n') != NULL) {
        fail_msg("%s: its %s is no sentence: %s", name, what, text == NULL ? "(none)" : text);
    }
}

static void every_code_is_explained(void **state)
{
    (void)state;
    for (int code = HF_E_NONE + 1; code < HF_E_COUNT; code++) {
        const hf_err_info *info = hf_err_lookup((hf_err)code);
        assert_non_null(info->name);
        assert_true(strlen(info->name) > 0);
        check_sentence(info->name, "sentence", info->sentence);
        check_sentence(info->name, "cause", info->cause);
        check_sentence(info->name, "fix", info->fix);
        assert_non_null(info->place);
        assert_true(strlen(info->place) > 0);
        assert_in_range(info->origin, HF_ORIGIN_PEER, HF_ORIGIN_SYSTEM);
        for (int other = HF_E_NONE + 1; other < code; other++) {
            assert_string_not_equal(info->name, hf_err_lookup((hf_err)other)->name);
            assert_string_not_equal(info->sentence, hf_err_lookup((hf_err)other)->sentence);
        }
    }
}

/* What a peer is told has a name, and is never one of the two alerts that are no error (RFC
 * 9846, 6.1). */
static void every_alert_of_a_code_may_be_sent(void **state)
{
    (void)state;
    for (int code = HF_E_NONE + 1; code < HF_E_COUNT; code++) {
        const hf_err_info *info = hf_err_lookup((hf_err)code);
        if (info->alert != HF_ALERT_none) {
            assert_non_null(hf_alert_name(info->alert));
            assert_int_not_equal(info->alert, HF_ALERT_close_notify);
            assert_int_not_equal(info->alert, HF_ALERT_user_canceled);
        }
    }
}

static void codes_outside_the_list_are_internal(void **state)
{
    (void)state;
    static const int codes[] = {HF_E_NONE, HF_E_COUNT, HF_E_COUNT + 1, -1, 100000};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_string_equal(hf_err_lookup((hf_err)codes[i])->name, "INTERNAL");
    }
}

static void alerts_have_names_causes_and_fixes(void **state)
{
    (void)state;
    static const struct {
        unsigned alert;
        const char *name;
    } known[] = {
        {0, "close_notify"},           {10, "unexpected_message"}, {40, "handshake_failure"},
        {50, "decode_error"},          {70, "protocol_version"},   {112, "unrecognized_name"},
        {116, "certificate_required"}, {117, "general_error"},     {120, "no_application_protocol"},
        {121, "ech_required"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_string_equal(hf_alert_name(known[i].alert), known[i].name);
    }
    size_t named = 0;
    for (unsigned alert = 0; alert <= 256; alert++) {
        named += hf_alert_name(alert) != NULL;
        check_sentence("alert", "cause", hf_alert_cause(alert));
        check_sentence("alert", "fix", hf_alert_fix(alert));
    }
    assert_int_equal(named, 30);
    assert_null(hf_alert_name(HF_ALERT_none));
    assert_null(hf_alert_name(255));
}

static void the_first_error_stays(void **state)
{
    (void)state;
    hf_error e = {0};
    assert_int_equal(
        err_raise(&e, HF_E_NO_COMMON_GROUP, "client offered %s and %d more", "x448", 3), HF_FAILED);
    assert_int_equal(e.code, HF_E_NO_COMMON_GROUP);
    assert_int_equal(e.alert, HF_ALERT_handshake_failure);
    assert_string_equal(e.detail, "client offered x448 and 3 more");
    assert_int_equal(err_raise(&e, HF_E_DECODE, "later"), HF_FAILED);
    assert_int_equal(err_raise_alert(&e, 40), HF_FAILED);
    assert_int_equal(e.code, HF_E_NO_COMMON_GROUP);
    assert_string_equal(e.detail, "client offered x448 and 3 more");
}

static void a_detail_is_one_clean_line_that_fits(void **state)
{
    (void)state;
    hf_error e = {0};
    (void)err_raise(&e, HF_E_DECODE, "%s", "a\x1b[31mb\nc\td\x7f");
    assert_string_equal(e.detail, "a?[31mb?c?d?");
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    e = (hf_error){0};
    (void)err_raise(&e, HF_E_DECODE, "%s", text);
    assert_int_equal(strlen(e.detail), sizeof e.detail - 1);
    e = (hf_error){.detail = "old"};
    (void)err_raise(&e, HF_E_DECODE, NULL);
    assert_string_equal(e.detail, "");
}

static void an_alert_of_the_peer_is_named(void **state)
{
    (void)state;
    hf_error e = {0};
    assert_int_equal(err_raise_alert(&e, 48), HF_FAILED);
    assert_int_equal(e.code, HF_E_ALERT_RECEIVED);
    assert_int_equal(e.alert, HF_ALERT_unknown_ca);
    assert_string_equal(e.detail, "unknown_ca (48)");
    e = (hf_error){0};
    (void)err_raise_alert(&e, 200);
    assert_string_equal(e.detail, "unknown alert (200)");
}

static hf_status pass_on(hf_status status, int *after)
{
    TRY(status);
    (*after)++;
    return HF_OK;
}

static void try_returns_what_is_not_ok(void **state)
{
    (void)state;
    int after = 0;
    static const hf_status all[] = {HF_OK,      HF_NEED_INPUT, HF_NEED_SPACE,
                                    HF_NEED_OP, HF_CLOSED,     HF_FAILED};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(pass_on(all[i], &after), all[i]);
    }
    assert_int_equal(after, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_is_explained),
        cmocka_unit_test(every_alert_of_a_code_may_be_sent),
        cmocka_unit_test(codes_outside_the_list_are_internal),
        cmocka_unit_test(alerts_have_names_causes_and_fixes),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(a_detail_is_one_clean_line_that_fits),
        cmocka_unit_test(an_alert_of_the_peer_is_named),
        cmocka_unit_test(try_returns_what_is_not_ok),
    };
    return cmocka_run_group_tests_name("base error", tests, NULL, NULL);
}

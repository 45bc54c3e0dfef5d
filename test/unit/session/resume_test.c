#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <handfast/session.h>

static void every_reason_has_a_name_a_sentence_and_a_fix(void **unused)
{
    (void)unused;
    for (int i = HF_RESUME_NONE; i < HF_RESUME_COUNT; i++) {
        const hf_resume_reason reason = (hf_resume_reason)i;
        const char *text = hf_resume_text(reason);
        assert_true(strlen(hf_resume_name(reason)) > 3);
        assert_int_equal(text[strlen(text) - 1], '.');
        assert_int_equal(hf_resume_fix(reason)[0] == '\0', reason == HF_RESUME_NONE);
        for (int j = HF_RESUME_NONE; j < i; j++) {
            assert_string_not_equal(text, hf_resume_text((hf_resume_reason)j));
        }
    }
    assert_string_equal(hf_resume_name(HF_RESUME_KEY_RETIRED), "KEY_RETIRED");
}

static void a_number_that_is_no_reason_is_named_too(void **unused)
{
    (void)unused;
    assert_string_equal(hf_resume_name(HF_RESUME_COUNT), "unknown");
    assert_string_equal(hf_resume_text((hf_resume_reason)1000), "An unknown reason.");
    assert_string_equal(hf_resume_fix(HF_RESUME_COUNT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_name_a_sentence_and_a_fix),
        cmocka_unit_test(a_number_that_is_no_reason_is_named_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

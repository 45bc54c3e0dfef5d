/* What a server keeps for its page, and recordings put into the page: bounded, and inert. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Built without the program too, as under the sanitizers.
 * NOLINTBEGIN(bugprone-suspicious-include) */
#include "tool/gallery.c"
#include "tool/web/document.c"
/* NOLINTEND(bugprone-suspicious-include) */
#include "web/template.h"

/* The page's place is taken by these. */
const uint8_t web_before[] = {'{'};
const size_t web_before_len = sizeof web_before;
const uint8_t web_behind[] = {'}'};
const size_t web_behind_len = sizeof web_behind;

static const char head[] = "{{\"kind\":\"view\",\"lab\":false,\"recordings\":[";

static void document_is(const char *json, size_t len, const char *expected)
{
    struct text out = {0};
    document_begin(&out, DOCUMENT_VIEW, false);
    document_add(&out, (hf_span){(const uint8_t *)json, len});
    document_end(&out);
    assert_false(out.failed);
    assert_memory_equal(out.ptr, head, sizeof head - 1);
    const size_t middle = out.len - (sizeof head - 1) - 3;
    assert_int_equal(middle, strlen(expected));
    assert_memory_equal(out.ptr + sizeof head - 1, expected, middle);
    assert_string_equal(out.ptr + out.len - 3, "]}}");
    text_free(&out);
}

static void nothing_ends_the_element(void **state)
{
    (void)state;
    document_is("{\"a\":1}", 7, "{\"a\":1}");
    document_is("\"</script>\"", 11, "\"\\u003c/script>\"");
    document_is("\"<!--<\"", 7, "\"\\u003c!--\\u003c\"");
    document_is("\"\xe2\x80\xa8\xe2\x80\xa9\"", 8, "\"\\u2028\\u2029\"");
    document_is("\"\xe2\x80\xa7\xe2\x80\"", 7,
                "\"\xe2\x80\xa7\xe2\x80\""); /* others, and cut off */
}

static void recordings_stand_in_a_list(void **state)
{
    (void)state;
    struct text out = {0};
    document_begin(&out, DOCUMENT_FAILURES, true);
    document_add(&out, (hf_span){(const uint8_t *)"1", 1});
    document_add(&out, (hf_span){(const uint8_t *)"2", 1});
    document_end(&out);
    assert_string_equal(out.ptr, "{{\"kind\":\"failures\",\"lab\":true,\"recordings\":[1,2]}}");
    text_free(&out);
}

static void connections_are_recorded_within_bounds(void **state)
{
    (void)state;
    struct gallery gallery = {.lab = false};
    uint64_t now = 5 * SECOND_NS;
    for (int i = 0; i < GALLERY_PER_SECOND; i++) {
        assert_true(gallery_enter(&gallery, now));
    }
    assert_false(gallery_enter(&gallery, now + SECOND_NS - 1));
    size_t entered = GALLERY_PER_SECOND;
    for (; entered < GALLERY_RECORDED_MAX; entered++) {
        now += entered % GALLERY_PER_SECOND == 0 ? SECOND_NS : 0;
        assert_true(gallery_enter(&gallery, now));
    }
    assert_false(gallery_enter(&gallery, now + 2 * SECOND_NS));
    gallery_left(&gallery);
    assert_true(gallery_enter(&gallery, now + 3 * SECOND_NS));
    gallery_free(&gallery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_ends_the_element),
        cmocka_unit_test(recordings_stand_in_a_list),
        cmocka_unit_test(connections_are_recorded_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

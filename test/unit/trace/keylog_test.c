#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <handfast/trace.h>

#include "base/span.h"

static const uint8_t random_bytes[32] = {0x00, 0x01, 0xab, 0xcd, [31] = 0xff};

static hf_event secret_event(const char *label, hf_span secret)
{
    return (hf_event){.kind = HF_EV_SECRET,
                      .u.secret = {label, span_of(random_bytes, sizeof random_bytes), secret}};
}

static void a_line_is_as_the_rfc_has_it(void **state)
{
    (void)state;
    const hf_event event = secret_event("EXPORTER_SECRET", span_of("\x12\x34\xfe", 3));
    char line[256];
    const size_t len = hf_keylog_line(&event, line, sizeof line);
    assert_string_equal(
        line, "EXPORTER_SECRET 0001abcd000000000000000000000000000000000000000000000000000000ff "
              "1234fe\n");
    assert_int_equal(len, strlen(line));
}

static void the_longest_line_fits(void **state)
{
    (void)state;
    uint8_t secret[48];
    memset(secret, 0x77, sizeof secret);
    const hf_event event =
        secret_event("CLIENT_HANDSHAKE_TRAFFIC_SECRET", span_of(secret, sizeof secret));
    char line[256];
    assert_int_equal(hf_keylog_line(&event, line, sizeof line), 31 + 1 + 64 + 1 + 96 + 1);
}

static void too_little_room_gives_nothing(void **state)
{
    (void)state;
    const hf_event event = secret_event("EXPORTER_SECRET", span_of("\x12\x34\xfe", 3));
    char line[256];
    const size_t len = hf_keylog_line(&event, line, sizeof line);
    for (size_t cap = 0; cap <= len; cap++) {
        char *exact = malloc(cap + 1);
        assert_non_null(exact);
        exact[0] = 'x';
        char *shrunk = realloc(exact, cap == 0 ? 1 : cap);
        assert_non_null(shrunk);
        assert_int_equal(hf_keylog_line(&event, shrunk, cap), 0);
        assert_int_equal(shrunk[0], cap == 0 ? 'x' : '\0');
        free(shrunk);
    }
    char *exact = malloc(len + 1);
    assert_non_null(exact);
    assert_int_equal(hf_keylog_line(&event, exact, len + 1), len);
    assert_string_equal(exact, line);
    free(exact);
}

static void other_events_have_no_line(void **state)
{
    (void)state;
    for (int kind = 0; kind <= HF_EV_COUNT; kind++) {
        if (kind != HF_EV_SECRET) {
            const hf_event event = {.kind = (hf_event_kind)kind};
            char line[256];
            assert_int_equal(hf_keylog_line(&event, line, sizeof line), 0);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_as_the_rfc_has_it),
        cmocka_unit_test(the_longest_line_fits),
        cmocka_unit_test(too_little_room_gives_nothing),
        cmocka_unit_test(other_events_have_no_line),
    };
    return cmocka_run_group_tests_name("trace keylog", tests, NULL, NULL);
}

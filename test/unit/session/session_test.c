#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/span.h"
#include "session/session.h"

static hf_session *example(hf_span ticket, bool is_id)
{
    struct session_state state = {
        .version = HF_TLS13,
        .cipher_suite = 0x1301,
        .flags = SESSION_PEER_PROVEN,
        .issued_ms = 1790000000123,
        .lifetime_s = 7200,
        .age_add = 77,
        .max_early_data = 4096,
        .secret = {.len = 32},
        .server_name = span_str("www.example.com"),
        .alpn = span_str("h2"),
    };
    memset(state.secret.b, 0x11, 32);
    return session_new(&state, ticket, is_id, NULL);
}

static void a_session_says_what_it_holds(void **unused)
{
    (void)unused;
    char name[] = "www.example.com";
    hf_session *session = example(span_str("ticket"), false);
    assert_non_null(session);
    hf_session_info info;
    hf_session_describe(session, &info);
    assert_int_equal(info.version, HF_TLS13);
    assert_int_equal(info.cipher_suite, 0x1301);
    assert_true(info.received_ms == 1790000000123);
    assert_int_equal(info.lifetime_s, 7200);
    assert_int_equal(info.max_early_data, 4096);
    assert_true(info.verified);
    assert_true(span_eq(info.server_name, span_str(name)));
    assert_true(span_eq(info.alpn, span_str("h2")));
    assert_true(span_eq(session_ticket(session), span_str("ticket")));
    assert_int_equal(session_state_of(session)->age_add, 77);
    assert_false(session_is_id(session));
    assert_ptr_equal(hf_session_ref(session), session);
    hf_session_free(session);
    assert_true(span_eq(session_ticket(session), span_str("ticket"))); /* one reference is left */
    hf_session_free(session);
    hf_session_free(NULL);
}

static void what_is_exported_can_be_imported(void **unused)
{
    (void)unused;
    for (int is_id = 0; is_id <= 1; is_id++) {
        hf_session *session = example(span_str("a ticket"), is_id == 1);
        uint8_t bytes[HF_SESSION_EXPORT_MAX] = {0};
        hf_buf out = {bytes, sizeof bytes, 3};
        assert_int_equal(hf_session_export(session, &out), HF_OK);
        hf_session *again = hf_session_import(span_of(bytes + 3, out.pos - 3));
        assert_non_null(again);
        assert_int_equal(session_is_id(again), is_id);
        assert_true(span_eq(session_ticket(again), span_str("a ticket")));
        assert_memory_equal(&session_state_of(again)->secret, &session_state_of(session)->secret,
                            sizeof(struct secret));
        for (size_t n = 0; n < out.pos - 3; n++) {
            assert_null(hf_session_import(span_of(bytes + 3, n)));
        }
        assert_null(hf_session_import(span_of(bytes + 3, out.pos - 2)));
        hf_session_free(again);
        hf_session_free(session);
    }
}

static void an_export_without_room_leaves_nothing(void **unused)
{
    (void)unused;
    hf_session *session = example(span_str("a ticket"), false);
    uint8_t bytes[512];
    hf_buf whole = {bytes, sizeof bytes, 0};
    assert_int_equal(hf_session_export(session, &whole), HF_OK);
    for (size_t room = 0; room < whole.pos; room++) {
        memset(bytes, 0, sizeof bytes);
        hf_buf out = {bytes, room, 0};
        assert_int_equal(hf_session_export(session, &out), HF_NEED_SPACE);
        assert_int_equal(out.pos, 0);
        for (size_t i = 0; i < sizeof bytes; i++) {
            assert_int_equal(bytes[i], 0);
        }
    }
    hf_session_free(session);
}

static void what_cannot_be_a_session_is_none(void **unused)
{
    (void)unused;
    static uint8_t long_ticket[65536];
    assert_null(example(span_of(NULL, 0), false));
    assert_null(example(span_of(long_ticket, sizeof long_ticket), false));
    hf_session *longest = example(span_of(long_ticket, 65535), false);
    assert_non_null(longest);
    hf_session_free(longest);
    assert_null(hf_session_import(span_of(NULL, 0)));
}

/* A chain makes another form of export, which is read as strictly. */
static void a_chain_comes_along(void **unused)
{
    (void)unused;
    hf_session *plain = example(span_str("a ticket"), false);
    const hf_span certs[] = {span_str("leaf"), span_str("authority")};
    const struct session_chain rows[] = {
        {.cert = certs, .count = 2, .ocsp_response = span_str("ocsp"), .sct_list = span_str("sct")},
        {.cert = certs, .count = 1},
    };
    size_t bytes_len = 1;
    assert_int_equal(session_chain_count(plain, &bytes_len), 0);
    assert_int_equal(bytes_len, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct session_chain *row = &rows[i];
        hf_session *session =
            session_new(session_state_of(plain), span_str("a ticket"), false, row);
        assert_non_null(session);
        uint8_t bytes[1024];
        hf_buf out = {bytes, sizeof bytes, 0};
        assert_int_equal(hf_session_export(session, &out), HF_OK);
        for (size_t n = 0; n < out.pos; n++) {
            /* Cut between two certificates it is no chain either: the length before it says so. */
            assert_null(hf_session_import(span_of(bytes, n)));
        }
        assert_null(hf_session_import(span_of(bytes, out.pos + 1)));
        hf_session *again = hf_session_import(span_of(bytes, out.pos));
        assert_non_null(again);
        hf_session_info info;
        hf_session_describe(again, &info);
        assert_true(info.has_chain);
        assert_int_equal(session_chain_count(again, &bytes_len), row->count);
        hf_span cert[2];
        struct session_chain got;
        session_chain_of(again, cert, &got);
        assert_int_equal(got.count, row->count);
        size_t sum = got.ocsp_response.len + got.sct_list.len;
        for (size_t k = 0; k < got.count; k++) {
            assert_true(span_eq(got.cert[k], certs[k]));
            sum += certs[k].len;
        }
        assert_int_equal(bytes_len, sum);
        assert_true(span_eq(got.ocsp_response, row->ocsp_response));
        assert_true(span_eq(got.sct_list, row->sct_list));
        hf_session_free(again);
        hf_session_free(session);
    }
    hf_session_free(plain);
}

static void a_chain_that_is_too_long_does_not_fit(void **unused)
{
    (void)unused;
    static uint8_t large[65535];
    const hf_span fits = span_of(large, 65535 - 3 - 3 - 2);
    const hf_span too_long = span_of(large, 65535 - 3 - 3 - 2 + 1);
    assert_true(session_chain_fits(&(struct session_chain){.cert = &fits, .count = 1}));
    assert_false(session_chain_fits(&(struct session_chain){.cert = &too_long, .count = 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_says_what_it_holds),
        cmocka_unit_test(what_is_exported_can_be_imported),
        cmocka_unit_test(an_export_without_room_leaves_nothing),
        cmocka_unit_test(what_cannot_be_a_session_is_none),
        cmocka_unit_test(a_chain_comes_along),
        cmocka_unit_test(a_chain_that_is_too_long_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

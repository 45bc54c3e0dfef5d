#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/span.h"
#include "session/state.h"

static struct session_state example(uint8_t secret_len)
{
    struct session_state state = {
        .version = HF_TLS13,
        .cipher_suite = 0x1302,
        .flags = SESSION_PEER_PROVEN,
        .issued_ms = INT64_C(1790000000123),
        .lifetime_s = 7200,
        .age_add = 0xdeadbeef,
        .max_early_data = 16384,
        .secret = {.len = secret_len},
        .server_name = span_str("www.example.com"),
        .alpn = span_str("h2"),
    };
    for (uint8_t i = 0; i < secret_len; i++) {
        state.secret.b[i] = (uint8_t)(i + 1);
    }
    memset(state.proof.peer, 0x5a, sizeof state.proof.peer);
    memset(state.proof.trust, 0xa5, sizeof state.proof.trust);
    state.proof.until_ms = INT64_C(1790000900000);
    return state;
}

static void what_is_written_comes_back(void **unused)
{
    (void)unused;
    static const uint8_t secret_lens[] = {32, 48};
    for (size_t i = 0; i < sizeof secret_lens; i++) {
        const struct session_state in = example(secret_lens[i]);
        uint8_t bytes[SESSION_STATE_MAX];
        const size_t len = session_state_write(&in, bytes);
        assert_int_equal(len, 27 + secret_lens[i] + 1 + 15 + 1 + 2 + 32 + 16 + 8);
        struct session_state out;
        assert_true(session_state_read(span_of(bytes, len), &out));
        assert_int_equal(out.version, HF_TLS13);
        assert_int_equal(out.cipher_suite, 0x1302);
        assert_int_equal(out.flags, SESSION_PEER_PROVEN);
        assert_true(out.issued_ms == in.issued_ms);
        assert_int_equal(out.lifetime_s, 7200);
        assert_int_equal(out.age_add, 0xdeadbeef);
        assert_int_equal(out.max_early_data, 16384);
        assert_int_equal(out.secret.len, secret_lens[i]);
        assert_memory_equal(out.secret.b, in.secret.b, secret_lens[i]);
        assert_true(span_eq(out.server_name, in.server_name));
        assert_true(span_eq(out.alpn, in.alpn));
        assert_memory_equal(out.proof.peer, in.proof.peer, sizeof in.proof.peer);
        assert_memory_equal(out.proof.trust, in.proof.trust, sizeof in.proof.trust);
        assert_true(out.proof.until_ms == in.proof.until_ms);
    }
}

static void the_longest_fits_and_longer_is_refused(void **unused)
{
    (void)unused;
    uint8_t name[SESSION_NAME_MAX + 1];
    memset(name, 'n', sizeof name);
    struct session_state state = example(48);
    state.server_name = state.alpn = span_of(name, SESSION_NAME_MAX);
    uint8_t bytes[SESSION_STATE_MAX];
    assert_int_equal(session_state_write(&state, bytes), SESSION_STATE_MAX);
    state.alpn = span_of(name, sizeof name);
    assert_int_equal(session_state_write(&state, bytes), 0);
    state.alpn = span_of(NULL, 0);
    state.server_name = span_of(name, sizeof name);
    assert_int_equal(session_state_write(&state, bytes), 0);
}

static void every_truncation_and_any_tail_is_refused(void **unused)
{
    (void)unused;
    const struct session_state in = example(32);
    uint8_t bytes[SESSION_STATE_MAX] = {0};
    const size_t len = session_state_write(&in, bytes);
    for (size_t n = 0; n < len; n++) {
        struct session_state out = example(48);
        assert_false(session_state_read(span_of(bytes, n), &out));
        const struct session_state zero = {0};
        assert_memory_equal(&out.secret, &zero.secret, sizeof zero.secret);
        assert_int_equal(out.version, 0);
    }
    struct session_state out;
    assert_false(session_state_read(span_of(bytes, len + 1), &out));
}

/* Each row changes one byte of a good state to something that no version writes. */
static void what_no_one_writes_is_refused(void **unused)
{
    (void)unused;
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {
        {0, 2},     /* form */
        {5, 0x81},  /* an unknown flag */
        {6, 0x80},  /* a time before all others */
        {7, 0x01},  /* and one behind them */
        {14, 0xff}, /* a lifetime of more than seven days */
        {26, 31},   /* a secret too short for any hash */
        {26, 49},   /* and one too long */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct session_state in = example(32);
        uint8_t bytes[SESSION_STATE_MAX];
        const size_t len = session_state_write(&in, bytes);
        struct session_state out;
        assert_true(session_state_read(span_of(bytes, len), &out));
        bytes[rows[i].at] = rows[i].value;
        assert_false(session_state_read(span_of(bytes, len), &out));
    }
}

/* A session lives for seven days at most, and no longer than what stands behind it. */
static void a_lifetime_has_its_limits(void **unused)
{
    (void)unused;
    static const struct {
        uint8_t flags;
        uint32_t wished_s;
        int64_t left_ms;
        uint32_t lifetime_s;
    } rows[] = {
        {SESSION_PEER_PROVEN, 7200, INT64_C(7200000), 7200},
        {SESSION_PEER_PROVEN, 7200, INT64_C(7199999), 7199},
        {SESSION_PEER_PROVEN, 7200, 999, 0},
        {SESSION_PEER_PROVEN, 7200, 0, 0},
        {SESSION_PEER_PROVEN, 7200, -1000000, 0},
        {SESSION_PEER_PROVEN, UINT32_MAX, INT64_C(900000000000), 604800},
        {0, 7200, 0, 7200},
        {0, UINT32_MAX, 0, 604800},
        {0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct session_state state = example(32);
        state.flags = rows[i].flags;
        state.lifetime_s = rows[i].wished_s;
        state.proof.until_ms = state.issued_ms + rows[i].left_ms;
        session_state_limit(&state);
        assert_int_equal(state.lifetime_s, rows[i].lifetime_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_comes_back),
        cmocka_unit_test(the_longest_fits_and_longer_is_refused),
        cmocka_unit_test(every_truncation_and_any_tail_is_refused),
        cmocka_unit_test(what_no_one_writes_is_refused),
        cmocka_unit_test(a_lifetime_has_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

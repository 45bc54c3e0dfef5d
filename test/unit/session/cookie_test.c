#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "session/cookie.h"

static const uint8_t key[COOKIE_KEY_LEN] = "a key of thirty-two bytes, 01234";
static const int64_t now_s = 1750000000;

static struct cookie_state example(uint8_t hash_len)
{
    struct cookie_state state = {
        .cipher_suite = 0x1302, .group = 0x11ec, .issued_s = now_s, .hash_len = hash_len};
    for (size_t i = 0; i < hash_len; i++) {
        state.hello_hash[i] = (uint8_t)(i + 1);
    }
    memset(state.fixed, 0x5a, sizeof state.fixed);
    return state;
}

static size_t seal(const struct cookie_state *state, const char *address,
                   uint8_t out[COOKIE_MAX_LEN])
{
    return cookie_seal(hf_provider_default(), key, state, span_str(address), out);
}

static enum cookie_result open_at(hf_span cookie, const char *address, int64_t at_s,
                                  struct cookie_state *out)
{
    return cookie_open(hf_provider_default(), key, cookie, span_str(address), at_s, out);
}

static void what_is_sealed_comes_back(void **state)
{
    (void)state;
    static const uint8_t hash_lens[] = {32, 48};
    for (size_t i = 0; i < sizeof hash_lens; i++) {
        const struct cookie_state in = example(hash_lens[i]);
        uint8_t cookie[COOKIE_MAX_LEN];
        const size_t len = seal(&in, "192.0.2.1", cookie);
        assert_int_equal(len, 78 + hash_lens[i]);
        assert_true(len <= COOKIE_MAX_LEN);
        struct cookie_state out;
        memset(&out, 0xee, sizeof out);
        assert_int_equal(open_at(span_of(cookie, len), "192.0.2.1", now_s, &out), COOKIE_OK);
        assert_int_equal(out.cipher_suite, in.cipher_suite);
        assert_int_equal(out.group, in.group);
        assert_true(out.issued_s == in.issued_s);
        assert_int_equal(out.hash_len, in.hash_len);
        assert_memory_equal(out.hello_hash, in.hello_hash, sizeof in.hello_hash);
        assert_memory_equal(out.fixed, in.fixed, sizeof in.fixed);
    }
}

static void check_forged(hf_span cookie, const char *address)
{
    struct cookie_state out;
    memset(&out, 0xee, sizeof out);
    const struct cookie_state before = out;
    assert_int_equal(open_at(cookie, address, now_s, &out), COOKIE_FORGED);
    assert_memory_equal(&out, &before, sizeof out);
}

static void every_changed_bit_is_refused(void **state)
{
    (void)state;
    const struct cookie_state in = example(48);
    uint8_t cookie[COOKIE_MAX_LEN];
    const size_t len = seal(&in, "192.0.2.1", cookie);
    for (size_t bit = 0; bit < len * 8; bit++) {
        cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_forged(span_of(cookie, len), "192.0.2.1");
        cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    struct cookie_state out;
    assert_int_equal(open_at(span_of(cookie, len), "192.0.2.1", now_s, &out), COOKIE_OK);
}

static void every_other_length_is_refused(void **state)
{
    (void)state;
    const struct cookie_state in = example(32);
    uint8_t cookie[COOKIE_MAX_LEN + 40] = {0};
    const size_t len = seal(&in, "", cookie);
    for (size_t other = 0; other < sizeof cookie; other++) {
        if (other != len) {
            uint8_t *exact = malloc(other + 1);
            assert_non_null(exact);
            memcpy(exact, cookie, other);
            check_forged(span_of(exact, other), "");
            free(exact);
        }
    }
    check_forged(span_of(NULL, 0), "");
}

static void it_is_for_one_address(void **state)
{
    (void)state;
    const struct cookie_state in = example(32);
    uint8_t cookie[COOKIE_MAX_LEN];
    const size_t len = seal(&in, "192.0.2.1:4711", cookie);
    static const char *const others[] = {"", "192.0.2.1:4712", "192.0.2.1:471", "192.0.2.1:47110"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        check_forged(span_of(cookie, len), others[i]);
    }
    /* a long one and none at all are addresses too */
    char address[5000];
    memset(address, 'x', sizeof address - 1);
    address[sizeof address - 1] = '\0';
    struct cookie_state out;
    uint8_t other[COOKIE_MAX_LEN];
    assert_int_equal(open_at(span_of(other, seal(&in, address, other)), address, now_s, &out),
                     COOKIE_OK);
    assert_int_equal(open_at(span_of(other, seal(&in, "", other)), "", now_s, &out), COOKIE_OK);
}

static void it_is_under_one_key(void **state)
{
    (void)state;
    const struct cookie_state in = example(32);
    uint8_t cookie[COOKIE_MAX_LEN];
    const size_t len = seal(&in, "a", cookie);
    for (size_t bit = 0; bit < COOKIE_KEY_LEN * 8; bit++) {
        uint8_t other[COOKIE_KEY_LEN];
        memcpy(other, key, sizeof other);
        other[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct cookie_state out;
        assert_int_equal(cookie_open(hf_provider_default(), other, span_of(cookie, len),
                                     span_str("a"), now_s, &out),
                         COOKIE_FORGED);
    }
}

static void it_lives_for_a_while(void **state)
{
    (void)state;
    static const struct {
        int64_t issued_s, at_s;
        enum cookie_result want;
    } cases[] = {
        {now_s, now_s + COOKIE_LIFETIME_S, COOKIE_OK},
        {now_s, now_s + COOKIE_LIFETIME_S + 1, COOKIE_EXPIRED},
        {now_s, now_s - COOKIE_SKEW_S, COOKIE_OK},
        {now_s, now_s - COOKIE_SKEW_S - 1, COOKIE_EXPIRED},
        {INT64_MIN, INT64_MAX, COOKIE_EXPIRED},
        {INT64_MAX, INT64_MIN, COOKIE_EXPIRED},
        {INT64_MIN, INT64_MIN, COOKIE_OK},
        {-1, 1, COOKIE_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cookie_state in = example(32);
        in.issued_s = cases[i].issued_s;
        uint8_t cookie[COOKIE_MAX_LEN];
        const size_t len = seal(&in, "a", cookie);
        struct cookie_state out;
        memset(&out, 0xee, sizeof out);
        assert_int_equal(open_at(span_of(cookie, len), "a", cases[i].at_s, &out), cases[i].want);
        if (cases[i].want == COOKIE_OK) {
            assert_true(out.issued_s == cases[i].issued_s);
        } else {
            assert_int_equal(out.cipher_suite, 0xeeee);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_comes_back),
        cmocka_unit_test(every_changed_bit_is_refused),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(it_is_for_one_address),
        cmocka_unit_test(it_is_under_one_key),
        cmocka_unit_test(it_lives_for_a_while),
    };
    return cmocka_run_group_tests_name("session cookie", tests, NULL, NULL);
}

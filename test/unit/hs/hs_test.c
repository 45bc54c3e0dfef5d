/* What all machines do alike: messages out, keys in, randomness, memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/bare.h"

static void messages_out(void **state)
{
    (void)state;
    struct bare b;
    struct wr w;
    uint8_t digest[HF_HASH_MAX_LEN];
    uint8_t expected[HF_HASH_MAX_LEN];
    struct transcript by_hand;
    static const uint8_t message[] = {MSG_FINISHED, 0, 0, 3, 'a', 'b', 'c'};
    bare_open(&b, bare_config(HF_SERVER));
    transcript_start(&b.hs->transcript, b.config->provider->sha256);
    assert_int_equal(hs_begin(b.hs, MSG_FINISHED, 3, &w), HF_OK);
    wr_bytes(&w, span_of("abc", 3));
    assert_int_equal(hs_end(b.hs, &w), HF_OK);
    assert_int_equal(b.said_len, sizeof message);
    assert_memory_equal(b.said, message, sizeof message);
    assert_int_equal(b.result.sent_total, sizeof message);
    transcript_start(&by_hand, b.config->provider->sha256);
    transcript_add(&by_hand, span_of(message, sizeof message));
    transcript_value(&by_hand, expected);
    transcript_value(&b.hs->transcript, digest);
    assert_memory_equal(digest, expected, 32);
    bare_close(&b);
}

static void message_over_its_room(void **state)
{
    (void)state;
    struct bare b;
    struct wr w;
    bare_open(&b, bare_config(HF_SERVER));
    assert_int_equal(hs_begin(b.hs, MSG_FINISHED, 2, &w), HF_OK);
    wr_bytes(&w, span_of("abc", 3));
    assert_int_equal(hs_end(b.hs, &w), HF_FAILED);
    assert_int_equal(b.said_len, 0);
    assert_int_equal(bare_error(&b), HF_E_INTERNAL);
    assert_int_equal(hs_begin(b.hs, MSG_FINISHED, BARE_SAID_MAX, &w), HF_FAILED);
    assert_int_equal(bare_error(&b), HF_E_NO_MEMORY);
    bare_close(&b);
}

/* --- Keys
 * ------------------------------------------------------------------------------------------ */

/* Two messages; the first is the present one, held or dropped already. */
static void hold(struct bare *b, const char *behind)
{
    static const uint8_t first[] = {MSG_FINISHED, 0, 0, 0};
    hf_error error = {0};
    assert_int_equal(inbox_add(&b->in, span_of(first, sizeof first), 100, &error), HF_OK);
    assert_int_equal(inbox_next(&b->in, 100, &error, &b->hs->msg), HF_OK);
    if (behind != NULL) {
        assert_int_equal(inbox_add(&b->in, span_str(behind), 100, &error), HF_OK);
        assert_int_equal(inbox_next(&b->in, 100, &error, &b->hs->msg), HF_OK);
    }
    b->hs->held = true;
}

static const struct secret secret = {.len = 32, .b = {7}};

static void keys_between_messages(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    assert_int_equal(hs_install(b.hs, HF_RECEIVED, HF_LEVEL_HANDSHAKE, &secret), HF_OK);
    hold(&b, NULL);
    assert_int_equal(hs_install(b.hs, HF_RECEIVED, HF_LEVEL_APPLICATION, &secret), HF_OK);
    assert_int_equal(b.key_count, 2);
    assert_int_equal(b.key[1].direction, HF_RECEIVED);
    assert_int_equal(b.key[1].level, HF_LEVEL_APPLICATION);
    assert_int_equal(b.key[1].secret.b[0], 7);
    bare_close(&b);
}

/* RFC 9846, 5.1: messages must not span key changes, not by a byte. */
static void keys_amid_messages(void **state)
{
    (void)state;
    struct bare b;
    bare_open(&b, bare_config(HF_SERVER));
    hold(&b, "\x14");
    assert_int_equal(hs_install(b.hs, HF_RECEIVED, HF_LEVEL_APPLICATION, &secret), HF_FAILED);
    assert_int_equal(b.key_count, 0);
    assert_int_equal(b.error.alert, HF_ALERT_unexpected_message);
    assert_int_equal(bare_error(&b), HF_E_KEY_CHANGE_MID_MESSAGE);
    /* What is sent changes keys whatever has come. */
    assert_int_equal(hs_install(b.hs, HF_SENT, HF_LEVEL_APPLICATION, &secret), HF_OK);
    assert_int_equal(b.hs->write_level, HF_LEVEL_APPLICATION);
    bare_close(&b);
}

/* --- Randomness, memory
 * ------------------------------------------------------------------------------ */

static bool no_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx, (void)out, (void)len;
    return false;
}

static void randomness_fails(void **state)
{
    (void)state;
    struct bare b;
    uint8_t out[4];
    bare_open(&b, bare_config(HF_SERVER));
    b.config->random = no_random;
    assert_int_equal(hs_random(b.hs, out, sizeof out), HF_FAILED);
    assert_int_equal(bare_error(&b), HF_E_RANDOM);
    bare_close(&b);
}

/* No byte is given out twice, and all of them come from the source, in its order. */
static void randomness_is_used_once(void **state)
{
    (void)state;
    enum { TOTAL = 3000 };
    struct bare b;
    uint8_t ours[TOTAL];
    bare_open(&b, bare_config(HF_SERVER));
    for (size_t at = 0, n = 1; at < TOTAL; n = n % 97 + 1) {
        const size_t take = n < TOTAL - at ? n : TOTAL - at;
        assert_int_equal(hs_random(b.hs, ours + at, take), HF_OK);
        at += take;
    }
    /* Windows of 16 bytes do not come again. */
    for (size_t i = 0; i + 16 <= TOTAL; i++) {
        for (size_t k = i + 1; k + 16 <= TOTAL; k++) {
            assert_true(memcmp(ours + i, ours + k, 16) != 0);
        }
    }
    bare_close(&b);
}

static void arena_is_bounded(void **state)
{
    (void)state;
    struct bare b;
    size_t given = 0;
    bare_open(&b, bare_config(HF_SERVER));
    while (given < 4 << 20 && hs_alloc(b.hs, 1000) != NULL) {
        given += 1000;
    }
    assert_true(given >= 64 * 1024);
    assert_true(given < 4 << 20);
    assert_int_equal(hs_no_memory(b.hs), HF_FAILED);
    assert_int_equal(bare_error(&b), HF_E_NO_MEMORY);
    bare_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_out),       cmocka_unit_test(message_over_its_room),
        cmocka_unit_test(keys_amid_messages), cmocka_unit_test(keys_between_messages),
        cmocka_unit_test(randomness_fails),   cmocka_unit_test(randomness_is_used_once),
        cmocka_unit_test(arena_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

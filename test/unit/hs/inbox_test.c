/* Handshake bytes in pieces and the messages among them: every split, several at once, limits,
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "hs/inbox.h"

enum { LIMIT = 100 };

/* Three messages: a body of 5, an empty one, a body of 90. */
enum { STREAM_LEN = 4 + 5 + 4 + 4 + 90 };
static const size_t lengths[] = {4 + 5, 4, 4 + 90};
static const uint8_t types[] = {11, 5, 15};
static uint8_t stream[STREAM_LEN];

static int fill(void **state)
{
    (void)state;
    size_t at = 0;
    for (size_t m = 0; m < 3; m++) {
        memset(stream + at, (int)('a' + m), lengths[m]);
        stream[at] = types[m];
        stream[at + 1] = stream[at + 2] = 0;
        stream[at + 3] = (uint8_t)(lengths[m] - 4);
        at += lengths[m];
    }
    return 0;
}

static void add(struct inbox *in, size_t from, size_t to)
{
    hf_error error = {0};
    assert_int_equal(inbox_add(in, span_of(stream + from, to - from), LIMIT, &error), HF_OK);
    assert_int_equal(error.code, HF_E_NONE);
}

/* Takes what is whole, after `taken` messages; returns how many there are then. */
static size_t take(struct inbox *in, size_t taken)
{
    size_t at = 0;
    for (size_t i = 0; i < taken; i++) {
        at += lengths[i];
    }
    struct message m;
    hf_error error = {0};
    while (inbox_next(in, LIMIT, &error, &m) == HF_OK) {
        assert_true(taken < 3);
        assert_int_equal(m.type, types[taken]);
        assert_int_equal(m.raw.len, lengths[taken]);
        assert_memory_equal(m.raw.data, stream + at, m.raw.len);
        assert_ptr_equal(m.body.data, m.raw.data + 4);
        assert_int_equal(m.body.len, m.raw.len - 4);
        assert_int_equal(in->total, at);
        inbox_drop(in, &m);
        at += lengths[taken++];
    }
    assert_int_equal(error.code, HF_E_NONE);
    return taken;
}

static void every_split(void **state)
{
    (void)state;
    for (size_t first = 1; first < STREAM_LEN; first++) {
        for (size_t second = first; second <= STREAM_LEN; second++) {
            struct inbox in = {0};
            add(&in, 0, first);
            size_t taken = take(&in, 0);
            if (second > first) {
                add(&in, first, second);
                taken = take(&in, taken);
            }
            if (STREAM_LEN > second) {
                add(&in, second, STREAM_LEN);
                taken = take(&in, taken);
            }
            assert_int_equal(taken, 3);
            assert_true(inbox_is_empty(&in));
            inbox_clear(&in);
        }
    }
}

static void byte_by_byte(void **state)
{
    (void)state;
    struct inbox in = {0};
    size_t taken = 0;
    for (size_t i = 0; i < STREAM_LEN; i++) {
        add(&in, i, i + 1);
        taken = take(&in, taken);
        inbox_trim(&in);
        assert_int_equal(inbox_is_empty(&in), in.buf == NULL);
    }
    assert_int_equal(taken, 3);
    assert_null(in.buf);
    assert_int_equal(in.total, STREAM_LEN);
}

/* Short content lies in the owner's spare room, longer content does not; both read the same. */
static void spare_room(void **state)
{
    (void)state;
    uint8_t spare[INBOX_SPARE_LEN] = {0};
    static const uint8_t nothing[INBOX_SPARE_LEN];
    for (size_t first = 1; first < STREAM_LEN; first++) {
        struct inbox in = {.spare = spare, .first_cap = 80};
        add(&in, 0, first);
        size_t taken = take(&in, 0);
        add(&in, first, STREAM_LEN);
        taken = take(&in, taken);
        assert_int_equal(taken, 3);
        inbox_clear(&in);
        assert_null(in.buf);
        assert_memory_equal(spare, nothing, sizeof spare); /* wiped */
    }
    struct inbox in = {.spare = spare};
    add(&in, 0, 9);
    assert_ptr_equal(in.buf, spare);
    inbox_clear(&in);
}

/* The length is refused as soon as it is known, before memory is taken for it. */
static void limits(void **state)
{
    (void)state;
    static const struct {
        uint8_t header[4];
        bool fits;
    } cases[] = {
        {{11, 0, 0, LIMIT}, true},
        {{11, 0, 0, LIMIT + 1}, false},
        {{11, 0, 1, 0}, false},
        {{11, 0xff, 0xff, 0xff}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct inbox in = {0};
        struct message m;
        hf_error error = {0};
        assert_int_equal(inbox_add(&in, span_of(cases[i].header, 3), LIMIT, &error), HF_OK);
        const hf_status s = inbox_add(&in, span_of(cases[i].header + 3, 1), LIMIT, &error);
        assert_int_equal(s == HF_OK, cases[i].fits);
        assert_int_equal(error.code, cases[i].fits ? HF_E_NONE : HF_E_MESSAGE_TOO_LONG);
        assert_true(in.cap <= 4 + LIMIT);
        error = (hf_error){0};
        assert_int_equal(inbox_next(&in, LIMIT, &error, &m),
                         cases[i].fits ? HF_NEED_INPUT : HF_FAILED);
        inbox_clear(&in);
    }
}

/* A second message that is too long is found when the first is dropped. */
static void limit_behind_a_message(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {5, 0, 0, 0, 11, 0xff, 0, 0};
    struct inbox in = {0};
    struct message m;
    hf_error error = {0};
    assert_int_equal(inbox_add(&in, span_of(bytes, sizeof bytes), LIMIT, &error), HF_OK);
    assert_int_equal(inbox_next(&in, LIMIT, &error, &m), HF_OK);
    assert_int_equal(m.type, 5);
    inbox_drop(&in, &m);
    assert_int_equal(inbox_next(&in, LIMIT, &error, &m), HF_FAILED);
    assert_int_equal(error.code, HF_E_MESSAGE_TOO_LONG);
    inbox_clear(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(spare_room),
        cmocka_unit_test(limits),
        cmocka_unit_test(limit_behind_a_message),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}

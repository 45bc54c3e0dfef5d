/* Sealing and opening, with an AEAD that checks how it is called (support/fake_aead.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "record/record.h"
#include "support/fake_aead.h"

static const uint8_t key[FAKE_AEAD_KEY_LEN] = "0123456789abcde";
static const uint8_t iv[HF_AEAD_NONCE_LEN] = "abcdefghijk";

/* Both directions of one key, each with its context. */
struct pair {
    _Alignas(64) uint8_t seal_ctx[FAKE_AEAD_CTX_SIZE];
    _Alignas(64) uint8_t open_ctx[FAKE_AEAD_CTX_SIZE];
    struct rec_keys seal, open;
    hf_error error;
};

static struct pair *pair_new(const hf_aead *aead)
{
    struct pair *p = aligned_alloc(64, (sizeof *p + 63) / 64 * 64);
    assert_non_null(p);
    memset(p, 0, sizeof *p);
    p->seal.ctx = p->seal_ctx;
    p->open.ctx = p->open_ctx;
    assert_int_equal(rec_set_keys(&p->seal, aead, key, iv, &p->error), HF_OK);
    assert_int_equal(rec_set_keys(&p->open, &fake_aead, key, iv, &p->error), HF_OK);
    return p;
}

static void pair_free(struct pair *p)
{
    rec_clear(&p->seal);
    rec_clear(&p->open);
    free(p);
    assert_int_equal(fake_aead_live(), 0);
}

static struct rec_header header_of(const uint8_t *record, size_t len)
{
    hf_error error = {0};
    struct rec_header h;
    assert_int_equal(rec_read_header(span_of(record, len), true, false, REC_MAX_PLAIN, &error, &h),
                     HF_OK);
    assert_int_equal(h.len + REC_HEADER_LEN, len);
    return h;
}

/* Seals to exactly allocated memory. in_place: the content lies where it will be sealed. */
static uint8_t *seal(struct pair *p, uint8_t type, hf_span content, size_t padding, bool in_place,
                     size_t *len)
{
    *len = rec_sealed_len(&p->seal, content.len, padding);
    uint8_t *record = malloc(*len);
    assert_non_null(record);
    memset(record, 0xee, *len);
    struct rec_seal_args args = {type, 0x0303, content.data, content.len, padding};
    if (in_place) {
        args.src = record + REC_HEADER_LEN;
        if (content.len > 0) {
            memcpy(record + REC_HEADER_LEN, content.data, content.len);
        }
    }
    assert_int_equal(rec_seal(&p->seal, &args, record, &p->error), HF_OK);
    return record;
}

static void check_round_trip(struct pair *p, size_t len, size_t padding, bool in_place)
{
    uint8_t content[REC_MAX_PLAIN];
    for (size_t i = 0; i < len; i++) {
        content[i] = (uint8_t)(i * 7 + len);
    }
    size_t record_len;
    uint8_t *record =
        seal(p, REC_APPLICATION_DATA, span_of(content, len), padding, in_place, &record_len);
    assert_int_equal(record_len, REC_HEADER_LEN + len + 1 + padding + HF_AEAD_TAG_LEN);
    assert_int_equal(record[0], REC_APPLICATION_DATA);
    const struct rec_header h = header_of(record, record_len);
    assert_int_equal(h.version, 0x0303);
    struct rec_plain plain;
    assert_int_equal(rec_open(&p->open, record, &h, REC_MAX_PLAIN, &p->error, &plain), HF_OK);
    assert_int_equal(plain.type, REC_APPLICATION_DATA);
    assert_int_equal(plain.len, len);
    assert_ptr_equal(plain.data, record + REC_HEADER_LEN);
    assert_memory_equal(plain.data, content, len);
    assert_int_equal(plain.padding, padding);
    free(record);
}

static void what_is_sealed_opens(void **state)
{
    (void)state;
    static const size_t lens[] = {0,  1,  2,  15, 16,  17,   31,    32,
                                  33, 63, 64, 65, 255, 1000, 16383, 16384};
    static const size_t paddings[] = {0, 1, 7, 31, 32, 33, 100, 5000, 16384};
    struct pair *p = pair_new(&fake_aead);
    uint64_t count = 0;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        for (size_t k = 0; k < sizeof paddings / sizeof paddings[0]; k++) {
            if (lens[i] + paddings[k] <= REC_MAX_PLAIN) {
                check_round_trip(p, lens[i], paddings[k], false);
                check_round_trip(p, lens[i], paddings[k], true);
                count += 2;
            }
        }
    }
    assert_int_equal(p->seal.seq, count);
    assert_int_equal(p->open.seq, count);
    pair_free(p);
}

static void every_inner_type_comes_through(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead);
    static const uint8_t types[] = {1, 20, 21, 22, 23, 24, 255};
    for (size_t i = 0; i < sizeof types; i++) {
        size_t len;
        uint8_t *record = seal(p, types[i], span_str("x"), 3, false, &len);
        const struct rec_header h = header_of(record, len);
        struct rec_plain plain;
        assert_int_equal(rec_open(&p->open, record, &h, REC_MAX_PLAIN, &p->error, &plain), HF_OK);
        assert_int_equal(plain.type, types[i]);
        free(record);
    }
    pair_free(p);
}

static void every_changed_bit_is_refused(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead);
    size_t len;
    uint8_t *record = seal(p, REC_HANDSHAKE, span_str("finished"), 2, false, &len);
    uint8_t *copy = malloc(len);
    assert_non_null(copy);
    /* Bits of the type and the length would make another header; those of the version are in the
     * additional data. */
    for (size_t bit = 8; bit < len * 8; bit++) {
        if (bit / 8 == 3 || bit / 8 == 4) {
            continue;
        }
        memcpy(copy, record, len);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const struct rec_header h = header_of(copy, len);
        struct rec_plain plain;
        hf_error error = {0};
        p->open.failures = 0;
        assert_int_equal(rec_open(&p->open, copy, &h, REC_MAX_PLAIN, &error, &plain), HF_FAILED);
        assert_int_equal(error.code, HF_E_RECORD_AUTH);
        assert_int_equal(error.alert, HF_ALERT_bad_record_mac);
        assert_int_equal(p->open.seq, 0);
        assert_int_equal(p->open.failures, 1);
    }
    p->open.failures = 0;
    const struct rec_header h = header_of(record, len);
    struct rec_plain plain;
    assert_int_equal(rec_open(&p->open, record, &h, REC_MAX_PLAIN, &p->error, &plain), HF_OK);
    free(copy);
    free(record);
    pair_free(p);
}

static void records_open_in_order_only(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead);
    size_t len;
    uint8_t *first = seal(p, REC_APPLICATION_DATA, span_str("1"), 0, false, &len);
    uint8_t *second = seal(p, REC_APPLICATION_DATA, span_str("2"), 0, false, &len);
    const struct rec_header h = header_of(second, len);
    struct rec_plain plain;
    bool opened = true;
    assert_int_equal(rec_try_open(&p->open, second, &h, REC_MAX_PLAIN, &p->error, &plain, &opened),
                     HF_OK);
    assert_false(opened);
    assert_int_equal(rec_open(&p->open, first, &h, REC_MAX_PLAIN, &p->error, &plain), HF_OK);
    free(first);
    free(second);
    pair_free(p);
}

/* What must not open is no error for a server that skips early data, and does not count in the
 * sequence. */
static void a_rejected_record_can_be_skipped(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead);
    uint8_t junk[REC_HEADER_LEN + 40] = {23, 3, 3, 0, 40};
    const struct rec_header h = header_of(junk, sizeof junk);
    struct rec_plain plain;
    bool opened = true;
    assert_int_equal(rec_try_open(&p->open, junk, &h, REC_MAX_PLAIN, &p->error, &plain, &opened),
                     HF_OK);
    assert_false(opened);
    assert_int_equal(p->error.code, HF_E_NONE);
    assert_int_equal(p->open.seq, 0);
    check_round_trip(p, 10, 0, false);
    pair_free(p);
}

static void forgeries_are_limited(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead);
    struct rec_plain plain;
    bool opened;
    for (uint64_t i = 0; i < fake_aead.integrity_limit; i++) {
        uint8_t junk[REC_HEADER_LEN + 20] = {23, 3, 3, 0, 20};
        const struct rec_header h = header_of(junk, sizeof junk);
        assert_int_equal(
            rec_try_open(&p->open, junk, &h, REC_MAX_PLAIN, &p->error, &plain, &opened), HF_OK);
    }
    uint8_t junk[REC_HEADER_LEN + 20] = {23, 3, 3, 0, 20};
    const struct rec_header h = header_of(junk, sizeof junk);
    assert_int_equal(rec_try_open(&p->open, junk, &h, REC_MAX_PLAIN, &p->error, &plain, &opened),
                     HF_FAILED);
    assert_int_equal(p->error.code, HF_E_AEAD_LIMIT);
    pair_free(p);
}

/* Seals any inner plaintext, also one that rec_seal would not make. */
static void seal_inner(struct pair *p, hf_span inner, uint8_t *record)
{
    const size_t len = inner.len + HF_AEAD_TAG_LEN;
    const uint8_t header[] = {23, 3, 3, (uint8_t)(len >> 8), (uint8_t)len};
    memcpy(record, header, sizeof header);
    uint8_t nonce[HF_AEAD_NONCE_LEN];
    memcpy(nonce, iv, sizeof nonce);
    nonce[11] ^= (uint8_t)p->open.seq;
    assert_true(fake_aead.seal(p->seal_ctx, nonce, span_of(record, REC_HEADER_LEN),
                               record + REC_HEADER_LEN, inner.data, inner.len, span_of(NULL, 0)));
}

static void check_inner(size_t len, size_t type_at, uint8_t type, size_t max_plain, hf_err want)
{
    struct pair *p = pair_new(&fake_aead);
    uint8_t *inner = calloc(1, len + 1);
    uint8_t *record = malloc(REC_HEADER_LEN + len + HF_AEAD_TAG_LEN);
    assert_true(inner != NULL && record != NULL);
    if (type_at < len) {
        inner[type_at] = type;
    }
    seal_inner(p, span_of(inner, len), record);
    const struct rec_header h = {23, 0x0303, len + HF_AEAD_TAG_LEN};
    struct rec_plain plain = {0};
    const hf_status status = rec_open(&p->open, record, &h, max_plain, &p->error, &plain);
    assert_int_equal(p->error.code, want);
    assert_int_equal(status, want == HF_E_NONE ? HF_OK : HF_FAILED);
    if (want == HF_E_NONE) {
        assert_int_equal(plain.type, type);
        assert_int_equal(plain.len, type_at);
        assert_int_equal(plain.padding, len - type_at - 1);
    }
    free(inner);
    free(record);
    pair_free(p);
}

static void inner_plaintexts_are_judged(void **state)
{
    (void)state;
    check_inner(0, 0, 0, REC_MAX_PLAIN, HF_E_RECORD_NO_CONTENT_TYPE);
    check_inner(1, 0, 0, REC_MAX_PLAIN, HF_E_RECORD_NO_CONTENT_TYPE);
    check_inner(100, 0, 0, REC_MAX_PLAIN, HF_E_RECORD_NO_CONTENT_TYPE);
    check_inner(16385, 0, 0, REC_MAX_PLAIN, HF_E_RECORD_NO_CONTENT_TYPE);
    /* only application data may be empty (RFC 9846, 5.4) */
    check_inner(1, 0, REC_APPLICATION_DATA, REC_MAX_PLAIN, HF_E_NONE);
    check_inner(50, 0, REC_APPLICATION_DATA, REC_MAX_PLAIN, HF_E_NONE);
    check_inner(1, 0, REC_HANDSHAKE, REC_MAX_PLAIN, HF_E_RECORD_EMPTY);
    check_inner(50, 0, REC_ALERT, REC_MAX_PLAIN, HF_E_RECORD_EMPTY);
    /* limits count content and padding, with the type one more */
    check_inner(16385, 16384, REC_APPLICATION_DATA, REC_MAX_PLAIN, HF_E_NONE);
    check_inner(16385, 3, REC_APPLICATION_DATA, REC_MAX_PLAIN, HF_E_NONE);
    check_inner(16386, 16385, REC_APPLICATION_DATA, REC_MAX_PLAIN, HF_E_RECORD_TOO_LONG);
    check_inner(16386, 3, REC_APPLICATION_DATA, REC_MAX_PLAIN, HF_E_RECORD_TOO_LONG);
    check_inner(64, 63, REC_APPLICATION_DATA, 63, HF_E_NONE);
    check_inner(65, 64, REC_APPLICATION_DATA, 63, HF_E_RECORD_TOO_LONG);
}

static void the_type_is_found_at_every_place(void **state)
{
    (void)state;
    for (size_t at = 0; at < 130; at++) {
        check_inner(130, at, REC_APPLICATION_DATA, REC_MAX_PLAIN, HF_E_NONE);
        check_inner(at + 1, at, REC_APPLICATION_DATA, REC_MAX_PLAIN, HF_E_NONE);
    }
}

static void too_short_for_a_tag(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead);
    for (size_t len = 0; len < HF_AEAD_TAG_LEN; len++) {
        uint8_t record[REC_HEADER_LEN + HF_AEAD_TAG_LEN] = {23, 3, 3, 0, (uint8_t)len};
        const struct rec_header h = {23, 0x0303, len};
        struct rec_plain plain;
        hf_error error = {0};
        assert_int_equal(rec_open(&p->open, record, &h, REC_MAX_PLAIN, &error, &plain), HF_FAILED);
        assert_int_equal(error.code, HF_E_RECORD_SHORT);
    }
    pair_free(p);
}

static void plain_records_after_keys_are_refused(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead);
    uint8_t record[] = {22, 3, 3, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    const struct rec_header h = header_of(record, sizeof record);
    struct rec_plain plain;
    assert_int_equal(rec_open(&p->open, record, &h, REC_MAX_PLAIN, &p->error, &plain), HF_FAILED);
    assert_int_equal(p->error.code, HF_E_RECORD_PLAIN_AFTER_KEYS);
    pair_free(p);
}

static void without_keys_records_are_plain(void **state)
{
    (void)state;
    struct rec_keys keys = {0};
    hf_error error = {0};
    assert_int_equal(rec_sealed_len(&keys, 5, 0), 10);
    uint8_t record[10];
    const struct rec_seal_args args = {REC_HANDSHAKE, 0x0301, (const uint8_t *)"hello", 5, 0};
    assert_int_equal(rec_seal(&keys, &args, record, &error), HF_OK);
    assert_memory_equal(record, "\x16\x03\x01\x00\x05hello", 10);
    assert_int_equal(keys.seq, 0);
    const struct rec_header h = {REC_HANDSHAKE, 0x0301, 5};
    struct rec_plain plain;
    assert_int_equal(rec_open(&keys, record, &h, REC_MAX_PLAIN, &error, &plain), HF_OK);
    assert_int_equal(plain.type, REC_HANDSHAKE);
    assert_ptr_equal(plain.data, record + 5);
    assert_int_equal(plain.len, 5);
    const struct rec_header long_one = {REC_HANDSHAKE, 0x0303, REC_MAX_PLAIN + 1};
    assert_int_equal(rec_open(&keys, record, &long_one, REC_MAX_PLAIN, &error, &plain), HF_FAILED);
    assert_int_equal(error.code, HF_E_RECORD_TOO_LONG);
    rec_clear(&keys);
}

static void impossible_records_are_not_sealed(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead);
    struct rec_keys none = {0};
    const struct {
        struct rec_keys *keys;
        size_t len, padding;
    } cases[] = {{&p->seal, REC_MAX_PLAIN + 1, 0}, {&p->seal, 0, REC_MAX_PLAIN + 1},
                 {&p->seal, 16000, 385},           {&p->seal, SIZE_MAX, 2},
                 {&p->seal, 2, SIZE_MAX},          {&none, 1, 1},
                 {&none, REC_MAX_PLAIN + 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rec_seal_args args = {REC_APPLICATION_DATA, 0x0303, key, cases[i].len,
                                           cases[i].padding};
        uint8_t record[8];
        hf_error error = {0};
        assert_int_equal(rec_seal(cases[i].keys, &args, record, &error), HF_FAILED);
        assert_int_equal(error.code, HF_E_INTERNAL);
    }
    assert_int_equal(p->seal.seq, 0);
    pair_free(p);
}

static void the_sequence_does_not_wrap(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead);
    p->seal.seq = UINT64_MAX - 1;
    p->open.seq = UINT64_MAX - 1;
    check_round_trip(p, 3, 0, true);
    const struct rec_seal_args args = {REC_APPLICATION_DATA, 0x0303, key, 1, 0};
    uint8_t record[REC_HEADER_LEN + 18] = {23, 3, 3, 0, 18};
    hf_error error = {0};
    assert_int_equal(rec_seal(&p->seal, &args, record, &error), HF_FAILED);
    assert_int_equal(error.code, HF_E_SEQUENCE_EXHAUSTED);
    const struct rec_header h = {23, 0x0303, 18};
    struct rec_plain plain;
    hf_error open_error = {0};
    assert_int_equal(rec_open(&p->open, record, &h, REC_MAX_PLAIN, &open_error, &plain), HF_FAILED);
    assert_int_equal(open_error.code, HF_E_SEQUENCE_EXHAUSTED);
    pair_free(p);
}

static void a_failed_seal_changes_nothing(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead_unwell);
    const struct rec_seal_args args = {REC_APPLICATION_DATA, 0x0303, key, 4, 0};
    uint8_t record[REC_HEADER_LEN + 4 + 17];
    assert_int_equal(rec_seal(&p->seal, &args, record, &p->error), HF_FAILED);
    assert_int_equal(p->error.code, HF_E_CRYPTO);
    assert_int_equal(p->seal.seq, 0);
    pair_free(p);
}

static void new_keys_restart_the_sequence(void **state)
{
    (void)state;
    static const uint8_t other_key[FAKE_AEAD_KEY_LEN] = "fedcba987654321";
    struct pair *p = pair_new(&fake_aead);
    check_round_trip(p, 5, 0, false);
    assert_int_equal(rec_set_keys(&p->seal, &fake_aead, other_key, iv, &p->error), HF_OK);
    assert_int_equal(p->seal.seq, 0);
    size_t len;
    uint8_t *record = seal(p, REC_APPLICATION_DATA, span_str("new"), 0, false, &len);
    const struct rec_header h = header_of(record, len);
    assert_int_equal(rec_set_keys(&p->open, &fake_aead, other_key, iv, &p->error), HF_OK);
    struct rec_plain plain;
    assert_int_equal(rec_open(&p->open, record, &h, REC_MAX_PLAIN, &p->error, &plain), HF_OK);
    free(record);
    pair_free(p);
}

/* A direction that had keys must never speak in the clear again. */
static void failed_keys_do_not_fall_back_to_the_clear(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead);
    assert_int_equal(rec_set_keys(&p->seal, &fake_aead_broken, key, iv, &p->error), HF_FAILED);
    assert_int_equal(p->error.code, HF_E_CRYPTO);
    const struct rec_seal_args args = {REC_APPLICATION_DATA, 0x0303, (const uint8_t *)"secret", 6,
                                       0};
    uint8_t record[64];
    memset(record, 0, sizeof record);
    assert_true(rec_sealed_len(&p->seal, 6, 0) <= sizeof record);
    hf_error error = {0};
    assert_int_equal(rec_seal(&p->seal, &args, record, &error), HF_FAILED);
    assert_memory_not_equal(record + REC_HEADER_LEN, "secret", 6);
    const struct rec_header h = {23, 0x0303, 30};
    struct rec_plain plain;
    hf_error open_error = {0};
    assert_int_equal(rec_open(&p->seal, record, &h, REC_MAX_PLAIN, &open_error, &plain), HF_FAILED);
    assert_int_equal(open_error.code, HF_E_RECORD_AUTH);
    assert_int_equal(rec_set_keys(&p->seal, &fake_aead, key, iv, &(hf_error){0}), HF_OK);
    pair_free(p);
}

static void clear_wipes_all_but_the_owners_memory(void **state)
{
    (void)state;
    struct pair *p = pair_new(&fake_aead);
    check_round_trip(p, 5, 0, false);
    rec_clear(&p->seal);
    static const uint8_t zeros[FAKE_AEAD_CTX_SIZE];
    assert_ptr_equal(p->seal.ctx, p->seal_ctx);
    assert_null(p->seal.aead);
    assert_int_equal(p->seal.seq, 0);
    assert_memory_equal(p->seal.iv, zeros, sizeof p->seal.iv);
    assert_memory_equal(p->seal_ctx, zeros, sizeof zeros);
    rec_clear(&p->seal); /* again, without harm */
    pair_free(p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens),
        cmocka_unit_test(every_inner_type_comes_through),
        cmocka_unit_test(every_changed_bit_is_refused),
        cmocka_unit_test(records_open_in_order_only),
        cmocka_unit_test(a_rejected_record_can_be_skipped),
        cmocka_unit_test(forgeries_are_limited),
        cmocka_unit_test(inner_plaintexts_are_judged),
        cmocka_unit_test(the_type_is_found_at_every_place),
        cmocka_unit_test(too_short_for_a_tag),
        cmocka_unit_test(plain_records_after_keys_are_refused),
        cmocka_unit_test(without_keys_records_are_plain),
        cmocka_unit_test(impossible_records_are_not_sealed),
        cmocka_unit_test(the_sequence_does_not_wrap),
        cmocka_unit_test(a_failed_seal_changes_nothing),
        cmocka_unit_test(new_keys_restart_the_sequence),
        cmocka_unit_test(failed_keys_do_not_fall_back_to_the_clear),
        cmocka_unit_test(clear_wipes_all_but_the_owners_memory),
    };
    return cmocka_run_group_tests_name("record protect", tests, NULL, NULL);
}

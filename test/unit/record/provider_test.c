/* Records under the real AEADs: byte for byte as RFC 8448 has them, and round trips of every
 * kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "record/record.h"

/* RFC 8448, 3: the client's application data and alert. */
static const uint8_t trace_key[] = {0x17, 0x42, 0x2d, 0xda, 0x59, 0x6e, 0xd5, 0xd9,
                                    0xac, 0xd8, 0x90, 0xe3, 0xc6, 0x3f, 0x50, 0x51};
static const uint8_t trace_iv[] = {0x5b, 0x78, 0x92, 0x3d, 0xee, 0x08,
                                   0x57, 0x90, 0x33, 0xe5, 0x23, 0xd9};
static const uint8_t trace_data[] = {
    0x17, 0x03, 0x03, 0x00, 0x43, 0xa2, 0x3f, 0x70, 0x54, 0xb6, 0x2c, 0x94, 0xd0, 0xaf, 0xfa,
    0xfe, 0x82, 0x28, 0xba, 0x55, 0xcb, 0xef, 0xac, 0xea, 0x42, 0xf9, 0x14, 0xaa, 0x66, 0xbc,
    0xab, 0x3f, 0x2b, 0x98, 0x19, 0xa8, 0xa5, 0xb4, 0x6b, 0x39, 0x5b, 0xd5, 0x4a, 0x9a, 0x20,
    0x44, 0x1e, 0x2b, 0x62, 0x97, 0x4e, 0x1f, 0x5a, 0x62, 0x92, 0xa2, 0x97, 0x70, 0x14, 0xbd,
    0x1e, 0x3d, 0xea, 0xe6, 0x3a, 0xee, 0xbb, 0x21, 0x69, 0x49, 0x15, 0xe4};
static const uint8_t trace_alert[] = {0x17, 0x03, 0x03, 0x00, 0x13, 0xc9, 0x87, 0x27,
                                      0x60, 0x65, 0x56, 0x66, 0xb7, 0x4d, 0x7f, 0xf1,
                                      0x15, 0x3e, 0xfd, 0x6d, 0xb6, 0xd0, 0xb0, 0xe3};

static void keys_init(struct rec_keys *keys, const hf_aead *aead, const uint8_t *key,
                      const uint8_t *iv)
{
    const size_t size = (aead->ctx_size + (size_t)63) / 64 * 64;
    *keys = (struct rec_keys){.ctx = aligned_alloc(64, size)};
    assert_non_null(keys->ctx);
    memset(keys->ctx, 0, size);
    hf_error error = {0};
    assert_int_equal(rec_set_keys(keys, aead, key, iv, &error), HF_OK);
}

static void keys_end(struct rec_keys *keys)
{
    rec_clear(keys);
    free(keys->ctx);
}

static void records_are_those_of_the_trace(void **state)
{
    (void)state;
    struct rec_keys seal, open;
    keys_init(&seal, hf_provider_default()->aes128gcm, trace_key, trace_iv);
    keys_init(&open, hf_provider_default()->aes128gcm, trace_key, trace_iv);
    uint8_t content[50];
    for (size_t i = 0; i < sizeof content; i++) {
        content[i] = (uint8_t)i;
    }
    uint8_t record[sizeof trace_data];
    hf_error error = {0};
    const struct rec_seal_args data = {REC_APPLICATION_DATA, 0x0303, content, sizeof content, 0};
    assert_int_equal(rec_sealed_len(&seal, sizeof content, 0), sizeof trace_data);
    assert_int_equal(rec_seal(&seal, &data, record, &error), HF_OK);
    assert_memory_equal(record, trace_data, sizeof trace_data);
    const struct rec_header h = {record[0], 0x0303, sizeof trace_data - REC_HEADER_LEN};
    struct rec_plain plain;
    assert_int_equal(rec_open(&open, record, &h, REC_MAX_PLAIN, &error, &plain), HF_OK);
    assert_int_equal(plain.type, REC_APPLICATION_DATA);
    assert_int_equal(plain.len, sizeof content);
    assert_memory_equal(plain.data, content, sizeof content);

    static const uint8_t close_notify[] = {1, 0};
    const struct rec_seal_args alert = {REC_ALERT, 0x0303, close_notify, 2, 0};
    assert_int_equal(rec_seal(&seal, &alert, record, &error), HF_OK);
    assert_memory_equal(record, trace_alert, sizeof trace_alert);
    const struct rec_header h2 = {record[0], 0x0303, sizeof trace_alert - REC_HEADER_LEN};
    assert_int_equal(rec_open(&open, record, &h2, REC_MAX_PLAIN, &error, &plain), HF_OK);
    assert_int_equal(plain.type, REC_ALERT);
    keys_end(&seal);
    keys_end(&open);
}

/* Sealed beside the source and in place, the record is the same, and opens. */
static void check_one(struct rec_keys *seal, struct rec_keys *open, hf_span content, size_t padding)
{
    const size_t len = rec_sealed_len(seal, content.len, padding);
    uint8_t *beside = malloc(len);
    uint8_t *in_place = malloc(len);
    assert_true(beside != NULL && in_place != NULL);
    struct rec_seal_args args = {REC_HANDSHAKE, 0x0303, content.data, content.len, padding};
    hf_error error = {0};
    assert_int_equal(rec_seal(seal, &args, beside, &error), HF_OK);
    memcpy(in_place + REC_HEADER_LEN, content.data, content.len);
    args.src = in_place + REC_HEADER_LEN;
    seal->seq--;
    assert_int_equal(rec_seal(seal, &args, in_place, &error), HF_OK);
    assert_memory_equal(beside, in_place, len);
    const struct rec_header h = {beside[0], 0x0303, len - REC_HEADER_LEN};
    struct rec_plain plain;
    bool opened = true;
    beside[len - 1] ^= 1;
    assert_int_equal(rec_try_open(open, beside, &h, REC_MAX_PLAIN, &error, &plain, &opened), HF_OK);
    assert_false(opened);
    assert_int_equal(rec_open(open, in_place, &h, REC_MAX_PLAIN, &error, &plain), HF_OK);
    assert_int_equal(plain.type, REC_HANDSHAKE);
    assert_int_equal(plain.len, content.len);
    assert_int_equal(plain.padding, padding);
    assert_memory_equal(plain.data, content.data, content.len);
    free(beside);
    free(in_place);
}

static void every_aead_seals_and_opens_every_size(void **state)
{
    (void)state;
    const hf_provider *provider = hf_provider_default();
    const hf_aead *const aeads[] = {provider->aes128gcm, provider->aes256gcm,
                                    provider->chacha20poly1305};
    static const size_t lens[] = {1,   2,   15,  16,   17,   63,    64,   65,
                                  127, 128, 129, 1000, 4096, 16383, 16384};
    static const size_t paddings[] = {0, 1, 15, 16, 100};
    uint8_t content[REC_MAX_PLAIN];
    for (size_t i = 0; i < sizeof content; i++) {
        content[i] = (uint8_t)(i ^ i >> 8);
    }
    for (size_t a = 0; a < 3; a++) {
        uint8_t key[HF_AEAD_MAX_KEY_LEN] = {1, 2, 3, (uint8_t)a};
        struct rec_keys seal, open;
        keys_init(&seal, aeads[a], key, trace_iv);
        keys_init(&open, aeads[a], key, trace_iv);
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            for (size_t k = 0; k < sizeof paddings / sizeof paddings[0]; k++) {
                if (lens[i] + paddings[k] <= REC_MAX_PLAIN) {
                    check_one(&seal, &open, span_of(content, lens[i]), paddings[k]);
                }
            }
        }
        keys_end(&seal);
        keys_end(&open);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_those_of_the_trace),
        cmocka_unit_test(every_aead_seals_and_opens_every_size),
    };
    return cmocka_run_group_tests_name("record provider", tests, NULL, NULL);
}

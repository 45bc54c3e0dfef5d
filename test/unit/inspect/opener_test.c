/* What outsiders use to open records, against records that the engine sealed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <handfast/inspect.h>

#include "base/span.h"
#include "crypto/schedule13.h"
#include "record/record.h"

static const uint8_t traffic[48] = "forty-eight bytes of a traffic secret, or fewer";
static const uint16_t suites[] = {0x1301, 0x1302, 0x1303};

/* A record of the engine's, sealed under the first digest_len bytes of the secret. */
static size_t seal(uint16_t suite, const char *text, size_t padding, uint64_t seq, uint8_t *out)
{
    _Alignas(64) static uint8_t room[4096];
    const hf_hash *hash = hf_cipher_suite_hash(suite);
    const hf_aead *aead = hf_cipher_suite_aead(suite);
    static const struct tracer nobody = {0};
    struct secret secret = {.len = hash->digest_len};
    struct rec_keys keys = {.ctx = room};
    uint8_t key[HF_AEAD_MAX_KEY_LEN];
    uint8_t iv[HF_AEAD_NONCE_LEN];
    hf_error error = {0};
    memcpy(secret.b, traffic, hash->digest_len);
    traffic_keys(hash, &secret, aead, &nobody, key, iv);
    assert_int_equal(rec_set_keys(&keys, aead, key, iv, &error), HF_OK);
    keys.seq = seq;
    const struct rec_seal_args args = {REC_HANDSHAKE, 0x0303, (const uint8_t *)text, strlen(text),
                                       padding};
    assert_int_equal(rec_seal(&keys, &args, out, &error), HF_OK);
    const size_t len = REC_HEADER_LEN + (size_t)out[3] * 256 + out[4];
    rec_clear(&keys);
    return len;
}

static hf_opener *opener(uint16_t suite)
{
    hf_opener *o = NULL;
    const size_t len = hf_cipher_suite_hash(suite)->digest_len;
    assert_int_equal(hf_opener_new(suite, span_of(traffic, len), &o), HF_OK);
    assert_non_null(o);
    return o;
}

static void records_open_in_their_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        hf_opener *o = opener(suites[i]);
        for (uint64_t seq = 0; seq < 3; seq++) {
            uint8_t record[128];
            hf_opened got;
            const size_t len = seal(suites[i], "a message", 7, seq, record);
            assert_int_equal(hf_opener_open(o, record, len, &got), HF_OK);
            assert_int_equal(got.type, REC_HANDSHAKE);
            assert_int_equal(got.len, 9);
            assert_memory_equal(got.data, "a message", 9);
            assert_int_equal(got.padding, 7);
            assert_int_equal(got.sequence, seq);
        }
        hf_opener_free(o);
    }
}

static void others_do_not_open_and_nothing_moves(void **state)
{
    (void)state;
    uint8_t record[128];
    hf_opened got;
    hf_opener *o = opener(0x1301);
    size_t len = seal(0x1301, "later", 0, 1, record);
    assert_int_equal(hf_opener_open(o, record, len, &got), HF_FAILED);
    len = seal(0x1301, "cut", 0, 0, record);
    assert_int_equal(hf_opener_open(o, record, len - 1, &got), HF_FAILED);
    assert_int_equal(hf_opener_open(o, record, 3, &got), HF_FAILED);
    len = seal(0x1301, "first", 0, 0, record);
    assert_int_equal(hf_opener_open(o, record, len, &got), HF_OK);
    assert_int_equal(got.sequence, 0);
    hf_opener_free(o);
}

static void wrong_secrets_and_suites_are_refused(void **state)
{
    (void)state;
    hf_opener *o = NULL;
    assert_int_equal(hf_opener_new(0x1301, span_of(traffic, 31), &o), HF_FAILED);
    assert_int_equal(hf_opener_new(0x1301, span_of(NULL, 0), &o), HF_FAILED);
    assert_int_equal(hf_opener_new(0xc02f, span_of(traffic, 32), &o), HF_FAILED);
    assert_null(o);
    assert_null(hf_cipher_suite_hash(0xc013)); /* CBC */
    assert_null(hf_cipher_suite_aead(0x1304));
    const hf_opener12 cut = {0xc02f, HF_CLIENT, {traffic, 47}, {traffic, 32}, {traffic, 32}};
    assert_int_equal(hf_opener_new12(&cut, &o), HF_FAILED);
    const hf_opener12 new = {0x1301, HF_CLIENT, {traffic, 48}, {traffic, 32}, {traffic, 32}};
    assert_int_equal(hf_opener_new12(&new, &o), HF_FAILED);
    assert_null(o);
    hf_opener_free(NULL);
}

/* Both ways under one master secret, with the nonce in the record and without. */
static void records_of_tls12_open(void **state)
{
    (void)state;
    static const uint16_t olds[] = {0xc02b, 0xc030, 0xcca8, 0x009c, 0x009d};
    for (size_t i = 0; i < sizeof olds / sizeof olds[0]; i++) {
        _Alignas(64) static uint8_t room[4096];
        const hf_span random = span_of(traffic, 32);
        for (int from = HF_CLIENT; from <= HF_SERVER; from++) {
            uint8_t block[128];
            uint8_t seed[64];
            uint8_t record[128];
            hf_opener *o = NULL;
            hf_opened got;
            hf_error error = {0};
            memcpy(seed, traffic, 32);
            memcpy(seed + 32, traffic, 32);
            const size_t len = hf_key_block_len(olds[i]);
            const hf_aead *aead = hf_cipher_suite_aead(olds[i]);
            assert_in_range(len, 40, sizeof block);
            hf_prf12(hf_cipher_suite_hash(olds[i]), span_of(traffic, 48), "key expansion",
                     span_of(seed, 64), block, len);
            const size_t iv_len = len / 2 - aead->key_len;
            uint8_t iv[HF_AEAD_NONCE_LEN] = {0};
            memcpy(iv, block + 2 * aead->key_len + (size_t)from * iv_len, iv_len);
            struct rec_keys keys = {.ctx = room};
            assert_int_equal(
                rec_set_keys12(&keys, aead,
                               iv_len == 12 ? REC_FORM_12_IMPLICIT : REC_FORM_12_EXPLICIT,
                               block + (size_t)from * aead->key_len, iv, &error),
                HF_OK);
            const struct rec_seal_args args = {REC_HANDSHAKE, 0x0303, (const uint8_t *)"Finished",
                                               8, 0};
            assert_int_equal(rec_seal(&keys, &args, record, &error), HF_OK);
            rec_clear(&keys);
            const hf_opener12 by = {olds[i], (hf_role)from, {traffic, 48}, random, random};
            assert_int_equal(hf_opener_new12(&by, &o), HF_OK);
            assert_int_equal(hf_opener_open(o, record,
                                            REC_HEADER_LEN + (size_t)record[3] * 256 + record[4],
                                            &got),
                             HF_OK);
            assert_int_equal(got.type, REC_HANDSHAKE);
            assert_int_equal(got.len, 8);
            assert_memory_equal(got.data, "Finished", 8);
            hf_opener_free(o);
        }
    }
}

/* RFC 8448, 3: the server's handshake traffic key. */
static void labels_expand_as_in_the_rfc(void **state)
{
    (void)state;
    static const uint8_t secret[32] = {0xb6, 0x7b, 0x7d, 0x69, 0x0c, 0xc1, 0x6c, 0x4e,
                                       0x75, 0xe5, 0x42, 0x13, 0xcb, 0x2d, 0x37, 0xb4,
                                       0xe9, 0xc9, 0x12, 0xbc, 0xde, 0xd9, 0x10, 0x5d,
                                       0x42, 0xbe, 0xfd, 0x59, 0xd3, 0x91, 0xad, 0x38};
    static const uint8_t key[16] = {0x3f, 0xce, 0x51, 0x60, 0x09, 0xc2, 0x17, 0x27,
                                    0xd0, 0xf2, 0xe4, 0xe8, 0x6e, 0xe4, 0x03, 0xbc};
    uint8_t out[16];
    assert_true(hf_expand_label(hf_cipher_suite_hash(0x1301), span_of(secret, sizeof secret), "key",
                                span_of(NULL, 0), out, sizeof out));
    assert_memory_equal(out, key, sizeof key);
}

static void code_points_have_names(void **state)
{
    (void)state;
    assert_string_equal(hf_code_name(HF_CODES_CIPHER_SUITE, 0x1301), "TLS_AES_128_GCM_SHA256");
    assert_string_equal(hf_code_name(HF_CODES_GROUP, 4588), "X25519MLKEM768");
    assert_string_equal(hf_code_name(HF_CODES_HANDSHAKE_TITLE, 1), "ClientHello");
    assert_string_equal(hf_code_name(HF_CODES_EXTENSION, 0x1a1a), "GREASE");
    assert_string_equal(hf_code_name(HF_CODES_EXTENSION, 0xface), "unknown");
    assert_string_equal(hf_code_name(HF_CODES_EXTENSION, 65536 + 51), "unknown");
    assert_string_equal(hf_code_name(HF_CODES_CONTENT, 22), "handshake");
    for (int list = HF_CODES_CIPHER_SUITE; list <= HF_CODES_CERTIFICATE_TYPE; list++) {
        assert_non_null(hf_code_name((hf_code_list)list, 3));
    }
    assert_true(hf_code_is_grease(0xfafa));
    assert_false(hf_code_is_grease(0xfafb));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_open_in_their_order),
        cmocka_unit_test(others_do_not_open_and_nothing_moves),
        cmocka_unit_test(wrong_secrets_and_suites_are_refused),
        cmocka_unit_test(records_of_tls12_open),
        cmocka_unit_test(labels_expand_as_in_the_rfc),
        cmocka_unit_test(code_points_have_names),
    };
    return cmocka_run_group_tests_name("opener", tests, NULL, NULL);
}

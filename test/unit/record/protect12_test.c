/* Records of TLS 1.2: the bytes as RFC 5246, 6.2.3.3, RFC 5288, 3 and RFC 7905, 2 lay them out,
 * made again by libcrypto, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/span.h"
#include "record/record.h"

enum { ROOM = REC_HEADER_LEN + 8 + REC_MAX_PLAIN + HF_AEAD_TAG_LEN };

struct ends {
    struct rec_keys seal, open;
    void *memory[2];
    hf_error error;
};

static const uint8_t key[32] = "0123456789abcdef0123456789abcde";
static const uint8_t iv[HF_AEAD_NONCE_LEN] = "salt\0\0\0\0\0\0\0";
static const uint8_t long_iv[HF_AEAD_NONCE_LEN] = "twelve bytes";

static const hf_aead *aead_of(enum rec_form form)
{
    const hf_provider *p = hf_provider_default();
    return form == REC_FORM_12_EXPLICIT ? p->aes128gcm : p->chacha20poly1305;
}

static void ends_open(struct ends *e, enum rec_form form)
{
    const hf_aead *aead = aead_of(form);
    const uint8_t *used = form == REC_FORM_12_EXPLICIT ? iv : long_iv;
    memset(e, 0, sizeof *e);
    for (int i = 0; i < 2; i++) {
        e->memory[i] = aligned_alloc(64, ((size_t)aead->ctx_size + 63) / 64 * 64);
        assert_non_null(e->memory[i]);
    }
    e->seal.ctx = e->memory[0];
    e->open.ctx = e->memory[1];
    assert_int_equal(rec_set_keys12(&e->seal, aead, form, key, used, &e->error), HF_OK);
    assert_int_equal(rec_set_keys12(&e->open, aead, form, key, used, &e->error), HF_OK);
}

static void ends_close(struct ends *e)
{
    rec_clear(&e->seal);
    rec_clear(&e->open);
    free(e->memory[0]);
    free(e->memory[1]);
}

static size_t seal(struct ends *e, uint8_t type, hf_span content, uint8_t *record)
{
    const struct rec_seal_args args = {type, 0x0303, content.data, content.len, 0};
    assert_int_equal(rec_seal(&e->seal, &args, record, &e->error), HF_OK);
    return rec_sealed_len(&e->seal, content.len, 0);
}

static hf_status open_record(struct ends *e, uint8_t *record, size_t len, size_t max_plain,
                             struct rec_plain *out)
{
    struct rec_header header;
    e->error = (hf_error){0};
    hf_status s = rec_read_header(span_of(record, len), true, false, max_plain, &e->error, &header);
    if (s != HF_OK || REC_HEADER_LEN + header.len != len) {
        return HF_FAILED; /* the stream would wait, or go on elsewhere */
    }
    return rec_open(&e->open, record, &header, max_plain, &e->error, out);
}

/* The same record by libcrypto, from the formulas of the RFCs. */
static void theirs(enum rec_form form, uint64_t seq, uint8_t type, hf_span content, uint8_t *out)
{
    const bool is_explicit = form == REC_FORM_12_EXPLICIT;
    uint8_t nonce[12];
    uint8_t aad[13] = {0};
    int n = 0;
    for (size_t i = 0; i < 8; i++) {
        aad[i] = (uint8_t)(seq >> (8 * (7 - i)));
    }
    aad[8] = type, aad[9] = 3, aad[10] = 3;
    aad[11] = (uint8_t)(content.len >> 8), aad[12] = (uint8_t)content.len;
    memcpy(nonce, is_explicit ? iv : long_iv, 12);
    for (size_t i = 0; i < 8; i++) {
        nonce[4 + i] = is_explicit ? aad[i] : (uint8_t)(nonce[4 + i] ^ aad[i]);
    }
    const size_t body = content.len + (is_explicit ? 8 : 0) + 16;
    const uint8_t header[5] = {type, 3, 3, (uint8_t)(body >> 8), (uint8_t)body};
    memcpy(out, header, 5);
    uint8_t *at = out + 5;
    if (is_explicit) {
        memcpy(at, aad, 8);
        at += 8;
    }
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(ctx,
                                        is_explicit ? EVP_aes_128_gcm() : EVP_chacha20_poly1305(),
                                        NULL, key, nonce),
                     1);
    assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, aad, sizeof aad), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, at, &n, content.data, (int)content.len), 1);
    assert_int_equal(EVP_EncryptFinal_ex(ctx, at + content.len, &n), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, at + content.len), 1);
    EVP_CIPHER_CTX_free(ctx);
}

static const enum rec_form forms[] = {REC_FORM_12_EXPLICIT, REC_FORM_12_IMPLICIT};

static void as_the_formulas_say(void **state)
{
    (void)state;
    static const char text[] = "what is said, and a little more than one block of it";
    static const uint8_t types[] = {REC_ALERT, REC_HANDSHAKE, REC_APPLICATION_DATA};
    for (size_t f = 0; f < 2; f++) {
        struct ends e;
        ends_open(&e, forms[f]);
        for (uint64_t seq = 0; seq < 3; seq++) {
            uint8_t ours[200] = {0};
            uint8_t other[200] = {0};
            const hf_span content = span_of(text, sizeof text - 1 - (size_t)seq);
            const size_t len = seal(&e, types[seq], content, ours);
            theirs(forms[f], seq, types[seq], content, other);
            assert_int_equal(len, 5 + (f == 0 ? (size_t)8 : 0) + content.len + 16);
            assert_memory_equal(ours, other, len);
            struct rec_plain plain;
            assert_int_equal(open_record(&e, ours, len, REC_MAX_PLAIN, &plain), HF_OK);
            assert_int_equal(plain.type, types[seq]);
            assert_true(span_eq(span_of(plain.data, plain.len), content));
            assert_int_equal(plain.padding, 0);
        }
        ends_close(&e);
    }
}

/* The content may stand where a record of TLS 1.3 has it. */
static void sealed_in_place(void **state)
{
    (void)state;
    static uint8_t apart[ROOM];
    static uint8_t inside[ROOM];
    static uint8_t content[REC_MAX_PLAIN];
    static const size_t lens[] = {0, 1, 7, 8, 9, 1000, REC_MAX_PLAIN};
    for (size_t i = 0; i < sizeof content; i++) {
        content[i] = (uint8_t)(i * 7);
    }
    for (size_t f = 0; f < 2; f++) {
        struct ends a;
        struct ends b;
        ends_open(&a, forms[f]);
        ends_open(&b, forms[f]);
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            const size_t len = seal(&a, REC_APPLICATION_DATA, span_of(content, lens[i]), apart);
            memcpy(inside + REC_HEADER_LEN, content, lens[i]);
            (void)seal(&b, REC_APPLICATION_DATA, span_of(inside + REC_HEADER_LEN, lens[i]), inside);
            assert_memory_equal(inside, apart, len);
        }
        ends_close(&a);
        ends_close(&b);
    }
}

/* Every byte is authenticated: type, version, length, nonce, ciphertext, tag; and so is the order.
 */
static void every_byte_counts(void **state)
{
    (void)state;
    for (size_t f = 0; f < 2; f++) {
        struct ends e;
        ends_open(&e, forms[f]);
        uint8_t record[64];
        struct rec_plain plain;
        const size_t len = seal(&e, REC_APPLICATION_DATA, span_of("content", 7), record);
        for (size_t at = 0; at < len; at++) {
            uint8_t changed[64];
            memcpy(changed, record, len);
            changed[at] ^= at == 0 ? 1 : 0x10; /* 22 is another type, 7 is none */
            assert_int_equal(open_record(&e, changed, len, REC_MAX_PLAIN, &plain), HF_FAILED);
            if (at != 3 && at != 4) {
                assert_int_equal(e.error.code, HF_E_RECORD_AUTH);
            }
        }
        uint8_t second[64];
        assert_int_equal(seal(&e, REC_APPLICATION_DATA, span_of("content", 7), second), len);
        assert_int_equal(open_record(&e, second, len, REC_MAX_PLAIN, &plain), HF_FAILED);
        ends_close(&e);
    }
}

static void what_is_refused(void **state)
{
    (void)state;
    static uint8_t record[ROOM];
    static uint8_t content[101];
    for (size_t f = 0; f < 2; f++) {
        struct ends e;
        struct rec_plain plain;
        ends_open(&e, forms[f]);
        const size_t least = f == 0 ? 24 : 16;
        uint8_t tiny[5 + 24] = {REC_APPLICATION_DATA, 3, 3, 0, (uint8_t)(least - 1)};
        assert_int_equal(open_record(&e, tiny, 5 + least - 1, REC_MAX_PLAIN, &plain), HF_FAILED);
        assert_int_equal(e.error.code, HF_E_RECORD_SHORT);
        size_t len = seal(&e, REC_HANDSHAKE, span_of(content, 0), record);
        assert_int_equal(open_record(&e, record, len, REC_MAX_PLAIN, &plain), HF_FAILED);
        assert_int_equal(e.error.code, HF_E_RECORD_EMPTY);
        len = seal(&e, REC_APPLICATION_DATA, span_of(content, 0), record);
        assert_int_equal(open_record(&e, record, len, REC_MAX_PLAIN, &plain), HF_OK);
        len = seal(&e, REC_APPLICATION_DATA, span_of(content, 101), record);
        assert_int_equal(open_record(&e, record, len, 100, &plain), HF_FAILED);
        assert_int_equal(e.error.code, HF_E_RECORD_TOO_LONG);
        const struct rec_seal_args padded = {REC_APPLICATION_DATA, 0x0303, content, 10, 1};
        e.error = (hf_error){0};
        assert_int_equal(rec_seal(&e.seal, &padded, record, &e.error), HF_FAILED);
        assert_int_equal(e.error.code, HF_E_INTERNAL);
        e.seal.seq = UINT64_MAX;
        const struct rec_seal_args args = {REC_APPLICATION_DATA, 0x0303, content, 10, 0};
        e.error = (hf_error){0};
        assert_int_equal(rec_seal(&e.seal, &args, record, &e.error), HF_FAILED);
        assert_int_equal(e.error.code, HF_E_SEQUENCE_EXHAUSTED);
        ends_close(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_formulas_say),
        cmocka_unit_test(sealed_in_place),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

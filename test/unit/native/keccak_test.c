/* SHA-3 and SHAKE: published answers, then libcrypto's at every length, in every lane and
 * company. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "provider/native/keccak.h"
#include "unit/native/mlkem_impls.h"

enum {
    MESSAGE_MAX = 400, /* more than two blocks of every rate */
    OUT_MAX = 400
};

static const struct function {
    const char *name;
    enum keccak_function function;
    size_t digest_len; /* 0: any */
} functions[] = {
    {"SHAKE128", KECCAK_SHAKE128, 0},
    {"SHAKE256", KECCAK_SHAKE256, 0},
    {"SHA3-256", KECCAK_SHA3_256, 32},
    {"SHA3-512", KECCAK_SHA3_512, 64},
};

static uint8_t message[MESSAGE_MAX];

static struct keccak_job body_job(enum keccak_function function, size_t len, uint8_t *out,
                                  size_t out_len)
{
    return (struct keccak_job){
        .function = function, .body = message, .body_len = len, .out = out, .out_len = out_len};
}

static void expect_libcrypto(const struct function *f, size_t len, const uint8_t *got,
                             size_t got_len)
{
    uint8_t expected[OUT_MAX];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_non_null(ctx);
    assert_int_equal(EVP_DigestInit_ex(ctx, EVP_get_digestbyname(f->name), NULL), 1);
    assert_int_equal(EVP_DigestUpdate(ctx, message, len), 1);
    if (f->digest_len == 0) {
        assert_int_equal(EVP_DigestFinalXOF(ctx, expected, got_len), 1);
    } else {
        assert_int_equal(EVP_DigestFinal_ex(ctx, expected, NULL), 1);
    }
    EVP_MD_CTX_free(ctx);
    assert_memory_equal(got, expected, got_len);
}

/* NIST's examples for FIPS 202: of the empty message. */
static void gives_published_answers(void **state)
{
    (void)state;
    static const uint8_t expected[4][8] = {
        {0x7f, 0x9c, 0x2b, 0xa4, 0xe8, 0x8f, 0x82, 0x7d},
        {0x46, 0xb9, 0xdd, 0x2b, 0x0b, 0xa8, 0x8d, 0x13},
        {0xa7, 0xff, 0xc6, 0xf8, 0xbf, 0x1e, 0xd7, 0x66},
        {0xa6, 0x9f, 0x73, 0xcc, 0xa2, 0x3a, 0x9a, 0xc5},
    };
    for (size_t i = 0; i < 4; i++) {
        uint8_t out[64];
        const struct keccak_job job = body_job(
            functions[i].function, 0, out, functions[i].digest_len ? functions[i].digest_len : 64);
        keccak_run(keccak_permute_portable, &job, 1);
        assert_memory_equal(out, expected[i], 8);
    }
}

static void equals_libcrypto_at_every_length(void **state)
{
    (void)state;
    for (size_t f = 0; f < 4; f++) {
        for (size_t len = 0; len <= MESSAGE_MAX; len++) {
            uint8_t out[OUT_MAX + 1] = {0};
            const size_t out_len = functions[f].digest_len ? functions[f].digest_len : len + 1;
            const size_t asked = out_len < OUT_MAX ? out_len : OUT_MAX;
            const struct keccak_job job = body_job(functions[f].function, len, out, asked);
            keccak_run(keccak_permute_portable, &job, 1);
            expect_libcrypto(&functions[f], len, out, asked);
            assert_int_equal(out[asked], 0); /* not a byte more */
        }
    }
}

/* Up to seventeen jobs of different function, length and output: every lane ends at another time
 * and is filled again. */
static void equals_libcrypto_in_company(void **state)
{
    enum { JOBS = 17 };
    const struct mlkem_impl *impl = impl_or_skip(state);
    for (size_t count = 1; count <= JOBS; count++) {
        static uint8_t out[JOBS][OUT_MAX];
        struct keccak_job jobs[JOBS];
        for (size_t j = 0; j < count; j++) {
            const struct function *f = &functions[(j * 3 + count) % 4];
            jobs[j] = body_job(f->function, (j * 97 + count * 31) % MESSAGE_MAX, out[j],
                               f->digest_len ? f->digest_len : 1 + (j * 131 + count) % OUT_MAX);
        }
        keccak_run(impl->permute, jobs, count);
        for (size_t j = 0; j < count; j++) {
            expect_libcrypto(&functions[jobs[j].function], jobs[j].body_len, out[j],
                             jobs[j].out_len);
        }
    }
}

/* A head of every length before a body: the same as the two in one piece. */
static void joins_head_and_body(void **state)
{
    (void)state;
    for (size_t f = 0; f < 4; f++) {
        for (size_t head_len = 0; head_len <= KECCAK_HEAD_MAX; head_len++) {
            for (size_t len = head_len; len < MESSAGE_MAX; len += 41) {
                uint8_t out[64];
                struct keccak_job job =
                    body_job(functions[f].function, len - head_len, out,
                             functions[f].digest_len ? functions[f].digest_len : 64);
                memcpy(job.head, message, head_len);
                job.head_len = head_len;
                job.body = message + head_len;
                keccak_run(keccak_permute_portable, &job, 1);
                expect_libcrypto(&functions[f], len, out, job.out_len);
            }
        }
    }
}

/* Each set of lanes, from a state that is not zero. */
static void permutes_like_the_portable_code(void **state)
{
    const struct mlkem_impl *impl = impl_or_skip(state);
    for (unsigned lanes = 1; lanes < 16; lanes++) {
        struct keccak_state expected;
        for (size_t w = 0; w < KECCAK_WORDS * KECCAK_LANES; w++) {
            expected.words[w] = (w + 1) * 0x9e3779b97f4a7c15 * lanes;
        }
        struct keccak_state got = expected;
        keccak_permute_portable(&expected, lanes);
        impl->permute(&got, lanes);
        for (size_t w = 0; w < KECCAK_WORDS * KECCAK_LANES; w++) {
            if (lanes >> w % KECCAK_LANES & 1) {
                assert_true(got.words[w] == expected.words[w]);
            }
        }
    }
}

int main(void)
{
    for (size_t i = 0; i < MESSAGE_MAX; i++) {
        message[i] = (uint8_t)(i * 167 + (i >> 8) + 13);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_published_answers),
        cmocka_unit_test(equals_libcrypto_at_every_length),
        MLKEM_IMPL_TESTS(equals_libcrypto_in_company),
        cmocka_unit_test(joins_head_and_body),
        MLKEM_IMPL_TESTS(permutes_like_the_portable_code),
    };
    return cmocka_run_group_tests_name("keccak", tests, NULL, NULL);
}

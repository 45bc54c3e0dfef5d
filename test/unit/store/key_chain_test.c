#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "base/span.h"
#include "store/key_chain.h"

static struct key_chain example(void)
{
    struct key_chain chain = {
        .hash = hf_provider_default()->sha256, .period_s = 3600, .period = 486111};
    for (size_t i = 0; i < sizeof chain.link; i++) {
        chain.link[i] = (uint8_t)(i + 1);
    }
    return chain;
}

/* HKDF-Expand of libcrypto. */
static void expand(const uint8_t *link, const char *label, hf_span more, uint8_t *out, size_t len)
{
    uint8_t info[64];
    const size_t n = strlen(label);
    memcpy(info, label, n);
    if (more.len > 0) {
        memcpy(info + n, more.data, more.len);
    }
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    assert_non_null(ctx);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_hkdf_mode(ctx, EVP_PKEY_HKDEF_MODE_EXPAND_ONLY), 1);
    assert_int_equal(EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_hkdf_key(ctx, link, KEY_CHAIN_LINK_LEN), 1);
    assert_int_equal(EVP_PKEY_CTX_add1_hkdf_info(ctx, info, (int)(n + more.len)), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, out, &len), 1);
    EVP_PKEY_CTX_free(ctx);
}

static void a_link_gives_name_key_and_next(void **state)
{
    (void)state;
    struct key_chain chain = example();
    const struct key_chain before = chain;
    uint8_t name[HF_TICKET_NAME_LEN], key[HF_TICKET_KEY_LEN], want[32];
    key_chain_key(&chain, name, key);
    expand(before.link, "handfast ticket name", span_of(NULL, 0), want, sizeof name);
    assert_memory_equal(name, want, sizeof name);
    expand(before.link, "handfast ticket key", span_of(NULL, 0), want, sizeof key);
    assert_memory_equal(key, want, sizeof key);
    key_chain_step(&chain, span_of(NULL, 0));
    expand(before.link, "handfast ticket next", span_of(NULL, 0), want, sizeof want);
    assert_memory_equal(chain.link, want, sizeof want);
    assert_true(chain.period == before.period + 1);
    chain = before;
    key_chain_step(&chain, span_str("fresh"));
    expand(before.link, "handfast ticket next", span_str("fresh"), want, sizeof want);
    assert_memory_equal(chain.link, want, sizeof want);
}

static void text_there_and_back(void **state)
{
    (void)state;
    const struct key_chain chain = example();
    char text[HF_TICKET_SEED_MAX];
    key_chain_write(&chain, text);
    assert_string_equal(text, "handfast-seed-1 3600 486111 "
                              "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\n");
    struct key_chain back;
    assert_true(key_chain_read(chain.hash, span_str(text), &back));
    assert_memory_equal(back.link, chain.link, sizeof back.link);
    assert_int_equal(back.period_s, chain.period_s);
    assert_true(back.period == chain.period);
    (void)strcat(text, " \r\n\t");
    assert_true(key_chain_read(chain.hash, span_str(text), &back));
}

#define LINK "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"

static void other_text_is_no_seed(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "handfast-seed-1 ",
        "handfast-seed-2 3600 1 " LINK,
        "handfast-seed-1 0 1 " LINK,
        "handfast-seed-1 4294967296 1 " LINK,
        "handfast-seed-1 -1 1 " LINK,
        "handfast-seed-1 3600 -1 " LINK,
        "handfast-seed-1 3600  1 " LINK,
        "handfast-seed-1 3600 277777778 " LINK, /* beyond any date */
        "handfast-seed-1 1 9999999999999999999 " LINK,
        "handfast-seed-1 3600 " LINK,
        "handfast-seed-1 3600 1 " LINK "00",
        "handfast-seed-1 3600 1 0102030405060708090A0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
        "handfast-seed-1 3600 1 0102030405060708090g0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
        " handfast-seed-1 3600 1 " LINK,
    };
    const hf_hash *hash = hf_provider_default()->sha256;
    struct key_chain chain;
    memset(&chain, 0x5a, sizeof chain);
    const struct key_chain before = chain;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(key_chain_read(hash, span_str(wrong[i]), &chain));
        assert_memory_equal(&chain, &before, sizeof chain);
    }
    const char *right = "handfast-seed-1 3600 1 " LINK;
    assert_true(key_chain_read(hash, span_str(right), &chain));
    for (size_t len = 0; len < strlen(right); len++) {
        char *exact = malloc(len + 1);
        assert_non_null(exact);
        memcpy(exact, right, len);
        assert_false(key_chain_read(hash, span_of(exact, len), &chain));
        free(exact);
    }
    uint8_t nul[128] = {0};
    memcpy(nul, right, strlen(right));
    assert_false(key_chain_read(hash, span_of(nul, strlen(right) + 1), &chain));
}

static void periods(void **state)
{
    (void)state;
    assert_true(key_chain_period_at(10, 0) == 0);
    assert_true(key_chain_period_at(10, 9999) == 0);
    assert_true(key_chain_period_at(10, 10000) == 1);
    assert_true(key_chain_start_ms(10, 1) == 10000);
    assert_true(key_chain_period_at(10, -5) == 0);
    /* a clock that is out of its mind overflows nothing */
    assert_true(key_chain_start_ms(1, key_chain_period_at(1, INT64_MAX) + 2) > 0);
    assert_true(key_chain_start_ms(UINT32_MAX, key_chain_period_at(UINT32_MAX, INT64_MAX) + 2) > 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_gives_name_key_and_next),
        cmocka_unit_test(text_there_and_back),
        cmocka_unit_test(other_text_is_no_seed),
        cmocka_unit_test(periods),
    };
    return cmocka_run_group_tests_name("ticket key chain", tests, NULL, NULL);
}

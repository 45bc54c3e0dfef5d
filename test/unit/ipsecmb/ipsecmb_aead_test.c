/* The AEADs of libipsec-mb, reached through the default provider: the room may be absent from
 * the build, or the processor may lack the instructions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "provider/libcrypto/libcrypto.h"
#include "support/aead_battery.h"
#include "support/skip.h"

static void for_each(void (*battery)(const hf_aead *aead, const char *evp_name))
{
    const hf_provider *provider = hf_provider_default();
    if (provider->aes128gcm == &lc_aes128gcm) {
        test_skip("libipsec-mb is not in this build, or not for this processor");
    }
    battery(provider->aes128gcm, "AES-128-GCM");
    battery(provider->aes256gcm, "AES-256-GCM");
    battery(provider->chacha20poly1305, "ChaCha20-Poly1305");
}

static void test_sizes(void **state)
{
    (void)state;
    for_each(aead_battery_sizes);
}

static void test_forgeries(void **state)
{
    (void)state;
    for_each(aead_battery_forgeries);
}

static void test_contexts(void **state)
{
    (void)state;
    for_each(aead_battery_contexts);
}

static void check_wiped(const hf_aead *aead, const char *evp_name)
{
    static _Alignas(64) uint8_t ctx[4096];
    (void)evp_name;
    const uint8_t key[HF_AEAD_MAX_KEY_LEN] = {7};
    assert_true(aead->ctx_size <= sizeof ctx);
    assert_true(aead->init(ctx, key));
    aead->clear(ctx);
    for (size_t i = 0; i < aead->ctx_size; i++) {
        assert_int_equal(ctx[i], 0);
    }
}

static void test_descriptors(void **state)
{
    (void)state;
    for_each(aead_battery_descriptor);
    /* What the library's header says of its own structure. */
    assert_int_equal(hf_provider_default()->aes128gcm->ctx_align, 64);
    assert_int_equal(hf_provider_default()->aes256gcm->ctx_align, 64);
    for_each(check_wiped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_forgeries),
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

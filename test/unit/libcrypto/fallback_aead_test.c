/* The fallback AEADs over libcrypto. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "provider/libcrypto/libcrypto.h"
#include "support/aead_battery.h"

static const struct {
    const hf_aead *aead;
    const char *evp_name;
} aeads[] = {
    {&lc_aes128gcm, "AES-128-GCM"},
    {&lc_aes256gcm, "AES-256-GCM"},
    {&lc_chacha20poly1305, "ChaCha20-Poly1305"},
};

static void for_each(void (*battery)(const hf_aead *aead, const char *evp_name))
{
    for (size_t i = 0; i < sizeof aeads / sizeof aeads[0]; i++) {
        battery(aeads[i].aead, aeads[i].evp_name);
    }
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

static void test_descriptors(void **state)
{
    (void)state;
    for_each(aead_battery_descriptor);
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

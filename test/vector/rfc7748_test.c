/* X25519 by the values of RFC 7748: the functions of section 5.2, one and a thousand times over,
 * and the exchange of section 6.1. They stand here so that they are always looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <handfast/crypto.h>

#include "support/hex.h"

enum { LEN = 32, X25519 = 0x001d };

static bool random_of_key(void *ctx, uint8_t *out, size_t len)
{
    assert_int_equal(len, LEN);
    memcpy(out, ctx, len);
    return true;
}

/* X25519(key, u) by the group's two operations: the share is the key times the base point. */
static void multiply(const uint8_t key[LEN], const uint8_t u[LEN], uint8_t share[LEN],
                     uint8_t out[LEN])
{
    const hf_group *group = hf_provider_group(hf_provider_default(), X25519);
    uint8_t copy[LEN];
    assert_non_null(group);
    memcpy(copy, key, LEN);
    assert_true(group->encap(random_of_key, copy, u, LEN, share, out));
}

static void functions(void **state)
{
    (void)state;
    static const char *const values[][3] = {
        {"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
         "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
         "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
        {"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
         "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
         "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const struct hex key = hex(values[i][0]);
        const struct hex u = hex(values[i][1]);
        const struct hex expected = hex(values[i][2]);
        uint8_t share[LEN];
        uint8_t out[LEN];
        multiply(key.bytes, u.bytes, share, out);
        assert_memory_equal(out, expected.bytes, LEN);
    }
}

static void iterated(void **state)
{
    (void)state;
    const struct hex once = hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    const struct hex often =
        hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
    uint8_t k[LEN] = {9};
    uint8_t u[LEN] = {9};
    for (int i = 1; i <= 1000; i++) {
        uint8_t share[LEN];
        uint8_t out[LEN];
        multiply(k, u, share, out);
        memcpy(u, k, LEN);
        memcpy(k, out, LEN);
        if (i == 1) {
            assert_memory_equal(k, once.bytes, LEN);
        }
    }
    assert_memory_equal(k, often.bytes, LEN);
}

static void exchange(void **state)
{
    (void)state;
    const struct hex alice =
        hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    const struct hex alice_share =
        hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    const struct hex bob = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    const struct hex bob_share =
        hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    const struct hex both = hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    uint8_t share[LEN];
    uint8_t out[LEN];
    multiply(alice.bytes, bob_share.bytes, share, out);
    assert_memory_equal(share, alice_share.bytes, LEN);
    assert_memory_equal(out, both.bytes, LEN);
    multiply(bob.bytes, alice_share.bytes, share, out);
    assert_memory_equal(share, bob_share.bytes, LEN);
    assert_memory_equal(out, both.bytes, LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions),
        cmocka_unit_test(iterated),
        cmocka_unit_test(exchange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

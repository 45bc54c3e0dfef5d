/* Wycheproof's key agreement vectors: the private key is what our random source gives, so that
 * encap meets the vector's peer with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <handfast/crypto.h>

#include "support/skip.h"
#include "support/wycheproof.h"

/* The random source: the last bytes of a private key, with zeros before them when it is short. */
static bool random_of_key(void *ctx, uint8_t *out, size_t len)
{
    const hf_span *key = ctx;
    memset(out, 0, len);
    const size_t n = key->len < len ? key->len : len;
    memcpy(out + len - n, key->data + key->len - n, n);
    return true;
}

static bool is_zero(hf_span bytes)
{
    uint8_t any = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        any |= bytes.data[i];
    }
    return any == 0;
}

/* Whether TLS takes this peer: what Wycheproof leaves open, RFC 9846 decides. */
static bool is_taken(const hf_group *group, const json_t *test, hf_span shared)
{
    if (wycheproof_has_flag(test, "CompressedPoint") ||
        wycheproof_has_flag(test, "CompressedPublic")) {
        return false; /* RFC 9846, 4.3.8.2: legacy_form is 4 */
    }
    if (wycheproof_expected(test) == WYCHEPROOF_INVALID) {
        return false;
    }
    /* RFC 9846, 7.4.2; an x-coordinate of zero on the NIST curves is like any other. */
    return group->id != 0x001d || !is_zero(shared);
}

static void run_one(void *arg, const json_t *json_group, const json_t *test)
{
    (void)json_group;
    const hf_group *group = arg;
    hf_span peer = wycheproof_bytes(test, "public");
    hf_span key = wycheproof_bytes(test, "private");
    hf_span shared = wycheproof_bytes(test, "shared");
    uint8_t share[HF_GROUP_MAX_SHARE_LEN];
    uint8_t secret[HF_GROUP_MAX_SECRET_LEN] = {0};
    const bool done = group->encap(random_of_key, &key, peer.data, peer.len, share, secret);
    if (done != is_taken(group, test, shared)) {
        fail_msg("tcId %lld: %s", wycheproof_id(test), done ? "taken" : "refused");
    }
    if (done) {
        assert_int_equal(shared.len, group->secret_len);
        assert_memory_equal(secret, shared.data, shared.len);
    } else {
        assert_true(is_zero((hf_span){secret, sizeof secret}));
    }
    wycheproof_free(peer);
    wycheproof_free(key);
    wycheproof_free(shared);
}

static void run_file(const char *name, uint16_t group_id)
{
    struct wycheproof *file = wycheproof_open(name);
    if (file == NULL) {
        test_skip("no vectors: set HF_VECTORS");
    }
    const hf_group *group = hf_provider_group(hf_provider_default(), group_id);
    assert_non_null(group);
    assert_int_equal(wycheproof_each(file, run_one, (void *)(uintptr_t)group),
                     wycheproof_count(file));
    wycheproof_close(file);
}

static void test_x25519(void **state)
{
    (void)state;
    run_file("x25519_test.json", 0x001d);
}

static void test_secp256r1(void **state)
{
    (void)state;
    run_file("ecdh_secp256r1_ecpoint_test.json", 0x0017);
}

static void test_secp384r1(void **state)
{
    (void)state;
    run_file("ecdh_secp384r1_ecpoint_test.json", 0x0018);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_x25519),
        cmocka_unit_test(test_secp256r1),
        cmocka_unit_test(test_secp384r1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

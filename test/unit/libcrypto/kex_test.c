/* The key exchange groups: agreement with each other and with EVP, determinism, refused shares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "provider/libcrypto/libcrypto.h"

/* A random source that is told what to say. */
struct script {
    const uint8_t *bytes;
    size_t len, at;
    unsigned calls;
};

static bool scripted(void *ctx, uint8_t *out, size_t len)
{
    struct script *script = ctx;
    script->calls++;
    if (script->len - script->at < len) {
        return false;
    }
    memcpy(out, script->bytes + script->at, len);
    script->at += len;
    return true;
}

static bool no_random(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return false;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

/* Exactly private_size bytes, aligned as the interface says, so that sanitizers see a step too far.
 */
static void *new_private(const hf_group *group)
{
    void *priv = NULL;
    assert_int_equal(posix_memalign(&priv, 64, group->private_size), 0);
    return priv;
}

static void test_list(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t id, client_len, server_len, secret_len;
    } rows[] = {
        {"X25519MLKEM768", 0x11ec, 1216, 1120, 64}, {"x25519", 0x001d, 32, 32, 32},
        {"secp256r1", 0x0017, 65, 65, 32},          {"secp384r1", 0x0018, 97, 97, 48},
        {"secp521r1", 0x0019, 133, 133, 66},        {"ffdhe2048", 0x0100, 256, 256, 256},
        {"ffdhe3072", 0x0101, 384, 384, 384},       {"ffdhe4096", 0x0102, 512, 512, 512},
    };
    const hf_provider *provider = hf_provider_default();
    size_t count = 0;
    for (; provider->groups[count] != NULL; count++) {
        const hf_group *group = provider->groups[count];
        assert_true(count < sizeof rows / sizeof rows[0]);
        assert_string_equal(group->name, rows[count].name);
        assert_int_equal(group->id, rows[count].id);
        assert_int_equal(group->client_share_len, rows[count].client_len);
        assert_int_equal(group->server_share_len, rows[count].server_len);
        assert_int_equal(group->secret_len, rows[count].secret_len);
        assert_int_equal(group->post_quantum, group->id == 0x11ec);
        assert_true(group->client_share_len <= HF_GROUP_MAX_SHARE_LEN);
        assert_true(group->server_share_len <= HF_GROUP_MAX_SHARE_LEN);
        assert_true(group->secret_len <= HF_GROUP_MAX_SECRET_LEN);
        assert_ptr_equal(hf_provider_group(provider, group->id), group);
    }
    assert_int_equal(count, sizeof rows / sizeof rows[0]);
    assert_null(hf_provider_group(provider, 0x001e)); /* x448 */
    assert_null(hf_provider_group(provider, 0));
}

static void check_round_trip(const hf_group *group)
{
    const hf_provider *provider = hf_provider_default();
    uint8_t client[HF_GROUP_MAX_SHARE_LEN];
    uint8_t server[HF_GROUP_MAX_SHARE_LEN];
    uint8_t ours[HF_GROUP_MAX_SECRET_LEN];
    uint8_t theirs[HF_GROUP_MAX_SECRET_LEN];
    void *priv = new_private(group);
    assert_true(group->generate(provider->random, NULL, priv, client));
    assert_true(
        group->encap(provider->random, NULL, client, group->client_share_len, server, theirs));
    assert_true(group->decap(priv, server, group->server_share_len, ours));
    assert_memory_equal(ours, theirs, group->secret_len);
    /* decap leaves the private state as it was: a second answer to it can be read too. */
    assert_true(
        group->encap(provider->random, NULL, client, group->client_share_len, server, theirs));
    assert_true(group->decap(priv, server, group->server_share_len, ours));
    assert_memory_equal(ours, theirs, group->secret_len);
    group->clear(priv);
    assert_true(is_zero(priv, group->private_size));
    free(priv);
}

static void test_round_trips(void **state)
{
    (void)state;
    for (const hf_group *const *group = hf_provider_default()->groups; *group != NULL; group++) {
        check_round_trip(*group);
    }
}

static void check_deterministic(const hf_group *group)
{
    uint8_t bytes[256];
    uint8_t first[HF_GROUP_MAX_SHARE_LEN];
    uint8_t second[HF_GROUP_MAX_SHARE_LEN];
    uint8_t server[2][HF_GROUP_MAX_SHARE_LEN];
    uint8_t secret[2][HF_GROUP_MAX_SECRET_LEN];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i + 1);
    }
    void *priv = new_private(group);
    struct script script = {.bytes = bytes, .len = sizeof bytes};
    assert_true(group->generate(scripted, &script, priv, first));
    group->clear(priv);
    script = (struct script){.bytes = bytes, .len = sizeof bytes};
    assert_true(group->generate(scripted, &script, priv, second));
    assert_memory_equal(first, second, group->client_share_len);
    for (size_t i = 0; i < 2; i++) {
        script = (struct script){.bytes = bytes, .len = sizeof bytes};
        assert_true(
            group->encap(scripted, &script, first, group->client_share_len, server[i], secret[i]));
    }
    assert_memory_equal(server[0], server[1], group->server_share_len);
    assert_memory_equal(secret[0], secret[1], group->secret_len);
    group->clear(priv);
    free(priv);
}

static void test_deterministic(void **state)
{
    (void)state;
    for (const hf_group *const *group = hf_provider_default()->groups; *group != NULL; group++) {
        check_deterministic(*group);
    }
}

/* The hybrid draws ML-KEM's bytes first, so that recorded runs replay. */
static void test_hybrid_draws(void **state)
{
    (void)state;
    const hf_group *group = &lc_x25519mlkem768_group;
    uint8_t bytes[96];
    uint8_t client[1216];
    uint8_t server[1120];
    uint8_t secret[64];
    uint8_t public_key[32];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(200 - i);
    }
    void *priv = new_private(group);
    struct script script = {.bytes = bytes, .len = sizeof bytes};
    assert_true(group->generate(scripted, &script, priv, client));
    assert_int_equal(script.at, 96);
    struct script tail = {.bytes = bytes + 64, .len = 32};
    uint8_t scalar[64];
    assert_true(lc_x25519_group.generate(scripted, &tail, scalar, public_key));
    assert_memory_equal(client + 1184, public_key, 32);
    script = (struct script){.bytes = bytes, .len = sizeof bytes};
    assert_true(group->encap(scripted, &script, client, sizeof client, server, secret));
    assert_int_equal(script.at, 64);
    tail = (struct script){.bytes = bytes + 32, .len = 32};
    assert_true(lc_x25519_group.generate(scripted, &tail, scalar, public_key));
    assert_memory_equal(server + 1088, public_key, 32);
    group->clear(priv);
    free(priv);
}

/* RFC 8448, 3: both ephemeral keys and what they make. */
static void test_rfc8448(void **state)
{
    (void)state;
    static const uint8_t client_key[] = {0x49, 0xaf, 0x42, 0xba, 0x7f, 0x79, 0x94, 0x85,
                                         0x2d, 0x71, 0x3e, 0xf2, 0x78, 0x4b, 0xcb, 0xca,
                                         0xa7, 0x91, 0x1d, 0xe2, 0x6a, 0xdc, 0x56, 0x42,
                                         0xcb, 0x63, 0x45, 0x40, 0xe7, 0xea, 0x50, 0x05};
    static const uint8_t client_share[] = {0x99, 0x38, 0x1d, 0xe5, 0x60, 0xe4, 0xbd, 0x43,
                                           0xd2, 0x3d, 0x8e, 0x43, 0x5a, 0x7d, 0xba, 0xfe,
                                           0xb3, 0xc0, 0x6e, 0x51, 0xc1, 0x3c, 0xae, 0x4d,
                                           0x54, 0x13, 0x69, 0x1e, 0x52, 0x9a, 0xaf, 0x2c};
    static const uint8_t server_key[] = {0xb1, 0x58, 0x0e, 0xea, 0xdf, 0x6d, 0xd5, 0x89,
                                         0xb8, 0xef, 0x4f, 0x2d, 0x56, 0x52, 0x57, 0x8c,
                                         0xc8, 0x10, 0xe9, 0x98, 0x01, 0x91, 0xec, 0x8d,
                                         0x05, 0x83, 0x08, 0xce, 0xa2, 0x16, 0xa2, 0x1e};
    static const uint8_t server_share[] = {0xc9, 0x82, 0x88, 0x76, 0x11, 0x20, 0x95, 0xfe,
                                           0x66, 0x76, 0x2b, 0xdb, 0xf7, 0xc6, 0x72, 0xe1,
                                           0x56, 0xd6, 0xcc, 0x25, 0x3b, 0x83, 0x3d, 0xf1,
                                           0xdd, 0x69, 0xb1, 0xb0, 0x4e, 0x75, 0x1f, 0x0f};
    static const uint8_t shared[] = {0x8b, 0xd4, 0x05, 0x4f, 0xb5, 0x5b, 0x9d, 0x63,
                                     0xfd, 0xfb, 0xac, 0xf9, 0xf0, 0x4b, 0x9f, 0x0d,
                                     0x35, 0xe6, 0xd6, 0x3f, 0x53, 0x75, 0x63, 0xef,
                                     0xd4, 0x62, 0x72, 0x90, 0x0f, 0x89, 0x49, 0x2d};
    const hf_group *group = &lc_x25519_group;
    uint8_t priv[64];
    uint8_t share[32];
    uint8_t secret[32];
    struct script script = {.bytes = client_key, .len = 32};
    assert_true(group->generate(scripted, &script, priv, share));
    assert_memory_equal(share, client_share, 32);
    assert_true(group->decap(priv, server_share, 32, secret));
    assert_memory_equal(secret, shared, 32);
    script = (struct script){.bytes = server_key, .len = 32};
    assert_true(group->encap(scripted, &script, client_share, 32, share, secret));
    assert_memory_equal(share, server_share, 32);
    assert_memory_equal(secret, shared, 32);
    group->clear(priv);
}

/* A scalar of zero, and one not below the order, are drawn again; a source that never gives a good
 * one, or none at all, ends it. */
static void test_rejection(void **state)
{
    (void)state;
    const hf_group *group = &lc_secp256r1_group;
    uint8_t bytes[32 * 3];
    uint8_t bad[32 * 64];
    uint8_t priv[64];
    uint8_t share[65];
    uint8_t expected[65];
    memset(bytes, 0, 32);
    memset(bytes + 32, 0xff, 32);
    memset(bytes + 64, 0x5a, 32);
    struct script good = {.bytes = bytes + 64, .len = 32};
    assert_true(group->generate(scripted, &good, priv, expected));
    struct script script = {.bytes = bytes, .len = sizeof bytes};
    assert_true(group->generate(scripted, &script, priv, share));
    assert_int_equal(script.calls, 3);
    assert_memory_equal(share, expected, sizeof share);
    memset(bad, 0xff, sizeof bad);
    script = (struct script){.bytes = bad, .len = sizeof bad};
    assert_false(group->generate(scripted, &script, priv, share));
    assert_true(is_zero(priv, 32));
}

static void test_no_random(void **state)
{
    (void)state;
    const hf_provider *provider = hf_provider_default();
    for (const hf_group *const *at = provider->groups; *at != NULL; at++) {
        const hf_group *group = *at;
        uint8_t client[HF_GROUP_MAX_SHARE_LEN];
        uint8_t share[HF_GROUP_MAX_SHARE_LEN] = {0};
        uint8_t secret[HF_GROUP_MAX_SECRET_LEN] = {0};
        void *priv = new_private(group);
        assert_true(group->generate(provider->random, NULL, priv, client));
        group->clear(priv);
        assert_false(group->generate(no_random, NULL, priv, share));
        assert_true(is_zero(share, sizeof share));
        group->clear(priv);
        assert_false(group->encap(no_random, NULL, client, group->client_share_len, share, secret));
        assert_true(is_zero(share, sizeof share));
        assert_true(is_zero(secret, sizeof secret));
        free(priv);
    }
}

/* Both directions refuse this share and leave nothing behind. */
static void check_refused(const hf_group *group, const uint8_t *share, size_t len)
{
    const hf_provider *provider = hf_provider_default();
    uint8_t own[HF_GROUP_MAX_SHARE_LEN] = {0};
    uint8_t secret[HF_GROUP_MAX_SECRET_LEN] = {0};
    void *priv = new_private(group);
    assert_false(group->encap(provider->random, NULL, share, len, own, secret));
    assert_true(is_zero(own, sizeof own));
    assert_true(is_zero(secret, sizeof secret));
    assert_true(group->generate(provider->random, NULL, priv, own));
    assert_false(group->decap(priv, share, len, secret));
    assert_true(is_zero(secret, sizeof secret));
    group->clear(priv);
    free(priv);
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_wrong_lengths(void **state)
{
    (void)state;
    const hf_provider *provider = hf_provider_default();
    for (const hf_group *const *at = provider->groups; *at != NULL; at++) {
        const hf_group *group = *at;
        uint8_t share[HF_GROUP_MAX_SHARE_LEN + 1] = {0};
        uint8_t server[HF_GROUP_MAX_SHARE_LEN + 1] = {0};
        uint8_t secret[HF_GROUP_MAX_SECRET_LEN] = {0};
        void *priv = new_private(group);
        assert_true(group->generate(provider->random, NULL, priv, share));
        check_refused(group, share, 0);
        check_refused(group, share, 1);
        assert_false(group->encap(provider->random, NULL, share, group->client_share_len - 1U,
                                  server, secret));
        assert_false(group->encap(provider->random, NULL, share, group->client_share_len + 1U,
                                  server, secret));
        assert_true(
            group->encap(provider->random, NULL, share, group->client_share_len, server, secret));
        memset(secret, 0, sizeof secret);
        assert_false(group->decap(priv, server, group->server_share_len - 1U, secret));
        assert_false(group->decap(priv, server, group->server_share_len + 1U, secret));
        assert_true(is_zero(secret, sizeof secret));
        group->clear(priv);
        free(priv);
    }
}

/* The points of small order (RFC 7748, 6.1 asks for the check of the result): all give zero. */
static void test_x25519_small_order(void **state)
{
    (void)state;
    static const uint8_t points[][32] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
         0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
         0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
         0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
         0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    };
    const hf_provider *provider = hf_provider_default();
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        check_refused(&lc_x25519_group, points[i], 32);
        /* And as half of a hybrid share whose other half is good. */
        const hf_group *hybrid = &lc_x25519mlkem768_group;
        uint8_t client[1216];
        uint8_t server[1120];
        uint8_t secret[64] = {0};
        void *priv = new_private(hybrid);
        assert_true(hybrid->generate(provider->random, NULL, priv, client));
        assert_true(hybrid->encap(provider->random, NULL, client, sizeof client, server, secret));
        memcpy(server + 1088, points[i], 32);
        memset(secret, 0, sizeof secret);
        assert_false(hybrid->decap(priv, server, sizeof server, secret));
        assert_true(is_zero(secret, sizeof secret));
        memcpy(client + 1184, points[i], 32);
        check_refused(hybrid, client, sizeof client);
        hybrid->clear(priv);
        free(priv);
    }
}

/* FIPS 203, 7.2: a coefficient of the key that is not below q = 3329. */
static void test_hybrid_modulus(void **state)
{
    (void)state;
    const hf_provider *provider = hf_provider_default();
    const hf_group *group = &lc_x25519mlkem768_group;
    uint8_t client[1216];
    uint8_t server[1120] = {0};
    uint8_t secret[64] = {0};
    void *priv = new_private(group);
    assert_true(group->generate(provider->random, NULL, priv, client));
    client[0] = 0x01; /* 3329 = 0xd01 in the low 12 bits */
    client[1] = (uint8_t)((client[1] & 0xf0) | 0x0d);
    assert_false(group->encap(provider->random, NULL, client, sizeof client, server, secret));
    assert_true(is_zero(server, sizeof server));
    assert_true(is_zero(secret, sizeof secret));
    group->clear(priv);
    free(priv);
}

static void check_curve_refusals(const hf_group *group)
{
    const size_t field = group->secret_len;
    uint8_t share[HF_GROUP_MAX_SHARE_LEN];
    uint8_t bad[HF_GROUP_MAX_SHARE_LEN];
    void *priv = new_private(group);
    assert_true(group->generate(lc_random, NULL, priv, share));
    static const uint8_t forms[] = {0x00, 0x02, 0x03, 0x05, 0x06, 0x07, 0xff};
    for (size_t i = 0; i < sizeof forms; i++) {
        memcpy(bad, share, sizeof bad);
        bad[0] = forms[i];
        check_refused(group, bad, group->client_share_len);
    }
    /* Compressed, at its own length. */
    memcpy(bad, share, sizeof bad);
    bad[0] = (uint8_t)(0x02 | (share[2 * field] & 1));
    check_refused(group, bad, 1 + field);
    /* Off the curve. */
    memcpy(bad, share, sizeof bad);
    bad[2 * field] ^= 1;
    check_refused(group, bad, group->client_share_len);
    /* Coordinates not below the prime, and the point (0, 0). */
    memset(bad, 0xff, sizeof bad);
    bad[0] = 0x04;
    check_refused(group, bad, group->client_share_len);
    memset(bad + 1, 0, sizeof bad - 1);
    check_refused(group, bad, group->client_share_len);
    group->clear(priv);
    free(priv);
}

static void test_curve_refusals(void **state)
{
    (void)state;
    check_curve_refusals(&lc_secp256r1_group);
    check_curve_refusals(&lc_secp384r1_group);
    check_curve_refusals(&lc_secp521r1_group);
}

/* e = 1 + 1/1! + 1/2! + ..., times 2^bits, rounded down. */
static BIGNUM *scaled_e(int bits)
{
    enum { GUARD = 64 };
    BIGNUM *term = BN_new();
    BIGNUM *sum = BN_new();
    assert_int_equal(BN_set_bit(term, bits + GUARD), 1);
    for (BN_ULONG k = 1; !BN_is_zero(term); k++) {
        assert_int_equal(BN_add(sum, sum, term), 1);
        assert_true(BN_div_word(term, k) != (BN_ULONG)-1);
    }
    assert_int_equal(BN_rshift(sum, sum, GUARD), 1);
    BN_free(term);
    return sum;
}

/* The prime of RFC 7919, appendix A: 2^b - 2^(b-64) + (floor(2^(b-130) e) + x) 2^64 - 1. */
static BIGNUM *ffdhe_prime(int bits, BN_ULONG x)
{
    BIGNUM *prime = BN_new();
    BIGNUM *power = BN_new();
    BIGNUM *middle = scaled_e(bits - 130);
    assert_int_equal(BN_add_word(middle, x), 1);
    assert_int_equal(BN_lshift(middle, middle, 64), 1);
    assert_int_equal(BN_set_bit(prime, bits), 1);
    assert_int_equal(BN_set_bit(power, bits - 64), 1);
    assert_int_equal(BN_sub(prime, prime, power), 1);
    assert_int_equal(BN_add(prime, prime, middle), 1);
    assert_int_equal(BN_sub_word(prime, 1), 1);
    BN_free(middle);
    BN_free(power);
    return prime;
}

static void check_ffdhe_range(const hf_group *group, BN_ULONG x)
{
    const int len = group->client_share_len;
    uint8_t share[HF_GROUP_MAX_SHARE_LEN] = {0};
    uint8_t own[HF_GROUP_MAX_SHARE_LEN];
    uint8_t secret[HF_GROUP_MAX_SECRET_LEN];
    BIGNUM *number = ffdhe_prime(8 * len, x);
    check_refused(group, share, (size_t)len); /* 0 */
    share[len - 1] = 1;
    check_refused(group, share, (size_t)len);
    share[len - 1] = 2;
    assert_true(group->encap(lc_random, NULL, share, (size_t)len, own, secret));
    /* p-2 is taken; p-1, p, p+1 and the largest number are not. */
    assert_int_equal(BN_sub_word(number, 2), 1);
    assert_int_equal(BN_bn2binpad(number, share, len), len);
    assert_true(group->encap(lc_random, NULL, share, (size_t)len, own, secret));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(BN_add_word(number, 1), 1);
        assert_int_equal(BN_bn2binpad(number, share, len), len);
        check_refused(group, share, (size_t)len);
    }
    memset(share, 0xff, sizeof share);
    check_refused(group, share, (size_t)len);
    BN_free(number);
}

static void test_ffdhe_range(void **state)
{
    (void)state;
    check_ffdhe_range(&lc_ffdhe2048_group, 560316);
    check_ffdhe_range(&lc_ffdhe3072_group, 2625351);
    check_ffdhe_range(&lc_ffdhe4096_group, 5736041);
}

/* One exchange with EVP as the client. */
static void check_with_evp(const hf_group *group, const char *algorithm, const char *evp_group)
{
    char name[32];
    uint8_t client[HF_GROUP_MAX_SHARE_LEN];
    uint8_t server[HF_GROUP_MAX_SHARE_LEN];
    uint8_t ours[HF_GROUP_MAX_SECRET_LEN];
    uint8_t theirs[HF_GROUP_MAX_SECRET_LEN];
    size_t client_len = 0;
    size_t secret_len = sizeof theirs;
    assert_true(strlen(evp_group) < sizeof name);
    memcpy(name, evp_group, strlen(evp_group) + 1);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
        OSSL_PARAM_construct_end()};
    EVP_PKEY *key = NULL;
    EVP_PKEY *peer = EVP_PKEY_new();
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, algorithm, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(make), 1);
    assert_int_equal(EVP_PKEY_CTX_set_params(make, params), 1);
    assert_int_equal(EVP_PKEY_keygen(make, &key), 1);
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                                     client, sizeof client, &client_len),
                     1);
    assert_int_equal(client_len, group->client_share_len);
    assert_true(group->encap(lc_random, NULL, client, client_len, server, ours));
    assert_int_equal(EVP_PKEY_copy_parameters(peer, key), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, server, group->server_share_len), 1);
    EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_derive_init(derive), 1);
    if (strcmp(algorithm, "DH") == 0) {
        unsigned pad = 1; /* RFC 9846, 7.4.1 keeps leading zeros */
        const OSSL_PARAM padded[] = {OSSL_PARAM_construct_uint(OSSL_EXCHANGE_PARAM_PAD, &pad),
                                     OSSL_PARAM_construct_end()};
        assert_int_equal(EVP_PKEY_CTX_set_params(derive, padded), 1);
    }
    assert_int_equal(EVP_PKEY_derive_set_peer(derive, peer), 1);
    assert_int_equal(EVP_PKEY_derive(derive, theirs, &secret_len), 1);
    assert_int_equal(secret_len, group->secret_len);
    assert_memory_equal(ours, theirs, secret_len);
    EVP_PKEY_CTX_free(derive);
    EVP_PKEY_CTX_free(make);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(key);
}

static void test_agrees_with_evp(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        check_with_evp(&lc_secp256r1_group, "EC", "P-256");
        check_with_evp(&lc_secp384r1_group, "EC", "P-384");
        check_with_evp(&lc_secp521r1_group, "EC", "P-521");
        check_with_evp(&lc_ffdhe2048_group, "DH", "ffdhe2048");
        check_with_evp(&lc_ffdhe3072_group, "DH", "ffdhe3072");
        check_with_evp(&lc_ffdhe4096_group, "DH", "ffdhe4096");
    }
}

/* One secret in 256 begins with a zero byte; it must keep it. */
static void test_ffdhe_leading_zero(void **state)
{
    (void)state;
    const hf_group *group = &lc_ffdhe2048_group;
    uint8_t share[256];
    uint8_t own[256];
    uint8_t secret[256];
    uint8_t again[256];
    uint8_t bytes[29] = {0};
    bool found = false;
    void *priv = new_private(group);
    struct script script = {.bytes = bytes, .len = sizeof bytes};
    assert_true(group->generate(scripted, &script, priv, share));
    for (unsigned i = 1; i < 4000 && !found; i++) {
        bytes[28] = (uint8_t)i;
        bytes[27] = (uint8_t)(i >> 8);
        script = (struct script){.bytes = bytes, .len = sizeof bytes};
        assert_true(group->encap(scripted, &script, share, sizeof share, own, secret));
        found = secret[0] == 0;
    }
    assert_true(found);
    assert_true(group->decap(priv, own, sizeof own, again));
    assert_memory_equal(secret, again, sizeof secret);
    group->clear(priv);
    free(priv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_hybrid_draws),
        cmocka_unit_test(test_rfc8448),
        cmocka_unit_test(test_rejection),
        cmocka_unit_test(test_no_random),
        cmocka_unit_test(test_wrong_lengths),
        cmocka_unit_test(test_x25519_small_order),
        cmocka_unit_test(test_hybrid_modulus),
        cmocka_unit_test(test_curve_refusals),
        cmocka_unit_test(test_ffdhe_range),
        cmocka_unit_test(test_agrees_with_evp),
        cmocka_unit_test(test_ffdhe_leading_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* MemorySanitizer sees what it is there for: bytes that were never written, where our code decides
 * on them and where they go into the provider. Each is read in a child process, whose end is the
 * report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <handfast/crypto.h>

#include "base/secret.h"

enum {
    REPORTED = 77, /* MemorySanitizer's exit code */
    LEN = 64,
    NEVER_WRITTEN = 40
};

static volatile uint8_t sink;

/* All of LEN bytes are written but one. */
static uint8_t *almost_written(void)
{
    uint8_t *bytes = malloc(LEN);
    assert_non_null(bytes);
    memset(bytes, 7, NEVER_WRITTEN);
    memset(bytes + NEVER_WRITTEN + 1, 7, LEN - NEVER_WRITTEN - 1);
    return bytes;
}

static void branch_on(uint8_t *bytes)
{
    if (bytes[NEVER_WRITTEN] == 3) {
        sink = 1;
    }
}

static void compare(uint8_t *bytes)
{
    const uint8_t other[LEN] = {7};
    if (hf_ct_equal(bytes, other, LEN)) {
        sink = 1;
    }
}

static void hash(uint8_t *bytes)
{
    hf_hash_ctx ctx;
    const hf_hash *sha256 = hf_provider_default()->sha256;
    sha256->init(&ctx);
    sha256->update(&ctx, bytes, LEN);
}

static void hash_without_init(uint8_t *bytes)
{
    hf_hash_ctx *ctx = malloc(sizeof *ctx);
    hf_provider_default()->sha256->update(ctx, bytes, 1);
    free(ctx);
}

static void key(uint8_t *bytes)
{
    const hf_aead *aead = hf_provider_default()->aes256gcm;
    void *ctx = aligned_alloc(64, 4096);
    (void)aead->init(ctx, bytes + LEN - 32);
    aead->clear(ctx);
    free(ctx);
}

static void seal(uint8_t *bytes)
{
    static const uint8_t zero[32];
    const hf_aead *aead = hf_provider_default()->aes256gcm;
    void *ctx = aligned_alloc(64, 4096);
    uint8_t sealed[LEN + HF_AEAD_TAG_LEN];
    if (aead->init(ctx, zero)) {
        (void)aead->seal(ctx, zero, (hf_span){NULL, 0}, sealed, bytes, LEN, (hf_span){NULL, 0});
    }
    aead->clear(ctx);
    free(ctx);
}

static void share(uint8_t *bytes)
{
    const hf_provider *p = hf_provider_default();
    uint8_t mine[32];
    uint8_t secret[32];
    (void)hf_provider_group(p, 0x001d)->encap(p->random, NULL, bytes + LEN - 32, 32, mine, secret);
}

/* Whether the child ended with a report. */
static bool is_reported(void (*read_it)(uint8_t *), bool is_written)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(STDERR_FILENO);
        uint8_t *bytes = almost_written();
        if (is_written) {
            bytes[NEVER_WRITTEN] = 7;
        }
        read_it(bytes);
        free(bytes);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == REPORTED);
    return WEXITSTATUS(status) == REPORTED;
}

static void a_byte_that_was_never_written_is_reported(void **state)
{
    (void)state;
    void (*const readers[])(uint8_t *) = {branch_on, compare, hash, key, seal, share};
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        assert_true(is_reported(readers[i], false));
        assert_false(is_reported(readers[i], true));
    }
}

static void a_context_without_init_is_reported(void **state)
{
    (void)state;
    assert_true(is_reported(hash_without_init, true));
}

/* What comes out of the provider may be looked at. */
static void outputs_are_written(void **state)
{
    (void)state;
    const hf_provider *p = hf_provider_default();
    const hf_group *group = hf_provider_group(p, 0x001d);
    uint8_t mine[32];
    uint8_t theirs[32];
    uint8_t secrets[2][32];
    void *priv = aligned_alloc(64, (group->private_size + 63U) / 64 * 64);
    assert_non_null(priv);
    assert_true(group->generate(p->random, NULL, priv, mine));
    assert_true(group->encap(p->random, NULL, mine, sizeof mine, theirs, secrets[0]));
    assert_true(group->decap(priv, theirs, sizeof theirs, secrets[1]));
    assert_true(hf_ct_equal(secrets[0], secrets[1], 32));
    group->clear(priv);
    free(priv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_that_was_never_written_is_reported),
        cmocka_unit_test(a_context_without_init_is_reported),
        cmocka_unit_test(outputs_are_written),
    };
    return cmocka_run_group_tests_name("shadow", tests, NULL, NULL);
}

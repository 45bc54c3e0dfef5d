/* Nothing secret decides a branch or an address in ML-KEM-768.
 *
 * Runs under valgrind, to which secrets are declared as undefined memory: memcheck follows them
 * through every computation and reports each jump and each address that depends on one. What is
 * public by the standard is declared defined where it comes into being: rho, ek, the ciphertext.
 * The same must happen to a result before the test itself may look at it.
 *
 * The last tests leak on purpose, in a child process, and expect the report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/memcheck.h"
#include "unit/native/mlkem_impls.h"

enum {
    DK_EK_AT = 1152,
    DK_Z_AT = MLKEM768_SECRET_LEN - 32,
    LEAKED = 42,       /* exit code of a child that saw a report */
    VALGRIND_EXIT = 99 /* what the runner's --error-exitcode makes of it */
};

struct pair {
    uint8_t ek[MLKEM768_PUBLIC_LEN];
    uint8_t dk[MLKEM768_SECRET_LEN];
};

static const struct mlkem_impl *begin(void **state)
{
    if (!RUNNING_ON_VALGRIND) {
        test_skip("not under valgrind");
    }
    return impl_or_skip(state);
}

static void hide(void *p, size_t len)
{
    VALGRIND_MAKE_MEM_UNDEFINED(p, len);
}

static void show(void *p, size_t len)
{
    VALGRIND_MAKE_MEM_DEFINED(p, len);
}

/* A key pair from a secret seed; everything is shown again at the end. */
static void make_pair(const struct mlkem_impl *impl, struct pair *pair)
{
    uint8_t seed[MLKEM768_SEED_LEN];
    uint8_t rho_sigma[64];
    memset(seed, 0x5a, sizeof seed);
    hide(seed, sizeof seed);
    mlkem768_seed_expand(impl, seed, rho_sigma);
    show(rho_sigma, 32);
    mlkem768_keypair_derive(impl, rho_sigma, seed + 32, pair->ek, pair->dk);
    show(pair, sizeof *pair);
}

static void key_generation_hides_its_seed(void **state)
{
    const struct mlkem_impl *impl = begin(state);
    const unsigned before = VALGRIND_COUNT_ERRORS;
    struct pair pair;
    make_pair(impl, &pair);
    assert_int_equal(VALGRIND_COUNT_ERRORS, before);
}

static void encapsulation_hides_its_message(void **state)
{
    const struct mlkem_impl *impl = begin(state);
    const unsigned before = VALGRIND_COUNT_ERRORS;
    struct pair pair;
    make_pair(impl, &pair);
    uint8_t m[MLKEM768_MESSAGE_LEN] = {1, 2, 3};
    uint8_t ct[MLKEM768_CIPHERTEXT_LEN];
    uint8_t ss[MLKEM768_SHARED_LEN];
    hide(m, sizeof m);
    assert_true(mlkem768_encaps_with(impl, pair.ek, m, ct, ss));
    assert_int_equal(VALGRIND_COUNT_ERRORS, before);
}

/* The ciphertext is right in the first turn and wrong in the second, and the same must be seen
 * of both. */
static void decapsulation_hides_key_and_verdict(void **state)
{
    const struct mlkem_impl *impl = begin(state);
    const unsigned before = VALGRIND_COUNT_ERRORS;
    struct pair pair;
    make_pair(impl, &pair);
    const uint8_t m[MLKEM768_MESSAGE_LEN] = {4, 5, 6};
    uint8_t ct[MLKEM768_CIPHERTEXT_LEN];
    uint8_t ss[MLKEM768_SHARED_LEN];
    assert_true(mlkem768_encaps_with(impl, pair.ek, m, ct, ss));
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        uint8_t got[MLKEM768_SHARED_LEN];
        ct[1000] ^= (uint8_t)wrong;
        hide(pair.dk, DK_EK_AT);
        hide(pair.dk + DK_Z_AT, 32);
        assert_true(mlkem768_decaps_with(impl, pair.dk, ct, got));
        show(pair.dk, sizeof pair.dk);
        show(got, sizeof got);
        assert_int_equal(memcmp(got, ss, sizeof got) == 0, wrong == 0);
    }
    assert_int_equal(VALGRIND_COUNT_ERRORS, before);
}

/* Runs leak in a child and asks whether valgrind has seen it there: its report must not reach
 * ours. */
static void expect_report(void (*leak)(const struct mlkem_impl *), const struct mlkem_impl *impl)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const unsigned before = VALGRIND_COUNT_ERRORS;
        leak(impl);
        _exit(VALGRIND_COUNT_ERRORS > before ? LEAKED : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == LEAKED || WEXITSTATUS(status) == VALGRIND_EXIT);
}

static volatile uint8_t sink;

static void leak_by_branch(const struct mlkem_impl *impl)
{
    (void)impl;
    uint8_t secret = 1;
    hide(&secret, sizeof secret);
    if (secret & 1) {
        sink = 1;
    }
}

static void leak_by_address(const struct mlkem_impl *impl)
{
    (void)impl;
    static const uint8_t table[256] = {7};
    uint8_t secret = 1;
    hide(&secret, sizeof secret);
    sink = table[secret];
}

/* Rejection sampling is right for the matrix, and would be wrong for anything else. */
static void leak_by_rejection(const struct mlkem_impl *impl)
{
    uint8_t stream[MLKEM_STREAM_LEN] = {0};
    struct mlkem_poly p;
    hide(stream, sizeof stream);
    (void)impl->sample_uniform(&p, stream, sizeof stream);
}

/* A public key that depends on a secret and is checked like one from the network. */
static void leak_by_modulus_check(const struct mlkem_impl *impl)
{
    uint8_t ek[MLKEM768_PUBLIC_LEN] = {0};
    uint8_t m[MLKEM768_MESSAGE_LEN] = {0};
    uint8_t ct[MLKEM768_CIPHERTEXT_LEN];
    uint8_t ss[MLKEM768_SHARED_LEN];
    hide(ek, 1152);
    (void)mlkem768_encaps_with(impl, ek, m, ct, ss);
}

static void leaks_are_reported(void **state)
{
    const struct mlkem_impl *impl = begin(state);
    expect_report(leak_by_branch, impl);
    expect_report(leak_by_address, impl);
    expect_report(leak_by_rejection, impl);
    expect_report(leak_by_modulus_check, impl);
}

/* Valgrind does not know AVX-512 and says that the processor has not got it. */
#define CT_TESTS(f)                                                                                \
    {"portable: " #f, (f), NULL, NULL, &impl_index[0]},                                            \
    {                                                                                              \
        "AVX2: " #f, (f), NULL, NULL, &impl_index[1]                                               \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CT_TESTS(key_generation_hides_its_seed),
        CT_TESTS(encapsulation_hides_its_message),
        CT_TESTS(decapsulation_hides_key_and_verdict),
        CT_TESTS(leaks_are_reported),
    };
    return cmocka_run_group_tests_name("mlkem768_ct", tests, NULL, NULL);
}

/* Several hundred generated chains, each judged by us and by libcrypto at its strictest: what we
 * accept and it refuses would be a find. The smoke form of fuzz/verify_fuzz.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/x509_vfy.h>

#include "support/differ.h"

enum { CHAINS = 600, CHOICES = 64 };

/* The same in every run: a find can be looked at again. Keys and signatures differ. */
static uint8_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint8_t)(*state >> 56);
}

static void test_generated(void **state)
{
    (void)state;
    size_t counts[DIFFER_COUNT] = {0};
    bool rules[HF_RULE_COUNT] = {false};
    uint64_t seed = 20;
    for (size_t i = 0; i < CHAINS; i++) {
        uint8_t choices[CHOICES];
        for (size_t k = 0; k < CHOICES; k++) {
            choices[k] = next(&seed);
        }
        struct differ_report report;
        differ_run(choices, sizeof choices, &report);
        counts[report.outcome]++;
        rules[report.rule] = true;
        if (report.outcome == DIFFER_FIND) {
            const hf_rule_info *info = hf_rule_lookup(report.rule);
            print_message("chain %zu: %s\n  ours: %s %s\n  libcrypto: %s\n", i, report.made,
                          info == NULL ? "accepted" : info->name, report.sentence,
                          report.libcrypto < 0 ? "cannot read it"
                                               : X509_verify_cert_error_string(report.libcrypto));
        }
    }
    differ_end();
    print_message("both accept %zu, both refuse %zu, stricter %zu, more lenient %zu\n",
                  counts[DIFFER_BOTH_ACCEPT], counts[DIFFER_BOTH_REFUSE], counts[DIFFER_STRICTER],
                  counts[DIFFER_LENIENT]);
    assert_int_equal(counts[DIFFER_FIND], 0);
    /* The generator is worth something: many of each, and many rules. */
    assert_true(counts[DIFFER_BOTH_ACCEPT] > CHAINS / 20);
    assert_true(counts[DIFFER_LENIENT] > 0 && counts[DIFFER_STRICTER] > 0);
    size_t seen = 0;
    for (size_t i = 0; i < HF_RULE_COUNT; i++) {
        seen += rules[i];
    }
    assert_true(seen > 15);
}

/* What the fuzzer found, and was mended; each made anew a few times, because keys differ. */
static void test_finds(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t len;
        uint8_t choices[48];
    } finds[] = {
        {"a trusted leaf whose key cannot be read",
         33,
         {0x79, 0x42, 0x28, 0xf2, 0xbf, 0xbd, 0x5b, 0x5b, 0x15, 0xbf, 0x15,
          0xeb, 0xc2, 0x16, 0xdc, 0xff, 0xff, 0x08, 0xff, 0x68, 0x1b, 0xbe,
          0xfe, 0xa1, 0xd7, 0x07, 0x20, 0x54, 0x54, 0xac, 0x0e, 0x8f, 0x53}},
        {"a trusted authority of version 1 that another issued",
         21,
         {0x14, 0xcb, 0xdf, 0x0a, 0x59, 0xbe, 0x69, 0x45, 0xbf, 0xee, 0x7d,
          0x98, 0x51, 0x56, 0xa9, 0x94, 0xa3, 0xae, 0xdd, 0xd7, 0xe8}},
        {"a trusted authority with a name of an unknown kind",
         32,
         {0x8d, 0xef, 0xc9, 0x0e, 0xda, 0x1e, 0x06, 0x43, 0x84, 0x51, 0x50,
          0x47, 0x96, 0x12, 0x90, 0xac, 0xc0, 0x3a, 0x36, 0x64, 0x9c, 0xa7,
          0xaa, 0x81, 0xb4, 0x17, 0xf4, 0xc4, 0x52, 0xf8, 0x8a, 0x42}},
        {"a wildcard over a name that is excluded", 21, {0xed, 0xff, 0xd2, 0x0c, 0xef, 0xff, 0xf7,
                                                         0x14, 0x8c, 0x18, 0xc0, 0x92, 0x2e, 0xe3,
                                                         0xf1, 0xe1, 0xf1, 0xe9, 0xe3, 0x46, 0xfd}},
    };
    for (size_t i = 0; i < sizeof finds / sizeof finds[0]; i++) {
        for (int turn = 0; turn < 3; turn++) {
            struct differ_report report;
            differ_run(finds[i].choices, finds[i].len, &report);
            differ_end();
            if (report.outcome == DIFFER_FIND) {
                fail_msg("%s: %s; ours: %s; libcrypto: %d", finds[i].what, report.made,
                         report.sentence, report.libcrypto);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generated),
        cmocka_unit_test(test_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Names that only look like names: found by judging generated chains beside libcrypto. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/x509/judge.h"
#include "x509/dn.h"

/* A Name of one attribute, whose value is v. */
static bool takes(uint8_t tag, const char *v, uint8_t len)
{
    uint8_t name[32] = {0x30, (uint8_t)(11 + len),
                        0x31, (uint8_t)(9 + len),
                        0x30, (uint8_t)(7 + len),
                        0x06, 0x03,
                        0x55, 0x04,
                        0x03, tag,
                        len};
    memcpy(name + 13, v, len);
    return x5_dn_is_well_formed(span_of(name, 13U + len));
}

static void test_strings(void **state)
{
    (void)state;
    assert_true(takes(0x0c, "a\xc3\xa9", 3));
    assert_false(takes(0x0c, "a\xc3", 2));    /* cut */
    assert_false(takes(0x0c, "\xe9t", 2));    /* Latin-1 */
    assert_false(takes(0x0c, "\xc0\x80", 2)); /* not the shortest */
    assert_true(takes(0x13, "a", 1));         /* PrintableString */
    assert_true(takes(0x14, "\xe9", 1));      /* T61String */
    assert_true(takes(0x1e, "\x00\x61", 2));  /* BMPString */
    assert_false(takes(0x1e, "\x00\x61\x00", 3));
    assert_true(takes(0x1c, "\x00\x00\x00\x61", 4));
    assert_false(takes(0x1c, "\x00\x61", 2));
}

/* Every tag: those that attributes have are taken, with what they may hold. */
static void test_kinds_of_values(void **state)
{
    (void)state;
    static const uint8_t good[] = {0x0c, 0x12, 0x13, 0x14, 0x16, 0x1c, 0x1e, 0x03, 0x30};
    for (unsigned tag = 0; tag < 256; tag++) {
        /* Four bytes that are right for each of them: no unused bits, or one empty string. */
        const char *value = tag == 0x30 ? "\x0c\x02\x61\x62" : "\x00\x61\x00\x62";
        assert_int_equal(takes((uint8_t)tag, value, 4),
                         memchr(good, (int)tag, sizeof good) != NULL);
    }
    assert_true(takes(0x30, "", 0));
    assert_false(takes(0x30, "\x0c\x02\x61", 3)); /* cut */
    assert_true(takes(0x03, "\x00", 1));
    assert_false(takes(0x03, "", 0));
    assert_false(takes(0x03, "\x08\x61", 2));
    assert_false(takes(0x03, "\x01", 1)); /* unused bits of nothing */
}

static hf_rule rule_of(const char *names)
{
    struct pki_cert *root = pki_make(&(struct pki_spec){.common_name = "Root", .ca = true});
    struct pki_cert *leaf =
        pki_make(&(struct pki_spec){.issuer = root, .common_name = "leaf", .extra = names});
    const hf_verdict v = judge(&(struct judge_case){.chain = {leaf}, .anchors = {root}});
    pki_cert_free(leaf);
    pki_cert_free(root);
    return v.rule;
}

static void test_alternative_names(void **state)
{
    (void)state;
    assert_int_equal(rule_of("2.5.29.17=DER:30:03:82:01:61"), HF_RULE_NONE);
    assert_int_equal(rule_of("2.5.29.17=DER:30:03:88:01:2a"), HF_RULE_NONE);
    static const char *const bad[] = {
        "2.5.29.17=DER:30:06:82:01:61:9c:01:61", /* [28] */
        "2.5.29.17=DER:30:06:82:01:61:89:01:61", /* [9] */
        "2.5.29.17=DER:30:06:82:01:61:a2:01:61", /* a DNS name that holds others */
        "2.5.29.17=DER:30:06:82:01:61:84:01:61", /* a directory name that holds none */
        "2.5.29.17=DER:30:06:82:01:61:02:01:61", /* an INTEGER */
        "2.5.29.17=DER:30:00",
        "2.5.29.17=DER:30:80:82:01:61:00:00",
        "2.5.29.17=DER:30:04:82:81:01:61",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(rule_of(bad[i]), HF_RULE_EXTENSION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_kinds_of_values),
        cmocka_unit_test(test_alternative_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

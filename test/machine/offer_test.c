/* ClientHellos that break a rule (RFC 9846, 4.2.2, 4.3 and 9.2), one rule each: to every one the
 * server has a name and an alert. Made from the hello that a real client sends. The hello after a
 * HelloRetryRequest is in offer_second_test.c, pre-shared keys are in offer_psk_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "support/rule.h"
#include "wire/iana.h"

static struct run run;
static struct edit e;

/* The first ClientHello of this kind of run, changed. */
static void offer(enum run_kind kind, const struct rule *rule)
{
    rule_hear_in(kind, rule, &run, HF_SERVER, 0, &e);
}

/* --- The fixed part -----------------------------------------------------------------------------
 */

static void legacy_tls10(void)
{
    e.legacy_version = 0x0301;
}

static void legacy_tls13(void)
{
    e.legacy_version = 0x0304;
}

static void long_session_id(void)
{
    e.session_id.len = 33;
}

static void no_session_id(void)
{
    e.session_id.len = 0;
}

static void no_suites(void)
{
    e.suites.len = 0;
}

static void half_a_suite(void)
{
    e.suites.len--;
}

static void unknown_suites(void)
{
    memcpy(e.suites.data, "\xc0\x2b\x0a\x0a\x13\x04", 6);
    e.suites.len = 6;
}

static void no_compression(void)
{
    e.compression.len = 0;
}

static void deflate(void)
{
    e.compression.data[0] = 1;
}

static void deflate_too(void)
{
    e.compression.data[1] = 1;
    e.compression.len = 2;
}

static void no_extension_block(void)
{
    e.no_extensions = true;
}

static void no_extensions(void)
{
    e.count = 0;
}

static const struct rule fixed_part[] = {
    {"legacy_version of TLS 1.0", legacy_tls10, HF_E_LEGACY_VERSION},
    {"legacy_version of TLS 1.3", legacy_tls13, HF_E_LEGACY_VERSION},
    {"session id of 33 bytes", long_session_id, HF_E_DECODE},
    {"no session id", no_session_id, HF_E_NONE},
    {"no suites", no_suites, HF_E_DECODE},
    {"half a suite", half_a_suite, HF_E_DECODE},
    {"unknown suites", unknown_suites, HF_E_NO_COMMON_SUITE},
    {"no compression method", no_compression, HF_E_DECODE},
    {"deflate", deflate, HF_E_COMPRESSION_OFFERED},
    {"null and deflate", deflate_too, HF_E_COMPRESSION_OFFERED},
    {"no block of extensions", no_extension_block, HF_E_NO_COMMON_VERSION},
    {"no extensions", no_extensions, HF_E_NO_COMMON_VERSION},
};

static void what_stands_before_the_extensions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fixed_part); i++) {
        offer(RUN_FULL, &fixed_part[i]);
    }
}

/* --- Versions, groups, algorithms
 * ----------------------------------------------------------------- */

static void no_versions(void)
{
    DROP(supported_versions);
}

static void only_tls12(void)
{
    SET(supported_versions, "\2\3\3");
}

static void only_grease_version(void)
{
    SET(supported_versions, "\2\x3a\x3a");
}

static void empty_versions(void)
{
    SET(supported_versions, "\0");
}

static void odd_versions(void)
{
    SET(supported_versions, "\3\3\4\3");
}

static void versions_and_more(void)
{
    SET(supported_versions, "\2\3\4\0");
}

static void old_client(void)
{
    e.legacy_version = 0x0301;
    DROP(supported_versions);
}

static void no_groups(void)
{
    DROP(supported_groups);
}

static void empty_groups(void)
{
    SET(supported_groups, "\0\0");
}

static void odd_groups(void)
{
    SET(supported_groups, "\0\3\0\x1d\0");
}

static void unknown_groups(void)
{
    SET(supported_groups, "\0\4\x0a\x0a\0\x1e");
    SET(key_share, "\0\0");
}

static void no_algorithms(void)
{
    DROP(signature_algorithms);
}

static void empty_algorithms(void)
{
    SET(signature_algorithms, "\0\0");
}

static void odd_algorithms(void)
{
    SET(signature_algorithms, "\0\3\x08\7\0");
}

static void unknown_algorithms(void)
{
    SET(signature_algorithms, "\0\4\x0a\x0a\xfe\1");
}

static void only_pkcs1(void)
{
    SET(signature_algorithms, "\0\2\4\1");
}

static void malformed_cert_algorithms(void)
{
    SET(signature_algorithms_cert, "\0\1\4");
}

static const struct rule lists[] = {
    {"no supported_versions", no_versions, HF_E_NO_COMMON_VERSION},
    {"TLS 1.2 only", only_tls12, HF_E_NO_COMMON_VERSION},
    {"GREASE version only", only_grease_version, HF_E_NO_COMMON_VERSION},
    {"no version in the list", empty_versions, HF_E_DECODE_EXTENSION},
    {"half a version", odd_versions, HF_E_DECODE_EXTENSION},
    {"a byte behind the versions", versions_and_more, HF_E_DECODE_EXTENSION},
    {"client of TLS 1.0", old_client, HF_E_NO_COMMON_VERSION},
    {"no supported_groups", no_groups, HF_E_MISSING_EXTENSION},
    {"no group in the list", empty_groups, HF_E_DECODE_EXTENSION},
    {"half a group", odd_groups, HF_E_DECODE_EXTENSION},
    {"unknown groups", unknown_groups, HF_E_NO_COMMON_GROUP},
    {"no signature_algorithms", no_algorithms, HF_E_MISSING_EXTENSION},
    {"no algorithm in the list", empty_algorithms, HF_E_DECODE_EXTENSION},
    {"half an algorithm", odd_algorithms, HF_E_DECODE_EXTENSION},
    {"unknown algorithms", unknown_algorithms, HF_E_NO_COMMON_SIGNATURE},
    {"rsa_pkcs1 only", only_pkcs1, HF_E_NO_COMMON_SIGNATURE},
    {"malformed signature_algorithms_cert", malformed_cert_algorithms, HF_E_DECODE_EXTENSION},
};

static void what_must_be_in_common(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        offer(RUN_FULL, &lists[i]);
    }
}

/* --- Order and place of extensions --------------------------------------------------------------
 */

static size_t doubled;

static void double_one(void)
{
    const struct edit_extension x = e.ext[doubled];
    edit_append(&e, x.code, e.heap + x.at, x.len);
}

/* The first hello of a run with every kind of extension in it. */
static void every_extension_twice(void **state)
{
    (void)state;
    static const struct rule twice = {"an extension twice", double_one, HF_E_DUPLICATE_EXTENSION};
    static const enum run_kind kinds[] = {RUN_FULL, RUN_PSK, RUN_COMPRESSED, RUN_POST_AUTH};
    for (size_t k = 0; k < COUNT(kinds); k++) {
        run_clear(&run);
        doubled = 0;
        do {
            offer(kinds[k], &twice);
        } while (++doubled < e.count - 1);
    }
}

static void unknown_twice(void)
{
    edit_append(&e, 0xff77, "a", 1);
    edit_append(&e, 0xff77, "", 0);
}

static void unknown_once(void)
{
    edit_append(&e, 0xff77, "a", 1);
    edit_append(&e, 0xff78, "", 0);
}

static void request_only(void)
{
    SET(oid_filters, "\0\0");
}

static void many_unknown(void)
{
    for (uint16_t i = 0; i < 350; i++) {
        edit_append(&e, (uint16_t)(0x7000 + i), "", 0);
    }
}

static void many_unknown_and_one_twice(void)
{
    many_unknown();
    edit_append(&e, 0x7000 + 349, "", 0);
}

static void many_unknown_and_the_first_twice(void)
{
    many_unknown();
    edit_append(&e, 0x7000, "", 0);
}

static const struct rule places[] = {
    {"an unknown extension twice", unknown_twice, HF_E_DUPLICATE_EXTENSION},
    {"unknown extensions", unknown_once, HF_E_NONE},
    {"an extension of CertificateRequest", request_only, HF_E_MISPLACED_EXTENSION},
    {"350 unknown extensions", many_unknown, HF_E_NONE},
    {"one of 350 twice", many_unknown_and_one_twice, HF_E_DUPLICATE_EXTENSION},
    {"the first of 350 twice", many_unknown_and_the_first_twice, HF_E_DUPLICATE_EXTENSION},
};

static void where_extensions_stand(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(places); i++) {
        offer(RUN_FULL, &places[i]);
    }
}

/* --- Extensions that are malformed
 * ---------------------------------------------------------------- */

struct malformed {
    const char *name;
    uint16_t code;
    const char *body;
    size_t len;
    hf_err code_told;
};

#define BODY(text) text, sizeof(text) - 1

static const struct malformed malformed[] = {
    {"server_name: no list", EXT_CODE_server_name, BODY(""), HF_E_DECODE_EXTENSION},
    {"server_name: no name", EXT_CODE_server_name, BODY("\0\0"), HF_E_DECODE_EXTENSION},
    {"server_name: empty", EXT_CODE_server_name, BODY("\0\3\0\0\0"), HF_E_DECODE_EXTENSION},
    {"server_name: two", EXT_CODE_server_name, BODY("\0\10\0\0\1a\0\0\1b"),
     HF_E_SERVER_NAME_INVALID},
    {"server_name: a zero byte", EXT_CODE_server_name, BODY("\0\6\0\0\3a\0b"),
     HF_E_SERVER_NAME_INVALID},
    {"server_name: an underlined space", EXT_CODE_server_name, BODY("\0\6\0\0\3a b"),
     HF_E_SERVER_NAME_INVALID},
    {"server_name: two dots", EXT_CODE_server_name, BODY("\0\7\0\0\4a..b"),
     HF_E_SERVER_NAME_INVALID},
    {"server_name: a dot first", EXT_CODE_server_name, BODY("\0\5\0\0\2.a"),
     HF_E_SERVER_NAME_INVALID},
    {"server_name: IPv6", EXT_CODE_server_name, BODY("\0\6\0\0\3::1"), HF_E_SERVER_NAME_INVALID},
    {"server_name: IPv4", EXT_CODE_server_name,
     BODY("\0\13\0\0\10"
          "10.0.0.1"),
     HF_E_NONE},
    {"server_name: a byte behind", EXT_CODE_server_name, BODY("\0\4\0\0\1a\0"),
     HF_E_DECODE_EXTENSION},
    {"ALPN: no list", EXT_CODE_application_layer_protocol_negotiation, BODY("\0\0"),
     HF_E_DECODE_EXTENSION},
    {"ALPN: an empty name", EXT_CODE_application_layer_protocol_negotiation, BODY("\0\4\0\2h2"),
     HF_E_DECODE_EXTENSION},
    {"ALPN: a name too long", EXT_CODE_application_layer_protocol_negotiation, BODY("\0\3\3h2"),
     HF_E_DECODE_EXTENSION},
    {"ALPN: none in common", EXT_CODE_application_layer_protocol_negotiation, BODY("\0\3\2h3"),
     HF_E_NO_APPLICATION_PROTOCOL},
    {"status_request: empty", EXT_CODE_status_request, BODY(""), HF_E_DECODE_EXTENSION},
    {"status_request: cut", EXT_CODE_status_request, BODY("\1\0\0\0"), HF_E_DECODE_EXTENSION},
    {"status_request: another type", EXT_CODE_status_request, BODY("\2xyz"), HF_E_NONE},
    {"SCT: not empty", EXT_CODE_signed_certificate_timestamp, BODY("\0"), HF_E_DECODE_EXTENSION},
    {"compress_certificate: none", EXT_CODE_compress_certificate, BODY("\0"),
     HF_E_DECODE_EXTENSION},
    {"compress_certificate: half", EXT_CODE_compress_certificate, BODY("\3\0\1\0"),
     HF_E_DECODE_EXTENSION},
    {"compress_certificate: unknown", EXT_CODE_compress_certificate, BODY("\2\0\x63"), HF_E_NONE},
    {"record_size_limit: 63", EXT_CODE_record_size_limit, BODY("\0\x3f"),
     HF_E_RECORD_SIZE_LIMIT_INVALID},
    {"record_size_limit: 64", EXT_CODE_record_size_limit, BODY("\0\x40"), HF_E_NONE},
    {"record_size_limit: all", EXT_CODE_record_size_limit, BODY("\xff\xff"), HF_E_NONE},
    {"record_size_limit: cut", EXT_CODE_record_size_limit, BODY("\0"), HF_E_DECODE_EXTENSION},
    {"cookie: empty", EXT_CODE_cookie, BODY("\0\0"), HF_E_DECODE_EXTENSION},
    {"cookie: cut", EXT_CODE_cookie, BODY("\0\2c"), HF_E_DECODE_EXTENSION},
    {"psk_key_exchange_modes: none", EXT_CODE_psk_key_exchange_modes, BODY("\0"),
     HF_E_DECODE_EXTENSION},
    {"psk_key_exchange_modes: unknown", EXT_CODE_psk_key_exchange_modes, BODY("\1\7"), HF_E_NONE},
    {"post_handshake_auth: not empty", EXT_CODE_post_handshake_auth, BODY("\0"),
     HF_E_DECODE_EXTENSION},
    {"early_data: not empty", EXT_CODE_early_data, BODY("\0"), HF_E_DECODE_EXTENSION},
    {"key_share: no list", EXT_CODE_key_share, BODY(""), HF_E_DECODE_EXTENSION},
    {"key_share: an empty share", EXT_CODE_key_share, BODY("\0\4\0\x1d\0\0"),
     HF_E_DECODE_EXTENSION},
    {"key_share: a byte behind", EXT_CODE_key_share, BODY("\0\0\0"), HF_E_DECODE_EXTENSION},
    {"key_share: cut", EXT_CODE_key_share, BODY("\0\5\0\x1d\0\2x"), HF_E_DECODE_EXTENSION},
    {"key_share: none", EXT_CODE_key_share, BODY("\0\0"), HF_E_NONE},
    {"key_share: of a group not listed", EXT_CODE_key_share, BODY("\0\5\0\x17\0\1x"),
     HF_E_KEY_SHARE_MISMATCH},
    {"key_share: twice", EXT_CODE_key_share, BODY("\0\12\0\x1d\0\1x\0\x1d\0\1y"),
     HF_E_KEY_SHARE_MISMATCH},
};

static const struct malformed *present;

static void put_malformed(void)
{
    edit_set(&e, present->code, present->body, present->len);
}

static void malformed_extensions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(malformed); i++) {
        present = &malformed[i];
        const struct rule o = {present->name, put_malformed, present->code_told};
        offer(RUN_FULL, &o);
    }
}

static void no_key_share(void)
{
    DROP(key_share);
}

static void shares_out_of_order(void)
{
    SET(supported_groups, "\0\4\0\x17\0\x1d");
    SET(key_share, "\0\12\0\x1d\0\1x\0\x17\0\1y");
}

static void strange_shares_too(void)
{
    /* A group nobody knows may have a share of any kind. */
    const hf_span own = edit_find(&e, EXT_CODE_key_share);
    uint8_t shares[64] = {0, 0, 0xfe, 0xfe, 0, 1, 0};
    SET(supported_groups, "\0\4\xfe\xfe\0\x1d");
    /* The client's list is GREASE, then x25519: the last 36 bytes. */
    memcpy(shares + 7, own.data + own.len - 36, 36);
    shares[1] = 5 + 36;
    edit_set(&e, EXT_CODE_key_share, shares, 7 + 36);
}

static void shares_and_groups(void **state)
{
    (void)state;
    static const struct rule offers[] = {
        {"no key_share", no_key_share, HF_E_MISSING_EXTENSION},
        {"shares out of order", shares_out_of_order, HF_E_KEY_SHARE_MISMATCH},
        {"a share of a strange group", strange_shares_too, HF_E_NONE},
    };
    for (size_t i = 0; i < COUNT(offers); i++) {
        offer(RUN_FULL, &offers[i]);
    }
}

/* --- Values of shares ---------------------------------------------------------------------------
 */

static uint8_t share[HF_GROUP_MAX_SHARE_LEN + 1];
static size_t share_len;
static const hf_group *group;

static void put_share(void)
{
    uint8_t body[6 + sizeof share];
    const size_t entry = 4 + share_len;
    const uint8_t head[6] = {(uint8_t)(entry >> 8),     (uint8_t)entry,
                             (uint8_t)(group->id >> 8), (uint8_t)group->id,
                             (uint8_t)(share_len >> 8), (uint8_t)share_len};
    memcpy(body, head, sizeof head);
    memcpy(body + sizeof head, share, share_len);
    edit_set(&e, EXT_CODE_key_share, body, sizeof head + share_len);
}

static void offer_share(const char *name, size_t len)
{
    const struct rule o = {name, put_share, HF_E_KEY_SHARE_INVALID};
    share_len = len;
    offer(RUN_FULL, &o);
}

/* A value that is no share of the group, whatever its length. */
static void fill_invalid(uint8_t with)
{
    memset(share, with, sizeof share);
    if (group->id == IANA_GROUP_secp256r1 || group->id == IANA_GROUP_secp384r1 ||
        group->id == IANA_GROUP_secp521r1) {
        share[0] = 4; /* uncompressed: the point is not on the curve */
    }
}

static void shares_of_no_value(void **state)
{
    (void)state;
    const hf_group *const *groups = hf_provider_default()->groups;
    for (size_t i = 0; groups[i] != NULL; i++) {
        group = groups[i];
        run_clear(&run);
        run_make(&run, RUN_FULL);
        assert_int_equal(hf_config_set_groups(run.client, group->name), HF_OK);
        assert_int_equal(hf_config_set_groups(run.server, group->name), HF_OK);
        fill_invalid(0);
        offer_share(group->name, group->client_share_len);
        offer_share(group->name, group->client_share_len - 1u);
        offer_share(group->name, group->client_share_len + 1u);
        offer_share(group->name, 1);
        fill_invalid(0xff);
        /* For X25519 this is a number like another. */
        if (group->id != IANA_GROUP_x25519) {
            offer_share(group->name, group->client_share_len);
        }
    }
}

/* --- Names --------------------------------------------------------------------------------------
 */

static void other_name(void)
{
    SET(server_name, "\0\5\0\0\2xy");
}

static void name_that_nobody_has(void **state)
{
    (void)state;
    static const struct rule o = {"another name", other_name, HF_E_UNRECOGNIZED_NAME};
    run_make(&run, RUN_FULL);
    assert_int_equal(hf_config_set_strict_sni(run.server, true), HF_OK);
    offer(RUN_FULL, &o);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(what_stands_before_the_extensions),
        RUN_TEST(what_must_be_in_common),
        RUN_TEST(every_extension_twice),
        RUN_TEST(where_extensions_stand),
        RUN_TEST(malformed_extensions),
        RUN_TEST(shares_and_groups),
        RUN_TEST(shares_of_no_value),
        RUN_TEST(name_that_nobody_has),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

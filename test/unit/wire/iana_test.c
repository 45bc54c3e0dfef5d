/* Names and code points: against themselves, against RFCs, and against libssl's table of suites. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/ssl.h>

#include "base/span.h"
#include "wire/iana.h"

struct row {
    uint16_t id;
    const char *name;
};

/* The lists once more, to walk them. */
static const struct row suites[] = {
#define IANA_SUITE(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row groups[] = {
#define IANA_GROUP(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row schemes[] = {
#define IANA_SCHEME(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row extensions[] = {
#define IANA_EXTENSION(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row versions[] = {
#define IANA_VERSION(id, name, text) {id, text},
#include "wire/iana.def"
};
static const struct row handshakes[] = {
#define IANA_HANDSHAKE(id, name, title) {id, #name},
#include "wire/iana.def"
};
static const struct row compressions[] = {
#define IANA_COMPRESSION(id, name) {id, #name},
#include "wire/iana.def"
};
static const struct row suite_aliases[] = {
#define IANA_SUITE_ALIAS(id, text) {id, text},
#include "wire/iana.def"
};
static const struct row group_aliases[] = {
#define IANA_GROUP_ALIAS(id, text) {id, text},
#include "wire/iana.def"
};
static const struct row scheme_aliases[] = {
#define IANA_SCHEME_ALIAS(id, text) {id, text},
#include "wire/iana.def"
};

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

typedef const char *name_fn(uint16_t id);
typedef bool find_fn(hf_span name, uint16_t *id);

static const char *handshake_name(uint16_t id)
{
    return iana_handshake_name((uint8_t)id);
}

static const struct {
    const struct row *rows;
    size_t count;
    name_fn *name;
    find_fn *find; /* NULL: has none */
} lists[] = {
    {suites, COUNT(suites), iana_suite_name, iana_suite_find},
    {groups, COUNT(groups), iana_group_name, iana_group_find},
    {schemes, COUNT(schemes), iana_scheme_name, iana_scheme_find},
    {compressions, COUNT(compressions), iana_compression_name, iana_compression_find},
    {extensions, COUNT(extensions), iana_extension_name, NULL},
    {versions, COUNT(versions), iana_version_name, NULL},
    {handshakes, COUNT(handshakes), handshake_name, NULL},
};

static void lists_are_in_ascending_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        for (size_t k = 1; k < lists[i].count; k++) {
            assert_true(lists[i].rows[k - 1].id < lists[i].rows[k].id);
        }
    }
}

/* A name that is found leads back to its own number, so no two names of a list are the same when
 * folded. */
static void every_name_goes_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        for (size_t k = 0; k < lists[i].count; k++) {
            const struct row *row = &lists[i].rows[k];
            assert_string_equal(lists[i].name(row->id), row->name);
            uint16_t id = 0xdead;
            if (lists[i].find != NULL) {
                assert_true(lists[i].find(span_str(row->name), &id));
                assert_int_equal(id, row->id);
            }
        }
    }
}

static void every_alias_leads_to_its_number(void **state)
{
    (void)state;
    static const struct {
        const struct row *rows;
        size_t count;
        find_fn *find;
    } aliases[] = {{suite_aliases, COUNT(suite_aliases), iana_suite_find},
                   {group_aliases, COUNT(group_aliases), iana_group_find},
                   {scheme_aliases, COUNT(scheme_aliases), iana_scheme_find}};
    for (size_t i = 0; i < COUNT(aliases); i++) {
        for (size_t k = 0; k < aliases[i].count; k++) {
            uint16_t id = 0xdead;
            assert_true(aliases[i].find(span_str(aliases[i].rows[k].name), &id));
            assert_int_equal(id, aliases[i].rows[k].id);
        }
    }
}

static void all_other_numbers_are_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        size_t named = 0;
        unsigned last = lists[i].name == handshake_name ? 0xff : 0xffff;
        for (unsigned id = 0; id <= last; id++) {
            const char *name = lists[i].name((uint16_t)id);
            assert_non_null(name);
            named += strcmp(name, "unknown") != 0 && strcmp(name, "GREASE") != 0;
        }
        assert_int_equal(named, lists[i].count);
    }
}

static void case_and_separators_do_not_matter(void **state)
{
    (void)state;
    static const struct {
        find_fn *find;
        const char *name;
        uint16_t id;
    } cases[] = {
        {iana_suite_find, "tls_aes_128_gcm_sha256", 0x1301},
        {iana_suite_find, "AES-128-GCM", 0x1301},
        {iana_suite_find, "aes256gcm", 0x1302},
        {iana_suite_find, "ChaCha20_Poly1305", 0x1303},
        {iana_suite_find, "ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b},
        {iana_group_find, "X25519", 0x001d},
        {iana_group_find, "P-256", 0x0017},
        {iana_group_find, "p256", 0x0017},
        {iana_group_find, "prime256v1", 0x0017},
        {iana_group_find, "SECP384R1", 0x0018},
        {iana_group_find, "x25519mlkem768", 0x11ec},
        {iana_group_find, "X25519-MLKEM768", 0x11ec},
        {iana_scheme_find, "ECDSA+SHA256", 0x0403},
        {iana_scheme_find, "Ed25519", 0x0807},
        {iana_scheme_find, "rsa-pss-rsae-sha256", 0x0804},
        {iana_compression_find, "Brotli", 2},
        {iana_compression_find, "br", 2},
        {iana_psk_mode_find, "PSK-KE", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint16_t id = 0;
        assert_true(cases[i].find(span_str(cases[i].name), &id));
        assert_int_equal(id, cases[i].id);
    }
}

static void what_is_no_name_is_not_found(void **state)
{
    (void)state;
    static const char *const names[] = {"",  "-",      "_-_",   "P-25",   "P-2566", "unknown",
                                        "x", "GREASE", "X2551", " P-256", "P-256,"};
    for (size_t i = 0; i < COUNT(names); i++) {
        uint16_t id = 0xdead;
        assert_false(iana_group_find(span_str(names[i]), &id));
        assert_false(iana_suite_find(span_str(names[i]), &id));
        assert_false(iana_scheme_find(span_str(names[i]), &id));
        assert_false(iana_compression_find(span_str(names[i]), &id));
        assert_int_equal(id, 0xdead);
    }
    uint16_t id;
    assert_false(iana_group_find(span_of("P-256\0", 6), &id));
}

static void grease_is_named(void **state)
{
    (void)state;
    size_t count = 0;
    for (unsigned id = 0; id <= 0xffff; id++) {
        count += iana_is_grease((uint16_t)id);
    }
    assert_int_equal(count, 16);
    for (unsigned k = 0; k < 16; k++) {
        uint16_t id = (uint16_t)(0x0a0a + 0x1010 * k);
        assert_true(iana_is_grease(id));
        assert_string_equal(iana_suite_name(id), "GREASE");
        assert_string_equal(iana_group_name(id), "GREASE");
        assert_string_equal(iana_scheme_name(id), "GREASE");
        assert_string_equal(iana_extension_name(id), "GREASE");
        assert_string_equal(iana_version_name(id), "GREASE");
    }
    assert_false(iana_is_grease(0x0a1a));
    /* RFC 8701, 2: the values of PskKeyExchangeMode. */
    static const uint8_t modes[] = {0x0b, 0x2a, 0x49, 0x68, 0x87, 0xa6, 0xc5, 0xe4};
    for (size_t i = 0; i < sizeof modes; i++) {
        assert_string_equal(iana_psk_mode_name(modes[i]), "GREASE");
    }
}

static void the_small_lists(void **state)
{
    (void)state;
    assert_string_equal(iana_content_name(22), "handshake");
    assert_string_equal(iana_content_name(0), "unknown");
    assert_string_equal(iana_psk_mode_name(0), "psk_ke");
    assert_string_equal(iana_psk_mode_name(1), "psk_dhe_ke");
    assert_string_equal(iana_psk_mode_name(2), "unknown");
    assert_string_equal(iana_certificate_type_name(2), "RawPublicKey");
    assert_string_equal(iana_certificate_type_name(4), "unknown");
    assert_string_equal(iana_handshake_title(1), "ClientHello");
    assert_string_equal(iana_handshake_title(8), "EncryptedExtensions");
    assert_string_equal(iana_handshake_title(7), "unknown");
    assert_string_equal(iana_version_name(0x0304), "TLS 1.3");
    assert_string_equal(iana_extension_name(0xfe0d), "encrypted_client_hello");
    assert_string_equal(iana_extension_name(40), "unknown");
    assert_int_equal(IANA_EXTENSION_key_share, 51);
    assert_int_equal(IANA_HANDSHAKE_key_update, 24);
    assert_int_equal(IANA_SCHEME_mldsa65, 0x0905);
}

/* A second opinion on the many suites of earlier versions. */
static void libssl_calls_its_suites_the_same(void **state)
{
    (void)state;
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    assert_non_null(ctx);
    assert_true(SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:eNULL:@SECLEVEL=0"));
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
    assert_true(sk_SSL_CIPHER_num(ciphers) > 100);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        assert_string_equal(iana_suite_name(SSL_CIPHER_get_protocol_id(cipher)),
                            SSL_CIPHER_standard_name(cipher));
    }
    SSL_CTX_free(ctx);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_in_ascending_order),
        cmocka_unit_test(every_name_goes_both_ways),
        cmocka_unit_test(every_alias_leads_to_its_number),
        cmocka_unit_test(all_other_numbers_are_unknown),
        cmocka_unit_test(case_and_separators_do_not_matter),
        cmocka_unit_test(what_is_no_name_is_not_found),
        cmocka_unit_test(grease_is_named),
        cmocka_unit_test(the_small_lists),
        cmocka_unit_test(libssl_calls_its_suites_the_same),
    };
    return cmocka_run_group_tests_name("iana", tests, NULL, NULL);
}

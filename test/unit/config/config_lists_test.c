#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "config/config.h"
#include "config/config_int.h"

typedef hf_status set_fn(hf_config *config, const char *names);

static hf_config *new_config(void)
{
    hf_config *config = hf_config_new(HF_CLIENT, NULL);
    assert_non_null(config);
    return config;
}

static void check_list(const struct config_list *list, const uint16_t *want, size_t count)
{
    assert_int_equal(list->count, count);
    assert_memory_equal(list->v, want, count * sizeof *want);
}

static const uint16_t default_sigalgs[] = {0x0403, 0x0804, 0x0807, 0x0503, 0x0805, 0x0603, 0x0806,
                                           0x0808, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601};

static void a_new_configuration_has_the_defaults(void **state)
{
    (void)state;
    hf_config *config = new_config();
    check_list(
        &config->ciphers,
        (const uint16_t[]){0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8},
        9);
    check_list(&config->groups, (const uint16_t[]){0x11ec, 0x001d, 0x0017, 0x0018}, 4);
    check_list(&config->sigalgs, default_sigalgs, 14);
    assert_int_equal(config->sigalgs_cert.count, 0);
    assert_int_equal(config->compression.count, 0);
    check_list(&config->psk_modes, (const uint16_t[]){1}, 1); /* psk_ke only by name */
    assert_null(config->alpn);
    hf_config_free(config);
}

static void order_is_preference_and_aliases_count(void **state)
{
    (void)state;
    hf_config *config = new_config();
    assert_int_equal(hf_config_set_groups(config, "P-521, x25519 ,FFDHE2048"), HF_OK);
    check_list(&config->groups, (const uint16_t[]){0x0019, 0x001d, 0x0100}, 3);
    assert_int_equal(hf_config_set_ciphers(config, "chacha20-poly1305,AES-128-GCM"), HF_OK);
    check_list(&config->ciphers, (const uint16_t[]){0x1303, 0x1301}, 2);
    assert_int_equal(hf_config_set_signature_algorithms(config, "ed25519,RSA+SHA256"), HF_OK);
    check_list(&config->sigalgs, (const uint16_t[]){0x0807, 0x0401}, 2);
    assert_int_equal(hf_config_set_signature_algorithms_cert(config, "rsa_pkcs1_sha256"), HF_OK);
    check_list(&config->sigalgs_cert, (const uint16_t[]){0x0401}, 1);
    assert_int_equal(hf_config_set_certificate_compression(config, "zstd,br"), HF_OK);
    check_list(&config->compression, (const uint16_t[]){3, 2}, 2);
    assert_int_equal(hf_config_set_psk_modes(config, "psk_ke,PSK-DHE-KE"), HF_OK);
    check_list(&config->psk_modes, (const uint16_t[]){0, 1}, 2);
    hf_config_free(config);
}

static void empty_where_empty_is_allowed(void **state)
{
    (void)state;
    hf_config *config = new_config();
    assert_int_equal(hf_config_set_signature_algorithms_cert(config, "ed25519"), HF_OK);
    assert_int_equal(hf_config_set_signature_algorithms_cert(config, ""), HF_OK);
    assert_int_equal(config->sigalgs_cert.count, 0);
    assert_int_equal(hf_config_set_certificate_compression(config, " "), HF_OK);
    assert_int_equal(hf_config_set_key_shares(config, ""), HF_OK);
    assert_true(config->key_shares_set);
    hf_config_free(config);
}

struct refusal {
    set_fn *set;
    const char *names;
    hf_err want;
    const char *detail; /* its beginning */
};

static void what_is_refused_and_how_it_is_said(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {hf_config_set_groups, "", HF_E_CONFIG_EMPTY, "no group is named"},
        {hf_config_set_groups, "  \t", HF_E_CONFIG_EMPTY, "no group is named"},
        {hf_config_set_groups, NULL, HF_E_CONFIG_EMPTY, "no group is named"},
        {hf_config_set_key_shares, NULL, HF_E_CONFIG_EMPTY, "no group is named"},
        {hf_config_set_ciphers, "", HF_E_CONFIG_EMPTY, "no cipher suite is named"},
        {hf_config_set_signature_algorithms, "", HF_E_CONFIG_EMPTY,
         "no signature algorithm is named"},
        {hf_config_set_groups, "x25519,", HF_E_CONFIG_EMPTY,
         "between two commas, or at an end, no group"},
        {hf_config_set_groups, ",x25519", HF_E_CONFIG_EMPTY, "between two commas"},
        {hf_config_set_groups, "x25519, ,P-256", HF_E_CONFIG_EMPTY, "between two commas"},
        {hf_config_set_groups, "P-256,x25519,secp256r1", HF_E_CONFIG_DUPLICATE,
         "\"secp256r1\" names the group secp256r1 a second time"},
        {hf_config_set_ciphers, "AES-128-GCM,TLS_AES_128_GCM_SHA256", HF_E_CONFIG_DUPLICATE,
         "\"TLS_AES_128_GCM_SHA256\" names the cipher suite TLS_AES_128_GCM_SHA256 a second time"},
        {hf_config_set_groups, "x25591", HF_E_CONFIG_UNKNOWN_NAME,
         "no group is called \"x25591\": did you mean x25519? Known: X25519MLKEM768, x25519, "
         "secp256r1, "
         "secp384r1, secp521r1, ffdhe2048, ffdhe3072, ffdhe4096"},
        {hf_config_set_groups, "mlkem", HF_E_CONFIG_UNKNOWN_NAME,
         "no group is called \"mlkem\": did you mean X25519MLKEM768? Known:"},
        {hf_config_set_groups, "fast", HF_E_CONFIG_UNKNOWN_NAME,
         "no group is called \"fast\"; known: X25519"},
        {hf_config_set_groups, "x448", HF_E_CONFIG_UNKNOWN_NAME,
         "the group x448 is not supported here; known: X25519MLKEM768, "},
        {hf_config_set_ciphers, "AES128", HF_E_CONFIG_UNKNOWN_NAME,
         "no cipher suite is called \"AES128\": did you mean TLS_AES_128_GCM_SHA256? Known:"},
        {hf_config_set_ciphers, "TLS_AES_128_CCM_SHA256", HF_E_CONFIG_UNKNOWN_NAME,
         "the cipher suite TLS_AES_128_CCM_SHA256 is not supported here; known: TLS_AES_128"},
        {hf_config_set_ciphers, "TLS_RSA_WITH_RC4_128_SHA", HF_E_CONFIG_UNKNOWN_NAME,
         "the cipher suite TLS_RSA_WITH_RC4_128_SHA is not supported here"},
        {hf_config_set_signature_algorithms, "ecdsa_secp256r1_sha265", HF_E_CONFIG_UNKNOWN_NAME,
         "no signature algorithm is called \"ecdsa_secp256r1_sha265\": did you mean "
         "ecdsa_secp256r1_sha256?"},
        {hf_config_set_signature_algorithms, "mldsa65", HF_E_CONFIG_UNKNOWN_NAME,
         "the signature algorithm mldsa65 is not supported here"},
        {hf_config_set_psk_modes, "", HF_E_CONFIG_EMPTY, "no mode of pre-shared keys is named"},
        {hf_config_set_psk_modes, "psk_k", HF_E_CONFIG_UNKNOWN_NAME,
         "no mode of pre-shared keys is called \"psk_k\": did you mean psk_ke? Known: psk_dhe_ke, "
         "psk_ke"},
        {hf_config_set_certificate_compression, "zlb", HF_E_CONFIG_UNKNOWN_NAME,
         "no compression method is called \"zlb\": did you mean zlib? Known: brotli, zlib, zstd"},
        {hf_config_set_alpn, "h2,,http/1.1", HF_E_CONFIG_EMPTY, "between two commas"},
        {hf_config_set_alpn, "h2,", HF_E_CONFIG_EMPTY, "between two commas"},
        {hf_config_set_alpn, "h2,http/1.1, h2", HF_E_CONFIG_DUPLICATE, "\"h2\" is named twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hf_config *config = new_config();
        assert_int_equal(hf_config_set_alpn(config, "kept"), HF_OK);
        const struct config_list ciphers = config->ciphers;
        const struct config_list groups = config->groups;
        const struct config_list sigalgs = config->sigalgs;
        assert_int_equal(cases[i].set(config, cases[i].names), HF_FAILED);
        const hf_error *error = hf_config_error(config);
        assert_int_equal(error->code, cases[i].want);
        assert_int_equal(error->alert, HF_ALERT_none);
        if (strncmp(error->detail, cases[i].detail, strlen(cases[i].detail)) != 0) {
            fail_msg("\"%s\" does not begin with \"%s\"", error->detail, cases[i].detail);
        }
        assert_memory_equal(&config->ciphers, &ciphers, sizeof ciphers);
        assert_memory_equal(&config->groups, &groups, sizeof groups);
        assert_memory_equal(&config->sigalgs, &sigalgs, sizeof sigalgs);
        assert_false(config->key_shares_set);
        assert_int_equal(config->compression.count, 0);
        assert_memory_equal(config->alpn, "\4kept", 5);
        hf_config_free(config);
    }
}

static void the_detail_ends_with_a_whole_name(void **state)
{
    (void)state;
    hf_config *config = new_config();
    assert_int_equal(hf_config_set_signature_algorithms(config, "nonsense"), HF_FAILED);
    assert_string_equal(
        hf_config_error(config)->detail,
        "no signature algorithm is called \"nonsense\"; known: ecdsa_secp256r1_sha256, "
        "rsa_pss_rsae_sha256, ed25519, ecdsa_secp384r1_sha384, rsa_pss_rsae_sha384, "
        "ecdsa_secp521r1_sha512, ...");
    hf_config_free(config);
}

static void a_success_forgets_the_last_error(void **state)
{
    (void)state;
    hf_config *config = new_config();
    assert_int_equal(hf_config_set_groups(config, "x"), HF_FAILED);
    assert_int_equal(hf_config_set_groups(config, "x25519"), HF_OK);
    assert_int_equal(hf_config_error(config)->code, HF_E_NONE);
    assert_int_equal(hf_config_set_ciphers(config, "y"), HF_FAILED);
    assert_int_equal(hf_config_set_ciphers(config, ""), HF_FAILED);
    assert_int_equal(hf_config_error(config)->code, HF_E_CONFIG_EMPTY);
    hf_config_free(config);
}

/* Every name that hf_config_names promises is taken, alone and all at once. */
static void every_promised_name_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *which;
        set_fn *set;
        size_t count;
    } lists[] = {{"ciphers", hf_config_set_ciphers, 14},
                 {"groups", hf_config_set_groups, 8},
                 {"sigalgs", hf_config_set_signature_algorithms_cert, 14},
                 {"compression", hf_config_set_certificate_compression, 3},
                 {"psk_modes", hf_config_set_psk_modes, 2}};
    hf_config *config = new_config();
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const char *names = hf_config_names(lists[i].which);
        assert_non_null(names);
        assert_int_equal(lists[i].set(config, names), HF_OK);
        hf_span rest = span_str(names);
        size_t count = 0;
        for (hf_span name; config_next(&rest, &name); count++) {
            char one[64];
            (void)snprintf(one, sizeof one, "%.*s", (int)name.len, (const char *)name.data);
            assert_int_equal(lists[i].set(config, one), HF_OK);
        }
        assert_int_equal(count, lists[i].count);
        assert_true(count <= CONFIG_LIST_MAX);
    }
    assert_null(hf_config_names("colours"));
    assert_null(hf_config_names(NULL));
    hf_config_free(config);
}

static void names_that_a_provider_lacks_are_refused(void **state)
{
    (void)state;
    const hf_provider *whole = hf_provider_default();
    const hf_group *const groups[] = {hf_provider_group(whole, 0x0017), NULL};
    hf_provider small = *whole;
    small.groups = groups;
    small.chacha20poly1305 = NULL;
    hf_config *config = hf_config_new(HF_CLIENT, &small);
    assert_non_null(config);
    check_list(&config->ciphers, (const uint16_t[]){0x1301, 0x1302, 0xc02b, 0xc02f, 0xc02c, 0xc030},
               6);
    check_list(&config->groups, (const uint16_t[]){0x0017}, 1);
    assert_int_equal(hf_config_set_groups(config, "x25519"), HF_FAILED);
    assert_int_equal(hf_config_error(config)->code, HF_E_CONFIG_UNKNOWN_NAME);
    assert_int_equal(hf_config_set_ciphers(config, "CHACHA20-POLY1305"), HF_FAILED);
    assert_int_equal(hf_config_set_ciphers(config, "AES-256-GCM"), HF_OK);
    hf_config_free(config);
}

static void alpn_becomes_a_list_of_the_wire(void **state)
{
    (void)state;
    hf_config *config = new_config();
    assert_int_equal(hf_config_set_alpn(config, "h2, http/1.1"), HF_OK);
    assert_int_equal(config->alpn_len, 12);
    assert_memory_equal(config->alpn, "\2h2\10http/1.1", 12);
    assert_int_equal(hf_config_set_alpn(config, ""), HF_OK);
    assert_null(config->alpn);
    assert_int_equal(config->alpn_len, 0);
    hf_config_free(config);
}

static void alpn_names_have_a_length(void **state)
{
    (void)state;
    hf_config *config = new_config();
    char name[300];
    memset(name, 'x', sizeof name);
    name[255] = '\0';
    assert_int_equal(hf_config_set_alpn(config, name), HF_OK);
    assert_int_equal(config->alpn_len, 256);
    assert_int_equal(config->alpn[0], 255);
    name[255] = 'x';
    name[256] = '\0';
    assert_int_equal(hf_config_set_alpn(config, name), HF_FAILED);
    assert_int_equal(hf_config_error(config)->code, HF_E_CONFIG_VALUE);
    assert_int_equal(config->alpn_len, 256);
    hf_config_free(config);
}

/* As many protocols as an extension holds, and one more. */
static void alpn_fits_into_an_extension(void **state)
{
    (void)state;
    enum { PROTOCOLS = 257 };
    static char names[PROTOCOLS * 256 + 1];
    hf_config *config = new_config();
    for (size_t i = 0; i < PROTOCOLS; i++) {
        char *name = names + i * 256;
        memset(name, 'x', 255);
        (void)snprintf(name, 6, "%05zu", i);
        name[5] = 'x';
        name[255] = ',';
    }
    names[254 * 256 - 1] = '\0'; /* 254 * 256 = 65024 */
    assert_int_equal(hf_config_set_alpn(config, names), HF_OK);
    names[254 * 256 - 1] = ',';
    names[256 * 256 - 1] = '\0'; /* 256 * 256 = 65536 */
    assert_int_equal(hf_config_set_alpn(config, names), HF_FAILED);
    assert_int_equal(hf_config_error(config)->code, HF_E_CONFIG_VALUE);
    hf_config_free(config);
}

static void suggestions_stay_within_reason(void **state)
{
    (void)state;
    char out[48];
    static const char known[] = "secp256r1,secp384r1,x25519,brainpool";
    assert_true(config_suggest(known, span_str("secp265r1"), out, sizeof out));
    assert_string_equal(out, "secp256r1");
    assert_true(config_suggest(known, span_str("SECP-384-R"), out, sizeof out));
    assert_string_equal(out, "secp384r1");
    assert_true(config_suggest(known, span_str("25519"), out, sizeof out));
    assert_string_equal(out, "x25519");
    assert_false(config_suggest(known, span_str("zzz"), out, sizeof out));
    assert_false(config_suggest(known, span_str(""), out, sizeof out));
    assert_false(config_suggest(known, span_str("\xff\xff"), out, sizeof out));
    char longest[200];
    memset(longest, 'r', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_false(config_suggest(known, span_str(longest), out, sizeof out));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_configuration_has_the_defaults),
        cmocka_unit_test(order_is_preference_and_aliases_count),
        cmocka_unit_test(empty_where_empty_is_allowed),
        cmocka_unit_test(what_is_refused_and_how_it_is_said),
        cmocka_unit_test(the_detail_ends_with_a_whole_name),
        cmocka_unit_test(a_success_forgets_the_last_error),
        cmocka_unit_test(every_promised_name_is_taken),
        cmocka_unit_test(names_that_a_provider_lacks_are_refused),
        cmocka_unit_test(alpn_becomes_a_list_of_the_wire),
        cmocka_unit_test(alpn_names_have_a_length),
        cmocka_unit_test(alpn_fits_into_an_extension),
        cmocka_unit_test(suggestions_stay_within_reason),
    };
    return cmocka_run_group_tests_name("config lists", tests, NULL, NULL);
}

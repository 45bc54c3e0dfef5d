/* TLS 1.2: key exchanges that break a rule (RFC 5246, 7.4.3 and 7.4.7; RFC 8422, 5.4; RFC 7919),
 * made from what a real peer says, in each of the ways there are to exchange keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "config/config.h"
#include "crypto/suite.h"
#include "record/record.h"
#include "support/rule.h"
#include "wire/message12.h"

static struct run run;

/* --- ServerKeyExchange ------------------------------------------------------------------------ */

/* The message of this type that the client hears, with one byte changed from behind its header. A
 * signature is another one in every program, and its byte may have the value already. */
static void change(enum message_type type, size_t at, uint8_t value, hf_err code)
{
    static uint8_t changed[REC_MAX_PLAIN];
    struct stage s;
    stage_begin(&s, &run, HF_CLIENT);
    while (stage_next(&s)->type != type) {
        assert_true(stage_step(&s));
    }
    const struct tape_message *m = stage_next(&s);
    const size_t len = m->len;
    memcpy(changed, m->data, len);
    changed[MSG_HEADER_LEN + at] = changed[MSG_HEADER_LEN + at] == value ? value ^ 0x80 : value;
    stage_skip(&s);
    (void)stage_record(&s, REC_HANDSHAKE, span_of(changed, len));
    (void)stage_finish(&s);
    stage_must_fail(&s, code, NULL);
    stage_end(&s);
}

static void key_exchanges_that_are_wrong(void **state)
{
    (void)state;
    enum { CURVE_TYPE = 0, GROUP = 2, POINT_LEN = 3, POINT = 4, SCHEME = 4 + 32 };
    run_make(&run, RUN_12_FULL);
    change(MSG_SERVER_KEY_EXCHANGE, CURVE_TYPE, 1, HF_E_CURVE_TYPE);
    change(MSG_SERVER_KEY_EXCHANGE, GROUP, 0x17, HF_E_GROUP_NOT_OFFERED);
    change(MSG_SERVER_KEY_EXCHANGE, GROUP, 0xec, HF_E_GROUP_NOT_OFFERED);
    change(MSG_SERVER_KEY_EXCHANGE, POINT_LEN, 0, HF_E_DECODE);
    change(MSG_SERVER_KEY_EXCHANGE, POINT, 0xaa, HF_E_KEY_EXCHANGE_SIGNATURE);
    change(MSG_SERVER_KEY_EXCHANGE, SCHEME + 1, 0x04, HF_E_KEY_EXCHANGE_ALGORITHM); /* of RSA */
    change(MSG_SERVER_KEY_EXCHANGE, SCHEME, 0x02, HF_E_KEY_EXCHANGE_ALGORITHM);     /* unknown */
    change(MSG_SERVER_KEY_EXCHANGE, SCHEME + 4, 0xaa, HF_E_KEY_EXCHANGE_SIGNATURE);
}

/* RFC 8422, 5.1: who does not list a certificate's curve is not shown that certificate. */
static void curves_of_certificates_are_listed(void **state)
{
    (void)state;
    struct pki *ec = pki_simple_by(PKI_P256, PKI_ED25519, "server.example");
    struct pki *rsa = pki_simple_by(PKI_RSA_2048, PKI_ED25519, "server.example");
    hf_identity *both[] = {pair_identity(ec), pair_identity(rsa)};
    static const struct {
        const char *groups;
        size_t shown; /* so many of the identities */
        const char *signature;
    } rows[] = {{"x25519,secp256r1", 1, "ecdsa_secp256r1_sha256"},
                {"x25519", 1, NULL},
                {"x25519", 2, "rsa_pss_rsae_sha256"},
                {"x25519,secp256r1", 2, "ecdsa_secp256r1_sha256"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        run_make(&run, RUN_12_FULL);
        hf_identity_store *store = hf_identity_store_new(both, rows[i].shown);
        assert_int_equal(hf_config_set_identities(run.server, store), HF_OK);
        hf_identity_store_free(store);
        /* By hf_op_run, which has nobody's trace. */
        assert_int_equal(hf_config_external_ops(run.server, HF_OP_BIT(HF_OP_CHOOSE_IDENTITY)),
                         HF_OK);
        assert_int_equal(hf_config_set_verify(run.client, HF_VERIFY_NONE), HF_OK);
        assert_int_equal(hf_config_set_groups(run.client, rows[i].groups), HF_OK);
        struct pair *p = run_start(&run, NULL);
        assert_int_equal(run_finish(&run, p), rows[i].signature != NULL);
        hf_conn_info info;
        hf_conn_describe(p->client.conn, &info);
        if (rows[i].signature != NULL) {
            assert_string_equal(info.signature_scheme_name, rows[i].signature);
        } else {
            const hf_error *error = hf_conn_error(p->server.conn);
            assert_int_equal(error->code, HF_E_NO_COMMON_SIGNATURE);
            assert_non_null(strstr(error->detail, "the client lists")); /* who is meant */
        }
        pair_free(p);
        run_clear(&run);
    }
    hf_identity_free(both[0]);
    hf_identity_free(both[1]);
    pki_free(rsa);
    pki_free(ec);
}

static void a_certificate_is_required(void **state)
{
    (void)state;
    run_make(&run, RUN_12_MUTUAL_EMPTY);
    assert_int_equal(hf_config_set_verify(run.server, HF_VERIFY_REQUIRE), HF_OK);
    struct pair *p = run_start(&run, NULL);
    assert_false(run_finish(&run, p));
    assert_int_equal(hf_conn_error(p->server.conn)->code, HF_E_CERTIFICATE_MISSING);
    assert_int_equal(hf_conn_error(p->client.conn)->alert, HF_ALERT_handshake_failure);
    pair_free(p);
}

/* --- Finite fields ---------------------------------------------------------------------------- */

/* RFC 7919: the largest group that both name, and of a client that names none the server's first.
 */
static void use_dhe(const char *client_groups, const char *server_groups)
{
    run_make(&run, RUN_12_RSA);
    static const char suites[] = "DHE-RSA-AES256-GCM-SHA384,DHE-RSA-CHACHA20-POLY1305";
    assert_int_equal(hf_config_set_ciphers(run.client, suites), HF_OK);
    assert_int_equal(hf_config_set_ciphers(run.server, suites), HF_OK);
    assert_int_equal(hf_config_set_groups(run.client, client_groups), HF_OK);
    assert_int_equal(hf_config_set_groups(run.server, server_groups), HF_OK);
}

static void fields_are_named(void **state)
{
    (void)state;
    static const char *const names[] = {"ffdhe2048", "ffdhe3072", "ffdhe4096"};
    for (size_t i = 0; i < COUNT(names); i++) {
        use_dhe("x25519,ffdhe2048,ffdhe3072,ffdhe4096", names[i]);
        struct pair *p = run_start(&run, NULL);
        run_must_finish(&run, p);
        hf_conn_info info;
        hf_conn_describe(p->client.conn, &info);
        assert_string_equal(info.group_name, names[i]);
        assert_int_equal(info.version, HF_TLS12);
        assert_true(pair_send(p, &p->client, "hello", 5));
        pair_free(p);
        run_clear(&run);
    }
    use_dhe("ffdhe2048", "ffdhe3072");
    struct pair *p = run_start(&run, NULL);
    assert_false(run_finish(&run, p));
    assert_int_equal(hf_conn_error(p->server.conn)->code, HF_E_NO_COMMON_GROUP);
    pair_free(p);
}

static void fields_that_are_wrong(void **state)
{
    (void)state;
    enum { PRIME = 2, GENERATOR = 2 + 256 + 2, SHARE_LEN = GENERATOR + 1, SHARE = SHARE_LEN + 2 };
    use_dhe("ffdhe2048", "ffdhe2048");
    change(MSG_SERVER_KEY_EXCHANGE, PRIME + 100, 0x55, HF_E_DH_GROUP);
    change(MSG_SERVER_KEY_EXCHANGE, GENERATOR, 3, HF_E_DH_GROUP);
    change(MSG_SERVER_KEY_EXCHANGE, SHARE_LEN, 9, HF_E_DECODE);
    change(MSG_SERVER_KEY_EXCHANGE, SHARE + 7, 0x55, HF_E_KEY_EXCHANGE_SIGNATURE);
}

/* The client's half is not signed: the server finds the values that give the secret away. */
static void client_halves_that_are_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint8_t message[MSG_HEADER_LEN + 2 + 256] = {MSG_CLIENT_KEY_EXCHANGE, 0, 1, 2, 1, 0};
        struct stage s;
        use_dhe("ffdhe2048", "ffdhe2048");
        if (i == 1) {
            message[sizeof message - 1] = 1;
        } else if (i == 2) {
            memset(message + MSG_HEADER_LEN + 2, 0xff, 256); /* more than the prime */
        } else if (i == 3) {
            message[3] = 3; /* a byte of length that is not there */
        }
        stage_begin(&s, &run, HF_SERVER);
        assert_true(stage_step(&s));
        stage_pump(&s);
        (void)stage_record(&s, REC_HANDSHAKE, span_of(message, sizeof message));
        if (i == 3) {
            assert_int_equal(hf_conn_error(s.target->conn)->code, HF_E_NONE);
        } else {
            stage_must_fail(&s, HF_E_KEY_SHARE_INVALID, NULL);
        }
        stage_end(&s);
        run_clear(&run);
    }
}

/* --- Key transport ---------------------------------------------------------------------------- */

/* Whatever is wrong with the ciphertext, it ends at Finished, and in the same words. */
static void nothing_is_told_of_a_ciphertext(void **state)
{
    (void)state;
    enum { LEN = MSG_HEADER_LEN + 2 + 256 };
    run_make(&run, RUN_12_RSA);
    for (int i = 0; i < 5; i++) {
        static uint8_t message[LEN];
        struct stage s;
        stage_begin(&s, &run, HF_SERVER);
        assert_true(stage_step(&s));
        stage_pump(&s);
        const struct tape_message *m = stage_next(&s);
        assert_int_equal(m->type, MSG_CLIENT_KEY_EXCHANGE);
        assert_int_equal(m->len, LEN);
        memcpy(message, m->data, LEN);
        size_t len = LEN;
        if (i == 0) {
            message[LEN - 1] ^= 1;
        } else if (i == 1) {
            memset(message + MSG_HEADER_LEN + 2, 0, 256);
        } else if (i == 2) {
            memset(message + MSG_HEADER_LEN + 2, 0xff, 256); /* above the modulus */
        } else if (i == 3) {
            len = MSG_HEADER_LEN + 2 + 10;
            message[2] = 0, message[3] = 12, message[4] = 0, message[5] = 10;
        } else {
            message[MSG_HEADER_LEN + 2] ^= 0x40;
        }
        stage_skip(&s);
        assert_int_equal(stage_record(&s, REC_HANDSHAKE, span_of(message, len)), HF_OK);
        assert_int_equal(stage_state(&s), HS_S12_READ_CCS);
        assert_false(stage_finish(&s));
        stage_must_fail(&s, HF_E_FINISHED, "S12_READ_FINISHED");
        stage_end(&s);
    }
}

static void key_transport_only_by_name(void **state)
{
    (void)state;
    hf_config *config = pair_client_config(run_server_pki());
    for (size_t i = 0; i < config->ciphers.count; i++) {
        struct suite s;
        if (suite12_find(config->provider, config->ciphers.v[i], &s)) {
            assert_int_equal(s.exchange, SUITE_ECDHE);
        }
    }
    hf_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(key_exchanges_that_are_wrong),    RUN_TEST(curves_of_certificates_are_listed),
        RUN_TEST(a_certificate_is_required),       RUN_TEST(fields_are_named),
        RUN_TEST(fields_that_are_wrong),           RUN_TEST(client_halves_that_are_wrong),
        RUN_TEST(nothing_is_told_of_a_ciphertext), cmocka_unit_test(key_transport_only_by_name),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

/* TLS 1.2: hellos and key exchanges that break a rule (RFC 5246, 7.4; RFC 8422, 5; RFC 7627, 5; RFC
 * 5746, 3; RFC 7507, 3), one rule each, made from what a real peer says; and what the two ends
 * agree on where versions meet.
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
static struct edit e;

static int drop_run(void **state)
{
    (void)state;
    run_clear(&run);
    return 0;
}

#define SET(name, bytes) edit_set(&e, EXT_CODE_##name, bytes, sizeof(bytes) - 1)
#define DROP(name)       edit_drop(&e, EXT_CODE_##name)
#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))

static void set_suites(const char *bytes, size_t len)
{
    memcpy(e.suites.data, bytes, len);
    e.suites.len = len;
}

/* --- ClientHello ------------------------------------------------------------------------------ */

static void only_cbc(void)
{
    set_suites("\xc0\x13\x00\x2f\x00\x0a\x00\x05\x00\xff", 10);
}

static void only_3des(void)
{
    set_suites("\x00\x0a\x00\x05\x00\xff", 6);
}

static void only_rc4(void)
{
    set_suites("\x00\x05\x00\x04\x00\x03", 6);
}

static void only_export(void)
{
    set_suites("\x00\x03\x00\x01\x00\x18", 6);
}

static void only_unknown(void)
{
    set_suites("\xc0\xac\x0a\x0a", 4); /* AES-CCM, which nobody has here */
}

static void only_compression(void)
{
    e.compression.data[0] = 1; /* DEFLATE */
}

static void compression_too(void)
{
    memcpy(e.compression.data, "\x01\x00", 2);
    e.compression.len = 2;
}

static void renegotiation_not_empty(void)
{
    SET(renegotiation_info, "\x0c"
                            "0123456789ab");
}

static void renegotiation_scsv(void)
{
    DROP(renegotiation_info);
    memcpy(e.suites.data + e.suites.len, "\x00\xff", 2);
    e.suites.len += 2;
}

static void compressed_points_only(void)
{
    SET(ec_point_formats, "\x02\x01\x02");
}

static void no_point_formats(void)
{
    DROP(ec_point_formats);
}

static void no_groups(void)
{
    DROP(supported_groups);
}

static void other_groups(void)
{
    SET(supported_groups, "\x00\x04\x00\x18\x00\x1e");
}

static void no_schemes(void)
{
    DROP(signature_algorithms);
}

static void schemes_of_rsa(void)
{
    SET(signature_algorithms, "\x00\x04\x08\x04\x04\x01");
}

static void version_11(void)
{
    e.legacy_version = 0x0302;
}

static void version_13_without_list(void)
{
    e.legacy_version = 0x0304;
}

static void long_ems(void)
{
    SET(extended_master_secret, "x");
}

static const struct rule offers[] = {
    {"only CBC", only_cbc, HF_E_ONLY_CBC},
    {"only 3DES", only_3des, HF_E_ONLY_3DES},
    {"only RC4", only_rc4, HF_E_ONLY_RC4},
    {"only export", only_export, HF_E_ONLY_EXPORT},
    {"only what nobody knows", only_unknown, HF_E_NO_COMMON_SUITE},
    {"compression or nothing", only_compression, HF_E_COMPRESSION_REQUIRED},
    {"compression too", compression_too, HF_E_NONE},
    {"a renegotiation", renegotiation_not_empty, HF_E_RENEGOTIATION_INFO},
    {"TLS_EMPTY_RENEGOTIATION_INFO_SCSV", renegotiation_scsv, HF_E_NONE},
    {"compressed points only", compressed_points_only, HF_E_POINT_FORMATS},
    {"no ec_point_formats", no_point_formats, HF_E_NONE},
    {"no supported_groups", no_groups, HF_E_NONE},
    {"groups of others", other_groups, HF_E_NO_COMMON_GROUP},
    {"no signature_algorithms", no_schemes, HF_E_NO_COMMON_SIGNATURE},
    {"RSA for an Ed25519 server", schemes_of_rsa, HF_E_NO_COMMON_SIGNATURE},
    {"TLS 1.1", version_11, HF_E_NO_COMMON_VERSION},
    {"legacy_version of TLS 1.3", version_13_without_list, HF_E_NONE},
    {"extended_master_secret with a body", long_ems, HF_E_DECODE_EXTENSION},
};

static void what_a_client_may_not_offer(void **state)
{
    (void)state;
    run_make(&run, RUN_12_FULL);
    for (size_t i = 0; i < COUNT(offers); i++) {
        rule_hear(&offers[i], &run, HF_SERVER, 0, &e);
    }
}

static void no_ems(void)
{
    DROP(extended_master_secret);
}

static void what_a_strict_server_refuses(void **state)
{
    (void)state;
    static const struct rule rule = {"no extended_master_secret", no_ems, HF_E_EMS_REQUIRED};
    run_make(&run, RUN_12_FULL);
    assert_int_equal(hf_config_set_require_ems(run.server, true), HF_OK);
    rule_hear(&rule, &run, HF_SERVER, 0, &e);
}

/* --- ServerHello ------------------------------------------------------------------------------ */

static void echoed_session(void)
{
    e.session_id.len = 32;
    memset(e.session_id.data, 7, 32);
}

static void suite_of_13(void)
{
    set_suites("\x13\x01", 2);
}

static void weak_suite(void)
{
    set_suites("\x00\x2f", 2);
}

static void compression_chosen(void)
{
    e.compression.data[0] = 1;
}

static void no_renegotiation_info(void)
{
    DROP(renegotiation_info);
}

static void extension_of_13(void)
{
    SET(key_share, "\x00\x1d\x00\x01x");
}

static void extension_nobody_asked_for(void)
{
    SET(max_fragment_length, "\x01");
}

static void version_13_chosen(void)
{
    SET(supported_versions, "\x03\x04");
}

static const struct rule answers[] = {
    {"a session of its own", echoed_session, HF_E_NONE},
    {"a suite of TLS 1.3", suite_of_13, HF_E_SUITE_NOT_OFFERED},
    {"a weak suite", weak_suite, HF_E_SUITE_NOT_OFFERED},
    {"compression", compression_chosen, HF_E_COMPRESSION_CHOSEN},
    {"no secure renegotiation", no_renegotiation_info, HF_E_RENEGOTIATION_UNSAFE},
    {"a renegotiation", renegotiation_not_empty, HF_E_RENEGOTIATION_INFO},
    {"compressed points only", compressed_points_only, HF_E_POINT_FORMATS},
    {"an extension of TLS 1.3", extension_of_13, HF_E_MISPLACED_EXTENSION},
    {"an extension not asked for", extension_nobody_asked_for, HF_E_UNSOLICITED_EXTENSION},
    {"TLS 1.1", version_11, HF_E_NO_COMMON_VERSION},
    {"TLS 1.3 without its extension", version_13_without_list, HF_E_VERSION_NOT_OFFERED},
    {"TLS 1.3, which was not offered", version_13_chosen, HF_E_VERSION_NOT_OFFERED},
};

static void what_a_server_may_not_answer(void **state)
{
    (void)state;
    run_make(&run, RUN_12_FULL);
    for (size_t i = 0; i < COUNT(answers); i++) {
        rule_hear(&answers[i], &run, HF_CLIENT, 0, &e);
    }
}

static void what_a_strict_client_refuses(void **state)
{
    (void)state;
    static const struct rule rule = {"no extended_master_secret", no_ems, HF_E_EMS_REQUIRED};
    run_make(&run, RUN_12_FULL);
    assert_int_equal(hf_config_set_require_ems(run.client, true), HF_OK);
    rule_hear(&rule, &run, HF_CLIENT, 0, &e);
}

/* RFC 9846, 4.2.2: the legacy_session_id of a hello that offers TLS 1.3 is no session. */
static void the_dummy_session_is_not_resumed(void **state)
{
    (void)state;
    struct stage s;
    uint8_t id[32];
    run_make(&run, RUN_12_FALLBACK);
    stage_begin(&s, &run, HF_CLIENT);
    const struct tape_message *hello = &s.tape.message[0];
    assert_int_equal(hello->type, MSG_CLIENT_HELLO);
    memcpy(id, hello->data + MSG_HEADER_LEN + 2 + 32 + 1, sizeof id);
    const struct tape_message *m = stage_next(&s);
    edit_open(&e, span_of(m->data, m->len));
    e.session_id.len = sizeof id;
    memcpy(e.session_id.data, id, sizeof id);
    (void)stage_record(&s, REC_HANDSHAKE, edit_close(&e));
    stage_must_fail(&s, HF_E_SESSION_NOT_OFFERED, NULL);
    stage_end(&s);
}

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

/* --- Versions --------------------------------------------------------------------------------- */

static void set_versions(hf_config *config, hf_version lowest, hf_version highest)
{
    assert_int_equal(hf_config_set_versions(config, lowest, highest), HF_OK);
}

static void versions_meet_at_the_highest(void **state)
{
    (void)state;
    static const struct {
        hf_version client[2], server[2];
        uint16_t version; /* 0: none */
    } cases[] = {{{HF_TLS12, HF_TLS13}, {HF_TLS12, HF_TLS13}, HF_TLS13},
                 {{HF_TLS12, HF_TLS12}, {HF_TLS12, HF_TLS13}, HF_TLS12},
                 {{HF_TLS12, HF_TLS13}, {HF_TLS12, HF_TLS12}, HF_TLS12},
                 {{HF_TLS13, HF_TLS13}, {HF_TLS12, HF_TLS12}, 0},
                 {{HF_TLS12, HF_TLS12}, {HF_TLS13, HF_TLS13}, 0}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        run_make(&run, RUN_FULL);
        set_versions(run.client, cases[i].client[0], cases[i].client[1]);
        set_versions(run.server, cases[i].server[0], cases[i].server[1]);
        struct pair *p = run_start(&run, NULL);
        assert_int_equal(run_finish(&run, p), cases[i].version != 0);
        hf_conn_info info;
        hf_conn_describe(p->client.conn, &info);
        assert_int_equal(info.version, cases[i].version);
        if (cases[i].version == 0) {
            assert_int_equal(hf_conn_error(p->server.conn)->code, HF_E_NO_COMMON_VERSION);
        } else {
            assert_true(pair_send(p, &p->client, "hello", 5));
            assert_true(pair_send(p, &p->server, "hello back", 10));
        }
        pair_free(p);
        run_clear(&run);
    }
}

/* Somebody takes TLS 1.3 out of the client's list: the server's random tells (RFC 9846, 4.2.3). */
static void take_out_13(void)
{
    SET(supported_versions, "\x02\x03\x03");
}

static void drop_the_list(void)
{
    DROP(supported_versions);
}

static void downgrades_are_noticed(void **state)
{
    (void)state;
    static void (*const ways[])(void) = {take_out_13, drop_the_list};
    for (size_t i = 0; i < COUNT(ways); i++) {
        struct stage s;
        run_make(&run, RUN_FULL);
        set_versions(run.client, HF_TLS12, HF_TLS13);
        set_versions(run.server, HF_TLS12, HF_TLS13);
        stage_begin(&s, &run, HF_SERVER);
        const struct tape_message *m = stage_next(&s);
        edit_open(&e, span_of(m->data, m->len));
        ways[i]();
        stage_skip(&s);
        assert_int_equal(stage_record(&s, REC_HANDSHAKE, edit_close(&e)), HF_OK);
        stage_pump(&s);
        const hf_error *error = hf_conn_error(s.pair->client.conn);
        assert_int_equal(error->code, HF_E_DOWNGRADE);
        assert_int_equal(error->alert, HF_ALERT_illegal_parameter);
        stage_end(&s);
        run_clear(&run);
    }
}

/* Somebody on the path changes one byte of a hello that two ends of both versions exchange. True:
 * the connection came about all the same. */
static bool survives(hf_role role, size_t at, uint8_t mask, struct pair **out)
{
    struct pair *p = run_start(&run, NULL);
    struct pair_end *ends[] = {[HF_CLIENT] = &p->client, [HF_SERVER] = &p->server};
    p->client.status = hf_conn_drive(p->client.conn);
    (void)pair_pump_end(p, &p->client);
    if (role == HF_CLIENT) {
        (void)pair_pump_end(p, &p->server);
    }
    if (at < ends[role]->in.len) {
        ends[role]->in.data[at] ^= mask;
    }
    pair_settle(p);
    *out = p;
    return hf_conn_is_connected(p->client.conn) || hf_conn_is_connected(p->server.conn);
}

static size_t hello_len(hf_role role)
{
    struct stage s;
    stage_begin(&s, &run, role);
    const size_t len = stage_next(&s)->len;
    stage_end(&s);
    return len;
}

/* Whichever it is: the two never agree on less than they would have alone, and whenever one of them
 * was pushed to TLS 1.2, the client says that it is a downgrade. */
static void no_changed_byte_of_a_hello_pushes_the_version_down(void **state)
{
    (void)state;
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    size_t downgrades = 0;
    run_make(&run, RUN_FULL);
    set_versions(run.client, HF_TLS12, HF_TLS13);
    set_versions(run.server, HF_TLS12, HF_TLS13);
    for (int role = 0; role < 2; role++) {
        const size_t len = hello_len((hf_role)role);
        for (size_t at = 0; at < len; at++) {
            for (size_t i = 0; i < COUNT(masks); i++) {
                struct pair *p;
                if (survives((hf_role)role, REC_HEADER_LEN + at, masks[i], &p)) {
                    fail_msg("byte %zu ^ 0x%02x to the %s survives", at, masks[i],
                             role == HF_CLIENT ? "client" : "server");
                }
                hf_conn_info info;
                hf_conn_describe(p->server.conn, &info);
                const hf_err code = hf_conn_error(p->client.conn)->code;
                /* The server's own refusal comes first where it has one. */
                if (info.version == HF_TLS12 && code != HF_E_ALERT_RECEIVED) {
                    assert_int_equal(code, HF_E_DOWNGRADE);
                    assert_non_null(strstr(hf_err_lookup(code)->sentence, "downgrade"));
                    downgrades++;
                }
                hf_conn_describe(p->client.conn, &info);
                assert_int_not_equal(info.version, HF_TLS12);
                pair_free(p);
            }
        }
    }
    assert_true(downgrades > 10);
}

static void a_fallback_is_refused_where_it_was_not_needed(void **state)
{
    (void)state;
    for (int can_better = 0; can_better < 2; can_better++) {
        run_make(&run, RUN_12_FULL);
        assert_int_equal(hf_config_set_fallback(run.client, true), HF_OK);
        set_versions(run.server, HF_TLS12, can_better ? HF_TLS13 : HF_TLS12);
        struct pair *p = run_start(&run, NULL);
        assert_int_equal(run_finish(&run, p), !can_better);
        const hf_error *error = hf_conn_error(p->server.conn);
        assert_int_equal(error->code, can_better ? HF_E_INAPPROPRIATE_FALLBACK : HF_E_NONE);
        if (can_better) {
            assert_non_null(strstr(hf_err_lookup(error->code)->sentence, "downgrade"));
            assert_int_equal(hf_conn_error(p->client.conn)->alert, HF_ALERT_inappropriate_fallback);
        }
        pair_free(p);
        run_clear(&run);
    }
}

/* A client of both versions that has passed over a change_cipher_spec finds that it counted. */
static void a_dropped_ccs_was_an_early_one(void **state)
{
    (void)state;
    struct stage s;
    run_make(&run, RUN_12_FALLBACK);
    stage_begin(&s, &run, HF_CLIENT);
    assert_int_equal(stage_plain(&s, REC_CHANGE_CIPHER_SPEC, span_of("\x01", 1)), HF_OK);
    assert_false(stage_step(&s));
    stage_must_fail(&s, HF_E_CCS_EARLY, NULL);
    stage_end(&s);
}

/* --- After the handshake ---------------------------------------------------------------------- */

static void a_client_says_no_to_renegotiation(void **state)
{
    (void)state;
    struct stage s;
    run_make(&run, RUN_12_FULL);
    stage_begin(&s, &run, HF_CLIENT);
    assert_true(stage_finish(&s));
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, span_of("\0\0\0\0", 4)), HF_OK);
    assert_int_equal(s.tape.alert_sent[HF_CLIENT], HF_ALERT_no_renegotiation);
    assert_true(hf_conn_is_connected(s.target->conn));
    /* The server hears the warning and goes on. */
    stage_pump(&s);
    assert_true(hf_conn_is_connected(s.peer->conn));
    for (int i = 0; i < 40; i++) {
        (void)stage_record(&s, REC_HANDSHAKE, span_of("\0\0\0\0", 4));
    }
    assert_int_equal(hf_conn_error(s.target->conn)->code, HF_E_KEY_UPDATE_FLOOD);
    stage_end(&s);
}

static void exporters_agree_and_need_ems(void **state)
{
    (void)state;
    uint8_t a[40];
    uint8_t b[40];
    run_make(&run, RUN_12_FULL);
    struct pair *p = run_start(&run, NULL);
    assert_int_equal(
        hf_conn_export(p->client.conn, false, "EXPERIMENTAL x", span_of(NULL, 0), a, sizeof a),
        HF_NEED_INPUT);
    run_must_finish(&run, p);
    static const hf_span contexts[] = {
        {NULL, 0}, {(const uint8_t *)"", 0}, {(const uint8_t *)"c", 1}};
    uint8_t last[40] = {0};
    for (size_t i = 0; i < COUNT(contexts); i++) {
        assert_int_equal(
            hf_conn_export(p->client.conn, false, "EXPERIMENTAL x", contexts[i], a, sizeof a),
            HF_OK);
        assert_int_equal(
            hf_conn_export(p->server.conn, false, "EXPERIMENTAL x", contexts[i], b, sizeof b),
            HF_OK);
        assert_memory_equal(a, b, sizeof a);
        assert_memory_not_equal(a, last, sizeof a);
        memcpy(last, a, sizeof a);
    }
    assert_int_equal(
        hf_conn_export(p->client.conn, false, "key expansion", contexts[0], a, sizeof a),
        HF_FAILED);
    assert_int_equal(hf_conn_update_keys(p->client.conn, true), HF_FAILED);
    assert_int_equal(hf_conn_error(p->client.conn)->code, HF_E_NONE);
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_a_client_may_not_offer, drop_run),
        cmocka_unit_test_teardown(what_a_strict_server_refuses, drop_run),
        cmocka_unit_test_teardown(what_a_server_may_not_answer, drop_run),
        cmocka_unit_test_teardown(what_a_strict_client_refuses, drop_run),
        cmocka_unit_test_teardown(the_dummy_session_is_not_resumed, drop_run),
        cmocka_unit_test_teardown(key_exchanges_that_are_wrong, drop_run),
        cmocka_unit_test_teardown(curves_of_certificates_are_listed, drop_run),
        cmocka_unit_test_teardown(a_certificate_is_required, drop_run),
        cmocka_unit_test_teardown(fields_are_named, drop_run),
        cmocka_unit_test_teardown(fields_that_are_wrong, drop_run),
        cmocka_unit_test_teardown(client_halves_that_are_wrong, drop_run),
        cmocka_unit_test_teardown(nothing_is_told_of_a_ciphertext, drop_run),
        cmocka_unit_test(key_transport_only_by_name),
        cmocka_unit_test_teardown(versions_meet_at_the_highest, drop_run),
        cmocka_unit_test_teardown(downgrades_are_noticed, drop_run),
        cmocka_unit_test_teardown(no_changed_byte_of_a_hello_pushes_the_version_down, drop_run),
        cmocka_unit_test_teardown(a_fallback_is_refused_where_it_was_not_needed, drop_run),
        cmocka_unit_test_teardown(a_dropped_ccs_was_an_early_one, drop_run),
        cmocka_unit_test_teardown(a_client_says_no_to_renegotiation, drop_run),
        cmocka_unit_test_teardown(exporters_agree_and_need_ems, drop_run),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

/* TLS 1.2: hellos that break a rule (RFC 5246, 7.4.1; RFC 8422, 5.1; RFC 7627, 5; RFC 5746, 3), one
 * rule each, made from what a real peer says; and what comes after the handshake of what they said.
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
        RUN_TEST(what_a_client_may_not_offer),      RUN_TEST(what_a_strict_server_refuses),
        RUN_TEST(what_a_server_may_not_answer),     RUN_TEST(what_a_strict_client_refuses),
        RUN_TEST(the_dummy_session_is_not_resumed), RUN_TEST(a_client_says_no_to_renegotiation),
        RUN_TEST(exporters_agree_and_need_ems),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

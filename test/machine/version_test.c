/* Where versions meet: what two ends agree on, and that nobody between them can push it down (RFC
 * 9846, 4.2.3; RFC 7507, 3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "config/config.h"
#include "record/record.h"
#include "support/rule.h"

static struct run run;
static struct edit e;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(versions_meet_at_the_highest),
        RUN_TEST(downgrades_are_noticed),
        RUN_TEST(no_changed_byte_of_a_hello_pushes_the_version_down),
        RUN_TEST(a_fallback_is_refused_where_it_was_not_needed),
        RUN_TEST(a_dropped_ccs_was_an_early_one),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

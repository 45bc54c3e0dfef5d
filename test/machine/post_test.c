/* What comes after the handshake (RFC 9846, 4.7 and 6.1): tickets, new keys, late certificates,
 * closing; and what a peer may not do there.
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
#include "support/stage.h"
#include "wire/message.h"

enum { FLOOD = 32 }; /* limits.post_handshake, and as many records without content */

static struct run run;

static hf_span text(const char *bytes, size_t len)
{
    return span_of((const uint8_t *)bytes, len);
}

#define MESSAGE(bytes) text(bytes, sizeof(bytes) - 1)

static void begin_connected(struct stage *s, enum run_kind kind, hf_role role)
{
    run_clear(&run);
    run_make(&run, kind);
    stage_begin(s, &run, role);
    while (!hf_conn_is_connected(s->target->conn) || !hf_conn_is_connected(s->peer->conn)) {
        assert_true(stage_step(s));
    }
}

/* One message to a connected end, which must answer with this error. */
static void must_refuse(enum run_kind kind, hf_role role, hf_span message, hf_err code)
{
    struct stage s;
    begin_connected(&s, kind, role);
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, message), HF_FAILED);
    stage_must_fail(&s, code, NULL);
    stage_end(&s);
}

/* --- Tickets ------------------------------------------------------------------------------------
 */

#define TICKET(lifetime)                                                                           \
    "\4\0\0\20" lifetime "\1\2\3\4"                                                                \
    "\1n"                                                                                          \
    "\0\2id"                                                                                       \
    "\0\0"

static void tickets_are_read(void **state)
{
    (void)state;
    struct stage s;
    begin_connected(&s, RUN_FULL, HF_CLIENT);
    const char week[] = TICKET("\0\x09\x3a\x80");
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, text(week, sizeof week - 1)), HF_OK);
    /* RFC 9846, 4.7.1 forbids servers more than a week; a client need not mind. */
    const char long_lived[] = TICKET("\xff\xff\xff\xff");
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, text(long_lived, sizeof long_lived - 1)),
                     HF_OK);
    const char two[] = TICKET("\0\0\1\0") TICKET("\0\0\0\0");
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, text(two, sizeof two - 1)), HF_OK);
    assert_true(hf_conn_is_connected(s.target->conn));
    stage_end(&s);
}

static void tickets_that_are_wrong(void **state)
{
    (void)state;
    /* An empty ticket, a byte too many, an extension of another message, the same one twice. */
    must_refuse(RUN_FULL, HF_CLIENT, MESSAGE("\4\0\0\15\0\0\0\1\1\2\3\4\0\0\0\0\0"), HF_E_DECODE);
    must_refuse(RUN_FULL, HF_CLIENT, MESSAGE("\4\0\0\17\0\0\0\1\1\2\3\4\0\0\1t\0\0\0"),
                HF_E_DECODE);
    must_refuse(RUN_FULL, HF_CLIENT, MESSAGE("\4\0\0\22\0\0\0\1\1\2\3\4\0\0\1t\0\4\0\x2c\0\0"),
                HF_E_MISPLACED_EXTENSION);
    must_refuse(RUN_FULL, HF_CLIENT,
                MESSAGE("\4\0\0\32\0\0\0\1\1\2\3\4\0\0\1t\0\14\xff\3\0\0\xff\2\0\0\xff\3\0\0"),
                HF_E_DUPLICATE_EXTENSION);
}

/* --- New keys -----------------------------------------------------------------------------------
 */

static void key_updates_that_are_wrong(void **state)
{
    (void)state;
    for (int role = 0; role < 2; role++) {
        must_refuse(RUN_FULL, (hf_role)role, MESSAGE("\x18\0\0\1\2"), HF_E_KEY_UPDATE_VALUE);
        must_refuse(RUN_FULL, (hf_role)role, MESSAGE("\x18\0\0\1\xff"), HF_E_KEY_UPDATE_VALUE);
        must_refuse(RUN_FULL, (hf_role)role, MESSAGE("\x18\0\0\0"), HF_E_DECODE);
        must_refuse(RUN_FULL, (hf_role)role, MESSAGE("\x18\0\0\2\0\0"), HF_E_DECODE);
    }
}

/* RFC 9846, 4.7.3: any number of requests before the answer is sent deserve one answer. */
static void one_answer_for_many_requests(void **state)
{
    (void)state;
    struct stage s;
    begin_connected(&s, RUN_FULL, HF_SERVER);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(stage_record(&s, REC_HANDSHAKE, MESSAGE("\x18\0\0\1\1")), HF_OK);
    }
    hf_conn_info info;
    hf_conn_describe(s.target->conn, &info);
    assert_int_equal(info.keys_received, 5);
    assert_int_equal(info.keys_sent, 1);
    /* Once it is on its way, the next request is answered anew. */
    (void)pair_pump_end(s.pair, s.target);
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, MESSAGE("\x18\0\0\1\1")), HF_OK);
    hf_conn_describe(s.target->conn, &info);
    assert_int_equal(info.keys_sent, 2);
    stage_end(&s);
}

/* --- Floods -------------------------------------------------------------------------------------
 */

static void flood_of_messages(hf_role role, hf_span message)
{
    struct stage s;
    begin_connected(&s, RUN_FULL, role);
    for (int i = 0; i < FLOOD; i++) {
        assert_int_equal(stage_record(&s, REC_HANDSHAKE, message), HF_OK);
        /* Empty records do not count as data. */
        if (i < FLOOD - 1) {
            assert_int_equal(stage_record(&s, REC_APPLICATION_DATA, text("", 0)), HF_OK);
        }
    }
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, message), HF_FAILED);
    stage_must_fail(&s, HF_E_KEY_UPDATE_FLOOD, "CONNECTED");
    stage_end(&s);

    begin_connected(&s, RUN_FULL, role);
    for (int i = 0; i < 3 * FLOOD; i++) {
        assert_int_equal(stage_record(&s, REC_HANDSHAKE, message), HF_OK);
        if (i % FLOOD == FLOOD - 1) {
            assert_int_equal(stage_record(&s, REC_APPLICATION_DATA, text("x", 1)), HF_OK);
        }
    }
    stage_end(&s);
}

static void floods_of_messages_end(void **state)
{
    (void)state;
    flood_of_messages(HF_CLIENT, MESSAGE("\x18\0\0\1\0"));
    flood_of_messages(HF_SERVER, MESSAGE("\x18\0\0\1\0"));
    flood_of_messages(HF_CLIENT, MESSAGE(TICKET("\0\0\0\1")));
}

static void flood_of_records(struct stage *s, uint8_t type, hf_span content)
{
    for (int i = 0; i < FLOOD; i++) {
        const hf_status status = type == REC_CHANGE_CIPHER_SPEC ? stage_plain(s, type, content)
                                                                : stage_record(s, type, content);
        assert_int_equal(status, HF_OK);
    }
    const hf_status status = type == REC_CHANGE_CIPHER_SPEC ? stage_plain(s, type, content)
                                                            : stage_record(s, type, content);
    assert_int_equal(status, HF_FAILED);
    stage_must_fail(s, HF_E_RECORD_EMPTY_FLOOD, NULL);
    stage_end(s);
}

static void floods_of_idle_records_end(void **state)
{
    (void)state;
    const hf_span canceled = MESSAGE("\1\x5a");
    for (int role = 0; role < 2; role++) {
        struct stage s;
        begin_connected(&s, RUN_FULL, (hf_role)role);
        flood_of_records(&s, REC_APPLICATION_DATA, text("", 0));
        begin_connected(&s, RUN_FULL, (hf_role)role);
        flood_of_records(&s, REC_ALERT, canceled);
    }
    struct stage s;
    run_clear(&run);
    run_make(&run, RUN_FULL);
    stage_begin(&s, &run, HF_CLIENT);
    flood_of_records(&s, REC_CHANGE_CIPHER_SPEC, MESSAGE("\1"));
    stage_begin(&s, &run, HF_CLIENT);
    assert_true(stage_step(&s));
    flood_of_records(&s, REC_CHANGE_CIPHER_SPEC, MESSAGE("\1"));
}

/* --- Late certificates --------------------------------------------------------------------------
 */

/* A chain that the server does not trust is refused, whatever was asked for in the handshake. */
static void late_certificate_of_a_stranger(void **state)
{
    (void)state;
    struct stage s;
    run_make(&run, RUN_POST_AUTH);
    hf_trust_store *others = pair_trust(run_server_pki());
    assert_int_equal(hf_config_set_trust(run.server, others), HF_OK);
    hf_trust_store_free(others);
    stage_begin(&s, &run, HF_SERVER);
    assert_false(stage_finish(&s));
    stage_must_fail(&s, HF_E_CERTIFICATE_UNKNOWN_CA, "S13_VERIFY_CHAIN_WAIT");
    stage_end(&s);
}

static void late_request_that_is_wrong(void **state)
{
    (void)state;
    /* Without a context; and with one, to a client that did not offer it. */
    must_refuse(RUN_POST_AUTH, HF_CLIENT, MESSAGE("\x0d\0\0\x0b\0\0\x08\0\x0d\0\4\0\2\x08\7"),
                HF_E_CERTIFICATE_CONTEXT);
    must_refuse(RUN_FULL, HF_CLIENT, MESSAGE("\x0d\0\0\x0c\1c\0\x08\0\x0d\0\4\0\2\x08\7"),
                HF_E_POST_AUTH_NOT_OFFERED);
    must_refuse(RUN_POST_AUTH, HF_CLIENT, MESSAGE("\x0d\0\0\4\1c\0\0"), HF_E_MISSING_EXTENSION);
}

/* Two requests at once are answered one after the other. */
static void two_late_requests_in_one_record(void **state)
{
    (void)state;
    struct stage s;
    begin_connected(&s, RUN_POST_AUTH, HF_CLIENT);
    const char requests[] = "\x0d\0\0\x0c\1c\0\x08\0\x0d\0\4\0\2\x08\7"
                            "\x0d\0\0\x0c\1d\0\x08\0\x0d\0\4\0\2\x08\7";
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, text(requests, sizeof requests - 1)), HF_OK);
    size_t certificates = 0;
    for (size_t i = 0; i < s.tape.count; i++) {
        const struct tape_message *m = &s.tape.message[i];
        if (m->from == HF_CLIENT && m->type == MSG_CERTIFICATE) {
            assert_int_equal(m->data[MSG_HEADER_LEN], 1);
            assert_int_equal(m->data[MSG_HEADER_LEN + 1], certificates == 0 ? 'c' : 'd');
            certificates++;
        }
    }
    assert_int_equal(certificates, 2);
    assert_true(hf_conn_is_connected(s.target->conn));
    stage_end(&s);
}

/* The server goes on hearing data, and may take new keys, while it waits for the certificate. */
static void data_before_the_late_certificate(void **state)
{
    (void)state;
    struct stage s;
    begin_connected(&s, RUN_POST_AUTH, HF_SERVER);
    stage_pump(&s);
    assert_int_equal(stage_state(&s), HS_S13_READ_CERTIFICATE);
    assert_int_equal(stage_record(&s, REC_APPLICATION_DATA, text("data", 4)), HF_OK);
    assert_int_equal(s.got.kind, HF_GOT_DATA);
    assert_int_equal(s.got.len, 4);
    assert_int_equal(hf_conn_update_keys(s.target->conn, false), HF_OK);
    assert_true(pair_send(s.pair, s.target, "more", 4));
    assert_true(stage_finish(&s));
    stage_end(&s);
}

/* What cannot be asked for now is refused without harm. */
static void certificate_cannot_be_asked_for(void **state)
{
    (void)state;
    struct stage s;
    begin_connected(&s, RUN_FULL, HF_SERVER);
    assert_int_equal(hf_conn_request_certificate(s.target->conn), HF_FAILED);
    assert_int_equal(hf_conn_request_certificate(s.peer->conn), HF_FAILED);
    assert_true(hf_conn_is_connected(s.target->conn) && hf_conn_is_connected(s.peer->conn));
    assert_true(pair_send(s.pair, s.target, "a", 1));
    stage_end(&s);
    run_clear(&run);
    run_make(&run, RUN_POST_AUTH);
    stage_begin(&s, &run, HF_SERVER);
    assert_int_equal(hf_conn_request_certificate(s.target->conn), HF_NEED_INPUT);
    stage_end(&s);
}

/* --- Closing ------------------------------------------------------------------------------------
 */

/* RFC 9846, 6.1: nothing is sent after close_notify, not even the rest of a handshake. */
static void nothing_is_said_after_close(void **state)
{
    (void)state;
    for (int steps = 0; steps < 3; steps++) {
        struct stage s;
        run_clear(&run);
        run_make(&run, RUN_FULL);
        stage_begin(&s, &run, HF_CLIENT);
        for (int i = 0; i < steps; i++) {
            assert_true(stage_step(&s));
        }
        assert_int_equal(hf_conn_close(s.target->conn), HF_OK);
        (void)pair_pump_end(s.pair, s.target);
        const uint64_t said = s.peer->in.total;
        while (stage_step(&s)) {
        }
        (void)pair_pump_end(s.pair, s.target);
        assert_int_equal(s.peer->in.total, said);
        stage_end(&s);
    }
}

static void canceled_handshake(void **state)
{
    (void)state;
    for (int role = 0; role < 2; role++) {
        struct stage s;
        run_clear(&run);
        run_make(&run, RUN_FULL);
        stage_begin(&s, &run, (hf_role)role);
        assert_int_equal(stage_record(&s, REC_ALERT, MESSAGE("\1\x5a")), HF_OK);
        assert_int_equal(stage_record(&s, REC_ALERT, MESSAGE("\1\0")), HF_FAILED);
        assert_int_equal(hf_conn_error(s.target->conn)->code, HF_E_USER_CANCELED);
        stage_end(&s);
        stage_begin(&s, &run, (hf_role)role);
        assert_int_equal(stage_record(&s, REC_ALERT, MESSAGE("\1\x5a")), HF_OK);
        assert_int_equal(hf_conn_recv_eof(s.target->conn), HF_FAILED);
        assert_int_equal(hf_conn_error(s.target->conn)->code, HF_E_USER_CANCELED);
        stage_end(&s);
    }
}

static void aborted_by_the_application(void **state)
{
    (void)state;
    struct stage s;
    begin_connected(&s, RUN_FULL, HF_CLIENT);
    assert_int_equal(hf_conn_abort(s.target->conn, HF_ALERT_access_denied), HF_FAILED);
    assert_int_equal(hf_conn_error(s.target->conn)->code, HF_E_OP_ALERT);
    stage_pump(&s);
    assert_int_equal(hf_conn_error(s.peer->conn)->code, HF_E_ALERT_RECEIVED);
    assert_int_equal(hf_conn_error(s.peer->conn)->alert, HF_ALERT_access_denied);
    stage_end(&s);

    stage_begin(&s, &run, HF_CLIENT);
    assert_int_equal(hf_conn_abort(s.target->conn, HF_ALERT_user_canceled), HF_FAILED);
    stage_pump(&s);
    assert_int_equal(hf_conn_error(s.peer->conn)->code, HF_E_USER_CANCELED);
    stage_end(&s);
}

static void closed_and_cut_off(void **state)
{
    (void)state;
    struct stage s;
    begin_connected(&s, RUN_FULL, HF_CLIENT);
    assert_int_equal(stage_record(&s, REC_ALERT, MESSAGE("\1\0")), HF_OK);
    assert_int_equal(s.got.kind, HF_GOT_CLOSE);
    assert_int_equal(stage_raw(&s, text("\x17\3\3\0\1x", 6)), HF_CLOSED);
    assert_int_equal(hf_conn_recv_eof(s.target->conn), HF_CLOSED);
    assert_true(pair_send(s.pair, s.target, "still", 5));
    stage_end(&s);

    begin_connected(&s, RUN_FULL, HF_SERVER);
    assert_int_equal(hf_conn_recv_eof(s.target->conn), HF_FAILED);
    assert_int_equal(hf_conn_error(s.target->conn)->code, HF_E_TRUNCATED);
    stage_end(&s);

    stage_begin(&s, &run, HF_SERVER);
    assert_int_equal(hf_conn_recv_eof(s.target->conn), HF_FAILED);
    assert_int_equal(hf_conn_error(s.target->conn)->code, HF_E_PEER_CLOSED_HANDSHAKE);
    stage_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(tickets_are_read),
        RUN_TEST(tickets_that_are_wrong),
        RUN_TEST(key_updates_that_are_wrong),
        RUN_TEST(one_answer_for_many_requests),
        RUN_TEST(floods_of_messages_end),
        RUN_TEST(floods_of_idle_records_end),
        RUN_TEST(late_certificate_of_a_stranger),
        RUN_TEST(late_request_that_is_wrong),
        RUN_TEST(two_late_requests_in_one_record),
        RUN_TEST(data_before_the_late_certificate),
        RUN_TEST(certificate_cannot_be_asked_for),
        RUN_TEST(nothing_is_said_after_close),
        RUN_TEST(canceled_handshake),
        RUN_TEST(aborted_by_the_application),
        RUN_TEST(closed_and_cut_off),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

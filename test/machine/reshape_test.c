/* Messages cut short, lengthened, doubled, left out, in another order, and too long: whatever a
 * peer does to their form, no handshake survives it, and what is told is the peer's fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "config/config.h"
#include "record/record.h"
#include "support/edit.h"
#include "support/heard.h"
#include "wire/message.h"

static struct run run;
static uint8_t changed[REC_MAX_PLAIN];

/* --- Judging ------------------------------------------------------------------------------------
 */

/* Ends the stage. waits: it may be that the rest never comes. */
static void must_not_survive(struct stage *s, const char *what, const struct heard *h, size_t at,
                             bool waits)
{
    if (stage_finish(s)) {
        fail_msg("%s survives being %s (%zu)", heard_name(h), what, at);
    }
    const hf_error *target = hf_conn_error(s->target->conn);
    const hf_error *peer = hf_conn_error(s->peer->conn);
    const bool is_told = target->code == HF_E_NONE || target->code == HF_E_ALERT_RECEIVED;
    const hf_error *first = is_told ? peer : target;
    if (first->code == HF_E_NONE && waits) {
        assert_int_equal(hf_conn_recv_eof(s->target->conn), HF_FAILED);
        stage_end(s);
        return;
    }
    const hf_err_info *info = hf_err_lookup(first->code);
    const bool is_peers = info->origin == HF_ORIGIN_PEER || info->origin == HF_ORIGIN_MISMATCH;
    if (first->code == HF_E_NONE || !is_peers || first->alert != info->alert) {
        fail_msg("%s, %s (%zu): %s", heard_name(h), what, at, run_describe(s->pair));
    }
    stage_end(s);
}

static void set_length(uint8_t *m, size_t body)
{
    m[1] = (uint8_t)(body >> 16);
    m[2] = (uint8_t)(body >> 8);
    m[3] = (uint8_t)body;
}

/* For every message that there is: test(role, n, its description, its length). */
static void for_each_message(void (*test)(hf_role role, int n, const struct heard *h, size_t len))
{
    struct heard_list heard = {.count = 0};
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        run_make(&run, (enum run_kind)kind);
        for (int role = 0; role < 2; role++) {
            struct stage s;
            for (int n = 0; heard_go_to(&s, &run, (hf_role)role, n); n++) {
                const struct heard h = heard_describe(&s, stage_next(&s));
                const size_t len = stage_next(&s)->len;
                stage_end(&s);
                if (heard_is_news(&heard, &h)) {
                    test((hf_role)role, n, &h, len);
                }
            }
        }
        run_clear(&run);
    }
    assert_int_equal(heard.count, HEARD_ALL);
}

/* --- Length -------------------------------------------------------------------------------------
 */

/* The message with a body of so many bytes, its own ones or zeros. */
static void give_resized(struct stage *s, size_t body)
{
    const struct tape_message *m = stage_next(s);
    const size_t own = m->len < MSG_HEADER_LEN + body ? m->len : MSG_HEADER_LEN + body;
    memset(changed, 0, MSG_HEADER_LEN + body);
    memcpy(changed, m->data, own);
    set_length(changed, body);
    stage_skip(s);
    (void)stage_record(s, REC_HANDSHAKE, span_of(changed, MSG_HEADER_LEN + body));
}

static void resize(hf_role role, int n, const struct heard *h, size_t body)
{
    struct stage s;
    assert_true(heard_go_to(&s, &run, role, n));
    give_resized(&s, body);
    must_not_survive(&s, "resized", h, body, false);
}

static void cut_short(hf_role role, int n, const struct heard *h, size_t len)
{
    enum { EDGE = 40, STRIDE = 23 };
    for (size_t body = 0; body < len - MSG_HEADER_LEN;) {
        resize(role, n, h, body);
        const bool is_inside = body > EDGE && body + EDGE + STRIDE < len;
        body += is_inside && len > 300 ? STRIDE : 1;
    }
}

static void lengthen(hf_role role, int n, const struct heard *h, size_t len)
{
    static const size_t more[] = {1, 2, 3, 4, 5, 100};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        resize(role, n, h, len - MSG_HEADER_LEN + more[i]);
    }
}

static void cut_short_anywhere(void **state)
{
    (void)state;
    for_each_message(cut_short);
}

static void with_bytes_behind(void **state)
{
    (void)state;
    for_each_message(lengthen);
}

/* --- Order --------------------------------------------------------------------------------------
 */

static void give_next(struct stage *s)
{
    const struct tape_message *m = stage_next(s);
    (void)stage_record(s, REC_HANDSHAKE, span_of(m->data, m->len));
    stage_skip(s);
}

/* A ticket more or less, or another order of them: a client takes what comes (RFC 9846, 4.7.1). */
static bool is_free(const struct heard *h)
{
    return h->type == MSG_NEW_SESSION_TICKET;
}

static void say_twice(hf_role role, int n, const struct heard *h, size_t len)
{
    struct stage s;
    if (is_free(h)) {
        return;
    }
    assert_true(heard_go_to(&s, &run, role, n));
    const struct tape_message *m = stage_next(&s);
    memcpy(changed, m->data, m->len);
    give_next(&s);
    (void)stage_record(&s, REC_HANDSHAKE, span_of(changed, len));
    if (h->is_post && h->type == MSG_CERTIFICATE_REQUEST) {
        /* To the client a second request like the first is a request; the server did not ask twice.
         */
        stage_end(&s);
        return;
    }
    if (hf_conn_error(s.target->conn)->code == HF_E_NONE) {
        /* A server that keeps nothing answers the second as it did the first, which the client does
         * not expect. */
        assert_true(run.server->stateless_retry);
    }
    must_not_survive(&s, "doubled", h, 0, false);
}

static void leave_out(hf_role role, int n, const struct heard *h, size_t len)
{
    (void)len;
    struct stage s;
    if (is_free(h)) {
        return;
    }
    assert_true(heard_go_to(&s, &run, role, n));
    stage_skip(&s);
    must_not_survive(&s, "left out", h, 0, true);
}

static void put_last(hf_role role, int n, const struct heard *h, size_t len)
{
    struct stage s;
    if (is_free(h)) {
        return;
    }
    assert_true(heard_go_to(&s, &run, role, n));
    const struct tape_message *m = stage_next(&s);
    memcpy(changed, m->data, m->len);
    stage_skip(&s);
    if (stage_next(&s) == NULL) {
        stage_end(&s); /* nothing to change places with */
        return;
    }
    give_next(&s);
    (void)stage_record(&s, REC_HANDSHAKE, span_of(changed, len));
    must_not_survive(&s, "put behind the next", h, 0, true);
}

static void said_twice(void **state)
{
    (void)state;
    for_each_message(say_twice);
}

static void left_out(void **state)
{
    (void)state;
    for_each_message(leave_out);
}

static void in_another_order(void **state)
{
    (void)state;
    for_each_message(put_last);
}

/* --- Too long -----------------------------------------------------------------------------------
 */

/* The header alone says it; nothing more is waited for, and no memory taken. */
static void claim(hf_role role, int n, uint32_t len, hf_err code)
{
    struct stage s;
    assert_true(heard_go_to(&s, &run, role, n));
    uint8_t head[MSG_HEADER_LEN];
    head[0] = stage_next(&s)->type;
    set_length(head, len);
    const hf_status status = stage_record(&s, REC_HANDSHAKE, span_of(head, sizeof head));
    if (code != HF_E_NONE) {
        assert_int_equal(status, HF_FAILED);
        stage_must_fail(&s, code, NULL);
    } else {
        assert_int_not_equal(status, HF_FAILED);
    }
    stage_end(&s);
}

static void claims(hf_role role, int n, const struct heard *h, size_t len)
{
    (void)h;
    (void)len;
    claim(role, n, 65536, HF_E_NONE);
    claim(role, n, 65537, HF_E_MESSAGE_TOO_LONG);
    claim(role, n, 0xffffff, HF_E_MESSAGE_TOO_LONG);
}

static void longer_than_the_limit(void **state)
{
    (void)state;
    for_each_message(claims);
}

static void longer_than_a_limit_that_was_set(void **state)
{
    (void)state;
    const hf_limits limits = {.size = sizeof limits, .handshake_message = 300};
    run_make(&run, RUN_FULL);
    assert_int_equal(hf_config_set_limits(run.server, &limits), HF_OK);
    claim(HF_SERVER, 0, 301, HF_E_MESSAGE_TOO_LONG);
    claim(HF_SERVER, 0, 300, HF_E_NONE);
}

/* A hello that is as long as may be is read like any other. */
static void as_long_as_the_limit(void **state)
{
    (void)state;
    static struct edit e;
    static uint8_t padding[65000];
    struct stage s;
    run_make(&run, RUN_FULL);
    stage_begin(&s, &run, HF_SERVER);
    const struct tape_message *m = stage_next(&s);
    edit_open(&e, span_of(m->data, m->len));
    const size_t room = 65536 - (m->len - MSG_HEADER_LEN) - 4;
    edit_append(&e, EXT_CODE_padding, padding, room > sizeof padding ? sizeof padding : room);
    (void)stage_record(&s, REC_HANDSHAKE, edit_close(&e));
    assert_int_equal(hf_conn_error(s.target->conn)->code, HF_E_NONE);
    assert_int_equal(stage_state(&s), HS_S13_READ_FINISHED);
    stage_end(&s);
}

/* --- Early data that was not asked for
 * ------------------------------------------------------------ */

static void offer_early_data(struct stage *s, enum run_kind kind)
{
    static struct edit e;
    run_clear(&run);
    run_make(&run, kind);
    stage_begin(s, &run, HF_SERVER);
    const struct tape_message *m = stage_next(s);
    edit_open(&e, span_of(m->data, m->len));
    edit_set(&e, EXT_CODE_early_data, "", 0);
    assert_int_equal(stage_record(s, REC_HANDSHAKE, edit_close(&e)), HF_OK);
}

/* The client has not said that it offers early data, so it has given up before. */
static void must_have_told(const struct stage *s, hf_err code)
{
    assert_int_equal(hf_conn_error(s->target->conn)->code, code);
    assert_int_equal(s->tape.alert_sent[s->role], hf_err_lookup(code)->alert);
}

/* RFC 9846, 4.3.10: read over, up to a bound: records that do not open, or before the second hello
 * all of them. */
static void early_data_is_read_over(void **state)
{
    (void)state;
    enum { BOUND = 16 * REC_MAX_PLAIN };
    static const enum run_kind kinds[] = {RUN_FULL, RUN_RETRY, RUN_COOKIE};
    static uint8_t record[REC_HEADER_LEN + REC_MAX_PLAIN];
    memcpy(record, "\x17\3\3\x40\0", REC_HEADER_LEN);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct stage s;
        offer_early_data(&s, kinds[i]);
        for (size_t n = 0; n < BOUND; n += REC_MAX_PLAIN) {
            assert_int_equal(stage_raw(&s, span_of(record, sizeof record)), HF_OK);
            assert_int_equal(s.got.kind, HF_GOT_NOTHING);
        }
        assert_int_equal(stage_raw(&s, span_of(record, sizeof record)), HF_FAILED);
        must_have_told(&s, HF_E_EARLY_DATA_TOO_MUCH);
        stage_end(&s);
    }
}

/* So is one that has no room for a tag. */
static void short_early_data_is_read_over(void **state)
{
    (void)state;
    struct stage s;
    offer_early_data(&s, RUN_FULL);
    assert_int_equal(stage_raw(&s, span_of("\x17\3\3\0\1!", 6)), HF_OK);
    stage_end(&s);
}

/* The first record that opens ends it: what does not open afterwards is an attack. */
static void early_data_ends_with_the_first_record_that_opens(void **state)
{
    (void)state;
    static const uint8_t forged[5 + 32] = {0x17, 3, 3, 0, 32};
    static const uint8_t half[] = {MSG_FINISHED, 0, 0};
    struct stage s;
    offer_early_data(&s, RUN_FULL);
    assert_int_equal(stage_raw(&s, span_of(forged, sizeof forged)), HF_OK);
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, span_of(half, sizeof half)), HF_OK);
    assert_int_equal(stage_raw(&s, span_of(forged, sizeof forged)), HF_FAILED);
    must_have_told(&s, HF_E_RECORD_AUTH);
    stage_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(cut_short_anywhere),
        RUN_TEST(with_bytes_behind),
        RUN_TEST(said_twice),
        RUN_TEST(left_out),
        RUN_TEST(in_another_order),
        RUN_TEST(longer_than_the_limit),
        RUN_TEST(longer_than_a_limit_that_was_set),
        RUN_TEST(as_long_as_the_limit),
        RUN_TEST(early_data_is_read_over),
        RUN_TEST(short_early_data_is_read_over),
        RUN_TEST(early_data_ends_with_the_first_record_that_opens),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

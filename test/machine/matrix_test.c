/* Every message in every state: what a row of state.def accepts is taken, all else is refused by
 * name and alert. From the same runs comes what of the table they reach.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "record/record.h"
#include "support/place.h"
#include "wire/message.h"

static struct run run;

/* --- Messages --------------------------------------------------------------------------------- */

/* The types that a place takes: its row's, and beside them those of RFC 9846, 4.7. */
static uint32_t accepted_at(const struct stage *s, const struct place *p)
{
    const uint32_t key_update = UINT32_C(1) << MSG_KEY_UPDATE;
    uint32_t mask = hs_rows[p->state].accepts;
    if (p->state == HS_CONNECTED && place_is_12(p)) {
        /* RFC 5246, 7.4.1.1: a client may say no. */
        return p->role == HF_CLIENT ? UINT32_C(1) << MSG_HELLO_REQUEST : 0;
    }
    if (p->state == HS_CONNECTED) {
        mask = key_update;
        if (p->role == HF_CLIENT) {
            mask |= UINT32_C(1) << MSG_NEW_SESSION_TICKET;
            mask |=
                s->run->client->post_handshake_auth ? UINT32_C(1) << MSG_CERTIFICATE_REQUEST : 0;
        }
    } else if (p->is_post && p->state == HS_S13_READ_CERTIFICATE) {
        /* RFC 9846, 4.7.2: the client answers when its user has decided; its keys may change
         * before. */
        mask |= key_update;
    }
    return mask;
}

static bool is_known_type(unsigned type)
{
    static const uint8_t known[] = {
        MSG_CLIENT_HELLO,        MSG_SERVER_HELLO,           MSG_NEW_SESSION_TICKET,
        MSG_END_OF_EARLY_DATA,   MSG_ENCRYPTED_EXTENSIONS,   MSG_CERTIFICATE,
        MSG_CERTIFICATE_REQUEST, MSG_CERTIFICATE_VERIFY,     MSG_FINISHED,
        MSG_KEY_UPDATE,          MSG_COMPRESSED_CERTIFICATE, MSG_HELLO_REQUEST,
        MSG_SERVER_KEY_EXCHANGE, MSG_SERVER_HELLO_DONE,      MSG_CLIENT_KEY_EXCHANGE,
        MSG_CERTIFICATE_STATUS,
    };
    return memchr(known, (int)type, sizeof known) != NULL;
}

static hf_err expected_refusal(const struct stage *s, const struct place *p, unsigned type)
{
    if (hs_rows[p->state].stop == STOP_CCS) {
        return HF_E_CCS_MISSING;
    }
    if (p->state == HS_CONNECTED && place_is_12(p)) {
        return type == MSG_CLIENT_HELLO && p->role == HF_SERVER ? HF_E_RENEGOTIATION_REFUSED
               : is_known_type(type)                            ? HF_E_UNEXPECTED_MESSAGE
                                                                : HF_E_UNKNOWN_MESSAGE;
    }
    if (p->state == HS_CONNECTED && p->role == HF_CLIENT && type == MSG_CERTIFICATE_REQUEST &&
        !s->run->client->post_handshake_auth) {
        return HF_E_POST_AUTH_NOT_OFFERED;
    }
    return is_known_type(type) ? HF_E_UNEXPECTED_MESSAGE : HF_E_UNKNOWN_MESSAGE;
}

/* The very message that the peer would say now is dealt with, and the machine goes on as its row
 * allows. */
static void must_take(struct stage *s, const struct place *p, const struct tape_message *next)
{
    s->next++;
    if (stage_record(s, REC_HANDSHAKE, span_of(next->data, next->len)) == HF_FAILED ||
        !stage_finish(s)) {
        fail_msg("%s: %s", hs_rows[p->state].name, run_describe(s->pair));
    }
}

static void try_message(const struct place *p, unsigned type)
{
    struct stage s;
    place_go_to(&s, &run, p);
    stage_pump(&s);
    const bool is_accepted = type < 32 && (accepted_at(&s, p) & UINT32_C(1) << type) != 0;
    const struct tape_message *next = stage_next(&s);
    if (is_accepted && next != NULL && next->type == type) {
        must_take(&s, p, next);
    } else {
        const bool is_request12 = place_is_12(p) && type == MSG_CERTIFICATE_REQUEST;
        const hf_span message = is_request12 ? span_of(found.request12, found.request12_len)
                                             : span_of(found.sample[type], found.sample_len[type]);
        const hf_status status = stage_record(&s, REC_HANDSHAKE, message);
        const hf_err code = hf_conn_error(s.target->conn)->code;
        if (is_accepted) {
            /* It belongs to another run, so it may still be wrong in what it says. */
            assert_true(status != HF_FAILED ||
                        (code != HF_E_UNEXPECTED_MESSAGE && code != HF_E_UNKNOWN_MESSAGE));
        } else {
            assert_int_equal(status, HF_FAILED);
            stage_must_fail(&s, expected_refusal(&s, p, type), hs_rows[p->state].name);
            assert_int_equal(hf_conn_error(s.target->conn)->alert,
                             code == HF_E_RENEGOTIATION_REFUSED ? HF_ALERT_no_renegotiation
                                                                : HF_ALERT_unexpected_message);
        }
    }
    place_keep_moves(&s.tape);
    stage_end(&s);
}

static void every_message_in_every_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < found.count; i++) {
        for (unsigned type = 0; type < 32; type++) {
            try_message(&found.place[i], type);
        }
        try_message(&found.place[i], 99);
        try_message(&found.place[i], 254); /* message_hash: only ever inside a transcript */
        try_message(&found.place[i], 255);
    }
}

/* --- The table -------------------------------------------------------------------------------- */

static bool is_place(enum hs_state state)
{
    for (size_t i = 0; i < found.count; i++) {
        if (found.place[i].state == state) {
            return true;
        }
    }
    return false;
}

static void every_state_that_waits_was_found(void **state)
{
    (void)state;
    for (int i = 0; i < HS_STATE_COUNT; i++) {
        if (i == HS_C13_READ_POST_REQUEST) {
            /* Entered with its message at hand, by CONNECTED, which is a place of its own. */
            continue;
        }
        if ((hs_rows[i].stop == STOP_MSG || hs_rows[i].stop == STOP_CCS) &&
            !is_place((enum hs_state)i)) {
            fail_msg("no run waits in %s", hs_rows[i].name);
        }
    }
    assert_true(is_place(HS_CONNECTED));
}

static void every_state_is_reached(void **state)
{
    (void)state;
    for (int i = 0; i < HS_STATE_COUNT; i++) {
        if (!found.visited[i]) {
            fail_msg("no run reaches %s", hs_rows[i].name);
        }
    }
}

static void every_edge_is_taken_and_no_other(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (int i = 0; i < HS_STATE_COUNT; i++) {
        for (int j = 0; j < HS_STATE_COUNT; j++) {
            const bool is_declared = hs_may_go((enum hs_state)i, (enum hs_state)j);
            const bool is_taken = found.edges[i][j];
            if (is_declared != is_taken) {
                print_error("%s -> %s is %s\n", hs_rows[i].name, hs_rows[j].name,
                            is_taken ? "not declared, but taken" : "declared, but never taken");
                wrong++;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

/* A move that the table does not allow ends a program that was built with assertions; here:
 * there is none to end it. */
static void rows_are_sound(void **state)
{
    (void)state;
    for (int i = 0; i < HS_STATE_COUNT; i++) {
        const struct hs_row *row = &hs_rows[i];
        assert_int_equal(row->accepts != 0, row->stop == STOP_MSG);
        assert_int_equal(row->step == NULL, row->stop == STOP_END);
        assert_int_equal(row->successors[0] == 0, row->stop == STOP_END);
        assert_int_equal(row->successors[HS_SUCCESSORS_MAX], 0);
        assert_false(hs_may_go((enum hs_state)i, (enum hs_state)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(every_message_in_every_state),
        cmocka_unit_test(every_state_that_waits_was_found),
        cmocka_unit_test(every_state_is_reached),
        cmocka_unit_test(every_edge_is_taken_and_no_other),
        cmocka_unit_test(rows_are_sound),
    };
    return cmocka_run_group_tests(tests, place_find_all, run_teardown);
}

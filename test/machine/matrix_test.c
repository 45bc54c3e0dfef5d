/* Every message in every state: what a row of state.def accepts is taken, all else is refused by
 * name and alert.
 *
 * The places where a machine may stop are found by running every kind of handshake; at each, one
 * after the other, every handshake type and every other content of a record is put in the peer's
 * place. From the same runs comes what of the table they reach.
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
#include "support/stage.h"
#include "wire/message.h"

enum { PLACES_MAX = 64, TYPES = 256, SAMPLE_MAX = 4096 };

/* Where a machine waits for a message. */
struct place {
    enum run_kind kind;
    hf_role role;
    int steps; /* so many messages after the start */
    enum hs_state state;
    bool is_post;
    uint8_t read_level;
};

static struct place places[PLACES_MAX];
static size_t place_count;

/* A well-formed message of each type. */
static uint8_t sample[TYPES][SAMPLE_MAX];
static size_t sample_len[TYPES];
/* A CertificateRequest of TLS 1.2, which has another form. */
static uint8_t request12[SAMPLE_MAX];
static size_t request12_len;

/* What the runs reached. */
static bool visited[HS_STATE_COUNT];
static bool edges[HS_STATE_COUNT][HS_STATE_COUNT];

static struct run run;

/* --- Found ------------------------------------------------------------------------------------ */

static bool is_post(const struct stage *s)
{
    return s->target->conn->hs != NULL && s->target->conn->hs->post;
}

static struct place place_of(const struct stage *s, int steps)
{
    return (struct place){
        .kind = s->run->kind,
        .role = s->role,
        .steps = steps,
        .state = stage_state(s),
        .is_post = is_post(s),
        .read_level = s->target->conn->read_level,
    };
}

/* Whether the rules of TLS 1.2 hold there; before the answer to a hello nobody knows. */
static bool is_12(const struct place *p)
{
    return run_is_12(p->kind) && p->state != HS_CLI_READ_SERVER_HELLO &&
           p->state != HS_SRV_READ_CLIENT_HELLO;
}

static bool is_known(const struct place *p)
{
    for (size_t i = 0; i < place_count; i++) {
        const struct place *q = &places[i];
        if (q->state == p->state && q->role == p->role && q->is_post == p->is_post &&
            q->read_level == p->read_level && (q->steps == 0) == (p->steps == 0) &&
            (p->state != HS_CONNECTED || is_12(q) == is_12(p))) {
            return true;
        }
    }
    return false;
}

static void keep_samples(const struct tape *tape, bool is_12_run)
{
    for (size_t i = 0; i < tape->count; i++) {
        const struct tape_message *m = &tape->message[i];
        if (sample_len[m->type] == 0 && m->len <= SAMPLE_MAX) {
            memcpy(sample[m->type], m->data, m->len);
            sample_len[m->type] = m->len;
        }
        if (is_12_run && m->type == MSG_CERTIFICATE_REQUEST && m->len <= SAMPLE_MAX) {
            memcpy(request12, m->data, m->len);
            request12_len = m->len;
        }
    }
}

static void keep_moves(const struct tape *tape)
{
    for (int i = 0; i < HS_STATE_COUNT; i++) {
        visited[i] = visited[i] || tape->visited[i];
        for (int j = 0; j < HS_STATE_COUNT; j++) {
            edges[i][j] = edges[i][j] || tape->edges[i][j];
        }
    }
}

/* Goes through one kind of run and notes each new place where the target waits. */
static void explore(enum run_kind kind, hf_role role)
{
    struct stage s;
    run_make(&run, kind);
    stage_begin(&s, &run, role);
    int steps = 0;
    do {
        const struct place here = place_of(&s, steps);
        if (!is_known(&here)) {
            assert_true(place_count < PLACES_MAX);
            places[place_count++] = here;
        }
        steps++;
    } while (stage_step(&s));
    if (!stage_finish(&s)) {
        fail_msg("%s: %s", run_name(kind), run_describe(s.pair));
    }
    keep_samples(&s.tape, run_is_12(kind));
    keep_moves(&s.tape);
    stage_end(&s);
    run_clear(&run);
}

static void put_sample(uint8_t type, const char *body, size_t len)
{
    sample[type][0] = type;
    sample[type][1] = 0;
    sample[type][2] = (uint8_t)(len >> 8);
    sample[type][3] = (uint8_t)len;
    if (len > 0) {
        memcpy(sample[type] + MSG_HEADER_LEN, body, len);
    }
    sample_len[type] = MSG_HEADER_LEN + len;
}

/* Of what our two ends do not say to each other: the types of other versions have the bodies of
 * those. */
static void make_samples(void)
{
    static const char ticket[] = "\0\0\16\20\1\2\3\4\1\0\0\4tick\0\0"; /* lives one hour */
    put_sample(MSG_NEW_SESSION_TICKET, ticket, sizeof ticket - 1);
    put_sample(MSG_KEY_UPDATE, "\0", 1);
    for (unsigned type = 0; type < TYPES; type++) {
        const bool is_empty = type == 0 || type == MSG_END_OF_EARLY_DATA || type == 14;
        if (sample_len[type] == 0) {
            put_sample((uint8_t)type, "\0\0\0\0", is_empty ? 0 : 4);
        }
    }
}

static int find_places(void **state)
{
    (void)run_setup(state);
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        explore((enum run_kind)kind, HF_CLIENT);
        explore((enum run_kind)kind, HF_SERVER);
    }
    make_samples();
    return 0;
}

/* Runs to the place; the caller ends the stage. */
static void go_to(struct stage *s, const struct place *p)
{
    if (run.kind != p->kind || run.client == NULL) {
        run_clear(&run);
        run_make(&run, p->kind);
    }
    stage_begin(s, &run, p->role);
    for (int i = 0; i < p->steps; i++) {
        assert_true(stage_step(s));
    }
    assert_int_equal(stage_state(s), p->state);
}

static int drop_run(void **state)
{
    (void)state;
    run_clear(&run);
    return 0;
}

/* --- Messages --------------------------------------------------------------------------------- */

/* The types that a place takes: its row's, and beside them those of RFC 9846, 4.7. */
static uint32_t accepted_at(const struct stage *s, const struct place *p)
{
    const uint32_t key_update = UINT32_C(1) << MSG_KEY_UPDATE;
    uint32_t mask = hs_rows[p->state].accepts;
    if (p->state == HS_CONNECTED && is_12(p)) {
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
    if (p->state == HS_CONNECTED && is_12(p)) {
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
    go_to(&s, p);
    stage_pump(&s);
    const bool is_accepted = type < 32 && (accepted_at(&s, p) & UINT32_C(1) << type) != 0;
    const struct tape_message *next = stage_next(&s);
    if (is_accepted && next != NULL && next->type == type) {
        must_take(&s, p, next);
    } else {
        const bool is_request12 = is_12(p) && type == MSG_CERTIFICATE_REQUEST;
        const hf_span message = is_request12 ? span_of(request12, request12_len)
                                             : span_of(sample[type], sample_len[type]);
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
    keep_moves(&s.tape);
    stage_end(&s);
}

static void every_message_in_every_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++) {
        for (unsigned type = 0; type < 32; type++) {
            try_message(&places[i], type);
        }
        try_message(&places[i], 99);
        try_message(&places[i], 254); /* message_hash: only ever inside a transcript */
        try_message(&places[i], 255);
    }
}

/* --- Other records ---------------------------------------------------------------------------- */

/* What comes of a record: an error, or none and the handshake goes on to its end. */
struct outcome {
    hf_err code;
    bool is_close; /* the peer closed: nothing goes on */
};

enum trick {
    CCS,
    CCS_WRONG_VALUE,
    CCS_TWO_BYTES,
    CCS_INSIDE,
    DATA,
    DATA_PLAIN,
    DATA_EMPTY,
    ALERT_FATAL,
    ALERT_CLOSE,
    ALERT_CANCELED,
    ALERT_SHORT,
    ALERT_LONG,
    ALERT_PLAIN,
    HANDSHAKE_EMPTY,
    HANDSHAKE_PLAIN,
    TYPE_UNKNOWN,
    TYPE_UNKNOWN_INSIDE,
    SEALED_SHORT,
    SEALED_FORGED,
    ONLY_PADDING,
    TRICK_COUNT
};

static const char *const trick_names[TRICK_COUNT] = {
    "change_cipher_spec",
    "change_cipher_spec of value 2",
    "change_cipher_spec of two bytes",
    "change_cipher_spec under protection",
    "application data",
    "application data in the clear",
    "empty application data",
    "fatal alert",
    "close_notify",
    "user_canceled",
    "alert of one byte",
    "alert of three bytes",
    "alert in the clear",
    "empty handshake record",
    "handshake record in the clear",
    "unknown content type",
    "unknown content type under protection",
    "protected record shorter than its tag",
    "forged record",
    "record of padding alone",
};

static hf_status bytes(struct stage *s, const char *raw, size_t len)
{
    return stage_raw(s, span_of((const uint8_t *)raw, len));
}

static hf_span text(const char *content, size_t len)
{
    return span_of((const uint8_t *)content, len);
}

static hf_status play(struct stage *s, enum trick trick)
{
    const bool is_protected = s->target->conn->read.aead != NULL;
    static const char forged[5 + 32] = "\x17\x03\x03\x00\x20";
    switch (trick) {
    case CCS:
        return bytes(s, "\x14\x03\x03\x00\x01\x01", 6);
    case CCS_WRONG_VALUE:
        return bytes(s, "\x14\x03\x03\x00\x01\x02", 6);
    case CCS_TWO_BYTES:
        return bytes(s, "\x14\x03\x03\x00\x02\x01\x01", 7);
    case CCS_INSIDE:
        return stage_record(s, REC_CHANGE_CIPHER_SPEC, text("\x01", 1));
    case DATA:
        return stage_record(s, REC_APPLICATION_DATA, text("data", 4));
    case DATA_PLAIN:
        return bytes(s, "\x17\x03\x03\x00\x01x", 6);
    case DATA_EMPTY:
        return stage_record(s, REC_APPLICATION_DATA, text("", 0));
    case ALERT_FATAL:
        return stage_record(s, REC_ALERT, text("\x02\x28", 2));
    case ALERT_CLOSE:
        return stage_record(s, REC_ALERT, text("\x01\x00", 2));
    case ALERT_CANCELED:
        return stage_record(s, REC_ALERT, text("\x01\x5a", 2));
    case ALERT_SHORT:
        return stage_record(s, REC_ALERT, text("\x02", 1));
    case ALERT_LONG:
        return stage_record(s, REC_ALERT, text("\x02\x28\x00", 3));
    case ALERT_PLAIN:
        return stage_plain(s, REC_ALERT, text("\x02\x28", 2));
    case HANDSHAKE_EMPTY:
        return is_protected ? stage_record(s, REC_HANDSHAKE, text("", 0))
                            : bytes(s, "\x16\x03\x03\x00\x00", 5);
    case HANDSHAKE_PLAIN:
        return stage_plain(s, REC_HANDSHAKE,
                           span_of(sample[MSG_FINISHED], sample_len[MSG_FINISHED]));
    case TYPE_UNKNOWN:
        return bytes(s, "\x18\x03\x03\x00\x01x", 6);
    case TYPE_UNKNOWN_INSIDE:
        return stage_record(s, 0x18, text("x", 1));
    case SEALED_SHORT:
        return bytes(s,
                     "\x17\x03\x03\x00\x0f"
                     "0123456789abcde",
                     5 + 15);
    case SEALED_FORGED:
        return bytes(s, forged, sizeof forged);
    case ONLY_PADDING:
        return stage_record(s, 0, text("", 0));
    case TRICK_COUNT:
        break;
    }
    fail();
    return HF_FAILED;
}

/* The first record tells whether this is TLS at all. */
static hf_err expected_unknown_type(const struct place *p)
{
    return p->steps == 0 ? HF_E_RECORD_NOT_TLS : HF_E_RECORD_TYPE_UNKNOWN;
}

/* RFC 5246, 7.1: at one place it changes the keys. */
static hf_err expected_ccs12(const struct place *p)
{
    if (hs_rows[p->state].stop == STOP_CCS) {
        return HF_E_NONE;
    }
    return p->state == HS_CONNECTED                ? HF_E_CCS_LATE
           : p->read_level == HF_LEVEL_APPLICATION ? HF_E_CCS_TWICE
                                                   : HF_E_CCS_EARLY;
}

static hf_err expected_ccs(const struct place *p)
{
    if (is_12(p)) {
        return expected_ccs12(p);
    }
    /* RFC 9846, 5: between the first ClientHello, sent or received, and the peer's Finished. */
    const bool is_before = p->role == HF_SERVER && p->steps == 0;
    return is_before || p->read_level == HF_LEVEL_APPLICATION ? HF_E_CCS_UNEXPECTED : HF_E_NONE;
}

static hf_err expected_data(const struct place *p)
{
    if (is_12(p)) {
        return p->state == HS_CONNECTED ? HF_E_NONE : HF_E_RECORD_EARLY_APPLICATION_DATA;
    }
    if (p->state == HS_S13_READ_CERTIFICATE_VERIFY || p->state == HS_S13_READ_FINISHED) {
        if (p->read_level == HF_LEVEL_APPLICATION) {
            /* RFC 9846, 4.7.2: the messages of a late answer follow each other. */
            return HF_E_MESSAGE_INTERLEAVED;
        }
    }
    const bool is_data_due =
        p->read_level == HF_LEVEL_APPLICATION || p->state == HS_S13_READ_END_OF_EARLY_DATA;
    return is_data_due ? HF_E_NONE : HF_E_RECORD_EARLY_APPLICATION_DATA;
}

/* As a plain record of the trick's type is judged. */
static hf_err expected_in_clear(const struct place *p, enum trick trick)
{
    switch (trick) {
    case DATA_PLAIN:
    case SEALED_SHORT:
    case SEALED_FORGED:
    case DATA:
    case DATA_EMPTY:
        return HF_E_RECORD_EARLY_APPLICATION_DATA;
    case CCS_INSIDE:
        return expected_ccs(p);
    case HANDSHAKE_PLAIN:
        return hs_rows[p->state].stop == STOP_CCS ? HF_E_CCS_MISSING : HF_E_UNEXPECTED_MESSAGE;
    case TYPE_UNKNOWN_INSIDE:
    case ONLY_PADDING:
        return expected_unknown_type(p);
    default:
        return HF_E_NONE;
    }
}

/* In TLS 1.2 the content type shows, and a record without its marks is one that does not open. */
static hf_err expected_protected12(const struct place *p, enum trick trick)
{
    switch (trick) {
    case CCS_INSIDE:
        return HF_E_CCS_UNEXPECTED;
    case TYPE_UNKNOWN_INSIDE:
    case ONLY_PADDING:
        return HF_E_RECORD_TYPE_UNKNOWN;
    case DATA:
    case DATA_EMPTY:
        return expected_data(p);
    case DATA_PLAIN:
    case SEALED_SHORT:
        return HF_E_RECORD_SHORT;
    case SEALED_FORGED:
    case HANDSHAKE_PLAIN:
        return HF_E_RECORD_AUTH;
    default:
        return HF_E_NONE;
    }
}

static hf_err expected_protected(const struct place *p, enum trick trick)
{
    if (is_12(p)) {
        return expected_protected12(p, trick);
    }
    switch (trick) {
    case CCS_INSIDE:
    case TYPE_UNKNOWN_INSIDE:
        return HF_E_RECORD_TYPE_UNKNOWN;
    case DATA:
    case DATA_EMPTY:
        return expected_data(p);
    case DATA_PLAIN:
    case SEALED_SHORT:
        return HF_E_RECORD_SHORT;
    case SEALED_FORGED:
        return HF_E_RECORD_AUTH;
    case HANDSHAKE_PLAIN:
        return HF_E_RECORD_PLAIN_AFTER_KEYS;
    case ONLY_PADDING:
        return HF_E_RECORD_NO_CONTENT_TYPE;
    default:
        return HF_E_NONE;
    }
}

static struct outcome expected_of(const struct stage *s, const struct place *p, enum trick trick)
{
    const struct rec_keys *read = &s->target->conn->read;
    const bool connected = hf_conn_is_connected(s->target->conn);
    switch (trick) {
    case CCS:
        return (struct outcome){expected_ccs(p), false};
    case CCS_WRONG_VALUE:
    case CCS_TWO_BYTES:
        return (struct outcome){HF_E_CCS_UNEXPECTED, false};
    case ALERT_FATAL:
        return (struct outcome){HF_E_ALERT_RECEIVED, true};
    case ALERT_CLOSE:
        return (struct outcome){connected ? HF_E_NONE : HF_E_PEER_CLOSED_HANDSHAKE, true};
    case ALERT_SHORT:
    case ALERT_LONG:
        return (struct outcome){HF_E_ALERT_MALFORMED, false};
    case HANDSHAKE_EMPTY:
        return (struct outcome){HF_E_RECORD_EMPTY, false};
    case TYPE_UNKNOWN:
        return (struct outcome){expected_unknown_type(p), false};
    case ALERT_PLAIN:
        /* A peer that could not follow to the new keys speaks in the clear, as long as it has
         * not used them. */
        if (read->aead != NULL && is_12(p)) {
            return (struct outcome){HF_E_RECORD_SHORT, false};
        }
        if (read->aead != NULL && (read->seq > 0 || p->read_level == HF_LEVEL_APPLICATION)) {
            return (struct outcome){HF_E_RECORD_PLAIN_AFTER_KEYS, false};
        }
        return (struct outcome){HF_E_ALERT_RECEIVED, true};
    default:
        return (struct outcome){
            read->aead == NULL ? expected_in_clear(p, trick) : expected_protected(p, trick), false};
    }
}

static void try_trick(const struct place *p, enum trick trick)
{
    struct stage s;
    go_to(&s, p);
    const struct outcome expected = expected_of(&s, p, trick);
    const hf_status status = play(&s, trick);
    const hf_error *e = hf_conn_error(s.target->conn);
    if (e->code != expected.code || (status == HF_FAILED) != (expected.code != HF_E_NONE)) {
        fail_msg("%s in %s of a %s run: status %d, %s (%s)", trick_names[trick],
                 hs_rows[p->state].name, run_name(p->kind), (int)status,
                 hf_err_lookup(e->code)->name, e->detail);
    }
    if (e->code == HF_E_ALERT_RECEIVED) {
        assert_int_equal(e->alert, HF_ALERT_handshake_failure);
        assert_int_equal(s.tape.alert_sent[s.role], -1);
    } else if (expected.code != HF_E_NONE) {
        stage_must_fail(&s, expected.code, hs_rows[p->state].name);
    } else if (!expected.is_close && !stage_finish(&s)) {
        fail_msg("%s in %s: %s", trick_names[trick], hs_rows[p->state].name, run_describe(s.pair));
    }
    if (trick == DATA && expected.code == HF_E_NONE) {
        assert_int_equal(hf_conn_is_connected(s.target->conn), 1);
    }
    stage_end(&s);
}

static void every_other_record_in_every_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++) {
        for (int trick = 0; trick < TRICK_COUNT; trick++) {
            try_trick(&places[i], (enum trick)trick);
        }
    }
}

/* --- The table -------------------------------------------------------------------------------- */

static bool is_place(enum hs_state state)
{
    for (size_t i = 0; i < place_count; i++) {
        if (places[i].state == state) {
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
        if (!visited[i]) {
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
            const bool is_taken = edges[i][j];
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
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(every_state_that_waits_was_found),
        cmocka_unit_test_teardown(every_message_in_every_state, drop_run),
        cmocka_unit_test_teardown(every_other_record_in_every_state, drop_run),
        cmocka_unit_test(every_state_is_reached),
        cmocka_unit_test(every_edge_is_taken_and_no_other),
    };
    return cmocka_run_group_tests(tests, find_places, run_teardown);
}

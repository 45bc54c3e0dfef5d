/* Every other record in every state: what is no handshake message, or no message that is well put
 * into records, is taken, waited for or refused as its rule says.
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
                           span_of(found.sample[MSG_FINISHED], found.sample_len[MSG_FINISHED]));
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
    if (place_is_12(p)) {
        return expected_ccs12(p);
    }
    /* RFC 9846, 5: between the first ClientHello, sent or received, and the peer's Finished. */
    const bool is_before = p->role == HF_SERVER && p->steps == 0;
    return is_before || p->read_level == HF_LEVEL_APPLICATION ? HF_E_CCS_UNEXPECTED : HF_E_NONE;
}

static hf_err expected_data(const struct place *p)
{
    if (place_is_12(p)) {
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
    if (place_is_12(p)) {
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
        if (read->aead != NULL && place_is_12(p)) {
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
    place_go_to(&s, &run, p);
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
    for (size_t i = 0; i < found.count; i++) {
        for (int trick = 0; trick < TRICK_COUNT; trick++) {
            try_trick(&found.place[i], (enum trick)trick);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(every_other_record_in_every_state),
    };
    return cmocka_run_group_tests(tests, place_find_all, run_teardown);
}

/* No byte of a handshake can be changed unnoticed: both ends prove to have seen the same (RFC
 * 9846, 4.5.3).
 *
 * Every byte of every message that our two ends say to each other is changed, hellos in the clear
 * and all else under the right keys, as only somebody who holds them could; and every byte of the
 * streams as it stands on the wire. Never may a handshake survive it, and what is told is a fault
 * of the peer's that fits what was changed.
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
#include "support/heard.h"
#include "support/rerun.h"
#include "wire/message.h"

static struct run run;

static const uint8_t masks[] = {0x01, 0x80, 0xff};
enum { MASK_COUNT = sizeof masks, EDGE = 64 };

/* --- What may be told ---------------------------------------------------------------------------
 */

/* A message and the errors, of whichever end notices first, that fit a change of its body. */
struct rule {
    uint8_t type;
    hf_err allowed[32];
};

#define ANY_FORM   HF_E_DECODE, HF_E_DECODE_EXTENSION
#define ANY_PLACE  HF_E_DUPLICATE_EXTENSION, HF_E_MISPLACED_EXTENSION, HF_E_MISSING_EXTENSION
#define ANY_ANSWER HF_E_UNSOLICITED_EXTENSION

static const struct rule rules[] = {
    /* The server judges what it may. What it cannot know to be changed, the client notices: by an
     * answer to what it did not say, or by keys that are not its own. */
    {MSG_CLIENT_HELLO,
     {ANY_FORM,
      ANY_PLACE,
      HF_E_NO_COMMON_VERSION,
      HF_E_NO_COMMON_SUITE,
      HF_E_NO_COMMON_GROUP,
      HF_E_NO_COMMON_SIGNATURE,
      HF_E_NO_APPLICATION_PROTOCOL,
      HF_E_SERVER_NAME_INVALID,
      HF_E_LEGACY_VERSION,
      HF_E_COMPRESSION_OFFERED,
      HF_E_KEY_SHARE_MISMATCH,
      HF_E_KEY_SHARE_INVALID,
      HF_E_KEY_SHARE_WRONG_GROUP,
      HF_E_RECORD_SIZE_LIMIT_INVALID,
      HF_E_HELLO_CHANGED,
      HF_E_COOKIE_INVALID,
      HF_E_PSK_BINDER,
      HF_E_PSK_MODES_MISSING,
      HF_E_PSK_NOT_LAST,
      HF_E_PSK_LISTS_DIFFER,
      HF_E_PSK_WITHOUT_DHE,
      HF_E_SESSION_ID_ECHO,
      ANY_ANSWER,
      HF_E_RETRY_POINTLESS,
      HF_E_RETRY_TWICE,
      HF_E_GROUP_NOT_OFFERED,
      HF_E_RECORD_AUTH}},
    {HEARD_RETRY,
     {ANY_FORM, ANY_PLACE, ANY_ANSWER, HF_E_NO_COMMON_VERSION, HF_E_VERSION_NOT_OFFERED,
      HF_E_LEGACY_VERSION, HF_E_SESSION_ID_ECHO, HF_E_SUITE_NOT_OFFERED, HF_E_COMPRESSION_CHOSEN,
      HF_E_GROUP_NOT_OFFERED, HF_E_RETRY_POINTLESS, HF_E_COOKIE_INVALID, HF_E_SUITE_CHANGED,
      HF_E_RECORD_AUTH, HF_E_CERTIFICATE_VERIFY}},
    {MSG_SERVER_HELLO,
     {ANY_FORM, ANY_PLACE, ANY_ANSWER, HF_E_NO_COMMON_VERSION, HF_E_VERSION_NOT_OFFERED,
      HF_E_LEGACY_VERSION, HF_E_SESSION_ID_ECHO, HF_E_SUITE_NOT_OFFERED, HF_E_COMPRESSION_CHOSEN,
      HF_E_GROUP_NOT_OFFERED, HF_E_KEY_SHARE_INVALID, HF_E_PSK_INDEX, HF_E_CERTIFICATE_VERIFY,
      HF_E_FINISHED}},
    {MSG_ENCRYPTED_EXTENSIONS,
     {ANY_FORM, ANY_PLACE, ANY_ANSWER, HF_E_ALPN_NOT_OFFERED, HF_E_RECORD_SIZE_LIMIT_INVALID,
      HF_E_CERTIFICATE_VERIFY, HF_E_FINISHED}},
    {MSG_CERTIFICATE_REQUEST,
     {ANY_FORM, ANY_PLACE, HF_E_CERTIFICATE_CONTEXT, HF_E_CERTIFICATE_VERIFY, HF_E_FINISHED}},
    {MSG_CERTIFICATE,
     {ANY_FORM, ANY_PLACE, ANY_ANSWER, HF_E_CERTIFICATE_CONTEXT, HF_E_CERTIFICATE_MALFORMED,
      HF_E_CERTIFICATE_KEY, HF_E_CERTIFICATE_EXPIRED, HF_E_CERTIFICATE_NOT_YET_VALID,
      HF_E_CERTIFICATE_UNKNOWN_CA, HF_E_CERTIFICATE_NAME, HF_E_CERTIFICATE_PURPOSE,
      HF_E_CERTIFICATE_SIGNATURE, HF_E_CERTIFICATE_REJECTED, HF_E_CERTIFICATE_STATUS,
      HF_E_CERTIFICATE_VERIFY, HF_E_FINISHED}},
    {MSG_COMPRESSED_CERTIFICATE,
     {HF_E_DECODE, HF_E_CERTIFICATE_DECOMPRESS, HF_E_CERTIFICATE_COMPRESSION_NOT_OFFERED,
      HF_E_CERTIFICATE_MALFORMED, HF_E_CERTIFICATE_KEY, HF_E_CERTIFICATE_UNKNOWN_CA,
      HF_E_CERTIFICATE_EXPIRED, HF_E_CERTIFICATE_NOT_YET_VALID, HF_E_CERTIFICATE_NAME,
      HF_E_CERTIFICATE_PURPOSE, HF_E_CERTIFICATE_SIGNATURE, HF_E_CERTIFICATE_REJECTED,
      HF_E_CERTIFICATE_VERIFY}},
    {MSG_CERTIFICATE_VERIFY, {HF_E_DECODE, HF_E_CERTIFICATE_ALGORITHM, HF_E_CERTIFICATE_VERIFY}},
    {MSG_FINISHED, {HF_E_FINISHED}},
    {MSG_NEW_SESSION_TICKET, {ANY_FORM, ANY_PLACE}},
};

/* TLS 1.2: a change that no rule of form refuses makes another transcript, and so other keys, or
 * another signature. */
static const struct rule rules12[] = {
    {MSG_CLIENT_HELLO,
     {ANY_FORM,
      ANY_PLACE,
      ANY_ANSWER,
      HF_E_NO_COMMON_VERSION,
      HF_E_NO_COMMON_SUITE,
      HF_E_NO_COMMON_GROUP,
      HF_E_NO_COMMON_SIGNATURE,
      HF_E_NO_APPLICATION_PROTOCOL,
      HF_E_SERVER_NAME_INVALID,
      HF_E_COMPRESSION_REQUIRED,
      HF_E_POINT_FORMATS,
      HF_E_RENEGOTIATION_INFO,
      HF_E_RENEGOTIATION_UNSAFE,
      HF_E_GROUP_NOT_OFFERED,
      HF_E_SUITE_NOT_OFFERED,
      HF_E_KEY_EXCHANGE_ALGORITHM,
      HF_E_KEY_EXCHANGE_SIGNATURE,
      HF_E_FINISHED,
      HF_E_RECORD_AUTH,
      HF_E_CCS_EARLY,
      HF_E_SESSION_EMS}},
    {MSG_SERVER_HELLO,
     {ANY_FORM, ANY_PLACE, ANY_ANSWER, HF_E_NO_COMMON_VERSION, HF_E_VERSION_NOT_OFFERED,
      HF_E_CCS_EARLY, HF_E_SESSION_SUITE, HF_E_SESSION_EMS, HF_E_SUITE_NOT_OFFERED,
      HF_E_COMPRESSION_CHOSEN, HF_E_ALPN_NOT_OFFERED, HF_E_POINT_FORMATS, HF_E_RENEGOTIATION_INFO,
      HF_E_RENEGOTIATION_UNSAFE, HF_E_KEY_EXCHANGE_ALGORITHM, HF_E_KEY_EXCHANGE_SIGNATURE,
      HF_E_UNEXPECTED_MESSAGE, HF_E_FINISHED, HF_E_RECORD_AUTH}},
    {MSG_CERTIFICATE,
     {HF_E_DECODE, HF_E_CERTIFICATE_MALFORMED, HF_E_CERTIFICATE_KEY, HF_E_CERTIFICATE_EXPIRED,
      HF_E_CERTIFICATE_NOT_YET_VALID, HF_E_CERTIFICATE_UNKNOWN_CA, HF_E_CERTIFICATE_NAME,
      HF_E_CERTIFICATE_PURPOSE, HF_E_CERTIFICATE_SIGNATURE, HF_E_CERTIFICATE_REJECTED,
      HF_E_CERTIFICATE_VERIFY, HF_E_KEY_EXCHANGE_SIGNATURE, HF_E_RECORD_AUTH}},
    {MSG_CERTIFICATE_STATUS, {HF_E_DECODE, HF_E_CERTIFICATE_STATUS, HF_E_RECORD_AUTH}},
    {MSG_SERVER_KEY_EXCHANGE,
     {HF_E_DECODE, HF_E_CURVE_TYPE, HF_E_GROUP_NOT_OFFERED, HF_E_KEY_EXCHANGE_ALGORITHM,
      HF_E_KEY_EXCHANGE_SIGNATURE}},
    {MSG_CERTIFICATE_REQUEST,
     {HF_E_DECODE, HF_E_CERTIFICATE_MISSING, HF_E_CERTIFICATE_VERIFY, HF_E_RECORD_AUTH}},
    {MSG_CLIENT_KEY_EXCHANGE,
     {HF_E_DECODE, HF_E_KEY_SHARE_INVALID, HF_E_CERTIFICATE_VERIFY, HF_E_FINISHED}},
    {MSG_CERTIFICATE_VERIFY, {HF_E_DECODE, HF_E_CERTIFICATE_ALGORITHM, HF_E_CERTIFICATE_VERIFY}},
    {MSG_FINISHED, {HF_E_FINISHED}},
    {MSG_NEW_SESSION_TICKET, {HF_E_DECODE, HF_E_FINISHED}},
};

/* A change of type or length: another message, or one that does not end where it should. NONE: its
 * end never comes. */
static const hf_err header_errors[] = {HF_E_UNKNOWN_MESSAGE,
                                       HF_E_UNEXPECTED_MESSAGE,
                                       HF_E_MESSAGE_TOO_LONG,
                                       HF_E_DECODE,
                                       HF_E_KEY_CHANGE_MID_MESSAGE,
                                       HF_E_CCS_MISSING,
                                       HF_E_MESSAGE_INTERLEAVED,
                                       HF_E_CERTIFICATE_DECOMPRESS,
                                       HF_E_NONE};

static bool is_among(const hf_err *list, size_t count, hf_err code)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] == code) {
            return true;
        }
    }
    return false;
}

static bool is_allowed(const struct heard *h, size_t at, hf_err code)
{
    if (at < MSG_HEADER_LEN &&
        is_among(header_errors, sizeof header_errors / sizeof header_errors[0], code)) {
        return true;
    }
    const bool is_12 = h->variant >= 3;
    const struct rule *list = is_12 ? rules12 : rules;
    const size_t count =
        is_12 ? sizeof rules12 / sizeof rules12[0] : sizeof rules / sizeof rules[0];
    for (size_t i = 0; i < count; i++) {
        if (list[i].type == h->type && code != HF_E_NONE) {
            /* A header of the same type and another length may even be as good as a changed body.
             */
            return is_among(list[i].allowed, 32, code);
        }
    }
    return false;
}

/* --- Inside the protection ----------------------------------------------------------------------
 */

/* What ended the run: the target's error, or its peer's when the target's is only what that one
 * told it. */
static hf_err first_error(const struct stage *s)
{
    const hf_err target = hf_conn_error(s->target->conn)->code;
    const bool is_echo = target == HF_E_NONE || target == HF_E_ALERT_RECEIVED;
    return is_echo ? hf_conn_error(s->peer->conn)->code : target;
}

static void judge(struct stage *s, const struct heard *h, size_t at, uint8_t mask)
{
    if (stage_finish(s)) {
        if (h->type == MSG_NEW_SESSION_TICKET && h->variant < 3) {
            return; /* only the server can tell, when the session comes back */
        }
        fail_msg("%s survives byte %zu ^ 0x%02x", heard_name(h), at, mask);
    }
    const hf_err code = first_error(s);
    if (!is_allowed(h, at, code)) {
        fail_msg("%s, byte %zu ^ 0x%02x: %s", heard_name(h), at, mask, run_describe(s->pair));
    }
    if (code == HF_E_NONE) {
        /* It waits for more, which never comes. */
        assert_int_equal(hf_conn_recv_eof(s->target->conn), HF_FAILED);
        return;
    }
    const bool is_target = hf_conn_error(s->target->conn)->code == code;
    const hf_error *e = hf_conn_error(is_target ? s->target->conn : s->peer->conn);
    const hf_err_info *info = hf_err_lookup(code);
    assert_true(info->origin == HF_ORIGIN_PEER || info->origin == HF_ORIGIN_MISMATCH);
    assert_int_equal(e->alert, info->alert);
    assert_int_equal(s->tape.alert_sent[is_target ? s->role : !s->role], info->alert);
}

static void change_one(hf_role role, int n, size_t at, uint8_t mask)
{
    static uint8_t changed[REC_MAX_PLAIN];
    struct stage s;
    assert_true(heard_go_to(&s, &run, role, n));
    const struct tape_message *m = stage_next(&s);
    const struct heard h = heard_describe(&s, m);
    const size_t len = m->len;
    memcpy(changed, m->data, len);
    changed[at] ^= mask;
    stage_skip(&s);
    (void)stage_record(&s, REC_HANDSHAKE, span_of(changed, len));
    judge(&s, &h, at, mask);
    stage_end(&s);
}

/* Certificates are long, and inside one byte is like another: one change each suffices there. */
static size_t masks_for(size_t at, size_t len)
{
    return len > 4 * EDGE && at > EDGE && at + EDGE < len ? 1 : MASK_COUNT;
}

static void change_every_byte(struct heard_list *heard, hf_role role)
{
    struct stage s;
    for (int n = 0; heard_go_to(&s, &run, role, n); n++) {
        const struct heard h = heard_describe(&s, stage_next(&s));
        const size_t len = stage_next(&s)->len;
        const bool news = heard_is_news(heard, &h);
        stage_end(&s);
        for (size_t at = 0; news && at < len; at++) {
            for (size_t i = 0; i < masks_for(at, len); i++) {
                change_one(role, n, at, masks[i]);
            }
        }
    }
}

static void every_byte_of_every_message(void **state)
{
    (void)state;
    struct heard_list heard = {.count = 0};
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        run_make(&run, (enum run_kind)kind);
        change_every_byte(&heard, HF_CLIENT);
        change_every_byte(&heard, HF_SERVER);
        run_clear(&run);
    }
    assert_int_equal(heard.count, HEARD_ALL);
}

/* --- On the wire --------------------------------------------------------------------------------
 */

/* In TLS 1.2 what follows ChangeCipherSpec is protected, whatever it is. */
static bool is_sealed(const struct recorded *stream, size_t record)
{
    size_t at = 0;
    bool is_changed = false;
    while (at < record) {
        is_changed = is_changed || stream->data[at] == REC_CHANGE_CIPHER_SPEC;
        at += REC_HEADER_LEN + ((size_t)stream->data[at + 3] << 8 | stream->data[at + 4]);
    }
    return stream->data[record] == REC_APPLICATION_DATA || (run_is_12(run.kind) && is_changed);
}

/* RFC 9846, 5.1: legacy_record_version must be ignored for all purposes. The first record's major
 * version is what this library tells TLS from other protocols by; under protection both bytes are
 * authenticated with the record. */
static bool may_survive(const struct recorded *stream, size_t record, size_t at)
{
    const bool is_protected = is_sealed(stream, record);
    return !is_protected && (at == record + 2 || (at == record + 1 && record > 0));
}

static void change_on_wire(const struct recorded *stream, hf_role role, size_t record, size_t at,
                           uint8_t mask)
{
    struct rerun r;
    rerun_begin(&r, &run, role);
    rerun_feed(&r, stream->data, at);
    const uint8_t changed = stream->data[at] ^ mask;
    rerun_feed(&r, &changed, 1);
    rerun_feed(&r, stream->data + at + 1, stream->len - at - 1);
    const bool survived = rerun_is_done(&r);
    if (survived != may_survive(stream, record, at)) {
        fail_msg("%s to the %s, byte %zu of the record at %zu ^ 0x%02x: %s", run_name(run.kind),
                 role == HF_CLIENT ? "client" : "server", at - record, record, mask,
                 survived ? "connected" : hf_conn_error(r.conn)->detail);
    }
    rerun_eof(&r);
    const hf_error *e = hf_conn_error(r.conn);
    const hf_origin origin = hf_err_lookup(e->code)->origin;
    assert_int_equal(r.status, HF_FAILED);
    assert_true(origin == HF_ORIGIN_PEER || origin == HF_ORIGIN_MISMATCH);
    rerun_end(&r);
}

/* Every byte of what is in the clear and of what stands around the protected, every step-th of the
 * ciphertext. */
static void change_stream(const struct recorded *stream, hf_role role, size_t step)
{
    for (size_t record = 0; record < stream->len;) {
        const size_t body = (size_t)stream->data[record + 3] << 8 | stream->data[record + 4];
        const bool is_protected = is_sealed(stream, record);
        /* A server that keeps nothing has forgotten the first hello when the recorded cookie comes,
         * which is still that of the right one: who changes a hello gets another cookie. */
        const bool is_forgotten = role == HF_SERVER && record == 0 && run.server->stateless_retry;
        for (size_t i = 0; !is_forgotten && i < REC_HEADER_LEN + body; i++) {
            const bool is_edge = i < REC_HEADER_LEN + 1 || i + 17 >= REC_HEADER_LEN + body;
            if (is_edge ||
                (is_protected ? i % step == 0 : run.kind == RUN_FULL || run.kind == RUN_12_FULL)) {
                change_on_wire(stream, role, record, record + i, masks[i % MASK_COUNT]);
            }
        }
        record += REC_HEADER_LEN + body;
    }
}

static void every_byte_on_the_wire(void **state)
{
    (void)state;
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        struct recording rec;
        const size_t step = kind == RUN_FULL ? 1 : 61;
        run_make(&run, (enum run_kind)kind);
        recording_make(&rec, &run);
        change_stream(&rec.to[HF_CLIENT], HF_CLIENT, step);
        change_stream(&rec.to[HF_SERVER], HF_SERVER, step);
        recording_free(&rec);
        run_clear(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(every_byte_of_every_message),
        RUN_TEST(every_byte_on_the_wire),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

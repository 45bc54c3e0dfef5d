/* Where the stream is cut and how messages lie in records makes no difference (RFC 9846, 5.1):
 * every handshake comes to the same end in any pieces. What may not be is refused: messages over a
 * change of keys, other records between the pieces of a message.
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
#include "support/counted.h"
#include "support/heard.h"
#include "support/rerun.h"
#include "wire/message.h"

static struct run run;

static long cut_count; /* of all streams so far */

/* --- The stream ---------------------------------------------------------------------------------
 */

static void must_be_done(struct rerun *r, const char *how, size_t at)
{
    if (!rerun_is_done(r)) {
        const hf_error *e = hf_conn_error(r->conn);
        fail_msg("%s, %s of %zu: %s in %s (%s)", run_name(r->run->kind), how, at,
                 hf_err_lookup(e->code)->name, hf_conn_state(r->conn), e->detail);
    }
    rerun_end(r);
}

/* Heard whole as far as at, and then the rest. */
static void cut_at(const struct recorded *stream, hf_role role, size_t at)
{
    struct rerun r;
    rerun_begin(&r, &run, role);
    rerun_feed(&r, stream->data, at);
    rerun_feed(&r, stream->data + at, stream->len - at);
    must_be_done(&r, "cut", at);
    cut_count++;
}

static void cut_everywhere(const struct recorded *stream, hf_role role)
{
    for (size_t at = 0; at <= stream->len; at++) {
        cut_at(stream, role, at);
    }
}

/* In the header, behind it, in the middle and at the end of every record: what else the kinds have
 * of their own. */
static void cut_every_record(const struct recorded *stream, hf_role role)
{
    for (size_t start = 0; start < stream->len;) {
        const size_t body = (size_t)stream->data[start + 3] << 8 | stream->data[start + 4];
        const size_t cuts[] = {
            0, 1, 3, 4, 5, 6, REC_HEADER_LEN + body / 2, REC_HEADER_LEN + body - 1};
        for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
            cut_at(stream, role, start + cuts[i]);
        }
        start += REC_HEADER_LEN + body;
    }
}

/* The same once more without starting anew for every cut: a part of a record changes nothing,
 * whatever its length, so that what follows it cannot know of it. */
static long part_count;

static void parts_of_records_change_nothing(const struct recorded *stream, hf_role role)
{
    struct rerun r;
    rerun_begin(&r, &run, role);
    for (size_t start = 0; start < stream->len;) {
        const size_t len =
            REC_HEADER_LEN + ((size_t)stream->data[start + 3] << 8 | stream->data[start + 4]);
        const hf_conn before = *r.conn;
        for (size_t n = 0; n < len; n++) {
            hf_received got;
            uint8_t *part = malloc(n);
            memcpy(part, stream->data + start, n);
            assert_int_equal(hf_conn_recv(r.conn, part, n, &got), HF_NEED_INPUT);
            assert_int_equal(got.consumed, 0);
            assert_int_equal(got.want, n < REC_HEADER_LEN ? REC_HEADER_LEN : len);
            assert_memory_equal(part, stream->data + start, n);
            assert_memory_equal(r.conn, &before, sizeof before);
            free(part);
            part_count++;
        }
        rerun_feed(&r, stream->data + start, len);
        start += len;
    }
    must_be_done(&r, "parts", 0);
}

static void in_pieces(const struct recorded *stream, hf_role role, size_t piece)
{
    struct rerun r;
    rerun_begin(&r, &run, role);
    for (size_t at = 0; at < stream->len; at += piece) {
        const size_t left = stream->len - at;
        rerun_feed(&r, stream->data + at, left < piece ? left : piece);
    }
    must_be_done(&r, "pieces", piece);
}

/* Operations of both ends are answered from outside. */
static void use_external_ops(void)
{
    const uint32_t all = HF_OP_BIT(HF_OP_COUNT) - 2;
    assert_int_equal(hf_config_external_ops(run.client, all), HF_OK);
    assert_int_equal(hf_config_external_ops(run.server, all), HF_OK);
}

/* For every kind of run and both ends, with operations inside and outside. */
static void for_each_stream(void (*test)(const struct recorded *stream, hf_role role))
{
    for (int i = 0; i < 2 * RUN_KIND_COUNT; i++) {
        struct recording rec;
        run_make(&run, (enum run_kind)(i / 2));
        if (i % 2 == 1) {
            use_external_ops();
        }
        recording_make(&rec, &run);
        test(&rec.to[HF_CLIENT], HF_CLIENT);
        test(&rec.to[HF_SERVER], HF_SERVER);
        recording_free(&rec);
        run_clear(&run);
    }
}

/* Every byte of the plainest handshakes of both versions; of the others, in and around every record
 * (below). */
static void stream_cut_at_every_byte(void **state)
{
    (void)state;
    static const enum run_kind kinds[] = {RUN_FULL, RUN_12_FULL};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct recording rec;
        run_make(&run, kinds[i]);
        recording_make(&rec, &run);
        cut_everywhere(&rec.to[HF_CLIENT], HF_CLIENT);
        cut_everywhere(&rec.to[HF_SERVER], HF_SERVER);
        recording_free(&rec);
        run_clear(&run);
    }
}

static void stream_cut_in_every_record(void **state)
{
    (void)state;
    for_each_stream(cut_every_record);
    counted(cut_count, "cuts of the streams of all kinds of handshake");
}

static void stream_offered_byte_by_byte(void **state)
{
    (void)state;
    for_each_stream(parts_of_records_change_nothing);
    counted(part_count, "parts of records, every byte of every stream");
}

static void small_pieces(const struct recorded *stream, hf_role role)
{
    for (size_t piece = 1; piece <= 17; piece++) {
        in_pieces(stream, role, piece);
    }
}

static void stream_in_small_pieces(void **state)
{
    (void)state;
    for_each_stream(small_pieces);
}

/* --- Records ------------------------------------------------------------------------------------
 */

static void must_finish(struct stage *s, const char *how, size_t at)
{
    if (!stage_finish(s)) {
        fail_msg("%s, %s of %zu: %s", run_name(s->run->kind), how, at, run_describe(s->pair));
    }
    stage_end(s);
}

/* Gives the next message in two records. */
static bool step_cut(struct stage *s, size_t at)
{
    stage_pump(s);
    const struct tape_message *m = stage_next(s);
    if (m == NULL) {
        return false;
    }
    s->next++;
    return stage_record(s, REC_HANDSHAKE, span_of(m->data, at)) != HF_FAILED &&
           stage_record(s, REC_HANDSHAKE, span_of(m->data + at, m->len - at)) != HF_FAILED;
}

static struct heard_list heard;

/* The n-th message that this end hears comes in two records. Returns its length, or 0 without such
 * a message. */
static size_t cut_message_at(hf_role role, int n, size_t at, bool *news)
{
    struct stage s;
    if (!heard_go_to(&s, &run, role, n)) {
        return 0;
    }
    const struct tape_message *m = stage_next(&s);
    const size_t len = m->len;
    if (at == 1) {
        const struct heard h = heard_describe(&s, m);
        *news = heard_is_news(&heard, &h);
    }
    if (!*news) {
        stage_end(&s);
        return len;
    }
    if (!step_cut(&s, at)) {
        fail_msg("%s, message %d cut at %zu: %s", run_name(run.kind), n, at, run_describe(s.pair));
    }
    must_finish(&s, "message cut", at);
    return len;
}

/* Every byte, but only some in the long middle of a certificate: nobody looks at it before it is
 * whole. */
static size_t next_cut(size_t at, size_t len)
{
    enum { EDGE = 48, STRIDE = 11 };
    return at > EDGE && at + EDGE + STRIDE < len ? at + STRIDE : at + 1;
}

static void cut_messages(hf_role role)
{
    size_t len = 1;
    for (int n = 0; len > 0; n++) {
        bool news = true;
        len = 2;
        for (size_t at = 1; news && at < len; at = next_cut(at, len)) {
            len = cut_message_at(role, n, at, &news);
        }
    }
}

static void messages_cut_at_every_byte(void **state)
{
    (void)state;
    heard.count = 0;
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        run_make(&run, (enum run_kind)kind);
        cut_messages(HF_CLIENT);
        cut_messages(HF_SERVER);
        run_clear(&run);
    }
    /* Nothing that our two ends say was left out. */
    assert_int_equal(heard.count, HEARD_ALL);
}

/* All messages in records of n bytes, so that some hold the end of one and the beginning of the
 * next only where the message ends by chance: coalescing is a test of its own. */
static void tiny_records_to(enum run_kind kind, hf_role role, size_t n)
{
    struct stage s;
    run_make(&run, kind);
    stage_begin(&s, &run, role);
    for (;;) {
        stage_pump(&s);
        const struct tape_message *m = stage_next(&s);
        if (m == NULL) {
            break;
        }
        s.next++;
        stage_change_keys(&s);
        for (size_t at = 0; at < m->len; at += n) {
            const size_t len = m->len - at < n ? m->len - at : n;
            assert_int_not_equal(stage_record(&s, REC_HANDSHAKE, span_of(m->data + at, len)),
                                 HF_FAILED);
        }
    }
    must_finish(&s, "records", n);
    run_clear(&run);
}

static void messages_in_tiny_records(void **state)
{
    (void)state;
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        for (size_t n = 1; n <= 7; n++) {
            tiny_records_to((enum run_kind)kind, HF_CLIENT, n);
            tiny_records_to((enum run_kind)kind, HF_SERVER, n);
        }
    }
}

/* --- Several messages in one record -------------------------------------------------------------
 */

/* Whether the target's reading keys change when it has dealt with this message. */
static bool ends_keys(const struct tape_message *m)
{
    return m->type == MSG_CLIENT_HELLO || (m->type == MSG_SERVER_HELLO && !heard_is_retry(m)) ||
           m->type == MSG_FINISHED || m->type == MSG_END_OF_EARLY_DATA;
}

/* The flight that the peer has ready, up to a change of keys. Returns its length. */
static size_t gather(struct stage *s, uint8_t *out, size_t cap)
{
    size_t len = 0;
    const struct tape_message *m;
    stage_pump(s);
    stage_change_keys(s);
    while ((m = stage_next(s)) != NULL) {
        if (len > 0 && m->type == MSG_FINISHED && run_is_12(s->run->kind)) {
            break; /* ChangeCipherSpec stands before it */
        }
        assert_true(len + m->len <= cap);
        memcpy(out + len, m->data, m->len);
        len += m->len;
        s->next++;
        if (ends_keys(m)) {
            break;
        }
    }
    return len;
}

/* Flights whole or in records of n bytes that do not care where messages end. */
static void coalesce_to(enum run_kind kind, hf_role role, size_t n)
{
    static uint8_t flight[REC_MAX_PLAIN];
    struct stage s;
    run_make(&run, kind);
    stage_begin(&s, &run, role);
    size_t len;
    while ((len = gather(&s, flight, sizeof flight)) > 0) {
        for (size_t at = 0; at < len; at += n) {
            const size_t piece = len - at < n ? len - at : n;
            if (stage_record(&s, REC_HANDSHAKE, span_of(flight + at, piece)) == HF_FAILED) {
                fail_msg("%s: %s", run_name(kind), run_describe(s.pair));
            }
        }
    }
    must_finish(&s, "flights in records", n);
    run_clear(&run);
}

static void flights_in_records_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {REC_MAX_PLAIN, 1000, 333, 200, 101, 64, 37, 36, 35, 13};
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            coalesce_to((enum run_kind)kind, HF_CLIENT, sizes[i]);
            coalesce_to((enum run_kind)kind, HF_SERVER, sizes[i]);
        }
    }
}

/* --- What may not be ----------------------------------------------------------------------------
 */

/* Steps until the next message is of this type, which is then the test's to give. */
static struct tape_message go_before(struct stage *s, uint8_t type)
{
    for (;;) {
        stage_pump(s);
        const struct tape_message *m = stage_next(s);
        assert_non_null(m);
        if (m->type == type) {
            s->next++;
            return *m;
        }
        assert_true(stage_step(s));
    }
}

/* A message with a few bytes of the next behind it, in one record, where keys change between. */
static void run_over(enum run_kind kind, hf_role role, uint8_t type, hf_span more)
{
    static uint8_t record[REC_MAX_PLAIN];
    struct stage s;
    run_make(&run, kind);
    stage_begin(&s, &run, role);
    const struct tape_message m = go_before(&s, type);
    const char *state = hf_conn_state(s.target->conn);
    memcpy(record, m.data, m.len);
    memcpy(record + m.len, more.data, more.len);
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, span_of(record, m.len + more.len)), HF_FAILED);
    (void)state;
    stage_must_fail(&s, HF_E_KEY_CHANGE_MID_MESSAGE, NULL);
    stage_end(&s);
    run_clear(&run);
}

static void messages_over_a_change_of_keys(void **state)
{
    (void)state;
    static const uint8_t more[] = {MSG_ENCRYPTED_EXTENSIONS, 0, 0, 2, 0, 0};
    for (size_t len = 1; len <= sizeof more; len++) {
        const hf_span rest = span_of(more, len);
        run_over(RUN_FULL, HF_SERVER, MSG_CLIENT_HELLO, rest);
        run_over(RUN_FULL, HF_CLIENT, MSG_SERVER_HELLO, rest);
        run_over(RUN_FULL, HF_CLIENT, MSG_FINISHED, rest);
        run_over(RUN_FULL, HF_SERVER, MSG_FINISHED, rest);
        run_over(RUN_MUTUAL, HF_SERVER, MSG_FINISHED, rest);
    }
}

static void key_update_with_more_behind_it(void **state)
{
    (void)state;
    static const uint8_t updates[] = {MSG_KEY_UPDATE, 0, 0, 1, 0, MSG_KEY_UPDATE, 0, 0, 1, 0};
    for (size_t len = 6; len <= sizeof updates; len++) {
        struct stage s;
        run_make(&run, RUN_FULL);
        stage_begin(&s, &run, HF_CLIENT);
        assert_true(stage_finish(&s));
        assert_int_equal(stage_record(&s, REC_HANDSHAKE, span_of(updates, len)), HF_FAILED);
        stage_must_fail(&s, HF_E_KEY_CHANGE_MID_MESSAGE, "CONNECTED");
        stage_end(&s);
        run_clear(&run);
    }
}

/* Something else between the two halves of a message. */
static void interleave(enum run_kind kind, hf_role role, uint8_t type, uint8_t other,
                       hf_span content)
{
    struct stage s;
    run_make(&run, kind);
    stage_begin(&s, &run, role);
    const struct tape_message m = go_before(&s, type);
    const char *state = hf_conn_state(s.target->conn);
    assert_int_equal(stage_record(&s, REC_HANDSHAKE, span_of(m.data, m.len / 2)), HF_OK);
    const hf_status status = other == REC_CHANGE_CIPHER_SPEC ? stage_plain(&s, other, content)
                                                             : stage_record(&s, other, content);
    assert_int_equal(status, HF_FAILED);
    stage_must_fail(&s, HF_E_MESSAGE_INTERLEAVED, state);
    stage_end(&s);
    run_clear(&run);
}

static void other_records_inside_a_message(void **state)
{
    (void)state;
    static const struct {
        enum run_kind kind;
        hf_role role;
        uint8_t type;
    } where[] = {
        {RUN_FULL, HF_SERVER, MSG_CLIENT_HELLO},     {RUN_FULL, HF_CLIENT, MSG_SERVER_HELLO},
        {RUN_FULL, HF_CLIENT, MSG_CERTIFICATE},      {RUN_FULL, HF_CLIENT, MSG_FINISHED},
        {RUN_MUTUAL, HF_SERVER, MSG_CERTIFICATE},    {RUN_FULL, HF_SERVER, MSG_FINISHED},
        {RUN_POST_AUTH, HF_SERVER, MSG_CERTIFICATE},
    };
    const hf_span one = span_of((const uint8_t *)"\x01", 1);
    const hf_span alert = span_of((const uint8_t *)"\x01\x5a", 2);
    for (size_t i = 0; i < sizeof where / sizeof where[0]; i++) {
        interleave(where[i].kind, where[i].role, where[i].type, REC_CHANGE_CIPHER_SPEC, one);
        interleave(where[i].kind, where[i].role, where[i].type, REC_ALERT, alert);
    }
    interleave(RUN_FULL, HF_CLIENT, MSG_CERTIFICATE, REC_APPLICATION_DATA, one);
    interleave(RUN_MUTUAL, HF_SERVER, MSG_CERTIFICATE, REC_APPLICATION_DATA, one);
    interleave(RUN_POST_AUTH, HF_SERVER, MSG_CERTIFICATE, REC_APPLICATION_DATA, one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(stream_cut_at_every_byte),       RUN_TEST(stream_cut_in_every_record),
        RUN_TEST(stream_offered_byte_by_byte),    RUN_TEST(stream_in_small_pieces),
        RUN_TEST(messages_cut_at_every_byte),     RUN_TEST(messages_in_tiny_records),
        RUN_TEST(flights_in_records_of_any_size), RUN_TEST(messages_over_a_change_of_keys),
        RUN_TEST(key_update_with_more_behind_it), RUN_TEST(other_records_inside_a_message),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

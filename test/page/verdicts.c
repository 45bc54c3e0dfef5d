/* What the engine says when a byte of a handshake is changed: the measure of the page's tamper
 * bench.
 *
 *     verdicts NUMBER DIRECTORY SEED COUNT
 *
 * Runs the kind of handshake of this number (test/support/run.h), writes its recording with the
 * secrets of both ends to DIRECTORY/NUMBER.json, then changes COUNT random bytes of each message,
 * one at a time, and writes what came of it to DIRECTORY/NUMBER.verdicts.json. What travels in the
 * clear is changed on the wire, protected messages inside their protection, as only somebody could
 * who holds the keys. Records of data, early data among them, are changed on the wire too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "record/record.h"
#include "support/heard.h"
#include "wire/message.h"

/* The program's rooms that make a recording. */
#include "recording/recorder.h"
#include "recording/write.h"

enum { MESSAGE_LONGEST = 70000, TICK_NS = 20000 };

static struct run run;
static uint64_t random_state;
static FILE *verdicts;
static bool is_first = true;

/* Not for keys of anybody (xorshift64*). */
static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % bound;
}

/* --- The recording ------------------------------------------------------------------------------
 */

struct recorder_and_clock {
    struct recorder recorder;
    uint64_t now_ns;
};

/* A clock that moves with the events: an order without noise. */
static uint64_t tick(void *ctx)
{
    struct recorder_and_clock *r = ctx;
    return r->now_ns += TICK_NS;
}

static void keep(void *ctx, const hf_event *event)
{
    struct recorder_and_clock *r = ctx;
    recorder_event(&r->recorder, event);
}

static FILE *create(const char *directory, long number, const char *suffix)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%ld%s", directory, number, suffix);
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        (void)fprintf(stderr, "verdicts: %s cannot be written\n", path);
        exit(1);
    }
    return f;
}

/* --- Data --------------------------------------------------------------------------------------
 */

/* Seals a record of the client's data and returns where it stands in the server's pipe, which held
 * nothing of this way's data before. */
static size_t send_data(struct pair *p, bool early)
{
    static const uint8_t data[] = "GET /whatever HTTP/1.1\r\n\r\n";
    uint8_t room[4096];
    hf_buf out = {room, sizeof room, 0};
    size_t taken = 0;
    const hf_span span = span_of(data, sizeof data - 1);
    const size_t start = p->server.in.len + hf_conn_pending(p->client.conn);
    assert_int_equal(early ? hf_conn_send_early(p->client.conn, span, &out, &taken)
                           : hf_conn_send(p->client.conn, span, &out, &taken),
                     HF_OK);
    pipe_put(&p->server.in, room, out.pos);
    return start;
}

/* Whether early data is taken in this kind of run. */
static bool has_early_data(void)
{
    return run.kind == RUN_RESUMED || run.kind == RUN_STORED;
}

/* A pair whose client has sent its data: early data in its first flight, or data at the end. */
static struct pair *start_with_data(const hf_trace *trace, bool early, size_t *at)
{
    struct pair *p =
        run_start(&run, &(struct pair_options){.client_trace = trace, .server_trace = trace});
    if (early) {
        assert_int_equal(hf_conn_drive(p->client.conn), HF_NEED_INPUT);
    } else {
        run_must_finish(&run, p);
    }
    *at = send_data(p, early);
    return p;
}

static void save_recording(const char *directory, long number)
{
    static struct recorder_and_clock r;
    struct text text = {0};
    r = (struct recorder_and_clock){.now_ns = 0};
    recorder_init(&r.recorder, RECORDING_DEMO, true);
    r.recorder.start_ns = 0;
    const hf_trace trace = {.wanted = RECORDER_WANTED, .event = keep, .ctx = &r, .now_ns = tick};
    size_t at = 0;
    struct pair *p = start_with_data(&trace, has_early_data(), &at);
    if (has_early_data()) {
        run_must_finish(&run, p);
        (void)send_data(p, false);
    }
    pair_settle(p);
    pair_free(p);
    recorder_title(&r.recorder, run_name(run.kind));
    recording_write(&r.recorder.recording, &text);
    FILE *f = create(directory, number, ".json");
    const bool whole = !text.failed && fwrite(text.ptr, 1, text.len, f) == text.len;
    if (fclose(f) != 0 || !whole) {
        exit(1);
    }
    text_free(&text);
    recorder_free(&r.recorder);
}

/* --- Verdicts -----------------------------------------------------------------------------------
 */

/* thing: what was changed, as members of a JSON object. */
static void write_verdict(const char *thing, size_t at, uint8_t mask, const struct pair *p,
                          bool is_done)
{
    const hf_error *errors[2] = {hf_conn_error(p->client.conn), hf_conn_error(p->server.conn)};
    const char *end = "";
    const char *code = is_done ? "none" : "waits";
    const char *alert = "";
    for (int i = 0; i < 2; i++) {
        const hf_err_info *info = hf_err_lookup(errors[i]->code);
        if (errors[i]->code != HF_E_NONE && errors[i]->code != HF_E_ALERT_RECEIVED) {
            end = i == 0 ? "client" : "server";
            code = info->name;
            alert = hf_alert_name(errors[i]->alert);
            break;
        }
    }
    (void)fprintf(verdicts,
                  "%s\n{%s,\"at\":%zu,\"mask\":%u,\"end\":\"%s\",\"code\":\"%s\",\"alert\":\"%s\"}",
                  is_first ? "" : ",", thing, at, (unsigned)mask, end, code, alert);
    is_first = false;
}

static void write_message_verdict(const struct heard *h, size_t at, uint8_t mask,
                                  const struct pair *p, bool is_done)
{
    char thing[128];
    (void)snprintf(thing, sizeof thing,
                   "\"from\":\"%s\",\"type\":%u,\"retry\":%s,\"occurrence\":%u",
                   h->role == HF_CLIENT ? "server" : "client",
                   (unsigned)(h->type == HEARD_RETRY ? MSG_SERVER_HELLO : h->type),
                   h->type == HEARD_RETRY ? "true" : "false", (unsigned)h->occurrence);
    write_verdict(thing, at, mask, p, is_done);
}

/* Inside the protection. */
static void change_inside(hf_role role, int n, size_t at, uint8_t mask)
{
    static uint8_t changed[MESSAGE_LONGEST];
    struct stage s;
    assert_true(heard_go_to(&s, &run, role, n));
    const struct tape_message *m = stage_next(&s);
    const struct heard h = heard_describe(&s, m);
    const size_t len = m->len;
    assert_true(len <= sizeof changed);
    memcpy(changed, m->data, len);
    changed[at] ^= mask;
    stage_skip(&s);
    (void)stage_record(&s, REC_HANDSHAKE, span_of(changed, len));
    const bool is_done = stage_finish(&s);
    write_message_verdict(&h, at, mask, s.pair, is_done);
    stage_end(&s);
}

/* Flips bits of the byte that stands at `at` in all plain handshake bytes of this way, if it is in
 * the pipe; *before: how many went through it already, counted on. */
static bool change_in_pipe(const struct pair_pipe *pipe, size_t at, uint8_t mask, size_t *before)
{
    size_t record = 0;
    while (record + REC_HEADER_LEN < pipe->len) {
        uint8_t *header = pipe->data + record;
        const size_t len = (size_t)header[3] << 8 | header[4];
        if (header[0] == REC_HANDSHAKE && at < *before + len) {
            header[REC_HEADER_LEN + at - *before] ^= mask;
            return true;
        }
        *before += header[0] == REC_HANDSHAKE ? len : 0;
        record += REC_HEADER_LEN + len;
    }
    return false;
}

/* On the wire, in the clear. start: where the message stands among what this end hears. */
static void change_plain(const struct heard *h, size_t start, size_t at, uint8_t mask)
{
    struct pair *p = run_start(&run, NULL);
    struct pair_end *target = h->role == HF_CLIENT ? &p->client : &p->server;
    size_t before = 0;
    assert_int_equal(hf_conn_drive(p->client.conn), HF_NEED_INPUT);
    for (;;) {
        (void)pair_pump_end(p, pair_other(p, target));
        if (change_in_pipe(&target->in, start + at, mask, &before)) {
            break;
        }
        if (!pair_pump_end(p, target)) {
            fail_msg("%s: it never came", heard_name(h));
        }
    }
    const bool is_done = pair_handshake(p);
    write_message_verdict(h, at, mask, p, is_done);
    pair_free(p);
}

static void change_message(hf_role role, int n, size_t start, uint32_t count)
{
    struct stage s;
    assert_true(heard_go_to(&s, &run, role, n));
    const struct heard h = heard_describe(&s, stage_next(&s));
    const size_t len = stage_next(&s)->len;
    const bool is_plain = stage_next(&s)->level == HF_LEVEL_PLAIN;
    stage_end(&s);
    for (uint32_t i = 0; i < count; i++) {
        const size_t at = random_below((uint32_t)len);
        const uint8_t mask = (uint8_t)(1 + random_below(255));
        if (is_plain) {
            change_plain(&h, start, at, mask);
        } else {
            change_inside(role, n, at, mask);
        }
    }
}

static void change_messages(hf_role role, uint32_t count)
{
    struct stage s;
    size_t start = 0;
    for (int n = 0; heard_go_to(&s, &run, role, n); n++) {
        const size_t len = stage_next(&s)->len;
        stage_end(&s);
        change_message(role, n, start, count);
        start += len;
    }
}

/* Bytes of a record of the client's data, its header too. */
static void change_data(bool early, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t start = 0;
        struct pair *p = start_with_data(NULL, early, &start);
        uint8_t *record = p->server.in.data + start;
        assert_int_equal(record[0], REC_APPLICATION_DATA);
        const size_t len = REC_HEADER_LEN + ((size_t)record[3] << 8 | record[4]);
        /* A third of them in the header, where the rules are. */
        const size_t at = random_below(i % 3 == 0 ? REC_HEADER_LEN : (uint32_t)len);
        const uint8_t mask = (uint8_t)(1 + random_below(255));
        const size_t received = p->server.received_len;
        record[at] ^= mask;
        pair_settle(p);
        const bool is_done = hf_conn_is_connected(p->client.conn) &&
                             hf_conn_is_connected(p->server.conn) &&
                             p->server.received_len > received;
        write_verdict(early ? "\"data\":\"early\"" : "\"data\":\"application\"", at, mask, p,
                      is_done);
        pair_free(p);
    }
}

int main(int argc, char **argv)
{
    void *state = NULL;
    const long number = argc == 5 ? strtol(argv[1], NULL, 10) : RUN_KIND_COUNT;
    if (number < 0 || number >= RUN_KIND_COUNT) {
        (void)fprintf(stderr, "usage: verdicts NUMBER DIRECTORY SEED COUNT; NUMBER: 0 to %d\n",
                      RUN_KIND_COUNT - 1);
        return 1;
    }
    const uint32_t count = (uint32_t)strtoul(argv[4], NULL, 10);
    random_state = strtoull(argv[3], NULL, 10) * 2 + 1;
    (void)run_setup(&state);
    run_make(&run, (enum run_kind)number);
    save_recording(argv[2], number);
    verdicts = create(argv[2], number, ".verdicts.json");
    (void)fprintf(verdicts, "[");
    change_messages(HF_CLIENT, count);
    change_messages(HF_SERVER, count);
    change_data(false, count);
    change_data(true, has_early_data() ? 4 * count : 0);
    (void)fprintf(verdicts, "\n]\n");
    run_clear(&run);
    (void)run_teardown(&state);
    return fclose(verdicts) == 0 ? 0 : 1;
}

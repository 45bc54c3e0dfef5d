/* TCP put together again, key logs read, and packets of every length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/follow.h"
#include "capture/keylog_read.h"
#include "capture/packets.h"
#include "capture/streams.h"

const char *tool_name = "handfast";

static struct segment segment(bool by_client, uint32_t seq, const char *data)
{
    struct segment s = {.seq = seq, .ack = true, .data = {(const uint8_t *)data, strlen(data)}};
    struct endpoint ends[2] = {{{127, 0, 0, 1}, 4, 40000}, {{127, 0, 0, 1}, 4, 443}};
    s.from = ends[!by_client];
    s.to = ends[by_client];
    return s;
}

static void syn(struct streams *s, bool by_client, uint32_t seq)
{
    struct segment one = segment(by_client, seq, "");
    one.syn = true;
    one.ack = !by_client;
    streams_add(s, &one);
}

static void add(struct streams *s, uint32_t seq, const char *data)
{
    const struct segment one = segment(true, seq, data);
    streams_add(s, &one);
}

static void holds(const struct streams *s, const char *want)
{
    const struct stream_side *side = &s->all[s->count - 1]->side[HF_CLIENT];
    assert_int_equal(side->len, strlen(want));
    assert_memory_equal(side->bytes, want, strlen(want));
}

static void segments_in_every_order(void **state)
{
    (void)state;
    static const char *const parts[4] = {"ab", "cde", "f", "ghij"};
    static const uint32_t at[4] = {0, 2, 5, 6};
    /* The sequence numbers wrap in the middle. */
    const uint32_t start = UINT32_MAX - 4;
    for (unsigned order = 0; order < 256; order++) {
        const unsigned by[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
        struct streams s = {0};
        bool came[4] = {false};
        syn(&s, true, start);
        for (size_t i = 0; i < 4; i++) {
            add(&s, start + 1 + at[by[i]], parts[by[i]]);
            came[by[i]] = true;
        }
        char want[16] = "";
        for (size_t i = 0; i < 4 && came[i]; i++) {
            strcat(want, parts[i]);
        }
        const struct stream_side *side = &s.all[0]->side[HF_CLIENT];
        assert_int_equal(s.count, 1);
        assert_int_equal(side->len, strlen(want));
        assert_true(side->len == 0 || memcmp(side->bytes, want, side->len) == 0);
        const bool whole = strlen(want) == 10 || side->pending_count == 0;
        assert_int_equal(stream_lost(side) == 0, whole);
        streams_free(&s);
    }
}

static void what_overlaps_counts_once(void **state)
{
    (void)state;
    struct streams s = {0};
    syn(&s, true, 99);
    add(&s, 100, "abcd");
    add(&s, 102, "cdef");
    add(&s, 100, "XXXX"); /* sent again with other bytes: what came first stays */
    add(&s, 110, "kl");
    add(&s, 104, "efghij");
    holds(&s, "abcdefghijkl");
    assert_int_equal(stream_lost(&s.all[0]->side[HF_CLIENT]), 0);
    streams_free(&s);
}

static void a_gap_is_counted(void **state)
{
    (void)state;
    struct streams s = {0};
    syn(&s, true, 0);
    add(&s, 1, "abc");
    add(&s, 20, "xyz");
    add(&s, 10, "mno");
    assert_int_equal(stream_lost(&s.all[0]->side[HF_CLIENT]), 6);
    streams_free(&s);
}

static void ports_may_be_used_again(void **state)
{
    (void)state;
    struct streams s = {0};
    syn(&s, true, 0);
    syn(&s, false, 500);
    add(&s, 1, "first");
    syn(&s, true, 0); /* the same SYN again is no other connection */
    assert_int_equal(s.count, 1);
    syn(&s, true, 9000);
    add(&s, 9001, "second");
    assert_int_equal(s.count, 2);
    holds(&s, "second");
    streams_free(&s);
}

/* Without its SYN, and with the server's answer seen first. */
static void the_hello_tells_who_is_the_client(void **state)
{
    (void)state;
    struct streams s = {0};
    struct segment by_server = segment(false, 70, "\x16\x03\x03\x01\x01\x02");
    streams_add(&s, &by_server);
    struct segment by_client = segment(true, 5, "\x16\x03\x01\x01\x01\x01");
    streams_add(&s, &by_client);
    streams_settle(&s);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.all[0]->side[HF_CLIENT].at.port, 40000);
    assert_true(stream_is_tls(s.all[0]));
    assert_int_equal(s.all[0]->chunks[0].side, HF_SERVER);
    streams_free(&s);
}

static void lines_of_a_key_log(void **state)
{
    (void)state;
    struct keylog_set set;
    static const char log[] =
        "# comment\r\n"
        "CLIENT_RANDOM "
        "0101010101010101010101010101010101010101010101010101010101010101 aaBB\r\n"
        "not a line\n"
        "CLIENT_RANDOM 0101 aa\n"
        "A_LABEL_THAT_IS_FAR_TOO_LONG_TO_BE_ONE_OF_TLS_OR_OF_ANY_OTHER_THING "
        "0101010101010101010101010101010101010101010101010101010101010101 aa\n"
        "EXPORTER_SECRET 0101010101010101010101010101010101010101010101010101010101010101 ag\n"
        "EXPORTER_SECRET 0202020202020202020202020202020202020202020202020202020202020202 cc";
    uint8_t one[32];
    uint8_t two[32];
    memset(one, 1, sizeof one);
    memset(two, 2, sizeof two);
    assert_true(keylog_parse((hf_span){(const uint8_t *)log, sizeof log - 1}, &set));
    assert_int_equal(set.count, 2);
    assert_int_equal(set.bad_line, 3);
    assert_int_equal(keylog_connections(&set), 2);
    const struct keylog_entry *e = keylog_find(&set, one, "CLIENT_RANDOM");
    assert_non_null(e);
    assert_int_equal(e->len, 2);
    assert_int_equal(e->secret[1], 0xbb);
    assert_null(keylog_find(&set, one, "EXPORTER_SECRET"));
    assert_non_null(keylog_find(&set, two, "EXPORTER_SECRET"));
    one[31] = 9;
    assert_false(keylog_knows(&set, one));
    keylog_set_free(&set);
    assert_true(keylog_parse((hf_span){NULL, 0}, &set));
    assert_int_equal(set.count, 0);
    keylog_set_free(&set);
}

static uint32_t random_state = 7;

static uint8_t next_byte(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint8_t)(random_state >> 16);
}

/* One packet of IP and TCP, with bytes changed and at every length, through every link layer:
 * nothing is read that is not there. */
static void packets_of_every_length(void **state)
{
    (void)state;
    static const uint8_t links[] = {0, 1, 101, 113, 20, 228, 229};
    static const uint8_t ip[] = {0x45, 0,  0, 46, 0, 0, 0, 0,    64, 6, 0, 0, 10, 0, 0, 1,
                                 10,   0,  0, 2,  1, 2, 1, 0xbb, 0,  0, 0, 1, 0,  0, 0, 0,
                                 0x50, 24, 1, 1,  0, 0, 0, 0,    22, 3, 1, 0, 1,  1};
    for (int round = 0; round < 3000; round++) {
        uint8_t file[24 + 16 + 20 + sizeof ip] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0};
        const size_t lead = next_byte() % 21;
        const size_t len = next_byte() % (lead + sizeof ip + 1);
        file[18] = 4; /* snap length */
        file[20] = links[next_byte() % sizeof links];
        file[32] = (uint8_t)len;
        file[36] = (uint8_t)(lead + sizeof ip);
        memcpy(file + 40 + lead, ip, sizeof ip);
        for (int i = next_byte() % 4; i > 0; i--) {
            file[40 + next_byte() % (lead + sizeof ip)] = next_byte();
        }
        uint8_t *exact = malloc(40 + len);
        assert_non_null(exact);
        memcpy(exact, file, 40 + len);
        FILE *stream = fmemopen(exact, 40 + len, "rb");
        assert_non_null(stream);
        struct streams s = {0};
        struct packets seen;
        struct trouble trouble = {0};
        (void)packets_read("FILE", stream, &s, &seen, &trouble);
        assert_true(seen.all <= 1);
        streams_settle(&s);
        streams_free(&s);
        free(exact);
    }
}

/* What the two ends sent is any bytes at all. */
static void nothing_that_is_said_does_harm(void **state)
{
    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct streams s = {0};
        struct recorder recorder;
        struct trouble trouble = {0};
        uint8_t bytes[64];
        const struct follow_keys keys = {0};
        syn(&s, true, 0);
        for (int end = 0; end < 2; end++) {
            const size_t len = 6 + next_byte() % 58;
            for (size_t i = 0; i < len; i++) {
                bytes[i] = next_byte() % 4 == 0 ? next_byte() : 0;
            }
            bytes[0] = (uint8_t)(20 + next_byte() % 4);
            bytes[1] = bytes[2] = 3;
            bytes[3] = 0;
            bytes[4] = (uint8_t)(len - 5);
            bytes[5] = (uint8_t)(next_byte() % 25);
            struct segment one = segment(end == 0, 1, "");
            one.data = (hf_span){bytes, len};
            streams_add(&s, &one);
        }
        streams_settle(&s);
        recorder_init(&recorder, RECORDING_PCAP, true);
        (void)follow_stream(s.all[0], &keys, &recorder, &trouble);
        recorder_free(&recorder);
        streams_free(&s);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_in_every_order),
        cmocka_unit_test(what_overlaps_counts_once),
        cmocka_unit_test(a_gap_is_counted),
        cmocka_unit_test(ports_may_be_used_again),
        cmocka_unit_test(the_hello_tells_who_is_the_client),
        cmocka_unit_test(lines_of_a_key_log),
        cmocka_unit_test(packets_of_every_length),
        cmocka_unit_test(nothing_that_is_said_does_harm),
    };
    return cmocka_run_group_tests_name("streams", tests, NULL, NULL);
}

/* What Redis answers, whole, cut, and wrong; what it says of its health. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fleet/health.h"
#include "fleet/resp.h"

/* Reads from a block of just this size, so that sanitizers see what is read behind it. */
static ssize_t read_exactly(const char *bytes, size_t len, struct resp *out)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    const ssize_t used = resp_read(copy, len, out);
    free(copy);
    return used;
}

static void every_kind_whole_and_cut(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum resp_kind kind;
    } rows[] = {
        {"+OK\r\n", RESP_STATUS},  {"-OOM command not allowed\r\n", RESP_ERROR},
        {":-2\r\n", RESP_NUMBER},  {":315360000000\r\n", RESP_NUMBER},
        {"$-1\r\n", RESP_NIL},     {"$5\r\nhello\r\n", RESP_TEXT},
        {"$0\r\n\r\n", RESP_TEXT}, {"$4\r\n\r\n\r\n\r\n", RESP_TEXT},
        {"*0\r\n", RESP_LIST},     {"*2\r\n$3\r\n123\r\n$1\r\n4\r\n", RESP_LIST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct resp reply;
        const size_t len = strlen(rows[i].bytes);
        for (size_t cut = 0; cut < len; cut++) {
            assert_int_equal(read_exactly(rows[i].bytes, cut, &reply), 0);
        }
        assert_int_equal(read_exactly(rows[i].bytes, len, &reply), (ssize_t)len);
        assert_int_equal(reply.kind, rows[i].kind);
    }
}

static void what_follows_is_left(void **state)
{
    (void)state;
    struct resp reply;
    static const char two[] = ":7\r\n$2\r\nab\r\n";
    assert_int_equal(resp_read((const uint8_t *)two, sizeof two - 1, &reply), 4);
    assert_int_equal(reply.number, 7);
    assert_int_equal(resp_read((const uint8_t *)two + 4, sizeof two - 5, &reply), 8);
    assert_memory_equal(reply.text.data, "ab", 2);
}

static void what_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "HTTP/1.1 400 Bad Request\r\n",
        "+OK\rX",
        ":\r\n",
        ":-\r\n",
        ":1x\r\n",
        ":1234567890123456789\r\n",
        "$-2\r\n",
        "$x\r\n",
        "$16385\r\n",
        "$999999999999\r\n",
        "$2\r\nabc\r\n",
        "*3\r\n",
        "*-1\r\n",
        "*1000000000\r\n",
        "*1\r\n:1\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n*1\r\n$1\r\na\r\n",
        "\r\n",
    };
    struct resp reply;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(read_exactly(rows[i], strlen(rows[i]), &reply), -1);
    }
    /* A line that does not end. */
    char endless[RESP_LINE_MAX];
    memset(endless, 'x', sizeof endless);
    endless[0] = '+';
    assert_int_equal(read_exactly(endless, sizeof endless, &reply), -1);
    assert_int_equal(read_exactly(endless, sizeof endless - 1, &reply), 0);
}

static void commands_are_lists_of_texts(void **state)
{
    (void)state;
    struct text out = {0};
    const hf_span words[] = {resp_word("SET"), {(const uint8_t *)"a\r\nb", 4}, resp_word("")};
    resp_add_command(&out, words, 3);
    assert_string_equal(out.ptr, "*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$0\r\n\r\n");
    text_free(&out);
}

/* Takes a text as the answer to INFO, or a list of two as that to TIME. */
static void take(struct health *health, const char *info, const char *s, const char *us)
{
    const struct resp told = {.kind = RESP_TEXT, .text = resp_word(info)};
    assert_true(health_take_info(health, &told));
    if (s != NULL) {
        const struct resp time = {
            .kind = RESP_LIST, .item = {resp_word(s), resp_word(us)}, .count = 2};
        assert_true(health_take_time(health, &time));
    }
}

static void health_is_judged_whole(void **state)
{
    (void)state;
    static const char good[] = "# Server\r\nrun_id:abc123\r\nrole:master\r\nmaster_replid:ff00\r\n"
                               "maxmemory:0\r\nmaxmemory_policy:noeviction\r\n";
    struct health health = {0};
    take(&health, good, "1000", "500000");
    assert_null(health_judge(&health, 1000400, 1000600, 0));
    assert_null(health_judge(&health, 1001000, 1001100, 500));
    assert_string_equal(health.run_id, "abc123");
    static const struct {
        const char *info;
        const char *part;
    } rows[] = {
        {"run_id:\r\n", "does not tell"},
        {"run_id:a b\r\n", "does not tell"},
        {"role:slave\r\n", "replica"},
        {"maxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n", "drops keys"},
        {"maxmemory:1000\r\nmaxmemory_policy:volatile-ttl\r\n", "drops keys"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct health other = health;
        take(&other, rows[i].info, NULL, NULL);
        const char *why = health_judge(&other, 1000400, 1000600, 0);
        assert_non_null(why);
        assert_non_null(strstr(why, rows[i].part));
    }
    /* Both ways of a clock. */
    assert_non_null(strstr(health_judge(&health, 1001000, 1001100, 499), "clock"));
    assert_non_null(strstr(health_judge(&health, 999000, 1000000, 499), "clock"));
    assert_null(health_judge(&health, 999000, 1000000, 500));
    /* A limit without a policy that drops, and the other way round. */
    take(&health, "maxmemory:5\r\nmaxmemory_policy:noeviction\r\n", NULL, NULL);
    assert_null(health_judge(&health, 1000400, 1000600, 0));
    take(&health, "maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", NULL, NULL);
    assert_null(health_judge(&health, 1000400, 1000600, 0));
}

static void health_that_is_not_told(void **state)
{
    (void)state;
    struct health health = {0};
    static const struct resp none[] = {
        {.kind = RESP_ERROR}, {.kind = RESP_NIL}, {.kind = RESP_NUMBER, .number = 1}};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_false(health_take_info(&health, &none[i]));
        assert_false(health_take_time(&health, &none[i]));
    }
    const struct resp time = {
        .kind = RESP_LIST, .item = {resp_word("12x"), resp_word("0")}, .count = 2};
    assert_false(health_take_time(&health, &time));
    assert_non_null(health_judge(&health, 0, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_whole_and_cut), cmocka_unit_test(what_follows_is_left),
        cmocka_unit_test(what_is_none_is_refused),  cmocka_unit_test(commands_are_lists_of_texts),
        cmocka_unit_test(health_is_judged_whole),   cmocka_unit_test(health_that_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

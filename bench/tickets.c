/* What a ticket costs a server: sealed and opened, with a session's state of common size, among as
 * many keys as a ring has that rotates each hour and opens for a day; and what the store takes for
 * a session that is put and taken out. The bar for each of the first two is 2 us. */
#include "bench.h"

#include "base/span.h"
#include <handfast/store.h>
#include <handfast/ticket.h>

enum { STATE_LEN = 120 };

static const int64_t now_ms = INT64_C(1750000000000);

struct tickets {
    hf_ticket_keys *keys;
    hf_session_store *store;
    uint8_t state[STATE_LEN];
    uint8_t ticket[STATE_LEN + HF_TICKET_OVERHEAD];
    size_t ticket_len;
    uint8_t id[HF_STORE_ID_LEN];
};

static void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void seal(void *arg)
{
    struct tickets *t = arg;
    require(hf_ticket_keys_seal(t->keys, now_ms, span_of(t->state, STATE_LEN), t->ticket,
                                sizeof t->ticket, &t->ticket_len) == HF_OK);
}

static void open_one(void *arg)
{
    struct tickets *t = arg;
    uint8_t state[STATE_LEN];
    size_t len = 0;
    require(hf_ticket_keys_open(t->keys, now_ms, span_of(t->ticket, t->ticket_len), state,
                                sizeof state, &len) == HF_RESUME_NONE);
}

static void put_and_take(void *arg)
{
    struct tickets *t = arg;
    uint8_t state[STATE_LEN];
    size_t len = 0;
    t->id[0]++;
    require(hf_session_store_put(t->store, span_of(t->id, sizeof t->id),
                                 span_of(t->state, STATE_LEN), 3600, now_ms));
    require(hf_session_store_take(t->store, span_of(t->id, sizeof t->id), now_ms, state,
                                  sizeof state, &len) == HF_RESUME_NONE);
}

int main(void)
{
    static struct tickets t;
    t.keys = hf_ticket_keys_new(NULL);
    t.store = hf_session_store_new(NULL);
    require(t.keys != NULL && t.store != NULL);
    for (int64_t hour = 24; hour >= 0; hour--) { /* as if it had run for a day */
        require(hour != 24 ||
                hf_ticket_keys_rotate(t.keys, 3600, 86400, now_ms - hour * 3600000) == HF_OK);
        (void)hf_ticket_keys_count(t.keys, now_ms - hour * 3600000);
    }
    seal(&t);
    const struct bench_case cases[] = {
        {"seal", seal, &t}, {"open", open_one, &t}, {"put and take", put_and_take, &t}};
    struct bench_result results[3];
    struct bench_json json;
    bench_run(cases, 3, results);
    bench_json_open(&json);
    printf("tickets of %d bytes, %zu keys; a store\n", STATE_LEN,
           hf_ticket_keys_count(t.keys, now_ms));
    for (size_t i = 0; i < 3; i++) {
        printf("  %-16s %7.0f ns\n", cases[i].name, results[i].ns);
        bench_json_add(&json, cases[i].name, "ns", results[i].ns);
    }
    bench_json_close(&json);
    hf_session_store_free(t.store);
    hf_ticket_keys_free(t.keys);
    return 0;
}

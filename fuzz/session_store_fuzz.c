/* A server's store of sessions under any sequence of calls, beside a list that does the same the
 * simple way: answers, what is held and all counts agree after every call.
 *
 * Input: limits (2 bytes), then calls: what (1 byte), which identity (1 byte), one more byte.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include <handfast/store.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum {
    HELD_MAX = 16, /* few enough for one shard, so that the order of use is one order */
    IDS = 24,
    MAX_AGE_S = 50
};

struct model_entry {
    uint8_t id, fill;
    size_t state_len;
    int64_t expires_ms;
};

/* Oldest first. */
struct model {
    struct model_entry entries[HELD_MAX];
    size_t count_max, bytes_max;
    size_t overhead; /* of an entry, beside identity and state */
    int64_t now_ms;
    hf_session_store_counts counts;
};

/* Identities have different lengths, and the shorter are the beginnings of the longer. */
static hf_span id_of(uint8_t id)
{
    static const uint8_t bytes[HF_STORE_ID_MAX] = {1, 2, 3};
    return span_of(bytes, 1 + (size_t)id * 2);
}

static size_t size_of(const struct model *m, uint8_t id, size_t state_len)
{
    return m->overhead + id_of(id).len + state_len;
}

static void model_remove(struct model *m, size_t at)
{
    m->counts.bytes -= size_of(m, m->entries[at].id, m->entries[at].state_len);
    m->counts.held--;
    memmove(&m->entries[at], &m->entries[at + 1], (m->counts.held - at) * sizeof m->entries[0]);
}

/* Where it stands; what is held when it is not there. */
static size_t model_find(const struct model *m, uint8_t id)
{
    size_t at = 0;
    while (at < m->counts.held && m->entries[at].id != id) {
        at++;
    }
    return at;
}

static void model_make_room(struct model *m, size_t size)
{
    for (int i = 0; i < 2 && m->counts.held > 0 && m->now_ms >= m->entries[0].expires_ms; i++) {
        m->counts.expired++;
        model_remove(m, 0);
    }
    while (m->counts.held > 0 &&
           (m->counts.held >= m->count_max || m->counts.bytes + size > m->bytes_max)) {
        *(m->now_ms < m->entries[0].expires_ms ? &m->counts.evicted : &m->counts.expired) += 1;
        model_remove(m, 0);
    }
}

static bool model_put(struct model *m, uint8_t id, size_t state_len, uint8_t fill,
                      uint32_t lifetime_s)
{
    const size_t size = size_of(m, id, state_len);
    if (state_len == 0 || state_len > HF_STORE_STATE_MAX || lifetime_s == 0 ||
        size > m->bytes_max) {
        return false;
    }
    const size_t former = model_find(m, id);
    if (former < m->counts.held) {
        model_remove(m, former);
    }
    model_make_room(m, size);
    const int64_t life_s = lifetime_s < MAX_AGE_S ? lifetime_s : MAX_AGE_S;
    m->entries[m->counts.held++] =
        (struct model_entry){id, fill, state_len, m->now_ms + life_s * 1000};
    m->counts.bytes += size;
    m->counts.stored++;
    return true;
}

/* What the store should say; *found: what it should give out. */
static hf_resume_reason model_ask(struct model *m, uint8_t id, bool is_taken, size_t capacity,
                                  struct model_entry *found)
{
    const size_t at = model_find(m, id);
    if (at == m->counts.held) {
        m->counts.missed++;
        return HF_RESUME_SESSION_UNKNOWN;
    }
    *found = m->entries[at];
    if (m->now_ms >= found->expires_ms) {
        m->counts.expired++;
        model_remove(m, at);
        return HF_RESUME_EXPIRED;
    }
    if (found->state_len > capacity) {
        return HF_RESUME_STATE_UNREADABLE;
    }
    m->counts.found++;
    model_remove(m, at);
    if (!is_taken) {
        m->entries[m->counts.held++] = *found;
        m->counts.bytes += size_of(m, id, found->state_len);
    }
    return HF_RESUME_NONE;
}

static void put(hf_session_store *store, struct model *m, uint8_t id, uint8_t arg)
{
    static uint8_t state[HF_STORE_STATE_MAX + 1];
    const size_t len =
        arg >= 0xf0 ? HF_STORE_STATE_MAX - 14 + (size_t)(arg & 0xf) : (size_t)(arg >> 2) * 5;
    const uint32_t lifetime_s = (uint32_t)(arg & 3) * 20;
    memset(state, arg, len);
    CHECK(hf_session_store_put(store, id_of(id), span_of(state, len), lifetime_s, m->now_ms) ==
          model_put(m, id, len, arg, lifetime_s));
}

static void ask(hf_session_store *store, struct model *m, uint8_t id, uint8_t arg)
{
    const size_t capacity = (size_t)(arg >> 1) * 17;
    const bool is_taken = (arg & 1) != 0;
    struct model_entry found = {0};
    size_t len = SIZE_MAX;
    uint8_t *state = malloc(capacity + 1); /* of this size, so that a byte too many is seen */
    CHECK(state != NULL);
    const hf_resume_reason expected = model_ask(m, id, is_taken, capacity, &found);
    const hf_resume_reason reason =
        is_taken ? hf_session_store_take(store, id_of(id), m->now_ms, state, capacity, &len)
                 : hf_session_store_find(store, id_of(id), m->now_ms, state, capacity, &len);
    CHECK(reason == expected);
    CHECK(reason == HF_RESUME_NONE ? len == found.state_len : len == SIZE_MAX);
    for (size_t i = 0; reason == HF_RESUME_NONE && i < len; i++) {
        CHECK(state[i] == found.fill);
    }
    free(state);
}

static void drop(hf_session_store *store, struct model *m, uint8_t id)
{
    const size_t at = model_find(m, id);
    const bool is_there = at < m->counts.held;
    if (is_there) {
        model_remove(m, at);
    }
    CHECK(hf_session_store_drop(store, id_of(id)) == is_there);
}

static void call(hf_session_store *store, struct model *m, const uint8_t *bytes)
{
    const uint8_t id = bytes[1] % IDS;
    hf_session_store_counts counts;
    switch (bytes[0] % 8) {
    case 0:
    case 1:
    case 2:
        put(store, m, id, bytes[2]);
        break;
    case 3:
    case 4:
        ask(store, m, id, bytes[2]);
        break;
    case 5:
        drop(store, m, id);
        break;
    case 6:
        m->now_ms += INT64_C(250) * bytes[2];
        break;
    default:
        if (bytes[2] == 0) {
            hf_session_store_clear(store);
            m->counts.held = m->counts.bytes = 0;
        }
        break;
    }
    hf_session_store_count(store, &counts);
    CHECK(memcmp(&counts, &m->counts, sizeof counts) == 0);
    CHECK(counts.held <= m->count_max && counts.bytes <= m->bytes_max);
}

/* What an entry takes beside its bytes, as the store itself counts it. */
static size_t measure_overhead(void)
{
    hf_session_store_counts counts;
    hf_session_store *store = hf_session_store_new(NULL);
    CHECK(store != NULL);
    CHECK(hf_session_store_put(store, span_of("i", 1), span_of("s", 1), 1, 0));
    hf_session_store_count(store, &counts);
    hf_session_store_free(store);
    return (size_t)counts.bytes - 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static size_t overhead;
    if (size < 2) {
        return 0;
    }
    overhead = overhead == 0 ? measure_overhead() : overhead;
    struct model m = {.count_max = 1 + (size_t)data[0] % HELD_MAX,
                      .bytes_max = data[1] == 0 ? SIZE_MAX : (size_t)data[1] * 16,
                      .overhead = overhead,
                      .now_ms = INT64_C(1750000000000)};
    const hf_session_store_params params = {.size = sizeof params,
                                            .count = m.count_max,
                                            .bytes = data[1] == 0 ? 0 : m.bytes_max,
                                            .max_age_s = MAX_AGE_S};
    hf_session_store *store = hf_session_store_new(&params);
    CHECK(store != NULL);
    for (size_t at = 2; at + 3 <= size; at += 3) {
        call(store, &m, data + at);
    }
    hf_session_store_free(store);
    return 0;
}

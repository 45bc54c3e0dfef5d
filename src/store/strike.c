/* The register is an array of buckets of one cache line: a lock and seven slots. A flight's hash
 * says which bucket and, with other bits, which fingerprint; a slot holds that and when the flight
 * is too old to be believed.
 *
 * Invariant: a flight that was answered NONE is in its bucket until its window and the slack are
 * over by the highest time ever seen. A time that is behind that one by more than the slack gets no
 * answer, so that nobody meets a bucket from which his own past was cleared.
 */
#include "store/replay.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "store/siphash.h"

enum {
    SLOTS = 7,
    BUCKET_LEN = 64,
    TICK_MS = 64,
    TICK_BITS = 28, /* with 64 ms: it comes round after 198 days */
    SLACK_MS = 2000,
    BUCKETS_MAX_LOG2 = 28, /* the hash has 64 bits, of which the fingerprint takes 36 */
    SPINS = 100
};

#define TICK_MASK ((UINT64_C(1) << TICK_BITS) - 1)

struct bucket {
    atomic_uint_fast64_t lock;
    uint64_t slots[SLOTS]; /* fingerprint << TICK_BITS | last tick of its life; 0: empty */
};

struct strike {
    struct siphash_key key;
    int64_t started_ms;
    atomic_int_fast64_t latest_ms;
    uint64_t mask; /* buckets - 1 */
    struct bucket *buckets;
};

_Static_assert(sizeof(struct bucket) == BUCKET_LEN, "a bucket is one cache line");

static bool run_back(struct strike *strike, int64_t now_ms);
static hf_resume_reason strike_slots(struct bucket *bucket, uint64_t fingerprint, uint64_t now,
                                     uint64_t last);
static void bucket_lock(struct bucket *bucket);
static bool is_alive(uint64_t slot, uint64_t now);

struct strike *strike_new(const hf_strike_params *params)
{
    const hf_provider *provider =
        params->provider != NULL ? params->provider : hf_provider_default();
    uint64_t buckets = 1;
    while (buckets * 2 * BUCKET_LEN <= params->bytes && buckets < UINT64_C(1) << BUCKETS_MAX_LOG2) {
        buckets *= 2;
    }
    struct strike *strike = mem_alloc(sizeof *strike);
    if (strike == NULL) {
        return NULL;
    }
    strike->mask = buckets - 1;
    strike->started_ms = params->nothing_before ? INT64_MIN : params->started_ms;
    atomic_init(&strike->latest_ms, 0);
    strike->buckets = mem_alloc_table(buckets * BUCKET_LEN);
    if (strike->buckets == NULL ||
        !provider->random(NULL, (uint8_t *)&strike->key, sizeof strike->key)) {
        strike_free(strike);
        return NULL;
    }
    return strike;
}

void strike_free(void *ctx)
{
    struct strike *strike = ctx;
    if (strike != NULL) {
        mem_free(strike->buckets, (strike->mask + 1) * BUCKET_LEN);
        mem_free(strike, sizeof *strike);
    }
}

hf_resume_reason strike_check(void *ctx, hf_span key, int64_t now_ms, uint32_t window_ms)
{
    struct strike *strike = ctx;
    if (now_ms < 0 || now_ms > INT64_MAX / 2 || window_ms > HF_STRIKE_WINDOW_MAX_MS) {
        return HF_RESUME_STORE_DOWN;
    }
    if (now_ms - window_ms < strike->started_ms) {
        return HF_RESUME_STORE_STARTING;
    }
    const uint64_t hash = siphash(&strike->key, key);
    struct bucket *bucket = &strike->buckets[hash & strike->mask];
    const uint64_t now = (uint64_t)now_ms / TICK_MS;
    const uint64_t last = ((uint64_t)now_ms + window_ms + SLACK_MS) / TICK_MS + 1;
    bucket_lock(bucket);
    /* Under the lock, so that whoever cleared this bucket has moved the clock for this caller too.
     */
    const hf_resume_reason reason = run_back(strike, now_ms)
                                        ? HF_RESUME_STORE_DOWN
                                        : strike_slots(bucket, hash >> TICK_BITS, now, last);
    atomic_store_explicit(&bucket->lock, 0, memory_order_release);
    return reason;
}

/* Whether the clock has run back. It moves on with whoever comes first. */
static bool run_back(struct strike *strike, int64_t now_ms)
{
    int64_t latest_ms = atomic_load_explicit(&strike->latest_ms, memory_order_relaxed);
    while (now_ms > latest_ms) {
        if (atomic_compare_exchange_weak(&strike->latest_ms, &latest_ms, now_ms)) {
            return false;
        }
    }
    return latest_ms - now_ms > SLACK_MS;
}

static hf_resume_reason strike_slots(struct bucket *bucket, uint64_t fingerprint, uint64_t now,
                                     uint64_t last)
{
    size_t room = SLOTS;
    for (size_t i = 0; i < SLOTS; i++) {
        const uint64_t slot = bucket->slots[i];
        if (!is_alive(slot, now)) {
            room = i;
        } else if (slot >> TICK_BITS == fingerprint) {
            return HF_RESUME_REPLAYED;
        }
    }
    if (room == SLOTS) {
        return HF_RESUME_STORE_FULL;
    }
    bucket->slots[room] = fingerprint << TICK_BITS | (last & TICK_MASK);
    return HF_RESUME_NONE;
}

/* A preempted holder is waited for, not spun against. */
static void bucket_lock(struct bucket *bucket)
{
    for (int spins = 0; atomic_exchange_explicit(&bucket->lock, 1, memory_order_acquire) != 0;) {
        if (++spins % SPINS == 0) {
            (void)sched_yield();
        }
    }
}

/* Ticks count in a circle. What ends further ahead than any window can is left over from half a
 * circle ago. */
static bool is_alive(uint64_t slot, uint64_t now)
{
    static const uint64_t most = (HF_STRIKE_WINDOW_MAX_MS + (uint64_t)2 * SLACK_MS) / TICK_MS + 2;
    return slot != 0 && ((slot - now) & TICK_MASK) <= most;
}

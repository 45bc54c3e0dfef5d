/* A table of sets: a key's first bytes choose the set, within it every place is looked at. So work
 * and memory are bounded, and a stranger who shows many chains pushes out those of few sets, not of
 * one he chooses: the key is a hash.
 *
 * Invariants: lock guards everything below it; a used_at of 0 is an empty place; clock is larger
 * than every used_at.
 */
#include "store/chain_cache.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/rotate.h"

enum { WAYS = 4, CAPACITY_DEFAULT = 256, CAPACITY_MAX = 1 << 16 };

struct place {
    uint8_t key[STORE_CHAIN_KEY_LEN];
    uint64_t used_at;
    hf_verdict verdict;
};

struct hf_chain_cache {
    struct ref ref;
    pthread_mutex_t lock;
    struct place *places; /* sets of WAYS */
    size_t set_count;     /* a power of two */
    uint64_t clock;       /* counts uses */
    hf_chain_cache_counts counts;
};

static struct place *set_of(const hf_chain_cache *cache, const uint8_t *key);
static struct place *find(struct place *set, const uint8_t *key);
static struct place *oldest(struct place *set);

hf_chain_cache *hf_chain_cache_new(size_t capacity)
{
    capacity = capacity == 0 ? CAPACITY_DEFAULT : capacity;
    capacity = capacity > CAPACITY_MAX ? CAPACITY_MAX : capacity;
    hf_chain_cache *cache = mem_alloc(sizeof *cache);
    if (cache == NULL) {
        return NULL;
    }
    cache->set_count = 1;
    while (cache->set_count * WAYS < capacity) {
        cache->set_count *= 2;
    }
    cache->places = mem_alloc(cache->set_count * WAYS * sizeof *cache->places);
    if (cache->places == NULL || pthread_mutex_init(&cache->lock, NULL) != 0) {
        mem_free(cache->places, cache->set_count * WAYS * sizeof *cache->places);
        mem_free(cache, sizeof *cache);
        return NULL;
    }
    ref_init(&cache->ref);
    return cache;
}

hf_chain_cache *hf_chain_cache_ref(hf_chain_cache *cache)
{
    ref_take(&cache->ref);
    return cache;
}

void hf_chain_cache_free(hf_chain_cache *cache)
{
    if (cache == NULL || !ref_drop(&cache->ref)) {
        return;
    }
    (void)pthread_mutex_destroy(&cache->lock);
    mem_free(cache->places, cache->set_count * WAYS * sizeof *cache->places);
    mem_free(cache, sizeof *cache);
}

void hf_chain_cache_count(hf_chain_cache *cache, hf_chain_cache_counts *out)
{
    (void)pthread_mutex_lock(&cache->lock);
    *out = cache->counts;
    (void)pthread_mutex_unlock(&cache->lock);
}

void hf_chain_cache_clear(hf_chain_cache *cache)
{
    (void)pthread_mutex_lock(&cache->lock);
    memset(cache->places, 0, cache->set_count * WAYS * sizeof *cache->places);
    cache->counts.held = 0;
    (void)pthread_mutex_unlock(&cache->lock);
}

bool store_chain_find(hf_chain_cache *cache, const uint8_t key[STORE_CHAIN_KEY_LEN], int64_t now_s,
                      hf_verdict *out)
{
    (void)pthread_mutex_lock(&cache->lock);
    struct place *place = find(set_of(cache, key), key);
    const bool holds =
        place != NULL && now_s >= place->verdict.from_s && now_s <= place->verdict.until_s;
    if (holds) {
        place->used_at = ++cache->clock;
        *out = place->verdict;
        out->now_s = now_s;
        cache->counts.hits++;
    } else {
        cache->counts.misses++;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return holds;
}

void store_chain_put(hf_chain_cache *cache, const uint8_t key[STORE_CHAIN_KEY_LEN],
                     const hf_verdict *verdict)
{
    if (!verdict->accepted) {
        return;
    }
    (void)pthread_mutex_lock(&cache->lock);
    struct place *set = set_of(cache, key);
    struct place *place = find(set, key);
    if (place == NULL) {
        place = oldest(set);
        cache->counts.held += place->used_at == 0 ? 1 : 0;
    }
    memcpy(place->key, key, sizeof place->key);
    place->verdict = *verdict;
    place->used_at = ++cache->clock;
    (void)pthread_mutex_unlock(&cache->lock);
}

static struct place *set_of(const hf_chain_cache *cache, const uint8_t *key)
{
    const size_t number = (size_t)key[0] | (size_t)key[1] << 8 | (size_t)key[2] << 16;
    return &cache->places[(number & (cache->set_count - 1)) * WAYS];
}

static struct place *find(struct place *set, const uint8_t *key)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].used_at != 0 && memcmp(set[i].key, key, STORE_CHAIN_KEY_LEN) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

static struct place *oldest(struct place *set)
{
    struct place *best = &set[0];
    for (size_t i = 1; i < WAYS; i++) {
        if (set[i].used_at < best->used_at) {
            best = &set[i];
        }
    }
    return best;
}

/* One lock over a hash table; sessions under one key stand in one bucket, the newest first, and all
 * of the cache in the order in which they came.
 *
 * Invariants: the lock guards everything below it; a place is in exactly one bucket and once in the
 * order; no key has more than per_key places. Places are made and wiped outside the lock.
 */
#include <handfast/store.h>

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/rotate.h"
#include "base/span.h"
#include "store/siphash.h"

enum { COUNT_DEFAULT = 1024, PER_KEY_DEFAULT = 8 };

struct place {
    struct place *next; /* in its bucket; when it has been taken out, in the list of these */
    struct place *newer, *older;
    uint64_t hash;
    int64_t expires_ms;
    bool is_used_once;
    hf_session *session; /* a reference */
    size_t key_len;
    char key[];
};

struct hf_session_cache {
    struct ref ref;
    struct siphash_key siphash;
    size_t count_max, per_key;
    size_t bucket_mask;
    pthread_mutex_t lock;
    struct place **buckets;
    struct place *newest, *oldest;
    hf_session_cache_counts counts;
};

static struct place *place_new(const hf_session_cache *cache, hf_span key, hf_session *session);
static void free_all(struct place *places);
static bool is_of(const struct place *place, uint64_t hash, hf_span key);
static void take_out(hf_session_cache *cache, struct place *place, struct place **gone);
static void put(hf_session_cache *cache, struct place *place);
static void keep_to_limits(hf_session_cache *cache, uint64_t hash, hf_span key,
                           struct place **gone);

/* --- Life ------------------------------------------------------------------------------------- */

hf_session_cache *hf_session_cache_new(size_t count, size_t per_key, const hf_provider *provider)
{
    provider = provider != NULL ? provider : hf_provider_default();
    hf_session_cache *cache = mem_alloc(sizeof *cache);
    if (cache == NULL) {
        return NULL;
    }
    ref_init(&cache->ref);
    const size_t wanted = count == 0 ? COUNT_DEFAULT : count;
    cache->count_max = wanted < HF_CACHE_COUNT_MAX ? wanted : HF_CACHE_COUNT_MAX;
    cache->per_key = per_key == 0 ? PER_KEY_DEFAULT : per_key;
    size_t buckets = 1;
    while (buckets < cache->count_max) {
        buckets *= 2;
    }
    cache->bucket_mask = buckets - 1;
    cache->buckets = mem_alloc(buckets * sizeof(void *));
    if (cache->buckets == NULL ||
        !provider->random(NULL, (uint8_t *)&cache->siphash, sizeof cache->siphash) ||
        pthread_mutex_init(&cache->lock, NULL) != 0) {
        mem_free(cache->buckets, buckets * sizeof(void *));
        mem_free(cache, sizeof *cache);
        return NULL;
    }
    return cache;
}

hf_session_cache *hf_session_cache_ref(hf_session_cache *cache)
{
    ref_take(&cache->ref);
    return cache;
}

void hf_session_cache_free(hf_session_cache *cache)
{
    if (cache == NULL || !ref_drop(&cache->ref)) {
        return;
    }
    hf_session_cache_clear(cache);
    (void)pthread_mutex_destroy(&cache->lock);
    mem_free(cache->buckets, (cache->bucket_mask + 1) * sizeof(void *));
    mem_free(cache, sizeof *cache);
}

void hf_session_cache_clear(hf_session_cache *cache)
{
    struct place *gone = NULL;
    (void)pthread_mutex_lock(&cache->lock);
    while (cache->oldest != NULL) {
        take_out(cache, cache->oldest, &gone);
    }
    (void)pthread_mutex_unlock(&cache->lock);
    free_all(gone);
}

void hf_session_cache_count(hf_session_cache *cache, hf_session_cache_counts *out)
{
    (void)pthread_mutex_lock(&cache->lock);
    *out = cache->counts;
    (void)pthread_mutex_unlock(&cache->lock);
}

/* --- Put, take, drop -------------------------------------------------------------------------- */

bool hf_session_cache_put(hf_session_cache *cache, const char *key, hf_session *session,
                          int64_t now_ms)
{
    const hf_span name = span_str(key);
    struct place *place = name.len < 1 || name.len > HF_CACHE_KEY_MAX || session == NULL
                              ? NULL
                              : place_new(cache, name, session);
    if (place == NULL || now_ms >= place->expires_ms) {
        mem_free(place, place == NULL ? 0 : sizeof *place + place->key_len);
        hf_session_free(session);
        return false;
    }
    struct place *gone = NULL;
    (void)pthread_mutex_lock(&cache->lock);
    put(cache, place);
    keep_to_limits(cache, place->hash, name, &gone);
    (void)pthread_mutex_unlock(&cache->lock);
    free_all(gone);
    return true;
}

hf_session *hf_session_cache_take(hf_session_cache *cache, const char *key, int64_t now_ms)
{
    const hf_span name = span_str(key);
    const uint64_t hash = siphash(&cache->siphash, name);
    struct place *gone = NULL;
    hf_session *session = NULL;
    (void)pthread_mutex_lock(&cache->lock);
    struct place *place = cache->buckets[hash & cache->bucket_mask];
    while (place != NULL && session == NULL) {
        struct place *const next = place->next;
        if (is_of(place, hash, name) && now_ms >= place->expires_ms) {
            cache->counts.expired++;
            take_out(cache, place, &gone);
        } else if (is_of(place, hash, name)) {
            session = hf_session_ref(place->session);
            if (place->is_used_once) {
                take_out(cache, place, &gone);
            }
        }
        place = next;
    }
    if (session != NULL) {
        cache->counts.found++;
    } else {
        cache->counts.missed++;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    free_all(gone);
    return session;
}

size_t hf_session_cache_drop(hf_session_cache *cache, const char *key)
{
    const hf_span name = span_str(key);
    const uint64_t hash = siphash(&cache->siphash, name);
    struct place *gone = NULL;
    size_t dropped = 0;
    (void)pthread_mutex_lock(&cache->lock);
    struct place *place = cache->buckets[hash & cache->bucket_mask];
    while (place != NULL) {
        struct place *const next = place->next;
        if (is_of(place, hash, name)) {
            take_out(cache, place, &gone);
            dropped++;
        }
        place = next;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    free_all(gone);
    return dropped;
}

/* --- Places ----------------------------------------------------------------------------------- */

static struct place *place_new(const hf_session_cache *cache, hf_span key, hf_session *session)
{
    struct place *place = mem_alloc(sizeof *place + key.len);
    if (place == NULL) {
        return NULL;
    }
    hf_session_info info;
    hf_session_describe(session, &info);
    place->hash = siphash(&cache->siphash, key);
    place->expires_ms = info.received_ms + (int64_t)info.lifetime_s * 1000;
    place->is_used_once = info.version == HF_TLS13;
    place->session = session;
    place->key_len = key.len;
    memcpy(place->key, key.data, key.len);
    return place;
}

static void free_all(struct place *places)
{
    while (places != NULL) {
        struct place *const next = places->next;
        hf_session_free(places->session);
        mem_free(places, sizeof *places + places->key_len);
        places = next;
    }
}

/* --- Under the lock --------------------------------------------------------------------------- */

static bool is_of(const struct place *place, uint64_t hash, hf_span key)
{
    return place->hash == hash && place->key_len == key.len &&
           memcmp(place->key, key.data, key.len) == 0;
}

static void put(hf_session_cache *cache, struct place *place)
{
    struct place **const bucket = &cache->buckets[place->hash & cache->bucket_mask];
    place->next = *bucket;
    *bucket = place;
    place->older = cache->newest;
    if (cache->newest != NULL) {
        cache->newest->newer = place;
    } else {
        cache->oldest = place;
    }
    cache->newest = place;
    cache->counts.stored++;
    cache->counts.held++;
}

/* Out of the table, to the front of gone. */
static void take_out(hf_session_cache *cache, struct place *place, struct place **gone)
{
    struct place **at = &cache->buckets[place->hash & cache->bucket_mask];
    while (*at != place) {
        at = &(*at)->next;
    }
    *at = place->next;
    if (place->newer != NULL) {
        place->newer->older = place->older;
    } else {
        cache->newest = place->older;
    }
    if (place->older != NULL) {
        place->older->newer = place->newer;
    } else {
        cache->oldest = place->newer;
    }
    cache->counts.held--;
    place->next = *gone;
    *gone = place;
}

/* After a put: the last of a key with too many, and the oldest of all. */
static void keep_to_limits(hf_session_cache *cache, uint64_t hash, hf_span key, struct place **gone)
{
    struct place *last = NULL;
    size_t of_key = 0;
    for (struct place *at = cache->buckets[hash & cache->bucket_mask]; at != NULL; at = at->next) {
        if (is_of(at, hash, key)) {
            last = at;
            of_key++;
        }
    }
    if (of_key > cache->per_key) {
        take_out(cache, last, gone);
        cache->counts.evicted++;
    }
    if (cache->counts.held > cache->count_max) {
        take_out(cache, cache->oldest, gone);
        cache->counts.evicted++;
    }
}

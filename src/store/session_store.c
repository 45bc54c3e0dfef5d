/* Shards, each a hash table whose entries also stand in the order of their last use.
 *
 * Invariants: a shard's lock guards everything in it; an entry is in exactly one bucket and once in
 * the order; counts.held and counts.bytes are the sum over the entries and within the shard's
 * limits. Entries are made and wiped outside the locks, under which nothing takes longer than a
 * copy of a state.
 */
#include <handfast/store.h>

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/rotate.h"
#include "base/secret.h"
#include "base/span.h"
#include "store/siphash.h"

enum {
    COUNT_DEFAULT = 20480,
    MAX_AGE_S = 604800,
    SHARDS_MAX = 64,
    SHARD_COUNT_MIN = 64,    /* below that, more shards would be filled too unevenly */
    SHARD_BYTES_MIN = 65536, /* ... and one big session would empty one */
    SHARD_ALIGN = 64,        /* no two locks in one cache line */
    CLEARED_PER_PUT = 2
};

struct entry {
    struct entry *next; /* in its bucket; when it has been taken out, in the list of these */
    struct entry *newer, *older;
    uint64_t hash;
    int64_t expires_ms;
    uint16_t id_len, state_len;
    uint8_t bytes[]; /* id, state */
};

struct shard {
    _Alignas(SHARD_ALIGN) pthread_mutex_t lock;
    struct entry **buckets;
    struct entry *newest, *oldest;
    hf_session_store_counts counts;
};

struct hf_session_store {
    struct ref ref;
    struct siphash_key key;
    size_t shard_mask, shard_log2, shards_ready;
    size_t bucket_mask;
    size_t count_max, bytes_max; /* of a shard */
    uint32_t max_age_s;
    struct shard *shards;
};

static void size_shards(hf_session_store *store, const hf_session_store_params *params);
static bool make_shards(hf_session_store *store);
static struct entry *entry_new(const hf_session_store *store, hf_span id, hf_span state);
static size_t entry_size(const struct entry *entry);
static void free_all(struct entry *entries);
static hf_resume_reason answer(hf_session_store *store, hf_span id, int64_t now_ms, bool is_taken,
                               hf_buf *out);
static struct shard *shard_of(hf_session_store *store, uint64_t hash);
static struct entry **bucket_of(const hf_session_store *store, const struct shard *shard,
                                uint64_t hash);
static struct entry *find(const hf_session_store *store, const struct shard *shard, uint64_t hash,
                          hf_span id);
static void link_newest(struct shard *shard, struct entry *entry);
static void unlink_order(struct shard *shard, struct entry *entry);
static void take_out(const hf_session_store *store, struct shard *shard, struct entry *entry,
                     struct entry **gone);
static void make_room(const hf_session_store *store, struct shard *shard, size_t size,
                      int64_t now_ms, struct entry **gone);

/* --- Life ------------------------------------------------------------------------------------- */

hf_session_store *hf_session_store_new(const hf_session_store_params *params)
{
    static const hf_session_store_params defaults = {.size = sizeof defaults};
    params = params == NULL ? &defaults : params;
    const hf_provider *provider =
        params->provider != NULL ? params->provider : hf_provider_default();
    hf_session_store *store = mem_alloc(sizeof *store);
    if (store == NULL) {
        return NULL;
    }
    ref_init(&store->ref);
    size_shards(store, params);
    if (!make_shards(store) || !provider->random(NULL, (uint8_t *)&store->key, sizeof store->key)) {
        hf_session_store_free(store);
        return NULL;
    }
    return store;
}

static void size_shards(hf_session_store *store, const hf_session_store_params *params)
{
    const size_t wanted = params->count == 0 ? COUNT_DEFAULT : params->count;
    const size_t count = wanted < HF_STORE_COUNT_MAX ? wanted : HF_STORE_COUNT_MAX;
    const size_t bytes = params->bytes == 0 ? SIZE_MAX : params->bytes;
    size_t shards = 1;
    while (shards < SHARDS_MAX && count / (shards * 2) >= SHARD_COUNT_MIN &&
           bytes / (shards * 2) >= SHARD_BYTES_MIN) {
        shards *= 2;
        store->shard_log2++;
    }
    store->shard_mask = shards - 1;
    store->count_max = count / shards;
    store->bytes_max = bytes / shards;
    store->bucket_mask = 1;
    while (store->bucket_mask < store->count_max) {
        store->bucket_mask *= 2;
    }
    store->bucket_mask--;
    store->max_age_s =
        params->max_age_s == 0 || params->max_age_s > MAX_AGE_S ? MAX_AGE_S : params->max_age_s;
}

static bool make_shards(hf_session_store *store)
{
    const size_t shard_count = store->shard_mask + 1;
    store->shards = mem_alloc_aligned(SHARD_ALIGN, shard_count * sizeof store->shards[0]);
    for (size_t i = 0; store->shards != NULL && i < shard_count; i++) {
        struct shard *shard = &store->shards[i];
        shard->buckets = mem_alloc((store->bucket_mask + 1) * sizeof(void *));
        if (shard->buckets == NULL || pthread_mutex_init(&shard->lock, NULL) != 0) {
            mem_free(shard->buckets, (store->bucket_mask + 1) * sizeof(void *));
            return false;
        }
        store->shards_ready++;
    }
    return store->shards != NULL;
}

hf_session_store *hf_session_store_ref(hf_session_store *store)
{
    ref_take(&store->ref);
    return store;
}

void hf_session_store_free(hf_session_store *store)
{
    if (store == NULL || !ref_drop(&store->ref)) {
        return;
    }
    hf_session_store_clear(store);
    for (size_t i = 0; i < store->shards_ready; i++) {
        (void)pthread_mutex_destroy(&store->shards[i].lock);
        mem_free(store->shards[i].buckets, (store->bucket_mask + 1) * sizeof(void *));
    }
    mem_free(store->shards, (store->shard_mask + 1) * sizeof store->shards[0]);
    mem_free(store, sizeof *store);
}

void hf_session_store_clear(hf_session_store *store)
{
    for (size_t i = 0; i < store->shards_ready; i++) {
        struct shard *shard = &store->shards[i];
        struct entry *gone = NULL;
        (void)pthread_mutex_lock(&shard->lock);
        while (shard->oldest != NULL) {
            take_out(store, shard, shard->oldest, &gone);
        }
        (void)pthread_mutex_unlock(&shard->lock);
        free_all(gone);
    }
}

void hf_session_store_count(hf_session_store *store, hf_session_store_counts *out)
{
    *out = (hf_session_store_counts){0};
    for (size_t i = 0; i <= store->shard_mask; i++) {
        struct shard *shard = &store->shards[i];
        (void)pthread_mutex_lock(&shard->lock);
        out->stored += shard->counts.stored;
        out->found += shard->counts.found;
        out->missed += shard->counts.missed;
        out->expired += shard->counts.expired;
        out->evicted += shard->counts.evicted;
        out->held += shard->counts.held;
        out->bytes += shard->counts.bytes;
        (void)pthread_mutex_unlock(&shard->lock);
    }
}

/* --- Put, find, take -------------------------------------------------------------------------- */

bool hf_session_store_put(hf_session_store *store, hf_span id, hf_span state, uint32_t lifetime_s,
                          int64_t now_ms)
{
    if (id.len < 1 || id.len > HF_STORE_ID_MAX || state.len < 1 || state.len > HF_STORE_STATE_MAX ||
        lifetime_s == 0) {
        return false;
    }
    struct entry *entry = entry_new(store, id, state);
    if (entry == NULL || entry_size(entry) > store->bytes_max) {
        free_all(entry);
        return false;
    }
    const int64_t life_s = lifetime_s < store->max_age_s ? lifetime_s : store->max_age_s;
    entry->expires_ms = now_ms + life_s * 1000;
    struct shard *shard = shard_of(store, entry->hash);
    struct entry *gone = NULL;
    (void)pthread_mutex_lock(&shard->lock);
    struct entry *former = find(store, shard, entry->hash, id);
    if (former != NULL) {
        take_out(store, shard, former, &gone);
    }
    make_room(store, shard, entry_size(entry), now_ms, &gone);
    struct entry **bucket = bucket_of(store, shard, entry->hash);
    entry->next = *bucket;
    *bucket = entry;
    link_newest(shard, entry);
    shard->counts.stored++;
    shard->counts.held++;
    shard->counts.bytes += entry_size(entry);
    (void)pthread_mutex_unlock(&shard->lock);
    free_all(gone);
    return true;
}

hf_resume_reason hf_session_store_find(hf_session_store *store, hf_span id, int64_t now_ms,
                                       uint8_t *state, size_t capacity, size_t *state_len)
{
    hf_buf out = {state, capacity, 0};
    const hf_resume_reason reason = answer(store, id, now_ms, false, &out);
    if (reason == HF_RESUME_NONE) {
        *state_len = out.pos;
    }
    return reason;
}

hf_resume_reason hf_session_store_take(hf_session_store *store, hf_span id, int64_t now_ms,
                                       uint8_t *state, size_t capacity, size_t *state_len)
{
    hf_buf out = {state, capacity, 0};
    const hf_resume_reason reason = answer(store, id, now_ms, true, &out);
    if (reason == HF_RESUME_NONE) {
        *state_len = out.pos;
    }
    return reason;
}

static hf_resume_reason answer(hf_session_store *store, hf_span id, int64_t now_ms, bool is_taken,
                               hf_buf *out)
{
    const uint64_t hash = siphash(&store->key, id);
    struct shard *shard = shard_of(store, hash);
    struct entry *gone = NULL;
    hf_resume_reason reason = HF_RESUME_NONE;
    (void)pthread_mutex_lock(&shard->lock);
    struct entry *entry = find(store, shard, hash, id);
    if (entry == NULL) {
        shard->counts.missed++;
        reason = HF_RESUME_SESSION_UNKNOWN;
    } else if (now_ms >= entry->expires_ms) {
        shard->counts.expired++;
        take_out(store, shard, entry, &gone);
        reason = HF_RESUME_EXPIRED;
    } else if (entry->state_len > out->cap) {
        reason = HF_RESUME_STATE_UNREADABLE;
    } else {
        memcpy(out->ptr, entry->bytes + entry->id_len, entry->state_len);
        out->pos = entry->state_len;
        shard->counts.found++;
        if (is_taken) {
            take_out(store, shard, entry, &gone);
        } else {
            unlink_order(shard, entry);
            link_newest(shard, entry);
        }
    }
    (void)pthread_mutex_unlock(&shard->lock);
    free_all(gone);
    return reason;
}

bool hf_session_store_drop(hf_session_store *store, hf_span id)
{
    const uint64_t hash = siphash(&store->key, id);
    struct shard *shard = shard_of(store, hash);
    struct entry *gone = NULL;
    (void)pthread_mutex_lock(&shard->lock);
    struct entry *entry = find(store, shard, hash, id);
    if (entry != NULL) {
        take_out(store, shard, entry, &gone);
    }
    (void)pthread_mutex_unlock(&shard->lock);
    free_all(gone);
    return entry != NULL;
}

/* --- Entries ---------------------------------------------------------------------------------- */

static struct entry *entry_new(const hf_session_store *store, hf_span id, hf_span state)
{
    struct entry *entry = mem_alloc(sizeof *entry + id.len + state.len);
    if (entry != NULL) {
        entry->hash = siphash(&store->key, id);
        entry->id_len = (uint16_t)id.len;
        entry->state_len = (uint16_t)state.len;
        memcpy(entry->bytes, id.data, id.len);
        memcpy(entry->bytes + id.len, state.data, state.len);
    }
    return entry;
}

static size_t entry_size(const struct entry *entry)
{
    return sizeof *entry + entry->id_len + entry->state_len;
}

static void free_all(struct entry *entries)
{
    while (entries != NULL) {
        struct entry *const next = entries->next;
        mem_free(entries, entry_size(entries));
        entries = next;
    }
}

/* --- Under the lock of a shard ---------------------------------------------------------------- */

static struct shard *shard_of(hf_session_store *store, uint64_t hash)
{
    return &store->shards[hash & store->shard_mask];
}

static struct entry **bucket_of(const hf_session_store *store, const struct shard *shard,
                                uint64_t hash)
{
    return &shard->buckets[hash >> store->shard_log2 & store->bucket_mask];
}

static struct entry *find(const hf_session_store *store, const struct shard *shard, uint64_t hash,
                          hf_span id)
{
    struct entry *entry = *bucket_of(store, shard, hash);
    while (entry != NULL && (entry->hash != hash || entry->id_len != id.len ||
                             !hf_ct_equal(entry->bytes, id.data, id.len))) {
        entry = entry->next;
    }
    return entry;
}

static void link_newest(struct shard *shard, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = shard->newest;
    if (shard->newest != NULL) {
        shard->newest->newer = entry;
    } else {
        shard->oldest = entry;
    }
    shard->newest = entry;
}

static void unlink_order(struct shard *shard, struct entry *entry)
{
    if (entry->newer != NULL) {
        entry->newer->older = entry->older;
    } else {
        shard->newest = entry->older;
    }
    if (entry->older != NULL) {
        entry->older->newer = entry->newer;
    } else {
        shard->oldest = entry->newer;
    }
}

/* Out of the table, to the front of gone. */
static void take_out(const hf_session_store *store, struct shard *shard, struct entry *entry,
                     struct entry **gone)
{
    struct entry **at = bucket_of(store, shard, entry->hash);
    while (*at != entry) {
        at = &(*at)->next;
    }
    *at = entry->next;
    unlink_order(shard, entry);
    shard->counts.held--;
    shard->counts.bytes -= entry_size(entry);
    entry->next = *gone;
    *gone = entry;
}

/* For one more of this size. Sessions that are used once stand in the order in which they expire,
 * so that the end of the order is where to look for expired ones. */
static void make_room(const hf_session_store *store, struct shard *shard, size_t size,
                      int64_t now_ms, struct entry **gone)
{
    for (int i = 0; i < CLEARED_PER_PUT && shard->oldest != NULL; i++) {
        if (now_ms < shard->oldest->expires_ms) {
            break;
        }
        shard->counts.expired++;
        take_out(store, shard, shard->oldest, gone);
    }
    while (shard->oldest != NULL && (shard->counts.held >= store->count_max ||
                                     shard->counts.bytes + size > store->bytes_max)) {
        if (now_ms < shard->oldest->expires_ms) {
            shard->counts.evicted++;
        } else {
            shard->counts.expired++;
        }
        take_out(store, shard, shard->oldest, gone);
    }
}

/* Sets of identities, their index by name, and the handle that replaces one while connections run.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/span.h"
#include "identity/identity_int.h"

static struct identity_set *set_new(hf_identity *const *identities, size_t count);
static bool lay_out(struct identity_set **out, hf_identity *const *identities, size_t count);
static void fill_entries(struct identity_set *set);
static bool fill_traits(struct identity_set *set);
static uint64_t name_hash(hf_span name);
static int by_name(const void *a, const void *b);
static int by_authority(const void *a, const void *b);

/* To number the groups of identities that have the same issuers. */
struct grouping {
    uint64_t authority_hash;
    size_t index;
};

hf_identity_store *hf_identity_store_new(hf_identity *const *identities, size_t count)
{
    hf_identity_store *store = mem_alloc(sizeof *store);
    struct identity_set *set = store == NULL ? NULL : set_new(identities, count);
    if (set == NULL) {
        mem_free(store, sizeof *store);
        return NULL;
    }
    ref_init(&store->ref);
    rotate_init(&store->current, &set->ref);
    return store;
}

hf_identity_store *hf_identity_store_ref(hf_identity_store *store)
{
    ref_take(&store->ref);
    return store;
}

void hf_identity_store_free(hf_identity_store *store)
{
    if (store == NULL || !ref_drop(&store->ref)) {
        return;
    }
    identity_set_release((struct identity_set *)rotate_replace(&store->current, NULL));
    mem_free(store, sizeof *store);
}

hf_status hf_identity_store_replace(hf_identity_store *store, hf_identity *const *identities,
                                    size_t count)
{
    struct identity_set *set = set_new(identities, count);
    if (set == NULL) {
        return HF_FAILED;
    }
    identity_set_release((struct identity_set *)rotate_replace(&store->current, &set->ref));
    return HF_OK;
}

void identity_set_release(struct identity_set *set)
{
    if (set == NULL || !ref_drop(&set->ref)) {
        return;
    }
    for (size_t i = 0; i < set->count; i++) {
        hf_identity_free(set->identities[i]);
    }
    mem_free(set, set->size);
}

const struct identity_entry *identity_set_find(const struct identity_set *set, hf_span name,
                                               size_t *count)
{
    const uint64_t hash = name_hash(name);
    size_t low = 0;
    size_t high = set->entry_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (set->entries[middle].hash < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    /* Of one hash there may be several names, though hardly ever are. */
    const struct identity_entry *entry = &set->entries[low];
    const struct identity_entry *const end = &set->entries[set->entry_count];
    while (entry != end && entry->hash == hash && !span_eq(span_str(entry->name), name)) {
        entry++;
    }
    const struct identity_entry *const first = entry;
    while (entry != end && entry->hash == hash && span_eq(span_str(entry->name), name)) {
        entry++;
    }
    *count = (size_t)(entry - first);
    return first;
}

static struct identity_set *set_new(hf_identity *const *identities, size_t count)
{
    struct identity_set *set = NULL;
    if (!lay_out(&set, identities, count)) {
        return NULL;
    }
    fill_entries(set);
    if (!fill_traits(set)) {
        identity_set_release(set);
        return NULL;
    }
    return set;
}

/* One block: the set, its entries, the pointers, the traits. */
static bool lay_out(struct identity_set **out, hf_identity *const *identities, size_t count)
{
    size_t entry_count = 0;
    for (size_t i = 0; i < count; i++) {
        entry_count += identities[i]->dns_count;
    }
    const size_t entries_at = sizeof(struct identity_set);
    const size_t identities_at = entries_at + entry_count * sizeof(struct identity_entry);
    const size_t traits_at = identities_at + count * sizeof(hf_identity *);
    const size_t size = traits_at + count * sizeof(struct identity_trait);
    uint8_t *block = mem_alloc(size);
    if (block == NULL) {
        return false;
    }
    struct identity_set *set = (struct identity_set *)(void *)block;
    ref_init(&set->ref);
    set->size = size;
    set->count = count;
    set->entries = (struct identity_entry *)(void *)(block + entries_at);
    set->entry_count = entry_count;
    set->identities = (hf_identity **)(void *)(block + identities_at);
    set->traits = (struct identity_trait *)(void *)(block + traits_at);
    for (size_t i = 0; i < count; i++) {
        set->identities[i] = hf_identity_ref(identities[i]);
    }
    *out = set;
    return true;
}

static void fill_entries(struct identity_set *set)
{
    struct identity_entry *entry = set->entries;
    for (size_t i = 0; i < set->count; i++) {
        const hf_identity *identity = set->identities[i];
        for (size_t n = 0; n < identity->dns_count; n++) {
            *entry++ = (struct identity_entry){name_hash(span_str(identity->names[n])),
                                               identity->names[n], (uint32_t)i};
        }
    }
    if (set->entry_count > 0) {
        qsort(set->entries, set->entry_count, sizeof set->entries[0], by_name);
    }
}

static bool fill_traits(struct identity_set *set)
{
    const size_t size = set->count * sizeof(struct grouping);
    struct grouping *order = mem_alloc(size);
    if (order == NULL) {
        return false;
    }
    for (size_t i = 0; i < set->count; i++) {
        const hf_identity *identity = set->identities[i];
        set->traits[i] = (struct identity_trait){
            .chain_schemes = identity->chain_schemes,
            .kind = (uint8_t)identity->kind,
            .may_sign = identity->may_sign,
            .may_decrypt = identity->may_decrypt,
        };
        order[i] = (struct grouping){identity->authority_hash, i};
    }
    if (set->count > 0) {
        qsort(order, set->count, sizeof order[0], by_authority);
    }
    uint32_t group = 0;
    for (size_t i = 0; i < set->count; i++) {
        group += i > 0 && order[i].authority_hash != order[i - 1].authority_hash ? 1 : 0;
        set->traits[order[i].index].group = group;
    }
    mem_free(order, size);
    return true;
}

/* FNV-1a. Names come from certificates of our own, so that nobody else can make them collide. */
static uint64_t name_hash(hf_span name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ name.data[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static int by_name(const void *a, const void *b)
{
    const struct identity_entry *x = a;
    const struct identity_entry *y = b;
    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    const int names = strcmp(x->name, y->name);
    if (names != 0) {
        return names;
    }
    return x->index < y->index ? -1 : x->index > y->index ? 1 : 0;
}

static int by_authority(const void *a, const void *b)
{
    const struct grouping *x = a;
    const struct grouping *y = b;
    return x->authority_hash < y->authority_hash   ? -1
           : x->authority_hash > y->authority_hash ? 1
                                                   : 0;
}

/* Sets of trust anchors, and the handle that lets one be replaced while connections run. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "x509/dn.h"
#include "x509/signature.h"
#include "x509/system.h"
#include "x509/trust_int.h"

struct hf_trust_store {
    struct ref ref;
    struct rotate current; /* hf_trust */
};

/* What hf_trust_add makes before it takes the place of the old. */
struct growth {
    struct trust_anchor *anchors; /* room for cap */
    size_t cap;
    size_t count;
    size_t old_count; /* of those, from the old set: their keys are still its own */
    int *index;
    size_t index_len;
    uint8_t fingerprint[TRUST_FINGERPRINT_LEN];
    struct trust_bundle *bundle;
};

static hf_status add_certificates(hf_trust *trust, hf_span bytes, enum x5_bundle_mode mode,
                                  hf_error *error);
static hf_status grow(const hf_trust *trust, enum x5_bundle_mode mode, hf_error *error,
                      struct growth *g);
static hf_status add_anchor(struct growth *g, size_t number, enum x5_bundle_mode mode,
                            hf_error *error);
static bool has_anchor(const struct growth *g, uint32_t name_hash, hf_span der);
static void link_anchor(struct growth *g, size_t number);
static hf_status trim(struct growth *g, hf_error *error);
static void drop_growth(struct growth *g);
static void release(hf_trust *trust);
static int64_t newest_of(const struct trust_anchor *anchors, size_t count);

hf_trust *hf_trust_new(void)
{
    hf_trust *trust = mem_alloc(sizeof *trust);
    if (trust != NULL) {
        ref_init(&trust->ref);
        trust->newest_from_s = INT64_MIN;
    }
    return trust;
}

hf_trust *hf_trust_ref(hf_trust *trust)
{
    ref_take(&trust->ref);
    return trust;
}

void hf_trust_free(hf_trust *trust)
{
    if (trust == NULL || !ref_drop(&trust->ref)) {
        return;
    }
    for (size_t i = 0; i < trust->count; i++) {
        x5_key_free(trust->anchors[i].key);
    }
    release(trust);
    mem_free(trust->pins, trust->pin_count * sizeof *trust->pins);
    x5_trust_free_crls(trust->crls);
    while (trust->bundles != NULL) {
        struct trust_bundle *next = trust->bundles->next;
        x5_bundle_free(&trust->bundles->bundle);
        mem_free(trust->bundles, sizeof *trust->bundles);
        trust->bundles = next;
    }
    mem_free(trust, sizeof *trust);
}

hf_status hf_trust_add(hf_trust *trust, hf_span pem_or_der, hf_error *error)
{
    return add_certificates(trust, pem_or_der, X5_BUNDLE_ALL, error);
}

hf_status hf_trust_add_system(hf_trust *trust, hf_error *error)
{
    struct system_store store;
    TRY(x5_system_read(&store, error));
    /* What the user chose is taken as a whole or not at all. The system's own list is somebody
     * else's: one odd entry in it must not take away all the others. */
    const hf_status status =
        add_certificates(trust, span_of(store.bytes, store.len),
                         store.chosen ? X5_BUNDLE_ALL : X5_BUNDLE_SKIP_BAD, error);
    x5_system_free(&store);
    return status;
}

hf_status hf_trust_pin(hf_trust *trust, const uint8_t spki_sha256[32], hf_error *error)
{
    const size_t count = trust->pin_count;
    uint8_t(*pins)[32] = mem_grow(trust->pins, count * sizeof *pins, (count + 1) * sizeof *pins);
    if (pins == NULL) {
        return err_raise(error, HF_E_NO_MEMORY, "for %zu pinned keys", count + 1);
    }
    memcpy(pins[count], spki_sha256, sizeof *pins);
    trust->pins = pins;
    trust->pin_count = count + 1;
    x5_trust_mix(trust->fingerprint, 'P', span_of(spki_sha256, sizeof *pins));
    return HF_OK;
}

size_t hf_trust_count(const hf_trust *trust)
{
    return trust->count;
}

hf_span hf_trust_anchor(const hf_trust *trust, size_t i)
{
    return i < trust->count ? trust->anchors[i].c.der : span_of(NULL, 0);
}

hf_span hf_trust_subject(const hf_trust *trust, size_t i)
{
    return i < trust->count ? trust->anchors[i].c.subject : span_of(NULL, 0);
}

hf_trust_store *hf_trust_store_new(hf_trust *trust)
{
    hf_trust_store *store = mem_alloc(sizeof *store);
    if (store != NULL) {
        ref_init(&store->ref);
        rotate_init(&store->current, trust == NULL ? NULL : &hf_trust_ref(trust)->ref);
    }
    return store;
}

hf_trust_store *hf_trust_store_ref(hf_trust_store *store)
{
    ref_take(&store->ref);
    return store;
}

void hf_trust_store_free(hf_trust_store *store)
{
    if (store == NULL || !ref_drop(&store->ref)) {
        return;
    }
    hf_trust_free((hf_trust *)rotate_replace(&store->current, NULL));
    mem_free(store, sizeof *store);
}

void hf_trust_store_replace(hf_trust_store *store, hf_trust *trust)
{
    struct ref *next = trust == NULL ? NULL : &hf_trust_ref(trust)->ref;
    hf_trust_free((hf_trust *)rotate_replace(&store->current, next));
}

hf_trust *hf_trust_store_current(hf_trust_store *store)
{
    return (hf_trust *)rotate_read(&store->current);
}

const struct trust_anchor *x5_trust_next(const hf_trust *trust, hf_span subject, uint32_t hash,
                                         int *at)
{
    if (trust == NULL || trust->count == 0) {
        return NULL;
    }
    int i =
        *at == TRUST_NONE ? trust->index[hash & (trust->index_len - 1)] : trust->anchors[*at].next;
    while (i != TRUST_NONE && (trust->anchors[i].name_hash != hash ||
                               !x5_dn_equal(trust->anchors[i].c.subject, subject))) {
        i = trust->anchors[i].next;
    }
    if (i == TRUST_NONE) {
        return NULL;
    }
    *at = i;
    return &trust->anchors[i];
}

bool x5_trust_has(const hf_trust *trust, const struct x5_certificate *c, int *at)
{
    *at = TRUST_NONE;
    const uint32_t hash = x5_dn_hash(c->subject);
    const struct trust_anchor *a;
    while ((a = x5_trust_next(trust, c->subject, hash, at)) != NULL) {
        if (span_eq(a->c.der, c->der)) {
            return true;
        }
    }
    return false;
}

bool x5_trust_has_pin(const hf_trust *trust, hf_span spki)
{
    uint8_t digest[32];
    x5_sha256(spki, digest);
    for (size_t i = 0; i < trust->pin_count; i++) {
        if (memcmp(trust->pins[i], digest, sizeof digest) == 0) {
            return true;
        }
    }
    return false;
}

size_t x5_trust_expired(const hf_trust *trust, int64_t now_s)
{
    size_t count = 0;
    for (size_t i = 0; i < trust->count; i++) {
        count += trust->anchors[i].c.not_after_s < now_s;
    }
    return count;
}

const uint8_t *x5_trust_fingerprint(const hf_trust *trust)
{
    return trust->fingerprint;
}

void x5_trust_mix(uint8_t fingerprint[TRUST_FINGERPRINT_LEN], char kind, hf_span bytes)
{
    const hf_hash *sha256 = hf_provider_default()->sha256;
    hf_hash_ctx ctx;
    sha256->init(&ctx);
    sha256->update(&ctx, fingerprint, TRUST_FINGERPRINT_LEN);
    sha256->update(&ctx, (const uint8_t *)&kind, 1);
    sha256->update(&ctx, bytes.data, bytes.len);
    sha256->final(&ctx, fingerprint);
}

/* All or nothing: the larger set is made beside the present one and then takes its place. */
static hf_status add_certificates(hf_trust *trust, hf_span bytes, enum x5_bundle_mode mode,
                                  hf_error *error)
{
    struct growth g = {.bundle = mem_alloc(sizeof *g.bundle)};
    if (g.bundle == NULL) {
        return err_raise(error, HF_E_NO_MEMORY, "for trust anchors");
    }
    hf_status status = x5_bundle_load(bytes, mode, error, &g.bundle->bundle);
    if (status == HF_OK) {
        status = grow(trust, mode, error, &g);
    }
    if (status != HF_OK) {
        drop_growth(&g);
        return status;
    }
    release(trust);
    g.bundle->next = trust->bundles;
    trust->bundles = g.bundle;
    trust->anchors = g.anchors;
    trust->count = g.count;
    trust->index = g.index;
    trust->index_len = g.index_len;
    memcpy(trust->fingerprint, g.fingerprint, sizeof trust->fingerprint);
    trust->newest_from_s = newest_of(g.anchors, g.count);
    return HF_OK;
}

static hf_status grow(const hf_trust *trust, enum x5_bundle_mode mode, hf_error *error,
                      struct growth *g)
{
    g->cap = trust->count + g->bundle->bundle.count;
    g->index_len = 16;
    while (g->index_len < g->cap) {
        g->index_len *= 2;
    }
    g->anchors = mem_alloc(g->cap * sizeof *g->anchors);
    g->index = mem_alloc(g->index_len * sizeof *g->index);
    if (g->anchors == NULL || g->index == NULL) {
        return err_raise(error, HF_E_NO_MEMORY, "for %zu trust anchors", g->cap);
    }
    memcpy(g->fingerprint, trust->fingerprint, sizeof g->fingerprint);
    for (size_t i = 0; i < g->index_len; i++) {
        g->index[i] = TRUST_NONE;
    }
    g->old_count = trust->count;
    for (; g->count < trust->count; g->count++) {
        g->anchors[g->count] = trust->anchors[g->count];
        link_anchor(g, g->count);
    }
    for (size_t i = 0; i < g->bundle->bundle.count; i++) {
        TRY(add_anchor(g, i, mode, error));
    }
    return trim(g, error);
}

static hf_status add_anchor(struct growth *g, size_t number, enum x5_bundle_mode mode,
                            hf_error *error)
{
    struct trust_anchor *a = &g->anchors[g->count];
    if (!x5_certificate_read(g->bundle->bundle.certificate[number], &a->c)) {
        return HF_OK; /* the bundle has read it before */
    }
    x5_facts_read(&a->c, &a->facts);
    if (a->facts.malformed) {
        return mode == X5_BUNDLE_SKIP_BAD
                   ? HF_OK
                   : err_raise(error, HF_E_PEM_MALFORMED,
                               "certificate %zu of %zu is not a well-formed certificate",
                               number + 1, g->bundle->bundle.count);
    }
    a->name_hash = x5_dn_hash(a->c.subject);
    if (has_anchor(g, a->name_hash, a->c.der)) {
        return HF_OK;
    }
    a->key = x5_key_import(a->c.spki);
    link_anchor(g, g->count++);
    x5_trust_mix(g->fingerprint, 'A', a->c.der);
    return HF_OK;
}

static bool has_anchor(const struct growth *g, uint32_t name_hash, hf_span der)
{
    int i = g->index[name_hash & (g->index_len - 1)];
    while (i != TRUST_NONE && !span_eq(g->anchors[i].c.der, der)) {
        i = g->anchors[i].next;
    }
    return i != TRUST_NONE;
}

/* Behind those that are there already: who was added first is tried first. */
static void link_anchor(struct growth *g, size_t number)
{
    int *at = &g->index[g->anchors[number].name_hash & (g->index_len - 1)];
    while (*at != TRUST_NONE) {
        at = &g->anchors[*at].next;
    }
    *at = (int)number;
    g->anchors[number].next = TRUST_NONE;
}

/* The array is freed by its count, so it must be exactly that large. */
static hf_status trim(struct growth *g, hf_error *error)
{
    if (g->count == g->cap) {
        return HF_OK;
    }
    struct trust_anchor *exact = mem_alloc(g->count * sizeof *exact);
    if (exact == NULL) {
        return err_raise(error, HF_E_NO_MEMORY, "for %zu trust anchors", g->count);
    }
    if (g->count > 0) {
        memcpy(exact, g->anchors, g->count * sizeof *exact);
    }
    mem_free(g->anchors, g->cap * sizeof *exact);
    g->anchors = exact;
    g->cap = g->count;
    return HF_OK;
}

static void drop_growth(struct growth *g)
{
    for (size_t i = g->old_count; i < g->count; i++) {
        x5_key_free(g->anchors[i].key);
    }
    mem_free(g->anchors, g->cap * sizeof *g->anchors);
    mem_free(g->index, g->index_len * sizeof *g->index);
    x5_bundle_free(&g->bundle->bundle);
    mem_free(g->bundle, sizeof *g->bundle);
}

/* Frees what adding replaces; bytes and keys stay. */
static void release(hf_trust *trust)
{
    mem_free(trust->anchors, trust->count * sizeof *trust->anchors);
    mem_free(trust->index, trust->index_len * sizeof *trust->index);
}

static int64_t newest_of(const struct trust_anchor *anchors, size_t count)
{
    int64_t newest_s = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        if (anchors[i].c.not_before_s > newest_s) {
            newest_s = anchors[i].c.not_before_s;
        }
    }
    return newest_s;
}

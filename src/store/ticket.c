/* Invariants: keys[0..count) are in use and hold every key that may still open; what is behind them
 * is zero. chain gives the key of the period after next: those of the present and the next period
 * are in the ring, the next because an instance whose clock is ahead seals under it already.
 *
 * Under the lock stands only what takes below a microsecond: finding a key and copying it out. The
 * AEAD works outside, on the caller's stack.
 */
#include <handfast/ticket.h>

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/rotate.h"
#include "base/secret.h"
#include "base/span.h"
#include "store/key_chain.h"
#include "store/ticket.h"

enum {
    AHEAD = 2,       /* periods by which the chain is before the clock */
    RETIRED_MAX = 64 /* names that are remembered to say so */
};

/* Above this many random nonces under one key, two may be equal with a chance that is no longer
 * negligible (NIST SP 800-38D, 8.3). */
#define SEALS_MAX (UINT64_C(1) << 32)

struct ticket_key {
    hf_ticket_key k;
    uint64_t seals;
    bool chained;
};

struct hf_ticket_keys {
    struct ref ref;
    pthread_mutex_t lock;
    const hf_provider *provider;
    size_t count;
    struct ticket_key keys[HF_TICKET_KEYS_MAX];
    struct key_chain chain;
    bool fresh; /* randomness goes into every step */
    int64_t lifetime_ms;
    size_t retired; /* in all */
    uint8_t retired_names[RETIRED_MAX][HF_TICKET_NAME_LEN];
};

static hf_status follow_chain(hf_ticket_keys *keys, const struct key_chain *start, bool fresh,
                              uint32_t lifetime_s, int64_t now_ms);
static void advance(hf_ticket_keys *keys, int64_t now_ms);
static bool put_key(hf_ticket_keys *keys, const hf_ticket_key *key);
static void put_chained(hf_ticket_keys *keys, const struct key_chain *chain);
static bool step(hf_ticket_keys *keys, struct key_chain *chain);
static void retire(hf_ticket_keys *keys, size_t i);
static size_t find(const hf_ticket_keys *keys, const uint8_t *name);
static bool was_retired(const hf_ticket_keys *keys, const uint8_t *name);
static bool is_sealing(const struct ticket_key *key, int64_t now_ms);
static hf_resume_reason take_opening_key(hf_ticket_keys *keys, int64_t now_ms, const uint8_t *name,
                                         uint8_t key[HF_TICKET_KEY_LEN]);
static bool take_sealing_key(hf_ticket_keys *keys, int64_t now_ms, uint8_t *name, uint8_t *key);
static void end_aead(const hf_aead *aead, void *ctx);

hf_ticket_keys *hf_ticket_keys_new(const hf_provider *provider)
{
    hf_ticket_keys *keys = mem_alloc(sizeof *keys);
    if (keys == NULL || pthread_mutex_init(&keys->lock, NULL) != 0) {
        mem_free(keys, sizeof *keys);
        return NULL;
    }
    ref_init(&keys->ref);
    keys->provider = provider != NULL ? provider : hf_provider_default();
    return keys;
}

hf_ticket_keys *hf_ticket_keys_ref(hf_ticket_keys *keys)
{
    ref_take(&keys->ref);
    return keys;
}

void hf_ticket_keys_free(hf_ticket_keys *keys)
{
    if (keys != NULL && ref_drop(&keys->ref)) {
        (void)pthread_mutex_destroy(&keys->lock);
        mem_free(keys, sizeof *keys);
    }
}

/* --- Keys come and go ---------------------------------------------------------------------- */

hf_status hf_ticket_keys_add(hf_ticket_keys *keys, const hf_ticket_key *key)
{
    if (key->encrypt_from_ms > key->encrypt_until_ms ||
        key->encrypt_until_ms > key->decrypt_until_ms) {
        return HF_FAILED;
    }
    (void)pthread_mutex_lock(&keys->lock);
    const bool put = put_key(keys, key);
    (void)pthread_mutex_unlock(&keys->lock);
    return put ? HF_OK : HF_FAILED;
}

bool hf_ticket_keys_drop(hf_ticket_keys *keys, const uint8_t name[HF_TICKET_NAME_LEN])
{
    (void)pthread_mutex_lock(&keys->lock);
    const size_t i = find(keys, name);
    const bool found = i < keys->count;
    if (found) {
        retire(keys, i);
    }
    (void)pthread_mutex_unlock(&keys->lock);
    return found;
}

hf_status hf_ticket_keys_rotate(hf_ticket_keys *keys, uint32_t period_s, uint32_t lifetime_s,
                                int64_t now_ms)
{
    struct key_chain chain;
    if (period_s == 0 || !key_chain_random(keys->provider, period_s, now_ms, &chain)) {
        return HF_FAILED;
    }
    (void)pthread_mutex_lock(&keys->lock);
    const hf_status status = follow_chain(keys, &chain, true, lifetime_s, now_ms);
    (void)pthread_mutex_unlock(&keys->lock);
    hf_wipe(&chain, sizeof chain);
    return status;
}

hf_status hf_ticket_keys_set_seed(hf_ticket_keys *keys, hf_span seed, uint32_t lifetime_s,
                                  int64_t now_ms)
{
    struct key_chain chain;
    if (!key_chain_read(keys->provider->sha256, seed, &chain)) {
        return HF_FAILED;
    }
    (void)pthread_mutex_lock(&keys->lock);
    const hf_status status = follow_chain(keys, &chain, false, lifetime_s, now_ms);
    (void)pthread_mutex_unlock(&keys->lock);
    hf_wipe(&chain, sizeof chain);
    return status;
}

size_t hf_ticket_keys_count(hf_ticket_keys *keys, int64_t now_ms)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&keys->lock);
    advance(keys, now_ms);
    for (size_t i = 0; i < keys->count; i++) {
        count += now_ms < keys->keys[i].k.decrypt_until_ms;
    }
    (void)pthread_mutex_unlock(&keys->lock);
    return count;
}

/* --- Seeds ----------------------------------------------------------------------------------- */

hf_status hf_ticket_seed_new(const hf_provider *provider, uint32_t period_s, int64_t now_ms,
                             char out[HF_TICKET_SEED_MAX])
{
    struct key_chain chain;
    if (period_s == 0 || !key_chain_random(provider != NULL ? provider : hf_provider_default(),
                                           period_s, now_ms, &chain)) {
        return HF_FAILED;
    }
    key_chain_write(&chain, out);
    hf_wipe(&chain, sizeof chain);
    return HF_OK;
}

/* The first period of which a ticket may be alive. */
static int64_t oldest_period(uint32_t period_s, int64_t lifetime_ms, int64_t now_ms)
{
    return now_ms < lifetime_ms ? 0 : key_chain_period_at(period_s, now_ms - lifetime_ms);
}

hf_status hf_ticket_seed_advance(const hf_provider *provider, hf_span seed, uint32_t lifetime_s,
                                 int64_t now_ms, char out[HF_TICKET_SEED_MAX])
{
    const hf_provider *p = provider != NULL ? provider : hf_provider_default();
    struct key_chain chain;
    if (lifetime_s > HF_TICKET_LIFETIME_MAX_S || now_ms < 0 ||
        !key_chain_read(p->sha256, seed, &chain)) {
        return HF_FAILED;
    }
    const int64_t oldest = oldest_period(chain.period_s, (int64_t)lifetime_s * 1000, now_ms);
    const bool sound = chain.period <= key_chain_period_at(chain.period_s, now_ms) &&
                       oldest - chain.period <= KEY_CHAIN_STEPS_MAX;
    while (sound && chain.period < oldest) {
        key_chain_step(&chain, span_of(NULL, 0));
    }
    if (sound) {
        key_chain_write(&chain, out);
    }
    hf_wipe(&chain, sizeof chain);
    return sound ? HF_OK : HF_FAILED;
}

/* --- Tickets --------------------------------------------------------------------------------- */

hf_resume_reason hf_ticket_keys_open(hf_ticket_keys *keys, int64_t now_ms, hf_span ticket,
                                     uint8_t *state, size_t capacity, size_t *state_len)
{
    enum { HEAD_LEN = HF_TICKET_NAME_LEN + HF_AEAD_NONCE_LEN };
    if (ticket.len < HF_TICKET_OVERHEAD ||
        ticket.len > (size_t)HF_TICKET_OVERHEAD + HF_TICKET_STATE_MAX ||
        ticket.len - HF_TICKET_OVERHEAD > capacity) {
        return HF_RESUME_TICKET_MALFORMED;
    }
    uint8_t key[HF_TICKET_KEY_LEN];
    const hf_resume_reason reason = take_opening_key(keys, now_ms, ticket.data, key);
    if (reason != HF_RESUME_NONE) {
        return reason;
    }
    uint8_t text[HF_TICKET_STATE_MAX + HF_AEAD_TAG_LEN];
    const size_t sealed_len = ticket.len - HEAD_LEN;
    memcpy(text, ticket.data + HEAD_LEN, sealed_len);
    const hf_aead *aead = keys->provider->aes256gcm;
    void *ctx = mem_alloc_aligned(aead->ctx_align, aead->ctx_size);
    const bool open = ctx != NULL && aead->init(ctx, key) &&
                      aead->open(ctx, ticket.data + HF_TICKET_NAME_LEN,
                                 span_of(ticket.data, HF_TICKET_NAME_LEN), text, sealed_len);
    end_aead(aead, ctx);
    hf_wipe(key, sizeof key);
    if (!open) {
        return HF_RESUME_TICKET_FORGED;
    }
    *state_len = sealed_len - HF_AEAD_TAG_LEN;
    if (*state_len > 0) {
        memcpy(state, text, *state_len);
    }
    hf_wipe(text, sealed_len);
    return HF_RESUME_NONE;
}

bool hf_ticket_keys_seals(hf_ticket_keys *keys, int64_t now_ms, hf_span ticket)
{
    if (ticket.len < HF_TICKET_OVERHEAD) {
        return false;
    }
    (void)pthread_mutex_lock(&keys->lock);
    const size_t i = find(keys, ticket.data);
    const bool seals = i < keys->count && is_sealing(&keys->keys[i], now_ms);
    (void)pthread_mutex_unlock(&keys->lock);
    return seals;
}

hf_status hf_ticket_keys_seal(hf_ticket_keys *keys, int64_t now_ms, hf_span state, uint8_t *ticket,
                              size_t capacity, size_t *ticket_len)
{
    uint8_t nonce[HF_AEAD_NONCE_LEN];
    hf_buf out = {ticket, capacity, 0};
    if (!keys->provider->random(NULL, nonce, sizeof nonce)) {
        return HF_FAILED;
    }
    const hf_status s = store_ticket_seal(keys, now_ms, state, nonce, &out);
    *ticket_len = s == HF_OK ? out.pos : *ticket_len;
    return s;
}

hf_status store_ticket_seal(hf_ticket_keys *keys, int64_t now_ms, hf_span state,
                            const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_buf *out)
{
    if (state.len > HF_TICKET_STATE_MAX) {
        return HF_FAILED;
    }
    if (buf_room(out) < state.len + HF_TICKET_OVERHEAD) {
        return HF_NEED_SPACE;
    }
    uint8_t name[HF_TICKET_NAME_LEN];
    uint8_t key[HF_TICKET_KEY_LEN];
    if (!take_sealing_key(keys, now_ms, name, key)) {
        return HF_FAILED;
    }
    const hf_aead *aead = keys->provider->aes256gcm;
    void *ctx = mem_alloc_aligned(aead->ctx_align, aead->ctx_size);
    uint8_t *const ticket = out->ptr + out->pos;
    uint8_t *const body = ticket + sizeof name + HF_AEAD_NONCE_LEN;
    const bool sealed = ctx != NULL && aead->init(ctx, key) &&
                        aead->seal(ctx, nonce, span_of(name, sizeof name), body,
                                   state.len > 0 ? state.data : body, state.len, span_of(NULL, 0));
    end_aead(aead, ctx);
    hf_wipe(key, sizeof key);
    if (!sealed) {
        return HF_FAILED;
    }
    memcpy(ticket, name, sizeof name);
    memcpy(ticket + sizeof name, nonce, HF_AEAD_NONCE_LEN);
    out->pos += state.len + HF_TICKET_OVERHEAD;
    return HF_OK;
}

static void end_aead(const hf_aead *aead, void *ctx)
{
    if (ctx != NULL) {
        aead->clear(ctx);
    }
    mem_free(ctx, aead->ctx_size);
}

/* --- Under the lock -------------------------------------------------------------------------- */

static hf_resume_reason take_opening_key(hf_ticket_keys *keys, int64_t now_ms, const uint8_t *name,
                                         uint8_t key[HF_TICKET_KEY_LEN])
{
    hf_resume_reason reason = HF_RESUME_NONE;
    (void)pthread_mutex_lock(&keys->lock);
    advance(keys, now_ms);
    const size_t i = find(keys, name);
    if (i < keys->count && now_ms < keys->keys[i].k.decrypt_until_ms) {
        memcpy(key, keys->keys[i].k.key, HF_TICKET_KEY_LEN);
    } else if (i < keys->count || was_retired(keys, name)) {
        reason = HF_RESUME_KEY_RETIRED;
    } else {
        reason = HF_RESUME_KEY_UNKNOWN;
    }
    (void)pthread_mutex_unlock(&keys->lock);
    return reason;
}

static bool is_sealing(const struct ticket_key *key, int64_t now_ms)
{
    return key->k.encrypt_from_ms <= now_ms && now_ms < key->k.encrypt_until_ms &&
           key->seals < SEALS_MAX;
}

/* Of several keys that seal now the one that began last. */
static bool take_sealing_key(hf_ticket_keys *keys, int64_t now_ms, uint8_t *name, uint8_t *key)
{
    (void)pthread_mutex_lock(&keys->lock);
    advance(keys, now_ms);
    struct ticket_key *best = NULL;
    for (size_t i = 0; i < keys->count; i++) {
        struct ticket_key *one = &keys->keys[i];
        if (is_sealing(one, now_ms) &&
            (best == NULL || one->k.encrypt_from_ms > best->k.encrypt_from_ms)) {
            best = one;
        }
    }
    if (best != NULL) {
        best->seals++;
        memcpy(name, best->k.name, HF_TICKET_NAME_LEN);
        memcpy(key, best->k.key, HF_TICKET_KEY_LEN);
    }
    (void)pthread_mutex_unlock(&keys->lock);
    return best != NULL;
}

/* The place of a name, or count. Every name is looked at whole, so that time does not tell how old
 * a key is or how many there are before it. */
static size_t find(const hf_ticket_keys *keys, const uint8_t *name)
{
    uint64_t wanted[2];
    memcpy(wanted, name, sizeof wanted);
    size_t found = keys->count;
    for (size_t i = 0; i < keys->count; i++) {
        uint64_t its[2];
        memcpy(its, keys->keys[i].k.name, sizeof its);
        const uint64_t differs = (its[0] ^ wanted[0]) | (its[1] ^ wanted[1]);
        size_t same = (size_t)(((differs | (0 - differs)) >> 63) ^ 1); /* 1 or 0 */
        __asm__ volatile("" : "+r"(same));                             /* no branch is made of it */
        found ^= (found ^ i) & (0 - same);
    }
    return found;
}

static bool was_retired(const hf_ticket_keys *keys, const uint8_t *name)
{
    bool found = false;
    for (size_t i = 0; i < RETIRED_MAX && i < keys->retired; i++) {
        found |= memcmp(keys->retired_names[i], name, HF_TICKET_NAME_LEN) == 0;
    }
    return found;
}

/* Takes key i out: it is wiped, and its name remembered. */
static void retire(hf_ticket_keys *keys, size_t i)
{
    memcpy(keys->retired_names[keys->retired++ % RETIRED_MAX], keys->keys[i].k.name,
           HF_TICKET_NAME_LEN);
    keys->count--;
    if (i != keys->count) {
        keys->keys[i] = keys->keys[keys->count];
    }
    hf_wipe(&keys->keys[keys->count], sizeof keys->keys[0]);
}

static bool put_key(hf_ticket_keys *keys, const hf_ticket_key *key)
{
    if (keys->count == HF_TICKET_KEYS_MAX || find(keys, key->name) < keys->count) {
        return false;
    }
    keys->keys[keys->count++] = (struct ticket_key){.k = *key};
    return true;
}

/* Starts over with a chain: what is past is stepped over, or kept as far as it still opens. */
static hf_status follow_chain(hf_ticket_keys *keys, const struct key_chain *start, bool fresh,
                              uint32_t lifetime_s, int64_t now_ms)
{
    const uint32_t period_s = start->period_s;
    const int64_t lifetime_ms = (int64_t)lifetime_s * 1000;
    const int64_t now = key_chain_period_at(period_s, now_ms);
    if (lifetime_s == 0 || lifetime_s > HF_TICKET_LIFETIME_MAX_S || now_ms < 0 ||
        lifetime_s / period_s + AHEAD + 2 > HF_TICKET_KEYS_MAX / 2 || start->period > now ||
        now - start->period > KEY_CHAIN_STEPS_MAX) {
        return HF_FAILED;
    }
    const int64_t oldest = oldest_period(period_s, lifetime_ms, now_ms);
    for (size_t i = 0; i < keys->count; i++) {
        struct ticket_key *key = &keys->keys[i];
        if (key->chained && key->k.encrypt_until_ms > now_ms) {
            key->k.encrypt_until_ms = now_ms; /* of a former seed: it opens, and seals no more */
        }
    }
    keys->chain = *start;
    keys->fresh = fresh;
    keys->lifetime_ms = lifetime_ms;
    while (keys->chain.period < oldest && keys->chain.period < now) {
        key_chain_step(&keys->chain, span_of(NULL, 0));
    }
    advance(keys, now_ms);
    return HF_OK;
}

/* Wipes the keys that open nothing any more and makes those of new periods. A clock that runs back
 * changes nothing: what was wiped stays so. */
static void advance(hf_ticket_keys *keys, int64_t now_ms)
{
    for (size_t i = keys->count; i-- > 0;) {
        if (keys->keys[i].k.decrypt_until_ms <= now_ms) {
            retire(keys, i);
        }
    }
    struct key_chain *chain = &keys->chain;
    if (chain->period_s == 0) {
        return;
    }
    const int64_t now = key_chain_period_at(chain->period_s, now_ms);
    if (now - chain->period > KEY_CHAIN_STEPS_MAX) {
        return; /* no clock that can be believed; it may come back */
    }
    const int64_t oldest = oldest_period(chain->period_s, keys->lifetime_ms, now_ms);
    while (chain->period < now + AHEAD) {
        if (chain->period >= oldest) {
            put_chained(keys, chain);
        }
        if (!step(keys, chain)) {
            return;
        }
    }
}

static bool step(hf_ticket_keys *keys, struct key_chain *chain)
{
    uint8_t fresh[KEY_CHAIN_LINK_LEN];
    if (keys->fresh && !keys->provider->random(NULL, fresh, sizeof fresh)) {
        return false; /* the key is there already; the step is for another time */
    }
    key_chain_step(chain, span_of(fresh, keys->fresh ? sizeof fresh : 0));
    hf_wipe(fresh, sizeof fresh);
    return true;
}

/* The key of the chain's period. */
static void put_chained(hf_ticket_keys *keys, const struct key_chain *chain)
{
    hf_ticket_key key;
    key.encrypt_from_ms = key_chain_start_ms(chain->period_s, chain->period);
    key.encrypt_until_ms = key_chain_start_ms(chain->period_s, chain->period + 1);
    key.decrypt_until_ms = key.encrypt_until_ms + keys->lifetime_ms;
    key_chain_key(chain, key.name, key.key);
    const size_t i = find(keys, key.name);
    if (i < keys->count) {
        keys->keys[i].k = key; /* of an earlier call with the same seed */
    } else if (put_key(keys, &key)) {
        keys->keys[keys->count - 1].chained = true;
    }
    hf_wipe(&key, sizeof key);
}

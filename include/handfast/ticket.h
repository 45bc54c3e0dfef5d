/* Ticket keys: what a server seals sessions under, so that it need not remember them.
 *
 * A ring holds keys, each with a name, a window in which it seals and a longer one in which it
 * still opens. Keys are put in by hand (hf_ticket_keys_add), or the ring makes them by itself:
 *
 * - hf_ticket_keys_rotate: a fresh random key every period, for one process.
 * - hf_ticket_keys_set_seed: a fleet. All instances that were given one seed derive the same keys
 *   from it and from the time, whenever they were started; no key is copied around. The keys hang
 *   on a one-way chain, one link for each period: a link gives the key of its period and the next
 *   link, and is then wiped. Who steals the state of an instance can open the tickets that are
 *   alive and those to come, never those whose keys are gone. For the same to hold of the place
 *   where the seed is kept, replace it there now and then by hf_ticket_seed_advance's.
 *
 * A ticket is the key's name (16 bytes), a nonce (12), and the state sealed with AES-256-GCM (16
 * bytes more) with the name as additional data. Nonces are random: one key should seal no more than
 * 2^32 tickets over the whole fleet; a ring stops at that.
 *
 *     hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
 *     if (hf_ticket_keys_set_seed(keys, seed, 2 * 86400, now_ms) != HF_OK) ...
 *     hf_config_set_ticket_keys(config, keys);
 *     hf_ticket_keys_free(keys);
 *
 * Times are Unix time in milliseconds, by the caller's clock. Clocks of a fleet may differ by up to
 * one period.
 *
 * Threads: all, at all times; calls on one ring wait for each other for less than a microsecond,
 * for longer only when periods have passed unused.
 */
#ifndef HANDFAST_TICKET_H
#define HANDFAST_TICKET_H

#include <handfast/crypto.h>
#include <handfast/session.h>
#include <handfast/types.h>

HF_BEGIN_DECLS

enum {
    HF_TICKET_NAME_LEN = 16,
    HF_TICKET_KEY_LEN = 32,
    HF_TICKET_OVERHEAD = 16 + 12 + 16, /* ticket_len - state_len */
    HF_TICKET_STATE_MAX = 2048,        /* bytes that can be sealed */
    HF_TICKET_KEYS_MAX = 256,          /* in one ring */
    HF_TICKET_SEED_MAX = 128,          /* a seed, which is one line of text */
    HF_TICKET_LIFETIME_MAX_S = 604800  /* RFC 9846, 4.7.1: seven days */
};

typedef struct hf_ticket_keys hf_ticket_keys;

/* A ring without keys, with one reference. provider NULL: the default one. NULL: no memory. */
HF_API hf_ticket_keys *hf_ticket_keys_new(const hf_provider *provider);
/* One more reference; returns keys. */
HF_API hf_ticket_keys *hf_ticket_keys_ref(hf_ticket_keys *keys);
HF_API void hf_ticket_keys_free(hf_ticket_keys *keys); /* drops one reference; NULL is allowed */

/* One key for hf_ticket_keys_add; the caller wipes its copy. */
typedef struct hf_ticket_key {
    uint8_t name[HF_TICKET_NAME_LEN]; /* public, and of no other key anywhere */
    uint8_t key[HF_TICKET_KEY_LEN];
    int64_t encrypt_from_ms;
    int64_t encrypt_until_ms;
    int64_t decrypt_until_ms; /* at least encrypt_until_ms */
} hf_ticket_key;

/* Puts a key in. HF_FAILED: the name is there already, the windows are in the wrong order, or the
 * ring is full. */
HF_API HF_MUST_CHECK hf_status hf_ticket_keys_add(hf_ticket_keys *keys, const hf_ticket_key *key);

/* Takes a key out and wipes it. False: there is none of that name. */
HF_API bool hf_ticket_keys_drop(hf_ticket_keys *keys, const uint8_t name[HF_TICKET_NAME_LEN]);

/* From now on the ring makes a random key every period_s seconds and opens tickets for lifetime_s
 * seconds after their key's period. Replaces an earlier seed. HF_FAILED: a value is 0, lifetime_s
 * is above HF_TICKET_LIFETIME_MAX_S, so many keys (lifetime_s / period_s) do not fit, or there is
 * no randomness. */
HF_API HF_MUST_CHECK hf_status hf_ticket_keys_rotate(hf_ticket_keys *keys, uint32_t period_s,
                                                     uint32_t lifetime_s, int64_t now_ms);

/* The same with the keys of a seed, which names its period and the period that it begins with.
 * HF_FAILED as above, and: it is no seed, or begins after now_ms, or more than a million periods
 * before. Keys of an earlier seed go on opening for their time. */
HF_API HF_MUST_CHECK hf_status hf_ticket_keys_set_seed(hf_ticket_keys *keys, hf_span seed,
                                                       uint32_t lifetime_s, int64_t now_ms);

/* A new seed for the time from now_ms on, as a line of text with a line feed; a SECRET. NULL
 * provider: the default one. HF_FAILED: no randomness, or period_s is 0. */
HF_API HF_MUST_CHECK hf_status hf_ticket_seed_new(const hf_provider *provider, uint32_t period_s,
                                                  int64_t now_ms, char out[HF_TICKET_SEED_MAX]);

/* The same seed with its past erased: it opens what is alive at now_ms and what comes. Put it where
 * seed was kept, for instances that are started later. HF_FAILED: as hf_ticket_keys_set_seed. */
HF_API HF_MUST_CHECK hf_status hf_ticket_seed_advance(const hf_provider *provider, hf_span seed,
                                                      uint32_t lifetime_s, int64_t now_ms,
                                                      char out[HF_TICKET_SEED_MAX]);

/* How many keys would open a ticket at now_ms. */
HF_API size_t hf_ticket_keys_count(hf_ticket_keys *keys, int64_t now_ms);

/* Opens a ticket: HF_RESUME_NONE, and the state, a SECRET, is in state[0..*state_len). Else why
 * not: TICKET_MALFORMED, KEY_UNKNOWN, KEY_RETIRED (as far as the ring remembers), TICKET_FORGED;
 * then nothing was written. The search takes the same time for every key of the ring and none. */
HF_API hf_resume_reason hf_ticket_keys_open(hf_ticket_keys *keys, int64_t now_ms, hf_span ticket,
                                            uint8_t *state, size_t capacity, size_t *state_len);

/* Whether the key that a ticket names still seals at now_ms. If not, it will be retired before
 * long, and a client that goes on using this ticket is given a new one. */
HF_API bool hf_ticket_keys_seals(hf_ticket_keys *keys, int64_t now_ms, hf_span ticket);

/* Seals state under the key of now_ms: *ticket_len = state.len + HF_TICKET_OVERHEAD. HF_NEED_SPACE:
 * capacity is too small. HF_FAILED: no key seals now, the state is too long, or no randomness. */
HF_API HF_MUST_CHECK hf_status hf_ticket_keys_seal(hf_ticket_keys *keys, int64_t now_ms,
                                                   hf_span state, uint8_t *ticket, size_t capacity,
                                                   size_t *ticket_len);

HF_END_DECLS

#endif

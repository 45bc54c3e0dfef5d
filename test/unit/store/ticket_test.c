/* The ring of ticket keys: what opens, what does not and why, and that what is past is gone from
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "store/key_chain.h"
#include "support/scan.h"
#include "support/skip.h"

static const int64_t now = INT64_C(1750000000000);
static const char secret[] = "the state of a session, which nobody else may read";

enum { PERIOD_S = 100, PERIOD_MS = PERIOD_S * 1000, LIFETIME_S = 250 };

struct sealed {
    uint8_t b[HF_TICKET_STATE_MAX + HF_TICKET_OVERHEAD];
    size_t len;
};

static struct sealed seal(hf_ticket_keys *keys, int64_t at_ms)
{
    struct sealed s = {.len = 0};
    assert_int_equal(hf_ticket_keys_seal(keys, at_ms, span_str(secret), s.b, sizeof s.b, &s.len),
                     HF_OK);
    assert_int_equal(s.len, strlen(secret) + HF_TICKET_OVERHEAD);
    return s;
}

static hf_resume_reason open_span(hf_ticket_keys *keys, int64_t at_ms, hf_span ticket)
{
    uint8_t state[HF_TICKET_STATE_MAX];
    memset(state, 0xee, sizeof state);
    size_t len = 12345;
    const hf_resume_reason reason =
        hf_ticket_keys_open(keys, at_ms, ticket, state, sizeof state, &len);
    if (reason == HF_RESUME_NONE) {
        assert_int_equal(len, strlen(secret));
        assert_memory_equal(state, secret, len);
    } else {
        assert_int_equal(len, 12345);
        for (size_t i = 0; i < sizeof state; i++) {
            assert_int_equal(state[i], 0xee);
        }
    }
    return reason;
}

static hf_resume_reason open_at(hf_ticket_keys *keys, int64_t at_ms, const struct sealed *s)
{
    return open_span(keys, at_ms, span_of(s->b, s->len));
}

static hf_ticket_keys *seeded(const char *seed, int64_t at_ms)
{
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    assert_non_null(keys);
    assert_int_equal(hf_ticket_keys_set_seed(keys, span_str(seed), LIFETIME_S, at_ms), HF_OK);
    return keys;
}

static hf_ticket_key named(uint8_t name, int64_t from, int64_t until, int64_t decrypt)
{
    hf_ticket_key key = {.encrypt_from_ms = now + from,
                         .encrypt_until_ms = now + until,
                         .decrypt_until_ms = now + decrypt};
    memset(key.name, name, sizeof key.name);
    memset(key.key, name + 1, sizeof key.key);
    return key;
}

/* --- Keys by hand --- */

static void windows_of_keys(void **state)
{
    (void)state;
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    struct sealed none;
    assert_int_equal(
        hf_ticket_keys_seal(keys, now, span_str(secret), none.b, sizeof none.b, &none.len),
        HF_FAILED);
    const hf_ticket_key a = named('a', 0, 100, 300);
    const hf_ticket_key b = named('b', 50, 150, 400);
    assert_int_equal(hf_ticket_keys_add(keys, &a), HF_OK);
    assert_int_equal(hf_ticket_keys_add(keys, &b), HF_OK);
    assert_int_equal(hf_ticket_keys_add(keys, &b), HF_FAILED); /* the name again */
    const hf_ticket_key reversed = named('c', 100, 50, 300);
    assert_int_equal(hf_ticket_keys_add(keys, &reversed), HF_FAILED);
    const hf_ticket_key shut = named('c', 0, 100, 50);
    assert_int_equal(hf_ticket_keys_add(keys, &shut), HF_FAILED);

    const struct sealed first = seal(keys, now + 49);
    const struct sealed second = seal(keys, now + 50); /* the later one takes over */
    assert_memory_equal(first.b, a.name, sizeof a.name);
    assert_memory_equal(second.b, b.name, sizeof b.name);
    assert_int_equal(hf_ticket_keys_count(keys, now + 50), 2);
    assert_true(hf_ticket_keys_seals(keys, now + 99, span_of(first.b, first.len)));
    assert_false(hf_ticket_keys_seals(keys, now + 100, span_of(first.b, first.len)));
    assert_false(hf_ticket_keys_seals(keys, now - 1, span_of(first.b, first.len)));
    assert_false(hf_ticket_keys_seals(keys, now + 50, span_of(first.b, HF_TICKET_NAME_LEN)));
    assert_false(hf_ticket_keys_seals(keys, now + 50, span_of(secret, HF_TICKET_OVERHEAD)));
    assert_int_equal(open_at(keys, now + 299, &first), HF_RESUME_NONE);
    assert_int_equal(open_at(keys, now + 300, &first), HF_RESUME_KEY_RETIRED);
    assert_int_equal(open_at(keys, now, &first), HF_RESUME_KEY_RETIRED); /* gone stays gone */
    assert_int_equal(open_at(keys, now + 300, &second), HF_RESUME_NONE);
    assert_int_equal(hf_ticket_keys_count(keys, now + 300), 1);
    assert_int_equal(
        hf_ticket_keys_seal(keys, now + 150, span_str(secret), none.b, sizeof none.b, &none.len),
        HF_FAILED);
    assert_true(hf_ticket_keys_drop(keys, b.name));
    assert_false(hf_ticket_keys_drop(keys, b.name));
    assert_int_equal(open_at(keys, now + 300, &second), HF_RESUME_KEY_RETIRED);
    hf_ticket_keys_free(keys);
    hf_ticket_keys_free(NULL);
}

static void full_ring(void **state)
{
    (void)state;
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    for (int i = 0; i <= HF_TICKET_KEYS_MAX; i++) {
        hf_ticket_key key = named('a', 0, 100, 100);
        key.name[3] = (uint8_t)i;
        key.name[4] = (uint8_t)(i >> 8);
        assert_int_equal(hf_ticket_keys_add(keys, &key),
                         i < HF_TICKET_KEYS_MAX ? HF_OK : HF_FAILED);
    }
    assert_int_equal(hf_ticket_keys_count(keys, now), HF_TICKET_KEYS_MAX);
    const struct sealed s = seal(keys, now);
    assert_int_equal(open_at(keys, now, &s), HF_RESUME_NONE);
    hf_ticket_keys *same = hf_ticket_keys_ref(keys);
    hf_ticket_keys_free(keys);
    assert_int_equal(hf_ticket_keys_count(same, now + 100), 0);
    hf_ticket_keys_free(same);
}

/* --- Tickets that are not ours --- */

static void every_changed_bit_is_refused(void **state)
{
    (void)state;
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    assert_int_equal(hf_ticket_keys_rotate(keys, PERIOD_S, LIFETIME_S, now), HF_OK);
    struct sealed s = seal(keys, now);
    for (size_t bit = 0; bit < s.len * 8; bit++) {
        s.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(open_at(keys, now, &s), bit < (size_t)HF_TICKET_NAME_LEN * 8
                                                     ? HF_RESUME_KEY_UNKNOWN
                                                     : HF_RESUME_TICKET_FORGED);
        s.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(open_at(keys, now, &s), HF_RESUME_NONE);
    hf_ticket_keys_free(keys);
}

static void every_other_length_is_refused(void **state)
{
    (void)state;
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    assert_int_equal(hf_ticket_keys_rotate(keys, PERIOD_S, LIFETIME_S, now), HF_OK);
    const struct sealed s = seal(keys, now);
    const size_t most = sizeof s.b + 2;
    uint8_t *longer = calloc(1, most);
    assert_non_null(longer);
    memcpy(longer, s.b, s.len);
    for (size_t len = 0; len <= most; len += len < 200 ? 1 : 97) {
        if (len != s.len) {
            uint8_t *exact = malloc(len + 1);
            assert_non_null(exact);
            memcpy(exact, longer, len < most ? len : most);
            const bool possible = len >= HF_TICKET_OVERHEAD && len <= sizeof s.b;
            assert_int_equal(open_span(keys, now, span_of(exact, len)),
                             possible ? HF_RESUME_TICKET_FORGED : HF_RESUME_TICKET_MALFORMED);
            free(exact);
        }
    }
    assert_int_equal(open_span(keys, now, span_of(longer, most)), HF_RESUME_TICKET_MALFORMED);
    assert_int_equal(open_span(keys, now, span_of(NULL, 0)), HF_RESUME_TICKET_MALFORMED);
    free(longer);
    /* too little room is found out before a key is touched */
    uint8_t small[8];
    size_t len = 7;
    assert_int_equal(hf_ticket_keys_open(keys, now, span_of(s.b, s.len), small, sizeof small, &len),
                     HF_RESUME_TICKET_MALFORMED);
    assert_int_equal(len, 7);
    hf_ticket_keys_free(keys);
}

static void what_can_be_sealed(void **state)
{
    (void)state;
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    assert_int_equal(hf_ticket_keys_rotate(keys, PERIOD_S, LIFETIME_S, now), HF_OK);
    uint8_t text[HF_TICKET_STATE_MAX + 1];
    uint8_t back[HF_TICKET_STATE_MAX];
    memset(text, 0x5a, sizeof text);
    struct sealed s;
    const size_t room = HF_TICKET_STATE_MAX + HF_TICKET_OVERHEAD;
    assert_int_equal(hf_ticket_keys_seal(keys, now, span_of(text, sizeof text), s.b, room, &s.len),
                     HF_FAILED);
    const hf_span most = span_of(text, HF_TICKET_STATE_MAX);
    assert_int_equal(hf_ticket_keys_seal(keys, now, most, s.b, room - 1, &s.len), HF_NEED_SPACE);
    assert_int_equal(hf_ticket_keys_seal(keys, now, most, s.b, room, &s.len), HF_OK);
    size_t len = 0;
    assert_int_equal(hf_ticket_keys_open(keys, now, span_of(s.b, s.len), back, sizeof back, &len),
                     HF_RESUME_NONE);
    assert_int_equal(len, sizeof back);
    assert_memory_equal(back, text, len);
    assert_int_equal(hf_ticket_keys_seal(keys, now, span_of(NULL, 0), s.b, room, &s.len), HF_OK);
    assert_int_equal(hf_ticket_keys_open(keys, now, span_of(s.b, s.len), back, 0, &len),
                     HF_RESUME_NONE);
    assert_int_equal(len, 0);
    const struct sealed one = seal(keys, now);
    const struct sealed two = seal(keys, now);
    assert_memory_not_equal(one.b + HF_TICKET_NAME_LEN, two.b + HF_TICKET_NAME_LEN, 12);
    hf_ticket_keys_free(keys);
}

/* --- By itself --- */

static void one_process_rotates(void **state)
{
    (void)state;
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    assert_int_equal(hf_ticket_keys_rotate(keys, PERIOD_S, LIFETIME_S, now), HF_OK);
    const struct sealed old = seal(keys, now);
    uint8_t names[5][HF_TICKET_NAME_LEN];
    for (int64_t i = 0; i < 5; i++) {
        const struct sealed s = seal(keys, now + i * PERIOD_MS);
        memcpy(names[i], s.b, sizeof names[i]);
        for (int64_t k = 0; k < i; k++) {
            assert_memory_not_equal(names[k], names[i], sizeof names[i]);
        }
    }
    /* its period ends within one, and it opens for its lifetime from then on */
    const int64_t end = (now / PERIOD_MS + 1) * PERIOD_MS + LIFETIME_S * INT64_C(1000);
    assert_int_equal(open_at(keys, end - 1, &old), HF_RESUME_KEY_RETIRED); /* the clock ran on */
    hf_ticket_keys *other = hf_ticket_keys_new(NULL);
    assert_int_equal(hf_ticket_keys_rotate(other, PERIOD_S, LIFETIME_S, now), HF_OK);
    const struct sealed young = seal(other, now);
    assert_int_equal(open_at(other, end - 1, &young), HF_RESUME_NONE);
    assert_int_equal(open_at(other, end, &young), HF_RESUME_KEY_RETIRED);
    assert_int_equal(open_at(keys, now, &young), HF_RESUME_KEY_UNKNOWN); /* another server's */
    hf_ticket_keys_free(other);
    hf_ticket_keys_free(keys);
}

static void values_that_are_refused(void **state)
{
    (void)state;
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    assert_int_equal(hf_ticket_keys_rotate(keys, 0, 100, now), HF_FAILED);
    assert_int_equal(hf_ticket_keys_rotate(keys, 100, 0, now), HF_FAILED);
    assert_int_equal(hf_ticket_keys_rotate(keys, 3600, HF_TICKET_LIFETIME_MAX_S + 1, now),
                     HF_FAILED);
    assert_int_equal(hf_ticket_keys_rotate(keys, 1, 1000, now), HF_FAILED); /* too many keys */
    assert_int_equal(hf_ticket_keys_rotate(keys, 10000, HF_TICKET_LIFETIME_MAX_S, now), HF_OK);
    char seed[HF_TICKET_SEED_MAX];
    char out[HF_TICKET_SEED_MAX];
    assert_int_equal(hf_ticket_seed_new(NULL, 0, now, seed), HF_FAILED);
    assert_int_equal(hf_ticket_seed_new(NULL, 1, now, seed), HF_OK);
    const int64_t too_late = now + INT64_C(1000) * (KEY_CHAIN_STEPS_MAX + 2);
    assert_int_equal(hf_ticket_keys_set_seed(keys, span_str(seed), 100, now - 1000), HF_FAILED);
    assert_int_equal(hf_ticket_keys_set_seed(keys, span_str(seed), 100, too_late), HF_FAILED);
    assert_int_equal(hf_ticket_keys_set_seed(keys, span_str(seed), 0, now), HF_FAILED);
    assert_int_equal(hf_ticket_keys_set_seed(keys, span_str("no seed"), 100, now), HF_FAILED);
    assert_int_equal(hf_ticket_seed_advance(NULL, span_str(seed), 1, now - 1000, out), HF_FAILED);
    assert_int_equal(hf_ticket_seed_advance(NULL, span_str(seed), 1, too_late + 1000, out),
                     HF_FAILED);
    assert_int_equal(hf_ticket_seed_advance(NULL, span_str("no seed"), 1, now, out), HF_FAILED);
    /* what was refused has changed nothing */
    const struct sealed s = seal(keys, now);
    assert_int_equal(open_at(keys, now + 8 * 86400 * INT64_C(1000), &s), HF_RESUME_KEY_RETIRED);
    hf_ticket_keys_free(keys);
}

/* --- A fleet --- */

static void instances_open_each_others_tickets(void **state)
{
    (void)state;
    char seed[HF_TICKET_SEED_MAX];
    assert_int_equal(hf_ticket_seed_new(NULL, PERIOD_S, now, seed), HF_OK);
    hf_ticket_keys *a = seeded(seed, now);
    for (int64_t i = 0; i < 6; i++) {
        const int64_t at = now + i * PERIOD_MS;
        const struct sealed from_a = seal(a, at);
        hf_ticket_keys *b = seeded(seed, at + PERIOD_MS); /* started later, over a rotation */
        assert_int_equal(open_at(b, at + PERIOD_MS, &from_a), HF_RESUME_NONE);
        const struct sealed from_b = seal(b, at + PERIOD_MS);
        assert_int_equal(open_at(a, at, &from_b), HF_RESUME_NONE); /* a's clock is behind */
        assert_int_equal(open_at(b, at + 5 * PERIOD_MS, &from_a), HF_RESUME_KEY_RETIRED);
        hf_ticket_keys_free(b);
    }
    char other_seed[HF_TICKET_SEED_MAX];
    assert_int_equal(hf_ticket_seed_new(NULL, PERIOD_S, now, other_seed), HF_OK);
    hf_ticket_keys *stranger = seeded(other_seed, now);
    const struct sealed foreign = seal(stranger, now);
    assert_int_equal(open_at(a, now, &foreign), HF_RESUME_KEY_UNKNOWN);
    hf_ticket_keys_free(stranger);
    hf_ticket_keys_free(a);
}

static void the_future_is_unknown(void **state)
{
    (void)state;
    char seed[HF_TICKET_SEED_MAX];
    assert_int_equal(hf_ticket_seed_new(NULL, PERIOD_S, now, seed), HF_OK);
    hf_ticket_keys *ahead = seeded(seed, now + 3 * PERIOD_MS);
    const struct sealed s = seal(ahead, now + 3 * PERIOD_MS);
    hf_ticket_keys *keys = seeded(seed, now);
    assert_int_equal(open_at(keys, now, &s), HF_RESUME_KEY_UNKNOWN);
    assert_int_equal(open_at(keys, now + 2 * PERIOD_MS, &s), HF_RESUME_NONE);
    /* a clock that jumps out of its mind makes no key, and does no harm */
    assert_int_equal(open_at(keys, INT64_MAX, &s), HF_RESUME_KEY_RETIRED);
    const struct sealed again = seal(ahead, now + 3 * PERIOD_MS);
    assert_int_equal(open_at(ahead, INT64_MIN, &again), HF_RESUME_NONE);
    hf_ticket_keys_free(ahead);
    hf_ticket_keys_free(keys);
}

static void an_advanced_seed_opens_what_lives_and_no_more(void **state)
{
    (void)state;
    char seed[HF_TICKET_SEED_MAX];
    char later[HF_TICKET_SEED_MAX];
    assert_int_equal(hf_ticket_seed_new(NULL, PERIOD_S, now, seed), HF_OK);
    hf_ticket_keys *keys = seeded(seed, now);
    struct sealed tickets[8];
    for (int64_t i = 0; i < 8; i++) {
        tickets[i] = seal(keys, now + i * PERIOD_MS);
    }
    const int64_t then = now + 7 * PERIOD_MS;
    assert_int_equal(hf_ticket_seed_advance(NULL, span_str(seed), LIFETIME_S, then, later), HF_OK);
    assert_string_not_equal(seed, later);
    hf_ticket_keys *old = seeded(seed, then);
    hf_ticket_keys *fresh = seeded(later, then);
    size_t opened = 0;
    for (int64_t i = 0; i < 8; i++) {
        const hf_resume_reason reason = open_at(fresh, then, &tickets[i]);
        assert_int_equal(reason, open_at(old, then, &tickets[i]));
        opened += reason == HF_RESUME_NONE;
    }
    assert_in_range(opened, 3, 4); /* 250 seconds back, and the period that they begin in */
    hf_ticket_keys_free(fresh);
    /* and whoever turns the clock back with the later seed has nothing */
    fresh = hf_ticket_keys_new(NULL);
    assert_int_equal(hf_ticket_keys_set_seed(fresh, span_str(later), LIFETIME_S, now), HF_FAILED);
    hf_ticket_keys_free(fresh);
    hf_ticket_keys_free(old);
    hf_ticket_keys_free(keys);
}

static void another_seed_takes_over(void **state)
{
    (void)state;
    char one[HF_TICKET_SEED_MAX];
    char two[HF_TICKET_SEED_MAX];
    assert_int_equal(hf_ticket_seed_new(NULL, PERIOD_S, now, one), HF_OK);
    assert_int_equal(hf_ticket_seed_new(NULL, PERIOD_S, now, two), HF_OK);
    hf_ticket_keys *keys = seeded(one, now);
    const struct sealed before = seal(keys, now);
    assert_int_equal(hf_ticket_keys_set_seed(keys, span_str(two), LIFETIME_S, now), HF_OK);
    const struct sealed after = seal(keys, now);
    assert_memory_not_equal(before.b, after.b, HF_TICKET_NAME_LEN);
    assert_int_equal(open_at(keys, now, &before), HF_RESUME_NONE);
    hf_ticket_keys *other = seeded(two, now);
    assert_int_equal(open_at(other, now, &after), HF_RESUME_NONE);
    assert_int_equal(open_at(other, now, &before), HF_RESUME_KEY_UNKNOWN);
    /* the first again: its keys are still there, and seal again */
    assert_int_equal(hf_ticket_keys_set_seed(keys, span_str(one), LIFETIME_S, now), HF_OK);
    const struct sealed back = seal(keys, now);
    assert_memory_equal(before.b, back.b, HF_TICKET_NAME_LEN);
    hf_ticket_keys_free(other);
    hf_ticket_keys_free(keys);
}

/* --- Memory --- */

enum { LINKS = 6 };

/* What must not be found, with every bit turned so that the list itself is not found. */
struct needles {
    uint8_t link[LINKS][KEY_CHAIN_LINK_LEN];
    uint8_t key[LINKS][HF_TICKET_KEY_LEN];
};

static void prepare(const char *seed, struct needles *out)
{
    struct key_chain chain;
    assert_true(key_chain_read(hf_provider_default()->sha256, span_str(seed), &chain));
    for (size_t i = 0; i < LINKS; i++) {
        uint8_t name[HF_TICKET_NAME_LEN];
        key_chain_key(&chain, name, out->key[i]);
        memcpy(out->link[i], chain.link, sizeof out->link[i]);
        scan_turn(out->key[i], sizeof out->key[i]);
        scan_turn(out->link[i], sizeof out->link[i]);
        key_chain_step(&chain, span_of(NULL, 0));
    }
    memset(&chain, 0, sizeof chain);
    __asm__ volatile("" : : "r"(&chain) : "memory");
}

static void past_keys_are_gone_from_memory(void **state)
{
    (void)state;
    if (!scan_works()) {
        test_skip("memory cannot be searched here (/proc/self/mem)");
    }
    char seed[HF_TICKET_SEED_MAX];
    assert_int_equal(hf_ticket_seed_new(NULL, PERIOD_S, now, seed), HF_OK);
    static struct needles needles;
    prepare(seed, &needles);
    hf_ticket_keys *keys = seeded(seed, now);
    const struct sealed first = seal(keys, now);
    /* now: the keys of this period and the next, the link behind them, and nothing before */
    assert_int_equal(scan_find(needles.key[0], HF_TICKET_KEY_LEN), 1);
    assert_int_equal(scan_find(needles.key[1], HF_TICKET_KEY_LEN), 1);
    assert_int_equal(scan_find(needles.key[2], HF_TICKET_KEY_LEN), 0);
    assert_int_equal(scan_find(needles.link[0], KEY_CHAIN_LINK_LEN), 0);
    assert_int_equal(scan_find(needles.link[1], KEY_CHAIN_LINK_LEN), 0);
    assert_int_equal(scan_find(needles.link[2], KEY_CHAIN_LINK_LEN), 1);
    /* when the first key's tickets are dead it is gone */
    const int64_t then = now + 4 * PERIOD_MS;
    assert_int_equal(open_at(keys, then, &first), HF_RESUME_KEY_RETIRED);
    const struct sealed last = seal(keys, then);
    assert_int_equal(open_at(keys, then, &last), HF_RESUME_NONE);
    assert_int_equal(scan_find(needles.key[0], HF_TICKET_KEY_LEN), 0);
    assert_int_equal(scan_find(needles.key[4], HF_TICKET_KEY_LEN), 1);
    for (size_t i = 0; i < LINKS; i++) {
        assert_int_equal(scan_find(needles.link[i], KEY_CHAIN_LINK_LEN), 0);
    }
    hf_ticket_keys_free(keys);
    for (size_t i = 0; i < LINKS; i++) {
        assert_int_equal(scan_find(needles.key[i], HF_TICKET_KEY_LEN), 0);
    }
}

/* --- Threads --- */

struct race {
    hf_ticket_keys *keys;
    atomic_int clock;
    atomic_int wrong;
};

/* All of it lasts longer than a period and shorter than a lifetime, so that no thread can be too
 * late, however long it sleeps. */
static void *work(void *arg)
{
    struct race *race = arg;
    for (int i = 0; i < 3000; i++) {
        const int64_t at = now + atomic_fetch_add(&race->clock, 10);
        struct sealed s = {.len = 0};
        uint8_t state[128];
        size_t len = 0;
        if (hf_ticket_keys_seal(race->keys, at, span_str(secret), s.b, sizeof s.b, &s.len) !=
                HF_OK ||
            hf_ticket_keys_open(race->keys, at + PERIOD_MS / 2, span_of(s.b, s.len), state,
                                sizeof state, &len) != HF_RESUME_NONE) {
            atomic_fetch_add(&race->wrong, 1);
        }
    }
    return NULL;
}

static void many_threads_over_rotations(void **state)
{
    (void)state;
    struct race race = {.keys = hf_ticket_keys_new(NULL)};
    assert_int_equal(hf_ticket_keys_rotate(race.keys, PERIOD_S, LIFETIME_S, now), HF_OK);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, &race), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&race.wrong), 0);
    hf_ticket_keys_free(race.keys);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_of_keys),
        cmocka_unit_test(full_ring),
        cmocka_unit_test(every_changed_bit_is_refused),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(what_can_be_sealed),
        cmocka_unit_test(one_process_rotates),
        cmocka_unit_test(values_that_are_refused),
        cmocka_unit_test(instances_open_each_others_tickets),
        cmocka_unit_test(the_future_is_unknown),
        cmocka_unit_test(an_advanced_seed_opens_what_lives_and_no_more),
        cmocka_unit_test(another_seed_takes_over),
        cmocka_unit_test(past_keys_are_gone_from_memory),
        cmocka_unit_test(many_threads_over_rotations),
    };
    return cmocka_run_group_tests_name("ticket keys", tests, NULL, NULL);
}

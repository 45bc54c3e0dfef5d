/* Sessions for fuzzing: a ring with one key, guards without memory, and a session for every kind of
 * settings out of a handshake that nobody bends. */
#include <stdlib.h>

#include "base/span.h"
#include "session/session.h"
#include "support/end.h"
#include "support/trusting.h"

static void must(hf_status status)
{
    END_CHECK(status == HF_OK);
}

static bool nonce_random(void *ctx, uint8_t *out, size_t len)
{
    uint64_t seed = 5; /* the same in every run */
    (void)ctx;
    return trusting_random(&seed, out, len);
}

/* One ring for all connections under a provider: what one seals another opens. */
static hf_ticket_keys *ring(bool is_real)
{
    static hf_ticket_keys *rings[2];
    static hf_provider providers[2];
    if (rings[is_real] == NULL) {
        const hf_ticket_key key = {.name = "the only key",
                                   .key = "of tickets",
                                   .encrypt_until_ms = INT64_MAX,
                                   .decrypt_until_ms = INT64_MAX};
        providers[is_real] = is_real ? *hf_provider_default() : *trusting_provider();
        providers[is_real].random = nonce_random;
        rings[is_real] = hf_ticket_keys_new(&providers[is_real]);
        END_CHECK(rings[is_real] != NULL);
        must(hf_ticket_keys_add(rings[is_real], &key));
    }
    return rings[is_real];
}

static hf_resume_reason never_seen(void *ctx, hf_span key, int64_t now_ms, uint32_t window_ms)
{
    (void)ctx, (void)now_ms, (void)window_ms;
    END_CHECK(key.len > 0);
    return HF_RESUME_NONE;
}

static hf_resume_reason always_seen(void *ctx, hf_span key, int64_t now_ms, uint32_t window_ms)
{
    (void)ctx, (void)key, (void)now_ms, (void)window_ms;
    return HF_RESUME_REPLAYED;
}

/* Without memory: every input begins with the same world. */
static hf_replay_guard *guard(bool is_replay)
{
    static hf_replay_guard *guards[2];
    if (guards[is_replay] == NULL) {
        const hf_replay_calls calls = {.size = sizeof calls,
                                       .check = is_replay ? always_seen : never_seen};
        guards[is_replay] = hf_replay_guard_new(&calls, NULL);
        END_CHECK(guards[is_replay] != NULL);
    }
    return guards[is_replay];
}

/* --- A store ---------------------------------------------------------------------------------- */

/* The one of all servers that keep sessions; end_stock says what is in it. */
static hf_session_store *store(void)
{
    static hf_session_store *one;
    if (one == NULL) {
        one = hf_session_store_new(NULL);
        END_CHECK(one != NULL);
    }
    return one;
}

static bool stores(uint32_t settings)
{
    return (settings & END_STORE) != 0 && (settings & END_SESSIONS) != 0;
}

void end_configure_sessions(hf_config *config, hf_role role, uint32_t settings)
{
    if (role == HF_CLIENT) {
        must(hf_config_set_resumption(config, (settings & END_SESSIONS) != 0));
        must(hf_config_set_reverify(config, (settings & END_REQUIRE) != 0));
    } else if ((settings & END_SESSIONS) != 0) {
        /* Of TLS 1.2 the store is for those who take no ticket. */
        if (!stores(settings) || (settings & END_TLS12) == 0) {
            must(hf_config_set_ticket_keys(config, ring((settings & END_REAL) != 0)));
        }
        if (stores(settings)) {
            must(hf_config_set_session_store(config, store()));
            must(hf_config_set_stateful(config, (settings & END_TLS12) == 0));
        }
        must(hf_config_set_early_data(config, END_EARLY_MAX, 10000));
        must(hf_config_set_replay_guard(config, guard((settings & END_REPLAYED) != 0)));
    }
}

/* All that one end said to the other. */
static bool pass_on(struct end *from, struct end *to)
{
    size_t len;
    uint8_t *out = end_take_out(from, &len);
    const bool is_any = len > 0;
    if (is_any) {
        (void)end_feed(to, out, len);
    }
    free(out);
    return is_any;
}

static hf_session *make_session(uint32_t settings)
{
    struct end client;
    struct end server;
    end_open(&client, HF_CLIENT, settings);
    end_open(&server, HF_SERVER, settings);
    for (bool moved = true; moved;) {
        moved = pass_on(&client, &server);
        moved = pass_on(&server, &client) || moved;
    }
    hf_session *session = hf_conn_take_session(client.conn);
    end_close(&client);
    end_close(&server);
    return session;
}

/* What is left of settings when nothing shall go wrong. */
static uint32_t without_trouble(uint32_t settings)
{
    const uint32_t troubled = END_RAW | END_EXTERNAL | END_REFUSE | END_ABSURD | END_SMALL |
                              END_WATCHED | END_RESUMED | END_EARLY | END_REPLAYED;
    return (settings & ~troubled) | END_SESSIONS;
}

/* A session, and what a server keeps of it. */
struct slot {
    bool is_made;
    uint32_t settings;
    hf_session *session;
    uint8_t state[HF_STORE_STATE_MAX];
    size_t state_len;
};

static bool is_making; /* a session: its server begins with nothing */

static void make_slot(struct slot *slot, uint32_t calm)
{
    const hf_span none = span_of(NULL, 0);
    hf_session_free(slot->session);
    is_making = true;
    *slot = (struct slot){.is_made = true, .settings = calm, .session = make_session(calm)};
    is_making = false;
    const hf_span id = slot->session == NULL ? none : session_ticket(slot->session);
    if (stores(calm) && id.len > 0) {
        (void)hf_session_store_find(store(), id, END_NOW_MS, slot->state, sizeof slot->state,
                                    &slot->state_len);
    }
}

static const struct slot *slot_of(uint32_t settings)
{
    enum { SLOTS = 64 };
    static struct slot slots[SLOTS];
    const uint32_t calm = without_trouble(settings);
    const size_t at = (calm ^ calm >> 6 ^ calm >> 12 ^ calm >> 18 ^ calm >> 24) % SLOTS;
    if (!slots[at].is_made || slots[at].settings != calm) {
        make_slot(&slots[at], calm);
    }
    return &slots[at];
}

const hf_session *end_session(uint32_t settings)
{
    return slot_of(settings)->session;
}

void end_stock(uint32_t settings)
{
    if (!stores(settings)) {
        return;
    }
    const struct slot *slot = is_making ? NULL : slot_of(settings);
    hf_session_store_clear(store());
    if (slot != NULL && slot->state_len > 0) {
        END_CHECK(hf_session_store_put(store(), session_ticket(slot->session),
                                       span_of(slot->state, slot->state_len), 7200, END_NOW_MS));
    }
}

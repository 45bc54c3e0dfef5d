/* What a key share is made of is shown to whoever wants it expressly, and to nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <handfast/crypto.h>

#include "base/span.h"
#include "support/run.h"
#include "wire/iana.h"

enum { X25519_LEN = 32 };

struct seen {
    int count[2]; /* by role */
    uint16_t group[2];
    size_t len[2];
    uint8_t random[2][128];
    uint8_t messages[2][4096]; /* hellos, by who sent them */
};

static void watch(void *ctx, const hf_event *event)
{
    struct seen *seen = ctx;
    if (event->kind == HF_EV_KEY_SHARE) {
        const hf_span random = event->u.key_share.random;
        assert_true(random.len <= sizeof seen->random[0]);
        memcpy(seen->random[event->role], random.data, random.len);
        seen->len[event->role] = random.len;
        seen->group[event->role] = event->u.key_share.group;
        seen->count[event->role]++;
    } else if (event->kind == HF_EV_MESSAGE && event->u.message.direction == HF_SENT &&
               event->u.message.bytes.len <= sizeof seen->messages[0] &&
               event->u.message.level == HF_LEVEL_PLAIN) {
        memcpy(seen->messages[event->role], event->u.message.bytes.data,
               event->u.message.bytes.len);
    }
}

static struct seen handshake(enum run_kind kind, uint64_t wanted)
{
    static struct run run;
    struct seen seen = {{0, 0}, {0, 0}, {0, 0}, {{0}}, {{0}}};
    const hf_trace trace = {.wanted = wanted, .event = watch, .ctx = &seen};
    run_make(&run, kind);
    struct pair *p =
        run_start(&run, &(struct pair_options){.client_trace = &trace, .server_trace = &trace});
    run_must_finish(&run, p);
    pair_free(p);
    run_clear(&run);
    return seen;
}

static const uint64_t shares_too = HF_EV_PUBLIC | HF_EV_BIT(HF_EV_KEY_SHARE);

/* Gives what it was given. */
static bool replay(void *ctx, uint8_t *out, size_t len)
{
    memcpy(out, ctx, len);
    return true;
}

static void what_is_shown_makes_the_share_on_the_wire(void **state)
{
    (void)state;
    const hf_group *group = hf_provider_group(hf_provider_default(), IANA_GROUP_x25519);
    struct seen seen = handshake(RUN_FULL, shares_too);
    for (int role = 0; role < 2; role++) {
        uint8_t priv[64] = {0};
        uint8_t share[X25519_LEN] = {0};
        assert_int_equal(seen.count[role], 1);
        assert_int_equal(seen.group[role], IANA_GROUP_x25519);
        assert_int_equal(seen.len[role], X25519_LEN);
        assert_true(group->generate(replay, seen.random[role], priv, share));
        assert_non_null(
            memmem(seen.messages[role], sizeof seen.messages[role], share, sizeof share));
        group->clear(priv);
    }
}

static void every_kind_of_share_is_shown(void **state)
{
    (void)state;
    const struct seen hybrid = handshake(RUN_DEFAULTS, shares_too);
    assert_int_equal(hybrid.count[HF_CLIENT], 2); /* X25519MLKEM768 and x25519 */
    assert_int_equal(hybrid.group[HF_SERVER], IANA_GROUP_X25519MLKEM768);
    assert_int_equal(hybrid.len[HF_SERVER], 64);
    const struct seen old = handshake(RUN_12_FULL, shares_too);
    assert_int_equal(old.count[HF_CLIENT], 1);
    assert_int_equal(old.count[HF_SERVER], 1);
    const struct seen transport = handshake(RUN_12_RSA, shares_too);
    assert_int_equal(transport.count[HF_CLIENT] + transport.count[HF_SERVER], 0);
}

static void nobody_else_is_shown_any(void **state)
{
    (void)state;
    const uint64_t key_log = HF_EV_PUBLIC | HF_EV_BIT(HF_EV_SECRET) | HF_EV_BIT(HF_EV_KEY_STEP);
    const struct seen seen = handshake(RUN_FULL, key_log);
    assert_int_equal(seen.count[HF_CLIENT] + seen.count[HF_SERVER], 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shown_makes_the_share_on_the_wire),
        cmocka_unit_test(every_kind_of_share_is_shown),
        cmocka_unit_test(nobody_else_is_shown_any),
    };
    return cmocka_run_group_tests_name("shares", tests, run_setup, run_teardown);
}

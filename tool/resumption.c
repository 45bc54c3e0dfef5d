/* Sessions and early data of the server. */
#include "resumption.h"

#include <inttypes.h>
#include <string.h>

#include "fleet/seed.h"
#include "report/failure.h"
#include "setup.h"
#include "tool.h"

enum {
    PERIOD_USUAL_S = 3600,
    KEYS_WANTED = 100,        /* no more than so many periods in the lifetime of a ticket */
    REGISTER_BYTES = 16 << 20 /* half a million flights within a window, at a quarter full */
};

static int check_early_data(const struct resumption_settings *s, struct trouble *trouble);
static bool parse_policy(const char *written, enum early_policy *out);
static int own_keys(const struct resumption_settings *s, int64_t now_ms, hf_ticket_keys *keys,
                    struct trouble *trouble);
static int seeded_keys(const struct resumption_settings *s, int64_t now_ms, hf_ticket_keys *keys,
                       struct trouble *trouble);

int resumption_check(const struct resumption_settings *s, struct trouble *trouble)
{
    if (s->tickets == 0 && (s->seed != NULL || s->period_s != 0 || s->max_early_data > 0)) {
        return trouble_set(trouble, TOOL_USAGE, "Leave --tickets 0 out.",
                           "--tickets 0 turns resumption off, but %s is given",
                           s->seed != NULL    ? "--ticket-seed"
                           : s->period_s != 0 ? "--ticket-period"
                                              : "--max-early-data");
    }
    if (s->seed != NULL && s->period_s != 0) {
        return trouble_set(trouble, TOOL_USAGE, "Say it to 'handfast seed --period'.",
                           "--ticket-period: a seed has its own period, the same for all that "
                           "share it");
    }
    if (s->period_s != 0 && s->lifetime_s / s->period_s > KEYS_WANTED) {
        return trouble_set(trouble, TOOL_USAGE, NULL,
                           "--ticket-period %" PRId64 ": tickets live %" PRId64
                           " s; at most %d periods fit into that",
                           s->period_s, s->lifetime_s, KEYS_WANTED);
    }
    return check_early_data(s, trouble);
}

static int check_early_data(const struct resumption_settings *s, struct trouble *trouble)
{
    enum early_policy policy;
    if (s->max_early_data == 0 && (s->early_policy != NULL || s->anti_replay != NULL)) {
        return trouble_set(trouble, TOOL_USAGE, "Add --max-early-data 16384.",
                           "%s: no early data is taken without --max-early-data",
                           s->early_policy != NULL ? "--early-policy" : "--anti-replay");
    }
    if (!parse_policy(s->early_policy, &policy)) {
        return trouble_set(trouble, TOOL_USAGE, "Choose safe, 425 or wait.",
                           "--early-policy %s: no such choice", s->early_policy);
    }
    if (s->anti_replay != NULL && strcmp(s->anti_replay, "local") != 0) {
        return trouble_set(trouble, TOOL_USAGE, "Choose local.", "--anti-replay %s: no such choice",
                           s->anti_replay);
    }
    if (s->max_early_data > 0 && s->seed != NULL && s->anti_replay == NULL) {
        return trouble_set(
            trouble, TOOL_USAGE,
            "Say --anti-replay local if this is the only server with this seed.",
            "--max-early-data: others may share the seed, and each would take a replay once");
    }
    return 0;
}

int resumption_load(const struct resumption_settings *s, int64_t now_ms, struct resumption *out,
                    struct trouble *trouble)
{
    *out = (struct resumption){0};
    (void)parse_policy(s->early_policy, &out->policy);
    if (s->tickets == 0) {
        return 0;
    }
    out->keys = hf_ticket_keys_new(NULL);
    if (out->keys == NULL) {
        return setup_no_memory(trouble);
    }
    (void)(s->seed == NULL ? own_keys(s, now_ms, out->keys, trouble)
                           : seeded_keys(s, now_ms, out->keys, trouble));
    if (trouble->exit_code == 0 && s->max_early_data > 0) {
        const hf_strike_params params = {
            .size = sizeof params,
            .bytes = REGISTER_BYTES,
            .started_ms = now_ms,
            /* Keys of our own die with us, so what an earlier process took opens no more. */
            .nothing_before = s->seed == NULL,
        };
        out->guard = hf_strike_register_new(&params);
        if (out->guard == NULL) {
            (void)setup_no_memory(trouble);
        }
    }
    if (trouble->exit_code != 0) {
        resumption_free(out);
    }
    return trouble->exit_code;
}

int resumption_reload(const struct resumption_settings *s, int64_t now_ms,
                      const struct resumption *resumption, struct trouble *trouble)
{
    return seeded_keys(s, now_ms, resumption->keys, trouble);
}

void resumption_free(struct resumption *resumption)
{
    hf_ticket_keys_free(resumption->keys);
    hf_replay_guard_free(resumption->guard);
    *resumption = (struct resumption){0};
}

int resumption_configure(hf_config *config, const struct resumption_settings *s,
                         const struct resumption *resumption, struct trouble *trouble)
{
    if (resumption->keys == NULL) {
        return 0;
    }
    const bool set =
        hf_config_set_ticket_keys(config, resumption->keys) == HF_OK &&
        hf_config_set_tickets(config, (unsigned)s->tickets, (uint32_t)s->lifetime_s) == HF_OK &&
        hf_config_set_early_data(config, (uint32_t)s->max_early_data,
                                 (uint32_t)s->early_window_s * 1000) == HF_OK &&
        hf_config_set_replay_guard(config, resumption->guard) == HF_OK;
    return set ? 0 : failure_of_setting(hf_config_error(config), "these options", trouble);
}

static bool parse_policy(const char *written, enum early_policy *out)
{
    static const char *const names[] = {
        [EARLY_SAFE] = "safe", [EARLY_REFUSE] = "425", [EARLY_WAIT] = "wait"};
    *out = EARLY_SAFE;
    for (size_t i = 0; written != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(written, names[i]) == 0) {
            *out = (enum early_policy)i;
            return true;
        }
    }
    return written == NULL;
}

static int own_keys(const struct resumption_settings *s, int64_t now_ms, hf_ticket_keys *keys,
                    struct trouble *trouble)
{
    const int64_t least = s->lifetime_s / KEYS_WANTED + 1;
    const int64_t usual = least > PERIOD_USUAL_S ? least : PERIOD_USUAL_S;
    const int64_t period_s = s->period_s != 0 ? s->period_s : usual;
    if (hf_ticket_keys_rotate(keys, (uint32_t)period_s, (uint32_t)s->lifetime_s, now_ms) == HF_OK) {
        return 0;
    }
    return trouble_set(trouble, TOOL_SYSTEM, "Look after this machine's source of randomness.",
                       "no ticket keys can be made");
}

static int seeded_keys(const struct resumption_settings *s, int64_t now_ms, hf_ticket_keys *keys,
                       struct trouble *trouble)
{
    struct file_bytes seed = {0};
    if (seed_read("--ticket-seed", s->seed, &seed, trouble) == 0) {
        (void)seed_use("--ticket-seed", file_span(&seed), keys, (uint32_t)s->lifetime_s, now_ms,
                       trouble);
    }
    file_free(&seed);
    return trouble->exit_code;
}

/* Sessions and early data of the server. */
#include "resumption.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fleet/secret.h"
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
static int seeded_keys(const struct resumption_settings *s, int64_t now_ms,
                       const struct resumption *r, struct trouble *trouble);
static int own_memory(const struct resumption_settings *s, int64_t now_ms, struct resumption *out,
                      struct trouble *trouble);
static int check_store(const struct resumption_settings *s, struct trouble *trouble);
static bool uses_store(const struct resumption_settings *s);
static void read_again(uv_work_t *work);
static void on_read_again(uv_work_t *work, int status);
static struct timespec clock_now(void);

/* The seed being read again. */
struct reading {
    uv_work_t work;
    const struct resumption_settings *settings;
    struct resumption *resumption;
    const struct resumption_watch *watch;
    struct trouble trouble;
};

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
    if (s->max_early_data > 0 && s->seed != NULL && s->anti_replay == NULL) {
        return trouble_set(
            trouble, TOOL_USAGE,
            "Let them share a memory: --anti-replay redis://HOST:PORT; or say --anti-replay local "
            "if "
            "this is the only server with this seed.",
            "--max-early-data: others may share the seed, and each would take a replay once");
    }
    return check_store(s, trouble);
}

/* --anti-replay redis://HOST[:PORT][/DB] */
static int check_store(const struct resumption_settings *s, struct trouble *trouble)
{
    struct place place;
    if (s->redis_auth != NULL && !uses_store(s) &&
        (s->seed == NULL || strncmp(s->seed, PLACE_SCHEME, sizeof PLACE_SCHEME - 1) != 0)) {
        return trouble_set(trouble, TOOL_USAGE, "Leave it out.",
                           "--redis-auth: nothing is kept in a Redis");
    }
    if (!uses_store(s)) {
        return 0;
    }
    if (strncmp(s->anti_replay, PLACE_SCHEME, sizeof PLACE_SCHEME - 1) != 0) {
        return trouble_set(trouble, TOOL_USAGE, "Choose local or redis://HOST:PORT.",
                           "--anti-replay %s: no such choice", s->anti_replay);
    }
    if (place_parse("--anti-replay", s->anti_replay, &place, trouble) != 0) {
        return trouble->exit_code;
    }
    if (strspn(place.path, "0123456789") != strlen(place.path) || strlen(place.path) > 5) {
        return trouble_set(trouble, TOOL_USAGE, "Write redis://HOST:PORT/2 for database 2.",
                           "--anti-replay %s: '%s' is no number of a database", s->anti_replay,
                           place.path);
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
    out->store = hf_session_store_new(NULL);
    if (out->keys == NULL || out->store == NULL) {
        resumption_free(out);
        return setup_no_memory(trouble);
    }
    if ((s->redis_auth == NULL ||
         secret_read("--redis-auth", s->redis_auth, &out->auth, trouble) == 0) &&
        (s->seed == NULL ? own_keys(s, now_ms, out->keys, trouble)
                         : seeded_keys(s, now_ms, out, trouble)) == 0 &&
        s->max_early_data > 0) {
        (void)(uses_store(s) ? place_parse("--anti-replay", s->anti_replay, &out->place, trouble)
                             : own_memory(s, now_ms, out, trouble));
    }
    if (trouble->exit_code != 0) {
        resumption_free(out);
    }
    return trouble->exit_code;
}

void resumption_free(struct resumption *resumption)
{
    hf_ticket_keys_free(resumption->keys);
    hf_session_store_free(resumption->store);
    hf_replay_guard_free(resumption->guard);
    file_free(&resumption->auth);
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
        hf_config_set_session_store(config, resumption->store) == HF_OK &&
        hf_config_set_tickets(config, (unsigned)s->tickets, (uint32_t)s->lifetime_s) == HF_OK &&
        hf_config_set_early_data(config, (uint32_t)s->max_early_data,
                                 (uint32_t)s->early_window_s * 1000) == HF_OK &&
        hf_config_set_replay_guard(config, resumption->guard) == HF_OK &&
        (!uses_store(s) || hf_config_external_ops(config, HF_OP_BIT(HF_OP_REPLAY_CHECK)) == HF_OK);
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

static int seeded_keys(const struct resumption_settings *s, int64_t now_ms,
                       const struct resumption *r, struct trouble *trouble)
{
    struct file_bytes seed = {0};
    if (seed_read("--ticket-seed", s->seed, file_span(&r->auth), &seed, trouble) == 0) {
        (void)seed_use("--ticket-seed", file_span(&seed), r->keys, (uint32_t)s->lifetime_s, now_ms,
                       trouble);
    }
    file_free(&seed);
    return trouble->exit_code;
}

/* A memory in this process. */
static int own_memory(const struct resumption_settings *s, int64_t now_ms, struct resumption *out,
                      struct trouble *trouble)
{
    const hf_strike_params params = {
        .size = sizeof params,
        .bytes = REGISTER_BYTES,
        .started_ms = now_ms,
        /* Keys of our own die with us, so what an earlier process took opens no more. */
        .nothing_before = s->seed == NULL,
    };
    out->guard = hf_strike_register_new(&params);
    return out->guard == NULL ? setup_no_memory(trouble) : 0;
}

/* --- While the server runs ------------------------------------------------------------------- */

int resumption_start(const struct resumption_settings *s, struct resumption *r, uv_loop_t *loop,
                     const struct resumption_watch *watch, struct trouble *trouble)
{
    if (!uses_store(s)) {
        return 0;
    }
    const struct flights_settings settings = {
        .place = &r->place,
        .auth = file_span(&r->auth),
        .window_ms = 2 * (uint32_t)s->early_window_s * 1000, /* as hf_config_set_early_data says */
        .limit_ms = (uint32_t)s->store_limit_ms,
        .changed = watch->store_changed,
        .ctx = watch->ctx,
    };
    r->flights = flights_open(loop, &settings);
    return r->flights == NULL ? setup_no_memory(trouble) : 0;
}

void resumption_stop(struct resumption *r)
{
    flights_close(r->flights);
    r->flights = NULL;
}

void resumption_reload(const struct resumption_settings *s, struct resumption *r, uv_loop_t *loop,
                       const struct resumption_watch *watch)
{
    struct reading *one = r->reading ? NULL : calloc(1, sizeof *one);
    if (one == NULL) {
        return;
    }
    *one = (struct reading){.settings = s, .resumption = r, .watch = watch};
    one->work.data = one;
    r->reading = uv_queue_work(loop, &one->work, read_again, on_read_again) == 0;
    if (!r->reading) {
        free(one);
    }
}

static void read_again(uv_work_t *work)
{
    struct reading *one = work->data;
    const struct timespec now = clock_now();
    (void)seeded_keys(one->settings, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
                      one->resumption, &one->trouble);
}

static void on_read_again(uv_work_t *work, int status)
{
    struct reading *one = work->data;
    (void)status; /* it is never cancelled */
    one->resumption->reading = false;
    one->watch->seed_read(one->watch->ctx, &one->trouble);
    free(one);
}

static struct timespec clock_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now;
}

static bool uses_store(const struct resumption_settings *s)
{
    return s->max_early_data > 0 && s->anti_replay != NULL && strcmp(s->anti_replay, "local") != 0;
}

/* First flights in Redis.
 *
 * Invariants:
 *  - waiting holds the flights whose askers wait, oldest first, which is also in the order of their
 *    deadlines.
 *  - A flight lives until its last answer has come, whether or not somebody still waits: `late`
 *    counts those that were answered by the clock. While there are such, a new question would only
 *    come later, so it is refused at once.
 *  - `fit` says that the last look at the store's health was good and is not older than the answer
 *    to the one that is under way may be.
 *
 * The order of the two commands of a question matters: the flight is put in before the mark is
 * looked at. Was the store emptied before the first, the mark is gone or young; was it emptied
 * after it, the first was answered from the whole memory.
 */
#include "fleet/flights.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fleet/health.h"
#include "fleet/redis.h"

enum {
    HEALTH_EVERY_MS = 500,
    KEY_BYTES_MAX = 32,
    MARK_MAX = sizeof "handfast:since::" + 2 * HEALTH_RUN_MAX
};

/* How long a mark stays: ten years. Its age is what is gone of that. */
#define MARK_MS INT64_C(315360000000)

struct flight {
    struct flights *flights;
    struct flight *next, *previous; /* in waiting */
    struct flight_asker asker;      /* judged NULL: nobody waits */
    uint64_t deadline_ms;
    unsigned awaited; /* answers */
    bool is_late, is_new, is_replayed, is_broken;
    int64_t mark_left_ms; /* PTTL of the mark */
};

struct flights {
    struct flights_settings settings;
    uv_loop_t *loop;
    struct redis *redis;
    uv_timer_t deadline, pulse;
    struct flight *waiting, *newest;
    size_t late;
    struct health health; /* being collected */
    int64_t asked_wall_ms;
    unsigned health_awaited;
    bool health_bad, fit, told_fit, told, closing;
    char mark[MARK_MAX];
    char memory[24]; /* milliseconds, as a word */
    unsigned handles;
};

static void on_up(void *ctx);
static void on_down(void *ctx, const char *why);
static void on_greeted(void *ctx, const struct resp *reply);
static void on_pulse(uv_timer_t *timer);
static void ask_health(struct flights *f);
static void on_info(void *ctx, const struct resp *reply);
static void on_time(void *ctx, const struct resp *reply);
static void end_health(struct flights *f, bool good);
static void on_marked(void *ctx, const struct resp *reply);
static void set_fit(struct flights *f, bool fit, const char *why);
static void on_seen(void *ctx, const struct resp *reply);
static void on_mark_age(void *ctx, const struct resp *reply);
static void count_answer(struct flight *flight);
static hf_resume_reason judge(const struct flight *flight);
static void tell(struct flight *flight, hf_resume_reason reason);
static void unlink_flight(struct flight *flight);
static void on_deadline(uv_timer_t *timer);
static void arm(struct flights *f);
static void on_closed(uv_handle_t *handle);
static int64_t memory_ms(const struct flights *f);
static int64_t wall_ms(void);

static const struct redis_owner owner = {on_up, on_down};

struct flights *flights_open(uv_loop_t *loop, const struct flights_settings *settings)
{
    struct flights *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return NULL;
    }
    f->settings = *settings;
    f->loop = loop;
    (void)snprintf(f->memory, sizeof f->memory, "%" PRId64, memory_ms(f));
    f->redis = redis_open(loop, settings->place, &owner, f);
    if (f->redis == NULL) {
        free(f);
        return NULL;
    }
    f->handles = 2;
    (void)uv_timer_init(loop, &f->deadline);
    (void)uv_timer_init(loop, &f->pulse);
    f->deadline.data = f;
    f->pulse.data = f;
    return f;
}

void flights_close(struct flights *f)
{
    if (f == NULL) {
        return;
    }
    f->closing = true;
    redis_close(f->redis); /* what waits is answered by that */
    uv_close((uv_handle_t *)&f->deadline, on_closed);
    uv_close((uv_handle_t *)&f->pulse, on_closed);
}

struct flight *flights_ask(struct flights *f, hf_span key, const struct flight_asker *asker,
                           hf_resume_reason *reason)
{
    static const char prefix[] = "handfast:flight:";
    char name[sizeof prefix + 2 * KEY_BYTES_MAX];
    *reason = HF_RESUME_STORE_DOWN;
    struct flight *flight = f->fit && f->late == 0 ? calloc(1, sizeof *flight) : NULL;
    if (flight == NULL || key.len > KEY_BYTES_MAX) {
        free(flight);
        return NULL;
    }
    size_t len = (size_t)snprintf(name, sizeof name, "%s", prefix);
    for (size_t i = 0; i < key.len; i++) {
        len += (size_t)snprintf(name + len, sizeof name - len, "%02x", key.data[i]);
    }
    const hf_span set[] = {resp_word("SET"), {(const uint8_t *)name, len},
                           resp_word("1"),   resp_word("NX"),
                           resp_word("PX"),  resp_word(f->memory)};
    const hf_span age[] = {resp_word("PTTL"), resp_word(f->mark)};
    flight->flights = f;
    flight->is_broken = true; /* until both answers are good */
    flight->awaited = redis_ask(f->redis, set, 6, on_seen, flight) ? 1 : 0;
    if (flight->awaited == 0) {
        free(flight);
        return NULL;
    }
    if (!redis_ask(f->redis, age, 2, on_mark_age, flight)) {
        flight->is_late = true; /* its one answer will free it */
        f->late++;
        return NULL;
    }
    flight->awaited = 2;
    flight->is_broken = false;
    flight->asker = *asker;
    flight->deadline_ms = uv_now(f->loop) + f->settings.limit_ms;
    flight->previous = f->newest;
    *(f->newest == NULL ? &f->waiting : &f->newest->next) = flight;
    f->newest = flight;
    arm(f);
    return flight;
}

void flights_forget(struct flight *flight)
{
    if (flight != NULL) {
        flight->asker.judged = NULL;
        unlink_flight(flight);
    }
}

/* --- A flight's answers ---------------------------------------------------------------------- */

static void on_seen(void *ctx, const struct resp *reply)
{
    struct flight *flight = ctx;
    if (reply == NULL || reply->kind == RESP_ERROR) {
        flight->is_broken = true; /* gone, -OOM, -READONLY, -LOADING, ... */
    } else if (reply->kind == RESP_NIL) {
        flight->is_replayed = true;
    } else if (reply->kind == RESP_STATUS && reply->text.len == 2 &&
               resp_begins(reply->text, "OK")) {
        flight->is_new = true;
    } else {
        flight->is_broken = true;
        redis_break(flight->flights->redis, "its answer to SET is none");
    }
    count_answer(flight);
}

static void on_mark_age(void *ctx, const struct resp *reply)
{
    struct flight *flight = ctx;
    if (reply == NULL || reply->kind == RESP_ERROR) {
        flight->is_broken = true;
    } else if (reply->kind == RESP_NUMBER && reply->number >= -2 && reply->number != -1 &&
               reply->number <= MARK_MS) {
        flight->mark_left_ms = reply->number;
    } else {
        flight->is_broken = true;
        redis_break(flight->flights->redis, "its answer to PTTL is none");
    }
    count_answer(flight);
}

static void count_answer(struct flight *flight)
{
    if (--flight->awaited > 0) {
        return;
    }
    struct flights *f = flight->flights;
    f->late -= flight->is_late ? 1 : 0;
    tell(flight, judge(flight));
    free(flight);
}

static hf_resume_reason judge(const struct flight *flight)
{
    const struct flights *f = flight->flights;
    if (flight->is_broken || flight->is_new == flight->is_replayed) {
        return HF_RESUME_STORE_DOWN;
    }
    if (flight->is_replayed) {
        return HF_RESUME_REPLAYED;
    }
    if (flight->mark_left_ms == -2 || MARK_MS - flight->mark_left_ms < memory_ms(f)) {
        return HF_RESUME_STORE_STARTING;
    }
    return HF_RESUME_NONE;
}

/* To who waits for it, if anybody does. */
static void tell(struct flight *flight, hf_resume_reason reason)
{
    const struct flight_asker asker = flight->asker;
    if (asker.judged != NULL) {
        flight->asker.judged = NULL;
        unlink_flight(flight);
        asker.judged(asker.ctx, reason);
    }
}

static void unlink_flight(struct flight *flight)
{
    struct flights *f = flight->flights;
    if (flight->previous == NULL && f->waiting != flight) {
        return; /* it was taken out before */
    }
    *(flight->previous == NULL ? &f->waiting : &flight->previous->next) = flight->next;
    *(flight->next == NULL ? &f->newest : &flight->next->previous) = flight->previous;
    flight->next = flight->previous = NULL;
}

static void on_deadline(uv_timer_t *timer)
{
    struct flights *f = timer->data;
    const uint64_t now = uv_now(f->loop);
    while (f->waiting != NULL && f->waiting->deadline_ms <= now) {
        struct flight *flight = f->waiting;
        flight->is_late = true;
        f->late++;
        tell(flight, HF_RESUME_STORE_DOWN);
    }
    arm(f);
}

static void arm(struct flights *f)
{
    const uint64_t now = uv_now(f->loop);
    if (f->waiting != NULL && !f->closing && uv_is_active((uv_handle_t *)&f->deadline) == 0) {
        const uint64_t due = f->waiting->deadline_ms;
        (void)uv_timer_start(&f->deadline, on_deadline, due > now ? due - now : 0, 0);
    }
}

/* --- The store's health ---------------------------------------------------------------------- */

/* The first words on a connection. Their answers come before those of the first look. */
static void on_up(void *ctx)
{
    struct flights *f = ctx;
    hf_span words[3];
    const size_t count = place_auth(f->settings.auth, words);
    const char *database = f->settings.place->path;
    const hf_span select[] = {resp_word("SELECT"), resp_word(database)};
    f->health_awaited = 0;
    bool sent = count == 0 || redis_ask(f->redis, words, count, on_greeted, f);
    sent = sent && (database[0] == '\0' || redis_ask(f->redis, select, 2, on_greeted, f));
    if (!sent) {
        redis_break(f->redis, "it takes no questions");
        return;
    }
    (void)uv_timer_start(&f->pulse, on_pulse, HEALTH_EVERY_MS, HEALTH_EVERY_MS);
    ask_health(f);
}

static void on_down(void *ctx, const char *why)
{
    struct flights *f = ctx;
    (void)uv_timer_stop(&f->pulse);
    set_fit(f, false, why);
}

static void on_greeted(void *ctx, const struct resp *reply)
{
    struct flights *f = ctx;
    if (reply != NULL && (reply->kind != RESP_STATUS || !resp_begins(reply->text, "OK"))) {
        redis_break(f->redis, "it refuses the password or the database");
    }
}

static void on_pulse(uv_timer_t *timer)
{
    struct flights *f = timer->data;
    if (f->health_awaited == 0) {
        ask_health(f);
    }
}

static void ask_health(struct flights *f)
{
    static const char *const sections[] = {"server", "replication", "memory"};
    f->health = (struct health){0};
    f->health_bad = false;
    f->asked_wall_ms = wall_ms();
    bool sent = true;
    for (size_t i = 0; i < 3 && sent; i++) {
        const hf_span info[] = {resp_word("INFO"), resp_word(sections[i])};
        sent = redis_ask(f->redis, info, 2, on_info, f);
        f->health_awaited += sent ? 1 : 0;
    }
    const hf_span time_word = resp_word("TIME");
    if (sent && redis_ask(f->redis, &time_word, 1, on_time, f)) {
        f->health_awaited++;
    } else {
        f->health_bad = true;
    }
}

static void on_info(void *ctx, const struct resp *reply)
{
    struct flights *f = ctx;
    if (reply == NULL) {
        f->health_awaited--; /* the connection is gone: on_down says why */
    } else {
        end_health(f, health_take_info(&f->health, reply));
    }
}

static void on_time(void *ctx, const struct resp *reply)
{
    struct flights *f = ctx;
    if (reply == NULL) {
        f->health_awaited--;
    } else {
        end_health(f, health_take_time(&f->health, reply));
    }
}

/* One more answer; with the last the look is judged. */
static void end_health(struct flights *f, bool good)
{
    f->health_bad = f->health_bad || !good;
    if (--f->health_awaited > 0) {
        return;
    }
    const char *why = f->health_bad ? "it does not tell what it is"
                                    : health_judge(&f->health, f->asked_wall_ms, wall_ms(),
                                                   (int64_t)f->settings.window_ms / 2);
    if (why == NULL) {
        /* Of another run there are no marks: it may have forgotten everything, or read what it had
         * written down before its end. */
        (void)snprintf(f->mark, sizeof f->mark, "handfast:since:%s:%s", f->health.run_id,
                       f->health.replication_id);
        char left[24];
        (void)snprintf(left, sizeof left, "%" PRId64, MARK_MS);
        const hf_span set[] = {resp_word("SET"), resp_word(f->mark), resp_word("1"),
                               resp_word("NX"),  resp_word("PX"),    resp_word(left)};
        (void)redis_ask(f->redis, set, 6, on_marked, f);
    }
    set_fit(f, why == NULL, why);
}

/* A mark that could not be put is missed when a flight is asked about. */
static void on_marked(void *ctx, const struct resp *reply)
{
    (void)ctx;
    (void)reply;
}

static void set_fit(struct flights *f, bool fit, const char *why)
{
    f->fit = fit;
    if (f->told && f->told_fit == fit) {
        return;
    }
    f->told = true;
    f->told_fit = fit;
    f->settings.changed(f->settings.ctx, fit, why);
}

static void on_closed(uv_handle_t *handle)
{
    struct flights *f = handle->data;
    if (--f->handles == 0) {
        free(f);
    }
}

/* A flight that one server believes at the beginning of the window, by a clock that is ahead of the
 * store's, may be believed by another at its end, by one that is behind. */
static int64_t memory_ms(const struct flights *f)
{
    return 2 * (int64_t)f->settings.window_ms;
}

static int64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The storm: rude PORT CA CERT KEY SEED
 *
 * Does to a `handfast serve --echo` what peers should not do, everywhere: each misdeed at each
 * place of each kind of connection, once. The places are learnt from a run of each kind without a
 * misdeed. The server must end each of those connections, and serve those who are only slow. Each
 * failure is a line on stderr that names kind, place, misdeed and seed; a JSON object on stdout has
 * the numbers. Exit code 1: there were failures.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "storm/rude.h"

enum { AT_A_TIME = 700, SHAKING_MAX = 40, EVENTS = 256, LEARNING_MS = 60000, TOLD = 20 };

static struct rude_kind kinds[] = {
    {.name = "TLS 1.3",
     .wish = {.version = HF_TLS13},
     .session_of = -1,
     .flights = {"ClientHello", "Finished", "data", "KeyUpdate", "more data", "close_notify"}},
    {.name = "TLS 1.3 after a HelloRetryRequest",
     .wish = {.version = HF_TLS13, .retry = true},
     .session_of = -1,
     .flights = {"ClientHello", "second ClientHello", "Finished", "data", "KeyUpdate", "more data",
                 "close_notify"}},
    {.name = "TLS 1.3 mutual",
     .wish = {.version = HF_TLS13, .mutual = true},
     .session_of = -1,
     .flights = {"ClientHello", "Certificate to Finished", "data", "KeyUpdate", "more data",
                 "close_notify"}},
    {.name = "TLS 1.3 resumed",
     .wish = {.version = HF_TLS13},
     .session_of = 0,
     .flights = {"ClientHello", "Finished", "data", "KeyUpdate", "more data", "close_notify"}},
    {.name = "TLS 1.3 with early data",
     .wish = {.version = HF_TLS13},
     .session_of = 0,
     .early = true,
     .flights = {"ClientHello and early data", "EndOfEarlyData to Finished", "data", "KeyUpdate",
                 "more data", "close_notify"}},
    {.name = "TLS 1.2",
     .wish = {.version = HF_TLS12},
     .session_of = -1,
     .flights = {"ClientHello", "ClientKeyExchange to Finished", "data", "close_notify"}},
    {.name = "TLS 1.2 mutual",
     .wish = {.version = HF_TLS12, .mutual = true},
     .session_of = -1,
     .flights = {"ClientHello", "Certificate to Finished", "data", "close_notify"}},
    {.name = "TLS 1.2 resumed",
     .wish = {.version = HF_TLS12},
     .session_of = 5,
     .flights = {"ClientHello", "Finished", "data", "close_notify"}},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const char *const misdeeds[RUDE_MISDEEDS] = {
    "stalls",      "trickles",      "dribbles",       "resets",         "leaves",
    "half-closes", "sends garbage", "forges records", "repeats itself", "is deaf"};
static const char *const wheres[RUDE_WHERES] = {"before", "in the header of", "in the body of"};

static struct {
    uint16_t port;
    uint64_t given, seed; /* what was given, and what follows from it */
    struct rude_times times;
    int epoll;
    struct rude_peer *peers[AT_A_TIME];
    size_t open, scripted, failures, served;
    size_t counts[RUDE_MISDEEDS];
} storm = {.times = {.patience_ms = 60000, .handshake_ms = 5000, .give_up_ms = 7000}};

static bool learn(struct rude_kind *kind);
static bool learn_once(struct rude_kind *kind, struct rude_peer *p);
static bool next_place(const struct rude_kind *kind, struct rude_place *place);
static void do_all(const struct rude_kind *kind, const struct rude_place *place);
static void start(const struct rude_peer *wanted);
static void turn(void);
static void look_after(size_t i, int64_t now);
static void tell_failure(const struct rude_peer *p);
static void report(void);

int main(int argc, char **argv)
{
    struct peer_world world;
    if (argc != 6 || !peer_world_open(&world, argv[2], argv[3], argv[4])) {
        (void)fprintf(stderr, "rude PORT CA CERT KEY SEED\n");
        return 2;
    }
    storm.port = (uint16_t)strtoul(argv[1], NULL, 10);
    storm.given = strtoull(argv[5], NULL, 10);
    storm.seed = 2 * storm.given + 1;
    storm.epoll = epoll_create1(EPOLL_CLOEXEC);
    bool fine = true;
    for (size_t i = 0; i < KINDS && fine; i++) {
        kinds[i].config = peer_config(&world, &kinds[i].wish);
        if (kinds[i].session_of >= 0) {
            kinds[i].session = hf_session_ref(kinds[kinds[i].session_of].session);
        }
        fine = kinds[i].config != NULL && learn(&kinds[i]);
    }
    for (size_t i = 0; i < KINDS && fine; i++) {
        struct rude_place place = {0};
        do {
            do_all(&kinds[i], &place);
        } while (next_place(&kinds[i], &place));
    }
    while (storm.open > 0) {
        turn();
    }
    report();
    for (size_t i = 0; i < KINDS; i++) {
        hf_config_free(kinds[i].config);
        hf_session_free(kinds[i].session);
    }
    peer_world_close(&world);
    (void)close(storm.epoll);
    return fine && storm.failures == 0 ? 0 : 1;
}

/* --- What the flights of a kind are ---------------------------------------------------------- */

/* Early data is refused for a while after the server's start: then once more. */
static bool learn(struct rude_kind *kind)
{
    const int64_t until = peer_clock_ms() + LEARNING_MS;
    hf_conn_info info = {0};
    bool fine = true;
    do {
        struct rude_peer p = {.kind = kind, .learning = true, .times = &storm.times, .seed = 1};
        fine = learn_once(kind, &p);
        hf_conn_describe(p.conn, &info);
        if (!fine) {
            (void)fprintf(stderr, "%s: cannot be learnt: %s in %s\n", kind->name, p.failure,
                          hf_conn_state(p.conn));
        }
        rude_close(&p);
        if (kind->early && !info.early_data) {
            (void)usleep(300000);
        }
    } while (fine && kind->early && !info.early_data && peer_clock_ms() < until);
    if (kind->early && !info.early_data) {
        (void)fprintf(stderr, "%s: %s\n", kind->name, hf_resume_text(info.early_reason));
        fine = false;
    }
    return fine && (kind->session != NULL || kind->wish.mutual || kind->wish.retry);
}

static bool learn_once(struct rude_kind *kind, struct rude_peer *p)
{
    kind->connected_at = 0;
    if (rude_open(p, storm.port, peer_clock_ms())) {
        struct epoll_event event = {.events = EPOLLIN};
        (void)epoll_ctl(storm.epoll, EPOLL_CTL_ADD, p->fd, &event);
        while (p->stage != RUDE_OVER) {
            const int64_t now = peer_clock_ms();
            rude_readable(p, now);
            rude_go_on(p, now);
            (void)epoll_wait(storm.epoll, &event, 1, 10);
        }
        (void)epoll_ctl(storm.epoll, EPOLL_CTL_DEL, p->fd, NULL);
    }
    return p->failure == NULL;
}

/* --- Every misdeed at every place ------------------------------------------------------------ */

static bool next_place(const struct rude_kind *kind, struct rude_place *place)
{
    if (place->flight == kind->flight_count) {
        return false;
    }
    if (++place->where == RUDE_WHERES) {
        place->where = RUDE_BEFORE;
        if (++place->record == kind->record_count[place->flight]) {
            place->record = 0;
            place->flight++;
        }
    }
    return true;
}

static void do_all(const struct rude_kind *kind, const struct rude_place *place)
{
    for (unsigned misdeed = 0; misdeed < RUDE_MISDEEDS; misdeed++) {
        if (misdeed == RUDE_DEAF &&
            (place->flight < kind->connected_at || place->flight + 1 >= kind->flight_count)) {
            continue;
        }
        const struct rude_peer wanted = {
            .kind = (struct rude_kind *)kind,
            .place = *place,
            .misdeed = (enum rude_misdeed)misdeed,
            .times = &storm.times,
            .seed = (uint64_t)peer_random(&storm.seed) + 1,
        };
        while (storm.open == AT_A_TIME || storm.scripted >= SHAKING_MAX) {
            turn();
        }
        start(&wanted);
    }
}

static void start(const struct rude_peer *wanted)
{
    struct rude_peer *p = malloc(sizeof *p);
    size_t i = 0;
    while (storm.peers[i] != NULL) {
        i++;
    }
    if (p == NULL) {
        storm.failures++;
        return;
    }
    *p = *wanted;
    storm.peers[i] = p;
    storm.open++;
    storm.scripted++;
    storm.counts[p->misdeed]++;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u64 = i};
    if (rude_open(p, storm.port, peer_clock_ms())) {
        (void)epoll_ctl(storm.epoll, EPOLL_CTL_ADD, p->fd, &event);
    }
    look_after(i, peer_clock_ms());
}

static void turn(void)
{
    struct epoll_event events[EVENTS];
    const int n = epoll_wait(storm.epoll, events, EVENTS, 1);
    int64_t now = peer_clock_ms();
    for (int i = 0; i < n; i++) {
        struct rude_peer *p = storm.peers[events[i].data.u64];
        if (p != NULL) {
            rude_readable(p, now);
        }
    }
    now = peer_clock_ms();
    storm.scripted = 0;
    for (size_t i = 0; i < AT_A_TIME; i++) {
        if (storm.peers[i] != NULL) {
            look_after(i, now);
        }
    }
}

static void look_after(size_t i, int64_t now)
{
    struct rude_peer *p = storm.peers[i];
    rude_go_on(p, now);
    if (p->stage != RUDE_OVER) {
        storm.scripted += p->stage == RUDE_SCRIPT;
        return;
    }
    storm.served += p->served;
    if (p->failure != NULL && storm.failures++ < TOLD) {
        tell_failure(p);
    }
    rude_close(p);
    free(p);
    storm.peers[i] = NULL;
    storm.open--;
}

static void tell_failure(const struct rude_peer *p)
{
    const struct rude_place *place = &p->place;
    (void)fprintf(stderr, "%s, seed %llu: ", p->kind->name, (unsigned long long)storm.given);
    if (place->flight < p->kind->flight_count) {
        (void)fprintf(stderr, "%s record %zu of %zu of %s, ", wheres[place->where],
                      place->record + 1, p->kind->record_count[place->flight],
                      p->kind->flights[place->flight]);
    }
    if (place->flight == p->kind->flight_count) {
        (void)fprintf(stderr, "after everything, ");
    }
    (void)fprintf(stderr, "the peer %s: %s in %s\n", misdeeds[p->misdeed], p->failure,
                  p->conn == NULL ? "nothing" : hf_conn_state(p->conn));
}

static void report(void)
{
    size_t all = 0, places = 0;
    for (size_t i = 0; i < RUDE_MISDEEDS; i++) {
        all += storm.counts[i];
    }
    for (size_t i = 0; i < KINDS; i++) {
        places++;
        for (size_t f = 0; f < kinds[i].flight_count; f++) {
            places += kinds[i].record_count[f] * RUDE_WHERES;
        }
    }
    (void)printf("{\"combinations\": %zu, \"kinds\": %d, \"places\": %zu, \"misdeeds\": %d, "
                 "\"served\": %zu, \"failures\": %zu}\n",
                 all, (int)KINDS, places, (int)RUDE_MISDEEDS, storm.served, storm.failures);
}

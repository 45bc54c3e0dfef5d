/* The life of a rude peer.
 *
 * Invariants: what the engine makes at one time is a flight, and lies in `out` until it is sent;
 * nothing new is made before. `said` has all that was sent. After RUDE_SCRIPT the engine is not
 * asked any more, except by those who are slow and go on with the script.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "storm/rude.h"

enum {
    DATA_LEN = 40,
    HEADER = 5,
    IN_MAX = 1 << 16,
    TRICKLE_MS = 200,
    DRIBBLE_MS = 2,
    GARBAGE_MAX = 2000,
    DEAF_MAX = 64 << 20,
};

/* What follows the handshake, in order. */
enum step { STEP_DATA, STEP_UPDATE, STEP_DATA_AGAIN, STEP_CLOSE, STEP_DONE };

static void go_on(struct rude_peer *p, int64_t now);
static bool make_flight(struct rude_peer *p);
static bool take_step(struct rude_peer *p);
static bool add_data(struct rude_peer *p, bool early);
static void note_flight(struct rude_peer *p, size_t before);
static size_t find_place(const struct rude_peer *p, const uint8_t *flight, size_t len);
static void send_out(struct rude_peer *p, int64_t now);
static void begin_misdeed(struct rude_peer *p, int64_t now);
static void leave(struct rude_peer *p, bool reset);
static void add_garbage(struct rude_peer *p, bool formed);
static void add_random(struct rude_peer *p, size_t len);
static void be_deaf(struct rude_peer *p);
static bool take_in(struct rude_peer *p, uint8_t *bytes, size_t len);
static void ended(struct rude_peer *p);
static void over(struct rude_peer *p, const char *failure);
static bool must_be_served(const struct rude_peer *p, int64_t now);

bool rude_open(struct rude_peer *p, uint16_t port, int64_t now)
{
    p->limit = SIZE_MAX;
    p->came_ms = now;
    p->fd = peer_dial(port);
    p->conn = peer_new(p->kind->config, p->kind->session, p->kind->early);
    if (p->fd < 0 || p->conn == NULL) {
        over(p, "cannot connect");
    } else if (p->misdeed == RUDE_DEAF) {
        const int small = 4096;
        (void)setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    }
    if (p->kind->early && p->stage != RUDE_OVER && !add_data(p, true)) {
        over(p, "cannot send early data");
    }
    return p->stage != RUDE_OVER;
}

void rude_close(struct rude_peer *p)
{
    if (p->fd >= 0) {
        (void)close(p->fd);
    }
    hf_conn_free(p->conn);
    free(p->out.bytes);
    free(p->said.bytes);
    free(p->kept);
}

void rude_go_on(struct rude_peer *p, int64_t now)
{
    if (p->stage == RUDE_OVER) {
        return;
    }
    if (now > p->came_ms + p->times->patience_ms) {
        over(p,
             p->stage == RUDE_SCRIPT ? "the script does not go on" : "the server does not end it");
        return;
    }
    if (p->slow && now > p->misdeed_ms + p->times->give_up_ms && p->misdeed == RUDE_TRICKLE) {
        leave(p, true);
        return;
    }
    if (p->misdeed == RUDE_DEAF && p->stage == RUDE_AT_IT) {
        be_deaf(p);
        return;
    }
    go_on(p, now);
}

/* Sends what waits; while the script runs and all is sent, makes more. */
static void go_on(struct rude_peer *p, int64_t now)
{
    for (unsigned i = 0; i < RUDE_FLIGHTS && p->stage != RUDE_OVER; i++) {
        send_out(p, now);
        const bool scripted = p->stage == RUDE_SCRIPT || p->slow;
        if (!scripted || p->stage == RUDE_OVER || p->out.sent < p->out.len || !make_flight(p)) {
            return;
        }
    }
}

/* --- The script ------------------------------------------------------------------------------ */

/* What is to be sent next; false: nothing yet. */
static bool make_flight(struct rude_peer *p)
{
    const size_t before = p->out.sent == p->out.len ? 0 : p->out.len;
    if (hf_conn_pending(p->conn) == 0 &&
        (!hf_conn_is_connected(p->conn) || p->awaited > 0 || !take_step(p))) {
        return false;
    }
    if (!peer_out_flush(&p->out, p->conn)) {
        over(p, "no memory");
        return false;
    }
    note_flight(p, before);
    return p->stage != RUDE_OVER;
}

/* The next thing after the handshake. */
static bool take_step(struct rude_peer *p)
{
    const bool can_update = p->kind->wish.version == HF_TLS13;
    if (p->kind->connected_at == 0) {
        p->kind->connected_at = p->flight;
    }
    p->steps += !can_update && p->steps == STEP_UPDATE ? 2 : 0;
    switch ((enum step)p->steps) {
    case STEP_DATA:
    case STEP_DATA_AGAIN:
        p->steps++;
        return add_data(p, false);
    case STEP_UPDATE:
        p->steps++;
        return hf_conn_update_keys(p->conn, true) == HF_OK;
    case STEP_CLOSE:
        p->steps++;
        if (p->learning) {
            p->kind->session =
                p->kind->session_of >= 0 ? p->kind->session : hf_conn_take_session(p->conn);
        }
        (void)hf_conn_close(p->conn);
        return true;
    case STEP_DONE:
        break;
    }
    return false;
}

static bool add_data(struct rude_peer *p, bool early)
{
    enum { ROOM = 8192 };
    uint8_t data[DATA_LEN];
    memset(data, (int)(p->seed & 0xff), sizeof data);
    uint8_t *room = peer_out_room(&p->out, ROOM);
    hf_buf buf = {room, room == NULL ? 0 : ROOM, 0};
    const hf_span all = {data, sizeof data};
    size_t taken = 0;
    if (room == NULL || (early ? hf_conn_send_early(p->conn, all, &buf, &taken)
                               : hf_conn_send(p->conn, all, &buf, &taken)) != HF_OK) {
        return false;
    }
    p->out.len += buf.pos;
    p->awaited += sizeof data;
    if (early) {
        note_flight(p, 0);
    }
    return true;
}

/* A flight lies in out from before on: here may be the place. */
static void note_flight(struct rude_peer *p, size_t before)
{
    const uint8_t *flight = p->out.bytes + before;
    const size_t len = p->out.len - before;
    if (p->learning && p->flight < RUDE_FLIGHTS) {
        size_t records = 0;
        for (size_t at = 0; at < len; records++) {
            at += HEADER + ((size_t)flight[at + 3] << 8 | flight[at + 4]);
        }
        p->kind->record_count[p->flight] = records;
        p->kind->flight_count = p->flight + 1;
    }
    if (!p->learning && p->stage == RUDE_SCRIPT && p->flight == p->place.flight) {
        p->limit = before + find_place(p, flight, len);
    }
    p->flight++;
}

/* How far into its flight the place is. A flight that is shorter than usual (the server refused
 * early data) ends there. */
static size_t find_place(const struct rude_peer *p, const uint8_t *flight, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < p->place.record && at < len; i++) {
        at += HEADER + ((size_t)flight[at + 3] << 8 | flight[at + 4]);
    }
    if (at >= len) {
        return len;
    }
    const size_t body = (size_t)flight[at + 3] << 8 | flight[at + 4];
    switch (p->place.where) {
    case RUDE_IN_HEADER:
        return at + 3;
    case RUDE_IN_BODY:
        return at + HEADER + (body + 1) / 2;
    default:
        return at;
    }
}

/* --- Out ------------------------------------------------------------------------------------- */

static void send_out(struct rude_peer *p, int64_t now)
{
    const bool last = p->stage == RUDE_SCRIPT && !p->learning &&
                      p->place.flight == p->kind->flight_count &&
                      p->flight == p->kind->flight_count && p->out.sent == p->out.len;
    if (p->slow && p->out.sent < p->out.len && now < p->due_ms) {
        return;
    }
    const size_t from = p->out.sent;
    const size_t most = p->slow ? 1 : p->limit == SIZE_MAX ? SIZE_MAX : p->limit - from;
    const bool fine = peer_out_write(&p->out, p->fd, most);
    const size_t n = p->out.sent - from;
    if (n > 0) {
        uint8_t *room = peer_out_room(&p->said, n);
        if (room != NULL) {
            memcpy(room, p->out.bytes + from, n);
            p->said.len += n;
        }
        p->due_ms = now + (p->misdeed == RUDE_TRICKLE ? TRICKLE_MS : DRIBBLE_MS);
        /* The flight that was cut has gone out whole: the rest of the script is quick. */
        p->slow = p->slow && p->out.sent < p->out.len;
        p->stage = p->stage == RUDE_AT_IT && !p->slow &&
                           (p->misdeed == RUDE_TRICKLE || p->misdeed == RUDE_DRIBBLE)
                       ? RUDE_SCRIPT
                       : p->stage;
    }
    if (!fine) {
        ended(p);
    } else if (p->stage == RUDE_SCRIPT && (p->out.sent == p->limit || last)) {
        begin_misdeed(p, now);
    }
}

static void begin_misdeed(struct rude_peer *p, int64_t now)
{
    p->limit = SIZE_MAX;
    p->misdeed_ms = now;
    p->stage = RUDE_AT_IT;
    const bool slow = p->misdeed == RUDE_TRICKLE || p->misdeed == RUDE_DRIBBLE;
    if (slow) {
        p->slow = p->out.sent < p->out.len;
        p->stage = p->slow ? RUDE_AT_IT : RUDE_SCRIPT;
        p->due_ms = now;
        return;
    }
    p->out.sent = p->out.len; /* the rest of the flight is not sent */
    switch (p->misdeed) {
    case RUDE_RESET:
    case RUDE_LEAVE:
        leave(p, p->misdeed == RUDE_RESET);
        break;
    case RUDE_HALF_CLOSE:
        (void)shutdown(p->fd, SHUT_WR);
        break;
    case RUDE_GARBAGE:
    case RUDE_FORGE:
        add_garbage(p, p->misdeed == RUDE_FORGE);
        break;
    case RUDE_REPEAT: {
        uint8_t *room = peer_out_room(&p->out, p->said.len);
        if (room != NULL && p->said.len > 0) {
            memcpy(room, p->said.bytes, p->said.len);
            p->out.len += p->said.len;
        }
        break;
    }
    default:
        break;
    }
}

static void leave(struct rude_peer *p, bool reset)
{
    const struct linger now = {.l_onoff = reset, .l_linger = 0};
    (void)setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    over(p, NULL);
}

static void add_garbage(struct rude_peer *p, bool formed)
{
    static const uint8_t types[] = {20, 21, 22, 23};
    if (!formed) {
        add_random(p, 1 + peer_random(&p->seed) % GARBAGE_MAX);
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        const size_t len = 1 + peer_random(&p->seed) % 300;
        const uint8_t head[HEADER] = {types[peer_random(&p->seed) % sizeof types], 3, 3,
                                      (uint8_t)(len >> 8), (uint8_t)len};
        uint8_t *room = peer_out_room(&p->out, sizeof head);
        if (room != NULL) {
            memcpy(room, head, sizeof head);
            p->out.len += sizeof head;
        }
        add_random(p, len);
    }
}

static void add_random(struct rude_peer *p, size_t len)
{
    uint8_t *room = peer_out_room(&p->out, len);
    if (room != NULL) {
        peer_fill(&p->seed, room, len);
        p->out.len += len;
    }
}

/* Data without end, as long as the server takes it in. */
static void be_deaf(struct rude_peer *p)
{
    while (p->said.sent < DEAF_MAX && p->stage == RUDE_AT_IT) {
        const size_t before = p->out.sent;
        if (p->out.sent == p->out.len && !add_data(p, false)) {
            over(p, "cannot send");
            return;
        }
        if (!peer_out_write(&p->out, p->fd, SIZE_MAX)) {
            ended(p);
        }
        p->said.sent += DATA_LEN;
        if (p->out.sent < p->out.len || p->out.sent == before) {
            return; /* the socket is full */
        }
    }
}

/* --- In -------------------------------------------------------------------------------------- */

void rude_readable(struct rude_peer *p, int64_t now)
{
    static uint8_t in[2 * IN_MAX];
    while (p->stage != RUDE_OVER && (p->misdeed != RUDE_DEAF || p->stage != RUDE_AT_IT)) {
        const bool scripted = p->stage == RUDE_SCRIPT || p->slow;
        if (scripted && p->kept_len > 0) {
            memcpy(in, p->kept, p->kept_len);
        }
        const ssize_t n = recv(p->fd, in + p->kept_len, IN_MAX, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            break;
        }
        if (n <= 0) {
            ended(p);
        } else if (scripted && take_in(p, in, p->kept_len + (size_t)n)) {
            go_on(p, now);
        }
    }
}

static bool take_in(struct rude_peer *p, uint8_t *bytes, size_t len)
{
    size_t at = 0;
    hf_status status = HF_OK;
    while (at < len && status == HF_OK) {
        hf_received got = {0};
        status = hf_conn_recv(p->conn, bytes + at, len - at, &got);
        at += got.consumed;
        if (got.kind == HF_GOT_DATA) {
            p->awaited -= got.len < p->awaited ? got.len : p->awaited;
        } else if (got.kind == HF_GOT_CLOSE) {
            p->served = p->steps == STEP_DONE && p->awaited == 0;
        }
    }
    if (status == HF_FAILED) {
        ended(p);
        return false;
    }
    p->kept_len = 0;
    if (at < len) {
        uint8_t *kept = realloc(p->kept, len - at);
        if (kept == NULL) {
            over(p, "no memory");
            return false;
        }
        memcpy(kept, bytes + at, len - at);
        p->kept = kept;
        p->kept_len = len - at;
    }
    return true;
}

/* --- Ends ------------------------------------------------------------------------------------ */

/* The server ended it, by an alert or on the socket. */
static void ended(struct rude_peer *p)
{
    if (must_be_served(p, peer_clock_ms()) && !p->served) {
        over(p, "ended without being served");
    } else if (p->stage == RUDE_SCRIPT && !p->served && p->misdeed != RUDE_TRICKLE &&
               p->misdeed != RUDE_DRIBBLE) {
        over(p, "ended before anything was wrong");
    } else {
        over(p, NULL);
    }
}

/* Whoever does nothing that is forbidden, and is quick enough. */
static bool must_be_served(const struct rude_peer *p, int64_t now)
{
    return p->learning ||
           (p->misdeed == RUDE_DRIBBLE && now - p->came_ms < p->times->handshake_ms - 500);
}

static void over(struct rude_peer *p, const char *failure)
{
    if (p->stage != RUDE_OVER) {
        p->failure = failure;
        p->stage = RUDE_OVER;
    }
}

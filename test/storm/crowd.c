/* The calm: crowd PORT CA COUNT PERIOD_MS SEED
 *
 * COUNT connections to a `handfast serve --echo`, each of which shakes hands, some of them resumed,
 * sends a message every PERIOD_MS and compares what comes back byte by byte. After some messages a
 * connection closes in good order and another takes its place. A connection that ends in any other
 * way, or is not answered in PATIENCE_MS, is a failure: the first ones are told on stderr.
 *
 * Lines on stdin: "report" answers with the counters as a JSON object; "steady" lets no more
 * connections be replaced; "last" makes each connection send one long message, piece by piece,
 * while which the server may be told to end: the message must come back whole, before the server's
 * close_notify; "leave" closes all. The program ends when no connection is left, with exit code 1
 * when there were failures.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "storm/peer.h"

enum {
    SHAKING_MAX = 40,    /* handshakes at a time */
    PATIENCE_MS = 40000, /* for a handshake, an answer, a close */
    LINGER_MESSAGES = 24,
    MESSAGE_MAX = 3000,
    LAST_PIECE = 4000,
    LAST_PIECES = 4,
    LAST_PAUSE_MS = 150,
    IN_MAX = 1 << 16,
    EVENTS = 256,
    SESSIONS = 64,
    KINDS = 2,
};

struct member {
    hf_conn *conn;
    int fd;
    int kind;
    bool connected, closing, is_last;
    unsigned messages; /* still to be sent */
    unsigned pieces;   /* of the last message, still to be sent */
    uint64_t message;  /* the random state that the message under way began with */
    uint64_t expected; /* ... and that the next byte to come follows from */
    size_t awaited;    /* bytes that are to come back */
    int64_t due_ms, late_ms;
    struct peer_out out;
    uint8_t *kept; /* part of a record */
    size_t kept_len;
};

static struct {
    struct peer_world world;
    hf_config *config[KINDS];
    hf_session *session[KINDS][SESSIONS];
    size_t session_count[KINDS];
    struct member *members;
    size_t count, open, shaking, next;
    uint16_t port;
    int epoll;
    int64_t period_ms;
    uint64_t random;
    bool steady, last, leaving;
    uint64_t handshakes, resumed, exchanges, bytes, failures;
} crowd;

static bool prepare(char **argv);
static void run(void);
static void obey(void);
static void report(void);
static void look_at_all(int64_t now);
static void look_at(struct member *m, int64_t now);
static void come(struct member *m, int64_t now);
static void say(struct member *m, size_t len, int64_t now);
static void say_last(struct member *m, int64_t now);
static void on_readable(struct member *m);
static bool take_in(struct member *m, uint8_t *bytes, size_t len);
static bool compare(struct member *m, const uint8_t *data, size_t len);
static void note_connected(struct member *m);
static void keep_session(struct member *m);
static void push(struct member *m);
static void close_member(struct member *m);
static void gone(struct member *m, const char *failure);

int main(int argc, char **argv)
{
    if (argc != 6 || !prepare(argv)) {
        (void)fprintf(stderr, "crowd PORT CA COUNT PERIOD_MS SEED\n");
        return 2;
    }
    run();
    report();
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < SESSIONS; i++) {
            hf_session_free(crowd.session[kind][i]);
        }
        hf_config_free(crowd.config[kind]);
    }
    peer_world_close(&crowd.world);
    free(crowd.members);
    (void)close(crowd.epoll);
    return crowd.failures == 0 ? 0 : 1;
}

static bool prepare(char **argv)
{
    static const struct peer_wish wish[KINDS] = {{.version = HF_TLS13}, {.version = HF_TLS12}};
    crowd.port = (uint16_t)strtoul(argv[1], NULL, 10);
    crowd.count = strtoul(argv[3], NULL, 10);
    crowd.period_ms = strtol(argv[4], NULL, 10);
    crowd.random = strtoul(argv[5], NULL, 10) * 2 + 1;
    crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
    crowd.members = calloc(crowd.count, sizeof *crowd.members);
    if (!peer_world_open(&crowd.world, argv[2], NULL, NULL) || crowd.members == NULL) {
        return false;
    }
    for (size_t i = 0; i < crowd.count; i++) {
        crowd.members[i].fd = -1;
    }
    for (size_t kind = 0; kind < KINDS; kind++) {
        crowd.config[kind] = peer_config(&crowd.world, &wish[kind]);
        if (crowd.config[kind] == NULL) {
            return false;
        }
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    return epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == 0;
}

static void run(void)
{
    int64_t looked = 0;
    do {
        struct epoll_event events[EVENTS];
        const int n = epoll_wait(crowd.epoll, events, EVENTS, 10);
        for (int i = 0; i < n; i++) {
            struct member *m = events[i].data.ptr;
            if (m == NULL) {
                obey();
            } else if (m->conn != NULL) {
                if ((events[i].events & EPOLLOUT) != 0) {
                    push(m);
                }
                if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0 && m->conn != NULL) {
                    on_readable(m);
                }
            }
        }
        const int64_t now = peer_clock_ms();
        if (now - looked >= 10) {
            looked = now;
            look_at_all(now);
        }
    } while (crowd.open > 0 || !crowd.leaving);
}

/* --- Commands -------------------------------------------------------------------------------- */

static void obey(void)
{
    char line[64];
    const ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
    if (n <= 0) { /* whoever started this has gone */
        crowd.leaving = true;
        (void)epoll_ctl(crowd.epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
        return;
    }
    line[n] = '\0';
    crowd.steady = crowd.steady || strncmp(line, "report", 6) != 0;
    crowd.last = crowd.last || strncmp(line, "last", 4) == 0;
    crowd.leaving = crowd.leaving || crowd.last || strncmp(line, "leave", 5) == 0;
    if (crowd.last) {
        const int64_t now = peer_clock_ms();
        for (size_t i = 0; i < crowd.count; i++) {
            struct member *m = &crowd.members[i];
            if (m->connected && m->conn != NULL && !m->closing && !m->is_last) {
                say_last(m, now);
            }
        }
    }
    report();
}

static void report(void)
{
    (void)printf("{\"open\": %zu, \"shaking\": %zu, \"handshakes\": %llu, \"resumed\": %llu, "
                 "\"exchanges\": %llu, \"bytes\": %llu, \"failures\": %llu}\n",
                 crowd.open, crowd.shaking, (unsigned long long)crowd.handshakes,
                 (unsigned long long)crowd.resumed, (unsigned long long)crowd.exchanges,
                 (unsigned long long)crowd.bytes, (unsigned long long)crowd.failures);
    (void)fflush(stdout);
}

/* --- Time ------------------------------------------------------------------------------------ */

static void look_at_all(int64_t now)
{
    for (size_t i = 0; i < crowd.count; i++) {
        look_at(&crowd.members[i], now);
    }
}

static void look_at(struct member *m, int64_t now)
{
    if (m->conn == NULL) {
        if (!crowd.leaving && crowd.shaking < SHAKING_MAX) {
            come(m, now);
        }
    } else if (now > m->late_ms) {
        gone(m, !m->connected ? "no handshake in time"
                : m->closing  ? "no close in time"
                              : "no answer in time");
    } else if (m->connected && !m->closing && now >= m->due_ms) {
        if (m->pieces > 0) {
            m->pieces--;
            say(m, LAST_PIECE, now);
            m->due_ms = now + LAST_PAUSE_MS;
        } else if (m->awaited == 0 && !m->is_last &&
                   (crowd.leaving || (m->messages == 0 && !crowd.steady))) {
            close_member(m);
        } else if (m->awaited == 0 && !m->is_last) {
            m->messages -= m->messages > 0;
            say(m, 1 + peer_random(&crowd.random) % MESSAGE_MAX, now);
            m->due_ms = now + crowd.period_ms;
        }
    }
}

static void come(struct member *m, int64_t now)
{
    const uint64_t number = crowd.next++;
    const hf_session *session = NULL;
    m->kind = number % 4 == 3 ? 1 : 0;
    if (number % 2 == 1 && crowd.session_count[m->kind] > 0) {
        session = crowd.session[m->kind][number % crowd.session_count[m->kind]];
    }
    m->conn = peer_new(crowd.config[m->kind], session, false);
    m->fd = m->conn == NULL ? -1 : peer_dial(crowd.port);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = m};
    crowd.open++;
    crowd.shaking++;
    m->messages = LINGER_MESSAGES / 2 + peer_random(&crowd.random) % LINGER_MESSAGES;
    m->late_ms = now + PATIENCE_MS;
    if (m->fd < 0 || epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, m->fd, &event) != 0) {
        gone(m, strerror(errno));
        return;
    }
    push(m);
}

/* --- Saying and hearing ---------------------------------------------------------------------- */

/* Sends len random bytes, which are to come back. */
static void say(struct member *m, size_t len, int64_t now)
{
    uint8_t data[LAST_PIECE];
    if (m->awaited == 0) {
        m->message = m->expected = ((uint64_t)peer_random(&crowd.random) << 1) + 1;
    }
    peer_fill(&m->message, data, len);
    m->awaited += len;
    m->late_ms = now + PATIENCE_MS;
    size_t taken = 0;
    while (taken < len) {
        enum { ROOM = 2 * LAST_PIECE };
        uint8_t *room = peer_out_room(&m->out, ROOM);
        hf_buf buf = {room, room == NULL ? 0 : ROOM, 0};
        size_t part = 0;
        const hf_status status =
            hf_conn_send(m->conn, (hf_span){data + taken, len - taken}, &buf, &part);
        if (room == NULL || status == HF_FAILED || buf.pos == 0) {
            gone(m, "cannot send");
            return;
        }
        m->out.len += buf.pos;
        taken += part;
    }
    push(m);
}

/* The rest follows as time goes on: the first piece behind what is still under way. */
static void say_last(struct member *m, int64_t now)
{
    m->is_last = true;
    m->pieces = LAST_PIECES - 1;
    say(m, LAST_PIECE, now);
    m->due_ms = now + LAST_PAUSE_MS;
}

static void on_readable(struct member *m)
{
    static uint8_t in[2 * IN_MAX];
    while (m->conn != NULL) {
        if (m->kept_len > 0) {
            memcpy(in, m->kept, m->kept_len);
        }
        const ssize_t n = recv(m->fd, in + m->kept_len, IN_MAX, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        if (n <= 0) {
            gone(m, m->closing ? NULL : n == 0 ? "the stream ended" : strerror(errno));
            return;
        }
        if (!take_in(m, in, m->kept_len + (size_t)n)) {
            return;
        }
        push(m);
    }
}

/* False: the connection has gone. */
static bool take_in(struct member *m, uint8_t *bytes, size_t len)
{
    size_t at = 0;
    hf_status status = HF_OK;
    while (at < len && status == HF_OK) {
        hf_received got = {0};
        status = hf_conn_recv(m->conn, bytes + at, len - at, &got);
        at += got.consumed;
        if (status == HF_FAILED) {
            const hf_error *error = hf_conn_error(m->conn);
            gone(m, error->detail[0] != '\0' ? error->detail : hf_err_lookup(error->code)->name);
            return false;
        }
        note_connected(m);
        if (got.kind == HF_GOT_DATA && !compare(m, got.data, got.len)) {
            gone(m, "what comes back is not what was sent");
            return false;
        }
        if (got.kind == HF_GOT_CLOSE) {
            const bool fine = m->closing || (m->is_last && m->pieces == 0 && m->awaited == 0);
            gone(m, fine ? NULL : "closed by the server");
            return false;
        }
    }
    m->kept_len = 0;
    if (at < len) {
        uint8_t *kept = realloc(m->kept, len - at);
        if (kept == NULL) {
            gone(m, "no memory");
            return false;
        }
        memcpy(kept, bytes + at, len - at);
        m->kept = kept;
        m->kept_len = len - at;
    }
    return true;
}

static bool compare(struct member *m, const uint8_t *data, size_t len)
{
    if (len > m->awaited) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (data[i] != (uint8_t)peer_random(&m->expected)) {
            return false;
        }
    }
    m->awaited -= len;
    crowd.bytes += len;
    if (m->awaited == 0 && m->pieces == 0) {
        crowd.exchanges++;
        keep_session(m);
        m->late_ms = peer_clock_ms() + PATIENCE_MS;
    }
    return true;
}

static void note_connected(struct member *m)
{
    if (m->connected || !hf_conn_is_connected(m->conn)) {
        return;
    }
    hf_conn_info info;
    hf_conn_describe(m->conn, &info);
    m->connected = true;
    crowd.shaking--;
    crowd.handshakes++;
    crowd.resumed += info.resumed;
    hf_conn_forget_peer_chain(m->conn);
    const int64_t now = peer_clock_ms();
    m->due_ms = now + peer_random(&crowd.random) % (uint32_t)crowd.period_ms;
    m->late_ms = now + PATIENCE_MS;
    if (crowd.last) {
        say_last(m, now);
    }
}

/* Sessions are offered more than once: linkable, but this is a test. */
static void keep_session(struct member *m)
{
    hf_session *session = hf_conn_take_session(m->conn);
    if (session == NULL) {
        return;
    }
    const size_t at = crowd.session_count[m->kind] < SESSIONS
                          ? crowd.session_count[m->kind]++
                          : peer_random(&crowd.random) % SESSIONS;
    hf_session_free(crowd.session[m->kind][at]);
    crowd.session[m->kind][at] = session;
}

static void push(struct member *m)
{
    if (m->conn != NULL &&
        (!peer_out_flush(&m->out, m->conn) || !peer_out_write(&m->out, m->fd, SIZE_MAX))) {
        /* After its own close the server need not read on. */
        if (!m->closing) {
            gone(m, strerror(errno));
        }
    }
}

static void close_member(struct member *m)
{
    m->closing = true;
    m->late_ms = peer_clock_ms() + PATIENCE_MS;
    (void)hf_conn_close(m->conn);
    push(m);
}

/* failure: NULL when it ended as it should. */
static void gone(struct member *m, const char *failure)
{
    enum { TOLD = 20 };
    if (failure != NULL && crowd.failures++ < TOLD) {
        (void)fprintf(stderr, "connection %zu: %s in %s, %zu bytes awaited%s\n",
                      (size_t)(m - crowd.members), failure,
                      m->conn == NULL ? "nothing" : hf_conn_state(m->conn), m->awaited,
                      m->is_last ? ", in the last message" : "");
    }
    crowd.shaking -= !m->connected;
    crowd.open--;
    if (m->fd >= 0) {
        (void)close(m->fd);
    }
    hf_conn_free(m->conn);
    free(m->out.bytes);
    free(m->kept);
    *m = (struct member){.fd = -1};
}

/* Every allocation of every kind of handshake fails once: the connection ends with NO_MEMORY,
 * nothing is lost and nothing is left behind. And what an end takes: how often, how much at most,
 * how much while it is idle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/counted.h"
#include "support/rerun.h"
#include "support/tape.h"
#include "support/watched_heap.h"
#include "wire/message.h"

static struct run run;

static int drop_run(void **state)
{
    (void)state;
    heap_stop(&engine);
    heap_stop(&libcrypto);
    run_clear(&run);
    return 0;
}

/* --- Failing ------------------------------------------------------------------------------------
 */

static bool is_out_of_memory(const hf_conn *conn)
{
    const hf_error *e = hf_conn_error(conn);
    if (e->code != HF_E_NO_MEMORY) {
        return false;
    }
    assert_int_equal(e->alert, HF_ALERT_internal_error);
    return true;
}

/* One of the two knows why; the other was told, or heard nothing because there was no memory for
 * that either. */
static void must_be_out_of_memory(const struct pair *p, long n)
{
    const bool client = is_out_of_memory(p->client.conn);
    const bool server = is_out_of_memory(p->server.conn);
    if (client == server) {
        fail_msg("%s, allocation %ld: %s", run_name(run.kind), n, run_describe(p));
    }
    const hf_error *other = hf_conn_error(client ? p->server.conn : p->client.conn);
    const bool was_told =
        other->code == HF_E_ALERT_RECEIVED && other->alert == HF_ALERT_internal_error;
    if (other->code != HF_E_NONE && !was_told) {
        fail_msg("%s, allocation %ld: %s", run_name(run.kind), n, run_describe(p));
    }
}

/* Who does the operations: the engine at once, or somebody outside of it. */
enum { ALL_OPS = HF_OP_BIT(HF_OP_COUNT) - 2 };

static void make(enum run_kind kind, bool is_external)
{
    run_make(&run, kind);
    if (is_external) {
        assert_int_equal(hf_config_external_ops(run.client, ALL_OPS), HF_OK);
        assert_int_equal(hf_config_external_ops(run.server, ALL_OPS), HF_OK);
    }
    (void)pair_freeze(run.client);
    (void)pair_freeze(run.server);
}

/* Runs with the n-th allocation failing. False: there are not so many. */
static bool fail_engine_at(enum run_kind kind, bool is_external, long n, int *did_without)
{
    const size_t before = engine.live;
    make(kind, is_external);
    heap_start(&engine, n);
    struct pair *p = run_start(&run, NULL);
    const bool is_connected = p != NULL && run_finish(&run, p);
    heap_stop(&engine);
    if (is_connected) {
        *did_without += engine.has_failed;
    } else if (p != NULL) {
        must_be_out_of_memory(p, n);
    }
    pair_free(p);
    run_clear(&run);
    if (engine.dirty != 0 || engine.live != before) {
        fail_msg("%s, allocation %ld: %zu blocks came back unwiped, %zd bytes did not",
                 run_name(kind), n, engine.dirty, (ssize_t)(engine.live - before));
    }
    return engine.has_failed;
}

/* What a handshake can do without. Room that a server asks for ahead of its flight spares it
 * others, no more; and whom it fails to compress a certificate shows it as it is. TLS 1.2 keeps
 * messages for a signature that may never be asked for. A session that is not found costs the
 * resumption. */
static int did_without_most(enum run_kind kind)
{
    return kind == RUN_COMPRESSED || kind == RUN_STORED || run_is_12(kind) ? 5 : 4;
}

static long fail_engine(enum run_kind kind, bool is_external)
{
    int did_without = 0;
    long n = 1;
    while (fail_engine_at(kind, is_external, n, &did_without)) {
        n++;
    }
    assert_true(n > 10);
    if (did_without > did_without_most(kind)) {
        fail_msg("%s: connected %d times without the memory", run_name(kind), did_without);
    }
    return n - 1;
}

static void every_allocation_of_the_engine_fails(void **state)
{
    (void)state;
    long inside = 0;
    long outside = 0;
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        inside += fail_engine((enum run_kind)kind, false);
        outside += fail_engine((enum run_kind)kind, true);
    }
    counted(RUN_KIND_COUNT, "kinds of handshake, every allocation failing");
    counted(inside, "allocations of the engine that failed");
    counted(outside, "allocations of the engine that failed, with all operations outside");
}

/* What a server has kept lives on. */
static void empty_store(void)
{
    if (run.store != NULL) {
        hf_session_store_clear(run.store);
    }
}

/* libcrypto's allocations: it says of most failures only that something failed, so that the code
 * may be another. Nobody is connected to anybody who has not proved himself. */
static bool fail_libcrypto_at(long n)
{
    empty_store();
    const size_t before = engine.live;
    heap_start(&engine, 0);
    heap_start(&libcrypto, n);
    struct pair *p = run_start(&run, NULL);
    assert_non_null(p);
    const bool is_connected = run_finish(&run, p);
    heap_stop(&libcrypto);
    if (!is_connected) {
        const bool client = hf_conn_error(p->client.conn)->code != HF_E_NONE;
        const bool server = hf_conn_error(p->server.conn)->code != HF_E_NONE;
        assert_true(client || server);
    }
    pair_free(p);
    empty_store();
    if (engine.dirty != 0 || engine.live != before) {
        fail_msg("%s, allocation %ld of libcrypto: %zu blocks came back unwiped, %zd bytes did not",
                 run_name(run.kind), n, engine.dirty, (ssize_t)(engine.live - before));
    }
    return libcrypto.has_failed;
}

static void allocations_of_libcrypto_fail(void **state)
{
    (void)state;
    long failed = 0;
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        /* libcrypto 3.0 itself loses numbers when it cannot hand an RSA key over to decrypt. */
        if (kind == RUN_12_RSA || kind == RUN_12_RSA_MUTUAL) {
            continue;
        }
        run_make(&run, (enum run_kind)kind);
        struct pair *p = run_start(&run, NULL); /* after which compressed certificates are there */
        run_must_finish(&run, p);
        pair_free(p);
        for (long n = 1; fail_libcrypto_at(n); n++) {
            failed++;
        }
        run_clear(&run);
    }
    counted(failed, "allocations of libcrypto that failed");
}

/* --- Counting -----------------------------------------------------------------------------------
 */

enum {
    COUNT_MOST = 6,
    PEAK_MOST = 10 * 1024, /* beside the certificates */
    IDLE_MOST = 3 * 1024,  /* without the peer's chain */
    CHAIN = 512,           /* ... and what a session keeps of it */
    ADDRESS = 16,          /* the peer's, which a cookie is bound to */
    VERBATIM = 4096,       /* the messages that a client of TLS 1.2 signs */
    MASTER = 128,          /* TLS 1.2 keeps its master secret and the randoms for exporters */
    RESUMPTION = 224,      /* the early exporter, what sessions are made of, and where they wait */
    SESSIONS = 2 * 512,    /* two tickets that nobody takes */
    FIELD = 1024,          /* shares and the secret of 2048 bits each */
    TICKET = 2048,         /* room for the state and the ticket that is sealed from it */
    TRANSCRIPT = 256       /* kept where a certificate may be asked for later */
};

struct taken {
    size_t count, peak, idle, chain;
    size_t libcrypto_count, libcrypto_peak;
};

/* What one end takes from its making to the idle connection. */
static struct taken measure(hf_role role, const struct recording *rec)
{
    empty_store();
    const size_t base = engine.live;
    const size_t libcrypto_base = libcrypto.live;
    struct rerun r;
    heap_start(&engine, 0);
    heap_start(&libcrypto, 0);
    rerun_begin(&r, &run, role);
    rerun_feed(&r, rec->to[role].data, rec->to[role].len);
    assert_true(rerun_is_done(&r));
    const size_t with_chain = engine.live;
    hf_conn_forget_peer_chain(r.conn);
    const struct taken taken = {
        .count = engine.count,
        .peak = engine.peak - base,
        .idle = engine.live - base,
        .chain = with_chain - engine.live,
        .libcrypto_count = libcrypto.count,
        .libcrypto_peak = libcrypto.peak - libcrypto_base,
    };
    rerun_end(&r);
    empty_store();
    assert_int_equal(engine.live, base);
    assert_int_equal(engine.dirty, 0);
    return taken;
}

/* The longest certificate message of a run: at the peak one end may hold it, to be sent or just
 * heard. */
static size_t longest_certificate(void)
{
    struct tape tape;
    tape_begin(&tape);
    struct pair *p = run_start(
        &run, &(struct pair_options){.client_trace = &tape.trace, .server_trace = &tape.trace});
    run_must_finish(&run, p);
    size_t longest = 0;
    for (size_t i = 0; i < tape.count; i++) {
        const struct tape_message *m = &tape.message[i];
        const bool is_certificate =
            m->type == MSG_CERTIFICATE || m->type == MSG_COMPRESSED_CERTIFICATE;
        longest = is_certificate && m->len > longest ? m->len : longest;
    }
    pair_free(p);
    tape_end(&tape);
    return longest;
}

/* Sessions are asked for or resumed. */
static bool has_session(enum run_kind kind)
{
    return (kind >= RUN_TICKETS && kind <= RUN_STORED) || kind >= RUN_12_TICKETS;
}

/* Sessions are with the server's chain. */
static bool has_chain(enum run_kind kind)
{
    return kind == RUN_REVERIFIED || kind == RUN_12_REVERIFIED;
}

static size_t idle_most(enum run_kind kind)
{
    const bool has_psk = kind == RUN_PSK || kind == RUN_PSK_RETRY || kind == RUN_PSK_KE;
    const bool has_sessions = has_session(kind);
    size_t most = IDLE_MOST;
    most += has_psk || has_sessions ? RESUMPTION : 0;
    most += has_sessions ? SESSIONS : 0;
    most += has_chain(kind) ? CHAIN : 0;
    most += run_is_post(kind) ? TRANSCRIPT : 0;
    most += run_is_12(kind) ? MASTER : 0;
    most += kind == RUN_COOKIE || kind == RUN_COOKIE_GROUP ? ADDRESS : 0;
    return most;
}

/* What a kind of handshake takes beyond the plain one, in allocations. */
static size_t count_most(enum run_kind kind)
{
    switch (kind) {
    case RUN_FULL:
    case RUN_DEFAULTS:
    case RUN_MUTUAL_EMPTY:
    case RUN_CHOSEN_CONFIG:
        return COUNT_MOST;
    case RUN_RETRY:
    case RUN_PSK:
    case RUN_BARE:
        return COUNT_MOST + 1;
    case RUN_COOKIE:
    case RUN_COOKIE_GROUP:
    case RUN_PSK_RETRY:
        return COUNT_MOST + 3;
    case RUN_RESUMED_RETRY:
        return (size_t)2 * COUNT_MOST + 3;
    case RUN_12_MUTUAL:
    case RUN_12_RSA:
    case RUN_12_RSA_MUTUAL:
        return (size_t)2 * COUNT_MOST + 2; /* ... and the messages that the second one signs */
    default:
        return (size_t)2 * COUNT_MOST; /* two proofs */
    }
}

static void judge(enum run_kind kind, hf_role role, const struct taken *t, size_t certificates)
{
    const char *side = role == HF_CLIENT ? "client" : "server";
    print_message("%s, %s: %zu allocations, at most %zu bytes (%zu of certificates), idle %zu; "
                  "libcrypto: %zu, %zu\n",
                  run_name(kind), side, t->count, t->peak, certificates, t->idle,
                  t->libcrypto_count, t->libcrypto_peak);
    assert_in_range(t->count, 1, count_most(kind));
    const bool has_sessions = has_session(kind);
    assert_in_range(t->peak - certificates, 1,
                    PEAK_MOST + (count_most(kind) > (size_t)2 * COUNT_MOST ? VERBATIM : 0) +
                        (has_sessions ? TICKET : 0) + (has_chain(kind) ? 2 * CHAIN : 0) +
                        (kind == RUN_12_DHE ? FIELD : 0));
    assert_in_range(t->idle, 1, idle_most(kind));
}

static void what_a_connection_takes(void **state)
{
    (void)state;
    for (int kind = 0; kind < RUN_KIND_COUNT; kind++) {
        struct recording rec;
        run_make(&run, (enum run_kind)kind);
        recording_make(&rec, &run);
        const size_t message = longest_certificate();
        for (int role = 0; role < 2; role++) {
            const struct taken taken = measure((hf_role)role, &rec);
            judge((enum run_kind)kind, (hf_role)role, &taken, message + taken.chain);
        }
        recording_free(&rec);
        run_clear(&run);
    }
}

int main(void)
{
    if (!heap_install()) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_allocation_of_the_engine_fails, drop_run),
        cmocka_unit_test_teardown(allocations_of_libcrypto_fail, drop_run),
        cmocka_unit_test_teardown(what_a_connection_takes, drop_run),
    };
    return cmocka_run_group_tests(tests, run_setup, run_teardown);
}

/* What full handshakes of TLS 1.3 and 1.2, and resumed ones of TLS 1.2, cost, each side on its own:
 * ours beside libssl's, on the same certificates, and beside the floor, which is the sum of the raw
 * operations that no implementation over libcrypto can do without.
 *
 * Both are pumped in memory, a batch of connections at a time: all clients speak, then all servers,
 * and so on, as on a busy server, so that neither side pays for the other's caches; and each batch
 * runs once unmeasured, so that no case pays for what ran before it. Each connection is timed
 * alone, every call for the side that it serves, from creating it to freeing it; a round's figure
 * is the median of its connections, so that those which the scheduler interrupted do not count. The
 * cases run interleaved; the table shows medians over rounds, with ratios and differences within
 * one round.
 */
#include "raw.h"

#include "bench.h"

#include <openssl/ssl.h>

#include "support/pair.h"

enum { CONFIGS = 14, BATCH = 16, WIRE_CAP = 8192, MODES = 15 };

/* --- Time and allocations --------------------------------------------------------------------- */

static uint64_t allocations;

/* Interposed for the whole process, libcrypto and libssl included. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
/* The C library's own parameter names are reserved.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
__attribute__((visibility("default"))) void *malloc(size_t n)
{
    allocations++;
    return __libc_malloc(n);
}
__attribute__((visibility("default"))) void *calloc(size_t n, size_t m)
{
    allocations++;
    return __libc_calloc(n, m);
}
__attribute__((visibility("default"))) void *realloc(void *p, size_t n)
{
    allocations++;
    return __libc_realloc(p, n);
}
__attribute__((visibility("default"))) void *aligned_alloc(size_t align, size_t n)
{
    allocations++;
    return __libc_memalign(align, n);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* What the handshakes of a batch cost one side. */
struct cost {
    double ns[BATCH];
    double allocs; /* of all of them */
};

struct meter {
    double start;
    uint64_t start_allocs;
};

/* Time on the wall: reading the CPU's takes a system call. */
static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct meter meter_start(void)
{
    struct meter m = {now_ns(), allocations};
    return m;
}

static void meter_add(struct meter m, struct cost *cost, size_t i)
{
    cost->ns[i] += now_ns() - m.start;
    cost->allocs += (double)(allocations - m.start_allocs);
}

/* --- Ours ------------------------------------------------------------------------------------- */

struct wire {
    uint8_t data[WIRE_CAP];
    size_t len;
};

struct ours {
    const hf_config *client, *server;
    hf_session *session; /* to resume; NULL: none */
};

static void ours_pump(hf_conn *conn, struct wire *in, struct wire *out)
{
    size_t at = 0;
    while (at < in->len) {
        hf_received r;
        if (hf_conn_recv(conn, in->data + at, in->len - at, &r) != HF_OK) {
            break;
        }
        at += r.consumed;
    }
    hf_buf buf = {out->data, sizeof out->data, 0};
    (void)hf_conn_flush(conn, &buf);
    out->len = buf.pos;
    in->len = 0;
}

static hf_conn *clients[BATCH], *servers[BATCH];
static struct wire to_server[BATCH], to_client[BATCH];

static void ours_new(const hf_config *config, const hf_session *session, const char *name,
                     hf_conn **out, struct cost *cost)
{
    hf_conn_params params = {
        .size = sizeof params, .now_ms = PKI_NOW * 1000, .server_name = name, .session = session};
    for (size_t i = 0; i < BATCH; i++) {
        struct meter m = meter_start();
        raw_require(hf_conn_new(config, &params, &out[i]) == HF_OK, "a connection");
        (void)!hf_conn_drive(out[i]);
        meter_add(m, cost, i);
    }
}

static void ours_pump_all(hf_conn **conns, struct wire *in, struct wire *out, struct cost *cost)
{
    for (size_t i = 0; i < BATCH; i++) {
        struct meter m = meter_start();
        ours_pump(conns[i], &in[i], &out[i]);
        meter_add(m, cost, i);
    }
}

static void ours_free(hf_conn **conns, struct cost *cost)
{
    for (size_t i = 0; i < BATCH; i++) {
        raw_require(hf_conn_is_connected(conns[i]), "our handshake");
        struct meter m = meter_start();
        hf_conn_free(conns[i]);
        meter_add(m, cost, i);
    }
}

static void ours_handshakes(const struct ours *o, struct cost *client_cost,
                            struct cost *server_cost)
{
    ours_new(o->client, o->session, "server.example", clients, client_cost);
    ours_pump_all(clients, to_client, to_server, client_cost);
    ours_new(o->server, NULL, NULL, servers, server_cost);
    ours_pump_all(servers, to_server, to_client, server_cost);
    ours_pump_all(clients, to_client, to_server, client_cost);
    ours_pump_all(servers, to_server, to_client, server_cost);
    if (to_client[0].len > 0) {
        /* TLS 1.2: the server's Finished comes last. */
        ours_pump_all(clients, to_client, to_server, client_cost);
    }
    hf_conn_info info;
    hf_conn_describe(servers[0], &info);
    raw_require(info.resumed == (o->session != NULL), "a session is resumed");
    ours_free(clients, client_cost);
    ours_free(servers, server_cost);
}

/* The session of one handshake, for all those that are measured. */
static void ours_get_session(struct ours *o)
{
    struct pair *p = pair_new(&(struct pair_options){.client = o->client, .server = o->server});
    raw_require(p != NULL && pair_handshake(p), "a first handshake");
    o->session = hf_conn_take_session(p->client.conn);
    raw_require(o->session != NULL, "a session");
    pair_free(p);
}

/* --- libssl ----------------------------------------------------------------------------------- */

struct peer {
    SSL_CTX *client, *server;
    SSL_SESSION *session; /* to resume; NULL: none */
};

/* How sessions are kept: those that are not resumed cost neither us nor libssl anything. */
enum keep { KEEP_NOT, KEEP_TICKET, KEEP_ID };

static void peer_keep(SSL_CTX *server, enum keep keep)
{
    SSL_CTX_set_num_tickets(server, 0);
    if (keep != KEEP_TICKET) {
        SSL_CTX_set_options(server, SSL_OP_NO_TICKET);
    }
    SSL_CTX_set_session_cache_mode(server,
                                   keep == KEEP_ID ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
}

static struct peer peer_new(const struct pki *pki, int version, enum keep keep)
{
    struct peer p = {SSL_CTX_new(TLS_client_method()), SSL_CTX_new(TLS_server_method()), NULL};
    BIO *chain = BIO_new_mem_buf(pki->chain_pem, -1);
    BIO *ca = BIO_new_mem_buf(pki->ca_pem, -1);
    BIO *key = BIO_new_mem_buf(pki->key_pem, -1);
    X509 *leaf = PEM_read_bio_X509(chain, NULL, NULL, NULL);
    X509 *intermediate = PEM_read_bio_X509(chain, NULL, NULL, NULL);
    X509 *root = PEM_read_bio_X509(ca, NULL, NULL, NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    raw_require(SSL_CTX_use_certificate(p.server, leaf) == 1 &&
                    SSL_CTX_add1_chain_cert(p.server, intermediate) == 1 &&
                    SSL_CTX_use_PrivateKey(p.server, pkey) == 1 &&
                    X509_STORE_add_cert(SSL_CTX_get_cert_store(p.client), root) == 1,
                "libssl's certificates");
    SSL_CTX_set_verify(p.client, SSL_VERIFY_PEER, NULL);
    for (int i = 0; i < 2; i++) {
        SSL_CTX *ctx = i == 0 ? p.client : p.server;
        SSL_CTX_set_min_proto_version(ctx, version);
        SSL_CTX_set_max_proto_version(ctx, version);
        SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-GCM-SHA256");
        /* RFC 8422, 5.1: in TLS 1.2 the curve of the certificate must be named too. */
        SSL_CTX_set1_groups_list(ctx, version == TLS1_2_VERSION ? "X25519:P-256" : "X25519");
        SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256");
    }
    peer_keep(p.server, keep);
    X509_free(leaf);
    X509_free(intermediate);
    X509_free(root);
    EVP_PKEY_free(pkey);
    BIO_free(chain);
    BIO_free(ca);
    BIO_free(key);
    return p;
}

static SSL *ssl_clients[BATCH], *ssl_servers[BATCH];

static SSL *peer_end(SSL_CTX *ctx, SSL_SESSION *session, bool is_client)
{
    SSL *ssl = SSL_new(ctx);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (is_client) {
        SSL_set_connect_state(ssl);
        SSL_set_tlsext_host_name(ssl, "server.example");
        SSL_set1_host(ssl, "server.example");
        if (session != NULL) {
            SSL_set_session(ssl, session);
        }
    } else {
        SSL_set_accept_state(ssl);
    }
    return ssl;
}

static void peer_new_all(SSL_CTX *ctx, SSL_SESSION *session, bool is_client, SSL **out,
                         struct cost *cost)
{
    for (size_t i = 0; i < BATCH; i++) {
        struct meter m = meter_start();
        out[i] = peer_end(ctx, session, is_client);
        meter_add(m, cost, i);
    }
}

static void peer_pump_all(SSL **ssls, struct wire *in, struct wire *out, struct cost *cost)
{
    for (size_t i = 0; i < BATCH; i++) {
        struct meter m = meter_start();
        if (in[i].len > 0) {
            BIO_write(SSL_get_rbio(ssls[i]), in[i].data, (int)in[i].len);
            in[i].len = 0;
        }
        (void)SSL_do_handshake(ssls[i]);
        int n = BIO_read(SSL_get_wbio(ssls[i]), out[i].data, sizeof out[i].data);
        out[i].len = n > 0 ? (size_t)n : 0;
        meter_add(m, cost, i);
    }
}

static void peer_free_all(SSL **ssls, struct cost *cost)
{
    for (size_t i = 0; i < BATCH; i++) {
        raw_require(SSL_is_init_finished(ssls[i]), "libssl's handshake");
        struct meter m = meter_start();
        /* Else its session would be thrown away. */
        SSL_set_shutdown(ssls[i], SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(ssls[i]);
        meter_add(m, cost, i);
    }
}

static void peer_handshakes(struct peer *p, struct cost *client_cost, struct cost *server_cost)
{
    peer_new_all(p->client, p->session, true, ssl_clients, client_cost);
    peer_pump_all(ssl_clients, to_client, to_server, client_cost);
    peer_new_all(p->server, NULL, false, ssl_servers, server_cost);
    peer_pump_all(ssl_servers, to_server, to_client, server_cost);
    peer_pump_all(ssl_clients, to_client, to_server, client_cost);
    peer_pump_all(ssl_servers, to_server, to_client, server_cost);
    if (to_client[0].len > 0) {
        peer_pump_all(ssl_clients, to_client, to_server, client_cost);
    }
    raw_require(SSL_session_reused(ssl_servers[0]) == (p->session != NULL), "libssl resumes");
    peer_free_all(ssl_clients, client_cost);
    peer_free_all(ssl_servers, server_cost);
}

static SSL_SESSION *kept;

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(kept);
    kept = session;
    return 1;
}

/* A session of TLS 1.3, of which the server issues one each time. */
static void peer_get_session13(struct peer *p)
{
    static struct cost ignored;
    uint8_t byte;
    SSL_CTX_set_num_tickets(p->server, 1);
    SSL_CTX_set_session_cache_mode(p->client,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(p->client, keep_session);
    peer_new_all(p->client, NULL, true, ssl_clients, &ignored);
    peer_new_all(p->server, NULL, false, ssl_servers, &ignored);
    for (int i = 0; i < 3; i++) {
        peer_pump_all(ssl_clients, to_client, to_server, &ignored);
        peer_pump_all(ssl_servers, to_server, to_client, &ignored);
    }
    for (size_t i = 0; i < BATCH; i++) {
        BIO_write(SSL_get_rbio(ssl_clients[i]), to_client[i].data, (int)to_client[i].len);
        to_client[i].len = 0;
        (void)SSL_read(ssl_clients[i], &byte, 1); /* takes the ticket */
    }
    raw_require(kept != NULL, "libssl's session");
    p->session = kept;
    kept = NULL;
    peer_free_all(ssl_clients, &ignored);
    peer_free_all(ssl_servers, &ignored);
    SSL_CTX_set_session_cache_mode(p->client, SSL_SESS_CACHE_OFF); /* or it is good once */
}

static void peer_get_session(struct peer *p)
{
    static struct cost ignored;
    peer_new_all(p->client, NULL, true, ssl_clients, &ignored);
    peer_new_all(p->server, NULL, false, ssl_servers, &ignored);
    for (int i = 0; i < 3; i++) {
        peer_pump_all(ssl_clients, to_client, to_server, &ignored);
        peer_pump_all(ssl_servers, to_server, to_client, &ignored);
    }
    p->session = SSL_get1_session(ssl_clients[0]);
    raw_require(p->session != NULL, "libssl's session");
    peer_free_all(ssl_clients, &ignored);
    peer_free_all(ssl_servers, &ignored);
}

/* --- Rounds ----------------------------------------------------------------------------------- */

enum mode {
    FLOOR,
    OURS,
    LIBSSL,
    OURS_PQ,
    FLOOR_KNOWN,
    OURS_KNOWN,
    OURS_12,
    LIBSSL_12,
    OURS_12_TICKET,
    LIBSSL_12_TICKET,
    OURS_12_ID,
    LIBSSL_12_ID,
    FLOOR_RESUMED,
    OURS_RESUMED,
    LIBSSL_RESUMED
};

struct bench_state {
    struct raw raw;
    struct ours classic, pq, known, old, old_ticket, old_id, resumed;
    struct peer peer, old_peer, old_peer_ticket, old_peer_id, resumed_peer;
};

/* A server makes a key, a shared secret and a signature; a client verifies three signatures
 * instead, or one where it knows the chain. */
static void floor_batch(struct raw *raw, int verifications, struct cost *client_cost,
                        struct cost *server_cost)
{
    for (size_t i = 0; i < BATCH; i++) {
        struct meter m = meter_start();
        raw_x25519_public(raw);
        raw_x25519_derive(raw);
        if (verifications > 0) {
            raw_p256_sign(raw); /* a session is proof enough */
        }
        meter_add(m, server_cost, i);
        m = meter_start();
        raw_x25519_public(raw);
        raw_x25519_derive(raw);
        for (int n = 0; n < verifications; n++) {
            raw_p256_verify(raw);
        }
        meter_add(m, client_cost, i);
    }
}

static void batch_of(struct bench_state *b, enum mode mode, struct cost *client_cost,
                     struct cost *server_cost)
{
    switch (mode) {
    case FLOOR:
        floor_batch(&b->raw, 3, client_cost, server_cost);
        break;
    case OURS_12:
        ours_handshakes(&b->old, client_cost, server_cost);
        break;
    case LIBSSL_12:
        peer_handshakes(&b->old_peer, client_cost, server_cost);
        break;
    case OURS_12_TICKET:
        ours_handshakes(&b->old_ticket, client_cost, server_cost);
        break;
    case LIBSSL_12_TICKET:
        peer_handshakes(&b->old_peer_ticket, client_cost, server_cost);
        break;
    case OURS_12_ID:
        ours_handshakes(&b->old_id, client_cost, server_cost);
        break;
    case LIBSSL_12_ID:
        peer_handshakes(&b->old_peer_id, client_cost, server_cost);
        break;
    case FLOOR_RESUMED:
        floor_batch(&b->raw, 0, client_cost, server_cost);
        break;
    case OURS_RESUMED:
        ours_handshakes(&b->resumed, client_cost, server_cost);
        break;
    case LIBSSL_RESUMED:
        peer_handshakes(&b->resumed_peer, client_cost, server_cost);
        break;
    case FLOOR_KNOWN:
        floor_batch(&b->raw, 1, client_cost, server_cost);
        break;
    case OURS_KNOWN:
        ours_handshakes(&b->known, client_cost, server_cost);
        break;
    case OURS:
        ours_handshakes(&b->classic, client_cost, server_cost);
        break;
    case LIBSSL:
        peer_handshakes(&b->peer, client_cost, server_cost);
        break;
    case OURS_PQ:
        ours_handshakes(&b->pq, client_cost, server_cost);
        break;
    }
}

static double figures[MODES][2][BENCH_ROUND_MAX]; /* ns by mode, side, round */
static double alloc_count[MODES][2];

static void round_of(struct bench_state *b, enum mode mode, size_t round)
{
    struct cost warm_up = {0};
    batch_of(b, mode, &warm_up, &warm_up);
    struct cost client_cost = {0};
    struct cost server_cost = {0};
    batch_of(b, mode, &client_cost, &server_cost);
    figures[mode][0][round] = bench_median(client_cost.ns, BATCH);
    figures[mode][1][round] = bench_median(server_cost.ns, BATCH);
    alloc_count[mode][0] = client_cost.allocs / BATCH;
    alloc_count[mode][1] = server_cost.allocs / BATCH;
}

/* Median over rounds of a mode's figure combined with another's of the same round. */
static double median_of(enum mode mode, int side, size_t rounds, int against, bool is_ratio)
{
    static double values[BENCH_ROUND_MAX];
    for (size_t r = 0; r < rounds; r++) {
        double base = against < 0 ? 0 : figures[against][side][r];
        values[r] = is_ratio ? figures[mode][side][r] / base : figures[mode][side][r] - base;
    }
    return bench_median(values, rounds);
}

static void report(size_t rounds, struct bench_json *json)
{
    static const char *const names[MODES] = {"floor",
                                             "handfast",
                                             "libssl",
                                             "handfast X25519MLKEM768",
                                             "floor, chain known",
                                             "handfast, chain known",
                                             "handfast TLS 1.2",
                                             "libssl TLS 1.2",
                                             "handfast TLS 1.2, ticket",
                                             "libssl TLS 1.2, ticket",
                                             "handfast TLS 1.2, ID",
                                             "libssl TLS 1.2, ID",
                                             "floor, resumed",
                                             "handfast, resumed",
                                             "libssl, resumed"};
    /* A resumed handshake of TLS 1.2 has none: its few hashes are all that it does. */
    static const int floors[MODES] = {
        FLOOR, FLOOR, FLOOR, FLOOR, FLOOR_KNOWN,   FLOOR_KNOWN,   FLOOR,        FLOOR,
        -1,    -1,    -1,    -1,    FLOOR_RESUMED, FLOOR_RESUMED, FLOOR_RESUMED};
    static const int peers[MODES] = {
        LIBSSL,       LIBSSL,       LIBSSL,         LIBSSL,           LIBSSL,
        LIBSSL,       LIBSSL_12,    LIBSSL_12,      LIBSSL_12_TICKET, LIBSSL_12_TICKET,
        LIBSSL_12_ID, LIBSSL_12_ID, LIBSSL_RESUMED, LIBSSL_RESUMED,   LIBSSL_RESUMED};
    static const char *const sides[2] = {"client", "server"};
    printf("full handshake, X25519, ECDSA P-256, leaf and intermediate, us; TLS 1.3 unless "
           "said otherwise; ticket and ID: resumed\n");
    printf("  %-26s %-7s %9s %12s %12s %12s\n", "", "", "us", "over floor", "of libssl",
           "allocations");
    for (int side = 1; side >= 0; side--) {
        for (int mode = 0; mode < MODES; mode++) {
            double us = median_of(mode, side, rounds, -1, false) / 1000;
            double over = median_of(mode, side, rounds, floors[mode], false) / 1000;
            double share = median_of(mode, side, rounds, peers[mode], true);
            char over_text[32] = "-";
            if (floors[mode] >= 0) {
                (void)snprintf(over_text, sizeof over_text, "%.1f", over);
            }
            printf("  %-26s %-7s %9.1f %12s %12.2f %12.0f\n", names[mode], sides[side], us,
                   over_text, share, alloc_count[mode][side]);
            char key[64];
            (void)snprintf(key, sizeof key, "%s %s", names[mode], sides[side]);
            bench_json_add(json, key, "us", us);
            if (floors[mode] >= 0) {
                bench_json_add(json, key, "over floor us", over);
            }
            bench_json_add(json, key, "of libssl", share);
            bench_json_add(json, key, "allocations", alloc_count[mode][side]);
        }
    }
}

static void keep_sessions(hf_config *config, bool is_client, enum keep keep)
{
    if (is_client) {
        raw_require(hf_config_set_resumption(config, true) == HF_OK, "resumption");
        return;
    }
    hf_ticket_keys *keys = hf_ticket_keys_new(NULL);
    hf_session_store *store = hf_session_store_new(NULL);
    raw_require(keys != NULL && store != NULL &&
                    hf_ticket_keys_rotate(keys, 3600, 7200, PKI_NOW * 1000) == HF_OK &&
                    (keep == KEEP_TICKET ? hf_config_set_ticket_keys(config, keys)
                                         : hf_config_set_session_store(config, store)) == HF_OK,
                "sessions");
    raw_require(hf_config_set_tickets(config, 1, 7200) == HF_OK, "tickets");
    hf_ticket_keys_free(keys);
    hf_session_store_free(store);
}

int main(void)
{
    static struct bench_state b;
    struct pki *pki = pki_simple(PKI_P256, "server.example");
    raw_init(&b.raw);
    b.peer = peer_new(pki, TLS1_3_VERSION, KEEP_NOT);
    b.old_peer = peer_new(pki, TLS1_2_VERSION, KEEP_NOT);
    b.old_peer_ticket = peer_new(pki, TLS1_2_VERSION, KEEP_TICKET);
    b.old_peer_id = peer_new(pki, TLS1_2_VERSION, KEEP_ID);
    b.resumed_peer = peer_new(pki, TLS1_3_VERSION, KEEP_TICKET);
    peer_get_session13(&b.resumed_peer);
    peer_get_session(&b.old_peer_ticket);
    peer_get_session(&b.old_peer_id);
    hf_config *configs[CONFIGS];
    hf_chain_cache *cache = hf_chain_cache_new(0);
    raw_require(cache != NULL, "a cache");
    for (int i = 0; i < CONFIGS; i++) {
        configs[i] = i % 2 == 0 ? pair_client_config(pki) : pair_server_config(pki);
        /* RFC 8422, 5.1: in TLS 1.2 the curve of the certificate must be named too. */
        const bool is_old = i >= 6 && i < 12;
        const char *groups = is_old ? "X25519,secp256r1" : i / 2 != 1 ? "X25519" : "X25519MLKEM768";
        raw_require(hf_config_set_groups(configs[i], groups) == HF_OK, "groups");
        raw_require(hf_config_set_ciphers(configs[i], !is_old ? "TLS_AES_128_GCM_SHA256"
                                                              : "ECDHE-ECDSA-AES128-GCM-SHA256") ==
                        HF_OK,
                    "ciphers");
        raw_require(i < 4 || i > 5 || hf_config_set_chain_cache(configs[i], cache) == HF_OK,
                    "cache");
        if (i >= 8) {
            keep_sessions(configs[i], i % 2 == 0, i == 10 || i == 11 ? KEEP_ID : KEEP_TICKET);
        }
        (void)pair_freeze(configs[i]);
    }
    b.classic = (struct ours){configs[0], configs[1], NULL};
    b.pq = (struct ours){configs[2], configs[3], NULL};
    b.known = (struct ours){configs[4], configs[5], NULL};
    b.old = (struct ours){configs[6], configs[7], NULL};
    b.old_ticket = (struct ours){configs[8], configs[9], NULL};
    b.old_id = (struct ours){configs[10], configs[11], NULL};
    b.resumed = (struct ours){configs[12], configs[13], NULL};
    ours_get_session(&b.resumed);
    ours_get_session(&b.old_ticket);
    ours_get_session(&b.old_id);
    size_t rounds = bench_rounds() * 5;
    rounds = rounds > BENCH_ROUND_MAX ? BENCH_ROUND_MAX : rounds;
    for (size_t r = 0; r < rounds; r++) {
        for (int i = 0; i < MODES; i++) {
            round_of(&b, (enum mode)(r % 2 == 0 ? i : MODES - 1 - i), r);
        }
    }
    struct bench_json json;
    bench_json_open(&json);
    report(rounds, &json);
    bench_json_close(&json);
    hf_chain_cache_free(cache);
    for (int i = 0; i < CONFIGS; i++) {
        hf_config_free(configs[i]);
    }
    SSL_CTX_free(b.peer.client);
    SSL_CTX_free(b.peer.server);
    SSL_CTX_free(b.old_peer.client);
    SSL_CTX_free(b.old_peer.server);
    struct peer *const resumed[] = {&b.old_peer_ticket, &b.old_peer_id, &b.resumed_peer};
    for (int i = 0; i < 3; i++) {
        SSL_SESSION_free(resumed[i]->session);
        SSL_CTX_free(resumed[i]->client);
        SSL_CTX_free(resumed[i]->server);
    }
    hf_session_free(b.resumed.session);
    hf_session_free(b.old_ticket.session);
    hf_session_free(b.old_id.session);
    pki_free(pki);
    return 0;
}

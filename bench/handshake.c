/* What full handshakes of TLS 1.3 and 1.2 cost, each side on its own: ours beside libssl's, on
 * the same certificates, and beside the floor, which is the sum of the raw operations that no
 * implementation over libcrypto can do without.
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

enum { CONFIGS = 8, BATCH = 16, WIRE_CAP = 8192, MODES = 8 };

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

static void ours_new(const hf_config *config, const char *name, hf_conn **out, struct cost *cost)
{
    hf_conn_params params = {.size = sizeof params, .now_ms = PKI_NOW * 1000, .server_name = name};
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
    ours_new(o->client, "server.example", clients, client_cost);
    ours_pump_all(clients, to_client, to_server, client_cost);
    ours_new(o->server, NULL, servers, server_cost);
    ours_pump_all(servers, to_server, to_client, server_cost);
    ours_pump_all(clients, to_client, to_server, client_cost);
    ours_pump_all(servers, to_server, to_client, server_cost);
    if (to_client[0].len > 0) {
        /* TLS 1.2: the server's Finished comes last. */
        ours_pump_all(clients, to_client, to_server, client_cost);
    }
    ours_free(clients, client_cost);
    ours_free(servers, server_cost);
}

/* --- libssl ----------------------------------------------------------------------------------- */

struct peer {
    SSL_CTX *client, *server;
};

static struct peer peer_new(const struct pki *pki, int version)
{
    struct peer p = {SSL_CTX_new(TLS_client_method()), SSL_CTX_new(TLS_server_method())};
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
    /* We issue no tickets either. */
    SSL_CTX_set_num_tickets(p.server, 0);
    SSL_CTX_set_options(p.server, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(p.server, SSL_SESS_CACHE_OFF);
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

static SSL *peer_end(SSL_CTX *ctx, bool is_client)
{
    SSL *ssl = SSL_new(ctx);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (is_client) {
        SSL_set_connect_state(ssl);
        SSL_set_tlsext_host_name(ssl, "server.example");
        SSL_set1_host(ssl, "server.example");
    } else {
        SSL_set_accept_state(ssl);
    }
    return ssl;
}

static void peer_new_all(SSL_CTX *ctx, bool is_client, SSL **out, struct cost *cost)
{
    for (size_t i = 0; i < BATCH; i++) {
        struct meter m = meter_start();
        out[i] = peer_end(ctx, is_client);
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
        SSL_free(ssls[i]);
        meter_add(m, cost, i);
    }
}

static void peer_handshakes(const struct peer *p, struct cost *client_cost,
                            struct cost *server_cost)
{
    peer_new_all(p->client, true, ssl_clients, client_cost);
    peer_pump_all(ssl_clients, to_client, to_server, client_cost);
    peer_new_all(p->server, false, ssl_servers, server_cost);
    peer_pump_all(ssl_servers, to_server, to_client, server_cost);
    peer_pump_all(ssl_clients, to_client, to_server, client_cost);
    peer_pump_all(ssl_servers, to_server, to_client, server_cost);
    if (to_client[0].len > 0) {
        peer_pump_all(ssl_clients, to_client, to_server, client_cost);
    }
    peer_free_all(ssl_clients, client_cost);
    peer_free_all(ssl_servers, server_cost);
}

/* --- Rounds ----------------------------------------------------------------------------------- */

enum mode { FLOOR, OURS, LIBSSL, OURS_PQ, FLOOR_KNOWN, OURS_KNOWN, OURS_12, LIBSSL_12 };

struct bench_state {
    struct raw raw;
    struct ours classic, pq, known, old;
    struct peer peer, old_peer;
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
        raw_p256_sign(raw);
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
                                             "libssl TLS 1.2"};
    static const int floors[MODES] = {FLOOR,       FLOOR,       FLOOR, FLOOR,
                                      FLOOR_KNOWN, FLOOR_KNOWN, FLOOR, FLOOR};
    static const char *const sides[2] = {"client", "server"};
    printf("full handshake, X25519, ECDSA P-256, leaf and intermediate, us; TLS 1.3 unless "
           "said otherwise\n");
    printf("  %-26s %-7s %9s %12s %12s %12s\n", "", "", "us", "over floor", "of libssl",
           "allocations");
    for (int side = 1; side >= 0; side--) {
        for (int mode = 0; mode < MODES; mode++) {
            double us = median_of(mode, side, rounds, -1, false) / 1000;
            double over = median_of(mode, side, rounds, floors[mode], false) / 1000;
            const int against = mode == OURS_12 || mode == LIBSSL_12 ? LIBSSL_12 : LIBSSL;
            double share = median_of(mode, side, rounds, against, true);
            printf("  %-26s %-7s %9.1f %12.1f %12.2f %12.0f\n", names[mode], sides[side], us, over,
                   share, alloc_count[mode][side]);
            char key[64];
            (void)snprintf(key, sizeof key, "%s %s", names[mode], sides[side]);
            bench_json_add(json, key, "us", us);
            bench_json_add(json, key, "over floor us", over);
            bench_json_add(json, key, "of libssl", share);
            bench_json_add(json, key, "allocations", alloc_count[mode][side]);
        }
    }
}

int main(void)
{
    static struct bench_state b;
    struct pki *pki = pki_simple(PKI_P256, "server.example");
    raw_init(&b.raw);
    b.peer = peer_new(pki, TLS1_3_VERSION);
    b.old_peer = peer_new(pki, TLS1_2_VERSION);
    hf_config *configs[CONFIGS];
    hf_chain_cache *cache = hf_chain_cache_new(0);
    raw_require(cache != NULL, "a cache");
    for (int i = 0; i < CONFIGS; i++) {
        configs[i] = i % 2 == 0 ? pair_client_config(pki) : pair_server_config(pki);
        raw_require(hf_config_set_groups(configs[i], i / 2 != 1 ? "X25519" : "X25519MLKEM768") ==
                        HF_OK,
                    "groups");
        raw_require(hf_config_set_ciphers(configs[i], i < 6 ? "TLS_AES_128_GCM_SHA256"
                                                            : "ECDHE-ECDSA-AES128-GCM-SHA256") ==
                        HF_OK,
                    "ciphers");
        raw_require(i < 4 || i > 5 || hf_config_set_chain_cache(configs[i], cache) == HF_OK,
                    "cache");
        (void)pair_freeze(configs[i]);
    }
    b.classic = (struct ours){configs[0], configs[1]};
    b.pq = (struct ours){configs[2], configs[3]};
    b.known = (struct ours){configs[4], configs[5]};
    b.old = (struct ours){configs[6], configs[7]};
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
    pki_free(pki);
    return 0;
}

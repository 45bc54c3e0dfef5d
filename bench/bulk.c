/* Application data through a connection, 16 KiB records, beside the raw AEAD on the same memory:
 * the bar is 0.9. */
#include "raw.h"

#include "bench.h"

#include "support/pair.h"

enum { BATCH = 8, ROOM = RAW_RECORD_LEN + 64 };

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct bulk {
    struct raw raw;
    struct pair *pair;
    uint8_t *records; /* BATCH of ROOM bytes */
    uint8_t *plain;
    size_t lens[BATCH];
};

enum figure { RAW_SEAL, RAW_OPEN, SEAL_IN_PLACE, SEND, RECEIVE, FIGURES };

static double ns[FIGURES][BENCH_ROUND_MAX];

#if defined(RAW_HAVE_IPSECMB)
static void raw_batch(struct bulk *b, enum figure f, size_t round)
{
    uint8_t *kept = b->raw.record;
    double start = now_ns();
    for (size_t i = 0; i < BATCH; i++) {
        b->raw.record = b->records + i * ROOM + HF_RECORD_HEAD;
        f == RAW_SEAL ? raw_gcm128_seal(&b->raw) : raw_gcm128_open(&b->raw);
    }
    ns[f][round] = (now_ns() - start) / BATCH;
    b->raw.record = kept;
}
#else
static void raw_batch(struct bulk *b, enum figure f, size_t round)
{
    (void)b;
    ns[f][round] = 0;
}
#endif

static void receive_batch(struct bulk *b, size_t round)
{
    hf_received r;
    double start = now_ns();
    for (size_t i = 0; i < BATCH; i++) {
        raw_require(hf_conn_recv(b->pair->server.conn, b->records + i * ROOM, b->lens[i], &r) ==
                            HF_OK &&
                        r.len == RAW_RECORD_LEN,
                    "receiving");
    }
    ns[RECEIVE][round] = (now_ns() - start) / BATCH;
}

static void seal_batch(struct bulk *b, size_t round)
{
    double start = now_ns();
    for (size_t i = 0; i < BATCH; i++) {
        raw_require(hf_conn_seal(b->pair->client.conn, b->records + i * ROOM, RAW_RECORD_LEN,
                                 &b->lens[i]) == HF_OK,
                    "sealing in place");
    }
    ns[SEAL_IN_PLACE][round] = (now_ns() - start) / BATCH;
}

static void send_batch(struct bulk *b, size_t round)
{
    size_t taken;
    double start = now_ns();
    for (size_t i = 0; i < BATCH; i++) {
        hf_buf out = {b->records + i * ROOM, ROOM, 0};
        hf_span data = {b->plain + i * RAW_RECORD_LEN, RAW_RECORD_LEN};
        raw_require(hf_conn_send(b->pair->client.conn, data, &out, &taken) == HF_OK, "sending");
        b->lens[i] = out.pos;
    }
    ns[SEND][round] = (now_ns() - start) / BATCH;
}

static double ratio(enum figure raw, enum figure ours, size_t rounds)
{
    static double values[BENCH_ROUND_MAX];
    for (size_t r = 0; r < rounds; r++) {
        values[r] = ns[raw][r] / ns[ours][r];
    }
    return bench_median(values, rounds);
}

static void report(size_t rounds)
{
    static const char *const names[FIGURES] = {"raw AEAD seal", "raw AEAD open", "hf_conn_seal",
                                               "hf_conn_send", "hf_conn_recv"};
    struct bench_json json;
    bench_json_open(&json);
    printf("AES-128-GCM, 16 KiB records, one core\n  %-16s %8s %14s\n", "", "GB/s",
           "of the raw one");
    for (int f = 0; f < FIGURES; f++) {
        double of_raw =
            ratio(f == RAW_OPEN || f == RECEIVE ? RAW_OPEN : RAW_SEAL, (enum figure)f, rounds);
        static double copy[BENCH_ROUND_MAX];
        memcpy(copy, ns[f], sizeof copy);
        double speed = RAW_RECORD_LEN / bench_median(copy, rounds);
        printf("  %-16s %8.2f %14.2f\n", names[f], speed, of_raw);
        bench_json_add(&json, names[f], "GB/s", speed);
        bench_json_add(&json, names[f], "of raw", of_raw);
    }
    bench_json_close(&json);
}

int main(void)
{
    static struct bulk b;
    struct pki *pki = pki_simple(PKI_P256, "server.example");
    hf_config *client = pair_client_config(pki);
    hf_config *server = pair_server_config(pki);
    raw_init(&b.raw);
    b.pair = pair_new(
        &(struct pair_options){.client = pair_freeze(client), .server = pair_freeze(server)});
    b.records = calloc(BATCH, ROOM);
    b.plain = calloc(BATCH, RAW_RECORD_LEN);
    raw_require(pair_handshake(b.pair) && b.records != NULL && b.plain != NULL, "setting up");
    size_t rounds = bench_rounds() * 10;
    rounds = rounds > BENCH_ROUND_MAX ? BENCH_ROUND_MAX : rounds;
    for (size_t r = 0; r < rounds; r++) {
        raw_batch(&b, RAW_SEAL, r);
        seal_batch(&b, r);
        receive_batch(&b, r);
        raw_batch(&b, RAW_OPEN, r);
        send_batch(&b, r);
        receive_batch(&b, r);
    }
    report(rounds);
    pair_free(b.pair);
    hf_config_free(client);
    hf_config_free(server);
    pki_free(pki);
    return 0;
}

/* What all HMAC and HKDF work of one full TLS 1.3 handshake costs a server: the bar is 8 us.
 *
 * The calls are those that src/hs makes, in their order: handshake secrets, four sets of traffic
 * keys, two Finished, the application secrets and the exporter. The transcript's own hashing is not
 * part of it.
 */
#include "bench.h"

#include <handfast/crypto.h>

#include "base/span.h"
#include "crypto/schedule13.h"
#include "crypto/suite.h"

struct schedule {
    struct suite suite;
    uint8_t digest[HF_HASH_MAX_LEN];
    uint8_t shared[32];
};

static const struct tracer silent;

static void one_handshake(void *arg)
{
    const struct schedule *s = arg;
    const hf_hash *hash = s->suite.hash;
    hf_span th = span_of(s->digest, hash->digest_len);
    struct sched13 sched;
    struct secret c_hs, s_hs, c_app, s_app, exporter;
    uint8_t key[HF_AEAD_MAX_KEY_LEN], iv[HF_AEAD_NONCE_LEN], mac[HF_HASH_MAX_LEN];
    sched13_start(&sched, hash, span_of(NULL, 0), &silent);
    sched13_to_handshake(&sched, span_of(s->shared, sizeof s->shared));
    sched13_derive(&sched, "c hs traffic", th, "", &c_hs);
    sched13_derive(&sched, "s hs traffic", th, "", &s_hs);
    traffic_keys(hash, &s_hs, s->suite.aead, &silent, key, iv);
    traffic_keys(hash, &c_hs, s->suite.aead, &silent, key, iv);
    finished_mac(hash, &s_hs, th, &silent, mac);
    sched13_to_main(&sched);
    sched13_derive(&sched, "c ap traffic", th, "", &c_app);
    sched13_derive(&sched, "s ap traffic", th, "", &s_app);
    sched13_derive(&sched, "exp master", th, "", &exporter);
    traffic_keys(hash, &s_app, s->suite.aead, &silent, key, iv);
    finished_mac(hash, &c_hs, th, &silent, mac);
    traffic_keys(hash, &c_app, s->suite.aead, &silent, key, iv);
    sched13_wipe(&sched);
}

int main(void)
{
    static const uint16_t ids[] = {0x1301, 0x1302, 0x1303};
    static const char *const names[] = {"AES-128-GCM, SHA-256", "AES-256-GCM, SHA-384",
                                        "ChaCha20, SHA-256"};
    struct schedule schedules[3] = {0};
    struct bench_case cases[3];
    struct bench_result results[3];
    struct bench_json json;
    for (size_t i = 0; i < 3; i++) {
        (void)suite_find(hf_provider_default(), ids[i], &schedules[i].suite);
        cases[i] = (struct bench_case){names[i], one_handshake, &schedules[i]};
    }
    bench_run(cases, 3, results);
    bench_json_open(&json);
    printf("all HMAC and HKDF of one handshake, one side\n");
    for (size_t i = 0; i < 3; i++) {
        printf("  %-24s %6.2f us\n", names[i], results[i].ns / 1000);
        bench_json_add(&json, names[i], "us", results[i].ns / 1000);
    }
    bench_json_close(&json);
    return 0;
}

/* What a recording costs a handshake: both ends in one process, unwatched, with every event thrown
 * away, and recorded; and what the document costs afterwards.
 *
 * With a number it does so many unwatched handshakes and nothing else, for script/trace-cost to
 * count their instructions. */
#include "bench.h"

#include <handfast/handfast.h>

#include "recording/recorder.h"
#include "recording/write.h"
#include "support/pair.h"
#include "support/pki.h"

const char *tool_name = "handfast";

struct world {
    hf_config *client, *server;
    struct recorder kept; /* of one handshake, to be written */
};

static void require(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "bench/recording: %s failed\n", what);
        exit(1);
    }
}

static struct world world_new(void)
{
    struct world w = {.client = hf_config_new(HF_CLIENT, NULL),
                      .server = hf_config_new(HF_SERVER, NULL)};
    struct pki *pki = pki_simple(PKI_P256, "server.example");
    hf_trust *trust = hf_trust_new();
    hf_error error = {0};
    hf_identity *identity = NULL;
    const hf_identity_source source = {
        .size = sizeof source,
        .chain = {(const uint8_t *)pki->chain_pem, strlen(pki->chain_pem)},
        .key = {(const uint8_t *)pki->key_pem, strlen(pki->key_pem)},
    };
    require(hf_trust_add(trust, (hf_span){(const uint8_t *)pki->ca_pem, strlen(pki->ca_pem)},
                         &error) == HF_OK &&
                hf_identity_load(&source, &error, &identity) == HF_OK,
            "certificates");
    hf_trust_store *store = hf_trust_store_new(trust);
    hf_identity_store *identities = hf_identity_store_new(&identity, 1);
    require(hf_config_set_trust(w.client, store) == HF_OK &&
                hf_config_set_identities(w.server, identities) == HF_OK &&
                hf_config_freeze(w.client) == HF_OK && hf_config_freeze(w.server) == HF_OK,
            "configurations");
    hf_trust_store_free(store);
    hf_trust_free(trust);
    hf_identity_store_free(identities);
    hf_identity_free(identity);
    pki_free(pki);
    return w;
}

static void handshake(const struct world *w, const hf_trace *trace)
{
    struct pair *p = pair_new(&(struct pair_options){
        .client = w->client, .server = w->server, .client_trace = trace, .server_trace = trace});
    require(pair_handshake(p), "a handshake");
    pair_free(p);
}

static void unwatched(void *arg)
{
    handshake(arg, NULL);
}

static void ignore(void *ctx, const hf_event *event)
{
    (void)ctx;
    (void)event;
}

static void ignored(void *arg)
{
    static const hf_trace trace = {.wanted = RECORDER_WANTED, .event = ignore};
    handshake(arg, &trace);
}

static void recorded(void *arg)
{
    struct recorder recorder;
    recorder_init(&recorder, RECORDING_DEMO, true);
    handshake(arg, recorder_trace(&recorder, NULL));
    require(recorder.recording.messages.count >= 7, "a recording");
    recorder_free(&recorder);
}

static void written(void *arg)
{
    const struct world *w = arg;
    struct text out = {0};
    recording_write(&w->kept.recording, &out);
    require(!out.failed && out.len > 10000, "a document");
    text_free(&out);
}

int main(int argc, char **argv)
{
    enum { CASES = 4 };
    struct world w = world_new();
    if (argc > 1) {
        for (unsigned long i = strtoul(argv[1], NULL, 10); i > 0; i--) {
            unwatched(&w);
        }
        hf_config_free(w.client);
        hf_config_free(w.server);
        return 0;
    }
    recorder_init(&w.kept, RECORDING_DEMO, true);
    handshake(&w, recorder_trace(&w.kept, NULL));
    const struct bench_case cases[CASES] = {{"unwatched", unwatched, &w},
                                            {"every event thrown away", ignored, &w},
                                            {"both ends recorded", recorded, &w},
                                            {"the document, afterwards", written, &w}};
    struct bench_result results[CASES];
    bench_run(cases, CASES, results);
    printf("%-26s %12s %8s\n", "a handshake, both ends", "ns", "ratio");
    struct bench_json json;
    bench_json_open(&json);
    for (size_t i = 0; i < CASES; i++) {
        printf("%-26s %12.0f %8.3f\n", cases[i].name, results[i].ns, results[i].ratio);
        bench_json_add(&json, cases[i].name, "ns", results[i].ns);
        bench_json_add(&json, cases[i].name, "ratio", results[i].ratio);
    }
    bench_json_close(&json);
    recorder_free(&w.kept);
    hf_config_free(w.client);
    hf_config_free(w.server);
    return 0;
}

/* What it costs to know who somebody is: a certificate read, a chain judged beside its floor (two
 * verifications on ready keys), the same from the cache, and a system's store loaded. libcrypto's
 * own reader and verifier stand beside.
 */
#include "raw.h"

#include "bench.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/span.h"
#include "store/chain_cache.h"
#include "support/pki.h"
#include "x509/facts.h"
#include "x509/signature.h"

static struct raw raw;
static struct pki *pki;
static struct x5_request request;
static hf_chain_cache *cache;
static STACK_OF(X509) * anchors;

static void read_ours(void *arg)
{
    (void)arg;
    struct x5_certificate c;
    raw_require(x5_certificate_read(pki->leaf->der, &c), "read");
}

static void read_facts(void *arg)
{
    (void)arg;
    struct x5_certificate c;
    struct x5_facts f;
    raw_require(x5_certificate_read(pki->leaf->der, &c), "read");
    x5_facts_read(&c, &f);
    raw_require(!f.malformed, "facts");
}

static void read_theirs(void *arg)
{
    (void)arg;
    const unsigned char *p = pki->leaf->der.data;
    X509 *x = d2i_X509(NULL, &p, (long)pki->leaf->der.len);
    raw_require(x != NULL && X509_get0_pubkey(x) != NULL, "d2i_X509");
    X509_free(x);
}

static void import_key(void *arg)
{
    (void)arg;
    hf_span spki;
    raw_require(x5_subject_public_key_info(pki->leaf->der, &spki), "key");
    hf_public_key *key = x5_key_import(spki);
    raw_require(key != NULL, "import");
    x5_key_free(key);
}

static void verify_floor(void *arg)
{
    raw_p256_verify(arg);
    raw_p256_verify(arg);
}

static void verify_ours(void *arg)
{
    (void)arg;
    hf_verdict v;
    raw_require(x5_verify_chain(&request, &v) == HF_OK && v.accepted, "chain");
}

static void verify_cached(void *arg)
{
    (void)arg;
    hf_verdict v;
    uint8_t key[STORE_CHAIN_KEY_LEN];
    x5_request_digest(&request, key);
    raw_require(store_chain_find(cache, key, PKI_NOW, &v), "cache");
}

static void verify_theirs(void *arg)
{
    (void)arg;
    const unsigned char *p = pki->chain[0].data;
    X509 *leaf = d2i_X509(NULL, &p, (long)pki->chain[0].len);
    p = pki->chain[1].data;
    STACK_OF(X509) *sent = sk_X509_new_null();
    sk_X509_push(sent, d2i_X509(NULL, &p, (long)pki->chain[1].len));
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    raw_require(X509_STORE_CTX_init(ctx, NULL, leaf, sent) == 1, "context");
    X509_STORE_CTX_set0_trusted_stack(ctx, anchors);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, PKI_NOW);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set1_host(param, "server.example", 0);
    raw_require(X509_verify_cert(ctx) == 1, "X509_verify_cert");
    X509_STORE_CTX_free(ctx);
    sk_X509_pop_free(sent, X509_free);
    X509_free(leaf);
}

static void load_system(void *arg)
{
    (void)arg;
    hf_error error = {.code = HF_E_NONE};
    hf_trust *trust = hf_trust_new();
    raw_require(trust != NULL && hf_trust_add_system(trust, &error) == HF_OK, "the system's store");
    hf_trust_free(trust);
}

static void table(const char *title, const struct bench_case *cases, size_t count,
                  struct bench_json *json)
{
    struct bench_result results[BENCH_CASE_MAX];
    bench_run(cases, count, results);
    printf("%s\n", title);
    for (size_t i = 0; i < count; i++) {
        printf("  %-44s %12.3f us\n", cases[i].name, results[i].ns / 1000);
        bench_json_add(json, cases[i].name, "us", results[i].ns / 1000);
    }
}

int main(void)
{
    static const struct bench_case readers[] = {
        {"certificate read", read_ours, NULL},
        {"certificate and its extensions read", read_facts, NULL},
        {"key found and imported", import_key, NULL},
        {"libcrypto reads the certificate", read_theirs, NULL},
    };
    const struct bench_case judges[] = {
        {"floor: two verifications on ready keys", verify_floor, &raw},
        {"chain of leaf, intermediate, anchor judged", verify_ours, NULL},
        {"the same from the cache", verify_cached, NULL},
        {"libcrypto reads and judges the chain", verify_theirs, NULL},
    };
    static const struct bench_case stores[] = {{"system's store loaded", load_system, NULL}};
    raw_init(&raw);
    pki = pki_simple(PKI_P256, "server.example");
    hf_trust *trust = hf_trust_new();
    hf_error error = {.code = HF_E_NONE};
    raw_require(trust != NULL && hf_trust_add(trust, pki->ca->der, &error) == HF_OK, "anchor");
    request = (struct x5_request){.trust = trust,
                                  .chain = pki->chain,
                                  .count = 2,
                                  .peer = HF_SERVER,
                                  .name = "server.example",
                                  .now_s = PKI_NOW};
    anchors = sk_X509_new_null();
    sk_X509_push(anchors, pki->ca->x509);
    cache = hf_chain_cache_new(0);
    hf_verdict v;
    uint8_t key[STORE_CHAIN_KEY_LEN];
    raw_require(cache != NULL && x5_verify_chain(&request, &v) == HF_OK, "verdict");
    x5_request_digest(&request, key);
    store_chain_put(cache, key, &v);

    struct bench_json json;
    bench_json_open(&json);
    table("reading, P-256", readers, sizeof readers / sizeof readers[0], &json);
    table("judging, ECDSA P-256", judges, sizeof judges / sizeof judges[0], &json);
    table("loading", stores, 1, &json);
    bench_json_close(&json);
    hf_chain_cache_free(cache);
    hf_trust_free(trust);
    sk_X509_free(anchors);
    pki_free(pki);
    return 0;
}

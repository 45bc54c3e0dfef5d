#include "crypto/schedule12.h"

#include <string.h>

#include "base/span.h"

enum { RANDOM_LEN = 32, KEY_BLOCK_MAX = 2 * HF_AEAD_MAX_KEY_LEN + 2 * HF_AEAD_NONCE_LEN };

/* HMAC(secret, before + label + seed). */
static void mac_seed(const struct hmac_key *secret, hf_span before, const struct prf12_seed *seed,
                     uint8_t *out)
{
    const hf_span parts[] = {before, span_str(seed->label), seed->a, seed->b, seed->c};
    hf_hash_ctx ctx = secret->inner;
    uint8_t digest[HF_HASH_MAX_LEN] = {0};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].len > 0) {
            secret->hash->update(&ctx, parts[i].data, parts[i].len);
        }
    }
    secret->hash->final(&ctx, digest);
    ctx = secret->outer;
    secret->hash->update(&ctx, digest, secret->hash->digest_len);
    secret->hash->final(&ctx, out);
    hf_wipe(digest, sizeof digest);
    hf_wipe(&ctx, sizeof ctx);
}

void prf12(const struct hmac_key *secret, const struct prf12_seed *seed, uint8_t *out, size_t len)
{
    const size_t n = secret->hash->digest_len;
    uint8_t a[HF_HASH_MAX_LEN] = {0};
    uint8_t block[HF_HASH_MAX_LEN] = {0};
    mac_seed(secret, span_of(NULL, 0), seed, a); /* A(1) */
    for (size_t done = 0; done < len;) {
        mac_seed(secret, span_of(a, n), seed, block);
        const size_t take = len - done < n ? len - done : n;
        memcpy(out + done, block, take);
        done += take;
        if (done < len) {
            hmac_mac(secret, span_of(a, n), span_of(NULL, 0), block); /* A(i + 1) */
            memcpy(a, block, n);
        }
    }
    hf_wipe(a, sizeof a);
    hf_wipe(block, sizeof block);
}

/* The seed as it went in, whole: who sees the step can compute it again. */
static void trace_step(const struct tracer *tr, const char *name, hf_span in,
                       const struct prf12_seed *seed, hf_span out)
{
    uint8_t whole[2 * RANDOM_LEN] = {0};
    size_t len = 0;
    if (!TRACE_ON(tr, HF_EV_KEY_STEP) || seed->a.len + seed->b.len > sizeof whole) {
        return;
    }
    memcpy(whole, seed->a.data, seed->a.len);
    len = seed->a.len;
    if (seed->b.len > 0) {
        memcpy(whole + len, seed->b.data, seed->b.len);
        len += seed->b.len;
    }
    TRACE(tr, HF_EV_KEY_STEP, key_step, .step = "PRF", .name = name, .label = seed->label, .in = in,
          .salt_or_context = span_of(whole, len), .out = out);
}

void master12_compute(const struct master12_args *args, struct secret *master)
{
    struct hmac_key key;
    const bool is_extended = args->session_hash.len > 0;
    const struct prf12_seed seed = {
        .label = is_extended ? "extended master secret" : "master secret",
        .a = is_extended ? args->session_hash : args->client_random,
        .b = is_extended ? span_of(NULL, 0) : args->server_random,
    };
    hmac_key_init(&key, args->hash, args->premaster);
    master->len = MASTER12_LEN;
    prf12(&key, &seed, master->b, MASTER12_LEN);
    hmac_key_wipe(&key);
    trace_step(args->tr, "master_secret", args->premaster, &seed, secret_span(master));
}

static const uint8_t *take(const uint8_t *at, uint8_t *out, size_t n)
{
    memcpy(out, at, n);
    return at + n;
}

void keys12_compute(const struct suite *suite, const struct secret *master, hf_span client_random,
                    hf_span server_random, const struct tracer *tr, struct keys12 *out)
{
    uint8_t block[KEY_BLOCK_MAX] = {0};
    const size_t key_len = suite->aead->key_len;
    const size_t iv_len = suite->fixed_iv_len;
    const struct prf12_seed seed = {"key expansion", server_random, client_random, {NULL, 0}};
    const size_t len = 2 * (key_len + iv_len);
    struct hmac_key key;
    hmac_key_init(&key, suite->hash, secret_span(master));
    prf12(&key, &seed, block, len);
    hmac_key_wipe(&key);
    trace_step(tr, "key_block", secret_span(master), &seed, span_of(block, len));
    memset(out, 0, sizeof *out);
    const uint8_t *at = take(block, out->client_key, key_len);
    at = take(at, out->server_key, key_len);
    at = take(at, out->client_iv, iv_len);
    (void)take(at, out->server_iv, iv_len);
    hf_wipe(block, sizeof block);
}

void finished12(const hf_hash *hash, const struct secret *master, const char *label,
                hf_span transcript_hash, const struct tracer *tr, uint8_t out[VERIFY_DATA12_LEN])
{
    const struct prf12_seed seed = {.label = label, .a = transcript_hash};
    struct hmac_key key;
    hmac_key_init(&key, hash, secret_span(master));
    prf12(&key, &seed, out, VERIFY_DATA12_LEN);
    hmac_key_wipe(&key);
    trace_step(tr, "verify_data", secret_span(master), &seed, span_of(out, VERIFY_DATA12_LEN));
}

/* RFC 5705, 4: what the handshake itself uses is not for export. */
static bool is_reserved(const char *label)
{
    static const char *const reserved[] = {"client finished", "server finished", "master secret",
                                           "extended master secret", "key expansion"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (strcmp(label, reserved[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool exporter12(const hf_hash *hash, const struct secret *master, hf_span randoms,
                const struct prf12_seed *what, uint8_t *out, size_t out_len)
{
    const hf_span context = what->a;
    if (is_reserved(what->label) || strlen(what->label) > 249 || context.len > UINT16_MAX ||
        out_len > 255 * (size_t)hash->digest_len) {
        return false;
    }
    const uint8_t length[2] = {(uint8_t)(context.len >> 8), (uint8_t)context.len};
    struct prf12_seed seed = {.label = what->label, .a = randoms};
    if (context.data != NULL) {
        seed.b = span_of(length, sizeof length);
        seed.c = context;
    }
    struct hmac_key key;
    hmac_key_init(&key, hash, secret_span(master));
    prf12(&key, &seed, out, out_len);
    hmac_key_wipe(&key);
    return true;
}

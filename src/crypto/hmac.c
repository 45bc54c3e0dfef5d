#include "crypto/hmac.h"

#include <string.h>

#include "base/secret.h"
#include "base/span.h"

enum { BLOCK_MAX = 128, WORDS_MAX = BLOCK_MAX / 8 };

/* Hashes one block of the key XOR a byte that is repeated. */
static void pad_block(const hf_hash *hash, const uint64_t *key, uint8_t byte, hf_hash_ctx *out)
{
    uint64_t pad[WORDS_MAX];
    const uint64_t repeated = UINT64_C(0x0101010101010101) * byte;
    for (size_t i = 0; i < WORDS_MAX; i++) {
        pad[i] = key[i] ^ repeated;
    }
    hash->init(out);
    hash->update(out, (const uint8_t *)pad, hash->block_len);
    hf_wipe(pad, sizeof pad);
}

void hmac_key_init(struct hmac_key *k, const hf_hash *hash, hf_span key)
{
    uint64_t words[WORDS_MAX] = {0};
    k->hash = hash;
    if (key.len > hash->block_len) {
        hash->init(&k->inner);
        hash->update(&k->inner, key.data, key.len);
        hash->final(&k->inner, (uint8_t *)words);
    } else if (key.len > 0) {
        memcpy(words, key.data, key.len);
    }
    pad_block(hash, words, 0x36, &k->inner);
    pad_block(hash, words, 0x5c, &k->outer);
    hf_wipe(words, sizeof words);
}

void hmac_key_wipe(struct hmac_key *k)
{
    hf_wipe(k, sizeof *k);
}

void hmac_mac(const struct hmac_key *k, hf_span a, hf_span b, uint8_t *out)
{
    uint8_t digest[HF_HASH_MAX_LEN];
    hf_hash_ctx ctx = k->inner;
    k->hash->update(&ctx, a.data, a.len);
    if (b.len > 0) {
        k->hash->update(&ctx, b.data, b.len);
    }
    k->hash->final(&ctx, digest);
    ctx = k->outer;
    k->hash->update(&ctx, digest, k->hash->digest_len);
    k->hash->final(&ctx, out);
    hf_wipe(digest, sizeof digest);
    hf_wipe(&ctx, sizeof ctx);
}

void hmac_compute(const hf_hash *hash, hf_span key, hf_span data, uint8_t *out)
{
    struct hmac_key k;
    hmac_key_init(&k, hash, key);
    hmac_mac(&k, data, span_of(NULL, 0), out);
    hmac_key_wipe(&k);
}

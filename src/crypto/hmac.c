#include "crypto/hmac.h"

#include <string.h>

#include "base/secret.h"
#include "base/span.h"

enum { BLOCK_MAX = 128 };

void hmac_key_init(struct hmac_key *k, const hf_hash *hash, hf_span key)
{
    uint8_t block[BLOCK_MAX] = {0};
    uint8_t pad[BLOCK_MAX];
    k->hash = hash;
    if (key.len > hash->block_len) {
        hash->init(&k->inner);
        hash->update(&k->inner, key.data, key.len);
        hash->final(&k->inner, block);
    } else if (key.len > 0) {
        memcpy(block, key.data, key.len);
    }
    for (size_t i = 0; i < hash->block_len; i++) {
        pad[i] = block[i] ^ 0x36;
    }
    hash->init(&k->inner);
    hash->update(&k->inner, pad, hash->block_len);
    for (size_t i = 0; i < hash->block_len; i++) {
        pad[i] = block[i] ^ 0x5c;
    }
    hash->init(&k->outer);
    hash->update(&k->outer, pad, hash->block_len);
    hf_wipe(block, sizeof block);
    hf_wipe(pad, sizeof pad);
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

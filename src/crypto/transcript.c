#include "crypto/transcript.h"

void transcript_start(struct transcript *t, const hf_hash *hash)
{
    t->hash = hash;
    hash->init(&t->ctx);
}

void transcript_add(struct transcript *t, hf_span message)
{
    t->hash->update(&t->ctx, message.data, message.len);
}

void transcript_value(const struct transcript *t, uint8_t *out)
{
    hf_hash_ctx copy = t->ctx;
    t->hash->final(&copy, out);
}

void transcript_retry(struct transcript *t)
{
    uint8_t digest[HF_HASH_MAX_LEN];
    transcript_value(t, digest);
    transcript_restart(t, t->hash, digest);
}

void transcript_restart(struct transcript *t, const hf_hash *hash, const uint8_t *digest)
{
    enum { MESSAGE_HASH = 254 };
    const uint8_t head[4] = {MESSAGE_HASH, 0, 0, hash->digest_len};
    transcript_start(t, hash);
    hash->update(&t->ctx, head, sizeof head);
    hash->update(&t->ctx, digest, hash->digest_len);
}

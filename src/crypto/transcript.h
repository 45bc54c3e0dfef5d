/* The transcript hash (RFC 9846, 4.1): all handshake messages so far, readable at any point. */
#ifndef CRYPTO_TRANSCRIPT_H
#define CRYPTO_TRANSCRIPT_H

#include <handfast/crypto.h>

struct transcript {
    const hf_hash *hash; /* NULL: not started */
    hf_hash_ctx ctx;
};

void transcript_start(struct transcript *t, const hf_hash *hash);

/* Adds one whole message with its header. */
void transcript_add(struct transcript *t, hf_span message);

/* Reads the hash of all so far: hash->digest_len bytes. */
void transcript_value(const struct transcript *t, uint8_t *out);

/* Replaces all so far (ClientHello1) by the synthetic message_hash message (RFC 9846, 4.1). */
void transcript_retry(struct transcript *t);

/* As transcript_retry for a server that kept no state: digest is that of ClientHello1, from the
 * cookie. */
void transcript_restart(struct transcript *t, const hf_hash *hash, const uint8_t *digest);

#endif

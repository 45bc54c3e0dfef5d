/* SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of 64 bits for tables whose keys others
 * choose. */
#ifndef STORE_SIPHASH_H
#define STORE_SIPHASH_H

#include <string.h>

#include <handfast/types.h>

struct siphash_key {
    uint64_t k[2]; /* the 16 bytes as they lie */
};

static inline uint64_t siphash_rotl(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static inline void siphash_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = siphash_rotl(v[1], 13) ^ v[0];
    v[3] = siphash_rotl(v[3], 16) ^ v[2];
    v[0] = siphash_rotl(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = siphash_rotl(v[1], 17) ^ v[2];
    v[3] = siphash_rotl(v[3], 21) ^ v[0];
    v[2] = siphash_rotl(v[2], 32);
}

/* n bytes, at most 8, as a number with the first byte lowest. */
static inline uint64_t siphash_word(const uint8_t *p, size_t n)
{
    uint64_t word = 0;
    for (size_t i = n; i-- > 0;) {
        word = word << 8 | p[i];
    }
    return word;
}

static inline uint64_t siphash(const struct siphash_key *key, hf_span data)
{
    uint64_t v[4] = {key->k[0] ^ 0x736f6d6570736575, key->k[1] ^ 0x646f72616e646f6d,
                     key->k[0] ^ 0x6c7967656e657261, key->k[1] ^ 0x7465646279746573};
    size_t at = 0;
    for (; data.len - at >= 8; at += 8) {
        const uint64_t word = siphash_word(data.data + at, 8);
        v[3] ^= word;
        siphash_round(v);
        siphash_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)(data.len & 0xff) << 56;
    if (data.len > at) {
        last |= siphash_word(data.data + at, data.len - at);
    }
    v[3] ^= last;
    siphash_round(v);
    siphash_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) {
        siphash_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif

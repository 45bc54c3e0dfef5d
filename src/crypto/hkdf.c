#include "crypto/hkdf.h"

#include <string.h>

#include "base/span.h"

enum { LABEL_MAX = 249, INFO_MAX = 2 + 1 + 6 + LABEL_MAX + 1 + 255 };

void hkdf_extract(const hf_hash *hash, hf_span salt, hf_span ikm, struct secret *out)
{
    /* RFC 5869, 2.2: an absent salt is a string of zeros, which HMAC's own padding makes of the
     * empty key. */
    out->len = hash->digest_len;
    hmac_compute(hash, salt, ikm, out->b);
}

bool hkdf_expand(const struct hmac_key *prk, hf_span info, uint8_t *out, size_t len)
{
    const size_t n = prk->hash->digest_len;
    if (len > 255 * n || info.len > INFO_MAX) {
        return false;
    }
    /* T(i) = HMAC(T(i-1) || info || i): the previous block stands before info, the counter
     * behind. */
    uint8_t t[HF_HASH_MAX_LEN];
    uint8_t tail[INFO_MAX + 1];
    memcpy(tail, info.data, info.len);
    size_t t_len = 0;
    uint8_t counter = 0;
    for (size_t done = 0; done < len;) {
        tail[info.len] = ++counter;
        hmac_mac(prk, span_of(t, t_len), span_of(tail, info.len + 1), t);
        t_len = n;
        size_t take = len - done < n ? len - done : n;
        memcpy(out + done, t, take);
        done += take;
    }
    hf_wipe(t, sizeof t);
    return true;
}

bool hkdf_expand_label(const struct hmac_key *secret, const char *label, hf_span context,
                       uint8_t *out, size_t len)
{
    size_t label_len = strlen(label);
    if (label_len > LABEL_MAX || context.len > 255 || len > 0xffff) {
        return false;
    }
    uint8_t info[INFO_MAX];
    size_t n = 0;
    info[n++] = (uint8_t)(len >> 8);
    info[n++] = (uint8_t)len;
    info[n++] = (uint8_t)(6 + label_len);
    memcpy(info + n, "tls13 ", 6);
    n += 6;
    memcpy(info + n, label, label_len);
    n += label_len;
    info[n++] = (uint8_t)context.len;
    if (context.len > 0) {
        memcpy(info + n, context.data, context.len);
        n += context.len;
    }
    return hkdf_expand(secret, span_of(info, n), out, len);
}

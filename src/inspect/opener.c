/* Record protection and its key schedule, for those who hold a traffic secret and no connection. */
#include <handfast/inspect.h>

#include "base/mem.h"
#include "base/span.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "crypto/schedule13.h"
#include "crypto/suite.h"
#include "record/record.h"

enum { ALIGN = 64 };

struct hf_opener {
    struct rec_keys keys;
    size_t size; /* of the whole block, in which the AEAD's context stands behind this */
};

static bool find(uint16_t cipher_suite, struct suite *out)
{
    return suite_find(hf_provider_default(), cipher_suite, out);
}

const hf_hash *hf_cipher_suite_hash(uint16_t cipher_suite)
{
    struct suite suite;
    return find(cipher_suite, &suite) ? suite.hash : NULL;
}

const hf_aead *hf_cipher_suite_aead(uint16_t cipher_suite)
{
    struct suite suite;
    return find(cipher_suite, &suite) ? suite.aead : NULL;
}

bool hf_expand_label(const hf_hash *hash, hf_span secret, const char *label, hf_span context,
                     uint8_t *out, size_t out_len)
{
    struct hmac_key k;
    hmac_key_init(&k, hash, secret);
    const bool ok = hkdf_expand_label(&k, label, context, out, out_len);
    hmac_key_wipe(&k);
    return ok;
}

void hf_hmac(const hf_hash *hash, hf_span key, hf_span data, uint8_t *out)
{
    hmac_compute(hash, key, data, out);
}

hf_status hf_opener_new(uint16_t cipher_suite, hf_span traffic_secret, hf_opener **out)
{
    struct suite suite;
    *out = NULL;
    if (!find(cipher_suite, &suite) || traffic_secret.len != suite.hash->digest_len) {
        return HF_FAILED;
    }
    const size_t size = sizeof(hf_opener) + suite.aead->ctx_size + ALIGN;
    hf_opener *o = mem_alloc(size);
    if (o == NULL) {
        return HF_FAILED;
    }
    uint8_t *behind = (uint8_t *)(o + 1);
    o->size = size;
    o->keys.ctx = behind + (size_t)(-(uintptr_t)behind % ALIGN);

    struct secret secret = {.len = (uint8_t)traffic_secret.len};
    for (size_t i = 0; i < traffic_secret.len; i++) {
        secret.b[i] = traffic_secret.data[i];
    }
    static const struct tracer nobody = {0};
    uint8_t key[HF_AEAD_MAX_KEY_LEN];
    uint8_t iv[HF_AEAD_NONCE_LEN];
    hf_error error = {0};
    traffic_keys(suite.hash, &secret, suite.aead, &nobody, key, iv);
    const hf_status s = rec_set_keys(&o->keys, suite.aead, key, iv, &error);
    hf_wipe(key, sizeof key);
    hf_wipe(iv, sizeof iv);
    secret_wipe(&secret);
    if (s != HF_OK) {
        hf_opener_free(o);
        return HF_FAILED;
    }
    *out = o;
    return HF_OK;
}

void hf_opener_free(hf_opener *opener)
{
    if (opener != NULL) {
        rec_clear(&opener->keys);
        mem_free(opener, opener->size);
    }
}

hf_status hf_opener_open(hf_opener *opener, uint8_t *record, size_t len, hf_opened *out)
{
    struct rec_header header;
    struct rec_plain plain;
    hf_error error = {0};
    *out = (hf_opened){0};
    const uint64_t sequence = opener->keys.seq;
    if (rec_read_header(span_of(record, len), true, false, REC_MAX_PLAIN, &error, &header) !=
            HF_OK ||
        header.type != REC_APPLICATION_DATA || len != REC_HEADER_LEN + header.len ||
        rec_open(&opener->keys, record, &header, REC_MAX_PLAIN, &error, &plain) != HF_OK) {
        return HF_FAILED;
    }
    *out = (hf_opened){plain.type, plain.data, plain.len, plain.padding, sequence};
    return HF_OK;
}

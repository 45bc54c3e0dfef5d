/* Record protection and its key schedule, for those who hold a traffic secret and no connection. */
#include <handfast/inspect.h>

#include "base/mem.h"
#include "base/span.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "crypto/schedule12.h"
#include "crypto/schedule13.h"
#include "crypto/suite.h"
#include "record/record.h"

enum { ALIGN = 64 };

struct hf_opener {
    struct rec_keys keys;
    size_t size; /* of the whole block, in which the AEAD's context stands behind this */
};

/* Suites whose records can be opened though no connection of ours uses them. */
static bool find_old(const hf_provider *p, uint16_t cipher_suite, struct suite *out)
{
    const bool long_key = cipher_suite == 0x009d || cipher_suite == 0x009f;
    switch (cipher_suite) {
    case 0x009c: /* TLS_RSA_WITH_AES_128_GCM_SHA256 and so on (RFC 5288, 3) */
    case 0x009d:
    case 0x009e:
    case 0x009f:
        *out = (struct suite){.id = cipher_suite,
                              .fixed_iv_len = 4,
                              .aead = long_key ? p->aes256gcm : p->aes128gcm,
                              .hash = long_key ? p->sha384 : p->sha256};
        return true;
    case 0xccaa: /* TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256 (RFC 7905, 2) */
        *out = (struct suite){.id = cipher_suite,
                              .fixed_iv_len = HF_AEAD_NONCE_LEN,
                              .aead = p->chacha20poly1305,
                              .hash = p->sha256};
        return true;
    default:
        return false;
    }
}

static bool find12(uint16_t cipher_suite, struct suite *out)
{
    const hf_provider *p = hf_provider_default();
    return suite12_find(p, cipher_suite, out) || find_old(p, cipher_suite, out);
}

static bool find(uint16_t cipher_suite, struct suite *out)
{
    return suite_find(hf_provider_default(), cipher_suite, out) || find12(cipher_suite, out);
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

void hf_prf12(const hf_hash *hash, hf_span secret, const char *label, hf_span seed, uint8_t *out,
              size_t out_len)
{
    const struct prf12_seed parts = {.label = label, .a = seed};
    struct hmac_key k;
    hmac_key_init(&k, hash, secret);
    prf12(&k, &parts, out, out_len);
    hmac_key_wipe(&k);
}

size_t hf_key_block_len(uint16_t cipher_suite)
{
    struct suite suite;
    return find12(cipher_suite, &suite) ? 2 * ((size_t)suite.aead->key_len + suite.fixed_iv_len)
                                        : 0;
}

/* One block: the opener, and behind it room for the context of the AEAD. */
static hf_opener *new_opener(const struct suite *suite)
{
    const size_t size = sizeof(hf_opener) + suite->aead->ctx_size + ALIGN;
    hf_opener *o = mem_alloc(size);
    if (o != NULL) {
        uint8_t *behind = (uint8_t *)(o + 1);
        o->size = size;
        o->keys.ctx = behind + (size_t)(-(uintptr_t)behind % ALIGN);
    }
    return o;
}

hf_status hf_opener_new(uint16_t cipher_suite, hf_span traffic_secret, hf_opener **out)
{
    struct suite suite;
    *out = NULL;
    if (!suite_find(hf_provider_default(), cipher_suite, &suite) ||
        traffic_secret.len != suite.hash->digest_len) {
        return HF_FAILED;
    }
    hf_opener *o = new_opener(&suite);
    if (o == NULL) {
        return HF_FAILED;
    }

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

hf_status hf_opener_new12(const hf_opener12 *from, hf_opener **out)
{
    enum { MASTER_LEN = 48, RANDOM_LEN = 32 };
    struct suite suite;
    *out = NULL;
    if (!find12(from->cipher_suite, &suite) || from->master_secret.len != MASTER_LEN ||
        from->client_random.len != RANDOM_LEN || from->server_random.len != RANDOM_LEN) {
        return HF_FAILED;
    }
    hf_opener *o = new_opener(&suite);
    if (o == NULL) {
        return HF_FAILED;
    }
    static const struct tracer nobody = {0};
    struct secret master = {.len = MASTER_LEN};
    struct keys12 keys;
    hf_error error = {0};
    for (size_t i = 0; i < MASTER_LEN; i++) {
        master.b[i] = from->master_secret.data[i];
    }
    keys12_compute(&suite, &master, from->client_random, from->server_random, &nobody, &keys);
    const bool by_client = from->from == HF_CLIENT;
    const hf_status s = rec_set_keys12(
        &o->keys, suite.aead,
        suite.fixed_iv_len == HF_AEAD_NONCE_LEN ? REC_FORM_12_IMPLICIT : REC_FORM_12_EXPLICIT,
        by_client ? keys.client_key : keys.server_key, by_client ? keys.client_iv : keys.server_iv,
        &error);
    hf_wipe(&keys, sizeof keys);
    secret_wipe(&master);
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
        (header.type != REC_APPLICATION_DATA && !rec_shows_type(&opener->keys)) ||
        len != REC_HEADER_LEN + header.len ||
        rec_open(&opener->keys, record, &header, REC_MAX_PLAIN, &error, &plain) != HF_OK) {
        return HF_FAILED;
    }
    *out = (hf_opened){plain.type, plain.data, plain.len, plain.padding, sequence};
    return HF_OK;
}

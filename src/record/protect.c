/* Record payload protection: RFC 9846, 5.2 to 5.4. What TLS 1.2 does differently: protect12.c.
 *
 * Invariants: seq counts the records that were wholly sealed or opened under the present keys, and
 * never wraps. A direction that ever had keys never goes back to the clear: when new keys cannot be
 * set, `refuse` takes their place.
 */
#include "record/record.h"

#include <assert.h>
#include <string.h>

#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"
#include "record/record_int.h"

static void refuse_clear(void *ctx);
static bool refuse_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *dst, const uint8_t *src, size_t len, hf_span tail);
static bool refuse_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *data, size_t len);

/* Seals and opens nothing. */
static const hf_aead refuse = {
    .name = "none",
    .confidentiality_limit = UINT64_MAX,
    .integrity_limit = UINT64_MAX,
    .seal = refuse_seal,
    .open = refuse_open,
    .clear = refuse_clear,
};

static hf_status open_plain(uint8_t *record, const struct rec_header *header, hf_error *error,
                            struct rec_plain *out);
static hf_status check_sealed(const struct rec_keys *keys, const struct rec_header *header,
                              hf_error *error);
static bool authenticate(struct rec_keys *keys, uint8_t *record, const struct rec_header *header);
static hf_status read_inner(uint8_t *inner, size_t len, size_t max_plain, hf_error *error,
                            struct rec_plain *out);
static hf_status judge_opened12(const struct rec_plain *plain, size_t max_plain, hf_error *error);
static size_t len_without_zeros(const uint8_t *data, size_t len);

/* --- Keys ------------------------------------------------------------------------------------- */

hf_status rec_set_keys(struct rec_keys *keys, const hf_aead *aead, const uint8_t *key,
                       const uint8_t *iv, hf_error *error)
{
    assert((uintptr_t)keys->ctx % aead->ctx_align == 0);
    rec_clear(keys);
    if (!aead->init(keys->ctx, key)) {
        aead->clear(keys->ctx);
        keys->aead = &refuse;
        return err_raise(error, HF_E_CRYPTO, "the key of %s could not be set up", aead->name);
    }
    keys->aead = aead;
    memcpy(keys->iv, iv, sizeof keys->iv);
    return HF_OK;
}

hf_status rec_set_keys12(struct rec_keys *keys, const hf_aead *aead, enum rec_form form,
                         const uint8_t *key, const uint8_t *iv, hf_error *error)
{
    TRY(rec_set_keys(keys, aead, key, iv, error));
    keys->form = form;
    return HF_OK;
}

void rec_clear(struct rec_keys *keys)
{
    void *const ctx = keys->ctx;
    if (keys->aead != NULL) {
        keys->aead->clear(ctx);
    }
    hf_wipe(keys, sizeof *keys);
    keys->ctx = ctx;
}

/* --- Sealing ---------------------------------------------------------------------------------- */

size_t rec_sealed_len(const struct rec_keys *keys, size_t len, size_t padding)
{
    const size_t plain = REC_HEADER_LEN + len;
    if (keys->aead == NULL) {
        return plain;
    }
    return rec_shows_type(keys) ? plain + rec_explicit_len(keys) + HF_AEAD_TAG_LEN
                                : plain + 1 + padding + HF_AEAD_TAG_LEN;
}

hf_status rec_seal(struct rec_keys *keys, const struct rec_seal_args *args, uint8_t *dst,
                   hf_error *error)
{
    uint8_t *const body = dst + REC_HEADER_LEN;
    if (args->len > REC_MAX_PLAIN || args->padding > REC_MAX_PLAIN - args->len ||
        (keys->aead == NULL && args->padding != 0)) {
        return err_raise(error, HF_E_INTERNAL, "a record of %zu bytes and %zu of padding",
                         args->len, args->padding);
    }
    if (keys->aead == NULL) {
        if (body != args->src && args->len != 0) {
            memcpy(body, args->src, args->len);
        }
        rec_write_header(dst, args->type, args->version, args->len);
        return HF_OK;
    }
    /* RFC 9846, 5.3: sequence numbers may not wrap. */
    if (keys->seq == UINT64_MAX) {
        return err_raise(error, HF_E_SEQUENCE_EXHAUSTED, NULL);
    }
    if (rec_shows_type(keys)) {
        return rec_seal12(keys, args, dst, error);
    }
    uint8_t nonce[HF_AEAD_NONCE_LEN];
    rec_make_nonce(keys, nonce);
    /* Content type and padding are put where their ciphertext goes: nothing is copied, and a
     * record that is sealed in place is one piece. The type is written first, as src may end
     * where it stands. */
    const hf_span tail = span_of(body + args->len, 1 + args->padding);
    body[args->len] = args->type;
    memset(body + args->len + 1, 0, args->padding);
    rec_write_header(dst, REC_APPLICATION_DATA, 0x0303, args->len + tail.len + HF_AEAD_TAG_LEN);
    if (!keys->aead->seal(keys->ctx, nonce, span_of(dst, REC_HEADER_LEN), body, args->src,
                          args->len, tail)) {
        return err_raise(error, HF_E_CRYPTO, "a record could not be sealed with %s",
                         keys->aead->name);
    }
    keys->seq++;
    return HF_OK;
}

void rec_write_header(uint8_t *dst, uint8_t type, uint16_t version, size_t len)
{
    dst[0] = type;
    dst[1] = (uint8_t)(version >> 8);
    dst[2] = (uint8_t)version;
    dst[3] = (uint8_t)(len >> 8);
    dst[4] = (uint8_t)len;
}

void rec_make_nonce(const struct rec_keys *keys, uint8_t nonce[HF_AEAD_NONCE_LEN])
{
    memcpy(nonce, keys->iv, HF_AEAD_NONCE_LEN);
    for (size_t i = 0; i < 8; i++) {
        nonce[HF_AEAD_NONCE_LEN - 1 - i] ^= (uint8_t)(keys->seq >> (8 * i));
    }
}

/* --- Opening ---------------------------------------------------------------------------------- */

hf_status rec_open(struct rec_keys *keys, uint8_t *record, const struct rec_header *header,
                   size_t max_plain, hf_error *error, struct rec_plain *out)
{
    bool opened;
    TRY(rec_try_open(keys, record, header, max_plain, error, out, &opened));
    if (!opened) {
        return err_raise(error, HF_E_RECORD_AUTH, "record %llu under this key, %zu bytes, %s",
                         (unsigned long long)keys->seq, header->len, keys->aead->name);
    }
    return HF_OK;
}

hf_status rec_try_open(struct rec_keys *keys, uint8_t *record, const struct rec_header *header,
                       size_t max_plain, hf_error *error, struct rec_plain *out, bool *opened)
{
    if (keys->aead == NULL) {
        *opened = true;
        return open_plain(record, header, error, out);
    }
    TRY(check_sealed(keys, header, error));
    if (rec_shows_type(keys)) {
        *opened = rec_open12(keys, record, header, out);
        return *opened ? judge_opened12(out, max_plain, error) : HF_OK;
    }
    *opened = authenticate(keys, record, header);
    if (!*opened) {
        return HF_OK;
    }
    return read_inner(record + REC_HEADER_LEN, header->len - HF_AEAD_TAG_LEN, max_plain, error,
                      out);
}

static hf_status open_plain(uint8_t *record, const struct rec_header *header, hf_error *error,
                            struct rec_plain *out)
{
    if (header->len > REC_MAX_PLAIN) {
        return err_raise(error, HF_E_RECORD_TOO_LONG, "%zu bytes in a plain record", header->len);
    }
    *out = (struct rec_plain){header->type, record + REC_HEADER_LEN, header->len, 0};
    return HF_OK;
}

static hf_status check_sealed(const struct rec_keys *keys, const struct rec_header *header,
                              hf_error *error)
{
    if (header->type != REC_APPLICATION_DATA && !rec_shows_type(keys)) {
        return err_raise(error, HF_E_RECORD_PLAIN_AFTER_KEYS, "content type %u", header->type);
    }
    const size_t least = rec_explicit_len(keys) + HF_AEAD_TAG_LEN;
    if (header->len < least) {
        return err_raise(error, HF_E_RECORD_SHORT, "%zu bytes; nonce and tag alone have %zu",
                         header->len, least);
    }
    if (keys->seq == UINT64_MAX) {
        return err_raise(error, HF_E_SEQUENCE_EXHAUSTED, NULL);
    }
    /* RFC 9846, 5.5: forgeries are limited too. Only skipped early data can ever come here more
     * than once. */
    if (keys->failures >= keys->aead->integrity_limit) {
        return err_raise(error, HF_E_AEAD_LIMIT, "%llu records did not open under one key",
                         (unsigned long long)keys->failures);
    }
    return HF_OK;
}

static bool authenticate(struct rec_keys *keys, uint8_t *record, const struct rec_header *header)
{
    uint8_t nonce[HF_AEAD_NONCE_LEN];
    rec_make_nonce(keys, nonce);
    if (!keys->aead->open(keys->ctx, nonce, span_of(record, REC_HEADER_LEN),
                          record + REC_HEADER_LEN, header->len)) {
        keys->failures++;
        return false;
    }
    keys->seq++;
    return true;
}

/* What TLS 1.2 limits once a record is open (RFC 5246, 6.2.1 and 6.2.3; RFC 8449, 4). */
static hf_status judge_opened12(const struct rec_plain *plain, size_t max_plain, hf_error *error)
{
    if (plain->len > max_plain) {
        return err_raise(error, HF_E_RECORD_TOO_LONG,
                         "%zu bytes of content; at most %zu are allowed", plain->len, max_plain);
    }
    if (plain->len == 0 && plain->type != REC_APPLICATION_DATA) {
        return err_raise(error, HF_E_RECORD_EMPTY, "content type %u", plain->type);
    }
    return HF_OK;
}

/* TLSInnerPlaintext: content, type, zeros (RFC 9846, 5.2 and 5.4). */
static hf_status read_inner(uint8_t *inner, size_t len, size_t max_plain, hf_error *error,
                            struct rec_plain *out)
{
    /* The type is one byte more than the limit counts. */
    if (len > max_plain + 1) {
        return err_raise(error, HF_E_RECORD_TOO_LONG,
                         "%zu bytes of content and padding; at most %zu are allowed", len - 1,
                         max_plain);
    }
    const size_t end = len_without_zeros(inner, len);
    if (end == 0) {
        return err_raise(error, HF_E_RECORD_NO_CONTENT_TYPE, "%zu bytes of padding", len);
    }
    const uint8_t type = inner[end - 1];
    if (end == 1 && (type == REC_HANDSHAKE || type == REC_ALERT)) {
        return err_raise(error, HF_E_RECORD_EMPTY, "content type %u, %zu bytes of padding", type,
                         len - end);
    }
    *out = (struct rec_plain){type, inner, end - 1, len - end};
    return HF_OK;
}

/* From the end, 32 bytes at a time: a record may be 16 KiB of padding. How long this takes shows
 * how much padding there is, which the specification accepts (RFC 9846, F.3). */
static size_t len_without_zeros(const uint8_t *data, size_t len)
{
    while (len >= 32) {
        uint64_t word[4];
        memcpy(word, data + len - 32, sizeof word);
        if ((word[0] | word[1] | word[2] | word[3]) != 0) {
            break;
        }
        len -= 32;
    }
    while (len > 0 && data[len - 1] == 0) {
        len--;
    }
    return len;
}

/* --- When there are no usable keys ------------------------------------------------------------ */

static bool refuse_seal(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *dst, const uint8_t *src, size_t len, hf_span tail)
{
    (void)ctx, (void)nonce, (void)aad, (void)src;
    memset(dst, 0, len + tail.len + HF_AEAD_TAG_LEN);
    return false;
}

static bool refuse_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                        uint8_t *data, size_t len)
{
    (void)ctx, (void)nonce, (void)aad;
    memset(data, 0, len);
    return false;
}

static void refuse_clear(void *ctx)
{
    (void)ctx;
}

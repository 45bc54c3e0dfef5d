/* Record payload protection of TLS 1.2 with AEADs (RFC 5246, 6.2.3.3; RFC 5288, 3; RFC 7905, 2).
 *
 * Beside TLS 1.3 three things differ: the content type travels in the clear and nothing is padded,
 * GCM carries eight bytes of its nonce in the record, and the additional data holds the sequence
 * number and the length of the plaintext.
 */
#include <string.h>

#include "base/span.h"
#include "base/status.h"
#include "record/record.h"
#include "record/record_int.h"

enum { EXPLICIT_LEN = 8, AAD_LEN = 13 };

size_t rec_explicit_len(const struct rec_keys *keys)
{
    return keys->form == REC_FORM_12_EXPLICIT ? EXPLICIT_LEN : 0;
}

static void write_u64(uint8_t *out, uint64_t v)
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (uint8_t)(v >> (8 * (7 - i)));
    }
}

/* seq_num + type + version + length (RFC 5246, 6.2.3.3). header: the record's five bytes. */
static void make_aad(uint64_t seq, const uint8_t *header, size_t plain_len, uint8_t aad[AAD_LEN])
{
    write_u64(aad, seq);
    memcpy(aad + 8, header, 3);
    aad[11] = (uint8_t)(plain_len >> 8);
    aad[12] = (uint8_t)plain_len;
}

hf_status rec_seal12(struct rec_keys *keys, const struct rec_seal_args *args, uint8_t *dst,
                     hf_error *error)
{
    const size_t explicit_len = rec_explicit_len(keys);
    uint8_t *const body = dst + REC_HEADER_LEN + explicit_len;
    uint8_t nonce[HF_AEAD_NONCE_LEN];
    uint8_t aad[AAD_LEN];
    const uint8_t *src = args->src;
    if (args->padding != 0) {
        return err_raise(error, HF_E_INTERNAL, "TLS 1.2 has no padding");
    }
    if (src == dst + REC_HEADER_LEN && explicit_len > 0 && args->len > 0) {
        memmove(body, src, args->len); /* the explicit nonce goes where the content stood */
        src = body;
    }
    rec_write_header(dst, args->type, 0x0303, explicit_len + args->len + HF_AEAD_TAG_LEN);
    make_aad(keys->seq, dst, args->len, aad);
    /* RFC 5288, 3: the sequence number as nonce_explicit never repeats under one key. With the
     * zeros that stand in the IV there, the nonce of TLS 1.3 is the nonce of GCM here. */
    rec_make_nonce(keys, nonce);
    memcpy(dst + REC_HEADER_LEN, nonce + HF_AEAD_NONCE_LEN - EXPLICIT_LEN, explicit_len);
    if (!keys->aead->seal(keys->ctx, nonce, span_of(aad, sizeof aad), body, src, args->len,
                          span_of(body + args->len, 0))) {
        return err_raise(error, HF_E_CRYPTO, "a record could not be sealed with %s",
                         keys->aead->name);
    }
    keys->seq++;
    return HF_OK;
}

bool rec_open12(struct rec_keys *keys, uint8_t *record, const struct rec_header *header,
                struct rec_plain *out)
{
    const size_t explicit_len = rec_explicit_len(keys);
    uint8_t *const body = record + REC_HEADER_LEN + explicit_len;
    const size_t sealed_len = header->len - explicit_len;
    uint8_t nonce[HF_AEAD_NONCE_LEN];
    uint8_t aad[AAD_LEN];
    rec_make_nonce(keys, nonce);
    if (explicit_len > 0) {
        memcpy(nonce + HF_AEAD_NONCE_LEN - EXPLICIT_LEN, record + REC_HEADER_LEN, EXPLICIT_LEN);
    }
    make_aad(keys->seq, record, sealed_len - HF_AEAD_TAG_LEN, aad);
    if (!keys->aead->open(keys->ctx, nonce, span_of(aad, sizeof aad), body, sealed_len)) {
        keys->failures++;
        return false;
    }
    keys->seq++;
    *out = (struct rec_plain){header->type, body, sealed_len - HF_AEAD_TAG_LEN, 0};
    return true;
}

/* Any bytes as a stream of records: headers judged, fragments opened under an AEAD that believes
 * everything, so that what comes after authentication (limits, padding, inner type) is reached.
 * First byte: mode bits; second and third: the limit.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "record/record.h"

static bool believe_init(void *ctx, const uint8_t *key)
{
    (void)ctx, (void)key;
    return true;
}

static bool believe_open(void *ctx, const uint8_t nonce[HF_AEAD_NONCE_LEN], hf_span aad,
                         uint8_t *data, size_t len)
{
    (void)ctx, (void)nonce;
    /* An odd last byte is a forgery, so that both ways are walked. */
    return aad.len == REC_HEADER_LEN && len >= HF_AEAD_TAG_LEN && data[len - 1] % 2 == 0;
}

static void believe_clear(void *ctx)
{
    (void)ctx;
}

static const hf_aead believe = {
    .name = "believe",
    .key_len = 1,
    .ctx_align = 1,
    .integrity_limit = 5,
    .init = believe_init,
    .open = believe_open,
    .clear = believe_clear,
};

/* Opens one record; false ends the stream. */
static bool one_record(struct rec_keys *keys, uint8_t *data, const struct rec_header *h,
                       size_t max_plain)
{
    hf_error error = {0};
    struct rec_plain plain;
    bool opened = false;
    if (rec_try_open(keys, data, h, max_plain, &error, &plain, &opened) != HF_OK) {
        if (error.code == HF_E_NONE) {
            abort();
        }
        return false;
    }
    if (opened) {
        const bool is_inside =
            plain.data == data + REC_HEADER_LEN && plain.len + plain.padding <= h->len;
        const bool is_limited =
            plain.len + plain.padding <= (keys->aead == NULL ? REC_MAX_PLAIN : max_plain);
        if (!is_inside || !is_limited || (keys->aead != NULL && plain.type == 0)) {
            abort();
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    struct rec_keys keys = {0};
    hf_error error = {0};
    const bool is_protected = (data[0] & 1) != 0;
    bool first = (data[0] & 2) != 0;
    const size_t max_plain =
        (data[0] & 4) != 0 ? REC_MAX_PLAIN : (size_t)(data[1] << 8 | data[2]) % 16385;
    static const uint8_t iv[HF_AEAD_NONCE_LEN];
    if (is_protected && rec_set_keys(&keys, &believe, iv, iv, &error) != HF_OK) {
        abort();
    }
    const size_t len = size - 3;
    uint8_t *const copy = malloc(len + 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data + 3, len);
    for (size_t at = 0; at < len;) {
        struct rec_header h;
        const hf_status status = rec_read_header(span_of(copy + at, len - at), is_protected, first,
                                                 max_plain, &error, &h);
        if (status != HF_OK || h.len > len - at - REC_HEADER_LEN ||
            !one_record(&keys, copy + at, &h, max_plain)) {
            break;
        }
        at += REC_HEADER_LEN + h.len;
        first = false;
    }
    rec_clear(&keys);
    free(copy);
    return 0;
}

/* An identity as an operator gives it: a chain, a private key (PEM in all its forms, or DER), a
 * response and a list to staple. Whatever is wrong is said; what is taken belongs together.
 *
 * Input: two lengths (2 bytes each), then chain and key of these lengths, then what is stapled: the
 * first byte of it says as which of both. An empty chain stands for a good one, an empty key for
 * its key.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "support/end.h"
#include "support/trusting.h"

/* How often a passphrase is hashed is a number in the file, and the operator's own: nobody waits
 * for that here. */
static int no_passphrase(void *ctx, char *out, size_t cap)
{
    (void)ctx, (void)out, (void)cap;
    return -1;
}

static void check_loaded(const hf_identity *identity, const hf_identity_source *source)
{
    END_CHECK(hf_identity_chain_count(identity) > 0);
    for (size_t i = 0; i < hf_identity_chain_count(identity); i++) {
        END_CHECK(hf_identity_certificate(identity, i).len > 0);
    }
    END_CHECK(hf_identity_certificate(identity, hf_identity_chain_count(identity)).len == 0);
    END_CHECK((hf_identity_key(identity) != NULL) == (source->key.len > 0));
    END_CHECK(span_eq(hf_identity_ocsp_response(identity), source->ocsp_response));
    END_CHECK(span_eq(hf_identity_sct_list(identity), source->sct_list));
    hf_error error = {0};
    const hf_status in_time = hf_identity_check_time(identity, 1800000000, &error);
    END_CHECK((in_time == HF_OK) == (error.code == HF_E_NONE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4) {
        return 0;
    }
    const size_t left = size - 4;
    size_t chain_len = (size_t)(data[0] << 8 | data[1]);
    size_t key_len = (size_t)(data[2] << 8 | data[3]);
    chain_len = chain_len < left ? chain_len : left;
    key_len = key_len < left - chain_len ? key_len : left - chain_len;
    const uint8_t *const key = data + 4 + chain_len;
    const hf_span rest = span_of(key + key_len, left - chain_len - key_len);
    const hf_span staple = rest.len > 1 ? span_of(rest.data + 1, rest.len - 1) : span_of(NULL, 0);
    const bool is_response = rest.len > 0 && rest.data[0] % 2 == 0;
    hf_identity_source source = {
        .size = sizeof source,
        .chain = chain_len > 0 ? span_of(data + 4, chain_len) : trusting_certificate(),
        .key = key_len > 0 ? span_of(key, key_len) : trusting_key(),
        .passphrase = no_passphrase,
        .ocsp_response = is_response ? staple : span_of(NULL, 0),
        .sct_list = is_response ? span_of(NULL, 0) : staple,
    };
    hf_identity *identity = NULL;
    hf_error error = {0};
    const hf_status status = hf_identity_load(&source, &error, &identity);
    END_CHECK((status == HF_OK) == (identity != NULL));
    END_CHECK((status == HF_OK) == (error.code == HF_E_NONE));
    END_CHECK(memchr(error.detail, '\0', sizeof error.detail) != NULL);
    if (identity != NULL) {
        check_loaded(identity, &source);
    }
    hf_identity_free(identity);
    return 0;
}

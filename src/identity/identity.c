/* The plain questions about an identity, and its end. */
#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "identity/identity_int.h"

hf_identity *hf_identity_ref(hf_identity *identity)
{
    ref_take(&identity->ref);
    return identity;
}

void hf_identity_free(hf_identity *identity)
{
    if (identity == NULL || !ref_drop(&identity->ref)) {
        return;
    }
    if (identity->key != NULL) {
        identity->provider->private_key_free(identity->key);
    }
    x5_bundle_free(&identity->chain);
    mem_free((void *)identity->names, identity->names_size);
    mem_free(identity->staple, identity->staple_size);
    for (size_t i = 0; i < PACKED_VARIANTS; i++) {
        packed_free(atomic_load_explicit(&identity->packed[i], memory_order_relaxed));
    }
    mem_free(identity, sizeof *identity);
}

size_t hf_identity_chain_count(const hf_identity *identity)
{
    return identity->chain.count;
}

hf_span hf_identity_certificate(const hf_identity *identity, size_t i)
{
    return i < identity->chain.count ? identity->chain.certificate[i] : span_of(NULL, 0);
}

hf_key_kind hf_identity_key_kind(const hf_identity *identity)
{
    return identity->kind;
}

bool identity_may_sign(const hf_identity *identity)
{
    return identity->may_sign;
}

bool identity_may_decrypt(const hf_identity *identity)
{
    return identity->may_decrypt;
}

const hf_private_key *hf_identity_key(const hf_identity *identity)
{
    return identity->key;
}

hf_span hf_identity_ocsp_response(const hf_identity *identity)
{
    return identity->ocsp_response;
}

hf_span hf_identity_sct_list(const hf_identity *identity)
{
    return identity->sct_list;
}

hf_status hf_identity_check_time(const hf_identity *identity, int64_t unix_s, hf_error *error)
{
    struct x5_certificate leaf;
    if (!x5_certificate_read(identity->chain.certificate[0], &leaf)) {
        return err_raise(error, HF_E_INTERNAL, "a loaded certificate cannot be read");
    }
    if (unix_s >= leaf.not_before_s && unix_s <= leaf.not_after_s) {
        return HF_OK;
    }
    char sentence[160];
    struct text t;
    x5_text_init(&t, sentence, sizeof sentence);
    x5_text_add(&t, unix_s < leaf.not_before_s ? "%s is " : "%s ", identity->label);
    x5_validity_text(&t, &leaf, unix_s);
    return err_raise(error, HF_E_IDENTITY_EXPIRED, "%s", sentence);
}

size_t hf_identity_name_count(const hf_identity *identity)
{
    return identity->name_count;
}

const char *hf_identity_name(const hf_identity *identity, size_t i)
{
    return i < identity->name_count ? identity->names[i] : NULL;
}

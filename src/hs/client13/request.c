#include "hs/client13/request.h"

#include "base/span.h"
#include "base/status.h"
#include "hs/ext/extensions.h"

/* A list of schemes in host order, in the arena. */
static hf_status keep_schemes(struct hs *hs, hf_span body, uint16_t **out, size_t *count)
{
    hf_span list;
    TRY(ext_signature_algorithms_list(hs, body, &list));
    *count = list.len / 2;
    *out = hs_alloc(hs, list.len);
    if (*out == NULL) {
        return hs_no_memory(hs);
    }
    for (size_t i = 0; i < *count; i++) {
        (*out)[i] = list16_at(list, i);
    }
    return HF_OK;
}

static hf_status read_extensions(struct hs *hs, const struct ext_view *ext)
{
    struct hs_client *c = &hs->c;
    if (!ext_has(ext, EXT_signature_algorithms)) {
        return err_raise(hs->error, HF_E_MISSING_EXTENSION,
                         "signature_algorithms in CertificateRequest");
    }
    TRY(keep_schemes(hs, ext->body[EXT_signature_algorithms], &c->request_schemes,
                     &c->request_scheme_count));
    if (ext_has(ext, EXT_signature_algorithms_cert)) {
        TRY(keep_schemes(hs, ext->body[EXT_signature_algorithms_cert], &c->request_cert_schemes,
                         &c->request_cert_scheme_count));
    }
    if (ext_has(ext, EXT_certificate_authorities)) {
        TRY(ext_certificate_authorities_read(hs, ext->body[EXT_certificate_authorities], SIZE_MAX,
                                             &c->request_authorities, &c->request_authority_count));
    }
    if (ext_has(ext, EXT_compress_certificate)) {
        struct hs_offer offer = {0};
        TRY(ext_compress_certificate_read(hs, ext->body[EXT_compress_certificate], &offer));
        c->request_compression = ext_compress_certificate_common(hs, offer.compression);
    }
    return HF_OK;
}

hf_status request_read(struct hs *hs)
{
    /* The request is used after its message is gone. */
    uint8_t *copy = arena_copy(&hs->arena, hs->msg.body);
    if (copy == NULL) {
        return hs_no_memory(hs);
    }
    struct certificate_request request;
    TRY(certificate_request_parse(span_of(copy, hs->msg.body.len), hs->error, &request));
    hs->c.requested = true;
    hs->c.request_context = request.context;
    return read_extensions(hs, &request.ext);
}

/* Revocation lists of a set of anchors: given by the caller, read once. */
#include "base/mem.h"
#include "base/span.h"
#include "base/status.h"
#include "x509/pem.h"
#include "x509/trust_int.h"

static hf_status add_der(hf_span der, struct trust_crl **list, const char *where, hf_error *error);
static hf_status add_blocks(hf_span text, struct trust_crl **list, hf_error *error);

hf_status hf_trust_add_crl(hf_trust *trust, hf_span pem_or_der, hf_error *error)
{
    struct trust_crl *added = NULL;
    const bool is_der =
        pem_or_der.len > 1 && pem_or_der.data[0] == DER_SEQUENCE && pem_or_der.data[1] >= 0x80;
    const hf_status status = is_der ? add_der(pem_or_der, &added, "the list", error)
                                    : add_blocks(pem_or_der, &added, error);
    if (status != HF_OK) {
        x5_trust_free_crls(added);
        return status;
    }
    while (added != NULL) {
        struct trust_crl *next = added->next;
        added->next = trust->crls;
        trust->crls = added;
        trust->crl_count++;
        x5_trust_mix(trust->fingerprint, 'L', added->crl.der);
        added = next;
    }
    return HF_OK;
}

size_t hf_trust_crl_count(const hf_trust *trust)
{
    return trust->crl_count;
}

void x5_trust_free_crls(struct trust_crl *list)
{
    while (list != NULL) {
        struct trust_crl *next = list->next;
        mem_free(list, list->size);
        list = next;
    }
}

static hf_status add_der(hf_span der, struct trust_crl **list, const char *where, hf_error *error)
{
    struct x5_crl crl;
    const enum x5_crl_fault fault = x5_crl_read(der, &crl);
    if (fault != X5_CRL_GOOD) {
        return err_raise(error, HF_E_CRL_MALFORMED, "%s %s", where, x5_crl_fault_text(fault));
    }
    const size_t size = sizeof **list + der.len;
    struct trust_crl *added = mem_alloc(size);
    if (added == NULL) {
        return err_raise(error, HF_E_NO_MEMORY, "for a revocation list of %zu bytes", der.len);
    }
    added->size = size;
    memcpy(added->bytes, der.data, der.len);
    /* Once more, so that its spans point into what stays. */
    if (x5_crl_read(span_of(added->bytes, der.len), &added->crl) != X5_CRL_GOOD) {
        mem_free(added, size);
        return err_raise(error, HF_E_CRL_MALFORMED, "%s changed while it was read", where);
    }
    added->next = *list;
    *list = added;
    return HF_OK;
}

static hf_status add_blocks(hf_span text, struct trust_crl **list, hf_error *error)
{
    struct pem p = x5_pem_over(text);
    struct pem_block block;
    enum pem_found found;
    while ((found = x5_pem_next(&p, &block)) == PEM_FOUND) {
        if (!span_eq(block.label, span_str("X509 CRL"))) {
            continue; /* RFC 7468, 6 */
        }
        const size_t room = x5_pem_decoded_max(&block);
        uint8_t *bytes = mem_alloc(room);
        if (bytes == NULL) {
            return err_raise(error, HF_E_NO_MEMORY, "for a revocation list of %zu bytes", room);
        }
        char where[48];
        struct text t;
        x5_text_init(&t, where, sizeof where);
        x5_text_add(&t, "the list in line %zu", block.line);
        size_t len = 0;
        const hf_status status =
            x5_pem_decode(&block, bytes, &len)
                ? add_der(span_of(bytes, len), list, where, error)
                : err_raise(error, HF_E_CRL_MALFORMED, "%s is not valid Base64", where);
        mem_free(bytes, room);
        TRY(status);
    }
    if (found == PEM_BROKEN) {
        return err_raise(error, HF_E_CRL_MALFORMED, "the block that begins in line %zu has no end",
                         block.line);
    }
    return *list != NULL ? HF_OK : err_raise(error, HF_E_CRL_MALFORMED, "there is no list in it");
}

#include "identity/packed.h"

#include <string.h>

#include "base/mem.h"
#include "identity/identity_int.h"

size_t packed_variant(uint16_t method, bool has_ocsp, bool has_sct)
{
    return ((size_t)method - 1) * 4 + (has_ocsp ? 2 : 0) + (has_sct ? 1 : 0);
}

const struct packed *packed_find(const hf_identity *identity, size_t variant)
{
    return atomic_load_explicit(&identity->packed[variant], memory_order_acquire);
}

struct packed *packed_new(size_t plain_len, hf_span data)
{
    struct packed *p = mem_alloc(sizeof *p + data.len);
    if (p != NULL) {
        p->size = sizeof *p + data.len;
        p->plain_len = plain_len;
        p->len = data.len;
        memcpy(p->data, data.data, data.len);
    }
    return p;
}

void packed_free(struct packed *packed)
{
    if (packed != NULL) {
        mem_free(packed, packed->size);
    }
}

const struct packed *packed_keep(const hf_identity *identity, size_t variant, struct packed *packed)
{
    /* The one part of an identity that is written after it was built. */
    hf_identity *shared = (hf_identity *)(uintptr_t)identity;
    struct packed *present = NULL;
    if (atomic_compare_exchange_strong_explicit(&shared->packed[variant], &present, packed,
                                                memory_order_acq_rel, memory_order_acquire)) {
        return packed;
    }
    packed_free(packed);
    return present;
}

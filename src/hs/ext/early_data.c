/* early_data, RFC 9846, 4.3.10. */
#include "base/status.h"
#include "hs/ext/extensions.h"

bool ext_early_data_offer(struct hs *hs, struct wr *w)
{
    (void)w; /* the body is empty */
    return hs->c.early;
}

hf_status ext_early_data_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    if (body.len != 0) {
        return ext_malformed(hs, EXT_early_data);
    }
    if (hs->result->retried) {
        return err_raise(hs->error, HF_E_EARLY_DATA_AFTER_RETRY, NULL);
    }
    out->early_data = true;
    hs->result->early_offered = true;
    return HF_OK;
}

bool ext_early_data_answer(struct hs *hs, struct wr *w)
{
    (void)w;
    return hs->s.early;
}

hf_status ext_early_data_answered(struct hs *hs, hf_span body)
{
    if (body.len != 0) {
        return ext_malformed(hs, EXT_early_data);
    }
    if (!hs->c.early) {
        /* RFC 9846, 4.3.10: only with the first key, its suite, and without a retry. */
        return err_raise(hs->error, HF_E_EARLY_DATA_ACCEPTED, "%s",
                         hf_resume_text((hf_resume_reason)hs->result->early_reason));
    }
    hs->result->early_data = true;
    return HF_OK;
}

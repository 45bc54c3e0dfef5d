/* record_size_limit, RFC 8449. */
#include "base/status.h"
#include "hs/ext/extensions.h"

enum { LIMIT_MIN = 64, LIMIT_MAX = 16385 }; /* RFC 8449, 4: 2^14 and the content type */

bool ext_record_size_limit_offer(struct hs *hs, struct wr *w)
{
    if (hs->config->record_size_limit == 0) {
        return false;
    }
    wr_u16(w, hs->config->record_size_limit);
    return true;
}

static hf_status take(struct hs *hs, hf_span body, bool is_capped)
{
    struct rd r = rd_of(body);
    uint16_t limit = rd_u16(&r);
    if (!rd_done(&r)) {
        return ext_malformed(hs, EXT_record_size_limit);
    }
    if (limit < LIMIT_MIN || (is_capped && limit > LIMIT_MAX)) {
        return err_raise(hs->error, HF_E_RECORD_SIZE_LIMIT_INVALID, "%u", (unsigned)limit);
    }
    hs->result->peer_record_size_limit = limit > LIMIT_MAX ? LIMIT_MAX : limit;
    return HF_OK;
}

hf_status ext_record_size_limit_read(struct hs *hs, hf_span body, struct hs_offer *out)
{
    (void)out;
    /* RFC 8449, 4: a server must not refuse a client's larger value. */
    return take(hs, body, false);
}

bool ext_record_size_limit_answer(struct hs *hs, struct wr *w)
{
    if (hs->result->peer_record_size_limit == 0) {
        return false;
    }
    wr_u16(w, hs->config->record_size_limit == 0 ? LIMIT_MAX : hs->config->record_size_limit);
    return true;
}

hf_status ext_record_size_limit_answered(struct hs *hs, hf_span body)
{
    return take(hs, body, true);
}
